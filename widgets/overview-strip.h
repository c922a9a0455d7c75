/* The whole recording in one line: peaks, confidence, bar numbers and what is visible.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/view.h"

G_BEGIN_DECLS

/* Click and drag move the visible stretch and emit "seek" on click; Shift+drag sets the loop. */
#define TRI_TYPE_OVERVIEW_STRIP (tri_overview_strip_get_type())
G_DECLARE_FINAL_TYPE(TriOverviewStrip, tri_overview_strip, TRI, OVERVIEW_STRIP, TriView)

GtkWidget *tri_overview_strip_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles);

/* Widget px ↔ seconds. */
double tri_overview_strip_x(TriOverviewStrip *self, double time_s);
double tri_overview_strip_time(TriOverviewStrip *self, double x);

G_END_DECLS
