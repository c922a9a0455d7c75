/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Thin strokes from left to right. Column by column, runs of ink no higher than a slur is thick carry on the
 * chain whose straight continuation they meet; chains survive the gap that a stem, a bar line or a staff line
 * makes. What a parabola fits over most of its columns is a curve. */
#include "core/omr/omr_curves.h"

#include <math.h>
#include <stdlib.h>

#define THICKEST    0.46f /* staff spaces */
#define LONGEST_GAP 0.9f
#define SMOOTH      0.11f /* mean distance from the parabola, staff spaces */
#define LEAST_SEEN  0.72f /* share of columns */

typedef struct {
  int32_t before; /* the point at its left, -1 none */
  int16_t x;
  float y;
} Point;

typedef struct {
  int32_t last, first_x, n;
  int16_t x;      /* of the last point */
  float y, slope; /* there */
} Chain;

typedef struct {
  const OmrSheet *sheet;
  BASE_ARRAY(Point) points;
  BASE_ARRAY(Chain) open;
  OmrCurves *out;
  float least;
} Tracer;

/* Solves the normal equations of a parabola through (t, y); false when they are singular. */
static bool parabola(double c[3], const double s[5], const double b[3]) {
  double d = s[0] * (s[2] * s[4] - s[3] * s[3]) - s[1] * (s[1] * s[4] - s[2] * s[3]) +
             s[2] * (s[1] * s[3] - s[2] * s[2]);
  if (fabs(d) < 1e-9) return false;
  c[0] = (b[0] * (s[2] * s[4] - s[3] * s[3]) - s[1] * (b[1] * s[4] - b[2] * s[3]) +
          s[2] * (b[1] * s[3] - b[2] * s[2])) /
         d;
  c[1] = (s[0] * (b[1] * s[4] - b[2] * s[3]) - b[0] * (s[1] * s[4] - s[2] * s[3]) +
          s[2] * (s[1] * b[2] - s[2] * b[1])) /
         d;
  c[2] = (s[0] * (s[2] * b[2] - s[3] * b[1]) - s[1] * (s[1] * b[2] - s[2] * b[1]) +
          b[0] * (s[1] * s[3] - s[2] * s[2])) /
         d;
  return true;
}

/* The parabola over a chain, t from 0 at its left to 1 at its right end. */
static bool fit(double c[3], const Tracer *tracer, const Chain *chain) {
  double s[5] = {0}, b[3] = {0}, length = chain->x - chain->first_x;
  for (int32_t i = chain->last; i >= 0; i = tracer->points.items[i].before) {
    double t = (tracer->points.items[i].x - chain->first_x) / length, y = tracer->points.items[i].y,
           power = 1;
    for (int k = 0; k < 5; k++, power *= t) {
      s[k] += power;
      if (k < 3) b[k] += power * y;
    }
  }
  return parabola(c, s, b);
}

/* Takes off a short piece at the right end that stands apart. */
static void trim(const Tracer *tracer, Chain *chain) {
  float space = tracer->sheet->space;
  int32_t n = 0;
  for (int32_t i = chain->last; i >= 0 && (float)n < 0.5f * space; i = tracer->points.items[i].before) {
    const Point *point = &tracer->points.items[i];
    n++;
    if (point->before < 0) return;
    const Point *before = &tracer->points.items[point->before];
    if ((float)(point->x - before->x) < 0.25f * space) continue;
    chain->last = point->before, chain->n -= n;
    chain->x = before->x;
    n = 0;
  }
}

static bool close_chain(Tracer *tracer, const Chain *whole) {
  Chain trimmed = *whole, *chain = &trimmed;
  trim(tracer, chain);
  float length = (float)(chain->x - chain->first_x), space = tracer->sheet->space;
  if (length < tracer->least || (float)chain->n < LEAST_SEEN * length) return true;
  double c[3], miss = 0;
  if (!fit(c, tracer, chain)) return true;
  OmrCurve curve = {.x0 = (float)chain->first_x, .x1 = (float)chain->x, .top = 1e9f, .bottom = -1e9f};
  for (int32_t i = chain->last; i >= 0; i = tracer->points.items[i].before) {
    const Point *point = &tracer->points.items[i];
    double t = (point->x - chain->first_x) / length;
    miss += fabs(c[0] + t * (c[1] + t * c[2]) - point->y);
    curve.top = fminf(curve.top, point->y), curve.bottom = fmaxf(curve.bottom, point->y);
  }
  if (miss / chain->n > SMOOTH * space) return true;
  curve.y0 = (float)c[0], curve.y1 = (float)(c[0] + c[1] + c[2]);
  curve.sag = (float)(-0.25 * c[2]);
  return base_array_push(tracer->out, curve);
}

