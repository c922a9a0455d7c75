/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The page value, and the change between page coordinates and staff positions: lines are broken lines through
 * their nodes, carried on straight beyond them; spaces outside the staff are as wide as inside. */
#include "core/omr/omr_page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

OmrPage *omr_page_new(void) {
  return calloc(1, sizeof(OmrPage));
}

void omr_page_free(OmrPage *page) {
  if (!page) return;
  base_array_clear(&page->nodes);
  base_array_clear(&page->staves);
  base_array_clear(&page->systems);
  base_array_clear(&page->bars);
  base_array_clear(&page->heads);
  base_array_clear(&page->chords);
  base_array_clear(&page->symbols);
  base_array_clear(&page->keys);
  base_array_clear(&page->times);
  base_array_clear(&page->ties);
    base_array_clear(&page->signs);
  base_array_clear(&page->said);
  base_array_clear(&page->slurs);
  free(page);
}

#define COPY_ARRAY(to, from)                                                                                 \
  ((from)->n == 0 || (base_array_reserve((to), (from)->n) &&                                                 \
                      (memcpy((to)->items, (from)->items, (from)->n * sizeof *(from)->items),                \
                       (to)->n = (from)->n, true)))

OmrPage *omr_page_dup(const OmrPage *page) {
  OmrPage *copy = omr_page_new();
  if (!copy) return NULL;
  copy->width_px = page->width_px, copy->height_px = page->height_px, copy->space_px = page->space_px;
  bool good = COPY_ARRAY(&copy->nodes, &page->nodes) && COPY_ARRAY(&copy->staves, &page->staves) &&
              COPY_ARRAY(&copy->systems, &page->systems) && COPY_ARRAY(&copy->bars, &page->bars) &&
              COPY_ARRAY(&copy->heads, &page->heads) && COPY_ARRAY(&copy->chords, &page->chords) &&
              COPY_ARRAY(&copy->symbols, &page->symbols) && COPY_ARRAY(&copy->keys, &page->keys) &&
              COPY_ARRAY(&copy->times, &page->times) && COPY_ARRAY(&copy->ties, &page->ties) &&
              COPY_ARRAY(&copy->slurs, &page->slurs) && COPY_ARRAY(&copy->signs, &page->signs) && COPY_ARRAY(&copy->said, &page->said);
  if (good) return copy;
  omr_page_free(copy);
  return NULL;
}

/* Top and bottom line at x. */
static void edges_at(float edges[2], const OmrPage *page, const OmrStaff *staff, float x) {
  const OmrNode *nodes = page->nodes.items + staff->first_node;
  int32_t low = 0, high = staff->nodes - 1;
  while (high - low > 1) {
    int32_t middle = (low + high) / 2;
    if (nodes[middle].x_px <= x)
      low = middle;
    else
      high = middle;
  }
  float span = nodes[high].x_px - nodes[low].x_px, share = span > 0 ? (x - nodes[low].x_px) / span : 0;
  share = fminf(fmaxf(share, -2), 3);
  edges[0] = nodes[low].y_px[0] + share * (nodes[high].y_px[0] - nodes[low].y_px[0]);
  edges[1] = nodes[low].y_px[4] + share * (nodes[high].y_px[4] - nodes[low].y_px[4]);
}

float omr_staff_y(const OmrPage *page, const OmrStaff *staff, float x, float position) {
  float edges[2];
  edges_at(edges, page, staff, x);
  return 0.5f * (edges[0] + edges[1]) - position * (edges[1] - edges[0]) / 8;
}

float omr_staff_position(const OmrPage *page, const OmrStaff *staff, float x, float y) {
  float edges[2];
  edges_at(edges, page, staff, x);
  float half_space = (edges[1] - edges[0]) / 8;
  return half_space > 0 ? (0.5f * (edges[0] + edges[1]) - y) / half_space : 0;
}

size_t omr_first_head(const OmrPage *page, int32_t chord) {
  size_t low = 0, high = page->heads.n;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (page->heads.items[middle].chord < chord)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

void omr_staff_reach(float *above, float *below, const OmrPage *page, int32_t index, float most) {
  const OmrStaff *staff = &page->staves.items[index];
  float x = 0.5f * (staff->x0_px + staff->x1_px);
  *above = most;
  *below = -most;
  if (index > 0) *above = fminf(most, omr_staff_position(page, staff, x, omr_staff_y(page, staff - 1, x, -4)) - 2);
  if (index + 1 < (int32_t)page->staves.n)
    *below = fmaxf(-most, omr_staff_position(page, staff, x, omr_staff_y(page, staff + 1, x, 4)) + 2);
}

bool omr_inside_symbol(const OmrPage *page, const OmrHead *head) {
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *symbol = &page->symbols.items[i];
    if (head->x_px > symbol->x_px && head->x_px < symbol->x_px + symbol->width_px && head->y_px > symbol->y_px &&
        head->y_px < symbol->y_px + symbol->height_px)
      return true;
  }
  return false;
}

int omr_heads_by_score(const void *a, const void *b) {
  const OmrHead *ha = a, *hb = b;
  if (ha->score != hb->score) return ha->score < hb->score ? 1 : -1;
  if (ha->x_px != hb->x_px) return ha->x_px > hb->x_px ? 1 : -1;
  return ha->position - hb->position;
}

int omr_heads_by_chord(const void *a, const void *b) {
  const OmrHead *ha = a, *hb = b;
  if (ha->chord != hb->chord) return ha->chord - hb->chord;
  return (ha->y_px < hb->y_px) - (ha->y_px > hb->y_px);
}
