/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Augmentation dots: a small round spot of ink right of a head or rest, in its own space or the one above
 * when the head is on a line, with paper all round. */
#include "core/omr/omr_marks.h"
#include "core/omr/omr_signs.h"

#include <math.h>

#define CLEAR_REST 0.75f

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

/* Two spots so close that neither has paper all round it; how far apart they are, 0 when they are not there. */
static float pair_at(const OmrSheet *sheet, int x, int y) {
  int core = (int)lrintf(0.1f * sheet->space), frame = (int)lrintf(0.42f * sheet->space);
  for (int apart = (int)(0.4f * sheet->space); apart <= (int)(0.75f * sheet->space); apart++) {
    int inside = 0, tried = 0, between = 0, rim = 0, rim_tried = 0;
    for (int v = -core; v <= core; v++) {
      for (int u = -core; u <= core; u++, tried += 2)
        inside += omr_ink_at(sheet, sheet->clean, x + u, y + v) + omr_ink_at(sheet, sheet->clean, x + apart + u, y + v);
      between += omr_ink_at(sheet, sheet->clean, x + apart / 2, y + 3 * v);
    }
    if (inside * 10 < tried * 9 || between > core + 1) continue;
    for (int k = -frame; k <= apart + frame; k++, rim_tried += 2)
      rim += omr_ink_at(sheet, sheet->clean, x + k, y - frame) + omr_ink_at(sheet, sheet->clean, x + k, y + frame);
    for (int k = -frame; k <= frame; k++, rim_tried += 2)
      rim += omr_ink_at(sheet, sheet->clean, x - frame, y + k) +
             omr_ink_at(sheet, sheet->clean, x + apart + frame, y + k);
    if (rim * 10 <= rim_tried) return (float)apart;
  }
  return 0;
}

static bool pair_beside(const OmrSheet *sheet, float x0, float x1, float y, float play) {
  for (float x = x0; x <= x1; x += 1)
    for (float d = -play; d <= play; d += 1)
      if (pair_at(sheet, (int)lrintf(x), (int)lrintf(y + d)) > 0) return true;
  return false;
}

/* Something like a dot, a little farther or at another height. */
static bool faint_dot_beside(const OmrSheet *sheet, float right, float y, float space) {
  float x;
  return spot_beside(&x, sheet, right + 0.15f * space, right + 2.0f * space, y, 0.65f * space);
}

/* The bulb of a rest looks like a dot. */
static bool in_rest(const OmrPage *page, float x, float y) {
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *rest = &page->symbols.items[i];
    if (rest->kind < OMR_REST_8 || rest->kind > OMR_REST_64 || rest->score < CLEAR_REST) continue;
    if (x > rest->x_px && x < rest->x_px + rest->width_px && y > rest->y_px && y < rest->y_px + rest->height_px)
      return true;
  }
  return false;
}

static uint8_t dots_beside(const OmrPage *page, const OmrSheet *sheet, float right, float y, float space) {
  float x;
  if (!spot_beside(&x, sheet, right + 0.2f * space, right + 1.5f * space, y, 0.25f * space))
    return pair_beside(sheet, right + 0.2f * space, right + 1.2f * space, y, 0.25f * space) ? 2 : 0;
  if (in_rest(page, x, y)) return 0;
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

/* A rest that was seen in two dots behind a head was none. */
static void drop_rests_in_dots(OmrPage *page, float space) {
  size_t kept = 0;
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *rest = &page->symbols.items[i];
    bool covers = false;
    for (size_t k = 0; k < page->heads.n && !covers; k++) {
      const OmrHead *head = &page->heads.items[k];
      float x = head->x_px + 0.5f * head->width_px + 0.8f * space;
      covers = head->dots == 2 && head->staff == rest->staff && x > rest->x_px - 0.3f * space &&
               x < rest->x_px + rest->width_px && head->y_px > rest->y_px - 0.6f * space &&
               head->y_px < rest->y_px + rest->height_px;
    }
    if (!covers || rest->kind < OMR_REST_QUARTER || rest->kind > OMR_REST_64)
      page->symbols.items[kept++] = page->symbols.items[i];
  }
  page->symbols.n = kept;
}

BaseStatus omr_find_dots(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet) {
  float space = sheet->space;
  for (size_t i = 0; i < page->heads.n; i++) {
    OmrHead *head = &page->heads.items[i];
    if (head->small) continue;
    const OmrStaff *staff = &page->staves.items[head->staff];
    float right = right_edge(page, head, space), step = 0.5f * staff->space_px;
    if (head->position % 2) {
      head->dots = dots_beside(page, sheet, right, head->y_px, space);
    } else {
      head->dots = dots_beside(page, sheet, right, head->y_px - step, space);
      if (!head->dots) head->dots = dots_beside(page, sheet, right, head->y_px + step, space);
    }
    if (!head->dots) head->faint_dot = faint_dot_beside(sheet, right, head->y_px - 0.2f * space, space);
  }
  spread_dots(page);
  drop_rests_in_dots(page, space);
  for (size_t i = 0; i < page->symbols.n; i++) {
    OmrSymbol *symbol = &page->symbols.items[i];
    if (symbol->kind < OMR_REST_WHOLE || symbol->kind > OMR_REST_64) continue;
    const OmrStaff *staff = &page->staves.items[symbol->staff];
    float right = symbol->x_px + symbol->width_px, x = right + 0.6f * space;
    symbol->dots = dots_beside(page, sheet, right - 0.1f * space,
                               omr_staff_y(page, staff, x, (float)symbol->position + 1), space);
  }
  return BASE_OK;
}
