/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_room.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 8, LONGEST_LINE = 8192 };

/* ---- second-order filters (Bristow-Johnson's forms) ---- */

typedef struct {
  double b0, b1, b2, a1, a2, x1, x2, y1, y2;
} Biquad;

static float biquad(Biquad *q, float x) {
  double y = q->b0 * x + q->b1 * q->x1 + q->b2 * q->x2 - q->a1 * q->y1 - q->a2 * q->y2;
  q->x2 = q->x1;
  q->x1 = x;
  q->y2 = q->y1;
  q->y1 = y;
  return (float)y;
}

static Biquad normalised(double b0, double b1, double b2, double a0, double a1, double a2) {
  return (Biquad){b0 / a0, b1 / a0, b2 / a0, a1 / a0, a2 / a0, 0, 0, 0, 0};
}

static Biquad peaking(double hz, double db, double q, double rate_hz) {
  double a = pow(10, db / 40), w = 2 * M_PI * hz / rate_hz, alpha = sin(w) / (2 * q);
  return normalised(1 + alpha * a, -2 * cos(w), 1 - alpha * a, 1 + alpha / a, -2 * cos(w), 1 - alpha / a);
}

static Biquad high_shelf(double hz, double db, double rate_hz) {
  double a = pow(10, db / 40), w = 2 * M_PI * hz / rate_hz, c = cos(w),
         s = sin(w) * M_SQRT1_2 * 2 * sqrt(a) * 0.5;
  return normalised(a * ((a + 1) + (a - 1) * c + 2 * s), -2 * a * ((a - 1) + (a + 1) * c),
                    a * ((a + 1) + (a - 1) * c - 2 * s), (a + 1) - (a - 1) * c + 2 * s,
                    2 * ((a - 1) - (a + 1) * c), (a + 1) - (a - 1) * c - 2 * s);
}

static Biquad low_pass(double hz, double rate_hz) {
  double w = 2 * M_PI * hz / rate_hz, c = cos(w), alpha = sin(w) * M_SQRT1_2;
  return normalised((1 - c) / 2, 1 - c, (1 - c) / 2, 1 + alpha, -2 * c, 1 - alpha);
}

static Biquad high_pass(double hz, double rate_hz) {
  double w = 2 * M_PI * hz / rate_hz, c = cos(w), alpha = sin(w) * M_SQRT1_2;
  return normalised((1 + c) / 2, -(1 + c), (1 + c) / 2, 1 + alpha, -2 * c, 1 - alpha);
}

static void filter(DspAudio *mono, Biquad q) {
  for (size_t i = 0; i < mono->frames; i++) mono->samples[i] = biquad(&q, mono->samples[i]);
}

/* ---- the room ---- */

struct PianoReverb {
  float line[LINES][LONGEST_LINE], low[LINES];
  int length[LINES], at[LINES];
  float keep[LINES], pass, gain;
};

static void reverb_init(PianoReverb *r, const PianoRoom *room, double rate_hz, BaseRng *rng) {
  memset(r, 0, sizeof *r);
  double size_s = 0.012 + 0.03 * fmin(room->reverb_s, 2) / 2;
  for (int i = 0; i < LINES; i++) {
    double length_s = size_s * (1 + 0.9 * i / LINES) * base_rng_range(rng, 0.95, 1.05);
    r->length[i] = (int)fmin(LONGEST_LINE - 1, fmax(16, length_s * rate_hz));
    r->keep[i] = (float)pow(10, -3 * r->length[i] / rate_hz / room->reverb_s);
  }
  double hz = room->damping_hz > 0 ? room->damping_hz : 4000;
  r->pass = (float)(1 - exp(-2 * M_PI * hz / rate_hz));
}

/* One sample through the network; the lines are mixed by a Householder reflection. */
static float reverb_run(PianoReverb *r, float x) {
  float out[LINES], sum = 0, heard = 0;
  for (int i = 0; i < LINES; i++) {
    out[i] = r->line[i][r->at[i]];
    r->low[i] += r->pass * (out[i] - r->low[i]);
    out[i] = r->keep[i] * (0.35f * out[i] + 0.65f * r->low[i]);
    sum += out[i];
    heard += i % 2 ? -out[i] : out[i];
  }
  for (int i = 0; i < LINES; i++) {
    r->line[i][r->at[i]] = x + out[i] - sum * (2.0f / LINES);
    r->at[i] = (r->at[i] + 1) % r->length[i];
  }
  return heard;
}

