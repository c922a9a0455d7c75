/* Project files: made, opened, copied, written. An edit is written before the verb returns; when that fails
 * it stays in memory, the subtitle says why, and the next write tries again. The view is written a second
 * after it came to rest. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/app-error.h"
#include "app/export.h"
#include "app/session-private.h"
#include "core/base/base_hash.h"

#include <glib/gi18n.h>
#include <string.h>

enum { view_delay_ms = 1000 };
static const double least_shown_s = 30;

/* ---- writing ---- */

static void remember_outcome(TriSession *self, BaseStatus status, const BaseContext *ctx) {
  gboolean was_saved = self->why_unsaved == NULL;
  g_clear_pointer(&self->why_unsaved, g_free);
  if (status != BASE_OK) self->why_unsaved = g_strdup(ctx->sentence);
  if (status != BASE_OK && was_saved) tri_session_say(self, TRUE, "%s", ctx->sentence);
}

void tri_session_write(TriSession *self) {
  if (!self->store) return;
  BaseContext ctx = {0};
  BaseStatus status = store_write(&ctx, self->store, self->project);
  remember_outcome(self, status, &ctx);
}

void tri_session_write_media(TriSession *self) {
  if (!self->store) return;
  BaseContext ctx = {0};
  BaseStatus status = store_write_media(&ctx, self->store, self->project);
  remember_outcome(self, status, &ctx);
}

void tri_session_save_again(TriSession *self) {
  tri_session_write_media(self);
  if (!self->why_unsaved) tri_session_write(self);
  tri_session_refresh(self);
}

static void capture_view(TriSession *self) {
  ProjectView *view = &self->project->view;
  int selected = tri_session_place(self, -1);
  g_object_get(self->timeline, "start", &view->start_s, "scale", &view->scale, "position", &view->position_s,
               "low-pitch", &view->low_pitch, "pitch-scale", &view->pitch_scale, "loop-start",
               &view->loop_start_s, "loop-end", &view->loop_end_s, NULL);
  g_object_get(self->player, "speed", &view->speed, "mix", &view->mix, NULL);
  if (selected >= 0) view->selected_quarter = beat_double(tri_session_quarter(self, selected));
}

void tri_session_write_view(TriSession *self) {
  g_clear_handle_id(&self->view_source, g_source_remove);
  if (!self->store || !self->player) return;
  capture_view(self);
  BaseContext ctx = {0};
  if (!self->why_unsaved) store_write_view(&ctx, self->store, &self->project->view);
}

static gboolean view_at_rest(gpointer data) {
  TriSession *self = data;
  self->view_source = 0;
  tri_session_write_view(self);
  return G_SOURCE_REMOVE;
}

void tri_session_view_changed(TriSession *self) {
  if (self->restoring_view || !self->player) return;
  g_object_get(self->timeline, "start", &self->project->view.start_s, "scale", &self->project->view.scale,
               NULL);
  if (self->store && !self->view_source) self->view_source = g_timeout_add(view_delay_ms, view_at_rest, self);
}

static void restore_view(TriSession *self) {
  const ProjectView *view = &self->project->view;
  double least_s = MAX(MAX(view->position_s, view->loop_end_s), view->start_s + least_shown_s),
         duration_s = 0;
  g_object_get(self->timeline, "duration", &duration_s, NULL);
  if (self->store && duration_s < least_s) g_object_set(self->timeline, "duration", least_s, NULL);
  g_object_set(self->timeline, "scale", view->scale, "start", view->start_s, "low-pitch", view->low_pitch,
               "pitch-scale", view->pitch_scale, "position", view->position_s, "loop-start",
               view->loop_start_s, "loop-end", view->loop_end_s, NULL);
  g_object_set(self->player, "speed", CLAMP(view->speed, 0.25, 2), "mix", CLAMP(view->mix, 0, 1), NULL);
}

/* ---- drafts ---- */

static char *draft_path(const char *title) {
  g_autofree char *folder = g_build_filename(g_get_user_data_dir(), "triptych", "drafts", NULL);
  g_autoptr(GDateTime) now = g_date_time_new_now_local();
  g_autofree char *stamp = g_date_time_format(now, "%Y-%m-%d %H%M%S");
  g_autofree char *plain = g_strdelimit(g_strdup(title), "/\\:*?\"<>|\n", '-');
  g_mkdir_with_parents(folder, 0700);
  for (int i = 0;; i++) {
    g_autofree char *name = i ? g_strdup_printf("%s %s %d.triptych", plain, stamp, i)
                              : g_strdup_printf("%s %s.triptych", plain, stamp);
    char *path = g_build_filename(folder, name, NULL);
    if (!g_file_test(path, G_FILE_TEST_EXISTS)) return path;
    g_free(path);
  }
}

