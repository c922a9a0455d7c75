/* Non-negative factorisation with fixed templates: multiplicative updates lower the beta-divergence (β = 1/2)
 * between the compressed spectrum and a sum of templates (Févotte & Idier 2011; for pianos Vincent et al.
 * 2010). Frames are explained independently of each other, sixteen at a time so that all inner loops run over
 * frames. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_activations.h"

#include "core/dsp/dsp_fft.h"
#include "core/dsp/dsp_stft.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BINS = TRANSCRIPTION_BINS, BLOCK = TRANSCRIPTION_BLOCK, ITERATIONS = 20 };

static const double compression = 0.6;
static const double tuning_span_s = 90, least_agreement = 0.08;
static const float tiny = 1e-7F;

typedef float Row[BLOCK]; /* one value for each frame of the block */

struct TranscriptionActivations {
  DspLogbank *bank;
  DspFft *fft;
  DspFrames *frames;
  TranscriptionTemplates *templates;
  float before[BINS];                    /* compressed spectrum of the frame before the block */
  _Alignas(64) Row spectrum[BINS];       /* compressed */
  _Alignas(64) Row model[BINS];          /* Σ templates × activations */
  _Alignas(64) Row up[BINS], down[BINS]; /* weights of the update's numerator and denominator */
  _Alignas(64) Row activations[TRANSCRIPTION_TEMPLATES];
  _Alignas(64) Row up_sum, down_sum, floor_sum;
};

BaseStatus transcription_activations_new(BaseContext *ctx, TranscriptionActivations **out, DspStream *stream,
                                         double tuning_cents) {
  TranscriptionActivations *a = aligned_alloc(64, (sizeof *a + 63) / 64 * 64);
  if (!a) return base_fail_memory(ctx);
  memset(a, 0, sizeof *a);
  const DspLogbankParams params = {.rate_hz = TRANSCRIPTION_RATE_HZ,
                                   .bins = BINS,
                                   .bins_per_octave = 36,
                                   .tuning_cents = tuning_cents,
                                   .periods = 45,
                                   .shortest_s = 0.05,
                                   .longest_s = 0.3};
  BaseStatus status = dsp_logbank_new(ctx, &a->bank, &params);
  if (!status) status = transcription_templates_new(ctx, &a->templates, a->bank, tuning_cents, compression);
  if (!status) {
    a->fft = dsp_fft_new(dsp_logbank_window(a->bank));
    a->frames = dsp_frames_new(stream, dsp_logbank_window(a->bank), TRANSCRIPTION_HOP);
    if (!a->fft || !a->frames) status = base_fail_memory(ctx);
  }
  if (status)
    transcription_activations_free(a);
  else
    *out = a;
  return status;
}

void transcription_activations_free(TranscriptionActivations *activations) {
  if (!activations) return;
  dsp_frames_free(activations->frames);
  dsp_fft_free(activations->fft);
  dsp_logbank_free(activations->bank);
  transcription_templates_free(activations->templates);
  free(activations);
}

/* Fills column `t` of the spectrum. */
static void look(TranscriptionActivations *a, TranscriptionFrame *frame, size_t t, const float *window) {
  float *magnitudes = frame->spectrum;
  dsp_logbank_run(a->bank, a->fft, magnitudes, window);
  frame->total = 0;
  for (size_t b = 0; b < BINS; b++) {
    magnitudes[b] = powf(magnitudes[b], (float)compression);
    a->spectrum[b][t] = magnitudes[b];
    frame->total += magnitudes[b];
  }
  frame->flux = dsp_flux(magnitudes, a->before, BINS);
  memcpy(a->before, magnitudes, sizeof a->before);
}

static void add_scaled(float *restrict to, const float *restrict from, float scale) {
  for (size_t t = 0; t < BLOCK; t++) to[t] += scale * from[t];
}

