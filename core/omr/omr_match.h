/* Matching printed signs. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_glyphs.h"
#include "core/omr/omr_sheet.h"

/* A sheet reduced to OMR_GLYPH_SPACE px a staff space and softened, with the glyphs softened alike. Lives in
 * the sheet's arena. */
typedef struct OmrMatcher OmrMatcher;

OmrMatcher *omr_matcher_new(const OmrSheet *sheet); /* null without memory */

typedef struct {
  float score;                 /* normalised correlation, -1…1; 0 when nothing was tried */
  float x, y;                  /* sheet px, of the reference point */
  float x0, y0, width, height; /* sheet px, of the picture */
  uint8_t kind;
} OmrMatch;

/* The best place of sign `kind` at `scale` (1 full size) with its reference point in [x0, x1] × [y0, y1] of
 * the sheet. O(area × picture). */
OmrMatch omr_match(const OmrMatcher *matcher, uint8_t kind, float scale, float x0, float x1, float y0,
                   float y1);

/* True when the head's centre lies within the sign. */
static inline bool omr_covers(const OmrMatch *match, const OmrHead *head) {
  return head->x_px > match->x0 && head->x_px < match->x0 + match->width && head->y_px > match->y0 &&
         head->y_px < match->y0 + match->height;
}
