/* Tuning: every spectral peak between two frequencies votes with the root of its height for its distance from
 * the tempered scale; the direction of the votes' sum on the circle of a semitone is the answer (as in Müller
 * 2015, ch. 3, with a circular mean in place of a histogram). SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/dsp/dsp_stft.h"

#include "core/dsp/dsp_fft.h"

#include <math.h>
#include <stdlib.h>

struct DspStft {
  DspFft *fft;
  size_t size;
  float *hann;
};

DspStft *dsp_stft_new(size_t size) {
  DspStft *stft = calloc(1, sizeof *stft);
  if (!stft) return NULL;
  *stft = (DspStft){.fft = dsp_fft_new(size), .size = size, .hann = malloc(size * sizeof(float))};
  if (!stft->fft || !stft->hann) {
    dsp_stft_free(stft);
    return NULL;
  }
  for (size_t t = 0; t < size; t++)
    stft->hann[t] = (float)((1 - cos(2 * M_PI * (double)t / (double)size)) * 2 / (double)size);
  return stft;
}

void dsp_stft_free(DspStft *stft) {
  if (!stft) return;
  dsp_fft_free(stft->fft);
  free(stft->hann);
  free(stft);
}

void dsp_stft_run(DspStft *stft, float *magnitudes, const float *window) {
  float *input = dsp_fft_input(stft->fft);
  for (size_t t = 0; t < stft->size; t++) input[t] = window[t] * stft->hann[t];
  const float *spectrum = dsp_fft_run(stft->fft);
  for (size_t f = 0; f <= stft->size / 2; f++)
    magnitudes[f] = sqrtf(spectrum[2 * f] * spectrum[2 * f] + spectrum[2 * f + 1] * spectrum[2 * f + 1]);
}

enum { TUNING_WINDOW = 8192, TUNING_HOP = 4096 };

static const double lowest_peak_hz = 120, highest_peak_hz = 1400;
static const float quietest_peak = 1e-4F;

/* The votes of one frame; `votes` gets cosine, sine and total weight added. */
static void vote(double votes[3], const float *magnitudes, double hz_per_bin) {
  const size_t first = (size_t)(lowest_peak_hz / hz_per_bin), last = (size_t)(highest_peak_hz / hz_per_bin);
  for (size_t f = first; f <= last; f++) {
    const float left = magnitudes[f - 1], top = magnitudes[f], right = magnitudes[f + 1];
    if (top < quietest_peak || top <= left || top < right) continue;
    const double a = log(left + 1e-12), b = log(top + 1e-12), c = log(right + 1e-12);
    const double at = (double)f + 0.5 * (a - c) / (a - 2 * b + c);
    const double semitones = 12 * log2(at * hz_per_bin / 440), weight = sqrt(top);
    votes[0] += weight * cos(2 * M_PI * semitones);
    votes[1] += weight * sin(2 * M_PI * semitones);
    votes[2] += weight;
  }
}

BaseStatus dsp_tuning(BaseContext *ctx, double *cents, double *strength, DspStream *stream, int32_t rate_hz,
                      double limit_s) {
  DspFrames *frames = dsp_frames_new(stream, TUNING_WINDOW, TUNING_HOP);
  DspStft *stft = dsp_stft_new(TUNING_WINDOW);
  float *magnitudes = malloc((TUNING_WINDOW / 2 + 1) * sizeof *magnitudes);
  BaseStatus status = frames && stft && magnitudes ? BASE_OK : base_fail_memory(ctx);
  const double hop_s = (double)TUNING_HOP / rate_hz;
  double votes[3] = {0}, heard_s = 0, passed_s = 0;
  const float *window;
  while (!status && heard_s < limit_s && passed_s < 4 * limit_s && (window = dsp_frames_next(frames))) {
    const double before = votes[2];
    dsp_stft_run(stft, magnitudes, window);
    if (highest_peak_hz < rate_hz / 2.5) vote(votes, magnitudes, (double)rate_hz / TUNING_WINDOW);
    heard_s += votes[2] > before ? hop_s : 0;
    passed_s += hop_s;
    if (base_cancelled(ctx)) status = base_fail_cancelled(ctx);
  }
  dsp_frames_free(frames);
  dsp_stft_free(stft);
  free(magnitudes);
  if (status) return status;
  *cents = votes[2] > 0 ? atan2(votes[1], votes[0]) * 50 / M_PI : 0;
  if (strength) *strength = votes[2] > 0 ? hypot(votes[0], votes[1]) / votes[2] : 0;
  return BASE_OK;
}
