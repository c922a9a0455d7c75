/* Trills, mordents, turns and tremolos written out. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/score.h"

/* One key stroke of an ornament, relative to the note it stands on. */
typedef struct {
  double onset_s, up_s; /* from the start of the note */
  int8_t semitones;     /* from the written pitch */
} ScoreStroke;

enum { SCORE_MOST_STROKES = 512 };

/* Semitones from `note` to its diatonic neighbour `steps` away (+1 above, -1 below) in a key of `fifths`. */
int score_neighbour(const ScoreNote *note, int steps, int fifths);

/* Fills `strokes` (SCORE_MOST_STROKES of them) for a note that lasts `duration_s` seconds at `s_per_quarter`
 * and returns how many; a note without ornament is one stroke. They follow each other and fill the note. */
size_t score_strokes(ScoreStroke *strokes, const ScoreNote *note, int fifths, double duration_s,
                     double s_per_quarter);
