/* Buttons are the window's actions; speed and mix are bound to the player; time and bar follow the playhead.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/window-transport.h"

#include "app/bars.h"
#include "widgets/time-ruler.h"

#include <glib/gi18n.h>

struct _TriTransport {
  GtkWidget parent;
  GtkWidget *bar;
  GtkButton *play_button, *loop_button;
  GtkLabel *time_label, *bar_label, *recording_label;
  GtkMenuButton *instrument_button, *narrow_instrument_button;
  GtkSpinButton *speed_spin;
  GtkScale *mix_scale;
  GtkAdjustment *speed_adjustment, *mix_adjustment;
  TriSession *session; /* borrowed */
};

G_DEFINE_FINAL_TYPE(TriTransport, tri_transport, GTK_TYPE_WIDGET)

static void set_accessible_label(gpointer widget, const char *label) {
  gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

static void refresh_playing(TriTransport *self) {
  gboolean playing = tri_player_get_playing(tri_session_get_player(self->session));
  const char *verb = playing ? _("Pause") : _("Play");
  gtk_button_set_icon_name(self->play_button,
                           playing ? "media-playback-pause-symbolic" : "media-playback-start-symbolic");
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->play_button), verb);
  set_accessible_label(self->play_button, verb);
}

static void set_label(GtkLabel *label, const char *text) {
  if (g_strcmp0(gtk_label_get_label(label), text)) gtk_label_set_label(label, text);
}

static void refresh_position(TriTransport *self) {
  double position;
  g_object_get(tri_session_get_timeline(self->session), "position", &position, NULL);
  g_autofree char *time = tri_time_text(position, 2);
  g_autofree char *bar = tri_session_describe_time(self->session, position);
  set_label(self->time_label, time);
  set_label(self->bar_label, bar ? bar : "");
}

/* "Loop 2–3" while a loop is set. */
static char *loop_text(TriTransport *self) {
  double from, to;
  TriScene *scene = tri_session_get_scene(self->session);
  g_object_get(tri_session_get_timeline(self->session), "loop-start", &from, "loop-end", &to, NULL);
  g_autofree char *first = NULL, *last = NULL;
  if (to > from) {
    first = tri_bars_number(scene, tri_bars_at(scene, from + 0.02));
    last = tri_bars_number(scene, tri_bars_at(scene, to - 0.02));
  }
  if (!first || !last) return g_strdup(_("Loop"));
  if (!g_strcmp0(first, last)) return g_strdup_printf(_("Loop %s"), first);
  return g_strdup_printf(_("Loop %s–%s"), first, last);
}

static void refresh_loop(TriTransport *self) {
  g_autofree char *text = loop_text(self);
  gtk_button_set_label(self->loop_button, text);
  set_accessible_label(self->loop_button, text);
}

static gboolean speed_to_percent(GBinding *binding, const GValue *from, GValue *to, gpointer user) {
  g_value_set_double(to, 100 * g_value_get_double(from));
  return TRUE;
}

static gboolean percent_to_speed(GBinding *binding, const GValue *from, GValue *to, gpointer user) {
  g_value_set_double(to, g_value_get_double(from) / 100);
  return TRUE;
}

static void speed_reset(GtkGestureClick *gesture, int n, double x, double y, TriTransport *self) {
  if (n == 2) gtk_adjustment_set_value(self->speed_adjustment, 100);
}

static void watch_speed_reset(TriTransport *self) {
  GtkGesture *gesture = gtk_gesture_click_new();
  gtk_event_controller_set_propagation_phase(GTK_EVENT_CONTROLLER(gesture), GTK_PHASE_CAPTURE);
  g_signal_connect(gesture, "pressed", G_CALLBACK(speed_reset), self);
  gtk_widget_add_controller(GTK_WIDGET(self->speed_spin), GTK_EVENT_CONTROLLER(gesture));
}

void tri_transport_watch(TriTransport *self, TriSession *session) {
  TriPlayer *player = tri_session_get_player(session);
  TriTimeline *timeline = tri_session_get_timeline(session);
  GBindingFlags both = G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL;
  self->session = session;
  g_object_bind_property_full(player, "speed", self->speed_adjustment, "value", both, speed_to_percent,
                              percent_to_speed, NULL, NULL);
  g_object_bind_property(player, "mix", self->mix_adjustment, "value", both);
  g_signal_connect_object(player, "notify::playing", G_CALLBACK(refresh_playing), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(timeline, "notify::position", G_CALLBACK(refresh_position), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(timeline, "notify::loop-start", G_CALLBACK(refresh_loop), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(timeline, "notify::loop-end", G_CALLBACK(refresh_loop), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(tri_session_get_scene(session), "places-changed", G_CALLBACK(refresh_position),
                          self, G_CONNECT_SWAPPED);
  refresh_playing(self);
  refresh_position(self);
  refresh_loop(self);
}

void tri_transport_set_instruments(TriTransport *self, GMenuModel *menu) {
  gtk_menu_button_set_menu_model(self->instrument_button, menu);
  gtk_menu_button_set_menu_model(self->narrow_instrument_button, menu);
}

static void dispose(GObject *object) {
  g_clear_pointer(&TRI_TRANSPORT(object)->bar, gtk_widget_unparent);
  G_OBJECT_CLASS(tri_transport_parent_class)->dispose(object);
}

static void bind_children(GtkWidgetClass *class) {
  gtk_widget_class_bind_template_child(class, TriTransport, bar);
  gtk_widget_class_bind_template_child(class, TriTransport, play_button);
  gtk_widget_class_bind_template_child(class, TriTransport, loop_button);
  gtk_widget_class_bind_template_child(class, TriTransport, time_label);
  gtk_widget_class_bind_template_child(class, TriTransport, bar_label);
  gtk_widget_class_bind_template_child(class, TriTransport, recording_label);
  gtk_widget_class_bind_template_child(class, TriTransport, instrument_button);
  gtk_widget_class_bind_template_child(class, TriTransport, narrow_instrument_button);
  gtk_widget_class_bind_template_child(class, TriTransport, speed_spin);
  gtk_widget_class_bind_template_child(class, TriTransport, mix_scale);
  gtk_widget_class_bind_template_child(class, TriTransport, speed_adjustment);
  gtk_widget_class_bind_template_child(class, TriTransport, mix_adjustment);
}

static void tri_transport_class_init(TriTransportClass *class) {
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
  G_OBJECT_CLASS(class)->dispose = dispose;
  gtk_widget_class_set_template_from_resource(widget_class, "/org/triptych/Triptych/ui/transport.ui");
  gtk_widget_class_set_layout_manager_type(widget_class, GTK_TYPE_BIN_LAYOUT);
  bind_children(widget_class);
}

static void tri_transport_init(TriTransport *self) {
  gtk_widget_init_template(GTK_WIDGET(self));
  gtk_scale_add_mark(self->mix_scale, 0.5, GTK_POS_BOTTOM, NULL);
  watch_speed_reset(self);
}
