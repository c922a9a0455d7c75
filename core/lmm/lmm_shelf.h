/* Dreams kept for a while, to cut examples from. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/lmm/lmm_dream.h"

/* One dream as the transcriber hears it. Belongs to its shelf. */
typedef struct {
  const uint8_t
      *features; /* frames × FEATURES_BINS × FEATURES_CHANNELS, LMM_SHELF_LEVELS for a feature of 1 */
  size_t frames;
  const Motion *motion; /* what was played */
} LmmHeard;

enum { LMM_SHELF_LEVELS = 204 };

/* Numbered dreams of `seconds` each, the last `room` of which are remembered. Any thread may ask. */
typedef struct LmmShelf LmmShelf;

/* Library and instruments are borrowed. Null without memory. */
LmmShelf *lmm_shelf_new(const LmmLibrary *library, LmmInstruments *instruments, uint64_t seed, double seconds,
                        size_t room, bool validation);
void lmm_shelf_free(LmmShelf *shelf);

/* Dream `number`, which hangs on seed and number only; dreamt now unless it is remembered, waited for while
 * another thread dreams it. To be given back soon: it is not forgotten before. Hold one at a time.
 * BASE_CANCELLED when ctx->cancel says so. */
BaseStatus lmm_shelf_take(BaseContext *ctx, LmmHeard *heard, LmmShelf *shelf, uint64_t number);
void lmm_shelf_give(LmmShelf *shelf, uint64_t number);
