/* A recording as a picture with three rows a key. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/dsp/dsp_logbank.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
  double hop_s;        /* 0: 0.023 */
  double tuning_cents; /* of the instrument */
  float floor_db;      /* level 0; 0: -80 below a sine at full scale, which is level 255 */
} DspSpectrogramParams;

/* Called every few seconds of sound with levels that are final: `n` frames from frame `first` on, borrowed.
 */
typedef void (*DspSpectrogramPartFn)(void *user, const uint8_t *levels, size_t first, size_t n);

/* frames × DSP_KEY_BINS levels, frame t centred at t × hop, linear in decibels, bin 3 k + 1 at the pitch of
 * key k. `levels` is the caller's, freed with free(). `params` and `part` may be null. Streams the file;
 * memory is the levels. ~100 × real time; cancel within 20 ms. */
BaseStatus dsp_spectrogram_levels(BaseContext *ctx, uint8_t **levels, size_t *frames, const char *path,
                                  const DspSpectrogramParams *params, DspSpectrogramPartFn part, void *user);
