/* How hard the written notes are struck. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/score.h"

/* A velocity 1…127 for each note of the sorted `score`, as its dynamics, hairpins and accents ask (mf where
 * nothing is written). A dynamic of one staff counts for all staves of its part that have none of their own
 * at the same place. `velocity`: notes.n values, caller's. BASE_NO_MEMORY. O(notes + signs × staves). */
BaseStatus score_velocities(BaseContext *ctx, uint8_t *velocity, const Score *score);
