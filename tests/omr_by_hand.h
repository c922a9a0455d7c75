/* Pages of one staff, made by hand. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "tests/check.h"

#include "core/omr/omr_page.h"

enum { SPACE = 20, TOP = 200 };

static inline float y_of(int position) {
  return TOP + 2 * SPACE - (float)position * SPACE / 2;
}

static inline OmrPage *blank(const float *bars, size_t n) {
  OmrPage *page = omr_page_new();
  page->width_px = 2000, page->height_px = 600, page->space_px = SPACE;
  for (int k = 0; k < 2; k++) {
    OmrNode node = {.x_px = k ? 1900 : 100};
    for (int line = 0; line < OMR_LINES; line++) node.y_px[line] = TOP + (float)(line * SPACE);
    CHECK(base_array_push(&page->nodes, node));
  }
  CHECK(base_array_push(&page->staves, (OmrStaff){0, 2, 0, 100, 1900, SPACE}));
  CHECK(base_array_push(&page->systems, (OmrSystem){0, 1, 0, 100, 1900, TOP, TOP + 4 * SPACE}));
  for (size_t i = 0; i < n; i++)
    CHECK(base_array_push(&page->bars, (OmrBar){0, 0, bars[i], bars[i] - 2, bars[i] + 2, bars[i] / SPACE}));
  return page;
}

/* A quarter note with its stem up. */
static inline void quarter(OmrPage *page, float x, int position) {
  OmrChord chord = {
      .stem = OMR_STEM_UP, .second = OMR_NO_SECOND, .group = -1, .head_x_px = x, .x_px = x + 11, .score = 1};
  chord.y1_px = y_of(position), chord.y0_px = chord.y1_px - 70, chord.column_sp = x / SPACE;
  OmrHead head = {
      .chord = (int32_t)page->chords.n, .position = (int16_t)position, .x_px = x, .y_px = y_of(position)};
  head.width_px = 25, head.height_px = 20, head.score = 0.95f;
  CHECK(base_array_push(&page->chords, chord) && base_array_push(&page->heads, head));
}

/* Three bars of four quarters in 4/4: c' d' e' f' and on. */
static inline OmrPage *three_bars(void) {
  static const float bars[] = {100, 700, 1300, 1900};
  OmrPage *page = blank(bars, 4);
  CHECK(base_array_push(&page->times, (OmrTime){.x_px = 110, .beats = 4, .beat_type = 4, .score = 1}));
  for (int i = 0; i < 12; i++) quarter(page, bars[i / 4] + 130 + (float)(i % 4 * 120), -6 + i % 4);
  return page;
}
