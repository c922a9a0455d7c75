/* Teaching the proof-reader: right scores made wrong. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/language/language_proof.h"
#include "core/lmm/lmm_corpus.h"

enum { LMM_WRONG_PITCH = 1, LMM_WRONG_RHYTHM = 2 };

/* Makes about a share of the notes of a written text wrong as a reader of pages would: a step or an octave off, another
 * accidental, dots lost and found, a value halved or doubled (what follows in the voice then moves within its bar), notes
 * missed. `wrong[i]` (text->n of them, caller's) are the LMM_WRONG_… of step i of the result, which is put in order again. */
void lmm_misread(LanguageText *text, uint8_t *wrong, double share, BaseRng *rng);

/* Zeros stand for the values in brackets. */
typedef struct {
  long steps, validate_every; /* [11,000; 500] */
  int batch, notes;           /* [16, 512] */
  float rate;                 /* [2e-3] */
  NnType type;
  const char *weights, *checkpoint; /* may be null */
  LmmReportFn report;               /* may be null */
  void *user;
} LmmProofParams;

/* Examples [first, first + count) as a training draws them, laid flat: notes × (LANGUAGE_FIELDS ids, −1 after the text's
 * end, and LMM_WRONG_…). `out` holds count × notes × (LANGUAGE_FIELDS + 1). */
BaseStatus lmm_proof_examples(BaseContext *ctx, int16_t *out, const LmmCorpus *corpus, int notes, LmmSide side,
                              uint64_t first, size_t count);

/* Trains a fresh proof-reader on what is written in the corpus. `last` may be null. */
BaseStatus lmm_proof_train(BaseContext *ctx, LmmReport *last, const LmmCorpus *corpus, const LmmProofParams *params);
