/* The application's front door. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/application.h"
#include "app/locations.h"

int main(int argc, char **argv) {
  tri_locations_init();
  g_autoptr(TriApplication) application = tri_application_new();
  return g_application_run(G_APPLICATION(application), argc, argv);
}
