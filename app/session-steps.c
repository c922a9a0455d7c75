/* Which step follows from which: files are read and heard, both together are aligned, and an anchor that
 * moves is answered by aligning again. Results go to the scene; the session keeps a shared copy for the next
 * step. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/session-private.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

static void show_all(TriSession *self) {
  tri_session_show_places(self, NULL);
  tri_session_show_motion(self);
  tri_session_show_checks(self);
  tri_session_play_motion(self);
  tri_session_refresh(self);
}

/* A failure is told where the person looks; it also stays in the list of jobs. */
void tri_session_job_ended(TriJob *job, gpointer user) {
  if (tri_job_get_state(job) == TRI_JOB_FAILED) tri_session_say(user, TRUE, "%s", tri_job_get_detail(job));
}

static void drop_alignment(TriSession *self) {
  tri_session_forget_evidence(self);
  g_clear_pointer(&self->alignment, alignment_free);
  g_clear_pointer(&self->played, motion_free);
  g_clear_pointer(&self->machine_s, g_free);
}

void tri_session_forget(TriSession *self) {
  tri_jobs_retire(self->jobs, TRI_TOPIC_READ);
  tri_jobs_retire(self->jobs, TRI_TOPIC_CORRECT);
  tri_jobs_retire(self->jobs, TRI_TOPIC_LESSON);
  tri_jobs_retire(self->jobs, TRI_TOPIC_PEAKS);
  tri_jobs_retire(self->jobs, TRI_TOPIC_LISTEN);
  tri_jobs_retire(self->jobs, TRI_TOPIC_ALIGN);
  g_clear_pointer(&self->score, steps_score_unref);
  g_clear_pointer(&self->pages, steps_pages_unref);
  self->taste = (OmrTaste){{0}};
  g_clear_pointer(&self->heard, steps_heard_unref);
  drop_alignment(self);
  tri_session_forget_suggestions(self);
  tri_session_forget_order(self);
  tri_session_show_orders(self, NULL);
  self->audio_s = 0;
  tri_player_set_recording(self->player, NULL, NULL);
  tri_player_set_motion(self->player, NULL);
  tri_scene_set_selected(self->scene, -1);
  tri_scene_set_places(self->scene, NULL, 0);
  tri_scene_set_score(self->scene, NULL, NULL);
  tri_scene_set_motion(self->scene, NULL, NULL);
  tri_scene_set_peaks(self->scene, NULL);
  tri_scene_set_spectrogram(self->scene, NULL, 0, 0, 0);
  tri_scene_set_pages(self->scene, 0, NULL, NULL, NULL);
  tri_session_show_checks(self);
}

/* ---- aligning ---- */

static void select_remembered(TriSession *self) {
  double quarter = self->project->view.selected_quarter;
  guint n;
  const TriPlace *places = tri_scene_get_places(self->scene, &n);
  if (quarter < 0 || tri_scene_get_selected(self->scene) >= 0) return;
  for (guint i = 0; i < n; i++)
    if (ABS(places[i].quarter - quarter) < 1e-6) tri_scene_set_selected(self->scene, (int)i);
}

static void align_apply(TriJob *job, gpointer user, gpointer result) {
  TriSession *self = user;
  StepsAligned *aligned = result;
  const gboolean anew = aligned->heard || aligned->score;
  alignment_free(self->alignment);
  self->alignment = g_steal_pointer(&aligned->alignment);
  motion_free(self->played);
  self->played = g_steal_pointer(&aligned->played);
  if (aligned->heard) {
    steps_heard_unref(self->heard);
    self->heard = g_steal_pointer(&aligned->heard);
    tri_scene_set_motion(self->scene, g_steal_pointer(&aligned->scene_motion), NULL);
  }
  if (aligned->score) {
    steps_score_unref(self->score);
    self->score = g_steal_pointer(&aligned->score);
    g_free(self->machine_s);
    self->machine_s = g_steal_pointer(&aligned->machine_s);
    tri_scene_set_score(self->scene, g_steal_pointer(&aligned->scene_score),
                        g_steal_pointer(&aligned->scene_unfolded));
    tri_session_show_orders(self, &aligned->orders);
  }
  const gboolean carried = tri_session_carry_over(self);
  show_all(self);
  if (carried) tri_session_realign(self);
  if (anew) tri_session_weigh(self);
  tri_session_tell_learned(self);
  select_remembered(self);
}

static const TriJobKind align_kind = {steps_align,       NULL, align_apply, NULL, steps_align_snapshot_free,
                                      steps_aligned_free};

static void start_align(TriSession *self, TriLane lane, gboolean anew) {
  if (!self->score || !self->heard) return;
  StepsAlignSnapshot *snapshot = g_new0(StepsAlignSnapshot, 1);
  snapshot->score = steps_score_ref(self->score);
  snapshot->heard = steps_heard_ref(self->heard);
  snapshot->previous = anew ? NULL : alignment_dup(self->alignment);
  if (!self->order_from) snapshot->anchors = project_anchors(self->project, &snapshot->n_anchors);
  snapshot->order = self->order;
  tri_jobs_start(self->jobs, lane, TRI_TOPIC_ALIGN, _("Aligning"), &align_kind, snapshot, self);
}

