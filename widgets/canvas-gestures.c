/* Wheel, middle drag, pinch and right click over all panes. The wheel's meaning depends on the pane under the
 * pointer and on the keys held, the same everywhere else. SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/canvas-private.h"

#include <math.h>

static const double notch_px = 60;       /* one step of the wheel */
static const double zoom_a_notch = 1.19; /* four notches double */

enum { BUTTON_MIDDLE = 2, BUTTON_RIGHT = 3 };

static GtkWidget *view_at(TriCanvas *self, double x, double y) {
  GtkWidget *found = gtk_widget_pick(GTK_WIDGET(self), x, y, GTK_PICK_DEFAULT);
  while (found && found != GTK_WIDGET(self) && !TRI_IS_VIEW(found)) found = gtk_widget_get_parent(found);
  return found && TRI_IS_VIEW(found) ? found : NULL;
}

/* From canvas px to the time axis. */
static double axis_x(TriCanvas *self, double x) {
  GtkWidget *views[] = {GTK_WIDGET(self->wave), GTK_WIDGET(self->roll), GTK_WIDGET(self->links)};
  for (gsize i = 0; i < G_N_ELEMENTS(views); i++) {
    double moved_x, moved_y;
    if (gtk_widget_get_mapped(views[i]) &&
        gtk_widget_translate_coordinates(GTK_WIDGET(self), views[i], x, 0, &moved_x, &moved_y))
      return moved_x;
  }
  return x - TRI_KEYBOARD_WIDTH;
}

static double roll_y(TriCanvas *self, double x, double y) {
  double moved_x, moved_y = 0;
  gtk_widget_translate_coordinates(GTK_WIDGET(self), GTK_WIDGET(self->roll), x, y, &moved_x, &moved_y);
  return moved_y;
}

static void peek(TriCanvas *self, double dx) {
  double now;
  g_object_get(self->ribbon, "peek", &now, NULL);
  g_object_set(self->ribbon, "peek", now - dx, NULL);
}

gboolean tri_canvas_wheel(TriCanvas *self, double x, double y, double dx, double dy, GdkModifierType held) {
  GtkWidget *view = view_at(self, x, y);
  double along = dx != 0 ? dx : dy;
  gboolean over_keys = view == GTK_WIDGET(self->roll) || view == GTK_WIDGET(self->keyboard);
  if (view == GTK_WIDGET(self->page_view) && !(held & GDK_SHIFT_MASK)) return FALSE;
  if (held & GDK_CONTROL_MASK && held & GDK_SHIFT_MASK)
    tri_roll_view_zoom_pitch(self->roll, pow(zoom_a_notch, -along), roll_y(self, x, y));
  else if (held & GDK_CONTROL_MASK)
    tri_timeline_zoom(self->timeline, pow(zoom_a_notch, -dy), axis_x(self, x));
  else if (held & GDK_ALT_MASK && view == GTK_WIDGET(self->ribbon))
    peek(self, along * notch_px);
  else if (held & GDK_SHIFT_MASK || !over_keys)
    tri_timeline_pan(self->timeline, along * notch_px);
  else {
    tri_timeline_pan(self->timeline, dx * notch_px);
    tri_roll_view_pan_pitch(self->roll, dy * notch_px / 2);
  }
  return TRUE;
}

static gboolean scrolled(GtkEventControllerScroll *scroll, double dx, double dy, TriCanvas *self) {
  GdkModifierType held = gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(scroll));
  return tri_canvas_wheel(self, self->pointer_x, self->pointer_y, dx, dy, held);
}

static void moved(GtkEventControllerMotion *motion, double x, double y, TriCanvas *self) {
  self->pointer_x = x;
  self->pointer_y = y;
}

static void left(GtkEventControllerMotion *motion, TriCanvas *self) {
  g_object_set(self->ribbon, "peek", 0.0, NULL);
}

static void pan_begun(GtkGestureDrag *drag, double x, double y, TriCanvas *self) {
  self->panned_x = self->panned_y = 0;
  gtk_widget_set_cursor_from_name(GTK_WIDGET(self), "grabbing");
}

static void panned(GtkGestureDrag *drag, double dx, double dy, TriCanvas *self) {
  double x, y;
  if (!gtk_gesture_drag_get_start_point(drag, &x, &y)) return;
  gtk_gesture_set_state(GTK_GESTURE(drag), GTK_EVENT_SEQUENCE_CLAIMED);
  tri_timeline_pan(self->timeline, self->panned_x - dx);
  if (view_at(self, x, y) == GTK_WIDGET(self->roll)) tri_roll_view_pan_pitch(self->roll, self->panned_y - dy);
  self->panned_x = dx;
  self->panned_y = dy;
}

