/* Keys activate the window's actions by name. They are bound on the canvas class, not on the application, so
 * that bare letters reach text entries; the same commands are class actions, which assistive technology lists
 * and runs. SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/canvas-private.h"

#include <gdk/gdkkeysyms.h>

#define NONE  ((GdkModifierType)0)
#define SHIFT GDK_SHIFT_MASK
#define CTRL  GDK_CONTROL_MASK
#define ALT   GDK_ALT_MASK

static const struct {
  const char *name;
  guint key;
  GdkModifierType held;
} keys[] = {
    {"play", GDK_KEY_space, NONE},
    {"next-doubtful", GDK_KEY_n, NONE},
    {"previous-doubtful", GDK_KEY_n, SHIFT},
    {"next-place", GDK_KEY_Right, NONE},
    {"previous-place", GDK_KEY_Left, NONE},
    {"next-bar", GDK_KEY_Right, CTRL},
    {"previous-bar", GDK_KEY_Left, CTRL},
    {"confirm", GDK_KEY_Return, NONE},
    {"confirm", GDK_KEY_KP_Enter, NONE},
    {"anchor", GDK_KEY_a, NONE},
    {"anchor", GDK_KEY_semicolon, NONE},
    {"unpin", GDK_KEY_Delete, NONE},
    {"unpin", GDK_KEY_KP_Delete, NONE},
    {"not-played", GDK_KEY_x, NONE},
    {"extra", GDK_KEY_e, NONE},
    {"nudge-later", GDK_KEY_Right, ALT},
    {"nudge-earlier", GDK_KEY_Left, ALT},
    {"nudge-later-fine", GDK_KEY_Right, ALT | SHIFT},
    {"nudge-earlier-fine", GDK_KEY_Left, ALT | SHIFT},
    {"hear-place", GDK_KEY_p, NONE},
    {"source-cycle", GDK_KEY_s, NONE},
    {"loop", GDK_KEY_l, NONE},
    {"loop-start", GDK_KEY_bracketleft, NONE},
    {"loop-end", GDK_KEY_bracketright, NONE},
    {"fit", GDK_KEY_f, NONE},
    {"zoom-in", GDK_KEY_equal, CTRL},
    {"zoom-in", GDK_KEY_plus, CTRL},
    {"zoom-in", GDK_KEY_KP_Add, CTRL},
    {"zoom-out", GDK_KEY_minus, CTRL},
    {"zoom-out", GDK_KEY_KP_Subtract, CTRL},
    {"zoom-reset", GDK_KEY_0, CTRL},
    {"zoom-reset", GDK_KEY_KP_0, CTRL},
    {"go-start", GDK_KEY_Home, NONE},
    {"go-end", GDK_KEY_End, NONE},
    {"tap", GDK_KEY_t, NONE},
    {"slower", GDK_KEY_Page_Down, CTRL},
    {"faster", GDK_KEY_Page_Up, CTRL},
    {"note-next", GDK_KEY_Down, ALT},
    {"note-previous", GDK_KEY_Up, ALT},
    {"note-up", GDK_KEY_Up, NONE},
    {"note-down", GDK_KEY_Down, NONE},
    {"note-octave-up", GDK_KEY_Up, CTRL},
    {"note-octave-down", GDK_KEY_Down, CTRL},
    {"note-staff-up", GDK_KEY_Up, CTRL | SHIFT},
    {"note-staff-down", GDK_KEY_Down, CTRL | SHIFT},
    {"note-sharper", GDK_KEY_plus, NONE},
    {"note-sharper", GDK_KEY_KP_Add, NONE},
    {"note-flatter", GDK_KEY_minus, NONE},
    {"note-flatter", GDK_KEY_KP_Subtract, NONE},
    {"note-64th", GDK_KEY_1, NONE},
    {"note-32nd", GDK_KEY_2, NONE},
    {"note-16th", GDK_KEY_3, NONE},
    {"note-eighth", GDK_KEY_4, NONE},
    {"note-quarter", GDK_KEY_5, NONE},
    {"note-half", GDK_KEY_6, NONE},
    {"note-whole", GDK_KEY_7, NONE},
    {"note-dot", GDK_KEY_period, NONE},
    {"note-triplet", GDK_KEY_3, CTRL},
    {"note-tie", GDK_KEY_t, SHIFT},
    {"note-voice", GDK_KEY_v, NONE},
    {"note-rest", GDK_KEY_r, NONE},
    {"note-add", GDK_KEY_i, NONE},
    {"note-delete", GDK_KEY_BackSpace, NONE},
    {"note-take-back", GDK_KEY_BackSpace, SHIFT},
    {"bar-right", GDK_KEY_Return, SHIFT},
    {"next-doubtful-bar", GDK_KEY_b, NONE},
    {"previous-doubtful-bar", GDK_KEY_b, SHIFT},
};

/* "canvas.confirm" → "win.confirm". */
static void forward(GtkWidget *widget, const char *action, GVariant *parameter) {
  char *name = g_strconcat("win.", action + strlen("canvas."), NULL);
  gtk_widget_activate_action(widget, name, NULL);
  g_free(name);
}

static gboolean turn(GtkWidget *widget, GVariant *direction, gpointer data) {
  TriCanvas *self = TRI_CANVAS(widget);
  int sign = g_variant_get_int32(direction);
  GtkAdjustment *vertical = gtk_scrollable_get_vadjustment(GTK_SCROLLABLE(self->page_view));
  if (self->pages && self->show_score)
    gtk_adjustment_set_value(vertical, gtk_adjustment_get_value(vertical) +
                                           sign * gtk_adjustment_get_page_increment(vertical));
  else
    tri_timeline_pan(self->timeline, sign * 0.9 * tri_timeline_get_width(self->timeline));
  return TRUE;
}

static gboolean escape(GtkWidget *widget, GVariant *none, gpointer data) {
  TriCanvas *self = TRI_CANVAS(widget);
  if (tri_link_layer_get_dragged(self->links) < 0) return FALSE;
  tri_link_layer_cancel_drag(self->links);
  return TRUE;
}

void tri_canvas_class_add_actions(GtkWidgetClass *klass) {
  for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
    char *window = g_strconcat("win.", keys[i].name, NULL), *own = g_strconcat("canvas.", keys[i].name, NULL);
    gboolean again = i > 0 && g_str_equal(keys[i].name, keys[i - 1].name);
    gtk_widget_class_add_binding_action(klass, keys[i].key, keys[i].held, window, NULL);
    if (!again) gtk_widget_class_install_action(klass, own, NULL, forward);
    g_free(window);
    g_free(own);
  }
  gtk_widget_class_add_binding(klass, GDK_KEY_Page_Down, NONE, turn, "i", 1);
  gtk_widget_class_add_binding(klass, GDK_KEY_Page_Up, NONE, turn, "i", -1);
  gtk_widget_class_add_binding(klass, GDK_KEY_Escape, NONE, escape, NULL);
}
