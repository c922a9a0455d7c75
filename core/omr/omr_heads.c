/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Note heads by matching at staff positions only: a head's height is known up to a pixel or two once its staff
 * position is assumed, so every position of every staff is scanned from left to right. A filled head is a
 * tilted ellipse full of ink with paper at one side at least; a hollow one is a ring around paper. Above and
 * below the staff the ledger lines between head and staff must be there, which keeps fingerings, dynamics and
 * text away. Of overlapping finds the best remains. */
#include "core/omr/omr_heads.h"
#include "core/omr/omr_signs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { REACH = 18, MAX_POINTS = 4096 }; /* positions from the middle line; pixels of a template */

typedef struct {
  int16_t dx, dy;
} Point;

typedef struct {
  Point *points;
  int n;
} Points;

typedef struct {
  Points core, ring, hole, whole_ring, whole_hole, side[2], flank[2];
} Templates;

typedef struct {
  const OmrSheet *sheet;
  const OmrPage *page;
  uint32_t *sums; /* (H+1) × (W+1) integral of ink */
  Templates shapes;
} Search;

/* Points of a tilted ellipse between `inner` and 1 of its size. */
static bool ellipse(Points *points, BaseArena *arena, float a, float b, float tilt, float inner) {
  points->points = BASE_TAKE(arena, Point, MAX_POINTS);
  if (!points->points) return false;
  float c = cosf(tilt), s = sinf(tilt);
  int reach = (int)ceilf(fmaxf(a, b));
  for (int dy = -reach; dy <= reach; dy++)
    for (int dx = -reach; dx <= reach && points->n < MAX_POINTS; dx++) {
      float u = ((float)dx * c - (float)dy * s) / a, v = ((float)dx * s + (float)dy * c) / b;
      float r = u * u + v * v;
      if (r <= 1 && r >= inner * inner) points->points[points->n++] = (Point){(int16_t)dx, (int16_t)dy};
    }
  return true;
}

static bool rectangle(Points *points, BaseArena *arena, float x0, float x1, float y0, float y1) {
  points->points = BASE_TAKE(arena, Point, MAX_POINTS);
  if (!points->points) return false;
  for (int dy = (int)lrintf(y0); dy <= (int)lrintf(y1); dy++)
    for (int dx = (int)lrintf(x0); dx <= (int)lrintf(x1) && points->n < MAX_POINTS; dx++)
      points->points[points->n++] = (Point){(int16_t)dx, (int16_t)dy};
  return true;
}

static bool make_templates(Templates *shapes, BaseArena *arena, float space) {
  const float tilt = 0.5f;
  return ellipse(&shapes->core, arena, 0.60f * space, 0.43f * space, tilt, 0) &&
         ellipse(&shapes->ring, arena, 0.66f * space, 0.47f * space, tilt, 0.70f) &&
         ellipse(&shapes->hole, arena, 0.36f * space, 0.17f * space, 0.62f, 0) &&
         ellipse(&shapes->whole_ring, arena, 0.88f * space, 0.48f * space, 0, 0.72f) &&
         ellipse(&shapes->whole_hole, arena, 0.22f * space, 0.30f * space, 0, 0) &&
         rectangle(&shapes->side[0], arena, -1.05f * space, -0.85f * space, -0.25f * space, 0.25f * space) &&
         rectangle(&shapes->side[1], arena, 0.85f * space, 1.05f * space, -0.25f * space, 0.25f * space) &&
         rectangle(&shapes->flank[0], arena, -1.25f * space, -0.85f * space, -0.5f * space, 0.5f * space) &&
         rectangle(&shapes->flank[1], arena, 0.85f * space, 1.25f * space, -0.5f * space, 0.5f * space);
}

static float share(const OmrSheet *sheet, const uint8_t *plane, const Points *points, int x, int y) {
  int hits = 0;
  for (int i = 0; i < points->n; i++) hits += omr_ink_at(sheet, plane, x + points->points[i].dx, y + points->points[i].dy);
  return points->n ? (float)hits / (float)points->n : 0;
}

/* Share of ink without the rows that a staff or ledger line through the middle takes. */
static float share_off_line(const OmrSheet *sheet, const Points *points, int x, int y, int line_y, int half) {
  int hits = 0, tried = 0;
  for (int i = 0; i < points->n; i++) {
    int row = y + points->points[i].dy;
    if (abs(row - line_y) <= half) continue;
    tried++;
    hits += omr_ink_at(sheet, sheet->ink, x + points->points[i].dx, row);
  }
  return tried ? (float)hits / (float)tried : 1;
}

