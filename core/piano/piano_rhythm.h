/* What the other onsets say about one: musicians divide time into simple parts.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

enum { PIANO_DIVISIONS = 7 };

/* How evenly one recording is played, learned as its onsets are found. Plain value. */
typedef struct {
  double unevenness;             /* deviation of a division, in parts of the time that it divides */
  double share[PIANO_DIVISIONS]; /* of the moments that divide their surroundings so; the rest are free */
} PianoRhythm;

/* Before anything was heard: halves are commonest. */
PianoRhythm piano_rhythm_usual(void);

/* Adds to `pull` (1/s) what makes `onsets_s` less likely, by each of the `n` onsets, and brings `rhythm` up
 * to date with them. `order` is scratch of n that is kept from call to call and starts as 0 … n − 1; onsets
 * that are nearly in this order cost O(n). */
void piano_rhythm_pull(PianoRhythm *rhythm, double *pull, size_t *order, const double *onsets_s, size_t n);
