/* Which notes of a score are probably wrong. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/language/language.h"

/* How surprising a note is where it stands, in nats more than one expects there: that it has this pitch in this staff
 * and voice, this spelling, and that it comes now and lasts so long. */
typedef struct {
  uint32_t note; /* id in the score */
  int32_t measure;
  float pitch, spelling, rhythm;
} LanguageDoubt;

/* All notes of a score that have keys, in the order of the text, as what comes before and what comes after make them
 * expected. Freed by the caller with free(). 2,000 notes a second of one core. */
BaseStatus language_doubts(BaseContext *ctx, LanguageDoubt **out, size_t *n, const LanguageModel *model,
                           const Score *score);
