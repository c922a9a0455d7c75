/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/music/score_sections.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALPHABET = 26, NO_LETTER = -1 };

static const char rest[] = "…";

/* Marks the bar lines before measures at which a section begins. */
static void mark_edges(bool *edge, const ScoreUnfolded *order, size_t measures) {
  for (size_t i = 0; i < order->steps.n; i++) {
    const int32_t here = order->steps.items[i].measure, before = i ? order->steps.items[i - 1].measure : -1;
    if (here == before + 1) continue;
    edge[here] = true;
    if ((size_t)before + 1 < measures) edge[before + 1] = true;
  }
}

/* The letter of the section that each measure is in; NO_LETTER for what goes with the section before. A pickup goes with
 * the first. */
static void letter_measures(int *letter, const bool *edge, const Score *score) {
  int next = 0;
  for (size_t from = 0, to; from < score->measures.n; from = to) {
    bool ending = true;
    for (to = from; to == from || (to < score->measures.n && !edge[to]); to++) ending = ending && score->measures.items[to].endings;
    const bool own = !ending && to - from > 1, pickup = !own && from == 0;
    for (size_t m = from; m < to; m++) letter[m] = own || pickup ? next : NO_LETTER;
    next += own;
  }
}

static bool append(char *letters, int letter) {
  const size_t length = strlen(letters);
  const bool fits = letter < ALPHABET && length + 8 < SCORE_LETTERS_SIZE;
  const char *const space = length ? " " : "", text[] = {(char)('A' + letter % ALPHABET), 0};
  snprintf(letters + length, SCORE_LETTERS_SIZE - length, "%s%s", space, fits ? text : rest);
  return fits;
}

static void spell(char *letters, const ScoreUnfolded *unfolded, const int *letter) {
  letters[0] = 0;
  for (size_t i = 0; i < unfolded->steps.n; i++) {
    const int32_t here = unfolded->steps.items[i].measure, before = i ? unfolded->steps.items[i - 1].measure : -2;
    const bool begins = letter[here] != NO_LETTER && (here != before + 1 || letter[here] != letter[before]);
    if (begins && !append(letters, letter[here])) return;
  }
}

bool score_sections(char *letters, const Score *score, const ScoreUnfolded *unfolded, const ScoreUnfolded *const *all,
                    size_t n) {
  bool *edge = calloc(score->measures.n + 1, sizeof *edge);
  int *letter = calloc(score->measures.n + 1, sizeof *letter);
  const bool fine = edge && letter;
  for (size_t i = 0; fine && i < n; i++) mark_edges(edge, all[i], score->measures.n);
  if (fine) letter_measures(letter, edge, score);
  if (fine) spell(letters, unfolded, letter);
  free(edge);
  free(letter);
  return fine;
}
