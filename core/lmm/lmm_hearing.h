/* Teaching the transcriber from dreams alone. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/lmm/lmm_dream.h"
#include "core/lmm/lmm_train.h"

/* Zeros stand for the values in brackets. */
typedef struct {
  long steps;             /* of gradient descent [20,000] */
  long validate_every;    /* steps [500] */
  int validation;         /* examples to validate on, of other pieces [64] */
  int batch, frames;      /* examples a step, 20 ms frames an example [8, 192] */
  int pool;               /* dreams remembered to draw examples from [1500, 0.6 MB each] */
  int reuse;              /* examples drawn for each new dream of 21 s [16] */
  int dreamers;           /* threads that dream while one trains [1] */
  float rate;             /* of learning, at its peak [2e-3] */
  NnType type;            /* NN_BF16 where the processor has it */
  const char *weights;    /* the best go here, as fp16, whole or not at all; required */
  const char *start;      /* weights to start from, of this net or a narrower one; may be null */
  const char *checkpoint; /* to go on from if it is there, written at validations; may be null */
  LmmReportFn report;     /* after each validation; may be null */
  void *user;
} LmmHearingParams;

/* Dreams and trains, as lmm_train does; `*last` (may be null) is the last report. Which dream an example is
 * cut from hangs on seed and number of the example only, so a run can be repeated whatever the number of
 * dreamers. */
BaseStatus lmm_hearing_train(BaseContext *ctx, LmmReport *last, const LmmLibrary *library,
                             LmmInstruments *instruments, const LmmHearingParams *params);
