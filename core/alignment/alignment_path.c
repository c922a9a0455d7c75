/* Step 2 of the aligner: every row gets a few candidate times near the tempo curve — where its keys were
 * heard — and one that the tempo alone suggests, for rows that were not played. The cheapest way through them
 * balances what was heard against the local tempo, with heavy tails (Student) for pauses and fermatas.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/alignment/alignment_parts.h"

#include <math.h>
#include <string.h>

static const double UNHEARD_PROB = 0.03; /* a wanted key leaves no trace */
static const double SILENT_COST = 2;     /* of a row placed by tempo alone, on top */
static const double CHORD_SPREAD_S = 0.03;
static const double SAME_MOMENT_S = 0.012;                  /* nearer atoms make one candidate */
static const double TEMPO_SPREAD = 0.2, READ_SPREAD = 0.35; /* of the expected interval */
static const double STEP_FLOOR_S = 0.02, SILENT_STEP_S = 0.04;
static const double FREEDOM = 3; /* of the Student distribution */
static const double BACKWARD_COST = 1000;
static const double NEAR_S = 0.05;
enum { MOST_MOMENTS = 256 };

static double cost_at(const AlignmentRows *rows, size_t row, const AlignmentAtoms *atoms, double time_s) {
  double cost = 0;
  for (size_t k = rows->first[row]; k < rows->first[row + 1]; k++) {
    double heard = alignment_weight_at(atoms, rows->key[k], time_s, CHORD_SPREAD_S);
    cost -= log(UNHEARD_PROB + (1 - UNHEARD_PROB) * heard);
  }
  return cost;
}

static size_t moments_of_key(double *moments, size_t n, const AlignmentAtoms *atoms, int key, double from_s,
                             double to_s) {
  size_t low = atoms->key_first[key], high = atoms->key_first[key + 1], end = high;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (atoms->items[atoms->of_key[middle]].time_s < from_s)
      low = middle + 1;
    else
      high = middle;
  }
  for (; low < end && n < MOST_MOMENTS; low++) {
    double at = atoms->items[atoms->of_key[low]].time_s;
    if (at > to_s) break;
    moments[n++] = at;
  }
  return n;
}

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Sorts and merges moments that are one. */
static size_t merge_moments(double *moments, size_t n) {
  qsort(moments, n, sizeof *moments, compare_doubles);
  size_t kept = 0;
  for (size_t i = 0; i < n;) {
    double sum = 0;
    size_t j = i;
    while (j < n && moments[j] - moments[i] <= SAME_MOMENT_S) sum += moments[j++];
    moments[kept++] = sum / (double)(j - i);
    i = j;
  }
  return kept;
}

static int compare_costs(const void *a, const void *b) {
  const AlignmentCandidate *x = a, *y = b;
  if (x->cost != y->cost) return x->cost < y->cost ? -1 : 1;
  return (x->time_s > y->time_s) - (x->time_s < y->time_s);
}

static int compare_times(const void *a, const void *b) {
  const AlignmentCandidate *x = a, *y = b;
  return (x->time_s > y->time_s) - (x->time_s < y->time_s);
}

/* Appends the candidates of one row to `out`, in order of time; how many. */
static size_t candidates_of_row(AlignmentCandidate *out, const AlignmentRows *rows, size_t row,
                                const AlignmentAtoms *atoms, const AlignmentSpan *span, double smooth_s,
                                double reach_s) {
  double moments[MOST_MOMENTS];
  AlignmentCandidate all[MOST_MOMENTS];
  size_t n = 0;
  double from = fmax(smooth_s - reach_s, span->from_s), to = fmin(smooth_s + reach_s, span->to_s);
  for (size_t k = rows->first[row]; k < rows->first[row + 1]; k++)
    n = moments_of_key(moments, n, atoms, rows->key[k], from, to);
  n = merge_moments(moments, n);
  for (size_t i = 0; i < n; i++)
    all[i] = (AlignmentCandidate){moments[i], (float)cost_at(rows, row, atoms, moments[i]), true};
  if (n > ALIGNMENT_WINDOW_CANDIDATES) {
    qsort(all, n, sizeof *all, compare_costs);
    n = ALIGNMENT_WINDOW_CANDIDATES;
  }
  memcpy(out, all, n * sizeof *all);
  double wanted = (double)(rows->first[row + 1] - rows->first[row]);
  out[n++] = (AlignmentCandidate){smooth_s, (float)(SILENT_COST - wanted * log(UNHEARD_PROB)), false};
  qsort(out, n, sizeof *out, compare_times);
  return n;
}

