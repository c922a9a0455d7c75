/* Preparing a page for reading: ink and paper, size. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/image/image.h"

/* Marks ink: `ink` (width * height bytes, caller's) becomes 1 where the page is printed, else 0. A page that
 * is already black and white is cut at the middle; any other goes through Sauvola's local threshold (Sauvola
 * & Pietikäinen 2000) in windows of `window_px` (0: 41), which follows shading and yellowed paper; blurred staff
 * lines are added. */
BaseStatus image_binarise(BaseContext *ctx, uint8_t *ink, const Image *image, int window_px);

/* Adds pieces of thin level lines that a threshold for a whole page misses: to the ink of a grey picture, in
 * place. False without memory. About 100 ms for a photograph of a page. */
bool image_add_lines(uint8_t *ink, const Image *image);

/* A copy reduced or enlarged by `factor` (0.05 … 8), averaging areas when it shrinks. The caller frees it. */
BaseStatus image_scale(BaseContext *ctx, Image **out, const Image *image, double factor);
