/* Alignment errors at the truth's onsets; for scores that were read from pages, the estimate's onsets are
 * first matched to the written ones by an edit distance over sets of pitches (two differing sets cost up to
 * 2, leaving one out costs 1). SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/evaluation/evaluation.h"

#include "core/base/base_file.h"
#include "core/base/base_number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- table ---- */

typedef struct {
  int quarter, time, pitches; /* columns, -1 none */
} Columns;

/* The text of column `column` of `line`, cut out in place into `field`. */
static void cut_field(char *field, size_t size, const char *line, int column) {
  for (; column > 0 && *line && *line != '\n'; line++)
    if (*line == ',') column--;
  size_t n = column == 0 ? strcspn(line, ",\r\n") : 0;
  if (n >= size) n = size - 1;
  memcpy(field, line, n);
  field[n] = 0;
}

static Columns find_columns(const char *header) {
  Columns columns = {-1, -1, -1};
  char name[64];
  for (int i = 0; i < 32; i++) {
    cut_field(name, sizeof name, header, i);
    if (strcmp(name, "score_quarter") == 0)
      columns.quarter = i;
    else if (strcmp(name, "time_s") == 0)
      columns.time = i;
    else if (strcmp(name, "pitches") == 0 || strcmp(name, "midi_pitches") == 0)
      columns.pitches = i;
  }
  return columns;
}

static void read_pitches(uint64_t pitches[2], const char *text) {
  for (;;) {
    char *end;
    long midi = strtol(text, &end, 10);
    if (end == text) return;
    if (midi >= 0 && midi < 128) pitches[midi / 64] |= 1ull << midi % 64;
    text = end;
  }
}

static bool read_number(double *out, const char *line, int column) {
  char field[64], *end;
  if (column < 0) return true;
  cut_field(field, sizeof field, line, column);
  *out = base_number_read(field, &end);
  return end != field && isfinite(*out);
}

static bool read_row(EvaluationOnset *out, const char *line, const Columns *columns) {
  char field[1024];
  *out = (EvaluationOnset){0};
  if (!read_number(&out->quarter, line, columns->quarter) || !read_number(&out->time_s, line, columns->time))
    return false;
  if (columns->pitches < 0) return true;
  cut_field(field, sizeof field, line, columns->pitches);
  read_pitches(out->pitches, field);
  return true;
}

