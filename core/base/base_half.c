/* Half precision by moving bits. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_pack.h"

#include <string.h>

static uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* `value` without its lowest `n` bits, rounded to nearest even. */
static uint32_t round_off(uint32_t value, int n) {
  uint32_t half = 1u << (n - 1), odd = value >> n & 1;
  return (value + half - 1 + odd) >> n;
}

uint16_t base_f16(float value) {
  uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return (uint16_t)(sign | 0x7E00);
  if (magnitude >= 0x47800000) return (uint16_t)(sign | 0x7C00);
  if (magnitude >= 0x38800000) return (uint16_t)(sign | (round_off(magnitude, 13) - (112u << 10)));
  int shift = 126 - (int)(magnitude >> 23);
  if (shift > 24) return (uint16_t)sign;
  return (uint16_t)(sign | round_off((magnitude & 0x7FFFFF) | 0x800000, shift));
}

float base_f16_float(uint16_t half) {
  uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31, fraction = half & 0x3FF;
  if (exponent == 31) return float_of(sign | 0x7F800000 | fraction << 13);
  if (exponent) return float_of(sign | (exponent + 112) << 23 | fraction << 13);
  float tiny = (float)fraction * 0x1p-24f;
  return sign ? -tiny : tiny;
}

uint16_t base_bf16(float value) {
  uint32_t bits = bits_of(value);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)round_off(bits, 16);
}

float base_bf16_float(uint16_t bits) {
  return float_of((uint32_t)bits << 16);
}
