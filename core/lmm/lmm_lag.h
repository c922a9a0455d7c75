/* How late a recording lets its keys be heard, from a score that was aligned to it. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#pragma once

#include "core/music/motion.h"
#include "core/transcription/transcription_own.h"

/* `heard` without any lag of the recording, `expected` the score's notes where the alignment puts them, both sorted;
 * `trust`, one for each of `frames` of `hop_s`, says how far the latter are believed there, 255 fully. Keys of which little
 * is known stay near none. O(notes). */
void lmm_lag_fit(TranscriptionOwn *out, const Motion *heard, const Motion *expected, const uint8_t *trust, size_t frames,
                 double hop_s);

/* The share of transcription_draw_together that explains best when these notes, heard with the lag, sound; 0 when it is
 * little. Zero without memory, too. */
float lmm_together_fit(const Motion *heard, const Motion *expected, const uint8_t *trust, size_t frames, double hop_s);
