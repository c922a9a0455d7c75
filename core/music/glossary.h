/* What the words and letters in a score mean in numbers. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Velocity 1…127 of the dynamic that `text` is or begins with ("pp", "sfz", "p dolce"); 0 when there is none.
 */
float glossary_velocity(const char *text);

/* Quarters a minute of the first tempo word in `text` ("Allegro assai", "Sehr langsam"), middle of the usual
 * range; 0 when there is none. */
float glossary_tempo(const char *text);

/* SCORE_JUMP_* bits that words ask for ("D.C. al Fine", "To Coda", "Fine"); 0 for other words. */
unsigned glossary_jumps(const char *text);
