/* Ridge regression of what onsets miss from what is expected, on their key and touch, by turns; what is far off counts less
 * (Cauchy's weights). The notes of a chord are expected together, so that the lag of each key shows against the others'.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_lag.h"

#include "core/transcription/transcription_together.h"

#include <math.h>
#include <stdlib.h>

enum { ROUNDS = 40, TOGETHER_ROUNDS = 6 };

static const double reach_s = 0.15, usual_s = 0.05; /* of what an onset may miss */
static const double shy_key = 4, shy_touch = 1;     /* as if so many notes had shown no lag */
static const double shy_together = 0.003 /* s² */, most_together = 1.5;
static const double most_key_s = 0.035, most_touch_s = 0.06; /* more is an ornament of the score, no lag */

/* Sums of weighted products for one unknown. */
typedef struct {
  double product, square;
} Sum;

typedef struct {
  Sum key[MOTION_KEYS], rested, restless;
} Sums;

static void add(Sum *sum, double feature, double rest, double weight) {
  sum->product += weight * feature * rest;
  sum->square += weight * feature * feature;
}

/* The expected note of this pitch that is nearest; false when none is near, or when it is a grace note, which takes its time
 * where it likes. */
static bool nearest(double *missed_s, const Motion *expected, size_t *from, const MotionNote *note) {
  double best = reach_s;
  bool sure = false;
  while (*from < expected->notes.n && expected->notes.items[*from].onset_s < note->onset_s - reach_s) (*from)++;
  for (size_t i = *from; i < expected->notes.n && expected->notes.items[i].onset_s < note->onset_s + reach_s; i++) {
    const double missed = note->onset_s - expected->notes.items[i].onset_s;
    if (expected->notes.items[i].midi != note->midi || fabs(missed) >= best) continue;
    best = fabs(missed);
    *missed_s = missed;
    sure = expected->notes.items[i].confidence > 0;
  }
  return sure;
}

static double weight_of(const uint8_t *trust, size_t frames, double at_s, double hop_s) {
  const size_t frame = (size_t)fmax(0, at_s / hop_s);
  return frame < frames ? trust[frame] / 255.0 : 0;
}

static double usualness(double left_s) {
  return 1 / (1 + left_s * left_s / (usual_s * usual_s));
}

/* One pass: gathers sums over all notes with what the lag so far explains taken off. */
static void gather(Sums *sums, const TranscriptionOwn *lag, const Motion *heard, const Motion *expected, const uint8_t *trust,
                   size_t frames, double hop_s) {
  double struck_s[MOTION_KEYS];
  size_t from = 0;
  *sums = (Sums){0};
  for (int key = 0; key < MOTION_KEYS; key++) struck_s[key] = -INFINITY;
  for (size_t i = 0; i < heard->notes.n; i++) {
    const MotionNote *note = &heard->notes.items[i];
    const int key = note->midi - MOTION_LOWEST_KEY;
    const double trusted = weight_of(trust, frames, note->onset_s, hop_s);
    double missed_s = 0;
    if (key < 0 || key >= MOTION_KEYS) continue;
    const double since_s = note->onset_s - struck_s[key], soft = transcription_softness(note->velocity),
                 rest = transcription_rest(since_s);
    struck_s[key] = note->onset_s;
    if (!trusted || !nearest(&missed_s, expected, &from, note)) continue;
    const double left = missed_s - transcription_lag_of(lag, key, note->velocity, since_s);
    const double weight = trusted * usualness(left);
    add(&sums->key[key], 1, left, weight);
    add(&sums->rested, soft * rest, left, weight);
    add(&sums->restless, soft * (1 - rest), left, weight);
  }
}

/* A step to where the sum is least, the others staying as they are. */
static float moved(float value, const Sum *sum, double shy, double most_s) {
  const double to = (double)value + (sum->product - shy * (double)value) / (sum->square + shy);
  return (float)fmin(fmax(to, -most_s), most_s);
}

void lmm_lag_fit(TranscriptionOwn *out, const Motion *heard, const Motion *expected, const uint8_t *trust, size_t frames,
                 double hop_s) {
  *out = (TranscriptionOwn){0};
  for (int round = 0; round < ROUNDS; round++) {
    Sums sums;
    gather(&sums, out, heard, expected, trust, frames, hop_s);
    if (round % 2 == 0) {
      out->rested_s = moved(out->rested_s, &sums.rested, shy_touch, most_touch_s);
      out->restless_s = moved(out->restless_s, &sums.restless, shy_touch, most_touch_s);
    } else {
      for (int key = 0; key < MOTION_KEYS; key++) out->key_s[key] = moved(out->key_s[key], &sums.key[key], shy_key, most_key_s);
    }
  }
}

/* What lies apart from louder notes against what it misses. */
static void gather_apart(Sum *sum, double together, const double *apart_s, const Motion *heard, const Motion *expected,
                         const uint8_t *trust, size_t frames, double hop_s) {
  size_t from = 0;
  *sum = (Sum){0};
  for (size_t i = 0; i < heard->notes.n; i++) {
    const MotionNote *note = &heard->notes.items[i];
    const double trusted = weight_of(trust, frames, note->onset_s, hop_s);
    double missed_s = 0;
    if (!trusted || !nearest(&missed_s, expected, &from, note)) continue;
    const double left_s = missed_s - together * apart_s[i];
    add(sum, apart_s[i], left_s, trusted * usualness(left_s));
  }
}

float lmm_together_fit(const Motion *heard, const Motion *expected, const uint8_t *trust, size_t frames, double hop_s) {
  double together = 0, *apart_s = calloc(heard->notes.n + 1, sizeof *apart_s);
  if (!apart_s) return 0;
  transcription_apart(apart_s, heard);
  for (int round = 0; round < TOGETHER_ROUNDS; round++) {
    Sum sum;
    gather_apart(&sum, together, apart_s, heard, expected, trust, frames, hop_s);
    together += (sum.product - shy_together * together) / (sum.square + shy_together);
    together = fmin(fmax(0, together), most_together);
  }
  free(apart_s);
  return (float)together;
}
