/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rests. Quarter rests and shorter ones are matched by their pictures around the middle line, and lower or
 * higher where voices share the staff; whole and half rests are blocks of ink that hang from a line or stand
 * on one. Whatever touches a note head is no rest. Of overlapping finds the best remains. */
#include "core/omr/omr_signs.h"

#include <math.h>
#include <stdlib.h>

#define CLEAR_PICTURE    0.74f
#define CLEAR_BLOCK      0.97f
#define SECOND_BELOW     0.12f
#define FAINT_ACCIDENTAL 0.68f /* may be a block and what is around it; a block may be one bar of a sharp */

typedef BASE_ARRAY(OmrSymbol) Symbols;

static const struct {
  uint8_t kind;
  float threshold;
} shapes[] = {{OMR_REST_QUARTER, 0.62f}, {OMR_REST_8, 0.62f}, {OMR_REST_16, 0.64f}, {OMR_REST_32, 0.66f}};

/* The score from which a picture around a staff position counts as a rest; a little below it, as a second
 * reading of one. */
static float wanted_score(uint8_t kind, int position) {
  float least = 1;
  for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++)
    if (shapes[k].kind == kind) least = shapes[k].threshold;
  return least + (abs(position) > 4 ? 0.16f : 0.012f * (float)abs(position));
}

static bool push_match(Symbols *found, int32_t staff, const OmrMatch *match, int position) {
  OmrSymbol symbol = {
      .staff = staff, .kind = match->kind, .second = OMR_SYMBOLS, .head = -1, .position = (int16_t)position};
  symbol.x_px = match->x0, symbol.y_px = match->y0, symbol.width_px = match->width,
  symbol.height_px = match->height;
  symbol.score = match->score;
  return base_array_push(found, symbol);
}

static bool scan_shapes(Symbols *found, const OmrPage *page, const OmrMatcher *matcher, int32_t index,
                        float x0, float x1) {
  const OmrStaff *staff = &page->staves.items[index];
  float space = staff->space_px;
  for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++)
    for (float x = x0; x < x1; x += space)
      for (int position = -8; position <= 8; position += 2) {
        float y = omr_staff_y(page, staff, x, (float)position),
              play = position == 0 ? 0.3f * space : 0.2f * space;
        OmrMatch match = omr_match(matcher, shapes[k].kind, 1, x, x + space, y - play, y + play);
        float wanted = wanted_score(shapes[k].kind, position) - SECOND_BELOW;
        if (match.score >= wanted && !push_match(found, index, &match, position)) return false;
      }
  return true;
}

/* Share of ink in a rectangle. */
static float fill(const OmrSheet *sheet, float x0, float x1, float y0, float y1) {
  int hits = 0, tried = 0;
  for (int y = (int)lrintf(y0); y <= (int)lrintf(y1); y++)
    for (int x = (int)lrintf(x0); x <= (int)lrintf(x1); x++, tried++)
      hits += omr_ink_at(sheet, sheet->clean, x, y);
  return tried ? (float)hits / (float)tried : 0;
}

/* A block 1 to 1.4 spaces wide and half a space high in the upper (`hanging`) or lower half of the space. */
static float block_score(const OmrSheet *sheet, float x, float line_y, bool hanging, float space) {
  float direction = hanging ? 1 : -1, near = line_y + direction * 0.12f * space,
        far = line_y + direction * 0.4f * space;
  float top = fminf(near, far), bottom = fmaxf(near, far);
  float inside = fill(sheet, x - 0.42f * space, x + 0.42f * space, top, bottom);
  if (inside < 0.92f) return 0;
  float sides = fill(sheet, x - 1.2f * space, x - 0.85f * space, top, bottom) +
                fill(sheet, x + 0.85f * space, x + 1.2f * space, top, bottom);
  float over = fill(sheet, x - 0.4f * space, x + 0.4f * space, line_y - direction * 0.7f * space,
                    line_y - direction * 0.25f * space);
  float under = fill(sheet, x - 0.4f * space, x + 0.4f * space, line_y + direction * 0.7f * space,
                     line_y + direction * 0.95f * space);
  return inside - sides - over - under;
}

