/* What the mapping experiment may be told, what came of it, and the telling. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/language/language.h"

#include <stdbool.h>

enum { MOST_SEEDS = 8, KS = 7, NAIVES = 3, ORACLES = 2 };

/* Bars of motion. */
extern const int bench_bars[KS];

typedef struct {
  const char *data, *out, *cache;
  const char *start;        /* weights that b and d1 begin with; null: none */
  const char *from, *keep;  /* folders that nets are taken from and written to; null: none */
  const char *only, *table; /* letters of the conditions to run, of the fields that errors are taken off */
  const char *examples;     /* letter of a condition whose examples are written to standard output; null: none */
  long seed, side, first, count; /* of those */
  long steps, seeds, width, layers, test_notes, most_bars;
  bool f32;
} Options;

/* Nats a note of one seed. */
typedef struct {
  double naive[NAIVES], oracle[ORACLES], tuned[KS], alone[KS];
  double parts[4][LANGUAGE_METRIC_FIELDS]; /* of a, b without bars, b with the most, d */
} Result;

/* A table of n seeds to standard output and, with a plot, to the folder o->out. */
void bench_language_tell(const Options *o, const Result *results, long n);
