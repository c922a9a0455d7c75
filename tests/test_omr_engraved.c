/* What engravers print beyond the plain bar: signatures of two digits, changes within a line, stems on both
 * sides of a beam, dots in pairs. SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/omr_paper.h"

#include "core/omr/omr.h"

static void time_at(const Paper *paper, float top, float x, int tens, int ones, int below) {
  if (tens) glyph(paper, (uint8_t)(OMR_DIGIT_0 + tens), x, position_y(top, 2));
  glyph(paper, (uint8_t)(OMR_DIGIT_0 + ones), tens ? x + 26 : x, position_y(top, 2));
  glyph(paper, (uint8_t)(OMR_DIGIT_0 + below), tens ? x + 13 : x, position_y(top, -2));
}

static void signatures_may_have_two_digits(void) {
  static const float bars[] = {1496};
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 1);
  time_at(&paper, 200, 180, 1, 2, 8);
  time_at(&paper, 420, 180, 1, 2, 8);
  for (int i = 0; i < 4; i++) {
    note(&paper, 200, 350 + 250 * (float)i, 1, false);
    stem(&paper, 200, 350 + 250 * (float)i, 1, -70);
    block(&paper, 373 + 250 * (float)i, 379 + 250 * (float)i, position_y(200, 1) - 3, position_y(200, 1) + 3);
  }
  Score *score = score_of(&paper);
  const ScoreSign *time = NULL;
  for (size_t i = 0; score && i < score->signs.n; i++)
    if (score->signs.items[i].kind == SCORE_SIGN_TIME) time = &score->signs.items[i];
  CHECK_SAYING(time && time->beats == 12 && time->beat_type == 8, "%d/%d", time ? time->beats : 0,
               time ? time->beat_type : 0);
  CHECK(score && score->notes.n >= 4 && beat_equal(score->measures.items[0].length, beat_make(6, 1)));
  score_free(score);
  image_free(paper.image);
}

/* Three quarters in 3/4, then two in 2/4, told behind the bar line. */
static void signatures_change_within_a_line(void) {
  static const float bars[] = {800, 1496};
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 2);
  for (int row = 0; row < 2; row++) {
    float top = row ? 420 : 200;
    time_at(&paper, top, 180, 0, 3, 4);
    time_at(&paper, top, 822, 0, 2, 4);
    for (int i = 0; i < 5; i++) {
      float x = i < 3 ? 320 + 150 * (float)i : 1000 + 200 * (float)(i - 3);
      note(&paper, top, x, 1, false);
      stem(&paper, top, x, 1, -70);
    }
  }
  Score *score = score_of(&paper);
  CHECK_SAYING(score && score->measures.n == 2 && score->notes.n == 10, "%zu notes", score ? score->notes.n : 0);
  if (score && score->measures.n == 2) {
    CHECK(beat_equal(score->measures.items[0].length, beat_make(3, 1)));
    CHECK(beat_equal(score->measures.items[1].length, beat_make(2, 1)));
  }
  score_free(score);
  image_free(paper.image);
}

/* Four sixteenths of which two hang from the beams and two stand under them. */
static void beams_join_stems_from_both_sides(void) {
  static const float bars[] = {1496};
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 1);
  const float outer = 345, inner = 370;
  for (int i = 0; i < 4; i++) {
    float x = 320 + 60 * (float)i;
    bool low = i % 2 == 0;
    float top = low ? 420 : 200;
    int position = low ? 2 : -2;
    note(&paper, top, x, position, false);
    float y = position_y(top, position), at = low ? x + 11 : x - 13;
    block(&paper, at, at + 3, low ? outer : y, low ? y : inner);
  }
  for (int k = 0; k < 2; k++) block(&paper, 331, 490, outer + 15 * (float)k, outer + 15 * (float)k + 10);
  for (int i = 0; i < 3; i++) {
    note(&paper, 420, 700 + 200 * (float)i, -1, false);
    stem(&paper, 420, 700 + 200 * (float)i, -1, 70);
  }
  Score *score = score_of(&paper);
  size_t sixteenths = 0;
  for (size_t i = 0; score && i < score->notes.n; i++) sixteenths += score->notes.items[i].type == 4;
  CHECK_SAYING(sixteenths == 4, "%zu sixteenths", sixteenths);
  score_free(score);
  image_free(paper.image);
}

/* A note with two dots that nearly touch, one with one dot, one with none. */
static void dots_may_stand_close(void) {
  static const float bars[] = {1496};
  Paper paper = paper_of(0, 0);
  grand_staff(&paper, bars, 1);
  static const uint8_t wanted[] = {2, 1, 0};
  for (int i = 0; i < 3; i++) {
    note(&paper, 200, 320 + 350 * (float)i, -1, false);
    stem(&paper, 200, 320 + 350 * (float)i, -1, 70);
  }
  disc(&paper, 346, position_y(200, -1), 4);
  disc(&paper, 356, position_y(200, -1), 4);
  disc(&paper, 696, position_y(200, -1), 4);
  BaseContext ctx = {0};
  OmrPage *page = NULL;
  CHECK_SAYING(omr_read_page(&ctx, &page, paper.image, NULL) == BASE_OK, "%s", ctx.sentence);
  CHECK_SAYING(page && page->heads.n == 3, "%zu heads", page ? page->heads.n : 0);
  for (size_t i = 0; page && page->heads.n == 3 && i < 3; i++) {
    size_t at = (size_t)lrintf((page->heads.items[i].x_px - 320) / 350);
    CHECK_SAYING(at < 3 && page->heads.items[i].dots == wanted[at], "head %zu: %d dots", at, page->heads.items[i].dots);
  }
  omr_page_free(page);
  image_free(paper.image);
}

CHECK_MAIN({CASE(signatures_may_have_two_digits)}, {CASE(signatures_change_within_a_line)},
           {CASE(beams_join_stems_from_both_sides)}, {CASE(dots_may_stand_close)})
