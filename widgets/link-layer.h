/* The band of links between ribbon and time: one line a place, its foot is a handle.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/ribbon-view.h"
#include "widgets/view.h"

G_BEGIN_DECLS

/* Dragging a foot: "drag-begun" (int place), then "dragged" (int place, double time_s) for each change — the
 * scene's drag times are set already, the neighbours warped — then "dropped" (int place, double time_s) or
 * "drag-cancelled" (int place). After "dropped" returns, the drag times are cleared: a handler that sets the
 * scene's places leaves no flicker. Esc cancels. Alt suspends snapping. */
#define TRI_TYPE_LINK_LAYER (tri_link_layer_get_type())
G_DECLARE_FINAL_TYPE(TriLinkLayer, tri_link_layer, TRI, LINK_LAYER, TriView)

/* `ribbon` may be null: then lines fall straight. */
GtkWidget *tri_link_layer_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles,
                              TriRibbonView *ribbon);

/* The nearest moment worth snapping to, or NaN. */
typedef double (*TriSnapFn)(gpointer user, int place, double time_s);
void tri_link_layer_set_snap(TriLinkLayer *self, TriSnapFn snap, gpointer user, GDestroyNotify destroy);

/* Fills `times_s` (one for each place) for place `place` at `time_s`. Without one, the neighbours up to the
 * nearest anchors follow piecewise linearly. The moved place's own entry says where it really went. */
typedef void (*TriWarpFn)(gpointer user, double *times_s, guint n, int place, double time_s);
void tri_link_layer_set_warp(TriLinkLayer *self, TriWarpFn warp, gpointer user, GDestroyNotify destroy);

/* The drag as calls, for the roll and for tests. `snapping` false: as with Alt. */
void tri_link_layer_begin_drag(TriLinkLayer *self, int place);
void tri_link_layer_drag_to(TriLinkLayer *self, double time_s, gboolean snapping);
void tri_link_layer_drop(TriLinkLayer *self);
void tri_link_layer_cancel_drag(TriLinkLayer *self);
int tri_link_layer_get_dragged(TriLinkLayer *self); /* place, -1 none */

/* The same from a pointer, for views that offer handles of their own: `grab` remembers a place, `pull` begins
 * the drag once the pointer has moved and drags to the time under x (time axis px) minus `grab_s`, scrolling
 * at the edges; `release` drops, or, when nothing moved, does nothing. */
void tri_link_layer_grab(TriLinkLayer *self, int place);
void tri_link_layer_pull(TriLinkLayer *self, double x, double grab_s, gboolean snapping);
void tri_link_layer_release(TriLinkLayer *self);

/* No handle moves while locked. */
void tri_link_layer_set_locked(TriLinkLayer *self, gboolean locked);

/* The place whose foot or line is at x, y (widget px, feet have 20 px), -1 none. */
int tri_link_layer_place_at(TriLinkLayer *self, double x, double y);

G_END_DECLS
