/* Pages drawn for tests of reading. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "tests/check.h"

#include "core/omr/omr.h"
#include "core/omr/omr_glyphs.h"
#include "core/omr/omr_page.h"

#include <math.h>

enum { SPACE = 20, LEFT = 100, RIGHT = 1500 };

typedef struct {
  Image *image;
  float slope, sag; /* px down per px right; px that the middle hangs below the ends */
} Paper;

static inline float bent(const Paper *paper, float x) {
  float t = (x - LEFT) / (RIGHT - LEFT);
  return paper->slope * (x - LEFT) + paper->sag * 4 * t * (1 - t);
}

static inline void dot(const Paper *paper, float x, float y) {
  int column = (int)lrintf(x), row = (int)lrintf(y + bent(paper, x));
  if (column >= 0 && row >= 0 && column < paper->image->width && row < paper->image->height)
    paper->image->pixels[row * paper->image->width + column] = 0;
}

static inline void block(const Paper *paper, float x0, float x1, float y0, float y1) {
  for (float y = y0; y < y1; y++)
    for (float x = x0; x < x1; x++) dot(paper, x, y);
}

static inline void disc(const Paper *paper, float x, float y, float radius) {
  for (float v = -radius; v <= radius; v++)
    for (float u = -radius; u <= radius; u++)
      if (u * u + v * v <= radius * radius) dot(paper, x + u, y + v);
}

static inline void staff(const Paper *paper, float top) {
  for (int line = 0; line < 5; line++)
    block(paper, LEFT, RIGHT, top + (float)(line * SPACE) - 1, top + (float)(line * SPACE) + 2);
}

/* y of a staff position of the staff whose top line is at `top`. */
static inline float position_y(float top, int position) {
  return top + 2 * SPACE - (float)position * SPACE / 2;
}

static inline void head(const Paper *paper, float x, float y, bool hollow) {
  const float a = 13.0f, b = 9.6f, c = cosf(0.5f), s = sinf(0.5f);
  for (float dy = -14; dy <= 14; dy++)
    for (float dx = -14; dx <= 14; dx++) {
      float u = (dx * c - dy * s), v = (dx * s + dy * c);
      bool inside = u * u / (a * a) + v * v / (b * b) <= 1, hole = u * u / 100 + v * v / 20 <= 1;
      if (inside && !(hollow && hole)) dot(paper, x + dx, y + dy);
    }
}

static inline void note(const Paper *paper, float top, float x, int position, bool hollow) {
  head(paper, x, position_y(top, position), hollow);
  for (int at = 6; at <= position; at += 2)
    block(paper, x - 20, x + 20, position_y(top, at) - 1, position_y(top, at) + 2);
  for (int at = -6; at >= position; at -= 2)
    block(paper, x - 20, x + 20, position_y(top, at) - 1, position_y(top, at) + 2);
}

/* A stem of `length` px: up at the right, down (negative length) at the left; returns its x. */
static inline float stem(const Paper *paper, float top, float x, int position, float length) {
  float y = position_y(top, position), at = length > 0 ? x + 11 : x - 13;
  block(paper, at, at + 3, length > 0 ? y - length : y, length > 0 ? y : y - length);
  return at;
}

static inline void glyph(const Paper *paper, uint8_t kind, float x, float y) {
  size_t n;
  const OmrGlyph *all = omr_glyphs(&n);
  while (n && all->kind != kind) all++, n--;
  for (int v = 0; n && v < all->height * 2; v++)
    for (int u = 0; u < all->width * 2; u++) {
      char digit = all->pixels[v / 2 * all->width + u / 2];
      if (digit >= '8') dot(paper, x + (float)(u - 2 * all->origin_x), y + (float)(v - 2 * all->origin_y));
    }
}

static inline Paper paper_of(float slope, float sag) {
  return (Paper){image_new(1600, 900), slope, sag};
}

/* Two staves joined by their left line and by bar lines at the given places, with clefs. */
static inline void grand_staff(const Paper *paper, const float *bars, int n) {
  staff(paper, 200);
  staff(paper, 420);
  block(paper, LEFT, LEFT + 3, 200, 500);
  for (int i = 0; i < n; i++) block(paper, bars[i], bars[i] + 4, 200, 500);
  glyph(paper, OMR_CLEF_G, LEFT + 15, position_y(200, -2));
  glyph(paper, OMR_CLEF_F, LEFT + 15, position_y(420, 2));
}

static inline OmrPage *read_paper(const Paper *paper) {
  BaseContext ctx = {0};
  OmrPage *page = NULL;
  CHECK_SAYING(omr_read_page(&ctx, &page, paper->image, NULL) == BASE_OK, "%s", ctx.sentence);
  return page;
}

/* Reads and joins one page; the caller frees. */
static inline Score *score_of(const Paper *paper) {
  BaseContext ctx = {0};
  OmrPage *page = read_paper(paper);
  const OmrPage *pages[1] = {page};
  Score *score = NULL;
  if (page) CHECK_SAYING(omr_assemble(&ctx, &score, pages, 1, NULL) == BASE_OK, "%s", ctx.sentence);
  if (score) CHECK_SAYING(score_validate(&ctx, score) == BASE_OK, "%s", ctx.sentence);
  omr_page_free(page);
  return score;
}