static void sum_model(TranscriptionActivations *a) {
  const TranscriptionTemplates *w = a->templates;
  memset(a->floor_sum, 0, sizeof a->floor_sum);
  for (size_t i = 0; i < TRANSCRIPTION_TEMPLATES; i++)
    add_scaled(a->floor_sum, a->activations[i], w->floors[i]);
  for (size_t b = 0; b < BINS; b++) memcpy(a->model[b], a->floor_sum, sizeof(Row));
  for (size_t i = 0; i < TRANSCRIPTION_TEMPLATES; i++)
    for (size_t j = w->start[i]; j < w->start[i + 1]; j++)
      add_scaled(a->model[w->bins[j]], a->activations[i], w->weights[j]);
}

/* up = spectrum × model^(β-2), down = model^(β-1), and their sums over bins. */
static void weigh(TranscriptionActivations *a) {
  memset(a->up_sum, 0, sizeof a->up_sum);
  memset(a->down_sum, 0, sizeof a->down_sum);
  for (size_t b = 0; b < BINS; b++) {
    for (size_t t = 0; t < BLOCK; t++) {
      const float v = a->model[b][t] + tiny, root = 1 / sqrtf(v);
      a->down[b][t] = root;
      a->up[b][t] = a->spectrum[b][t] * root / v;
    }
    add_scaled(a->up_sum, a->up[b], 1);
    add_scaled(a->down_sum, a->down[b], 1);
  }
}

static void update(TranscriptionActivations *a) {
  const TranscriptionTemplates *w = a->templates;
  sum_model(a);
  weigh(a);
  for (size_t i = 0; i < TRANSCRIPTION_TEMPLATES; i++) {
    Row up = {0}, down = {0};
    add_scaled(up, a->up_sum, w->floors[i]);
    add_scaled(down, a->down_sum, w->floors[i]);
    for (size_t j = w->start[i]; j < w->start[i + 1]; j++) {
      add_scaled(up, a->up[w->bins[j]], w->weights[j]);
      add_scaled(down, a->down[w->bins[j]], w->weights[j]);
    }
    for (size_t t = 0; t < BLOCK; t++) a->activations[i][t] *= up[t] / (down[t] + tiny);
  }
}

static void start_even(TranscriptionActivations *a, const TranscriptionFrame *frames) {
  for (size_t i = 0; i < TRANSCRIPTION_TEMPLATES; i++)
    for (size_t t = 0; t < BLOCK; t++)
      a->activations[i][t] = frames[t].total / TRANSCRIPTION_TEMPLATES + tiny;
}

size_t transcription_activations_next(TranscriptionActivations *a,
                                      TranscriptionFrame frames[TRANSCRIPTION_BLOCK]) {
  size_t n = 0;
  const float *window;
  memset(frames, 0, BLOCK * sizeof *frames);
  memset(a->spectrum, 0, sizeof a->spectrum);
  while (n < BLOCK && (window = dsp_frames_next(a->frames))) {
    look(a, &frames[n], n, window);
    n++;
  }
  if (n == 0) return 0;
  start_even(a, frames);
  for (int i = 0; i < ITERATIONS; i++) update(a);
  for (size_t k = 0; k < TRANSCRIPTION_KEYS; k++)
    for (size_t t = 0; t < n; t++) {
      frames[t].struck[k] = a->activations[k * TRANSCRIPTION_STATES][t];
      for (size_t s = 0; s < TRANSCRIPTION_STATES; s++)
        frames[t].keys[k] += a->activations[k * TRANSCRIPTION_STATES + s][t];
    }
  return n;
}

BaseStatus transcription_tuning(BaseContext *ctx, double *cents, DspStream *stream) {
  double agreement = 0;
  const BaseStatus status = dsp_tuning(ctx, cents, &agreement, stream, TRANSCRIPTION_RATE_HZ, tuning_span_s);
  if (status || agreement < least_agreement) *cents = 0;
  return status;
}
