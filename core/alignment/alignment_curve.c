/* The tempo curve: locally weighted linear regression of time on quarters with tricube weights, made robust
 * by bisquare weights on the residuals (Cleveland 1979), then made monotone. The knots are the rows whose
 * time is known and the fixed sides of the span. A weak pull towards the overall tempo keeps the slope sane
 * where the knots of a window share one place. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/alignment/alignment_parts.h"

#include <math.h>

static const double USUAL_SLOPE = 0.6; /* seconds a quarter where nothing is known */
static const double SLOPE_RANGE = 8;   /* how far the local tempo may leave the overall one */
static const double PULL = 0.02;       /* of the overall tempo, quarters² */
static const double RESIDUAL_FLOOR_S = 0.08;
static const float FIXED_WEIGHT = 20;
enum { ROBUST_ROUNDS = 2 };

typedef struct {
  size_t n;
  double *quarter, *time_s, *residual_s;
  float *weight, *robust;
  double slope; /* overall */
} Knots;

static void add_knot(Knots *knots, double quarter, double time_s, float weight) {
  size_t i = knots->n++;
  knots->quarter[i] = quarter, knots->time_s[i] = time_s, knots->weight[i] = weight, knots->robust[i] = 1;
}

static bool gather_knots(Knots *knots, BaseArena *arena, const AlignmentRows *rows, const AlignmentSpan *span,
                         const double *time_s, const float *weight) {
  size_t room = span->end - span->first + 2;
  *knots = (Knots){.quarter = BASE_TAKE(arena, double, room),
                   .time_s = BASE_TAKE(arena, double, room),
                   .residual_s = BASE_TAKE(arena, double, room),
                   .weight = BASE_TAKE(arena, float, room),
                   .robust = BASE_TAKE(arena, float, room)};
  if (!knots->quarter || !knots->time_s || !knots->residual_s || !knots->weight || !knots->robust)
    return false;
  if (span->fixed_from) add_knot(knots, span->from_quarter, span->from_s, FIXED_WEIGHT);
  for (size_t i = span->first; i < span->end; i++) {
    double at = time_s[i - span->first];
    if (!isnan(at)) add_knot(knots, rows->quarter[i], at, fmaxf(weight[i - span->first], 0.05f));
  }
  if (span->fixed_to) add_knot(knots, span->to_quarter, span->to_s, FIXED_WEIGHT);
  return true;
}

/* From the tenth to the nine-tenth knot: pauses at the ends and strays do not count. */
static double overall_slope(const Knots *knots) {
  if (knots->n < 2) return USUAL_SLOPE;
  size_t a = knots->n / 10, b = knots->n - 1 - knots->n / 10;
  double quarters = knots->quarter[b] - knots->quarter[a], seconds = knots->time_s[b] - knots->time_s[a];
  double slope = seconds / quarters;
  return quarters > 0 && slope > 0.02 && slope < 60 ? slope : USUAL_SLOPE;
}

typedef struct {
  double value_s, slope;
} Fit;

static double tricube(double x) {
  double y = 1 - x * x * x;
  return y * y * y;
}

static Fit fit_at(const Knots *knots, size_t from, size_t to, double quarter) {
  double width = 1.01 * fmax(quarter - knots->quarter[from], knots->quarter[to - 1] - quarter) + 1e-6;
  double w = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (size_t i = from; i < to; i++) {
    double dx = knots->quarter[i] - quarter, away = fmin(1, fabs(dx) / width);
    double weight = tricube(away) * knots->weight[i] * knots->robust[i] + 1e-9;
    w += weight, x += weight * dx, y += weight * knots->time_s[i];
    xx += weight * dx * dx, xy += weight * dx * knots->time_s[i];
  }
  double spread = xx - x * x / w, slant = xy - x * y / w;
  double slope = (slant + PULL * w * knots->slope) / (spread + PULL * w);
  slope = fmin(fmax(slope, knots->slope / SLOPE_RANGE), knots->slope * SLOPE_RANGE);
  return (Fit){(y - slope * x) / w, slope};
}

