/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From a picture to an OmrPage: ink, ruling, a working size where staff spaces are 14 to 26 px, and then one
 * step after another, each reading the sheet and what earlier steps have put on the page. Coordinates are
 * carried back to the picture at the end. */
#include "core/omr/omr_beams.h"
#include "core/omr/omr_contest.h"
#include "core/omr/omr_grace.h"
#include "core/omr/omr_heads.h"
#include "core/omr/omr_lines.h"
#include "core/omr/omr_marks.h"
#include "core/omr/omr_signs.h"
#include "core/omr/omr_warp.h"

#include "core/image/image_clean.h"

#include <math.h>

#define SMALLEST_SPACE 14.0f
#define LARGEST_SPACE  26.0f
#define WORKING_SPACE  20.0f

static BaseStatus no_music(BaseContext *ctx) {
  return base_fail(ctx, BASE_BAD_INPUT, "no music found");
}

static BaseStatus ink_of(BaseContext *ctx, OmrSheet *sheet, const Image *image) {
  sheet->width = image->width;
  sheet->height = image->height;
  sheet->ink = BASE_TAKE(sheet->arena, uint8_t, (size_t)image->width * (size_t)image->height);
  if (!sheet->ink) return base_fail_memory(ctx);
  BaseStatus status = image_binarise(ctx, sheet->ink, image, 0);
  if (status) return status;
  if (!omr_measure_ruling(&sheet->space, &sheet->line, sheet->ink, sheet->width, sheet->height))
    return no_music(ctx);
  return sheet->space >= 5 ? BASE_OK : no_music(ctx);
}

/* Ink at the working size. `*scaled` is the picture of that size, null when the given one has it already. */
static BaseStatus prepare(BaseContext *ctx, OmrSheet *sheet, Image **scaled, const Image *image) {
  BaseArenaMark mark = base_arena_mark(sheet->arena);
  BaseStatus status = ink_of(ctx, sheet, image);
  if (status || (sheet->space >= SMALLEST_SPACE && sheet->space <= LARGEST_SPACE)) return status;
  base_arena_reset(sheet->arena, mark);
  status = image_scale(ctx, scaled, image, WORKING_SPACE / sheet->space);
  return status ? status : ink_of(ctx, sheet, *scaled);
}

static BaseStatus find_lines(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet) {
  page->space_px = sheet->space;
  BaseStatus status = omr_find_staves(ctx, page, sheet);
  if (!status && page->staves.n == 0) status = no_music(ctx);
  return status ? status : omr_find_systems(ctx, page, sheet);
}

/* Starts anew with a straight picture when the page is curled or leans; `*warp` tells where it came from. */
static BaseStatus straighten(BaseContext *ctx, OmrPage **page, OmrSheet *sheet, const OmrWarp **warp,
                             const Image *image) {
  bool failed;
  *warp = omr_warp_new(&failed, *page, sheet);
  if (!*warp) return failed ? base_fail_memory(ctx) : BASE_OK;
  Image *straight = NULL;
  OmrPage *again = omr_page_new();
  BaseStatus status = again ? omr_warp_image(ctx, &straight, *warp, image) : base_fail_memory(ctx);
  if (!status) status = ink_of(ctx, sheet, straight);
  image_free(straight);
  if (!status) status = find_lines(ctx, again, sheet);
  omr_page_free(status ? again : *page);
  if (!status) *page = again;
  return status;
}

typedef BaseStatus (*Step)(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet);

typedef struct {
  Step run;
  double until; /* progress when it is done */
  const char *what;
} Stage;

static BaseStatus read_lines(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet,
                             const OmrMatcher *matcher) {
  OmrCurves curves = {0};
  BaseStatus status = omr_find_curves(ctx, &curves, sheet, 1.1f * sheet->space);
  if (!status && !omr_join_by_curves(page, sheet, &curves)) status = base_fail_memory(ctx);
  if (!status) status = omr_find_lines(ctx, page, sheet, matcher, &curves);
  base_array_clear(&curves);
  return status;
}

static BaseStatus read_sheet(BaseContext *ctx, OmrPage *page, OmrSheet *sheet) {
  BaseStatus status = omr_find_bars(ctx, page, sheet);
  if (!status) status = omr_remove_staves(ctx, sheet, page);
  OmrMatcher *matcher = status ? NULL : omr_matcher_new(sheet);
  if (!status && !matcher) status = base_fail_memory(ctx);
  if (!status) status = omr_find_headers(ctx, page, sheet, matcher);
  if (!status) status = omr_find_heads(ctx, page, sheet);
  if (!status) status = omr_find_stems(ctx, page, sheet);
  if (!status) status = omr_contest_heads(ctx, page, sheet, matcher);
  OmrGraces *graces = NULL;
  if (!status) status = omr_spot_grace(ctx, &graces, page, sheet, matcher);
  if (!status) status = omr_find_beams(ctx, page, sheet);
  if (!status) status = omr_contest_beams(ctx, page, sheet);
  if (!status) status = omr_find_tuplets(ctx, page, sheet, matcher);
  if (!status) status = omr_find_flags(ctx, page, sheet, matcher);
  if (!status) status = omr_contest_flags(ctx, page, sheet);
  if (!status) status = omr_add_grace(ctx, page, sheet, graces);
  if (!status) status = omr_find_accidentals(ctx, page, sheet, matcher);
  if (!status) omr_settle_grace(page);
  if (!status) status = omr_find_rests(ctx, page, sheet, matcher);
  if (!status) status = omr_find_dots(ctx, page, sheet);
  if (!status) status = read_lines(ctx, page, sheet, matcher);
  if (!status) status = omr_find_marks(ctx, page, sheet);
  return status;
}

