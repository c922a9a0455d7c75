/* What the sources of the session share. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/places.h"
#include "app/session.h"
#include "app/steps-edits.h"
#include "app/store.h"
#include "core/piano/piano_model.h"

G_BEGIN_DECLS

/* What the properties said last. */
typedef struct {
  char *title, *subtitle, *path, *undo_name, *redo_name;
  gboolean saved, draft, has_score, has_sound, can_undo, can_redo;
  guint n_checked, n_places;
} TriSessionFacts;

struct _TriSession {
  GObject parent;
  TriScene *scene;
  TriTimeline *timeline;
  TriJobs *jobs;
  TriPlayer *player;
  GListStore *to_check;
  /* the person's side; `project` is never null, `store` is null before the first file */
  Project *project;
  Store *store;
  gboolean borrowed_title; /* from a file's name, not from the person */
  char *why_unsaved;       /* null: everything is on disk */
  guint piece;             /* grows with each project: what was meant for another one is dropped */
  guint view_source;
  gboolean restoring_view;
  /* the machine's side; null until it is known */
    StepsScore *score;
  StepsPages *pages; /* as read, under the person's edits */
  OmrTaste taste;    /* and how their rhythms are read */
  ScoreBox picked;   /* of the note picked last, to find it again in the next score */
  StepsHeard *heard;
  Alignment *alignment;
  gboolean weighs; /* what was heard is played back by itself */
  float *sounding; /* of the notes that were heard, flow_weigh; null until they have been weighed */
  FlowOrders orders; /* that the person may choose from */
  FlowOrder order;   /* the one chosen */
  StepsScore *order_from; /* while another order is being aligned: that in which the marks count; else null */
  FlowOrder order_before; /* of order_from */
  double *machine_s; /* times without anchors, one a point of the alignment */
  Motion *played;    /* the score at the alignment's times */
  Motion *suggestion, *kept; /* made up: waiting for the person, and what was kept; null: none */
  double suggested_from_s, kept_from_s; /* from where on; after the latter nothing else is played, 0: everything is */
  gboolean suggested_along;
  guint64 suggestions_made;
  double audio_s;
  StepsWanted *wanted; /* the playhead, for the job that listens */
  gboolean synth_plays_score;
  char *instrument; /* the id of what plays */
  GArray *learned;  /* revisions of the recording's piano, session-instrument.c */
  char *ear;        /* the id of what listens */
  GArray *ears;     /* its revisions, session-ear.c */
  GBytes *shared_ear;     /* learned from another piece and meant for all; may be null */
  TriLearned *to_tell;    /* a report that waits until it has been listened again; else null */
  TriPlace *told_from;    /* the places before */
  guint n_told_from;
  gboolean heard_anew;    /* of to_tell: only the alignment is missing */
  /* going about */
  guint8 *seen; /* one flag a place */
  guint n_seen;
  int dragged; /* place, -1 none */
  double *drag_s;
  gboolean hearing; /* one place is played with the ears split */
  gboolean was_split;
  TriSessionFacts facts;
};

/* ---- session.c ---- */
TriSession *tri_session_make(gboolean offline);

/* Brings the properties up to date and notifies those that have changed. */
void tri_session_refresh(TriSession *self);
void tri_session_say(TriSession *self, gboolean bad, const char *format, ...) G_GNUC_PRINTF(3, 4);
void tri_session_reveal(TriSession *self, double time_s);

/* ---- session-files.c ---- */

/* Writes what is unwritten and remembers why it could not. */
void tri_session_write(TriSession *self);
void tri_session_write_media(TriSession *self);
void tri_session_view_changed(TriSession *self);

/* The score's own title instead of one taken from a file's name. */
void tri_session_title_by_score(TriSession *self, const Score *score);
void tri_session_write_view(TriSession *self);

/* ---- session-instrument.c ---- */

/* What the project has learned and chosen, once it is open; and the same of no project. */
void tri_session_start_instruments(TriSession *self);
void tri_session_init_instruments(TriSession *self);

