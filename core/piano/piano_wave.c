/* Each string is a complex number turned by a fixed angle and scaled by a slowly changing amplitude, which is
 * computed every 64 samples and interpolated between. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_wave.h"

#include "core/piano/piano_room.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEP = 64 };

static const double LEAST_AMPLITUDE = 2e-5, STRING_CENTS = 0.8, HIGHEST_SHARE = 0.45;
static const float LOUDEST = 0.95f;

typedef struct {
  float *samples;
  size_t frames;
  double rate_hz;
  BaseRng rng;
} Wave;

static double power_at_time(const PianoPartialSound *s, double t, double held_s) {
  double ringing = t < held_s ? t : held_s;
  double p = (1 - s->share) * exp(-ringing / s->tau1_s) + s->share * exp(-ringing / s->tau2_s) -
             exp(-ringing / s->attack_s);
  return t > held_s ? p * exp(-(t - held_s) / s->damper_s) : p;
}

/* Adds one sine whose power follows the envelope; returns when it has become inaudible. */
static void add_string(Wave *w, const PianoPartialSound *s, double power, double hz, double onset_s,
                       double held_s) {
  double angle = 2 * M_PI * hz / w->rate_hz, phase = 2 * M_PI * base_rng_uniform(&w->rng);
  double re = cos(phase), im = sin(phase), turn_re = cos(angle), turn_im = sin(angle);
  size_t first = onset_s > 0 ? (size_t)(onset_s * w->rate_hz) : 0;
  double amplitude = 0;
  for (size_t at = first; at < w->frames; at += STEP) {
    double t = (double)(at + STEP) / w->rate_hz - onset_s, p = power * power_at_time(s, t, held_s);
    double next = p > 0 ? sqrt(p) : 0, slope = (next - amplitude) / STEP;
    size_t n = w->frames - at < STEP ? w->frames - at : STEP;
    for (size_t i = 0; i < n; i++) {
      w->samples[at + i] += (float)(amplitude * im);
      amplitude += slope;
      double turned = re * turn_re - im * turn_im;
      im = re * turn_im + im * turn_re;
      re = turned;
    }
    if (next < LEAST_AMPLITUDE && t > 0.05) return;
  }
}

static void add_partials(Wave *w, const PianoModel *model, const PianoNote *note) {
  double held_s = fmax(note->end_s - note->onset_s, 0.02);
  for (int h = 1; h <= PIANO_PARTIALS; h++) {
    PianoPartialSound s = piano_model_partial(model, note->key, h, note->velocity, note->pedal);
    if (s.frequency_hz > HIGHEST_SHARE * w->rate_hz) break;
    double power = exp(s.ln_power + piano_model_equaliser(model, s.frequency_hz));
    if (sqrt(power) < LEAST_AMPLITUDE) continue;
    double apart = exp2(STRING_CENTS * base_rng_normal(&w->rng) / 1200),
           share = base_rng_range(&w->rng, 0.5, 0.9);
    add_string(w, &s, share * power, s.frequency_hz, note->onset_s, held_s);
    add_string(w, &s, (1 - share) * power, s.frequency_hz * apart, note->onset_s, held_s);
  }
}

static void add_hammer(Wave *w, const PianoModel *model, const PianoNote *note) {
  PianoPartialSound s = piano_model_hammer(model, note->key, note->velocity);
  double level = sqrt(exp(s.ln_power)), fall = exp(-0.5 / (s.tau1_s * w->rate_hz)), smooth = 0;
  double pass = 1 - exp(-2 * M_PI * 1500 / w->rate_hz);
  size_t first = note->onset_s > 0 ? (size_t)(note->onset_s * w->rate_hz) : 0;
  size_t n = (size_t)(10 * s.tau1_s * w->rate_hz);
  for (size_t i = 0; i < n && first + i < w->frames; i++) {
    smooth += pass * (base_rng_normal(&w->rng) - smooth);
    w->samples[first + i] += (float)(level * smooth);
    level *= fall;
  }
}

void piano_wave_note(float *samples, size_t frames, int32_t rate_hz, const PianoModel *model,
                     const PianoNote *note, uint64_t seed) {
  Wave w = {samples, frames, rate_hz, base_rng(seed, 43)};
  add_partials(&w, model, note);
  add_hammer(&w, model, note);
}

static double noise_level(const PianoModel *model) {
  double sum = 0;
  for (int band = 0; band < PIANO_BANDS; band++) sum += exp(model->values[PIANO_AT_NOISE + band]);
  return sqrt(sum / PIANO_BANDS);
}

BaseStatus piano_wave_render(BaseContext *ctx, DspAudio **out, const PianoModel *model, const Motion *motion,
                             const PianoWaveParams *params) {
  int32_t rate_hz = params && params->rate_hz > 0 ? params->rate_hz : 44100;
  double tail_s = params && params->tail_s > 0 ? params->tail_s : 2;
  size_t frames = (size_t)((motion_duration_s(motion) + tail_s) * rate_hz);
  PianoNotes notes = {0};
  DspAudio *audio = dsp_audio_new(frames, 1, rate_hz);
  BaseStatus status = audio ? piano_notes_of(ctx, &notes, motion) : base_fail_memory(ctx);
  if (status == BASE_OK) {
    Wave w = {audio->samples, frames, rate_hz, base_rng(ctx ? ctx->seed : 0, 41)};
    double noise = noise_level(model);
    for (size_t i = 0; i < frames; i++) audio->samples[i] = (float)(noise * base_rng_normal(&w.rng));
    for (size_t i = 0; i < notes.n && status == BASE_OK; i++) {
      add_partials(&w, model, &notes.items[i]);
      add_hammer(&w, model, &notes.items[i]);
      if (base_cancelled(ctx)) status = base_fail_cancelled(ctx);
      if (i % 64 == 0) base_progress(ctx, (double)i / (double)notes.n, "playing on the learned piano");
    }
  }
  piano_notes_clear(&notes);
  if (status == BASE_OK)
    *out = audio;
  else
    dsp_audio_free(audio);
  return status;
}

BaseStatus piano_wave_perform(BaseContext *ctx, DspAudio **out, const PianoModel *model, const Motion *motion,
                              const PianoWaveParams *params) {
  PianoRoom room = piano_room_of(model);
  BaseRng rng = base_rng(ctx ? ctx->seed : 0, 42);
  DspAudio *audio = NULL;
  BaseStatus status = piano_wave_render(ctx, &audio, model, motion, params);
  if (status == BASE_OK) status = piano_room_apply(ctx, audio, &room, &rng);
  if (status != BASE_OK) {
    dsp_audio_free(audio);
    return status;
  }
  float peak = 0;
  for (size_t i = 0; i < audio->frames; i++) peak = fmaxf(peak, fabsf(audio->samples[i]));
  for (size_t i = 0; peak > LOUDEST && i < audio->frames; i++) audio->samples[i] *= LOUDEST / peak;
  *out = audio;
  return BASE_OK;
}
