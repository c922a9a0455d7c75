/* Revisions are only ever added; a choice is a row of the state whose key says what it is about, so that it
 * can never be taken for the title or the cursor. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/store_private.h"

#include <string.h>

enum { MOST_BYTES = 64 * 1024 * 1024 };

BaseStatus store_add_weights(BaseContext *ctx, Store *store, int64_t *revision, const StoreWeights *weights) {
  sqlite3 *db = store->edits;
  sqlite3_stmt *put =
      store_prepare(db, "INSERT INTO weights(engine, origin, stamp_us, bytes) VALUES(?1, ?2, ?3, ?4)");
  bool good = put && store_begin(db);
  if (good) {
    sqlite3_bind_text(put, 1, weights->engine, -1, SQLITE_STATIC);
    sqlite3_bind_text(put, 2, weights->origin, -1, SQLITE_STATIC);
    sqlite3_bind_int64(put, 3, weights->stamp_us);
    sqlite3_bind_blob64(put, 4, weights->bytes, weights->n, SQLITE_STATIC);
    good = store_finish(put);
  }
  sqlite3_finalize(put);
  BaseStatus status = store_end(ctx, db, store->path, good);
  if (status != BASE_OK) return status;
  *revision = sqlite3_last_insert_rowid(db);
  store_want_sync(store);
  return BASE_OK;
}

BaseStatus store_each_weights(BaseContext *ctx, Store *store, const char *engine,
                              void (*each)(void *user, const StoreWeights *weights), void *user) {
  sqlite3_stmt *rows = store_prepare(
      store->edits,
      "SELECT revision, origin, stamp_us, bytes FROM weights WHERE engine = ? ORDER BY revision");
  int code = SQLITE_ERROR;
  if (rows) sqlite3_bind_text(rows, 1, engine, -1, SQLITE_STATIC);
  while (rows && (code = sqlite3_step(rows)) == SQLITE_ROW) {
    const void *bytes = sqlite3_column_blob(rows, 3);
    StoreWeights weights = {sqlite3_column_int64(rows, 0), engine, store_text(rows, 1),
                            sqlite3_column_int64(rows, 2), bytes,  (size_t)sqlite3_column_bytes(rows, 3)};
    if (bytes && weights.n < MOST_BYTES) each(user, &weights);
  }
  BaseStatus status = code == SQLITE_DONE ? BASE_OK : store_fail(ctx, store->edits, store->path);
  sqlite3_finalize(rows);
  return status;
}

static sqlite3_stmt *prepare_choice(Store *store, const char *sql, const char *key) {
  sqlite3_stmt *statement = store_prepare(store->edits, sql);
  char *name = g_strconcat("choice-", key, NULL);
  if (statement) sqlite3_bind_text(statement, 1, name, -1, g_free);
  if (!statement) g_free(name);
  return statement;
}

void store_keep_choice(Store *store, const char *key, const char *text) {
  sqlite3_stmt *put = prepare_choice(store, "INSERT OR REPLACE INTO state VALUES(?1, ?2)", key);
  if (!put) return;
  sqlite3_bind_text(put, 2, text, -1, SQLITE_STATIC);
  if (store_finish(put)) store_want_sync(store);
  sqlite3_finalize(put);
}

char *store_choice(Store *store, const char *key) {
  sqlite3_stmt *row = prepare_choice(store, "SELECT value FROM state WHERE key = ?1", key);
  char *text = row && sqlite3_step(row) == SQLITE_ROW ? strdup(store_text(row, 0)) : NULL;
  sqlite3_finalize(row);
  return text;
}
