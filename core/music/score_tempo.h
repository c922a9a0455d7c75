/* Where the beats of a played score fall in time. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/score.h"

/* From `quarter` of the performance on, a quarter takes `s_per_quarter`. */
typedef struct {
  Beat quarter;
  double time_s, s_per_quarter;
} ScoreTempo;

/* Sorted by quarter; the first is quarter 0 at 0 s. Zeroed is empty; base_array_clear frees it. */
typedef BASE_ARRAY(ScoreTempo) ScoreTempoMap;

/* The written tempi along `unfolded`: one entry at each change. Where a repeat goes back, the tempo that is
 * written there counts again. `quarters_per_minute` holds until the score says one; 0 means 100. */
BaseStatus score_tempo_map(BaseContext *ctx, ScoreTempoMap *out, const Score *score,
                           const ScoreUnfolded *unfolded, double quarters_per_minute);

/* The time of a quarter of the performance in a map with at least one entry. O(log n). */
double score_tempo_time_s(const ScoreTempoMap *map, Beat quarter);
