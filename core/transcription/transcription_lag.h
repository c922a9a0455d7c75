/* How late one recording lets keys be heard, beyond what is usual. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_pack.h"
#include "core/music/motion.h"

#include <stdbool.h>

/* Seconds from the stroke to where it is heard: for each key, and for the softest strokes of keys that have come to rest and
 * of keys struck again; between soft and loud by transcription_softness. And how far what lies apart from louder notes is
 * meant to be struck with them, the share of transcription_draw_together. Zeros change nothing. */
typedef struct {
  float key_s[MOTION_KEYS], rested_s, restless_s, together;
} TranscriptionLag;

/* 0 for loud strokes … 1 for soft ones. */
double transcription_softness(double velocity);

/* How far a key has come to rest, 0 … 1, so many seconds after its stroke before. */
double transcription_rest(double since_s);

/* Of a stroke, in seconds. */
double transcription_lag_of(const TranscriptionLag *lag, int key, double velocity, double since_s);

/* Puts it beside a net's weights, for a recording of so many frames, and finds it there again: zeros where there is none, or
 * where the recording is another one, by its number of frames. `pack` may be null. */
BaseStatus transcription_lag_save(BaseContext *ctx, BasePackWriter *writer, const TranscriptionLag *lag, size_t frames);
void transcription_lag_load(TranscriptionLag *lag, const BasePack *pack, size_t frames);
