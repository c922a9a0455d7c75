/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What long lines say. A level line over a system that begins at a bar line with a hook downwards and a small
 * figure is the bracket of an ending. Two straight lines that meet at one end and part at the other are a
 * hairpin. Broken lines behind an 8: omr_octaves.c. */
#include "core/omr/omr_lines.h"
#include "core/omr/omr_lines_parts.h"

#include <math.h>

#define CLEAR_FIGURE  0.5f
#define LEAST_BRACKET 4.0f /* staff spaces */
#define REACH_OF_TIP  3.0f /* where the lines of a hairpin are too close to be told apart */

bool omr_add_line(OmrPage *page, int32_t staff, uint8_t kind, int position, float x0, float x1, float y0, float y1,
                  float score) {
  OmrSymbol symbol = {.staff = staff,
                      .head = -1,
                      .kind = kind,
                      .second = OMR_SYMBOLS,
                      .position = (int16_t)position,
                      .score = score};
  symbol.x_px = x0, symbol.y_px = y0, symbol.width_px = x1 - x0, symbol.height_px = y1 - y0;
  return base_array_push(&page->symbols, symbol);
}

static bool straight(const OmrCurve *curve, float space) {
  return fabsf(curve->sag) < fmaxf(0.12f * space, 0.01f * (curve->x1 - curve->x0));
}

/* ---- brackets over endings ---- */

static bool at_bar(const OmrPage *page, int32_t system, float x, float space) {
  for (size_t i = 0; i < page->bars.n; i++) {
    const OmrBar *bar = &page->bars.items[i];
    if (bar->system == system && x > bar->x0_px - 1.2f * space && x < bar->x1_px + 1.6f * space) return true;
  }
  return false;
}

/* True when a thin stroke hangs down from the left end of the line. */
static bool hooked(const OmrSheet *sheet, const OmrCurve *line) {
  float space = sheet->space;
  for (int x = (int)(line->x0 - 0.3f * space); x <= (int)(line->x0 + 0.2f * space); x++) {
    int length = 0;
    while (omr_ink_at(sheet, sheet->ink, x, (int)line->y0 + length) ||
           omr_ink_at(sheet, sheet->ink, x + 1, (int)line->y0 + length))
      length++;
    if ((float)length > 0.7f * space && (float)length < 4 * space) return true;
  }
  return false;
}

/* The number under the left end of a bracket, 0 none. */
static int number_under(const OmrMatcher *matcher, const OmrCurve *line, float space) {
  float best = CLEAR_FIGURE;
  int number = 0;
  for (int k = 1; k <= 3; k++) {
    OmrMatch match = omr_match(matcher, (uint8_t)(OMR_DIGIT_0 + k), OMR_SMALL_FIGURE, line->x0 + 0.2f * space,
                               line->x0 + 2.2f * space, line->y0 + 0.6f * space, line->y0 + 1.9f * space);
    if (match.score > best) best = match.score, number = k;
  }
  return number;
}

static bool add_endings(OmrPage *page, const OmrSheet *sheet, const OmrMatcher *matcher,
                        const OmrCurves *curves) {
  float space = sheet->space;
  for (size_t i = 0; i < curves->n; i++) {
    const OmrCurve *line = &curves->items[i];
    if (!straight(line, space) || line->x1 - line->x0 < LEAST_BRACKET * space) continue;
    for (int32_t s = 0; s < (int32_t)page->systems.n; s++) {
      const OmrSystem *system = &page->systems.items[s];
      const OmrStaff *staff = &page->staves.items[system->first_staff];
      float position = omr_staff_position(page, staff, line->x0, line->y0),
            other = omr_staff_position(page, staff, line->x1, line->y1);
      if (position < 6 || position > 22 || fabsf(position - other) > 1.2f || line->x1 > staff->x1_px + space)
        continue;
      if (!at_bar(page, s, line->x0, space) || !hooked(sheet, line)) continue;
      int number = number_under(matcher, line, space);
      if (number && !omr_add_line(page, system->first_staff, OMR_ENDING, number, line->x0, line->x1, line->top,
                              line->top + 2 * space, 0.9f))
        return false;
    }
  }
  return true;
}

/* ---- hairpins ---- */

/* The staff that a sign between staves belongs to: the one above it, else the one below. */
static int32_t staff_near(const OmrPage *page, float x, float y) {
  int32_t best = -1;
  float least = 12;
  for (int32_t i = 0; i < (int32_t)page->staves.n; i++) {
    const OmrStaff *staff = &page->staves.items[i];
    float position = omr_staff_position(page, staff, x, y), away = position < -4  ? -4 - position
                                                                   : position > 4 ? position - 1
                                                                                  : 100;
    if (x < staff->x0_px || x > staff->x1_px || away >= least) continue;
    least = away;
    best = i;
  }
  return best;
}

static float y_at(const OmrCurve *line, float x) {
  return line->y0 + (line->y1 - line->y0) * (x - line->x0) / (line->x1 - line->x0);
}

/* 1 when two lines open to the right, -1 to the left, 0 when they make no hairpin. Near the tip they may run
 * together and be seen as one. */
static int hairpin(const OmrCurve *a, const OmrCurve *b, float space) {
  float x0 = fmaxf(a->x0, b->x0), x1 = fminf(a->x1, b->x1);
  if (x1 - x0 < 1.2f * space) return 0;
  float left = (y_at(b, x0) - y_at(a, x0)) / space, right = (y_at(b, x1) - y_at(a, x1)) / space;
  bool opens = fabsf(right) > fabsf(left);
  float tip = opens ? left : right, mouth = opens ? right : left;
  if (fabsf(tip) > 0.6f || fabsf(mouth) < 0.55f || fabsf(mouth) > 3.2f || tip * mouth < -0.05f) return 0;
  float closed = opens ? fabsf(a->x0 - b->x0) : fabsf(a->x1 - b->x1),
        open = opens ? fabsf(a->x1 - b->x1) : fabsf(a->x0 - b->x0);
  if (fabsf(mouth) - fabsf(tip) < 0.35f || closed > REACH_OF_TIP * space || open > 1.2f * space) return 0;
  return opens ? 1 : -1;
}

static bool add_hairpins(OmrPage *page, const OmrCurves *curves, float space) {
  for (size_t i = 0; i < curves->n; i++)
    for (size_t k = i + 1; k < curves->n && curves->items[k].x0 < curves->items[i].x0 + REACH_OF_TIP * space;
         k++) {
      const OmrCurve *a = &curves->items[i], *b = &curves->items[k];
      if (a->x1 - a->x0 < 1.5f * space || !straight(a, space) || !straight(b, space)) continue;
      int opens = hairpin(a, b, space);
      int32_t staff = opens ? staff_near(page, 0.5f * (a->x0 + a->x1), 0.5f * (a->y0 + b->y0)) : -1;
      if (staff < 0) continue;
      float top = fminf(a->top, b->top), bottom = fmaxf(a->bottom, b->bottom);
      if (!omr_add_line(page, staff, opens > 0 ? OMR_CRESCENDO : OMR_DIMINUENDO, 0, fminf(a->x0, b->x0),
                    fmaxf(a->x1, b->x1), top, bottom, 0.9f))
        return false;
    }
  return true;
}

BaseStatus omr_find_lines(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet, const OmrMatcher *matcher,
                          const OmrCurves *curves) {
  if (!add_endings(page, sheet, matcher, curves) || !add_hairpins(page, curves, sheet->space))
    return base_fail_memory(ctx);
  return omr_find_octaves(ctx, page, sheet, matcher);
}
