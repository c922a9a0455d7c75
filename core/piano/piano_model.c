/* Each quantity is a sum of block values picked by key, partial and band; the backward function walks the
 * same sums in the same order. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_model.h"

#include <math.h>
#include <string.h>

static const PianoBlockInfo blocks[PIANO_N_BLOCKS] = {
#define X(name, count, deviation, low, high) {#name, PIANO_AT_##name, (count), (deviation), (low), (high)},
    PIANO_BLOCKS(X)
#undef X
};

enum { NEIGHBOURS = 8 }; /* keys on either side that a smoothed level looks at */

static const double HAMMER_ATTACK_S = 0.002;

static const double log2_of[PIANO_PARTIALS + 1] = {0,           0,           1,
                                                   1.584962501, 2,           2.321928095,
                                                   2.584962501, 2.807354922, 3,
                                                   3.169925001, 3.321928095, 3.459431619,
                                                   3.584962501, 3.700439718, 3.807354922,
                                                   3.906890596, 4,           4.087462841,
                                                   4.169925001, 4.247927513, 4.321928095,
                                                   4.392317423, 4.459431619, 4.523561956,
                                                   4.584962501, 4.64385619,  4.700439718,
                                                   4.754887502, 4.807354922, 4.857980995,
                                                   4.906890596, 4.95419631,  5};

const PianoBlockInfo *piano_blocks(void) {
  return blocks;
}

/* ---- sums along the keyboard ---- */

typedef struct {
  int low;
  double share; /* of node low + 1 */
} Between;

static Between between_nodes(int key) {
  Between b = {key / 8, key % 8 / 8.0};
  return b;
}

static double at_key(const PianoModel *m, int first, int stride, int offset, Between b) {
  const float *v = m->values + first + offset;
  double low = v[b.low * stride];
  if (b.share == 0) return low;
  return low + b.share * (v[(b.low + 1) * stride] - low);
}

static void at_key_backward(PianoModel *g, int first, int stride, int offset, Between b, double d) {
  float *v = g->values + first + offset;
  v[b.low * stride] += (float)((1 - b.share) * d);
  if (b.share != 0) v[(b.low + 1) * stride] += (float)(b.share * d);
}

/* ---- frequencies ---- */

typedef struct {
  double b, b_bass, b_treble; /* inharmonicity and its two terms */
  double f0, f;
} Pitch;

static Pitch pitch_of(const PianoModel *m, int key, int h) {
  const float *p = m->values + PIANO_AT_INHARMONICITY;
  double midi = key + 21;
  Pitch r;
  r.b_bass = exp(0.1 * p[0] * midi + p[1]);
  r.b_treble = exp(0.1 * p[2] * midi + p[3]);
  r.b = r.b_bass + r.b_treble;
  double stretch = 1.2 * (midi < 69 ? -1 : 1) * pow(fabs(midi - 69) / 12.0, 1.6);
  double cents = m->values[PIANO_AT_TUNING] + m->values[PIANO_AT_KEY_TUNING + key] + stretch;
  r.f0 = 440 * exp2((midi - 69) / 12 + cents / 1200);
  r.f = r.f0 * h * sqrt((1 + r.b * h * h) / (1 + r.b));
  return r;
}

double piano_model_frequency_hz(const PianoModel *model, int key, int h) {
  return pitch_of(model, key, h).f;
}

static void frequency_backward(PianoModel *g, const PianoModel *m, int key, int h, double d) {
  Pitch r = pitch_of(m, key, h);
  double by_cent = d * r.f * M_LN2 / 1200;
  g->values[PIANO_AT_TUNING] += (float)by_cent;
  g->values[PIANO_AT_KEY_TUNING + key] += (float)by_cent;
  double by_b = d * r.f * 0.5 * (h * h / (1 + r.b * h * h) - 1 / (1 + r.b));
  float *p = g->values + PIANO_AT_INHARMONICITY;
  double midi = key + 21;
  p[0] += (float)(by_b * r.b_bass * 0.1 * midi);
  p[1] += (float)(by_b * r.b_bass);
  p[2] += (float)(by_b * r.b_treble * 0.1 * midi);
  p[3] += (float)(by_b * r.b_treble);
}