static bool scan_blocks(Symbols *found, const OmrPage *page, const OmrSheet *sheet, int32_t index, float x0,
                        float x1) {
  const OmrStaff *staff = &page->staves.items[index];
  float space = staff->space_px;
  for (int position = -4; position <= 6; position += 2)
    for (int hanging = 0; hanging < 2; hanging++) {
      OmrSymbol best = {0};
      for (float x = x0; x < x1; x += 1) {
        float y = omr_staff_y(page, staff, x, (float)position), score = 0;
        for (int d = -1; d <= 1; d++)
          score = fmaxf(score, block_score(sheet, x, y + (float)d, hanging, space));
        if (best.score > 0 && x - best.x_px > 1.5f * space) {
          if (!base_array_push(found, best)) return false;
          best = (OmrSymbol){0};
        }
        if (score < ((hanging ? position == 2 : position == 0) ? 0.72f : 0.96f) || score <= best.score)
          continue;
        best = (OmrSymbol){.staff = index,
                           .kind = hanging ? OMR_REST_WHOLE : OMR_REST_HALF,
                           .second = OMR_SYMBOLS,
                           .head = -1};
        best.position = (int16_t)position;
        best.x_px = x - 0.6f * space, best.width_px = 1.2f * space;
        best.y_px = hanging ? y : y - 0.5f * space, best.height_px = 0.5f * space;
        best.score = score;
      }
      if (best.score > 0 && !base_array_push(found, best)) return false;
    }
  return true;
}

static int by_score(const void *a, const void *b) {
  const OmrSymbol *sa = a, *sb = b;
  if (sa->score != sb->score) return sa->score < sb->score ? 1 : -1;
  return (sa->x_px > sb->x_px) - (sa->x_px < sb->x_px);
}

static bool overlap(float ax, float aw, float ay, float ah, float bx, float bw, float by, float bh,
                    float play) {
  return ax + play < bx + bw && bx + play < ax + aw && ay + play < by + bh && by + play < ay + ah;
}

static bool on_bar(const OmrPage *page, const OmrSymbol *symbol, float space) {
  for (size_t i = 0; i < page->bars.n; i++) {
    const OmrBar *bar = &page->bars.items[i];
    float play = bar->flags ? 1.3f * space : 0.15f * space;
    if (bar->system == page->staves.items[symbol->staff].system && symbol->x_px < bar->x1_px + play &&
        bar->x0_px < symbol->x_px + symbol->width_px + play)
      return true;
  }
  return false;
}

static bool free_place(const OmrPage *page, const OmrSymbol *symbol, float space) {
  if (on_bar(page, symbol, space)) return false;
  for (size_t i = 0; i < page->heads.n; i++) {
    const OmrHead *head = &page->heads.items[i];
    if (overlap(symbol->x_px, symbol->width_px, symbol->y_px, symbol->height_px,
                head->x_px - 0.5f * head->width_px, head->width_px, head->y_px - 0.5f * head->height_px,
                head->height_px, 0.15f * space))
      return false;
  }
  for (size_t i = 0; i < page->chords.n; i++) {
    const OmrChord *chord = &page->chords.items[i];
    float play = symbol->kind <= OMR_REST_HALF ? 0.4f * space : 0.1f * space;
    if (chord->stem && chord->x_px > symbol->x_px - play &&
        chord->x_px < symbol->x_px + symbol->width_px + play &&
        chord->y0_px < symbol->y_px + symbol->height_px && chord->y1_px > symbol->y_px)
      return false;
  }
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *other = &page->symbols.items[i];
    bool accidental = other->kind >= OMR_SHARP && other->kind <= OMR_DOUBLE_FLAT,
         weak_accidental =
             accidental &&
             other->score < (symbol->kind <= OMR_REST_HALF ? FAINT_ACCIDENTAL : symbol->score - 0.04f);
    if (!weak_accidental &&
        overlap(symbol->x_px, symbol->width_px, symbol->y_px, symbol->height_px, other->x_px, other->width_px,
                other->y_px, other->height_px, 0.1f * space))
      return false;
  }
  return true;
}

