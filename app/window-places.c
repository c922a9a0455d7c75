/* Places: going about, verdicts, nudges, dragging. The session does the work and says why when it refuses.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/places.h"
#include "app/window-private.h"

#include <glib/gi18n.h>
#include <math.h>

static const double NUDGE_S = 0.010, FINE_NUDGE_S = 0.001;
static const double EXTRA_NEAR_S = 0.6;

static double playhead(TriWindow *self) {
  double position;
  g_object_get(tri_window_timeline(self), "position", &position, NULL);
  return position;
}

/* The session selected a place: every pane shows it. */
static void show_selected(TriWindow *self) {
  tri_canvas_go_to_place(self->canvas, tri_session_get_selected(self->session));
}

/* The heard note without a partner nearest to a moment, index into the motion; -1 none. */
static int extra_near(TriScene *scene, double time_s) {
  const Motion *motion = tri_scene_get_motion(scene);
  const guint8 *states = tri_scene_get_note_states(scene);
  int best = -1;
  for (gsize i = 0; motion && states && i < motion->notes.n; i++) {
    double off_s = fabs(motion->notes.items[i].onset_s - time_s);
    if (states[i] != TRI_EXTRA || off_s > EXTRA_NEAR_S) continue;
    if (best < 0 || off_s < fabs(motion->notes.items[best].onset_s - time_s)) best = (int)i;
  }
  return best;
}

static TriCheck *check_at(TriWindow *self, int place) {
  GListModel *list = tri_session_get_to_check(self->session);
  for (guint i = 0; i < g_list_model_get_n_items(list); i++) {
    g_autoptr(TriCheck) check = g_list_model_get_item(list, i);
    if (tri_check_get_place(check) == place) return g_steal_pointer(&check);
  }
  return NULL;
}

/* Where the doubt is about a note that is not in the score, that note is what a verdict is about. */
static void pick_extra(TriWindow *self) {
  guint n;
  int place = tri_session_get_selected(self->session);
  const TriPlace *places = tri_scene_get_places(tri_window_scene(self), &n);
  g_autoptr(TriCheck) check = check_at(self, place);
  if (!check || (guint)place >= n || tri_check_get_reason(check) != PLACES_NOT_WRITTEN) return;
  self->note = extra_near(tri_window_scene(self), places[place].time_s);
  tri_inspector_set_note(self->inspector, self->note);
  tri_window_refresh_places(self);
}

static void doubtful(TriWindow *self, int direction) {
  if (!tri_session_next_to_check(self->session, direction)) {
    tri_window_say(self, _("Nothing else stands out."));
    return;
  }
  show_selected(self);
  pick_extra(self);
  if (g_settings_get_boolean(self->settings, "hear-next")) tri_session_hear(self->session, -1);
}

static void next_doubtful(GSimpleAction *action, GVariant *parameter, gpointer user) {
  doubtful(user, 1);
}

static void previous_doubtful(GSimpleAction *action, GVariant *parameter, gpointer user) {
  doubtful(user, -1);
}

static void step_places(TriWindow *self, int places) {
  tri_session_next(self->session, places);
  show_selected(self);
}

static void next_place(GSimpleAction *action, GVariant *parameter, gpointer user) {
  step_places(user, 1);
}

static void previous_place(GSimpleAction *action, GVariant *parameter, gpointer user) {
  step_places(user, -1);
}

static void step_bars(TriWindow *self, int bars) {
  tri_session_next_bar(self->session, bars);
  show_selected(self);
}

static void next_bar(GSimpleAction *action, GVariant *parameter, gpointer user) {
  step_bars(user, 1);
}

static void previous_bar(GSimpleAction *action, GVariant *parameter, gpointer user) {
  step_bars(user, -1);
}

static void confirm(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_confirm(TRI_WINDOW(user)->session, -1);
}

static void anchor(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_anchor(TRI_WINDOW(user)->session, -1, playhead(user));
}

/* The selected place sounds now; the next tap is for the next place. */
static void tap(GSimpleAction *action, GVariant *parameter, gpointer user) {
  TriWindow *self = user;
  if (tri_session_anchor(self->session, -1, playhead(self))) tri_session_next(self->session, 1);
}

static void unpin(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_unpin(TRI_WINDOW(user)->session, -1);
}

static void not_played(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_not_played(TRI_WINDOW(user)->session, -1);
}

static void extra(GSimpleAction *action, GVariant *parameter, gpointer user) {
  TriWindow *self = user;
  const Motion *motion = tri_scene_get_motion(tri_window_scene(self));
  if (self->note < 0 || !motion || (gsize)self->note >= motion->notes.n) return;
  tri_session_extra(self->session, motion->notes.items[self->note].id);
}

/* The note picked last belongs to the selected place. */
static void ornament(GSimpleAction *action, GVariant *parameter, gpointer user) {
  TriWindow *self = user;
  const Motion *motion = tri_scene_get_motion(tri_window_scene(self));
  if (self->note < 0 || !motion || (gsize)self->note >= motion->notes.n) return;
  tri_session_ornament(self->session, motion->notes.items[self->note].id, -1);
}

