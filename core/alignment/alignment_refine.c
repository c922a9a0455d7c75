/* Step 3 of the aligner: rows move to where their own keys were struck. For each key the rows that want it
 * and its atoms are paired one to one in order, near pairs first; a row's time is the weighted mean of its
 * atoms around their median, so that a stray atom or an arpeggio's far end does not pull. By how much soft strokes
 * come late is learned from these pairs and taken off, in a few rounds (the touch). Rows without atoms are
 * laid between their neighbours, and everything is made monotone. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/alignment/alignment_parts.h"

#include <math.h>

static const double PAIR_CUT_S = 0.25;
static const double CLUSTER_S = 0.04;
enum { TOUCH_ROUNDS = 4 };
static const double LEAST_PRECISION = 0.02; /* of what a note's lateness is measured against */

typedef struct {
  double *gain;   /* per cell */
  uint8_t *taken; /* per cell: 1 the pair (i, j - 1) was made, 0 not */
  size_t *first;  /* cells of row i: first[i] + (j - low[i]), j in [low, high] */
  size_t *low, *high;
} PairTable;

static size_t find_windows(PairTable *t, const double *a, size_t n, const double *b, size_t m, double cut_s) {
  size_t low = 0, high = 0, cells = 0;
  for (size_t i = 0; i < n; i++) {
    while (low < m && b[low] <= a[i] - cut_s) low++;
    if (high < low) high = low;
    while (high < m && b[high] < a[i] + cut_s) high++;
    t->low[i] = low, t->high[i] = high, t->first[i] = cells;
    cells += high - low + 1;
  }
  return cells;
}

static double gain_before(const PairTable *t, size_t i, size_t j) {
  if (i == 0) return 0;
  size_t top = t->high[i - 1] < j ? t->high[i - 1] : j;
  return t->gain[t->first[i - 1] + top - t->low[i - 1]];
}

static void fill_pairs(PairTable *t, const double *a, size_t n, const double *b, double cut_s) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = t->low[i]; j <= t->high[i]; j++) {
      size_t cell = t->first[i] + j - t->low[i];
      double best = gain_before(t, i, j);
      if (j > t->low[i] && t->gain[cell - 1] > best) best = t->gain[cell - 1];
      double paired = j > t->low[i] ? gain_before(t, i, j - 1) + cut_s - fabs(a[i] - b[j - 1]) : -1;
      t->taken[cell] = paired > best;
      t->gain[cell] = paired > best ? paired : best;
    }
}

static void trace_pairs(int32_t *partner, const PairTable *t, size_t n) {
  size_t j = n ? t->high[n - 1] : 0;
  for (size_t i = n; i-- > 0;) {
    partner[i] = -1;
    if (j > t->high[i]) j = t->high[i];
    while (j > t->low[i]) {
      size_t cell = t->first[i] + j - t->low[i];
      if (t->taken[cell]) {
        partner[i] = (int32_t)--j;
        break;
      }
      if (t->gain[cell] > t->gain[cell - 1]) break;
      j--;
    }
  }
}

BaseStatus alignment_pair_times(BaseContext *ctx, int32_t *partner, BaseArena *arena, const double *a,
                                size_t n, const double *b, size_t m, double cut_s) {
  if (n == 0) return BASE_OK;
  BaseArenaMark mark = base_arena_mark(arena);
  PairTable table = {.first = BASE_TAKE(arena, size_t, n),
                     .low = BASE_TAKE(arena, size_t, n),
                     .high = BASE_TAKE(arena, size_t, n)};
  if (!table.first || !table.low || !table.high) return base_fail_memory(ctx);
  size_t cells = find_windows(&table, a, n, b, m, cut_s);
  table.gain = BASE_TAKE(arena, double, cells);
  table.taken = BASE_TAKE(arena, uint8_t, cells);
  if (!table.gain || !table.taken) return base_fail_memory(ctx);
  fill_pairs(&table, a, n, b, cut_s);
  trace_pairs(partner, &table, n);
  base_arena_reset(arena, mark);
  return BASE_OK;
}

/* ---- rows ---- */

typedef struct {
  const AlignmentRows *rows;
  const AlignmentAtoms *atoms;
  const AlignmentSpan *span;
  uint32_t *atom; /* per wanted key of the span: index of the atom + 1, 0 none */
  size_t *slots;  /* the wanted-key slots of one key, in order */
  double *wanted_s, *heard_s;
  int32_t *partner;
  Touch touch;
} Pairing;

