/* Each string is a complex number turned by a fixed angle and scaled by a slowly changing amplitude, which is
 * computed every 64 samples and interpolated between. A motion is walked through in blocks: a note is added
 * whole when its block comes, into a window that reaches as far ahead as a string is followed.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_wave.h"

#include "core/piano/piano_room.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { STEP = 64, BLOCK_S = 10, FOLLOWED_S = 60 };

static const double LEAST_AMPLITUDE = 2e-5, STRING_CENTS = 0.8, HIGHEST_SHARE = 0.45;
static const double FADE_S = 5; /* at the end of what is followed of a string */
static const float LOUDEST = 0.95f;

/* Frames [from, to) of a sound. */
typedef struct {
  float *samples;
  size_t from, to;
  double rate_hz;
  BaseRng rng;
} Wave;

static double power_at_time(const PianoPartialSound *s, double t, double held_s) {
  double ringing = t < held_s ? t : held_s;
  double p = (1 - s->share) * exp(-ringing / s->tau1_s) + s->share * exp(-ringing / s->tau2_s) -
             exp(-ringing / s->attack_s);
  if (t > FOLLOWED_S - FADE_S) p *= fmax(0, (FOLLOWED_S - t) / FADE_S);
  return t > held_s ? p * exp(-(t - held_s) / s->damper_s) : p;
}

static size_t first_frame(const Wave *w, const PianoNote *note) {
  return note->onset_s > 0 ? (size_t)(note->onset_s * w->rate_hz) : 0;
}

/* Adds one sine whose power follows the envelope; returns when it has become inaudible. */
static void add_string(Wave *w, const PianoPartialSound *s, double power, double hz, const PianoNote *note) {
  double angle = 2 * M_PI * hz / w->rate_hz, phase = 2 * M_PI * base_rng_uniform(&w->rng);
  double re = cos(phase), im = sin(phase), turn_re = cos(angle), turn_im = sin(angle);
  double amplitude = 0, held_s = fmax(note->end_s - note->onset_s, 0.02);
  for (size_t at = first_frame(w, note); at < w->to; at += STEP) {
    double t = (double)(at + STEP) / w->rate_hz - note->onset_s, p = power * power_at_time(s, t, held_s);
    double next = p > 0 ? sqrt(p) : 0, slope = (next - amplitude) / STEP;
    size_t n = w->to - at < STEP ? w->to - at : STEP;
    for (size_t i = 0; i < n; i++) {
      w->samples[at - w->from + i] += (float)(amplitude * im);
      amplitude += slope;
      double turned = re * turn_re - im * turn_im;
      im = re * turn_im + im * turn_re;
      re = turned;
    }
    if (next < LEAST_AMPLITUDE && t > 0.05) return;
  }
}

static void add_partials(Wave *w, const PianoModel *model, const PianoNote *note) {
  for (int h = 1; h <= PIANO_PARTIALS; h++) {
    PianoPartialSound s = piano_model_partial(model, note->key, h, note->velocity, note->pedal);
    if (s.frequency_hz > HIGHEST_SHARE * w->rate_hz) break;
    double power = exp(s.ln_power + piano_model_equaliser(model, s.frequency_hz));
    if (sqrt(power) < LEAST_AMPLITUDE) continue;
    double apart = exp2(STRING_CENTS * base_rng_normal(&w->rng) / 1200),
           share = base_rng_range(&w->rng, 0.5, 0.9);
    add_string(w, &s, share * power, s.frequency_hz, note);
    add_string(w, &s, (1 - share) * power, s.frequency_hz * apart, note);
  }
}

