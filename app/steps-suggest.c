/* A sample of the language as a job. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/steps-suggest.h"

static const double length_s = 12, bolder = 0.9;

void steps_suggest_snapshot_free(gpointer data) {
  StepsSuggestSnapshot *snapshot = data;
  motion_free(snapshot->before);
  motion_free(snapshot->along);
  g_free(snapshot);
}

void steps_suggested_free(gpointer motion) {
  motion_free(motion);
}

BaseStatus steps_suggest(TriJob *job, BaseContext *ctx, gconstpointer data, gpointer *result) {
  const StepsSuggestSnapshot *snapshot = data;
  const LanguageSampleParams params = {.code = {LANGUAGE_PLAYED_SCORE, LANGUAGE_CLEAN},
                                       .temperature = bolder,
                                       .seconds = length_s,
                                       .before = snapshot->before->notes.n ? snapshot->before : NULL,
                                       .along = snapshot->along};
  LanguageModel *model = NULL;
  Motion *made = NULL;
  ctx->seed = snapshot->seed;
  BaseStatus status = language_model_load(ctx, &model, NULL);
  if (status == BASE_OK) status = language_sample(ctx, &made, model, &params);
  language_model_free(model);
  *result = made;
  return status;
}
