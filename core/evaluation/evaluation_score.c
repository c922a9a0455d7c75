/* Two scores compared note by note. Staves of all parts are numbered from top to bottom and mapped in order
 * so that they share most pitches; measures are aligned by an edit distance whose cost is the notes left
 * unmatched, with two against one allowed for a bar line missed or invented; inside aligned measures notes
 * are matched nearest first. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/evaluation/evaluation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 3, GRID = 16, LEAST_BAND = 40, FOREIGN_STAFF = 1000, PITCHES = 128, MOST_STAVES = 256 };
static const double TOLERANCE = 1.0 / 16 + 1e-9, SKIP_COST = 0.5, JOIN_COST = 1;

typedef struct {
  int staff, midi;
  double onset, duration;
} Note;

typedef struct {
  size_t first, n; /* of Side.notes */
  double length;
} Measure;

/* Keys of a measure's notes, sorted: by staff and pitch, and by those and the onset on the grid. */
typedef struct {
  uint64_t *pitch, *place;
  size_t n;
} Keys;

typedef struct {
  Note *notes;
  Measure *measures;
  size_t n, measures_n, staves;
  uint64_t *store;       /* behind the keys */
  Keys *single, *joined; /* of each measure; of it and the next */
} Side;

/* ---- one side ---- */

static bool counts(const ScoreNote *note) {
  return note->kind == SCORE_NOTE && !note->grace && !note->hidden;
}

static size_t first_staff(const Score *score, int part) {
  size_t staff = 0;
  for (int p = 0; p < part; p++) staff += (size_t)score->parts.items[p].staves;
  return staff;
}

static bool load_side(Side *side, const Score *score) {
  side->measures_n = score->measures.n;
  side->notes = malloc((score->notes.n + 1) * sizeof *side->notes);
  side->measures = calloc(side->measures_n + 1, sizeof *side->measures);
  if (!side->notes || !side->measures) return false;
  side->staves = first_staff(score, (int)score->parts.n);
  for (size_t i = 0; i < side->measures_n; i++)
    side->measures[i].length = beat_double(score->measures.items[i].length);
  for (size_t i = 0; i < score->notes.n; i++) {
    const ScoreNote *note = &score->notes.items[i];
    if (!counts(note)) continue;
    Measure *measure = &side->measures[note->measure];
    if (measure->n++ == 0) measure->first = side->n;
    side->notes[side->n++] = (Note){(int)first_staff(score, note->part) + note->staff, score_midi(note),
                                    beat_double(note->onset), beat_double(note->duration)};
  }
  return true;
}

static void clear_side(Side *side) {
  free(side->notes);
  free(side->measures);
  free(side->store);
  free(side->single);
  free(side->joined);
}