/* A store for what is in memory; when it cannot be made, the piece stays in memory and says so. */
static void make_draft(TriSession *self) {
  if (self->store) return;
  const char *title = self->project->title;
  g_autofree char *path = draft_path(title && *title ? title : _("New piece"));
  BaseContext ctx = {0};
  Project *empty = NULL;
  BaseStatus status = store_create(&ctx, path);
  if (status == BASE_OK) status = store_open(&ctx, &self->store, &empty, path);
  project_free(empty);
  remember_outcome(self, status, &ctx);
  if (status == BASE_OK) tri_session_write(self);
}

/* ---- opening and closing ---- */

static void set_project(TriSession *self, Store *store, Project *project) {
  tri_session_cancel_drag(self);
  tri_player_stop(self->player);
  tri_session_write_view(self);
  tri_session_forget(self);
  store_close(self->store);
  project_free(self->project);
  self->store = store;
  self->project = project;
  self->piece++;
  g_clear_pointer(&self->why_unsaved, g_free);
  self->borrowed_title = FALSE;
  self->restoring_view = TRUE;
  g_object_set(self->timeline, "duration", 0.0, NULL);
  tri_session_start_order(self);
  tri_session_start_ears(self);
  tri_session_start_steps(self);
  tri_session_start_instruments(self);
  restore_view(self);
  self->restoring_view = FALSE;
  tri_session_refresh(self);
}

/* ---- media inside the project ---- */

typedef struct {
  char *project, *path;
  gint64 id;
} Extract;

static void extract_free(gpointer data) {
  Extract *extract = data;
  g_free(extract->project);
  g_free(extract->path);
  g_free(extract);
}

static BaseStatus extract_work(TriJob *job, BaseContext *ctx, gconstpointer data, gpointer *result) {
  const Extract *extract = data;
  *result = NULL;
  g_autofree char *folder = g_path_get_dirname(extract->path);
  g_mkdir_with_parents(folder, 0700);
  if (g_file_test(extract->path, G_FILE_TEST_IS_REGULAR)) return BASE_OK;
  return store_extract(ctx, extract->project, extract->id, extract->path);
}

static void found_at(TriSession *self, ProjectMedia *media, const char *path) {
  free(media->path);
  media->path = strdup(path);
  media->missing = FALSE;
  tri_session_start_kind(self, (ProjectMediaKind)media->kind);
}

static void extract_apply(TriJob *job, gpointer user, gpointer result) {
  TriSession *self = user;
  const Extract *extract = g_object_get_data(G_OBJECT(job), "extract");
  gboolean same = self->store && strcmp(store_path(self->store), extract->project) == 0;
  ProjectMedia *media = same ? project_find_media(self->project, extract->id) : NULL;
  if (media) found_at(self, media, extract->path);
}

static const TriJobKind extract_kind = {extract_work,          NULL,         extract_apply,
                                        tri_session_job_ended, extract_free, NULL};

static void take_out(TriSession *self, const ProjectMedia *media) {
  const char *ending = strrchr(media->path, '.');
  g_autofree char *name = g_strconcat(media->sha256, ending && !strchr(ending, '/') ? ending : "", NULL);
  Extract *extract = g_new0(Extract, 1);
  extract->project = g_strdup(store_path(self->store));
  extract->path = g_build_filename(g_get_user_cache_dir(), "triptych", "media", name, NULL);
  extract->id = media->id;
  TriJob *job = tri_jobs_start(self->jobs, TRI_LANE_BACKGROUND, TRI_TOPIC_FREE, _("Unpacking the project"),
                               &extract_kind, extract, self);
  g_object_set_data(G_OBJECT(job), "extract", extract);
}

static void look_for_missing(TriSession *self) {
  for (gsize i = 0; i < self->project->media.n; i++) {
    const ProjectMedia *media = &self->project->media.items[i];
    if (!media->missing) continue;
    if (media->embedded)
      take_out(self, media);
    else
      g_signal_emit_by_name(self, "media-missing", media->path);
  }
}

gboolean tri_session_open(TriSession *self, const char *path, GError **error) {
  BaseContext ctx = {0};
  Store *store = NULL;
  Project *project = NULL;
  if (!tri_error_take(error, store_open(&ctx, &store, &project, path), &ctx)) return FALSE;
  set_project(self, store, project);
  look_for_missing(self);
  return TRUE;
}

void tri_session_close_project(TriSession *self) {
  set_project(self, NULL, project_new());
}

gboolean tri_session_open_as_copy(TriSession *self, const char *path, GError **error) {
  BaseContext ctx = {0};
  g_autofree char *base = g_path_get_basename(path);
  if (g_str_has_suffix(base, ".triptych")) base[strlen(base) - strlen(".triptych")] = 0;
  g_autofree char *draft = draft_path(base);
  if (!tri_error_take(error, store_copy(&ctx, path, draft, FALSE), &ctx)) return FALSE;
  return tri_session_open(self, draft, error);
}

