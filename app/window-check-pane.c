/* A boxed list over the session's model: an icon for the kind of doubt, the place, and why.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/window-check-pane.h"

#include "app/places.h"

#include <adwaita.h>
#include <glib/gi18n.h>

struct _TriCheckPane {
  GtkWidget parent;
  GtkWidget *box;
  GtkLabel *heading, *calm;
  GtkListBox *list;
  TriSession *session; /* borrowed */
};

G_DEFINE_FINAL_TYPE(TriCheckPane, tri_check_pane, GTK_TYPE_WIDGET)

enum { CHOSEN, N_SIGNALS };
static guint signals[N_SIGNALS];

const char *tri_state_icon(TriState state) {
  switch (state) {
  case TRI_NOT_PLAYED:
    return "audio-volume-muted-symbolic";
  case TRI_EXTRA:
    return "list-add-symbolic";
  case TRI_CHECKED:
    return "triptych-pin-symbolic";
  case TRI_SURE:
    return "object-select-symbolic";
  default:
    return "triptych-doubt-symbolic";
  }
}

const char *tri_state_style(TriState state) {
  switch (state) {
  case TRI_SURE:
    return "state-sure";
  case TRI_UNSURE:
    return "state-unsure";
  case TRI_DOUBTFUL:
    return "state-doubtful";
  case TRI_CHECKED:
    return "state-checked";
  default:
    return "dim-label";
  }
}

static const char *icon_of(TriCheck *check) {
  switch (tri_check_get_reason(check)) {
  case PLACES_NOT_HEARD:
    return tri_state_icon(TRI_NOT_PLAYED);
  case PLACES_NOT_WRITTEN:
    return tri_state_icon(TRI_EXTRA);
  case PLACES_RHYTHM:
  case PLACES_UNLIKELY:
    return "dialog-warning-symbolic";
  default:
    return tri_state_icon(TRI_DOUBTFUL);
  }
}

static GtkWidget *new_row(gpointer item, gpointer user) {
  TriCheck *check = item;
  GtkWidget *row = adw_action_row_new();
  adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), tri_check_get_title(check));
  adw_action_row_set_subtitle(ADW_ACTION_ROW(row), tri_check_get_detail(check));
  adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 2);
  gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), TRUE);
  GtkWidget *icon = g_object_new(GTK_TYPE_IMAGE, "icon-name", icon_of(check), "accessible-role",
                                 GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);
  adw_action_row_add_prefix(ADW_ACTION_ROW(row), icon);
  g_autofree char *label = g_strdup_printf("%s. %s", tri_check_get_title(check), tri_check_get_detail(check));
  gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  g_object_set_data(G_OBJECT(row), "place", GINT_TO_POINTER(tri_check_get_place(check)));
  return row;
}

static void row_activated(GtkListBox *list, GtkListBoxRow *row, TriCheckPane *self) {
  g_signal_emit(self, signals[CHOSEN], 0, GPOINTER_TO_INT(g_object_get_data(G_OBJECT(row), "place")));
}

static const char *calm_sentence(TriCheckPane *self) {
  guint n;
  tri_scene_get_places(tri_session_get_scene(self->session), &n);
  if (tri_jobs_get_active(tri_session_get_jobs(self->session))) return _("Reading and listening…");
  if (n) return _("Nothing else stands out.");
  return _("With both a score and a recording, the places worth checking appear here.");
}

static void refresh(TriCheckPane *self) {
  guint n = g_list_model_get_n_items(tri_session_get_to_check(self->session));
  g_autofree char *heading = g_strdup_printf(_("To check (%u)"), n);
  gtk_label_set_label(self->heading, heading);
  gtk_label_set_label(self->calm, calm_sentence(self));
  gtk_widget_set_visible(GTK_WIDGET(self->list), n > 0);
  gtk_widget_set_visible(GTK_WIDGET(self->calm), n == 0);
}

void tri_check_pane_watch(TriCheckPane *self, TriSession *session) {
  GListModel *model = tri_session_get_to_check(session);
  self->session = session;
  gtk_list_box_bind_model(self->list, model, new_row, self, NULL);
  g_signal_connect_object(model, "items-changed", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(tri_session_get_jobs(session), "notify::active", G_CALLBACK(refresh), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(tri_session_get_scene(session), "places-changed", G_CALLBACK(refresh), self,
                          G_CONNECT_SWAPPED);
  refresh(self);
}

static void dispose(GObject *object) {
  g_clear_pointer(&TRI_CHECK_PANE(object)->box, gtk_widget_unparent);
  G_OBJECT_CLASS(tri_check_pane_parent_class)->dispose(object);
}

static void tri_check_pane_class_init(TriCheckPaneClass *class) {
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
  G_OBJECT_CLASS(class)->dispose = dispose;
  gtk_widget_class_set_template_from_resource(widget_class, "/org/triptych/Triptych/ui/check-pane.ui");
  gtk_widget_class_bind_template_child(widget_class, TriCheckPane, box);
  gtk_widget_class_bind_template_child(widget_class, TriCheckPane, heading);
  gtk_widget_class_bind_template_child(widget_class, TriCheckPane, calm);
  gtk_widget_class_bind_template_child(widget_class, TriCheckPane, list);
  gtk_widget_class_bind_template_callback(widget_class, row_activated);
  gtk_widget_class_set_layout_manager_type(widget_class, GTK_TYPE_BIN_LAYOUT);
  signals[CHOSEN] = g_signal_new("chosen", TRI_TYPE_CHECK_PANE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 1, G_TYPE_INT);
}

static void tri_check_pane_init(TriCheckPane *self) {
  gtk_widget_init_template(GTK_WIDGET(self));
}
