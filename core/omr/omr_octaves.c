/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A row of dashes along a staff behind a small 8 moves what it covers by an octave. A row between two systems
 * may belong to either: a hook at its end points at its notes, and an octave is saved where notes stand high
 * in the staff below it, or low in the staff above. */
#include "core/omr/omr_lines_parts.h"
#include "core/omr/omr_signs.h"

#include <math.h>

#define CLEAR_EIGHT  0.6f
#define LEAST_DASHED 4.0f /* staff spaces */
#define UNEVEN       0.3f /* standard deviation of their distances beside the mean */
#define OFTEN_ABOVE  3.0f /* positions by which 8va is likelier than 8vb */
#define HOOK         8.0f /* positions that a hook is worth */

enum { LEAST_DASHES = 5, MOST_LINES = 6 };

/* A row of dashes. */
typedef struct {
  float x0, x1, last;   /* px; `last`: where the last dash begins */
  float steps, squares; /* sums of the distances from dash to dash, and of their squares */
  int dashes;
} Dashes;

/* A line with its 8, at one side of a staff. */
typedef struct {
  int32_t staff;
  int side;
  float x0, x1, y, y0, y1; /* box, and the height of the dashes, px */
  float score;
  int hook; /* 1 downwards at the right end, -1 upwards, 0 none */
  bool foreign;
} Octave;

typedef BASE_ARRAY(Octave) Octaves;

typedef struct {
  const OmrSheet *sheet;
  const OmrPage *page;
  const OmrMatcher *matcher;
  int32_t staff;
  int side;    /* 1 above it, -1 below */
  float *edge; /* y of its outer line, per column */
  Octaves *found;
  size_t first; /* of those at this side of this staff */
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

static bool is_taken(const Search *search, const Dashes *row, float away) {
  for (size_t i = search->first; i < search->found->n; i++) {
    const Octave *other = &search->found->items[i];
    float y = search->edge[(int)row->x0] - (float)search->side * away;
    if (row->x0 < other->x1 && row->x1 > other->x0 && fabsf(y - other->y) < search->sheet->space) return true;
  }
  return false;
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
      if (row.dashes >= LEAST_DASHES && row.dashes > best.dashes && even(&row) && !is_taken(search, &row, away))
        best = row;
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
  OmrMatch match = omr_match(search->matcher, OMR_DIGIT_0 + 8, OMR_SMALL_FIGURE, dashes->x0 - 4.5f * space,
                             dashes->x0 + 0.5f * space, y - 1.3f * space, y + 1.3f * space);
  if (match.score < CLEAR_EIGHT) match.score = 0;
  return match;
}

/* How far from the staff its lines may be: half way to the next staff of the system, or nearly to that of
 * another system. px */
static float room(const Search *search) {
  const OmrPage *page = search->page;
  int32_t next = search->staff - search->side;
  float space = search->sheet->space, most = 8 * space;
  if (next < 0 || next >= (int32_t)page->staves.n) return most;
  const OmrStaff *staff = &page->staves.items[search->staff], *neighbour = &page->staves.items[next];
  float x = 0.5f * (staff->x0_px + staff->x1_px);
  float gap = fabsf(omr_staff_y(page, neighbour, x, (float)(-4 * search->side)) - search->edge[(int)x]);
  return staff->system == neighbour->system ? fminf(most, 0.55f * gap) : gap - space;
}

/* Which way a stroke leaves the right end of the dashes. */
static int hook_of(const OmrSheet *sheet, float x1, float y) {
  float space = sheet->space;
  int hits[2] = {0}, tried = 0;
  for (float d = 0.2f * space; d < 0.8f * space; d += 1, tried++)
    for (int side = 0; side < 2; side++) {
      bool ink = false;
      for (int x = (int)(x1 - 0.4f * space); x <= (int)(x1 + 0.9f * space) && !ink; x++)
        ink = omr_ink_at(sheet, sheet->ink, x, (int)lrintf(side ? y + d : y - d));
      hits[side] += ink;
    }
  bool up = hits[0] * 10 > tried * 7, down = hits[1] * 10 > tried * 7;
  return down - up;
}

/* The longest broken line at this side of the staff that was not found before. */
static bool add_octave(const Search *search) {
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
  Octave octave = {.staff = search->staff, .side = search->side, .x0 = eight.x0, .x1 = best.x1, .y = y,
                   .y0 = fminf(eight.y0, y - 0.5f * space), .y1 = fmaxf(eight.y0 + eight.height, y + 0.5f * space),
                   .score = eight.score, .hook = hook_of(search->sheet, best.x1, y)};
  return base_array_push(search->found, octave);
}

/* How far outside the staff, at the side of the line, the notes stand that it covers; positions. */
static float need_of(const OmrPage *page, const Octave *octave) {
  float sum = 0;
  int n = 0;
  for (size_t i = 0; i < page->heads.n; i++) {
    const OmrHead *head = &page->heads.items[i];
    if (head->staff != octave->staff || head->x_px < octave->x0 || head->x_px > octave->x1) continue;
    sum += (float)(octave->side * head->position);
    n++;
  }
  return n ? sum / (float)n : -100;
}

/* Of a line that both the staff above and the staff below claim one claim stands. */
static void settle(const OmrPage *page, Octaves *found, float space) {
  for (size_t i = 0; i < found->n; i++)
    for (size_t k = i + 1; k < found->n; k++) {
      Octave *below = &found->items[i], *above = &found->items[k]; /* of the staves beside */
      if (below->side == above->side || fabsf(below->y - above->y) > 0.5f * space) continue;
      if (below->x0 > above->x1 || above->x0 > below->x1) continue;
      if (below->side > 0) below = &found->items[k], above = &found->items[i];
      float for_above = need_of(page, above) + OFTEN_ABOVE + HOOK * (float)above->hook;
      *(for_above >= need_of(page, below) ? &below->foreign : &above->foreign) = true;
    }
}

static BaseStatus find_beside(BaseContext *ctx, Search *search) {
  const OmrPage *page = search->page;
  const OmrStaff *staff = &page->staves.items[search->staff];
  for (int x = 0; x < search->sheet->width + 8; x++)
    search->edge[x] = omr_staff_y(page, staff, (float)x, (float)(4 * search->side));
  search->first = search->found->n;
  for (size_t before = search->first; before < search->first + MOST_LINES; before++) {
    if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
    if (!add_octave(search)) return base_fail_memory(ctx);
    if (search->found->n == before) break;
  }
  return BASE_OK;
}

BaseStatus omr_find_octaves(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet, const OmrMatcher *matcher) {
  Octaves found = {0};
  Search search = {.sheet = sheet, .page = page, .matcher = matcher, .found = &found};
  search.edge = BASE_TAKE(sheet->arena, float, (size_t)sheet->width + 8);
  BaseStatus status = search.edge ? BASE_OK : base_fail_memory(ctx);
  for (search.staff = 0; search.staff < (int32_t)page->staves.n && !status; search.staff++)
    for (search.side = -1; search.side <= 1 && !status; search.side += 2) status = find_beside(ctx, &search);
  if (!status) settle(page, &found, sheet->space);
  for (size_t i = 0; i < found.n && !status; i++) {
    const Octave *o = &found.items[i];
    if (!o->foreign && !omr_add_line(page, o->staff, OMR_OCTAVE, o->side, o->x0, o->x1, o->y0, o->y1, o->score))
      status = base_fail_memory(ctx);
  }
  base_array_clear(&found);
  return status;
}
