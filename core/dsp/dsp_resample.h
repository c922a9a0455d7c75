/* Changing the sample rate of a stream. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"

#include <stddef.h>
#include <stdint.h>

/* A band-limited resampler for interleaved float sound (soxr, high quality, linear phase, delay removed:
 * output sample 0 falls on input sample 0). One stream, one thread at a time. */
typedef struct DspResampler DspResampler;

/* From `from_hz` to `to_hz` with `channels` channels. BASE_BAD_INPUT for rates outside 1 Hz … 10 MHz. */
BaseStatus dsp_resampler_new(BaseContext *ctx, DspResampler **out, int32_t from_hz, int32_t to_hz,
                             int32_t channels);
void dsp_resampler_free(DspResampler *resampler);

/* Takes up to `in_frames` frames and gives up to `out_frames`; the number given, and in `used` the number
 * taken. `in` null tells that the input has ended: repeated calls then give the rest, at last 0. No
 * allocation. */
size_t dsp_resampler_run(DspResampler *resampler, float *out, size_t *used, size_t out_frames,
                         const float *in, size_t in_frames);