double piano_model_equaliser(const PianoModel *m, double hz) {
  double at =
      (PIANO_BANDS - 1) * log(hz / PIANO_LOWEST_BAND_HZ) / log(PIANO_HIGHEST_BAND_HZ / PIANO_LOWEST_BAND_HZ);
  at = at < 0 ? 0 : at > PIANO_BANDS - 1.001 ? PIANO_BANDS - 1.001 : at;
  const float *v = m->values + PIANO_AT_EQUALISER + (int)at;
  return v[0] + (at - floor(at)) * (v[1] - v[0]);
}

/* ---- the way of the hammer ---- */

double piano_model_way_s(const PianoModel *m, const PianoNote *note) {
  const float *touch = m->values + PIANO_AT_TOUCH;
  double v = (note->velocity - 64) / 64;
  return 0.001 * (m->values[PIANO_AT_KEY_DELAY + note->key] + touch[0] * v + touch[1] * v * v +
                  note->restruck * (touch[2] + touch[3] * v));
}

double piano_model_way_backward(PianoModel *g, const PianoModel *m, const PianoNote *note, double d) {
  const float *touch = m->values + PIANO_AT_TOUCH;
  double v = (note->velocity - 64) / 64, by_ms = 0.001 * d;
  if (g) {
    g->values[PIANO_AT_KEY_DELAY + note->key] += (float)by_ms;
    g->values[PIANO_AT_TOUCH] += (float)(by_ms * v);
    g->values[PIANO_AT_TOUCH + 1] += (float)(by_ms * v * v);
    g->values[PIANO_AT_TOUCH + 2] += (float)(by_ms * note->restruck);
    g->values[PIANO_AT_TOUCH + 3] += (float)(by_ms * note->restruck * v);
  }
  return by_ms * (touch[0] + 2 * touch[1] * v + touch[3] * note->restruck) / 64;
}

/* ---- one partial ---- */

/* ln power for each 64 steps of velocity. */
static double slope_by_velocity(const PianoModel *m, int h, Between b) {
  return at_key(m, PIANO_AT_DYNAMICS, 1, 0, b) + log2_of[h] * at_key(m, PIANO_AT_BRIGHTNESS, 1, 0, b);
}

static double logistic(double x) {
  return 1 / (1 + exp(-x));
}

/* The attack's own time; with that of the first decay it makes one that is shorter than both, so that the
 * power is never negative: e^(−t/τ1) (1 − e^(−t/rise)). */
static double rise_s(const PianoModel *m, Between b, double v) {
  return exp(at_key(m, PIANO_AT_ATTACK, 1, 0, b) + v * m->values[PIANO_AT_ATTACK_DYNAMICS]);
}

PianoPartialSound piano_model_partial(const PianoModel *m, int key, int h, double velocity, int pedal) {
  Between b = between_nodes(key);
  double v = (velocity - 64) / 64, octaves = log2_of[h];
  PianoPartialSound s;
  s.ln_power = m->values[PIANO_AT_KEY_LEVEL + key] + at_key(m, PIANO_AT_PARTIAL, PIANO_PARTIALS, h - 1, b) +
               m->values[PIANO_AT_KEY_PARTIAL + key * PIANO_PARTIALS + h - 1] +
               v * slope_by_velocity(m, h, b);
  s.frequency_hz = pitch_of(m, key, h).f;
  double ln_tau = at_key(m, PIANO_AT_DECAY, 1, 0, b) + m->values[PIANO_AT_KEY_DECAY + key] +
                  octaves * at_key(m, PIANO_AT_DECAY_SLOPE, 1, 0, b);
  double after = at_key(m, PIANO_AT_AFTER_DECAY, 1, 0, b), share = at_key(m, PIANO_AT_AFTER_SHARE, 1, 0, b);
  if (pedal) {
    share += m->values[PIANO_AT_PEDAL];
    after += m->values[PIANO_AT_PEDAL + 1];
  }
  s.tau1_s = exp(ln_tau);
  s.tau2_s = exp(ln_tau + after);
  s.share = logistic(share);
  s.attack_s = 1 / (1 / s.tau1_s + 1 / rise_s(m, b, v));
  s.damper_s = exp(at_key(m, PIANO_AT_DAMPER, 1, 0, b));
  return s;
}

