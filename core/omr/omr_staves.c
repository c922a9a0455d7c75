/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Staves. The distance of staff lines is the most frequent sum of a black and a white vertical run. The page
 * is cut into upright strips; in each, thin runs are counted row by row and a comb of five teeth finds places
 * where five lines stand at that distance. Combs of neighbouring strips are chained into staves along their
 * own slope, so that skewed and gently curved lines are followed; each line is then set on its own peak. */
#include "core/omr/omr_sheet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RUN = 200, MISSES = 5, STRIP_PEAKS = 400 };
#define STRIP_SPACES 3.0f
#define COMB_STEP    0.25f
#define BETTER_LINE  0.25f

static size_t mode_of(const uint32_t *histogram, size_t from, size_t to) {
  size_t best = from;
  for (size_t i = from; i < to; i++)
    if (histogram[i] > histogram[best]) best = i;
  return best;
}

/* Centre of mass of a histogram around its mode. */
static float centre_of(const uint32_t *histogram, size_t mode, size_t reach, size_t n) {
  double sum = 0, weight = 0;
  for (size_t i = mode > reach ? mode - reach : 0; i <= mode + reach && i < n; i++) {
    sum += (double)i * histogram[i];
    weight += histogram[i];
  }
  return weight > 0 ? (float)(sum / weight) : (float)mode;
}

bool omr_measure_ruling(float *space, float *line, const uint8_t *ink, int32_t width, int32_t height) {
  uint32_t sums[2 * MAX_RUN] = {0}, thin[MAX_RUN][MAX_RUN / 4];
  memset(thin, 0, sizeof thin);
  uint64_t total = 0;
  for (int32_t x = 0; x < width; x += 3) {
    int black = 0, white = 0, before = 0;
    for (int32_t y = 0; y < height; y++) {
      if (ink[(size_t)y * (size_t)width + (size_t)x]) {
        if (white && before) {
          int sum = before + white;
          if (before < MAX_RUN / 4 && sum < MAX_RUN && before * 2 < sum) {
            sums[sum]++;
            thin[sum][before]++;
            total++;
          }
        }
        if (white) black = 0;
        white = 0;
        black++;
      } else {
        if (black) before = black;
        black = 0;
        white++;
      }
    }
  }
  size_t mode = mode_of(sums, 5, MAX_RUN);
  uint32_t near = 0;
  for (size_t i = mode - 1; i <= mode + 1; i++) near += sums[i];
  if (total < 300 || near < 200 || (uint64_t)near * 25 < total) return false;
  uint32_t thickness[MAX_RUN / 4] = {0};
  for (size_t i = mode - 1; i <= mode + 1; i++)
    for (size_t k = 0; k < MAX_RUN / 4; k++) thickness[k] += thin[i][k];
  *space = centre_of(sums, mode, 1, MAX_RUN);
  *line = centre_of(thickness, mode_of(thickness, 1, MAX_RUN / 4), 1, MAX_RUN / 4);
  return true;
}

typedef struct {
  float y, space, score; /* middle line, distance of lines, 0…5 */
  bool used;
} Comb;

typedef struct {
  float *rows; /* share of the strip's columns with a thin run centred at the row or beside it, 0…1 */
  Comb *combs;
  int32_t n;
  float x;
} Strip;

typedef struct {
  const OmrSheet *sheet;
  Strip *strips;
  int32_t n, width;
} Ruling;

static void count_thin_runs(float *counts, const OmrSheet *sheet, int32_t x0, int32_t x1) {
  int longest = (int)fmaxf(sheet->line * 1.9f, sheet->line + 2.5f);
  for (int32_t x = x0; x < x1; x++) {
    int run = 0;
    for (int32_t y = 0; y <= sheet->height; y++) {
      if (y < sheet->height && sheet->ink[(size_t)y * (size_t)sheet->width + (size_t)x]) {
        run++;
      } else {
        if (run && run <= longest) counts[y - 1 - run / 2] += 1;
        run = 0;
      }
    }
  }
}

