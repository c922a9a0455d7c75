/* Every row is checked before it is believed: what contradicts itself makes the file a damaged one.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/store_private.h"

#include <string.h>

/* Where a medium is now: beside the project first, then where it was when it was added. */
static char *resolve(const char *project_path, const char *relative, const char *absolute, bool *missing) {
  char *folder = g_path_get_dirname(project_path);
  char *near = g_canonicalize_filename(relative, folder);
  g_free(folder);
  *missing = false;
  if (*relative && g_file_test(near, G_FILE_TEST_IS_REGULAR)) return near;
  g_free(near);
  *missing = !g_file_test(absolute, G_FILE_TEST_IS_REGULAR);
  return g_strdup(absolute);
}

static ProjectMark column_mark(sqlite3_stmt *row, bool anchored) {
  return (ProjectMark){.quarter = {sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1)},
                       .midi = (uint8_t)CLAMP(sqlite3_column_int(row, 2), 0, 255),
                       .time_s = anchored ? sqlite3_column_double(row, 6) : sqlite3_column_double(row, 3),
                       .verdict = (uint8_t)CLAMP(sqlite3_column_int(row, 4), 0, 255),
                       .stamp_us = sqlite3_column_int64(row, 5)};
}

static BaseStatus load_marks(BaseContext *ctx, Store *store, Project *project) {
  sqlite3_stmt *rows = store_prepare(
      store->edits, "SELECT v.num, v.den, v.midi, v.time_s, v.verdict, v.stamp_us, a.time_s"
                    " FROM verdicts v LEFT JOIN anchors a ON v.midi = 0 AND a.num = v.num AND a.den = v.den");
  int code = SQLITE_ERROR;
  BaseStatus status = rows ? BASE_OK : store_fail(ctx, store->edits, store->path);
  while (status == BASE_OK && (code = sqlite3_step(rows)) == SQLITE_ROW) {
    bool anchored = sqlite3_column_type(rows, 6) != SQLITE_NULL;
    ProjectMark mark = column_mark(rows, anchored);
    if (anchored != project_is_anchor(&mark) || !project_restore_mark(project, mark))
      status = store_damaged(ctx, store->path, "its anchors contradict each other");
  }
  if (status == BASE_OK && code != SQLITE_DONE) status = store_fail(ctx, store->edits, store->path);
  sqlite3_finalize(rows);
  return status;
}

static BaseStatus load_media(BaseContext *ctx, Store *store, Project *project) {
  sqlite3_stmt *rows = store_prepare(
      store->edits, "SELECT id, kind, relative, absolute, sha256, size, embedded FROM media ORDER BY place");
  int code = SQLITE_ERROR;
  BaseStatus status = rows ? BASE_OK : store_fail(ctx, store->edits, store->path);
  while (status == BASE_OK && (code = sqlite3_step(rows)) == SQLITE_ROW) {
    bool missing;
    char *path = resolve(store->path, store_text(rows, 2), store_text(rows, 3), &missing);
    int kind = sqlite3_column_int(rows, 1);
    ProjectMedia *media =
        kind >= 0 && kind <= PROJECT_AUDIO
            ? project_add_media(project, (ProjectMediaKind)kind, path, sqlite3_column_int64(rows, 5))
            : NULL;
    g_free(path);
    if (!media) {
      status = store_damaged(ctx, store->path, "its list of files makes no sense");
      break;
    }
    media->id = sqlite3_column_int64(rows, 0);
    media->embedded = sqlite3_column_int(rows, 6) != 0;
    media->missing = missing;
    g_strlcpy(media->sha256, store_text(rows, 4), sizeof media->sha256);
  }
  if (status == BASE_OK && code != SQLITE_DONE) status = store_fail(ctx, store->edits, store->path);
  sqlite3_finalize(rows);
  return status;
}

static bool restore_command(Project *project, sqlite3_stmt *row) {
  const uint8_t *bytes = sqlite3_column_blob(row, 5);
  size_t size = (size_t)sqlite3_column_bytes(row, 5), n = size / (2 * STORE_MARK_SIZE);
  if (!bytes || size % (2 * STORE_MARK_SIZE) != 0) return false;
  ProjectChange *changes = g_new(ProjectChange, n);
  ProjectEditChange *edits = g_new(ProjectEditChange, n);
  size_t n_changes = 0, n_edits = 0;
  for (size_t i = 0; i < n; i++) {
    const uint8_t *before = bytes + 2 * i * STORE_MARK_SIZE, *after = before + STORE_MARK_SIZE;
    if (store_holds_edit(before))
      edits[n_edits++] = (ProjectEditChange){store_unpack_edit(before), store_unpack_edit(after)};
    else
      changes[n_changes++] = (ProjectChange){store_unpack_mark(before), store_unpack_mark(after)};
  }
  bool good = project_restore_command(project, store_text(row, 0), sqlite3_column_int64(row, 1),
                                      sqlite3_column_int(row, 2) != 0, sqlite3_column_double(row, 3),
                                      sqlite3_column_double(row, 4), changes, n_changes, edits, n_edits);
  g_free(edits);
  g_free(changes);
  return good;
}

