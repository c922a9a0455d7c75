/* Shapes and number types of the tensors of core/nn. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Every tensor has four axes in one fixed order, the last one contiguous:
 *   n  batch (independent examples)
 *   t  time: frames of audio, rows of a page, steps of a sequence
 *   f  frequency: bins or keys of a frame, columns of a page; 1 for sequences
 *   c  channels
 * A page image is thus [N, H, W, C], a spectrogram [N, T, F, C], a sequence [N, T, 1, C]. */
typedef struct {
  int n, t, f, c;
} NnShape;

/* How activations are kept. Parameters, gradients of parameters, inputs and losses are always NN_F32. */
typedef enum { NN_F32 = 0, NN_BF16 } NnType;

static inline size_t nn_shape_rows(NnShape s) {
  return (size_t)s.n * (size_t)s.t * (size_t)s.f;
}

static inline size_t nn_shape_count(NnShape s) {
  return nn_shape_rows(s) * (size_t)s.c;
}

static inline bool nn_shape_equal(NnShape a, NnShape b) {
  return a.n == b.n && a.t == b.t && a.f == b.f && a.c == b.c;
}

static inline size_t nn_type_size(NnType type) {
  return type == NN_BF16 ? 2 : 4;
}

/* bfloat16 is the upper half of a float; rounding is to nearest, ties to even; NaN stays NaN. */
static inline float nn_from_bf16(uint16_t half) {
  uint32_t bits = (uint32_t)half << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline uint16_t nn_to_bf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
  return (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : rounded);
}
