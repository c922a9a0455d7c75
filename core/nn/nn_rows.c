/* Loops over elements: a fork-join over contiguous parts and the widening and narrowing of bfloat16.
 *
 * OpenMP is used here only, and with the same pool of threads as oneDNN. A kernel never knows the number
 * type: bf16 goes through a chunk of floats in the nearest cache. SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "core/nn/nn_rows.h"

#include "core/nn/nn_math.h"

#ifdef _OPENMP
#include <omp.h>
#endif

size_t nn_parallel_parts(int threads, size_t n, size_t grain) {
  size_t parts = grain ? n / grain : n;
  if (parts > (size_t)threads) parts = (size_t)threads;
  return parts ? parts : 1;
}

size_t nn_parallel_share(int threads, size_t n, size_t grain, size_t from) {
  return n ? (from * nn_parallel_parts(threads, n, grain) + n - 1) / n : 0;
}

void nn_parallel(int threads, size_t n, size_t grain, NnPartFn part, void *user) {
  long parts = (long)nn_parallel_parts(threads, n, grain);
  if (parts == 1) {
    if (n) part(user, 0, n);
    return;
  }
#ifdef _OPENMP
#pragma omp parallel for schedule(static, 1) num_threads((int)parts)
#endif
  for (long i = 0; i < parts; i++)
    part(user, n * (size_t)i / (size_t)parts, n * ((size_t)i + 1) / (size_t)parts);
}

int nn_parallel_set(int threads) {
#ifdef _OPENMP
  int before = omp_get_max_threads();
  omp_set_num_threads(threads);
  return before;
#else
  (void)threads;
  return 1;
#endif
}

NN_FAST static void widen(float *to, const uint16_t *from, size_t n) {
  NN_EACH
  for (size_t i = 0; i < n; i++) to[i] = nn_from_bf16(from[i]);
}

NN_FAST static void narrow(uint16_t *to, const float *from, size_t n) {
  NN_EACH
  for (size_t i = 0; i < n; i++) to[i] = nn_to_bf16(from[i]);
}

const float *nn_widen(const void *x, NnType type, size_t at, size_t n, float *room) {
  if (type == NN_F32) return (const float *)x + at;
  widen(room, (const uint16_t *)x + at, n);
  return room;
}

float *nn_target_floats(void *y, NnType type, size_t at, float *room) {
  return type == NN_F32 ? (float *)y + at : room;
}

float *nn_widen_mutable(void *y, NnType type, size_t at, size_t n, float *room) {
  if (type == NN_F32) return (float *)y + at;
  widen(room, (const uint16_t *)y + at, n);
  return room;
}

void nn_narrow(void *y, NnType type, size_t at, size_t n, const float *floats) {
  if (type == NN_F32) return;
  narrow((uint16_t *)y + at, floats, n);
}

NN_FAST static void put_narrow(uint16_t *to, const float *from, size_t n, bool add) {
  if (!add) {
    NN_EACH
    for (size_t i = 0; i < n; i++) to[i] = nn_to_bf16(from[i]);
  } else {
    NN_EACH
    for (size_t i = 0; i < n; i++) to[i] = nn_to_bf16(nn_from_bf16(to[i]) + from[i]);
  }
}

NN_FAST static void add_floats(float *to, const float *from, size_t n) {
  NN_EACH
  for (size_t i = 0; i < n; i++) to[i] += from[i];
}

void nn_give(void *dx, NnType type, bool add, size_t at, size_t n, const float *gradient) {
  if (type == NN_BF16)
    put_narrow((uint16_t *)dx + at, gradient, n, add);
  else if (add)
    add_floats((float *)dx + at, gradient, n);
  else if ((const float *)dx + at != gradient)
    memcpy((float *)dx + at, gradient, n * sizeof(float));
}

void nn_copy(void *y, NnType y_type, size_t y_at, const void *x, NnType x_type, size_t x_at, size_t n) {
  size_t size = nn_type_size(y_type);
  if (y_type == x_type) {
    memcpy((char *)y + y_at * size, (const char *)x + x_at * size, n * size);
    return;
  }
  float room[NN_CHUNK];
  for (size_t i = 0; i < n; i += NN_CHUNK) {
    size_t part = n - i < NN_CHUNK ? n - i : NN_CHUNK;
    const float *floats = nn_widen(x, x_type, x_at + i, part, room);
    if (y_type == NN_F32) memcpy((float *)y + y_at + i, floats, part * sizeof(float));
    nn_narrow(y, y_type, y_at + i, part, floats);
  }
}

void nn_give_back(void *dx, NnType x_type, bool add, size_t x_at, const void *dy, NnType y_type, size_t y_at,
                  size_t n) {
  float room[NN_CHUNK];
  for (size_t i = 0; i < n; i += NN_CHUNK) {
    size_t part = n - i < NN_CHUNK ? n - i : NN_CHUNK;
    nn_give(dx, x_type, add, x_at + i, part, nn_widen(dy, y_type, y_at + i, part, room));
  }
}
