/* Decoders behind image.h, one file for each library. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/image/image.h"

/* What a picture file promises before it is decoded. */
typedef struct {
  int32_t width, height; /* px, as stored */
  int64_t bytes;         /* memory that decoding will need */
  size_t pages;          /* 1 except for TIFF */
} ImageHeader;

typedef enum { IMAGE_UNKNOWN, IMAGE_PNG, IMAGE_JPEG, IMAGE_TIFF, IMAGE_PDF } ImageKind;

/* The kind by the first `n` bytes. */
ImageKind image_kind(const uint8_t *bytes, size_t n);

/* EXIF orientation 1…8 found in the first bytes of a JPEG file; 1 when there is none. */
int image_exif_orientation(const uint8_t *bytes, size_t n);

/* Reads the header of page `index` only. BASE_BAD_FILE when it makes no sense. */
BaseStatus image_raster_header(BaseContext *ctx, ImageHeader *out, const char *path, ImageKind kind,
                               size_t index);

/* Decodes page `index` to grey, reduced to at most `max_pixels`, turned by EXIF `orientation`. */
BaseStatus image_raster_load(BaseContext *ctx, Image **out, const char *path, ImageKind kind, size_t index,
                             int orientation, int64_t max_pixels);

/* An open PDF. */
typedef struct ImagePdf ImagePdf;

BaseStatus image_pdf_open(BaseContext *ctx, ImagePdf **out, const char *path);
void image_pdf_free(ImagePdf *pdf);
size_t image_pdf_pages(const ImagePdf *pdf);
BaseStatus image_pdf_load(BaseContext *ctx, Image **out, ImagePdf *pdf, size_t index, double dpi,
                          int64_t max_pixels);
