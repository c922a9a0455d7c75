/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Music repeats its figures. The events of each staff of a doubtful bar are aligned with those of the same
 * staff in bars that are sure or that a person put right (edit distance over values, contour and place in the
 * bar; Levenshtein 1966). The nearest figure lends its values; the bar is solved with them, in one staff, in
 * the other, in both, and what departs least from the print, the distance counted in, stands. */
#include "core/omr/omr_figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };

#define DOUBTFUL    0.2f /* cost from which a bar looks for help … */
#define SURE_COST   3.0f /* … and below which, with … */
#define SURE_MARGIN 0.1f /* … this much to the next best, it can give it, … */
#define DEBT        0.3f /* … at this share of its own cost */
#define FARTHEST    0.6f /* distance for each event */
#define BY_PERSON   0.2f /* what a step of distance costs from a bar that a person … */
#define BY_ITSELF   0.3f /* … or nobody looked at */
#define HOLLOW_OR_FILLED 3.0f /* distance of a half note from a quarter note: they look unlike */
#define GAIN        0.15f /* that makes a change worthwhile */

/* The events of one staff of a bar, from left to right. */
typedef struct {
  size_t at[MOST]; /* into the assembly's events */
  float x[MOST];   /* 0…1 in the bar */
  int height[MOST];
  int n;
} Figure;

typedef struct {
  Figure rows[OMR_BAR_STAVES];
  bool said, gives, asks; /* said: by a person */
} Bar;

/* What a row of a bar could take from another bar. */
typedef struct {
  float distance; /* weighted; < 0: nothing */
  int32_t like[MOST]; /* event of the other bar for each of its own, -1 none */
} Loan;

typedef struct {
  BaseContext *ctx;
  OmrAssembly *assembly;
  Bar *bars;
  OmrEvent *spare;
} Search;

/* Whether a person put something right in the bar. */
static bool is_edited(const OmrAssembly *assembly, size_t index) {
  const OmrMeasure *measure = &assembly->measures.items[index];
  const OmrPage *page = assembly->pages[measure->page];
  for (size_t e = measure->first; e < measure->first + measure->n; e++) {
    const OmrSource *source = &assembly->sources.items[e];
    const OmrSaid *said =
        source->chord >= 0 ? &page->chords.items[source->chord].said : &page->symbols.items[source->symbol].said;
    if (said->there || said->value || said->voice || said->tuplet) return true;
  }
  return false;
}

static int height_of(const OmrAssembly *assembly, const OmrMeasure *measure, size_t event) {
  const OmrPage *page = assembly->pages[measure->page];
  int32_t chord = assembly->sources.items[event].chord;
  return chord >= 0 ? page->heads.items[omr_first_head(page, chord)].position : 0;
}

static void load(Bar *bar, const OmrAssembly *assembly, size_t index) {
  const OmrMeasure *measure = &assembly->measures.items[index];
  const OmrBar *bars = assembly->pages[measure->page]->bars.items;
  float left = bars[measure->left].column_sp, width = fmaxf(1, bars[measure->right].column_sp - left);
  bool edited = is_edited(assembly, index);
  bar->said = edited || omr_said_of(assembly, index, OMR_SAID_RIGHT);
  bar->gives = bar->said || (measure->cost < SURE_COST && measure->margin >= SURE_MARGIN && measure->n >= 4);
  bar->asks = !edited && measure->cost >= DOUBTFUL && !measure->short_by_right;
  for (size_t e = measure->first; e < measure->first + measure->n; e++) {
    const OmrEvent *event = &assembly->events.items[e];
    bool part = !event->fills && event->staff >= 0 && event->staff < OMR_BAR_STAVES && (bar->asks || !event->left_out);
    if (!part || bar->rows[event->staff].n >= MOST) continue;
    Figure *row = &bar->rows[event->staff];
    row->at[row->n] = e;
    row->x[row->n] = (event->x_sp - left) / width;
    row->height[row->n++] = height_of(assembly, measure, e);
  }
}

/* The value that the solved event is written with. */
static int32_t written(const OmrEvent *event) {
  return event->triplet ? event->length * 3 / 2 : event->length;
}

