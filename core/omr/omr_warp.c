/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The middle line of each staff tells at every x how far the paper was lifted or lowered there; between
 * staves that is interpolated, beyond them carried on. How much uprights lean is told by the left and the
 * right ends of the staves of a system, and changes evenly from left to right, as under a camera. Both
 * together say where a pixel of the straight page stood; lines of a system end as straight ones. */
#include "core/omr/omr_warp.h"

#include <math.h>
#include <stdlib.h>

enum { STEP = 8 }; /* px between the columns where the map is kept */

#define LIFT_SPACES 0.6f /* crookedness that is worth the work … */
#define LEAN        0.012f

struct OmrWarp {
  int32_t columns, staves;
  float x0, x1, y_middle; /* px: where the leans were measured, and the row that stays in place */
  float lean[2];          /* px to the right per px down, at x0 and at x1 */
  float *level;           /* staves: y of the middle line when straight */
  float *lift;            /* columns × staves: how much lower it stood */
};

static int by_value(const void *a, const void *b) {
  const float *fa = a, *fb = b;
  return (*fa > *fb) - (*fa < *fb);
}

/* The median lean of the systems' left (side 0) or right ends. */
static float lean_of(const OmrPage *page, int side, float *values) {
  size_t n = 0;
  for (size_t i = 0; i < page->systems.n; i++) {
    const OmrSystem *system = &page->systems.items[i];
    if (system->staves < 2) continue;
    const OmrStaff *a = &page->staves.items[system->first_staff], *b = a + system->staves - 1;
    float xa = side ? a->x1_px : a->x0_px, xb = side ? b->x1_px : b->x0_px;
    float lean = (xb - xa) / (omr_staff_y(page, b, xb, 0) - omr_staff_y(page, a, xa, 0));
    if (fabsf(lean) < 0.12f) values[n++] = lean;
  }
  if (n < 2) return 0;
  qsort(values, n, sizeof *values, by_value);
  return values[n / 2];
}

static void measure(OmrWarp *warp, const OmrPage *page, float *values) {
  warp->x0 = 1e9f, warp->x1 = -1e9f;
  for (int32_t s = 0; s < warp->staves; s++) {
    const OmrStaff *staff = &page->staves.items[s];
    warp->x0 = fminf(warp->x0, staff->x0_px), warp->x1 = fmaxf(warp->x1, staff->x1_px);
    warp->level[s] = omr_staff_y(page, staff, 0.5f * (staff->x0_px + staff->x1_px), 0);
  }
  for (int32_t c = 0; c < warp->columns; c++)
    for (int32_t s = 0; s < warp->staves; s++) {
      const OmrStaff *staff = &page->staves.items[s];
      float x = fminf(fmaxf((float)(c * STEP), staff->x0_px), staff->x1_px);
      warp->lift[c * warp->staves + s] = omr_staff_y(page, staff, x, 0) - warp->level[s];
    }
  for (int side = 0; side < 2; side++) warp->lean[side] = lean_of(page, side, values);
}

static bool crooked(const OmrWarp *warp, float space) {
  float most = 0;
  for (int32_t i = 0; i < warp->columns * warp->staves; i++) most = fmaxf(most, fabsf(warp->lift[i]));
  return most > LIFT_SPACES * space || fabsf(warp->lean[0]) > LEAN || fabsf(warp->lean[1]) > LEAN;
}

OmrWarp *omr_warp_new(bool *failed, const OmrPage *page, const OmrSheet *sheet) {
  OmrWarp *warp = BASE_TAKE(sheet->arena, OmrWarp, 1);
  *failed = !warp;
  if (!warp || page->staves.n == 0) return NULL;
  *warp = (OmrWarp){.columns = sheet->width / STEP + 2, .staves = (int32_t)page->staves.n};
  warp->y_middle = 0.5f * (float)sheet->height;
  warp->level = BASE_TAKE(sheet->arena, float, page->staves.n);
  warp->lift = BASE_TAKE(sheet->arena, float, (size_t)warp->columns * page->staves.n);
  float *values = BASE_TAKE(sheet->arena, float, page->systems.n + 1);
  *failed = !warp->level || !warp->lift || !values;
  if (*failed) return NULL;
  measure(warp, page, values);
  return crooked(warp, sheet->space) ? warp : NULL;
}

