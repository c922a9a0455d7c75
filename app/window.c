/* The window puts the views of one session together; what it can do stands in its siblings: playback, places,
 * views, files. The action "state" mirrors the session for tests and scripts, gathered once per idle.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/session-notes.h"
#include "app/window-private.h"
#include "app/words_notes.h"

#include "widgets/overview-strip.h"

#include <glib/gi18n.h>

G_DEFINE_FINAL_TYPE(TriWindow, tri_window, ADW_TYPE_APPLICATION_WINDOW)

TriSession *tri_window_get_session(TriWindow *self) {
  return self->session;
}

gboolean tri_window_is_empty(TriWindow *self) {
  return !tri_session_get_path(self->session) && !tri_session_get_project(self->session)->media.n;
}

void tri_window_say(TriWindow *self, const char *sentence) {
  g_autofree char *markup = g_markup_escape_text(sentence, -1);
  AdwToast *toast = adw_toast_new(markup);
  adw_toast_set_timeout(toast, 6);
  adw_toast_overlay_add_toast(self->toasts, toast);
}

void tri_window_set_enabled(TriWindow *self, const char *action, gboolean enabled) {
  GAction *found = g_action_map_lookup_action(G_ACTION_MAP(self), action);
  if (G_IS_SIMPLE_ACTION(found)) g_simple_action_set_enabled(G_SIMPLE_ACTION(found), enabled);
}

gboolean tri_window_is_on(TriWindow *self, const char *action) {
  g_autoptr(GVariant) state = g_action_group_get_action_state(G_ACTION_GROUP(self), action);
  return state && g_variant_get_boolean(state);
}

/* ---- title ---- */

static void refresh_title(TriWindow *self) {
  const char *title = tri_session_get_title(self->session),
             *subtitle = tri_session_get_subtitle(self->session);
  gboolean empty = tri_window_is_empty(self);
  adw_window_title_set_title(self->title, empty ? "Triptych" : title);
  adw_window_title_set_subtitle(self->title, empty || !subtitle ? "" : subtitle);
  gtk_window_set_title(GTK_WINDOW(self), empty ? "Triptych" : title);
}

static void refresh_piece(TriWindow *self) {
  gboolean piece = !tri_window_is_empty(self);
  gtk_stack_set_visible_child_name(self->stack, piece ? "piece" : "welcome");
  gtk_revealer_set_reveal_child(self->overview_revealer, piece);
  gtk_widget_set_visible(GTK_WIDGET(self->transport), piece);
  gtk_widget_set_visible(self->pages_toggle, piece);
  tri_window_refresh_files(self);
  refresh_title(self);
  if (piece) gtk_widget_grab_focus(GTK_WIDGET(self->canvas));
}

/* ---- state for tests and scripts ---- */

static guint count_states(TriWindow *self, gboolean (*counts)(const TriPlace *place)) {
  guint n, found = 0;
  const TriPlace *places = tri_scene_get_places(tri_window_scene(self), &n);
  for (guint i = 0; i < n; i++) found += counts(&places[i]);
  return found;
}

static gboolean is_anchor(const TriPlace *place) {
  return place->anchor;
}

static gboolean is_checked(const TriPlace *place) {
  return place->state == TRI_CHECKED;
}

static void add_session_state(TriWindow *self, GVariantDict *dict) {
  gboolean score, sound;
  const char *path = tri_session_get_path(self->session);
  const Motion *motion = tri_scene_get_motion(tri_window_scene(self));
  g_object_get(self->session, "has-score", &score, "has-sound", &sound, NULL);
  g_variant_dict_insert(dict, "path", "s", path ? path : "");
  g_variant_dict_insert(dict, "has-score", "b", score);
  g_variant_dict_insert(dict, "has-sound", "b", sound);
  g_variant_dict_insert(dict, "pages", "i", tri_scene_get_n_pages(tri_window_scene(self)));
  g_variant_dict_insert(dict, "heard-notes", "u", motion ? (guint)motion->notes.n : 0u);
  const Motion *suggestion = tri_scene_get_suggestion(tri_window_scene(self));
  g_variant_dict_insert(dict, "made-up-notes", "u", suggestion ? (guint)suggestion->notes.n : 0u);
  g_variant_dict_insert(dict, "jobs", "u",
                        g_list_model_get_n_items(G_LIST_MODEL(tri_session_get_jobs(self->session))));
  g_variant_dict_insert(dict, "busy", "b", tri_jobs_get_active(tri_session_get_jobs(self->session)));
}

/* What the verbs of correcting are about, in words. */
static char *picked_note(TriWindow *self) {
  const ScoreNote *note = tri_session_get_note(self->session);
  return note ? words_note(note) : g_strdup("");
}

