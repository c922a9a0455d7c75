/* Both ends of the lines move differently while scrolling, so lines are one small Cairo node and not tiles.
 * Feet stand at the bottom, where the audio begins. A drag works on the scene's drag times: the moved place
 * goes where the pointer says, snapped, and its neighbours up to the nearest anchors are carried along.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/link-layer.h"
#include "widgets/link-lines.h"
#include "widgets/place-index.h"
#include "widgets/time-ruler.h"

#include <glib/gi18n.h>
#include <math.h>

enum { USUAL_HEIGHT = 58, EDGE_PX = 28, EDGE_SPEED_PX = 14 };
static const double grip_px = 10; /* half a handle */
static const double moved_px = 3; /* a press that moves less is a click */

struct _TriLinkLayer {
  TriView parent_instance;
  TriRibbonView *ribbon; /* weak */
  TriSnapFn snap;
  gpointer snap_user;
  GDestroyNotify snap_destroy;
  TriWarpFn warp;
  gpointer warp_user;
  GDestroyNotify warp_destroy;
  gboolean locked;
  int dragged, grabbed; /* places, -1 none */
  double spacing_px;    /* of the feet in sight */
  double *times_s;      /* scratch for the warp, n places */
  guint n_times;
  double pull_x, pull_grab_s, first_x; /* of the pointer that pulls */
  gboolean pull_snapping;
  guint tick;
  double grab_s; /* own gesture */
};

enum { DRAG_BEGUN, DRAGGED, DROPPED, DRAG_CANCELLED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(TriLinkLayer, tri_link_layer, TRI_TYPE_VIEW)

/* ---- lines ---- */

static TriLink link_of(TriLinkLayer *self, guint place, double time_s) {
  TriView *view = TRI_VIEW(self);
  const TriPlace *places = tri_scene_get_places(tri_view_get_scene(view), NULL);
  TriLink line = {.state = places[place].state, .anchor = places[place].anchor};
  line.spacing_px = self->spacing_px;
  line.foot_x = tri_timeline_x(tri_view_get_timeline(view), time_s);
  line.head_x = self->ribbon ? tri_ribbon_view_place_x(self->ribbon, place) : line.foot_x;
  if (isnan(line.head_x)) line.head_x = line.foot_x;
  return line;
}

static TriLink shown_link(TriLinkLayer *self, guint place) {
  TriScene *scene = tri_view_get_scene(TRI_VIEW(self));
  TriLink line = link_of(self, place, tri_view_place_time(TRI_VIEW(self), place));
  line.selected = (int)place == tri_scene_get_selected(scene);
  line.hovered = (int)place == tri_scene_get_hovered(scene) || (int)place == self->dragged;
  return line;
}

/* Places whose foot or head may be in sight: both ends rise with the place. */
static void sight(TriLinkLayer *self, guint *first, guint *end) {
  const double margin = 16;
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(self));
  double width = gtk_widget_get_width(GTK_WIDGET(self));
  double from_s = tri_timeline_time(timeline, -margin), to_s = tri_timeline_time(timeline, width + margin);
  double head_from_s = self->ribbon ? tri_ribbon_view_time(self->ribbon, -margin) : NAN;
  double head_to_s = self->ribbon ? tri_ribbon_view_time(self->ribbon, width + margin) : NAN;
  guint n;
  const TriPlace *places = tri_scene_get_places(tri_view_get_scene(TRI_VIEW(self)), &n);
  if (head_from_s < from_s) from_s = head_from_s;
  if (head_to_s > to_s) to_s = head_to_s;
  *first = MAX(tri_place_at_time(places, n, from_s), 0);
  *end = MIN((guint)(tri_place_at_time(places, n, to_s) + 2), n);
  if (self->dragged >= 0) *first = 0, *end = n;
}

/* Whether anything of the line is to be drawn; a line that leads far out of sight keeps its foot only. */
static gboolean visible(TriLink *line, double width) {
  const double margin = 12, far = 0.2 * width;
  gboolean foot = line->foot_x > -margin && line->foot_x < width + margin;
  gboolean head = line->head_x > -margin && line->head_x < width + margin;
  line->headless = !head && (line->head_x < -far || line->head_x > width + far);
  return foot || (head && line->foot_x > -far && line->foot_x < width + far);
}

static double feet_spacing(TriLinkLayer *self, guint first, guint end, double width) {
  double from_s = end > first ? tri_view_place_time(TRI_VIEW(self), first) : 0;
  double to_s = end > first ? tri_view_place_time(TRI_VIEW(self), end - 1) : 0;
  double scale = tri_timeline_get_scale(tri_view_get_timeline(TRI_VIEW(self)));
  return end > first + 1 ? (to_s - from_s) * scale / (end - first - 1) : width;
}

