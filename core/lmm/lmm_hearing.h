/* Teaching the transcriber from dreams alone. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/lmm/lmm_dream.h"
#include "core/nn/nn_tensor.h"

/* Zeros stand for the values in brackets. */
typedef struct {
  long steps;            /* of gradient descent [20,000] */
  double hours;          /* stop after this much wall time, whatever the steps; the schedule follows [no limit] */
  int batch, frames;     /* examples a step, 20 ms frames an example [8, 256] */
  int pool;              /* examples remembered to draw from [6000, 0.15 MB each] */
  int dreamers;          /* threads that dream while one trains [1] */
  float rate;            /* of learning, at its peak [2e-3] */
  NnType type;           /* NN_BF16 where the processor has it */
  const char *weights;   /* the best go here, as fp16, whole or not at all; required */
  const char *resume;    /* start from these weights; may be null */
} LmmHearingParams;

/* How well the net does on dreams that it was never trained on. */
typedef struct {
  double loss;           /* sum of all heads' losses */
  double onset_f1;       /* of single cells above one half, a strict measure used to compare */
  long step;
} LmmHearingScore;

/* Dreams, trains, validates every few minutes, keeps the best. Returns BASE_OK when the schedule is done and
 * BASE_CANCELLED when stopped early; the weights file holds the best so far in both cases. `report` is called
 * after each validation (may be null). ctx->seed makes the dreams; with one dreamer the run is repeatable. */
BaseStatus lmm_hearing_train(BaseContext *ctx, LmmHearingScore *best, const LmmLibrary *library,
                             void (*report)(void *user, const LmmHearingScore *now, double seconds), void *user,
                             const LmmHearingParams *params);
