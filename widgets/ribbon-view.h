/* The score ribbon: systems cut from the pages and laid end to end, moving with the time axis.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/ribbon-map.h"
#include "widgets/view.h"

G_BEGIN_DECLS

/* Its scroll is derived: the score position of the time in the middle of the time views stands in the middle.
 * Property peek (double, px): moves the ribbon alone, 0 at rest.
 * Click on a note emits "place-activated", elsewhere "seek" with the time of that score position. */
#define TRI_TYPE_RIBBON_VIEW (tri_ribbon_view_get_type())
G_DECLARE_FINAL_TYPE(TriRibbonView, tri_ribbon_view, TRI, RIBBON_VIEW, TriView)

GtkWidget *tri_ribbon_view_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles);

/* Where place `place` stands, widget px; NaN when the ribbon is empty. O(1). */
double tri_ribbon_view_place_x(TriRibbonView *self, guint place);

/* Where the score position that sounds at `time_s` stands, widget px, and back; NaN when the ribbon is empty.
 */
double tri_ribbon_view_x(TriRibbonView *self, double time_s);
double tri_ribbon_view_time(TriRibbonView *self, double x);

/* The place whose note head is at x, y (widget px), -1 none. */
int tri_ribbon_view_place_at(TriRibbonView *self, double x, double y);

/* Borrowed, null when the score has no boxes. */
TriRibbonMap *tri_ribbon_view_get_map(TriRibbonView *self);

G_END_DECLS
