/* A result lies in pieces, each its own transaction, so that an edit never waits for a large result. Piece 0
 * holds the size and is written last: a result without it was interrupted and counts as absent.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/store_private.h"

#include <string.h>

enum { piece_size = 256 * 1024 };

static bool keep_piece(sqlite3 *db, const char *key, int64_t piece, const void *bytes, size_t n) {
  sqlite3_stmt *put = store_prepare(db, "INSERT OR REPLACE INTO results VALUES(?1, ?2, ?3)");
  if (!put) return false;
  sqlite3_bind_text(put, 1, key, -1, SQLITE_STATIC);
  sqlite3_bind_int64(put, 2, piece);
  sqlite3_bind_blob64(put, 3, bytes, n, SQLITE_STATIC);
  bool good = store_finish(put);
  sqlite3_finalize(put);
  return good;
}

static bool forget_pieces(sqlite3 *db, const char *key) {
  sqlite3_stmt *forget = store_prepare(db, "DELETE FROM results WHERE key = ?");
  if (forget) sqlite3_bind_text(forget, 1, key, -1, SQLITE_STATIC);
  bool good = store_finish(forget);
  sqlite3_finalize(forget);
  return good;
}

void store_keep(Store *store, const char *key, const void *bytes, size_t n) {
  if (!store->results) return;
  g_mutex_lock(&store->lock);
  bool good = forget_pieces(store->results, key);
  for (size_t at = 0, piece = 1; good && at < n; at += piece_size, piece++)
    good = keep_piece(store->results, key, (int64_t)piece, (const char *)bytes + at, MIN(piece_size, n - at));
  char size[32];
  g_snprintf(size, sizeof size, "%zu", n);
  if (good) keep_piece(store->results, key, 0, size, strlen(size));
  g_mutex_unlock(&store->lock);
  store_want_sync(store);
}

/* The pieces of `statement` in order, joined; null unless they make up exactly what was promised. */
static void *join_pieces(sqlite3_stmt *rows, size_t *n) {
  char *bytes = NULL;
  size_t at = 0, promised = 0;
  bool good = false;
  while (sqlite3_step(rows) == SQLITE_ROW) {
    const void *piece = sqlite3_column_blob(rows, 1);
    size_t size = (size_t)sqlite3_column_bytes(rows, 1);
    if (sqlite3_column_int64(rows, 0) == 0) {
      char number[32] = "";
      memcpy(number, piece ? piece : "", MIN(size, sizeof number - 1));
      promised = (size_t)g_ascii_strtoull(number, NULL, 10);
      good = promised < (size_t)1 << 32 && (bytes = malloc(promised + 1));
    } else if ((good = good && size <= promised - at)) {
      memcpy(bytes + at, piece ? piece : "", size);
      at += size;
    }
    if (!good) break;
  }
  *n = at;
  if (good && at == promised) return bytes;
  free(bytes);
  return NULL;
}

void *store_find(Store *store, const char *key, size_t *n) {
  sqlite3 *db = store->results ? store->results : store->edits;
  g_mutex_lock(&store->lock);
  sqlite3_stmt *rows = store_prepare(db, "SELECT piece, bytes FROM results WHERE key = ? ORDER BY piece");
  if (rows) sqlite3_bind_text(rows, 1, key, -1, SQLITE_STATIC);
  void *bytes = rows ? join_pieces(rows, n) : NULL;
  sqlite3_finalize(rows);
  g_mutex_unlock(&store->lock);
  return bytes;
}

static void *memo_find(void *user, const char *key, size_t *n) {
  return store_find(user, key, n);
}

static void memo_keep(void *user, const char *key, const void *bytes, size_t n) {
  store_keep(user, key, bytes, n);
}

FlowMemo store_memo(Store *store) {
  return store ? (FlowMemo){memo_find, memo_keep, store} : (FlowMemo){0};
}

BaseStatus store_results(BaseContext *ctx, Store *store, int64_t *n, int64_t *bytes) {
  sqlite3_stmt *row =
      store_prepare(store->edits, "SELECT count(DISTINCT key), coalesce(sum(length(bytes)), 0) FROM results");
  bool good = row && sqlite3_step(row) == SQLITE_ROW;
  if (good) {
    *n = sqlite3_column_int64(row, 0);
    *bytes = sqlite3_column_int64(row, 1);
  }
  BaseStatus status = good ? BASE_OK : store_fail(ctx, store->edits, store->path);
  sqlite3_finalize(row);
  return status;
}
