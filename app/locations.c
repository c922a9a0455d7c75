/* The uninstalled program lies in app/ of the build folder; its schema, translations and sample lie in
 * resources/ and po/ beside it. An installed one uses the folders fixed at build time.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/locations.h"

#include <glib/gi18n.h>
#include <locale.h>

static char *beside_executable(const char *relative) {
  g_autofree char *executable = g_file_read_link("/proc/self/exe", NULL);
  if (!executable) return NULL;
  g_autofree char *folder = g_path_get_dirname(executable);
  char *path = g_build_filename(folder, "..", relative, NULL);
  if (!g_file_test(path, G_FILE_TEST_EXISTS)) g_clear_pointer(&path, g_free);
  return path;
}

void tri_locations_init(void) {
  g_autofree char *schemas = beside_executable("resources/data/gschemas.compiled");
  if (schemas) {
    g_autofree char *folder = g_path_get_dirname(schemas);
    g_setenv("GSETTINGS_SCHEMA_DIR", folder, FALSE);
  }
  g_autofree char *translations = beside_executable("po");
  setlocale(LC_ALL, "");
  bindtextdomain(GETTEXT_PACKAGE, translations ? translations : TRIPTYCH_LOCALE_DIR);
  bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
  textdomain(GETTEXT_PACKAGE);
}

char *tri_locations_sample(void) {
  char *folder = beside_executable("resources/recording.ogg");
  if (!folder) folder = g_build_filename(TRIPTYCH_DATA_DIR, "sample", "recording.ogg", NULL);
  g_autofree char *recording = folder;
  return g_file_test(recording, G_FILE_TEST_EXISTS) ? g_path_get_dirname(recording) : NULL;
}
