/* The note that is picked as it was read, and what can be done about it. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#pragma once

#include "app/session.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Shown only where something was read from pages. Its buttons are the window's actions; the chips are
 * second-best readings, taken by one click. */
#define TRI_TYPE_NOTE_PANE (tri_note_pane_get_type())
G_DECLARE_FINAL_TYPE(TriNotePane, tri_note_pane, TRI, NOTE_PANE, GtkWidget)

/* Once, with a session that outlives it. */
void tri_note_pane_watch(TriNotePane *pane, TriSession *session);

G_END_DECLS
