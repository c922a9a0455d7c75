/* Teaching the language what music sounds like. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/language/language_sound_net.h"
#include "core/lmm/lmm_sounds.h"
#include "core/lmm/lmm_train.h"

/* What of the language is used, and what of it moves. */
typedef enum {
  LMM_TRUNK_KEPT,  /* shared as it is: only what is the modality's own is learned, and the language stays what it was */
  LMM_TRUNK_TUNED, /* begun with, and learned along */
  LMM_TRUNK_NEW,   /* the same layers from nothing */
} LmmTrunk;

/* Zeros stand for the values in brackets. */
typedef struct {
  const LanguageModel *language; /* whose trunk is shared; borrowed; required, for its size too */
  LmmTrunk trunk;
  int words;              /* of the book [256] */
  long steps;             /* of gradient descent [2,000] */
  long validate_every;    /* [200] */
  int batch, moments;     /* examples a step, moments of one [16, 256] */
  float rate;             /* [3e-3] */
  NnType type;
  const char *weights;    /* a file for the book and what is the modality's own, at the end, of LMM_TRUNK_KEPT only; null: none */
  const char *checkpoint; /* as in LmmTrainParams; may be null */
  LmmReportFn report;     /* losses are nats a moment */
  void *user;
} LmmSpeechParams;

/* Finds the words, then learns to foretell them, in every key. `last` may be null. What was best is written even when
 * cancelled. */
BaseStatus lmm_speech_train(BaseContext *ctx, LmmReport *last, const LmmSounds *sounds, const LmmSpeechParams *params);
