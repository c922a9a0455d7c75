/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Image values and the dispatch of sources. A source is known by its first bytes, never by its name, and its
 * header is checked before any pixel is decoded, so that a hostile file cannot ask for more memory than a
 * page deserves. */
#include "core/image/image.h"

#include "core/image/image_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_IMAGE_PIXELS   400000000LL
#define DEFAULT_MAX_PIXELS 40000000LL
#define SNIFF_BYTES        (256 * 1024)

struct ImageSource {
  char *path;
  ImageKind kind;
  int orientation;
  size_t pages;
  ImagePdf *pdf;
};

Image *image_new(int32_t width, int32_t height) {
  if (width <= 0 || height <= 0 || (int64_t)width * height > MAX_IMAGE_PIXELS) return NULL;
  Image *image = calloc(1, sizeof *image);
  if (!image) return NULL;
  size_t n = (size_t)width * (size_t)height;
  image->pixels = malloc(n);
  if (!image->pixels) {
    free(image);
    return NULL;
  }
  memset(image->pixels, 255, n);
  image->width = width;
  image->height = height;
  return image;
}

void image_free(Image *image) {
  if (!image) return;
  free(image->pixels);
  free(image);
}

ImageKind image_kind(const uint8_t *bytes, size_t n) {
  if (n >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0) return IMAGE_PNG;
  if (n >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0) return IMAGE_JPEG;
  if (n >= 4 && (memcmp(bytes, "II*\0", 4) == 0 || memcmp(bytes, "MM\0*", 4) == 0)) return IMAGE_TIFF;
  if (memmem(bytes, n < 1024 ? n : 1024, "%PDF-", 5)) return IMAGE_PDF;
  return IMAGE_UNKNOWN;
}

typedef struct {
  const uint8_t *bytes;
  size_t n;
  bool little;
} Tiff;

static uint32_t tiff_number(Tiff tiff, size_t at, int size) {
  if (at > tiff.n || tiff.n - at < (size_t)size) return 0;
  uint32_t value = 0;
  for (int i = 0; i < size; i++) {
    int shift = tiff.little ? 8 * i : 8 * (size - 1 - i);
    value |= (uint32_t)tiff.bytes[at + (size_t)i] << shift;
  }
  return value;
}

static int orientation_of_tiff(Tiff tiff) {
  if (tiff.n < 8) return 1;
  tiff.little = tiff.bytes[0] == 'I';
  size_t directory = tiff_number(tiff, 4, 4);
  uint32_t entries = tiff_number(tiff, directory, 2);
  for (uint32_t i = 0; i < entries && i < 512; i++) {
    size_t entry = directory + 2 + 12 * (size_t)i;
    if (tiff_number(tiff, entry, 2) != 0x0112) continue;
    uint32_t value = tiff_number(tiff, entry + 8, 2);
    return value >= 1 && value <= 8 ? (int)value : 1;
  }
  return 1;
}

int image_exif_orientation(const uint8_t *bytes, size_t n) {
  size_t at = 2;
  while (at + 4 <= n && bytes[at] == 0xFF) {
    uint8_t marker = bytes[at + 1];
    size_t length = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
    if (marker == 0xDA || length < 2) return 1;
    if (marker == 0xE1 && length >= 16 && at + 2 + length <= n && memcmp(bytes + at + 4, "Exif\0\0", 6) == 0)
      return orientation_of_tiff((Tiff){.bytes = bytes + at + 10, .n = length - 8});
    at += 2 + length;
  }
  return 1;
}

static BaseStatus open_known(BaseContext *ctx, ImageSource *source) {
  source->pages = 1;
  if (source->kind == IMAGE_PDF) {
    BaseStatus status = image_pdf_open(ctx, &source->pdf, source->path);
    if (status) return status;
    source->pages = image_pdf_pages(source->pdf);
  } else {
    ImageHeader header;
    BaseStatus status = image_raster_header(ctx, &header, source->path, source->kind, 0);
    if (status) return status;
    source->pages = header.pages;
  }
  return source->pages ? BASE_OK : base_fail(ctx, BASE_BAD_FILE, "%s: it has no pages", source->path);
}

static BaseStatus sniff(BaseContext *ctx, ImageSource *source, const char *path) {
  struct stat info;
  if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
    return base_fail(ctx, BASE_UNREADABLE, "%s: not a regular file", path);
  FILE *file = fopen(path, "rb");
  if (!file) return base_fail(ctx, BASE_UNREADABLE, "%s: %s", path, strerror(errno));
  uint8_t *bytes = malloc(SNIFF_BYTES);
  size_t n = bytes ? fread(bytes, 1, SNIFF_BYTES, file) : 0;
  bool failed = ferror(file);
  fclose(file);
  if (bytes && n) {
    source->kind = image_kind(bytes, n);
    source->orientation = source->kind == IMAGE_JPEG ? image_exif_orientation(bytes, n) : 1;
  }
  bool memory = bytes != NULL;
  free(bytes);
  if (!memory) return base_fail_memory(ctx);
  if (failed) return base_fail(ctx, BASE_UNREADABLE, "%s: cannot be read", path);
  if (n == 0) return base_fail(ctx, BASE_BAD_FILE, "%s: the file is empty", path);
  if (source->kind == IMAGE_UNKNOWN)
    return base_fail(ctx, BASE_UNSUPPORTED, "%s: not a PNG, JPEG, TIFF or PDF file", path);
  return BASE_OK;
}

BaseStatus image_source_open(BaseContext *ctx, ImageSource **out, const char *path) {
  ImageSource *source = calloc(1, sizeof *source);
  if (!source || !(source->path = strdup(path))) {
    free(source);
    return base_fail_memory(ctx);
  }
  BaseStatus status = sniff(ctx, source, path);
  if (!status) status = open_known(ctx, source);
  if (status) {
    image_source_free(source);
    return status;
  }
  *out = source;
  return BASE_OK;
}

void image_source_free(ImageSource *source) {
  if (!source) return;
  image_pdf_free(source->pdf);
  free(source->path);
  free(source);
}

size_t image_source_pages(const ImageSource *source) {
  return source->pages;
}

BaseStatus image_source_load(BaseContext *ctx, Image **out, ImageSource *source, size_t index,
                             const ImageLoadParams *params) {
  ImageLoadParams p = params ? *params : (ImageLoadParams){0};
  if (!(p.pdf_dpi >= 20 && p.pdf_dpi <= 2400)) p.pdf_dpi = 300;
  if (p.max_pixels <= 0) p.max_pixels = DEFAULT_MAX_PIXELS;
  if (p.max_pixels > MAX_IMAGE_PIXELS) p.max_pixels = MAX_IMAGE_PIXELS;
  if (index >= source->pages)
    return base_fail(ctx, BASE_BAD_INPUT, "%s: page %zu of %zu was asked for", source->path, index + 1,
                     source->pages);
  if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
  if (source->pdf) return image_pdf_load(ctx, out, source->pdf, index, p.pdf_dpi, p.max_pixels);
  return image_raster_load(ctx, out, source->path, source->kind, index, source->orientation, p.max_pixels);
}
