/* Short-time spectra and what can be told from them at once. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/dsp/dsp_stream.h"

#include <stddef.h>

/* Magnitudes of Hann-windowed frames. One thread at a time. */
typedef struct DspStft DspStft;

/* For windows of `size` samples, even. Null without memory. */
DspStft *dsp_stft_new(size_t size);
void dsp_stft_free(DspStft *stft);

/* size / 2 + 1 magnitudes of `window`; a sine of amplitude 1 gives 1 at its bin. No allocation. */
void dsp_stft_run(DspStft *stft, float *magnitudes, const float *window);

/* By how many cents, -50 … 50, the partials of a recording lie above the tempered scale with A4 = 440 Hz;
 * looks at the first `limit_s` seconds that are not silent, within four times that. 0 for silence. `strength`
 * (may be null): how much the partials agree, 0 … 1. ~1000 × real time. */
BaseStatus dsp_tuning(BaseContext *ctx, double *cents, double *strength, DspStream *stream, int32_t rate_hz,
                      double limit_s);
