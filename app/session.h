/* The one object that all views watch: a project, what the machine made of it and what the person said.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/flow/flow.h"
#include "app/job.h"
#include "app/places.h"
#include "app/player.h"
#include "app/project.h"
#include "widgets/scene.h"
#include "widgets/timeline.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define TRI_TYPE_SESSION (tri_session_get_type())
G_DECLARE_FINAL_TYPE(TriSession, tri_session, TRI, SESSION, GObject)

/* Properties, read-only, notified once per real change, main thread only:
 *   title (string)         name of the piece, translated "New piece" when there is none
 *   subtitle (string)      "142 of 1 204 places checked · saved", or why it is not saved
 *   saved (boolean)        every edit is on disk
 *   path (string)          the project file, null before the first file is added
 *   draft (boolean)        the file lives among the drafts
 *   has-score, has-sound (boolean)
 *   can-undo, can-redo (boolean)
 *   undo-name, redo-name (string)   "Move bar 2, beat 3", null when there is none
 *   n-checked, n-places (uint)
 * Signals:
 *   "notice" (string sentence, boolean bad)   something to say in a toast: a refusal, a file that is done
 *   "refused" (string file, string reason)    one of the files added is not used
 *   "media-missing" (string file)             a file of the project is not where it was
 *   "reveal" (double time_s)                  please bring this moment into view (undo, next place)
 *   "orders-changed"                          the playing orders, or the choice among them
 *   "ears-changed"                            the list of ears, the choice, or whether one can be learned
 *   "suggestion-changed"                      what is made up, or whether anything can be
 *   "learned" (pointer TriLearned)            what came of learning from corrections
 *   "instruments-changed"                     the list of instruments, the choice, or whether one can be
 * learned */
TriSession *tri_session_new(void);

/* A session whose player makes no sound and has no thread of its own: for tests. It plays nothing back by itself. */
TriSession *tri_session_new_offline(void);

/* Whether what was heard is played back after each alignment, to put the list "To check" in order once more. */
void tri_session_set_weighs(TriSession *session, gboolean weighs);

/* All owned by the session, there from the start, the same for its whole life. */
TriScene *tri_session_get_scene(TriSession *session);
TriTimeline *tri_session_get_timeline(TriSession *session);
TriJobs *tri_session_get_jobs(TriSession *session);
TriPlayer *tri_session_get_player(TriSession *session);
GListModel *
tri_session_get_to_check(TriSession *session); /* of TriCheck, most worthwhile first, at most 10 */
const Project *tri_session_get_project(TriSession *session);

const char *tri_session_get_title(TriSession *session);
const char *tri_session_get_subtitle(TriSession *session);
const char *tri_session_get_path(TriSession *session);
const char *tri_session_get_undo_name(TriSession *session);
const char *tri_session_get_redo_name(TriSession *session);

/* ---- project files ---- */

/* Adds pages, scores, MIDI, note lists and a recording; looks at them on a worker and sorts them by kind and
 * natural order. Makes a draft when there is no project. What cannot be used is "refused". Takes nothing. */
void tri_session_add_files(TriSession *session, const char *const *paths, gsize n);

/* Opens a project file in place of the present one; on failure nothing changes. */
gboolean tri_session_open(TriSession *session, const char *path, GError **error);

/* Starts afresh; the old project is on disk already. */
void tri_session_close_project(TriSession *session);

/* Opens a copy of a project as a draft, so that the original stays as it is (the sample). */
gboolean tri_session_open_as_copy(TriSession *session, const char *path, GError **error);

/* Writes a copy of the project as a job, whole or not at all; with `embed` the media go into the file.
 * Says "notice" when done. */
void tri_session_save_copy(TriSession *session, const char *path, gboolean embed);

/* The file `missing` of "media-missing" is now at `path`; refused unless its content is the same. */
gboolean tri_session_locate(TriSession *session, const char *missing, const char *path, GError **error);

void tri_session_set_title(TriSession *session, const char *title);

/* Tries again to write what could not be saved. */
void tri_session_save_again(TriSession *session);

/* ---- places. `place` is an index of the scene's places; -1 means the selected one. All are one undo step;
 * FALSE and a "notice" when refused (crossing another anchor, nothing selected). ---- */
