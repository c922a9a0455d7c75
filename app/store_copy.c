/* Copies are made beside their final place and renamed; the pages come through SQLite's own backup, so that
 * the source may be in use. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/store_private.h"
#include "core/base/base_file.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

enum { piece_size = 256 * 1024 };

static bool embed_file(BaseContext *ctx, sqlite3 *db, const ProjectMedia *media) {
  sqlite3_stmt *put = store_prepare(db, "INSERT OR REPLACE INTO media_bytes VALUES(?1, ?2, ?3)");
  FILE *file = fopen(media->path, "rbe");
  char *piece = g_malloc(piece_size);
  bool good = put && file;
  size_t n;
  for (int i = 0; good && (n = fread(piece, 1, piece_size, file)) > 0; i++) {
    sqlite3_bind_int64(put, 1, media->id);
    sqlite3_bind_int(put, 2, i);
    sqlite3_bind_blob64(put, 3, piece, n, SQLITE_STATIC);
    good = store_finish(put) && !base_cancelled(ctx);
  }
  good = good && !ferror(file);
  if (file) fclose(file);
  g_free(piece);
  sqlite3_finalize(put);
  return good;
}

static bool embed_all(BaseContext *ctx, sqlite3 *db, Project *project) {
  bool good = true;
  for (size_t i = 0; good && i < project->media.n; i++) {
    ProjectMedia *media = &project->media.items[i];
    base_progress(ctx, (double)i / (double)project->media.n, "copying");
    if (media->missing || media->embedded) continue;
    good = embed_file(ctx, db, media);
    media->embedded = good;
  }
  return good;
}

static BaseStatus copy_pages(BaseContext *ctx, sqlite3 *to, sqlite3 *from, const char *path) {
  sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
  if (!backup) return store_fail(ctx, to, path);
  int code = SQLITE_OK;
  while ((code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED) && !base_cancelled(ctx)) {
    code = sqlite3_backup_step(backup, 256);
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) sqlite3_sleep(10);
  }
  sqlite3_backup_finish(backup);
  if (code == SQLITE_DONE) return BASE_OK;
  return base_cancelled(ctx) ? base_fail_cancelled(ctx) : store_fail(ctx, to, path);
}

/* Fills the empty database `db`, to be named `path` later, from the store. */
static BaseStatus fill_copy(BaseContext *ctx, sqlite3 *db, Store *source, Project *project, const char *path,
                            bool embed) {
  BaseStatus status = copy_pages(ctx, db, source->edits, path);
  if (status != BASE_OK) return status;
  store_harden(db);
  if (!store_run(db, "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL;") || !store_begin(db))
    return store_fail(ctx, db, path);
  bool good = !embed || embed_all(ctx, db, project);
  if (!good && base_cancelled(ctx)) return base_fail_cancelled(ctx);
  if (!good && sqlite3_errcode(db) == SQLITE_DONE)
    return base_fail(ctx, BASE_UNREADABLE, "A file of the project could not be read into “%s”.", path);
  return store_end(ctx, db, path, good && store_put_media(db, path, project));
}

BaseStatus store_copy(BaseContext *ctx, const char *source_path, const char *path, bool embed) {
  Store *source = NULL;
  Project *project = NULL;
  BaseStatus status = store_open(ctx, &source, &project, source_path);
  if (status != BASE_OK) return status;
  char *whole = g_canonicalize_filename(path, NULL);
  char *temporary = g_strdup_printf("%s.%d.part", whole, (int)getpid());
  unlink(temporary);
  sqlite3 *db = NULL;
  sqlite3_open_v2(temporary, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
  status = strcmp(whole, source->path) == 0
               ? base_fail(ctx, BASE_BAD_INPUT, "“%s” is the project itself.", path)
           : db ? fill_copy(ctx, db, source, project, whole, embed)
                : store_fail(ctx, db, path);
  sqlite3_close(db);
  if (status == BASE_OK && rename(temporary, whole) != 0)
    status = base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be written: %s.", path, g_strerror(errno));
  if (status != BASE_OK) unlink(temporary);
  store_close(source);
  project_free(project);
  g_free(temporary);
  g_free(whole);
  return status;
}

static BaseStatus extract_pieces(BaseContext *ctx, FILE *out, Store *store, const ProjectMedia *media) {
  sqlite3_stmt *rows =
      store_prepare(store->edits, "SELECT bytes FROM media_bytes WHERE media = ? ORDER BY piece");
  if (!rows) return store_fail(ctx, store->edits, store->path);
  GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
  sqlite3_bind_int64(rows, 1, media->id);
  bool written = true;
  while (written && sqlite3_step(rows) == SQLITE_ROW) {
    const void *bytes = sqlite3_column_blob(rows, 0);
    size_t n = (size_t)sqlite3_column_bytes(rows, 0);
    g_checksum_update(sum, bytes ? bytes : (const guchar *)"", (gssize)n);
    written = n == 0 || fwrite(bytes, 1, n, out) == n;
  }
  bool same = strcmp(g_checksum_get_string(sum), media->sha256) == 0;
  g_checksum_free(sum);
  sqlite3_finalize(rows);
  if (!written)
    return base_fail(ctx, BASE_UNREADABLE, "“%s” could not be unpacked: %s.", media->path, g_strerror(errno));
  return same ? BASE_OK : store_damaged(ctx, store->path, "a file inside it is not what it was");
}

BaseStatus store_extract(BaseContext *ctx, const char *source_path, int64_t media_id, const char *path) {
  Store *source = NULL;
  Project *project = NULL;
  BaseStatus status = store_open(ctx, &source, &project, source_path);
  if (status != BASE_OK) return status;
  const ProjectMedia *media = project_find_media(project, media_id);
  BaseFileWriter writer;
  status = media ? base_file_begin(ctx, &writer, path)
                 : base_fail(ctx, BASE_BAD_INPUT, "There is no such file inside.");
  if (status == BASE_OK) {
    status = extract_pieces(ctx, writer.stream, source, media);
    if (status == BASE_OK) status = base_file_commit(ctx, &writer);
    if (status != BASE_OK) base_file_abort(&writer);
  }
  store_close(source);
  project_free(project);
  return status;
}
