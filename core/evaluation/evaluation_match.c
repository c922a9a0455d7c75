/* Maximum bipartite matching after Hopcroft & Karp (1973): in each round breadth first layers from the free
 * left vertices, then vertex-disjoint shortest augmenting paths by an iterative depth first search.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/evaluation/evaluation.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  const size_t *first;
  const int32_t *to;
  size_t n_left;
  int32_t *partner, *owner; /* of left, of right */
  int32_t *layer, *queue;   /* of left */
  size_t *next;             /* edge to try, of left */
} Matching;

static bool make_layers(Matching *m) {
  size_t head = 0, tail = 0;
  bool free_right = false;
  for (size_t i = 0; i < m->n_left; i++) {
    m->layer[i] = m->partner[i] < 0 ? 0 : -1;
    if (m->partner[i] < 0) m->queue[tail++] = (int32_t)i;
  }
  while (head < tail) {
    int32_t i = m->queue[head++];
    for (size_t e = m->first[i]; e < m->first[i + 1]; e++) {
      int32_t other = m->owner[m->to[e]];
      if (other < 0)
        free_right = true;
      else if (m->layer[other] < 0) {
        m->layer[other] = m->layer[i] + 1;
        m->queue[tail++] = other;
      }
    }
  }
  return free_right;
}

/* Flips the path kept in `queue` (left vertices from the root) whose last step takes right vertex `end`. */
static void flip(Matching *m, size_t depth, int32_t end) {
  for (size_t d = depth + 1; d-- > 0;) {
    int32_t i = m->queue[d], freed = m->partner[i];
    m->partner[i] = end;
    m->owner[end] = i;
    end = freed;
  }
}

static bool augment(Matching *m, int32_t root) {
  size_t depth = 0;
  m->queue[0] = root;
  for (;;) {
    int32_t i = m->queue[depth];
    if (m->next[i] == m->first[i + 1]) {
      m->layer[i] = -1;
      if (depth-- == 0) return false;
      continue;
    }
    int32_t right = m->to[m->next[i]++], other = m->owner[right];
    if (other < 0) {
      flip(m, depth, right);
      return true;
    }
    if (m->layer[other] == m->layer[i] + 1) m->queue[++depth] = other;
  }
}

static size_t match_all(Matching *m) {
  size_t size = 0;
  while (make_layers(m)) {
    memcpy(m->next, m->first, m->n_left * sizeof *m->next);
    size_t before = size;
    for (size_t i = 0; i < m->n_left; i++)
      if (m->partner[i] < 0 && augment(m, (int32_t)i)) size++;
    if (size == before) break;
  }
  return size;
}

BaseStatus evaluation_match(BaseContext *ctx, int32_t *partner, size_t *size, const size_t *first,
                            const int32_t *to, size_t n_left, size_t n_right) {
  Matching m = {.first = first,
                .to = to,
                .n_left = n_left,
                .partner = partner,
                .owner = malloc((n_right + 1) * sizeof(int32_t)),
                .layer = malloc((n_left + 1) * sizeof(int32_t)),
                .queue = malloc((n_left + 1) * sizeof(int32_t)),
                .next = malloc((n_left + 1) * sizeof(size_t))};
  bool ok = m.owner && m.layer && m.queue && m.next;
  if (ok) {
    for (size_t i = 0; i < n_left; i++) partner[i] = -1;
    for (size_t j = 0; j < n_right; j++) m.owner[j] = -1;
    *size = match_all(&m);
  }
  free(m.owner);
  free(m.layer);
  free(m.queue);
  free(m.next);
  return ok ? BASE_OK : base_fail_memory(ctx);
}
