/* Places in words, for screen readers, lists and tooltips. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/state.h"

G_BEGIN_DECLS

/* "F♯5", note letters translated; new string. `alter` −2 … 2. */
char *tri_note_text(int step, int alter, int octave);

/* Number of the bar and beat (from 1, in beats of the time signature) of a place; false outside the score.
 * `bar` is borrowed from the score. */
gboolean tri_place_position(TriScene *scene, int place, const char **bar, double *beat);

/* "Bar 2, beat 3, A4 C5, doubtful, 0:11.480"; new string, null for no place. */
char *tri_place_text(TriScene *scene, int place);

G_END_DECLS