static int compare_keys(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static void add_keys(Keys *keys, const Side *side, size_t measure, double shift) {
  const Measure *m = &side->measures[measure];
  for (size_t i = 0; i < m->n; i++) {
    const Note *note = &side->notes[m->first + i];
    uint64_t pitch = (uint64_t)note->staff << 8 | (uint64_t)(note->midi & 255);
    keys->pitch[keys->n] = pitch;
    keys->place[keys->n++] = pitch << 32 | (uint32_t)(int32_t)nearbyint((note->onset + shift) * GRID);
  }
}

static void sort_keys(Keys *keys) {
  if (keys->n == 0) return;
  qsort(keys->pitch, keys->n, sizeof *keys->pitch, compare_keys);
  qsort(keys->place, keys->n, sizeof *keys->place, compare_keys);
}

/* Notes of measures (i) and (i, i + 1); each note stands in three lists of two kinds at most. */
static bool make_keys(Side *side) {
  side->store = malloc((6 * side->n + 1) * sizeof *side->store);
  side->single = calloc(side->measures_n + 1, sizeof *side->single);
  side->joined = calloc(side->measures_n + 1, sizeof *side->joined);
  if (!side->store || !side->single || !side->joined) return false;
  uint64_t *at = side->store;
  for (size_t i = 0; i < side->measures_n; i++) {
    Keys *one = &side->single[i], *two = &side->joined[i];
    one->pitch = at, one->place = at + side->measures[i].n, at += 2 * side->measures[i].n;
    add_keys(one, side, i, 0);
    sort_keys(one);
    if (i + 1 >= side->measures_n) break;
    size_t n = side->measures[i].n + side->measures[i + 1].n;
    two->pitch = at, two->place = at + n, at += 2 * n;
    add_keys(two, side, i, 0);
    add_keys(two, side, i + 1, side->measures[i].length);
    sort_keys(two);
  }
  return true;
}

static size_t common(const uint64_t *a, size_t n, const uint64_t *b, size_t m) {
  size_t shared = 0;
  for (size_t i = 0, j = 0; i < n && j < m;) {
    if (a[i] == b[j])
      shared++, i++, j++;
    else if (a[i] < b[j])
      i++;
    else
      j++;
  }
  return shared;
}

static double pair_cost(const Keys *a, const Keys *b) {
  return (double)(a->n + b->n) - (double)common(a->pitch, a->n, b->pitch, b->n) -
         (double)common(a->place, a->n, b->place, b->n);
}

/* ---- staves ---- */

static size_t shared_pitches(size_t (*a)[PITCHES], size_t (*b)[PITCHES], size_t i, size_t j) {
  size_t shared = 0;
  for (int midi = 0; midi < PITCHES; midi++) shared += a[i][midi] < b[j][midi] ? a[i][midi] : b[j][midi];
  return shared;
}

static void count_pitches(size_t (*count)[PITCHES], const Side *side) {
  for (size_t i = 0; i < side->n; i++) count[side->notes[i].staff][side->notes[i].midi & (PITCHES - 1)]++;
}

static void trace_staves(int *map, const double *best, size_t n, size_t m) {
  for (size_t j = 0; j < m; j++) map[j] = FOREIGN_STAFF + (int)j;
  for (size_t i = n, j = m; i && j;) {
    double here = best[i * (m + 1) + j];
    if (here == best[(i - 1) * (m + 1) + j])
      i--;
    else if (here == best[i * (m + 1) + j - 1])
      j--;
    else
      i--, j--, map[j] = (int)i;
  }
}

/* map[j]: the reference's staff for the estimate's staff j. */
static bool map_staves(int *map, const Side *reference, const Side *estimate) {
  size_t n = reference->staves, m = estimate->staves;
  for (size_t j = 0; j < m; j++) map[j] = (int)j;
  if (n == m) return true;
  size_t(*a)[PITCHES] = calloc(n + 1, sizeof *a), (*b)[PITCHES] = calloc(m + 1, sizeof *b);
  double *best = calloc((n + 1) * (m + 1), sizeof *best);
  bool ok = a && b && best;
  if (ok) {
    count_pitches(a, reference);
    count_pitches(b, estimate);
    for (size_t i = 1; i <= n; i++)
      for (size_t j = 1; j <= m; j++) {
        double pair = best[(i - 1) * (m + 1) + j - 1] + (double)shared_pitches(a, b, i - 1, j - 1) + 0.001;
        best[i * (m + 1) + j] = fmax(pair, fmax(best[(i - 1) * (m + 1) + j], best[i * (m + 1) + j - 1]));
      }
    trace_staves(map, best, n, m);
  }
  free(a);
  free(b);
  free(best);
  return ok;
}

/* ---- measures ---- */

typedef struct {
  uint8_t reference, estimated; /* how many measures of each side */
} Move;

enum { MOVES = 5 };
static const Move MOVE[MOVES] = {{1, 0}, {0, 1}, {1, 1}, {2, 1}, {1, 2}};

typedef struct {
  const Side *a, *b;
  double *cost; /* (n + 1) × (m + 1) */
  uint8_t *move;
} Table;

static double move_cost(const Table *t, size_t i, size_t j, const Move *move) {
  const Side *a = t->a, *b = t->b;
  if (move->estimated == 0) return (double)a->single[i - 1].n + SKIP_COST;
  if (move->reference == 0) return (double)b->single[j - 1].n + SKIP_COST;
  const Keys *x = move->reference == 2 ? &a->joined[i - 2] : &a->single[i - 1];
  const Keys *y = move->estimated == 2 ? &b->joined[j - 2] : &b->single[j - 1];
  return pair_cost(x, y) + (move->reference + move->estimated > 2 ? JOIN_COST : 0);
}

static void fill_cell(Table *t, size_t i, size_t j) {
  size_t width = t->b->measures_n + 1, cell = i * width + j;
  for (int k = 0; k < MOVES; k++) {
    const Move *move = &MOVE[k];
    if (i < move->reference || j < move->estimated) continue;
    double before = t->cost[(i - move->reference) * width + j - move->estimated];
    if (isinf(before)) continue;
    double cost = before + move_cost(t, i, j, move);
    if (cost < t->cost[cell]) t->cost[cell] = cost, t->move[cell] = (uint8_t)k;
  }
}

static BaseStatus fill_table(BaseContext *ctx, Table *t) {
  size_t n = t->a->measures_n, m = t->b->measures_n, width = m + 1;
  size_t band = n > m ? n - m : m - n;
  band = (band > 0 ? band : 0) + LEAST_BAND;
  for (size_t cell = 0; cell < (n + 1) * width; cell++) t->cost[cell] = INFINITY;
  t->cost[0] = 0;
  for (size_t i = 0; i <= n; i++) {
    size_t centre = n ? i * m / n : 0, low = centre > band ? centre - band : 0;
    size_t high = centre + band < m ? centre + band : m;
    if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
    for (size_t j = low; j <= high; j++)
      if (i || j) fill_cell(t, i, j);
  }
  return BASE_OK;
}

/* ---- notes of aligned measures ---- */

typedef struct {
  double onset, duration;
  uint32_t i, j;
} Candidate;

typedef struct {
  BASE_ARRAY(Note) a, b;
  BASE_ARRAY(Candidate) candidates;
  BASE_ARRAY(bool) taken_a, taken_b;
} Matcher;

static int compare_candidates(const void *a, const void *b) {
  const Candidate *x = a, *y = b;
  if (x->onset != y->onset) return x->onset < y->onset ? -1 : 1;
  if (x->duration != y->duration) return x->duration < y->duration ? -1 : 1;
  if (x->i != y->i) return x->i < y->i ? -1 : 1;
  return (x->j > y->j) - (x->j < y->j);
}

/* Appends `n` measures from `first`, as one. */
#define TAKE_MEASURES(list, side, from, count)                                                               \
  take_measures((void **)&(list)->items, &(list)->n, &(list)->capacity, side, from, count)

static bool take_measures(void **items, size_t *n, size_t *capacity, const Side *side, size_t first,
                          size_t count) {
  double shift = 0;
  *n = 0;
  for (size_t k = first; k < first + count; k++) {
    const Measure *measure = &side->measures[k];
    if (!base_array_grow(items, capacity, *n + measure->n + 1, sizeof(Note))) return false;
    for (size_t i = 0; i < measure->n; i++) {
      Note note = side->notes[measure->first + i];
      note.onset += shift;
      ((Note *)*items)[(*n)++] = note;
    }
    shift += measure->length;
  }
  return true;
}

static bool list_candidates(Matcher *m, int level) {
  m->candidates.n = 0;
  for (size_t i = 0; i < m->a.n; i++)
    for (size_t j = 0; j < m->b.n; j++) {
      const Note *x = &m->a.items[i], *y = &m->b.items[j];
      if (x->staff != y->staff || x->midi != y->midi) continue;
      double onset = fabs(x->onset - y->onset), duration = fabs(x->duration - y->duration);
      if ((level >= 1 && onset > TOLERANCE) || (level >= 2 && duration > TOLERANCE)) continue;
      if (!base_array_push(&m->candidates, (Candidate){onset, duration, (uint32_t)i, (uint32_t)j}))
        return false;
    }
  if (m->candidates.n)
    qsort(m->candidates.items, m->candidates.n, sizeof *m->candidates.items, compare_candidates);
  return true;
}

static bool match_level(Matcher *m, int level, size_t *matched) {
  *matched = 0;
  if (!list_candidates(m, level) || !base_array_reserve(&m->taken_a, m->a.n + 1) ||
      !base_array_reserve(&m->taken_b, m->b.n + 1))
    return false;
  memset(m->taken_a.items, 0, m->a.n * sizeof(bool));
  memset(m->taken_b.items, 0, m->b.n * sizeof(bool));
  for (size_t c = 0; c < m->candidates.n; c++) {
    const Candidate *candidate = &m->candidates.items[c];
    if (m->taken_a.items[candidate->i] || m->taken_b.items[candidate->j]) continue;
    m->taken_a.items[candidate->i] = m->taken_b.items[candidate->j] = true;
    ++*matched;
  }
  return true;
}

static bool match_step(Matcher *m, const Table *t, size_t i, size_t j, const Move *move,
                       size_t matched[LEVELS], size_t *right) {
  size_t here[LEVELS];
  if (!TAKE_MEASURES(&m->a, t->a, i - move->reference, move->reference) ||
      !TAKE_MEASURES(&m->b, t->b, j - move->estimated, move->estimated))
    return false;
  for (int level = 0; level < LEVELS; level++) {
    if (!match_level(m, level, &here[level])) return false;
    matched[level] += here[level];
  }
  bool single = move->reference == 1 && move->estimated == 1;
  *right += single && here[LEVELS - 1] == m->a.n && m->a.n == m->b.n;
  return true;
}

static bool match_table(const Table *t, size_t matched[LEVELS], size_t *right) {
  Matcher matcher = {.a = {0}};
  bool ok = true;
  for (size_t i = t->a->measures_n, j = t->b->measures_n; ok && (i || j);) {
    const Move *move = &MOVE[t->move[i * (t->b->measures_n + 1) + j]];
    ok = match_step(&matcher, t, i, j, move, matched, right);
    i -= move->reference, j -= move->estimated;
  }
  base_array_clear(&matcher.a);
  base_array_clear(&matcher.b);
  base_array_clear(&matcher.candidates);
  base_array_clear(&matcher.taken_a);
  base_array_clear(&matcher.taken_b);
  return ok;
}

/* ---- all ---- */

static BaseStatus compare(BaseContext *ctx, EvaluationScore *out, const Side *a, const Side *b) {
  size_t cells = (a->measures_n + 1) * (b->measures_n + 1), matched[LEVELS] = {0}, right = 0;
  Table table = {.a = a, .b = b, .cost = malloc(cells * sizeof(double)), .move = calloc(cells, 1)};
  BaseStatus status = table.cost && table.move ? fill_table(ctx, &table) : base_fail_memory(ctx);
  if (status == BASE_OK && !match_table(&table, matched, &right)) status = base_fail_memory(ctx);
  free(table.cost);
  free(table.move);
  if (status != BASE_OK) return status;
  *out = (EvaluationScore){.pitch = evaluation_share(matched[0], a->n, b->n),
                           .pitch_onset = evaluation_share(matched[1], a->n, b->n),
                           .pitch_onset_duration = evaluation_share(matched[2], a->n, b->n),
                           .measures_reference = a->measures_n,
                           .measures_estimated = b->measures_n,
                           .measures_right = right,
                           .staves_reference = a->staves,
                           .staves_estimated = b->staves};
  return BASE_OK;
}

BaseStatus evaluation_score(BaseContext *ctx, EvaluationScore *out, const Score *reference,
                            const Score *estimate) {
  Side a = {0}, b = {0};
  int map[MOST_STAVES];
  bool ok = load_side(&a, reference) && load_side(&b, estimate);
  BaseStatus status = ok ? BASE_OK : base_fail_memory(ctx);
  if (ok && b.staves > MOST_STAVES)
    status =
        base_fail(ctx, BASE_UNSUPPORTED, "A score with more than %d staves cannot be compared.", MOST_STAVES);
  if (status == BASE_OK && !map_staves(map, &a, &b)) status = base_fail_memory(ctx);
  for (size_t i = 0; status == BASE_OK && i < b.n; i++) b.notes[i].staff = map[b.notes[i].staff];
  if (status == BASE_OK && (!make_keys(&a) || !make_keys(&b))) status = base_fail_memory(ctx);
  if (status == BASE_OK) status = compare(ctx, out, &a, &b);
  clear_side(&a);
  clear_side(&b);
  return status;
}