/* The lift at column x between the two staves around y. */
static float lift_at(const OmrWarp *warp, float x, float y) {
  float at = fminf(fmaxf(x / STEP, 0), (float)(warp->columns - 1) - 0.001f);
  int32_t column = (int32_t)at, below = 0;
  const float *a = warp->lift + (size_t)column * (size_t)warp->staves, *b = a + warp->staves;
  if (column + 1 >= warp->columns) b = a;
  float share = at - (float)column;
  while (below < warp->staves && warp->level[below] < y) below++;
  int32_t s0 = below > 0 ? below - 1 : 0, s1 = below < warp->staves ? below : warp->staves - 1;
  float first = a[s0] + share * (b[s0] - a[s0]), second = a[s1] + share * (b[s1] - a[s1]);
  float height = warp->level[s1] - warp->level[s0];
  return height > 1 ? first + (y - warp->level[s0]) / height * (second - first) : first;
}

void omr_warp_point(const OmrWarp *warp, float *x, float *y) {
  float share = (*x - warp->x0) / fmaxf(1, warp->x1 - warp->x0);
  share = fminf(fmaxf(share, -0.3f), 1.3f);
  float lean = warp->lean[0] + share * (warp->lean[1] - warp->lean[0]);
  float source_x = *x + lean * (*y - warp->y_middle);
  *y += lift_at(warp, source_x, *y);
  *x = source_x;
}

static uint8_t sample(const Image *image, float x, float y) {
  x = fminf(fmaxf(x, 0), (float)image->width - 1.001f);
  y = fminf(fmaxf(y, 0), (float)image->height - 1.001f);
  int32_t u = (int32_t)x, v = (int32_t)y;
  const uint8_t *p = image->pixels + (size_t)v * (size_t)image->width + (size_t)u, *q = p + image->width;
  float fx = x - (float)u, fy = y - (float)v;
  float top = (float)p[0] + fx * (float)(p[1] - p[0]), bottom = (float)q[0] + fx * (float)(q[1] - q[0]);
  return (uint8_t)lrintf(top + fy * (bottom - top));
}

BaseStatus omr_warp_image(BaseContext *ctx, Image **out, const OmrWarp *warp, const Image *image) {
  Image *straight = image_new(image->width, image->height);
  if (!straight || image->width < 2 || image->height < 2) {
    image_free(straight);
    return base_fail_memory(ctx);
  }
  for (int32_t y = 0; y < image->height; y++) {
    if (y % 64 == 0 && base_cancelled(ctx)) {
      image_free(straight);
      return base_fail_cancelled(ctx);
    }
    for (int32_t left = 0; left < image->width; left += STEP) {
      /* The map is smooth: its ends over a few pixels tell what is between. */
      float xa = (float)left, ya = (float)y, xb = (float)(left + STEP), yb = (float)y;
      omr_warp_point(warp, &xa, &ya);
      omr_warp_point(warp, &xb, &yb);
      for (int32_t k = 0; k < STEP && left + k < image->width; k++) {
        float share = (float)k / STEP;
        straight->pixels[(size_t)y * (size_t)image->width + (size_t)(left + k)] =
            sample(image, xa + share * (xb - xa), ya + share * (yb - ya));
      }
    }
  }
  straight->dpi = image->dpi;
  *out = straight;
  return BASE_OK;
}

static void warp_box(const OmrWarp *warp, float *x, float *y, float width, float height) {
  float cx = *x + 0.5f * width, cy = *y + 0.5f * height;
  omr_warp_point(warp, &cx, &cy);
  *x = cx - 0.5f * width, *y = cy - 0.5f * height;
}

static float warp_x(const OmrWarp *warp, float x, float y) {
  omr_warp_point(warp, &x, &y);
  return x;
}

