/* Whole pages, as on a music stand. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/view.h"

G_BEGIN_DECLS

/* Implements GtkScrollable: put it in a GtkScrolledWindow. Property zoom (double, 1 = the page fills the
 * width), facing (boolean: two pages side by side when the room allows). Ctrl+wheel zooms at the pointer.
 * Click on a note emits "place-activated", on a measure "seek". The bar at the playhead is lit and kept in
 * view while the timeline follows. */
#define TRI_TYPE_PAGE_VIEW (tri_page_view_get_type())
G_DECLARE_FINAL_TYPE(TriPageView, tri_page_view, TRI, PAGE_VIEW, TriView)

GtkWidget *tri_page_view_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles);
void tri_page_view_set_zoom(TriPageView *self, double zoom);
double tri_page_view_get_zoom(TriPageView *self);

/* Brings a place's bar into view. */
void tri_page_view_show_place(TriPageView *self, int place);
void tri_page_view_show_page(TriPageView *self, int page);

/* The place whose note is at x, y (widget px), -1 none: of several passes the one nearest to the playhead. */
int tri_page_view_place_at(TriPageView *self, double x, double y);

G_END_DECLS
