/* What a person's edits tell about the rest of a document. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_edit.h"

/* Prices of the rhythm that suit the bars with edits (OMR_EDIT_RIGHT counts), for omr_assemble. `pages` as
 * they were read; null pages are passed over. Without edits all is as usual. Cancelled between two tries.
 * Some 50 solutions of each such bar, of 32 at most: a second or two. */
BaseStatus omr_learn(BaseContext *ctx, OmrTaste *out, const OmrPage *const *pages, size_t n,
                     const OmrEdit *edits, size_t n_edits);

/* How many wrong bars a look at each bar may put right, by itself and by what it teaches: `worth` has one for
 * every measure of a score that omr_assemble gave; those that a person confirmed are worth nothing. False
 * without memory. O(measures² × notes of one): some ms for a sonata. */
bool omr_learn_worth(float *worth, const Score *score);