static void nudge_later(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_nudge(TRI_WINDOW(user)->session, -1, NUDGE_S);
}

static void nudge_earlier(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_nudge(TRI_WINDOW(user)->session, -1, -NUDGE_S);
}

static void nudge_later_fine(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_nudge(TRI_WINDOW(user)->session, -1, FINE_NUDGE_S);
}

static void nudge_earlier_fine(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_nudge(TRI_WINDOW(user)->session, -1, -FINE_NUDGE_S);
}

static void hear_place(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_hear(TRI_WINDOW(user)->session, -1);
}

/* For tests and scripts: selects a place by its index. */
static void select_place(GSimpleAction *action, GVariant *parameter, gpointer user) {
  TriWindow *self = user;
  tri_session_select(self->session, g_variant_get_int32(parameter));
  show_selected(self);
}

/* For tests and scripts: the selected place sounds at this second. */
static void anchor_at(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_anchor(TRI_WINDOW(user)->session, -1, g_variant_get_double(parameter));
}

static void undo(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_undo(TRI_WINDOW(user)->session);
}

static void redo(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_redo(TRI_WINDOW(user)->session);
}

static void edit_lock_changed(GSimpleAction *action, GVariant *state, gpointer user) {
  g_simple_action_set_state(action, state);
  g_object_set(TRI_WINDOW(user)->canvas, "edit-lock", g_variant_get_boolean(state), NULL);
  tri_window_refresh_places(user);
}

static const GActionEntry MOVES[] = {
    {.name = "next-doubtful", .activate = next_doubtful},
    {.name = "previous-doubtful", .activate = previous_doubtful},
    {.name = "next-place", .activate = next_place},
    {.name = "previous-place", .activate = previous_place},
    {.name = "next-bar", .activate = next_bar},
    {.name = "previous-bar", .activate = previous_bar},
    {.name = "select-place", .parameter_type = "i", .activate = select_place},
};

static const GActionEntry VERDICTS[] = {
    {.name = "confirm", .activate = confirm},
    {.name = "anchor", .activate = anchor},
    {.name = "anchor-at", .parameter_type = "d", .activate = anchor_at},
    {.name = "tap", .activate = tap},
    {.name = "unpin", .activate = unpin},
    {.name = "not-played", .activate = not_played},
    {.name = "nudge-later", .activate = nudge_later},
    {.name = "nudge-earlier", .activate = nudge_earlier},
    {.name = "nudge-later-fine", .activate = nudge_later_fine},
    {.name = "nudge-earlier-fine", .activate = nudge_earlier_fine},
};

static const GActionEntry OTHERS[] = {
    {.name = "hear-place", .activate = hear_place},
    {.name = "extra", .activate = extra},
    {.name = "ornament", .activate = ornament},
    {.name = "undo", .activate = undo},
    {.name = "redo", .activate = redo},
    {.name = "edit-lock", .state = "false", .change_state = edit_lock_changed},
};

/* "Undo move of bar 2, beat 3" on the button as well as on its tooltip. */
static void name_button(GtkWidget *button, const char *format, const char *plain, const char *step) {
  g_autofree char *text = step ? g_strdup_printf(format, step) : g_strdup(plain);
  gtk_widget_set_tooltip_text(button, text);
  gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
}

static void refresh_undo(TriWindow *self) {
  gboolean can_undo, can_redo;
  g_object_get(self->session, "can-undo", &can_undo, "can-redo", &can_redo, NULL);
  tri_window_set_enabled(self, "undo", can_undo);
  tri_window_set_enabled(self, "redo", can_redo);
  name_button(self->undo_button, _("Undo: %s"), _("Undo"), tri_session_get_undo_name(self->session));
  name_button(self->redo_button, _("Redo: %s"), _("Redo"), tri_session_get_redo_name(self->session));
}

void tri_window_refresh_places(TriWindow *self) {
  guint n;
  tri_scene_get_places(tri_window_scene(self), &n);
  gboolean locked = tri_window_is_on(self, "edit-lock"),
           selected = tri_session_get_selected(self->session) >= 0;
  for (gsize i = 0; i < G_N_ELEMENTS(MOVES); i++) tri_window_set_enabled(self, MOVES[i].name, n > 0);
  for (gsize i = 0; i < G_N_ELEMENTS(VERDICTS); i++)
    tri_window_set_enabled(self, VERDICTS[i].name, n > 0 && selected && !locked);
  tri_window_set_enabled(self, "hear-place", n > 0 && selected);
  tri_window_set_enabled(self, "extra", self->note >= 0 && !locked);
  tri_window_set_enabled(self, "ornament", self->note >= 0 && !locked && tri_session_get_selected(self->session) >= 0);
  tri_window_set_enabled(self, "edit-lock", n > 0);
}

/* ---- pointer ---- */

