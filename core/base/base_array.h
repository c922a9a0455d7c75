/* Growable arrays of any type. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* A zeroed array is empty and valid. `typedef BASE_ARRAY(Note) NoteArray;` makes a type; items are
 * contiguous, owned by the array, and move when it grows. */
#define BASE_ARRAY(type)                                                                                     \
  struct {                                                                                                   \
    type *items;                                                                                             \
    size_t n, capacity;                                                                                      \
  }

/* Makes room for `wanted` items in all; false without memory, the array unchanged. Amortised O(1) an item. */
#define base_array_reserve(array, wanted)                                                                    \
  base_array_grow((void **)&(array)->items, &(array)->capacity, (wanted), sizeof *(array)->items)

/* Appends a copy of a value; false without memory. */
#define base_array_push(array, ...)                                                                          \
  (base_array_reserve((array), (array)->n + 1) && ((array)->items[(array)->n++] = (__VA_ARGS__), true))

/* Frees the items; the array is empty again. */
#define base_array_clear(array)                                                                              \
  (free((array)->items), (array)->items = NULL, (array)->n = 0, (array)->capacity = 0)

/* The grower behind base_array_reserve. */
bool base_array_grow(void **items, size_t *capacity, size_t wanted, size_t item_size);
