/* What the cleaner does to recordings whose performances are known. SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/bench_language.h"

#include "core/evaluation/evaluation.h"

#include <stdio.h>
#include <stdlib.h>

/* The key that a note was played on by its id; −1: it never was. */
static int played_on(const Motion *played, uint32_t id) {
  for (size_t i = 0; id && i < played->notes.n; i++)
    if (played->notes.items[i].id == id) return played->notes.items[i].midi;
  return -1;
}

static double onset_f1(const Motion *played, const Motion *heard) {
  EvaluationNotes score = {0};
  if (evaluation_notes(NULL, &score, played, heard, NULL) != BASE_OK) return 0;
  return score.onset.f1;
}

/* Notes that were not played, or not on that key. */
static size_t wrong_in(const Motion *played, const Motion *heard) {
  size_t wrong = 0;
  for (size_t i = 0; i < heard->notes.n; i++)
    wrong += played_on(played, heard->notes.items[i].id) != heard->notes.items[i].midi;
  return wrong;
}

BaseStatus bench_language_clean(BaseContext *ctx, Cleaning *sum, const LanguageCleaner *cleaner, Motion *heard, const Motion *played) {
  LanguageCleaned done;
  const size_t notes = heard->notes.n, wrong = wrong_in(played, heard);
  const double before = onset_f1(played, heard);
  BaseStatus status = language_clean(ctx, &done, cleaner, heard);
  if (status != BASE_OK) return status;
  sum->pieces++;
  sum->notes += notes;
  sum->removed += done.removed;
  sum->moved += done.moved;
  sum->wrong[0] += wrong;
  sum->wrong[1] += wrong_in(played, heard);
  sum->kept += heard->notes.n;
  sum->f1[0] += before;
  sum->f1[1] += onset_f1(played, heard);
  return BASE_OK;
}

void bench_language_tell_cleaning(const Cleaning *sum) {
  if (!sum->pieces) return;
  printf("cleaned: %zu notes taken out and %zu moved of %zu; notes that were not played so %zu before, %zu of %zu after; "
         "onset F1 %.4f before, %.4f after\n",
         sum->removed, sum->moved, sum->notes, sum->wrong[0], sum->wrong[1], sum->kept, sum->f1[0] / (double)sum->pieces,
         sum->f1[1] / (double)sum->pieces);
}
