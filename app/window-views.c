/* Which panes stand, how the time axis is zoomed, and how the window looked last time.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/bars.h"
#include "app/window-private.h"

#include <math.h>

enum { BARS_IN_VIEW = 4 };
static const double PLAIN_SCALE = 90;   /* px/s where there are no bars */
static const double PAGES_SHARE = 0.68; /* of the canvas' height */

static void zoom_in(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_canvas_zoom(TRI_WINDOW(user)->canvas, G_SQRT2);
}

static void zoom_out(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_canvas_zoom(TRI_WINDOW(user)->canvas, 1 / G_SQRT2);
}

/* A few bars fill the width, beginning with the one at the left edge. */
static void zoom_reset(GSimpleAction *action, GVariant *parameter, gpointer user) {
  TriWindow *self = user;
  TriTimeline *timeline = tri_window_timeline(self);
  int step = tri_bars_at(tri_window_scene(self), tri_timeline_time(timeline, 1));
  double from = tri_bars_start_s(tri_window_scene(self), step);
  double to = tri_bars_start_s(tri_window_scene(self),
                               MIN(step + BARS_IN_VIEW, tri_bars_count(tri_window_scene(self))));
  if (step >= 0 && to > from)
    tri_timeline_fit(timeline, MAX(from, 0), to);
  else
    g_object_set(timeline, "scale", PLAIN_SCALE, NULL);
}

static void fit(GSimpleAction *action, GVariant *parameter, gpointer user) {
  double duration;
  g_object_get(tri_window_timeline(user), "duration", &duration, NULL);
  if (duration > 0) tri_timeline_fit(tri_window_timeline(user), 0, duration);
}

static void spectrogram_changed(GSimpleAction *action, GVariant *state, gpointer user) {
  g_settings_set_double(TRI_WINDOW(user)->settings, "spectrogram-mix", g_variant_get_boolean(state) ? 1 : 0);
}

static void show_spectrogram(TriWindow *self) {
  double mix = g_settings_get_double(self->settings, "spectrogram-mix");
  GAction *action = g_action_map_lookup_action(G_ACTION_MAP(self), "spectrogram");
  g_simple_action_set_state(G_SIMPLE_ACTION(action), g_variant_new_boolean(mix > 0));
}

static const GActionEntry ACTIONS[] = {
    {.name = "zoom-in", .activate = zoom_in},
    {.name = "zoom-out", .activate = zoom_out},
    {.name = "zoom-reset", .activate = zoom_reset},
    {.name = "fit", .activate = fit},
    {.name = "spectrogram", .state = "false", .change_state = spectrogram_changed},
};

static void add_property_action(TriWindow *self, const char *name, gpointer object, const char *property) {
  g_autoptr(GPropertyAction) action = g_property_action_new(name, object, property);
  g_action_map_add_action(G_ACTION_MAP(self), G_ACTION(action));
}

/* An action, a key of the settings and a property of the canvas are one. */
static void add_setting(TriWindow *self, const char *key) {
  g_autoptr(GAction) action = g_settings_create_action(self->settings, key);
  g_action_map_add_action(G_ACTION_MAP(self), action);
  g_settings_bind(self->settings, key, self->canvas, key, G_SETTINGS_BIND_DEFAULT);
}

static void follow_changed(TriWindow *self) {
  g_object_set(tri_window_timeline(self), "follow", g_settings_get_enum(self->settings, "follow"), NULL);
}

/* Pages want more room than the ribbon; its height comes back with it. */
static void pages_changed(TriWindow *self) {
  gboolean pages;
  int height = gtk_widget_get_height(GTK_WIDGET(self->canvas));
  g_object_get(self->canvas, "pages", &pages, NULL);
  if (pages) g_object_get(self->canvas, "score-height", &self->ribbon_height, NULL);
  g_object_set(self->canvas, "score-height", pages ? (int)(PAGES_SHARE * height) : self->ribbon_height, NULL);
}

/* The header's toggles stand while there is no room for the panes. Told from within an allocation, so that
 * the header may change only afterwards. */
static gboolean show_toggles(gpointer user) {
  TriWindow *self = user;
  self->folding = 0;
  gtk_widget_set_visible(self->check_toggle, adw_flap_get_folded(self->check_flap));
  gtk_widget_set_visible(self->inspector_toggle, adw_flap_get_folded(self->inspector_flap));
  return G_SOURCE_REMOVE;
}

static void folded_changed(TriWindow *self) {
  if (!self->folding) self->folding = g_idle_add(show_toggles, self);
}

static void add_side_panes(TriWindow *self) {
  add_property_action(self, "sidebar", self->check_flap, "reveal-flap");
  add_property_action(self, "inspector", self->inspector_flap, "reveal-flap");
  g_signal_connect_object(self->check_flap, "notify::folded", G_CALLBACK(folded_changed), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(self->inspector_flap, "notify::folded", G_CALLBACK(folded_changed), self,
                          G_CONNECT_SWAPPED);
}

static void restore_size(TriWindow *self) {
  gtk_window_set_default_size(GTK_WINDOW(self), g_settings_get_int(self->settings, "window-width"),
                              g_settings_get_int(self->settings, "window-height"));
  if (g_settings_get_boolean(self->settings, "window-maximized")) gtk_window_maximize(GTK_WINDOW(self));
}

void tri_window_keep_views(TriWindow *self) {
  int width, height;
  g_object_set(self->canvas, "pages", FALSE, NULL);
  gtk_window_get_default_size(GTK_WINDOW(self), &width, &height);
  gboolean maximized = gtk_window_is_maximized(GTK_WINDOW(self));
  g_settings_set_boolean(self->settings, "window-maximized", maximized);
  if (maximized || gtk_window_is_fullscreen(GTK_WINDOW(self))) return;
  g_settings_set_int(self->settings, "window-width", MAX(width, 360));
  g_settings_set_int(self->settings, "window-height", MAX(height, 300));
}

void tri_window_add_views(TriWindow *self) {
  static const char *const KEYS[] = {"show-score", "show-audio", "show-notes"};
  g_action_map_add_action_entries(G_ACTION_MAP(self), ACTIONS, G_N_ELEMENTS(ACTIONS), self);
  for (gsize i = 0; i < G_N_ELEMENTS(KEYS); i++) add_setting(self, KEYS[i]);
  g_settings_bind(self->settings, "score-height", self->canvas, "score-height", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind(self->settings, "audio-height", self->canvas, "audio-height", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind(self->settings, "spectrogram-mix", self->canvas, "spectrogram-mix",
                  G_SETTINGS_BIND_DEFAULT);
  g_autoptr(GAction) follow = g_settings_create_action(self->settings, "follow");
  g_action_map_add_action(G_ACTION_MAP(self), follow);
  add_property_action(self, "pages", self->canvas, "pages");
  g_signal_connect_object(self->canvas, "notify::pages", G_CALLBACK(pages_changed), self, G_CONNECT_SWAPPED);
  add_property_action(self, "fullscreen", self, "fullscreened");
  add_side_panes(self);
  g_signal_connect_object(self->settings, "changed::follow", G_CALLBACK(follow_changed), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(self->settings, "changed::spectrogram-mix", G_CALLBACK(show_spectrogram), self,
                          G_CONNECT_SWAPPED);
  follow_changed(self);
  show_spectrogram(self);
  restore_size(self);
}
