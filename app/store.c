/* The database is in WAL mode: a commit is an append, and readers never wait. Edits are committed by the main
 * thread without waiting for the storage (synchronous OFF), which already survives the death of the process
 * at any moment. Only a small thread moves pages from the log into the database, on a connection of its own
 * that syncs the log first and the database afterwards (synchronous NORMAL): a power cut costs at most half a
 * second of edits and never the file, since frames of the log that did not reach the storage fail their
 * checksums. Results of workers go through that second connection in pieces, each its own transaction, so
 * that an edit never waits for a large result. The file is opened as something hostile: no triggers, no
 * views, no trusted schema, every row checked before it is believed. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "app/store_private.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { busy_ms = 2000, sync_delay_us = 300000 };

static const char schema[] =
    "CREATE TABLE media(id INTEGER PRIMARY KEY, place INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " relative TEXT NOT NULL, absolute TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL,"
    " embedded INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE media_bytes(media INTEGER NOT NULL, piece INTEGER NOT NULL, bytes BLOB NOT NULL,"
    " PRIMARY KEY(media, piece));"
    "CREATE TABLE results(key TEXT NOT NULL, piece INTEGER NOT NULL, bytes BLOB NOT NULL,"
    " PRIMARY KEY(key, piece)) WITHOUT ROWID;"
    "CREATE TABLE anchors(num INTEGER NOT NULL, den INTEGER NOT NULL, time_s REAL NOT NULL,"
    " PRIMARY KEY(num, den)) WITHOUT ROWID;"
    "CREATE TABLE verdicts(num INTEGER NOT NULL, den INTEGER NOT NULL, midi INTEGER NOT NULL,"
    " ms INTEGER NOT NULL, time_s REAL NOT NULL, verdict INTEGER NOT NULL, stamp_us INTEGER NOT NULL,"
    " PRIMARY KEY(num, den, midi, ms)) WITHOUT ROWID;"
    "CREATE TABLE journal(seq INTEGER PRIMARY KEY, name TEXT NOT NULL, stamp_us INTEGER NOT NULL,"
    " nudge INTEGER NOT NULL, start_s REAL NOT NULL, scale REAL NOT NULL, changes BLOB NOT NULL);"
    "CREATE TABLE weights(revision INTEGER PRIMARY KEY, engine TEXT NOT NULL, origin TEXT NOT NULL,"
    " stamp_us INTEGER NOT NULL, bytes BLOB NOT NULL);"
    "CREATE TABLE view(key TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE state(key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;" STORE_EDITS_TABLE;

/* ---- saying what went wrong ---- */

BaseStatus store_fail(BaseContext *ctx, sqlite3 *db, const char *path) {
  switch (db ? sqlite3_errcode(db) : SQLITE_NOMEM) {
  case SQLITE_FULL:
    return base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be written: the disk is full.", path);
  case SQLITE_READONLY:
    return base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be written: it or its folder is read-only.", path);
  case SQLITE_CANTOPEN:
    return base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be opened.", path);
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return base_fail(ctx, BASE_UNREADABLE, "“%s” is being written by another program.", path);
  case SQLITE_IOERR: {
    int error = sqlite3_system_errno(db);
    const char *why =
        error == ENOSPC || error == EDQUOT || error == EFBIG ? "the disk is full" : g_strerror(error);
    return base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be written: %s.", path,
                     error ? why : "the disk is full or failing");
  }
  case SQLITE_NOMEM:
    return base_fail_memory(ctx);
  default:
    return base_fail(ctx, BASE_BAD_FILE, "“%s” is damaged: %s.", path, sqlite3_errmsg(db));
  }
}

BaseStatus store_damaged(BaseContext *ctx, const char *path, const char *what) {
  return base_fail(ctx, BASE_BAD_FILE, "“%s” is damaged: %s.", path, what);
}

/* ---- statements ---- */

bool store_run(sqlite3 *db, const char *sql) {
  return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

sqlite3_stmt *store_prepare(sqlite3 *db, const char *sql) {
  sqlite3_stmt *statement = NULL;
  return sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK ? statement : NULL;
}

/* Steps a statement that gives no rows and makes it ready for the next. */
bool store_finish(sqlite3_stmt *statement) {
  bool done = statement && sqlite3_step(statement) == SQLITE_DONE;
  if (statement) sqlite3_reset(statement);
  return done;
}

const char *store_text(sqlite3_stmt *statement, int column) {
  const char *value = (const char *)sqlite3_column_text(statement, column);
  return value && g_utf8_validate(value, -1, NULL) ? value : "";
}

/* ---- opening ---- */

/* Looks without opening: closing a file here would take away the locks of a connection that has it open. */
static BaseStatus look_at(BaseContext *ctx, const char *path) {
  struct stat info;
  if (stat(path, &info) != 0)
    return base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be opened: %s.", path, g_strerror(errno));
  if (!S_ISREG(info.st_mode)) return base_fail(ctx, BASE_UNREADABLE, "“%s” is not a file.", path);
  return info.st_size ? BASE_OK : base_fail(ctx, BASE_BAD_FILE, "“%s” is empty.", path);
}

static int64_t pragma_value(sqlite3 *db, const char *sql) {
  sqlite3_stmt *row = store_prepare(db, sql);
  int64_t value = row && sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : -1;
  sqlite3_finalize(row);
  return value;
}

/* Whether it is a project of ours that this program can read. */
static BaseStatus recognise(BaseContext *ctx, sqlite3 *db, const char *path) {
  int64_t application = db ? pragma_value(db, "PRAGMA application_id") : -1;
  if (application < 0 && (!db || sqlite3_errcode(db) != SQLITE_NOTADB)) return store_fail(ctx, db, path);
  if (application != STORE_APPLICATION_ID)
    return base_fail(ctx, BASE_BAD_FILE, "“%s” is not a Triptych project.", path);
  int64_t version = pragma_value(db, "PRAGMA user_version");
  if (version == STORE_VERSION) return BASE_OK;
  return base_fail(ctx, BASE_VERSION,
                   "“%s” was made by a newer Triptych (format %d; this one reads up to %d).", path,
                   (int)version, STORE_VERSION);
}

void store_harden(sqlite3 *db) {
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 256 * 1024 * 1024);
  sqlite3_busy_timeout(db, busy_ms);
  sqlite3_extended_result_codes(db, 0);
  store_run(db, "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;");
}

