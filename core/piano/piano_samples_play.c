/* Each note is the nearest sample read at another speed through a windowed sinc of eight taps. Undamped strings
 * answer as comb filters (Karplus & Strong 1983) that the sound itself drives; a damper falling back is a short dull
 * thump. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_samples_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = PIANO_SAMPLES_RATE_HZ, TAPS = 8, PHASES = 128, BLOCK = 64 };
static const double BRUSHED = 16; /* times longer a string rings under a nearly lifted damper */

enum { STRINGS = 64, LONGEST_STRING = 640, FIRST_UNDAMPED = 90 };

typedef struct {
  float taps[PHASES + 1][TAPS];
} Kernel;

static void kernel_init(Kernel *kernel) {
  for (int p = 0; p <= PHASES; p++)
    for (int i = 0; i < TAPS; i++) {
      const double x = i - (TAPS / 2 - 1) - (double)p / PHASES, w = cos(M_PI * x / TAPS);
      kernel->taps[p][i] = (float)(fabs(x) < 1e-9 ? 1 : fabs(x) >= TAPS / 2.0 ? 0 : sin(M_PI * x) / (M_PI * x) * w * w);
    }
}

static float read_at(const Kernel *kernel, const PianoSample *sample, double at) {
  const ptrdiff_t whole = (ptrdiff_t)floor(at), first = whole - (TAPS / 2 - 1);
  const float *taps = kernel->taps[(int)((at - (double)whole) * PHASES + 0.5)];
  float sum = 0;
  if (first < 0) {
    for (int i = (int)-first; i < TAPS; i++) sum += taps[i] * sample->values[first + i];
    return sum;
  }
  for (int i = 0; i < TAPS; i++) sum += taps[i] * sample->values[first + i];
  return sum;
}

/* Of the nearest recorded key, the layer nearest to `velocity`. */
static const PianoSample *choose(const PianoSamples *samples, int midi, float velocity) {
  const PianoSample *best = NULL;
  float least = INFINITY;
  for (size_t i = 0; i < samples->all.n; i++) {
    const PianoSample *sample = &samples->all.items[i];
    const float far = 1000 * fabsf((float)(sample->midi - midi)) + fabsf(sample->velocity - velocity);
    if (far < least) least = far, best = sample;
  }
  return best;
}

/* One string of one note. */
typedef struct {
  const PianoSample *sample;
  double start, step; /* in output frames; sample frames per output frame */
  double damped, half;    /* output frames: the damper touches the string, and lies on it with all its weight */
  float gain, brush, keep; /* brush and keep: of the sound, a frame, once touched and once damped */
} String;

static void sound(DspAudio *mono, const Kernel *kernel, const String *s) {
  size_t t = (size_t)ceil(fmax(s->start, 0));
  double at = ((double)t - s->start) * s->step;
  float gain = s->gain * s->sample->scale;
  const float silent = 1e-5F * s->gain * s->sample->scale;
  for (; t < mono->frames && at < (double)s->sample->n; t++, at += s->step) {
    if ((double)t > s->damped) gain *= (double)t > s->half ? s->keep : s->brush;
    if (gain < silent) break;
    mono->samples[t] += gain * read_at(kernel, s->sample, at);
  }
}

static void thump(DspAudio *mono, double at_s, float level, BaseRng *rng) {
  const size_t first = (size_t)(fmax(at_s, 0) * RATE), n = RATE / 10;
  float low = 0, gain = level * (float)base_rng_range(rng, 0.3, 1);
  for (size_t i = 0; i < n && first + i < mono->frames; i++, gain *= 0.9975F) {
    low += 0.12F * ((float)base_rng_normal(rng) - low);
    mono->samples[first + i] += gain * 3 * low;
  }
}

/* How deep the sustain pedal stands at `at_s`, and until when. */
static int depth_at(double *until_s, const Motion *motion, double at_s) {
  int depth = 0;
  *until_s = INFINITY;
  for (size_t i = 0; i < motion->pedals.n; i++) {
    const MotionPedal *pedal = &motion->pedals.items[i];
    if (pedal->pedal != MOTION_SUSTAIN) continue;
    if (pedal->time_s > at_s) {
      *until_s = pedal->time_s;
      break;
    }
    depth = pedal->depth;
  }
  return depth;
}

