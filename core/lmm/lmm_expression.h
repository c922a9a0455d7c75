/* Players who never were: a deadpan performance made human, and a transcriber who errs.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_rng.h"
#include "core/music/motion.h"

/* Plays an excerpt from a score as some player might: a tempo that flows and trembles, hands and chords that are not
 * quite together, melodies brought out, legato and staccato, a pedal. What kind of player is drawn once. Sorted; onsets
 * may move before 0. Without memory the pedal is left out. O(n). */
void lmm_express(Motion *motion, BaseRng *rng);

/* How a transcriber errs; zeros err in nothing. */
typedef struct {
  double missed, added, confused; /* parts of the notes: left out; octaves, fifths and neighbours that never sounded;
                                     heard a semitone or an octave off */
  double onset_s, length, velocity; /* deviations: of onsets in seconds, of the logarithm of lengths, of velocities */
} LmmErrors;

/* Every kind of error in a share of `share` of all notes, a third each, with times 9 ms off. */
LmmErrors lmm_errors(double share);

/* What such a transcriber hears of a motion. Sorted; what never sounded has the id 0. False without
 * memory. */
bool lmm_mishear(Motion *motion, const LmmErrors *errors, BaseRng *rng);
