/* Opens files in windows: with none the sample piece, a project alone in a window of its own, pages and a
 * recording together as one piece. Accelerators all carry a modifier, so that they never eat typing; the bare
 * letters belong to the canvas. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/application.h"

#include "app/window-preferences.h"
#include "app/window.h"

#include <glib/gi18n.h>

struct _TriApplication {
  AdwApplication parent;
  gint64 started_us; /* when main began; 0 unless the first frame is to be measured */
};

G_DEFINE_FINAL_TYPE(TriApplication, tri_application, ADW_TYPE_APPLICATION)

static const struct {
  const char *action;
  const char *keys[4];
} ACCELERATORS[] = {
    {"app.quit", {"<Control>q"}},
    {"app.preferences", {"<Control>comma"}},
    {"win.show-help-overlay", {"<Control>question", "<Control>F1"}},
    {"window.close", {"<Control>w"}},
    {"win.new", {"<Control>n"}},
    {"win.open", {"<Control>o"}},
    {"win.add", {"<Control><Shift>o"}},
    {"win.rename", {"F2"}},
    {"win.save-copy", {"<Control>s", "<Control><Shift>s"}},
    {"win.undo", {"<Control>z"}},
    {"win.redo", {"<Control><Shift>z", "<Control>y"}},
    {"win.play", {"<Control>space"}},
    {"win.hear-place", {"<Control>p"}},
    {"win.source-cycle", {"<Control>m"}},
    {"win.loop", {"<Control>l"}},
    {"win.loop-start", {"<Control>bracketleft"}},
    {"win.loop-end", {"<Control>bracketright"}},
    {"win.click", {"<Control>k"}},
    {"win.count-in", {"<Control><Shift>k"}},
    {"win.slower", {"<Control>Page_Down"}},
    {"win.faster", {"<Control>Page_Up"}},
    {"win.go-start", {"<Alt>Home"}},
    {"win.go-end", {"<Alt>End"}},
    {"win.next-doubtful", {"<Control>j"}},
    {"win.previous-doubtful", {"<Control><Shift>j"}},
        {"win.all-places", {"<Control><Shift>t"}},
    {"win.next-doubtful-bar", {"<Control>b"}},
    {"win.previous-doubtful-bar", {"<Control><Shift>b"}},
    {"win.next-place", {"<Alt>period"}},
    {"win.previous-place", {"<Alt>comma"}},
    {"win.next-bar", {"<Alt>Page_Down"}},
    {"win.previous-bar", {"<Alt>Page_Up"}},
    {"win.confirm", {"<Control>Return", "<Control>KP_Enter"}},
    {"win.anchor", {"<Control>d"}},
    {"win.tap", {"<Control>t"}},
    {"win.unpin", {"<Control><Shift>d"}},
    {"win.not-played", {"<Control><Shift>x"}},
    {"win.extra", {"<Control><Shift>e"}},
    {"win.ornament", {"<Control><Shift>r"}},
    {"win.nudge-later", {"<Alt>Right"}},
    {"win.nudge-earlier", {"<Alt>Left"}},
    {"win.nudge-later-fine", {"<Alt><Shift>Right"}},
    {"win.nudge-earlier-fine", {"<Alt><Shift>Left"}},
    {"win.continue-here", {"<Control>g"}},
    {"win.play-along", {"<Control><Shift>g"}},
    {"win.suggestion-keep", {"<Control><Alt>Return"}},
    {"win.suggestion-again", {"<Control><Alt>g"}},
    {"win.suggestion-dismiss", {"<Control><Alt>BackSpace"}},
    {"win.edit-lock", {"<Control><Shift>l"}},
    {"win.show-score", {"F5"}},
    {"win.show-audio", {"F6"}},
    {"win.show-notes", {"F7"}},
    {"win.pages", {"F8"}},
    {"win.sidebar", {"F9"}},
    {"win.inspector", {"<Shift>F9"}},
    {"win.fullscreen", {"F11"}},
    {"win.fit", {"<Control>9"}},
    {"win.zoom-in", {"<Control>plus", "<Control>equal", "<Control>KP_Add"}},
    {"win.zoom-out", {"<Control>minus", "<Control>KP_Subtract"}},
    {"win.zoom-reset", {"<Control>0", "<Control>KP_0"}},
};

static void about(GSimpleAction *action, GVariant *parameter, gpointer user) {
  static const char *DEVELOPERS[] = {"The Triptych authors", NULL};
  adw_show_about_window(gtk_application_get_active_window(user), "application-name", "Triptych",
                        "application-icon", "org.triptych.Triptych", "version", TRIPTYCH_VERSION,
                        "developer-name", _("The Triptych authors"), "developers", DEVELOPERS, "license-type",
                        GTK_LICENSE_GPL_3_0, "comments", _("Piano score, sound and motion side by side"),
                        "translator-credits", _("translator-credits"), NULL);
}

