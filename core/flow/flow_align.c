/* Score and recording to alignment. Whether repeats were taken is not known beforehand: besides the
 * order that the signs give, the one that the recording suggests is aligned, and kept when its notes are
 * clearly better found, in both directions. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/flow/flow.h"

#include "core/flow/flow_parts.h"
#include "core/music/midi.h"

#include <math.h>
#include <stdlib.h>

static const double ANCHOR_SNAP_QUARTERS = 1.0 / 480;
static const double HEARING_SHARE = 0.9;
/* By how much an order that the signs do not give must agree better: a share, or this many notes of a long piece. */
static const double CLEARLY = 0.01, CLEARLY_NOTES = 10;

/* ---- hearing ---- */

/* A recording, or a MIDI file or list of notes that stands for one. */
static BaseStatus hear(BaseContext *ctx, Transcription **out, const char *path) {
  FlowKind kind;
  BaseStatus status = flow_kind(ctx, &kind, path);
  if (status != BASE_OK) return status;
  if (kind == FLOW_AUDIO) return flow_listen(ctx, out, path, NULL);
  if (kind != FLOW_MIDI && kind != FLOW_NOTES) return flow_fail_kind(ctx, path, kind, "a recording");
  Transcription *heard = calloc(1, sizeof *heard);
  if (!heard) return base_fail_memory(ctx);
  status = flow_load_motion(ctx, &heard->motion, path);
  if (status == BASE_OK)
    *out = heard;
  else
    transcription_free(heard);
  return status;
}

/* ---- one playing order ---- */

/* Anchors typed with a few decimals mean the onset they are next to. */
static BaseStatus snap_anchors(BaseContext *ctx, AlignmentAnchor **out, const ScoreUnfolded *score,
                               const AlignmentAnchor *anchors, size_t n) {
  *out = malloc((n + 1) * sizeof **out);
  if (!*out) return base_fail_memory(ctx);
  size_t at = 0;
  for (size_t i = 0; i < n; i++) {
    (*out)[i] = anchors[i];
    double quarter = beat_double(anchors[i].quarter);
    while (at < score->onsets.n &&
           beat_double(score->onsets.items[at].onset) < quarter - ANCHOR_SNAP_QUARTERS)
      at++;
    if (at < score->onsets.n &&
        fabs(beat_double(score->onsets.items[at].onset) - quarter) <= ANCHOR_SNAP_QUARTERS)
      (*out)[i].quarter = score->onsets.items[at].onset;
  }
  return BASE_OK;
}

typedef struct {
  ScoreUnfolded *unfolded;
  Alignment *alignment;
  double agreement; /* share of matched notes in both directions (F measure) */
  size_t notes;     /* of both */
} Reading;

static void judge(Reading *reading) {
  const Alignment *alignment = reading->alignment;
  size_t matched = 0, all = 0;
  for (size_t i = 0; i < alignment->links.n; i++) {
    bool match = alignment->links.items[i].verdict == ALIGNMENT_MATCH;
    matched += match, all += match ? 2 : 1;
  }
  reading->agreement = all ? 2.0 * (double)matched / (double)all : 0;
  reading->notes = all;
}

static double clearly(const Reading *reading) {
  return fmin(CLEARLY, 2 * CLEARLY_NOTES / (double)(reading->notes + 1));
}

static void clear_reading(Reading *reading) {
  score_unfolded_free(reading->unfolded);
  alignment_free(reading->alignment);
  *reading = (Reading){0};
}

static BaseStatus align_order(BaseContext *ctx, Reading *out, const Score *score, const Transcription *heard,
                              const AlignmentAnchor *anchors, size_t n_anchors,
                              const ScoreUnfoldParams *order) {
  Reading reading = {0};
  AlignmentAnchor *snapped = NULL;
  BaseStatus status = score_unfold(ctx, &reading.unfolded, score, order);
  if (status == BASE_OK) status = snap_anchors(ctx, &snapped, reading.unfolded, anchors, n_anchors);
  AlignmentParams params = {
      .anchors = snapped, .n_anchors = n_anchors, .read_from_pages = score->pages.n > 0};
  if (status == BASE_OK)
    status =
        alignment_align(ctx, &reading.alignment, reading.unfolded, heard->motion, heard->evidence, &params);
  free(snapped);
  if (status == BASE_OK) judge(&reading);
  if (status == BASE_OK)
    *out = reading;
  else
    clear_reading(&reading);
  return status;
}