static bool make_pairing(Pairing *p, BaseArena *arena) {
  size_t slots = p->rows->first[p->span->end] - p->rows->first[p->span->first] + 1;
  p->atom = BASE_TAKE(arena, uint32_t, slots);
  p->slots = BASE_TAKE(arena, size_t, slots);
  p->wanted_s = BASE_TAKE(arena, double, slots);
  p->partner = BASE_TAKE(arena, int32_t, slots);
  p->heard_s = BASE_TAKE(arena, double, p->atoms->n + 1);
  return p->atom && p->slots && p->wanted_s && p->heard_s && p->partner;
}

/* Lists the slots of all keys, key by key: order[key_first[k] … key_first[k + 1]). */
static void sort_slots(size_t *order, size_t key_first[ALIGNMENT_KEYS + 1], const Pairing *p) {
  size_t from = p->rows->first[p->span->first], to = p->rows->first[p->span->end], next[ALIGNMENT_KEYS];
  size_t count[ALIGNMENT_KEYS] = {0};
  for (size_t s = from; s < to; s++) count[p->rows->key[s]]++;
  key_first[0] = 0;
  for (int k = 0; k < ALIGNMENT_KEYS; k++) key_first[k + 1] = key_first[k] + count[k];
  for (int k = 0; k < ALIGNMENT_KEYS; k++) next[k] = key_first[k];
  for (size_t s = from; s < to; s++) order[next[p->rows->key[s]]++] = s - from;
}

static BaseStatus pair_key(BaseContext *ctx, Pairing *p, BaseArena *arena, int key, const size_t *slots,
                           size_t n, const double *slot_s) {
  size_t from = p->atoms->key_first[key], to = p->atoms->key_first[key + 1], m = 0;
  while (from < to && p->atoms->items[p->atoms->of_key[from]].time_s <= p->span->from_s) from++;
  for (size_t a = from; a < to && p->atoms->items[p->atoms->of_key[a]].time_s < p->span->to_s; a++)
    p->heard_s[m++] = p->atoms->items[p->atoms->of_key[a]].time_s;
  for (size_t i = 0; i < n; i++) p->wanted_s[i] = slot_s[slots[i]];
  BaseStatus status = alignment_pair_times(ctx, p->partner, arena, p->wanted_s, n, p->heard_s, m, PAIR_CUT_S);
  for (size_t i = 0; status == BASE_OK && i < n; i++)
    p->atom[slots[i]] = p->partner[i] < 0 ? 0 : p->atoms->of_key[from + (size_t)p->partner[i]] + 1;
  return status;
}

static BaseStatus pair_keys(BaseContext *ctx, Pairing *p, BaseArena *arena, const double *time_s) {
  size_t base = p->rows->first[p->span->first], key_first[ALIGNMENT_KEYS + 1];
  double *slot_s = BASE_TAKE(arena, double, p->rows->first[p->span->end] - base + 1);
  if (!slot_s) return base_fail_memory(ctx);
  for (size_t i = p->span->first; i < p->span->end; i++)
    for (size_t s = p->rows->first[i]; s < p->rows->first[i + 1]; s++)
      slot_s[s - base] = time_s[i - p->span->first];
  sort_slots(p->slots, key_first, p);
  for (int k = 0; k < ALIGNMENT_KEYS; k++) {
    BaseStatus status =
        pair_key(ctx, p, arena, k, p->slots + key_first[k], key_first[k + 1] - key_first[k], slot_s);
    if (status != BASE_OK) return status;
  }
  return BASE_OK;
}

/* An atom of a row, its time freed of what the touch adds. */
typedef struct {
  double time_s, weight, precision;
} Struck;

/* The weighted median of a row's atoms (the earlier of two equal halves). */
static double median_time(const Struck *atoms, size_t n) {
  double best = 0, least = INFINITY;
  for (size_t i = 0; i < n; i++) {
    double cost = 0;
    for (size_t j = 0; j < n; j++) cost += atoms[j].weight * fabs(atoms[i].time_s - atoms[j].time_s);
    if (cost < least - 1e-12 || (cost < least + 1e-12 && atoms[i].time_s < best)) {
      best = atoms[i].time_s;
      least = fmin(cost, least);
    }
  }
  return best;
}