/* A pedal pressed less than half way takes weight off the dampers: the sound dies more slowly. */
static void damp(String *s, const Motion *motion, double end_s, double damper_s) {
  double until_s;
  const double share = depth_at(&until_s, motion, end_s) / 64.0;
  s->damped = end_s * RATE;
  s->half = share > 0 && share < 1 ? until_s * RATE : s->damped;
  s->brush = (float)exp(-1 / (damper_s * (1 + BRUSHED * share * share) * RATE));
  s->keep = (float)exp(-1 / (damper_s * RATE));
}

static void play_note(DspAudio *mono, const Kernel *kernel, const PianoSamples *samples, const MotionNote *note,
                      double end_s, const Motion *motion, const PianoSamplesSetup *setup) {
  const int key = note->midi - MOTION_LOWEST_KEY;
  if (key < 0 || key >= MOTION_KEYS) return;
  const PianoSample *sample = choose(samples, note->midi, note->velocity + setup->layer_shift);
  const double db = 0.3 * (note->velocity - sample->velocity) + setup->dynamics_db * (note->velocity - 64) / 64 +
                    setup->key_db[key];
  const double cents = 100 * (note->midi - sample->midi) + setup->key_cents[key];
  const double damper_s = (setup->damper_s > 0 ? setup->damper_s : 0.06) * exp2((60 - note->midi) / 20.0);
  String s = {.sample = sample,
              .start = note->onset_s * RATE,
              .step = exp2(cents / 1200),
              .damped = INFINITY,
              .gain = (float)pow(10, db / 20)};
  if (note->midi < FIRST_UNDAMPED) damp(&s, motion, end_s, damper_s);
  sound(mono, kernel, &s);
  if (!(setup->unison_share > 0)) return;
  s.step *= exp2(setup->unison_cents / 1200);
  s.gain *= setup->unison_share;
  sound(mono, kernel, &s);
}

/* ---- undamped strings ---- */

typedef struct {
  float line[LONGEST_STRING], low;
  int length, at;
  float part;         /* fractional delay */
  float keep[2];      /* a round trip, damped and lifted */
} Comb;

static void comb_init(Comb *comb, int midi, float lifted_s) {
  const double period = RATE / (440 * exp2((midi - 69) / 12.0)) - 0.5;
  memset(comb, 0, sizeof *comb);
  comb->length = (int)period;
  comb->part = (float)(period - comb->length);
  const double rt60_s[2] = {0.12, lifted_s};
  for (int i = 0; i < 2; i++) comb->keep[i] = (float)pow(10, -3 * period / RATE / rt60_s[i]);
}

static void comb_run(Comb *comb, float *out, const float *in, size_t n, bool lifted) {
  const float keep = comb->keep[lifted];
  for (size_t i = 0; i < n; i++) {
    const int next = comb->at + 1 < comb->length ? comb->at + 1 : 0;
    const float y = comb->line[comb->at] * comb->part + comb->line[next] * (1 - comb->part);
    const float smooth = 0.5F * (y + comb->low);
    comb->low = y;
    comb->line[comb->at] = in[i] + keep * smooth;
    out[i] += smooth;
    comb->at = next;
  }
}

/* For each block and key whether its damper is up, one bit a key. */
static uint64_t *lifted_strings(const Motion *motion, size_t blocks) {
  uint64_t *lifted = calloc(blocks + 1, sizeof *lifted);
  if (!lifted) return NULL;
  for (size_t i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    const int string = note->midi - MOTION_LOWEST_KEY;
    if (string < 0 || string >= STRINGS) continue;
    for (size_t b = (size_t)(fmax(note->onset_s, 0) * RATE / BLOCK);
         b < blocks && (double)b * BLOCK < note->key_up_s * RATE; b++)
      lifted[b] |= (uint64_t)1 << string;
  }
  for (size_t i = 0; i < motion->pedals.n; i++) {
    const MotionPedal *pedal = &motion->pedals.items[i];
    if (pedal->pedal != MOTION_SUSTAIN || pedal->depth < 64) continue;
    double until_s = INFINITY;
    for (size_t j = i + 1; j < motion->pedals.n && until_s == INFINITY; j++)
      if (motion->pedals.items[j].pedal == MOTION_SUSTAIN) until_s = motion->pedals.items[j].time_s;
    for (size_t b = (size_t)(fmax(pedal->time_s, 0) * RATE / BLOCK); b < blocks && (double)b * BLOCK < until_s * RATE; b++)
      lifted[b] = ~(uint64_t)0;
  }
  return lifted;
}

