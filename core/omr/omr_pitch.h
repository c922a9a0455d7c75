/* From staff positions to pitches. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_page.h"

/* 7 * octave + step of a staff position under a clef whose line stands at `line_position`. */
int omr_diatonic(uint8_t clef, int line_position, int position);

/* -1, 0, 1: what a key of `fifths` does to a step (0…6 = C…B). */
int omr_key_alter(int fifths, int step);

/* The alteration that a printed accidental means. */
int omr_accidental_alter(uint8_t accidental);