gboolean tri_session_locate(TriSession *self, const char *missing, const char *path, GError **error) {
  for (gsize i = 0; i < self->project->media.n; i++) {
    ProjectMedia *media = &self->project->media.items[i];
    if (!media->missing || strcmp(media->path, missing) != 0) continue;
    BaseContext ctx = {0};
    char sha256[65] = "";
    if (!tri_error_take(error, base_hash_file(&ctx, sha256, path), &ctx)) return FALSE;
    if (*media->sha256 && strcmp(sha256, media->sha256) != 0) {
      g_set_error(error, TRI_ERROR, BASE_BAD_INPUT, _("“%s” is another file than the one that is missing."),
                  path);
      return FALSE;
    }
    found_at(self, media, path);
    tri_session_write_media(self);
    return TRUE;
  }
  return TRUE;
}

void tri_session_set_title(TriSession *self, const char *title) {
  free(self->project->title);
  self->project->title = strdup(title);
  self->borrowed_title = FALSE;
  tri_session_write_media(self);
  tri_session_refresh(self);
}

/* ---- copies ---- */

typedef struct {
  char *from, *to;
  gboolean embed;
} Copy;

static void copy_free(gpointer data) {
  Copy *copy = data;
  g_free(copy->from);
  g_free(copy->to);
  g_free(copy);
}

static BaseStatus copy_work(TriJob *job, BaseContext *ctx, gconstpointer data, gpointer *result) {
  const Copy *copy = data;
  *result = g_strdup(copy->to);
  BaseStatus status = store_copy(ctx, copy->from, copy->to, copy->embed);
  if (status == BASE_OK) return BASE_OK;
  g_clear_pointer((char **)result, g_free);
  return status;
}

static void written_apply(TriJob *job, gpointer user, gpointer result) {
  g_autofree char *name = g_filename_display_basename(result);
  tri_session_say(user, FALSE, _("“%s” is written."), name);
}

static const TriJobKind copy_kind = {copy_work, NULL,  written_apply, tri_session_job_ended,
                                     copy_free, g_free};

void tri_session_save_copy(TriSession *self, const char *path, gboolean embed) {
  if (!self->store) {
    tri_session_say(self, TRUE, "%s", _("There is nothing to save yet."));
    return;
  }
  tri_session_write_view(self);
  Copy *copy = g_new0(Copy, 1);
  copy->from = g_strdup(store_path(self->store));
  copy->to = g_strdup(path);
  copy->embed = embed;
  g_autofree char *name = g_filename_display_basename(path), *title = g_strdup_printf(_("Writing %s"), name);
  tri_jobs_start(self->jobs, TRI_LANE_BACKGROUND, TRI_TOPIC_FREE, title, &copy_kind, copy, self);
}

void tri_session_export(TriSession *self, TriExport what, const char *path) {
  StepsHeard *more = what == TRI_EXPORT_MIDI ? tri_session_heard_with_kept(self) : NULL;
  ExportSnapshot *snapshot =
      export_snapshot(what, path, self->score, more ? more : self->heard, self->alignment, self->project);
  steps_heard_unref(more);
  if (!snapshot) {
    tri_session_say(self, TRUE, "%s",
                    what == TRI_EXPORT_PAIRS ? _("Fix or confirm a place first: pairs are the bars that you checked.")
                                             : _("There is nothing to export yet."));
    return;
  }
  static const TriJobKind export_kind = {export_work,          NULL,  written_apply, tri_session_job_ended,
                                         export_snapshot_free, g_free};
  g_autofree char *name = g_filename_display_basename(path), *title = g_strdup_printf(_("Writing %s"), name);
  tri_jobs_start(self->jobs, TRI_LANE_BACKGROUND, TRI_TOPIC_FREE, title, &export_kind, snapshot, self);
}

/* ---- adding ---- */

static BaseStatus look_work(TriJob *job, BaseContext *ctx, gconstpointer paths, gpointer *result) {
  return media_look(ctx, (GPtrArray **)result, (const char *const *)paths);
}

static gboolean kind_of(FlowKind found, ProjectMediaKind *kind) {
  switch (found) {
  case FLOW_PAGES:
    *kind = PROJECT_PAGES;
    return TRUE;
  case FLOW_SCORE:
    *kind = PROJECT_SCORE;
    return TRUE;
  case FLOW_MIDI:
    *kind = PROJECT_MIDI;
    return TRUE;
  case FLOW_NOTES:
    *kind = PROJECT_NOTES;
    return TRUE;
  case FLOW_AUDIO:
    *kind = PROJECT_AUDIO;
    return TRUE;
  case FLOW_UNKNOWN:
  case FLOW_PROJECT:
  case FLOW_WEIGHTS:
    break;
  }
  return FALSE;
}

