/* Playback: the player's clock drives the playhead once a frame while it plays; loops are kept on the time
 * axis and snap to bars. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/bars.h"
#include "app/window-private.h"

#include <math.h>

enum { SPEED_STEP_PERCENT = 5 };

static double position(TriWindow *self) {
  double position_s;
  g_object_get(tri_window_timeline(self), "position", &position_s, NULL);
  return position_s;
}

static void go_to(TriWindow *self, double time_s) {
  time_s = MAX(time_s, 0);
  tri_player_seek(tri_window_player(self), time_s);
  g_object_set(tri_window_timeline(self), "position", time_s, NULL);
}

static gboolean each_frame(GtkWidget *widget, GdkFrameClock *clock, gpointer user) {
  TriWindow *self = TRI_WINDOW(widget);
  tri_timeline_advance(tri_window_timeline(self), tri_player_get_position(tri_window_player(self)));
  return G_SOURCE_CONTINUE;
}

static void playing_changed(TriWindow *self) {
  gboolean playing = tri_player_get_playing(tri_window_player(self));
  if (playing && !self->tick)
    self->tick = gtk_widget_add_tick_callback(GTK_WIDGET(self), each_frame, NULL, NULL);
  if (playing || !self->tick) return;
  gtk_widget_remove_tick_callback(GTK_WIDGET(self), self->tick);
  self->tick = 0;
  g_object_set(tri_window_timeline(self), "position", tri_player_get_position(tri_window_player(self)), NULL);
}

static void play(GSimpleAction *action, GVariant *parameter, gpointer user) {
  TriWindow *self = user;
  if (!tri_player_get_playing(tri_window_player(self)))
    g_object_set(tri_window_timeline(self), "follow", g_settings_get_enum(self->settings, "follow"), NULL);
  tri_player_toggle(tri_window_player(self));
}

static void go_start(GSimpleAction *action, GVariant *parameter, gpointer user) {
  go_to(user, 0);
  tri_timeline_show(tri_window_timeline(user), 0);
}

static void go_end(GSimpleAction *action, GVariant *parameter, gpointer user) {
  double duration;
  g_object_get(tri_window_timeline(user), "duration", &duration, NULL);
  go_to(user, duration);
  tri_timeline_show(tri_window_timeline(user), duration);
}

static void set_percent(TriWindow *self, double percent) {
  g_object_set(tri_window_player(self), "speed", CLAMP(percent, 25, 200) / 100, NULL);
}

static void slower(GSimpleAction *action, GVariant *parameter, gpointer user) {
  set_percent(user, 100 * tri_player_get_speed(tri_window_player(user)) - SPEED_STEP_PERCENT);
}

static void faster(GSimpleAction *action, GVariant *parameter, gpointer user) {
  set_percent(user, 100 * tri_player_get_speed(tri_window_player(user)) + SPEED_STEP_PERCENT);
}

/* Recording → both → synth → recording. */
static void source_cycle(GSimpleAction *action, GVariant *parameter, gpointer user) {
  double mix;
  g_object_get(tri_window_player(user), "mix", &mix, NULL);
  g_object_set(tri_window_player(user), "mix", mix < 0.25 ? 0.5 : mix < 0.75 ? 1.0 : 0.0, NULL);
}

/* ---- loop ---- */

static void set_loop(TriWindow *self, double from, double to) {
  g_object_set(tri_window_timeline(self), "loop-start", from, "loop-end", to, NULL);
}

/* The bar at the selected place or the playhead, else the visible stretch. */
static void usual_loop(TriWindow *self, double *from, double *to) {
  guint n;
  const TriPlace *places = tri_scene_get_places(tri_window_scene(self), &n);
  int selected = tri_session_get_selected(self->session);
  double at = selected >= 0 && (guint)selected < n ? places[selected].time_s : position(self);
  int step = tri_bars_at(tri_window_scene(self), at + 0.005);
  *from = MAX(tri_bars_start_s(tri_window_scene(self), step), 0);
  *to = tri_bars_start_s(tri_window_scene(self), step + 1);
  if (step >= 0 && *to > *from) return;
  int width;
  g_object_get(tri_window_timeline(self), "width", &width, NULL);
  *from = MAX(tri_timeline_time(tri_window_timeline(self), 0), 0);
  *to = tri_timeline_time(tri_window_timeline(self), width);
}

static void loop_changed(GSimpleAction *action, GVariant *state, gpointer user) {
  TriWindow *self = user;
  gboolean on = g_variant_get_boolean(state);
  if (on && self->loop_to <= self->loop_from) usual_loop(self, &self->loop_from, &self->loop_to);
  set_loop(self, on ? self->loop_from : 0, on ? self->loop_to : 0);
  if (!on) self->loop_from = self->loop_to = 0;
}

