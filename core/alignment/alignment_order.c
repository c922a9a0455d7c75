/* Which measures were played, and in which order: a path through (slice, place in the score) that gains for
 * notes in common and pays for notes missed on either side, and that may jump from any bar line to any other
 * for a fixed price, or for a small one where the signs of the score ask for it. The table is filled slice by
 * slice; as in step 1 only every stride-th column of sums is kept and moves are recomputed block by block on
 * the way back. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/alignment/alignment_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float MISSED = 0.3f, FOREIGN = 0.3f; /* a note that only the score, only the sound has */
static const float CLOSED = 7, OPEN = 4; /* the price of a jump at each of its two bar lines, in notes */
static const float WRITTEN_JUMP = 2;     /* the price of one that the signs ask for */
static const double MOST_CELLS = 8e9;

enum { MOVE_SLICE, MOVE_PAIR, MOVE_ROW, MOVE_JUMP };

/* A jump that the signs of the score ask for: from the bar line before measure `from` to that before `to`. */
typedef struct {
  size_t from, to;
} Jump;

typedef struct {
  AlignmentRows rows;
  AlignmentSlices slices;
  size_t measures;
  size_t *start; /* measures + 1: the row at each bar line; the last is the end of the score */
  float *price;  /* measures + 1: of a jump from or to each bar line */
  Jump *jumps;
  size_t jumps_n;
  uint8_t *wants; /* 88 × rows */
  float *wanted;  /* rows: keys */
  size_t stride;
  float *sums;        /* kept columns, (blocks + 1) × (rows + 1) */
  float *line, *gain; /* rows + 1, the column in work */
  uint8_t *moves;     /* stride × (rows + 1) */
  uint32_t *origin;   /* stride × (measures + 1): the bar line from which a jump came */
} Table;

/* ---- one column ---- */

static void gains_of_slice(Table *t, size_t slice) {
  size_t n = t->rows.n;
  memset(t->gain, 0, n * sizeof *t->gain);
  for (int k = 0; k < ALIGNMENT_KEYS; k++) {
    uint8_t weight = t->slices.weight[(size_t)k * t->slices.n + slice];
    if (weight == 0) continue;
    const uint8_t *wants = t->wants + (size_t)k * n;
    float each = weight / 255.0f * (1 + MISSED + FOREIGN);
    for (size_t i = 0; i < n; i++) t->gain[i] += each * wants[i];
  }
  float foreign = FOREIGN * t->slices.heard[slice];
  for (size_t i = 0; i < n; i++) t->gain[i] -= MISSED * t->wanted[i] + foreign;
}

/* Leaves rows out, upwards. */
static void skip_rows(Table *t, uint8_t *moves) {
  for (size_t i = 1; i <= t->rows.n; i++) {
    float skipped = t->line[i - 1] - MISSED * t->wanted[i - 1];
    if (skipped <= t->line[i]) continue;
    t->line[i] = skipped;
    if (moves) moves[i] = MOVE_ROW;
  }
}

static void land(Table *t, size_t bar, size_t from, float sum, uint8_t *moves, uint32_t *origin) {
  size_t row = t->start[bar];
  if (sum <= t->line[row]) return;
  t->line[row] = sum;
  if (!moves) return;
  moves[row] = MOVE_JUMP;
  origin[bar] = (uint32_t)from;
}

static float leaving(const Table *t, size_t bar) {
  return t->line[t->start[bar]] - t->price[bar];
}

/* Jumps into every bar line: from the best one at full price, and as written. */
static void jump(Table *t, uint8_t *moves, uint32_t *origin) {
  size_t best = 0;
  for (size_t bar = 1; bar <= t->measures; bar++)
    if (leaving(t, bar) > leaving(t, best)) best = bar;
  float sum = leaving(t, best);
  for (size_t j = 0; j < t->jumps_n; j++)
    land(t, t->jumps[j].to, t->jumps[j].from, t->line[t->start[t->jumps[j].from]] - WRITTEN_JUMP, moves,
         origin);
  for (size_t bar = 0; bar <= t->measures; bar++) land(t, bar, best, sum - t->price[bar], moves, origin);
}

static void settle(Table *t, uint8_t *moves, uint32_t *origin) {
  skip_rows(t, moves);
  jump(t, moves, origin);
  skip_rows(t, moves);
}

