/* Walks through folders. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"

#include <stdbool.h>

/* Told of each file and folder below the one that is walked, `name` being the last part of `path`, both gone
 * after the call. Sets *taken (false before) where it is done with it; what is not taken is entered if it is
 * a folder. Any status but BASE_OK ends the walk. */
typedef BaseStatus BaseFolderVisit(BaseContext *ctx, void *user, const char *path, const char *name,
                                   bool *taken);

/* Visits what lies in `path` and at most `depth` folders further down, in the order of the file system,
 * without hidden names and without paths longer than 4095 bytes. BASE_UNREADABLE names a `path` that cannot
 * be opened; folders below that cannot are passed over. */
BaseStatus base_folder_walk(BaseContext *ctx, const char *path, int depth, BaseFolderVisit *visit,
                            void *user);