static void fill_rows(Strip *strip, float *counts, const OmrSheet *sheet, int32_t x0, int32_t x1) {
  memset(counts, 0, sizeof *counts * (size_t)(sheet->height + 2));
  count_thin_runs(counts + 1, sheet, x0, x1);
  float scale = 1.0f / (float)(x1 - x0);
  for (int32_t y = 0; y < sheet->height; y++)
    strip->rows[y] = fminf(1, (counts[y] + counts[y + 1] + counts[y + 2]) * scale);
  strip->x = 0.5f * (float)(x0 + x1);
}

static float comb_score(const Strip *strip, int32_t height, float y, float space) {
  float sum = 0;
  for (int k = -2; k <= 2; k++) {
    int row = (int)lrintf(y + (float)k * space);
    if (row >= 0 && row < height) sum += strip->rows[row];
  }
  return sum;
}

static Comb best_comb(const Strip *strip, const OmrSheet *sheet, float y, float near_space, float reach) {
  Comb best = {.y = y, .space = near_space};
  for (float s = near_space * (1 - reach); s <= near_space * (1 + reach) + 0.01f; s += COMB_STEP) {
    float score = comb_score(strip, sheet->height, y, s) - 0.06f * fabsf(s - near_space);
    if (score > best.score) best = (Comb){.y = y, .space = s, .score = score};
  }
  return best;
}

static void find_combs(Strip *strip, const OmrSheet *sheet) {
  int reach = (int)(2.4f * sheet->space);
  for (int32_t y = (int32_t)(2 * sheet->space); y < sheet->height - (int32_t)(2 * sheet->space); y++) {
    if (strip->rows[y] < 0.2f) continue;
    Comb comb = best_comb(strip, sheet, (float)y, sheet->space, 0.1f);
    if (comb.score < 2.4f) continue;
    Comb *last = strip->n ? &strip->combs[strip->n - 1] : NULL;
    if (last && comb.y - last->y < (float)reach) {
      if (comb.score > last->score) *last = comb;
    } else if (strip->n < STRIP_PEAKS) {
      strip->combs[strip->n++] = comb;
    }
  }
}

typedef struct {
  float y, space, score;
  bool seen;
} Link;

/* Follows a staff from strip `from` in `direction`, filling `links`. */
static void follow(Link *links, Ruling *ruling, int32_t from, int direction) {
  float y = links[from].y, space = links[from].space, slope = 0;
  int misses = 0;
  int32_t last = from;
  for (int32_t i = from + direction; i >= 0 && i < ruling->n && misses < MISSES; i += direction) {
    float expected = y + slope * (float)abs(i - last),
          tolerance = 0.3f * ruling->sheet->space + 0.1f * (float)misses;
    Strip *strip = &ruling->strips[i];
    Comb best = {0};
    for (float d = -tolerance; d <= tolerance; d += 1) {
      Comb comb = best_comb(strip, ruling->sheet, expected + d, space, 0.03f);
      comb.score -= 0.3f * fabsf(d) / tolerance;
      if (comb.score > best.score) best = comb;
    }
    if (best.score < 2.2f) {
      misses++;
      continue;
    }
    misses = 0;
    float step = (best.y - y) / (float)abs(i - last);
    slope = last == from ? step * 0.5f : 0.7f * slope + 0.3f * step;
    y = best.y;
    space = 0.8f * space + 0.2f * best.space;
    links[i] = (Link){best.y, best.space, best.score, true};
    last = i;
  }
}

static void take_combs(Ruling *ruling, const Link *links) {
  for (int32_t i = 0; i < ruling->n; i++)
    for (int32_t k = 0; links[i].seen && k < ruling->strips[i].n; k++)
      if (fabsf(ruling->strips[i].combs[k].y - links[i].y) < 4.2f * ruling->sheet->space)
        ruling->strips[i].combs[k].used = true;
}

/* The strip where the best unused comb stands, or -1. */
static int32_t best_seed(Link *seed, Ruling *ruling) {
  int32_t where = -1;
  float best = 3.6f;
  for (int32_t i = 0; i < ruling->n; i++)
    for (int32_t k = 0; k < ruling->strips[i].n; k++) {
      Comb *comb = &ruling->strips[i].combs[k];
      if (comb->used || comb->score <= best) continue;
      best = comb->score;
      where = i;
      *seed = (Link){comb->y, comb->space, comb->score, true};
    }
  return where;
}

