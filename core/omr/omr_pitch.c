/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/omr/omr_pitch.h"

#include "core/omr/omr_assembly.h"

#define ROOM_FOR_KEY 10.0f /* spaces */

int omr_diatonic(uint8_t clef, int line_position, int position) {
  static const int reference[] = {4 * 7 + 4, 3 * 7 + 3, 4 * 7}; /* G4, F3, C4 */
  return reference[clef <= OMR_CLEF_C ? clef : 0] + position - line_position;
}

int omr_key_alter(int fifths, int step) {
  static const int sharp_order[7] = {3, 0, 4, 1, 5, 2, 6}; /* F C G D A E B */
  for (int k = 0; k < fifths && k < 7; k++)
    if (sharp_order[k] == step) return 1;
  for (int k = 0; k < -fifths && k < 7; k++)
    if (sharp_order[6 - k] == step) return -1;
  return 0;
}

int omr_accidental_alter(uint8_t accidental) {
  switch (accidental) {
  case SCORE_ACCIDENTAL_SHARP:
    return 1;
  case SCORE_ACCIDENTAL_FLAT:
    return -1;
  case SCORE_ACCIDENTAL_DOUBLE_SHARP:
    return 2;
  case SCORE_ACCIDENTAL_DOUBLE_FLAT:
    return -2;
  default:
    return 0;
  }
}

static const OmrKey *start_key(const OmrPage *page, int32_t system) {
  for (size_t i = 0; i < page->keys.n; i++)
    if (page->staves.items[page->keys.items[i].staff].system == system) return &page->keys.items[i];
  return NULL;
}

/* The key at the end of a system that begins with `start`. */
static int8_t last_key(const OmrPage *page, int32_t system, int8_t start) {
  const OmrKey *first = start_key(page, system);
  int8_t fifths = start;
  for (size_t i = 0; i < page->keys.n && first; i++) {
    const OmrKey *key = &page->keys.items[i];
    if (key != first && key->staff == first->staff) fifths = key->fifths;
  }
  return fifths;
}

/* True when the last bar line of the system is double or thick, the edge behind a signature left out. */
static bool ends_a_section(const OmrPage *page, int32_t system) {
  const OmrBar *last = NULL, *before = NULL;
  for (size_t i = 0; i < page->bars.n; i++)
    if (page->bars.items[i].system == system) before = last, last = &page->bars.items[i];
  bool edge = before && last->x_px - before->x_px < ROOM_FOR_KEY * page->space_px;
  return last && (last->flags || (edge && before->flags));
}

/* A key that changes at the start of a system without a double bar before it was misread, unless it lasts. */
void omr_page_keys(int8_t *fifths, const OmrPage *page) {
  int votes[15] = {0}, best = 7;
  for (int32_t s = 0; s < (int32_t)page->systems.n; s++) {
    const OmrKey *key = start_key(page, s);
    fifths[s] = key ? key->fifths : 0;
    if (key && key->fifths >= -7 && key->fifths <= 7) votes[key->fifths + 7]++;
  }
  for (int k = 0; k < 15; k++)
    if (votes[k] > votes[best]) best = k;
  int32_t n = (int32_t)page->systems.n;
  bool told = n > 1 && (last_key(page, 0, fifths[0]) == fifths[1] || ends_a_section(page, 0));
  if (n > 2 && fifths[0] != fifths[1] && !told) fifths[0] = (int8_t)(best - 7);
  for (int32_t s = 1; s < n; s++) {
    int8_t before = last_key(page, s - 1, fifths[s - 1]);
    bool lasts = fifths[s] != 0 && s + 1 < n && fifths[s + 1] == fifths[s];
    if (fifths[s] != before && !lasts && !ends_a_section(page, s - 1)) fifths[s] = before;
  }
}

int8_t omr_key_in(const OmrAssembly *assembly, size_t index, int8_t start) {
  const OmrMeasure *measure = &assembly->measures.items[index];
  const OmrPage *page = assembly->pages[measure->page];
  const OmrKey *first = start_key(page, measure->system);
  float right = page->bars.items[measure->right].x_px, latest = -1e9f;
  int8_t fifths = start;
  for (size_t i = 0; i < page->keys.n && first; i++) {
    const OmrKey *key = &page->keys.items[i];
    bool inside = key->staff == first->staff && key != first && key->x_px < right - page->space_px;
    if (inside && key->x_px > latest) latest = key->x_px, fifths = key->fifths;
  }
  return fifths;
}
