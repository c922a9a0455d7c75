/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Note heads by matching at staff positions only: a head's height is known up to a pixel or two once its
 * staff position is assumed, so every position of every staff is scanned from left to right. A filled head is
 * a tilted ellipse full of ink with paper at one side at least; a hollow one is a ring around paper. Above
 * and below the staff the ledger lines between head and staff must be there, which keeps fingerings, dynamics
 * and text away. Of overlapping finds the best remains. Hollow heads in clusters hide each other's
 * surroundings: around what was found the search is done once more on a sheet without it. */
#include "core/omr/omr_heads.h"
#include "core/omr/omr_ledgers.h"
#include "core/omr/omr_rings.h"
#include "core/omr/omr_signs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define THIN_WALLS 0.9f /* how much a closed outline counts against one of the usual thickness */

enum {
  REACH = 24,        /* staff positions from the middle line */
  MAX_POINTS = 4096, /* px of a template */
};

typedef struct {
  int16_t dx, dy;
} Point;

typedef struct {
  Point *points;
  int n;
} Points;

typedef struct {
  Points core, ring, hole, whole_ring, whole_hole, side[2][2], near[2], beyond[2], flank[2];
  OmrRing walls;
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
  shapes->walls = omr_ring(space);
  return ellipse(&shapes->core, arena, 0.60f * space, 0.43f * space, tilt, 0) &&
         ellipse(&shapes->ring, arena, 0.66f * space, 0.47f * space, tilt, 0.70f) &&
         ellipse(&shapes->hole, arena, 0.36f * space, 0.17f * space, 0.62f, 0) &&
         ellipse(&shapes->whole_ring, arena, 0.88f * space, 0.48f * space, 0, 0.72f) &&
         ellipse(&shapes->whole_hole, arena, 0.22f * space, 0.30f * space, 0, 0) &&
         rectangle(&shapes->side[0][0], arena, -1.05f * space, -0.85f * space, -0.42f * space,
                   -0.16f * space) &&
         rectangle(&shapes->side[0][1], arena, -1.05f * space, -0.85f * space, 0.16f * space,
                   0.42f * space) &&
         rectangle(&shapes->side[1][0], arena, 0.85f * space, 1.05f * space, -0.42f * space,
                   -0.16f * space) &&
         rectangle(&shapes->side[1][1], arena, 0.85f * space, 1.05f * space, 0.16f * space, 0.42f * space) &&
         rectangle(&shapes->near[0], arena, -1.1f * space, -0.85f * space, -0.2f * space, 0.2f * space) &&
         rectangle(&shapes->near[1], arena, 0.85f * space, 1.1f * space, -0.2f * space, 0.2f * space) &&
         rectangle(&shapes->beyond[0], arena, -1.45f * space, -1.15f * space, -0.2f * space, 0.2f * space) &&
         rectangle(&shapes->beyond[1], arena, 1.15f * space, 1.45f * space, -0.2f * space, 0.2f * space) &&
         rectangle(&shapes->flank[0], arena, -1.25f * space, -0.85f * space, -0.5f * space, 0.5f * space) &&
         rectangle(&shapes->flank[1], arena, 0.85f * space, 1.25f * space, -0.5f * space, 0.5f * space);
}

