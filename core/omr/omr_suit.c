/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Accidentals decided once more in the light of a document. The reader kept what each sign before a head
 * looks like, also a little below what it takes for one; where this document's sharps, flats and naturals
 * look otherwise than usual, a head's sign becomes another one, appears or goes. Heads whose sign is the same
 * either way stay as read. */
#include "core/omr/omr_suit.h"

#include "core/omr/omr_signs.h"

#include <math.h>
#include <string.h>

static float bias_of(const OmrTaste *taste, uint8_t kind) {
  return kind >= OMR_SHARP && kind <= OMR_NATURAL ? taste->likelier[kind - OMR_SHARP] : 0;
}

/* The kind that looks most like it, OMR_SYMBOLS none, among the signs [first, first + n) of one head. */
static uint8_t best_kind(const OmrSign *signs, size_t n, const OmrTaste *taste) {
  uint8_t best = OMR_SYMBOLS;
  float most = 0;
  for (size_t i = 0; i < n; i++) {
    float value = signs[i].value + bias_of(taste, signs[i].kind);
    if (value >= omr_sign_wanted(signs[i].kind) && value > most) most = value, best = signs[i].kind;
  }
  return best;
}

size_t omr_signs_of(const OmrPage *page, size_t first) {
  size_t n = 1;
  while (first + n < page->signs.n && page->signs.items[first + n].head == page->signs.items[first].head) n++;
  return n;
}

uint8_t omr_suited_kind(bool *other, const OmrPage *page, size_t first, size_t n, const OmrTaste *taste) {
  static const OmrTaste usual;
  const OmrSign *signs = page->signs.items + first;
  uint8_t kind = best_kind(signs, n, taste);
  *other = kind != best_kind(signs, n, &usual);
  return kind;
}

static OmrSymbol *symbol_of(OmrPage *page, int32_t head) {
  for (size_t i = 0; i < page->symbols.n; i++)
    if (page->symbols.items[i].head == head) return &page->symbols.items[i];
  return NULL;
}

bool omr_change_sign(OmrPage *page, int32_t index, uint8_t kind) {
  OmrHead *head = &page->heads.items[index];
  OmrSymbol *there = symbol_of(page, index);
  head->accidental = omr_sign_accidental(kind);
  if (kind == OMR_SYMBOLS) {
    if (there) {
      size_t at = (size_t)(there - page->symbols.items);
      memmove(there, there + 1, (--page->symbols.n - at) * sizeof *there);
    }
    return true;
  }
  if (there) {
    there->second = there->kind;
    there->kind = kind;
    return true;
  }
  float space = page->space_px;
  OmrSymbol made = {
      .staff = head->staff, .head = index, .kind = kind, .second = OMR_SYMBOLS, .position = head->position};
  made.width_px = space, made.height_px = 2.5f * space, made.score = omr_sign_wanted(kind);
  made.x_px = head->x_px - 0.5f * head->width_px - 1.2f * space;
  made.y_px = head->y_px - 1.25f * space;
  made.column_sp = (made.x_px + 0.5f * space) / space;
  return base_array_push(&page->symbols, made);
}

bool omr_suits_all(const OmrTaste *taste) {
  for (int k = 0; k < OMR_LIKELIER; k++)
    if (taste->likelier[k] != 0) return false;
  return true;
}

bool omr_suit(OmrPage *page, const OmrTaste *taste) {
  for (size_t i = 0, n; i < page->signs.n; i += n) {
    bool other;
    n = omr_signs_of(page, i);
    uint8_t kind = omr_suited_kind(&other, page, i, n, taste);
    if (other && !omr_change_sign(page, page->signs.items[i].head, kind)) return false;
  }
  return true;
}
