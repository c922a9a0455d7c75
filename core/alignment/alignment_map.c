/* The alignment as a map between score time and audio time, and what dragging one point does to it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/alignment/alignment.h"

#include <math.h>

static const double LONE_SLOPE = 0.6;    /* seconds a quarter with a single point */
static const double LEAST_SLOPE = 1e-3;  /* keeps the continuation at the ends invertible */
static const double LEAST_STEP_S = 1e-4; /* between a dragged point and the anchors around it */

/* The index of the last point whose coordinate is not after `x`, at most n - 2. */
static size_t segment(const AlignmentPoint *p, size_t n, double x, bool by_time) {
  size_t low = 0, high = n - 1;
  while (low + 1 < high) {
    size_t middle = low + (high - low) / 2;
    if ((by_time ? p[middle].time_s : beat_double(p[middle].quarter)) <= x)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* Seconds a quarter between the two points. */
static double slope_of(const AlignmentPoint *a, const AlignmentPoint *b) {
  double quarters = beat_double(b->quarter) - beat_double(a->quarter);
  return quarters > 0 ? (b->time_s - a->time_s) / quarters : 0;
}

double alignment_time_s(const Alignment *alignment, double quarter) {
  const AlignmentPoint *p = alignment->points.items;
  size_t n = alignment->points.n;
  if (n == 0) return LONE_SLOPE * quarter;
  if (n == 1) return p->time_s + LONE_SLOPE * (quarter - beat_double(p->quarter));
  size_t i = segment(p, n, quarter, false);
  double slope = slope_of(&p[i], &p[i + 1]), from = beat_double(p[i].quarter),
         to = beat_double(p[i + 1].quarter);
  if (quarter < from || quarter > to) slope = fmax(slope, LEAST_SLOPE);
  if (quarter > to) return p[i + 1].time_s + slope * (quarter - to);
  return p[i].time_s + slope * (quarter - from);
}

double alignment_quarter(const Alignment *alignment, double time_s) {
  const AlignmentPoint *p = alignment->points.items;
  size_t n = alignment->points.n;
  if (n == 0) return time_s / LONE_SLOPE;
  if (n == 1) return beat_double(p->quarter) + (time_s - p->time_s) / LONE_SLOPE;
  size_t i = segment(p, n, time_s, true);
  double slope = slope_of(&p[i], &p[i + 1]);
  if (time_s < p[i].time_s)
    return beat_double(p[i].quarter) + (time_s - p[i].time_s) / fmax(slope, LEAST_SLOPE);
  if (time_s > p[i + 1].time_s)
    return beat_double(p[i + 1].quarter) + (time_s - p[i + 1].time_s) / fmax(slope, LEAST_SLOPE);
  return slope > 0 ? beat_double(p[i].quarter) + (time_s - p[i].time_s) / slope : beat_double(p[i].quarter);
}

/* A monotone cubic through three knots: old times x to new times y. */
typedef struct {
  double x[3], y[3], tangent[3];
} Warp;

/* Fritsch & Carlson's tangents: the weighted harmonic mean of the neighbouring secants inside (Fritsch &
 * Butland 1984), the secants themselves at the ends. All secants are positive. */
static void set_tangents(Warp *w) {
  double h0 = w->x[1] - w->x[0], h1 = w->x[2] - w->x[1];
  double d0 = (w->y[1] - w->y[0]) / h0, d1 = (w->y[2] - w->y[1]) / h1;
  double a = 2 * h1 + h0, b = h1 + 2 * h0;
  w->tangent[0] = d0, w->tangent[2] = d1;
  w->tangent[1] = d0 > 0 && d1 > 0 ? (a + b) / (a / d0 + b / d1) : 0;
}

static double warp_at(const Warp *w, double x) {
  int i = x > w->x[1];
  double h = w->x[i + 1] - w->x[i], t = fmin(fmax((x - w->x[i]) / h, 0), 1), u = 1 - t;
  return u * u * (1 + 2 * t) * w->y[i] + t * t * (3 - 2 * t) * w->y[i + 1] +
         h * t * u * (u * w->tangent[i] - t * w->tangent[i + 1]);
}

/* The nearest anchor before or after `moved`, else the end. */
static size_t holder(const Alignment *alignment, size_t moved, int direction) {
  size_t n = alignment->points.n, i = moved;
  while (direction < 0 ? i > 0 : i + 1 < n) {
    i = direction < 0 ? i - 1 : i + 1;
    if (alignment->points.items[i].anchor) break;
  }
  return i;
}

void alignment_warp(double *times_s, const Alignment *alignment, size_t moved, double time_s) {
  const AlignmentPoint *p = alignment->points.items;
  for (size_t i = 0; i < alignment->points.n; i++) times_s[i] = p[i].time_s;
  if (moved >= alignment->points.n) return;
  size_t left = holder(alignment, moved, -1), right = holder(alignment, moved, 1);
  double old = p[moved].time_s;
  double low = left < moved ? p[left].time_s + LEAST_STEP_S : 0;
  double high = right > moved ? p[right].time_s - LEAST_STEP_S : INFINITY;
  double goal = low < high ? fmin(fmax(time_s, low), high) : old;
  Warp warp = {
      .x = {fmin(p[left].time_s, old - LEAST_STEP_S), old, fmax(p[right].time_s, old + LEAST_STEP_S)}};
  warp.y[0] = left < moved ? warp.x[0] : goal - LEAST_STEP_S;
  warp.y[1] = goal;
  warp.y[2] = right > moved ? warp.x[2] : goal + LEAST_STEP_S;
  set_tangents(&warp);
  for (size_t i = left; i <= right; i++)
    if (i != moved && (i != left || left == moved) && (i != right || right == moved))
      times_s[i] = warp_at(&warp, p[i].time_s);
  times_s[moved] = goal;
}
