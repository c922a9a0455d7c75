/* Each function is minus the slope of a logarithm of a density. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_timing.h"

#include <math.h>

static const double ONSET_DEVIATION_S = 0.03, CHORD_DEVIATION_S = 0.01, TOGETHER_S = 0.085;
static const double DISORDER_S = 0.08; /* onsets may be this far from sorted */
static const double CHORD_TRUST = 0.7; /* that notes told nearly together were struck together */
static const double REPEAT_S = 0.07, REPEAT_DEVIATION_S = 0.01; /* 14 blows a second is the most */
static const double SCATTER_S = 0.004, SOFT_SCATTER_S = 0.022, SOFT = 22, SOFT_RANGE = 10; /* velocities */
static const double SCATTER_FREEDOM = 4; /* of Student's t */

static double chord_pull(double apart_s, double told_apart_s) {
  if (fabs(told_apart_s) >= TOGETHER_S) return 0;
  double apart = apart_s / CHORD_DEVIATION_S;
  return CHORD_TRUST * 2 * apart / (1 + apart * apart) / CHORD_DEVIATION_S;
}

/* The order in which they were told is kept. */
static double repeat_pull(double apart_s, double told_apart_s) {
  double order = told_apart_s < 0 ? -1 : 1, short_s = REPEAT_S - order * apart_s;
  return short_s > 0 ? -order * short_s / (REPEAT_DEVIATION_S * REPEAT_DEVIATION_S) : 0;
}

void piano_timing_pull(double *pull, const double *onsets_s, const PianoNote *told, size_t n) {
  for (size_t k = 0, from = 0; k < n; k++) {
    pull[k] = (onsets_s[k] - told[k].onset_s) / (ONSET_DEVIATION_S * ONSET_DEVIATION_S);
    while (told[k].onset_s - told[from].onset_s >= TOGETHER_S + DISORDER_S) from++;
    for (size_t j = from; j < n && told[j].onset_s - told[k].onset_s < TOGETHER_S + DISORDER_S; j++) {
      double apart_s = onsets_s[k] - onsets_s[j], told_apart_s = told[k].onset_s - told[j].onset_s;
      if (j == k) continue;
      pull[k] +=
          told[j].key == told[k].key ? repeat_pull(apart_s, told_apart_s) : chord_pull(apart_s, told_apart_s);
    }
  }
}

static double scatter_s(double velocity) {
  return SCATTER_S + SOFT_SCATTER_S * exp(-(velocity - SOFT) / SOFT_RANGE);
}

double piano_timing_late_pull(double late_s, double velocity) {
  double x = late_s / scatter_s(velocity);
  return x / (1 + x * x / SCATTER_FREEDOM) / scatter_s(velocity);
}

double piano_timing_late_price(double late_s, double velocity) {
  double x = late_s / scatter_s(velocity);
  return 0.5 * SCATTER_FREEDOM * log(1 + x * x / SCATTER_FREEDOM);
}
