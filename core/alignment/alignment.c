/* The aligner as a list of steps. Anchors cut the score into spans that are solved apart, so that a moved
 * anchor touches only its two neighbours. In each span: a pairing that knows no tempo (step 1), the tempo
 * curve through it, the cheapest way near that curve (step 2, twice, the second time around the curve of the
 * first), and a move of every row to where its keys were struck (step 3). Last, notes are linked.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/alignment/alignment.h"

#include "core/alignment/alignment_parts.h"

#include <math.h>
#include <string.h>

static const double FIRST_REACH_S = 1.0, SECOND_REACH_S = 0.6, MOST_REACH_S = 6;
static const double BEFORE_START_S = -1e-6;
enum { FIRST_NEIGHBOURS = 12, SECOND_NEIGHBOURS = 8 };

typedef struct {
  AlignmentRows rows;
  AlignmentAtoms atoms;
  double end_s;  /* of the recording */
  double spread; /* alignment_tempo_spread */
} Material;

/* What the steps of one span hand on. Arrays of end - first. */
typedef struct {
  const Material *material;
  const AlignmentSpan *span;
  size_t n;
  double *time_s, *smooth_s, *slope, *reach_s;
  float *weight, *trust, *found;
  AlignmentScatter *scatter;
  size_t *chosen;
} Work;

/* ---- one span ---- */

static bool make_work(Work *w, BaseArena *arena) {
  size_t n = w->n + 1;
  w->time_s = BASE_TAKE(arena, double, n), w->smooth_s = BASE_TAKE(arena, double, n);
  w->slope = BASE_TAKE(arena, double, n), w->reach_s = BASE_TAKE(arena, double, n);
  w->weight = BASE_TAKE(arena, float, n), w->trust = BASE_TAKE(arena, float, n);
  w->found = BASE_TAKE(arena, float, n), w->scatter = BASE_TAKE(arena, AlignmentScatter, n);
  w->chosen = BASE_TAKE(arena, size_t, n);
  return w->time_s && w->smooth_s && w->slope && w->reach_s && w->weight && w->trust && w->found &&
         w->scatter && w->chosen;
}

/* How far from the curve a row is looked for: farther where the pairing left the curve or has a gap. */
static void set_reach(Work *w, double least_s) {
  double last = w->span->from_s;
  size_t gap = 0;
  for (size_t i = 0; i <= w->n; i++) {
    if (i < w->n && isnan(w->time_s[i])) {
      gap++;
      continue;
    }
    double here = i < w->n ? w->time_s[i] : w->span->to_s;
    double wider = gap > 0 ? 0.25 * (here - last) : 0;
    for (size_t g = i - gap; g < i; g++) w->reach_s[g] = fmin(least_s + wider, MOST_REACH_S);
    if (i < w->n) w->reach_s[i] = fmin(fmax(least_s, fabs(here - w->smooth_s[i]) + 0.1), MOST_REACH_S);
    last = here, gap = 0;
  }
}

static BaseStatus find_path(BaseContext *ctx, Work *w, BaseArena *arena, double reach_s, int neighbours) {
  const Material *m = w->material;
  BaseArenaMark mark = base_arena_mark(arena);
  AlignmentLattice lattice;
  BaseStatus status =
      alignment_curve(ctx, w->smooth_s, w->slope, arena, &m->rows, w->span, w->time_s, w->weight, neighbours);
  if (status != BASE_OK) return status;
  set_reach(w, reach_s);
  status = alignment_lattice(ctx, &lattice, arena, &m->rows, &m->atoms, w->span, w->smooth_s, w->reach_s);
  if (status == BASE_OK)
    status = alignment_path(ctx, w->chosen, w->trust, NULL, arena, &lattice, &m->rows, w->span, w->slope,
                            m->spread);
  for (size_t i = 0; status == BASE_OK && i < w->n; i++) {
    const AlignmentCandidate *candidate = &lattice.items[w->chosen[i]];
    w->time_s[i] = candidate->heard ? candidate->time_s : NAN;
    w->smooth_s[i] = candidate->time_s;
    w->weight[i] =
        w->trust[i] * (float)(m->rows.first[w->span->first + i + 1] - m->rows.first[w->span->first + i]);
  }
  base_arena_reset(arena, mark);
  return status;
}

/* The probability of being within 50 ms, from how alone the choice stands, how much of the chord was found
 * and whether its neighbours were heard too. Logistic, fitted on scores of OpenScore Lieder (CC0) played with
 * a wandering tempo and with 2 to 35 % of the notes missing, added or read wrongly. */
static float confidence_of(const Work *w, size_t i) {
  double around = 0, n = 0;
  for (size_t j = i > 3 ? i - 3 : 0; j < w->n && j <= i + 3; j++)
    if (j != i) around += w->scatter[j].n ? w->found[j] : 0, n++;
  around = n > 0 ? around / n : 1;
  double trust = (double)w->trust[i], found = (double)w->found[i];
  double x = -1.64 + 3.18 * around + (w->scatter[i].n ? -2.78 + 5.32 * trust + 0.36 * found : 1.29 * trust);
  return (float)(1 / (1 + exp(-x)));
}

