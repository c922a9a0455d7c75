/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Signs of playing. Beyond the heads or the free end of the stem a round spot is sought: under an arch of ink
 * it belongs to a fermata, else it is a staccato dot. Left of a chord a thin line from its top to its bottom
 * that swings from side to side is an arpeggio. */
#include "core/omr/omr_marks.h"
#include "core/omr/omr_signs.h"

#include <math.h>

enum { MAX_ROWS = 2048 };

bool omr_core_at(const OmrSheet *sheet, int x, int y) {
  int core = (int)lrintf(0.1f * sheet->space), inside = 0, tried = 0;
  for (int v = -core; v <= core; v++)
    for (int u = -core; u <= core; u++, tried++) inside += omr_ink_at(sheet, sheet->clean, x + u, y + v);
  return inside * 10 >= tried * 9;
}

bool omr_spot_at(const OmrSheet *sheet, int x, int y) {
  int frame = (int)lrintf(0.42f * sheet->space), rim = 0, rim_tried = 0;
  if (!omr_core_at(sheet, x, y)) return false;
  for (int k = -frame; k <= frame; k++, rim_tried += 4)
    rim += omr_ink_at(sheet, sheet->clean, x + k, y - frame) +
           omr_ink_at(sheet, sheet->clean, x + k, y + frame) +
           omr_ink_at(sheet, sheet->clean, x - frame, y + k) +
           omr_ink_at(sheet, sheet->clean, x + frame, y + k);
  return rim * 10 <= rim_tried;
}

/* Highest and lowest head of a chord, and the leftmost edge of its heads. */
typedef struct {
  float top, bottom, left;
  int heads;
} Extent;

static Extent extent_of(const OmrPage *page, int32_t chord) {
  Extent extent = {1e9f, -1e9f, 1e9f, 0};
  for (size_t i = omr_first_head(page, chord); i < page->heads.n && page->heads.items[i].chord == chord;
       i++) {
    const OmrHead *head = &page->heads.items[i];
    extent.top = fminf(extent.top, head->y_px), extent.bottom = fmaxf(extent.bottom, head->y_px);
    extent.left = fminf(extent.left, head->x_px - 0.5f * head->width_px);
    extent.heads++;
  }
  return extent;
}

/* True when an arch of ink spans the spot; `side` -1: above it. */
static bool under_arch(const OmrSheet *sheet, float x, float y, int side) {
  float space = sheet->space;
  int hits = 0, tried = 0, slack = (int)lrintf(0.22f * space);
  for (float angle = 0.35f; angle < 2.8f; angle += 0.12f, tried++) {
    int at_x = (int)lrintf(x + 1.1f * space * cosf(angle)),
        at_y = (int)lrintf(y + (float)side * (0.95f * space * sinf(angle)) - (float)side * 0.1f * space);
    bool ink = false;
    for (int d = -slack; d <= slack && !ink; d++)
      ink =
          omr_ink_at(sheet, sheet->clean, at_x, at_y + d) || omr_ink_at(sheet, sheet->clean, at_x + d, at_y);
    hits += ink;
  }
  return hits * 10 >= tried * 9;
}

static bool add_symbol(OmrPage *page, int32_t staff, uint8_t kind, float x, float y, float width,
                       float height) {
  OmrSymbol symbol = {.staff = staff, .head = -1, .kind = kind, .second = OMR_SYMBOLS, .score = 0.9f};
  symbol.x_px = x, symbol.y_px = y, symbol.width_px = width, symbol.height_px = height;
  return base_array_push(&page->symbols, symbol);
}

/* True for dots of clefs, repeats and notes. */
static bool known_dot(const OmrPage *page, float x, float y, float space) {
  for (size_t i = 0; i < page->bars.n; i++) {
    const OmrBar *bar = &page->bars.items[i];
    const OmrSystem *system = &page->systems.items[bar->system];
    if (!(bar->flags & (OMR_BAR_REPEAT_LEFT | OMR_BAR_REPEAT_RIGHT))) continue;
    if (x > bar->x0_px - 1.5f * space && x < bar->x1_px + 1.5f * space && y > system->y0_px &&
        y < system->y1_px)
      return true;
  }
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *symbol = &page->symbols.items[i];
    if (x > symbol->x_px && x < symbol->x_px + symbol->width_px && y > symbol->y_px &&
        y < symbol->y_px + symbol->height_px)
      return true;
  }
  for (size_t i = 0; i < page->heads.n; i++) {
    const OmrHead *head = &page->heads.items[i];
    if (head->dots && x > head->x_px + 0.6f * space && x < head->x_px + 2.4f * space &&
        fabsf(y - head->y_px) < 0.8f * space)
      return true;
  }
  return false;
}

