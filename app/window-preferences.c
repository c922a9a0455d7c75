/* Every control is bound to its key; whoever needs a value watches the settings. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "app/window-preferences.h"

#include "app/window.h"

#include <glib/gi18n.h>

struct _TriPreferences {
  AdwPreferencesWindow parent;
  GSettings *settings;
  GtkSwitch *snap_switch, *hear_drag_switch, *hear_next_switch;
  GtkSpinButton *count_in_spin;
  GtkScale *click_scale, *spectrogram_scale;
  AdwActionRow *output_row;
};

G_DEFINE_FINAL_TYPE(TriPreferences, tri_preferences, ADW_TYPE_PREFERENCES_WINDOW)

static void bind(TriPreferences *self, const char *key, gpointer object, const char *property) {
  g_settings_bind(self->settings, key, object, property, G_SETTINGS_BIND_DEFAULT);
}

static void dispose(GObject *object) {
  g_clear_object(&TRI_PREFERENCES(object)->settings);
  G_OBJECT_CLASS(tri_preferences_parent_class)->dispose(object);
}

static void tri_preferences_class_init(TriPreferencesClass *class) {
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
  G_OBJECT_CLASS(class)->dispose = dispose;
  gtk_widget_class_set_template_from_resource(widget_class, "/org/triptych/Triptych/ui/preferences.ui");
  gtk_widget_class_bind_template_child(widget_class, TriPreferences, snap_switch);
  gtk_widget_class_bind_template_child(widget_class, TriPreferences, hear_drag_switch);
  gtk_widget_class_bind_template_child(widget_class, TriPreferences, hear_next_switch);
  gtk_widget_class_bind_template_child(widget_class, TriPreferences, count_in_spin);
  gtk_widget_class_bind_template_child(widget_class, TriPreferences, click_scale);
  gtk_widget_class_bind_template_child(widget_class, TriPreferences, spectrogram_scale);
  gtk_widget_class_bind_template_child(widget_class, TriPreferences, output_row);
}

static void tri_preferences_init(TriPreferences *self) {
  gtk_widget_init_template(GTK_WIDGET(self));
  self->settings = g_settings_new("org.triptych.Triptych");
  bind(self, "snap", self->snap_switch, "active");
  bind(self, "hear-drag", self->hear_drag_switch, "active");
  bind(self, "hear-next", self->hear_next_switch, "active");
  bind(self, "count-in-beats", self->count_in_spin, "value");
  bind(self, "click-volume", gtk_range_get_adjustment(GTK_RANGE(self->click_scale)), "value");
  bind(self, "spectrogram-mix", gtk_range_get_adjustment(GTK_RANGE(self->spectrogram_scale)), "value");
}

GtkWidget *tri_preferences_new(GtkWindow *parent) {
  TriPreferences *self =
      g_object_new(TRI_TYPE_PREFERENCES, "transient-for", parent, "modal", parent != NULL, NULL);
  g_autofree char *output = NULL;
  if (TRI_IS_WINDOW(parent))
    g_object_get(tri_session_get_player(tri_window_get_session(TRI_WINDOW(parent))), "output", &output, NULL);
  adw_action_row_set_subtitle(self->output_row, output && *output ? output : _("None: playback is silent"));
  return GTK_WIDGET(self);
}
