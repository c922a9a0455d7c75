/* What one recording has of its own: how late it lets keys be heard beyond what is usual, and how its doubtful onsets are to
 * be weighed. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_pack.h"
#include "core/music/motion.h"

#include <stdbool.h>

/* What second thoughts weigh: the logit that was heard, what the piece says elsewhere, strokes an octave, a twelfth and two
 * octaves below, and 1. */
enum { TRANSCRIPTION_CLUES = 6 };

/* Seconds from the stroke to where it is heard: for each key, and for the softest strokes of keys that have come to rest and
 * of keys struck again; between soft and loud by transcription_softness. How far what lies apart from louder notes is
 * meant to be struck with them, the share of transcription_draw_together. What is added to the usual weights of clues. Zeros
 * change nothing. */
typedef struct {
  float key_s[MOTION_KEYS], rested_s, restless_s, together, weights[TRANSCRIPTION_CLUES];
} TranscriptionOwn;

/* 0 for loud strokes … 1 for soft ones. */
double transcription_softness(double velocity);

/* How far a key has come to rest, 0 … 1, so many seconds after its stroke before. */
double transcription_rest(double since_s);

/* Of a stroke, in seconds. */
double transcription_lag_of(const TranscriptionOwn *own, int key, double velocity, double since_s);

/* Puts it beside a net's weights, for a recording of so many frames, and finds it there again: zeros where there is none, or
 * where the recording is another one, by its number of frames. `pack` may be null. */
BaseStatus transcription_own_save(BaseContext *ctx, BasePackWriter *writer, const TranscriptionOwn *own, size_t frames);
void transcription_own_load(TranscriptionOwn *own, const BasePack *pack, size_t frames);

/* Whether what a pack holds for one recording alone is for one of so many frames. */
bool transcription_is_of(const BasePack *pack, size_t frames);
