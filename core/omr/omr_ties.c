/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What curves join. One between two neighbouring heads of the same place, from beside the one to beside the
 * other, is a tie; the best matches are taken first, each head once at each side. Others that begin and end
 * near a chord are slurs. */
#include "core/omr/omr_curves.h"

#include <math.h>
#include <stdlib.h>

#define LEAST_SAG 0.11f /* staff spaces */
#define TIE_BAD   2.4f  /* worst match of a tie, staff spaces */

typedef struct {
  int32_t from, to, curve;
  float miss;
} Proposal;

typedef BASE_ARRAY(Proposal) Proposals;

/* The next head of the same place in the system, or -1. */
static int32_t next_head(const OmrPage *page, const OmrHead *head, float space) {
  int32_t best = -1;
  for (size_t i = 0; i < page->heads.n; i++) {
    const OmrHead *other = &page->heads.items[i];
    if (other->staff != head->staff || other->position != head->position ||
        other->x_px < head->x_px + 1.2f * space)
      continue;
    if (other->small || other->accidental || other->x_px > head->x_px + 40 * space) continue;
    if (best < 0 || other->x_px < page->heads.items[best].x_px) best = (int32_t)i;
  }
  return best;
}

static bool bent(const OmrCurve *curve, float space) {
  return fabsf(curve->sag) >= fmaxf(LEAST_SAG * space, 0.012f * (curve->x1 - curve->x0));
}

/* How far the curve is from where a tie of the two heads would run, staff spaces. */
static float tie_miss(const OmrCurve *curve, const OmrHead *a, const OmrHead *b, float space) {
  float left = (curve->x0 - a->x_px) / space, right = (b->x_px - curve->x1) / space;
  if (left < -0.4f || right < -0.4f || left > 1.9f || right > 1.9f) return 1e9f;
  float side = curve->sag > 0 ? 1 : -1;
  float y0 = side * (curve->y0 - a->y_px) / space, y1 = side * (curve->y1 - b->y_px) / space;
  if (y0 < -0.45f || y1 < -0.45f || y0 > 1.7f || y1 > 1.7f) return 1e9f;
  if (fabsf(curve->sag) > 0.35f * (curve->x1 - curve->x0) + 0.3f * space) return 1e9f;
  return fabsf(y0 - 0.4f) + fabsf(y1 - 0.4f) + fabsf(y0 - y1) + 0.3f * fabsf(left - 0.8f) +
         0.3f * fabsf(right - 0.8f);
}

static bool propose(Proposals *proposals, const OmrPage *page, const OmrCurves *curves, float space) {
  for (size_t i = 0; i < page->heads.n; i++) {
    const OmrHead *head = &page->heads.items[i];
    int32_t next = head->small ? -1 : next_head(page, head, space);
    for (size_t k = 0; next >= 0 && k < curves->n; k++) {
      const OmrCurve *curve = &curves->items[k];
      if (curve->x0 > head->x_px + 2 * space) break;
      if (curve->x0 < head->x_px - space || !bent(curve, space)) continue;
      float miss = tie_miss(curve, head, &page->heads.items[next], space);
      if (miss < TIE_BAD && !base_array_push(proposals, (Proposal){(int32_t)i, next, (int32_t)k, miss}))
        return false;
    }
  }
  return true;
}

static int by_miss(const void *a, const void *b) {
  const Proposal *pa = a, *pb = b;
  if (pa->miss != pb->miss) return pa->miss > pb->miss ? 1 : -1;
  return pa->from != pb->from ? pa->from - pb->from : pa->curve - pb->curve;
}

/* Heads that two voices share stand twice: a curve may tie both. */
static bool taken(const OmrPage *page, const Proposals *proposals, size_t n, const Proposal *proposal) {
  for (size_t i = 0; i < n; i++) {
    const Proposal *other = &proposals->items[i];
    if (other->miss > 1e8f) continue;
    if (other->from == proposal->from || other->to == proposal->to) return true;
    const OmrHead *a = &page->heads.items[other->from], *b = &page->heads.items[proposal->from];
    if (other->curve == proposal->curve && (a->position != b->position || a->staff != b->staff)) return true;
  }
  return false;
}

static OmrArc arc_of(const OmrCurve *curve, int32_t from, int32_t to) {
  return (OmrArc){from, to, curve->x0, curve->top, curve->x1 - curve->x0, curve->bottom - curve->top};
}

static bool tie(OmrPage *page, bool *used, const OmrCurves *curves, float space) {
  Proposals proposals = {0};
  bool ok = propose(&proposals, page, curves, space);
  if (proposals.n) qsort(proposals.items, proposals.n, sizeof *proposals.items, by_miss);
  for (size_t i = 0; i < proposals.n && ok; i++) {
    Proposal *proposal = &proposals.items[i];
    if (taken(page, &proposals, i, proposal)) {
      proposal->miss = 1e9f;
      continue;
    }
    used[proposal->curve] = true;
    ok = base_array_push(&page->ties, arc_of(&curves->items[proposal->curve], proposal->from, proposal->to));
  }
  base_array_clear(&proposals);
  return ok;
}

/* The head at an end of a slur, or -1: of the chord that is nearest in x and, at either of its ends, in y. */
static int32_t head_at(const OmrPage *page, float x, float y, float space) {
  int32_t best = -1;
  float least = 1.7f;
  for (size_t i = 0; i < page->heads.n; i++) {
    const OmrHead *head = &page->heads.items[i];
    const OmrChord *chord = &page->chords.items[head->chord];
    float dx = fabsf(head->x_px - x) / space, dy = fabsf(head->y_px - y) / space;
    float end = fminf(fabsf(chord->y0_px - y), fabsf(chord->y1_px - y)) / space + 0.3f;
    if (chord->stem) dy = fminf(dy, end);
    float miss = dx + 0.3f * fmaxf(0, dy - 0.5f);
    if (dy > 4 || miss >= least) continue;
    least = miss;
    best = (int32_t)i;
  }
  return best;
}

static bool slur(OmrPage *page, const bool *used, const OmrCurves *curves, float space) {
  for (size_t k = 0; k < curves->n; k++) {
    const OmrCurve *curve = &curves->items[k];
    if (used[k] || !bent(curve, space)) continue;
    int32_t from = head_at(page, curve->x0, curve->y0, space),
            to = head_at(page, curve->x1, curve->y1, space);
    if (from < 0 || to < 0) continue;
    const OmrHead *a = &page->heads.items[from], *b = &page->heads.items[to];
    if (b->x_px - a->x_px < 0.8f * space || a->chord == b->chord) continue;
    if (page->staves.items[a->staff].system != page->staves.items[b->staff].system) continue;
    if (!base_array_push(&page->slurs, arc_of(curve, from, to))) return false;
  }
  return true;
}

bool omr_join_by_curves(OmrPage *page, const OmrSheet *sheet, const OmrCurves *curves) {
  bool *used = BASE_TAKE(sheet->arena, bool, curves->n + 1);
  for (size_t i = 0; used && i < curves->n; i++) used[i] = false;
  return used && tie(page, used, curves, sheet->space) && slur(page, used, curves, sheet->space);
}
