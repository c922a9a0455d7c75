/* Staves and systems on drawn pages that mislead. SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/check.h"
#include "tests/omr_paper.h"

/* A slur lies where a line above the staff would, and at its left the bottom line has faded. */
static void a_slur_is_no_line(void) {
  Paper paper = paper_of(0, 0);
  for (int line = 0; line < 5; line++) {
    float y = 200 + (float)(line * SPACE);
    block(&paper, line == 4 ? LEFT + 350 : LEFT, RIGHT, y - 1, y + 2);
  }
  block(&paper, LEFT, LEFT + 500, 200 - SPACE - 1, 200 - SPACE + 2);
  block(&paper, LEFT, LEFT + 3, 200, 280);
  block(&paper, RIGHT - 4, RIGHT, 200, 280);
  for (int i = 0; i < 8; i++) stem(&paper, 200, 400 + (float)(120 * i), -1, 70), note(&paper, 200, 400 + (float)(120 * i), -1, false);
  OmrPage *page = read_paper(&paper);
  CHECK(page && page->staves.n == 1);
  for (float x = LEFT + 50; page && page->staves.n == 1 && x < RIGHT - 50; x += 100)
    CHECK_NEAR(omr_staff_y(page, &page->staves.items[0], x, 0), 240, 3);
  omr_page_free(page);
  image_free(paper.image);
}

/* Three pairs; nothing joins the last one. `off`: how much farther apart it stands. */
static OmrPage *three_pairs(float off) {
  Paper paper = {image_new(1600, 1500), 0, 0};
  for (int pair = 0; pair < 3; pair++) {
    float top = 150 + 450 * (float)pair, second = top + 200 + (pair == 2 ? off : 0);
    for (int k = 0; k < 2; k++) {
      float at = k ? second : top;
      staff(&paper, at);
      block(&paper, LEFT, LEFT + 3, at, at + 80);
      block(&paper, RIGHT - 4, RIGHT, at, at + 80);
      for (int i = 0; i < 6; i++) stem(&paper, at, 300 + (float)(180 * i), -1, 70), note(&paper, at, 300 + (float)(180 * i), -1, false);
    }
    if (pair < 2) block(&paper, LEFT, LEFT + 3, top, second + 80), block(&paper, RIGHT - 4, RIGHT, top, second + 80);
  }
  OmrPage *page = read_paper(&paper);
  image_free(paper.image);
  return page;
}

static void staves_left_over_are_a_pair(void) {
  OmrPage *page = three_pairs(0);
  CHECK(page && page->staves.n == 6 && page->systems.n == 3);
  if (page && page->systems.n == 3) CHECK(page->systems.items[2].staves == 2);
  omr_page_free(page);
  page = three_pairs(90);
  CHECK(page && page->staves.n == 6 && page->systems.n == 4); /* too far apart */
  omr_page_free(page);
}

CHECK_MAIN({CASE(a_slur_is_no_line)}, {CASE(staves_left_over_are_a_pair)})
