/* An edit is one transaction: the marks that changed, the steps of the journal from the first that differs,
 * and the cursor. A failed one leaves the project's list of what is unwritten as it was.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/store_private.h"

#include <string.h>

const StoreViewField store_view_fields[] = {
    {"start_s", offsetof(ProjectView, start_s)},
    {"scale", offsetof(ProjectView, scale)},
    {"position_s", offsetof(ProjectView, position_s)},
    {"low_pitch", offsetof(ProjectView, low_pitch)},
    {"pitch_scale", offsetof(ProjectView, pitch_scale)},
    {"speed", offsetof(ProjectView, speed)},
    {"mix", offsetof(ProjectView, mix)},
    {"loop_start_s", offsetof(ProjectView, loop_start_s)},
    {"loop_end_s", offsetof(ProjectView, loop_end_s)},
    {"selected_quarter", offsetof(ProjectView, selected_quarter)},
};
const size_t store_n_view_fields = G_N_ELEMENTS(store_view_fields);

/* One ProjectMark as 40 little-endian bytes. */

void store_pack_mark(uint8_t *bytes, const ProjectMark *mark) {
  int64_t words[4] = {GINT64_TO_LE(mark->quarter.num), GINT64_TO_LE(mark->quarter.den), 0,
                      GINT64_TO_LE(mark->stamp_us)};
  memcpy(&words[2], &mark->time_s, sizeof words[2]);
  words[2] = GINT64_TO_LE(words[2]);
  memcpy(bytes, words, sizeof words);
  memset(bytes + sizeof words, 0, STORE_MARK_SIZE - sizeof words);
  bytes[32] = mark->verdict;
  bytes[33] = mark->midi;
}

ProjectMark store_unpack_mark(const uint8_t *bytes) {
  int64_t words[4];
  memcpy(words, bytes, sizeof words);
  for (int i = 0; i < 4; i++) words[i] = GINT64_FROM_LE(words[i]);
  ProjectMark mark = {
      .quarter = {words[0], words[1]}, .stamp_us = words[3], .verdict = bytes[32], .midi = bytes[33]};
  memcpy(&mark.time_s, &words[2], sizeof words[2]);
  return mark;
}

void store_pack_edit(uint8_t *bytes, const OmrEdit *edit) {
  int32_t words[5] = {GINT32_TO_LE(edit->page), GINT32_TO_LE(edit->kind), GINT32_TO_LE(edit->value), 0, 0};
  memcpy(&words[3], &edit->x_px, sizeof words[3]);
  memcpy(&words[4], &edit->y_px, sizeof words[4]);
  words[3] = GINT32_TO_LE(words[3]), words[4] = GINT32_TO_LE(words[4]);
  memset(bytes, 0, STORE_MARK_SIZE);
  memcpy(bytes, words, sizeof words);
  bytes[STORE_MARK_SIZE - 1] = 1;
}

bool store_holds_edit(const uint8_t *bytes) {
  return bytes[STORE_MARK_SIZE - 1] == 1;
}

OmrEdit store_unpack_edit(const uint8_t *bytes) {
  int32_t words[5];
  memcpy(words, bytes, sizeof words);
  for (int i = 0; i < 5; i++) words[i] = GINT32_FROM_LE(words[i]);
  OmrEdit edit = {.page = words[0],
                  .kind = (uint8_t)CLAMP(words[1], 0, 255),
                  .value = (int16_t)CLAMP(words[2], -9999, 9999)};
  memcpy(&edit.x_px, &words[3], sizeof words[3]);
  memcpy(&edit.y_px, &words[4], sizeof words[4]);
  return edit;
}

/* `path` as seen from the folder of `from`; transfer full. */
static char *relative_path(const char *from, const char *path) {
  char *folder = g_path_get_dirname(from);
  char **a = g_strsplit(folder, "/", -1), **b = g_strsplit(path, "/", -1);
  gsize common = 0;
  while (a[common] && b[common] && strcmp(a[common], b[common]) == 0) common++;
  GString *out = g_string_new(NULL);
  for (gsize i = common; a[i]; i++)
    if (*a[i]) g_string_append(out, "../");
  char *rest = g_strjoinv("/", b + common);
  g_string_append(out, rest);
  g_free(rest);
  g_strfreev(a);
  g_strfreev(b);
  g_free(folder);
  return g_string_free(out, FALSE);
}

bool store_begin(sqlite3 *db) {
  return store_run(db, "BEGIN IMMEDIATE");
}

