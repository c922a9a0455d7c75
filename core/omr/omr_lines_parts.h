/* What the files that read long lines share. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_match.h"

#define OMR_SMALL_FIGURE 0.65f /* beside those of a time signature */

/* Adds a symbol of a staff with its box, px. False without memory. */
bool omr_add_line(OmrPage *page, int32_t staff, uint8_t kind, int position, float x0, float x1, float y0, float y1,
                  float score);

/* Broken lines behind an 8, above and below staves. Needs heads: between two systems the notes tell whose it
 * is. BASE_NO_MEMORY, BASE_CANCELLED. */
BaseStatus omr_find_octaves(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet, const OmrMatcher *matcher);
