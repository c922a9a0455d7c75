/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_curve.h"

#include <math.h>

LmmCurve lmm_curve_draw(BaseRng *rng, double (*share)(BaseRng *rng), double amplitude, double least_hz, double most_hz) {
  LmmCurve curve;
  for (int i = 0; i < LMM_CURVE_WAVES; i++) {
    curve.amplitude[i] = amplitude * share(rng) / (i + 1);
    curve.hz[i] = base_rng_range(rng, least_hz, most_hz) * (i + 1);
    curve.phase[i] = 2 * M_PI * base_rng_uniform(rng);
  }
  return curve;
}

double lmm_curve_at(const LmmCurve *curve, double t) {
  double y = 0;
  for (int i = 0; i < LMM_CURVE_WAVES; i++) y += curve->amplitude[i] * sin(2 * M_PI * curve->hz[i] * t + curve->phase[i]);
  return y;
}
