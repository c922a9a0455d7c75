/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A bar is worth a look when it is likely to be wrong, and more so when others that are likely to be wrong
 * look like it: what is put right in one of them is a lesson for all. Bars look alike by the steps from note
 * to note and the values in each staff, whatever key they stand in (Dice's coefficient over such pairs). */
#include "core/omr/omr_learn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 96 };

#define ALIKE      0.5f /* less in common is nothing in common */
#define LESSON     0.5f /* of a bar's doubt that a lesson from one like it takes away */
#define SIGN_REACH 8    /* bars that a doubtful clef, key or time spoils */

typedef struct {
  uint16_t tokens[MOST];
  int n;
} Look;

static int by_token(const void *a, const void *b) {
  return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static int height(const ScoreNote *note) {
  return note->kind == SCORE_NOTE ? 7 * note->octave + note->step : 0;
}

/* What of a note is compared: its staff, value, and the step to it from the note before in its staff. */
static uint16_t token_of(const ScoreNote *note, const ScoreNote *before) {
  int step = 31;
  if (before && note->kind == SCORE_NOTE && before->kind == SCORE_NOTE) {
    step = height(note) - height(before) + 15;
    step = step < 0 ? 0 : step > 30 ? 30 : step;
  }
  return (uint16_t)((note->staff & 7) << 12 | (note->type & 7) << 8 | (note->kind == SCORE_REST) << 7 | step);
}

static Look *look_at_all(const Score *score) {
  Look *looks = calloc(score->measures.n + 1, sizeof *looks);
  const ScoreNote *last[OMR_BAR_STAVES] = {NULL};
  for (size_t i = 0; looks && i < score->notes.n; i++) {
    const ScoreNote *note = &score->notes.items[i], **before = &last[note->staff & (OMR_BAR_STAVES - 1)];
    if (note->grace || note->measure < 0 || (size_t)note->measure >= score->measures.n) continue;
    Look *look = &looks[note->measure];
    bool same_bar = *before && (*before)->measure == note->measure;
    if (look->n < MOST) look->tokens[look->n++] = token_of(note, same_bar ? *before : NULL);
    *before = note;
  }
  for (size_t i = 0; looks && i < score->measures.n; i++)
    qsort(looks[i].tokens, (size_t)looks[i].n, sizeof *looks[i].tokens, by_token);
  return looks;
}

static float alike(const Look *a, const Look *b) {
  int both = 0;
  for (int i = 0, k = 0; i < a->n && k < b->n;) {
    int order = (int)a->tokens[i] - (int)b->tokens[k];
    both += order == 0;
    i += order <= 0, k += order >= 0;
  }
  float share = a->n + b->n ? 2.0f * (float)both / (float)(a->n + b->n) : 0;
  return share > ALIKE ? (share - ALIKE) / (1 - ALIKE) : 0;
}

static float doubt_of(const Score *score, size_t measure) {
  return 1 - score->measures.items[measure].confidence;
}

/* What signs that may be misread spoil from their bar on. */
static void add_signs(float *worth, const Score *score) {
  for (size_t i = 0; i < score->signs.n; i++) {
    const ScoreSign *sign = &score->signs.items[i];
    if (sign->kind > SCORE_SIGN_TIME || sign->measure < 0 || (size_t)sign->measure >= score->measures.n) continue;
    float doubt = fmaxf(0, 0.8f - sign->confidence), all = 0;
    for (size_t m = (size_t)sign->measure; m < score->measures.n && m < (size_t)sign->measure + SIGN_REACH; m++)
      all += doubt_of(score, m);
    worth[sign->measure] += doubt * all;
  }
}

bool omr_learn_worth(float *worth, const Score *score) {
  Look *looks = look_at_all(score);
  if (!looks) return false;
  for (size_t i = 0; i < score->measures.n; i++) {
    float others = 0;
    for (size_t k = 0; k < score->measures.n; k++)
      if (k != i) others += doubt_of(score, k) * alike(&looks[i], &looks[k]);
    worth[i] = doubt_of(score, i) * (1 + LESSON * others);
  }
  add_signs(worth, score);
  free(looks);
  return true;
}