static BaseStatus solve_span(BaseContext *ctx, AlignmentPoint *points, BaseArena *arena,
                             const Material *material, const AlignmentSpan *span) {
  Work w = {.material = material, .span = span, .n = span->end - span->first};
  if (w.n == 0) return BASE_OK;
  if (!make_work(&w, arena)) return base_fail_memory(ctx);
  BaseStatus status =
      alignment_coarse(ctx, w.time_s, w.weight, arena, &material->rows, &material->atoms, span);
  if (status == BASE_OK) status = find_path(ctx, &w, arena, FIRST_REACH_S, FIRST_NEIGHBOURS);
  if (status == BASE_OK) status = find_path(ctx, &w, arena, SECOND_REACH_S, SECOND_NEIGHBOURS);
  if (status == BASE_OK)
    status = alignment_refine(ctx, w.smooth_s, w.found, w.scatter, arena, &material->rows, &material->atoms,
                              span, w.slope);
  for (size_t i = 0; status == BASE_OK && i < w.n; i++) {
    points[span->first + i].time_s = fmax(0, w.smooth_s[i]);
    points[span->first + i].confidence = confidence_of(&w, i);
  }
  return status;
}

/* ---- anchors and spans ---- */

static BaseStatus check_anchors(BaseContext *ctx, const AlignmentParams *params) {
  for (size_t i = 0; i < params->n_anchors; i++) {
    const AlignmentAnchor *a = &params->anchors[i], *b = a - 1;
    if (!isfinite(a->time_s) || a->time_s < 0)
      return base_fail(ctx, BASE_BAD_INPUT, "The anchor at quarter %g has no valid time.",
                       beat_double(a->quarter));
    if (i == 0 || (beat_compare(a->quarter, b->quarter) > 0 && a->time_s > b->time_s)) continue;
    return base_fail(ctx, BASE_BAD_INPUT,
                     "Two anchors cross: quarter %g at %.3f s comes before quarter %g at %.3f s.",
                     beat_double(b->quarter), b->time_s, beat_double(a->quarter), a->time_s);
  }
  return BASE_OK;
}

