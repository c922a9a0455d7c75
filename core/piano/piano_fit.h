/* Learning an instrument, and what was played on it, from sound. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/piano/piano_spectrum.h"

typedef struct {
  int iterations; /* of gradient descent; 0 means 150 */
  double rate;    /* first step in prior deviations; 0 means 0.2 */
  double weight;  /* how many frame-bins weigh as much as one prior deviation; 0 means 200 */
} PianoFitParams;

/* Fits `model` (in: the instrument that the priors are centred on; out: the learned one) to `heard`, frame 0
 * at second `start_s`, where `notes` were played. Tuning and inharmonicity come from spectral peaks of
 * `audio` (may be null: then by gradient alone), the rest from gradient descent (Adam; Kingma & Ba 2015) on
 * piano_loss with the priors of piano_blocks. Keys never heard stay near their neighbours. `loss` (may be
 * null) receives the final mean loss. BASE_NUMERIC when the loss leaves the finite numbers: model untouched.
 * About 0.4 s of CPU a second of music. */
BaseStatus piano_fit_instrument(BaseContext *ctx, PianoModel *model, double *loss, const PianoFrames *heard,
                                const PianoNote *notes, size_t n, double start_s,
                                const PianoFitParams *params);

/* Which facts of the notes piano_fit_notes may change. */
enum { PIANO_FIT_ONSETS = 1, PIANO_FIT_ENDS = 2, PIANO_FIT_VELOCITIES = 4 };

typedef struct {
  int what;       /* PIANO_FIT_* */
  int iterations; /* 0 means 60 */
  double reach_s; /* onsets stay this near where they were; 0 means 0.06 */
} PianoFitNotesParams;

/* Moves `notes` so that the instrument's rendering agrees with `heard`. Onsets are those of the keys: a soft
 * note's hammer may be late or early by what no model knows, so that its onset is told less by its own sound
 * than by the notes struck with it. Notes need not be sorted to better than 80 ms. */
BaseStatus piano_fit_notes(BaseContext *ctx, PianoNote *notes, size_t n, double *loss,
                           const PianoModel *model, const PianoFrames *heard, double start_s,
                           const PianoFitNotesParams *params);

/* Tuning and inharmonicity by peak picking (see above), from mono sound at PIANO_RATE_HZ whose sample 0 is at
 * second `start_s`. */
BaseStatus piano_fit_tuning(BaseContext *ctx, PianoModel *model, const DspAudio *mono, const PianoNote *notes,
                            size_t n, double start_s);