static void preferences(GSimpleAction *action, GVariant *parameter, gpointer user) {
  GtkWindow *window = gtk_application_get_active_window(user);
  gtk_window_present(GTK_WINDOW(tri_preferences_new(window)));
}

static void quit(GSimpleAction *action, GVariant *parameter, gpointer user) {
  GList *windows = g_list_copy(gtk_application_get_windows(user));
  for (GList *at = windows; at; at = at->next) gtk_window_close(at->data);
  g_list_free(windows);
  g_application_quit(user);
}

static const GActionEntry ACTIONS[] = {
    {.name = "about", .activate = about},
    {.name = "preferences", .activate = preferences},
    {.name = "quit", .activate = quit},
};

static void print_first_frame(GdkFrameClock *clock, gpointer user) {
  TriApplication *self = user;
  if (!self->started_us) return;
  g_print("first frame after %.3f s\n", (g_get_monotonic_time() - self->started_us) / 1e6);
  self->started_us = 0;
}

static TriWindow *new_window(TriApplication *self) {
  TriWindow *window = tri_window_new(GTK_APPLICATION(self));
  gtk_window_present(GTK_WINDOW(window));
  if (self->started_us) {
    GdkFrameClock *clock = gtk_widget_get_frame_clock(GTK_WIDGET(window));
    g_signal_connect_object(clock, "after-paint", G_CALLBACK(print_first_frame), self, 0);
  }
  return window;
}

/* A window that shows nothing yet, or a new one. */
static TriWindow *free_window(TriApplication *self) {
  for (GList *at = gtk_application_get_windows(GTK_APPLICATION(self)); at; at = at->next)
    if (TRI_IS_WINDOW(at->data) && tri_window_is_empty(at->data)) return at->data;
  return new_window(self);
}

static void activate(GApplication *application) {
  GtkWindow *window = gtk_application_get_active_window(GTK_APPLICATION(application));
  if (window)
    gtk_window_present(window);
  else
    tri_window_open_sample(new_window(TRI_APPLICATION(application)));
}

static void open(GApplication *application, GFile **files, int n, const char *hint) {
  TriWindow *window = free_window(TRI_APPLICATION(application));
  gtk_window_present(GTK_WINDOW(window));
  tri_window_open_files(window, files, n);
}

static void set_accelerators(GtkApplication *application) {
  for (gsize i = 0; i < G_N_ELEMENTS(ACCELERATORS); i++)
    gtk_application_set_accels_for_action(application, ACCELERATORS[i].action, ACCELERATORS[i].keys);
}

static void startup(GApplication *application) {
  G_APPLICATION_CLASS(tri_application_parent_class)->startup(application);
  gtk_window_set_default_icon_name("org.triptych.Triptych");
  g_action_map_add_action_entries(G_ACTION_MAP(application), ACTIONS, G_N_ELEMENTS(ACTIONS), application);
  set_accelerators(GTK_APPLICATION(application));
}

static int handle_local_options(GApplication *application, GVariantDict *options) {
  if (g_variant_dict_contains(options, "version")) {
    g_print("triptych %s\n", TRIPTYCH_VERSION);
    return 0;
  }
  if (g_variant_dict_contains(options, "measure-start"))
    TRI_APPLICATION(application)->started_us = g_get_monotonic_time();
  return -1;
}

static void tri_application_class_init(TriApplicationClass *class) {
  GApplicationClass *application_class = G_APPLICATION_CLASS(class);
  application_class->activate = activate;
  application_class->open = open;
  application_class->startup = startup;
  application_class->handle_local_options = handle_local_options;
}

static void tri_application_init(TriApplication *self) {
  static const GOptionEntry OPTIONS[] = {
      {"version", 'v', 0, G_OPTION_ARG_NONE, NULL, N_("Print the version and exit"), NULL},
      {"measure-start", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Print the time to the first frame"), NULL},
      {NULL},
  };
  g_application_add_main_option_entries(G_APPLICATION(self), OPTIONS);
  g_application_set_option_context_parameter_string(G_APPLICATION(self), _("[FILE…]"));
}

TriApplication *tri_application_new(void) {
  return g_object_new(TRI_TYPE_APPLICATION, "application-id", "org.triptych.Triptych", "resource-base-path",
                      "/org/triptych/Triptych", "flags", G_APPLICATION_HANDLES_OPEN, NULL);
}
