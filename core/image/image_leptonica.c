/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The door to Leptonica: decoding PNG, JPEG and TIFF, writing PNG, area-averaged scaling and Sauvola's
 * threshold. Colour becomes luminance, transparency becomes white paper, 16 bits become 8. Leptonica prints
 * nothing: this program says in one sentence what went wrong. */
#include "core/image/image.h"
#include "core/image/image_clean.h"
#include "core/image/image_file.h"

#include "core/base/base_file.h"

#include <errno.h>
#include <leptonica/allheaders.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DECODED_BYTES (900LL * 1000 * 1000)
#define SAUVOLA_K         0.15f /* low enough for thin staff lines in photographs */

static BaseStatus header_of_tiff(BaseContext *ctx, const char *path, size_t index, int32_t info[4],
                                 size_t *pages) {
  FILE *file = fopen(path, "rb");
  if (!file) return base_fail(ctx, BASE_UNREADABLE, "%s: %s", path, strerror(errno));
  l_int32 count = 0, bad = tiffGetCount(file, &count);
  fclose(file);
  if (bad || count < 1) return base_fail(ctx, BASE_BAD_FILE, "%s: the TIFF directory is damaged", path);
  *pages = (size_t)count;
  if (readHeaderTiff(path, (l_int32)index, &info[0], &info[1], &info[2], &info[3], NULL, NULL, NULL))
    return base_fail(ctx, BASE_BAD_FILE, "%s: page %zu of the TIFF file is damaged", path, index + 1);
  return BASE_OK;
}

BaseStatus image_raster_header(BaseContext *ctx, ImageHeader *out, const char *path, ImageKind kind,
                               size_t index) {
  setMsgSeverity(L_SEVERITY_NONE);
  int32_t info[4] = {0}; /* width, height, bits a sample, samples a pixel */
  size_t pages = 1;
  if (kind == IMAGE_TIFF) {
    BaseStatus status = header_of_tiff(ctx, path, index, info, &pages);
    if (status) return status;
  } else if (pixReadHeader(path, NULL, &info[0], &info[1], &info[2], &info[3], NULL)) {
    return base_fail(ctx, BASE_BAD_FILE, "%s: the picture's header is damaged", path);
  }
  if (info[0] <= 0 || info[1] <= 0 || info[2] <= 0 || info[3] <= 0)
    return base_fail(ctx, BASE_BAD_FILE, "%s: the picture has no size", path);
  int64_t bits = (int64_t)info[2] * (info[3] >= 3 ? 4 : info[3]);
  ImageHeader header = {.width = info[0], .height = info[1], .pages = pages};
  header.bytes = ((int64_t)info[0] * bits + 31) / 32 * 4 * info[1];
  if (header.bytes > MAX_DECODED_BYTES || (int64_t)info[0] * info[1] > 400000000LL)
    return base_fail(ctx, BASE_UNSUPPORTED, "%s: %d × %d pixels are too many", path, info[0], info[1]);
  *out = header;
  return BASE_OK;
}

/* Replaces *pix by `made`; a failed step keeps null. */
static void become(PIX **pix, PIX *made) {
  pixDestroy(pix);
  *pix = made;
}

static PIX *grey_of(PIX *pix) {
  if (pix && pixGetSpp(pix) == 4 && pixGetDepth(pix) == 32)
    become(&pix, pixAlphaBlendUniform(pix, 0xffffff00));
  if (pix && pixGetColormap(pix)) become(&pix, pixRemoveColormap(pix, REMOVE_CMAP_BASED_ON_SRC));
  if (pix && pixGetDepth(pix) == 32) become(&pix, pixConvertRGBToLuminance(pix));
  if (pix && pixGetDepth(pix) != 8) become(&pix, pixConvertTo8(pix, 0));
  return pix;
}

static PIX *turned(PIX *pix, int orientation) {
  if (pix && (orientation == 2 || orientation == 4 || orientation == 5 || orientation == 7))
    become(&pix, pixFlipLR(NULL, pix));
  static const int quarters[9] = {0, 0, 0, 2, 2, 3, 1, 1, 3};
  if (pix && quarters[orientation]) become(&pix, pixRotateOrth(pix, quarters[orientation]));
  return pix;
}

static Image *image_of(PIX *pix) {
  int32_t width = pixGetWidth(pix), height = pixGetHeight(pix);
  Image *image = image_new(width, height);
  if (!image) return NULL;
  image->dpi = (float)pixGetXRes(pix);
  const l_uint32 *data = pixGetData(pix);
  size_t words = (size_t)pixGetWpl(pix);
  for (int32_t y = 0; y < height; y++) {
    const l_uint32 *line = data + (size_t)y * words;
    uint8_t *row = image->pixels + (size_t)y * (size_t)width;
    for (int32_t x = 0; x < width; x++) row[x] = GET_DATA_BYTE(line, x);
  }
  return image;
}

static PIX *pix_of(const Image *image) {
  PIX *pix = pixCreateNoInit(image->width, image->height, 8);
  if (!pix) return NULL;
  l_uint32 *data = pixGetData(pix);
  size_t words = (size_t)pixGetWpl(pix);
  for (int32_t y = 0; y < image->height; y++) {
    l_uint32 *line = data + (size_t)y * words;
    const uint8_t *row = image->pixels + (size_t)y * (size_t)image->width;
    for (int32_t x = 0; x < image->width; x++) SET_DATA_BYTE(line, x, row[x]);
  }
  pixSetResolution(pix, (l_int32)lroundf(image->dpi), (l_int32)lroundf(image->dpi));
  return pix;
}