/* Accidentals that a better rest covers were none: their heads lose them. */
static void drop_covered_accidentals(OmrPage *page, const OmrSymbol *rest, float space) {
  size_t kept = 0;
  for (size_t i = 0; i < page->symbols.n; i++) {
    OmrSymbol symbol = page->symbols.items[i];
    bool covered = symbol.kind >= OMR_SHARP && symbol.kind <= OMR_DOUBLE_FLAT && symbol.head >= 0 &&
                   overlap(symbol.x_px, symbol.width_px, symbol.y_px, symbol.height_px, rest->x_px,
                           rest->width_px, rest->y_px, rest->height_px, 0.1f * space);
    if (covered)
      page->heads.items[symbol.head].accidental = SCORE_ACCIDENTAL_NONE;
    else
      page->symbols.items[kept++] = symbol;
  }
  page->symbols.n = kept;
}

/* The best other reading of a rest's place. */
static void find_second(OmrSymbol *rest, const Symbols *found, float space) {
  for (size_t i = 0; i < found->n; i++) {
    const OmrSymbol *other = &found->items[i];
    if (other->kind == rest->kind || other->staff != rest->staff || other->score <= rest->second_score)
      continue;
    float dx = fabsf(other->x_px + 0.5f * other->width_px - rest->x_px - 0.5f * rest->width_px);
    if (dx > 0.8f * space) continue;
    rest->second = other->kind;
    rest->second_score = other->score;
  }
}

/* True when a faint picture lies on a clear block. */
static bool is_block(const OmrSymbol *picture, const Symbols *blocks, float space) {
  for (size_t i = 0; picture->score < CLEAR_PICTURE && i < blocks->n; i++) {
    const OmrSymbol *block = &blocks->items[i];
    if (block->score > CLEAR_BLOCK && overlap(picture->x_px, picture->width_px, picture->y_px, picture->height_px,
                                              block->x_px, block->width_px, block->y_px, block->height_px, 0.2f * space))
      return true;
  }
  return false;
}

/* Keeps what stands free of everything else, and of `blocks` (may be null) where it is faint. */
static BaseStatus keep_free(BaseContext *ctx, OmrPage *page, Symbols *found, const Symbols *blocks, float space) {
  if (found->n) qsort(found->items, found->n, sizeof *found->items, by_score);
  for (size_t i = 0; i < found->n; i++) {
    const OmrSymbol *rest = &found->items[i];
    if (rest->kind >= OMR_REST_QUARTER && rest->score < wanted_score(rest->kind, rest->position)) continue;
    if (!free_place(page, rest, space) || (blocks && is_block(rest, blocks, space))) continue;
    find_second(&found->items[i], found, space);
    drop_covered_accidentals(page, &found->items[i], space);
    if (!base_array_push(&page->symbols, found->items[i])) return base_fail_memory(ctx);
  }
  return BASE_OK;
}

/* Clear pictures first: a block may be the upper part of one. */
BaseStatus omr_find_rests(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet, const OmrMatcher *matcher) {
  Symbols pictures = {0}, blocks = {0};
  BaseStatus status = BASE_OK;
  for (int32_t i = 0; i < (int32_t)page->staves.n && !status; i++) {
    const OmrStaff *staff = &page->staves.items[i];
    float x0 = omr_header_end(page, i) + 0.2f * sheet->space, x1 = staff->x1_px - 0.5f * sheet->space;
    if (base_cancelled(ctx))
      status = base_fail_cancelled(ctx);
    else if (!scan_shapes(&pictures, page, matcher, i, x0, x1) ||
             !scan_blocks(&blocks, page, sheet, i, x0, x1))
      status = base_fail_memory(ctx);
  }
  if (!status) status = keep_free(ctx, page, &pictures, &blocks, sheet->space);
  if (!status) status = keep_free(ctx, page, &blocks, NULL, sheet->space);
  base_array_clear(&pictures);
  base_array_clear(&blocks);
  return status;
}
