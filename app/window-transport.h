/* The bar at the foot of the window: play, loop, click, where, how fast, which source.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/session.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define TRI_TYPE_TRANSPORT (tri_transport_get_type())
G_DECLARE_FINAL_TYPE(TriTransport, tri_transport, TRI, TRANSPORT, GtkWidget)

/* Shows and steers the session's player. Once; borrowed, and outlives the bar. */
void tri_transport_watch(TriTransport *self, TriSession *session);

/* What the menu at the synth's end of the balance offers. Takes nothing. */
void tri_transport_set_instruments(TriTransport *self, GMenuModel *menu);

G_END_DECLS