static PIX *reduced(PIX *pix, int64_t max_pixels) {
  int64_t pixels = pix ? (int64_t)pixGetWidth(pix) * pixGetHeight(pix) : 0;
  if (pixels <= max_pixels) return pix;
  float factor = (float)sqrt((double)max_pixels / (double)pixels) * 0.9999f;
  float dpi = (float)pixGetXRes(pix) * factor;
  become(&pix, pixScaleAreaMap(pix, factor, factor));
  if (pix) pixSetResolution(pix, (l_int32)dpi, (l_int32)dpi);
  return pix;
}

BaseStatus image_raster_load(BaseContext *ctx, Image **out, const char *path, ImageKind kind, size_t index,
                             int orientation, int64_t max_pixels) {
  ImageHeader header;
  BaseStatus status = image_raster_header(ctx, &header, path, kind, index);
  if (status) return status;
  PIX *pix = kind == IMAGE_TIFF ? pixReadTiff(path, (l_int32)index) : pixRead(path);
  if (!pix) return base_fail(ctx, BASE_BAD_FILE, "%s: the picture is damaged or cut short", path);
  if (base_cancelled(ctx)) {
    pixDestroy(&pix);
    return base_fail_cancelled(ctx);
  }
  pix = turned(reduced(grey_of(pix), max_pixels), orientation);
  Image *image = pix ? image_of(pix) : NULL;
  pixDestroy(&pix);
  if (!image) return base_fail_memory(ctx);
  *out = image;
  return BASE_OK;
}

BaseStatus image_write_png(BaseContext *ctx, const Image *image, const char *path) {
  setMsgSeverity(L_SEVERITY_NONE);
  PIX *pix = pix_of(image);
  l_uint8 *bytes = NULL;
  size_t n = 0;
  bool encoded = pix && pixWriteMemPng(&bytes, &n, pix, 0) == 0;
  pixDestroy(&pix);
  if (!encoded) return base_fail_memory(ctx);
  BaseFileWriter writer;
  BaseStatus status = base_file_begin(ctx, &writer, path);
  if (!status) {
    if (fwrite(bytes, 1, n, writer.stream) == n) {
      status = base_file_commit(ctx, &writer);
    } else {
      base_file_abort(&writer);
      status = base_fail(ctx, BASE_UNREADABLE, "%s: %s", path, strerror(errno));
    }
  }
  lept_free(bytes);
  return status;
}

BaseStatus image_scale(BaseContext *ctx, Image **out, const Image *image, double factor) {
  setMsgSeverity(L_SEVERITY_NONE);
  if (!(factor >= 0.05 && factor <= 8))
    return base_fail(ctx, BASE_BAD_INPUT, "a scale of %g makes no sense", factor);
  PIX *pix = pix_of(image);
  PIX *scaled = NULL;
  if (pix && factor < 0.7) scaled = pixScaleAreaMap(pix, (float)factor, (float)factor);
  if (pix && factor >= 0.7) scaled = pixScaleGrayLI(pix, (float)factor, (float)factor);
  pixDestroy(&pix);
  Image *result = scaled ? image_of(scaled) : NULL;
  pixDestroy(&scaled);
  if (!result) return base_fail_memory(ctx);
  result->dpi = image->dpi * (float)factor;
  *out = result;
  return BASE_OK;
}

/* True when nearly every pixel is close to one of two ends: a page that somebody has already cut. */
static bool black_and_white(const Image *image) {
  size_t n = (size_t)image->width * (size_t)image->height, between = 0;
  for (size_t i = 0; i < n; i++) between += image->pixels[i] > 40 && image->pixels[i] < 215;
  return between * 200 < n;
}

static BaseStatus sauvola(BaseContext *ctx, uint8_t *ink, const Image *image, int half) {
  PIX *pix = pix_of(image), *cut = NULL;
  int nx = image->width / 800 > 1 ? image->width / 800 : 1,
      ny = image->height / 800 > 1 ? image->height / 800 : 1;
  if (pix) pixSauvolaBinarizeTiled(pix, half, SAUVOLA_K, nx, ny, NULL, &cut);
  pixDestroy(&pix);
  if (!cut) return base_fail(ctx, BASE_NO_MEMORY, "the page cannot be separated into ink and paper");
  const l_uint32 *data = pixGetData(cut);
  size_t words = (size_t)pixGetWpl(cut);
  for (int32_t y = 0; y < image->height; y++)
    for (int32_t x = 0; x < image->width; x++)
      ink[(size_t)y * (size_t)image->width + (size_t)x] = GET_DATA_BIT(data + (size_t)y * words, x);
  pixDestroy(&cut);
  return BASE_OK;
}

BaseStatus image_binarise(BaseContext *ctx, uint8_t *ink, const Image *image, int window_px) {
  setMsgSeverity(L_SEVERITY_NONE);
  int half = (window_px > 4 ? window_px : 41) / 2;
  int smaller = image->width < image->height ? image->width : image->height;
  if (black_and_white(image) || smaller < 2 * half + 4) {
    size_t n = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < n; i++) ink[i] = image->pixels[i] < 128;
    return BASE_OK;
  }
  BaseStatus status = sauvola(ctx, ink, image, half);
  return status || image_add_lines(ink, image) ? status : base_fail_memory(ctx);
}
