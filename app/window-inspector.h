/* The right-hand pane: the selected place or heard note, and what can be said of it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/session.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define TRI_TYPE_INSPECTOR (tri_inspector_get_type())
G_DECLARE_FINAL_TYPE(TriInspector, tri_inspector, TRI, INSPECTOR, GtkWidget)

/* Follows the scene's selected place. Once; borrowed, and outlives the pane. */
void tri_inspector_watch(TriInspector *self, TriSession *session);

/* Shows a heard note (index into the scene's motion) instead of a place; -1 goes back to the place. */
void tri_inspector_set_note(TriInspector *self, int note);

/* Seconds of "1:02.345", "62,345" or "62.3"; NaN when it is no time. */
double tri_inspector_parse_time(const char *text);

G_END_DECLS
