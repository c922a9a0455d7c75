/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/music/score.h"

#include "core/base/base_sort.h"

#include <stdlib.h>
#include <string.h>

Score *score_new(void) {
  Score *score = calloc(1, sizeof *score);
  if (score) score->next_id = 1;
  return score;
}

void score_free(Score *score) {
  if (!score) return;
  base_array_clear(&score->parts);
  base_array_clear(&score->measures);
  base_array_clear(&score->notes);
  base_array_clear(&score->signs);
  base_array_clear(&score->slurs);
  base_array_clear(&score->lyrics);
  base_array_clear(&score->systems);
  base_array_clear(&score->pages);
  free(score);
}

#define COPY_ARRAY(to, from)                                                                                 \
  ((from)->n == 0 ||                                                                                         \
   (base_array_reserve((to), (from)->n) &&                                                                   \
    (memcpy((to)->items, (from)->items, (from)->n * sizeof *(from)->items), (to)->n = (from)->n, true)))

Score *score_dup(const Score *score) {
  Score *copy = score_new();
  if (!copy) return NULL;
  memcpy(copy->title, score->title, sizeof copy->title);
  memcpy(copy->composer, score->composer, sizeof copy->composer);
  memcpy(copy->source, score->source, sizeof copy->source);
  copy->next_id = score->next_id;
  if (COPY_ARRAY(&copy->parts, &score->parts) && COPY_ARRAY(&copy->measures, &score->measures) &&
      COPY_ARRAY(&copy->notes, &score->notes) && COPY_ARRAY(&copy->signs, &score->signs) &&
      COPY_ARRAY(&copy->slurs, &score->slurs) && COPY_ARRAY(&copy->lyrics, &score->lyrics) &&
      COPY_ARRAY(&copy->systems, &score->systems) && COPY_ARRAY(&copy->pages, &score->pages))
    return copy;
  score_free(copy);
  return NULL;
}

ScoreNote score_note(Score *score) {
  return (ScoreNote){.id = score->next_id++,
                     .voice = 1,
                     .onset = {0, 1},
                     .duration = {0, 1},
                     .octave = 4,
                     .type = 2,
                     .tuplet_actual = 1,
                     .tuplet_normal = 1,
                     .confidence = 1};
}

ScoreSign score_sign(Score *score, ScoreSignKind kind) {
  return (ScoreSign){.id = score->next_id++, .kind = (uint8_t)kind, .onset = {0, 1}, .confidence = 1};
}

ScoreMeasure score_measure(void) {
  return (ScoreMeasure){.length = {4, 1}, .confidence = 1};
}

int score_compare_notes(const void *left, const void *right) {
  const ScoreNote *a = left, *b = right;
  if (a->measure != b->measure) return a->measure < b->measure ? -1 : 1;
  int order = beat_compare(a->onset, b->onset);
  if (order) return order;
  if (a->grace != b->grace) return a->grace ? -1 : 1;
  return a->part != b->part ? a->part - b->part : a->voice - b->voice;
}

int score_compare_signs(const void *left, const void *right) {
  const ScoreSign *a = left, *b = right;
  if (a->measure != b->measure) return a->measure < b->measure ? -1 : 1;
  int order = beat_compare(a->onset, b->onset);
  if (order) return order;
  if (a->part != b->part) return a->part - b->part;
  bool attribute_a = a->kind <= SCORE_SIGN_TIME, attribute_b = b->kind <= SCORE_SIGN_TIME;
  if (attribute_a != attribute_b) return attribute_a ? -1 : 1;
  return a->staff != b->staff ? a->staff - b->staff : a->kind - b->kind;
}

void score_sort(Score *score) {
  base_sort(score->notes.items, score->notes.n, sizeof *score->notes.items, score_compare_notes);
  base_sort(score->signs.items, score->signs.n, sizeof *score->signs.items, score_compare_signs);
}

int score_midi(const ScoreNote *note) {
  static const int8_t SEMITONES[7] = {0, 2, 4, 5, 7, 9, 11};
  int step = note->step < 0 || note->step > 6 ? 0 : note->step;
  int midi = 12 * (note->octave + 1) + SEMITONES[step] + note->alter;
  return midi < 0 ? 0 : midi > 127 ? 127 : midi;
}

const ScoreNote *score_find_note(const Score *score, uint32_t id) {
  for (size_t i = 0; i < score->notes.n; i++)
    if (score->notes.items[i].id == id) return &score->notes.items[i];
  return NULL;
}
