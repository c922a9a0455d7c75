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

BaseStatus flow_align_in(BaseContext *ctx, Alignment **out, const Score *score, const ScoreUnfolded *unfolded,
                         const Transcription *heard, const AlignmentAnchor *anchors, size_t n_anchors) {
  AlignmentAnchor *snapped = NULL;
  BaseStatus status = snap_anchors(ctx, &snapped, unfolded, anchors, n_anchors);
  AlignmentParams params = {
      .anchors = snapped, .n_anchors = n_anchors, .read_from_pages = score->pages.n > 0};
  if (status == BASE_OK) status = alignment_align(ctx, out, unfolded, heard->motion, heard->evidence, &params);
  free(snapped);
  return status;
}

/* In this order, which is taken. */
static BaseStatus align_unfolded(BaseContext *ctx, Reading *out, const Score *score, ScoreUnfolded *unfolded,
                                 const Transcription *heard, const AlignmentAnchor *anchors, size_t n_anchors) {
  Reading reading = {.unfolded = unfolded};
  BaseStatus status = flow_align_in(ctx, &reading.alignment, score, unfolded, heard, anchors, n_anchors);
  if (status == BASE_OK) judge(&reading);
  if (status == BASE_OK)
    *out = reading;
  else
    clear_reading(&reading);
  return status;
}

static BaseStatus align_order(BaseContext *ctx, Reading *out, const Score *score, const Transcription *heard,
                              const AlignmentAnchor *anchors, size_t n_anchors, const ScoreUnfoldParams *order) {
  ScoreUnfolded *unfolded = NULL;
  BaseStatus status = score_unfold(ctx, &unfolded, score, order);
  return status == BASE_OK ? align_unfolded(ctx, out, score, unfolded, heard, anchors, n_anchors) : status;
}

/* ---- playing orders ---- */

static bool same_steps(const ScoreUnfolded *a, const ScoreUnfolded *b) {
  if (a->steps.n != b->steps.n) return false;
  for (size_t i = 0; i < a->steps.n; i++)
    if (a->steps.items[i].measure != b->steps.items[i].measure) return false;
  return true;
}

/* The order that the recording itself suggests; null when it suggests none. */
static BaseStatus find_order(BaseContext *ctx, ScoreUnfolded **out, const Score *score, const ScoreUnfolded *written,
                             const Transcription *heard) {
  ScoreUnfolded *once = NULL;
  int32_t *order = NULL, *all = malloc((score->measures.n + 1) * sizeof *all);
  size_t n = 0;
  if (!all) return base_fail_memory(ctx);
  for (size_t i = 0; i < score->measures.n; i++) all[i] = (int32_t)i;
  BaseStatus status = score_unfold(ctx, &once, score, &(ScoreUnfoldParams){.order = all, .order_n = score->measures.n});
  if (status == BASE_OK) status = alignment_order(ctx, &order, &n, once, written, heard->motion, heard->evidence);
  if (status == BASE_OK && n) status = score_unfold(ctx, out, score, &(ScoreUnfoldParams){.order = order, .order_n = n});
  score_unfolded_free(once);
  free(order);
  free(all);
  return status;
}

/* As the signs say, and as the recording suggests; the latter is empty where both are one. */
typedef struct {
  Reading written, suggested;
} Readings;

static void clear_readings(Readings *readings) {
  clear_reading(&readings->written);
  clear_reading(&readings->suggested);
}

/* An order that the signs do not give has to agree clearly better. */
static Reading *best_of(Readings *readings) {
  Reading *written = &readings->written, *suggested = &readings->suggested;
  return suggested->alignment && suggested->agreement > written->agreement + clearly(written) ? suggested : written;
}

