/* Whether an entry is a folder shows when it is opened: no kind is asked for.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_folder.h"

#include <dirent.h>
#include <stdio.h>

enum { LONGEST_PATH = 4096 };

typedef struct {
  BaseFolderVisit *visit;
  void *user;
} Walk;

static BaseStatus enter(BaseContext *ctx, const Walk *walk, DIR *folder, const char *path, int depth);

static BaseStatus look_at(BaseContext *ctx, const Walk *walk, const char *path, const char *name, int depth) {
  char below[LONGEST_PATH];
  const int length = snprintf(below, sizeof below, "%s/%s", path, name);
  if (name[0] == '.' || length >= (int)sizeof below) return BASE_OK;
  if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
  bool taken = false;
  BaseStatus status = walk->visit(ctx, walk->user, below, name, &taken);
  if (status || taken || depth <= 0) return status;
  DIR *folder = opendir(below);
  return folder ? enter(ctx, walk, folder, below, depth - 1) : BASE_OK;
}

/* Takes the open folder. */
static BaseStatus enter(BaseContext *ctx, const Walk *walk, DIR *folder, const char *path, int depth) {
  BaseStatus status = BASE_OK;
  for (struct dirent *entry; !status && (entry = readdir(folder));)
    status = look_at(ctx, walk, path, entry->d_name, depth);
  closedir(folder);
  return status;
}

BaseStatus base_folder_walk(BaseContext *ctx, const char *path, int depth, BaseFolderVisit *visit,
                            void *user) {
  DIR *folder = opendir(path);
  if (!folder) return base_fail(ctx, BASE_UNREADABLE, "The folder “%s” cannot be opened.", path);
  return enter(ctx, &(Walk){visit, user}, folder, path, depth);
}
