/* Teaching the judgement of onsets from dreams alone. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/lmm/lmm_dream.h"
#include "core/lmm/lmm_train.h"

/* Zeros stand for the values in brackets. */
typedef struct {
  double minutes;      /* of dreams to train on, and an eighth of that to validate on, of other pieces [60] */
  long steps;          /* of gradient descent [as many as show every candidate 12 times] */
  int batch;           /* candidates a step [1024] */
  float rate;          /* of learning, at its peak [2e-3] */
  const char *data;    /* what the library holds, for the origin; may be null */
  const char *weights; /* the best go here, as fp16, whole or not at all; required */
  LmmReportFn report;  /* after each validation; may be null */
  void *user;
} LmmSalienceParams;

/* Dreams on ctx->threads threads, hears the dreams' candidates, labels them by the dreamt motion and trains.
 * The weights file can replace resources/models/salience.weights. `*last` (may be null): the last report.
 * With the same seed the dreams and, with the same threads, the weights are the same. Costs about 0.06 of the
 * length of the dreams, and 70 MB an hour of them. */
BaseStatus lmm_salience_train(BaseContext *ctx, LmmReport *last, const LmmLibrary *library,
                              const LmmSalienceParams *params);