/* Where the heads at the usual side of the stem stand: those that had to step aside do not count. */
static float chord_column(const OmrChord *chord, float space) {
  return chord->stem == OMR_STEM_UP     ? chord->x_px - 0.56f * space
         : chord->stem == OMR_STEM_DOWN ? chord->x_px + 0.56f * space
                                        : chord->head_x_px;
}

static void set_columns(OmrPage *page) {
  float space = page->space_px;
  for (size_t i = 0; i < page->bars.n; i++) page->bars.items[i].column_sp = page->bars.items[i].x_px / space;
  for (size_t i = 0; i < page->chords.n; i++)
    page->chords.items[i].column_sp = chord_column(&page->chords.items[i], space) / space;
  for (size_t i = 0; i < page->symbols.n; i++) {
    OmrSymbol *symbol = &page->symbols.items[i];
    symbol->column_sp = (symbol->x_px + 0.5f * symbol->width_px) / space;
  }
}

static void scale_arcs(OmrArc *arcs, size_t n, float factor) {
  for (size_t i = 0; i < n; i++)
    arcs[i].x_px *= factor, arcs[i].y_px *= factor, arcs[i].width_px *= factor, arcs[i].height_px *= factor;
}

/* Carries every coordinate of the page by `factor`. */
static void scale_page(OmrPage *page, float factor) {
  page->space_px *= factor;
  for (size_t i = 0; i < page->nodes.n; i++) {
    page->nodes.items[i].x_px *= factor;
    for (int k = 0; k < OMR_LINES; k++) page->nodes.items[i].y_px[k] *= factor;
  }
  for (size_t i = 0; i < page->staves.n; i++) {
    OmrStaff *staff = &page->staves.items[i];
    staff->x0_px *= factor, staff->x1_px *= factor, staff->space_px *= factor;
  }
  for (size_t i = 0; i < page->systems.n; i++) {
    OmrSystem *system = &page->systems.items[i];
    system->x0_px *= factor, system->x1_px *= factor, system->y0_px *= factor, system->y1_px *= factor;
  }
  for (size_t i = 0; i < page->bars.n; i++) {
    OmrBar *bar = &page->bars.items[i];
    bar->x_px *= factor, bar->x0_px *= factor, bar->x1_px *= factor;
  }
  for (size_t i = 0; i < page->heads.n; i++) {
    OmrHead *head = &page->heads.items[i];
    head->x_px *= factor, head->y_px *= factor, head->width_px *= factor, head->height_px *= factor;
  }
  for (size_t i = 0; i < page->chords.n; i++) {
    OmrChord *chord = &page->chords.items[i];
    chord->x_px *= factor, chord->y0_px *= factor, chord->y1_px *= factor, chord->head_x_px *= factor;
  }
  for (size_t i = 0; i < page->symbols.n; i++) {
    OmrSymbol *symbol = &page->symbols.items[i];
    symbol->x_px *= factor, symbol->y_px *= factor, symbol->width_px *= factor, symbol->height_px *= factor;
  }
  scale_arcs(page->ties.items, page->ties.n, factor);
  scale_arcs(page->slurs.items, page->slurs.n, factor);
  for (size_t i = 0; i < page->keys.n; i++) page->keys.items[i].x_px *= factor;
  for (size_t i = 0; i < page->times.n; i++) page->times.items[i].x_px *= factor;
}

BaseStatus omr_read_page(BaseContext *ctx, OmrPage **out, const Image *image, const OmrParams *params) {
  OmrSheet sheet = {.arena = base_arena_new(0)};
  OmrPage *page = omr_page_new();
  BaseStatus status = sheet.arena && page ? BASE_OK : base_fail_memory(ctx);
  Image *scaled = NULL;
  const OmrWarp *warp = NULL;
  base_progress(ctx, 0, "separating ink and paper");
  if (!status) status = prepare(ctx, &sheet, &scaled, image);
  if (!status) status = find_lines(ctx, page, &sheet);
  if (!status) status = straighten(ctx, &page, &sheet, &warp, scaled ? scaled : image);
  if (!status) status = read_sheet(ctx, page, &sheet);
  if (!status) set_columns(page);
  if (!status && warp) omr_warp_page(warp, page);
  float scale = scaled ? (float)image->width / (float)scaled->width : 1;
  image_free(scaled);
  base_arena_free(sheet.arena);
  if (status) {
    omr_page_free(page);
    return status;
  }
  scale_page(page, scale);
  page->width_px = image->width;
  page->height_px = image->height;
  base_progress(ctx, 1, "page read");
  *out = page;
  return BASE_OK;
}
