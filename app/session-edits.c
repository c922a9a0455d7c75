/* What a person does to places. A verb makes marks, the project makes them a step, the store writes it, the
 * scene shows it at once with the neighbours carried along, and the aligner answers a moment later.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/session-private.h"
#include "app/words.h"

#include <glib/gi18n.h>
#include <math.h>
#include <stdlib.h>

static const double snap_s = 0.08;
enum { onset_level = 64 };

static char *name_of(TriSession *self, int first, int last) {
  return words_places(self->score->score, self->score->unfolded, (gsize)first, (gsize)last);
}

/* Times with one place moved and its neighbours carried along; null without an alignment. */
static double *warped(TriSession *self, int place, double time_s) {
  if (!self->alignment || (gsize)place >= self->alignment->points.n) return NULL;
  double *times_s = g_new(double, self->alignment->points.n + 1);
  alignment_warp(times_s, self->alignment, (gsize)place, time_s);
  return times_s;
}

static void show(TriSession *self, const double *times_s) {
  tri_session_show_places(self, times_s);
  tri_session_show_motion(self);
  tri_session_show_checks(self);
  tri_session_refresh(self);
}

static gboolean edit(TriSession *self, const char *name, const ProjectMark *marks, gsize n, gboolean nudge,
                     const double *times_s) {
  if (!project_do(self->project, name, marks, n, nudge, g_get_real_time())) {
    tri_session_say(self, TRUE, "%s", _("There is not enough memory for that."));
    return FALSE;
  }
  tri_session_write(self);
  show(self, times_s);
  tri_session_realign(self);
  return TRUE;
}

/* The place meant, or -1 after saying why there is none. */
static int place_for(TriSession *self, int place) {
  int found = tri_session_place(self, place);
  if (found < 0) tri_session_say(self, FALSE, "%s", _("Select a place first."));
  return found;
}

/* ---- anchors ---- */

static int place_of_quarter(TriSession *self, Beat quarter) {
  const ScoreUnfolded *unfolded = self->score->unfolded;
  for (gsize i = 0; i < unfolded->onsets.n; i++)
    if (beat_compare(unfolded->onsets.items[i].onset, quarter) >= 0) return (int)i;
  return (int)unfolded->onsets.n - 1;
}

void tri_session_select_quarter(TriSession *self, Beat quarter) {
  if (self->score->unfolded->onsets.n) tri_scene_set_selected(self->scene, place_of_quarter(self, quarter));
}

static gboolean refuse_crossing(TriSession *self, const ProjectMark *other, Beat quarter) {
  int place = place_of_quarter(self, other->quarter);
  g_autofree char *name = name_of(self, place, place);
  tri_session_say(self, TRUE,
                  beat_compare(other->quarter, quarter) < 0
                      ? _("%s is fixed later than that — unpin it first?")
                      : _("%s is fixed earlier than that — unpin it first?"),
                  name);
  return FALSE;
}

static gboolean put_anchor(TriSession *self, int place, double time_s, gboolean nudge) {
  Beat quarter = tri_session_quarter(self, place);
  time_s = fmax(0, time_s);
  const ProjectMark *other = project_crossing(self->project, quarter, time_s);
  if (other) return refuse_crossing(self, other, quarter);
  ProjectMark mark = {.quarter = quarter, .time_s = time_s, .verdict = PROJECT_MOVED};
  g_autofree char *where = name_of(self, place, place), *name = g_strdup_printf(_("Move %s"), where);
  g_autofree double *times_s = warped(self, place, time_s);
  return edit(self, name, &mark, 1, nudge, times_s);
}

gboolean tri_session_anchor(TriSession *self, int place, double time_s) {
  place = place_for(self, place);
  if (place < 0 || !isfinite(time_s)) return FALSE;
  return put_anchor(self, place, time_s, FALSE);
}

gboolean tri_session_nudge(TriSession *self, int place, double by_s) {
  guint n;
  place = place_for(self, place);
  const TriPlace *places = tri_scene_get_places(self->scene, &n);
  return place >= 0 && put_anchor(self, place, places[place].time_s + by_s, TRUE);
}

/* ---- verdicts ---- */

