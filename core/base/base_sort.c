/* Bottom-up merge sort. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_sort.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool sorted(const char *items, size_t n, size_t size, BaseCompareFn compare) {
  for (size_t i = 1; i < n; i++)
    if (compare(items + (i - 1) * size, items + i * size) > 0) return false;
  return true;
}

static void merge(char *out, const char *a, size_t n_a, const char *b, size_t n_b, size_t size,
                  BaseCompareFn compare) {
  while (n_a && n_b) {
    bool from_b = compare(a, b) > 0;
    memcpy(out, from_b ? b : a, size);
    out += size;
    if (from_b)
      b += size, n_b--;
    else
      a += size, n_a--;
  }
  memcpy(out, n_a ? a : b, (n_a + n_b) * size);
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

static void merge_sort(char *items, char *buffer, size_t n, size_t size, BaseCompareFn compare) {
  char *from = items, *to = buffer;
  for (size_t run = 1; run < n; run *= 2) {
    for (size_t i = 0; i < n; i += 2 * run) {
      size_t n_a = least(run, n - i), n_b = least(run, n - i - n_a);
      merge(to + i * size, from + i * size, n_a, from + (i + n_a) * size, n_b, size, compare);
    }
    char *swapped = from;
    from = to;
    to = swapped;
  }
  if (from != items) memcpy(items, from, n * size);
}

static void swap(char *a, char *b, size_t size) {
  for (size_t i = 0; i < size; i++) {
    char c = a[i];
    a[i] = b[i];
    b[i] = c;
  }
}

static void insertion_sort(char *items, size_t n, size_t size, BaseCompareFn compare) {
  for (size_t i = 1; i < n; i++)
    for (size_t k = i; k > 0 && compare(items + (k - 1) * size, items + k * size) > 0; k--)
      swap(items + (k - 1) * size, items + k * size, size);
}

void base_sort(void *items, size_t n, size_t size, BaseCompareFn compare) {
  if (n < 2 || sorted(items, n, size, compare)) return;
  char *buffer = malloc(n * size);
  if (buffer)
    merge_sort(items, buffer, n, size, compare);
  else
    insertion_sort(items, n, size, compare);
  free(buffer);
}
