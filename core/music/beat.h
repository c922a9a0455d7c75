/* Score time: exact fractions of a quarter note. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A rational number of quarter notes, always in lowest terms with den > 0. A zeroed Beat is not valid:
 * make one with beat_make or beat_whole. */
typedef struct {
  int64_t num, den;
} Beat;

/* num/den reduced; den 0 gives 0/1. Values whose terms leave 62 bits are rounded to a multiple of 1/2^20
 * and saturated, so that hostile files cannot overflow. */
Beat beat_make(int64_t num, int64_t den);
Beat beat_whole(int64_t quarters);

/* The nearest multiple of 1/`den` to `quarters`; NaN and infinities give 0. */
Beat beat_near(double quarters, int64_t den);

Beat beat_add(Beat a, Beat b);
Beat beat_sub(Beat a, Beat b);
Beat beat_mul(Beat a, Beat b);
Beat beat_div(Beat a, Beat b); /* b 0 gives 0/1 */

/* Negative, zero or positive like a - b. Exact. */
int beat_compare(Beat a, Beat b);
bool beat_equal(Beat a, Beat b);
Beat beat_min(Beat a, Beat b);
Beat beat_max(Beat a, Beat b);

/* In quarter notes, rounded to double. */
double beat_double(Beat a);
