/* Smoothing by empirical Bayes. The notes of a chord, struck together, tell how noisy one heard onset is: σ² of a loud one.
 * The line through a row's neighbours, itself left out, tells where the row should be; the typical distance
 * to it, less the part that σ² explains, is how freely the player moves: τ². A row of precision p is then the
 * mean of what was heard (variance σ²/p) and of the line (variance τ² and that of the line itself), weighted
 * by their precision. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/alignment/alignment_parts.h"

#include <math.h>

enum { REACH = 4, LEAST_NEIGHBOURS = 4, LEAST_CHORDS = 8 };
static const double ASYNCHRONY_S = 0.01;   /* fingers are never quite together; this is no noise */
static const double LINE_SHARE = 0.35;     /* variance of the line over that of one row */
static const double MEDIAN_SQUARE = 0.455; /* median of χ² with one degree of freedom */
static const double STRAY_SIGMAS = 3;      /* farther from the line a row is a pause or a slip: left alone */

/* The variance of one loud onset around its chord; 0 when there are too few chords to tell. */
static double onset_variance(const AlignmentScatter *scatter, size_t n) {
  double sum = 0, freedom = 0;
  for (size_t i = 0; i < n; i++)
    if (scatter[i].n > 1) sum += (double)scatter[i].square_s2, freedom += scatter[i].n - 1;
  return freedom >= LEAST_CHORDS ? fmax(0, sum / freedom - ASYNCHRONY_S * ASYNCHRONY_S) : 0;
}

/* The distance of row `at` to the line through its heard neighbours; NaN with too few of them. */
static double distance_to_line(const double *time_s, const double *quarter, const AlignmentScatter *scatter,
                               size_t n, size_t at) {
  size_t from = at > REACH ? at - REACH : 0, to = at + REACH < n ? at + REACH : n - 1, count = 0;
  double width = 1.01 * fmax(quarter[at] - quarter[from], quarter[to] - quarter[at]) + 1e-6;
  double w = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (size_t i = from; i <= to; i++) {
    if (i == at || scatter[i].n == 0) continue;
    double dx = quarter[i] - quarter[at], dy = time_s[i] - time_s[at], away = fabs(dx) / width;
    double weight = (1 - away * away * away) * scatter[i].precision;
    w += weight, x += weight * dx, y += weight * dy, xx += weight * dx * dx, xy += weight * dx * dy;
    count++;
  }
  double spread = w * xx - x * x;
  if (count < LEAST_NEIGHBOURS || !(spread > 1e-9)) return NAN;
  double slope = (w * xy - x * y) / spread;
  return slope > 0 ? (slope * x - y) / w : NAN;
}

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double typical_square(double *sorted, const double *distance, size_t n) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++)
    if (!isnan(distance[i])) sorted[count++] = distance[i] * distance[i];
  if (count == 0) return 0;
  qsort(sorted, count, sizeof *sorted, compare_doubles);
  return sorted[count / 2] / MEDIAN_SQUARE;
}

static double mean_variance(const AlignmentScatter *scatter, size_t n, double variance) {
  double sum = 0, count = 0;
  for (size_t i = 0; i < n; i++)
    if (scatter[i].n) sum += variance / scatter[i].precision, count++;
  return count > 0 ? sum / count : 0;
}

/* What all rows tell together: σ², the variances of the lines and of a heard row, and each row's distance to its line. */
typedef struct {
  double onset, line, heard;
  double *distance; /* NaN: no line */
} Smoothing;

static bool smoothing_of(Smoothing *out, BaseArena *arena, const double *time_s, const AlignmentRows *rows,
                         const AlignmentSpan *span, const AlignmentScatter *scatter) {
  size_t n = span->end - span->first;
  double *distance = BASE_TAKE(arena, double, n + 1), *sorted = BASE_TAKE(arena, double, n + 1);
  if (!distance || !sorted) return false;
  for (size_t i = 0; i < n; i++)
    distance[i] = scatter[i].n ? distance_to_line(time_s, rows->quarter + span->first, scatter, n, i) : NAN;
  double onset = onset_variance(scatter, n), heard = mean_variance(scatter, n, onset);
  double free = fmax(0, typical_square(sorted, distance, n) / (1 + LINE_SHARE) - heard);
  *out = (Smoothing){onset, free + LINE_SHARE * (free + heard), heard, distance};
  return true;
}

BaseStatus alignment_smooth(BaseContext *ctx, double *time_s, BaseArena *arena, const AlignmentRows *rows,
                            const AlignmentSpan *span, const AlignmentScatter *scatter) {
  BaseArenaMark mark = base_arena_mark(arena);
  Smoothing s;
  if (!smoothing_of(&s, arena, time_s, rows, span, scatter)) return base_fail_memory(ctx);
  for (size_t i = 0; s.onset > 0 && i < span->end - span->first; i++) {
    if (isnan(s.distance[i]) || s.distance[i] * s.distance[i] > STRAY_SIGMAS * STRAY_SIGMAS * (s.line + s.heard)) continue;
    double own = s.onset / scatter[i].precision;
    time_s[i] -= s.distance[i] * own / (own + s.line);
  }
  base_arena_reset(arena, mark);
  return BASE_OK;
}

BaseStatus alignment_lines(BaseContext *ctx, double *line_s, double *precision, BaseArena *arena, const double *time_s,
                           const AlignmentRows *rows, const AlignmentSpan *span, const AlignmentScatter *scatter) {
  BaseArenaMark mark = base_arena_mark(arena);
  Smoothing s;
  if (!smoothing_of(&s, arena, time_s, rows, span, scatter)) return base_fail_memory(ctx);
  for (size_t i = 0; i < span->end - span->first; i++) line_s[i] = time_s[i] - s.distance[i];
  *precision = s.line > 0 ? s.onset / s.line : 0;
  base_arena_reset(arena, mark);
  return BASE_OK;
}
