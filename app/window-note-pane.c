/* Follows the picked note and the score. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/window-note-pane.h"

#include "app/session-notes.h"
#include "app/words_notes.h"

#include <adwaita.h>
#include <glib/gi18n.h>

enum { MOST_CHIPS = 5 };

struct _TriNotePane {
  GtkWidget parent;
  GtkWidget *box, *chips, *chips_label;
  AdwActionRow *row;
  TriSession *session; /* borrowed */
  OmrEdit readings[MOST_CHIPS];
  guint n;
};

G_DEFINE_FINAL_TYPE(TriNotePane, tri_note_pane, GTK_TYPE_WIDGET)

static void chip_clicked(GtkButton *chip, gpointer user) {
  TriNotePane *self = user;
  guint index = GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(chip), "reading"));
  if (index < self->n) tri_session_take_reading(self->session, &self->readings[index]);
}

static GtkWidget *chip_for(TriNotePane *self, guint index) {
  g_autofree char *text = words_reading(&self->readings[index]);
  g_autofree char *name = g_strdup_printf(_("Read it as: %s"), text);
  GtkWidget *chip = gtk_button_new_with_label(text);
    gtk_widget_add_css_class(chip, "pill-chip");
  gtk_widget_set_halign(chip, GTK_ALIGN_START);
  gtk_widget_set_tooltip_text(chip, name);
  gtk_accessible_update_property(GTK_ACCESSIBLE(chip), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_object_set_data(G_OBJECT(chip), "reading", GUINT_TO_POINTER(index));
  g_signal_connect_object(chip, "clicked", G_CALLBACK(chip_clicked), self, 0);
  return chip;
}

static void show_chips(TriNotePane *self) {
  GtkWidget *child;
  while ((child = gtk_widget_get_first_child(self->chips)))
    gtk_flow_box_remove(GTK_FLOW_BOX(self->chips), child);
  self->n = tri_session_list_readings(self->session, self->readings, MOST_CHIPS);
  for (guint i = 0; i < self->n; i++) {
    GtkWidget *child_box = gtk_flow_box_child_new();
    gtk_flow_box_child_set_child(GTK_FLOW_BOX_CHILD(child_box), chip_for(self, i));
    gtk_widget_set_focusable(child_box, FALSE);
    g_autofree char *text = words_reading(&self->readings[i]);
    gtk_accessible_update_property(GTK_ACCESSIBLE(child_box), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
    gtk_flow_box_append(GTK_FLOW_BOX(self->chips), child_box);
  }
  gtk_widget_set_visible(self->chips, self->n > 0);
  gtk_widget_set_visible(self->chips_label, self->n > 0);
}

static void refresh(TriNotePane *self) {
  const ScoreNote *note = tri_session_get_note(self->session);
  gtk_widget_set_visible(GTK_WIDGET(self), note != NULL);
  if (!note) return;
  g_autofree char *title = words_note(note), *why = tri_session_describe_bar(self->session),
                  *label = g_strdup_printf("%s. %s", title, why);
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self->row), title);
  adw_action_row_set_subtitle(self->row, why);
  gtk_accessible_update_property(GTK_ACCESSIBLE(self->row), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  show_chips(self);
}

void tri_note_pane_watch(TriNotePane *self, TriSession *session) {
  TriScene *scene = tri_session_get_scene(session);
  static const char *const SIGNALS[] = {"notify::selected", "notify::picked", "score-changed",
                                        "places-changed"};
  self->session = session;
  for (gsize i = 0; i < G_N_ELEMENTS(SIGNALS); i++)
    g_signal_connect_object(scene, SIGNALS[i], G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
  refresh(self);
}

static void dispose(GObject *object) {
  g_clear_pointer(&TRI_NOTE_PANE(object)->box, gtk_widget_unparent);
  G_OBJECT_CLASS(tri_note_pane_parent_class)->dispose(object);
}

static void tri_note_pane_class_init(TriNotePaneClass *class) {
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
  G_OBJECT_CLASS(class)->dispose = dispose;
  gtk_widget_class_set_template_from_resource(widget_class, "/org/triptych/Triptych/ui/note-pane.ui");
  gtk_widget_class_set_layout_manager_type(widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_bind_template_child(widget_class, TriNotePane, box);
  gtk_widget_class_bind_template_child(widget_class, TriNotePane, chips);
  gtk_widget_class_bind_template_child(widget_class, TriNotePane, chips_label);
  gtk_widget_class_bind_template_child(widget_class, TriNotePane, row);
}

static void tri_note_pane_init(TriNotePane *self) {
  gtk_widget_init_template(GTK_WIDGET(self));
}
