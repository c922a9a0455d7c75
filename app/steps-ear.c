/* A calibration as a job. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/steps-ear.h"

#include "core/flow/flow_learn.h"

#include <stdlib.h>

enum { MOST_THREADS = 2 };

void steps_learn_ear_snapshot_free(gpointer data) {
  StepsLearnEarSnapshot *snapshot = data;
  g_free(snapshot->path);
  steps_score_unref(snapshot->score);
  alignment_free(snapshot->alignment);
  free(snapshot->anchors);
  g_free(snapshot);
}

void steps_learned_ear_free(gpointer data) {
  StepsLearnedEar *learned = data;
  g_clear_pointer(&learned->weights, g_bytes_unref);
  g_free(learned);
}

BaseStatus steps_ear_weights(BaseContext *ctx, BasePack **out, GBytes *bytes) {
  gsize n = 0;
  const void *data = bytes ? g_bytes_get_data(bytes, &n) : NULL;
  *out = NULL;
  return data ? base_pack_load_memory(ctx, out, data, n, "the learned ear") : BASE_OK;
}

BaseStatus steps_learn_ear(TriJob *job, BaseContext *ctx, gconstpointer data, gpointer *result) {
  const StepsLearnEarSnapshot *snapshot = data;
  LmmCalibration report = {0};
  LmmCalibrateParams params = {0};
  void *bytes = NULL;
  size_t n = 0;
  ctx->threads = (int)CLAMP(g_get_num_processors(), 1, MOST_THREADS);
  if (g_getenv("TRIPTYCH_LEARN_QUICKLY")) params = (LmmCalibrateParams){.steps = 2, .batch = 1, .dreams = 1, .tests = 1};
  BaseStatus status =
      flow_learn_aligned(ctx, &report, &bytes, &n, snapshot->path, snapshot->score->score, snapshot->score->unfolded,
                         snapshot->alignment, snapshot->anchors, snapshot->n_anchors, &params);
  if (status != BASE_OK) return status;
  StepsLearnedEar *learned = g_new0(StepsLearnedEar, 1);
  learned->report = report;
  if (bytes) learned->weights = g_bytes_new_with_free_func(bytes, n, free, bytes);
  *result = learned;
  return BASE_OK;
}
