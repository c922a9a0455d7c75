/* The bank runs over the stream; each frame is turned into bytes at once, so that memory is the picture's.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/dsp/dsp_spectrogram.h"

#include "core/base/base_array.h"
#include "core/dsp/dsp_fft.h"
#include "core/dsp/dsp_stream.h"

#include <math.h>
#include <stdlib.h>

enum { RATE_HZ = 16000, PART_FRAMES = 128 };

typedef BASE_ARRAY(uint8_t) Levels;

typedef struct {
  DspStream *stream;
  DspFrames *frames;
  DspLogbank *bank;
  DspFft *fft;
} Source;

static BaseStatus open_source(BaseContext *ctx, Source *source, const char *path,
                              const DspSpectrogramParams *params) {
  const double hop_s = params->hop_s > 0 ? params->hop_s : 0.023;
  if (!(hop_s >= 0.001 && hop_s <= 0.4))
    return base_fail(ctx, BASE_BAD_INPUT, "A spectrogram cannot have a hop of %g s", hop_s);
  const DspLogbankParams bank = {.rate_hz = RATE_HZ, .tuning_cents = params->tuning_cents};
  BaseStatus status = dsp_stream_open(ctx, &source->stream, path, RATE_HZ);
  if (!status) status = dsp_logbank_new(ctx, &source->bank, &bank);
  if (status) return status;
  const size_t window = dsp_logbank_window(source->bank);
  source->frames = dsp_frames_new(source->stream, window, (size_t)lround(hop_s * RATE_HZ));
  source->fft = dsp_fft_new(window);
  return source->frames && source->fft ? BASE_OK : base_fail_memory(ctx);
}

static void close_source(Source *source) {
  dsp_frames_free(source->frames);
  dsp_stream_free(source->stream);
  dsp_logbank_free(source->bank);
  dsp_fft_free(source->fft);
}

static void quantise(uint8_t *levels, const float *magnitudes, float floor_db) {
  for (size_t b = 0; b < DSP_KEY_BINS; b++) {
    const float level = 255 * (1 - 20 * log10f(magnitudes[b] + 1e-12F) / floor_db);
    levels[b] = (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level + 0.5F);
  }
}

BaseStatus dsp_spectrogram_levels(BaseContext *ctx, uint8_t **levels, size_t *frames, const char *path,
                                  const DspSpectrogramParams *params, DspSpectrogramPartFn part, void *user) {
  static const DspSpectrogramParams defaults;
  if (!params) params = &defaults;
  const float floor_db = params->floor_db < 0 ? params->floor_db : -80;
  Source source = {0};
  Levels all = {0};
  size_t n = 0, told = 0;
  float magnitudes[DSP_KEY_BINS];
  const float *window;
  BaseStatus status = open_source(ctx, &source, path, params);
  while (!status && (window = dsp_frames_next(source.frames))) {
    if (base_cancelled(ctx))
      status = base_fail_cancelled(ctx);
    else if (!base_array_reserve(&all, all.n + DSP_KEY_BINS))
      status = base_fail_memory(ctx);
    if (status) break;
    dsp_logbank_run(source.bank, source.fft, magnitudes, window);
    quantise(all.items + all.n, magnitudes, floor_db);
    all.n += DSP_KEY_BINS;
    if (++n < told + PART_FRAMES) continue;
    if (part) part(user, all.items + told * DSP_KEY_BINS, told, n - told);
    base_progress(ctx, dsp_stream_done(source.stream), "Drawing the spectrogram");
    told = n;
  }
  if (!status && part && n > told) part(user, all.items + told * DSP_KEY_BINS, told, n - told);
  close_source(&source);
  if (status)
    base_array_clear(&all);
  else
    *levels = all.items, *frames = n;
  return status;
}