BaseStatus alignment_lattice(BaseContext *ctx, AlignmentLattice *out, BaseArena *arena,
                             const AlignmentRows *rows, const AlignmentAtoms *atoms,
                             const AlignmentSpan *span, const double *smooth_s, const double *reach_s) {
  size_t n = span->end - span->first;
  *out = (AlignmentLattice){
      .n = n,
      .items = BASE_TAKE(arena, AlignmentCandidate, n * (ALIGNMENT_WINDOW_CANDIDATES + 1) + 1),
      .first = BASE_TAKE(arena, size_t, n + 1)};
  if (!out->items || !out->first) return base_fail_memory(ctx);
  for (size_t i = 0; i < n; i++) {
    if (i % 64 == 0 && base_cancelled(ctx)) return base_fail_cancelled(ctx);
    out->first[i + 1] = out->first[i] + candidates_of_row(out->items + out->first[i], rows, span->first + i,
                                                          atoms, span, smooth_s[i], reach_s[i]);
  }
  return BASE_OK;
}

double alignment_tempo_spread(bool read_from_pages) {
  return read_from_pages ? READ_SPREAD : TEMPO_SPREAD;
}

double alignment_step_cost(double from_s, bool from_heard, double to_s, bool to_heard, double expected_s,
                           double share) {
  double step = to_s - from_s;
  if (step < 0) return BACKWARD_COST * (1 - step);
  double floor_s = from_heard && to_heard ? STEP_FLOOR_S : SILENT_STEP_S, spread = share * expected_s;
  double away2 = (step - expected_s) * (step - expected_s) / (floor_s * floor_s + spread * spread);
  return 0.5 * (FREEDOM + 1) * log1p(away2 / FREEDOM);
}

typedef struct {
  const AlignmentLattice *lattice;
  const AlignmentRows *rows;
  const AlignmentSpan *span;
  const double *slope;
  double spread;
  double *ahead,
      *behind;      /* cheapest way from the start to each candidate, from it to the end, it included once */
  uint32_t *before; /* the candidate before, on the cheapest way */
} Search;

static double expected_s(const Search *s, size_t i, double from_quarter) {
  return s->slope[i] * (s->rows->quarter[s->span->first + i] - from_quarter);
}

static double expected_step_s(const Search *s, size_t i) {
  double quarters = s->rows->quarter[s->span->first + i] - s->rows->quarter[s->span->first + i - 1];
  return 0.5 * (s->slope[i] + s->slope[i - 1]) * quarters;
}

static void begin(Search *s) {
  const AlignmentLattice *l = s->lattice;
  for (size_t c = l->first[0]; c < l->first[1]; c++) {
    double step = 0;
    if (s->span->fixed_from)
      step = alignment_step_cost(s->span->from_s, true, l->items[c].time_s, l->items[c].heard,
                                 expected_s(s, 0, s->span->from_quarter), s->spread);
    s->ahead[c] = step + l->items[c].cost;
  }
}

static void finish(Search *s) {
  const AlignmentLattice *l = s->lattice;
  for (size_t c = l->first[l->n - 1]; c < l->first[l->n]; c++) {
    s->behind[c] = 0;
    if (s->span->fixed_to)
      s->behind[c] = alignment_step_cost(l->items[c].time_s, l->items[c].heard, s->span->to_s, true,
                                         -expected_s(s, l->n - 1, s->span->to_quarter), s->spread);
  }
}

