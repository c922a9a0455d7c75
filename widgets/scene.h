/* Everything the views draw, as immutable values that are swapped whole; the session of app/ fills it, the
 * views watch it. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/motion.h"
#include "core/music/score.h"

#include <gdk/gdk.h>

G_BEGIN_DECLS

/* How sure a place or a note is; each has its own shape as well as its own colour. */
typedef enum {
  TRI_SURE,
  TRI_UNSURE,
  TRI_DOUBTFUL,
  TRI_CHECKED,    /* confirmed or moved by the person */
  TRI_NOT_PLAYED, /* in the score, not heard */
  TRI_EXTRA,      /* heard, not in the score */
} TriState;

/* One onset of the unfolded score and where it sounds. Index in TriScene's places = index into
 * ScoreUnfolded.onsets. Plain value. */
typedef struct {
  double quarter, time_s;
  float confidence;
  guint8 state; /* TriState */
  gboolean anchor;
} TriPlace;

/* min, max of the sound in each block of 64 samples and ×4 pyramids above; filled while a recording loads. */
typedef struct TriPeaks TriPeaks;

#define TRI_TYPE_SCENE (tri_scene_get_type())
G_DECLARE_FINAL_TYPE(TriScene, tri_scene, TRI, SCENE, GObject)

/* Signals (run first, no arguments): "pages-changed", "score-changed", "sound-changed", "motion-changed",
 * "places-changed", "suggestion-changed". Properties "selected" (int, place index, -1 none), "hovered" (int), "picked"
 * (uint, ScoreNote.id, 0 none). Main thread only. */
TriScene *tri_scene_new(void);

/* Notified only when the value differs. Outside the places means none. */
void tri_scene_set_selected(TriScene *scene, int place);
int tri_scene_get_selected(TriScene *scene);
void tri_scene_set_hovered(TriScene *scene, int place);
int tri_scene_get_hovered(TriScene *scene);

/* The one written note or rest that the person is about to correct; forgotten when another place is selected. */
void tri_scene_set_picked(TriScene *scene, guint note);
guint tri_scene_get_picked(TriScene *scene);

/* ---- pages: pictures to draw, by page number as in ScoreBox.page ---- */

/* Gives a page as pixels at full resolution; called on a worker thread, must be thread-safe; returns an
 * 8-bit grey image W × H to be freed with g_free, or null. Level k asks for the page reduced by 2^k. */
typedef guchar *(*TriPageFn)(gpointer user, int page, int level, int *width, int *height);
void tri_scene_set_pages(TriScene *scene, int n, TriPageFn fn, gpointer user, GDestroyNotify destroy);
int tri_scene_get_n_pages(TriScene *scene);

/* What tile workers hold on to; borrowed, null without pages. See page-source.h. */
typedef struct TriPageSource TriPageSource;
TriPageSource *tri_scene_get_page_source(TriScene *scene);

/* ---- score: takes ownership of both; either may be null ---- */
void tri_scene_set_score(TriScene *scene, Score *score, ScoreUnfolded *unfolded);
const Score *tri_scene_get_score(TriScene *scene);
const ScoreUnfolded *tri_scene_get_unfolded(TriScene *scene);

/* ---- motion: takes ownership; `states` is one TriState per note, copied ---- */
void tri_scene_set_motion(TriScene *scene, Motion *motion, const guint8 *states);
const Motion *tri_scene_get_motion(TriScene *scene);
const guint8 *tri_scene_get_note_states(TriScene *scene);

/* ---- music that was made up: takes ownership; notes of less than full confidence are only suggested; null: none ---- */
void tri_scene_set_suggestion(TriScene *scene, Motion *motion);
const Motion *tri_scene_get_suggestion(TriScene *scene);

/* ---- places: copied ---- */
void tri_scene_set_places(TriScene *scene, const TriPlace *places, guint n);
const TriPlace *tri_scene_get_places(TriScene *scene, guint *n);

/* While a foot is dragged: times shown instead of the places' own, `n` as many as places; null ends it.
 * Copied. Emits "places-changed"; the revision stays. */
void tri_scene_set_drag(TriScene *scene, const double *times_s, guint n);
const double *tri_scene_get_drag(TriScene *scene);

/* ---- sound: peaks for the waveform, 8-bit log-frequency levels for the spectrogram ---- */

/* Takes ownership. `levels` is frames × bins (bin 0 lowest, 3 bins a key, 264 bins for 88 keys). Either null.
 */
void tri_scene_set_peaks(TriScene *scene, TriPeaks *peaks);
TriPeaks *tri_scene_get_peaks(TriScene *scene);
void tri_scene_set_spectrogram(TriScene *scene, guint8 *levels, gsize frames, int bins, double hop_s);
const guint8 *tri_scene_get_spectrogram(TriScene *scene, gsize *frames, int *bins, double *hop_s);

/* The same levels as shared bytes for tile workers; borrowed, null without. */
GBytes *tri_scene_get_spectrogram_bytes(TriScene *scene);

/* Grows with each change of the kinds in `what`, for tile keys. */
typedef enum {
  TRI_REVISION_PAGES,
  TRI_REVISION_SCORE,
  TRI_REVISION_SOUND,
  TRI_REVISION_MOTION,
  TRI_REVISION_PLACES,
  TRI_REVISION_SUGGESTION,
  TRI_N_REVISIONS
} TriRevision;
guint64 tri_scene_get_revision(TriScene *scene, TriRevision what);

G_END_DECLS