/* Commits when all went well, else takes everything back and says why. */
BaseStatus store_end(BaseContext *ctx, sqlite3 *db, const char *path, bool good) {
  if (good && store_run(db, "COMMIT")) return BASE_OK;
  BaseStatus status = store_fail(ctx, db, path);
  if (!sqlite3_get_autocommit(db)) store_run(db, "ROLLBACK");
  return status;
}

static bool write_change(sqlite3 *db, sqlite3_stmt *const statements[4], const ProjectChange *change) {
  for (int i = change->before.midi ? 1 : 0; i < 2; i++) {
    sqlite3_bind_int64(statements[i], 1, change->before.quarter.num);
    sqlite3_bind_int64(statements[i], 2, change->before.quarter.den);
    if (i == 1) {
      sqlite3_bind_int(statements[i], 3, change->before.midi);
      sqlite3_bind_int64(statements[i], 4, project_note_ms(&change->before));
    }
    if (!store_finish(statements[i])) return false;
  }
  const ProjectMark *mark = &change->after;
  if (mark->verdict == PROJECT_UNSAID) return true;
  sqlite3_bind_int64(statements[3], 1, mark->quarter.num);
  sqlite3_bind_int64(statements[3], 2, mark->quarter.den);
  sqlite3_bind_int(statements[3], 3, mark->midi);
  sqlite3_bind_int64(statements[3], 4, project_note_ms(mark));
  sqlite3_bind_double(statements[3], 5, mark->time_s);
  sqlite3_bind_int(statements[3], 6, mark->verdict);
  sqlite3_bind_int64(statements[3], 7, mark->stamp_us);
  if (!store_finish(statements[3])) return false;
  if (!project_is_anchor(mark)) return true;
  sqlite3_bind_int64(statements[2], 1, mark->quarter.num);
  sqlite3_bind_int64(statements[2], 2, mark->quarter.den);
  sqlite3_bind_double(statements[2], 3, mark->time_s);
  return store_finish(statements[2]);
}

static bool write_changes(sqlite3 *db, const Project *project) {
  static const char *const sql[4] = {
      "DELETE FROM anchors WHERE num = ?1 AND den = ?2",
      "DELETE FROM verdicts WHERE num = ?1 AND den = ?2 AND midi = ?3 AND ms = ?4",
      "INSERT OR REPLACE INTO anchors VALUES(?1, ?2, ?3)",
      "INSERT OR REPLACE INTO verdicts VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"};
  sqlite3_stmt *statements[4];
  bool good = true;
  for (int i = 0; i < 4; i++) good = (statements[i] = store_prepare(db, sql[i])) && good;
  for (size_t i = 0; good && i < project->unwritten.n; i++)
    good = write_change(db, statements, &project->unwritten.items[i]);
  for (int i = 0; i < 4; i++) sqlite3_finalize(statements[i]);
  return good;
}

static bool write_command(sqlite3_stmt *insert, const ProjectCommand *command, size_t seq) {
  size_t size = (command->changes.n + command->edits.n) * 2 * STORE_MARK_SIZE;
  uint8_t *bytes = g_malloc(size);
  for (size_t i = 0; i < command->changes.n; i++) {
    store_pack_mark(bytes + 2 * i * STORE_MARK_SIZE, &command->changes.items[i].before);
    store_pack_mark(bytes + (2 * i + 1) * STORE_MARK_SIZE, &command->changes.items[i].after);
  }
  for (size_t i = 0; i < command->edits.n; i++) {
    uint8_t *at = bytes + 2 * (command->changes.n + i) * STORE_MARK_SIZE;
    store_pack_edit(at, &command->edits.items[i].before);
    store_pack_edit(at + STORE_MARK_SIZE, &command->edits.items[i].after);
  }
  sqlite3_bind_int64(insert, 1, (int64_t)seq);
  sqlite3_bind_text(insert, 2, command->name, -1, SQLITE_STATIC);
  sqlite3_bind_int64(insert, 3, command->stamp_us);
  sqlite3_bind_int(insert, 4, command->nudge);
  sqlite3_bind_double(insert, 5, command->start_s);
  sqlite3_bind_double(insert, 6, command->scale);
  sqlite3_bind_blob64(insert, 7, bytes, size, g_free);
  return store_finish(insert);
}

