/* The working picture of a page and the steps that fill an OmrPage from it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_arena.h"
#include "core/omr/omr_page.h"

/* Ink as bytes 0/1 at the working resolution (staff space 14…26 px). Lives in `arena`. */
typedef struct {
  int32_t width, height;
  uint8_t *ink;      /* H × W */
  uint8_t *clean;    /* H × W, without staff lines */
  float space, line; /* px: distance of neighbouring staff lines (their centres), thickness of one */
  BaseArena *arena;
} OmrSheet;

/* True where (x, y) is on the sheet and inked. */
static inline bool omr_ink_at(const OmrSheet *sheet, const uint8_t *plane, int x, int y) {
  return x >= 0 && y >= 0 && x < sheet->width && y < sheet->height &&
         plane[(size_t)y * (size_t)sheet->width + (size_t)x];
}

/* Staff space and line thickness from vertical run lengths (Fujinaga 1988). False: no staff-like ruling. */
bool omr_measure_ruling(float *space, float *line, const uint8_t *ink, int32_t width, int32_t height);

/* Staves of the sheet, top to bottom. O(pixels). */
BaseStatus omr_find_staves(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet);

/* Systems by the lines that run through their staves, and bar lines with their repeats. */
BaseStatus omr_find_systems(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet);
BaseStatus omr_find_bars(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet);

/* Makes sheet->clean. */
BaseStatus omr_remove_staves(BaseContext *ctx, OmrSheet *sheet, const OmrPage *page);