static double power(const float *x, size_t n) {
  double sum = 1e-12;
  for (size_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
  return sum;
}

static BaseStatus resonate(BaseContext *ctx, DspAudio *mono, const Motion *motion, const PianoSamplesSetup *setup) {
  const size_t blocks = mono->frames / BLOCK;
  Comb *comb = malloc(sizeof *comb);
  float *wet = calloc(mono->frames + 1, sizeof *wet);
  uint64_t *lifted = lifted_strings(motion, blocks);
  const bool fine = comb && wet && lifted;
  for (int string = 0; fine && string < STRINGS; string++) {
    comb_init(comb, string + MOTION_LOWEST_KEY, setup->resonance_s);
    for (size_t b = 0; b < blocks; b++)
      comb_run(comb, wet + b * BLOCK, mono->samples + b * BLOCK, BLOCK, lifted[b] >> string & 1);
  }
  if (fine) {
    const double gain = sqrt(power(mono->samples, mono->frames) / power(wet, mono->frames)) * pow(10, setup->resonance_db / 20);
    for (size_t i = 0; i < mono->frames; i++) mono->samples[i] += (float)gain * wet[i];
  }
  free(comb);
  free(wet);
  free(lifted);
  return fine ? BASE_OK : base_fail_memory(ctx);
}

/* ---- the whole ---- */

static void play_all(DspAudio *mono, const PianoSamples *samples, const Motion *motion, const double *ends,
                     const PianoSamplesSetup *setup, BaseRng *rng) {
  Kernel kernel;
  kernel_init(&kernel);
  const float level = setup->thump_db < 0 ? powf(10, setup->thump_db / 20) : 0;
  for (size_t i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    play_note(mono, &kernel, samples, note, ends[i], motion, setup);
    if (level > 0 && note->midi < FIRST_UNDAMPED) thump(mono, ends[i], level, rng);
  }
}

BaseStatus piano_samples_render(BaseContext *ctx, DspAudio **out, const PianoSamples *samples, const Motion *motion,
                                const PianoSamplesSetup *setup, double tail_s, BaseRng *rng) {
  static const PianoSamplesSetup as_recorded;
  if (!setup) setup = &as_recorded;
  double *ends = malloc((motion->notes.n + 1) * sizeof *ends);
  DspAudio *mono = dsp_audio_new((size_t)((motion_duration_s(motion) + tail_s) * RATE) + BLOCK, 1, RATE);
  BaseStatus status = ends && mono ? BASE_OK : base_fail_memory(ctx);
  if (status == BASE_OK) {
    motion_sound_ends(ends, motion);
    play_all(mono, samples, motion, ends, setup, rng);
    if (setup->resonance_db < 0 && setup->resonance_s > 0) status = resonate(ctx, mono, motion, setup);
  }
  free(ends);
  if (status == BASE_OK)
    *out = mono;
  else
    dsp_audio_free(mono);
  return status;
}

PianoSamplesSetup piano_samples_setup_sample(BaseRng *rng) {
  PianoSamplesSetup s = {0};
  const double worn = base_rng_uniform(rng) < 0.25 ? base_rng_range(rng, 2, 9) : base_rng_range(rng, 0, 2.5);
  const double uneven = base_rng_range(rng, 0, 2.5);
  for (int k = 0; k < MOTION_KEYS; k++) {
    s.key_cents[k] = (float)(worn * base_rng_normal(rng));
    s.key_db[k] = (float)(uneven * base_rng_normal(rng));
  }
  s.dynamics_db = (float)base_rng_range(rng, -2, 17);
  s.layer_shift = (float)(14 * base_rng_normal(rng));
  if (base_rng_uniform(rng) < 0.25) {
    s.unison_cents = (float)(base_rng_range(rng, 1, 12) * (base_rng_uniform(rng) < 0.5 ? -1 : 1));
    s.unison_share = (float)base_rng_range(rng, 0.2, 0.9);
  }
  s.damper_s = (float)exp(base_rng_range(rng, log(0.025), log(0.14)));
  if (base_rng_uniform(rng) < 0.6) {
    s.resonance_db = (float)base_rng_range(rng, -30, -8);
    s.resonance_s = (float)base_rng_range(rng, 1, 6);
  }
  if (base_rng_uniform(rng) < 0.5) s.thump_db = (float)base_rng_range(rng, -75, -42);
  return s;
}