static BaseStatus load_journal(BaseContext *ctx, Store *store, Project *project) {
  sqlite3_stmt *rows = store_prepare(
      store->edits, "SELECT name, stamp_us, nudge, start_s, scale, changes, seq FROM journal ORDER BY seq");
  int code = SQLITE_ERROR;
  BaseStatus status = rows ? BASE_OK : store_fail(ctx, store->edits, store->path);
  while (status == BASE_OK && (code = sqlite3_step(rows)) == SQLITE_ROW)
    if (sqlite3_column_int64(rows, 6) != (int64_t)project->journal.n || !restore_command(project, rows))
      status = store_damaged(ctx, store->path, "its list of changes makes no sense");
  if (status == BASE_OK && code != SQLITE_DONE) status = store_fail(ctx, store->edits, store->path);
  sqlite3_finalize(rows);
  return status;
}

/* A project from before there were edits has none. */
static BaseStatus load_edits(BaseContext *ctx, Store *store, Project *project) {
  sqlite3_stmt *rows = store_prepare(store->edits, "SELECT page, x, y, kind, value FROM edits ORDER BY seq");
  int code = SQLITE_DONE;
  BaseStatus status = BASE_OK;
  while (rows && status == BASE_OK && (code = sqlite3_step(rows)) == SQLITE_ROW) {
    OmrEdit edit = {.page = sqlite3_column_int(rows, 0),
                    .x_px = (float)sqlite3_column_double(rows, 1),
                    .y_px = (float)sqlite3_column_double(rows, 2),
                    .kind = (uint8_t)CLAMP(sqlite3_column_int(rows, 3), 0, 255),
                    .value = (int16_t)CLAMP(sqlite3_column_int(rows, 4), -9999, 9999)};
    if (!project_restore_edit(project, edit))
      status = store_damaged(ctx, store->path, "its edits of the pages make no sense");
  }
  if (status == BASE_OK && code != SQLITE_DONE) status = store_fail(ctx, store->edits, store->path);
  sqlite3_finalize(rows);
  return status;
}

static BaseStatus load_view(BaseContext *ctx, Store *store, Project *project) {
  sqlite3_stmt *row = store_prepare(store->edits, "SELECT value FROM view WHERE key = ?");
  if (!row) return store_fail(ctx, store->edits, store->path);
  for (size_t i = 0; i < store_n_view_fields; i++) {
    sqlite3_bind_text(row, 1, store_view_fields[i].key, -1, SQLITE_STATIC);
    if (sqlite3_step(row) == SQLITE_ROW) {
      double value = sqlite3_column_double(row, 0);
      if (value > -1e7 && value < 1e7)
        memcpy((char *)&project->view + store_view_fields[i].offset, &value, sizeof value);
    }
    sqlite3_reset(row);
  }
  sqlite3_finalize(row);
  return BASE_OK;
}

static BaseStatus load_state(BaseContext *ctx, Store *store, Project *project) {
  sqlite3_stmt *rows = store_prepare(store->edits, "SELECT key, value FROM state");
  if (!rows) return store_fail(ctx, store->edits, store->path);
  while (sqlite3_step(rows) == SQLITE_ROW) {
    if (strcmp(store_text(rows, 0), "title") == 0) {
      free(project->title);
      project->title = strdup(store_text(rows, 1));
    } else if (strcmp(store_text(rows, 0), "cursor") == 0) {
      project->cursor = (size_t)CLAMP(sqlite3_column_int64(rows, 1), 0, (int64_t)project->journal.n);
    }
  }
  sqlite3_finalize(rows);
  return BASE_OK;
}

BaseStatus store_load(BaseContext *ctx, Store *store, Project *project) {
  BaseStatus status = load_media(ctx, store, project);
  if (status == BASE_OK) status = load_marks(ctx, store, project);
  if (status == BASE_OK) status = load_edits(ctx, store, project);
  if (status == BASE_OK) status = load_journal(ctx, store, project);
  if (status == BASE_OK) status = load_view(ctx, store, project);
  if (status == BASE_OK) status = load_state(ctx, store, project);
  return status;
}
