/* A Hann-windowed spectrum every 10 ms, its bins gathered by Gaussian weights on a logarithmic frequency
 * axis. Where the spectrum is coarser than the axis, neighbouring bins share. The kernel is the same
 * gathering applied to the closed form of a sine's spectrum, so that rendering needs no transform.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_frames.h"

#include "core/dsp/dsp_fft.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const PianoResolution resolutions[PIANO_RESOLUTIONS] = {
    {2048, 24, 27.5, 194},
    {512, 12, 110.0, 73},
};

const PianoResolution *piano_resolution(int r) {
  return &resolutions[r];
}

double piano_bin_hz(int r, double bin) {
  return resolutions[r].lowest_hz * exp2(bin / resolutions[r].bins_per_octave);
}

double piano_hz_bin(int r, double hz) {
  return resolutions[r].bins_per_octave * log2(hz / resolutions[r].lowest_hz);
}

PianoFrames *piano_frames_new(size_t frames) {
  PianoFrames *made = calloc(1, sizeof *made);
  if (!made) return NULL;
  made->frames = frames;
  for (int r = 0; r < PIANO_RESOLUTIONS; r++) {
    made->power[r] = calloc(frames * (size_t)resolutions[r].bins + 1, sizeof(float));
    if (!made->power[r]) {
      piano_frames_free(made);
      return NULL;
    }
  }
  return made;
}

void piano_frames_free(PianoFrames *frames) {
  if (!frames) return;
  for (int r = 0; r < PIANO_RESOLUTIONS; r++) free(frames->power[r]);
  free(frames);
}

/* ---- gathering ---- */

/* Gaussian weights of one log-frequency bin on spectrum bins [first, first + n). */
typedef struct {
  int first, n;
  float weights[256];
} Gather;

static double gather_sigma_hz(int r, int bin) {
  double width = piano_bin_hz(r, bin + 0.5) - piano_bin_hz(r, bin - 0.5);
  double coarse = (double)PIANO_RATE_HZ / resolutions[r].window;
  return fmax(0.45 * width, 0.6 * coarse);
}

static Gather gather_of(int r, int bin) {
  Gather g = {0, 0, {0}};
  double step = (double)PIANO_RATE_HZ / resolutions[r].window, centre = piano_bin_hz(r, bin);
  double sigma = gather_sigma_hz(r, bin);
  g.first = (int)fmax(1, ceil((centre - 3 * sigma) / step));
  int last = (int)fmin(resolutions[r].window / 2, floor((centre + 3 * sigma) / step));
  for (int j = g.first; j <= last && g.n < 256; j++) {
    double d = (j * step - centre) / sigma;
    g.weights[g.n++] = (float)exp(-0.5 * d * d);
  }
  return g;
}

static void gather_frame(float *power, size_t stride, const Gather *gathers, int bins,
                         const float *spectrum) {
  for (int b = 0; b < bins; b++) {
    const Gather *g = &gathers[b];
    double sum = 0;
    for (int j = 0; j < g->n; j++) sum += g->weights[j] * spectrum[g->first + j];
    power[b * stride] = (float)sum;
  }
}

/* Powers of the spectrum of the window centred at sample `centre`; a full-scale sine peaks at 1. */
static void window_power(float *power, float *windowed, float *complex_bins, DspFft *fft, const float *window,
                         int size, const DspAudio *mono, ptrdiff_t centre) {
  ptrdiff_t first = centre - size / 2;
  for (int i = 0; i < size; i++) {
    ptrdiff_t at = first + i;
    windowed[i] = at >= 0 && at < (ptrdiff_t)mono->frames ? mono->samples[at] * window[i] : 0;
  }
  dsp_fft_forward(fft, complex_bins, windowed);
  float scale = 16.0f / ((float)size * (float)size);
  for (int j = 0; j <= size / 2; j++)
    power[j] = scale * (complex_bins[2 * j] * complex_bins[2 * j] +
                        complex_bins[2 * j + 1] * complex_bins[2 * j + 1]);
}

static BaseStatus analyse_resolution(BaseContext *ctx, PianoFrames *frames, int r, const DspAudio *mono) {
  const PianoResolution *res = &resolutions[r];
  DspFft *fft = dsp_fft_new(res->window);
  Gather *gathers = malloc((size_t)res->bins * sizeof *gathers);
  float *memory = malloc(sizeof(float) * 5 * (size_t)res->window);
  BaseStatus status = fft && gathers && memory ? BASE_OK : base_fail_memory(ctx);
  if (status == BASE_OK) {
    float *window = memory, *windowed = memory + res->window, *bins = memory + 2 * res->window,
          *power = memory + 4 * res->window;
    for (int i = 0; i < res->window; i++)
      window[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * (i + 0.5) / res->window));
    for (int b = 0; b < res->bins; b++) gathers[b] = gather_of(r, b);
    for (size_t t = 0; t < frames->frames && status == BASE_OK; t++) {
      window_power(power, windowed, bins, fft, window, res->window, mono, (ptrdiff_t)t * PIANO_HOP);
      gather_frame(frames->power[r] + t, frames->frames, gathers, res->bins, power);
      if (t % 256 == 0 && base_cancelled(ctx)) status = base_fail_cancelled(ctx);
    }
  }
  dsp_fft_free(fft);
  free(gathers);
  free(memory);
  return status;
}

