/* A calibration as a job. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/steps-ear.h"

#include "core/flow/flow_learn.h"
#include "core/flow/flow_pairs.h"

#include <stdlib.h>

enum { MOST_THREADS = 2 };

void steps_learn_ear_snapshot_free(gpointer data) {
  StepsLearnEarSnapshot *snapshot = data;
  g_free(snapshot->path);
  g_free(snapshot->pairs);
  g_clear_pointer(&snapshot->score, steps_score_unref);
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

static BaseStatus learn_pairs(BaseContext *ctx, LmmCalibration *report, void **bytes, size_t *n, const char *folder,
                              const LmmCalibrateParams *params) {
  FlowPairs *pairs = NULL;
  BaseStatus status = flow_pairs_read(ctx, &pairs, folder);
  const FlowPairs *const sets[] = {pairs};
  if (status == BASE_OK) status = flow_learn_pairs(ctx, report, bytes, n, sets, 1, params);
  flow_pairs_free(pairs);
  return status;
}

static BaseStatus learn(BaseContext *ctx, LmmCalibration *report, void **bytes, size_t *n,
                        const StepsLearnEarSnapshot *snapshot, const LmmCalibrateParams *params) {
  if (snapshot->pairs) return learn_pairs(ctx, report, bytes, n, snapshot->pairs, params);
  return flow_learn_aligned(ctx, report, bytes, n, snapshot->path, snapshot->score->score, snapshot->score->unfolded,
                            snapshot->alignment, snapshot->anchors, snapshot->n_anchors, params);
}

BaseStatus steps_learn_ear(TriJob *job, BaseContext *ctx, gconstpointer data, gpointer *result) {
  const StepsLearnEarSnapshot *snapshot = data;
  LmmCalibration report = {0};
  LmmCalibrateParams params = {0};
  void *bytes = NULL;
  size_t n = 0;
  ctx->threads = (int)CLAMP(g_get_num_processors(), 1, MOST_THREADS);
  if (g_getenv("TRIPTYCH_LEARN_QUICKLY")) params = (LmmCalibrateParams){.steps = 2, .batch = 1, .dreams = 1, .tests = 1};
  BaseStatus status = learn(ctx, &report, &bytes, &n, snapshot, &params);
  if (status != BASE_OK) return status;
  StepsLearnedEar *learned = g_new0(StepsLearnedEar, 1);
  learned->report = report;
  if (bytes) learned->weights = g_bytes_new_with_free_func(bytes, n, free, bytes);
  *result = learned;
  return BASE_OK;
}
