/* Smooth random curves: how tempo and strength wander. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_rng.h"

enum { LMM_CURVE_WAVES = 3 };

/* A sum of slow sines. */
typedef struct {
  double amplitude[LMM_CURVE_WAVES], hz[LMM_CURVE_WAVES], phase[LMM_CURVE_WAVES];
} LmmCurve;

/* Draws one whose first sine has an amplitude of `amplitude` times what `share` draws and a frequency between the two;
 * the k-th is k times as fast and as small. */
LmmCurve lmm_curve_draw(BaseRng *rng, double (*share)(BaseRng *rng), double amplitude, double least_hz, double most_hz);
double lmm_curve_at(const LmmCurve *curve, double t);