BaseStatus piano_frames_analyse(BaseContext *ctx, PianoFrames **out, const DspAudio *audio) {
  DspAudio *mono;
  BaseStatus status = dsp_audio_convert(ctx, &mono, audio, PIANO_RATE_HZ, 1);
  if (status != BASE_OK) return status;
  PianoFrames *frames = piano_frames_new(mono->frames / PIANO_HOP + 1);
  if (!frames) status = base_fail_memory(ctx);
  for (int r = 0; r < PIANO_RESOLUTIONS && status == BASE_OK; r++)
    status = analyse_resolution(ctx, frames, r, mono);
  dsp_audio_free(mono);
  if (status == BASE_OK)
    *out = frames;
  else
    piano_frames_free(frames);
  return status;
}

/* ---- the kernel ---- */

typedef struct {
  int first, n;
  float weights[PIANO_KERNEL_WIDTH];
} Row;

struct PianoKernel {
  int r, rows;
  Row *row; /* row i: a sine at bin i / PIANO_FINE − 1 */
};

/* Power of a Hann window's transform `d` spectrum bins from its peak, peak 1. */
static double hann_power(double d) {
  d = fabs(d);
  if (d < 1e-6) return 1;
  if (fabs(d - 1) < 1e-6) return 0.25;
  double s = sin(M_PI * d) / (M_PI * d * (1 - d * d));
  return s * s;
}

static double gathered(const Gather *g, double position) {
  double sum = 0;
  for (int j = 0; j < g->n; j++) {
    double d = g->first + j - position;
    if (fabs(d) < 6) sum += g->weights[j] * hann_power(d);
  }
  return sum;
}

/* Keeps the run of weights above −50 dB of the largest. */
static void trim_row(Row *row, const double *response, int bins) {
  int peak = 0;
  for (int b = 1; b < bins; b++)
    if (response[b] > response[peak]) peak = b;
  double least = 1e-5 * response[peak];
  int low = peak, high = peak;
  while (low > 0 && response[low - 1] > least && peak - low < PIANO_KERNEL_WIDTH / 2 - 1) low--;
  while (high + 1 < bins && response[high + 1] > least && high - peak < PIANO_KERNEL_WIDTH / 2 - 1) high++;
  row->first = low;
  row->n = response[peak] > 1e-4 ? high - low + 1 : 0;
  for (int i = 0; i < row->n; i++) row->weights[i] = (float)response[low + i];
}

PianoKernel *piano_kernel_new(int r) {
  const PianoResolution *res = &resolutions[r];
  PianoKernel *kernel = calloc(1, sizeof *kernel);
  Gather *gathers = malloc((size_t)res->bins * sizeof *gathers);
  double *response = malloc((size_t)res->bins * sizeof *response);
  int rows = (res->bins + 1) * PIANO_FINE;
  Row *row = calloc((size_t)rows, sizeof *row);
  if (kernel && gathers && response && row) {
    for (int b = 0; b < res->bins; b++) gathers[b] = gather_of(r, b);
    for (int i = 0; i < rows; i++) {
      double position = piano_bin_hz(r, (double)i / PIANO_FINE - 1) * res->window / PIANO_RATE_HZ;
      for (int b = 0; b < res->bins; b++) response[b] = gathered(&gathers[b], position);
      trim_row(&row[i], response, res->bins);
    }
    *kernel = (PianoKernel){r, rows, row};
  } else {
    free(kernel);
    free(row);
    kernel = NULL;
  }
  free(gathers);
  free(response);
  return kernel;
}

void piano_kernel_free(PianoKernel *kernel) {
  if (!kernel) return;
  free(kernel->row);
  free(kernel);
}

int piano_kernel_row(const PianoKernel *kernel, double hz, int *first, float *weights, float *by_hz) {
  double at = (piano_hz_bin(kernel->r, hz) + 1) * PIANO_FINE;
  if (!(at >= 0) || at >= kernel->rows - 1) return 0;
  const Row *a = &kernel->row[(int)at], *b = a + 1;
  if (!a->n || !b->n) return 0;
  float share = (float)(at - floor(at));
  int low = a->first < b->first ? a->first : b->first;
  int end = a->first + a->n > b->first + b->n ? a->first + a->n : b->first + b->n;
  int n = end - low < PIANO_KERNEL_WIDTH ? end - low : PIANO_KERNEL_WIDTH;
  float slope = (float)(PIANO_FINE * resolutions[kernel->r].bins_per_octave / (hz * M_LN2));
  for (int i = 0; i < n; i++) {
    int ia = low + i - a->first, ib = low + i - b->first;
    float wa = ia >= 0 && ia < a->n ? a->weights[ia] : 0, wb = ib >= 0 && ib < b->n ? b->weights[ib] : 0;
    weights[i] = wa + share * (wb - wa);
    if (by_hz) by_hz[i] = slope * (wb - wa);
  }
  *first = low;
  return n;
}
