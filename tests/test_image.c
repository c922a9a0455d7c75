/* Pages from files: identity, turning, hostile bytes. SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/check.h"

#include "core/image/image.h"
#include "core/image/image_clean.h"

#include <stdint.h>

static void write_bytes(const char *path, const void *bytes, size_t n) {
  FILE *file = fopen(path, "wb");
  CHECK(file && fwrite(bytes, 1, n, file) == n);
  if (file) fclose(file);
}

static uint8_t *read_bytes(const char *path, size_t *n) {
  FILE *file = fopen(path, "rb");
  uint8_t *bytes = malloc(1 << 20);
  *n = file && bytes ? fread(bytes, 1, 1 << 20, file) : 0;
  if (file) fclose(file);
  return bytes;
}

static Image *load(const char *path, size_t page, const ImageLoadParams *params) {
  BaseContext ctx = {0};
  ImageSource *source = NULL;
  Image *image = NULL;
  BaseStatus status = image_source_open(&ctx, &source, path);
  if (!status) status = image_source_load(&ctx, &image, source, page, params);
  CHECK_SAYING(status == BASE_OK, "%s", ctx.sentence);
  image_source_free(source);
  return image;
}

/* A picture with every grey, no two rows alike. */
static Image *gradient(int32_t width, int32_t height) {
  Image *image = image_new(width, height);
  for (int32_t i = 0; image && i < width * height; i++) image->pixels[i] = (uint8_t)(i * 7 + i / width);
  return image;
}

static void png_comes_back_as_written(void) {
  BaseContext ctx = {0};
  const char *path = check_temporary("a.png");
  Image *image = gradient(61, 37);
  image->dpi = 300;
  CHECK(image_write_png(&ctx, image, path) == BASE_OK);
  Image *again = load(path, 0, NULL);
  CHECK(again && again->width == 61 && again->height == 37);
  CHECK(again && memcmp(again->pixels, image->pixels, 61 * 37) == 0);
  if (again) CHECK_NEAR(again->dpi, 300, 1);
  image_free(again);
  image_free(image);
}

static void large_pages_are_reduced(void) {
  BaseContext ctx = {0};
  const char *path = check_temporary("large.png");
  Image *image = gradient(400, 300);
  CHECK(image_write_png(&ctx, image, path) == BASE_OK);
  ImageLoadParams params = {.max_pixels = 30000};
  Image *small = load(path, 0, &params);
  CHECK(small && (int64_t)small->width * small->height <= 30000 && small->width > 180);
  if (small) CHECK_NEAR((double)small->width / small->height, 4.0 / 3, 0.02);
  image_free(small);
  image_free(image);
}

static void jpeg_is_turned_as_exif_says(void) {
  /* Stored 48 × 32 with a black square top left; orientation 6: the stored left edge is the top at the right.
   */
  Image *image = load(check_data("turned.jpg"), 0, NULL);
  CHECK(image && image->width == 32 && image->height == 48);
  if (image) {
    CHECK(image->pixels[8 * 32 + 24] < 60);
    CHECK(image->pixels[8 * 32 + 8] > 200);
    CHECK(image->pixels[40 * 32 + 24] > 200);
  }
  image_free(image);
}

static void put(uint8_t **at, uint32_t value, int size) {
  for (int i = 0; i < size; i++) *(*at)++ = (uint8_t)(value >> (8 * i));
}

static void put_entry(uint8_t **at, uint32_t tag, uint32_t type, uint32_t value) {
  put(at, tag, 2), put(at, type, 2), put(at, 1, 4), put(at, value, 4);
}

/* An uncompressed grey TIFF of pages 4 × 2, page k filled with 50 * (k + 1). */
static size_t make_tiff(uint8_t *bytes, int pages) {
  uint8_t *at = bytes;
  memcpy(at, "II*\0", 4), at += 4;
  put(&at, 8, 4);
  for (int k = 0; k < pages; k++) {
    uint32_t directory = (uint32_t)(at - bytes), data = directory + 2 + 9 * 12 + 4;
    put(&at, 9, 2);
    put_entry(&at, 256, 3, 4), put_entry(&at, 257, 3, 2), put_entry(&at, 258, 3, 8),
        put_entry(&at, 259, 3, 1);
    put_entry(&at, 262, 3, 1), put_entry(&at, 273, 4, data), put_entry(&at, 277, 3, 1),
        put_entry(&at, 278, 3, 2);
    put_entry(&at, 279, 4, 8);
    put(&at, k + 1 < pages ? data + 8 : 0, 4);
    for (int i = 0; i < 8; i++) put(&at, (uint32_t)(50 * (k + 1)), 1);
  }
  return (size_t)(at - bytes);
}

