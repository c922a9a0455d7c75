/* From evidence to key presses. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/evidence.h"
#include "core/music/motion.h"

#include <stdbool.h>

typedef struct {
  float threshold; /* least probability of a note; 0 means the default */
  size_t from, to; /* frames to decide */
} TranscriptionDecoderParams;

/* Appends the notes that start in the frames, sorted, with ids of the motion's own; what still sounds at `to` ends
 * there. False without memory. O(frames). */
bool transcription_decode(Motion *motion, const Evidence *evidence, const TranscriptionDecoderParams *params);
