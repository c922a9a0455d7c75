/* Pages as they were read, and the short step from them and a person's edits to a score.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/steps.h"
#include "core/omr/omr_learn.h"

G_BEGIN_DECLS

/* What was read, which edits never change; shared, any thread. */
typedef struct StepsPages StepsPages;
StepsPages *steps_pages_new(OmrPage **pages_taken, gsize n);
StepsPages *steps_pages_ref(StepsPages *pages);
void steps_pages_unref(gpointer pages); /* null is fine */
const OmrPage *steps_pages_at(const StepsPages *pages,
                              int page); /* null outside, and where nothing was read */

/* The score that pages and edits give. `*lost` (may be null): edits that found nothing at their place. */
BaseStatus steps_assemble(BaseContext *ctx, Score **out, StepsPages *pages, const OmrEdits *edits,
                          const OmrTaste *taste, gsize *lost);

/* ---- correcting and learning from it: the result is a StepsCorrected ---- */

typedef struct {
  StepsPages *pages;
  OmrEdits edits;
  OmrTaste taste; /* how the rest is read now */
  gboolean learn; /* find a taste that suits the edits first: seconds instead of ms */
} StepsCorrectSnapshot;
StepsCorrectSnapshot *steps_correct_snapshot(StepsPages *pages, const OmrEdits *edits, const OmrTaste *taste,
                                             gboolean learn);
void steps_correct_snapshot_free(gpointer snapshot);

typedef struct {
  StepsReadPart *part;
  OmrTaste taste;
  guint changed; /* after learning: bars that are read otherwise than with the old taste */
} StepsCorrected;
void steps_corrected_free(gpointer corrected);
BaseStatus steps_correct(TriJob *job, BaseContext *ctx, gconstpointer snapshot, gpointer *result);

G_END_DECLS
