/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bar lines. A column that is inked over every staff of the system, and over every gap through which bar
 * lines run in it, is part of one. Neighbouring columns make a stroke; strokes closer than one staff space
 * make one bar line with a thick part or as a double. Where bar lines do not run through, a stroke must end
 * on the outer lines of each staff, or it is a stem. Two dots in the middle spaces beside the strokes mean a
 * repeat. */
#include "core/omr/omr_upright.h"

#include <math.h>

#define LEAST_WITH_GAP 0.6f

typedef struct {
  float x0, x1, share;
} Stroke;

typedef BASE_ARRAY(Stroke) Strokes;

/* True when ink goes on beyond the outer lines of the staff at x: a stem rather than a bar line. */
static bool sticks_out(const OmrPage *page, const OmrSheet *sheet, const OmrStaff *staff, float x,
                       bool above) {
  float edge = omr_staff_y(page, staff, x, above ? 4 : -4), direction = above ? -1 : 1;
  int hits = 0, tried = 0;
  for (float d = 0.35f * staff->space_px; d < 1.1f * staff->space_px; d += 1, tried++) {
    int y = (int)lrintf(edge + direction * d);
    hits += omr_ink_at(sheet, sheet->ink, (int)x, y) || omr_ink_at(sheet, sheet->ink, (int)x - 1, y) ||
            omr_ink_at(sheet, sheet->ink, (int)x + 1, y);
  }
  return hits * 2 > tried;
}

/* True when something as wide as a note head hangs on the column inside the staff. */
static bool carries_head(const OmrPage *page, const OmrSheet *sheet, const OmrStaff *staff, float x) {
  float space = staff->space_px;
  for (float position = -4; position <= 4; position += 1) {
    int y = (int)lrintf(omr_staff_y(page, staff, x, position) + 0.25f * space);
    for (int side = -1; side <= 1; side += 2) {
      int hits = 0, tried = 0;
      for (float d = 0.3f * space; d < 0.9f * space; d += 1, tried++)
        hits += omr_ink_at(sheet, sheet->ink, (int)lrintf(x + (float)side * d), y) &&
                omr_ink_at(sheet, sheet->ink, (int)lrintf(x + (float)side * d), y + 2);
      if (hits == tried) return true;
    }
  }
  return false;
}

/* How much of a bar line must be there: as much as of the staff lines of the print, and a little less. */
static float needed_share(const OmrPage *page, const OmrSheet *sheet, const OmrSystem *system) {
  int hits = 0, tried = 0;
  for (int32_t i = 0; i < system->staves; i++) {
    const OmrStaff *staff = &page->staves.items[system->first_staff + i];
    for (float x = staff->x0_px; x < staff->x1_px; x += 3)
      for (int line = -4; line <= 4; line += 2, tried++) {
        int y = (int)lrintf(omr_staff_y(page, staff, x, (float)line));
        hits += omr_ink_at(sheet, sheet->ink, (int)x, y - 1) || omr_ink_at(sheet, sheet->ink, (int)x, y) ||
                omr_ink_at(sheet, sheet->ink, (int)x, y + 1);
      }
  }
  float whole = tried ? (float)hits / (float)tried : 1;
  return fmaxf(0.72f, fminf(0.9f, whole - 0.07f));
}

/* True when there is ink at both sides of x within 1.2 staff spaces, around row y. */
static bool between_letters(const OmrSheet *sheet, int x, int y) {
  int reach = (int)lrintf(1.2f * sheet->space), rows = (int)lrintf(0.5f * sheet->space);
  bool left = false, right = false;
  for (int v = y - rows; v <= y + rows && !(left && right); v += rows)
    for (int d = 3; d <= reach && !(left && right); d++) {
      left |= omr_ink_at(sheet, sheet->ink, x - d, v);
      right |= omr_ink_at(sheet, sheet->ink, x + d, v);
    }
  return left && right;
}