static float value_distance(const OmrEvent *asks, const OmrEvent *gives) {
  int32_t a = asks->ticks, b = written(gives);
  if (a == b) return 0;
  if (!asks->rest && (a >= 2 * OMR_TICKS) != (b >= 2 * OMR_TICKS)) return HOLLOW_OR_FILLED;
  if (asks->other_ticks == b || asks->unsure) return 0.15f;
  if (a == 2 * b || b == 2 * a || 2 * a == 3 * b || 2 * b == 3 * a) return 0.5f;
  return 1;
}

static float distance(const OmrAssembly *assembly, const Figure *a, int i, const Figure *b, int k) {
  const OmrEvent *asks = &assembly->events.items[a->at[i]], *gives = &assembly->events.items[b->at[k]];
  if (asks->rest != gives->rest) return 2;
  int rise = (a->height[i] - a->height[0]) - (b->height[k] - b->height[0]);
  float contour = asks->rest ? 0 : fminf(0.3f, 0.05f * (float)abs(rise));
  return value_distance(asks, gives) + contour + fminf(0.5f, 2 * fabsf(a->x[i] - b->x[k]));
}

static float price_alone(const OmrEvent *event, bool asks) {
  return (event->rest ? 0.5f : 0.9f) * (asks ? fminf(1, fmaxf(0.3f, event->out_price)) : 1);
}

/* Aligns two figures; `like` has the partner of each event of the first. */
static float align(int32_t *like, const OmrAssembly *assembly, const Figure *a, const Figure *b, float most) {
  static const float none = 1e9f;
  float cost[MOST + 1][MOST + 1];
  uint8_t way[MOST + 1][MOST + 1];
  for (int i = 0; i <= a->n; i++) {
    float least = none;
    for (int k = 0; k <= b->n; k++) {
      float best = i || k ? none : 0, value;
      uint8_t step = 0;
      if (i && (value = cost[i - 1][k] + price_alone(&assembly->events.items[a->at[i - 1]], true)) < best)
        best = value, step = 1;
      if (k && (value = cost[i][k - 1] + price_alone(&assembly->events.items[b->at[k - 1]], false)) < best)
        best = value, step = 2;
      if (i && k && (value = cost[i - 1][k - 1] + distance(assembly, a, i - 1, b, k - 1)) < best)
        best = value, step = 3;
      cost[i][k] = best, way[i][k] = step;
      least = fminf(least, best);
    }
    if (least > most) return none;
  }
  for (int i = 0; i < a->n; i++) like[i] = -1;
  for (int i = a->n, k = b->n; i || k;) {
    uint8_t step = way[i][k];
    if (step == 3) like[i - 1] = (int32_t)b->at[k - 1];
    i -= step & 1, k -= step >> 1;
  }
  return cost[a->n][b->n];
}

/* Whether the row would be solved otherwise with the loan. */
static bool says_else(const OmrAssembly *assembly, const Figure *row, const Loan *loan) {
  for (int i = 0; i < row->n; i++) {
    const OmrEvent *own = &assembly->events.items[row->at[i]];
    if (loan->like[i] < 0) continue;
    const OmrEvent *other = &assembly->events.items[loan->like[i]];
    if (own->left_out || own->length != other->length || own->triplet != other->triplet) return true;
  }
  return false;
}

static Loan find_loan(const Search *search, size_t index, int row) {
  const OmrAssembly *assembly = search->assembly;
  const OmrMeasure *measure = &assembly->measures.items[index];
  const Figure *own = &search->bars[index].rows[row];
  Loan best = {.distance = -1};
  float most = FARTHEST * (float)own->n * BY_ITSELF;
  for (size_t i = 0; own->n >= 3 && i < assembly->measures.n; i++) {
    const Figure *other = &search->bars[i].rows[row];
    if (i == index || !search->bars[i].gives || other->n < 3 || abs(other->n - own->n) > 2 ||
        assembly->measures.items[i].ticks != measure->ticks)
      continue;
    bool said = search->bars[i].said;
    float weight = said ? BY_PERSON : BY_ITSELF, debt = said ? 0 : DEBT * assembly->measures.items[i].cost;
    Loan loan;
    if (debt >= most) continue;
    loan.distance = debt + weight * align(loan.like, assembly, own, other, (most - debt) / weight);
    if (loan.distance >= most) continue;
    most = loan.distance;
    best = loan;
  }
  if (best.distance >= 0 && !says_else(assembly, own, &best)) best.distance = -1;
  return best;
}

