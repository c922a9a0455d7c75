/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sharps, flats and naturals of one typeface and print look more or less like the pictures that are sought.
 * The heads in bars that a person put right or confirmed tell which signs there are; what each kind gains or
 * loses is moved in steps to where those heads come out right, each step having to pay. */
#include "core/omr/omr_learn_parts.h"
#include "core/omr/omr_signs.h"
#include "core/omr/omr_suit.h"

#include <math.h>
#include <stdlib.h>

#define STEP       0.03f
#define STEP_WORTH 0.9f  /* wrong heads that a step has to put right */
#define MOST_STEPS 4

/* A head's signs on a page as read, and what it has in truth. */
typedef struct {
  const OmrPage *page;
  size_t first, n; /* of page->signs */
  uint8_t accidental;
} Case;

typedef BASE_ARRAY(Case) Cases;

/* The head of `right` that stands where one of `read` stands, -1 none. */
static const OmrHead *same_head(const OmrPage *right, const OmrHead *head) {
  for (size_t i = 0; i < right->heads.n; i++)
    if (fabsf(right->heads.items[i].x_px - head->x_px) < 0.5f &&
        fabsf(right->heads.items[i].y_px - head->y_px) < 0.5f)
      return &right->heads.items[i];
  return NULL;
}

/* Said to sound otherwise than its sign: who says that has not said which sign there is. */
static bool unclear(const OmrEdits *edits, int32_t page, const OmrHead *head) {
  bool alter = false, sign = false;
  for (size_t i = 0; i < edits->n; i++) {
    const OmrEdit *edit = &edits->items[i];
    if (edit->page != page || fabsf(edit->x_px - head->x_px) > 1 || fabsf(edit->y_px - head->y_px) > 1)
      continue;
    alter |= edit->kind == OMR_EDIT_ALTER;
    sign |= edit->kind == OMR_EDIT_ACCIDENTAL;
  }
  return alter && !sign;
}

static bool collect(Cases *cases, const OmrPage *read, const OmrAssembly *right, int32_t index,
                    const OmrEdits *edits) {
  for (size_t i = 0, n; i < read->signs.n; i += n) {
    const OmrHead *head = &read->heads.items[read->signs.items[i].head];
    n = omr_signs_of(read, i);
    const OmrHead *truth = same_head(right->pages[index], head);
    if (!truth || unclear(edits, index, head) ||
        !omr_learn_trusts(right, edits, index, head->x_px, head->y_px))
      continue;
    if (!base_array_push(cases, (Case){read, i, n, truth->accidental})) return false;
  }
  return true;
}

static float wrong_with(const Cases *cases, const OmrTaste *taste) {
  float wrong = 0;
  for (int k = 0; k < OMR_LIKELIER; k++) wrong += STEP_WORTH * fabsf(taste->likelier[k]) / STEP;
  for (size_t i = 0; i < cases->n; i++) {
    const Case *one = &cases->items[i];
    bool other;
    uint8_t kind = omr_suited_kind(&other, one->page, one->first, one->n, taste);
    const OmrHead *head = &one->page->heads.items[one->page->signs.items[one->first].head];
    wrong += (other ? omr_sign_accidental(kind) : head->accidental) != one->accidental;
  }
  return wrong;
}

static bool take_best_step(OmrTaste *taste, float *least, const Cases *cases) {
  OmrTaste from = *taste;
  bool moved = false;
  for (int k = 0; k < OMR_LIKELIER; k++)
    for (int steps = -MOST_STEPS; steps <= MOST_STEPS; steps++) {
      OmrTaste tried = from;
      tried.likelier[k] = STEP * (float)steps;
      float wrong = wrong_with(cases, &tried);
      if (wrong >= *least) continue;
      *least = wrong;
      *taste = tried;
      moved = true;
    }
  return moved;
}

bool omr_learn_signs(OmrTaste *taste, const OmrPage *const *read, const OmrAssembly *right,
                     const OmrEdits *edits) {
  Cases cases = {0};
  bool good = true;
  for (size_t i = 0; good && i < right->n_pages; i++)
    if (read[i] && right->pages[i]) good = collect(&cases, read[i], right, (int32_t)i, edits);
  float least = wrong_with(&cases, taste);
  while (good && least > 0 && take_best_step(taste, &least, &cases)) continue;
  base_array_clear(&cases);
  return good;
}
