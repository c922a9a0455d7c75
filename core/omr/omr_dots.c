/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Augmentation dots: a small round spot of ink right of a head or rest, in its own space or the one above
 * when the head is on a line, with paper all round. */
#include "core/omr/omr_marks.h"
#include "core/omr/omr_signs.h"

#include <math.h>

#define CLEAR_SIGN 0.75f

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

/* A spot with paper above it, below it and at one side. */
static bool half_free(const OmrSheet *sheet, int x, int y, int side) {
  int core = (int)lrintf(0.1f * sheet->space), edge = (int)lrintf(0.34f * sheet->space), around = 0;
  if (!omr_core_at(sheet, x, y)) return false;
  for (int k = -core; k <= core; k++)
    around += omr_ink_at(sheet, sheet->clean, x + k, y - edge) + omr_ink_at(sheet, sheet->clean, x + k, y + edge) +
              omr_ink_at(sheet, sheet->clean, x + side * edge, y + k);
  return around <= 1;
}

/* Two spots so close that neither has paper all round it. */
static bool pair_at(const OmrSheet *sheet, int x, int y) {
  if (!half_free(sheet, x, y, -1)) return false;
  for (int apart = (int)(0.4f * sheet->space); apart <= (int)(0.75f * sheet->space); apart++)
    if (half_free(sheet, x + apart, y, 1)) return true;
  return false;
}

static bool pair_beside(float *found, const OmrSheet *sheet, float x0, float x1, float y, float play) {
  for (float x = x0; x <= x1; x += 1)
    for (float d = -play; d <= play; d += 1)
      if (pair_at(sheet, (int)lrintf(x), (int)lrintf(y + d))) {
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

/* The bulb of a rest and the arms of an accidental look like dots. */
static bool in_sign(const OmrPage *page, float x, float y) {
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *sign = &page->symbols.items[i];
    bool round = (sign->kind >= OMR_REST_8 && sign->kind <= OMR_REST_64) ||
                 (sign->kind >= OMR_SHARP && sign->kind <= OMR_DOUBLE_SHARP);
    if (round && sign->score > CLEAR_SIGN && x > sign->x_px && x < sign->x_px + sign->width_px && y > sign->y_px &&
        y < sign->y_px + sign->height_px)
      return true;
  }
  return false;
}

static uint8_t dots_beside(const OmrPage *page, const OmrSheet *sheet, float right, float y, float space) {
  float x, second;
  if (spot_beside(&x, sheet, right + 0.2f * space, right + 1.5f * space, y, 0.25f * space)) {
    if (in_sign(page, x, y)) return 0;
    return spot_beside(&second, sheet, x + 0.45f * space, x + 0.95f * space, y, 0.2f * space) ? 2 : 1;
  }
  bool pair = pair_beside(&x, sheet, right + 0.2f * space, right + 1.2f * space, y, 0.25f * space);
  return pair && !in_sign(page, x, y) ? 2 : 0;
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
    bool is_rest = rest->kind >= OMR_REST_QUARTER && rest->kind <= OMR_REST_64, covers = false;
    for (size_t k = 0; is_rest && k < page->heads.n && !covers; k++) {
      const OmrHead *head = &page->heads.items[k];
      float x = head->x_px + 0.5f * head->width_px + 0.8f * space;
      covers = head->dots == 2 && head->staff == rest->staff && x > rest->x_px - 0.3f * space &&
               x < rest->x_px + rest->width_px && head->y_px > rest->y_px - 0.6f * space &&
               head->y_px < rest->y_px + rest->height_px;
    }
    if (!covers) page->symbols.items[kept++] = page->symbols.items[i];
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
