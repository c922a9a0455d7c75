/* How much later than its loud notes a recording's soft ones are heard. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* How a key was struck, in shares of the delays of a touch: `rested` for soft strokes of keys at rest, `restless` for
 * those of keys that were struck just before; loud ones have neither. */
typedef struct {
  float rested, restless;
} TouchStroke;

/* How much later than its loud notes a recording's softest notes are heard; negative: earlier. */
typedef struct {
  double rested_s, restless_s;
} Touch;

/* Velocity 0 is unknown and counts as loud; `since_s` may be infinite. */
TouchStroke touch_stroke(uint8_t velocity, double since_s);
double touch_delay_s(const Touch *touch, TouchStroke stroke);

/* The touch that explains best how late n strokes came. O(n). */
Touch touch_fit(const TouchStroke *strokes, const double *late_s, const double *weight, size_t n);