/* Sets line `k` on the peak of thin runs near its tooth. */
static float line_peak(const Strip *strip, int32_t height, float y, float reach) {
  float sum = 0, weight = 0;
  for (int row = (int)ceilf(y - reach); row <= (int)(y + reach); row++) {
    if (row < 0 || row >= height || strip->rows[row] < 0.35f) continue;
    sum += strip->rows[row] * (float)row;
    weight += strip->rows[row];
  }
  return weight > 0.9f ? sum / weight : y;
}

static bool add_nodes(OmrPage *page, OmrStaff *staff, const Ruling *ruling, const Link *links) {
  staff->first_node = (int32_t)page->nodes.n;
  double space = 0;
  int seen = 0;
  for (int32_t i = 0; i < ruling->n; i++) {
    if (!links[i].seen) continue;
    OmrNode node = {.x_px = ruling->strips[i].x};
    for (int k = 0; k < OMR_LINES; k++)
      node.y_px[k] = line_peak(&ruling->strips[i], ruling->sheet->height,
                               links[i].y + (float)(k - 2) * links[i].space, 0.16f * links[i].space);
    if (!base_array_push(&page->nodes, node)) return false;
    space += (node.y_px[4] - node.y_px[0]) / 4;
    seen++;
  }
  staff->nodes = (int32_t)page->nodes.n - staff->first_node;
  staff->space_px = (float)(space / seen);
  return true;
}

static float median3(float a, float b, float c) {
  return fmaxf(fminf(a, b), fminf(fmaxf(a, b), c));
}

/* Takes out single strips where a beam or slur was mistaken for a line. */
static void smooth_nodes(OmrPage *page, const OmrStaff *staff) {
  OmrNode *nodes = page->nodes.items + staff->first_node;
  for (int k = 0; k < OMR_LINES; k++) {
    float before = nodes[0].y_px[k];
    for (int32_t i = 1; i + 1 < staff->nodes; i++) {
      float here = nodes[i].y_px[k];
      nodes[i].y_px[k] = median3(before, here, nodes[i + 1].y_px[k]);
      before = here;
    }
  }
}

/* Where the lines end beyond x, going in `direction`. */
static float find_end(const OmrPage *page, const OmrStaff *staff, const OmrSheet *sheet, float x,
                      int direction) {
  float end = x;
  int reach = (int)ceilf(sheet->line / 2) + 1;
  for (float at = x; at >= 0 && at < (float)sheet->width && fabsf(at - end) < 1.2f * staff->space_px;
       at += (float)direction) {
    int hits = 0;
    for (int k = 0; k < OMR_LINES; k++) {
      int y = (int)lrintf(omr_staff_y(page, staff, at, (float)(4 - 2 * k)));
      bool hit = false;
      for (int d = -reach; d <= reach && !hit; d++) hit = omr_ink_at(sheet, sheet->ink, (int)at, y + d);
      hits += hit;
    }
    if (hits >= 3) end = at;
  }
  return end;
}

/* How much of a line there is at a row, 0…1. */
static float tooth(const Strip *strip, int32_t height, float y, float reach) {
  float most = 0;
  for (int row = (int)ceilf(y - reach); row <= (int)(y + reach); row++)
    if (row >= 0 && row < height) most = fmaxf(most, strip->rows[row]);
  return fminf(1, most);
}

/* A long flat slur may have been taken for an outer line where a better one stands at the other side. */
static void settle(const Ruling *ruling, Link *links) {
  enum { ROWS = OMR_LINES + 2 };
  float shares[ROWS] = {0}, seen = 0;
  for (int32_t i = 0; i < ruling->n; i++) {
    const Link *link = &links[i];
    if (!link->seen) continue;
    seen++;
    for (int k = 0; k < ROWS; k++)
      shares[k] += tooth(&ruling->strips[i], ruling->sheet->height, link->y + (float)(k - 3) * link->space, 0.16f * link->space);
  }
  int shift = shares[ROWS - 1] > shares[1] + BETTER_LINE * seen ? 1 : shares[0] > shares[ROWS - 2] + BETTER_LINE * seen ? -1 : 0;
  for (int32_t i = 0; shift && i < ruling->n; i++) links[i].y += (float)shift * links[i].space;
}

