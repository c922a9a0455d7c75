/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What long lines say. A level line over a system that begins at a bar line with a hook downwards and a small
 * figure is the bracket of an ending. Two straight lines that meet at one end and part at the other are a
 * hairpin. A row of dashes along a staff behind a small 8 moves what it covers by an octave. */
#include "core/omr/omr_lines.h"
#include "core/omr/omr_signs.h"

#include <math.h>

#define SMALL         0.65f /* figures beside those of a time signature */
#define CLEAR_FIGURE  0.5f
#define CLEAR_EIGHT   0.6f
#define LEAST_BRACKET 4.0f /* staff spaces */
#define LEAST_DASHED  4.0f
#define UNEVEN        0.3f /* standard deviation of their distances beside the mean */
#define REACH_OF_TIP  3.0f /* where the lines of a hairpin are too close to be told apart */

enum { LEAST_DASHES = 5 };

static bool add_line(OmrPage *page, int32_t staff, uint8_t kind, int position, float x0, float x1, float y0,
                     float y1, float score) {
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
    OmrMatch match = omr_match(matcher, (uint8_t)(OMR_DIGIT_0 + k), SMALL, line->x0 + 0.2f * space,
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
      if (number && !add_line(page, system->first_staff, OMR_ENDING, number, line->x0, line->x1, line->top,
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
      if (!add_line(page, staff, opens > 0 ? OMR_CRESCENDO : OMR_DIMINUENDO, 0, fminf(a->x0, b->x0),
                    fmaxf(a->x1, b->x1), top, bottom, 0.9f))
        return false;
    }
  return true;
}

/* ---- octave lines ---- */

/* A row of dashes. */
typedef struct {
  float x0, x1, last;   /* px; `last`: where the last dash begins */
  float steps, squares; /* sums of the distances from dash to dash, and of their squares */
  int dashes;
} Dashes;

typedef struct {
  const OmrSheet *sheet;
  const OmrPage *page;
  const OmrMatcher *matcher;
  int32_t staff;
  int side;    /* 1 above it, -1 below */
  float *edge; /* y of its outer line, per column */
} Search;

static bool thin_ink(const OmrSheet *sheet, int x, int y) {
  int apart = (int)(0.32f * sheet->space);
  return omr_ink_at(sheet, sheet->clean, x, y) && !omr_ink_at(sheet, sheet->clean, x, y - apart) &&
         !omr_ink_at(sheet, sheet->clean, x, y + apart);
}

/* True when the dashes follow each other evenly. */
static bool even(const Dashes *row) {
  float n = (float)row->dashes - 1, mean = row->steps / n;
  return row->squares / n - mean * mean < UNEVEN * UNEVEN * mean * mean;
}

static void add_dash(Dashes *row, float x0, float x1) {
  if (row->dashes) {
    row->steps += x0 - row->last;
    row->squares += (x0 - row->last) * (x0 - row->last);
  } else {
    row->x0 = x0;
  }
  row->dashes++;
  row->last = x0, row->x1 = x1;
}

/* The longest row of dashes `away` px from the staff, none of them long, and none far from the next. */
static Dashes dashes_at(const Search *search, float away) {
  const OmrSheet *sheet = search->sheet;
  const OmrStaff *staff = &search->page->staves.items[search->staff];
  Dashes row = {0}, best = {0};
  int run = 0, gap = 0;
  float space = sheet->space;
  for (int x = (int)staff->x0_px; x <= (int)staff->x1_px + 1; x++) {
    bool ink = x <= (int)staff->x1_px &&
               thin_ink(sheet, x, (int)lrintf(search->edge[x] - (float)search->side * away));
    if (ink) {
      if (!run && (float)gap > 1.3f * space) row = (Dashes){0};
      run++, gap = 0;
      continue;
    }
    if ((float)run >= 0.1f * space) {
      add_dash(&row, (float)(x - run), (float)x);
      if ((float)run > 2.2f * space) row = (Dashes){0};
      if (row.dashes >= LEAST_DASHES && row.dashes > best.dashes && even(&row)) best = row;
    }
    run = 0;
    gap++;
  }
  return best;
}

/* True when the dashes run through paper: neither letters nor ledger lines do. */
static bool in_paper(const Search *search, const Dashes *row, float away) {
  int hits = 0, tried = 0;
  float space = search->sheet->space;
  for (int x = (int)row->x0; x < (int)row->x1; x++)
    for (float d = 0.3f * space; d <= 0.8f * space; d += 0.125f * space)
      for (int side = -1; side <= 1; side += 2, tried++)
        hits += omr_ink_at(search->sheet, search->sheet->ink, x,
                           (int)lrintf(search->edge[x] - (float)search->side * away + (float)side * d));
  return hits * 20 < tried;
}

/* Where a small 8 stands before the dashes; score 0 when there is none. */
static OmrMatch eight_before(const Search *search, const Dashes *dashes, float away) {
  float space = search->sheet->space, y = search->edge[(int)dashes->x0] - (float)search->side * away;
  OmrMatch match = omr_match(search->matcher, OMR_DIGIT_0 + 8, SMALL, dashes->x0 - 4.5f * space,
                             dashes->x0 + 0.5f * space, y - 1.3f * space, y + 1.3f * space);
  if (match.score < CLEAR_EIGHT) match.score = 0;
  return match;
}

/* Half way to the next staff at this side, px. */
static float room(const Search *search) {
  const OmrPage *page = search->page;
  int32_t next = search->staff - search->side;
  float most = 8 * search->sheet->space;
  if (next < 0 || next >= (int32_t)page->staves.n) return most;
  const OmrStaff *staff = &page->staves.items[search->staff];
  float x = 0.5f * (staff->x0_px + staff->x1_px);
  float other = omr_staff_y(page, &page->staves.items[next], x, (float)(-4 * search->side));
  return fminf(most, 0.55f * fabsf(other - search->edge[(int)x]));
}

/* The best broken line at this side of the staff. */
static bool add_octave(OmrPage *page, const Search *search) {
  float space = search->sheet->space, best_away = 0, most = room(search);
  Dashes best = {0};
  OmrMatch eight = {0};
  for (float away = 1.2f * space; away < most; away += 1) {
    Dashes dashes = dashes_at(search, away);
    if (dashes.dashes < LEAST_DASHES || dashes.x1 - dashes.x0 < LEAST_DASHED * space) continue;
    if (dashes.x1 - dashes.x0 <= best.x1 - best.x0 || !in_paper(search, &dashes, away)) continue;
    OmrMatch match = eight_before(search, &dashes, away);
    if (match.score <= 0) continue;
    best = dashes, best_away = away, eight = match;
  }
  if (!best.dashes) return true;
  float y = search->edge[(int)best.x1] - (float)search->side * best_away;
  return add_line(page, search->staff, OMR_OCTAVE, search->side, eight.x0, best.x1,
                  fminf(eight.y0, y - 0.5f * space), fmaxf(eight.y0 + eight.height, y + 0.5f * space),
                  eight.score);
}

static BaseStatus add_octaves(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet,
                              const OmrMatcher *matcher) {
  Search search = {.sheet = sheet, .page = page, .matcher = matcher};
  search.edge = BASE_TAKE(sheet->arena, float, (size_t)sheet->width + 8);
  if (!search.edge) return base_fail_memory(ctx);
  for (search.staff = 0; search.staff < (int32_t)page->staves.n; search.staff++)
    for (search.side = -1; search.side <= 1; search.side += 2) {
      if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
      const OmrStaff *staff = &page->staves.items[search.staff];
      for (int x = 0; x < sheet->width + 8; x++)
        search.edge[x] = omr_staff_y(page, staff, (float)x, (float)(4 * search.side));
      if (!add_octave(page, &search)) return base_fail_memory(ctx);
    }
  return BASE_OK;
}

BaseStatus omr_find_lines(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet, const OmrMatcher *matcher,
                          const OmrCurves *curves) {
  if (!add_endings(page, sheet, matcher, curves) || !add_hairpins(page, curves, sheet->space))
    return base_fail_memory(ctx);
  return add_octaves(ctx, page, sheet, matcher);
}
