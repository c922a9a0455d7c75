/* The training loop, the same for every engine. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/lmm/lmm_loader.h"
#include "core/nn/nn_optim.h"

/* Which side a piece of music is on. All that comes of one piece (excerpts, transpositions, performances)
 * must be asked for by the same name, so that nothing is validated on what it was trained on. */
typedef enum { LMM_TRAINING, LMM_VALIDATION, LMM_TEST } LmmSide;

/* By the hash of the piece's name: about 8 in 10, 1 in 10, 1 in 10. O(length). */
LmmSide lmm_side(const char *piece);

/* What is told after each validation. */
typedef struct {
  long step, steps;
  double training_loss;   /* mean since the last report */
  double validation_loss; /* mean over the validation batches, by the averaged weights if there are any */
  double best_loss;       /* the least validation loss so far */
  long best_step;
  double rate;            /* of learning */
  double seconds, left_s; /* spent in this call, and estimated to its end */
  double waited_s;        /* of those, for examples */
} LmmReport;

typedef void (*LmmReportFn)(void *user, const LmmReport *report);

/* Zeros stand for the values in brackets. */
typedef struct {
  NnOptimParams optim;    /* optim.steps is the length of the training [1000] */
  NnType type;            /* of activations */
  int accumulate;         /* batches for one step [1] */
  long validate_every;    /* steps [steps / 20] */
  int validation_batches; /* the same ones each time [8] */
  int patience;           /* stop after so many validations without a better one [never] */
  int loaders, ahead;     /* threads that make examples and batches made in advance [1, 4] */
  const char
      *checkpoint; /* file to resume from if it exists; written at validations and when cancelled [none] */
  const char *weights; /* file for the best weights as fp16, written whenever they are better [none] */
  const char *const (*origin)[2]; /* texts for the weights file; the loop adds step and losses */
  int n_origin;
  LmmReportFn report;
  void *user;
} LmmTrainParams;

/* Trains `net` on examples of `training` and keeps the weights that do best on `validation` (examples 0 … of
 * it; may be null: the last weights are kept). On return the net holds the best weights, also when cancelled
 * (BASE_CANCELLED, within 100 ms and the time of writing the checkpoint). A loss or gradient that is not
 * finite ends it with BASE_NUMERIC and the last weights whose loss was. `*last` (may be null) is the last
 * report.
 *
 * With the same ctx->seed and ctx->threads two trainings in f32 give the same bytes, resumed ones included.
 */
BaseStatus lmm_train(BaseContext *ctx, LmmReport *last, NnNet *net, const LmmSource *training,
                     const LmmSource *validation, const LmmTrainParams *params);
