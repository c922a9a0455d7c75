/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Accidentals are sought where they can stand: left of a head, at its height, up to the next head on the
 * left. The best of sharp, flat, natural and double sharp wins; a sign serves the nearest head of its height.
 */
#include "core/omr/omr_signs.h"

#include <math.h>

static const struct {
  uint8_t kind, accidental;
  float threshold;
} kinds[] = {
    {OMR_SHARP, SCORE_ACCIDENTAL_SHARP, 0.62f},
    {OMR_FLAT, SCORE_ACCIDENTAL_FLAT, 0.62f},
    {OMR_NATURAL, SCORE_ACCIDENTAL_NATURAL, 0.67f},
    {OMR_DOUBLE_SHARP, SCORE_ACCIDENTAL_DOUBLE_SHARP, 0.72f},
};

/* The right end of what stands left of the head at its height. */
static float left_limit(const OmrPage *page, const OmrHead *head, float space) {
  float limit = head->x_px - 4.2f * space;
  for (size_t i = 0; i < page->heads.n; i++) {
    const OmrHead *other = &page->heads.items[i];
    if (other->x_px > head->x_px - 0.9f * space || fabsf(other->y_px - head->y_px) > 0.8f * space) continue;
    limit = fmaxf(limit, other->x_px + 0.5f * other->width_px);
  }
  for (size_t i = 0; i < page->bars.n; i++) {
    const OmrBar *bar = &page->bars.items[i];
    if (bar->system == page->staves.items[head->staff].system && bar->x1_px < head->x_px)
      limit = fmaxf(limit, bar->x1_px);
  }
  return fmaxf(limit, omr_header_end(page, head->staff) - 0.3f * space);
}

/* The best sign for the head and its index in `kinds`, or -1. */
static int best_sign(OmrMatch *best, OmrMatch *second, const OmrMatcher *matcher, const OmrPage *page,
                     const OmrHead *head, float space) {
  float limit = left_limit(page, head, space), right = head->x_px - 0.5f * head->width_px;
  float y = head->y_px, play = 0.25f * space;
  int chosen = -1;
  float best_value = 0;
  *best = *second = (OmrMatch){.kind = OMR_SYMBOLS};
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    float x0 = fmaxf(limit, right - 3.2f * space), x1 = right - 0.6f * space;
    if (x1 <= x0) continue;
    OmrMatch match = omr_match(matcher, kinds[k].kind, 1, x0, x1, y - play, y + play);
    float gap = right - (match.x0 + match.width), value = match.score - 0.06f * fmaxf(0, gap / space - 0.4f);
    if (value < kinds[k].threshold) continue;
    if (value <= best_value) {
      if (match.score > second->score) *second = match;
      continue;
    }
    *second = *best;
    *best = match;
    best_value = value;
    chosen = (int)k;
  }
  return chosen;
}

/* True when the sign is already another head's. */
static bool taken(const OmrPage *page, const OmrMatch *sign, size_t from, float space) {
  for (size_t i = from; i < page->symbols.n; i++) {
    const OmrSymbol *symbol = &page->symbols.items[i];
    if (fabsf(symbol->x_px - sign->x0) < 0.4f * space && fabsf(symbol->y_px - sign->y0) < 0.8f * space)
      return true;
  }
  return false;
}

/* Heads that two voices share are two heads at one place: both get the sign. */
static void give_twins(OmrPage *page, const OmrHead *head, float space) {
  for (size_t i = 0; i < page->heads.n; i++) {
    OmrHead *other = &page->heads.items[i];
    if (other->staff == head->staff && other->position == head->position &&
        fabsf(other->x_px - head->x_px) < 0.1f * space)
      other->accidental = head->accidental;
  }
}

BaseStatus omr_find_accidentals(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet,
                                const OmrMatcher *matcher) {
  size_t first = page->symbols.n;
  for (size_t i = 0; i < page->heads.n; i++) {
    if (i % 64 == 0 && base_cancelled(ctx)) return base_fail_cancelled(ctx);
    OmrHead *head = &page->heads.items[i];
    if (head->accidental) continue;
    OmrMatch sign, second;
    int k = best_sign(&sign, &second, matcher, page, head, sheet->space);
    if (k < 0 || taken(page, &sign, first, sheet->space)) continue;
    head->accidental = kinds[k].accidental;
    give_twins(page, head, sheet->space);
    OmrSymbol symbol = {.staff = head->staff,
                        .head = (int32_t)i,
                        .kind = sign.kind,
                        .second = second.kind,
                        .position = head->position};
    symbol.x_px = sign.x0, symbol.y_px = sign.y0, symbol.width_px = sign.width,
    symbol.height_px = sign.height;
    symbol.score = sign.score;
    if (!base_array_push(&page->symbols, symbol)) return base_fail_memory(ctx);
  }
  return BASE_OK;
}
