/* Places as widgets for assistive technology: invisible, focusable list items over the feet of the links.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/view.h"

G_BEGIN_DECLS

/* Never a target of pointer events; draws only the ring of the focused place. At most 60 items: the visible
 * places, those around the selected one first. Focusing an item selects its place. */
#define TRI_TYPE_PROXY_LAYER (tri_proxy_layer_get_type())
G_DECLARE_FINAL_TYPE(TriProxyLayer, tri_proxy_layer, TRI, PROXY_LAYER, TriView)

/* The items stand in the first of two views that is mapped, at its bottom; both are held weakly. */
GtkWidget *tri_proxy_layer_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles, GtkWidget *first,
                               GtkWidget *second);

/* Moves the keyboard focus to a place's item, made if need be. */
void tri_proxy_layer_focus(TriProxyLayer *self, int place);

/* Brings the items up to date now rather than shortly. For tests. */
void tri_proxy_layer_update(TriProxyLayer *self);

G_END_DECLS
