/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How far a bar can be trusted: a logistic model over what is known of it without its truth. Its weights were
 * fitted to right and wrong bars of 58 scanned pages (1800 bars, a quarter of them wrong) and rounded; fitted
 * to five sixths of the documents it put 52 of 100 wrong bars of the others among the fifth that is
 * trusted least, of at most 80 that have room there. */
#include "core/omr/omr_assembly.h"

#include <math.h>
#include <stdlib.h>

/* What adds to the suspicion against a bar, by how much for each, and from where on no more. */
enum { COST, MARGIN, WEAK, VOICES, ACCIDENTAL, LEDGERS, BARE, EMPTY, ODD, CLUES };

static const struct {
  float weight, most;
} clues[CLUES] = {
    [COST] = {0.4f, 8},       /* how far its rhythm departs from the print */
    [MARGIN] = {-0.05f, 3},   /* how much dearer the next best rhythm is */
    [WEAK] = {0.2f, 4},      /* heads that look weak */
    [VOICES] = {0.8f, 4},     /* staves with two voices */
    [ACCIDENTAL] = {5.5f, 0.3f}, /* how far its worst accidental looks from a good one */
    [LEDGERS] = {0.12f, 4},   /* heads on the third ledger line or beyond */
    [BARE] = {0.65f, 2},       /* filled heads without a stem */
    [EMPTY] = {1.25f, 1},      /* staves without a note or rest: their music was missed or is printed in another one */
    [ODD] = {0.2f, 8},        /* how odd its music is */
};

#define USUAL_SUSPICION (-2.95f)
#define USUAL_ODD       2.7f /* where nobody said */
#define GOOD_ACCIDENTAL 0.85f

static bool looks_weak(const OmrHead *head) {
  return head->score < (head->kind == OMR_FILLED ? 0.93f : 0.88f);
}

static void weigh_heads(float found[CLUES], const OmrPage *page, int32_t chord) {
  for (size_t i = omr_first_head(page, chord); i < page->heads.n && page->heads.items[i].chord == chord;
       i++) {
    const OmrHead *head = &page->heads.items[i];
    found[WEAK] += looks_weak(head);
    found[LEDGERS] += abs(head->position) >= 9;
    for (size_t k = 0; head->accidental && k < page->symbols.n; k++)
      if (page->symbols.items[k].head == (int32_t)i)
        found[ACCIDENTAL] = fmaxf(found[ACCIDENTAL], GOOD_ACCIDENTAL - page->symbols.items[k].score);
  }
}

static int staves_with_two_voices(const OmrAssembly *assembly, const OmrMeasure *measure) {
  uint8_t voices[OMR_BAR_STAVES] = {0};
  int two = 0;
  for (size_t e = measure->first; e < measure->first + measure->n; e++) {
    const OmrEvent *event = &assembly->events.items[e];
    if (!event->fills && !event->left_out && event->staff >= 0 && event->staff < OMR_BAR_STAVES)
      voices[event->staff] |= (uint8_t)(1u << (event->voice & 1));
  }
  for (int i = 0; i < OMR_BAR_STAVES; i++) two += voices[i] == 3;
  return two;
}

static int empty_staves(const OmrAssembly *assembly, const OmrMeasure *measure) {
  uint32_t filled = 0;
  int empty = 0;
  for (size_t e = measure->first; e < measure->first + measure->n; e++) {
    const OmrEvent *event = &assembly->events.items[e];
    if (!event->left_out && event->staff >= 0 && event->staff < OMR_BAR_STAVES) filled |= 1u << event->staff;
  }
  const OmrSystem *system = &assembly->pages[measure->page]->systems.items[measure->system];
  for (int32_t row = assembly->staves - system->staves; row < assembly->staves; row++) empty += !(filled >> row & 1);
  return empty;
}

float omr_bar_confidence(const OmrAssembly *assembly, size_t index) {
  const OmrMeasure *measure = &assembly->measures.items[index];
  const OmrPage *page = assembly->pages[measure->page];
  float found[CLUES] = {[COST] = measure->cost, [MARGIN] = measure->margin};
  found[VOICES] = (float)staves_with_two_voices(assembly, measure);
  found[EMPTY] = (float)empty_staves(assembly, measure);
  float odd = page->bars.items[measure->left].odd;
  found[ODD] = odd != 0 ? odd : USUAL_ODD;
  for (size_t e = measure->first; e < measure->first + measure->n; e++) {
    int32_t chord = assembly->sources.items[e].chord;
    if (assembly->events.items[e].left_out) continue;
    found[BARE] += assembly->events.items[e].unsure;
    if (chord >= 0) weigh_heads(found, page, chord);
  }
  float suspicion = USUAL_SUSPICION;
  for (int k = 0; k < CLUES; k++) suspicion += clues[k].weight * fminf(found[k], clues[k].most);
  return 1 / (1 + expf(suspicion));
}

float omr_head_confidence(const OmrHead *head) {
  float score = head->score + (head->kind == OMR_FILLED ? 0 : 0.045f);
  return 0.98f - 2.4f * fmaxf(0, 0.935f - score);
}
