/* Curled and leaning pages made straight. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_sheet.h"

/* Where the points of a straightened picture come from. Lives in the arena that it was made in. */
typedef struct OmrWarp OmrWarp;

/* How the staves found on a sheet have to move so that their lines run level and bar lines upright. Null when
 * they already do, well enough, or without memory (`*failed` tells). */
OmrWarp *omr_warp_new(bool *failed, const OmrPage *page, const OmrSheet *sheet);

/* The place in the crooked picture of a point of the straight one. O(log nodes + staves). */
void omr_warp_point(const OmrWarp *warp, float *x, float *y);

/* The straight picture, of equal size; the caller frees it. About 20 ns a pixel. */
BaseStatus omr_warp_image(BaseContext *ctx, Image **out, const OmrWarp *warp, const Image *image);

/* Carries everything on a page that was read from the straight picture to the crooked one. */
void omr_warp_page(const OmrWarp *warp, OmrPage *page);