static void append_lines(TriLinkLayer *self, cairo_t *cr, double width, double height) {
  guint first, end;
  TriTheme theme = tri_view_get_theme(TRI_VIEW(self));
  double last_x = -INFINITY;
  sight(self, &first, &end);
  self->spacing_px = feet_spacing(self, first, end, width);
  for (guint i = first; i < end; i++) {
    TriLink line = shown_link(self, i);
    if (!visible(&line, width)) continue;
    gboolean plain = !line.selected && !line.hovered;
    double least = line.state == TRI_SURE ? TRI_LINK_LEAST_PX : 1;
    if (plain && line.foot_x - last_x < least) continue;
    last_x = line.foot_x;
    tri_link_draw(cr, theme, &line, height);
  }
}

static void append_ghost(TriLinkLayer *self, cairo_t *cr, double height) {
  const TriPlace *places = tri_scene_get_places(tri_view_get_scene(TRI_VIEW(self)), NULL);
  TriLink line = link_of(self, self->dragged, places[self->dragged].time_s);
  line.ghost = TRUE;
  tri_link_draw(cr, tri_view_get_theme(TRI_VIEW(self)), &line, height);
}

static void append_bubble(TriLinkLayer *self, GtkSnapshot *snapshot, int width) {
  TriView *view = TRI_VIEW(self);
  TriTheme theme = tri_view_get_theme(view);
  const TriPlace *places = tri_scene_get_places(tri_view_get_scene(view), NULL);
  double time_s = tri_view_place_time(view, self->dragged);
  char *text = tri_link_bubble_text(time_s, places[self->dragged].time_s);
  PangoLayout *layout = tri_view_layout(view, text, 9, TRUE);
  int text_width, text_height;
  pango_layout_get_pixel_size(layout, &text_width, &text_height);
  double w = text_width + 16, h = text_height + 6;
  double x = tri_timeline_x(tri_view_get_timeline(view), time_s) + 12;
  if (x + w > width) x -= w + 24;
  GskRoundedRect shape;
  gsk_rounded_rect_init_from_rect(&shape, &GRAPHENE_RECT_INIT(tri_view_snap(view, x), 6, w, h), h / 2);
  gtk_snapshot_push_rounded_clip(snapshot, &shape);
  gtk_snapshot_append_color(snapshot, tri_palette_color(theme, TRI_COLOR_BUBBLE), &shape.bounds);
  gtk_snapshot_pop(snapshot);
  gtk_snapshot_translate(snapshot, &GRAPHENE_POINT_INIT(tri_view_snap(view, x) + 8, 9));
  gtk_snapshot_append_layout(snapshot, layout, tri_palette_color(theme, TRI_COLOR_BUBBLE_TEXT));
  g_object_unref(layout);
  g_free(text);
}

static void snapshot(GtkWidget *widget, GtkSnapshot *snapshot) {
  TriLinkLayer *self = TRI_LINK_LAYER(widget);
  int width = gtk_widget_get_width(widget), height = gtk_widget_get_height(widget);
  graphene_rect_t bounds = GRAPHENE_RECT_INIT(0, 0, width, height);
  guint n;
  gtk_snapshot_append_color(snapshot, tri_palette_color(tri_view_get_theme(TRI_VIEW(self)), TRI_COLOR_GROUND),
                            &bounds);
  tri_scene_get_places(tri_view_get_scene(TRI_VIEW(self)), &n);
  if (n == 0) return;
  cairo_t *cr = gtk_snapshot_append_cairo(snapshot, &bounds);
  if (self->dragged >= 0) append_ghost(self, cr, height);
  append_lines(self, cr, width, height);
  cairo_destroy(cr);
  if (self->dragged >= 0) append_bubble(self, snapshot, width);
}

int tri_link_layer_place_at(TriLinkLayer *self, double x, double y) {
  guint first, end;
  int found = -1, height = gtk_widget_get_height(GTK_WIDGET(self));
  double nearest = grip_px;
  sight(self, &first, &end);
  for (guint i = first; i < end; i++) {
    TriLink line = shown_link(self, i);
    double distance = tri_link_distance(&line, height, x, y);
    if (line.state == TRI_DOUBTFUL || line.selected) distance -= 1; /* the ones people look for win */
    if (distance >= nearest) continue;
    nearest = distance;
    found = (int)i;
  }
  return found;
}

/* ---- the warp ---- */