static void tiff_gives_all_pages(void) {
  uint8_t bytes[1024];
  const char *path = check_temporary("pages.tif");
  write_bytes(path, bytes, make_tiff(bytes, 3));
  BaseContext ctx = {0};
  ImageSource *source = NULL;
  CHECK_SAYING(image_source_open(&ctx, &source, path) == BASE_OK, "%s", ctx.sentence);
  if (!source) return;
  CHECK(image_source_pages(source) == 3);
  for (size_t k = 0; k < 3; k++) {
    Image *image = NULL;
    CHECK(image_source_load(&ctx, &image, source, k, NULL) == BASE_OK);
    CHECK(image && image->width == 4 && image->pixels[5] == 50 * (k + 1));
    image_free(image);
  }
  Image *none = NULL;
  CHECK(image_source_load(&ctx, &none, source, 3, NULL) == BASE_BAD_INPUT && !none && ctx.sentence[0]);
  image_source_free(source);
}

/* A PDF page of 300 × 400 points: one grey picture of `width` × `height` over all of it, or a drawn black
 * square. */
static void make_pdf(const char *path, int width, int height, bool scan) {
  FILE *file = fopen(path, "wb");
  if (!file) abort();
  const char *content = scan ? "q 300 0 0 400 0 0 cm /I Do Q" : "0 0 150 200 re f";
  fprintf(file, "%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 "
                "R]/Count 1>>endobj\n");
  fprintf(file, "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 400]/Contents 4 0 "
                "R/Resources<</XObject<</I 5 0 R>>>>>>endobj\n");
  fprintf(file, "4 0 obj<</Length %zu>>stream\n%s\nendstream endobj\n", strlen(content), content);
  fprintf(file,
          "5 0 obj<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent "
          "8/Length %d>>stream\n",
          width, height, width * height);
  for (int i = 0; i < width * height; i++) fputc(i % width < width / 2 ? 0 : 255, file);
  fprintf(file, "\nendstream endobj\ntrailer<</Root 1 0 R>>\n");
  fclose(file);
}

static void pdf_scan_keeps_its_resolution(void) {
  const char *path = check_temporary("scan.pdf");
  make_pdf(path, 600, 800, true);
  Image *image = load(path, 0, NULL);
  CHECK_SAYING(image && image->width == 600 && image->height == 800, "%d × %d", image ? image->width : 0,
               image ? image->height : 0);
  if (image) {
    CHECK(image->pixels[400 * 600 + 100] < 20);
    CHECK(image->pixels[400 * 600 + 500] > 235);
    CHECK_NEAR(image->dpi, 144, 1);
  }
  image_free(image);
}

static void pdf_drawing_takes_the_asked_resolution(void) {
  const char *path = check_temporary("drawn.pdf");
  make_pdf(path, 8, 8, false);
  Image *image = load(path, 0, NULL);
  CHECK(image && image->width == 1250 && image->height == 1666);
  CHECK(image && image->pixels[1600 * 1250 + 10] < 20 && image->pixels[10 * 1250 + 10] > 235);
  image_free(image);
  ImageLoadParams params = {.pdf_dpi = 72};
  image = load(path, 0, &params);
  CHECK(image && image->width == 300 && image->height == 400);
  image_free(image);
}

/* Opening or loading fails with a sentence; nothing comes out. */
static BaseStatus failure(const char *path) {
  BaseContext ctx = {0};
  ImageSource *source = NULL;
  Image *image = NULL;
  BaseStatus status = image_source_open(&ctx, &source, path);
  if (!status) status = image_source_load(&ctx, &image, source, 0, NULL);
  CHECK_SAYING(status != BASE_OK && ctx.sentence[0] && !image, "%s: %s", path, ctx.sentence);
  CHECK(strchr(ctx.sentence, '\n') == NULL);
  image_source_free(source);
  image_free(image);
  return status;
}

static void bad_files_are_told(void) {
  const char *path = check_temporary("bad");
  CHECK(failure("/nonexistent/page.png") == BASE_UNREADABLE);
  CHECK(failure("/") == BASE_UNREADABLE);
  write_bytes(path, "", 0);
  CHECK(failure(path) == BASE_BAD_FILE);
  write_bytes(path, "this is a letter, not a page", 28);
  CHECK(failure(path) == BASE_UNSUPPORTED);
  write_bytes(path, "%PDF-1.7 and nothing more", 25);
  CHECK(failure(path) == BASE_BAD_FILE);
  write_bytes(path, "\x89PNG\r\n\x1a\n", 8);
  CHECK(failure(path) == BASE_BAD_FILE);
  write_bytes(path,
              "\xff\xd8\xff\xe1\xff\xff"
              "Exif",
              10);
  CHECK(failure(path) == BASE_BAD_FILE);
  write_bytes(path, "II*\0\xff\xff\xff\x7f", 8);
  CHECK(failure(path) == BASE_BAD_FILE);
}

static void huge_promises_are_refused(void) {
  static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0,   0,   13,  'I', 'H',
                                'D',  'R', 0,   1,   0,    0,    0,    1,    0, 0,   8,   2,   0,   0,
                                0,    0,   0,   0,   0,    0,    0,    0,    0, 'I', 'D', 'A', 'T'};
  const char *path = check_temporary("huge.png");
  write_bytes(path, png, sizeof png);
  BaseStatus status = failure(path);
  CHECK(status == BASE_UNSUPPORTED || status == BASE_BAD_FILE);
}

