/* Step 1 of the aligner. Rows of the score and slices of what was heard are paired in order so that the sum
 * of gains is greatest: a longest common subsequence with weights (Needleman & Wunsch 1970 with free gaps).
 * Knowing nothing of tempo it follows any rubato, pause or cut. The table is filled row by row; only every
 * stride-th row of sums is kept, and the way back is found block by block from recomputed moves, so that
 * memory stays O(√rows × slices). SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/alignment/alignment_parts.h"

#include <math.h>
#include <string.h>

static const float MISSED_COST = 0.2f, FOREIGN_COST = 0.1f;
static const double MOST_CELLS = 8e9;

enum { MOVE_ROW, MOVE_SLICE, MOVE_PAIR };

typedef struct {
  const AlignmentRows *rows;
  const AlignmentSpan *span;
  AlignmentSlices slices;
  size_t stride;
  float *sums;    /* kept rows of sums, (blocks + 1) × (n + 1) */
  float *common;  /* n */
  uint8_t *moves; /* stride × (n + 1) */
  float *line;    /* n + 1, the row of sums in work */
} Table;

double alignment_pair_gain(double wanted, double heard, double common) {
  return common - (double)MISSED_COST * (wanted - common) - (double)FOREIGN_COST * (heard - common);
}

static void gains_of_row(Table *table, size_t row) {
  const AlignmentRows *rows = table->rows;
  size_t n = table->slices.n, wanted = rows->first[row + 1] - rows->first[row];
  memset(table->common, 0, n * sizeof *table->common);
  for (size_t k = rows->first[row]; k < rows->first[row + 1]; k++) {
    const uint8_t *weight = table->slices.weight + rows->key[k] * n;
    for (size_t j = 0; j < n; j++) table->common[j] += weight[j];
  }
  float all = 1 + MISSED_COST + FOREIGN_COST, missed = MISSED_COST * (float)wanted;
  for (size_t j = 0; j < n; j++)
    table->common[j] = all / 255 * table->common[j] - missed - FOREIGN_COST * table->slices.heard[j];
}

/* Advances the row of sums by one row of the score; `moves` (n + 1) may be null. */
static void advance(Table *table, size_t row, uint8_t *moves) {
  gains_of_row(table, row);
  float *line = table->line, diagonal = line[0];
  for (size_t j = 1; j <= table->slices.n; j++) {
    float paired = diagonal + table->common[j - 1], best = line[j];
    uint8_t move = MOVE_ROW;
    diagonal = line[j];
    if (line[j - 1] > best) best = line[j - 1], move = MOVE_SLICE;
    if (paired > best) best = paired, move = MOVE_PAIR;
    line[j] = best;
    if (moves) moves[j] = move;
  }
}

static BaseStatus fill(BaseContext *ctx, Table *table) {
  size_t rows = table->span->end - table->span->first, width = table->slices.n + 1;
  for (size_t i = 0; i < rows; i++) {
    if (i % table->stride == 0)
      memcpy(table->sums + i / table->stride * width, table->line, width * sizeof(float));
    if (i % 16 == 0 && base_cancelled(ctx)) return base_fail_cancelled(ctx);
    advance(table, table->span->first + i, NULL);
  }
  return BASE_OK;
}

static void refill_block(Table *table, size_t from, size_t to) {
  size_t width = table->slices.n + 1;
  memcpy(table->line, table->sums + from / table->stride * width, width * sizeof(float));
  for (size_t i = from; i < to; i++)
    advance(table, table->span->first + i, table->moves + (i - from) * width);
}

static float common_of(const Table *table, size_t row, size_t slice) {
  const AlignmentRows *rows = table->rows;
  float sum = 0;
  for (size_t k = rows->first[row]; k < rows->first[row + 1]; k++)
    sum += table->slices.weight[rows->key[k] * table->slices.n + slice] / 255.0f;
  return sum;
}

static BaseStatus trace(BaseContext *ctx, double *time_s, float *gain, Table *table) {
  size_t i = table->span->end - table->span->first, j = table->slices.n, width = j + 1;
  while (i > 0) {
    size_t from = (i - 1) / table->stride * table->stride;
    refill_block(table, from, i);
    if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
    while (i > from) {
      uint8_t move = j == 0 ? MOVE_ROW : table->moves[(i - 1 - from) * width + j];
      if (move == MOVE_SLICE) {
        j--;
        continue;
      }
      i--;
      time_s[i] = NAN, gain[i] = 0;
      if (move == MOVE_ROW) continue;
      j--;
      time_s[i] = table->slices.time_s[j];
      gain[i] = common_of(table, table->span->first + i, j);
    }
  }
  return BASE_OK;
}

static bool make_table(Table *table, BaseArena *arena, const AlignmentAtoms *atoms) {
  size_t rows = table->span->end - table->span->first;
  if (!alignment_slices(&table->slices, arena, atoms, table->span)) return false;
  size_t width = table->slices.n + 1;
  table->stride = (size_t)ceil(2 * sqrt((double)rows));
  table->sums = BASE_TAKE(arena, float, (rows / table->stride + 1) * width);
  table->common = BASE_TAKE(arena, float, width);
  table->line = BASE_TAKE(arena, float, width);
  table->moves = BASE_TAKE(arena, uint8_t, table->stride * width);
  return table->sums && table->common && table->line && table->moves;
}

static BaseStatus check_size(BaseContext *ctx, const AlignmentAtoms *atoms, const AlignmentSpan *span) {
  double rows = (double)(span->end - span->first);
  double heard =
      (double)(alignment_atoms_from(atoms, span->to_s) - alignment_atoms_from(atoms, span->from_s));
  if (rows * heard <= MOST_CELLS) return BASE_OK;
  return base_fail(
      ctx, BASE_UNSUPPORTED,
      "A score with %.0f onsets and a recording with %.0f notes are too long to align in one piece; "
      "an anchor in the middle splits them.",
      rows, heard);
}

BaseStatus alignment_coarse(BaseContext *ctx, double *time_s, float *gain, BaseArena *arena,
                            const AlignmentRows *rows, const AlignmentAtoms *atoms,
                            const AlignmentSpan *span) {
  if (span->end <= span->first) return BASE_OK;
  BaseStatus status = check_size(ctx, atoms, span);
  if (status != BASE_OK) return status;
  BaseArenaMark mark = base_arena_mark(arena);
  Table table = {.rows = rows, .span = span};
  if (!make_table(&table, arena, atoms))
    status = base_fail_memory(ctx);
  else
    status = fill(ctx, &table);
  if (status == BASE_OK) status = trace(ctx, time_s, gain, &table);
  base_arena_reset(arena, mark);
  return status;
}