/* The nearest anchors around a place, -1 and n where there are none. */
static void anchors_around(const TriPlace *places, int n, int place, int *before, int *after) {
  *before = place - 1;
  *after = place + 1;
  while (*before >= 0 && !places[*before].anchor) --*before;
  while (*after < n && !places[*after].anchor) ++*after;
}

static double stretched(double value, double from, double to, double new_from, double new_to) {
  return to > from ? new_from + (new_to - new_from) * (value - from) / (to - from) : new_to;
}

/* The neighbours between the anchors keep their shares; with no anchor on a side, they move along. */
static void warp_linearly(double *times_s, const TriPlace *places, int n, int place, double time_s) {
  int before, after;
  anchors_around(places, n, place, &before, &after);
  if (before >= 0) time_s = MAX(time_s, places[before].time_s);
  if (after < n) time_s = MIN(time_s, places[after].time_s);
  double old_s = places[place].time_s, shift_s = time_s - old_s;
  for (int i = 0; i < n; i++) times_s[i] = places[i].time_s;
  for (int i = before + 1; i < place; i++)
    times_s[i] =
        before < 0 ? MAX(0, places[i].time_s + shift_s)
                   : stretched(places[i].time_s, places[before].time_s, old_s, places[before].time_s, time_s);
  for (int i = place + 1; i < after; i++)
    times_s[i] = after >= n
                     ? places[i].time_s + shift_s
                     : stretched(places[i].time_s, old_s, places[after].time_s, time_s, places[after].time_s);
  times_s[place] = time_s;
}

static void warp(TriLinkLayer *self, double time_s) {
  guint n;
  TriScene *scene = tri_view_get_scene(TRI_VIEW(self));
  const TriPlace *places = tri_scene_get_places(scene, &n);
  if (n != self->n_times) self->times_s = g_renew(double, self->times_s, n);
  self->n_times = n;
  if (self->warp)
    self->warp(self->warp_user, self->times_s, n, self->dragged, time_s);
  else
    warp_linearly(self->times_s, places, (int)n, self->dragged, time_s);
  tri_scene_set_drag(scene, self->times_s, n);
}

/* ---- the drag ---- */

int tri_link_layer_get_dragged(TriLinkLayer *self) {
  return self->dragged;
}

static void stop_tick(TriLinkLayer *self) {
  if (self->tick) gtk_widget_remove_tick_callback(GTK_WIDGET(self), self->tick);
  self->tick = 0;
}

void tri_link_layer_begin_drag(TriLinkLayer *self, int place) {
  guint n;
  TriScene *scene = tri_view_get_scene(TRI_VIEW(self));
  tri_scene_get_places(scene, &n);
  if (self->locked || self->dragged >= 0 || place < 0 || place >= (int)n) return;
  self->dragged = place;
  tri_scene_set_selected(scene, place);
  g_signal_emit(self, signals[DRAG_BEGUN], 0, place);
}

void tri_link_layer_drag_to(TriLinkLayer *self, double time_s, gboolean snapping) {
  double duration_s = tri_timeline_get_duration(tri_view_get_timeline(TRI_VIEW(self)));
  if (self->dragged < 0 || !isfinite(time_s)) return;
  double near_s = snapping && self->snap ? self->snap(self->snap_user, self->dragged, time_s) : NAN;
  if (isfinite(near_s)) time_s = near_s;
  time_s = CLAMP(time_s, 0, duration_s > 0 ? duration_s : time_s);
  double before_s = tri_view_place_time(TRI_VIEW(self), self->dragged);
  warp(self, MAX(time_s, 0));
  time_s = tri_view_place_time(TRI_VIEW(self), self->dragged);
  if (time_s != before_s) g_signal_emit(self, signals[DRAGGED], 0, self->dragged, time_s);
}

/* Ends the drag; -1 when there was none. */
static int end_drag(TriLinkLayer *self) {
  int place = self->dragged;
  stop_tick(self);
  self->dragged = self->grabbed = -1;
  gtk_widget_queue_draw(GTK_WIDGET(self));
  return place;
}

void tri_link_layer_drop(TriLinkLayer *self) {
  TriScene *scene = tri_view_get_scene(TRI_VIEW(self));
  double time_s = self->dragged >= 0 ? tri_view_place_time(TRI_VIEW(self), self->dragged) : 0;
  int place = end_drag(self);
  if (place < 0) return;
  g_signal_emit(self, signals[DROPPED], 0, place, time_s);
  tri_scene_set_drag(scene, NULL, 0);
}

