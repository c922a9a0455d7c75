/* Repeatable random numbers: xoshiro256++ (Blackman & Vigna 2019) seeded by splitmix64.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/* State of one stream; plain value, one thread at a time. */
typedef struct {
  uint64_t s[4];
} BaseRng;

/* Streams with different (seed, stream) are independent. */
BaseRng base_rng(uint64_t seed, uint64_t stream);

uint64_t base_rng_bits(BaseRng *rng);
double base_rng_uniform(BaseRng *rng);                   /* [0, 1) */
double base_rng_range(BaseRng *rng, double a, double b); /* [a, b) */
double base_rng_normal(BaseRng *rng);                    /* mean 0, variance 1 */
uint32_t base_rng_below(BaseRng *rng, uint32_t n);       /* 0 … n-1 without bias; 0 for n 0 */
