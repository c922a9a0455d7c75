/* Pages as grey pictures. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An 8-bit grey image, row-major H × W without padding, 0 black … 255 white. Owned by one holder. */
typedef struct {
  int32_t width, height;
  float dpi;       /* 0 when the file does not say */
  uint8_t *pixels; /* width * height */
} Image;

Image *image_new(int32_t width, int32_t height); /* white; null without memory or beyond 400 million pixels */
void image_free(Image *image);

/* A file that holds pages: PNG, JPEG (turned as EXIF says), TIFF (all its pages) or PDF, told apart by
 * content. Opening reads no pixels. One thread at a time. */
typedef struct ImageSource ImageSource;

BaseStatus image_source_open(BaseContext *ctx, ImageSource **out, const char *path);
void image_source_free(ImageSource *source);
size_t image_source_pages(const ImageSource *source); /* at least 1 */

typedef struct {
  float pdf_dpi;      /* resolution for drawn PDF pages; 0 means 300 */
  int64_t max_pixels; /* larger pages are reduced to fit; 0 means 40 million */
} ImageLoadParams;

/* Loads page `index` (from 0) as grey. A PDF page that is nothing but one embedded image comes at that
 * image's own resolution; colour becomes luminance, transparency white. `params` may be null.
 * About 50 ms for an A4 page at 300 dpi; memory: the page once or twice. */
BaseStatus image_source_load(BaseContext *ctx, Image **out, ImageSource *source, size_t index,
                             const ImageLoadParams *params);

/* Writes an 8-bit PNG; whole or not at all. */
BaseStatus image_write_png(BaseContext *ctx, const Image *image, const char *path);