static BaseStatus align_both(BaseContext *ctx, Readings *out, const Score *score, const Transcription *heard,
                             const AlignmentAnchor *anchors, size_t n_anchors) {
  Readings made = {0};
  ScoreUnfolded *order = NULL;
  BaseContext step = base_context_step(ctx, 0, 0.4);
  BaseStatus status = align_order(&step, &made.written, score, heard, anchors, n_anchors, NULL);
  if (status == BASE_OK) step = base_context_step(ctx, 0.4, 0.6);
  if (status == BASE_OK) status = find_order(&step, &order, score, made.written.unfolded, heard);
  if (status == BASE_OK && order && !same_steps(made.written.unfolded, order)) {
    step = base_context_step(ctx, 0.6, 1);
    status = align_unfolded(&step, &made.suggested, score, order, heard, anchors, n_anchors);
    order = NULL;
  }
  score_unfolded_free(order);
  if (status == BASE_OK)
    *out = made;
  else
    clear_readings(&made);
  return base_context_join(ctx, &step, status);
}

static void give(ScoreUnfolded **unfolded, Alignment **alignment, Reading *reading) {
  *unfolded = reading->unfolded, *alignment = reading->alignment;
  *reading = (Reading){0};
}

BaseStatus flow_align_heard(BaseContext *ctx, ScoreUnfolded **unfolded, Alignment **alignment,
                            const Score *score, const Transcription *heard, const AlignmentAnchor *anchors,
                            size_t n_anchors) {
  Readings readings = {0};
  BaseStatus status = align_both(ctx, &readings, score, heard, anchors, n_anchors);
  if (status == BASE_OK) give(unfolded, alignment, best_of(&readings));
  clear_readings(&readings);
  return status;
}

/* ---- the person's choice ---- */

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

static BaseStatus tell_orders(BaseContext *ctx, FlowOrders *orders, const Score *score, const ScoreUnfolded *heard,
                              const ScoreUnfolded *written) {
  ScoreUnfolded *once = NULL;
  BaseStatus status = score_unfold(ctx, &once, score, &(ScoreUnfoldParams){.no_repeats = true});
  if (status == BASE_OK && !list_orders(orders, score, (const ScoreUnfolded *const[]){heard, written, once}))
    status = base_fail_memory(ctx);
  score_unfolded_free(once);
  return status;
}

/* Anchors say where the score sounds in the order chosen, so only then do they help to find one. */
BaseStatus flow_align_ordered(BaseContext *ctx, ScoreUnfolded **unfolded, Alignment **alignment, FlowOrders *orders,
                              const Score *score, const Transcription *heard, const AlignmentAnchor *anchors,
                              size_t n_anchors, FlowOrder chosen) {
  Readings found = {0};
  Reading other = {0};
  BaseStatus status = align_both(ctx, &found, score, heard, anchors, chosen == FLOW_ORDER_HEARD ? n_anchors : 0);
  Reading *taken = status == BASE_OK ? best_of(&found) : NULL;
  if (status == BASE_OK && orders) status = tell_orders(ctx, orders, score, taken->unfolded, found.written.unfolded);
  if (status == BASE_OK && chosen != FLOW_ORDER_HEARD) {
    taken = &other;
    status = align_order(ctx, &other, score, heard, anchors, n_anchors,
                         &(ScoreUnfoldParams){.no_repeats = chosen == FLOW_ORDER_ONCE});
  }
  if (status == BASE_OK) give(unfolded, alignment, taken);
  clear_readings(&found);
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
  status = flow_align_heard(&step, &aligned->unfolded, &aligned->alignment, aligned->score, aligned->heard, anchors, n_anchors);
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

void flow_aligned_clear(FlowAligned *aligned) {
  free(aligned->sounding);
  alignment_free(aligned->alignment);
  transcription_free(aligned->heard);
  score_unfolded_free(aligned->unfolded);
  score_free(aligned->score);
  *aligned = (FlowAligned){0};
}

void flow_aligned_free(FlowAligned *aligned) {
  if (!aligned) return;
  flow_aligned_clear(aligned);
  free(aligned);
}
