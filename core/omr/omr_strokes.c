/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Upright strokes: down every pair of neighbouring columns (so that a stroke may lean a little) ink counts
 * for and paper against a stroke; where the balance has fallen far below its best the stroke ended at that
 * best. Thin broken stems survive so, while what follows after a gap must outweigh it. A good part of the
 * rows must be thin. Neighbouring columns give one stroke. */
#include "core/omr/omr_heads.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
  const OmrSheet *sheet;
  int thin;       /* widest row of a stem, px */
  int drop;       /* how far the balance may fall, rows */
  int least;      /* rows of the whole */
  int least_thin; /* thin rows among them */
  int loss;       /* what a row of paper counts against one of ink */
} Tracer;

static bool inked(const OmrSheet *sheet, int x, int y) {
  return omr_ink_at(sheet, sheet->clean, x, y) || omr_ink_at(sheet, sheet->clean, x + 1, y);
}

/* True when the ink around (x, y) is no wider than a stem. */
static bool thin_row(const Tracer *tracer, int x, int y) {
  const OmrSheet *sheet = tracer->sheet;
  int at = omr_ink_at(sheet, sheet->clean, x, y) ? x : x + 1, width = 1;
  for (int left = at - 1; width <= tracer->thin && omr_ink_at(sheet, sheet->clean, left, y); left--) width++;
  for (int right = at + 1; width <= tracer->thin && omr_ink_at(sheet, sheet->clean, right, y); right++)
    width++;
  return width <= tracer->thin;
}

/* Adds the stroke of rows [start, end] when there is enough of it. */
static bool add_stroke(OmrStrokes *strokes, const Tracer *tracer, int x, int start, int end, int balance) {
  if (balance < tracer->least) return true;
  int thin = 0;
  for (int y = start; y <= end && thin < tracer->least_thin; y++)
    thin += inked(tracer->sheet, x, y) && thin_row(tracer, x, y);
  return thin < tracer->least_thin ||
         base_array_push(strokes, (OmrStroke){(float)x + 0.5f, (float)start, (float)end, 0});
}

static bool trace_column(OmrStrokes *strokes, const Tracer *tracer, int x) {
  const OmrSheet *sheet = tracer->sheet;
  int start = -1, end = -1, balance = 0, best = 0;
  for (int y = 0; y <= sheet->height; y++) {
    bool ink = y < sheet->height && inked(sheet, x, y);
    if (start < 0) {
      if (ink) start = end = y, balance = best = 1;
      continue;
    }
    balance += ink ? 1 : -tracer->loss;
    if (balance > best) best = balance, end = y;
    if (balance > 0 && balance > best - tracer->drop && y < sheet->height) continue;
    if (!add_stroke(strokes, tracer, x, start, end, best)) return false;
    start = -1;
  }
  return true;
}

static bool overlap(const OmrStroke *a, const OmrStroke *b) {
  float shared = fminf(a->y1, b->y1) - fmaxf(a->y0, b->y0);
  return shared > 0.5f * fminf(a->y1 - a->y0, b->y1 - b->y0);
}

/* Joins finds of neighbouring columns; the longest gives the place. */
static void merge(OmrStrokes *strokes, float reach) {
  size_t kept = 0;
  for (size_t i = 0; i < strokes->n; i++) {
    OmrStroke stroke = strokes->items[i];
    bool joined = false;
    for (size_t k = kept; k-- > 0 && !joined;) {
      OmrStroke *other = &strokes->items[k];
      if (stroke.x - other->x > reach + 3) break;
      if (stroke.x - other->x > reach || !overlap(&stroke, other)) continue;
      if (stroke.y1 - stroke.y0 > other->y1 - other->y0) *other = stroke;
      joined = true;
    }
    if (!joined) strokes->items[kept++] = stroke;
  }
  strokes->n = kept;
}

static bool on_bar(const OmrPage *page, const OmrStroke *stroke) {
  for (size_t i = 0; i < page->bars.n; i++) {
    const OmrBar *bar = &page->bars.items[i];
    const OmrSystem *system = &page->systems.items[bar->system];
    if (bar->x1_px <= bar->x0_px) continue;
    if (stroke->x < bar->x0_px - 3 || stroke->x > bar->x1_px + 3) continue;
    if (stroke->y1 > system->y0_px && stroke->y0 < system->y1_px) return true;
  }
  return false;
}

BaseStatus omr_find_strokes(BaseContext *ctx, OmrStrokes *out, const OmrPage *page, const OmrSheet *sheet,
                            float least, bool broken) {
  float space = sheet->space;
  Tracer tracer = {sheet,
                   (int)lrintf(fmaxf(0.34f * space, 4)),
                   (int)lrintf(1.5f * space),
                   (int)least,
                   (int)(0.8f * space),
                   broken ? 1 : 2};
  OmrStrokes strokes = {0};
  for (int x = 0; x + 1 < sheet->width; x++) {
    if ((x & 255) == 0 && base_cancelled(ctx)) {
      base_array_clear(&strokes);
      return base_fail_cancelled(ctx);
    }
    if (trace_column(&strokes, &tracer, x)) continue;
    base_array_clear(&strokes);
    return base_fail_memory(ctx);
  }
  merge(&strokes, 0.3f * space);
  size_t kept = 0;
  for (size_t i = 0; i < strokes.n; i++)
    if (!on_bar(page, &strokes.items[i])) strokes.items[kept++] = strokes.items[i];
  strokes.n = kept;
  *out = strokes;
  return BASE_OK;
}
