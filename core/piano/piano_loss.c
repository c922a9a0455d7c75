/* Rows of one bin are compared at a time; both terms add into the same derivative.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_loss.h"

#include <math.h>
#include <string.h>

/* One bin of both pictures, from the first frame compared on. */
typedef struct {
  const float *rendered, *heard;
  float *by; /* null: no derivatives */
  size_t frames;
  float floor;
} Rows;

static float huber(float d) {
  return fabsf(d) < 1 ? 0.5f * d * d : fabsf(d) - 0.5f;
}

static float huber_slope(float d) {
  return d < -1 ? -1 : d > 1 ? 1 : d;
}

static double level_distance(const Rows *x, float bend, float weight) {
  double sum = 0;
  for (size_t t = 0; t < x->frames; t++) {
    float p = x->rendered[t] + x->floor, d = logf(p / (x->heard[t] + x->floor));
    sum += huber(d / bend);
    if (x->by) x->by[t] += weight * bend * huber_slope(d / bend) / p;
  }
  return weight * bend * bend * sum;
}

static double rise_distance(const Rows *x, size_t lag, float weight) {
  double sum = 0;
  for (size_t t = 0; t + lag < x->frames; t++) {
    float before = x->rendered[t] + x->floor, after = x->rendered[t + lag] + x->floor;
    float rendered = after / before, heard = (x->heard[t + lag] + x->floor) / (x->heard[t] + x->floor);
    float d = logf((1 + rendered) / (1 + heard)); /* softplus of a logarithm */
    sum += huber(d);
    if (!x->by) continue;
    float slope = weight * huber_slope(d) * rendered / (1 + rendered);
    x->by[t + lag] += slope / after;
    x->by[t] -= slope / before;
  }
  return weight * sum;
}

static PianoLossParams complete(const PianoLossParams *given) {
  PianoLossParams p = given ? *given : (PianoLossParams){0};
  float weights = 0;
  for (int r = 0; r < PIANO_RESOLUTIONS; r++) weights += p.level[r] + p.rise[r];
  for (int r = 0; r < PIANO_RESOLUTIONS && weights == 0; r++) p.level[r] = 1;
  if (p.floor <= 0) p.floor = 1e-7f;
  if (p.bend <= 0) p.bend = 1;
  if (p.lag <= 0) p.lag = 3;
  return p;
}

double piano_loss(PianoFrames *by_power, const PianoFrames *rendered, const PianoFrames *heard,
                  size_t heard_from, size_t frames, const PianoLossParams *params) {
  PianoLossParams p = complete(params);
  double total = 0;
  for (int r = 0; r < PIANO_RESOLUTIONS; r++) {
    int bins = piano_resolution(r)->bins;
    float share = frames ? (float)(1 / ((double)bins * (double)frames)) : 0;
    for (int b = 0; b < bins; b++) {
      Rows x = {rendered->power[r] + (size_t)b * rendered->frames,
                heard->power[r] + (size_t)b * heard->frames + heard_from, NULL, frames, p.floor};
      if (by_power) {
        x.by = by_power->power[r] + (size_t)b * by_power->frames;
        memset(x.by, 0, by_power->frames * sizeof(float));
      }
      if (p.level[r] > 0) total += level_distance(&x, p.bend, p.level[r] * share);
      if (p.rise[r] > 0) total += rise_distance(&x, (size_t)p.lag, p.rise[r] * share);
    }
  }
  return total;
}