/* The piano that was learned last; null: none. Borrowed. */
const PianoModel *tri_session_learned_piano(TriSession *self);

/* ---- session-evidence.c ---- */

/* Weighs what was heard against the sound, in the background; and forgets what came of it. */
void tri_session_weigh(TriSession *self);
void tri_session_forget_evidence(TriSession *self);

/* ---- session-ear.c ---- */

/* What the project has learned and chosen, before it is listened to; and the same of no project. */
void tri_session_start_ears(TriSession *self);
void tri_session_init_ears(TriSession *self);

/* The recording has been heard with the ear that was chosen last, or (`fine` FALSE) will not be. */
void tri_session_ear_heard(TriSession *self, gboolean fine);

/* After each alignment: tells what came of learning, if that waits to be told. */
void tri_session_tell_learned(TriSession *self);

/* Of the ear that is chosen; null: the program's. Borrowed. */
GBytes *tri_session_ear_weights(TriSession *self);

/* ---- session-suggest.c ---- */

/* A copy of `base` (null: none) with what is made up, which replaces what it goes on instead of. Null without any. */
Motion *tri_session_with_suggestions(TriSession *self, const Motion *base);

/* What was heard, or the score played plainly, with what was kept; null when nothing was. */
StepsHeard *tri_session_heard_with_kept(TriSession *self);

/* Without a word: for another piece. */
void tri_session_forget_suggestions(TriSession *self);

/* ---- session-steps.c ---- */

/* Starts whatever the project's files ask for; with a kind, only what depends on files of that kind. */
void tri_session_start_steps(TriSession *self);
void tri_session_start_kind(TriSession *self, ProjectMediaKind kind);

/* Shows a score that stands where the present one stood: places keep their times until it is aligned. */
void tri_session_replace_score(TriSession *self, StepsReadPart *part);

/* Selects the place at a quarter, or the first behind it. */
void tri_session_select_quarter(TriSession *self, Beat quarter);

/* ---- session-notes.c ---- */

/* What the project has learned from its edits, before its pages are read. */
void tri_session_start_taste(TriSession *self);

/* Puts the pages together with the edits as they are now. */
void tri_session_correct(TriSession *self);

/* Picks the note or rest whose middle is nearest to the box, within a note's width. */
void tri_session_pick_box(TriSession *self, const ScoreBox *box);

/* Aligns from nothing. */
void tri_session_align_anew(TriSession *self);

/* Listens once more, with the ear that is chosen now. */
void tri_session_listen_again(TriSession *self);

/* Aligns again with the present anchors. */
void tri_session_realign(TriSession *self);

/* The `ended` of every kind of job: says what went wrong. */
void tri_session_job_ended(TriJob *job, gpointer user);

/* Forgets what the machine made. */
void tri_session_forget(TriSession *self);

/* ---- session-order.c ---- */

/* The project's choice, once it is open. */
void tri_session_start_order(TriSession *self);

/* Moves what was said of places into the order that is aligned now, as a step, when another one has just been chosen; then
 * TRUE: align again. */
gboolean tri_session_carry_over(TriSession *self);

/* After undo or redo: takes over the order of the marks; TRUE when it is another one: align anew. */
gboolean tri_session_undo_order(TriSession *self);

/* Forgets a choice that has not been aligned yet. */
void tri_session_forget_order(TriSession *self);

/* Takes over what there is to choose from. */
void tri_session_show_orders(TriSession *self, const FlowOrders *orders);

/* ---- session-places.c ---- */

/* Lays the marks over the machine's places and shows them; `times_s` (may be null) instead of the
 * alignment's. */
void tri_session_show_places(TriSession *self, const double *times_s);
void tri_session_show_motion(TriSession *self);
void tri_session_show_checks(TriSession *self);
void tri_session_play_motion(TriSession *self);

/* The place meant by an index of the session's verbs; -1 when there is none. */
int tri_session_place(TriSession *self, int place);
Beat tri_session_quarter(TriSession *self, int place);

TriCheck *tri_check_new(int place, int last, PlacesReason reason, const char *title, const char *detail);

G_END_DECLS