static BaseStatus add_staff(BaseContext *ctx, OmrPage *page, const Ruling *ruling, Link *links) {
  int seen = 0;
  double score = 0;
  for (int32_t i = 0; i < ruling->n; i++) {
    seen += links[i].seen;
    score += links[i].seen ? links[i].score : 0;
  }
  if (seen < 5 || score < 2.6 * seen) return BASE_OK;
  settle(ruling, links);
  OmrStaff staff = {.system = -1};
  if (!add_nodes(page, &staff, ruling, links)) return base_fail_memory(ctx);
  smooth_nodes(page, &staff);
  const OmrNode *nodes = page->nodes.items + staff.first_node;
  staff.x0_px = find_end(page, &staff, ruling->sheet, nodes[0].x_px, -1);
  staff.x1_px = find_end(page, &staff, ruling->sheet, nodes[staff.nodes - 1].x_px, 1);
  return base_array_push(&page->staves, staff) ? BASE_OK : base_fail_memory(ctx);
}

/* True when the chain lies over a staff that is already there. */
static bool overlaps(const OmrPage *page, const Ruling *ruling, const Link *links) {
  int inside = 0, seen = 0;
  for (int32_t i = 0; i < ruling->n; i++) {
    if (!links[i].seen) continue;
    seen++;
    for (size_t s = 0; s < page->staves.n; s++) {
      const OmrStaff *staff = &page->staves.items[s];
      float x = ruling->strips[i].x;
      if (x < staff->x0_px || x > staff->x1_px) continue;
      if (fabsf(omr_staff_position(page, staff, x, links[i].y)) < 9.0f) {
        inside++;
        break;
      }
    }
  }
  return inside * 4 > seen;
}

static int by_height(const void *a, const void *b) {
  const float *ya = a, *yb = b;
  return (*ya > *yb) - (*ya < *yb);
}

typedef struct {
  float y;
  OmrStaff staff;
} Placed;

static bool sort_staves(OmrPage *page, BaseArena *arena) {
  Placed *placed = BASE_TAKE(arena, Placed, page->staves.n + 1);
  if (!placed) return false;
  for (size_t i = 0; i < page->staves.n; i++) {
    const OmrStaff *staff = &page->staves.items[i];
    placed[i] = (Placed){omr_staff_y(page, staff, 0.5f * (staff->x0_px + staff->x1_px), 0), *staff};
  }
  qsort(placed, page->staves.n, sizeof *placed, by_height);
  for (size_t i = 0; i < page->staves.n; i++) page->staves.items[i] = placed[i].staff;
  return true;
}

static bool rule(Ruling *ruling, const OmrSheet *sheet) {
  *ruling = (Ruling){.sheet = sheet, .width = (int32_t)(STRIP_SPACES * sheet->space)};
  ruling->n = sheet->width / ruling->width;
  ruling->strips = BASE_TAKE(sheet->arena, Strip, (size_t)ruling->n + 1);
  float *counts = BASE_TAKE(sheet->arena, float, (size_t)sheet->height + 4);
  if (!ruling->strips || !counts) return false;
  for (int32_t i = 0; i < ruling->n; i++) {
    Strip *strip = &ruling->strips[i];
    strip->rows = BASE_TAKE(sheet->arena, float, (size_t)sheet->height);
    strip->combs = BASE_TAKE(sheet->arena, Comb, STRIP_PEAKS);
    if (!strip->rows || !strip->combs) return false;
    fill_rows(strip, counts, sheet, i * ruling->width, (i + 1) * ruling->width);
    find_combs(strip, sheet);
  }
  return true;
}

BaseStatus omr_find_staves(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet) {
  Ruling ruling;
  if (!rule(&ruling, sheet)) return base_fail_memory(ctx);
  Link *links = BASE_TAKE(sheet->arena, Link, (size_t)ruling.n + 1);
  if (!links) return base_fail_memory(ctx);
  Link seed;
  for (int32_t at; (at = best_seed(&seed, &ruling)) >= 0;) {
    if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
    memset(links, 0, sizeof *links * (size_t)ruling.n);
    links[at] = seed;
    follow(links, &ruling, at, 1);
    follow(links, &ruling, at, -1);
    take_combs(&ruling, links);
    if (overlaps(page, &ruling, links)) continue;
    BaseStatus status = add_staff(ctx, page, &ruling, links);
    if (status) return status;
  }
  return sort_staves(page, sheet->arena) ? BASE_OK : base_fail_memory(ctx);
}
