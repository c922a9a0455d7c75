/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Normalised correlation at a coarse, softened resolution: signs of one century's typeface then still agree
 * with those of another. Each glyph is kept at three sizes; windows whose amount of ink cannot fit are passed
 * over by means of running sums. */
#include "core/omr/omr_match.h"

#include <math.h>
#include <string.h>

enum { SCALES = 3, PAD = 2, LANES = 8 };

static const float scale_steps[SCALES] = {1.0f, 0.78f, 0.65f};

typedef struct {
  uint8_t kind;
  int width, height, origin_x, origin_y;
  float mass;     /* sum before normalisation */
  float *weights; /* zero mean, unit length */
} Template;

struct OmrMatcher {
  int width, height;
  float step; /* sheet px per coarse px */
  float *plane;
  double *sums, *squares; /* (H+1) × (W+1) */
  Template *templates[SCALES];
  size_t n;
};

static void soften(float *plane, float *spare, int width, int height) {
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      const float *row = plane + (size_t)y * (size_t)width;
      spare[(size_t)y * (size_t)width + (size_t)x] =
          0.25f * (x ? row[x - 1] : 0) + 0.5f * row[x] + 0.25f * (x + 1 < width ? row[x + 1] : 0);
    }
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      size_t at = (size_t)y * (size_t)width + (size_t)x;
      plane[at] = 0.25f * (y ? spare[at - (size_t)width] : 0) + 0.5f * spare[at] +
                  0.25f * (y + 1 < height ? spare[at + (size_t)width] : 0);
    }
}

/* Mean ink of each coarse pixel. */
static bool reduce(OmrMatcher *matcher, const OmrSheet *sheet) {
  matcher->step = sheet->space / OMR_GLYPH_SPACE;
  matcher->width = (int)((float)sheet->width / matcher->step);
  matcher->height = (int)((float)sheet->height / matcher->step);
  size_t n = (size_t)matcher->width * (size_t)matcher->height;
  matcher->plane = BASE_TAKE(sheet->arena, float, n + 1);
  float *spare = BASE_TAKE(sheet->arena, float, n + 1);
  if (!matcher->plane || !spare) return false;
  for (int y = 0; y < matcher->height; y++) {
    int top = (int)((float)y * matcher->step), bottom = (int)((float)(y + 1) * matcher->step);
    for (int x = 0; x < matcher->width; x++) {
      int left = (int)((float)x * matcher->step), right = (int)((float)(x + 1) * matcher->step), ink = 0;
      for (int v = top; v < bottom; v++)
        for (int u = left; u < right; u++) ink += sheet->clean[(size_t)v * (size_t)sheet->width + (size_t)u];
      matcher->plane[(size_t)y * (size_t)matcher->width + (size_t)x] =
          (float)ink / (float)((bottom - top) * (right - left));
    }
  }
  soften(matcher->plane, spare, matcher->width, matcher->height);
  return true;
}

static bool integrate(OmrMatcher *matcher, BaseArena *arena) {
  size_t stride = (size_t)matcher->width + 1, n = stride * ((size_t)matcher->height + 1);
  matcher->sums = BASE_TAKE(arena, double, n);
  matcher->squares = BASE_TAKE(arena, double, n);
  if (!matcher->sums || !matcher->squares) return false;
  for (size_t y = 0; y < (size_t)matcher->height; y++) {
    double sum = 0, square = 0;
    for (size_t x = 0; x + 1 < stride; x++) {
      float value = matcher->plane[y * (size_t)matcher->width + x];
      sum += (double)value;
      square += (double)value * (double)value;
      matcher->sums[(y + 1) * stride + x + 1] = matcher->sums[y * stride + x + 1] + sum;
      matcher->squares[(y + 1) * stride + x + 1] = matcher->squares[y * stride + x + 1] + square;
    }
  }
  return true;
}

static float digit(char c) {
  return (float)(c <= '9' ? c - '0' : c - 'a' + 10) / 15;
}

/* The glyph's ink at a point of the scaled, padded picture: the mean over a pixel's area, by 3 × 3 samples.
 */
static float glyph_ink(const OmrGlyph *glyph, float scale, int x, int y) {
  float sum = 0;
  for (int k = 0; k < 9; k++) {
    float u = ((float)x + (float)(k % 3) / 3 - 0.333f) / scale,
          v = ((float)y + (float)(k / 3) / 3 - 0.333f) / scale;
    int gx = (int)lrintf(u), gy = (int)lrintf(v);
    if (gx >= 0 && gy >= 0 && gx < glyph->width && gy < glyph->height)
      sum += digit(glyph->pixels[gy * glyph->width + gx]);
  }
  return sum / 9;
}

static bool make_template(Template *made, const OmrGlyph *glyph, float scale, BaseArena *arena) {
  made->kind = glyph->kind;
  made->width = (int)ceilf((float)glyph->width * scale) + 2 * PAD;
  made->height = (int)ceilf((float)glyph->height * scale) + 2 * PAD;
  made->origin_x = (int)lrintf((float)glyph->origin_x * scale) + PAD;
  made->origin_y = (int)lrintf((float)glyph->origin_y * scale) + PAD;
  size_t n = (size_t)made->width * (size_t)made->height;
  made->weights = BASE_TAKE(arena, float, n);
  float *spare = BASE_TAKE(arena, float, n);
  if (!made->weights || !spare) return false;
  for (int y = 0; y < made->height; y++)
    for (int x = 0; x < made->width; x++)
      made->weights[y * made->width + x] = glyph_ink(glyph, scale, x - PAD, y - PAD);
  soften(made->weights, spare, made->width, made->height);
  double sum = 0, square = 0;
  for (size_t i = 0; i < n; i++) sum += (double)made->weights[i];
  made->mass = (float)sum;
  float mean = (float)(sum / (double)n);
  for (size_t i = 0; i < n; i++) {
    made->weights[i] -= mean;
    square += (double)made->weights[i] * (double)made->weights[i];
  }
  float length = (float)sqrt(square);
  for (size_t i = 0; i < n && length > 0; i++) made->weights[i] /= length;
  return true;
}

