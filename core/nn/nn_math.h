/* Elementary functions that compilers turn into vector code; for the files of core/nn only.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Before a loop whose turns do not depend on each other, whatever its pointers are. */
#if defined(__clang__)
#define NN_EACH _Pragma("clang loop vectorize(assume_safety)")
#else
#define NN_EACH _Pragma("GCC ivdep")
#endif

#define NN_INLINE static inline __attribute__((always_inline))

/* e^x for x clamped to [-87, 88]; relative error below 2e-7 (degree-6 polynomial after reduction by ln 2). */
NN_INLINE float nn_exp(float x) {
  x = x < -87.0f ? -87.0f : x > 88.0f ? 88.0f : x;
  float shifted = x * 1.44269504f + 12582912.0f; /* rounds to a whole number in the low bits */
  uint32_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  float whole = shifted - 12582912.0f;
  float r = x - whole * 0.693359375f + whole * 2.12194440e-4f;
  float p = 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  uint32_t power = (bits - 0x4B400000u + 127u) << 23;
  float scale;
  memcpy(&scale, &power, sizeof scale);
  return p * scale;
}

NN_INLINE float nn_sigmoid(float x) {
  return 1.0f / (1.0f + nn_exp(-x));
}

NN_INLINE float nn_tanh(float x) {
  return 1.0f - 2.0f / (nn_exp(2.0f * x) + 1.0f);
}

/* ln x for normal x > 0; absolute error below 1e-7 near 1, relative below 2e-7 elsewhere (series of artanh).
 */
NN_INLINE float nn_log(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  int32_t power = (int32_t)(bits - 0x3f3504f3u) >> 23; /* brings the rest into [√½, √2) */
  uint32_t rest_bits = bits - ((uint32_t)power << 23);
  float rest;
  memcpy(&rest, &rest_bits, sizeof rest);
  float s = (rest - 1.0f) / (rest + 1.0f), q = s * s;
  float p = 2.0f / 9.0f;
  p = p * q + 2.0f / 7.0f;
  p = p * q + 2.0f / 5.0f;
  p = p * q + 2.0f / 3.0f;
  p = p * q + 2.0f;
  return (float)power * 0.693147181f + s * p;
}

/* ln(1 + e^x). */
NN_INLINE float nn_soft_plus(float x) {
  return (x > 0 ? x : 0.0f) + nn_log(1.0f + nn_exp(x > 0 ? -x : x));
}

enum { NN_LANES = 16 };

/* Σ x[i], in NN_LANES interleaved sums. */
NN_INLINE float nn_sum(const float *x, size_t n) {
  float lanes[NN_LANES] = {0}, sum = 0;
  size_t i = 0;
  for (; i + NN_LANES <= n; i += NN_LANES)
    for (size_t l = 0; l < NN_LANES; l++) lanes[l] += x[i + l];
  for (; i < n; i++) sum += x[i];
  for (size_t l = 0; l < NN_LANES; l++) sum += lanes[l];
  return sum;
}

/* Σ x[i]·y[i], likewise. */
NN_INLINE float nn_dot(const float *x, const float *y, size_t n) {
  float lanes[NN_LANES] = {0}, sum = 0;
  size_t i = 0;
  for (; i + NN_LANES <= n; i += NN_LANES)
    for (size_t l = 0; l < NN_LANES; l++) lanes[l] += x[i + l] * y[i + l];
  for (; i < n; i++) sum += x[i] * y[i];
  for (size_t l = 0; l < NN_LANES; l++) sum += lanes[l];
  return sum;
}
