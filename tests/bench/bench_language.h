/* What the mapping experiment may be told, what came of it, and the telling. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/language/language.h"
#include "core/language/language_cleaner.h"

#include <stdbool.h>

enum { MOST_SEEDS = 8, KS = 7, NAIVES = 3, ORACLES = 2 };

/* Bars of motion. */
extern const int bench_bars[KS];

typedef struct {
  const char *data, *out, *cache;
  const char *start;        /* weights that b and d1 begin with; null: none */
  const char *from, *keep;  /* folders that nets are taken from and written to; null: none */
  const char *only, *table; /* letters of the conditions to run, of the fields that errors are taken off */
  const char *clean;        /* weights of a cleaner for the recordings that are learned from; null: they stay as heard */
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

/* Sums over recordings that were cleaned; [0] before and [1] after. */
typedef struct {
  size_t pieces, notes, removed, moved, kept, wrong[2];
  double f1[2]; /* of onsets, against what was played */
} Cleaning;

/* Cleans what was heard of a performance, whose notes have the ids of what was played. */
BaseStatus bench_language_clean(BaseContext *ctx, Cleaning *sum, const LanguageCleaner *cleaner, Motion *heard,
                                const Motion *played);
void bench_language_tell_cleaning(const Cleaning *sum);
