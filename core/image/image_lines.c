/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Thin lines in grey pictures. A threshold that suits note heads loses staff lines a pixel or two thick once
 * they are blurred. Down each column a pixel darker than the middle between the lightest and the darkest one
 * nearby (Bernsen 1986) is a candidate where that contrast is plain; rows of candidates long enough to be a
 * piece of a line count as ink. The sliding extremes take constant time (van Herk 1992). */
#include "core/image/image_clean.h"

#include <stdlib.h>
#include <string.h>

enum { REACH = 7, SPAN = 2 * REACH + 1, LEAST_RUN = 14, LEAST_CONTRAST_PERCENT = 9 };

/* Lightest and darkest of SPAN pixels around each of a padded column. */
static void extremes(uint8_t *light, uint8_t *dark, const uint8_t *column, uint8_t *spare, int32_t n) {
  int32_t padded = n + 2 * REACH;
  for (int pass = 0; pass < 2; pass++) {
    uint8_t *forth = spare, *back = spare + padded, *out = pass ? dark : light;
    for (int32_t i = 0; i < padded; i++) {
      uint8_t here = column[i];
      bool fresh = i % SPAN == 0;
      forth[i] = fresh || (pass ? here < forth[i - 1] : here > forth[i - 1]) ? here : forth[i - 1];
    }
    for (int32_t i = padded - 1; i >= 0; i--) {
      uint8_t here = column[i];
      bool fresh = i % SPAN == SPAN - 1 || i == padded - 1;
      back[i] = fresh || (pass ? here < back[i + 1] : here > back[i + 1]) ? here : back[i + 1];
    }
    for (int32_t i = 0; i < n; i++) {
      uint8_t a = back[i], b = forth[i + 2 * REACH];
      out[i] = pass ? (a < b ? a : b) : (a > b ? a : b);
    }
  }
}

/* Marks candidates down column x with 1. */
static void scan_column(uint8_t *marks, const Image *image, int32_t x, uint8_t *buffer) {
  int32_t n = image->height, width = image->width;
  uint8_t *column = buffer, *light = column + n + 2 * REACH, *dark = light + n, *spare = dark + n;
  for (int32_t i = 0; i < n + 2 * REACH; i++) {
    int32_t y = i < REACH ? 0 : i - REACH >= n ? n - 1 : i - REACH;
    column[i] = image->pixels[(size_t)y * (size_t)width + (size_t)x];
  }
  extremes(light, dark, column, spare, n);
  for (int32_t y = 0; y < n; y++) {
    int contrast = light[y] - dark[y], here = column[y + REACH];
    marks[(size_t)y * (size_t)width + (size_t)x] =
        contrast * 100 > LEAST_CONTRAST_PERCENT * light[y] && 2 * here < light[y] + dark[y];
  }
}

bool image_add_lines(uint8_t *ink, const Image *image) {
  size_t width = (size_t)image->width, height = (size_t)image->height;
  uint8_t *marks = malloc(width * height + 1), *buffer = malloc(6 * (height + 4 * REACH));
  bool ok = marks && buffer;
  for (int32_t x = 0; ok && x < image->width; x++) scan_column(marks, image, x, buffer);
  for (size_t y = 0; ok && y < height; y++) {
    const uint8_t *row = marks + y * width;
    for (size_t x = 0, start = 0; x <= width; x++) {
      if (x < width && row[x]) continue;
      if (x - start >= LEAST_RUN) memset(ink + y * width + start, 1, x - start);
      start = x + 1;
    }
  }
  free(marks);
  free(buffer);
  return ok;
}