/* From the column before slice `slice` to the one after it. `moves` and `origin` may be null. */
static void advance(Table *t, size_t slice, uint8_t *moves, uint32_t *origin) {
  gains_of_slice(t, slice);
  float skip = FOREIGN * t->slices.heard[slice], diagonal = t->line[0];
  t->line[0] -= skip;
  if (moves) moves[0] = MOVE_SLICE;
  for (size_t i = 1; i <= t->rows.n; i++) {
    float skipped = t->line[i] - skip, paired = diagonal + t->gain[i - 1];
    diagonal = t->line[i];
    t->line[i] = paired > skipped ? paired : skipped;
    if (moves) moves[i] = paired > skipped ? MOVE_PAIR : MOVE_SLICE;
  }
  settle(t, moves, origin);
}

/* ---- the table ---- */

/* The column before the first slice: the music may start at any bar line for the price of a jump. */
static void begin(Table *t, uint8_t *moves, uint32_t *origin) {
  for (size_t i = 0; i <= t->rows.n; i++) t->line[i] = i ? -INFINITY : 0;
  if (moves) memset(moves, MOVE_SLICE, t->rows.n + 1);
  settle(t, moves, origin);
}

static BaseStatus fill(BaseContext *ctx, Table *t) {
  size_t width = t->rows.n + 1;
  begin(t, NULL, NULL);
  for (size_t j = 0; j < t->slices.n; j++) {
    if (j % t->stride == 0) memcpy(t->sums + j / t->stride * width, t->line, width * sizeof(float));
    if (j % 16 == 0 && base_cancelled(ctx)) return base_fail_cancelled(ctx);
    advance(t, j, NULL, NULL);
  }
  return BASE_OK;
}

static void refill_block(Table *t, size_t from, size_t to) {
  size_t width = t->rows.n + 1, bars = t->measures + 1;
  memcpy(t->line, t->sums + from / t->stride * width, width * sizeof(float));
  for (size_t j = from; j < to; j++)
    advance(t, j, t->moves + (j - from) * width, t->origin + (j - from) * bars);
}

/* ---- the way back ---- */

/* A stretch played without a jump, as bar lines; collected from the last to the first. */
typedef BASE_ARRAY(Jump) Stretches;

/* A row that met a slice. */
typedef struct {
  size_t row, slice;
} Meeting;

typedef BASE_ARRAY(Meeting) Meetings;