static void warp_systems(const OmrWarp *warp, OmrPage *page) {
  for (size_t i = 0; i < page->bars.n; i++) {
    OmrBar *bar = &page->bars.items[i];
    const OmrSystem *system = &page->systems.items[bar->system];
    float y = 0.5f * (system->y0_px + system->y1_px);
    bar->x_px = warp_x(warp, bar->x_px, y);
    bar->x0_px = warp_x(warp, bar->x0_px, y), bar->x1_px = warp_x(warp, bar->x1_px, y);
  }
  for (size_t i = 0; i < page->systems.n; i++) {
    OmrSystem *system = &page->systems.items[i];
    float corners[4][2] = {{system->x0_px, system->y0_px},
                           {system->x1_px, system->y0_px},
                           {system->x0_px, system->y1_px},
                           {system->x1_px, system->y1_px}};
    system->x0_px = system->y0_px = 1e9f, system->x1_px = system->y1_px = -1e9f;
    for (int k = 0; k < 4; k++) {
      omr_warp_point(warp, &corners[k][0], &corners[k][1]);
      system->x0_px = fminf(system->x0_px, corners[k][0]),
      system->x1_px = fmaxf(system->x1_px, corners[k][0]);
      system->y0_px = fminf(system->y0_px, corners[k][1]),
      system->y1_px = fmaxf(system->y1_px, corners[k][1]);
    }
  }
}

static void warp_staves(const OmrWarp *warp, OmrPage *page) {
  for (size_t i = 0; i < page->keys.n; i++) {
    OmrKey *key = &page->keys.items[i];
    key->x_px = warp_x(warp, key->x_px, omr_staff_y(page, &page->staves.items[key->staff], key->x_px, 0));
  }
  for (size_t i = 0; i < page->times.n; i++) {
    OmrTime *time = &page->times.items[i];
    time->x_px = warp_x(warp, time->x_px, omr_staff_y(page, &page->staves.items[time->staff], time->x_px, 0));
  }
  for (size_t i = 0; i < page->staves.n; i++) {
    OmrStaff *staff = &page->staves.items[i];
    staff->x0_px = warp_x(warp, staff->x0_px, omr_staff_y(page, staff, staff->x0_px, 0));
    staff->x1_px = warp_x(warp, staff->x1_px, omr_staff_y(page, staff, staff->x1_px, 0));
  }
  for (size_t i = 0; i < page->nodes.n; i++) {
    OmrNode *node = &page->nodes.items[i];
    float x = node->x_px;
    for (int k = 0; k < OMR_LINES; k++) {
      float at = x;
      omr_warp_point(warp, &at, &node->y_px[k]);
      if (k == OMR_LINES / 2) node->x_px = at;
    }
  }
}

static void warp_arcs(const OmrWarp *warp, OmrArc *arcs, size_t n) {
  for (size_t i = 0; i < n; i++)
    warp_box(warp, &arcs[i].x_px, &arcs[i].y_px, arcs[i].width_px, arcs[i].height_px);
}

void omr_warp_page(const OmrWarp *warp, OmrPage *page) {
  for (size_t i = 0; i < page->heads.n; i++)
    omr_warp_point(warp, &page->heads.items[i].x_px, &page->heads.items[i].y_px);
  for (size_t i = 0; i < page->symbols.n; i++) {
    OmrSymbol *symbol = &page->symbols.items[i];
    warp_box(warp, &symbol->x_px, &symbol->y_px, symbol->width_px, symbol->height_px);
  }
  warp_arcs(warp, page->ties.items, page->ties.n);
  warp_arcs(warp, page->slurs.items, page->slurs.n);
  for (size_t i = 0; i < page->chords.n; i++) {
    OmrChord *chord = &page->chords.items[i];
    float y = 0.5f * (chord->y0_px + chord->y1_px), bottom_x = chord->x_px;
    chord->head_x_px = warp_x(warp, chord->head_x_px, y);
    omr_warp_point(warp, &bottom_x, &chord->y1_px);
    omr_warp_point(warp, &chord->x_px, &chord->y0_px);
    chord->x_px = 0.5f * (chord->x_px + bottom_x);
  }
  warp_systems(warp, page);
  warp_staves(warp, page);
}