static float share(const OmrSheet *sheet, const uint8_t *plane, const Points *points, int x, int y) {
  int hits = 0;
  for (int i = 0; i < points->n; i++)
    hits += omr_ink_at(sheet, plane, x + points->points[i].dx, y + points->points[i].dy);
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

/* How dark it is beside a head above and below the level of a ledger line through it, or all along that
 * level, as in a beam but not between neighbouring heads. */
static float side_share(const Search *search, int side, int x, int y) {
  const Templates *shapes = &search->shapes;
  const OmrSheet *sheet = search->sheet;
  float beside = fminf(share(sheet, sheet->clean, &shapes->side[side][0], x, y),
                       share(sheet, sheet->clean, &shapes->side[side][1], x, y));
  float along = fminf(share(sheet, sheet->clean, &shapes->near[side], x, y),
                      share(sheet, sheet->clean, &shapes->beyond[side], x, y));
  return fmaxf(beside, along);
}

/* True when the corners that a tilted ellipse leaves free are: it is no piece of a beam. */
static bool rounded(const Search *search, int x, int y) {
  const OmrSheet *sheet = search->sheet;
  int hits = 0, tried = 0, reach = (int)lrintf(0.07f * sheet->space);
  for (int corner = -1; corner <= 1; corner += 2)
    for (int v = -reach; v <= reach; v++)
      for (int u = -reach; u <= reach; u++, tried++)
        hits += omr_ink_at(sheet, sheet->clean, x + u + corner * (int)lrintf(0.6f * sheet->space),
                           y + v + corner * (int)lrintf(0.42f * sheet->space));
  return 4 * hits <= tried;
}

static float filled_score(const Search *search, int x, int y) {
  const Templates *shapes = &search->shapes;
  float inside = share(search->sheet, search->sheet->ink, &shapes->core, x, y);
  if (inside < 0.8f) return 0;
  float left = side_share(search, 0, x, y), right = side_share(search, 1, x, y);
  float crowd = 0.2f * fminf(left, right) + 0.12f * fmaxf(left, right);
  return inside - (inside > 0.97f && crowd > 0 && rounded(search, x, y) ? 0.5f : 1) * crowd;
}

/* How well a ring of ink with paper in it stands around the point, less what is dark beside it; that matters
 * less where the shape is good and heads may be crowded. */
static float hollow_score(const Search *search, float around, float paper, int x, int y,
                          bool may_be_crowded) {
  const OmrSheet *sheet = search->sheet;
  if (around < 0.62f) return 0;
  float left = share(sheet, sheet->clean, &search->shapes.flank[0], x, y);
  float right = share(sheet, sheet->clean, &search->shapes.flank[1], x, y);
  float shape = 0.5f * (around + fminf(1, paper * 1.15f));
  float crowd = 0.3f * fminf(left, right) + 0.2f * fmaxf(left, right);
  bool forgiven = may_be_crowded && shape > 0.88f && crowd > 0 && rounded(search, x, y);
  return shape - (forgiven ? fmaxf(0.4f, 1 - 10 * (shape - 0.88f)) : 1) * crowd;
}

static float half_score(const Search *search, int x, int y, int line_y) {
  const OmrSheet *sheet = search->sheet;
  int line = (int)ceilf(sheet->line / 2) + 1;
  float paper = 1 - share_off_line(sheet, &search->shapes.hole, x, y, line_y, line);
  if (paper < 0.45f) return 0;
  float around = share(sheet, sheet->ink, &search->shapes.ring, x, y);
  float closed = paper > 0.8f ? omr_ring_share(sheet, &search->shapes.walls, x, y) : 0;
  if (closed > 0.97f) around = fmaxf(around, THIN_WALLS * (2 * closed - 1));
  return hollow_score(search, around, paper, x, y, true);
}

static float whole_score(const Search *search, int x, int y, int line_y) {
  const OmrSheet *sheet = search->sheet;
  int line = (int)ceilf(sheet->line / 2) + 1;
  float paper = 1 - share_off_line(sheet, &search->shapes.whole_hole, x, y, line_y, line);
  if (paper < 0.45f) return 0;
  return hollow_score(search, share(sheet, sheet->ink, &search->shapes.whole_ring, x, y), paper, x, y, false);
}

typedef BASE_ARRAY(OmrHead) Heads;

static void take_better(OmrHead *best, float score, uint8_t kind, int y) {
  if (score <= best->score) return;
  best->score = score;
  best->kind = kind;
  best->y_px = (float)y;
}

/* The best head of any kind at this place; score 0 when there is none. Where `sure` is false a ledger line
 * may or may not pass through it. */
static OmrHead best_at(const Search *search, const OmrStaff *staff, int x, float position, bool sure) {
  float exact = omr_staff_y(search->page, staff, (float)x, position), space = staff->space_px;
  OmrHead best = {.chord = -1, .position = (int16_t)lrintf(position), .x_px = (float)x};
  int play = (int)fmaxf(1, 0.1f * space), nowhere = -100000;
  bool on_line = !sure || best.position % 2 == 0;
  for (int d = -play; d <= play; d++) {
    int y = (int)lrintf(exact) + d, line_y = !on_line ? nowhere : sure ? (int)lrintf(exact) : y;
    float ink = box_share(search, x, y, (int)(0.5f * space), (int)(0.36f * space));
    if (ink < 0.3f) continue;
    float fine = sure ? 0.015f * (float)abs(d) : 0;
    if (ink > 0.85f) take_better(&best, filled_score(search, x, y) - fine, OMR_FILLED, y);
    if (ink > 0.92f) continue;
    for (int pass = sure ? 1 : 0; pass < 2; pass++, line_y = sure ? line_y : nowhere) {
      take_better(&best, half_score(search, x, y, line_y) - fine, OMR_HALF, y);
      take_better(&best, whole_score(search, x, y, line_y) - fine, OMR_WHOLE, y);
    }
  }
  return best;
}

static float threshold(uint8_t kind) {
  return kind == OMR_FILLED ? 0.84f : kind == OMR_HALF ? 0.80f : 0.82f;
}

static bool add_peak(Heads *found, const Search *search, const OmrStaff *staff, OmrHead peak, bool sure) {
  if (peak.score <= 0) return true;
  if (!sure && !omr_carry_by_ledgers(&peak, search->page, search->sheet, staff, 1)) return true;
  return base_array_push(found, peak);
}

static bool scan_position(Heads *found, const Search *search, int32_t staff_index, float position) {
  const OmrStaff *staff = &search->page->staves.items[staff_index];
  float space = staff->space_px;
  bool sure = fabsf(position) <= 5;
  OmrHead peak = {0};
  for (int x = (int)(omr_header_end(search->page, staff_index) + 0.5f * space);
       x <= (int)(staff->x1_px - 0.4f * space); x++) {
    OmrHead head = best_at(search, staff, x, position, sure);
    if (peak.score > 0 && head.x_px - peak.x_px > 0.5f * space) {
      if (!add_peak(found, search, staff, peak, sure)) return false;
      peak = (OmrHead){0};
    }
    if (head.score < threshold(head.kind) || head.score <= peak.score) continue;
    head.staff = staff_index;
    head.width_px = (head.kind == OMR_WHOLE ? 1.75f : 1.3f) * space;
    head.height_px = space;
    peak = head;
  }
  return add_peak(found, search, staff, peak, sure);
}

static bool clash(const OmrHead *a, const OmrHead *b, float space) {
  float dx = fabsf(a->x_px - b->x_px), dy = fabsf(a->y_px - b->y_px);
  return (dx < 0.72f * space && dy < 0.78f * space) || (dx < 1.0f * space && dy < 0.3f * space);
}

/* Keeps the best of finds that cannot stand together. O(n²) in the heads of a page, with an early way out. */
static BaseStatus keep_best(BaseContext *ctx, OmrPage *page, Heads *found, float space) {
  if (found->n) qsort(found->items, found->n, sizeof *found->items, omr_heads_by_score);
  for (size_t i = 0; i < found->n; i++) {
    bool free_place = !omr_inside_symbol(page, &found->items[i]);
    for (size_t k = 0; k < page->heads.n && free_place; k++)
      free_place = !clash(&found->items[i], &page->heads.items[k], space);
    if (free_place && !base_array_push(&page->heads, found->items[i])) return base_fail_memory(ctx);
  }
  return BASE_OK;
}

/* The sheet without the heads found so far: what is left beside a head is then no head's. */
static bool erase_heads(OmrSheet *bare, const OmrSheet *sheet, const OmrPage *page) {
  size_t n = (size_t)sheet->width * (size_t)sheet->height;
  Points outline = {0};
  *bare = *sheet;
  bare->clean = BASE_TAKE(sheet->arena, uint8_t, n);
  if (!bare->clean || !ellipse(&outline, sheet->arena, 0.76f * sheet->space, 0.6f * sheet->space, 0.5f, 0))
    return false;
  memcpy(bare->clean, sheet->clean, n);
  for (size_t i = 0; i < page->heads.n; i++)
    for (int k = 0; k < outline.n; k++) {
      int x = (int)lrintf(page->heads.items[i].x_px) + outline.points[k].dx,
          y = (int)lrintf(page->heads.items[i].y_px) + outline.points[k].dy;
      if (omr_ink_at(sheet, sheet->clean, x, y))
        bare->clean[(size_t)y * (size_t)sheet->width + (size_t)x] = 0;
    }
  return true;
}

/* The best hollow head at a side of `head`, or above or below it (`side` 0), `step` staff positions away: a
 * neighbour in a cluster or of another voice. */
static bool scan_beside(Heads *found, const Search *search, const OmrHead *head, int step, float side) {
  const OmrStaff *staff = &search->page->staves.items[head->staff];
  float space = staff->space_px, position = (float)(head->position + step);
  bool sure = fabsf(position) <= 5;
  OmrHead best = {0};
  float from = side == 0 ? -0.2f * space : 0.95f * space, to = side == 0 ? 0.2f * space : 1.5f * space;
  for (float d = from; d <= to; d += 1) {
    float x = head->x_px + (side < 0 ? -d : d);
    OmrHead here = best_at(search, staff, (int)lrintf(x), position, sure);
    if (here.kind == OMR_HALF && here.score > best.score) best = here;
  }
  if (best.score < threshold(OMR_HALF)) return true;
  best.staff = head->staff;
  best.width_px = 1.3f * space, best.height_px = space;
  return add_peak(found, search, staff, best, sure);
}

/* Hollow heads that stand so close to others that these hide what is around them. */
static BaseStatus find_neighbours(BaseContext *ctx, OmrPage *page, Search *search, Heads *found) {
  OmrSheet bare;
  const OmrSheet *sheet = search->sheet;
  if (!erase_heads(&bare, sheet, page)) return base_fail_memory(ctx);
  search->sheet = &bare;
  found->n = 0;
  bool ok = true;
  for (size_t i = 0; ok && i < page->heads.n; i++)
    for (int step = -3; ok && step <= 3; step++)
      for (int side = -1; ok && side <= 1; side++)
        if (abs(step) > 1 ? page->heads.items[i].kind != OMR_FILLED : side)
          ok = scan_beside(found, search, &page->heads.items[i], step, (float)side);
  search->sheet = sheet;
  return ok ? keep_best(ctx, page, found, sheet->space) : base_fail_memory(ctx);
}

BaseStatus omr_find_heads(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet) {
  Search search = {.sheet = sheet, .page = page};
  if (!integrate(&search) || !make_templates(&search.shapes, sheet->arena, sheet->space))
    return base_fail_memory(ctx);
  Heads found = {0};
  BaseStatus status = BASE_OK;
  for (int32_t i = 0; i < (int32_t)page->staves.n && !status; i++) {
    float above, below;
    omr_staff_reach(&above, &below, page, i, REACH);
    for (float position = ceilf(below); position <= above && !status;
         position += position >= -5 && position < 5 ? 1 : 0.5f) {
      if (base_cancelled(ctx))
        status = base_fail_cancelled(ctx);
      else if (!scan_position(&found, &search, i, position))
        status = base_fail_memory(ctx);
    }
  }
  if (!status) status = keep_best(ctx, page, &found, sheet->space);
  if (!status) status = find_neighbours(ctx, page, &search, &found);
  base_array_clear(&found);
  return status;
}
