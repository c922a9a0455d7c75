/* Ticks at round times, far enough apart for their numbers. SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/time-ruler.h"

#include <glib/gi18n.h>
#include <math.h>

enum { HEIGHT = 20, LABEL_PX = 76, SUBTICKS = 5 };

struct _TriTimeRuler {
  TriView parent_instance;
  GHashTable *labels; /* text → PangoLayout */
};

G_DEFINE_FINAL_TYPE(TriTimeRuler, tri_time_ruler, TRI_TYPE_VIEW)

char *tri_time_text(double time_s, int decimals) {
  double unit = pow(10, -decimals);
  gint64 units = llround(fabs(time_s) / unit), per_minute = llround(60 / unit);
  double seconds = (units % per_minute) * unit;
  const char *sign = time_s < 0 && units ? "−" : "";
  return g_strdup_printf("%s%" G_GINT64_FORMAT ":%0*.*f", sign, units / per_minute,
                         decimals ? decimals + 3 : 2, decimals, seconds);
}

double tri_time_ruler_step(double least_s) {
  static const double steps[] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1,   2,   5,
                                 10,   15,   30,   60,  120, 300, 600, 1800};
  for (gsize i = 0; i < G_N_ELEMENTS(steps); i++)
    if (steps[i] >= least_s) return steps[i];
  return 3600;
}

static PangoLayout *label(TriTimeRuler *self, double time_s, double step_s) {
  char *text = tri_time_text(time_s, step_s < 0.1 ? 2 : step_s < 1 ? 1 : 0);
  PangoLayout *layout = g_hash_table_lookup(self->labels, text);
  if (!layout) {
    if (g_hash_table_size(self->labels) > 500) g_hash_table_remove_all(self->labels);
    layout = tri_view_layout(TRI_VIEW(self), text, 7.5, FALSE);
    g_hash_table_insert(self->labels, g_strdup(text), layout);
  }
  g_free(text);
  return layout;
}

static void append_tick(TriTimeRuler *self, GtkSnapshot *snapshot, double time_s, double step_s,
                        gboolean major) {
  TriView *view = TRI_VIEW(self);
  TriTheme theme = tri_view_get_theme(view);
  double x = tri_view_snap(view, tri_timeline_x(tri_view_get_timeline(view), time_s));
  gtk_snapshot_append_color(snapshot, tri_palette_color(theme, major ? TRI_COLOR_TEXT_DIM : TRI_COLOR_LINE),
                            &GRAPHENE_RECT_INIT(x, 0, 1, major ? 7 : 4));
  if (!major) return;
  gtk_snapshot_save(snapshot);
  gtk_snapshot_translate(snapshot, &GRAPHENE_POINT_INIT(x + 4, 3));
  gtk_snapshot_append_layout(snapshot, label(self, time_s, step_s),
                             tri_palette_color(theme, TRI_COLOR_TEXT_DIM));
  gtk_snapshot_restore(snapshot);
}

static void snapshot(GtkWidget *widget, GtkSnapshot *snapshot) {
  TriTimeRuler *self = TRI_TIME_RULER(widget);
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(widget));
  TriTheme theme = tri_view_get_theme(TRI_VIEW(widget));
  int width = gtk_widget_get_width(widget), height = gtk_widget_get_height(widget);
  double step_s = tri_time_ruler_step(LABEL_PX / tri_timeline_get_scale(timeline)), from_s, to_s;
  gtk_snapshot_append_color(snapshot, tri_palette_color(theme, TRI_COLOR_STRIP),
                            &GRAPHENE_RECT_INIT(0, 0, width, height));
  if (tri_timeline_get_loop(timeline, &from_s, &to_s)) {
    double x = tri_timeline_x(timeline, from_s);
    gtk_snapshot_append_color(snapshot, tri_palette_color(theme, TRI_COLOR_LOOP),
                              &GRAPHENE_RECT_INIT(x, 0, tri_timeline_x(timeline, to_s) - x, height));
  }
  gint64 first = (gint64)floor(MAX(0, tri_timeline_time(timeline, -LABEL_PX)) / step_s) * SUBTICKS;
  gint64 last = (gint64)ceil(tri_timeline_time(timeline, width) / step_s) * SUBTICKS;
  for (gint64 i = first; i <= last; i++)
    append_tick(self, snapshot, i * step_s / SUBTICKS, step_s, i % SUBTICKS == 0);
}

static double time_at(TriView *view, double x) {
  return tri_timeline_time(tri_view_get_timeline(view), x);
}

static void measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *least, int *usual,
                    int *least_baseline, int *baseline) {
  *least = *usual = orientation == GTK_ORIENTATION_VERTICAL ? HEIGHT : 0;
}

static void finalize(GObject *object) {
  g_hash_table_unref(TRI_TIME_RULER(object)->labels);
  G_OBJECT_CLASS(tri_time_ruler_parent_class)->finalize(object);
}

static void tri_time_ruler_class_init(TriTimeRulerClass *klass) {
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
  G_OBJECT_CLASS(klass)->finalize = finalize;
  widget_class->snapshot = snapshot;
  widget_class->measure = measure;
  TRI_VIEW_CLASS(klass)->draws_for |= TRI_CHANGE_TIME_AXIS | TRI_CHANGE_LOOP;
  TRI_VIEW_CLASS(klass)->sets_width = TRUE;
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void tri_time_ruler_init(TriTimeRuler *self) {
  self->labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_object_unref);
  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Time"), -1);
  tri_view_add_pointer(TRI_VIEW(self), time_at, NULL);
}

GtkWidget *tri_time_ruler_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles) {
  return g_object_new(TRI_TYPE_TIME_RULER, "timeline", timeline, "scene", scene, "tiles", tiles, NULL);
}
