/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Accidentals are sought where they can stand: left of a head, at its height, up to the next head on the
 * left. Every kind is proposed at its best place; the best proposals of the page are taken first, one for a
 * head and one for a place. */
#include "core/omr/omr_signs.h"

#include <math.h>
#include <stdlib.h>

#define OTHER_HEIGHT   0.15f /* a staff space off the height of the head */
#define BEHIND_NATURAL 0.7f
#define NEARLY_ALIKE   0.14f
#define BEHIND_BAR     0.2f  /* a bar line is no part of a flat or natural, staff spaces */
#define WORTH_KEEPING  0.16f /* below what is wanted: may be one in the light of what a person says */
#define SMALL          0.65f /* before a grace note */
#define SMALL_GRACE    0.03f /* what such signs may look worse */

static const struct {
  uint8_t kind, accidental;
  float threshold;
} kinds[] = {
    {OMR_SHARP, SCORE_ACCIDENTAL_SHARP, 0.62f},
    {OMR_FLAT, SCORE_ACCIDENTAL_FLAT, 0.62f},
    {OMR_NATURAL, SCORE_ACCIDENTAL_NATURAL, 0.67f},
    {OMR_DOUBLE_SHARP, SCORE_ACCIDENTAL_DOUBLE_SHARP, 0.78f},
};

float omr_sign_wanted(uint8_t kind) {
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
    if (kinds[k].kind == kind) return kinds[k].threshold;
  return 2;
}

uint8_t omr_sign_accidental(uint8_t kind) {
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
    if (kinds[k].kind == kind) return kinds[k].accidental;
  return SCORE_ACCIDENTAL_NONE;
}

/* True for heads of one cluster, whose signs all stand left of it. */
static bool clustered(const OmrHead *a, const OmrHead *b, float space) {
  return a->staff == b->staff && a->position != b->position && fabsf(a->x_px - b->x_px) < 1.5f * space;
}

/* The left edge of the head, or of its neighbours in a cluster. */
static float left_edge(const OmrPage *page, const OmrHead *head, float space) {
  float left = head->x_px - 0.5f * head->width_px;
  for (size_t i = 0; i < page->heads.n; i++) {
    const OmrHead *other = &page->heads.items[i];
    if (clustered(head, other, space) && fabsf(other->y_px - head->y_px) < 1.2f * space)
      left = fminf(left, other->x_px - 0.5f * other->width_px);
  }
  return left;
}

/* The right end of what stands left of the head at its height. */
static float left_limit(const OmrPage *page, const OmrHead *head, float space) {
  float limit = head->x_px - 4.2f * space;
  for (size_t i = 0; i < page->heads.n; i++) {
    const OmrHead *other = &page->heads.items[i];
    if (other->x_px > head->x_px - 0.9f * space || fabsf(other->y_px - head->y_px) > 0.8f * space) continue;
    if (clustered(head, other, space) || (other->small && !head->small)) continue;
    limit = fmaxf(limit, other->x_px + 0.5f * other->width_px);
  }
  for (size_t i = 0; i < page->bars.n; i++) {
    const OmrBar *bar = &page->bars.items[i];
    if (bar->system == page->staves.items[head->staff].system && bar->x1_px < head->x_px)
      limit = fmaxf(limit, bar->x1_px + BEHIND_BAR * space);
  }
  return fmaxf(limit, omr_header_end(page, head->staff) - 0.3f * space);
}

/* A sign that may belong to a head. */
typedef struct {
  size_t head;
  int kind; /* into kinds */
  float value;
  OmrMatch match;
} Proposal;

typedef BASE_ARRAY(Proposal) Proposals;

/* Proposes each kind of sign at its best place left of the head. */
static bool propose(Proposals *proposals, const OmrMatcher *matcher, OmrPage *page, size_t index, float space) {
  const OmrHead *head = &page->heads.items[index];
  float limit = left_limit(page, head, space), right = left_edge(page, head, space);
  float size = head->small ? SMALL : 1, play = 0.25f * space;
  float x0 = fmaxf(limit, right - 3.2f * size * space), x1 = right - 0.6f * size * space;
  for (size_t k = 0; x1 > x0 && k < sizeof kinds / sizeof *kinds; k++) {
    OmrMatch match = omr_match(matcher, kinds[k].kind, size, x0, x1, head->y_px - play, head->y_px + play);
    float gap = right - (match.x0 + match.width), value = match.score - 0.06f * fmaxf(0, gap / space - 0.4f);
    float wanted = kinds[k].threshold - (head->small ? SMALL_GRACE : 0);
    if (head->small && (gap > 0.8f * space || kinds[k].kind == OMR_DOUBLE_SHARP)) continue;
    OmrSign sign = {(int32_t)index, kinds[k].kind, value + kinds[k].threshold - wanted};
    if (value >= wanted - WORTH_KEEPING && !base_array_push(&page->signs, sign)) return false;
    if (value < wanted) continue;
    value -= OTHER_HEIGHT * fabsf(match.y - head->y_px) / space;
    if (!base_array_push(proposals, (Proposal){index, (int)k, value, match})) return false;
  }
  return true;
}

static int by_value(const void *a, const void *b) {
  const Proposal *pa = a, *pb = b;
  if (pa->value != pb->value) return pa->value < pb->value ? 1 : -1;
  return (pa->head > pb->head) - (pa->head < pb->head);
}

/* The next best kind of sign proposed for the head. */
static uint8_t second_kind(const Proposals *proposals, const Proposal *first) {
  for (const Proposal *p = first + 1; p < proposals->items + proposals->n; p++)
    if (p->head == first->head && p->kind != first->kind) return p->match.kind;
  return OMR_SYMBOLS;
}

