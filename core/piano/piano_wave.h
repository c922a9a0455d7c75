/* M → A, the parametric piano as sound: additive synthesis. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/dsp/dsp_audio.h"
#include "core/music/motion.h"
#include "core/piano/piano_model.h"

typedef struct {
  int32_t rate_hz; /* 0 means 44100 */
  double tail_s;   /* sound after the last key up; 0 means 2 */
} PianoWaveParams;

/* Renders a motion on an instrument to mono sound: the partials of piano_model_partial as pairs of slightly
 * mistuned sines (two strings), the hammer as filtered noise, the equaliser by partial, the instrument's
 * noise floor; no room (see piano_room.h). No string is followed for more than a minute. Deterministic by
 * ctx->seed. About 60 × real time at 44.1 kHz. */
BaseStatus piano_wave_render(BaseContext *ctx, DspAudio **out, const PianoModel *model, const Motion *motion,
                             const PianoWaveParams *params);

/* Adds one note to mono sound whose first sample is at second 0: partials and hammer, no noise floor. */
void piano_wave_note(float *samples, size_t frames, int32_t rate_hz, const PianoModel *model,
                     const PianoNote *note, uint64_t seed);

/* A whole motion in the instrument's own room, to a .wav or .flac file as it is rendered: what is listened
 * to. Where it would clip it is played a second time, turned down. Memory does not grow with the sound: that
 * of 70 s of it. The file is whole or not at all. `duration_s` (may be null) receives its length. */
BaseStatus piano_wave_file(BaseContext *ctx, double *duration_s, const char *path, const PianoModel *model,
                           const Motion *motion, const PianoWaveParams *params);
