/* Sums and products are formed in 128 bits, reduced, and brought back into 62 bits; what does not fit is
 * rounded to a grid of 2^-20 and saturated. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/music/beat.h"

#include <math.h>

__extension__ typedef __int128 Wide;

static const int64_t TERM_LIMIT = (int64_t)1 << 62, GRID = (int64_t)1 << 20;

static Wide wide_abs(Wide a) {
  return a < 0 ? -a : a;
}

static Wide divisor(Wide a, Wide b) {
  while (b) {
    Wide rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

static int64_t divisor_narrow(int64_t a, int64_t b) {
  while (b) {
    int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

static Beat on_grid(Wide num, Wide den) {
  long double value = roundl((long double)num / (long double)den * (long double)GRID);
  const long double most = (long double)(TERM_LIMIT - GRID);
  value = value > most ? most : value < -most ? -most : value;
  return beat_make((int64_t)value, GRID);
}

static Beat reduce(Wide num, Wide den) {
  if (den == 0) return (Beat){0, 1};
  if (den < 0) num = -num, den = -den;
  Wide common = divisor(wide_abs(num), den);
  num /= common;
  den /= common;
  if (wide_abs(num) >= TERM_LIMIT || den >= TERM_LIMIT) return on_grid(num, den);
  return (Beat){(int64_t)num, (int64_t)den};
}

static bool small(int64_t a) {
  return a > -INT32_MAX && a < INT32_MAX;
}

static Beat reduce_narrow(int64_t num, int64_t den) {
  int64_t common = divisor_narrow(num < 0 ? -num : num, den);
  return (Beat){num / common, den / common};
}

Beat beat_make(int64_t num, int64_t den) {
  return small(num) && small(den) && den > 0 ? reduce_narrow(num, den) : reduce(num, den);
}

Beat beat_whole(int64_t quarters) {
  return beat_make(quarters, 1);
}

Beat beat_near(double quarters, int64_t den) {
  if (!isfinite(quarters) || den == 0) return (Beat){0, 1};
  double scaled = round(quarters * (double)den);
  const double most = 0x1p61;
  scaled = scaled > most ? most : scaled < -most ? -most : scaled;
  return beat_make((int64_t)scaled, den);
}

static bool all_small(Beat a, Beat b) {
  return small(a.num) && small(a.den) && small(b.num) && small(b.den);
}

Beat beat_add(Beat a, Beat b) {
  if (a.den == b.den && small(a.num) && small(b.num)) return reduce_narrow(a.num + b.num, a.den);
  return reduce((Wide)a.num * b.den + (Wide)b.num * a.den, (Wide)a.den * b.den);
}

Beat beat_sub(Beat a, Beat b) {
  return beat_add(a, (Beat){-b.num, b.den});
}

Beat beat_mul(Beat a, Beat b) {
  if (all_small(a, b)) return reduce_narrow(a.num * b.num, a.den * b.den);
  return reduce((Wide)a.num * b.num, (Wide)a.den * b.den);
}

Beat beat_div(Beat a, Beat b) {
  return reduce((Wide)a.num * b.den, (Wide)a.den * b.num);
}

int beat_compare(Beat a, Beat b) {
  if (a.den == b.den) return (a.num > b.num) - (a.num < b.num);
  Wide left = (Wide)a.num * b.den, right = (Wide)b.num * a.den;
  return (left > right) - (left < right);
}

bool beat_equal(Beat a, Beat b) {
  return a.num == b.num && a.den == b.den;
}

Beat beat_min(Beat a, Beat b) {
  return beat_compare(a, b) <= 0 ? a : b;
}

Beat beat_max(Beat a, Beat b) {
  return beat_compare(a, b) >= 0 ? a : b;
}

double beat_double(Beat a) {
  return (double)a.num / (double)a.den;
}
