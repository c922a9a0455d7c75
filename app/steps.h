/* The long steps from files to places, as jobs. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/job.h"
#include "app/media.h"
#include "app/project.h"
#include "app/store.h"
#include "core/alignment/alignment.h"
#include "core/flow/flow.h"
#include "core/flow/flow_suspicion.h"
#include "core/transcription/transcription.h"
#include "widgets/peaks.h"

G_BEGIN_DECLS

/* ---- values that several holders share: never changed once made; any thread ---- */

/* A score as it is played: `plain` is its performance at the written tempi. */
typedef struct {
  Score *score;
  ScoreUnfolded *unfolded;
  Motion *plain;
  FlowSuspicion *suspicions; /* by id of its notes; null: not asked about */
} StepsScore;

StepsScore *steps_score_ref(StepsScore *score);
void steps_score_unref(gpointer score);

typedef struct {
  Transcription *heard;
} StepsHeard;

StepsHeard *steps_heard_ref(StepsHeard *heard);
void steps_heard_unref(gpointer heard);

/* A recording of which nothing but these notes is known; copied. Null without memory. */
StepsHeard *steps_heard_of(const Motion *motion);

/* A copy for the scene, which wants values of its own: the same playing order. Null without memory. */
ScoreUnfolded *steps_unfold_alike(const Score *score, const ScoreUnfolded *unfolded);

/* ---- reading: parts are StepsReadPart, the result is a StepsReadPart as well ---- */

typedef struct {
  MediaPages *pages;  /* known before anything is read; null later */
  StepsScore *score;  /* null while there is none */
  Score *scene_score; /* the scene's copies of it */
    ScoreUnfolded *scene_unfolded;
  struct StepsPages *read; /* the pages behind the score (steps-edits.h); null of a file that is a score */
  OmrTaste taste;          /* they were read with */
} StepsReadPart;
void steps_read_part_free(gpointer part);

/* What is shown of a score, which is taken. */
BaseStatus steps_read_part(BaseContext *ctx, StepsReadPart **out, Score *score);

typedef struct {
  char **paths; /* pages, or one score or MIDI file */
    Store *store; /* remembers; a holder, may be null */
    OmrEdits edits; /* what the person put right on the pages */
  OmrTaste taste; /* what was learned from that */
} StepsReadSnapshot;
StepsReadSnapshot *steps_read_snapshot(char **paths_taken, Store *store, const OmrEdits *edits, const OmrTaste *taste);
void steps_read_snapshot_free(gpointer snapshot);
BaseStatus steps_read(TriJob *job, BaseContext *ctx, gconstpointer snapshot, gpointer *result);

/* ---- a recording as a picture: parts and result are StepsSoundPart ---- */

typedef struct {
  TriPeaks *peaks; /* either … */
  guint8 *levels;  /* … or, frames × 264 */
  gsize frames;
  double hop_s, duration_s; /* duration: 0 while unknown */
} StepsSoundPart;
void steps_sound_part_free(gpointer part);

/* Where the person is in the recording: told by the main thread, asked by the one that listens. */
typedef struct {
  gint ms; /* atomic */
} StepsWanted;
StepsWanted *steps_wanted_new(void);
void steps_wanted_set(StepsWanted *wanted, double time_s);
void steps_wanted_unref(StepsWanted *wanted); /* null is fine */

/* Also of listening. */
typedef struct {
  char *path, *sha256;
  gboolean audio; /* else MIDI or a list of notes */
  Store *store;   /* remembers; a holder, may be null */
  StepsWanted *wanted; /* listening goes there first; a holder, may be null */
  GBytes *ear;         /* weights to listen with; a holder, null: the program's */
} StepsSoundSnapshot;
StepsSoundSnapshot *steps_sound_snapshot(const char *path, const char *sha256, gboolean audio, Store *store,
                                         StepsWanted *wanted, GBytes *ear);
void steps_sound_snapshot_free(gpointer snapshot);
BaseStatus steps_draw_sound(TriJob *job, BaseContext *ctx, gconstpointer snapshot, gpointer *result);

/* ---- listening: parts are Motion of what has been heard so far, the result is a StepsHeardResult ---- */

typedef struct {
  StepsHeard *heard;
  Motion *scene_motion;
} StepsHeardResult;
void steps_heard_result_free(gpointer result);
BaseStatus steps_listen(TriJob *job, BaseContext *ctx, gconstpointer snapshot, gpointer *result);

/* ---- aligning: the result is a StepsAligned ---- */

typedef struct {
  StepsScore *score;
  StepsHeard *heard;
  Alignment *previous; /* null: from nothing, finding the playing order */
  AlignmentAnchor *anchors;
  gsize n_anchors;
  FlowOrder order; /* the person's choice, where `previous` is null */
} StepsAlignSnapshot;
void steps_align_snapshot_free(gpointer snapshot);

typedef struct {
  Alignment *alignment;
  Motion *played;    /* the score at these times */
  StepsScore *score; /* with the playing order that was found; null when `previous` was given */
  Score *scene_score;
  ScoreUnfolded *scene_unfolded;
  StepsHeard *heard; /* what was played, decided anew with the score; null when `previous` was given or nothing can be
                        decided */
  Motion *scene_motion;
  double *machine_s; /* times without anchors, one a point; null when `previous` was given */
  FlowOrders orders; /* that one may choose from; none when `previous` was given */
} StepsAligned;
void steps_aligned_free(gpointer aligned);
BaseStatus steps_align(TriJob *job, BaseContext *ctx, gconstpointer snapshot, gpointer *result);

G_END_DECLS
