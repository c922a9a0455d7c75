/* Preferences, each a GSettings key. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define TRI_TYPE_PREFERENCES (tri_preferences_get_type())
G_DECLARE_FINAL_TYPE(TriPreferences, tri_preferences, TRI, PREFERENCES, AdwPreferencesWindow)

/* A window over `parent` (null allowed), which names the sound device when it is the main window. */
GtkWidget *tri_preferences_new(GtkWindow *parent);

G_END_DECLS
