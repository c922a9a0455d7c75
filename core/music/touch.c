/* A weighted least-squares fit of two numbers, drawn to zero by a prior, in a few rounds that count strays less
 * (Cauchy weights). SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/music/touch.h"

#include <math.h>

enum { ROUNDS = 3 };
static const double LOUD = 86, SOFT = 36;                /* velocities: no delay, the whole one */
static const double RESTLESS_S = 0.4, RESTED_S = 1.2;    /* since the stroke before */
static const double NOISE_S = 0.025, PRIOR_S = 0.03;     /* of a loud note's time, of the numbers sought */
static const double STRAY_S = 0.05;

TouchStroke touch_stroke(uint8_t velocity, double since_s) {
  const double missing = velocity ? fmin(fmax((LOUD - velocity) / (LOUD - SOFT), 0), 1) : 0;
  const double soft = missing * missing, rest = fmin(fmax((since_s - RESTLESS_S) / (RESTED_S - RESTLESS_S), 0), 1);
  return (TouchStroke){(float)(soft * rest), (float)(soft * (1 - rest))};
}

double touch_delay_s(const Touch *touch, TouchStroke stroke) {
  return touch->rested_s * stroke.rested + touch->restless_s * stroke.restless;
}

Touch touch_fit(const TouchStroke *strokes, const double *late_s, const double *weight, size_t n) {
  Touch touch = {0};
  const double prior = NOISE_S * NOISE_S / (PRIOR_S * PRIOR_S);
  for (int round = 0; round < ROUNDS; round++) {
    double aa = prior, ab = 0, bb = prior, ay = 0, by = 0;
    for (size_t i = 0; i < n; i++) {
      const double a = strokes[i].rested, b = strokes[i].restless;
      const double off = (late_s[i] - touch_delay_s(&touch, strokes[i])) / STRAY_S, w = weight[i] / (1 + off * off);
      aa += w * a * a, ab += w * a * b, bb += w * b * b, ay += w * a * late_s[i], by += w * b * late_s[i];
    }
    const double determinant = aa * bb - ab * ab;
    touch = (Touch){(bb * ay - ab * by) / determinant, (aa * by - ab * ay) / determinant};
  }
  return touch;
}