static void step_ahead(Search *s, size_t i) {
  const AlignmentLattice *l = s->lattice;
  double expected = expected_step_s(s, i);
  for (size_t c = l->first[i]; c < l->first[i + 1]; c++) {
    const AlignmentCandidate *to = &l->items[c];
    double best = INFINITY;
    for (size_t b = l->first[i - 1]; b < l->first[i]; b++) {
      const AlignmentCandidate *from = &l->items[b];
      if (s->ahead[b] >= best) continue;
      double cost = s->ahead[b] + alignment_step_cost(from->time_s, from->heard, to->time_s, to->heard,
                                                      expected, s->spread);
      if (cost < best) best = cost, s->before[c] = (uint32_t)b;
    }
    s->ahead[c] = best + to->cost;
  }
}

static void step_behind(Search *s, size_t i) {
  const AlignmentLattice *l = s->lattice;
  double expected = expected_step_s(s, i + 1);
  for (size_t c = l->first[i]; c < l->first[i + 1]; c++) {
    const AlignmentCandidate *from = &l->items[c];
    double best = INFINITY;
    for (size_t d = l->first[i + 1]; d < l->first[i + 2]; d++) {
      const AlignmentCandidate *to = &l->items[d];
      double rest = s->behind[d] + to->cost;
      if (rest >= best) continue;
      double cost =
          rest + alignment_step_cost(from->time_s, from->heard, to->time_s, to->heard, expected, s->spread);
      if (cost < best) best = cost;
    }
    s->behind[c] = best;
  }
}

static double trace(size_t *chosen, const Search *s) {
  const AlignmentLattice *l = s->lattice;
  size_t best = l->first[l->n - 1];
  for (size_t c = best; c < l->first[l->n]; c++)
    if (s->ahead[c] + s->behind[c] < s->ahead[best] + s->behind[best]) best = c;
  double total = s->ahead[best] + s->behind[best];
  for (size_t i = l->n; i-- > 0;) {
    chosen[i] = best;
    best = s->before[best];
  }
  return total;
}

static float trust_of_row(const Search *s, size_t i, size_t chosen, double total) {
  const AlignmentLattice *l = s->lattice;
  double near = 0, all = 0;
  for (size_t c = l->first[i]; c < l->first[i + 1]; c++) {
    double share = exp(fmin(0, total - s->ahead[c] - s->behind[c]));
    all += share;
    if (fabs(l->items[c].time_s - l->items[chosen].time_s) <= NEAR_S) near += share;
  }
  return all > 0 ? (float)(near / all) : 0;
}

static bool make_search(Search *s, BaseArena *arena) {
  size_t n = s->lattice->first[s->lattice->n];
  s->ahead = BASE_TAKE(arena, double, n + 1);
  s->behind = BASE_TAKE(arena, double, n + 1);
  s->before = BASE_TAKE(arena, uint32_t, n + 1);
  return s->ahead && s->behind && s->before;
}

BaseStatus alignment_path(BaseContext *ctx, size_t *chosen, float *trust, double *total, BaseArena *arena,
                          const AlignmentLattice *lattice, const AlignmentRows *rows,
                          const AlignmentSpan *span, const double *slope, double spread) {
  if (total) *total = 0;
  if (lattice->n == 0) return BASE_OK;
  BaseArenaMark mark = base_arena_mark(arena);
  Search search = {.lattice = lattice, .rows = rows, .span = span, .slope = slope, .spread = spread};
  if (!make_search(&search, arena)) return base_fail_memory(ctx);
  begin(&search);
  finish(&search);
  for (size_t i = 1; i < lattice->n; i++) {
    if (i % 64 == 0 && base_cancelled(ctx)) return base_fail_cancelled(ctx);
    step_ahead(&search, i);
  }
  for (size_t i = lattice->n - 1; i-- > 0;) {
    if (i % 64 == 0 && base_cancelled(ctx)) return base_fail_cancelled(ctx);
    step_behind(&search, i);
  }
  double cost = trace(chosen, &search);
  for (size_t i = 0; i < lattice->n; i++) trust[i] = trust_of_row(&search, i, chosen[i], cost);
  if (total) *total = cost;
  base_arena_reset(arena, mark);
  return BASE_OK;
}
