/* Teaching the language: what is read, how much of it, and as what. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/language/language.h"
#include "core/lmm/lmm_corpus.h"
#include "core/lmm/lmm_expression.h"

/* One kind of text to learn from. */
typedef struct {
  const LmmCorpus *corpus; /* borrowed; its pieces of the training and the validation side are used */
  bool written;            /* as scores; else as motion */
  bool express;            /* motion of scores is played by invented players */
  LmmErrors errors;        /* what a transcriber does to it before it is read */
  LanguageCode code;       /* what it is learned as */
  bool only_metric;        /* pedal and fine times are neither known nor learned */
  bool right;              /* it did not go through a transcriber, though the code says so */
  double share;            /* of the examples */
} LmmTongue;

enum { LMM_MOST_TONGUES = 8 };

/* How much of a net a training moves: the less there is to learn from, the less. */
typedef enum {
  LMM_EVERYTHING,
  LMM_CODES,    /* the vectors of sources and channels: some dozen numbers */
  LMM_SWITCHES, /* and what they switch: gates, low-rank changes, biases by code */
  LMM_OUTPUTS,  /* and the last layers of the heads */
} LmmReach;

/* Zeros stand for the values in brackets. */
typedef struct {
  LanguageSize size;
  const LmmTongue *tongues; /* up to LMM_MOST_TONGUES; shares need not sum to 1 */
  int n_tongues;
  const LmmTongue *validation; /* what is validated on [tongues] */
  int n_validation;
  long steps;             /* of gradient descent [20,000] */
  long validate_every;    /* steps [500] */
  int validation_batches; /* [8] */
  int batch, notes;       /* texts a step, steps of a text [16, 256] */
  float rate;             /* of learning, at its peak [3e-3] */
  float average;          /* of the weights [0.998] */
  int patience;           /* validations without a better one before it ends [never] */
  LmmReach reach;
  const LanguageErrors *heard; /* how tongues with the code LANGUAGE_HEARD come about (lmm_language_errors), so that what
                                  was played is learned from them; null: they are learned as they are */
  bool no_transposing;    /* else every text is moved by up to 6 semitones and, if motion, up to 12 % faster or slower */
  NnType type;
  const char *weights, *checkpoint; /* as in LmmTrainParams; may be null */
  const char *origin;               /* a sentence for the weights file; null: none */
  LmmReportFn report;               /* after each validation; may be null */
  void *user;
} LmmLanguageParams;

/* Counts what a transcriber makes of each id of a field, on `texts` invented performances of scores. Freed with
 * lmm_language_errors_clear. */
BaseStatus lmm_language_errors(BaseContext *ctx, LanguageErrors *out, const LmmCorpus *scores, const LmmErrors *errors,
                               int texts);
void lmm_language_errors_clear(LanguageErrors *errors);

/* Examples [first, first + count) as a training draws them, laid flat for a twin of the net in another language: for each
 * LMM_FACTS numbers (steps of the text, source, channel, whether details are told, whether the code is kept secret, whether
 * only the metric counts, whether it was heard, tongue) and then notes × LANGUAGE_FIELDS ids, −1 after the text's end. `out`
 * holds count × lmm_example_size(notes). */
enum { LMM_FACTS = 8 };
BaseStatus lmm_language_examples(BaseContext *ctx, int16_t *out, const LmmTongue *tongues, int n, int notes, LmmSide side,
                                 uint64_t first, size_t count);
size_t lmm_example_size(int notes);

/* A fresh net of a size for this training; freed by the caller with nn_net_free. */
BaseStatus lmm_language_net(BaseContext *ctx, NnNet **out, LanguageTensors *tensors, const LmmLanguageParams *params);

/* Trains `net` (from lmm_language_net of the same params but for tongues and lengths) as lmm_train does. `last` may be
 * null. */
BaseStatus lmm_language_train(BaseContext *ctx, LmmReport *last, NnNet *net, const LanguageTensors *tensors,
                              const LmmLanguageParams *params);