static size_t bar_at(const Table *t, size_t row) {
  size_t low = 0, high = t->measures;
  while (low < high) {
    size_t middle = (low + high + 1) / 2;
    if (t->start[middle] <= row)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

typedef struct {
  size_t row, leave; /* where the way is; the bar line where its stretch ends */
} Way;

/* Follows the moves of one column down to the move that leaves it; false without memory. */
static bool follow_column(const Table *t, Way *way, Stretches *out, const uint8_t *moves,
                          const uint32_t *origin) {
  while (moves[way->row] == MOVE_ROW || moves[way->row] == MOVE_JUMP) {
    if (moves[way->row] == MOVE_ROW) {
      way->row--;
      continue;
    }
    size_t bar = bar_at(t, way->row);
    while (bar > 0 && t->start[bar - 1] == way->row && origin[bar] == UINT32_MAX) bar--;
    if (!base_array_push(out, (Jump){bar, way->leave})) return false;
    way->leave = origin[bar];
    way->row = t->start[way->leave];
  }
  return true;
}

static BaseStatus trace(BaseContext *ctx, Stretches *out, Meetings *met, Table *t) {
  size_t width = t->rows.n + 1, bars = t->measures + 1;
  Way way = {t->rows.n, t->measures};
  for (size_t j = t->slices.n; j > 0;) {
    size_t from = (j - 1) / t->stride * t->stride;
    memset(t->origin, 0xff, t->stride * bars * sizeof *t->origin);
    refill_block(t, from, j);
    if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
    for (; j > from; j--) {
      const uint8_t *moves = t->moves + (j - 1 - from) * width;
      if (!follow_column(t, &way, out, moves, t->origin + (j - 1 - from) * bars))
        return base_fail_memory(ctx);
      if (moves[way.row] != MOVE_PAIR) continue;
      if (!base_array_push(met, (Meeting){--way.row, j - 1})) return base_fail_memory(ctx);
    }
  }
  memset(t->origin, 0xff, bars * sizeof *t->origin);
  begin(t, t->moves, t->origin);
  t->moves[0] = MOVE_SLICE;
  bool ok = follow_column(t, &way, out, t->moves, t->origin) && base_array_push(out, (Jump){0, way.leave});
  return ok ? BASE_OK : base_fail_memory(ctx);
}

/* ---- in and out ---- */

static bool list_jumps(Table *t, BaseArena *arena, const ScoreUnfolded *written) {
  t->jumps = BASE_TAKE(arena, Jump, (written ? written->steps.n : 0) + 1);
  if (!t->jumps) return false;
  for (size_t i = 1; written && i < written->steps.n; i++) {
    size_t from = (size_t)written->steps.items[i - 1].measure + 1,
           to = (size_t)written->steps.items[i].measure;
    if (from != to && from <= t->measures && to < t->measures) t->jumps[t->jumps_n++] = (Jump){from, to};
  }
  return true;
}

static void find_starts(Table *t, const ScoreUnfolded *once) {
  size_t row = 0;
  for (size_t m = 0; m < t->measures; m++) {
    while (row < t->rows.n && beat_compare(once->onsets.items[row].onset, once->steps.items[m].start) < 0)
      row++;
    t->start[m] = row;
  }
  t->start[t->measures] = t->rows.n;
}

/* In quarters; that of the last measure is not known and taken to be whole. */
static double length_of(const ScoreUnfolded *once, size_t measure) {
  if (measure + 1 >= once->steps.n) return INFINITY;
  return beat_double(beat_sub(once->steps.items[measure + 1].start, once->steps.items[measure].start));
}

/* Shorter than one of its neighbours. */
static bool is_incomplete(const ScoreUnfolded *once, size_t measure) {
  double length = length_of(once, measure);
  return (measure > 0 && length < length_of(once, measure - 1) - 1e-6) ||
         length < length_of(once, measure + 1) - 1e-6;
}

static void set_prices(Table *t, const ScoreUnfolded *once) {
  for (size_t bar = 0; bar <= t->measures; bar++) {
    bool edge = bar == 0 || bar == t->measures;
    bool open = edge || is_incomplete(once, bar - 1) || is_incomplete(once, bar);
    t->price[bar] = open ? OPEN : CLOSED;
  }
}

static bool want_keys(Table *t, BaseArena *arena) {
  t->wants = BASE_TAKE(arena, uint8_t, ALIGNMENT_KEYS * (t->rows.n + 1));
  t->wanted = BASE_TAKE(arena, float, t->rows.n + 1);
  if (!t->wants || !t->wanted) return false;
  for (size_t i = 0; i < t->rows.n; i++)
    for (size_t k = t->rows.first[i]; k < t->rows.first[i + 1]; k++) {
      t->wants[t->rows.key[k] * t->rows.n + i] = 1;
      t->wanted[i]++;
    }
  return true;
}

static bool make_table(Table *t, BaseArena *arena, const ScoreUnfolded *once, const ScoreUnfolded *written) {
  size_t width = t->rows.n + 1;
  t->measures = once->steps.n;
  t->start = BASE_TAKE(arena, size_t, t->measures + 1);
  t->price = BASE_TAKE(arena, float, t->measures + 1);
  t->stride = 1 + (size_t)(2 * sqrt((double)t->slices.n));
  t->sums = BASE_TAKE(arena, float, (t->slices.n / t->stride + 1) * width);
  t->line = BASE_TAKE(arena, float, width);
  t->gain = BASE_TAKE(arena, float, width);
  t->moves = BASE_TAKE(arena, uint8_t, t->stride * width);
  t->origin = BASE_TAKE(arena, uint32_t, t->stride * (t->measures + 1));
  if (!t->start || !t->price || !t->sums || !t->line || !t->gain || !t->moves || !t->origin) return false;
  find_starts(t, once);
  set_prices(t, once);
  return list_jumps(t, arena, written) && want_keys(t, arena);
}

/* ---- measures that were left out ---- */

/* One measure of the order, with what was met of it. */
typedef struct {
  int32_t measure;
  bool met, silent; /* silent: nothing of it was met although it has notes */
  double first_quarter, first_s, last_quarter, last_s;
} Played;

typedef BASE_ARRAY(Played) Order;

static void meet(Played *played, double quarter, double time_s) {
  if (!played->met) played->first_quarter = quarter, played->first_s = time_s;
  played->met = true;
  played->last_quarter = quarter, played->last_s = time_s;
}

/* Stretches and meetings, both from last to first, as a list of measures from first to last. */
static bool list_order(Order *out, const Table *t, const Stretches *stretches, const Meetings *met) {
  size_t m = met->n;
  for (size_t s = stretches->n; s-- > 0;)
    for (size_t measure = stretches->items[s].from; measure < stretches->items[s].to; measure++) {
      Played played = {.measure = (int32_t)measure};
      for (; m > 0 && met->items[m - 1].row < t->start[measure + 1]; m--) {
        const Meeting *meeting = &met->items[m - 1];
        if (meeting->row < t->start[measure]) break;
        meet(&played, t->rows.quarter[meeting->row], t->slices.time_s[meeting->slice]);
      }
      played.silent = !played.met && t->start[measure + 1] > t->start[measure];
      if (!base_array_push(out, played)) return false;
    }
  return true;
}

/* Seconds a quarter in the measures met around `at`, 0 where too little was. */
static double tempo_around(const Order *order, size_t at) {
  double quarters = 0, seconds = 0;
  for (size_t i = at > 4 ? at - 4 : 0; i < order->n && i <= at + 4; i++) {
    const Played *played = &order->items[i];
    if (!played->met) continue;
    quarters += played->last_quarter - played->first_quarter;
    seconds += played->last_s - played->first_s;
  }
  return quarters > 0.9 ? seconds / quarters : 0;
}

/* The time between the neighbours of a silent run tells whether it was played too softly or left out: which
 * of the two is nearer, as a ratio, to what the tempo wants? */
static bool was_left_out(const Order *order, const ScoreUnfolded *once, size_t from, size_t to) {
  if (from == 0 || to >= order->n || !order->items[from - 1].met || !order->items[to].met) return false;
  const Played *before = &order->items[from - 1], *after = &order->items[to];
  double tempo = tempo_around(order, from), seconds = after->first_s - before->last_s;
  double silent = 0, start = beat_double(once->steps.items[after->measure].start);
  for (size_t i = from; i < to; i++) silent += length_of(once, (size_t)order->items[i].measure);
  double lead = length_of(once, (size_t)before->measure) +
                beat_double(once->steps.items[before->measure].start) - before->last_quarter +
                after->first_quarter - start;
  if (!(tempo > 0) || !(seconds > 0) || !(lead > 0) || !isfinite(silent)) return false;
  return fabs(log(seconds / (tempo * lead))) < fabs(log(seconds / (tempo * (lead + silent))));
}

static BaseStatus write_order(BaseContext *ctx, int32_t **out, size_t *n, const Order *order,
                              const ScoreUnfolded *once) {
  *n = 0;
  *out = malloc((order->n + 1) * sizeof **out);
  if (!*out) return base_fail_memory(ctx);
  for (size_t i = 0; i < order->n;) {
    size_t to = i;
    while (to < order->n && order->items[to].silent) to++;
    if (to == i && is_incomplete(once, (size_t)order->items[i].measure)) to++;
    bool out_of_it = to > i && was_left_out(order, once, i, to);
    if (to == i) to++;
    for (; i < to; i++)
      if (!out_of_it) (*out)[(*n)++] = order->items[i].measure;
  }
  return BASE_OK;
}

static BaseStatus find_order(BaseContext *ctx, int32_t **order, size_t *n, BaseArena *arena,
                             const ScoreUnfolded *once, const ScoreUnfolded *written, const Motion *motion,
                             const Evidence *evidence) {
  AlignmentAtoms atoms;
  Table table = {.measures = 0};
  AlignmentSpan all = {.from_s = -INFINITY, .to_s = INFINITY};
  BaseStatus status = alignment_rows(ctx, &table.rows, arena, once);
  if (status == BASE_OK) status = alignment_atoms(ctx, &atoms, arena, motion, evidence);
  if (status != BASE_OK) return status;
  if (!alignment_slices(&table.slices, arena, &atoms, &all)) return base_fail_memory(ctx);
  if ((double)table.slices.n * (double)table.rows.n > MOST_CELLS)
    return base_fail(ctx, BASE_UNSUPPORTED, "Score and recording are too long to look for repeats.");
  Stretches stretches = {0};
  Meetings met = {0};
  Order played = {0};
  if (!make_table(&table, arena, once, written)) return base_fail_memory(ctx);
  status = fill(ctx, &table);
  if (status == BASE_OK) status = trace(ctx, &stretches, &met, &table);
  if (status == BASE_OK && !list_order(&played, &table, &stretches, &met)) status = base_fail_memory(ctx);
  if (status == BASE_OK) status = write_order(ctx, order, n, &played, once);
  base_array_clear(&stretches);
  base_array_clear(&met);
  base_array_clear(&played);
  return status;
}

BaseStatus alignment_order(BaseContext *ctx, int32_t **order, size_t *n, const ScoreUnfolded *once,
                           const ScoreUnfolded *written, const Motion *motion, const Evidence *evidence) {
  if (once->onsets.n == 0 || once->steps.n == 0)
    return base_fail(ctx, BASE_BAD_INPUT, "The score has no notes, so nothing can be aligned.");
  BaseArena *own = ctx && ctx->scratch ? NULL : base_arena_new(0), *arena = own   ? own
                                                                            : ctx ? ctx->scratch
                                                                                  : NULL;
  if (!arena) return base_fail_memory(ctx);
  BaseArenaMark mark = base_arena_mark(arena);
  BaseStatus status = find_order(ctx, order, n, arena, once, written, motion, evidence);
  base_arena_reset(arena, mark);
  base_arena_free(own);
  return status;
}