void tri_session_realign(TriSession *self) {
  if (self->alignment)
    start_align(self, TRI_LANE_INTERACTIVE, FALSE);
  else if (self->score && self->heard)
    start_align(self, TRI_LANE_BACKGROUND, TRUE);
}

void tri_session_align_anew(TriSession *self) {
  drop_alignment(self);
  start_align(self, TRI_LANE_BACKGROUND, TRUE);
}

/* ---- reading ---- */

static void show_score(TriSession *self, StepsReadPart *part) {
  steps_score_unref(self->score);
  self->score = g_steal_pointer(&part->score);
  tri_scene_set_score(self->scene, g_steal_pointer(&part->scene_score),
                      g_steal_pointer(&part->scene_unfolded));
}

static void read_part(TriJob *job, gpointer user, gpointer data) {
  TriSession *self = user;
  StepsReadPart *part = data;
  if (part->pages) {
    int n = media_pages_n(part->pages);
    tri_scene_set_pages(self->scene, n, media_pages_load, g_steal_pointer(&part->pages), media_pages_free);
    return;
  }
  drop_alignment(self);
  tri_session_forget_order(self);
  show_score(self, part);
  tri_session_show_places(self, NULL);
  tri_session_refresh(self);
}

/* Without a recording the score played plainly stands in the roll. */
static void show_plain(TriSession *self) {
  if (self->heard || !self->score) return;
  tri_scene_set_motion(self->scene, motion_dup(self->score->plain), NULL);
}

/* The old alignment's times at the places of the new score; links are gone until it is aligned. */
static void carry_alignment(TriSession *self) {
  const ScoreUnfolded *unfolded = self->score->unfolded;
  Alignment *old = self->alignment, *carried = old && old->points.n ? alignment_dup(old) : NULL;
  if (carried) carried->points.n = carried->links.n = 0;
  gboolean good = carried != NULL;
  for (gsize i = 0; good && i < unfolded->onsets.n; i++) {
    AlignmentPoint point = {.onset = i, .quarter = unfolded->onsets.items[i].onset, .confidence = 0.5f};
    point.time_s = MAX(0, alignment_time_s(old, beat_double(point.quarter)));
    good = base_array_push(&carried->points, point);
  }
  drop_alignment(self);
  if (good)
    self->alignment = carried;
  else if (carried)
    alignment_free(carried);
  if (self->alignment) self->played = places_play(unfolded, self->alignment, self->score->plain);
}

void tri_session_replace_score(TriSession *self, StepsReadPart *part) {
  int selected = tri_session_place(self, -1);
  Beat quarter = tri_session_quarter(self, selected);
  show_score(self, part);
  carry_alignment(self);
  show_plain(self);
  show_all(self);
  if (selected >= 0) tri_session_select_quarter(self, quarter);
  start_align(self, TRI_LANE_BACKGROUND, TRUE);
}

static void read_apply(TriJob *job, gpointer user, gpointer result) {
  TriSession *self = user;
  StepsReadPart *part = result;
  steps_pages_unref(self->pages);
  self->pages = g_steal_pointer(&part->read);
  self->taste = part->taste;
  show_score(self, part);
  tri_session_title_by_score(self, self->score->score);
  if (!tri_jobs_busy(self->jobs, TRI_TOPIC_LISTEN)) show_plain(self);
  tri_session_align_anew(self);
  show_all(self);
  select_remembered(self);
}

static const TriJobKind read_kind = {
    steps_read, read_part, read_apply, NULL, steps_read_snapshot_free, steps_read_part_free};

static gboolean has_kind(TriSession *self, ProjectMediaKind kind) {
  return project_media_of(self->project, kind) != NULL;
}

/* The kind of file that the score comes from; FALSE when there is none. */
static gboolean score_kind(TriSession *self, ProjectMediaKind *kind) {
  static const ProjectMediaKind order[] = {PROJECT_PAGES, PROJECT_SCORE, PROJECT_MIDI};
  for (gsize i = 0; i < G_N_ELEMENTS(order); i++) {
    *kind = order[i];
    if (has_kind(self, *kind)) return TRUE;
  }
  return FALSE;
}

/* The file that was heard: a recording, or notes that stand for one. */
static const ProjectMedia *heard_media(TriSession *self) {
  ProjectMediaKind score;
  gboolean midi_is_score = score_kind(self, &score) && score == PROJECT_MIDI;
  const ProjectMedia *media = project_media_of(self->project, PROJECT_AUDIO);
  if (!media) media = project_media_of(self->project, PROJECT_NOTES);
  return media || midi_is_score ? media : project_media_of(self->project, PROJECT_MIDI);
}