gboolean tri_session_confirm_range(TriSession *self, int first, int last) {
  guint n;
  const TriPlace *places = tri_scene_get_places(self->scene, &n);
  if (first > last || tri_session_place(self, first) < 0 || tri_session_place(self, last) < 0) return FALSE;
  g_autofree ProjectMark *marks = g_new0(ProjectMark, last - first + 1);
  gsize used = 0;
  double before_s = -1;
  for (int i = first; i <= last; i++) {
    Beat quarter = tri_session_quarter(self, i);
    const ProjectMark *mark = project_mark_at(self->project, quarter);
    gboolean said = mark && project_is_anchor(mark), free_place = places[i].time_s > before_s + 0.001;
    if (said) before_s = mark->time_s;
    if (said || !free_place || project_crossing(self->project, quarter, places[i].time_s)) continue;
    marks[used++] =
        (ProjectMark){.quarter = quarter, .time_s = fmax(0, places[i].time_s), .verdict = PROJECT_CONFIRMED};
    before_s = places[i].time_s;
  }
  g_autofree char *where = name_of(self, first, last), *name = g_strdup_printf(_("Confirm %s"), where);
  return edit(self, name, marks, used, FALSE, NULL);
}

gboolean tri_session_confirm(TriSession *self, int place) {
  place = place_for(self, place);
  return place >= 0 && tri_session_confirm_range(self, place, place);
}

gboolean tri_session_not_played(TriSession *self, int place) {
  place = place_for(self, place);
  if (place < 0) return FALSE;
  ProjectMark mark = {.quarter = tri_session_quarter(self, place), .verdict = PROJECT_NOT_PLAYED};
  g_autofree char *where = name_of(self, place, place), *name = g_strdup_printf(_("%s not played"), where);
  return edit(self, name, &mark, 1, FALSE, NULL);
}

/* The heard note as a mark with that verdict; FALSE after saying that there is none. */
static gboolean mark_of(TriSession *self, ProjectMark *mark, guint32 motion_note, ProjectVerdict verdict) {
  const Motion *motion = tri_scene_get_motion(self->scene);
  for (gsize i = 0; motion && i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    if (note->id != motion_note || note->midi == 0) continue;
    *mark = (ProjectMark){
        .quarter = beat_whole(0), .time_s = note->onset_s, .midi = note->midi, .verdict = (guint8)verdict};
    return TRUE;
  }
  tri_session_say(self, FALSE, "%s", _("Select a heard note first."));
  return FALSE;
}

gboolean tri_session_extra(TriSession *self, guint32 motion_note) {
  ProjectMark mark;
  return mark_of(self, &mark, motion_note, PROJECT_EXTRA) && edit(self, _("Extra note"), &mark, 1, FALSE, NULL);
}

gboolean tri_session_ornament(TriSession *self, guint32 motion_note, int place) {
  ProjectMark mark;
  place = place_for(self, place);
  if (place < 0 || !mark_of(self, &mark, motion_note, PROJECT_ORNAMENT)) return FALSE;
  mark.quarter = tri_session_quarter(self, place);
  g_autofree char *where = name_of(self, place, place), *name = g_strdup_printf(_("Ornament of %s"), where);
  return edit(self, name, &mark, 1, FALSE, NULL);
}

gboolean tri_session_unpin(TriSession *self, int place) {
  place = place_for(self, place);
  if (place < 0) return FALSE;
  ProjectMark mark = {.quarter = tri_session_quarter(self, place)};
  if (!project_mark_at(self->project, mark.quarter)) return FALSE;
  g_autofree char *where = name_of(self, place, place), *name = g_strdup_printf(_("Unpin %s"), where);
  return edit(self, name, &mark, 1, FALSE, NULL);
}

/* ---- back and forth ---- */

static void restore_view(TriSession *self, const ProjectCommand *command) {
  self->restoring_view = TRUE;
  if (command->scale > 0)
    g_object_set(self->timeline, "scale", command->scale, "start", command->start_s, NULL);
  self->restoring_view = FALSE;
}

/* Goes back to where the edit was and puts the pages together again. */
static void went_on_page(TriSession *self, const ProjectCommand *command) {
  const OmrEdit *edit = &command->edits.items[0].after;
  restore_view(self, command);
  tri_session_write(self);
  tri_session_refresh(self);
  self->picked = (ScoreBox){edit->page, edit->x_px, edit->y_px, 0, 0};
  tri_session_correct(self);
}

