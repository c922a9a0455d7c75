/* The recording's piano is learned once and remembered with the project; weighing takes a fraction of the
 * recording's length and is done anew. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/steps-evidence.h"

#include "core/piano/piano_recording.h"

#include <stdlib.h>

enum { PIANO_VERSION = 1 };
static const double LEARNING_SHARE = 0.6;

void steps_weigh_snapshot_free(gpointer data) {
  StepsWeighSnapshot *snapshot = data;
  g_free(snapshot->path);
  g_free(snapshot->sha256);
  steps_heard_unref(snapshot->heard);
  g_free(snapshot->instrument);
  store_close(snapshot->store);
  g_free(snapshot);
}

void steps_weighed_free(gpointer data) {
  StepsWeighed *weighed = data;
  free(weighed->sounding);
  g_free(weighed);
}

static gboolean find_piano(PianoModel *piano, const FlowMemo *memo, const char *key) {
  gsize n = 0;
  void *bytes = memo->find ? memo->find(memo->user, key, &n) : NULL;
  const gboolean found = bytes && piano_model_unpack(NULL, piano, bytes, n, "the instrument") == BASE_OK;
  free(bytes);
  return found;
}

static void keep_piano(const PianoModel *piano, const FlowMemo *memo, const char *key) {
  void *bytes = NULL;
  gsize n = 0;
  if (memo->keep && piano_model_pack(NULL, &bytes, &n, piano, BASE_F32, "learned to weigh what was heard") == BASE_OK)
    memo->keep(memo->user, key, bytes, n);
  free(bytes);
}

static BaseStatus find_instrument(BaseContext *ctx, PianoModel *piano, const StepsWeighSnapshot *snapshot) {
  const FlowMemo memo = store_memo(snapshot->store);
  g_autofree char *key = g_strdup_printf("piano/%d/%s", PIANO_VERSION, snapshot->sha256);
  if (find_piano(piano, &memo, key)) return BASE_OK;
  BaseStatus status = flow_learn_piano(ctx, piano, snapshot->path, snapshot->heard->heard->motion);
  if (status == BASE_OK) keep_piano(piano, &memo, key);
  return status;
}

BaseStatus steps_weigh(TriJob *job, BaseContext *ctx, gconstpointer data, gpointer *result) {
  const StepsWeighSnapshot *snapshot = data;
  PianoModel piano;
  StepsWeighed weighed = {NULL};
  BaseStatus status = BASE_OK;
  BaseContext step = base_context_step(ctx, 0, LEARNING_SHARE);
  if (snapshot->instrument)
    piano = *snapshot->instrument;
  else
    status = find_instrument(&step, &piano, snapshot);
  if (status == BASE_OK) {
    step = base_context_step(ctx, LEARNING_SHARE, 1);
    status = flow_weigh(&step, &weighed.sounding, snapshot->path, &piano, snapshot->heard->heard->motion);
  }
  if (status != BASE_OK) return base_context_join(ctx, &step, status);
  *result = g_memdup2(&weighed, sizeof weighed);
  return BASE_OK;
}