/* ---- playing orders ---- */

static bool same_order(const ScoreUnfolded *unfolded, const int32_t *order, size_t n) {
  if (unfolded->steps.n != n) return false;
  for (size_t i = 0; i < n; i++)
    if (unfolded->steps.items[i].measure != order[i]) return false;
  return true;
}

/* The order that the recording itself suggests. */
static BaseStatus find_order(BaseContext *ctx, int32_t **order, size_t *n, const Score *score,
                             const ScoreUnfolded *written, const Transcription *heard) {
  ScoreUnfolded *once = NULL;
  int32_t *all = malloc((score->measures.n + 1) * sizeof *all);
  if (!all) return base_fail_memory(ctx);
  for (size_t i = 0; i < score->measures.n; i++) all[i] = (int32_t)i;
  ScoreUnfoldParams params = {.order = all, .order_n = score->measures.n};
  BaseStatus status = score_unfold(ctx, &once, score, &params);
  if (status == BASE_OK)
    status = alignment_order(ctx, order, n, once, written, heard->motion, heard->evidence);
  score_unfolded_free(once);
  free(all);
  return status;
}

/* Aligns in the order found, and keeps it in `best` where it agrees clearly better. */
static BaseStatus try_order(BaseContext *ctx, Reading *best, const Score *score, const Transcription *heard,
                            const AlignmentAnchor *anchors, size_t n_anchors,
                            const ScoreUnfoldParams *order) {
  Reading other = {0};
  BaseStatus status = align_order(ctx, &other, score, heard, anchors, n_anchors, order);
  if (status == BASE_OK && other.agreement > best->agreement + clearly(best)) {
    Reading swap = *best;
    *best = other, other = swap;
  }
  clear_reading(&other);
  return status;
}

static BaseStatus align_best(BaseContext *ctx, Reading *out, const Score *score, const Transcription *heard,
                             const AlignmentAnchor *anchors, size_t n_anchors) {
  Reading best = {0};
  int32_t *order = NULL;
  size_t n = 0;
  BaseContext step = base_context_step(ctx, 0, 0.4);
  BaseStatus status = align_order(&step, &best, score, heard, anchors, n_anchors, NULL);
  if (status == BASE_OK) step = base_context_step(ctx, 0.4, 0.6);
  if (status == BASE_OK) status = find_order(&step, &order, &n, score, best.unfolded, heard);
  if (status == BASE_OK && n > 0 && !same_order(best.unfolded, order, n)) {
    step = base_context_step(ctx, 0.6, 1);
    ScoreUnfoldParams params = {.order = order, .order_n = n};
    status = try_order(&step, &best, score, heard, anchors, n_anchors, &params);
  }
  free(order);
  if (status == BASE_OK)
    *out = best;
  else
    clear_reading(&best);
  return base_context_join(ctx, &step, status);
}

BaseStatus flow_align_heard(BaseContext *ctx, ScoreUnfolded **unfolded, Alignment **alignment,
                            const Score *score, const Transcription *heard, const AlignmentAnchor *anchors,
                            size_t n_anchors) {
  Reading best = {0};
  BaseStatus status = align_best(ctx, &best, score, heard, anchors, n_anchors);
  if (status != BASE_OK) return status;
  *unfolded = best.unfolded;
  *alignment = best.alignment;
  return BASE_OK;
}

/* ---- the person's choice ---- */

static bool same_steps(const ScoreUnfolded *a, const ScoreUnfolded *b) {
  if (a->steps.n != b->steps.n) return false;
  for (size_t i = 0; i < a->steps.n; i++)
    if (a->steps.items[i].measure != b->steps.items[i].measure) return false;
  return true;
}

