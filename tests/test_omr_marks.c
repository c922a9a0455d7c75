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

/* A small figure: the picture at 0.65 of its size. */
static void small_figure(const Paper *paper, int digit, float x, float y) {
  size_t n;
  const OmrGlyph *all = omr_glyphs(&n);
  while (n && all->kind != OMR_DIGIT_0 + digit) all++, n--;
  const float size = 2 * 0.65f;
  for (int v = 0; n && v < (int)((float)all->height * size); v++)
    for (int u = 0; u < (int)((float)all->width * size); u++) {
      char ink = all->pixels[(int)((float)v / size) * all->width + (int)((float)u / size)];
      if (ink > '7')
        dot(paper, x + (float)u - (float)all->origin_x * size, y + (float)v - (float)all->origin_y * size);
    }
}

/* The second and third of four notes under 8 - - - -, in the lower staff over 8 - - - -. */
static void broken_lines_behind_an_eight_move_octaves(void) {
  static const float bars[] = {1496};
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 1);
  for (int row = 0; row < 2; row++) {
    float top = row ? 420 : 200;
    for (int i = 0; i < 4; i++) {
      note(&paper, top, 320 + 200 * (float)i, 1, false);
      stem(&paper, top, 320 + 200 * (float)i, 1, row ? 70 : -70);
    }
    float y = position_y(top, row ? -10 : 10);
    small_figure(&paper, 8, 505, y);
    for (float x = 545; x < 740; x += 26) block(&paper, x, x + 14, y, y + 3);
  }
  Score *score = score_of(&paper);
  CHECK_SAYING(score && score->notes.n == 8, "%zu notes", score ? score->notes.n : 0);
  for (size_t i = 0; score && score->notes.n == 8 && i < 8; i++) {
    const ScoreNote *got = &score->notes.items[i];
    bool moved = i / 2 == 1 || i / 2 == 2;
    int wanted = got->staff ? 52 - (moved ? 12 : 0) : 72 + (moved ? 12 : 0);
    CHECK_SAYING(score_midi(got) == wanted, "note %zu: %d", i, score_midi(got));
  }
  int edges = 0;
  for (size_t i = 0; score && i < score->signs.n; i++)
    edges += score->signs.items[i].kind == SCORE_SIGN_OCTAVE;
  CHECK_SAYING(edges == 4, "%d edges", edges);
  score_free(score);
  image_free(paper.image);
}

/* Three bars, the second under a bracket with 1, repeated, the third under one with 2. */
static void brackets_are_endings(void) {
  static const float bars[] = {600, 1000, 1496};
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 3);
  for (int i = 0; i < 6; i++) {
    float x = 300 + (float)(i / 2) * 420 + (float)(i % 2) * 150;
    note(&paper, 200, x, 0, false);
    stem(&paper, 200, x, 0, 70);
  }
  block(&paper, 1008, 1018, 200, 500);
  for (int row = 0; row < 2; row++)
    for (int position = -1; position <= 1; position += 2)
      disc(&paper, 985, position_y(row ? 420 : 200, position), 4);
  for (int k = 0; k < 2; k++) {
    float from = k ? 1022 : 606, y = position_y(200, 12);
    block(&paper, from, from + (k ? 400 : 390), y, y + 3);
    block(&paper, from, from + 3, y, y + 40);
    small_figure(&paper, k + 1, from + 20, y + 24);
  }
  Score *score = score_of(&paper);
  CHECK_SAYING(score && score->measures.n == 3, "%zu measures", score ? score->measures.n : 0);
  for (size_t i = 0; score && score->measures.n == 3 && i < 3; i++) {
    const ScoreMeasure *got = &score->measures.items[i];
    CHECK_SAYING(got->endings == i, "measure %zu: endings %d", i, got->endings);
    CHECK(got->ending_start == (i > 0) && got->ending_stop == (i > 0));
    CHECK(got->repeat_stop == (i == 1 ? 2 : 0));
  }
  ScoreUnfolded *unfolded = NULL;
  if (score) CHECK(score_unfold(NULL, &unfolded, score, NULL) == BASE_OK);
  static const int order[] = {0, 1, 0, 2};
  CHECK(unfolded && unfolded->steps.n == 4);
  for (size_t i = 0; unfolded && unfolded->steps.n == 4 && i < 4; i++)
    CHECK(unfolded->steps.items[i].measure == order[i]);
  score_unfolded_free(unfolded);
  score_free(score);
  image_free(paper.image);
}

/* Lines that part between the staves, and lines that meet. */
static void parting_lines_are_hairpins(void) {
  static const float bars[] = {1496};
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 1);
  for (int i = 0; i < 6; i++) {
    note(&paper, 200, 320 + 180 * (float)i, 1, false);
    stem(&paper, 200, 320 + 180 * (float)i, 1, -70);
  }
  for (float x = 0; x < 300; x++)
    for (int side = -1; side <= 1; side += 2) {
      block(&paper, 310 + x, 311 + x, 350 + (float)side * x * 0.05f, 352 + (float)side * x * 0.05f);
      block(&paper, 1150 - x, 1151 - x, 350 + (float)side * x * 0.05f, 352 + (float)side * x * 0.05f);
    }
  Score *score = score_of(&paper);
  static const struct {
    int wedge, edge, onset;
  } wanted[] = {
      {1, SCORE_EDGE_START, 0}, {1, SCORE_EDGE_STOP, 2}, {-1, SCORE_EDGE_START, 3}, {-1, SCORE_EDGE_STOP, 5}};
  size_t found = 0;
  for (size_t i = 0; score && i < score->signs.n; i++) {
    const ScoreSign *sign = &score->signs.items[i];
    if (sign->kind != SCORE_SIGN_WEDGE) continue;
    if (found < 4)
      CHECK_SAYING(sign->wedge == wanted[found].wedge && sign->edge == wanted[found].edge,
                   "wedge %zu: %d %d at %g", found, sign->wedge, sign->edge, beat_double(sign->onset));
    found++;
  }
  CHECK_SAYING(found == 4, "%zu edges", found);
  score_free(score);
  image_free(paper.image);
}

CHECK_MAIN({CASE(grace_notes_take_no_time)}, {CASE(curves_are_ties_or_slurs)},
           {CASE(dots_beyond_heads_are_marks)}, {CASE(wavy_lines_roll_chords)},
           {CASE(broken_lines_behind_an_eight_move_octaves)}, {CASE(brackets_are_endings)},
           {CASE(parting_lines_are_hairpins)})
