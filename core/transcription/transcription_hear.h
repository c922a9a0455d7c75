/* The trained network over stretches of a recording. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_pack.h"
#include "core/dsp/dsp_stream.h"
#include "core/transcription/transcription_net.h"

/* Answers for frames [first, first + count), logits; borrowed, during the call only. */
typedef struct {
  long first;
  int count;
  const float *heads[TRANSCRIPTION_HEADS]; /* count × 88 each */
  const float *pedal;                      /* count */
} TranscriptionAnswers;

/* Frames that are looked at to either side of a stretch: context of the network, half a window of the features. */
enum { EAR_LEAD = NET_CONTEXT + FEATURES_WINDOW / 2 / FEATURES_HOP + 4 };

/* Network and features for one recording. One thread at a time. 10 MB. */
typedef struct TranscriptionEar TranscriptionEar;

typedef struct {
  double tuning_cents;
  double level;            /* as transcription_level tells it of the whole recording */
  const BasePack *weights; /* of triptych-train hearing; null: those that are part of the program */
  size_t frames;           /* of the recording, whose own values are taken where there are some; 0: nobody's */
} TranscriptionEarParams;

/* Takes the values of a net of transcription_net_build from `weights` (null: those that are part of the program): for a
 * recording of so many frames its own, where the file says that they are; 0 frames: those for all recordings. */
BaseStatus transcription_weights_load(BaseContext *ctx, NnNet *net, const BasePack *weights, size_t frames);

/* Adds values of a net, in the order of nn_net_values, for the one recording that transcription_own_save names. */
BaseStatus transcription_values_save(BaseContext *ctx, BasePackWriter *writer, const float *values, size_t n);

/* Level and tuning of the recording at `path`; weights are left alone. Reads it once or twice: 200 × real time. */
BaseStatus transcription_ear_prepare(BaseContext *ctx, TranscriptionEarParams *params, const char *path);

BaseStatus transcription_ear_new(BaseContext *ctx, TranscriptionEar **out, const TranscriptionEarParams *params);
void transcription_ear_free(TranscriptionEar *ear);

/* What is heard goes here, in order, some seconds at a time; a failure ends the hearing. */
typedef struct {
  BaseStatus (*take)(void *user, const TranscriptionAnswers *answers);
  void *user;
} TranscriptionTaker;

/* Hears frames [from, to) of a recording, frame t being centred at t × FEATURES_HOP. `stream` (mono, FEATURES_RATE_HZ)
 * stands at frame from − EAR_LEAD, or at the beginning if that comes first; frames behind its end are left out. Answers
 * are those of the whole recording but for rounding. Answers beyond the stretch on both sides (at least 4 frames of
 * them, where there are any) come, too. 0.015 s of one core a second of sound. */
BaseStatus transcription_ear_hear(BaseContext *ctx, TranscriptionEar *ear, DspStream *stream, long from, long to,
                                  TranscriptionTaker taker);
