/* Constant-Q transform by spectral kernels (Brown & Puckette 1992): the inner product of the window with a
 * Hann- shaped complex tone is taken in the frequency domain, where the tone's transform has few terms that
 * matter. Low bins get the longest window allowed instead of a constant Q. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "core/dsp/dsp_logbank.h"

#include "core/base/base_array.h"
#include "core/dsp/dsp_fft.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  double hz, length;        /* centre, window in samples */
  size_t first, n, weights; /* FFT bins first … first + n - 1; where its weights start */
} Kernel;

struct DspLogbank {
  int32_t rate_hz;
  size_t bins, window;
  Kernel *kernels;
  BASE_ARRAY(float)
  weights; /* real: with its window symmetric around the middle each kernel is, up to sign */
};

static const double reach_cycles = 5; /* beyond, a Hann window's transform is below 0.003 of its middle */

static DspLogbankParams with_defaults(const DspLogbankParams *params) {
  DspLogbankParams p = params ? *params : (DspLogbankParams){0};
  if (!p.rate_hz) p.rate_hz = 16000;
  if (!(p.lowest_hz > 0)) p.lowest_hz = 27.5 * exp2(-1 / 36.0);
  if (!p.bins) p.bins = DSP_KEY_BINS;
  if (!p.bins_per_octave) p.bins_per_octave = 36;
  if (!(p.periods > 0)) p.periods = 34;
  if (!(p.shortest_s > 0)) p.shortest_s = 0.04;
  if (!(p.longest_s > 0)) p.longest_s = 0.5;
  return p;
}

static size_t power_of_two(double at_least) {
  size_t n = 64;
  while ((double)n < at_least) n *= 2;
  return n;
}

/* The transform of a Hann window of `length` samples around the middle, `offset` FFT bins of a transform of
 * `size` away from its tone: Dirichlet kernels of the three cosines. Mean amplitude 1 at offset 0. */
static double hann_at(double offset, double length, double size) {
  const double x = offset * length / size;
  const double ax = fabs(x);
  if (ax < 1e-9) return 1;
  if (fabs(ax - 1) < 1e-9) return 0.5;
  return sin(M_PI * x) / (M_PI * x) / (1 - x * x);
}

/* Appends the weights of a tone at `hz` seen through `length` samples. */
static bool add_kernel(DspLogbank *bank, Kernel *kernel, double hz, double length) {
  const double size = (double)bank->window, centre = hz * size / bank->rate_hz,
               reach = reach_cycles * size / length;
  const size_t first = (size_t)fmax(0, ceil(centre - reach));
  const size_t last = (size_t)fmin(size / 2, floor(centre + reach));
  *kernel =
      (Kernel){.hz = hz, .length = length, .first = first, .n = last + 1 - first, .weights = bank->weights.n};
  for (size_t f = first; f <= last; f++) {
    /* The middle of the window is at sample size / 2, which turns the phase of every other FFT bin. */
    const double weight = hann_at((double)f - centre, length, size) * 2 / size;
    if (!base_array_push(&bank->weights, (float)(f % 2 ? -weight : weight))) return false;
  }
  return true;
}

BaseStatus dsp_logbank_new(BaseContext *ctx, DspLogbank **out, const DspLogbankParams *params) {
  const DspLogbankParams p = with_defaults(params);
  const double lowest = p.lowest_hz * exp2(p.tuning_cents / 1200);
  const double highest = lowest * exp2((p.bins - 1.0) / p.bins_per_octave);
  if (p.bins < 1 || p.bins_per_octave < 1 || !(highest < p.rate_hz / 2.0) || !(p.longest_s < 10))
    return base_fail(ctx, BASE_BAD_INPUT, "A bank up to %.0f Hz does not fit a rate of %d Hz", highest,
                     p.rate_hz);
  DspLogbank *bank = calloc(1, sizeof *bank);
  if (!bank) return base_fail_memory(ctx);
  bank->rate_hz = p.rate_hz;
  bank->bins = (size_t)p.bins;
  bank->window = power_of_two(p.longest_s * p.rate_hz);
  bank->kernels = calloc(bank->bins, sizeof *bank->kernels);
  bool fits = bank->kernels != NULL;
  for (int b = 0; fits && b < p.bins; b++) {
    const double hz = lowest * exp2((double)b / p.bins_per_octave);
    const double length = fmin(p.longest_s, fmax(p.shortest_s, p.periods / hz)) * p.rate_hz;
    fits = add_kernel(bank, &bank->kernels[b], hz, length);
  }
  if (fits)
    *out = bank;
  else
    dsp_logbank_free(bank);
  return fits ? BASE_OK : base_fail_memory(ctx);
}

void dsp_logbank_free(DspLogbank *bank) {
  if (!bank) return;
  free(bank->kernels);
  base_array_clear(&bank->weights);
  free(bank);
}

size_t dsp_logbank_bins(const DspLogbank *bank) {
  return bank->bins;
}

size_t dsp_logbank_window(const DspLogbank *bank) {
  return bank->window;
}

void dsp_logbank_response(const DspLogbank *bank, float *magnitudes, double hz) {
  for (size_t b = 0; b < bank->bins; b++) {
    const double cycles = (hz - bank->kernels[b].hz) * bank->kernels[b].length / bank->rate_hz;
    magnitudes[b] = fabs(cycles) < reach_cycles ? (float)fabs(hann_at(cycles, 1, 1)) : 0;
  }
}

void dsp_logbank_run(const DspLogbank *bank, DspFft *fft, float *magnitudes, const float *window) {
  memcpy(dsp_fft_input(fft), window, bank->window * sizeof *window);
  const float *spectrum = dsp_fft_run(fft);
  for (size_t b = 0; b < bank->bins; b++) {
    const Kernel *kernel = &bank->kernels[b];
    const float *weights = bank->weights.items + kernel->weights, *at = spectrum + 2 * kernel->first;
    float re = 0, im = 0;
    for (size_t i = 0; i < kernel->n; i++) {
      re += weights[i] * at[2 * i];
      im += weights[i] * at[2 * i + 1];
    }
    magnitudes[b] = sqrtf(re * re + im * im);
  }
}
