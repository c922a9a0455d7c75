/* What was heard, played back and weighed, as a job. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/steps.h"
#include "core/flow/flow_evidence.h"
#include "core/piano/piano_model.h"

G_BEGIN_DECLS

typedef struct {
  char *path, *sha256; /* the recording */
  StepsHeard *heard;
  PianoModel *instrument; /* of this recording; null: it is learned, or remembered */
  Store *store;           /* remembers it; a holder, may be null */
} StepsWeighSnapshot;
void steps_weigh_snapshot_free(gpointer snapshot);

/* The result; flow_weigh of what was heard. */
typedef struct {
  float *sounding;
} StepsWeighed;
void steps_weighed_free(gpointer weighed);
BaseStatus steps_weigh(TriJob *job, BaseContext *ctx, gconstpointer snapshot, gpointer *result);

G_END_DECLS