gboolean tri_session_anchor(TriSession *session, int place, double time_s);
gboolean tri_session_nudge(TriSession *session, int place, double by_s); /* merged with others within 1 s */
gboolean tri_session_confirm(TriSession *session, int place);
gboolean tri_session_confirm_range(TriSession *session, int first, int last);
gboolean tri_session_not_played(TriSession *session, int place);
gboolean tri_session_extra(TriSession *session,
                           guint32 motion_note);            /* a heard note that is not in the score */
/* It belongs to what is written at a place: a note of a trill, of a broken chord, a grace note that is not printed. */
gboolean tri_session_ornament(TriSession *session, guint32 motion_note, int place);
gboolean tri_session_unpin(TriSession *session, int place); /* takes back what the person said of it */

void tri_session_undo(TriSession *session);
void tri_session_redo(TriSession *session);

/* ---- dragging the foot of a link ---- */
gboolean tri_session_begin_drag(TriSession *session, int place);
/* Neighbours follow in the scene; with `snap` the time is drawn to a heard onset within 80 ms. The time
 * shown. */
double tri_session_drag_to(TriSession *session, double time_s, gboolean snap);
gboolean tri_session_drop(TriSession *session);
void tri_session_cancel_drag(TriSession *session);

/* A heard onset near `time_s`, preferring pitches of `place` (-1: any), or `time_s` itself. */
double tri_session_snap(TriSession *session, int place, double time_s, double within_s);

/* ---- going about ---- */
int tri_session_get_selected(TriSession *session);
void tri_session_select(TriSession *session, int place);
void tri_session_next(TriSession *session, int places); /* by that many places, negative: back */
void tri_session_next_bar(TriSession *session, int bars);
gboolean tri_session_next_to_check(TriSession *session, int direction); /* +1, -1; selects and reveals */

/* Plays the place with 1.5 s on either side, recording left, synth right. */
void tri_session_hear(TriSession *session, int place);
/* Strikes the keys of a place once. */
void tri_session_strike(TriSession *session, int place);

/* What the synth plays: the score as aligned (TRUE, the default where there is a score) or what was heard. */
void tri_session_set_synth_plays_score(TriSession *session, gboolean score);

/* ---- music that is made up ---- */

/* There is music whose style can be gone on in, and nothing is being made up. */
gboolean tri_session_can_suggest(TriSession *session);

/* From the playhead on, as a job: what might come instead of what comes, or (`along`) beside it. Then it stands in the
 * scene and plays once. */
void tri_session_suggest(TriSession *session, gboolean along);
gboolean tri_session_has_suggestion(TriSession *session);

/* Another one in its place; it becomes part of what is played, and the playhead goes to its end; it goes. */
void tri_session_suggest_again(TriSession *session);
void tri_session_keep_suggestion(TriSession *session);
void tri_session_dismiss_suggestion(TriSession *session);

/* What was kept, until the piece is closed: it is played and exported as MIDI, but not in the project's file. */
gboolean tri_session_has_kept(TriSession *session);
void tri_session_forget_kept(TriSession *session);

/* ---- the order in which the score was played ---- */

/* The orders that explain the recording, best first; 0 before the alignment is there. `letters` ("A A B") is borrowed
 * until the orders change. */
guint tri_session_get_n_orders(TriSession *session);
FlowOrder tri_session_get_order_at(TriSession *session, guint index, const char **letters);
FlowOrder tri_session_get_order(TriSession *session);

/* Aligns anew in that order, as a job, and carries what was said of places over to it, all as one step of undo. Anchors that
 * have no place in it are left out, with a notice. */
void tri_session_set_order(TriSession *session, FlowOrder order);

/* ---- the instrument that the synth plays ---- */

/* Owns its strings. */
typedef struct {
  char *id, *name;  /* the name is translated */
  gboolean learned; /* from this project's recording */
} TriInstrument;

/* Of TriInstrument, in the order to be shown, learned ones last and newest first. Transfer full. */
GArray *tri_session_list_instruments(TriSession *session);
const char *tri_session_get_instrument(TriSession *session);

/* Makes it ready as a job; it plays when that is done. The project remembers. */
void tri_session_set_instrument(TriSession *session, const char *id);

/* Learns the recording's piano from what was heard, as a job; keeps it as a new revision and chooses it. */
gboolean tri_session_can_learn_piano(TriSession *session);
void tri_session_learn_piano(TriSession *session);

/* ---- the ear that listens to the recording ---- */

