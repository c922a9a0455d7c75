/* The pages as ink masks for tile workers, decoded once and kept for a while.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/scene.h"

#include <cairo.h>
#include <graphene.h>

G_BEGIN_DECLS

/* Reference counted; every function may be called on any thread. */
typedef struct TriPageSource TriPageSource;

TriPageSource *tri_page_source_new(int n, TriPageFn fn, gpointer user, GDestroyNotify destroy);
TriPageSource *tri_page_source_ref(TriPageSource *source);
void tri_page_source_unref(TriPageSource *source);

int tri_page_source_get_n(TriPageSource *source);

/* Ink of a page reduced by 2^level as an A8 surface (opaque where black); null when the page cannot be had.
 * New reference. The first call decodes, at most 64 MB of masks are kept. */
cairo_surface_t *tri_page_source_mask(TriPageSource *source, int page, int level);

/* Prints the ink of a page in the current source of `cr`, whose user space is page pixels, each `scale`
 * device pixels wide; within the rectangle only. False when the page cannot be had. Takes the coarsest
 * reduction that loses nothing. */
gboolean tri_page_source_print(TriPageSource *source, cairo_t *cr, int page, double scale,
                               const graphene_rect_t *rect);

G_END_DECLS
