/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_rng.h"

#include <math.h>

static uint64_t rotate(uint64_t x, int k) {
  return (x << k) | (x >> (64 - k));
}

static uint64_t splitmix(uint64_t *state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

BaseRng base_rng(uint64_t seed, uint64_t stream) {
  uint64_t hashed = stream, state = seed;
  state ^= splitmix(&hashed);
  BaseRng rng;
  for (int i = 0; i < 4; i++) rng.s[i] = splitmix(&state);
  return rng;
}

uint64_t base_rng_bits(BaseRng *rng) {
  uint64_t *s = rng->s, bits = rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate(s[3], 45);
  return bits;
}

double base_rng_uniform(BaseRng *rng) {
  return (double)(base_rng_bits(rng) >> 11) * 0x1p-53;
}

double base_rng_range(BaseRng *rng, double a, double b) {
  return a + (b - a) * base_rng_uniform(rng);
}

/* Box & Muller 1958; the second value is let go so that the state stays four words. */
double base_rng_normal(BaseRng *rng) {
  double radius = sqrt(-2 * log(1 - base_rng_uniform(rng)));
  return radius * cos(6.283185307179586 * base_rng_uniform(rng));
}

/* Lemire 2019: multiply and reject the uneven remainder. */
uint32_t base_rng_below(BaseRng *rng, uint32_t n) {
  if (n == 0) return 0;
  uint32_t uneven = -n % n;
  for (;;) {
    uint64_t product = (base_rng_bits(rng) >> 32) * n;
    if ((uint32_t)product >= uneven) return (uint32_t)(product >> 32);
  }
}
