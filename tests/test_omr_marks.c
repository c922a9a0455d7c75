/* What stands beside the notes: grace notes, signs of playing, of order and of expression.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/check.h"
#include "tests/omr_paper.h"

/* A grace note with its stem; `y`: of its head. */
static void small_note(const Paper *paper, float x, float y, float length) {
  const float a = 8.2f, b = 6.0f, c = cosf(0.5f), s = sinf(0.5f);
  for (float dy = -9; dy <= 9; dy++)
    for (float dx = -9; dx <= 9; dx++) {
      float u = dx * c - dy * s, v = dx * s + dy * c;
      if (u * u / (a * a) + v * v / (b * b) <= 1) dot(paper, x + dx, y + dy);
    }
  block(paper, x + 6, x + 8, y - length, y);
}

/* Two beamed grace notes before the second of two quarter notes, one alone before the third. */
static void grace_notes_take_no_time(void) {
  static const float bars[] = {1496};
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 1);
  for (int i = 0; i < 3; i++) {
    note(&paper, 200, 320 + 300 * (float)i, 1, false);
    stem(&paper, 200, 320 + 300 * (float)i, 1, -70);
  }
  float top = position_y(200, 3) - 50;
  small_note(&paper, 540, position_y(200, -1), position_y(200, -1) - top);
  small_note(&paper, 566, position_y(200, 0), position_y(200, 0) - top);
  for (float y = top; y < top + 22; y += 14) block(&paper, 546, 574, y, y + 7);
  small_note(&paper, 870, position_y(200, 2), 50);
  Score *score = score_of(&paper);
  static const struct {
    int midi;
    bool grace;
    int type;
  } wanted[] = {{72, false, 2}, {69, true, 4}, {71, true, 4}, {72, false, 2}, {74, true, 3}, {72, false, 2}};
  CHECK_SAYING(score && score->notes.n == 6, "%zu notes", score ? score->notes.n : 0);
  for (size_t i = 0; score && score->notes.n == 6 && i < 6; i++) {
    const ScoreNote *got = &score->notes.items[i];
    CHECK_SAYING(score_midi(got) == wanted[i].midi, "note %zu: %d", i, score_midi(got));
    CHECK(got->grace == wanted[i].grace && got->type == wanted[i].type);
    CHECK(got->box.width > 0 && (!got->grace || got->duration.num == 0));
    if (got->grace && i + 1 < 6) CHECK(beat_equal(got->onset, got[1].onset));
  }
  score_free(score);
  image_free(paper.image);
}

/* A curve from x0 to x1 with its ends at y, its middle `sag` px below. */
static void curve(const Paper *paper, float x0, float x1, float y, float sag) {
  for (float x = x0; x < x1; x += 1) {
    float t = (x - x0) / (x1 - x0), middle = y + sag * 4 * t * (1 - t), half = 1 + 2 * t * (1 - t);
    block(paper, x, x + 1, middle - half, middle + half);
  }
}

static const ScoreNote *note_of(const Score *score, uint32_t id) {
  const ScoreNote *found = score_find_note(score, id);
  CHECK(found);
  return found;
}

/* Two notes of one pitch under a short curve are tied, three others under a long one are slurred. */
static void curves_are_ties_or_slurs(void) {
  static const float bars[] = {1496};
  static const int positions[] = {-1, -1, 1, 2, 0};
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 1);
  for (int i = 0; i < 5; i++) {
    float x = 320 + 160 * (float)i;
    note(&paper, 200, x, positions[i], false);
    stem(&paper, 200, x, positions[i], i < 2 ? 70 : -70);
  }
  curve(&paper, 338, 462, position_y(200, -1) + 12, 16);
  curve(&paper, 640, 960, position_y(200, 4) - 14, -30);
  Score *score = score_of(&paper);
  CHECK_SAYING(score && score->notes.n == 5 && score->slurs.n == 1, "%zu notes, %zu slurs",
               score ? score->notes.n : 0, score ? score->slurs.n : 0);
  if (score && score->notes.n == 5 && score->slurs.n == 1) {
    const ScoreNote *notes = score->notes.items;
    CHECK(notes[0].ties == SCORE_TIE_START && notes[1].ties == SCORE_TIE_STOP);
    CHECK(!notes[2].ties && !notes[3].ties && !notes[4].ties);
    CHECK(note_of(score, score->slurs.items[0].from) == &notes[2]);
    CHECK(note_of(score, score->slurs.items[0].to) == &notes[4]);
  }
  score_free(score);
  image_free(paper.image);
}

static void disc(const Paper *paper, float x, float y, float radius) {
  for (float v = -radius; v <= radius; v++)
    for (float u = -radius; u <= radius; u++)
      if (u * u + v * v <= radius * radius) dot(paper, x + u, y + v);
}

/* A dot below, a fermata above, a dot that lengthens, nothing. */
static void dots_beyond_heads_are_marks(void) {
  static const float bars[] = {1496};
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 1);
  for (int i = 0; i < 4; i++) {
    float x = 320 + 200 * (float)i;
    note(&paper, 200, x, -1, false);
    stem(&paper, 200, x, -1, 70);
  }
  disc(&paper, 320, position_y(200, -3), 4);
  disc(&paper, 520, position_y(200, 7), 4);
  for (float angle = 0; angle < 3.14f; angle += 0.02f)
    disc(&paper, 520 + 22 * cosf(angle), position_y(200, 7) + 2 - 19 * sinf(angle), 1.5f);
  disc(&paper, 745, position_y(200, -1), 4);
  Score *score = score_of(&paper);
  static const uint32_t marks[] = {SCORE_STACCATO, SCORE_FERMATA, 0, 0};
  static const uint8_t dots[] = {0, 0, 1, 0};
  CHECK_SAYING(score && score->notes.n == 4, "%zu notes", score ? score->notes.n : 0);
  for (size_t i = 0; score && score->notes.n == 4 && i < 4; i++) {
    CHECK_SAYING(score->notes.items[i].marks == marks[i], "note %zu: %x", i, score->notes.items[i].marks);
    CHECK(score->notes.items[i].dots == dots[i]);
  }
  score_free(score);
  image_free(paper.image);
}

/* A chord behind a wavy line is rolled, one behind a straight line is not. */
static void wavy_lines_roll_chords(void) {
  static const float bars[] = {1496};
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 1);
  for (int i = 0; i < 2; i++) {
    float x = 400 + 300 * (float)i;
    for (int position = -3; position <= 3; position += 3) note(&paper, 200, x, position, false);
    block(&paper, x + 11, x + 14, position_y(200, 3) - 60, position_y(200, -3));
    for (float y = position_y(200, 4); y < position_y(200, -4); y++) {
      float at = x - 32 + (i ? 0 : 4 * sinf(y * 0.42f));
      block(&paper, at, at + 4, y, y + 1);
    }
  }
  Score *score = score_of(&paper);
  CHECK_SAYING(score && score->notes.n == 6, "%zu notes", score ? score->notes.n : 0);
  for (size_t i = 0; score && score->notes.n == 6 && i < 6; i++)
    CHECK_SAYING(score->notes.items[i].marks == (i < 3 ? SCORE_ARPEGGIO : 0u), "note %zu: %x", i,
                 score->notes.items[i].marks);
  score_free(score);
  image_free(paper.image);
}

CHECK_MAIN({CASE(grace_notes_take_no_time)}, {CASE(curves_are_ties_or_slurs)},
           {CASE(dots_beyond_heads_are_marks)}, {CASE(wavy_lines_roll_chords)})