/* The event as its partner is written. */
static void lend(OmrEvent *event, const OmrEvent *other) {
  event->ticks = written(other);
  event->dotted = event->ticks % 9 == 0;
  event->faint_dot = event->unsure = false;
  event->other_ticks = 0;
  event->fixed = true;
  event->only_tuplet = other->triplet ? 3 : 1;
}

static void keep(OmrEvent *event, const OmrEvent *solved) {
  event->onset = solved->onset;
  event->length = solved->length;
  event->voice = solved->voice;
  event->triplet = solved->triplet;
  event->left_out = solved->left_out;
}

/* Solves the bar with the loans of the rows in `mask`; keeps it when it is cheaper than `*least`. */
static BaseStatus try_loans(Search *search, size_t index, const Loan *loans, uint32_t mask, float *least,
                            OmrEvent *kept) {
  OmrAssembly *assembly = search->assembly;
  OmrMeasure *measure = &assembly->measures.items[index];
  float price = 0;
  memcpy(search->spare, assembly->events.items + measure->first, measure->n * sizeof *search->spare);
  for (int row = 0; row < OMR_BAR_STAVES; row++) {
    if (!(mask >> row & 1)) continue;
    const Figure *own = &search->bars[index].rows[row];
    price += loans[row].distance;
    for (int i = 0; i < own->n; i++)
      if (loans[row].like[i] >= 0)
        lend(&search->spare[own->at[i] - measure->first], &assembly->events.items[loans[row].like[i]]);
  }
  for (size_t i = 0; i < measure->n; i++) {
    OmrEvent *event = &search->spare[i];
    event->onset = event->length = 0, event->voice = 0, event->triplet = event->left_out = false;
  }
  OmrBarRhythm rhythm;
  BaseStatus status = omr_bars_solve(assembly->bars, &rhythm, NULL, search->spare, measure->n, measure->ticks,
                                     assembly->taste, assembly->arena);
  if (status) return base_fail_memory(search->ctx);
  if (rhythm.cost + price >= *least) return BASE_OK;
  *least = rhythm.cost + price;
  memcpy(kept, search->spare, measure->n * sizeof *kept);
  return BASE_OK;
}

static BaseStatus help(Search *search, size_t index, OmrEvent *kept) {
  OmrMeasure *measure = &search->assembly->measures.items[index];
  Loan loans[OMR_BAR_STAVES];
  uint32_t can = 0;
  for (int row = 0; row < search->assembly->staves && row < OMR_BAR_STAVES; row++) {
    loans[row] = find_loan(search, index, row);
    if (loans[row].distance >= 0) can |= 1u << row;
  }
  float least = measure->cost - GAIN, before = least;
  BaseStatus status = BASE_OK;
  for (int row = 0; row < OMR_BAR_STAVES && !status; row++)
    if (can >> row & 1) status = try_loans(search, index, loans, 1u << row, &least, kept);
  if (!status && can & (can - 1)) status = try_loans(search, index, loans, can, &least, kept);
  if (status || least >= before) return status;
  for (size_t i = 0; i < measure->n; i++) keep(&search->assembly->events.items[measure->first + i], &kept[i]);
  measure->cost = least;
  return BASE_OK;
}

BaseStatus omr_apply_figures(BaseContext *ctx, OmrAssembly *assembly) {
  size_t n = assembly->measures.n, most = 1;
  for (size_t i = 0; i < n; i++)
    if (assembly->measures.items[i].n > most) most = assembly->measures.items[i].n;
  Search search = {ctx, assembly, calloc(n + 1, sizeof *search.bars), calloc(most, sizeof(OmrEvent))};
  OmrEvent *kept = calloc(most, sizeof *kept);
  BaseStatus status = search.bars && search.spare && kept ? BASE_OK : base_fail_memory(ctx);
  for (size_t i = 0; i < n && !status; i++) load(&search.bars[i], assembly, i);
  for (size_t i = 0; i < n && !status; i++) {
    if (base_cancelled(ctx)) status = base_fail_cancelled(ctx);
    if (!status && search.bars[i].asks) status = help(&search, i, kept);
  }
  free(kept);
  free(search.spare);
  free(search.bars);
  return status;
}
