/* Places for buffers that are not all alive at once: largest first, each at the lowest free place.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_plan.h"

#include <stdbool.h>

static size_t round_up(size_t bytes) {
  return (bytes + 63) / 64 * 64;
}

static bool alive_together(const NnSpan *a, const NnSpan *b) {
  return a->first <= b->last && b->first <= a->last;
}

/* Orders by falling size, then by index. */
static void sort(const NnSpan *spans, int n, int *order) {
  for (int i = 0; i < n; i++) {
    int at = i;
    for (; at > 0 && spans[order[at - 1]].bytes < spans[i].bytes; at--) order[at] = order[at - 1];
    order[at] = i;
  }
}

/* The first placed span that is in the way of `span` at its present offset; null when there is none. */
static const NnSpan *obstacle(const NnSpan *spans, const int *order, int placed, const NnSpan *span) {
  for (int i = 0; i < placed; i++) {
    const NnSpan *other = &spans[order[i]];
    if (other->bytes == 0 || !alive_together(other, span)) continue;
    if (span->offset < other->offset + round_up(other->bytes) &&
        other->offset < span->offset + round_up(span->bytes))
      return other;
  }
  return NULL;
}

/* The lowest place is 0 or the end of some placed span. */
static void place(NnSpan *spans, const int *order, int placed) {
  NnSpan *span = &spans[order[placed]], best = *span;
  best.offset = (size_t)-1;
  for (int i = -1; i < placed; i++) {
    span->offset = i < 0 ? 0 : spans[order[i]].offset + round_up(spans[order[i]].bytes);
    if (span->offset < best.offset && !obstacle(spans, order, placed, span)) best.offset = span->offset;
  }
  span->offset = best.offset;
}

size_t nn_plan(NnSpan *spans, int n, int *order) {
  size_t total = 0;
  sort(spans, n, order);
  for (int i = 0; i < n; i++) {
    NnSpan *span = &spans[order[i]];
    span->offset = 0;
    if (span->bytes == 0) continue;
    place(spans, order, i);
    size_t end = span->offset + round_up(span->bytes);
    if (end > total) total = end;
  }
  return total;
}