static void went(TriSession *self, const ProjectCommand *command) {
  if (!command) return;
  if (command->edits.n) {
    went_on_page(self, command);
    return;
  }
  const ProjectMark *mark = &command->changes.items[0].after, *before = &command->changes.items[0].before;
  double time_s = mark->time_s > 0 ? mark->time_s : before->time_s;
  if (!mark->midi && self->score && self->score->unfolded->onsets.n)
    tri_scene_set_selected(self->scene, place_of_quarter(self, mark->quarter));
  restore_view(self, command);
  tri_session_write(self);
  const gboolean reordered = tri_session_undo_order(self);
  if (reordered) tri_session_align_anew(self);
  show(self, NULL);
  if (!reordered) tri_session_realign(self);
  if (time_s > 0) tri_session_reveal(self, time_s);
}

void tri_session_undo(TriSession *self) {
  if (self->dragged < 0) went(self, project_undo(self->project));
}

void tri_session_redo(TriSession *self) {
  if (self->dragged < 0) went(self, project_redo(self->project));
}

/* ---- dragging ---- */

gboolean tri_session_begin_drag(TriSession *self, int place) {
  place = tri_session_place(self, place);
  if (place < 0) return FALSE;
  tri_session_cancel_drag(self);
  self->dragged = place;
  tri_scene_set_selected(self->scene, place);
  return TRUE;
}

/* Kept away from the anchors on either side. */
static double between_anchors(TriSession *self, int place, double time_s) {
  Beat quarter = tri_session_quarter(self, place);
  double low_s = 0, high_s = G_MAXDOUBLE;
  for (gsize i = 0; i < self->project->marks.n; i++) {
    const ProjectMark *mark = &self->project->marks.items[i];
    if (!project_is_anchor(mark)) continue;
    int side = beat_compare(mark->quarter, quarter);
    if (side < 0) low_s = fmax(low_s, mark->time_s + 0.002);
    if (side > 0) high_s = fmin(high_s, mark->time_s - 0.002);
  }
  return fmax(low_s, fmin(high_s, time_s));
}

double tri_session_drag_to(TriSession *self, double time_s, gboolean snap) {
  guint n;
  const TriPlace *places = tri_scene_get_places(self->scene, &n);
  if (self->dragged < 0 || (guint)self->dragged >= n || !isfinite(time_s)) return time_s;
  if (snap) time_s = tri_session_snap(self, self->dragged, time_s, snap_s);
  time_s = between_anchors(self, self->dragged, time_s);
  double *times_s = warped(self, self->dragged, time_s);
  if (!times_s) {
    times_s = g_new(double, n);
    for (guint i = 0; i < n; i++) times_s[i] = places[i].time_s;
  }
  times_s[self->dragged] = time_s;
  g_free(self->drag_s);
  self->drag_s = times_s;
  tri_scene_set_drag(self->scene, times_s, n);
  return time_s;
}

gboolean tri_session_drop(TriSession *self) {
  int place = self->dragged;
  double time_s = place >= 0 && self->drag_s ? self->drag_s[place] : -1;
  tri_session_cancel_drag(self);
  return time_s >= 0 && put_anchor(self, place, time_s, FALSE);
}

void tri_session_cancel_drag(TriSession *self) {
  if (self->dragged < 0) return;
  self->dragged = -1;
  g_clear_pointer(&self->drag_s, g_free);
  tri_scene_set_drag(self->scene, NULL, 0);
}

/* ---- snapping ---- */

/* Which of the 88 keys a place strikes; all of them for -1. */
static void keys_of(TriSession *self, int place, gboolean keys[MOTION_KEYS]) {
  for (int k = 0; k < MOTION_KEYS; k++) keys[k] = place < 0;
  if (place < 0) return;
  const ScoreOnset *onset = &self->score->unfolded->onsets.items[place];
  for (gsize i = onset->first; i < onset->first + onset->n; i++) {
    int key = self->score->unfolded->sounds.items[i].midi - MOTION_LOWEST_KEY;
    if (key >= 0 && key < MOTION_KEYS) keys[key] = TRUE;
  }
}

