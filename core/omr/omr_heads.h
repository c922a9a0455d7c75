/* Note heads and stems. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_sheet.h"

/* Fills page->heads, best first. About 0.7 s an A4 page. */
BaseStatus omr_find_heads(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet);

/* An upright stroke that may be a stem. */
typedef struct {
  float x, y0, y1; /* px; y0 the top */
  int side; /* of the heads that may hang on it: 0 any, 1 those that it touches at their right, -1 left */
} OmrStroke;

typedef BASE_ARRAY(OmrStroke) OmrStrokes;

/* Thin upright strokes that are no bar lines, by x, with `least` px more of ink than their gaps count against
 * them: twice their length, once when `broken` ones are wanted. Caller clears. */
BaseStatus omr_find_strokes(BaseContext *ctx, OmrStrokes *out, const OmrPage *page, const OmrSheet *sheet,
                            float least, bool broken);

/* Joins heads to stems: fills page->chords, sets OmrHead.chord, drops heads that nothing supports, splits
 * heads that two voices share. Heads come sorted by chord afterwards, lowest first; chords by staff and x. */
BaseStatus omr_find_stems(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet);
