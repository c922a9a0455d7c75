/* The playhead over all panes, alone in a widget so that playback redraws nothing else.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/ribbon-view.h"
#include "widgets/view.h"

G_BEGIN_DECLS

/* Never a target of pointer events. */
#define TRI_TYPE_PLAYHEAD (tri_playhead_get_type())
G_DECLARE_FINAL_TYPE(TriPlayhead, tri_playhead, TRI, PLAYHEAD, TriView)

/* `ribbon` may be null. */
GtkWidget *tri_playhead_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles,
                            TriRibbonView *ribbon);

/* The line crosses `view` from top to bottom while that is mapped; borrowed, held weakly. */
void tri_playhead_add_view(TriPlayhead *self, GtkWidget *view);

G_END_DECLS
