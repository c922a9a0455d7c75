/* Learning the instrument of a soundfont. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/piano/piano_model.h"

/* What was learned, measured on keys and velocities that were not learned from: distance between rendering
 * and soundfont in dB (root mean square over bins 60 dB below the loudest and up, mean over frames). */
typedef struct {
  double before_db; /* of the instrument that the priors are centred on, its level matched */
  double after_db;
} PianoSoundfontScore;

/* Plays all 88 keys at several velocities on `soundfont` and fits `model` (in: the centre of the priors; out:
 * the learned instrument). `score` may be null. About three minutes of CPU, 200 MB. */
BaseStatus piano_learn_soundfont(BaseContext *ctx, PianoModel *model, PianoSoundfontScore *score,
                                 const char *soundfont);