void tri_link_layer_cancel_drag(TriLinkLayer *self) {
  int place = end_drag(self);
  if (place < 0) return;
  tri_scene_set_drag(tri_view_get_scene(TRI_VIEW(self)), NULL, 0);
  g_signal_emit(self, signals[DRAG_CANCELLED], 0, place);
}

/* ---- the drag from a pointer ---- */

void tri_link_layer_grab(TriLinkLayer *self, int place) {
  self->grabbed = self->locked ? -1 : place;
  self->first_x = NAN;
}

static void follow_pointer(TriLinkLayer *self) {
  double time_s = tri_timeline_time(tri_view_get_timeline(TRI_VIEW(self)), self->pull_x) - self->pull_grab_s;
  tri_link_layer_drag_to(self, time_s, self->pull_snapping);
}

static gboolean scroll_at_edge(GtkWidget *widget, GdkFrameClock *clock, gpointer user) {
  TriLinkLayer *self = TRI_LINK_LAYER(widget);
  double width = gtk_widget_get_width(widget);
  double over = MAX(EDGE_PX - self->pull_x, 0) - MAX(self->pull_x - (width - EDGE_PX), 0);
  tri_timeline_pan(tri_view_get_timeline(TRI_VIEW(self)), -CLAMP(over / EDGE_PX, -1, 1) * EDGE_SPEED_PX);
  follow_pointer(self);
  return G_SOURCE_CONTINUE;
}

void tri_link_layer_pull(TriLinkLayer *self, double x, double grab_s, gboolean snapping) {
  double width = gtk_widget_get_width(GTK_WIDGET(self));
  if (self->grabbed < 0) return;
  if (isnan(self->first_x)) self->first_x = x;
  if (self->dragged < 0 && fabs(x - self->first_x) >= moved_px)
    tri_link_layer_begin_drag(self, self->grabbed);
  if (self->dragged < 0) return;
  self->pull_x = x;
  self->pull_grab_s = grab_s;
  self->pull_snapping = snapping;
  follow_pointer(self);
  gboolean at_edge = x < EDGE_PX || x > width - EDGE_PX;
  if (!at_edge)
    stop_tick(self);
  else if (!self->tick)
    self->tick = gtk_widget_add_tick_callback(GTK_WIDGET(self), scroll_at_edge, NULL, NULL);
}

void tri_link_layer_release(TriLinkLayer *self) {
  if (self->dragged >= 0)
    tri_link_layer_drop(self);
  else
    self->grabbed = -1;
}

static void pressed(GtkGestureDrag *drag, double x, double y, TriLinkLayer *self) {
  int place = tri_link_layer_place_at(self, x, y);
  if (place < 0) {
    gtk_gesture_set_state(GTK_GESTURE(drag), GTK_EVENT_SEQUENCE_DENIED);
    return;
  }
  self->grab_s = tri_timeline_time(tri_view_get_timeline(TRI_VIEW(self)), x) -
                 tri_view_place_time(TRI_VIEW(self), place);
  if (y < gtk_widget_get_height(GTK_WIDGET(self)) / 2.0)
    self->grab_s = 0; /* held by the line, not by the foot */
  tri_link_layer_grab(self, place);
  self->first_x = x;
}

static void pulled(GtkGestureDrag *drag, double dx, double dy, TriLinkLayer *self) {
  double x, y;
  GdkModifierType held = gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(drag));
  if (!gtk_gesture_drag_get_start_point(drag, &x, &y)) return;
  tri_link_layer_pull(self, x + dx, self->grab_s, !(held & GDK_ALT_MASK));
  if (self->dragged >= 0) gtk_gesture_set_state(GTK_GESTURE(drag), GTK_EVENT_SEQUENCE_CLAIMED);
}

static void released(GtkGestureDrag *drag, double dx, double dy, TriLinkLayer *self) {
  tri_link_layer_release(self);
}

static void cancelled(GtkGesture *drag, GdkEventSequence *sequence, TriLinkLayer *self) {
  tri_link_layer_cancel_drag(self);
}

static double time_at(TriView *view, double x) {
  return tri_timeline_time(tri_view_get_timeline(view), x);
}

static gboolean clicked(TriView *view, double x, double y) {
  int place = tri_link_layer_place_at(TRI_LINK_LAYER(view), x, y);
  if (place >= 0) tri_view_activate_place(view, place);
  return place >= 0;
}

static void moved(GtkEventControllerMotion *motion, double x, double y, TriLinkLayer *self) {
  int place = self->dragged >= 0 ? self->dragged : tri_link_layer_place_at(self, x, y);
  tri_scene_set_hovered(tri_view_get_scene(TRI_VIEW(self)), place);
  gtk_widget_set_cursor_from_name(GTK_WIDGET(self), place >= 0 && !self->locked ? "ew-resize" : NULL);
}

