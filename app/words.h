/* Places of a score in a person's words. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/alignment/alignment.h"
#include "core/music/score.h"

#include <glib.h>

G_BEGIN_DECLS

/* The step of the score as played (index into unfolded->steps) that holds a position; -1 without steps. O(log
 * n). */
int words_step_at(const ScoreUnfolded *unfolded, double quarter);

/* "Bar 2, beat 3", "Bar 2, beats 3–4" or "Bars 2–3" for the onsets first … last; bars played more than once
 * also say which time: "Bar 2, second time, beat 3". New string. */
char *words_places(const Score *score, const ScoreUnfolded *unfolded, gsize first, gsize last);

/* "bar 2 · beat 3". New string. */
char *words_position(const Score *score, const ScoreUnfolded *unfolded, double quarter);

/* The pitches of an onset as written, from the lowest: "A4 C♯5". New string. */
char *words_pitches(const Score *score, const ScoreUnfolded *unfolded, gsize onset);

/* One sound as written ("C♯5"), or a pitch that is not written, with sharps. New string. */
char *words_sound(const Score *score, const ScoreSound *sound);
char *words_midi(int midi);

/* The beat in a measure, from 1, and the length of a beat in quarters as its time signature says. */
double words_beat(const Score *score, int measure, double quarters_into, double *unit);

G_END_DECLS
