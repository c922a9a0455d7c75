/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_array.h"

#include <stdint.h>

bool base_array_grow(void **items, size_t *capacity, size_t wanted, size_t item_size) {
  if (wanted <= *capacity) return true;
  size_t grown = *capacity + *capacity / 2;
  if (grown < wanted) grown = wanted;
  if (grown < 8) grown = 8;
  if (grown > SIZE_MAX / item_size) return false;
  void *moved = realloc(*items, grown * item_size);
  if (!moved) return false;
  *items = moved;
  *capacity = grown;
  return true;
}