static size_t first_onset_from(const ScoreUnfolded *score, Beat quarter) {
  size_t low = 0, high = score->onsets.n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (beat_compare(score->onsets.items[middle].onset, quarter) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void pin(AlignmentPoint *point, double time_s) {
  point->time_s = time_s, point->confidence = 1, point->anchor = true;
}

/* The span that ends at anchor `next` (n_anchors: at the end of the score) and starts at row `first`. */
static AlignmentSpan span_before(const ScoreUnfolded *score, const AlignmentParams *params, size_t next,
                                 size_t first, double end_s) {
  AlignmentSpan span = {.first = first, .end = score->onsets.n, .from_s = BEFORE_START_S, .to_s = end_s};
  if (next > 0) {
    const AlignmentAnchor *from = &params->anchors[next - 1];
    span.fixed_from = true, span.from_quarter = beat_double(from->quarter), span.from_s = from->time_s;
    span.to_s = fmax(end_s, from->time_s);
  }
  if (next < params->n_anchors) {
    const AlignmentAnchor *to = &params->anchors[next];
    span.end = first_onset_from(score, to->quarter);
    span.fixed_to = true, span.to_quarter = beat_double(to->quarter), span.to_s = to->time_s;
  }
  return span;
}

/* ---- what an earlier alignment spares ---- */

/* The row is pinned in `previous` at exactly this time. */
static bool was_pinned(const Alignment *previous, size_t row, double quarter, double time_s) {
  const AlignmentPoint *point = &previous->points.items[row];
  return point->anchor && beat_double(point->quarter) == quarter && point->time_s == time_s;
}

static bool same_material(const Alignment *previous, const ScoreUnfolded *score) {
  if (!previous || previous->points.n != score->onsets.n) return false;
  for (size_t i = 0; i < score->onsets.n; i++)
    if (!beat_equal(previous->points.items[i].quarter, score->onsets.items[i].onset)) return false;
  return true;
}

static bool is_spared(const Alignment *previous, const AlignmentSpan *span) {
  size_t n = previous->points.n;
  if (span->fixed_from &&
      (span->first == 0 || !was_pinned(previous, span->first - 1, span->from_quarter, span->from_s)))
    return false;
  if (span->fixed_to && (span->end >= n || !was_pinned(previous, span->end, span->to_quarter, span->to_s)))
    return false;
  for (size_t i = span->first; i < span->end; i++)
    if (previous->points.items[i].anchor) return false;
  return true;
}

static void copy_points(AlignmentPoint *points, const Alignment *previous, const AlignmentSpan *span) {
  for (size_t i = span->first; i < span->end; i++) {
    points[i].time_s = previous->points.items[i].time_s;
    points[i].confidence = previous->points.items[i].confidence;
  }
}

/* ---- all ---- */

static BaseStatus solve_spans(BaseContext *ctx, Alignment *alignment, BaseArena *arena,
                              const Material *material, const ScoreUnfolded *score,
                              const AlignmentParams *params) {
  AlignmentPoint *points = alignment->points.items;
  const Alignment *previous = same_material(params->previous, score) ? params->previous : NULL;
  size_t first = 0;
  for (size_t next = 0; next <= params->n_anchors; next++) {
    AlignmentSpan span = span_before(score, params, next, first, material->end_s);
    BaseArenaMark mark = base_arena_mark(arena);
    BaseContext step = base_context_step(ctx, 0.1 + 0.8 * (double)first / (double)score->onsets.n,
                                         0.1 + 0.8 * (double)span.end / (double)score->onsets.n);
    BaseStatus status = BASE_OK;
    if (previous && is_spared(previous, &span))
      copy_points(points, previous, &span);
    else
      status = solve_span(&step, points, arena, material, &span);
    base_arena_reset(arena, mark);
    if (status != BASE_OK) return base_context_join(ctx, &step, status);
    base_progress(&step, 1, "Aligning score and recording");
    first = span.end;
    if (next == params->n_anchors || first >= score->onsets.n) continue;
    if (beat_equal(score->onsets.items[first].onset, params->anchors[next].quarter))
      pin(&points[first++], params->anchors[next].time_s);
  }
  return BASE_OK;
}

static bool make_points(Alignment *alignment, const ScoreUnfolded *score) {
  if (!base_array_reserve(&alignment->points, score->onsets.n)) return false;
  for (size_t i = 0; i < score->onsets.n; i++)
    alignment->points.items[i] = (AlignmentPoint){.onset = i, .quarter = score->onsets.items[i].onset};
  alignment->points.n = score->onsets.n;
  return true;
}

static BaseStatus align_in(BaseContext *ctx, Alignment *alignment, BaseArena *arena,
                           const ScoreUnfolded *score, const Motion *motion, const Evidence *evidence,
                           const AlignmentParams *params) {
  Material material = {.end_s = motion_duration_s(motion),
                       .spread = alignment_tempo_spread(params->read_from_pages)};
  if (evidence) material.end_s = fmax(material.end_s, (double)evidence->frames * evidence->hop_s);
  BaseStatus status = alignment_rows(ctx, &material.rows, arena, score);
  if (status == BASE_OK) status = alignment_atoms(ctx, &material.atoms, arena, motion, evidence);
  if (status != BASE_OK) return status;
  if (material.atoms.n == 0)
    return base_fail(ctx, BASE_BAD_INPUT, "No notes were heard in the recording, so nothing can be aligned.");
  base_progress(ctx, 0.1, "Aligning score and recording");
  if (!make_points(alignment, score)) return base_fail_memory(ctx);
  status = solve_spans(ctx, alignment, arena, &material, score, params);
  if (status == BASE_OK) status = alignment_link(ctx, alignment, arena, score, motion);
  if (status == BASE_OK) base_progress(ctx, 1, "Aligning score and recording");
  return status;
}

BaseStatus alignment_align(BaseContext *ctx, Alignment **out, const ScoreUnfolded *score,
                           const Motion *motion, const Evidence *evidence, const AlignmentParams *params) {
  AlignmentParams none = {0};
  if (!params) params = &none;
  if (score->onsets.n == 0)
    return base_fail(ctx, BASE_BAD_INPUT, "The score has no notes, so nothing can be aligned.");
  BaseStatus status = check_anchors(ctx, params);
  if (status != BASE_OK) return status;
  BaseArena *own = ctx && ctx->scratch ? NULL : base_arena_new(0), *arena = own   ? own
                                                                            : ctx ? ctx->scratch
                                                                                  : NULL;
  Alignment *alignment = calloc(1, sizeof *alignment);
  if (!arena || !alignment)
    status = base_fail_memory(ctx);
  else {
    BaseArenaMark mark = base_arena_mark(arena);
    status = align_in(ctx, alignment, arena, score, motion, evidence, params);
    base_arena_reset(arena, mark);
  }
  base_arena_free(own);
  if (status == BASE_OK)
    *out = alignment;
  else
    alignment_free(alignment);
  return status;
}

void alignment_free(Alignment *alignment) {
  if (!alignment) return;
  base_array_clear(&alignment->points);
  base_array_clear(&alignment->links);
  free(alignment);
}

Alignment *alignment_dup(const Alignment *alignment) {
  Alignment *copy = calloc(1, sizeof *copy);
  if (!copy) return NULL;
  if (!base_array_reserve(&copy->points, alignment->points.n) ||
      !base_array_reserve(&copy->links, alignment->links.n)) {
    alignment_free(copy);
    return NULL;
  }
  copy->points.n = alignment->points.n, copy->links.n = alignment->links.n;
  if (copy->points.n)
    memcpy(copy->points.items, alignment->points.items, copy->points.n * sizeof(AlignmentPoint));
  if (copy->links.n) memcpy(copy->links.items, alignment->links.items, copy->links.n * sizeof(AlignmentLink));
  return copy;
}