/* True when most of what a line lacks between y0 and y1 is where words stand over it. */
static bool words_hide(const OmrSheet *sheet, float x, float y0, float y1) {
  int missing = 0, hidden = 0;
  for (int y = (int)lrintf(y0); y <= (int)lrintf(y1); y++) {
    if (omr_upright_share(sheet, x, (float)y, (float)y + 1, 0) > 0) continue;
    missing++;
    hidden += between_letters(sheet, (int)x, y);
  }
  return missing && 3 * hidden >= 2 * missing;
}

/* The share of a line that is whole in the staff and broken below it by words; `share` when it is not. */
static float share_with_gap(const OmrPage *page, const OmrSheet *sheet, const OmrStaff *staff, float x,
                            float share) {
  float top = omr_staff_y(page, staff, x, 4), bottom = omr_staff_y(page, staff, x, -4);
  if (share < LEAST_WITH_GAP || carries_head(page, sheet, staff, x) ||
      carries_head(page, sheet, staff + 1, x))
    return share;
  float whole = omr_upright_share(sheet, x, top, bottom, 0.02f);
  return whole > share && words_hide(sheet, x, bottom, omr_staff_y(page, staff + 1, x, 4)) ? whole : share;
}

static float column_share(const OmrPage *page, const OmrSheet *sheet, const OmrSystem *system, float x,
                          float needed) {
  float least = 1;
  for (int32_t i = 0; i < system->staves && least > needed - 0.05f; i++) {
    const OmrStaff *staff = &page->staves.items[system->first_staff + i];
    if (x < staff->x0_px - 0.5f * staff->space_px || x > staff->x1_px + 0.7f * staff->space_px) return 0;
    bool through_above = i > 0 && (system->joined >> (i - 1) & 1);
    bool through_below = i + 1 < system->staves && (system->joined >> i & 1);
    float top = omr_staff_y(page, staff, x, 4), bottom = omr_staff_y(page, staff, x, -4);
    if (through_below) bottom = omr_staff_y(page, staff + 1, x, 4);
    float share = omr_upright_share(sheet, x, top, bottom, 0.02f);
    if (through_below && share < needed) share = share_with_gap(page, sheet, staff, x, share);
    least = fminf(least, share);
    if (least <= needed - 0.05f) break;
    if (!through_above && !through_below &&
        (sticks_out(page, sheet, staff, x, true) || sticks_out(page, sheet, staff, x, false) ||
         carries_head(page, sheet, staff, x)))
      return 0;
  }
  return least;
}

static bool find_strokes(Strokes *strokes, const OmrPage *page, const OmrSheet *sheet,
                         const OmrSystem *system) {
  float needed = needed_share(page, sheet, system);
  for (float x = system->x0_px - 0.5f * sheet->space; x <= system->x1_px + 0.8f * sheet->space; x += 1) {
    float share = column_share(page, sheet, system, x, needed);
    if (share < needed) continue;
    Stroke *last = strokes->n ? &strokes->items[strokes->n - 1] : NULL;
    if (last && x - last->x1 < 2) {
      last->x1 = x;
      last->share = fmaxf(last->share, share);
    } else if (!base_array_push(strokes, (Stroke){x, x, share})) {
      return false;
    }
  }
  return true;
}

/* The share of ink in a square window around the point. */
static float darkness(const OmrSheet *sheet, float x, float y, float half) {
  int hits = 0, tried = 0;
  for (int v = (int)lrintf(y - half); v <= (int)lrintf(y + half); v++)
    for (int u = (int)lrintf(x - half); u <= (int)lrintf(x + half); u++, tried++)
      hits += omr_ink_at(sheet, sheet->ink, u, v);
  return tried ? (float)hits / (float)tried : 0;
}

static bool is_dot(const OmrPage *page, const OmrSheet *sheet, const OmrStaff *staff, float x,
                   float position) {
  float y = omr_staff_y(page, staff, x, position), space = staff->space_px;
  if (darkness(sheet, x, y, 0.12f * space) < 0.85f) return false;
  return !omr_ink_at(sheet, sheet->ink, (int)lrintf(x - 0.36f * space), (int)lrintf(y)) &&
         !omr_ink_at(sheet, sheet->ink, (int)lrintf(x + 0.36f * space), (int)lrintf(y));
}