/* The mark whose spot stands from `from` on, going in `side`, near x; 0 none. */
static uint32_t mark_beyond(OmrPage *page, const OmrSheet *sheet, int32_t staff, float x, float from,
                            int side) {
  float space = sheet->space;
  for (float d = 0; d <= 1.7f * space; d += 1)
    for (float dx = 0; dx <= 0.4f * space; dx += 1)
      for (int sign = -1; sign <= 1; sign += 2) {
        float at_x = x + (float)sign * dx, at_y = from + (float)side * d;
        if (!omr_spot_at(sheet, (int)lrintf(at_x), (int)lrintf(at_y)) || known_dot(page, at_x, at_y, space))
          continue;
        if (under_arch(sheet, at_x, at_y, side))
          return add_symbol(page, staff, OMR_FERMATA, at_x - 1.3f * space,
                            side < 0 ? at_y - 1.1f * space : at_y - 0.3f * space, 2.6f * space, 1.4f * space)
                     ? SCORE_FERMATA
                     : UINT32_MAX;
        return add_symbol(page, staff, OMR_STACCATO, at_x - 0.25f * space, at_y - 0.25f * space, 0.5f * space,
                          0.5f * space)
                   ? SCORE_STACCATO
                   : UINT32_MAX;
      }
  return 0;
}

/* Marks beyond the heads and, in print of some houses, beyond the stem. UINT32_MAX without memory. */
static uint32_t marks_of(OmrPage *page, const OmrSheet *sheet, int32_t index) {
  OmrChord chord = page->chords.items[index];
  Extent extent = extent_of(page, index);
  float space = sheet->space;
  if (!extent.heads) return 0;
  int away = chord.stem == OMR_STEM_UP ? 1 : -1;
  float heads = away > 0 ? extent.bottom : extent.top, end = away > 0 ? chord.y0_px : chord.y1_px;
  uint32_t marks =
      mark_beyond(page, sheet, chord.staff, chord.head_x_px, heads + (float)away * 0.85f * space, away);
  if (marks || !chord.stem) return marks;
  return mark_beyond(page, sheet, chord.staff, chord.head_x_px, end - (float)away * 0.5f * space, -away);
}

/* The middle of the thin run of ink in a row between x0 and x1; -1 when there is none. */
static float middle_in_row(const OmrSheet *sheet, int y, int x0, int x1) {
  int run = 0, longest = (int)(0.55f * sheet->space);
  for (int x = x0; x <= x1 + 1; x++) {
    if (x <= x1 && omr_ink_at(sheet, sheet->clean, x, y)) {
      run++;
      continue;
    }
    if (run) return run <= longest ? (float)x - 0.5f * (float)(run + 1) : -1;
  }
  return -1;
}

/* How often the middles of the rows turn from one side to the other. */
static int swings(const float *middles, int n, float least) {
  float extreme = -1;
  int turns = 0, direction = 0;
  for (int i = 0; i < n; i++) {
    float at = middles[i];
    if (at < 0) continue;
    if (extreme < 0) extreme = at;
    if (direction >= 0 && at < extreme - least)
      turns++, direction = -1, extreme = at;
    else if (direction <= 0 && at > extreme + least)
      turns++, direction = 1, extreme = at;
    else if (direction > 0 ? at > extreme : direction < 0 ? at < extreme : false)
      extreme = at;
  }
  return turns;
}

/* True when there is mostly paper at both sides of the line. */
static bool stands_free(const OmrSheet *sheet, float x, float y0, float y1) {
  int hits = 0, tried = 0;
  for (float y = y0; y < y1; y += 1)
    for (int side = -1; side <= 1; side += 2, tried++)
      hits += omr_ink_at(sheet, sheet->clean, (int)lrintf(x + (float)side * 0.7f * sheet->space), (int)y);
  return hits * 5 < tried;
}

/* True when a wavy line stands around x from y0 to y1. */
static bool wavy_at(const OmrSheet *sheet, float x, float y0, float y1) {
  float middles[MAX_ROWS], space = sheet->space;
  int n = (int)fminf(y1 - y0, MAX_ROWS), seen = 0, half = (int)(0.5f * space);
  for (int i = 0; i < n; i++) {
    middles[i] = middle_in_row(sheet, (int)y0 + i, (int)x - half, (int)x + half);
    seen += middles[i] >= 0;
  }
  int turns = swings(middles, n, 0.12f * space);
  return seen * 10 >= n * 9 && (float)turns >= 1.4f * (y1 - y0) / space && turns >= 4 &&
         stands_free(sheet, x, y0, y1);
}

static uint32_t rolled(OmrPage *page, const OmrSheet *sheet, int32_t index) {
  Extent extent = extent_of(page, index);
  float space = sheet->space;
  int32_t staff = page->chords.items[index].staff;
  if (extent.heads < 2 || extent.bottom - extent.top < 1.5f * space) return 0;
  for (float x = extent.left - 0.6f * space; x > extent.left - 2.2f * space; x -= 0.1f * space) {
    float top = extent.top - 0.2f * space, bottom = extent.bottom + 0.2f * space;
    if (!wavy_at(sheet, x, top, bottom)) continue;
    return add_symbol(page, staff, OMR_ARPEGGIO, x - 0.4f * space, top, 0.8f * space, bottom - top)
               ? SCORE_ARPEGGIO
               : UINT32_MAX;
  }
  return 0;
}

BaseStatus omr_find_marks(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet) {
  for (int32_t i = 0; i < (int32_t)page->chords.n; i++) {
    if (i % 64 == 0 && base_cancelled(ctx)) return base_fail_cancelled(ctx);
    if (page->chords.items[i].grace) continue;
    uint32_t beyond = marks_of(page, sheet, i), before = rolled(page, sheet, i);
    if (beyond == UINT32_MAX || before == UINT32_MAX) return base_fail_memory(ctx);
    page->chords.items[i].marks = beyond | before;
  }
  return BASE_OK;
}
