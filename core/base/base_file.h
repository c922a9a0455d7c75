/* Files that appear whole or not at all. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"

#include <stddef.h>
#include <stdio.h>

/* The whole content of a regular file of at most `limit` bytes (0: 1 GiB), with a zero byte after it that
 * `n` does not count. Freed by the caller with free(). BASE_UNREADABLE says why. */
BaseStatus base_file_read(BaseContext *ctx, void **bytes, size_t *n, const char *path, size_t limit);

/* A file being written beside its final place. */
typedef struct {
  FILE *stream;                      /* write here */
  char *final_path, *temporary_path; /* temporary_path null: standard output */
} BaseFileWriter;

/* Opens a temporary file in the folder of `path`; "-" is standard output. */
BaseStatus base_file_begin(BaseContext *ctx, BaseFileWriter *writer, const char *path);

/* Flushes, syncs and renames into place. On failure nothing is left behind; a full disk is told as such. */
BaseStatus base_file_commit(BaseContext *ctx, BaseFileWriter *writer);

/* Gives up: the temporary file goes. Harmless after commit. */
void base_file_abort(BaseFileWriter *writer);