static bool write_journal(sqlite3 *db, const Project *project) {
  sqlite3_stmt *clear = store_prepare(db, "DELETE FROM journal WHERE seq >= ?");
  sqlite3_stmt *insert = store_prepare(db, "INSERT INTO journal VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  if (clear) sqlite3_bind_int64(clear, 1, (int64_t)project->unwritten_from);
  bool good = insert && store_finish(clear);
  for (size_t i = project->unwritten_from; good && i < project->journal.n; i++)
    good = write_command(insert, &project->journal.items[i], i);
  sqlite3_finalize(clear);
  sqlite3_finalize(insert);
  return good;
}

/* They are few: all are written anew. */
static bool write_edits(sqlite3 *db, const Project *project) {
  if (!project->edits_unwritten) return true;
  sqlite3_stmt *insert = store_prepare(db, "INSERT INTO edits VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
  bool good = insert && store_run(db, "DELETE FROM edits");
  for (size_t i = 0; good && i < project->edits.n; i++) {
    const OmrEdit *edit = &project->edits.items[i];
    sqlite3_bind_int64(insert, 1, (int64_t)i);
    sqlite3_bind_int(insert, 2, edit->page);
    sqlite3_bind_double(insert, 3, (double)edit->x_px);
    sqlite3_bind_double(insert, 4, (double)edit->y_px);
    sqlite3_bind_int(insert, 5, edit->kind);
    sqlite3_bind_int(insert, 6, edit->value);
    good = store_finish(insert);
  }
  sqlite3_finalize(insert);
  return good;
}

static bool write_cursor(sqlite3 *db, const Project *project) {
  sqlite3_stmt *put = store_prepare(db, "INSERT OR REPLACE INTO state VALUES('cursor', ?)");
  if (put) sqlite3_bind_int64(put, 1, (int64_t)project->cursor);
  bool good = store_finish(put);
  sqlite3_finalize(put);
  return good;
}

BaseStatus store_write(BaseContext *ctx, Store *store, Project *project) {
  if (!project->unwritten.n && project->unwritten_from == project->journal.n && !project->cursor_unwritten &&
      !project->edits_unwritten)
    return BASE_OK;
  sqlite3 *db = store->edits;
  bool good = store_begin(db) && write_changes(db, project) && write_edits(db, project) &&
              write_journal(db, project) && write_cursor(db, project);
  BaseStatus status = store_end(ctx, db, store->path, good);
  if (status != BASE_OK) return status;
  project_written(project);
  store_want_sync(store);
  return BASE_OK;
}

static bool write_media_row(sqlite3_stmt *insert, const char *path, const ProjectMedia *media, int place) {
  char *relative = relative_path(path, media->path);
  sqlite3_bind_int64(insert, 1, media->id);
  sqlite3_bind_int(insert, 2, place);
  sqlite3_bind_int(insert, 3, media->kind);
  sqlite3_bind_text(insert, 4, relative, -1, g_free);
  sqlite3_bind_text(insert, 5, media->path, -1, SQLITE_STATIC);
  sqlite3_bind_text(insert, 6, media->sha256, -1, SQLITE_STATIC);
  sqlite3_bind_int64(insert, 7, media->size);
  sqlite3_bind_int(insert, 8, media->embedded);
  return store_finish(insert);
}

bool store_put_media(sqlite3 *db, const char *path, const Project *project) {
  sqlite3_stmt *insert = store_prepare(db, "INSERT INTO media VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
  sqlite3_stmt *title = store_prepare(db, "INSERT OR REPLACE INTO state VALUES('title', ?)");
  bool good = insert && title && store_run(db, "DELETE FROM media");
  for (size_t i = 0; good && i < project->media.n; i++)
    good = write_media_row(insert, path, &project->media.items[i], (int)i);
  if (title) sqlite3_bind_text(title, 1, project->title ? project->title : "", -1, SQLITE_STATIC);
  good = good && store_finish(title);
  sqlite3_finalize(insert);
  sqlite3_finalize(title);
  return good;
}

BaseStatus store_write_media(BaseContext *ctx, Store *store, const Project *project) {
  bool good = store_begin(store->edits) && store_put_media(store->edits, store->path, project);
  BaseStatus status = store_end(ctx, store->edits, store->path, good);
  if (status == BASE_OK) store_want_sync(store);
  return status;
}

BaseStatus store_write_view(BaseContext *ctx, Store *store, const ProjectView *view) {
  sqlite3_stmt *put = store_prepare(store->edits, "INSERT OR REPLACE INTO view VALUES(?1, ?2)");
  bool good = put && store_begin(store->edits);
  for (size_t i = 0; good && i < store_n_view_fields; i++) {
    double value;
    memcpy(&value, (const char *)view + store_view_fields[i].offset, sizeof value);
    sqlite3_bind_text(put, 1, store_view_fields[i].key, -1, SQLITE_STATIC);
    sqlite3_bind_double(put, 2, value);
    good = store_finish(put);
  }
  sqlite3_finalize(put);
  return store_end(ctx, store->edits, store->path, good);
}
