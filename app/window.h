/* The main window: one piece. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/session.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define TRI_TYPE_WINDOW (tri_window_get_type())
G_DECLARE_FINAL_TYPE(TriWindow, tri_window, TRI, WINDOW, AdwApplicationWindow)

/* A window with an empty session. Commands are its "win." actions; the read-only action "win.state" tells
 * tests and scripts what it holds (a{sv}, see window.c). */
TriWindow *tri_window_new(GtkApplication *application);

TriSession *tri_window_get_session(TriWindow *self); /* borrowed */
gboolean tri_window_is_empty(TriWindow *self);       /* no piece in it yet */

/* One project is opened in place of the present piece; anything else is added to the present one. */
void tri_window_open_files(TriWindow *self, GFile **files, gsize n);

/* The sample piece as a draft of the person's own; the same draft each time. */
void tri_window_open_sample(TriWindow *self);

G_END_DECLS
