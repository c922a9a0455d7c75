/* One line over each view, at the time axis or, over the ribbon, at the score position of that time.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/playhead.h"

#include <math.h>

static const double line_px = 2;

struct _TriPlayhead {
  TriView parent_instance;
  TriRibbonView *ribbon; /* weak */
  GPtrArray *views;      /* GtkWidget *, weak: GWeakRef boxes */
};

G_DEFINE_FINAL_TYPE(TriPlayhead, tri_playhead, TRI_TYPE_VIEW)

static void weak_free(gpointer data) {
  g_weak_ref_clear(data);
  g_free(data);
}

void tri_playhead_add_view(TriPlayhead *self, GtkWidget *view) {
  GWeakRef *ref = g_new(GWeakRef, 1);
  g_weak_ref_init(ref, view);
  g_ptr_array_add(self->views, ref);
  g_signal_connect_object(view, "map", G_CALLBACK(gtk_widget_queue_draw), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(view, "unmap", G_CALLBACK(gtk_widget_queue_draw), self, G_CONNECT_SWAPPED);
}

/* Where the playhead crosses `view`, in its px; NaN nowhere. */
static double crossing(TriPlayhead *self, GtkWidget *view) {
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(self));
  double position_s = tri_timeline_get_position(timeline);
  if (view == (GtkWidget *)self->ribbon) return tri_ribbon_view_x(self->ribbon, position_s);
  return tri_timeline_x(timeline, position_s);
}

static void append_line(TriPlayhead *self, GtkSnapshot *snapshot, GtkWidget *view) {
  graphene_rect_t bounds;
  double x = crossing(self, view);
  if (!gtk_widget_get_mapped(view) || !gtk_widget_compute_bounds(view, GTK_WIDGET(self), &bounds)) return;
  if (!(x >= 0 && x < bounds.size.width)) return;
  x = tri_view_snap(TRI_VIEW(self), bounds.origin.x + x - line_px / 2);
  gtk_snapshot_append_color(snapshot,
                            tri_palette_color(tri_view_get_theme(TRI_VIEW(self)), TRI_COLOR_PLAYHEAD),
                            &GRAPHENE_RECT_INIT(x, bounds.origin.y, line_px, bounds.size.height));
}

static void snapshot(GtkWidget *widget, GtkSnapshot *snapshot) {
  TriPlayhead *self = TRI_PLAYHEAD(widget);
  for (guint i = 0; i < self->views->len; i++) {
    GtkWidget *view = g_weak_ref_get(self->views->pdata[i]);
    if (view) append_line(self, snapshot, view);
    g_clear_object(&view);
  }
}

static void finalize(GObject *object) {
  TriPlayhead *self = TRI_PLAYHEAD(object);
  g_clear_weak_pointer(&self->ribbon);
  g_ptr_array_unref(self->views);
  G_OBJECT_CLASS(tri_playhead_parent_class)->finalize(object);
}

static void tri_playhead_class_init(TriPlayheadClass *klass) {
  G_OBJECT_CLASS(klass)->finalize = finalize;
  GTK_WIDGET_CLASS(klass)->snapshot = snapshot;
  TRI_VIEW_CLASS(klass)->draws_for |=
      TRI_CHANGE_POSITION | TRI_CHANGE_TIME_AXIS | TRI_CHANGE_PLACES | TRI_CHANGE_SCORE;
  gtk_widget_class_set_accessible_role(GTK_WIDGET_CLASS(klass), GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void tri_playhead_init(TriPlayhead *self) {
  self->views = g_ptr_array_new_with_free_func(weak_free);
  gtk_widget_set_can_target(GTK_WIDGET(self), FALSE);
  gtk_widget_set_can_focus(GTK_WIDGET(self), FALSE);
}

GtkWidget *tri_playhead_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles,
                            TriRibbonView *ribbon) {
  TriPlayhead *self =
      g_object_new(TRI_TYPE_PLAYHEAD, "timeline", timeline, "scene", scene, "tiles", tiles, NULL);
  g_set_weak_pointer(&self->ribbon, ribbon);
  return GTK_WIDGET(self);
}