/* Why a good file is still of no use to this piece, or null. */
static const char *unwanted(TriSession *self, ProjectMediaKind kind, const char *sha256) {
  for (gsize i = 0; i < self->project->media.n; i++) {
    const ProjectMedia *media = &self->project->media.items[i];
    if (strcmp(media->sha256, sha256) == 0) return _("It is part of this piece already.");
    if (media->kind == kind && kind != PROJECT_PAGES)
      return kind == PROJECT_AUDIO
                 ? _("This piece has a recording already; start a new piece for another one.")
                 : _("This piece has a file of this kind already.");
  }
  return NULL;
}

/* A name for a piece that has none: that of the score's file before the recording's before a page's. */
static void title_by_files(TriSession *self) {
  static const ProjectMediaKind order[] = {PROJECT_SCORE, PROJECT_AUDIO, PROJECT_MIDI, PROJECT_NOTES,
                                           PROJECT_PAGES};
  const ProjectMedia *media = NULL;
  if (self->project->title && *self->project->title) return;
  for (gsize i = 0; !media && i < G_N_ELEMENTS(order); i++) media = project_media_of(self->project, order[i]);
  if (!media) return;
  g_autofree char *name = g_filename_display_basename(media->path);
  char *dot = strrchr(name, '.');
  if (dot && dot != name) *dot = 0;
  free(self->project->title);
  self->project->title = strdup(name);
  self->borrowed_title = TRUE;
}

void tri_session_title_by_score(TriSession *self, const Score *score) {
  if (!self->borrowed_title || !*score->title) return;
  self->borrowed_title = FALSE;
  tri_session_set_title(self, score->title);
}

/* True when the file is now part of the piece. */
static gboolean add_one(TriSession *self, const MediaFound *found) {
  ProjectMediaKind kind = PROJECT_PAGES;
  g_autofree char *name = g_filename_display_basename(found->path);
  const char *refusal = found->refusal;
  if (!refusal && !kind_of(found->kind, &kind)) refusal = _("It is nothing that Triptych knows.");
  if (!refusal) refusal = unwanted(self, kind, found->sha256);
  if (refusal) {
    g_signal_emit_by_name(self, "refused", name, refusal);
    return FALSE;
  }
  ProjectMedia *media = project_add_media(self->project, kind, found->path, found->size);
  if (!media) return FALSE;
  g_strlcpy(media->sha256, found->sha256, sizeof media->sha256);
  return TRUE;
}

static gboolean open_found_project(TriSession *self, GPtrArray *found) {
  for (guint i = 0; i < found->len; i++) {
    const MediaFound *entry = g_ptr_array_index(found, i);
    if (entry->refusal || entry->kind != FLOW_PROJECT) continue;
    GError *error = NULL;
    if (!tri_session_open(self, entry->path, &error)) tri_session_say(self, TRUE, "%s", error->message);
    g_clear_error(&error);
    return TRUE;
  }
  return FALSE;
}

static void look_apply(TriJob *job, gpointer user, gpointer result) {
  TriSession *self = user;
  GPtrArray *found = result;
  if (GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(job), "piece")) != self->piece) return;
  gboolean kinds[PROJECT_AUDIO + 1] = {FALSE}, any = FALSE;
  if (open_found_project(self, found)) return;
  for (guint i = 0; i < found->len; i++) {
    if (!add_one(self, g_ptr_array_index(found, i))) continue;
    kinds[self->project->media.items[self->project->media.n - 1].kind] = any = TRUE;
  }
  if (!any) return;
  title_by_files(self);
  make_draft(self);
  tri_session_write_media(self);
  for (int kind = 0; kind <= PROJECT_AUDIO; kind++)
    if (kinds[kind]) tri_session_start_kind(self, (ProjectMediaKind)kind);
  tri_session_refresh(self);
}

static const TriJobKind look_kind = {
    look_work, NULL, look_apply, NULL, (GDestroyNotify)g_strfreev, (GDestroyNotify)g_ptr_array_unref};

void tri_session_add_files(TriSession *self, const char *const *paths, gsize n) {
  if (!n) return;
  char **copy = g_new0(char *, n + 1);
  for (gsize i = 0; i < n; i++) copy[i] = g_strdup(paths[i]);
  TriJob *job = tri_jobs_start(self->jobs, TRI_LANE_BACKGROUND, TRI_TOPIC_FREE, _("Looking at the files"),
                               &look_kind, copy, self);
  g_object_set_data(G_OBJECT(job), "piece", GUINT_TO_POINTER(self->piece));
}
