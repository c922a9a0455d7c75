/* Onsets that lie together are a moment; a moment divides the time between its neighbours in a simple ratio,
 * with an error that grows with that time (Weber's law; Friberg & Sundberg 1995), or freely. Ratios and error
 * are a mixture of Student's t that is learned step by step from the onsets themselves (online EM), so that a
 * free player is left alone. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_rhythm.h"

#include <math.h>
#include <stdbool.h>

static const double TOGETHER_S = 0.03, LONGEST_S = 3, JITTER_S = 0.003, FREEDOM = 3;
static const double LEAST_UNEVEN = 0.01, MOST_UNEVEN = 0.05, LEARNED = 0.1 /* a call */;
static const double USUAL_WEIGHT = 10; /* moments that the usual rhythm counts for */
static const double divisions[PIANO_DIVISIONS] = {0.5, 1 / 3.0, 2 / 3.0, 0.25, 0.75, 1 / 6.0, 5 / 6.0};

PianoRhythm piano_rhythm_usual(void) {
  return (PianoRhythm){0.02, {0.5, 0.09, 0.09, 0.07, 0.07, 0.03, 0.03}};
}

/* A run of `order`. */
typedef struct {
  size_t from, to;
  double at_s; /* mean */
} Moment;

static bool next_moment(Moment *m, const size_t *order, const double *onsets_s, size_t n) {
  m->from = m->to;
  if (m->from >= n) return false;
  double sum = onsets_s[order[m->to++]];
  while (m->to < n && onsets_s[order[m->to]] - onsets_s[order[m->to - 1]] < TOGETHER_S)
    sum += onsets_s[order[m->to++]];
  m->at_s = sum / (double)(m->to - m->from);
  return true;
}

static void push(double *pull, const size_t *order, const Moment *m, double force) {
  for (size_t i = m->from; i < m->to; i++) pull[order[i]] += force / (double)(m->to - m->from);
}

/* Sums over the moments of one call. */
typedef struct {
  double moments, taken[PIANO_DIVISIONS], square, weight;
} Learned;

static double student(double x) {
  return pow(1 + x * x / FREEDOM, -0.5 * (FREEDOM + 1)) * 0.3675525969; /* of freedom 3 */
}

/* Pulls on a moment and its two neighbours. */
static void divide(double *pull, Learned *sum, const PianoRhythm *rhythm, const size_t *order,
                   const Moment m[3]) {
  double span_s = m[2].at_s - m[0].at_s, free = 1, likely[PIANO_DIVISIONS], total, x[PIANO_DIVISIONS];
  double deviation_s = hypot(JITTER_S, rhythm->unevenness * span_s);
  for (int k = 0; k < PIANO_DIVISIONS; k++) free -= rhythm->share[k];
  total = free / span_s;
  for (int k = 0; k < PIANO_DIVISIONS; k++) {
    x[k] = (m[1].at_s - m[0].at_s - divisions[k] * span_s) / deviation_s;
    likely[k] = rhythm->share[k] * student(x[k]) / deviation_s;
    total += likely[k];
  }
  sum->moments++;
  for (int k = 0; k < PIANO_DIVISIONS; k++) {
    double taken = likely[k] / total, trust = (FREEDOM + 1) / (FREEDOM + x[k] * x[k]);
    double force = taken * trust * x[k] / deviation_s;
    push(pull, order, &m[1], force);
    push(pull, order, &m[0], -(1 - divisions[k]) * force);
    push(pull, order, &m[2], -divisions[k] * force);
    double part = x[k] * deviation_s / span_s;
    sum->taken[k] += taken;
    sum->square += taken * trust * part * part;
    sum->weight += taken;
  }
}

static void learn(PianoRhythm *rhythm, const Learned *sum) {
  PianoRhythm usual = piano_rhythm_usual();
  double uneven =
      sqrt((sum->square + USUAL_WEIGHT * usual.unevenness * usual.unevenness) / (sum->weight + USUAL_WEIGHT));
  rhythm->unevenness += LEARNED * (fmin(fmax(uneven, LEAST_UNEVEN), MOST_UNEVEN) - rhythm->unevenness);
  for (int k = 0; k < PIANO_DIVISIONS; k++)
    rhythm->share[k] +=
        LEARNED *
        ((sum->taken[k] + USUAL_WEIGHT * usual.share[k]) / (sum->moments + USUAL_WEIGHT) - rhythm->share[k]);
}

static void sort_nearly(size_t *order, const double *onsets_s, size_t n) {
  for (size_t i = 1; i < n; i++)
    for (size_t j = i; j > 0 && onsets_s[order[j - 1]] > onsets_s[order[j]]; j--) {
      size_t kept = order[j];
      order[j] = order[j - 1];
      order[j - 1] = kept;
    }
}

void piano_rhythm_pull(PianoRhythm *rhythm, double *pull, size_t *order, const double *onsets_s, size_t n) {
  Moment m[3] = {{0}};
  Learned sum = {0};
  sort_nearly(order, onsets_s, n);
  for (size_t seen = 0; next_moment(&m[2], order, onsets_s, n); seen++) {
    if (seen >= 2 && m[2].at_s - m[0].at_s < LONGEST_S) divide(pull, &sum, rhythm, order, m);
    m[0] = m[1];
    m[1] = m[2];
  }
  learn(rhythm, &sum);
}
