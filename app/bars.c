/* Score positions become time by straight lines between the scene's places, which ascend in both; beyond the
 * ends the neighbouring tempo goes on. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/bars.h"

#include <math.h>

/* The last place with quarter (by_time: time) at most `value`, at most n − 2, at least 0. */
static guint segment(const TriPlace *places, guint n, double value, gboolean by_time) {
  guint low = 0, high = n - 1;
  while (high - low > 1) {
    guint middle = (low + high) / 2;
    if ((by_time ? places[middle].time_s : places[middle].quarter) <= value)
      low = middle;
    else
      high = middle;
  }
  return low;
}

static double line(double x, double x0, double x1, double y0, double y1) {
  return x1 > x0 ? y0 + (x - x0) * (y1 - y0) / (x1 - x0) : y0;
}

double tri_bars_time_s(TriScene *scene, double quarter) {
  guint n;
  const TriPlace *places = tri_scene_get_places(scene, &n);
  if (n < 2) return NAN;
  const TriPlace *a = &places[segment(places, n, quarter, FALSE)];
  return line(quarter, a[0].quarter, a[1].quarter, a[0].time_s, a[1].time_s);
}

static double quarter_at(TriScene *scene, double time_s) {
  guint n;
  const TriPlace *places = tri_scene_get_places(scene, &n);
  if (n < 2) return NAN;
  const TriPlace *a = &places[segment(places, n, time_s, TRUE)];
  return line(time_s, a[0].time_s, a[1].time_s, a[0].quarter, a[1].quarter);
}

int tri_bars_count(TriScene *scene) {
  const ScoreUnfolded *unfolded = tri_scene_get_unfolded(scene);
  return unfolded ? (int)unfolded->steps.n : 0;
}

int tri_bars_at(TriScene *scene, double time_s) {
  double quarter = quarter_at(scene, time_s);
  int low = -1, high = tri_bars_count(scene);
  if (isnan(quarter) || !high) return -1;
  const ScoreStep *steps = tri_scene_get_unfolded(scene)->steps.items;
  while (high - low > 1) {
    int middle = (low + high) / 2;
    if (beat_double(steps[middle].start) <= quarter + 1e-6)
      low = middle;
    else
      high = middle;
  }
  return MAX(low, 0);
}

double tri_bars_start_s(TriScene *scene, int step) {
  int n = tri_bars_count(scene);
  if (step < 0 || step > n || !n) return NAN;
  const ScoreStep *steps = tri_scene_get_unfolded(scene)->steps.items;
  if (step < n) return tri_bars_time_s(scene, beat_double(steps[step].start));
  const ScoreMeasure *last = &tri_scene_get_score(scene)->measures.items[steps[n - 1].measure];
  return tri_bars_time_s(scene, beat_double(steps[n - 1].start) + beat_double(last->length));
}

char *tri_bars_number(TriScene *scene, int step) {
  if (step < 0 || step >= tri_bars_count(scene)) return NULL;
  const ScoreStep *steps = tri_scene_get_unfolded(scene)->steps.items;
  return g_strdup(tri_scene_get_score(scene)->measures.items[steps[step].measure].number);
}