static void start_read(TriSession *self) {
  ProjectMediaKind kind;
  if (!score_kind(self, &kind)) return;
  tri_session_start_taste(self);
  GPtrArray *paths = g_ptr_array_new();
  for (gsize i = 0; i < self->project->media.n; i++) {
    const ProjectMedia *media = &self->project->media.items[i];
    if (media->kind == kind && !media->missing) g_ptr_array_add(paths, g_strdup(media->path));
  }
  g_ptr_array_add(paths, NULL);
  char **strings = (char **)g_ptr_array_free(paths, FALSE);
  tri_jobs_start(self->jobs, TRI_LANE_BACKGROUND, TRI_TOPIC_READ,
                 kind == PROJECT_PAGES ? _("Reading the pages") : _("Reading the score"), &read_kind,
                 steps_read_snapshot(strings, self->store, &self->project->edits, &self->taste), self);
}

/* ---- the sound ---- */

static void sound_shown(TriJob *job, gpointer user, gpointer data) {
  TriSession *self = user;
  StepsSoundPart *part = data;
  if (part->duration_s > self->audio_s) {
    self->audio_s = part->duration_s;
    g_object_set(self->timeline, "duration", MAX(self->audio_s, tri_player_get_duration(self->player)), NULL);
  }
  if (part->peaks) tri_scene_set_peaks(self->scene, g_steal_pointer(&part->peaks));
  if (part->levels)
    tri_scene_set_spectrogram(self->scene, g_steal_pointer(&part->levels), part->frames, 264, part->hop_s);
}

static const TriJobKind sound_kind = {steps_draw_sound,          sound_shown,          sound_shown, NULL,
                                      steps_sound_snapshot_free, steps_sound_part_free};

static void start_sound(TriSession *self, const ProjectMedia *media) {
  GError *error = NULL;
  if (!tri_player_set_recording(self->player, media->path, &error)) {
    tri_session_say(self, TRUE, "%s", error->message);
    g_clear_error(&error);
    return;
  }
  self->audio_s = tri_player_get_duration(self->player);
  g_object_set(self->timeline, "duration", self->audio_s, NULL);
  tri_player_seek(self->player, self->project->view.position_s);
  tri_jobs_start(self->jobs, TRI_LANE_BACKGROUND, TRI_TOPIC_PEAKS, _("Drawing the recording"), &sound_kind,
                 steps_sound_snapshot(media->path, media->sha256, TRUE, self->store, NULL, NULL), self);
}

/* ---- listening ---- */

static void heard_part(TriJob *job, gpointer user, gpointer part) {
  TriSession *self = user;
  Motion *motion = motion_dup(part);
  if (motion) tri_scene_set_motion(self->scene, motion, NULL);
  tri_session_show_motion(self);
}

static void heard_apply(TriJob *job, gpointer user, gpointer data) {
  TriSession *self = user;
  StepsHeardResult *result = data;
  steps_heard_unref(self->heard);
  self->heard = g_steal_pointer(&result->heard);
  tri_scene_set_motion(self->scene, g_steal_pointer(&result->scene_motion), NULL);
  tri_session_ear_heard(self, self->score != NULL);
  tri_session_align_anew(self);
  show_all(self);
}

/* After a cancel the notes heard so far stand for the recording. */
static void heard_ended(TriJob *job, gpointer user) {
  TriSession *self = user;
  const Motion *motion = tri_scene_get_motion(self->scene);
  tri_session_job_ended(job, user);
  if (tri_job_get_state(job) != TRI_JOB_DONE) tri_session_ear_heard(self, FALSE);
  if (tri_job_get_state(job) != TRI_JOB_CANCELLED || self->heard || !motion || !motion->notes.n) return;
  self->heard = steps_heard_of(motion);
  tri_session_align_anew(self);
  show_all(self);
}

static const TriJobKind listen_kind = {
    steps_listen, heard_part, heard_apply, heard_ended, steps_sound_snapshot_free, steps_heard_result_free};

static void start_listen(TriSession *self) {
  const ProjectMedia *media = heard_media(self);
  if (!media) return;
  gboolean audio = media->kind == PROJECT_AUDIO;
  tri_jobs_start(self->jobs, TRI_LANE_BACKGROUND, TRI_TOPIC_LISTEN,
                 audio ? _("Listening to the recording") : _("Reading the notes"), &listen_kind,
                 steps_sound_snapshot(media->path, media->sha256, audio, self->store, self->wanted,
                                      tri_session_ear_weights(self)),
                 self);
}

void tri_session_listen_again(TriSession *self) {
  start_listen(self);
}

/* ---- what to start ---- */

void tri_session_start_kind(TriSession *self, ProjectMediaKind kind) {
  if (kind == PROJECT_AUDIO && has_kind(self, kind)) start_sound(self, project_media_of(self->project, kind));
  if (kind == PROJECT_PAGES || kind == PROJECT_SCORE || kind == PROJECT_MIDI) start_read(self);
  if (kind == PROJECT_AUDIO || kind == PROJECT_NOTES || kind == PROJECT_MIDI) start_listen(self);
}

void tri_session_start_steps(TriSession *self) {
  const ProjectMedia *recording = project_media_of(self->project, PROJECT_AUDIO);
  if (recording) start_sound(self, recording);
  start_read(self);
  start_listen(self);
}
