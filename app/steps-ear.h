/* Learning to hear this recording better from what a person has put right. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/steps.h"
#include "core/lmm/lmm_calibrate.h"

G_BEGIN_DECLS

typedef struct {
  char *path; /* of the recording */
  StepsScore *score;
  Alignment *alignment; /* with the anchors */
  AlignmentAnchor *anchors;
  gsize n_anchors;
  char *pairs; /* a folder of pairs to learn from instead of all that; may be null */
} StepsLearnEarSnapshot;
void steps_learn_ear_snapshot_free(gpointer snapshot);

typedef struct {
  LmmCalibration report;
  GBytes *weights; /* null when nothing better came of it */
} StepsLearnedEar;
void steps_learned_ear_free(gpointer learned);

/* Always begins with the program's ear, so that the same anchors teach the same, however often they were learned from, and
 * nothing is forgotten bit by bit. The result is a StepsLearnedEar. */
BaseStatus steps_learn_ear(TriJob *job, BaseContext *ctx, gconstpointer snapshot, gpointer *result);

/* The file of weights that `bytes` are; null stays null. */
BaseStatus steps_ear_weights(BaseContext *ctx, BasePack **out, GBytes *bytes);

G_END_DECLS