/* The weighted mean of the atoms near the median; how many there are, and their squared distances to it. */
static double cluster_time(const Struck *atoms, size_t n, AlignmentScatter *scatter) {
  double centre = median_time(atoms, n), sum = 0, all = 0;
  for (size_t i = 0; i < n; i++)
    if (fabs(atoms[i].time_s - centre) <= CLUSTER_S) {
      sum += atoms[i].weight * atoms[i].time_s;
      all += atoms[i].weight;
    }
  double mean = all > 0 ? sum / all : centre;
  *scatter = (AlignmentScatter){0};
  for (size_t i = 0; i < n; i++)
    if (fabs(atoms[i].time_s - centre) <= CLUSTER_S) {
      const double away = atoms[i].time_s - mean;
      scatter->n++;
      scatter->precision += (float)atoms[i].precision;
      scatter->square_s2 += (float)(away * away * atoms[i].precision);
    }
  return mean;
}

static const AlignmentAtom *atom_at(const Pairing *p, size_t slot) {
  uint32_t index = p->atom[slot - p->rows->first[p->span->first]];
  return index ? &p->atoms->items[index - 1] : NULL;
}

static void place_row(double *time_s, float *found, AlignmentScatter *scatter, const Pairing *p, size_t row) {
  Struck struck[ALIGNMENT_KEYS];
  size_t n = 0, wanted = p->rows->first[row + 1] - p->rows->first[row];
  *found = 0;
  for (size_t s = p->rows->first[row]; s < p->rows->first[row + 1]; s++) {
    const AlignmentAtom *atom = atom_at(p, s);
    if (!atom) continue;
    struck[n++] = (Struck){atom->time_s - touch_delay_s(&p->touch, atom->stroke),
                           (double)atom->weight * atom->precision, atom->precision};
    *found += atom->weight / (float)wanted;
  }
  *scatter = (AlignmentScatter){0};
  if (n > 0) *time_s = cluster_time(struck, n, scatter);
}

static BaseStatus place_rows(BaseContext *ctx, double *time_s, float *found, AlignmentScatter *scatter, const Pairing *p,
                             BaseArena *arena) {
  for (size_t i = 0; i < p->span->end - p->span->first; i++)
    place_row(&time_s[i], &found[i], &scatter[i], p, p->span->first + i);
  return alignment_smooth(ctx, time_s, arena, p->rows, p->span, scatter);
}

typedef struct {
  TouchStroke *strokes;
  double *late_s, *weight;
  size_t n;
} Lateness;

/* How late each atom of a row comes to the others of the row and to the line through the rows around, which may be NaN. */
static void add_lateness(Lateness *l, const Pairing *p, size_t row, double line_s, double line_precision) {
  const AlignmentAtom *atoms[ALIGNMENT_KEYS];
  double sum = isnan(line_s) ? 0 : line_precision * line_s, precision = isnan(line_s) ? 0 : line_precision;
  size_t n = 0;
  for (size_t s = p->rows->first[row]; s < p->rows->first[row + 1]; s++) {
    const AlignmentAtom *atom = atom_at(p, s);
    if (!atom) continue;
    atoms[n++] = atom;
    sum += atom->precision * (atom->time_s - touch_delay_s(&p->touch, atom->stroke));
    precision += atom->precision;
  }
  for (size_t i = 0; i < n; i++) {
    const double own = atoms[i]->precision, others = precision - own;
    if (others < LEAST_PRECISION) continue;
    const double expected_s = (sum - own * (atoms[i]->time_s - touch_delay_s(&p->touch, atoms[i]->stroke))) / others;
    l->strokes[l->n] = atoms[i]->stroke;
    l->late_s[l->n] = atoms[i]->time_s - expected_s;
    l->weight[l->n++] = atoms[i]->weight / (1 / own + 1 / others);
  }
}

