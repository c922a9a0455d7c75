/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/omr/omr_pitch.h"

#include "core/omr/omr_assembly.h"

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

void omr_page_keys(int8_t *fifths, const OmrPage *page) {
  int votes[15] = {0}, best = 7;
  for (int32_t s = 0; s < (int32_t)page->systems.n; s++) {
    const OmrKey *key = start_key(page, s);
    fifths[s] = key ? key->fifths : 0;
    if (key && key->fifths >= -7 && key->fifths <= 7) votes[key->fifths + 7]++;
  }
  for (int k = 0; k < 15; k++)
    if (votes[k] > votes[best]) best = k;
  /* A key that stands at one system only, between systems of the common key, was misread. */
  for (int32_t s = 0; s < (int32_t)page->systems.n; s++) {
    bool alone = (s == 0 || fifths[s - 1] != fifths[s]) &&
                 (s + 1 >= (int32_t)page->systems.n || fifths[s + 1] != fifths[s]);
    if (fifths[s] != best - 7 && alone && page->systems.n > 2) fifths[s] = (int8_t)(best - 7);
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
