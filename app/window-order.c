/* The strip of playing orders above the panes: one chip for each order that explains the recording, there only when there
 * is a choice. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/window-private.h"

#include <glib/gi18n.h>

static const char *meaning_of(FlowOrder order) {
  return order == FLOW_ORDER_HEARD     ? _("In the order that was heard")
         : order == FLOW_ORDER_WRITTEN ? _("As the repeat signs say")
                                       : _("Without repeats");
}

static void chip_toggled(GtkToggleButton *chip, gpointer user) {
  if (gtk_toggle_button_get_active(chip))
    tri_session_set_order(TRI_WINDOW(user)->session,
                          (FlowOrder)GPOINTER_TO_INT(g_object_get_data(G_OBJECT(chip), "order")));
}

static GtkWidget *chip_for(TriWindow *self, guint index, GtkToggleButton *group) {
  const char *letters;
  const FlowOrder order = tri_session_get_order_at(self->session, index, &letters);
  g_autofree char *name = g_strdup_printf("%s: %s", meaning_of(order), letters);
  GtkWidget *chip = gtk_toggle_button_new_with_label(letters);
  gtk_widget_set_tooltip_text(chip, meaning_of(order));
  gtk_accessible_update_property(GTK_ACCESSIBLE(chip), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  gtk_toggle_button_set_group(GTK_TOGGLE_BUTTON(chip), group);
  gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(chip), order == tri_session_get_order(self->session));
  g_object_set_data(G_OBJECT(chip), "order", GINT_TO_POINTER(order));
  g_signal_connect_object(chip, "toggled", G_CALLBACK(chip_toggled), self, 0);
  return chip;
}

static void refresh(TriWindow *self) {
  const guint n = tri_session_get_n_orders(self->session);
  GtkWidget *child;
  GtkToggleButton *first = NULL;
  while ((child = gtk_widget_get_first_child(self->order_chips))) gtk_box_remove(GTK_BOX(self->order_chips), child);
  for (guint i = 0; i < n; i++) {
    GtkWidget *chip = chip_for(self, i, first);
    if (!first) first = GTK_TOGGLE_BUTTON(chip);
    gtk_box_append(GTK_BOX(self->order_chips), chip);
  }
  gtk_widget_set_visible(self->order_strip, n > 1);
}

void tri_window_add_order(TriWindow *self) {
  g_signal_connect_object(self->session, "orders-changed", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
  refresh(self);
}
