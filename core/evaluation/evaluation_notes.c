/* Candidate pairs of equal pitch within the tolerances, then a maximum matching. Velocity is checked on the
 * pairs of that matching after a least-squares line from estimated to reference velocities.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/evaluation/evaluation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double ONSET_S = 0.05, OFFSET_S = 0.05, OFFSET_SHARE = 0.2, VELOCITY_SHARE = 0.1;
static const double ROUNDING = 1e4; /* differences count to 0.1 ms */
static const double FRAME_S = 0.01, MOST_SECONDS = 100000;
enum { PITCHES = 128 };

typedef struct {
  double onset_s, end_s, velocity;
  int midi;
} Note;

typedef BASE_ARRAY(Note) Notes;

EvaluationShare evaluation_share(size_t matched, size_t reference, size_t estimated) {
  EvaluationShare share = {.matched = matched, .reference = reference, .estimated = estimated};
  if (estimated) share.precision = (double)matched / (double)estimated;
  if (reference) share.recall = (double)matched / (double)reference;
  double sum = share.precision + share.recall;
  share.f1 = sum > 0 ? 2 * share.precision * share.recall / sum : 0;
  return share;
}

static int compare_notes(const void *a, const void *b) {
  const Note *x = a, *y = b;
  if (x->midi != y->midi) return x->midi < y->midi ? -1 : 1;
  if (x->onset_s != y->onset_s) return x->onset_s < y->onset_s ? -1 : 1;
  return (x->end_s > y->end_s) - (x->end_s < y->end_s);
}

static BaseStatus take_notes(BaseContext *ctx, Notes *out, const Motion *motion, bool sustain) {
  double *end_s = malloc((motion->notes.n + 1) * sizeof *end_s);
  if (!end_s || !base_array_reserve(out, motion->notes.n + 1)) {
    free(end_s);
    return base_fail_memory(ctx);
  }
  motion_sound_ends(end_s, motion);
  for (size_t i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    double end = sustain ? end_s[i] : note->key_up_s;
    if (end > note->onset_s && end < MOST_SECONDS)
      out->items[out->n++] = (Note){note->onset_s, end, note->velocity, note->midi};
  }
  free(end_s);
  if (out->n) qsort(out->items, out->n, sizeof *out->items, compare_notes);
  return BASE_OK;
}

/* ---- matching ---- */

typedef struct {
  size_t *first;
  BASE_ARRAY(int32_t) to;
  int32_t *partner;
  size_t matched;
} Graph;

static void clear_graph(Graph *graph) {
  free(graph->first);
  free(graph->partner);
  base_array_clear(&graph->to);
}

static double rounded(double difference) {
  return nearbyint(fabs(difference) * ROUNDING) / ROUNDING;
}

static bool ends_match(const Note *reference, const Note *estimate) {
  double limit = fmax(OFFSET_S, OFFSET_SHARE * (reference->end_s - reference->onset_s));
  return rounded(reference->end_s - estimate->end_s) <= limit;
}

static bool add_edges(Graph *graph, const Notes *reference, const Notes *estimate, bool offset) {
  size_t low = 0;
  for (size_t i = 0; i < reference->n; i++) {
    const Note *wanted = &reference->items[i];
    Note from = {.midi = wanted->midi, .onset_s = wanted->onset_s - ONSET_S - 1e-3, .end_s = -INFINITY};
    while (low < estimate->n && compare_notes(&estimate->items[low], &from) < 0) low++;
    graph->first[i] = graph->to.n;
    for (size_t j = low; j < estimate->n; j++) {
      const Note *found = &estimate->items[j];
      if (found->midi != wanted->midi || found->onset_s > wanted->onset_s + ONSET_S + 1e-3) break;
      if (rounded(wanted->onset_s - found->onset_s) > ONSET_S || (offset && !ends_match(wanted, found)))
        continue;
      if (!base_array_push(&graph->to, (int32_t)j)) return false;
    }
  }
  graph->first[reference->n] = graph->to.n;
  return true;
}

static BaseStatus match_notes(BaseContext *ctx, Graph *graph, const Notes *reference, const Notes *estimate,
                              bool offset) {
  *graph = (Graph){.first = malloc((reference->n + 1) * sizeof(size_t)),
                   .partner = malloc((reference->n + 1) * sizeof(int32_t))};
  if (!graph->first || !graph->partner || !add_edges(graph, reference, estimate, offset))
    return base_fail_memory(ctx);
  return evaluation_match(ctx, graph->partner, &graph->matched, graph->first, graph->to.items, reference->n,
                          estimate->n);
}

/* ---- velocity ---- */

typedef struct {
  double least, range; /* of the reference */
  double slope, shift; /* estimate's velocity to the reference's share */
} VelocityFit;

static VelocityFit fit_velocities(const Graph *graph, const Notes *reference, const Notes *estimate) {
  VelocityFit fit = {.least = INFINITY};
  double most = 0, n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (size_t i = 0; i < reference->n; i++) {
    fit.least = fmin(fit.least, reference->items[i].velocity);
    most = fmax(most, reference->items[i].velocity);
  }
  fit.range = fmax(1, most - fit.least);
  for (size_t i = 0; i < reference->n; i++) {
    if (graph->partner[i] < 0) continue;
    double from = estimate->items[graph->partner[i]].velocity;
    double to = (reference->items[i].velocity - fit.least) / fit.range;
    n++, x += from, y += to, xx += from * from, xy += from * to;
  }
  double spread = n * xx - x * x;
  if (spread > 1e-9) {
    fit.slope = (n * xy - x * y) / spread;
    fit.shift = (y - fit.slope * x) / n;
  } else if (n > 0 && xx > 0) { /* one velocity only: the shortest of all exact solutions */
    double v = x / n, mean = y / n;
    fit.slope = mean * v / (v * v + 1), fit.shift = mean / (v * v + 1);
  }
  return fit;
}

