/* Music made up as a job. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/job.h"
#include "core/language/language_sample.h"

G_BEGIN_DECLS

typedef struct {
  Motion *before; /* what was played up to there */
  Motion *along;  /* what is played meanwhile, or null: then it goes on instead */
  guint64 seed;
} StepsSuggestSnapshot;
void steps_suggest_snapshot_free(gpointer snapshot);

/* The result is a Motion, freed with steps_suggested_free. Half a second. */
BaseStatus steps_suggest(TriJob *job, BaseContext *ctx, gconstpointer snapshot, gpointer *result);
void steps_suggested_free(gpointer motion);

G_END_DECLS