static void add_hammer(Wave *w, const PianoModel *model, const PianoNote *note) {
  PianoPartialSound s = piano_model_hammer(model, note->key, note->velocity);
  double level = sqrt(exp(s.ln_power)), fall = exp(-0.5 / (s.tau1_s * w->rate_hz)), smooth = 0;
  double pass = 1 - exp(-2 * M_PI * 1500 / w->rate_hz);
  size_t first = first_frame(w, note), n = (size_t)(10 * s.tau1_s * w->rate_hz);
  for (size_t at = first; at < first + n && at < w->to; at++) {
    smooth += pass * (base_rng_normal(&w->rng) - smooth);
    w->samples[at - w->from] += (float)(level * smooth);
    level *= fall;
  }
}

void piano_wave_note(float *samples, size_t frames, int32_t rate_hz, const PianoModel *model,
                     const PianoNote *note, uint64_t seed) {
  Wave w = {samples, 0, frames, rate_hz, base_rng(seed, 43)};
  add_partials(&w, model, note);
  add_hammer(&w, model, note);
}

static double noise_level(const PianoModel *model) {
  double sum = 0;
  for (int band = 0; band < PIANO_BANDS; band++) sum += exp(model->values[PIANO_AT_NOISE + band]);
  return sqrt(sum / PIANO_BANDS);
}

/* ---- from the first block to the last ---- */

typedef struct {
  BaseContext *ctx;
  const PianoModel *model;
  PianoNotes notes;
  size_t at_note, block, frames; /* frames: of the whole sound */
  Wave window;
  BaseRng noise_rng;
  double noise;
} Walk;

static void fill_noise(Walk *walk, size_t from, size_t to) {
  for (size_t at = from; at < to; at++)
    walk->window.samples[at - walk->window.from] = (float)(walk->noise * base_rng_normal(&walk->noise_rng));
}

static BaseStatus walk_init(BaseContext *ctx, Walk *walk, const PianoModel *model, const Motion *motion,
                            const PianoWaveParams *params) {
  int32_t rate_hz = params && params->rate_hz > 0 ? params->rate_hz : 44100;
  double tail_s = params && params->tail_s > 0 ? params->tail_s : 2;
  uint64_t seed = ctx ? ctx->seed : 0;
  *walk = (Walk){.ctx = ctx, .model = model, .noise = noise_level(model), .noise_rng = base_rng(seed, 41)};
  walk->frames = (size_t)((motion_duration_s(motion) + tail_s) * rate_hz);
  walk->block = BLOCK_S * (size_t)rate_hz;
  size_t reach = walk->block + FOLLOWED_S * (size_t)rate_hz,
         size = walk->frames < reach ? walk->frames : reach;
  walk->window = (Wave){malloc((size + 1) * sizeof(float)), 0, size, rate_hz, base_rng(seed, 44)};
  if (!walk->window.samples) return base_fail_memory(ctx);
  fill_noise(walk, 0, size);
  return piano_notes_of(ctx, &walk->notes, motion);
}

static void walk_clear(Walk *walk) {
  free(walk->window.samples);
  piano_notes_clear(&walk->notes);
}

/* The next block, valid until the following call: `*n` frames of it, 0 at the end. */
static BaseStatus walk_on(Walk *walk, float **samples, size_t *n) {
  Wave *w = &walk->window;
  size_t left = walk->frames - w->from, end = w->from + (left < walk->block ? left : walk->block);
  for (; walk->at_note < walk->notes.n; walk->at_note++) {
    const PianoNote *note = &walk->notes.items[walk->at_note];
    if (first_frame(w, note) >= end) break;
    if (base_cancelled(walk->ctx)) return base_fail_cancelled(walk->ctx);
    add_partials(w, walk->model, note);
    add_hammer(w, walk->model, note);
  }
  *samples = w->samples;
  *n = end - w->from;
  base_progress(walk->ctx, walk->frames ? (double)end / (double)walk->frames : 1,
                "playing on the learned piano");
  return BASE_OK;
}

/* Moves the window past the block that was handed out. */
static void walk_past(Walk *walk, size_t n) {
  Wave *w = &walk->window;
  size_t size = w->to - w->from, filled = w->to;
  memmove(w->samples, w->samples + n, (size - n) * sizeof(float));
  w->from += n;
  w->to = w->from + size < walk->frames ? w->from + size : walk->frames;
  fill_noise(walk, filled, w->to);
}