double piano_model_partial_backward(PianoModel *g, const PianoModel *m, int key, int h, double velocity,
                                    int pedal, const PianoPartialSound *d) {
  Between b = between_nodes(key);
  double v = (velocity - 64) / 64, octaves = log2_of[h];
  PianoPartialSound s = piano_model_partial(m, key, h, velocity, pedal);
  double by_attack = d->attack_s * s.attack_s * s.attack_s / rise_s(m, b, v);
  double by_velocity =
      (d->ln_power * slope_by_velocity(m, h, b) + by_attack * m->values[PIANO_AT_ATTACK_DYNAMICS]) / 64;
  if (!g) return by_velocity;
  g->values[PIANO_AT_KEY_LEVEL + key] += (float)d->ln_power;
  at_key_backward(g, PIANO_AT_PARTIAL, PIANO_PARTIALS, h - 1, b, d->ln_power);
  g->values[PIANO_AT_KEY_PARTIAL + key * PIANO_PARTIALS + h - 1] += (float)d->ln_power;
  at_key_backward(g, PIANO_AT_DYNAMICS, 1, 0, b, d->ln_power * v);
  at_key_backward(g, PIANO_AT_BRIGHTNESS, 1, 0, b, d->ln_power * v * octaves);
  frequency_backward(g, m, key, h, d->frequency_hz);
  double by_after = d->tau2_s * s.tau2_s;
  double by_tau = d->tau1_s * s.tau1_s + d->attack_s * s.attack_s * s.attack_s / s.tau1_s + by_after;
  at_key_backward(g, PIANO_AT_DECAY, 1, 0, b, by_tau);
  g->values[PIANO_AT_KEY_DECAY + key] += (float)by_tau;
  at_key_backward(g, PIANO_AT_DECAY_SLOPE, 1, 0, b, by_tau * octaves);
  at_key_backward(g, PIANO_AT_AFTER_DECAY, 1, 0, b, by_after);
  double by_share = d->share * s.share * (1 - s.share);
  at_key_backward(g, PIANO_AT_AFTER_SHARE, 1, 0, b, by_share);
  if (pedal) {
    g->values[PIANO_AT_PEDAL] += (float)by_share;
    g->values[PIANO_AT_PEDAL + 1] += (float)by_after;
  }
  at_key_backward(g, PIANO_AT_ATTACK, 1, 0, b, by_attack);
  g->values[PIANO_AT_ATTACK_DYNAMICS] += (float)(by_attack * v);
  at_key_backward(g, PIANO_AT_DAMPER, 1, 0, b, d->damper_s * s.damper_s);
  return by_velocity;
}

/* ---- the hammer ---- */

PianoPartialSound piano_model_hammer(const PianoModel *m, int key, double velocity) {
  Between b = between_nodes(key);
  PianoPartialSound s = {.share = 0, .attack_s = HAMMER_ATTACK_S, .damper_s = 1};
  s.ln_power = m->values[PIANO_AT_KEY_LEVEL + key] + at_key(m, PIANO_AT_HAMMER, 1, 0, b) +
               (velocity - 64) / 64 * slope_by_velocity(m, 1, b);
  s.tau1_s = s.tau2_s = exp(m->values[PIANO_AT_HAMMER_DECAY]);
  return s;
}

double piano_model_hammer_backward(PianoModel *g, const PianoModel *m, int key, double velocity,
                                   const PianoPartialSound *d) {
  Between b = between_nodes(key);
  double by_velocity = d->ln_power * slope_by_velocity(m, 1, b) / 64;
  if (!g) return by_velocity;
  g->values[PIANO_AT_KEY_LEVEL + key] += (float)d->ln_power;
  at_key_backward(g, PIANO_AT_HAMMER, 1, 0, b, d->ln_power);
  at_key_backward(g, PIANO_AT_DYNAMICS, 1, 0, b, d->ln_power * (velocity - 64) / 64);
  g->values[PIANO_AT_HAMMER_DECAY] += (float)(d->tau1_s * exp(m->values[PIANO_AT_HAMMER_DECAY]));
  return by_velocity;
}

/* ---- whole instruments ---- */

static void fill(PianoModel *m, int first, int count, double value) {
  for (int i = 0; i < count; i++) m->values[first + i] = (float)value;
}

/* The values of a node run linearly from the lowest to the highest key. */
static void ramp(PianoModel *m, int first, double bass, double treble) {
  for (int i = 0; i < PIANO_NODES; i++)
    m->values[first + i] = (float)(bass + (treble - bass) * i / (PIANO_NODES - 1));
}

