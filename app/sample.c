/* The draft's path is kept in a file beside the copies, not in the settings, so that it shares their fate.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/sample.h"

#include "app/locations.h"

#include <gio/gio.h>
#include <glib/gi18n.h>

static const char *const FILES[] = {"page-1.png", "page-2.png", "recording.ogg"};

static char *in_data_folder(const char *name) {
  return g_build_filename(g_get_user_data_dir(), "triptych", "sample", name, NULL);
}

char *tri_sample_find_draft(void) {
  g_autofree char *note = in_data_folder("draft");
  char *path = NULL;
  if (!g_file_get_contents(note, &path, NULL, NULL)) return NULL;
  g_strchomp(path);
  if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) g_clear_pointer(&path, g_free);
  return path;
}

void tri_sample_remember_draft(const char *path) {
  g_autofree char *note = in_data_folder("draft");
  g_autoptr(GError) error = NULL;
  if (!g_file_set_contents(note, path, -1, &error)) g_warning("%s", error->message);
}

static gboolean copy(const char *from_folder, const char *to, const char *name, GError **error) {
  g_autofree char *from = g_build_filename(from_folder, name, NULL);
  g_autoptr(GFile) source = g_file_new_for_path(from);
  g_autoptr(GFile) target = g_file_new_for_path(to);
  return g_file_copy(source, target, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, error);
}

char **tri_sample_install(GError **error) {
  g_autofree char *shipped = tri_locations_sample(), *folder = in_data_folder(NULL);
  g_auto(GStrv) paths = g_new0(char *, G_N_ELEMENTS(FILES) + 1);
  if (!shipped) {
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, _("The sample piece is not installed."));
    return NULL;
  }
  g_mkdir_with_parents(folder, 0755);
  for (gsize i = 0; i < G_N_ELEMENTS(FILES); i++) {
    paths[i] = in_data_folder(FILES[i]);
    if (!copy(shipped, paths[i], FILES[i], error)) return NULL;
  }
  return g_steal_pointer(&paths);
}