BaseStatus piano_wave_render(BaseContext *ctx, DspAudio **out, const PianoModel *model, const Motion *motion,
                             const PianoWaveParams *params) {
  Walk walk;
  DspAudio *audio = NULL;
  float *block;
  size_t n = 0;
  BaseStatus status = walk_init(ctx, &walk, model, motion, params);
  if (status == BASE_OK) audio = dsp_audio_new(walk.frames, 1, (int32_t)walk.window.rate_hz);
  if (status == BASE_OK && !audio) status = base_fail_memory(ctx);
  for (size_t done = 0; status == BASE_OK && done < walk.frames; done += n) {
    status = walk_on(&walk, &block, &n);
    if (status != BASE_OK) break;
    memcpy(audio->samples + done, block, n * sizeof(float));
    walk_past(&walk, n);
  }
  walk_clear(&walk);
  if (status == BASE_OK)
    *out = audio;
  else
    dsp_audio_free(audio);
  return status;
}

/* ---- in a room, to a file ---- */

/* A walk with its reverberation, `gain` times as loud, to `writer`; `*peak` is what it reached. */
static BaseStatus perform(BaseContext *ctx, float *peak, DspWriter *writer, Walk *walk, float gain) {
  PianoReverb *reverb = NULL;
  PianoRoom room = piano_room_of(walk->model);
  float *block;
  size_t n = 0;
  BaseStatus status = piano_reverb_new(ctx, &reverb, &room, walk->window.rate_hz, ctx->seed);
  *peak = 0;
  while (status == BASE_OK && walk->window.from < walk->frames) {
    status = walk_on(walk, &block, &n);
    if (status != BASE_OK) break;
    piano_reverb_add(reverb, block, n);
    for (size_t i = 0; i < n; i++) {
      block[i] *= gain;
      *peak = fmaxf(*peak, fabsf(block[i]));
    }
    status = dsp_writer_write(ctx, writer, block, n);
    walk_past(walk, n);
  }
  piano_reverb_free(reverb);
  return status;
}

/* `*gain`, in: how loud; out: how loud it should have been, the same when the file was kept. */
static BaseStatus take(BaseContext *ctx, double *duration_s, float *gain, const char *path,
                       const PianoModel *model, const Motion *motion, const PianoWaveParams *params) {
  DspWriter *writer = NULL;
  Walk walk;
  float peak = 0;
  BaseStatus status = walk_init(ctx, &walk, model, motion, params);
  if (status == BASE_OK) status = dsp_writer_open(ctx, &writer, path, (int32_t)walk.window.rate_hz, 1);
  if (status == BASE_OK) status = perform(ctx, &peak, writer, &walk, *gain);
  bool clipped = *gain == 1 && peak > LOUDEST;
  if (status == BASE_OK && !clipped) status = dsp_writer_commit(ctx, writer);
  if (status == BASE_OK && duration_s) *duration_s = (double)walk.frames / walk.window.rate_hz;
  if (clipped) *gain = LOUDEST / peak;
  dsp_writer_free(writer);
  walk_clear(&walk);
  return status;
}

BaseStatus piano_wave_file(BaseContext *ctx, double *duration_s, const char *path, const PianoModel *model,
                           const Motion *motion, const PianoWaveParams *params) {
  float gain = 1;
  BaseContext first = base_context_step(ctx, 0, 0.5), second = base_context_step(ctx, 0.5, 1);
  BaseStatus status = take(&first, duration_s, &gain, path, model, motion, params);
  if (status != BASE_OK) return base_context_join(ctx, &first, status);
  if (gain == 1) return BASE_OK;
  status = take(&second, duration_s, &gain, path, model, motion, params);
  return status == BASE_OK ? status : base_context_join(ctx, &second, status);
}
