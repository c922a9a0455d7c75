/* Minutes and seconds along the time axis. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/view.h"

G_BEGIN_DECLS

/* Click emits "seek", Shift+drag sets the loop. */
#define TRI_TYPE_TIME_RULER (tri_time_ruler_get_type())
G_DECLARE_FINAL_TYPE(TriTimeRuler, tri_time_ruler, TRI, TIME_RULER, TriView)

GtkWidget *tri_time_ruler_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles);

/* "1:02.500" with `decimals` places; new string. Minutes are not cut into hours. */
char *tri_time_text(double time_s, int decimals);

/* The smallest step of 1, 2, 5 · 10^k s, 15, 30 s, 1, 2, 5 … min that stands at least `least_s` apart. */
double tri_time_ruler_step(double least_s);

G_END_DECLS
