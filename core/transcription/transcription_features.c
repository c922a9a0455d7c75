/* Hann spectra gathered by triangles on a logarithmic axis, as amplitudes in dB below the recording's own
 * level. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_features.h"

#include "core/dsp/dsp_fft.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_ROW = 128, RESOLUTIONS = FEATURES_CHANNELS };

static const int windows[RESOLUTIONS] = {FEATURES_WINDOW, FEATURES_WINDOW / 4};
static const float range_db = 80;

typedef struct {
  int first, n;
  float weights[LONGEST_ROW];
} Row;

struct TranscriptionFeatures {
  DspFft *fft[RESOLUTIONS];
  float *hann[RESOLUTIONS];
  Row *rows[RESOLUTIONS];
  float block[FEATURES_WINDOW], pairs[FEATURES_WINDOW + 2], power[FEATURES_WINDOW / 2 + 1];
};

static double centre_hz(double bin, double tuning_cents) {
  return 27.5 * exp2((bin - 1) / 36 + tuning_cents / 1200);
}

/* A triangle reaching to the neighbouring centres, at least two spectrum bins wide to either side. */
static Row row_of(int bin, int window, double tuning_cents) {
  double step = (double)FEATURES_RATE_HZ / window, centre = centre_hz(bin, tuning_cents) / step;
  double low = fmin(centre_hz(bin - 1, tuning_cents) / step, centre - 1.2);
  double high = fmax(centre_hz(bin + 1, tuning_cents) / step, centre + 1.2), sum = 0;
  Row row = {(int)fmax(1, ceil(low)), 0, {0}};
  for (int j = row.first; j <= window / 2 && j < high && row.n < LONGEST_ROW; j++) {
    double w = j < centre ? (j - low) / (centre - low) : (high - j) / (high - centre);
    row.weights[row.n++] = (float)fmax(w, 0);
    sum += fmax(w, 0);
  }
  for (int i = 0; i < row.n && sum > 0; i++) row.weights[i] /= (float)sum;
  return row;
}

TranscriptionFeatures *transcription_features_new(double tuning_cents) {
  TranscriptionFeatures *f = calloc(1, sizeof *f);
  if (!f) return NULL;
  for (int r = 0; r < RESOLUTIONS; r++) {
    int n = windows[r];
    f->fft[r] = dsp_fft_new((size_t)n);
    f->hann[r] = malloc((size_t)n * sizeof(float));
    f->rows[r] = malloc(FEATURES_BINS * sizeof(Row));
    if (!f->fft[r] || !f->hann[r] || !f->rows[r]) {
      transcription_features_free(f);
      return NULL;
    }
    for (int i = 0; i < n; i++) f->hann[r][i] = (float)((2 - 2 * cos(2 * M_PI * (i + 0.5) / n)) / n);
    for (int b = 0; b < FEATURES_BINS; b++) f->rows[r][b] = row_of(b, n, tuning_cents);
  }
  return f;
}

void transcription_features_free(TranscriptionFeatures *f) {
  if (!f) return;
  for (int r = 0; r < RESOLUTIONS; r++) {
    dsp_fft_free(f->fft[r]);
    free(f->hann[r]);
    free(f->rows[r]);
  }
  free(f);
}

static void run_resolution(TranscriptionFeatures *f, float *out, int r, const float *window, float floor_db) {
  int n = windows[r];
  const float *middle = window + (FEATURES_WINDOW - n) / 2;
  for (int i = 0; i < n; i++) f->block[i] = middle[i] * f->hann[r][i];
  dsp_fft_forward(f->fft[r], f->pairs, f->block);
  for (int j = 0; j <= n / 2; j++) {
    float re = f->pairs[2 * j], im = f->pairs[2 * j + 1];
    f->power[j] = re * re + im * im;
  }
  for (int b = 0; b < FEATURES_BINS; b++) {
    const Row *row = &f->rows[r][b];
    float sum = 0;
    for (int i = 0; i < row->n; i++) sum += row->weights[i] * f->power[row->first + i];
    float x = (10 * log10f(sum + 1e-20f) - floor_db) / range_db;
    out[b * FEATURES_CHANNELS + r] = x < 0 ? 0 : x > 1.25f ? 1.25f : x;
  }
}

void transcription_features_run(TranscriptionFeatures *f, float *out, const float *window, double level) {
  float floor_db = (float)(20 * log10(level)) - range_db;
  for (int r = 0; r < RESOLUTIONS; r++) run_resolution(f, out, r, window, floor_db);
}

BaseStatus transcription_features_all(BaseContext *ctx, float **out, size_t *frames, const DspAudio *mono,
                                      double tuning_cents) {
  size_t n = mono->frames / FEATURES_HOP + 1;
  const double level = transcription_level_of_sound(mono);
  float *made = malloc(n * FEATURES_BINS * FEATURES_CHANNELS * sizeof *made);
  TranscriptionFeatures *f = transcription_features_new(tuning_cents);
  float *window = malloc(FEATURES_WINDOW * sizeof *window);
  BaseStatus status = made && f && window ? BASE_OK : base_fail_memory(ctx);
  for (size_t t = 0; t < n && status == BASE_OK; t++) {
    ptrdiff_t first = (ptrdiff_t)(t * FEATURES_HOP) - FEATURES_WINDOW / 2;
    for (ptrdiff_t i = 0; i < FEATURES_WINDOW; i++) {
      ptrdiff_t at = first + i;
      window[i] = at >= 0 && at < (ptrdiff_t)mono->frames ? mono->samples[at] : 0;
    }
    transcription_features_run(f, made + t * FEATURES_BINS * FEATURES_CHANNELS, window, level);
  }
  transcription_features_free(f);
  free(window);
  if (status != BASE_OK) {
    free(made);
    return status;
  }
  *out = made;
  *frames = n;
  return BASE_OK;
}