static sqlite3 *connect_file(const char *path, int flags) {
  sqlite3 *db = NULL;
  if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK) {
    sqlite3_close(db);
    return NULL;
  }
  store_harden(db);
  return db;
}

static bool readable(sqlite3 *db) {
  return db && store_run(db, "SELECT count(*) FROM sqlite_schema");
}

/* For reading and writing where that is possible; else read-only, at last without its log. */
static sqlite3 *connect_best(const char *path) {
  sqlite3 *db = connect_file(path, SQLITE_OPEN_READWRITE);
  int code = db ? (readable(db) ? SQLITE_OK : sqlite3_errcode(db)) : SQLITE_CANTOPEN;
  if (code != SQLITE_CANTOPEN && code != SQLITE_READONLY) return db;
  sqlite3_close(db);
  char *uri = g_filename_to_uri(path, NULL, NULL);
  char *immutable = g_strconcat(uri ? uri : "", "?immutable=1", NULL);
  db = connect_file(immutable, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
  g_free(immutable);
  g_free(uri);
  return db;
}

BaseStatus store_create(BaseContext *ctx, const char *path) {
  if (g_file_test(path, G_FILE_TEST_EXISTS))
    return base_fail(ctx, BASE_UNREADABLE, "“%s” is there already.", path);
  sqlite3 *db = NULL;
  sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
  char *sql = g_strdup_printf(
      "PRAGMA synchronous=OFF; BEGIN IMMEDIATE; PRAGMA application_id=%d; PRAGMA user_version=%d; %s COMMIT;"
      "PRAGMA journal_mode=WAL;",
      STORE_APPLICATION_ID, STORE_VERSION, schema);
  BaseStatus status = db && store_run(db, sql) ? BASE_OK : store_fail(ctx, db, path);
  sqlite3_close(db);
  g_free(sql);
  if (status != BASE_OK) unlink(path);
  return status;
}

/* ---- syncing ---- */

static gpointer sync_thread(gpointer data) {
  Store *store = data;
  g_mutex_lock(&store->sync_lock);
  for (;;) {
    while (!store->sync_wanted && !store->closing) g_cond_wait(&store->sync_wake, &store->sync_lock);
    gint64 until = g_get_monotonic_time() + sync_delay_us;
    while (!store->closing && g_cond_wait_until(&store->sync_wake, &store->sync_lock, until)) continue;
    bool wanted = store->sync_wanted, closing = store->closing;
    store->sync_wanted = false;
    g_mutex_unlock(&store->sync_lock);
    if (wanted) {
      g_mutex_lock(&store->lock);
      sqlite3_wal_checkpoint_v2(store->results, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
      g_mutex_unlock(&store->lock);
    }
    if (closing) return NULL;
    g_mutex_lock(&store->sync_lock);
  }
}

void store_want_sync(Store *store) {
  g_mutex_lock(&store->sync_lock);
  store->sync_wanted = true;
  g_cond_signal(&store->sync_wake);
  g_mutex_unlock(&store->sync_lock);
}

static void start_writing(Store *store) {
  if (sqlite3_db_readonly(store->edits, "main") != 0) return;
  store->results = connect_file(store->path, SQLITE_OPEN_READWRITE);
  if (!store->results) return;
  store_run(store->edits, "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=0;");
  store_run(store->edits, STORE_EDITS_TABLE); /* projects made before there were edits */
  store_run(store->results, "PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0;");
  store->syncer = g_thread_new("project sync", sync_thread, store);
}

Store *store_ref(Store *store) {
  g_atomic_ref_count_inc(&store->holders);
  return store;
}

void store_close(Store *store) {
  if (!store || !g_atomic_ref_count_dec(&store->holders)) return;
  if (store->syncer) {
    g_mutex_lock(&store->sync_lock);
    store->closing = true;
    g_cond_signal(&store->sync_wake);
    g_mutex_unlock(&store->sync_lock);
    g_thread_join(store->syncer);
  }
  sqlite3_close(store->results);
  sqlite3_close(store->edits);
  g_mutex_clear(&store->lock);
  g_mutex_clear(&store->sync_lock);
  g_cond_clear(&store->sync_wake);
  g_free(store->path);
  g_free(store);
}

const char *store_path(const Store *store) {
  return store->path;
}

BaseStatus store_open(BaseContext *ctx, Store **out, Project **out_project, const char *path) {
  BaseStatus status = look_at(ctx, path);
  if (status != BASE_OK) return status;
  Store *store = g_new0(Store, 1);
  g_atomic_ref_count_init(&store->holders);
  g_mutex_init(&store->lock);
  g_mutex_init(&store->sync_lock);
  g_cond_init(&store->sync_wake);
  store->path = g_canonicalize_filename(path, NULL);
  store->edits = connect_best(store->path);
  Project *project = project_new();
  status = project ? recognise(ctx, store->edits, path) : base_fail_memory(ctx);
  if (status == BASE_OK) status = store_load(ctx, store, project);
  if (status != BASE_OK) {
    project_free(project);
    store_close(store);
    return status;
  }
  start_writing(store);
  project_written(project);
  *out = store;
  *out_project = project;
  return BASE_OK;
}
