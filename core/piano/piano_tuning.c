/* Partials stand out as peaks of a long spectrum a little after each onset. How far they lie from where the
 * model expects them, in cents, gives the tuning (median over all), each key's own deviation (shrunk towards
 * the median while few peaks speak for it) and, by how the deviation grows with h², the inharmonicity.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_fit.h"

#include "core/base/base_array.h"
#include "core/dsp/dsp_fft.h"

#include <math.h>
#include <stdlib.h>

enum { WINDOW = 4096, HIGHEST_PARTIAL = 8, LEAST_PEAKS = 12 };

static const double AFTER_ONSET_S = 0.03, SEARCH_CENTS = 45, CLEAR = 30, SHRINK = 4;

typedef struct {
  double cents;
  int key, h;
} Peak;

typedef BASE_ARRAY(Peak) Peaks;

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, size_t n) {
  qsort(values, n, sizeof *values, by_value);
  return n ? 0.5 * (values[(n - 1) / 2] + values[n / 2]) : 0;
}

/* Looks for the peak nearest to `hz`; its place in spectrum bins, or a negative number when none is clear. */
static double find_peak(const float *power, double hz) {
  double at = hz * WINDOW / PIANO_RATE_HZ, reach = fmax(1.2, at * (exp2(SEARCH_CENTS / 1200) - 1));
  int low = (int)fmax(2, ceil(at - reach)), high = (int)fmin(WINDOW / 2 - 2, floor(at + reach)), best = -1;
  for (int j = low; j <= high; j++)
    if (power[j] > power[j - 1] && power[j] >= power[j + 1] && (best < 0 || power[j] > power[best])) best = j;
  if (best < 10) return -1;
  double around = 0;
  for (int j = -10; j <= 10; j++)
    if (abs(j) > 5 && best + j < WINDOW / 2) around += power[best + j] / 10;
  if (power[best] < CLEAR * around) return -1;
  double a = log(power[best - 1] + 1e-20), b = log(power[best] + 1e-20), c = log(power[best + 1] + 1e-20);
  return best + 0.5 * (a - c) / (a - 2 * b + c);
}

static int collect(Peaks *peaks, const PianoModel *model, const PianoNote *note, const float *power) {
  for (int h = 1; h <= HIGHEST_PARTIAL; h++) {
    double hz = piano_model_frequency_hz(model, note->key, h);
    if (hz > 0.45 * PIANO_RATE_HZ) break;
    double at = find_peak(power, hz);
    if (at < 0) continue;
    Peak peak = {1200 * log2(at * PIANO_RATE_HZ / WINDOW / hz), note->key, h};
    if (fabs(peak.cents) < SEARCH_CENTS && !base_array_push(peaks, peak)) return 0;
  }
  return 1;
}

static void note_power(float *power, DspFft *fft, float *block, const DspAudio *mono, size_t first) {
  for (size_t i = 0; i < WINDOW; i++) {
    double window = 0.5 - 0.5 * cos(2 * M_PI * ((double)i + 0.5) / WINDOW);
    block[i] = first + i < mono->frames ? mono->samples[first + i] * (float)window : 0;
  }
  float *pairs = block + WINDOW;
  dsp_fft_forward(fft, pairs, block);
  for (int j = 0; j < WINDOW / 2; j++)
    power[j] = pairs[2 * j] * pairs[2 * j] + pairs[2 * j + 1] * pairs[2 * j + 1];
}

static BaseStatus find_peaks(BaseContext *ctx, Peaks *peaks, const PianoModel *model, const DspAudio *mono,
                             const PianoNote *notes, size_t n, double start_s) {
  DspFft *fft = dsp_fft_new(WINDOW);
  float *block = malloc((3 * WINDOW + 8) * sizeof *block), *power = block ? block + 2 * WINDOW + 4 : NULL;
  BaseStatus status = fft && block ? BASE_OK : base_fail_memory(ctx);
  for (size_t i = 0; i < n && status == BASE_OK; i++) {
    double at = notes[i].onset_s + AFTER_ONSET_S - start_s;
    if (at < 0 || notes[i].end_s - notes[i].onset_s < 0.1 ||
        (size_t)(at * PIANO_RATE_HZ) + WINDOW > mono->frames)
      continue;
    note_power(power, fft, block, mono, (size_t)(at * PIANO_RATE_HZ));
    if (!collect(peaks, model, &notes[i], power)) status = base_fail_memory(ctx);
    if (base_cancelled(ctx)) status = base_fail_cancelled(ctx);
  }
  dsp_fft_free(fft);
  free(block);
  return status;
}

/* The whole instrument, then each key by its first partials. */
static void tune(PianoModel *model, const Peaks *peaks, double *values) {
  size_t n = 0;
  for (size_t i = 0; i < peaks->n; i++)
    if (peaks->items[i].h <= 3) values[n++] = peaks->items[i].cents;
  double all = median(values, n);
  model->values[PIANO_AT_TUNING] += (float)all;
  for (int key = 0; key < PIANO_KEYS; key++) {
    n = 0;
    for (size_t i = 0; i < peaks->n; i++)
      if (peaks->items[i].key == key && peaks->items[i].h <= 3) values[n++] = peaks->items[i].cents - all;
    model->values[PIANO_AT_KEY_TUNING + key] += (float)(median(values, n) * (double)n / ((double)n + SHRINK));
  }
}

/* 865.6 cents is 1200 log2(e) / 2: the slope of a partial's sharpness by B h². */
static void stiffen(PianoModel *model, const Peaks *peaks, double *values) {
  size_t n = 0;
  for (size_t i = 0; i < peaks->n; i++) {
    const Peak *p = &peaks->items[i];
    if (p->h < 4 || p->key > 60) continue;
    double midi = p->key + 21, b = exp(0.1 * model->values[PIANO_AT_INHARMONICITY] * midi +
                                       model->values[PIANO_AT_INHARMONICITY + 1]) +
                                   exp(0.1 * model->values[PIANO_AT_INHARMONICITY + 2] * midi +
                                       model->values[PIANO_AT_INHARMONICITY + 3]);
    double own = model->values[PIANO_AT_TUNING] + model->values[PIANO_AT_KEY_TUNING + p->key];
    values[n++] = (p->cents - own) / (865.6 * b * (p->h * p->h - 1));
  }
  if (n < LEAST_PEAKS) return;
  double ratio = median(values, n);
  ratio = ratio < -0.6 ? -0.6 : ratio > 2 ? 2 : ratio;
  model->values[PIANO_AT_INHARMONICITY + 1] += (float)log1p(ratio);
  model->values[PIANO_AT_INHARMONICITY + 3] += (float)log1p(ratio);
}

BaseStatus piano_fit_tuning(BaseContext *ctx, PianoModel *model, const DspAudio *mono, const PianoNote *notes,
                            size_t n, double start_s) {
  Peaks peaks = {0};
  BaseStatus status = find_peaks(ctx, &peaks, model, mono, notes, n, start_s);
  double *values = malloc((peaks.n + 1) * sizeof *values);
  if (!values) status = base_fail_memory(ctx);
  if (status == BASE_OK && peaks.n >= LEAST_PEAKS) {
    PianoModel tuned = *model;
    tune(&tuned, &peaks, values);
    stiffen(&tuned, &peaks, values);
    piano_model_clamp(&tuned);
    *model = tuned;
  }
  base_array_clear(&peaks);
  free(values);
  return status;
}
