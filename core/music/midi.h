/* Standard MIDI Files. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/motion.h"

/* Reads formats 0, 1 and 2 (tracks of 2 one after another) with running status, tempo map or SMPTE time, note
 * on with velocity 0, CC64/66/67, overlapping (the first down is the first up) and unended notes, System
 * Exclusive and unknown events skipped. Percussion (channel 10) is left out. `beats` of the result holds the
 * tempo map. Any bytes are safe: BASE_BAD_FILE says what is wrong. A file whose last track is cut keeps what
 * came before the cut, with a note in ctx->sentence. */
BaseStatus midi_read(BaseContext *ctx, Motion **out, const char *path);
BaseStatus midi_read_memory(BaseContext *ctx, Motion **out, const void *bytes, size_t n, const char *name);

/* Writes format 1, 960 ticks a quarter: a tempo map from motion->beats where there is one (so that bar lines
 * of a sequencer fall on the music), else 120 quarters a minute; key-ups and pedals as they are. Reading it
 * back gives the same notes within half a tick. `path` "-" is standard output. */
BaseStatus midi_write(BaseContext *ctx, const Motion *motion, const char *path);
