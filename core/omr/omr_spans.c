/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From lines on the page to stretches of the score: a line holds from the first note over or under it to the
 * last one. */
#include "core/omr/omr_spans.h"

#include <math.h>

static bool covers(const OmrSymbol *symbol, float x, float slack) {
  return x > symbol->x_px - slack && x < symbol->x_px + symbol->width_px + slack;
}

int omr_octaves_at(const OmrPage *page, int32_t staff, float x) {
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *symbol = &page->symbols.items[i];
    if (symbol->kind == OMR_OCTAVE && symbol->staff == staff && covers(symbol, x, 0.6f * page->space_px))
      return symbol->position;
  }
  return 0;
}

static const OmrSymbol *ending_over(const OmrAssembly *assembly, size_t index) {
  if (index >= assembly->measures.n) return NULL;
  const OmrMeasure *measure = &assembly->measures.items[index];
  const OmrPage *page = assembly->pages[measure->page];
  float middle = 0.5f * (page->bars.items[measure->left].x_px + page->bars.items[measure->right].x_px);
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *symbol = &page->symbols.items[i];
    if (symbol->kind == OMR_ENDING && page->staves.items[symbol->staff].system == measure->system &&
        covers(symbol, middle, 0))
      return symbol;
  }
  return NULL;
}

void omr_set_ending(ScoreMeasure *made, const OmrAssembly *assembly, size_t index) {
  const OmrSymbol *ending = ending_over(assembly, index);
  if (!ending) return;
  made->endings = (uint16_t)(1u << (ending->position - 1));
  made->ending_start = index == 0 || ending_over(assembly, index - 1) != ending;
  made->ending_stop = ending_over(assembly, index + 1) != ending;
}

/* First and last note of a staff that a symbol covers; false when there is none. */
static bool notes_under(const ScoreNote *ends[2], const Score *score, int32_t page, int32_t part,
                        int32_t staff, const OmrSymbol *symbol, float slack) {
  ends[0] = ends[1] = NULL;
  for (size_t i = 0; i < score->notes.n; i++) {
    const ScoreNote *note = &score->notes.items[i];
    float x = note->box.x + 0.5f * note->box.width;
    if (note->grace || note->box.page != page || note->box.width <= 0 || note->part != part ||
        note->staff != staff || !covers(symbol, x, slack))
      continue;
    float y = note->box.y - symbol->y_px;
    if (fabsf(y) > 16 * note->box.height) continue;
    for (int k = 0; k < 2; k++) {
      int order = !ends[k]                            ? 0
                  : note->measure != ends[k]->measure ? note->measure - ends[k]->measure
                                                      : beat_compare(note->onset, ends[k]->onset);
      if (!ends[k] || (k ? order > 0 : order < 0)) ends[k] = note;
    }
  }
  return ends[0] != NULL;
}

static bool add_edge(Score *score, const OmrSymbol *symbol, const ScoreNote *note, int32_t page, bool stop) {
  bool octave = symbol->kind == OMR_OCTAVE;
  ScoreSign sign = score_sign(score, octave ? SCORE_SIGN_OCTAVE : SCORE_SIGN_WEDGE);
  sign.measure = note->measure;
  sign.part = note->part;
  sign.staff = note->staff;
  sign.edge = stop ? SCORE_EDGE_STOP : SCORE_EDGE_START;
  sign.onset =
      stop ? beat_min(beat_add(note->onset, note->duration), score->measures.items[note->measure].length)
           : note->onset;
  sign.octave_shift = octave ? (int8_t)symbol->position : 0;
  sign.wedge = octave ? 0 : symbol->kind == OMR_CRESCENDO ? 1 : -1;
  sign.confidence = symbol->score;
  if (!stop) sign.box = (ScoreBox){page, symbol->x_px, symbol->y_px, symbol->width_px, symbol->height_px};
  return base_array_push(&score->signs, sign);
}

bool omr_add_spans(Score *score, const OmrAssembly *assembly, const int32_t *part_of,
                   const int32_t *staff_of) {
  for (size_t p = 0; p < assembly->n_pages; p++) {
    const OmrPage *page = assembly->pages[p];
    for (size_t i = 0; page && i < page->symbols.n; i++) {
      const OmrSymbol *symbol = &page->symbols.items[i];
      if (symbol->kind != OMR_OCTAVE && symbol->kind != OMR_CRESCENDO && symbol->kind != OMR_DIMINUENDO)
        continue;
      if (page->systems.items[page->staves.items[symbol->staff].system].staves > OMR_BAR_STAVES) continue;
      int32_t row = omr_row(assembly, page, symbol->staff);
      const ScoreNote *ends[2];
      float slack = (symbol->kind == OMR_OCTAVE ? 0.6f : 1.5f) * page->space_px;
      if (!notes_under(ends, score, (int32_t)p, part_of[row], staff_of[row], symbol, slack)) continue;
      if (!add_edge(score, symbol, ends[0], (int32_t)p, false) ||
          !add_edge(score, symbol, ends[1], (int32_t)p, true))
        return false;
    }
  }
  return true;
}