static void add_place_state(TriWindow *self, GVariantDict *dict) {
  guint n;
  const TriPlace *places = tri_scene_get_places(tri_window_scene(self), &n);
  int selected = tri_session_get_selected(self->session);
  gboolean known = selected >= 0 && (guint)selected < n;
  g_variant_dict_insert(dict, "places", "u", n);
  g_variant_dict_insert(dict, "anchors", "u", count_states(self, is_anchor));
  g_variant_dict_insert(dict, "checked", "u", count_states(self, is_checked));
  g_variant_dict_insert(dict, "to-check", "u",
                        g_list_model_get_n_items(tri_session_get_to_check(self->session)));
  g_variant_dict_insert(dict, "selected", "i", selected);
  g_variant_dict_insert(dict, "selected-quarter", "d", known ? places[selected].quarter : -1.0);
  g_variant_dict_insert(dict, "selected-time", "d", known ? places[selected].time_s : -1.0);
    g_autofree char *note = picked_note(self);
  g_variant_dict_insert(dict, "note", "s", note);
  g_variant_dict_insert(dict, "edits", "u", (guint)tri_session_get_project(self->session)->edits.n);
  g_variant_dict_insert(dict, "instrument", "s", tri_session_get_instrument(self->session));
  g_variant_dict_insert(dict, "learned-bars", "u", self->learned_bars);
  g_variant_dict_insert(dict, "report", "b", self->ear_report != NULL);
  g_variant_dict_insert(dict, "ear", "s", tri_session_get_ear(self->session));
  g_variant_dict_insert(dict, "playing", "b", tri_player_get_playing(tri_window_player(self)));
}

static GVariant *state(TriWindow *self) {
  GVariantDict dict;
  g_variant_dict_init(&dict, NULL);
  add_session_state(self, &dict);
  add_place_state(self, &dict);
  return g_variant_dict_end(&dict);
}

static gboolean publish(gpointer user) {
  TriWindow *self = user;
  self->publishing = 0;
  GAction *action = g_action_map_lookup_action(G_ACTION_MAP(self), "state");
  g_simple_action_set_state(G_SIMPLE_ACTION(action), state(self));
  return G_SOURCE_REMOVE;
}

static void changed(TriWindow *self) {
  if (!self->publishing) self->publishing = g_idle_add(publish, self);
}

static void watch_state(TriWindow *self, gpointer object, const char *const *signals) {
  for (; *signals; signals++)
    g_signal_connect_object(object, *signals, G_CALLBACK(changed), self, G_CONNECT_SWAPPED);
}

static void add_state(TriWindow *self) {
  static const char *const SCENE[] = {"pages-changed",
                                      "score-changed",
                                      "sound-changed",
                                      "motion-changed",
                                      "places-changed",
                                      "suggestion-changed",
                                      "notify::selected",
                                      "notify::picked",
                                      NULL};
  static const char *const NOTIFY[] = {"notify", NULL}, *const LIST[] = {"items-changed", "notify::active",
                                                                         NULL};
  static const char *const PLAYER[] = {"notify::playing", NULL};
  g_autoptr(GSimpleAction) action = g_simple_action_new_stateful("state", NULL, state(self));
  g_simple_action_set_enabled(action, FALSE);
  g_action_map_add_action(G_ACTION_MAP(self), G_ACTION(action));
  watch_state(self, tri_window_scene(self), SCENE);
  watch_state(self, self->session, NOTIFY);
  watch_state(self, tri_session_get_jobs(self->session), LIST);
  watch_state(self, tri_session_get_to_check(self->session), LIST);
  watch_state(self, tri_window_player(self), PLAYER);
}

/* ---- construction ---- */

static void notice(TriWindow *self, const char *sentence, gboolean bad) {
  tri_window_say(self, sentence);
  if (bad) gtk_widget_error_bell(GTK_WIDGET(self));
}

static void reveal(TriWindow *self, double time_s) {
  tri_timeline_show(tri_window_timeline(self), time_s);
}

