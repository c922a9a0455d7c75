/* Sorting that keeps the order of equals. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

/* Negative, zero or positive as *a comes before, with or after *b. */
typedef int (*BaseCompareFn)(const void *a, const void *b);

/* Sorts `n` items of `size` bytes, stable. O(n) when sorted already, else O(n log n) with a buffer as large
 * as the items; without memory for it, by insertion in place, O(n²). */
void base_sort(void *items, size_t n, size_t size, BaseCompareFn compare);