/* Of TriInstrument: as it came with the program, then what was learned from corrections, newest first. Transfer full. */
GArray *tri_session_list_ears(TriSession *session);
const char *tri_session_get_ear(TriSession *session);

/* Listens with it from now on, which begins at once; anchors stay. The project remembers. */
void tri_session_set_ear(TriSession *session, const char *id);

/* Learns from the bars with anchors, as a job; when that was of use, keeps a new revision and chooses it. */
gboolean tri_session_can_learn_ear(TriSession *session);
void tri_session_learn_ear(TriSession *session);

/* The same from the pairs in a folder that was exported, of this piece or another one. */
gboolean tri_session_can_learn_pairs(TriSession *session);
void tri_session_learn_pairs(TriSession *session, const char *folder);

/* What "learned" tells of; borrowed during the call. Shares of onsets that agree with the score where the network was not
 * shown it (NAN where nothing was kept apart): in bars with anchors, in the rest, and on imagined music with the truth. */
typedef struct {
  gboolean accepted; /* else everything is as it was */
  gboolean for_others; /* whether it is of use for other pieces, too */
  guint bars;
  char *ear_before; /* for going back */
  double bars_before, bars_after, rest_before, rest_after, dreams_before, dreams_after;
  PlacesMoved *moved; /* places that are elsewhere since it was listened again, at most 100 */
  guint n_moved, n_moved_in_all;
} TriLearned;

/* What was learned last is what other pieces are listened to with from now on, unless they have chosen otherwise; or only
 * this piece is. Whether any is used for others. */
gboolean tri_session_share_ear(TriSession *session);
void tri_session_unshare_ear(TriSession *session);
gboolean tri_session_has_shared_ear(TriSession *session);

/* ---- words about a place, for the inspector and for a screen reader ---- */
typedef struct {
  char *name;    /* "Bar 2, beat 3"; with a pass when the bar is repeated: "Bar 2, second time, beat 3" */
  char *pitches; /* "A4 C♯5" */
  char *state;   /* "doubtful" */
  char *why;     /* "Timing in doubt · ±190 ms" */
  double quarter, time_s, machine_time_s, confidence;
  int measure; /* index into the score's measures */
  gboolean anchor;
} TriPlaceWords;

/* False for a place that does not exist. Clear with tri_place_words_clear. */
gboolean tri_session_describe(TriSession *session, int place, TriPlaceWords *words);
void tri_place_words_clear(TriPlaceWords *words);

/* Bar and beat at a time: "bar 2 · beat 3"; "" without a score. Transfer full. */
char *tri_session_describe_time(TriSession *session, double time_s);

/* ---- giving away, as a job; "notice" when done ---- */
typedef enum {
  TRI_EXPORT_MIDI,       /* what was heard, with the tempo map of the alignment */
  TRI_EXPORT_MIDI_SCORE, /* the score as aligned */
  TRI_EXPORT_MUSICXML,   /* .musicxml or .mxl by the ending */
  TRI_EXPORT_ANCHORS,    /* score_quarter,time_s */
  TRI_EXPORT_LABELS,     /* Audacity label track */
  TRI_EXPORT_MEASURES,   /* measure,beat,time */
  TRI_EXPORT_SONIC,      /* the heard notes as Sonic Visualiser imports them: time,value,duration,level,label */
  TRI_EXPORT_ALIGNMENT,  /* CSV, JSON, TSV (nASAP), match or a folder for Parangonada by the ending */
  TRI_EXPORT_PAIRS,      /* a folder: the bars with anchors as a data set, core/flow/flow_pairs.h */
} TriExport;
void tri_session_export(TriSession *session, TriExport what, const char *path);

/* ---- an item of the list "To check" ---- */
#define TRI_TYPE_CHECK (tri_check_get_type())
G_DECLARE_FINAL_TYPE(TriCheck, tri_check, TRI, CHECK, GObject)

/* Properties, constant: place (int), last (int), title, detail (string). */
int tri_check_get_place(TriCheck *check);
int tri_check_get_last(TriCheck *check);
int tri_check_get_reason(TriCheck *check);         /* PlacesReason of app/places.h */
const char *tri_check_get_title(TriCheck *check);  /* "Bar 2, beats 3–4" */
const char *tri_check_get_detail(TriCheck *check); /* "Timing in doubt · ±190 ms" */

G_END_DECLS