/* Two dots at the side of the strokes, in most staves. */
static bool repeat_dots(const OmrPage *page, const OmrSheet *sheet, const OmrSystem *system, float edge,
                        float direction) {
  int found = 0;
  for (int32_t i = 0; i < system->staves; i++) {
    const OmrStaff *staff = &page->staves.items[system->first_staff + i];
    for (float d = 0.25f * staff->space_px; d < 1.4f * staff->space_px; d += 1) {
      float x = edge + direction * d;
      if (is_dot(page, sheet, staff, x, 1) && is_dot(page, sheet, staff, x, -1)) {
        found++;
        break;
      }
    }
  }
  return found * 2 > system->staves || (found && system->staves <= 2);
}

static bool add_bars(OmrPage *page, const OmrSheet *sheet, int32_t index, const Strokes *strokes) {
  const OmrSystem *system = &page->systems.items[index];
  float space = sheet->space;
  for (size_t i = 0; i < strokes->n;) {
    size_t end = i + 1;
    while (end < strokes->n && strokes->items[end].x0 - strokes->items[end - 1].x1 < 1.1f * space) end++;
    OmrBar bar = {.system = index, .x0_px = strokes->items[i].x0, .x1_px = strokes->items[end - 1].x1};
    bar.x_px = 0.5f * (bar.x0_px + bar.x1_px);
    for (size_t k = i; k < end; k++)
      if (strokes->items[k].x1 - strokes->items[k].x0 > 0.38f * space) bar.flags |= OMR_BAR_THICK;
    if (end - i > 1 && !(bar.flags & OMR_BAR_THICK)) bar.flags |= OMR_BAR_DOUBLE;
    if (repeat_dots(page, sheet, system, bar.x0_px, -1)) bar.flags |= OMR_BAR_REPEAT_LEFT;
    if (repeat_dots(page, sheet, system, bar.x1_px, 1)) bar.flags |= OMR_BAR_REPEAT_RIGHT;
    if (!(bar.flags & (OMR_BAR_THICK | OMR_BAR_DOUBLE))) bar.flags = 0;
    if (!base_array_push(&page->bars, bar)) return false;
    i = end;
  }
  return true;
}

/* Every system begins and ends with a bar, printed or not. */
static bool add_edges(OmrPage *page, const OmrSheet *sheet, int32_t index, size_t first) {
  const OmrSystem *system = &page->systems.items[index];
  float left = system->x0_px, right = system->x1_px;
  bool open = page->bars.n == first || page->bars.items[first].x0_px > left + 2 * sheet->space;
  if (open) {
    if (!base_array_push(&page->bars, (OmrBar){0})) return false;
    for (size_t i = page->bars.n - 1; i > first; i--) page->bars.items[i] = page->bars.items[i - 1];
    page->bars.items[first] = (OmrBar){.system = index, .x_px = left, .x0_px = left, .x1_px = left};
  }
  if (page->bars.items[page->bars.n - 1].x1_px < right - 2.5f * sheet->space || page->bars.n - first < 2)
    return base_array_push(&page->bars,
                           (OmrBar){.system = index, .x_px = right, .x0_px = right, .x1_px = right});
  return true;
}

BaseStatus omr_find_bars(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet) {
  for (size_t i = 0; i < page->systems.n; i++) {
    if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
    Strokes strokes = {0};
    size_t first = page->bars.n;
    bool ok = find_strokes(&strokes, page, sheet, &page->systems.items[i]) &&
              add_bars(page, sheet, (int32_t)i, &strokes) && add_edges(page, sheet, (int32_t)i, first);
    base_array_clear(&strokes);
    if (!ok) return base_fail_memory(ctx);
  }
  return BASE_OK;
}