/* Lists the orders that differ; false without memory. */
static bool list_orders(FlowOrders *out, const Score *score, const ScoreUnfolded *const of[FLOW_ORDERS]) {
  const ScoreUnfolded *all[FLOW_ORDERS];
  *out = (FlowOrders){0};
  for (int kind = 0; kind < FLOW_ORDERS; kind++) {
    bool known = false;
    for (size_t i = 0; i < out->n; i++) known = known || same_steps(all[i], of[kind]);
    if (known) continue;
    all[out->n] = of[kind];
    out->kind[out->n++] = (FlowOrder)kind;
  }
  for (size_t i = 0; i < out->n; i++)
    if (!score_sections(out->letters[i], score, all[i], all, out->n)) return false;
  return true;
}

static BaseStatus tell_orders(BaseContext *ctx, FlowOrders *orders, const Score *score, const ScoreUnfolded *heard) {
  ScoreUnfolded *written = NULL, *once = NULL;
  BaseStatus status = score_unfold(ctx, &written, score, NULL);
  if (status == BASE_OK) status = score_unfold(ctx, &once, score, &(ScoreUnfoldParams){.no_repeats = true});
  if (status == BASE_OK && !list_orders(orders, score, (const ScoreUnfolded *const[]){heard, written, once}))
    status = base_fail_memory(ctx);
  score_unfolded_free(written);
  score_unfolded_free(once);
  return status;
}

BaseStatus flow_align_ordered(BaseContext *ctx, ScoreUnfolded **unfolded, Alignment **alignment, FlowOrders *orders,
                              const Score *score, const Transcription *heard, const AlignmentAnchor *anchors,
                              size_t n_anchors, FlowOrder chosen) {
  Reading found = {0}, other = {0};
  BaseStatus status = align_best(ctx, &found, score, heard, anchors, n_anchors);
  if (status == BASE_OK && orders) status = tell_orders(ctx, orders, score, found.unfolded);
  if (status == BASE_OK && chosen != FLOW_ORDER_HEARD)
    status = align_order(ctx, &other, score, heard, anchors, n_anchors,
                         &(ScoreUnfoldParams){.no_repeats = chosen == FLOW_ORDER_ONCE});
  Reading *taken = other.alignment ? &other : &found;
  if (status == BASE_OK) {
    *unfolded = taken->unfolded, *alignment = taken->alignment;
    *taken = (Reading){0};
  }
  clear_reading(&found);
  clear_reading(&other);
  return status;
}

/* ---- all ---- */

static BaseStatus align_into(BaseContext *ctx, FlowAligned *aligned, const char *const *score_paths,
                             size_t n_paths, const char *audio_path, const AlignmentAnchor *anchors,
                             size_t n_anchors) {
  FlowKind kind;
  BaseStatus status = flow_kind(ctx, &kind, audio_path);
  if (status != BASE_OK) return status;
  BaseContext step = base_context_step(ctx, 0, 0.3);
  status = flow_load_score(&step, &aligned->score, score_paths, n_paths);
  if (status != BASE_OK) return base_context_join(ctx, &step, status);
  step = base_context_step(ctx, 0.3, HEARING_SHARE);
  status = hear(&step, &aligned->heard, audio_path);
  if (status != BASE_OK) return base_context_join(ctx, &step, status);
  step = base_context_step(ctx, HEARING_SHARE, 1);
  Reading best = {0};
  status = align_best(&step, &best, aligned->score, aligned->heard, anchors, n_anchors);
  aligned->unfolded = best.unfolded, aligned->alignment = best.alignment;
  return base_context_join(ctx, &step, status);
}

BaseStatus flow_align(BaseContext *ctx, FlowAligned **out, const char *const *score_paths, size_t n_paths,
                      const char *audio_path, const AlignmentAnchor *anchors, size_t n_anchors) {
  FlowAligned *aligned = calloc(1, sizeof *aligned);
  if (!aligned) return base_fail_memory(ctx);
  BaseStatus status = align_into(ctx, aligned, score_paths, n_paths, audio_path, anchors, n_anchors);
  if (status == BASE_OK)
    *out = aligned;
  else
    flow_aligned_free(aligned);
  return status;
}

void flow_aligned_free(FlowAligned *aligned) {
  if (!aligned) return;
  alignment_free(aligned->alignment);
  transcription_free(aligned->heard);
  score_unfolded_free(aligned->unfolded);
  score_free(aligned->score);
  free(aligned);
}