static double rms(const float *x, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
  return n ? sqrt(sum / (double)n) : 0;
}

static BaseStatus add_reverb(BaseContext *ctx, DspAudio *mono, const PianoRoom *room, BaseRng *rng) {
  PianoReverb *r = malloc(sizeof *r);
  float *wet = malloc((mono->frames + 1) * sizeof *wet);
  BaseStatus status = r && wet ? BASE_OK : base_fail_memory(ctx);
  if (status == BASE_OK) {
    reverb_init(r, room, mono->rate_hz, rng);
    for (size_t i = 0; i < mono->frames; i++) wet[i] = reverb_run(r, mono->samples[i]);
    double dry_level = rms(mono->samples, mono->frames), wet_level = rms(wet, mono->frames);
    float gain = wet_level > 0 ? (float)(dry_level / wet_level * pow(10, room->reverb_db / 20)) : 0;
    for (size_t i = 0; i < mono->frames; i++) mono->samples[i] += gain * wet[i];
  }
  free(r);
  free(wet);
  return status;
}

/* Against white sound a room is as loud as the energy of its answer to one impulse. */
static double white_level(PianoReverb *r, size_t frames) {
  double energy = 0;
  for (size_t i = 0; i < frames; i++) {
    double heard = reverb_run(r, i == 0);
    energy += heard * heard;
  }
  return sqrt(energy);
}

BaseStatus piano_reverb_new(BaseContext *ctx, PianoReverb **out, const PianoRoom *room, double rate_hz,
                            uint64_t seed) {
  PianoReverb *r = malloc(sizeof *r);
  if (!r) return base_fail_memory(ctx);
  BaseRng rng = base_rng(seed, 42), again = rng;
  float gain = 0;
  if (room->reverb_s > 0 && room->reverb_db != 0) {
    reverb_init(r, room, rate_hz, &rng);
    gain = (float)(pow(10, room->reverb_db / 20) / white_level(r, (size_t)(room->reverb_s * rate_hz) + 1));
  }
  reverb_init(r, room, rate_hz, &again);
  r->gain = gain;
  *out = r;
  return BASE_OK;
}

void piano_reverb_free(PianoReverb *reverb) {
  free(reverb);
}

void piano_reverb_add(PianoReverb *reverb, float *mono, size_t n) {
  if (reverb->gain > 0)
    for (size_t i = 0; i < n; i++) mono[i] += reverb->gain * reverb_run(reverb, mono[i]);
}

/* ---- what disturbs ---- */

static double loud_level(const DspAudio *mono) {
  enum { BLOCK = 1024 };
  double loudest = 0, sum = 0;
  for (size_t i = 0; i + BLOCK <= mono->frames; i += BLOCK) {
    double level = rms(mono->samples + i, BLOCK);
    sum += level;
    if (level > loudest) loudest = level;
  }
  return 0.5 * loudest + 0.5 * (mono->frames > BLOCK ? sum / (double)(mono->frames / BLOCK) : loudest);
}

static void add_noise(DspAudio *mono, const PianoRoom *room, BaseRng *rng) {
  double level = loud_level(mono), noise = level * pow(10, room->noise_db / 20), slow = 0;
  double hum = room->hum_db < 0 ? level * pow(10, room->hum_db / 20) : 0;
  float colour = room->noise_colour;
  for (size_t i = 0; i < mono->frames; i++) {
    double white = base_rng_normal(rng), t = (double)i / mono->rate_hz;
    slow += 0.05 * (white - slow);
    if (room->noise_db < 0) mono->samples[i] += (float)(noise * ((1 - colour) * white + colour * 6 * slow));
    if (hum > 0)
      mono->samples[i] += (float)(hum * (sin(2 * M_PI * 50 * t) + 0.5 * sin(2 * M_PI * 150 * t + 1)));
  }
}

