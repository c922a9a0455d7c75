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
 * noise floor; no room (see piano_room.h). Deterministic by ctx->seed. About 60 × real time at 44.1 kHz. */
BaseStatus piano_wave_render(BaseContext *ctx, DspAudio **out, const PianoModel *model, const Motion *motion,
                             const PianoWaveParams *params);

/* Adds one note to mono sound whose first sample is at second 0: partials and hammer, no noise floor. */
void piano_wave_note(float *samples, size_t frames, int32_t rate_hz, const PianoModel *model,
                     const PianoNote *note, uint64_t seed);

/* A whole motion in the instrument's own room, turned down where it would clip: what is listened to. */
BaseStatus piano_wave_perform(BaseContext *ctx, DspAudio **out, const PianoModel *model, const Motion *motion,
                              const PianoWaveParams *params);
