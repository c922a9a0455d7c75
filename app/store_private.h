/* What the sources of the store share; the one door to SQLite. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/store.h"

#include <glib.h>
#include <sqlite3.h>

#define STORE_EDITS_TABLE                                                                                    \
  "CREATE TABLE IF NOT EXISTS edits(seq INTEGER PRIMARY KEY, page INTEGER NOT NULL, x REAL NOT NULL,"        \
  " y REAL NOT NULL, kind INTEGER NOT NULL, value INTEGER NOT NULL);"

struct Store {
  gatomicrefcount holders;
  char *path;       /* canonical */
  sqlite3 *edits;   /* main thread */
  sqlite3 *results; /* under `lock`; null when the file cannot be written */
  GMutex lock;
  GThread *syncer;
  GMutex sync_lock;
  GCond sync_wake;
  bool sync_wanted, closing; /* under sync_lock */
};

/* The sentence for what `db` (null: no memory) last failed with. */
BaseStatus store_fail(BaseContext *ctx, sqlite3 *db, const char *path);
BaseStatus store_damaged(BaseContext *ctx, const char *path, const char *what);

/* Runs statements that give no rows. */
bool store_run(sqlite3 *db, const char *sql);

/* Null when the statement makes no sense to this database. Finalized by the caller. */
sqlite3_stmt *store_prepare(sqlite3 *db, const char *sql);

/* Steps a statement that gives no rows and makes it ready for the next. Null is a failure. */
bool store_finish(sqlite3_stmt *statement);

/* A column as valid UTF-8, "" when it is not; until the next step. */
const char *store_text(sqlite3_stmt *statement, int column);

/* Makes a connection distrust its file. */
void store_harden(sqlite3 *db);

/* Asks for the log to be synced soon. Any thread. */
void store_want_sync(Store *store);

/* ---- loading: each appends to `project` what its table says ---- */
BaseStatus store_load(BaseContext *ctx, Store *store, Project *project);

/* ---- writing ---- */
bool store_begin(sqlite3 *db);

/* Commits when all went well, else takes everything back and says why. */
BaseStatus store_end(BaseContext *ctx, sqlite3 *db, const char *path, bool good);

/* Title and media rows, relative to a project at `path`, inside a transaction. */
bool store_put_media(sqlite3 *db, const char *path, const Project *project);

/* ---- layout of rows ---- */

/* One ProjectMark as little-endian words and bytes. */
enum { STORE_MARK_SIZE = 40 };
void store_pack_mark(uint8_t *bytes, const ProjectMark *mark);
ProjectMark store_unpack_mark(const uint8_t *bytes);

/* One OmrEdit in as many bytes, told apart from a mark by the last one. */
void store_pack_edit(uint8_t *bytes, const OmrEdit *edit);
bool store_holds_edit(const uint8_t *bytes);
OmrEdit store_unpack_edit(const uint8_t *bytes);

/* The rows of the view: a key and the offset of a double in ProjectView. */
typedef struct {
  const char *key;
  size_t offset;
} StoreViewField;
extern const StoreViewField store_view_fields[];
extern const size_t store_n_view_fields;