static void left(GtkEventControllerMotion *motion, TriLinkLayer *self) {
  tri_scene_set_hovered(tri_view_get_scene(TRI_VIEW(self)), -1);
}

/* ---- set-up ---- */

void tri_link_layer_set_locked(TriLinkLayer *self, gboolean locked) {
  if (locked) tri_link_layer_cancel_drag(self);
  self->locked = locked;
}

void tri_link_layer_set_snap(TriLinkLayer *self, TriSnapFn snap, gpointer user, GDestroyNotify destroy) {
  if (self->snap_destroy) self->snap_destroy(self->snap_user);
  self->snap = snap;
  self->snap_user = user;
  self->snap_destroy = destroy;
}

void tri_link_layer_set_warp(TriLinkLayer *self, TriWarpFn fn, gpointer user, GDestroyNotify destroy) {
  if (self->warp_destroy) self->warp_destroy(self->warp_user);
  self->warp = fn;
  self->warp_user = user;
  self->warp_destroy = destroy;
}

/* The places were replaced under a drag: its place may be another one now. */
static void changed(TriView *view, TriChange what) {
  TriLinkLayer *self = TRI_LINK_LAYER(view);
  guint n;
  tri_scene_get_places(tri_view_get_scene(view), &n);
  if (what & TRI_CHANGE_PLACES && self->dragged >= (int)n) tri_link_layer_cancel_drag(self);
  TRI_VIEW_CLASS(tri_link_layer_parent_class)->changed(view, what);
}

static void finalize(GObject *object) {
  TriLinkLayer *self = TRI_LINK_LAYER(object);
  g_clear_weak_pointer(&self->ribbon);
  tri_link_layer_set_snap(self, NULL, NULL, NULL);
  tri_link_layer_set_warp(self, NULL, NULL, NULL);
  g_free(self->times_s);
  G_OBJECT_CLASS(tri_link_layer_parent_class)->finalize(object);
}

static void measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *least, int *usual,
                    int *least_baseline, int *baseline) {
  *least = *usual = orientation == GTK_ORIENTATION_VERTICAL ? USUAL_HEIGHT : 0;
}

static void tri_link_layer_class_init(TriLinkLayerClass *klass) {
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
  TriViewClass *view_class = TRI_VIEW_CLASS(klass);
  G_OBJECT_CLASS(klass)->finalize = finalize;
  widget_class->snapshot = snapshot;
  widget_class->measure = measure;
  view_class->changed = changed;
  view_class->draws_for |= TRI_CHANGE_PLACES | TRI_CHANGE_SCORE | TRI_CHANGE_SELECTION | TRI_CHANGE_TIME_AXIS;
  view_class->sets_width = TRUE;
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  GType type = TRI_TYPE_LINK_LAYER;
  signals[DRAG_BEGUN] =
      g_signal_new("drag-begun", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
  signals[DRAGGED] = g_signal_new("dragged", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                  G_TYPE_INT, G_TYPE_DOUBLE);
  signals[DROPPED] = g_signal_new("dropped", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                  G_TYPE_INT, G_TYPE_DOUBLE);
  signals[DRAG_CANCELLED] = g_signal_new("drag-cancelled", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, G_TYPE_INT);
}

static void tri_link_layer_init(TriLinkLayer *self) {
  GtkGesture *drag = gtk_gesture_drag_new();
  GtkEventController *motion = gtk_event_controller_motion_new();
  self->dragged = self->grabbed = -1;
  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Links"), -1);
  tri_view_add_pointer(TRI_VIEW(self), time_at, clicked);
  g_signal_connect(drag, "drag-begin", G_CALLBACK(pressed), self);
  g_signal_connect(drag, "drag-update", G_CALLBACK(pulled), self);
  g_signal_connect(drag, "drag-end", G_CALLBACK(released), self);
  g_signal_connect(drag, "cancel", G_CALLBACK(cancelled), self);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drag));
  g_signal_connect(motion, "motion", G_CALLBACK(moved), self);
  g_signal_connect(motion, "leave", G_CALLBACK(left), self);
  gtk_widget_add_controller(GTK_WIDGET(self), motion);
}

GtkWidget *tri_link_layer_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles,
                              TriRibbonView *ribbon) {
  TriLinkLayer *self =
      g_object_new(TRI_TYPE_LINK_LAYER, "timeline", timeline, "scene", scene, "tiles", tiles, NULL);
  g_set_weak_pointer(&self->ribbon, ribbon);
  return GTK_WIDGET(self);
}
