/* The door to soxr. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/dsp/dsp_resample.h"

#include <soxr.h>
#include <stdlib.h>

struct DspResampler {
  soxr_t soxr;
};

enum { HIGHEST_RATE_HZ = 10000000 };

BaseStatus dsp_resampler_new(BaseContext *ctx, DspResampler **out, int32_t from_hz, int32_t to_hz,
                             int32_t channels) {
  if (from_hz < 1 || to_hz < 1 || from_hz > HIGHEST_RATE_HZ || to_hz > HIGHEST_RATE_HZ || channels < 1)
    return base_fail(ctx, BASE_BAD_INPUT, "Cannot resample %d channels from %d Hz to %d Hz", channels,
                     from_hz, to_hz);
  DspResampler *resampler = calloc(1, sizeof *resampler);
  if (!resampler) return base_fail_memory(ctx);
  soxr_error_t error = NULL;
  soxr_io_spec_t samples = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
  soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
  soxr_runtime_spec_t one_thread = soxr_runtime_spec(1);
  resampler->soxr = soxr_create(from_hz, to_hz, (unsigned)channels, &error, &samples, &quality, &one_thread);
  if (error || !resampler->soxr) {
    dsp_resampler_free(resampler);
    return base_fail(ctx, BASE_BAD_INPUT, "Cannot resample from %d Hz to %d Hz: %s", from_hz, to_hz,
                     error ? error : "no memory");
  }
  *out = resampler;
  return BASE_OK;
}

void dsp_resampler_free(DspResampler *resampler) {
  if (!resampler) return;
  soxr_delete(resampler->soxr);
  free(resampler);
}

size_t dsp_resampler_run(DspResampler *resampler, float *out, size_t *used, size_t out_frames,
                         const float *in, size_t in_frames) {
  size_t taken = 0, given = 0;
  soxr_process(resampler->soxr, in, in ? in_frames : 0, in ? &taken : NULL, out, out_frames, &given);
  if (used) *used = taken;
  return given;
}
