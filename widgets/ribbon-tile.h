/* How a worker draws a tile of the score ribbon. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/page-source.h"
#include "widgets/ribbon-map.h"
#include "widgets/tile-cache.h"

G_BEGIN_DECLS

/* What the tiles are drawn from; reference counted, immutable once shared. */
typedef struct TriRibbonInk TriRibbonInk;

/* `head_states`: one TriState per head of the map, `doubt` one flag per step, `numbers` one bar number per
 * step or null; all copied. `pages` may be null: heads are then drawn as ellipses. */
TriRibbonInk *tri_ribbon_ink_new(TriRibbonMap *map, TriPageSource *pages, const guint8 *head_states,
                                 const guint8 *doubt, const char *const *numbers);
TriRibbonInk *tri_ribbon_ink_ref(TriRibbonInk *ink);
void tri_ribbon_ink_unref(TriRibbonInk *ink);

/* Same pages, states and doubts: tiles may be kept. */
gboolean tri_ribbon_ink_equal(const TriRibbonInk *a, const TriRibbonInk *b);

/* A TriTileDrawFn; the key's level is device px per staff space, `value` a TriRibbonInk. */
void tri_ribbon_ink_draw(cairo_t *cr, const TriTileKey *key, gpointer value, GCancellable *cancel);

G_END_DECLS