/* The strongest onset in the evidence near a time, the nearer the better. */
static double snap_to_evidence(const Evidence *evidence, const gboolean keys[MOTION_KEYS], double time_s,
                               double within_s) {
  double best = 0, best_s = time_s;
  gint64 from = MAX(0, (gint64)ceil((time_s - within_s) / evidence->hop_s));
  gint64 to = MIN((gint64)evidence->frames - 1, (gint64)floor((time_s + within_s) / evidence->hop_s));
  for (gint64 t = from; t <= to; t++) {
    int sum = 0;
    for (int k = 0; k < MOTION_KEYS; k++)
      if (keys[k]) sum += evidence->onset[t * MOTION_KEYS + k];
    double at_s = (double)t * evidence->hop_s, worth = sum * (1 - 0.5 * fabs(at_s - time_s) / within_s);
    if (sum < onset_level || worth <= best) continue;
    best = worth;
    best_s = at_s;
  }
  return best_s;
}

static double snap_to_notes(const Motion *motion, const gboolean keys[MOTION_KEYS], double time_s,
                            double within_s) {
  double best_s = time_s, distance_s = within_s;
  for (gsize i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    int key = note->midi - MOTION_LOWEST_KEY;
    if (key < 0 || key >= MOTION_KEYS || !keys[key] || fabs(note->onset_s - time_s) > distance_s) continue;
    distance_s = fabs(note->onset_s - time_s);
    best_s = note->onset_s;
  }
  return best_s;
}

double tri_session_snap(TriSession *self, int place, double time_s, double within_s) {
  if (!self->heard) return time_s;
  gboolean keys[MOTION_KEYS];
  keys_of(self, place < 0 ? -1 : tri_session_place(self, place), keys);
  const Transcription *heard = self->heard->heard;
  double snapped_s = snap_to_notes(heard->motion, keys, time_s, within_s);
  if (snapped_s != time_s || !heard->evidence) return snapped_s;
  return snap_to_evidence(heard->evidence, keys, time_s, within_s);
}

/* ---- going about ---- */

int tri_session_get_selected(TriSession *self) {
  return tri_scene_get_selected(self->scene);
}

void tri_session_select(TriSession *self, int place) {
  tri_scene_set_selected(self->scene, place);
}

static void go_to(TriSession *self, int place) {
  guint n;
  const TriPlace *places = tri_scene_get_places(self->scene, &n);
  if (!n) return;
  place = CLAMP(place, 0, (int)n - 1);
  tri_scene_set_selected(self->scene, place);
  tri_session_reveal(self, places[place].time_s);
}

void tri_session_next(TriSession *self, int steps) {
  int selected = tri_scene_get_selected(self->scene);
  guint n;
  const TriPlace *places = tri_scene_get_places(self->scene, &n);
  if (!n) return;
  if (selected >= 0) {
    go_to(self, selected + steps);
    return;
  }
  double position_s = 0;
  g_object_get(self->timeline, "position", &position_s, NULL);
  int place = 0;
  while (place + 1 < (int)n && places[place].time_s < position_s) place++;
  go_to(self, place);
}

void tri_session_next_bar(TriSession *self, int bars) {
  int place = tri_session_place(self, -1);
  if (place < 0 || !self->score) {
    tri_session_next(self, bars);
    return;
  }
  const ScoreUnfolded *unfolded = self->score->unfolded;
  int step = words_step_at(unfolded, beat_double(tri_session_quarter(self, place)));
  step = CLAMP(step + bars, 0, (int)unfolded->steps.n - 1);
  go_to(self, place_of_quarter(self, unfolded->steps.items[step].start));
}

/* The entry of the list that holds the selected place, or -1. */
static int selected_check(TriSession *self, guint n) {
  int selected = tri_scene_get_selected(self->scene);
  for (guint i = 0; i < n; i++) {
    g_autoptr(TriCheck) check = g_list_model_get_item(G_LIST_MODEL(self->to_check), i);
    if (selected >= tri_check_get_place(check) && selected <= tri_check_get_last(check)) return (int)i;
  }
  return -1;
}

gboolean tri_session_next_to_check(TriSession *self, int direction) {
  guint n = g_list_model_get_n_items(G_LIST_MODEL(self->to_check));
  if (!n) return FALSE;
  int at = selected_check(self, n),
      next = at < 0 ? (direction < 0 ? (int)n - 1 : 0) : at + (direction < 0 ? -1 : 1);
  g_autoptr(TriCheck) check =
      g_list_model_get_item(G_LIST_MODEL(self->to_check), (guint)((next + (int)n) % (int)n));
  go_to(self, tri_check_get_place(check));
  return TRUE;
}