/* The time axis has another loop: the player follows, the action shows it. */
static void loop_moved(TriWindow *self) {
  double from, to;
  g_object_get(tri_window_timeline(self), "loop-start", &from, "loop-end", &to, NULL);
  g_object_set(tri_window_player(self), "loop-start", from, "loop-end", to, NULL);
  if (to > from) self->loop_from = from, self->loop_to = to;
  GAction *action = g_action_map_lookup_action(G_ACTION_MAP(self), "loop");
  g_simple_action_set_state(G_SIMPLE_ACTION(action), g_variant_new_boolean(to > from));
}

/* The bar line nearest to `time_s`, or `time_s` itself without bars. */
static double bar_line_near(TriWindow *self, double time_s) {
  TriScene *scene = tri_window_scene(self);
  int step = tri_bars_at(scene, time_s);
  double before = tri_bars_start_s(scene, step), after = tri_bars_start_s(scene, step + 1);
  if (step < 0 || isnan(before)) return time_s;
  return MAX(isnan(after) || time_s - before < after - time_s ? before : after, 0);
}

static void loop_start(GSimpleAction *action, GVariant *parameter, gpointer user) {
  double from = bar_line_near(user, position(user)), to, duration;
  g_object_get(tri_window_timeline(user), "loop-end", &to, "duration", &duration, NULL);
  set_loop(user, from, to > from ? to : duration);
}

static void loop_end(GSimpleAction *action, GVariant *parameter, gpointer user) {
  double from, to = bar_line_near(user, position(user));
  g_object_get(tri_window_timeline(user), "loop-start", &from, NULL);
  set_loop(user, from < to ? from : 0, to);
}

/* ---- click and count-in ---- */

static void click_changed(GSimpleAction *action, GVariant *state, gpointer user) {
  g_simple_action_set_state(action, state);
  g_object_set(tri_window_player(user), "click", g_variant_get_boolean(state), NULL);
}

static void refresh_count_in(TriWindow *self) {
  gboolean on = tri_window_is_on(self, "count-in");
  int beats = on ? g_settings_get_int(self->settings, "count-in-beats") : 0;
  g_object_set(tri_window_player(self), "count-in", beats, NULL);
}

static void count_in_changed(GSimpleAction *action, GVariant *state, gpointer user) {
  g_simple_action_set_state(action, state);
  refresh_count_in(user);
}

static const GActionEntry ACTIONS[] = {
    {.name = "play", .activate = play},
    {.name = "go-start", .activate = go_start},
    {.name = "go-end", .activate = go_end},
    {.name = "slower", .activate = slower},
    {.name = "faster", .activate = faster},
    {.name = "source-cycle", .activate = source_cycle},
    {.name = "loop", .state = "false", .change_state = loop_changed},
    {.name = "loop-start", .activate = loop_start},
    {.name = "loop-end", .activate = loop_end},
    {.name = "click", .state = "false", .change_state = click_changed},
    {.name = "count-in", .state = "false", .change_state = count_in_changed},
};

void tri_window_refresh_playback(TriWindow *self) {
  gboolean sounds = tri_player_get_duration(tri_window_player(self)) > 0;
  guint n;
  tri_scene_get_places(tri_window_scene(self), &n);
  for (gsize i = 0; i < G_N_ELEMENTS(ACTIONS); i++) tri_window_set_enabled(self, ACTIONS[i].name, sounds);
  tri_window_set_enabled(self, "click", sounds && n > 1);
  tri_window_set_enabled(self, "count-in", sounds && n > 1);
}

void tri_window_add_playback(TriWindow *self) {
  TriPlayer *player = tri_window_player(self);
  TriTimeline *timeline = tri_window_timeline(self);
  g_action_map_add_action_entries(G_ACTION_MAP(self), ACTIONS, G_N_ELEMENTS(ACTIONS), self);
  g_settings_bind(self->settings, "click-volume", player, "click-gain", G_SETTINGS_BIND_GET);
  g_signal_connect_object(self->settings, "changed::count-in-beats", G_CALLBACK(refresh_count_in), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(player, "notify::playing", G_CALLBACK(playing_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(player, "notify::duration", G_CALLBACK(tri_window_refresh_playback), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(timeline, "notify::loop-start", G_CALLBACK(loop_moved), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(timeline, "notify::loop-end", G_CALLBACK(loop_moved), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->canvas, "seek", G_CALLBACK(go_to), self, G_CONNECT_SWAPPED);
}
