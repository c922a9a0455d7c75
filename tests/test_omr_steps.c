/* Single steps of reading a page, on values made by hand. SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/check.h"

#include "core/omr/omr_contest.h"
#include "core/omr/omr_warp.h"

#include <math.h>

enum { WIDTH = 1000, HEIGHT = 800, SPACE = 20 };

static float bent(float x, float slope) {
  return slope * (x - WIDTH / 2);
}

/* A system of two staves from x 100 to 900 whose lines slope and whose left and right ends lean. */
static OmrPage *page_of(float slope, float lean) {
  OmrPage *page = omr_page_new();
  for (int s = 0; s < 2; s++) {
    float middle = 300 + 160 * (float)s;
    OmrStaff staff = {.first_node = (int32_t)page->nodes.n, .nodes = 9, .space_px = SPACE};
    staff.x0_px = 100 + lean * 160 * (float)s, staff.x1_px = 900 + lean * 160 * (float)s;
    for (int k = 0; k < 9; k++) {
      OmrNode node = {.x_px = 100 + 100 * (float)k};
      for (int line = 0; line < OMR_LINES; line++)
        node.y_px[line] = middle + bent(node.x_px, slope) + (float)((line - 2) * SPACE);
      CHECK(base_array_push(&page->nodes, node));
    }
    CHECK(base_array_push(&page->staves, staff));
  }
  OmrSystem system = {.first_staff = 0, .staves = 2};
  for (int k = 0; k < 2; k++) CHECK(base_array_push(&page->systems, system));
  return page;
}

static OmrSheet sheet_of(void) {
  return (OmrSheet){.width = WIDTH, .height = HEIGHT, .space = SPACE, .line = 3, .arena = base_arena_new(0)};
}

static void level_pages_stay(void) {
  OmrSheet sheet = sheet_of();
  OmrPage *page = page_of(0.001f, 0);
  bool failed = true;
  CHECK(!omr_warp_new(&failed, page, &sheet) && !failed);
  omr_page_free(page);
  base_arena_free(sheet.arena);
}

/* The straight picture's rows at a staff come from where its lines ran, its columns from where they leant. */
static void crooked_pages_are_straightened(void) {
  OmrSheet sheet = sheet_of();
  OmrPage *page = page_of(0.05f, -0.04f);
  bool failed = true;
  OmrWarp *warp = omr_warp_new(&failed, page, &sheet);
  CHECK(warp && !failed);
  for (int s = 0; warp && s < 2; s++)
    for (float x = 150; x < 850; x += 50) {
      float level = 300 + 160 * (float)s, u = x, v = level;
      omr_warp_point(warp, &u, &v);
      CHECK_NEAR(u, x - 0.04f * (level - HEIGHT / 2), 1.5);
      CHECK_NEAR(v, level + bent(u, 0.05f), 1.5);
    }
  Image *image = image_new(WIDTH, HEIGHT), *straight = NULL;
  for (int x = 0; x < WIDTH; x++) image->pixels[(int)lrintf(300 + bent((float)x, 0.05f)) * WIDTH + x] = 0;
  BaseContext ctx = {0};
  CHECK(warp && omr_warp_image(&ctx, &straight, warp, image) == BASE_OK);
  int dark = 0;
  for (int x = 150; straight && x < 850; x++) {
    int darkest = 255;
    for (int y = 298; y <= 302; y++)
      if (straight->pixels[y * WIDTH + x] < darkest) darkest = straight->pixels[y * WIDTH + x];
    dark += darkest < 200;
  }
  CHECK_SAYING(dark > 690, "%d of 700 columns", dark);
  image_free(image);
  image_free(straight);
  omr_page_free(page);
  base_arena_free(sheet.arena);
}

static void add_note(OmrPage *page, float x, float y, uint8_t stem, int32_t group) {
  OmrChord chord = {.stem = stem, .group = group, .x_px = x + 11, .y0_px = y - 70, .y1_px = y};
  chord.second = OMR_NO_SECOND;
  chord.beams_left = chord.beams_right = group >= 0 ? 2 : 0;
  OmrHead head = {.chord = (int32_t)page->chords.n, .x_px = x, .y_px = y, .width_px = 26, .height_px = 20};
  CHECK(base_array_push(&page->chords, chord) && base_array_push(&page->heads, head));
}

/* What looks like a head in the beams goes, a head below them stays. */
static void stubs_of_beams_are_no_heads(void) {
  OmrSheet sheet = sheet_of();
  OmrPage *page = page_of(0, 0);
  BaseContext ctx = {0};
  add_note(page, 200, 320, OMR_STEM_UP, 0);
  add_note(page, 300, 320, OMR_STEM_UP, 0);
  add_note(page, 300, 262, OMR_STEM_NONE, -1);
  add_note(page, 260, 330, OMR_STEM_NONE, -1);
  CHECK(omr_contest_beams(&ctx, page, &sheet) == BASE_OK);
  CHECK_SAYING(page->heads.n == 3 && page->chords.n == 3, "%zu heads", page->heads.n);
  for (size_t i = 0; i < page->heads.n; i++)
    CHECK(page->heads.items[i].y_px > 300 && page->heads.items[i].chord == (int32_t)i);
  omr_page_free(page);
  base_arena_free(sheet.arena);
}

CHECK_MAIN({CASE(level_pages_stay)}, {CASE(crooked_pages_are_straightened)},
           {CASE(stubs_of_beams_are_no_heads)})
