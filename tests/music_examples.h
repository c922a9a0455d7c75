/* Small scores made by hand for the tests of core/music. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/motion.h"
#include "core/music/score.h"

/* One part, one staff, `n` measures of four quarters, no notes. */
static inline Score *example_score(size_t n) {
  Score *score = score_new();
  base_array_push(&score->parts, (ScorePart){.id = "P1", .name = "Piano", .staves = 1});
  for (size_t i = 0; i < n; i++) {
    ScoreMeasure measure = score_measure();
    snprintf(measure.number, sizeof measure.number, "%zu", i + 1);
    base_array_push(&score->measures, measure);
  }
  return score;
}

/* A note of `quarters` with a MIDI number among the white keys, appended unsorted; returns its index. */
static inline size_t example_note(Score *score, int measure, Beat onset, Beat quarters, int midi) {
  static const int8_t STEPS[12] = {0, 0, 1, 1, 2, 3, 3, 4, 4, 5, 5, 6};
  static const int8_t ALTERS[12] = {0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0};
  ScoreNote note = score_note(score);
  note.measure = measure;
  note.onset = onset;
  note.duration = quarters;
  note.octave = (int8_t)(midi / 12 - 1);
  note.step = STEPS[midi % 12];
  note.alter = ALTERS[midi % 12];
  base_array_push(&score->notes, note);
  return score->notes.n - 1;
}

static inline ScoreSign *example_sign(Score *score, ScoreSignKind kind, int measure, Beat onset) {
  ScoreSign sign = score_sign(score, kind);
  sign.measure = measure;
  sign.onset = onset;
  base_array_push(&score->signs, sign);
  return &score->signs.items[score->signs.n - 1];
}