/* Every cut and many flips of a good file: fails or loads, never more. */
static void cut_and_flipped_files_are_safe(void) {
  BaseContext ctx = {0};
  const char *good = check_temporary("good.png"), *bad = check_temporary("flipped");
  Image *image = gradient(40, 30);
  CHECK(image_write_png(&ctx, image, good) == BASE_OK);
  image_free(image);
  uint8_t tiff[1024];
  for (int kind = 0; kind < 2; kind++) {
    size_t n = 0;
    uint8_t *bytes = kind ? NULL : read_bytes(good, &n);
    if (kind) n = make_tiff(tiff, 2), bytes = memcpy(malloc(n), tiff, n);
    for (size_t i = 0; i < n; i += kind ? 1 : 7) {
      uint8_t kept = bytes[i];
      for (int mode = 0; mode < 2; mode++) {
        if (mode) bytes[i] ^= 0xff;
        write_bytes(bad, bytes, mode ? n : i);
        ImageSource *source = NULL;
        Image *out = NULL;
        ImageLoadParams params = {.max_pixels = 1000000};
        if (image_source_open(&ctx, &source, bad) == BASE_OK)
          image_source_load(&ctx, &out, source, 0, &params);
        CHECK(!out || (out->width > 0 && out->height > 0));
        image_free(out);
        image_source_free(source);
        bytes[i] = kept;
      }
    }
    free(bytes);
  }
}

static void shaded_paper_is_separated_from_ink(void) {
  BaseContext ctx = {0};
  Image *image = image_new(300, 200);
  for (int y = 0; y < 200; y++)
    for (int x = 0; x < 300; x++) {
      int paper = 120 + x / 3;
      image->pixels[y * 300 + x] = (uint8_t)(y % 20 < 3 ? paper - 70 : paper + (x * 31 + y * 17) % 5);
    }
  uint8_t *ink = malloc(300 * 200);
  CHECK(image_binarise(&ctx, ink, image, 0) == BASE_OK);
  int wrong = 0;
  for (int y = 30; y < 170; y++)
    for (int x = 30; x < 270; x++) wrong += ink[y * 300 + x] != (y % 20 < 3);
  CHECK_SAYING(wrong < 140 * 240 / 100, "%d wrong pixels", wrong);
  free(ink);
  image_free(image);
}

/* Lines that blur has made pale are ink, the grain of the paper is not. */
static void pale_lines_are_kept(void) {
  BaseContext ctx = {0};
  Image *image = image_new(400, 200);
  uint8_t *ink = calloc(400 * 200, 1);
  for (int i = 0; i < 400 * 200; i++) {
    int y = i / 400;
    image->pixels[i] = (uint8_t)((y % 20 == 9 || y % 20 == 10 ? 168 : 200) + i * 7919 % 7 - 3);
  }
  CHECK(ink && image_binarise(&ctx, ink, image, 0) == BASE_OK);
  int lines = 0, paper = 0;
  for (int y = 30; ink && y < 170; y++)
    for (int x = 20; x < 380; x++) {
      bool on = y % 20 == 9 || y % 20 == 10;
      lines += on && ink[y * 400 + x], paper += !on && ink[y * 400 + x];
    }
  CHECK_SAYING(lines > 14 * 360 * 98 / 100 && paper < 126 * 360 / 100, "%d of lines, %d of paper", lines,
               paper);
  free(ink);
  image_free(image);
}

static void scaling_keeps_shapes(void) {
  BaseContext ctx = {0};
  Image *image = image_new(200, 100), *half = NULL, *twice = NULL;
  for (int y = 40; y < 60; y++) memset(image->pixels + y * 200 + 100, 0, 50);
  CHECK(image_scale(&ctx, &half, image, 0.5) == BASE_OK && half->width == 100 && half->height == 50);
  CHECK(half && half->pixels[25 * 100 + 60] < 20 && half->pixels[25 * 100 + 40] > 235);
  CHECK(image_scale(&ctx, &twice, image, 2) == BASE_OK && twice->width == 400);
  Image *none = NULL;
  CHECK(image_scale(&ctx, &none, image, 0) == BASE_BAD_INPUT && !none);
  image_free(image);
  image_free(half);
  image_free(twice);
}

static void impossible_sizes_give_no_image(void) {
  CHECK(!image_new(0, 5) && !image_new(5, -1) && !image_new(100000, 100000));
  image_free(NULL);
  image_source_free(NULL);
}

CHECK_MAIN({CASE(png_comes_back_as_written)}, {CASE(large_pages_are_reduced)},
           {CASE(jpeg_is_turned_as_exif_says)}, {CASE(tiff_gives_all_pages)},
           {CASE(pdf_scan_keeps_its_resolution)}, {CASE(pdf_drawing_takes_the_asked_resolution)},
           {CASE(bad_files_are_told)}, {CASE(huge_promises_are_refused)},
           {CASE(cut_and_flipped_files_are_safe)}, {CASE(shaded_paper_is_separated_from_ink)},
           {CASE(pale_lines_are_kept)}, {CASE(scaling_keeps_shapes)}, {CASE(impossible_sizes_give_no_image)})
