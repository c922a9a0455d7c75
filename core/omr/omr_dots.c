/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Augmentation dots: a small round spot of ink right of a head or rest, in its own space or the one above
 * when the head is on a line, with paper all round. */
#include "core/omr/omr_marks.h"
#include "core/omr/omr_signs.h"

#include <math.h>

/* A spot right of x near y; its centre x comes back. */
static bool spot_beside(float *found, const OmrSheet *sheet, float x0, float x1, float y, float play) {
  for (float x = x0; x <= x1; x += 1)
    for (float d = 0; d <= play; d += 1)
      for (int sign = -1; sign <= 1; sign += 2)
        if (omr_spot_at(sheet, (int)lrintf(x), (int)lrintf(y + (float)sign * d))) {
          *found = x;
          return true;
        }
  return false;
}

/* Something like a dot, a little farther or at another height. */
static bool faint_dot_beside(const OmrSheet *sheet, float right, float y, float space) {
  float x;
  return spot_beside(&x, sheet, right + 0.15f * space, right + 2.0f * space, y, 0.65f * space);
}

static uint8_t dots_beside(const OmrSheet *sheet, float right, float y, float space) {
  float x;
  if (!spot_beside(&x, sheet, right + 0.2f * space, right + 1.5f * space, y, 0.25f * space)) return 0;
  return spot_beside(&x, sheet, x + 0.45f * space, x + 0.95f * space, y, 0.2f * space) ? 2 : 1;
}

/* The right edge of the chord's heads at this height. */
static float right_edge(const OmrPage *page, const OmrHead *head, float space) {
  float right = head->x_px + 0.5f * head->width_px;
  for (size_t i = 0; i < page->heads.n; i++) {
    const OmrHead *other = &page->heads.items[i];
    if (other->chord == head->chord && fabsf(other->y_px - head->y_px) < 0.8f * space)
      right = fmaxf(right, other->x_px + 0.5f * other->width_px);
  }
  return right;
}

/* All heads of a chord are dotted when one is. */
static void spread_dots(OmrPage *page) {
  for (size_t i = 0; i < page->heads.n;) {
    size_t end = i;
    uint8_t dots = 0;
    for (; end < page->heads.n && page->heads.items[end].chord == page->heads.items[i].chord; end++)
      if (page->heads.items[end].dots > dots) dots = page->heads.items[end].dots;
    for (; i < end; i++) page->heads.items[i].dots = dots;
  }
}

BaseStatus omr_find_dots(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet) {
  float space = sheet->space;
  for (size_t i = 0; i < page->heads.n; i++) {
    OmrHead *head = &page->heads.items[i];
    if (head->small) continue;
    const OmrStaff *staff = &page->staves.items[head->staff];
    float right = right_edge(page, head, space), step = 0.5f * staff->space_px;
    if (head->position % 2) {
      head->dots = dots_beside(sheet, right, head->y_px, space);
    } else {
      head->dots = dots_beside(sheet, right, head->y_px - step, space);
      if (!head->dots) head->dots = dots_beside(sheet, right, head->y_px + step, space);
    }
    if (!head->dots) head->faint_dot = faint_dot_beside(sheet, right, head->y_px - 0.2f * space, space);
  }
  spread_dots(page);
  for (size_t i = 0; i < page->symbols.n; i++) {
    OmrSymbol *symbol = &page->symbols.items[i];
    if (symbol->kind < OMR_REST_WHOLE || symbol->kind > OMR_REST_64) continue;
    const OmrStaff *staff = &page->staves.items[symbol->staff];
    float right = symbol->x_px + symbol->width_px, x = right + 0.6f * space;
    symbol->dots = dots_beside(sheet, right - 0.1f * space,
                               omr_staff_y(page, staff, x, (float)symbol->position + 1), space);
  }
  return BASE_OK;
}
