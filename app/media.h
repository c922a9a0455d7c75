/* The files of a project: what they are, and how they look and sound before anybody has understood them.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/project.h"
#include "core/flow/flow.h"
#include "widgets/scene.h"

#include <glib.h>

G_BEGIN_DECLS

/* ---- looking at files that somebody wants to add ---- */

typedef struct {
  char *path; /* canonical */
  FlowKind kind;
  gint64 size;
  char sha256[65];
  char *refusal; /* why it cannot be used, null when it can */
} MediaFound;

/* Looks at each path; sorted by kind, then by name with numbers as numbers ("page 2" before "page 10").
 * Folders are opened one level deep. Elements are MediaFound. BASE_CANCELLED only; what is wrong with a file
 * is its refusal. */
BaseStatus media_look(BaseContext *ctx, GPtrArray **found, const char *const *paths);

/* Compares file names as a person would. */
int media_compare_names(const char *a, const char *b);

/* ---- pages ---- */

/* All pages of some files, as a source for tri_scene_set_pages; reference counted, usable on any thread. */
typedef struct MediaPages MediaPages;

BaseStatus media_pages_open(BaseContext *ctx, MediaPages **out, const char *const *paths);
void media_pages_free(gpointer pages);
int media_pages_n(const MediaPages *pages);
guchar *media_pages_load(gpointer pages, int page, int level, int *width, int *height); /* a TriPageFn */

G_END_DECLS
