/* Bars of the score as played, on the time axis. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/scene.h"

G_BEGIN_DECLS

/* A step (index into ScoreUnfolded.steps) is one pass through one bar; -1 where there is none. All need a
 * scene with a score and places, and answer -1, NaN or null without. O(log n) in steps and places. */

/* The step that sounds at `time_s`. */
int tri_bars_at(TriScene *scene, double time_s);

/* When a step begins, seconds; `step` = number of steps gives the end of the piece. */
double tri_bars_start_s(TriScene *scene, int step);

/* The printed number of a step's bar. New string. */
char *tri_bars_number(TriScene *scene, int step);

/* Steps of the scene, 0 without a score. */
int tri_bars_count(TriScene *scene);

/* When a score position sounds: straight lines between the places, NaN with fewer than two. */
double tri_bars_time_s(TriScene *scene, double quarter);

G_END_DECLS
