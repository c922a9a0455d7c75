/* Each layer walks through the time in phrases of one kind. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_texture.h"

#include <math.h>

enum { MOST_LAYERS = 3, MOST_CHORD = 6 };

typedef struct {
  Motion *motion;
  BaseRng *rng;
  double t, end;  /* of the phrase */
  int centre;     /* MIDI */
  double velocity, step_s;
} Phrase;

static bool strike(Phrase *p, double at_s, double length_s, int midi) {
  double velocity = fmin(fmax(p->velocity + 10 * base_rng_normal(p->rng), 4), 127);
  if (midi < MOTION_LOWEST_KEY || midi >= MOTION_LOWEST_KEY + MOTION_KEYS) return true;
  return motion_add(p->motion, at_s, at_s + fmax(length_s, 0.04), midi, (int)velocity, 1);
}

static bool chords(Phrase *p) {
  for (; p->t < p->end; p->t += p->step_s * base_rng_range(p->rng, 0.8, 1.3)) {
    int n = 2 + (int)base_rng_below(p->rng, MOST_CHORD - 1), midi = p->centre + (int)base_rng_below(p->rng, 12) - 8;
    double length = p->step_s * base_rng_range(p->rng, 0.3, 1.5);
    for (int i = 0; i < n; i++) {
      if (!strike(p, p->t + 0.012 * base_rng_uniform(p->rng), length, midi)) return false;
      midi += base_rng_uniform(p->rng) < 0.2 ? 12 : 2 + (int)base_rng_below(p->rng, 5);
    }
  }
  return true;
}

static bool run(Phrase *p) {
  int midi = p->centre, step = base_rng_uniform(p->rng) < 0.5 ? 1 : -1;
  double pace = fmax(0.05, p->step_s * 0.25), overlap = base_rng_range(p->rng, 0.5, 1.6);
  for (; p->t < p->end; p->t += pace * base_rng_range(p->rng, 0.92, 1.08)) {
    if (!strike(p, p->t, pace * overlap, midi)) return false;
    if (base_rng_uniform(p->rng) < 0.12) step = -step;
    midi += step * (1 + (int)base_rng_below(p->rng, base_rng_uniform(p->rng) < 0.2 ? 5 : 2));
  }
  return true;
}

static bool repeated(Phrase *p) {
  int other = p->centre + (int)base_rng_below(p->rng, 3); /* 0: one key; else a trill */
  double pace = fmax(other == p->centre ? 0.07 : 0.045, p->step_s * base_rng_range(p->rng, 0.1, 0.35));
  for (int i = 0; p->t < p->end; i++, p->t += pace * base_rng_range(p->rng, 0.9, 1.1))
    if (!strike(p, p->t, pace * base_rng_range(p->rng, 0.4, 0.95), i % 2 ? other : p->centre)) return false;
  return true;
}

static bool isolated(Phrase *p) {
  for (; p->t < p->end; p->t += p->step_s * base_rng_range(p->rng, 0.3, 3)) {
    p->velocity = base_rng_range(p->rng, 10, 125);
    int midi = MOTION_LOWEST_KEY + (int)base_rng_below(p->rng, MOTION_KEYS);
    if (!strike(p, p->t, base_rng_range(p->rng, 0.05, 3), midi)) return false;
  }
  return true;
}

static bool layer(Motion *motion, BaseRng *rng, double seconds) {
  static bool (*const kinds[])(Phrase *) = {chords, run, repeated, isolated};
  Phrase p = {.motion = motion, .rng = rng, .t = 0.05 + base_rng_uniform(rng)};
  while (p.t < seconds) {
    double centre = 64 + 17 * base_rng_normal(rng);
    p.centre = (int)fmin(fmax(centre, 24), 105);
    p.velocity = base_rng_range(rng, 15, 115);
    p.step_s = exp(base_rng_range(rng, log(0.12), log(1.2)));
    p.end = fmin(seconds, p.t + base_rng_range(rng, 1, 5));
    if (!kinds[base_rng_below(rng, 4)](&p)) return false;
    if (base_rng_uniform(rng) < 0.25) p.t += base_rng_range(rng, 0.2, 2);
  }
  return true;
}

BaseStatus lmm_texture(BaseContext *ctx, Motion **out, BaseRng *rng, double seconds) {
  Motion *motion = motion_new();
  if (!motion) return base_fail_memory(ctx);
  int layers = 1 + (int)base_rng_below(rng, MOST_LAYERS);
  for (int i = 0; i < layers; i++)
    if (!layer(motion, rng, seconds)) {
      motion_free(motion);
      return base_fail_memory(ctx);
    }
  motion_sort(motion);
  *out = motion;
  return BASE_OK;
}
