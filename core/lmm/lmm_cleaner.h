/* Teaching the cleaner from misheard dreams. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/language/language_cleaner.h"
#include "core/lmm/lmm_corpus.h"
#include "core/lmm/lmm_expression.h"

/* Zeros stand for the values in brackets. */
typedef struct {
  LmmErrors errors;       /* of the transcriber whose hearing is to be cleaned [lmm_errors(0.12)] */
  long steps;             /* of gradient descent [4,500] */
  long validate_every;    /* [500] */
  int batch, notes;       /* texts a step, notes of one [48, 256] */
  float rate;             /* [2e-3] */
  NnType type;
  const char *weights, *checkpoint; /* as in LmmTrainParams; may be null */
  LmmReportFn report;
  void *user;
} LmmCleanerParams;

/* Invented players play the scores, the transcriber mishears them, and the cleaner learns which of the notes that were
 * heard were played, and on which keys. `last` may be null. */
BaseStatus lmm_cleaner_train(BaseContext *ctx, LmmReport *last, const LmmCorpus *scores, const LmmCleanerParams *params);
