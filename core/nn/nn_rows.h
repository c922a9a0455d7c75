/* Loops over elements, in parallel and in either number type; for the files of core/nn only.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/nn/nn_tensor.h"

/* Kernels over plain f32 arrays are compiled for several processors and chosen at load time. Sanitizers
 * cannot follow that choice and get the plain version. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define NN_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(NN_SANITIZED) ||                \
    !defined(__x86_64__)
#define NN_FAST
#else
#define NN_FAST __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif

/* The work on part [from, to) of a range. */
typedef void (*NnPartFn)(void *user, size_t from, size_t to);

/* Cuts [0, n) into at most `threads` parts of at least `grain` and runs them side by side. The cut depends on
 * n, threads and grain only, so that results repeat. */
void nn_parallel(int threads, size_t n, size_t grain, NnPartFn part, void *user);

/* The number of those parts, and which of them begins at `from`: for sums kept apart and joined in order. */
size_t nn_parallel_parts(int threads, size_t n, size_t grain);
size_t nn_parallel_share(int threads, size_t n, size_t grain, size_t from);

/* Sets the number of threads of libraries called from this thread; returns the one before. */
int nn_parallel_set(int threads);

/* Elements that a kernel handles at once: small enough for the nearest cache. */
enum { NN_CHUNK = 1024 };

/* `n` elements of x from `at` on as floats: in place for f32, else widened into `room`. */
const float *nn_widen(const void *x, NnType type, size_t at, size_t n, float *room);

/* Where to write floats meant for y: y itself for f32, else `room`; then nn_narrow puts them there. */
float *nn_target_floats(void *y, NnType type, size_t at, float *room);
void nn_narrow(void *y, NnType type, size_t at, size_t n, const float *floats);

/* Loads n elements as floats for reading and writing (f32: in place); nn_narrow puts them back. */
float *nn_widen_mutable(void *y, NnType type, size_t at, size_t n, float *room);

/* Puts n floats of gradient into dx at `at`, or adds them to what is there. */
void nn_give(void *dx, NnType type, bool add, size_t at, size_t n, const float *gradient);

/* Copies n elements between tensors of any types. */
void nn_copy(void *y, NnType y_type, size_t y_at, const void *x, NnType x_type, size_t x_at, size_t n);
/* Puts or adds n elements of dy into dx. */
void nn_give_back(void *dx, NnType x_type, bool add, size_t x_at, const void *dy, NnType y_type, size_t y_at,
                  size_t n);