static void watch_session(TriWindow *self) {
  static const char *const TITLE[] = {"notify::title", "notify::subtitle"};
  for (gsize i = 0; i < G_N_ELEMENTS(TITLE); i++)
    g_signal_connect_object(self->session, TITLE[i], G_CALLBACK(refresh_title), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->session, "notify::path", G_CALLBACK(refresh_piece), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->session, "notice", G_CALLBACK(notice), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->session, "reveal", G_CALLBACK(reveal), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(tri_window_scene(self), "places-changed", G_CALLBACK(tri_window_refresh_playback),
                          self, G_CONNECT_SWAPPED);
}

static void seek(TriWindow *self, double time_s) {
  g_signal_emit_by_name(self->canvas, "seek", time_s);
}

static void add_views(TriWindow *self) {
  TriTimeline *timeline = tri_window_timeline(self);
  GtkWidget *canvas = tri_canvas_new(timeline, tri_window_scene(self));
  self->canvas = TRI_CANVAS(canvas);
  gtk_overlay_set_child(self->canvas_overlay, canvas);
  GtkWidget *strip =
      tri_overview_strip_new(timeline, tri_window_scene(self), tri_canvas_get_tiles(self->canvas));
  g_signal_connect_object(strip, "seek", G_CALLBACK(seek), self, G_CONNECT_SWAPPED);
  adw_bin_set_child(self->overview_bin, strip);
}

static gboolean close_request(GtkWindow *window) {
  tri_window_keep_views(TRI_WINDOW(window));
  return GTK_WINDOW_CLASS(tri_window_parent_class)->close_request(window);
}

static void dispose(GObject *object) {
  TriWindow *self = TRI_WINDOW(object);
  g_clear_handle_id(&self->publishing, g_source_remove);
  g_clear_handle_id(&self->folding, g_source_remove);
  if (self->session) tri_player_pause(tri_window_player(self));
  G_OBJECT_CLASS(tri_window_parent_class)->dispose(object);
  g_clear_object(&self->session);
  g_clear_pointer(&self->ear_before, g_free);
  g_clear_object(&self->settings);
  g_clear_pointer(&self->recent_rows, g_ptr_array_unref);
}

static void bind_children(GtkWidgetClass *class) {
  gtk_widget_class_bind_template_child(class, TriWindow, title);
  gtk_widget_class_bind_template_child(class, TriWindow, recent_button);
  gtk_widget_class_bind_template_child(class, TriWindow, undo_button);
  gtk_widget_class_bind_template_child(class, TriWindow, redo_button);
  gtk_widget_class_bind_template_child(class, TriWindow, check_toggle);
  gtk_widget_class_bind_template_child(class, TriWindow, inspector_toggle);
  gtk_widget_class_bind_template_child(class, TriWindow, pages_toggle);
  gtk_widget_class_bind_template_child(class, TriWindow, recent_group);
  gtk_widget_class_bind_template_child(class, TriWindow, order_strip);
  gtk_widget_class_bind_template_child(class, TriWindow, order_chips);
  gtk_widget_class_bind_template_child(class, TriWindow, overview_revealer);
  gtk_widget_class_bind_template_child(class, TriWindow, overview_bin);
  gtk_widget_class_bind_template_child(class, TriWindow, toasts);
  gtk_widget_class_bind_template_child(class, TriWindow, stack);
  gtk_widget_class_bind_template_child(class, TriWindow, check_flap);
  gtk_widget_class_bind_template_child(class, TriWindow, inspector_flap);
  gtk_widget_class_bind_template_child(class, TriWindow, canvas_overlay);
  gtk_widget_class_bind_template_child(class, TriWindow, check_pane);
  gtk_widget_class_bind_template_child(class, TriWindow, inspector);
  gtk_widget_class_bind_template_child(class, TriWindow, transport);
  gtk_widget_class_bind_template_child(class, TriWindow, jobs_button);
  gtk_widget_class_bind_template_child(class, TriWindow, place_menu);
  gtk_widget_class_bind_template_child(class, TriWindow, ear_menu);
  gtk_widget_class_bind_template_child(class, TriWindow, suggestion_revealer);
}

static void tri_window_class_init(TriWindowClass *class) {
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
  G_OBJECT_CLASS(class)->dispose = dispose;
  GTK_WINDOW_CLASS(class)->close_request = close_request;
  g_type_ensure(TRI_TYPE_CHECK_PANE);
  g_type_ensure(TRI_TYPE_INSPECTOR);
  g_type_ensure(TRI_TYPE_JOBS_BUTTON);
  g_type_ensure(TRI_TYPE_TRANSPORT);
  gtk_widget_class_set_template_from_resource(widget_class, "/org/triptych/Triptych/ui/window.ui");
  bind_children(widget_class);
}

static void tri_window_init(TriWindow *self) {
  self->session = tri_session_new();
  self->settings = g_settings_new("org.triptych.Triptych");
  self->recent_rows = g_ptr_array_new();
  self->note = -1;
  gtk_widget_init_template(GTK_WIDGET(self));
  add_views(self);
  tri_window_add_playback(self);
  tri_window_add_places(self);
  tri_window_add_views(self);
  tri_window_add_files(self);
  tri_window_add_picture(self);
  tri_window_add_instrument(self);
  tri_window_add_order(self);
  tri_window_add_table(self);
  tri_window_add_ear(self);
  tri_window_add_notes(self);
  tri_window_add_suggest(self);
  tri_check_pane_watch(self->check_pane, self->session);
  tri_inspector_watch(self->inspector, self->session);
  tri_transport_watch(self->transport, self->session);
  tri_jobs_button_watch(self->jobs_button, tri_session_get_jobs(self->session));
  watch_session(self);
  add_state(self);
  tri_window_refresh_playback(self);
  tri_window_refresh_places(self);
  refresh_piece(self);
}

TriWindow *tri_window_new(GtkApplication *application) {
  return g_object_new(TRI_TYPE_WINDOW, "application", application, NULL);
}