static BaseStatus read_rows(BaseContext *ctx, EvaluationOnsets *out, const char *text, const char *path) {
  Columns columns = find_columns(text);
  if (columns.quarter < 0)
    return base_fail(ctx, BASE_BAD_FILE, "“%s” has no column score_quarter in its first line.", path);
  size_t number = 1;
  for (const char *line = strchr(text, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
    number++;
    if (line[1] == '\n' || line[1] == '\r') continue;
    EvaluationOnset onset;
    if (!read_row(&onset, line + 1, &columns))
      return base_fail(ctx, BASE_BAD_FILE, "Line %zu of “%s” has no number where one should be.", number,
                       path);
    if (!base_array_push(out, onset)) return base_fail_memory(ctx);
  }
  return BASE_OK;
}

BaseStatus evaluation_read_onsets(BaseContext *ctx, EvaluationOnsets *out, const char *path) {
  void *bytes = NULL;
  size_t n = 0;
  EvaluationOnsets read = {0};
  BaseStatus status = base_file_read(ctx, &bytes, &n, path, 0);
  if (status != BASE_OK) return status;
  status = read_rows(ctx, &read, bytes, path);
  free(bytes);
  if (status == BASE_OK)
    *out = read;
  else
    base_array_clear(&read);
  return status;
}

/* ---- errors ---- */

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Linear between the two nearest ranks. */
static double percentile(const double *sorted, size_t n, double share) {
  double at = share * (double)(n - 1);
  size_t low = (size_t)at, high = low + 1 < n ? low + 1 : low;
  return sorted[low] + (at - (double)low) * (sorted[high] - sorted[low]);
}

/* Sorts `error` (infinite: missed). */
static EvaluationAlignment summarise(double *error, size_t n) {
  EvaluationAlignment out = {.n = n};
  if (n == 0) return out;
  qsort(error, n, sizeof *error, compare_doubles);
  size_t found = n;
  while (found > 0 && isinf(error[found - 1])) found--;
  double each = 1 / (double)n;
  out.missed = (double)(n - found) * each;
  for (size_t i = 0; i < n; i++) {
    out.within_25ms += error[i] < 0.025 ? each : 0, out.within_50ms += error[i] < 0.05 ? each : 0;
    out.within_100ms += error[i] < 0.1 ? each : 0, out.beyond_250ms += error[i] > 0.25 ? each : 0;
    out.beyond_1s += error[i] > 1 ? each : 0;
    if (i < found) out.mean_s += error[i] / (double)found;
  }
  if (found == 0) return out;
  out.median_s = percentile(error, found, 0.5);
  out.p90_s = percentile(error, found, 0.9);
  out.p99_s = percentile(error, found, 0.99);
  return out;
}

static int compare_quarters(const void *a, const void *b) {
  const EvaluationOnset *x = a, *y = b;
  return (x->quarter > y->quarter) - (x->quarter < y->quarter);
}

static double time_at(const EvaluationOnset *sorted, size_t n, double quarter) {
  if (quarter <= sorted[0].quarter) return sorted[0].time_s;
  if (quarter >= sorted[n - 1].quarter) return sorted[n - 1].time_s;
  size_t low = 0, high = n - 1;
  while (low + 1 < high) {
    size_t middle = low + (high - low) / 2;
    if (sorted[middle].quarter <= quarter)
      low = middle;
    else
      high = middle;
  }
  double width = sorted[high].quarter - sorted[low].quarter;
  double share = width > 0 ? (quarter - sorted[low].quarter) / width : 0;
  return sorted[low].time_s + share * (sorted[high].time_s - sorted[low].time_s);
}

static BaseStatus interpolate(BaseContext *ctx, double *error, const EvaluationOnsets *truth,
                              const EvaluationOnsets *estimate) {
  EvaluationOnset *sorted = malloc(estimate->n * sizeof *sorted);
  if (!sorted) return base_fail_memory(ctx);
  memcpy(sorted, estimate->items, estimate->n * sizeof *sorted);
  qsort(sorted, estimate->n, sizeof *sorted, compare_quarters);
  for (size_t i = 0; i < truth->n; i++)
    error[i] = fabs(time_at(sorted, estimate->n, truth->items[i].quarter) - truth->items[i].time_s);
  free(sorted);
  return BASE_OK;
}

/* ---- by pitch ---- */

static int count_bits(const uint64_t pitches[2]) {
  return __builtin_popcountll(pitches[0]) + __builtin_popcountll(pitches[1]);
}

static int count_common(const EvaluationOnset *a, const EvaluationOnset *b) {
  return __builtin_popcountll(a->pitches[0] & b->pitches[0]) +
         __builtin_popcountll(a->pitches[1] & b->pitches[1]);
}

static float differ(const EvaluationOnset *a, const EvaluationOnset *b) {
  int all = count_bits(a->pitches) + count_bits(b->pitches);
  return 2.0f * (1 - 2.0f * (float)count_common(a, b) / (float)(all > 1 ? all : 1));
}

enum { PAIR, SKIP_WRITTEN, SKIP_ESTIMATE };

static void fill_moves(uint8_t *moves, float *line, const EvaluationOnsets *a, const EvaluationOnsets *b) {
  size_t width = b->n + 1;
  for (size_t j = 0; j < width; j++) line[j] = (float)j, moves[j] = SKIP_ESTIMATE;
  for (size_t i = 1; i <= a->n; i++) {
    float diagonal = line[0];
    line[0] = (float)i, moves[i * width] = SKIP_WRITTEN;
    for (size_t j = 1; j < width; j++) {
      float pair = diagonal + differ(&a->items[i - 1], &b->items[j - 1]), up = line[j] + 1,
            left = line[j - 1] + 1;
      uint8_t move = PAIR;
      float best = pair;
      if (up < best) best = up, move = SKIP_WRITTEN;
      if (left < best) best = left, move = SKIP_ESTIMATE;
      diagonal = line[j], line[j] = best, moves[i * width + j] = move;
    }
  }
}

/* The estimate's time for each written onset, NaN without a partner. */
static BaseStatus match_by_pitch(BaseContext *ctx, double *time_s, const EvaluationOnsets *written,
                                 const EvaluationOnsets *estimate) {
  size_t width = estimate->n + 1;
  uint8_t *moves = calloc(written->n + 1, width);
  float *line = malloc(width * sizeof *line);
  bool ok = moves && line;
  if (ok) {
    fill_moves(moves, line, written, estimate);
    for (size_t i = 0; i < written->n; i++) time_s[i] = NAN;
    for (size_t i = written->n, j = estimate->n; i || j;) {
      uint8_t move = moves[i * width + j];
      if (i && j && move == PAIR) {
        i--, j--;
        if (count_common(&written->items[i], &estimate->items[j])) time_s[i] = estimate->items[j].time_s;
      } else if (i && (move == SKIP_WRITTEN || !j))
        i--;
      else
        j--;
    }
  }
  free(moves);
  free(line);
  return ok ? BASE_OK : base_fail_memory(ctx);
}

static double time_of_quarter(const EvaluationOnsets *written, const double *time_s, double quarter) {
  double found = NAN;
  for (size_t i = 0; i < written->n; i++)
    if (fabs(written->items[i].quarter - quarter) < 5e-4 && !isnan(time_s[i])) found = time_s[i];
  return found;
}

static BaseStatus compare_by_pitch(BaseContext *ctx, double *error, const EvaluationOnsets *truth,
                                   const EvaluationOnsets *estimate, const EvaluationOnsets *written) {
  double *time_s = malloc((written->n + 1) * sizeof *time_s);
  BaseStatus status = time_s ? match_by_pitch(ctx, time_s, written, estimate) : base_fail_memory(ctx);
  for (size_t i = 0; status == BASE_OK && i < truth->n; i++) {
    double found = time_of_quarter(written, time_s, truth->items[i].quarter);
    error[i] = isnan(found) ? INFINITY : fabs(found - truth->items[i].time_s);
  }
  free(time_s);
  return status;
}

BaseStatus evaluation_alignment(BaseContext *ctx, EvaluationAlignment *out, const EvaluationOnsets *truth,
                                const EvaluationOnsets *estimate, const EvaluationOnsets *written) {
  if (truth->n == 0 || estimate->n == 0)
    return base_fail(ctx, BASE_BAD_INPUT, "An alignment without onsets cannot be compared.");
  double *error = malloc(truth->n * sizeof *error);
  if (!error) return base_fail_memory(ctx);
  BaseStatus status = written ? compare_by_pitch(ctx, error, truth, estimate, written)
                              : interpolate(ctx, error, truth, estimate);
  if (status == BASE_OK) *out = summarise(error, truth->n);
  free(error);
  return status;
}
