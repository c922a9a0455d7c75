/* The project file: one SQLite database. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/project.h"
#include "core/base/base_context.h"
#include "core/flow/flow.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An open project file. All calls belong to the thread that opened it, except those said to be callable from
 * any thread. */
typedef struct Store Store;

enum { STORE_APPLICATION_ID = 0x54726970 /* "Trip" */, STORE_VERSION = 1 };

/* Makes an empty project file, which appears whole; BASE_UNREADABLE when it cannot or something is there. */
BaseStatus store_create(BaseContext *ctx, const char *path);

/* Opens a project file and reads the person's side of it. BASE_BAD_FILE: not a project, damaged, or telling
 * things that contradict each other; BASE_VERSION: made by a newer Triptych; BASE_UNREADABLE. A file that can
 * be read but not written opens; store_write then says why nothing is saved. Media that are not where they
 * were are marked missing. Both outputs are the caller's. */
BaseStatus store_open(BaseContext *ctx, Store **out, Project **project, const char *path);

/* One more holder, for work that keeps results while the project may be closed. Any thread. */
Store *store_ref(Store *store);

/* One holder less; the last one syncs and closes. Null is fine. Any thread. */
void store_close(Store *store);

const char *store_path(const Store *store);

/* Writes what project->unwritten names in one transaction and calls project_written. When it returns the edit
 * survives the death of the process; the storage itself has it within half a second. On failure the project
 * keeps it all as unwritten, so that the next call tries again; the sentence says why: full, read-only, gone.
 */
BaseStatus store_write(BaseContext *ctx, Store *store, Project *project);

/* Writes title and media list. */
BaseStatus store_write_media(BaseContext *ctx, Store *store, const Project *project);

/* Writes the view; cheap enough for once a second. */
BaseStatus store_write_view(BaseContext *ctx, Store *store, const ProjectView *view);

/* Machine results by key; see FlowMemo. Any thread. A result that cannot be kept is forgotten silently: it
 * can be made again. */
FlowMemo store_memo(Store *store);
void *store_find(Store *store, const char *key, size_t *n);
void store_keep(Store *store, const char *key, const void *bytes, size_t n);

/* ---- what was learned: weights by revision, which are never changed ---- */

/* One row. Borrowed by whoever is told of it. */
typedef struct {
  int64_t revision;   /* from 1, growing */
  const char *engine; /* "piano" */
  const char *origin; /* what produced it */
  int64_t stamp_us;   /* microseconds since 1970, UTC */
  const void *bytes;
  size_t n;
} StoreWeights;

/* Keeps `weights` as a new revision (its own number is not looked at), which `*revision` receives. */
BaseStatus store_add_weights(BaseContext *ctx, Store *store, int64_t *revision, const StoreWeights *weights);

/* Tells of each revision of an engine, oldest first. */
BaseStatus store_each_weights(BaseContext *ctx, Store *store, const char *engine,
                              void (*each)(void *user, const StoreWeights *weights), void *user);

/* A choice of the person that is no edit: which instrument plays. Null or forgotten when it cannot be kept.
 * The text found is freed by the caller with free(). */
void store_keep_choice(Store *store, const char *key, const char *text);
char *store_choice(Store *store, const char *key);

/* Writes a copy of the file at `source` to `path`, whole or not at all, with media paths relative to the new
 * place and, with `embed`, the media themselves inside. Any thread; needs no open store; the source may be in
 * use. */
BaseStatus store_copy(BaseContext *ctx, const char *source, const char *path, bool embed);

/* Takes an embedded medium out into `path`. Any thread. BASE_BAD_FILE when it is not what its hash promises.
 */
BaseStatus store_extract(BaseContext *ctx, const char *source, int64_t media_id, const char *path);

/* How many results, and their bytes, for `info`. */
BaseStatus store_results(BaseContext *ctx, Store *store, int64_t *n, int64_t *bytes);