static void scale_peak(DspAudio *mono, float peak) {
  float most = 0;
  for (size_t i = 0; i < mono->frames; i++) most = fmaxf(most, fabsf(mono->samples[i]));
  for (size_t i = 0; i < mono->frames && most > 0; i++) mono->samples[i] *= peak / most;
}

static void compress(DspAudio *mono, float drive) {
  double level = loud_level(mono);
  if (level <= 0) return;
  float in = (float)(drive / level), out = (float)(level / drive);
  for (size_t i = 0; i < mono->frames; i++) mono->samples[i] = out * tanhf(in * mono->samples[i]);
}

BaseStatus piano_room_apply(BaseContext *ctx, DspAudio *mono, const PianoRoom *room, BaseRng *rng) {
  static const double bands_hz[PIANO_ROOM_BANDS - 1] = {100, 300, 900, 2500};
  double rate_hz = mono->rate_hz, highest = 0.45 * rate_hz;
  for (int i = 0; i < PIANO_ROOM_BANDS - 1; i++)
    if (room->band_db[i] != 0) filter(mono, peaking(bands_hz[i], room->band_db[i], 0.7, rate_hz));
  if (room->band_db[PIANO_ROOM_BANDS - 1] != 0)
    filter(mono, high_shelf(fmin(5000, highest), room->band_db[PIANO_ROOM_BANDS - 1], rate_hz));
  BaseStatus status = BASE_OK;
  if (room->reverb_s > 0 && room->reverb_db != 0) status = add_reverb(ctx, mono, room, rng);
  if (status != BASE_OK) return status;
  if (room->noise_db < 0 || room->hum_db < 0) add_noise(mono, room, rng);
  if (room->low_cut_hz > 0) filter(mono, high_pass(room->low_cut_hz, rate_hz));
  if (room->high_cut_hz > 0 && room->high_cut_hz < highest)
    filter(mono, low_pass(room->high_cut_hz, rate_hz));
  if (room->drive > 0) compress(mono, room->drive);
  if (room->peak > 0) scale_peak(mono, room->peak);
  return BASE_OK;
}

static double mean_of(const float *values, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += values[i] / n;
  return sum;
}

/* Power falls by 60 dB in 13.8 time constants. */
PianoRoom piano_room_of(const PianoModel *model) {
  double level = mean_of(model->values + PIANO_AT_ROOM_LEVEL, PIANO_ROOMS);
  double decay = mean_of(model->values + PIANO_AT_ROOM_DECAY, PIANO_ROOMS);
  return (PianoRoom){.reverb_db = (float)fmin(10 * level / M_LN10, -0.1),
                     .reverb_s = (float)(13.8 * exp(decay)),
                     .damping_hz = 4000};
}

PianoRoom piano_room_sample(BaseRng *rng) {
  PianoRoom r = {0};
  for (int i = 0; i < PIANO_ROOM_BANDS; i++) r.band_db[i] = (float)(4.5 * base_rng_normal(rng));
  if (base_rng_uniform(rng) < 0.85) {
    r.reverb_s = (float)exp(base_rng_range(rng, log(0.25), log(2.5)));
    r.reverb_db = (float)base_rng_range(rng, -22, -3);
    r.damping_hz = (float)exp(base_rng_range(rng, log(1500), log(7000)));
  }
  if (base_rng_uniform(rng) < 0.9) {
    r.noise_db = (float)base_rng_range(rng, -75, -28);
    r.noise_colour = (float)base_rng_uniform(rng);
  }
  if (base_rng_uniform(rng) < 0.1) r.hum_db = (float)base_rng_range(rng, -60, -35);
  if (base_rng_uniform(rng) < 0.25) r.low_cut_hz = (float)base_rng_range(rng, 40, 220);
  if (base_rng_uniform(rng) < 0.3) r.high_cut_hz = (float)exp(base_rng_range(rng, log(2800), log(7000)));
  if (base_rng_uniform(rng) < 0.25) r.drive = (float)base_rng_range(rng, 0.15, 0.7);
  r.peak = (float)exp(base_rng_range(rng, log(0.05), log(0.95)));
  return r;
}