static void place_activated(TriWindow *self, int place) {
  self->note = -1;
  tri_session_select(self->session, place);
  tri_inspector_set_note(self->inspector, -1);
  tri_window_refresh_places(self);
}

static void note_activated(TriWindow *self, guint note) {
  self->note = (int)note;
  tri_inspector_set_note(self->inspector, self->note);
  tri_window_refresh_places(self);
}

static void chosen(TriWindow *self, int place) {
  if (place < 0) return;
  tri_session_select(self->session, place);
  show_selected(self);
  pick_extra(self);
  if (g_settings_get_boolean(self->settings, "hear-next")) tri_session_hear(self->session, -1);
}

static void selection_changed(TriWindow *self) {
  self->note = -1;
  tri_window_refresh_places(self);
}

static gboolean alt_held(TriWindow *self) {
  GdkSeat *seat = gdk_display_get_default_seat(gtk_widget_get_display(GTK_WIDGET(self)));
  GdkDevice *keyboard = seat ? gdk_seat_get_keyboard(seat) : NULL;
  return keyboard && gdk_device_get_modifier_state(keyboard) & GDK_ALT_MASK;
}

static void drag_begun(TriWindow *self, int place) {
  tri_session_begin_drag(self->session, place);
  tri_window_set_enabled(self, "undo", FALSE);
  tri_window_set_enabled(self, "redo", FALSE);
}

static void dragged(TriWindow *self, int place, double time_s) {
  gboolean snap = g_settings_get_boolean(self->settings, "snap") && !alt_held(self);
  double shown = tri_session_drag_to(self->session, time_s, snap);
  if (g_settings_get_boolean(self->settings, "hear-drag")) tri_player_scrub(tri_window_player(self), shown);
}

static void dropped(TriWindow *self, int place, double time_s) {
  tri_session_drop(self->session);
  refresh_undo(self);
}

static void drag_cancelled(TriWindow *self, int place) {
  tri_session_cancel_drag(self->session);
  refresh_undo(self);
}

static void context_menu(TriWindow *self, double x, double y, double time_s, int place) {
  graphene_point_t at;
  if (place >= 0) tri_session_select(self->session, place);
  if (!gtk_widget_compute_point(GTK_WIDGET(self->canvas), GTK_WIDGET(self->canvas_overlay),
                                &GRAPHENE_POINT_INIT((float)x, (float)y), &at))
    return;
  gtk_popover_set_pointing_to(self->place_popover, &(GdkRectangle){(int)at.x, (int)at.y, 1, 1});
  gtk_popover_popup(self->place_popover);
}

static void add_context_menu(TriWindow *self) {
  self->place_popover = GTK_POPOVER(gtk_popover_menu_new_from_model(self->place_menu));
  gtk_popover_set_has_arrow(self->place_popover, FALSE);
  gtk_widget_set_halign(GTK_WIDGET(self->place_popover), GTK_ALIGN_START);
  gtk_accessible_update_property(GTK_ACCESSIBLE(self->place_popover), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                 _("Place"), -1);
  gtk_overlay_add_overlay(self->canvas_overlay, GTK_WIDGET(self->place_popover));
  g_signal_connect_object(self->canvas, "context-menu", G_CALLBACK(context_menu), self, G_CONNECT_SWAPPED);
}

static void watch_canvas(TriWindow *self) {
  g_signal_connect_object(self->canvas, "place-activated", G_CALLBACK(place_activated), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(self->canvas, "note-activated", G_CALLBACK(note_activated), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(self->canvas, "drag-begun", G_CALLBACK(drag_begun), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->canvas, "dragged", G_CALLBACK(dragged), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->canvas, "dropped", G_CALLBACK(dropped), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->canvas, "drag-cancelled", G_CALLBACK(drag_cancelled), self,
                          G_CONNECT_SWAPPED);
}

void tri_window_add_places(TriWindow *self) {
  GActionMap *map = G_ACTION_MAP(self);
  g_action_map_add_action_entries(map, MOVES, G_N_ELEMENTS(MOVES), self);
  g_action_map_add_action_entries(map, VERDICTS, G_N_ELEMENTS(VERDICTS), self);
  g_action_map_add_action_entries(map, OTHERS, G_N_ELEMENTS(OTHERS), self);
  watch_canvas(self);
  add_context_menu(self);
  g_signal_connect_object(self->check_pane, "chosen", G_CALLBACK(chosen), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(tri_window_scene(self), "notify::selected", G_CALLBACK(selection_changed), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(tri_window_scene(self), "places-changed", G_CALLBACK(tri_window_refresh_places),
                          self, G_CONNECT_SWAPPED);
  static const char *const UNDO[] = {"notify::can-undo", "notify::can-redo", "notify::undo-name",
                                     "notify::redo-name"};
  for (gsize i = 0; i < G_N_ELEMENTS(UNDO); i++)
    g_signal_connect_object(self->session, UNDO[i], G_CALLBACK(refresh_undo), self, G_CONNECT_SWAPPED);
  refresh_undo(self);
}
