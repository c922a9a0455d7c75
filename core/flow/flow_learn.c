/* Align, take the bars with anchors as trusted, calibrate. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/flow/flow_learn.h"

#include "core/flow/flow_parts.h"

#include <math.h>
#include <stdlib.h>

static const double ALIGNING_SHARE = 0.15;

static bool has_anchor(const ScoreStep *step, Beat length, const AlignmentAnchor *anchors, size_t n) {
  const double from = beat_double(step->start), to = from + beat_double(length);
  for (size_t i = 0; i < n; i++) {
    const double at = beat_double(anchors[i].quarter);
    if (at >= from - 1e-3 && at < to - 1e-3) return true;
  }
  return false;
}

BaseStatus flow_trusted_bars(BaseContext *ctx, LmmSpan **out, size_t *n, const Score *score, const ScoreUnfolded *unfolded,
                             const Alignment *alignment, const AlignmentAnchor *anchors, size_t n_anchors) {
  LmmSpan *spans = malloc((unfolded->steps.n + 1) * sizeof *spans);
  if (!spans) return base_fail_memory(ctx);
  *n = 0;
  for (size_t i = 0; i < unfolded->steps.n; i++) {
    const ScoreStep *step = &unfolded->steps.items[i];
    const Beat length = score->measures.items[step->measure].length;
    if (!has_anchor(step, length, anchors, n_anchors)) continue;
    const double from_s = alignment_time_s(alignment, beat_double(step->start));
    const double to_s = alignment_time_s(alignment, beat_double(beat_add(step->start, length)));
    if (to_s > from_s) spans[(*n)++] = (LmmSpan){fmax(0, from_s - 0.05), to_s - 0.05};
  }
  if (*n) {
    *out = spans;
    return BASE_OK;
  }
  free(spans);
  return base_fail(ctx, BASE_BAD_INPUT, "There is no bar with an anchor to learn from.");
}

/* What it takes to align once more. */
typedef struct {
  const Score *score;
  const ScoreUnfolded *unfolded;
  const AlignmentAnchor *anchors;
  size_t n_anchors;
} Expecting;

static BaseStatus expect(BaseContext *ctx, void *user, Motion **out, const Transcription *heard) {
  const Expecting *e = user;
  Alignment *alignment = NULL;
  BaseStatus status = flow_align_in(ctx, &alignment, e->score, e->unfolded, heard, e->anchors, e->n_anchors);
  if (status == BASE_OK) status = flow_expected(ctx, out, e->unfolded, alignment);
  alignment_free(alignment);
  return status;
}

BaseStatus flow_learn_aligned(BaseContext *ctx, LmmCalibration *report, void **bytes, size_t *n, const char *audio_path,
                              const Score *score, const ScoreUnfolded *unfolded, const Alignment *alignment,
                              const AlignmentAnchor *anchors, size_t n_anchors, const LmmCalibrateParams *params) {
  LmmRecording recording = {0};
  Expecting expecting = {score, unfolded, anchors, n_anchors};
  LmmPair pair = {.recording = &recording, .expect = expect, .user = &expecting};
  LmmSpan *trusted = NULL;
  Motion *expected = NULL;
  BaseStatus status = flow_trusted_bars(ctx, &trusted, &pair.n_trusted, score, unfolded, alignment, anchors, n_anchors);
  if (status == BASE_OK) status = flow_expected(ctx, &expected, unfolded, alignment);
  BaseContext step = base_context_step(ctx, 0, 0.05);
  if (status == BASE_OK) status = base_context_join(ctx, &step, lmm_recording_load(&step, &recording, audio_path));
  pair.trusted = trusted;
  pair.expected = expected;
  step = base_context_step(ctx, 0.05, 1);
  if (status == BASE_OK) status = base_context_join(ctx, &step, lmm_calibrate(&step, report, bytes, n, &pair, params));
  lmm_recording_clear(&recording);
  motion_free(expected);
  free(trusted);
  return status;
}

BaseStatus flow_learn(BaseContext *ctx, LmmCalibration *report, void **bytes, size_t *n, const char *const *score_paths,
                      size_t n_paths, const char *audio_path, const AlignmentAnchor *anchors, size_t n_anchors,
                      const LmmCalibrateParams *params) {
  FlowAligned *aligned = NULL;
  BaseContext step = base_context_step(ctx, 0, ALIGNING_SHARE);
  BaseStatus status = flow_align(&step, &aligned, score_paths, n_paths, audio_path, anchors, n_anchors);
  base_context_join(ctx, &step, status);
  if (status != BASE_OK) return status;
  step = base_context_step(ctx, ALIGNING_SHARE, 1);
  status = flow_learn_aligned(&step, report, bytes, n, audio_path, aligned->score, aligned->unfolded, aligned->alignment,
                              anchors, n_anchors, params);
  flow_aligned_free(aligned);
  return base_context_join(ctx, &step, status);
}
