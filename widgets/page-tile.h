/* How a worker draws a tile of a whole page. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/page-source.h"
#include "widgets/tile-cache.h"

G_BEGIN_DECLS

/* A note head and its state, or (state < 0) a bar in doubt. Page pixels. */
typedef struct {
  int page;
  float x, y, width, height;
  int state;
} TriPageMark;

/* Pages and what is marked on them; reference counted, immutable. */
typedef struct TriPageInk TriPageInk;

TriPageInk *tri_page_ink_new(TriPageSource *pages, const TriPageMark *marks, guint n);
TriPageInk *tri_page_ink_ref(TriPageInk *ink);
void tri_page_ink_unref(TriPageInk *ink);
gboolean tri_page_ink_equal(const TriPageInk *a, const TriPageInk *b);

enum { TRI_PAGE_ROWS = 4096 }; /* key.row = page · TRI_PAGE_ROWS + row of tiles */

/* A TriTileDrawFn; the key's level is device px per page pixel, index and row count tiles of the key's size.
 */
void tri_page_ink_draw(cairo_t *cr, const TriTileKey *key, gpointer value, GCancellable *cancel);

/* A TriTileDrawFn: page `key->row` whole and unmarked, as large as the tile allows, in its middle; `value` is
 * the TriPageSource. */
void tri_page_thumb_draw(cairo_t *cr, const TriTileKey *key, gpointer value, GCancellable *cancel);

G_END_DECLS
