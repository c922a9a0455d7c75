/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Systems. Neighbouring staves belong together when something upright runs from the bottom line of the upper
 * to the top line of the lower one at their left edge, or in several places (bar lines); where nothing does, two staves
 * left over stand as far apart as those of the page's other pairs. */
#include "core/omr/omr_upright.h"

#include <math.h>

#define OTHER_GAP 0.85f /* how much wider or narrower than others the gap of a pair may be */

/* How many separate columns of [x0, x1] are inked from staff a down to staff b. */
static int crossings(const OmrPage *page, const OmrSheet *sheet, const OmrStaff *a, const OmrStaff *b,
                     float x0, float x1) {
  int count = 0;
  float last = -1e9f;
  for (float x = x0; x <= x1; x += 1) {
    float top = omr_staff_y(page, a, x, -4), bottom = omr_staff_y(page, b, x, 4);
    if (bottom - top < sheet->space || x - last < sheet->space) continue;
    if (omr_upright_share(sheet, x, top, bottom, 0.04f) < 0.93f) continue;
    last = x;
    count++;
  }
  return count;
}

static bool share_columns(const OmrStaff *a, const OmrStaff *b) {
  float left = fmaxf(a->x0_px, b->x0_px), right = fminf(a->x1_px, b->x1_px);
  return right - left > 0.5f * fminf(a->x1_px - a->x0_px, b->x1_px - b->x0_px);
}

/* 0: apart, 1: one system, 2: bar lines run through as well. */
static int bond(const OmrPage *page, const OmrSheet *sheet, const OmrStaff *a, const OmrStaff *b) {
  if (!share_columns(a, b)) return 0;
  float left = fminf(a->x0_px, b->x0_px), right = fminf(a->x1_px, b->x1_px), space = sheet->space;
  int inner = crossings(page, sheet, a, b, left + 4 * space, right + 0.5f * space);
  if (inner >= 1) return 2;
  return crossings(page, sheet, a, b, left - space, left + 2 * space) ? 1 : 0;
}

static void frame_system(OmrPage *page, OmrSystem *system) {
  system->x0_px = system->y0_px = 1e9f;
  system->x1_px = system->y1_px = -1e9f;
  for (int32_t i = 0; i < system->staves; i++) {
    OmrStaff *staff = &page->staves.items[system->first_staff + i];
    system->x0_px = fminf(system->x0_px, staff->x0_px);
    system->x1_px = fmaxf(system->x1_px, staff->x1_px);
    for (int side = 0; side < 2; side++) {
      float x = side ? staff->x1_px : staff->x0_px;
      system->y0_px = fminf(system->y0_px, omr_staff_y(page, staff, x, 4));
      system->y1_px = fmaxf(system->y1_px, omr_staff_y(page, staff, x, -4));
    }
  }
}

static float gap_below(const OmrPage *page, size_t upper) {
  const OmrStaff *a = &page->staves.items[upper], *b = a + 1;
  float x = 0.5f * (fmaxf(a->x0_px, b->x0_px) + fminf(a->x1_px, b->x1_px));
  return omr_staff_y(page, b, x, 4) - omr_staff_y(page, a, x, -4);
}

/* Bonds two staves that nothing bonds to others when the rest of the page is pairs. `bonds[i]`: of staff i to the next. */
static void bond_the_rest(int *bonds, const OmrPage *page) {
  float nearest = 1e9f, farthest = 0;
  int pairs = 0, all = (int)page->staves.n;
  for (int i = 0; i + 1 < all; i++) {
    if (!bonds[i]) continue;
    float gap = gap_below(page, (size_t)i);
    nearest = fminf(nearest, gap), farthest = fmaxf(farthest, gap);
    pairs++;
    if (bonds[i + 1]) return;
  }
  for (int i = 0; pairs >= 2 && i + 1 < all; i++) {
    if (bonds[i] || bonds[i + 1] || (i && bonds[i - 1])) continue;
    float gap = gap_below(page, (size_t)i);
    if (gap < OTHER_GAP * nearest || gap * OTHER_GAP > farthest || !share_columns(&page->staves.items[i], &page->staves.items[i + 1]))
      continue;
    bonds[i] = 2;
  }
}

BaseStatus omr_find_systems(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet) {
  int *bonds = BASE_TAKE(sheet->arena, int, page->staves.n + 1);
  if (!bonds) return base_fail_memory(ctx);
  for (size_t i = 0; i <= page->staves.n; i++)
    bonds[i] = i + 1 < page->staves.n ? bond(page, sheet, &page->staves.items[i], &page->staves.items[i + 1]) : 0;
  bond_the_rest(bonds, page);
  for (size_t i = 0; i < page->staves.n; i++) {
    OmrStaff *staff = &page->staves.items[i];
    int joined = i ? bonds[i - 1] : 0;
    if (joined && page->systems.items[page->systems.n - 1].staves < 24) {
      OmrSystem *system = &page->systems.items[page->systems.n - 1];
      if (joined == 2) system->joined |= 1 << (system->staves - 1);
      system->staves++;
    } else {
      OmrSystem system = {.first_staff = (int32_t)i, .staves = 1};
      if (!base_array_push(&page->systems, system)) return base_fail_memory(ctx);
    }
    staff->system = (int32_t)page->systems.n - 1;
  }
  for (size_t i = 0; i < page->systems.n; i++) frame_system(page, &page->systems.items[i]);
  return BASE_OK;
}