static bool integrate(Search *search) {
  const OmrSheet *sheet = search->sheet;
  size_t stride = (size_t)sheet->width + 1;
  search->sums = BASE_TAKE(sheet->arena, uint32_t, stride * ((size_t)sheet->height + 1));
  if (!search->sums) return false;
  for (size_t y = 0; y < (size_t)sheet->height; y++) {
    uint32_t row = 0;
    for (size_t x = 0; x < (size_t)sheet->width; x++) {
      row += sheet->ink[y * (size_t)sheet->width + x];
      search->sums[(y + 1) * stride + x + 1] = search->sums[y * stride + x + 1] + row;
    }
  }
  return true;
}

/* Share of ink in a box around (x, y). */
static float box_share(const Search *search, int x, int y, int half_width, int half_height) {
  const OmrSheet *sheet = search->sheet;
  int x0 = x - half_width, x1 = x + half_width + 1, y0 = y - half_height, y1 = y + half_height + 1;
  if (x0 < 0 || y0 < 0 || x1 > sheet->width || y1 > sheet->height) return 0;
  size_t stride = (size_t)sheet->width + 1;
  const uint32_t *top = search->sums + (size_t)y0 * stride, *bottom = search->sums + (size_t)y1 * stride;
  return (float)(bottom[x1] - bottom[x0] - top[x1] + top[x0]) / (float)((x1 - x0) * (y1 - y0));
}

/* Share of the columns x + [from, to] that have ink near row y. */
static float level_share(const OmrSheet *sheet, float x, float y, float from, float to) {
  int hits = 0, tried = 0;
  for (float d = from; d <= to; d += 1, tried++) {
    bool hit = false;
    for (int v = -3; v <= 3 && !hit; v++)
      hit = omr_ink_at(sheet, sheet->ink, (int)lrintf(x + d), (int)lrintf(y) + v);
    hits += hit;
  }
  return tried ? (float)hits / (float)tried : 0;
}

/* True when a ledger line passes (x, y): beside the head where the head hides it, else right through. */
static bool ledger_at(const OmrSheet *sheet, float x, float y, float space, bool hidden) {
  if (!hidden) return level_share(sheet, x, y, -0.6f * space, 0.6f * space) > 0.75f;
  return level_share(sheet, x, y, 0.62f * space, 0.84f * space) > 0.45f ||
         level_share(sheet, x, y, -0.84f * space, -0.62f * space) > 0.45f;
}

/* Share of the ledger lines between the head and the staff that are there; 1 inside the staff. */
static float ledgers(const OmrPage *page, const OmrSheet *sheet, const OmrStaff *staff, float x, int position) {
  int direction = position > 0 ? 1 : -1, found = 0, wanted = 0;
  for (int at = 6; at <= abs(position); at += 2, wanted++)
    found += ledger_at(sheet, x, omr_staff_y(page, staff, x, (float)(direction * at)), staff->space_px, abs(position) - at < 2);
  return wanted ? (float)found / (float)wanted : 1;
}

static float filled_score(const Search *search, int x, int y) {
  const Templates *shapes = &search->shapes;
  float inside = share(search->sheet, search->sheet->ink, &shapes->core, x, y);
  if (inside < 0.8f) return 0;
  float left = share(search->sheet, search->sheet->clean, &shapes->side[0], x, y);
  float right = share(search->sheet, search->sheet->clean, &shapes->side[1], x, y);
  return inside - 0.3f * fminf(left, right) - 0.17f * fmaxf(left, right);
}

static float hollow_score(const Search *search, const Points *ring, const Points *hole, int x, int y, int line_y) {
  const OmrSheet *sheet = search->sheet;
  int half = (int)ceilf(sheet->line / 2) + 1;
  float paper = 1 - share_off_line(sheet, hole, x, y, line_y, half);
  if (paper < 0.45f) return 0;
  float around = share(sheet, sheet->ink, ring, x, y);
  if (around < 0.62f) return 0;
  float left = share(sheet, sheet->clean, &search->shapes.flank[0], x, y);
  float right = share(sheet, sheet->clean, &search->shapes.flank[1], x, y);
  return 0.5f * (around + fminf(1, paper * 1.15f)) - 0.3f * fminf(left, right) - 0.2f * fmaxf(left, right);
}

typedef BASE_ARRAY(OmrHead) Heads;

/* The best head of any kind at this place; score 0 when there is none. */
static OmrHead best_at(const Search *search, const OmrStaff *staff, int x, int position) {
  float exact = omr_staff_y(search->page, staff, (float)x, (float)position), space = staff->space_px;
  OmrHead best = {.chord = -1, .position = (int16_t)position, .x_px = (float)x};
  int play = (int)fmaxf(1, 0.1f * space);
  int line_y = position % 2 ? -100000 : (int)lrintf(exact);
  for (int d = -play; d <= play; d++) {
    int y = (int)lrintf(exact) + d;
    float ink = box_share(search, x, y, (int)(0.5f * space), (int)(0.36f * space));
    if (ink < 0.3f) continue;
    float fine = 0.015f * (float)abs(d), score = ink > 0.85f ? filled_score(search, x, y) - fine : 0;
    if (score > best.score) best.score = score, best.kind = OMR_FILLED, best.y_px = (float)y;
    if (ink > 0.92f) continue;
    score = hollow_score(search, &search->shapes.ring, &search->shapes.hole, x, y, line_y) - fine;
    if (score > best.score) best.score = score, best.kind = OMR_HALF, best.y_px = (float)y;
    score = hollow_score(search, &search->shapes.whole_ring, &search->shapes.whole_hole, x, y, line_y) - fine;
    if (score > best.score) best.score = score, best.kind = OMR_WHOLE, best.y_px = (float)y;
  }
  return best;
}