static void pan_ended(GtkGestureDrag *drag, double dx, double dy, TriCanvas *self) {
  gtk_widget_set_cursor(GTK_WIDGET(self), NULL);
}

static void pinch_begun(GtkGesture *gesture, GdkEventSequence *sequence, TriCanvas *self) {
  self->pinched = 1;
}

static void pinched(GtkGestureZoom *zoom, double scale, TriCanvas *self) {
  double x, y;
  if (!gtk_gesture_get_bounding_box_center(GTK_GESTURE(zoom), &x, &y)) return;
  tri_timeline_zoom(self->timeline, scale / self->pinched, axis_x(self, x));
  self->pinched = scale;
}

static int place_under(TriCanvas *self, double x, double y) {
  GtkWidget *view = view_at(self, x, y);
  double moved_x, moved_y;
  if (!view || !gtk_widget_translate_coordinates(GTK_WIDGET(self), view, x, y, &moved_x, &moved_y)) return -1;
  if (TRI_IS_RIBBON_VIEW(view)) return tri_ribbon_view_place_at(TRI_RIBBON_VIEW(view), moved_x, moved_y);
  if (TRI_IS_LINK_LAYER(view)) return tri_link_layer_place_at(TRI_LINK_LAYER(view), moved_x, moved_y);
  if (TRI_IS_PAGE_VIEW(view)) return tri_page_view_place_at(TRI_PAGE_VIEW(view), moved_x, moved_y);
  if (!TRI_IS_ROLL_VIEW(view)) return -1;
  int note = tri_roll_view_note_at(TRI_ROLL_VIEW(view), moved_x, moved_y);
  return note < 0 ? -1 : tri_roll_view_place_of_note(TRI_ROLL_VIEW(view), note);
}

static void asked(GtkGestureClick *click, int n, double x, double y, TriCanvas *self) {
  int place = place_under(self, x, y);
  double time_s = tri_timeline_time(self->timeline, axis_x(self, x));
  if (view_at(self, x, y) == GTK_WIDGET(self->ribbon))
    time_s = tri_ribbon_view_time(self->ribbon, axis_x(self, x));
  if (place >= 0) tri_scene_set_selected(self->scene, place);
  g_signal_emit_by_name(self, "context-menu", x, y, time_s, place);
}

static void focus_taken(GtkGestureClick *click, int n, double x, double y, TriCanvas *self) {
  gtk_widget_grab_focus(GTK_WIDGET(self));
}

static void add_buttons(TriCanvas *self) {
  GtkGesture *middle = gtk_gesture_drag_new(), *right = gtk_gesture_click_new(),
             *any = gtk_gesture_click_new();
  gtk_gesture_single_set_button(GTK_GESTURE_SINGLE(middle), BUTTON_MIDDLE);
  g_signal_connect(middle, "drag-begin", G_CALLBACK(pan_begun), self);
  g_signal_connect(middle, "drag-update", G_CALLBACK(panned), self);
  g_signal_connect(middle, "drag-end", G_CALLBACK(pan_ended), self);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(middle));
  gtk_gesture_single_set_button(GTK_GESTURE_SINGLE(right), BUTTON_RIGHT);
  g_signal_connect(right, "pressed", G_CALLBACK(asked), self);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(right));
  gtk_gesture_single_set_button(GTK_GESTURE_SINGLE(any), 0);
  gtk_event_controller_set_propagation_phase(GTK_EVENT_CONTROLLER(any), GTK_PHASE_CAPTURE);
  g_signal_connect(any, "pressed", G_CALLBACK(focus_taken), self);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(any));
}

void tri_canvas_add_gestures(TriCanvas *self) {
  GtkEventController *scroll = gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);
  GtkEventController *motion = gtk_event_controller_motion_new();
  GtkGesture *zoom = gtk_gesture_zoom_new();
  g_signal_connect(scroll, "scroll", G_CALLBACK(scrolled), self);
  gtk_widget_add_controller(GTK_WIDGET(self), scroll);
  gtk_event_controller_set_propagation_phase(motion, GTK_PHASE_CAPTURE);
  g_signal_connect(motion, "enter", G_CALLBACK(moved), self);
  g_signal_connect(motion, "motion", G_CALLBACK(moved), self);
  g_signal_connect(motion, "leave", G_CALLBACK(left), self);
  gtk_widget_add_controller(GTK_WIDGET(self), motion);
  g_signal_connect(zoom, "begin", G_CALLBACK(pinch_begun), self);
  g_signal_connect(zoom, "scale-changed", G_CALLBACK(pinched), self);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(zoom));
  add_buttons(self);
}
