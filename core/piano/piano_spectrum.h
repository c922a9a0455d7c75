/* M → A as a picture, with gradients: the parametric piano rendered into power frames.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/piano/piano_frames.h"
#include "core/piano/piano_model.h"
#include "core/piano/piano_notes.h"

/* Derivatives of the loss by what the hands did. */
typedef struct {
  double onset, end, velocity;
} PianoNoteGradient;

/* The renderer: all memory planned at birth for up to `frames` frames. One thread at a time. */
typedef struct PianoSpectrum PianoSpectrum;

BaseStatus piano_spectrum_new(BaseContext *ctx, PianoSpectrum **out, size_t frames);
void piano_spectrum_free(PianoSpectrum *spectrum);

/* Renders notes as heard from `start_s` on into the object's own frames and returns them (borrowed, valid
 * until the next call). Notes outside are skipped. > 100 × real time. */
const PianoFrames *piano_spectrum_forward(PianoSpectrum *spectrum, const PianoModel *model,
                                          const PianoNote *notes, size_t n, double start_s);

/* Given derivatives of a loss by the rendered powers (same shape; overwritten), adds the derivatives by the
 * instrument to `gradient` and by the notes to `by_note` (n; either may be null). To be called after
 * forward with the same arguments. */
void piano_spectrum_backward(PianoSpectrum *spectrum, PianoModel *gradient, PianoNoteGradient *by_note,
                             PianoFrames *by_power, const PianoModel *model, const PianoNote *notes, size_t n,
                             double start_s);

/* Power of note `i` alone, before room and noise, added into `sum` scaled by `scale` (−1 takes it away). */
void piano_spectrum_add_note(PianoSpectrum *spectrum, PianoFrames *sum, const PianoModel *model,
                             const PianoNote *note, double start_s, double scale);