static float threshold(uint8_t kind) { return kind == OMR_FILLED ? 0.84f : kind == OMR_HALF ? 0.80f : 0.82f; }

static bool scan_position(Heads *found, const Search *search, int32_t staff_index, int position) {
  const OmrStaff *staff = &search->page->staves.items[staff_index];
  float space = staff->space_px;
  OmrHead peak = {0};
  for (int x = (int)(omr_header_end(search->page, staff_index) + 0.5f * space); x <= (int)(staff->x1_px - 0.4f * space); x++) {
    OmrHead head = best_at(search, staff, x, position);
    if (peak.score > 0 && head.x_px - peak.x_px > 0.5f * space) {
      if (!base_array_push(found, peak)) return false;
      peak = (OmrHead){0};
    }
    if (head.score < threshold(head.kind) || head.score <= peak.score) continue;
    float support = ledgers(search->page, search->sheet, staff, head.x_px, position);
    if (support < 0.5f) continue;
    head.score *= 0.85f + 0.15f * support;
    if (head.score <= peak.score) continue;
    head.staff = staff_index;
    head.width_px = (head.kind == OMR_WHOLE ? 1.75f : 1.3f) * space;
    head.height_px = space;
    peak = head;
  }
  return peak.score <= 0 || base_array_push(found, peak);
}

/* The y that a staff's own heads may reach: the nearest line of the neighbour. */
static void limits(float *above, float *below, const OmrPage *page, int32_t index) {
  const OmrStaff *staff = &page->staves.items[index];
  float x = 0.5f * (staff->x0_px + staff->x1_px);
  *above = REACH;
  *below = -REACH;
  if (index > 0) *above = fminf(REACH, omr_staff_position(page, staff, x, omr_staff_y(page, staff - 1, x, -4)) - 2);
  if (index + 1 < (int32_t)page->staves.n)
    *below = fmaxf(-REACH, omr_staff_position(page, staff, x, omr_staff_y(page, staff + 1, x, 4)) + 2);
}

static int by_score(const void *a, const void *b) {
  const OmrHead *ha = a, *hb = b;
  if (ha->score != hb->score) return ha->score < hb->score ? 1 : -1;
  if (ha->x_px != hb->x_px) return ha->x_px > hb->x_px ? 1 : -1;
  return ha->position - hb->position;
}

static bool clash(const OmrHead *a, const OmrHead *b, float space) {
  float dx = fabsf(a->x_px - b->x_px), dy = fabsf(a->y_px - b->y_px);
  return (dx < 0.72f * space && dy < 0.78f * space) || (dx < 1.0f * space && dy < 0.3f * space);
}

/* Keeps the best of finds that cannot stand together. O(n²) in the heads of a page, with an early way out. */
static BaseStatus keep_best(BaseContext *ctx, OmrPage *page, Heads *found, float space) {
  qsort(found->items, found->n, sizeof *found->items, by_score);
  for (size_t i = 0; i < found->n; i++) {
    bool free_place = true;
    for (size_t k = 0; k < page->heads.n && free_place; k++)
      free_place = !clash(&found->items[i], &page->heads.items[k], space);
    if (free_place && !base_array_push(&page->heads, found->items[i])) return base_fail_memory(ctx);
  }
  return BASE_OK;
}

BaseStatus omr_find_heads(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet) {
  Search search = {.sheet = sheet, .page = page};
  if (!integrate(&search) || !make_templates(&search.shapes, sheet->arena, sheet->space)) return base_fail_memory(ctx);
  Heads found = {0};
  BaseStatus status = BASE_OK;
  for (int32_t i = 0; i < (int32_t)page->staves.n && !status; i++) {
    float above, below;
    limits(&above, &below, page, i);
    for (int position = (int)ceilf(below); position <= (int)above && !status; position++) {
      if (base_cancelled(ctx)) status = base_fail_cancelled(ctx);
      else if (!scan_position(&found, &search, i, position)) status = base_fail_memory(ctx);
    }
  }
  if (!status) status = keep_best(ctx, page, &found, sheet->space);
  base_array_clear(&found);
  return status;
}
