/* The sample piece: shipped files, and the draft that a person made of them. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The draft made earlier, or null when there is none any more. New string. */
char *tri_sample_find_draft(void);

/* The draft to be opened next time. */
void tri_sample_remember_draft(const char *path);

/* Copies the sample's pages and recording into the person's data folder, where they stay when the program
 * moves, and names them; null and an error when it cannot. Free with g_strfreev. */
char **tri_sample_install(GError **error);

G_END_DECLS
