/* The list "To check" at the left of the window. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/session.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define TRI_TYPE_CHECK_PANE (tri_check_pane_get_type())
G_DECLARE_FINAL_TYPE(TriCheckPane, tri_check_pane, TRI, CHECK_PANE, GtkWidget)

/* Shows the session's places to check; a row chosen emits "chosen" (int place). Once; borrowed, and outlives
 * the pane. */
void tri_check_pane_watch(TriCheckPane *self, TriSession *session);

/* The icon and the style class that stand for a state, static. */
const char *tri_state_icon(TriState state);
const char *tri_state_style(TriState state);

G_END_DECLS
