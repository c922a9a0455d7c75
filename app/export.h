/* What a person takes away, in other programs' formats. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/session.h"
#include "app/steps.h"

G_BEGIN_DECLS

/* Everything an export needs, independent of the session. */
typedef struct {
  TriExport what;
  char *path;
  StepsScore *score;
  StepsHeard *heard;
  Alignment *alignment;
  AlignmentAnchor *anchors;
  gsize n_anchors;
  GArray *said;          /* of FlowVerdict; this and what follows: of TRI_EXPORT_PAIRS */
  GPtrArray *page_paths; /* those that the score was read from */
  char *audio_path;      /* may be null */
} ExportSnapshot;

/* Null when what is needed is not there yet. `score`, `heard`, `alignment` may be null. */
ExportSnapshot *export_snapshot(TriExport what, const char *path, StepsScore *score, StepsHeard *heard,
                                const Alignment *alignment, const Project *project);
void export_snapshot_free(gpointer snapshot);

/* Writes the file, whole or not at all; a job's work. The result is the path, freed with g_free. */
BaseStatus export_work(TriJob *job, BaseContext *ctx, gconstpointer snapshot, gpointer *result);

G_END_DECLS
