/* What is struck together and heard apart. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/motion.h"

#include <stdbool.h>

/* How much later than the notes within 0.12 s around it each note is heard, as far as these are louder and near: about 0 for
 * one that is alone or the loudest. One a note of `motion`, which is sorted. O(notes × neighbours). */
void transcription_apart(double *apart_s, const Motion *motion);

/* Takes that share of it off each onset: 0 leaves all as it is, 1 draws soft notes to the middle of the loud ones around
 * them. Notes stay sorted and longer than nothing. False without memory, the motion unchanged. */
bool transcription_draw_together(Motion *motion, double share);