static BaseStatus learn_touch(BaseContext *ctx, Pairing *p, BaseArena *arena, const double *time_s,
                              const AlignmentScatter *scatter) {
  BaseArenaMark mark = base_arena_mark(arena);
  const size_t n = p->span->end - p->span->first, slots = p->rows->first[p->span->end] - p->rows->first[p->span->first];
  double *line_s = BASE_TAKE(arena, double, n + 1), precision = 0;
  Lateness l = {BASE_TAKE(arena, TouchStroke, slots + 1), BASE_TAKE(arena, double, slots + 1),
                BASE_TAKE(arena, double, slots + 1), 0};
  if (!line_s || !l.strokes || !l.late_s || !l.weight) return base_fail_memory(ctx);
  BaseStatus status = alignment_lines(ctx, line_s, &precision, arena, time_s, p->rows, p->span, scatter);
  for (size_t i = 0; status == BASE_OK && i < n; i++) add_lateness(&l, p, p->span->first + i, line_s[i], precision);
  if (status == BASE_OK) p->touch = touch_fit(l.strokes, l.late_s, l.weight, l.n);
  base_arena_reset(arena, mark);
  return status;
}

/* Rows that were not heard between rows (or sides) a and b that were; either may be missing at the ends. */
static void lay_between(double *time_s, const AlignmentRows *rows, const AlignmentSpan *span, size_t from,
                        size_t to, const double *slope) {
  size_t n = span->end - span->first;
  bool left = from > 0 || span->fixed_from, right = to < n || span->fixed_to;
  const double *quarter = rows->quarter + span->first;
  double q0 = from > 0 ? quarter[from - 1] : span->from_quarter,
         t0 = from > 0 ? time_s[from - 1] : span->from_s;
  double q1 = to < n ? quarter[to] : span->to_quarter, t1 = to < n ? time_s[to] : span->to_s;
  for (size_t i = from; i < to; i++) {
    if (left && right)
      time_s[i] = t0 + (t1 - t0) * (q1 > q0 ? (quarter[i] - q0) / (q1 - q0) : 0);
    else if (left)
      time_s[i] = t0 + slope[i] * (quarter[i] - q0);
    else if (right)
      time_s[i] = t1 - slope[i] * (q1 - quarter[i]);
  }
}

static void lay_unheard(double *time_s, const AlignmentScatter *scatter, const AlignmentRows *rows,
                        const AlignmentSpan *span, const double *slope) {
  size_t n = span->end - span->first;
  for (size_t i = 0; i < n;) {
    size_t to = i;
    while (to < n && scatter[to].n == 0) to++;
    if (to > i) lay_between(time_s, rows, span, i, to, slope);
    i = to + 1;
  }
  for (size_t i = 0; i < n; i++) time_s[i] = fmin(fmax(time_s[i], span->from_s), span->to_s);
}

static BaseStatus settle(BaseContext *ctx, double *time_s, const float *found,
                         const AlignmentScatter *scatter, size_t n, BaseArena *arena) {
  double *weight = BASE_TAKE(arena, double, n + 1);
  if (!weight) return base_fail_memory(ctx);
  for (size_t i = 0; i < n; i++) weight[i] = scatter[i].n ? 0.1 + found[i] : 0.01;
  return alignment_isotonic(ctx, time_s, weight, n, arena);
}

BaseStatus alignment_refine(BaseContext *ctx, double *time_s, float *found, AlignmentScatter *scatter,
                            BaseArena *arena, const AlignmentRows *rows, const AlignmentAtoms *atoms,
                            const AlignmentSpan *span, const double *slope) {
  size_t n = span->end - span->first;
  if (n == 0) return BASE_OK;
  BaseArenaMark mark = base_arena_mark(arena);
  Pairing pairing = {.rows = rows, .atoms = atoms, .span = span};
  if (!make_pairing(&pairing, arena)) return base_fail_memory(ctx);
  BaseStatus status = pair_keys(ctx, &pairing, arena, time_s);
  if (status != BASE_OK) return status;
  status = place_rows(ctx, time_s, found, scatter, &pairing, arena);
  for (int round = 0; status == BASE_OK && round < TOUCH_ROUNDS; round++) {
    status = learn_touch(ctx, &pairing, arena, time_s, scatter);
    if (status == BASE_OK) status = place_rows(ctx, time_s, found, scatter, &pairing, arena);
  }
  if (status != BASE_OK) return status;
  lay_unheard(time_s, scatter, rows, span, slope);
  status = settle(ctx, time_s, found, scatter, n, arena);
  base_arena_reset(arena, mark);
  return status;
}