/* The open chain that a run at (x, y) carries on, or NULL. */
static Chain *chain_for(Tracer *tracer, int x, float y) {
  float space = tracer->sheet->space, least = 1e9f;
  Chain *best = NULL;
  for (size_t i = 0; i < tracer->open.n; i++) {
    Chain *chain = &tracer->open.items[i];
    float dx = (float)(x - chain->x);
    if (dx <= 0) continue;
    float miss = fabsf(y - chain->y - chain->slope * dx);
    if (miss > 0.1f * space + 0.12f * dx || miss >= least) continue;
    least = miss;
    best = chain;
  }
  return best;
}

/* The slope over the last half staff space of a chain. */
static float slope_of(const Tracer *tracer, const Chain *chain) {
  int32_t at = chain->last;
  float reach = 0.7f * tracer->sheet->space;
  while (tracer->points.items[at].before >= 0 && (float)(chain->x - tracer->points.items[at].x) < reach)
    at = tracer->points.items[at].before;
  float dx = (float)(chain->x - tracer->points.items[at].x);
  return dx < 0.3f * tracer->sheet->space ? 0 : (chain->y - tracer->points.items[at].y) / dx;
}

static bool add_run(Tracer *tracer, int x, float y) {
  Chain *chain = chain_for(tracer, x, y);
  Point point = {chain ? chain->last : -1, (int16_t)x, y};
  if (!base_array_push(&tracer->points, point)) return false;
  int32_t index = (int32_t)tracer->points.n - 1;
  if (!chain) return base_array_push(&tracer->open, (Chain){index, x, 1, (int16_t)x, y, 0});
  chain->last = index, chain->x = (int16_t)x, chain->y = y, chain->n++;
  chain->slope = slope_of(tracer, chain);
  return true;
}

static bool trace_column(Tracer *tracer, int x) {
  const OmrSheet *sheet = tracer->sheet;
  int longest = (int)(THICKEST * sheet->space), run = 0;
  for (int y = 0; y <= sheet->height; y++) {
    bool hole = run && omr_ink_at(sheet, sheet->clean, x, y + 1);
    if (hole || omr_ink_at(sheet, sheet->clean, x, y)) {
      run++;
      continue;
    }
    if (run && run <= longest && !add_run(tracer, x, (float)y - 0.5f * (float)(run + 1))) return false;
    run = 0;
  }
  return true;
}

/* Closes the chains that ended more than `gap` px left of x. */
static bool close_ended(Tracer *tracer, int x, float gap) {
  size_t kept = 0;
  for (size_t i = 0; i < tracer->open.n; i++) {
    Chain chain = tracer->open.items[i];
    float patience = fminf(gap, fmaxf(2, 0.5f * (float)(chain.x - chain.first_x)));
    if ((float)(x - chain.x) <= patience)
      tracer->open.items[kept++] = chain;
    else if (!close_chain(tracer, &chain))
      return false;
  }
  tracer->open.n = kept;
  return true;
}

static int by_x(const void *a, const void *b) {
  const OmrCurve *ca = a, *cb = b;
  if (ca->x0 != cb->x0) return ca->x0 > cb->x0 ? 1 : -1;
  return (ca->y0 > cb->y0) - (ca->y0 < cb->y0);
}

BaseStatus omr_find_curves(BaseContext *ctx, OmrCurves *out, const OmrSheet *sheet, float least) {
  Tracer tracer = {.sheet = sheet, .out = out, .least = least};
  BaseStatus status = BASE_OK;
  for (int x = 0; x < sheet->width && !status; x++) {
    if (x % 64 == 0 && base_cancelled(ctx)) status = base_fail_cancelled(ctx);
    if (!status && (!trace_column(&tracer, x) || !close_ended(&tracer, x, LONGEST_GAP * sheet->space)))
      status = base_fail_memory(ctx);
  }
  if (!status && !close_ended(&tracer, sheet->width + 100000, 0)) status = base_fail_memory(ctx);
  base_array_clear(&tracer.points);
  base_array_clear(&tracer.open);
  if (status)
    base_array_clear(out);
  else if (out->n)
    qsort(out->items, out->n, sizeof *out->items, by_x);
  return status;
}