/* Share of the rows [y0, y1] with ink in the columns [x0, x1]. */
static float inked_rows(const OmrSheet *sheet, float x0, float x1, float y0, float y1) {
  int hits = 0, tried = 0;
  for (int y = (int)lrintf(y0); y <= (int)lrintf(y1); y++, tried++) {
    bool ink = false;
    for (int x = (int)lrintf(x0); x <= (int)lrintf(x1) && !ink; x++)
      ink = omr_ink_at(sheet, sheet->clean, x, y);
    hits += ink;
  }
  return tried ? (float)hits / (float)tried : 0;
}

/* Sharps and naturals differ at two corners: where the right upright goes on above the bars and the left one
 * below them. 1: a sharp, -1: a natural, 0: not told. */
static int corners(const OmrSheet *sheet, const OmrMatch *sign, float size) {
  float space = size * sheet->space, middle = sign->x0 + 0.5f * sign->width, y = sign->y;
  float upper = inked_rows(sheet, middle, middle + 0.5f * space, y - 1.3f * space, y - 0.85f * space);
  float lower = inked_rows(sheet, middle - 0.5f * space, middle, y + 0.85f * space, y + 1.3f * space);
  return fminf(upper, lower) > 0.6f ? 1 : fmaxf(upper, lower) < 0.3f ? -1 : 0;
}

/* Of a sharp and a natural that fit nearly alike the corners tell which it is. */
static void tell_apart(Proposal *proposal, const Proposals *proposals, const OmrSheet *sheet, float size) {
  int is = corners(sheet, &proposal->match, size);
  uint8_t kind = proposal->match.kind, other = kind == OMR_SHARP ? OMR_NATURAL : OMR_SHARP;
  if ((kind != OMR_SHARP && kind != OMR_NATURAL) || is == 0 || (is > 0) == (kind == OMR_SHARP)) return;
  for (const Proposal *p = proposals->items; p < proposals->items + proposals->n; p++) {
    if (p->head != proposal->head || p->match.kind != other || p->value < proposal->value - NEARLY_ALIKE)
      continue;
    if (fabsf(p->match.x0 + 0.5f * p->match.width - proposal->match.x0 - 0.5f * proposal->match.width) <
        0.4f * sheet->space)
      *proposal = *p;
    return;
  }
}

/* A natural before a sharp or flat only takes back an older sign: looks for one between it and the head. */
static void pass_natural(Proposal *proposal, const OmrMatcher *matcher, const OmrHead *head, float space) {
  const OmrMatch *natural = &proposal->match;
  float from = natural->x0 + natural->width, right = head->x_px - 0.5f * head->width_px, play = 0.25f * space;
  for (int k = 0; k < 2; k++) {
    float width = kinds[k].kind == OMR_SHARP ? 0.9f * space : 0.7f * space;
    if (right - from < width) continue;
    OmrMatch match = omr_match(matcher, kinds[k].kind, 1, from, right, head->y_px - play, head->y_px + play);
    if (match.score < BEHIND_NATURAL || match.x0 < from - 0.2f * space ||
        match.x0 + match.width > right + 0.2f * space)
      continue;
    proposal->kind = k;
    proposal->match = match;
    return;
  }
}

/* True when the sign is already another head's, or one of the key. */
static bool taken(const OmrPage *page, const OmrMatch *sign, float space) {
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *symbol = &page->symbols.items[i];
    if (symbol->kind < OMR_SHARP || symbol->kind > OMR_DOUBLE_FLAT) continue;
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

static bool give(OmrPage *page, const Proposals *proposals, const Proposal *proposal, const Proposal *chosen,
                 float space) {
  OmrHead *head = &page->heads.items[chosen->head];
  const OmrMatch *sign = &chosen->match;
  head->accidental = kinds[chosen->kind].accidental;
  give_twins(page, head, space);
  OmrSymbol symbol = {.staff = head->staff,
                      .head = (int32_t)chosen->head,
                      .kind = sign->kind,
                      .second = second_kind(proposals, proposal),
                      .position = head->position};
  symbol.x_px = sign->x0, symbol.y_px = sign->y0, symbol.width_px = sign->width,
  symbol.height_px = sign->height;
  symbol.score = sign->score;
  return base_array_push(&page->symbols, symbol);
}

BaseStatus omr_find_accidentals(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet,
                                const OmrMatcher *matcher) {
  Proposals proposals = {0};
  BaseStatus status = BASE_OK;
  for (size_t i = 0; !status && i < page->heads.n; i++) {
    if (i % 64 == 0 && base_cancelled(ctx)) status = base_fail_cancelled(ctx);
    if (!status && !propose(&proposals, matcher, page, i, sheet->space)) status = base_fail_memory(ctx);
  }
  if (proposals.n) qsort(proposals.items, proposals.n, sizeof *proposals.items, by_value);
  for (size_t i = 0; !status && i < proposals.n; i++) {
    Proposal chosen = proposals.items[i];
    const OmrHead *head = &page->heads.items[chosen.head];
    if (head->accidental || taken(page, &chosen.match, sheet->space)) continue;
    tell_apart(&chosen, &proposals, sheet, head->small ? SMALL : 1);
    if (kinds[chosen.kind].kind == OMR_NATURAL && !head->small)
      pass_natural(&chosen, matcher, head, sheet->space);
    if (!give(page, &proposals, &proposals.items[i], &chosen, sheet->space)) status = base_fail_memory(ctx);
  }
  base_array_clear(&proposals);
  return status;
}
