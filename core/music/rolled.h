/* Chords that were played one note after another. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The notes of a chord that have been looked at. Begins zeroed. */
typedef struct {
  size_t n;
  double first_s, last_s;
  bool broken; /* a note sounded before a lower one */
} Rolled;

/* The next note of the chord, from the lowest to the highest. */
void rolled_add(Rolled *rolled, double at_s);

/* Whether at least `least` notes sounded one after another, in the order of their pitches, in more than `longer_s`. */
bool rolled_is(const Rolled *rolled, size_t least, double longer_s);
