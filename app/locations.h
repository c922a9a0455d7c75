/* Where the program finds what it brought along. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Looks beside the executable first (the build folder), then where it was installed. Points GSettings at the
 * schema of the build folder and gettext at its translations. Before any other GLib or GTK call that needs
 * them; main thread, once. */
void tri_locations_init(void);

/* Folder of the sample piece, or null when it is nowhere. New string. */
char *tri_locations_sample(void);

G_END_DECLS