/* The window of knots around `quarter`; `at` moves forward only. */
static Fit fit_around(const Knots *knots, size_t *at, double quarter, size_t reach) {
  while (*at < knots->n && knots->quarter[*at] < quarter) ++*at;
  size_t from = *at > reach ? *at - reach : 0, to = *at + reach < knots->n ? *at + reach : knots->n;
  return fit_at(knots, from, to, quarter);
}

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static bool weigh_robustly(Knots *knots, BaseArena *arena, size_t reach) {
  BaseArenaMark mark = base_arena_mark(arena);
  double *sorted = BASE_TAKE(arena, double, knots->n);
  if (!sorted) return false;
  size_t at = 0;
  for (size_t i = 0; i < knots->n; i++) {
    knots->residual_s[i] = knots->time_s[i] - fit_around(knots, &at, knots->quarter[i], reach).value_s;
    sorted[i] = fabs(knots->residual_s[i]);
  }
  qsort(sorted, knots->n, sizeof *sorted, compare_doubles);
  double scale = 6 * fmax(sorted[knots->n / 2], RESIDUAL_FLOOR_S);
  for (size_t i = 0; i < knots->n; i++) {
    double u = knots->residual_s[i] / scale, v = fmax(0, 1 - u * u);
    knots->robust[i] = (float)(v * v);
  }
  base_arena_reset(arena, mark);
  return true;
}

static void line_without_knots(double *smooth_s, double *slope, const AlignmentRows *rows,
                               const AlignmentSpan *span) {
  for (size_t i = span->first; i < span->end; i++) {
    smooth_s[i - span->first] = USUAL_SLOPE * (rows->quarter[i] - rows->quarter[span->first]);
    slope[i - span->first] = USUAL_SLOPE;
  }
}

BaseStatus alignment_curve(BaseContext *ctx, double *smooth_s, double *slope, BaseArena *arena,
                           const AlignmentRows *rows, const AlignmentSpan *span, const double *time_s,
                           const float *weight, int reach) {
  BaseArenaMark mark = base_arena_mark(arena);
  Knots knots;
  if (!gather_knots(&knots, arena, rows, span, time_s, weight)) return base_fail_memory(ctx);
  if (knots.n == 0) {
    line_without_knots(smooth_s, slope, rows, span);
    return BASE_OK;
  }
  knots.slope = overall_slope(&knots);
  for (int round = 0; round < ROBUST_ROUNDS; round++)
    if (!weigh_robustly(&knots, arena, (size_t)reach)) return base_fail_memory(ctx);
  size_t at = 0;
  for (size_t i = span->first; i < span->end; i++) {
    Fit fit = fit_around(&knots, &at, rows->quarter[i], (size_t)reach);
    smooth_s[i - span->first] = fmin(fmax(fit.value_s, span->from_s), span->to_s);
    slope[i - span->first] = fit.slope;
  }
  base_arena_reset(arena, mark);
  return alignment_isotonic(ctx, smooth_s, NULL, span->end - span->first, arena);
}

BaseStatus alignment_isotonic(BaseContext *ctx, double *value, const double *weight, size_t n,
                              BaseArena *arena) {
  BaseArenaMark mark = base_arena_mark(arena);
  double *mean = BASE_TAKE(arena, double, n + 1), *sum = BASE_TAKE(arena, double, n + 1);
  size_t *count = BASE_TAKE(arena, size_t, n + 1), blocks = 0;
  if (!mean || !sum || !count) return base_fail_memory(ctx);
  for (size_t i = 0; i < n; i++) {
    mean[blocks] = value[i], sum[blocks] = weight ? weight[i] : 1, count[blocks++] = 1;
    while (blocks > 1 && mean[blocks - 2] > mean[blocks - 1]) {
      double total = sum[blocks - 2] + sum[blocks - 1];
      mean[blocks - 2] = (mean[blocks - 2] * sum[blocks - 2] + mean[blocks - 1] * sum[blocks - 1]) / total;
      sum[blocks - 2] = total, count[blocks - 2] += count[blocks - 1], blocks--;
    }
  }
  size_t at = 0;
  for (size_t b = 0; b < blocks; b++)
    for (size_t i = 0; i < count[b]; i++) value[at++] = mean[b];
  base_arena_reset(arena, mark);
  return BASE_OK;
}