static size_t count_velocities(const Graph *graph, const Notes *reference, const Notes *estimate) {
  VelocityFit fit = fit_velocities(graph, reference, estimate);
  size_t n = 0;
  for (size_t i = 0; i < reference->n; i++) {
    if (graph->partner[i] < 0) continue;
    double wanted = (reference->items[i].velocity - fit.least) / fit.range;
    double found = fit.slope * estimate->items[graph->partner[i]].velocity + fit.shift;
    n += fabs(wanted - found) <= VELOCITY_SHARE;
  }
  return n;
}

/* ---- deviation ---- */

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static BaseStatus measure_deviation(BaseContext *ctx, EvaluationNotes *out, const Graph *graph,
                                    const Notes *reference, const Notes *estimate) {
  double *away = malloc((graph->matched + 1) * sizeof *away), sum = 0, absolute = 0;
  if (!away) return base_fail_memory(ctx);
  size_t n = 0;
  for (size_t i = 0; i < reference->n; i++) {
    if (graph->partner[i] < 0) continue;
    away[n] = estimate->items[graph->partner[i]].onset_s - reference->items[i].onset_s;
    sum += away[n], absolute += fabs(away[n]);
    n++;
  }
  if (n > 0) {
    qsort(away, n, sizeof *away, compare_doubles);
    out->deviation_mean_s = sum / (double)n;
    out->deviation_absolute_s = absolute / (double)n;
    out->deviation_median_s = 0.5 * (away[(n - 1) / 2] + away[n / 2]);
  }
  free(away);
  return BASE_OK;
}

/* ---- frames ---- */

static size_t column(double time_s) {
  return time_s > 0 ? (size_t)nearbyint(time_s / FRAME_S) : 0;
}

/* Sets bit `bit` in the cells of each note. */
static void draw(uint8_t *roll, const Notes *notes, uint8_t bit) {
  for (size_t i = 0; i < notes->n; i++) {
    size_t from = column(notes->items[i].onset_s), to = column(notes->items[i].end_s);
    if (to <= from) to = from + 1;
    for (size_t t = from; t < to; t++) roll[t * PITCHES + (size_t)(notes->items[i].midi & 127)] |= bit;
  }
}

static double last_end(const Notes *a, const Notes *b) {
  double last = 0;
  for (size_t i = 0; i < a->n; i++) last = fmax(last, a->items[i].end_s);
  for (size_t i = 0; i < b->n; i++) last = fmax(last, b->items[i].end_s);
  return last;
}

static BaseStatus measure_frames(BaseContext *ctx, EvaluationShare *out, const Notes *reference,
                                 const Notes *estimate) {
  size_t cells = (column(last_end(reference, estimate)) + 3) * PITCHES, both = 0, first = 0, second = 0;
  uint8_t *roll = calloc(cells, 1);
  if (!roll) return base_fail_memory(ctx);
  draw(roll, reference, 1);
  draw(roll, estimate, 2);
  for (size_t i = 0; i < cells; i++) first += roll[i] & 1, second += roll[i] >> 1, both += roll[i] == 3;
  free(roll);
  *out = evaluation_share(both, first, second);
  return BASE_OK;
}

/* ---- all ---- */

static BaseStatus evaluate(BaseContext *ctx, EvaluationNotes *out, const Notes *reference,
                           const Notes *estimate) {
  Graph onset = {0}, offset = {0};
  BaseStatus status = match_notes(ctx, &onset, reference, estimate, false);
  if (status == BASE_OK) status = match_notes(ctx, &offset, reference, estimate, true);
  if (status == BASE_OK) {
    size_t n = reference->n, m = estimate->n;
    out->onset = evaluation_share(onset.matched, n, m);
    out->onset_offset = evaluation_share(offset.matched, n, m);
    out->onset_velocity = evaluation_share(count_velocities(&onset, reference, estimate), n, m);
    out->onset_offset_velocity = evaluation_share(count_velocities(&offset, reference, estimate), n, m);
    status = measure_deviation(ctx, out, &onset, reference, estimate);
  }
  if (status == BASE_OK) status = measure_frames(ctx, &out->frame, reference, estimate);
  clear_graph(&onset);
  clear_graph(&offset);
  return status;
}

BaseStatus evaluation_notes(BaseContext *ctx, EvaluationNotes *out, const Motion *reference,
                            const Motion *estimate, const EvaluationNotesParams *params) {
  Notes a = {0}, b = {0};
  EvaluationNotes result = {0};
  bool sustain = params && params->sustain;
  BaseStatus status = take_notes(ctx, &a, reference, sustain);
  if (status == BASE_OK) status = take_notes(ctx, &b, estimate, sustain);
  if (status == BASE_OK) status = evaluate(ctx, &result, &a, &b);
  if (status == BASE_OK) *out = result;
  base_array_clear(&a);
  base_array_clear(&b);
  return status;
}