OmrMatcher *omr_matcher_new(const OmrSheet *sheet) {
  OmrMatcher *matcher = BASE_TAKE(sheet->arena, OmrMatcher, 1);
  if (!matcher || !reduce(matcher, sheet) || !integrate(matcher, sheet->arena)) return NULL;
  const OmrGlyph *glyphs = omr_glyphs(&matcher->n);
  for (int s = 0; s < SCALES; s++) {
    matcher->templates[s] = BASE_TAKE(sheet->arena, Template, matcher->n);
    if (!matcher->templates[s]) return NULL;
    for (size_t i = 0; i < matcher->n; i++)
      if (!make_template(&matcher->templates[s][i], &glyphs[i], scale_steps[s], sheet->arena)) return NULL;
  }
  return matcher;
}

static double boxed(const double *sums, size_t stride, int x, int y, int width, int height) {
  const double *top = sums + (size_t)y * stride, *bottom = sums + (size_t)(y + height) * stride;
  return bottom[x + width] - bottom[x] - top[x + width] + top[x];
}

/* In eight sums, so that the compiler may add eight at a time. */
static float product(const float *a, const float *b, int n) {
  float sums[LANES] = {0}, sum = 0;
  int i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int k = 0; k < LANES; k++) sums[k] += a[i + k] * b[i + k];
  for (; i < n; i++) sum += a[i] * b[i];
  for (int k = 0; k < LANES; k++) sum += sums[k];
  return sum;
}

/* Correlation of the template with its top left corner at (x, y). */
static float correlate(const OmrMatcher *matcher, const Template *shape, int x, int y) {
  if (x < 0 || y < 0 || x + shape->width > matcher->width || y + shape->height > matcher->height) return 0;
  size_t stride = (size_t)matcher->width + 1;
  double sum = boxed(matcher->sums, stride, x, y, shape->width, shape->height);
  if (sum < 0.5 * (double)shape->mass || sum > 3.2 * (double)shape->mass) return 0;
  double n = (double)(shape->width * shape->height);
  double variance = boxed(matcher->squares, stride, x, y, shape->width, shape->height) - sum * sum / n;
  if (variance <= 1e-6) return 0;
  float dot = 0;
  for (int v = 0; v < shape->height; v++)
    dot += product(matcher->plane + (size_t)(y + v) * (size_t)matcher->width + x, shape->weights + v * shape->width,
                   shape->width);
  return dot / (float)sqrt(variance);
}

static void try_place(OmrMatch *best, const OmrMatcher *matcher, const Template *shape, int x, int y) {
  float score = correlate(matcher, shape, x - shape->origin_x, y - shape->origin_y), step = matcher->step;
  if (score <= best->score) return;
  *best = (OmrMatch){.score = score, .kind = shape->kind, .x = (float)x * step, .y = (float)y * step};
  best->x0 = (float)(x - shape->origin_x + PAD) * step;
  best->y0 = (float)(y - shape->origin_y + PAD) * step;
  best->width = (float)(shape->width - 2 * PAD) * step;
  best->height = (float)(shape->height - 2 * PAD) * step;
}

/* Every other place first, then the neighbours of the best of them: pictures are soft enough for that. */
static void match_template(OmrMatch *best, const OmrMatcher *matcher, const Template *shape,
                           const int area[4]) {
  OmrMatch here = {.kind = shape->kind};
  int best_x = 0, best_y = 0;
  for (int y = area[2]; y <= area[3]; y += 2)
    for (int x = area[0]; x <= area[1]; x += 2) {
      float before = here.score;
      try_place(&here, matcher, shape, x, y);
      if (here.score > before) best_x = x, best_y = y;
    }
  if (here.score < 0.3f) return;
  for (int y = best_y - 1; y <= best_y + 1; y++)
    for (int x = best_x - 1; x <= best_x + 1; x++)
      if (x >= area[0] && x <= area[1] && y >= area[2] && y <= area[3])
        try_place(&here, matcher, shape, x, y);
  if (here.score > best->score) *best = here;
}

OmrMatch omr_match(const OmrMatcher *matcher, uint8_t kind, float scale, float x0, float x1, float y0,
                   float y1) {
  int s = 0;
  for (int i = 1; i < SCALES; i++)
    if (fabsf(scale_steps[i] - scale) < fabsf(scale_steps[s] - scale)) s = i;
  float step = matcher->step;
  int area[4] = {(int)lrintf(x0 / step), (int)lrintf(x1 / step), (int)lrintf(y0 / step),
                 (int)lrintf(y1 / step)};
  OmrMatch best = {.kind = kind};
  for (size_t i = 0; i < matcher->n; i++)
    if (matcher->templates[s][i].kind == kind)
      match_template(&best, matcher, &matcher->templates[s][i], area);
  return best;
}
