/* Pictures of printed signs. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_page.h"

enum { OMR_GLYPH_SPACE = 10 }; /* px of a staff space in the pictures */

/* One sign in one typeface. `origin` is the pixel of the picture that stands on the sign's reference: a
 * clef's line, an accidental's note, the middle line for rests, the middle of a figure for digits. */
typedef struct {
  uint8_t kind; /* OmrSymbolKind */
  int16_t width, height, origin_x, origin_y;
  const char *pixels; /* width * height hexadecimal digits */
} OmrGlyph;

/* All pictures; static. */
const OmrGlyph *omr_glyphs(size_t *n);
