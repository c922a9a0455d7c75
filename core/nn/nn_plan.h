/* Places for buffers that are not all alive at once; for the files of core/nn only.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

/* A buffer that is in use from step `first` to step `last`, both included. */
typedef struct {
  int first, last;
  size_t bytes;  /* 0: none */
  size_t offset; /* found by nn_plan; a multiple of 64 */
} NnSpan;

/* Gives every span a place such that spans alive at the same step never overlap; the bytes needed in all.
 * Largest first, each at the lowest place that fits. O(n²). `order` is scratch for n indices. */
size_t nn_plan(NnSpan *spans, int n, int *order);