PianoModel piano_model_default(void) {
  PianoModel m = {{0}};
  static const float inharmonicity[4] = {-1.05f, -6.87f, 0.94f, -13.7f};
  memcpy(m.values + PIANO_AT_INHARMONICITY, inharmonicity, sizeof inharmonicity);
  for (int node = 0; node < PIANO_NODES; node++)
    for (int h = 1; h <= PIANO_PARTIALS; h++) {
      double treble = node / (PIANO_NODES - 1.0), slope = -0.9 - 2.4 * treble;
      double weak_bass = h == 1 ? -2.5 * (1 - treble) * (1 - treble) : 0;
      m.values[PIANO_AT_PARTIAL + node * PIANO_PARTIALS + h - 1] =
          (float)(slope * log2_of[h] - 0.05 * h + weak_bass);
    }
  ramp(&m, PIANO_AT_DYNAMICS, 3.4, 3.0);
  ramp(&m, PIANO_AT_BRIGHTNESS, 0.7, 0.5);
  ramp(&m, PIANO_AT_DECAY, 0.2, -2.2);
  ramp(&m, PIANO_AT_DECAY_SLOPE, -0.25, -0.4);
  fill(&m, PIANO_AT_AFTER_DECAY, PIANO_NODES, 1.4);
  fill(&m, PIANO_AT_AFTER_SHARE, PIANO_NODES, -1.6);
  ramp(&m, PIANO_AT_ATTACK, -4.6, -5.3);
  ramp(&m, PIANO_AT_DAMPER, -2.6, -3.2);
  m.values[PIANO_AT_DAMPER + PIANO_NODES - 1] = -1.5f;
  m.values[PIANO_AT_DAMPER + PIANO_NODES - 2] = -1.8f;
  ramp(&m, PIANO_AT_HAMMER, -7, -4);
  fill(&m, PIANO_AT_HAMMER_DECAY, 1, -3.7);
  for (int band = 0; band < PIANO_BANDS; band++) {
    m.values[PIANO_AT_HAMMER_SHAPE + band] = (float)(-0.12 * band);
    m.values[PIANO_AT_NOISE + band] = -14;
  }
  fill(&m, PIANO_AT_PEDAL, 2, 0.15);
  fill(&m, PIANO_AT_ROOM_LEVEL, PIANO_ROOMS, -2.5);
  fill(&m, PIANO_AT_ROOM_DECAY, PIANO_ROOMS, -1.6);
  return m;
}

PianoModel piano_model_common(const PianoModel *model) {
  PianoModel m = *model;
  fill(&m, PIANO_AT_KEY_TUNING, PIANO_KEYS, 0);
  fill(&m, PIANO_AT_KEY_DELAY, PIANO_KEYS, 0);
  fill(&m, PIANO_AT_TOUCH, 4, 0);
  fill(&m, PIANO_AT_KEY_DECAY, PIANO_KEYS, 0);
  fill(&m, PIANO_AT_KEY_PARTIAL, PIANO_KEYS * PIANO_PARTIALS, 0);
  for (int key = 0; key < PIANO_KEYS; key++) {
    int low = key > NEIGHBOURS ? key - NEIGHBOURS : 0;
    int high = key + NEIGHBOURS < PIANO_KEYS ? key + NEIGHBOURS : PIANO_KEYS - 1;
    double sum = 0;
    for (int k = low; k <= high; k++) sum += model->values[PIANO_AT_KEY_LEVEL + k];
    m.values[PIANO_AT_KEY_LEVEL + key] = (float)(sum / (high - low + 1));
  }
  return m;
}

void piano_model_clamp(PianoModel *model) {
  for (int i = 0; i < PIANO_N_BLOCKS; i++)
    for (int j = blocks[i].first; j < blocks[i].first + blocks[i].count; j++) {
      if (!(model->values[j] > blocks[i].low)) model->values[j] = blocks[i].low;
      if (model->values[j] > blocks[i].high) model->values[j] = blocks[i].high;
    }
}

PianoModel piano_model_sample(const PianoModel *mean, BaseRng *rng, double spread) {
  PianoModel m = *mean;
  for (int i = 0; i < PIANO_N_BLOCKS; i++)
    for (int j = blocks[i].first; j < blocks[i].first + blocks[i].count; j++)
      m.values[j] += (float)(spread * blocks[i].deviation * base_rng_normal(rng));
  piano_model_clamp(&m);
  return m;
}
