/* One tile holds the peaks of the whole recording. The confidence stripe below is a few colour nodes, runs of
 * equal state, made again when the places or the width change. SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/overview-strip.h"
#include "widgets/peaks.h"
#include "widgets/state.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

enum { HEIGHT = 34, STRIPE = 4, NUMBER_PX = 64 };
static const double click_px = 4;

typedef struct {
  float x, width;
  guint8 state;
} Run;

typedef struct {
  float x;
  PangoLayout *layout;
} BarNumber;

struct _TriOverviewStrip {
  TriView parent_instance;
  GArray *runs, *numbers; /* Run, BarNumber; laid out for laid_width */
  int laid_width;
  gboolean stale;
  TriTileKey settled;
};

G_DEFINE_FINAL_TYPE(TriOverviewStrip, tri_overview_strip, TRI_TYPE_VIEW)

static double duration_s(TriOverviewStrip *self) {
  return MAX(tri_timeline_get_duration(tri_view_get_timeline(TRI_VIEW(self))), 1e-3);
}

double tri_overview_strip_x(TriOverviewStrip *self, double time_s) {
  return time_s / duration_s(self) * gtk_widget_get_width(GTK_WIDGET(self));
}

double tri_overview_strip_time(TriOverviewStrip *self, double x) {
  return CLAMP(x / MAX(gtk_widget_get_width(GTK_WIDGET(self)), 1), 0, 1) * duration_s(self);
}

/* ---- the stripe and the numbers ---- */

/* Runs of equal state; where places fall under one pixel, the one that needs the person most. */
static void add_run(GArray *runs, double from, double to, guint8 state) {
  Run *last = runs->len ? &g_array_index(runs, Run, runs->len - 1) : NULL;
  from = floor(from);
  to = MAX(floor(to), from + 1);
  if (last && last->state == state) {
    last->width = MAX(last->width, (float)(to - last->x));
    return;
  }
  if (last && from < last->x + last->width) {
    if (tri_state_outranks(state, last->state)) {
      if (last->x >= from)
        last->state = state;
      else
        last->width = (float)(from - last->x);
    } else {
      from = last->x + last->width;
    }
  }
  Run run = {(float)from, (float)(to - from), state};
  if (to > from) g_array_append_val(runs, run);
}

static void lay_runs(TriOverviewStrip *self) {
  guint n;
  const TriPlace *places = tri_scene_get_places(tri_view_get_scene(TRI_VIEW(self)), &n);
  g_array_set_size(self->runs, 0);
  for (guint i = 0; i < n; i++) {
    double end_s = i + 1 < n ? places[i + 1].time_s : MIN(places[i].time_s + 1, duration_s(self));
    add_run(self->runs, tri_overview_strip_x(self, places[i].time_s), tri_overview_strip_x(self, end_s),
            places[i].state);
  }
}

static void number_clear(gpointer data) {
  g_object_unref(((BarNumber *)data)->layout);
}

static void lay_numbers(TriOverviewStrip *self) {
  TriScene *scene = tri_view_get_scene(TRI_VIEW(self));
  const Score *score = tri_scene_get_score(scene);
  const ScoreUnfolded *unfolded = tri_scene_get_unfolded(scene);
  guint n;
  const TriPlace *places = tri_scene_get_places(scene, &n);
  double next_x = 0;
  int last_step = -1;
  g_array_set_size(self->numbers, 0);
  for (guint i = 0; score && unfolded && i < MIN(n, unfolded->onsets.n); i++) {
    if (!unfolded->onsets.items[i].n) continue;
    const ScoreSound *sound = &unfolded->sounds.items[unfolded->onsets.items[i].first];
    double x = floor(tri_overview_strip_x(self, places[i].time_s));
    if (sound->step == last_step || x < next_x) continue;
    const ScoreMeasure *measure = &score->measures.items[unfolded->steps.items[sound->step].measure];
    BarNumber number = {(float)x, tri_view_layout(TRI_VIEW(self), measure->number, 6.5, FALSE)};
    g_array_append_val(self->numbers, number);
    last_step = sound->step;
    next_x = x + NUMBER_PX;
  }
}

static void lay_out(TriOverviewStrip *self, int width) {
  if (!self->stale && width == self->laid_width) return;
  self->stale = FALSE;
  self->laid_width = width;
  lay_runs(self);
  lay_numbers(self);
}

/* ---- drawing ---- */

static void draw_tile(cairo_t *cr, const TriTileKey *key, gpointer value, GCancellable *cancel) {
  TriPeaks *peaks = value;
  double middle = key->height / 2.0, reach = middle - key->scale;
  gdk_cairo_set_source_rgba(cr, tri_palette_color(key->theme, TRI_COLOR_STRIP));
  cairo_paint(cr);
  for (int x = 0; x < key->width; x++) {
    float min, max;
    tri_peaks_range(peaks, x / key->level, (x + 1) / key->level, &min, &max);
    double top = middle - MAX(max * reach, 0.5 * key->scale),
           bottom = middle - MIN(min * reach, -0.5 * key->scale);
    cairo_rectangle(cr, x, top, 1, bottom - top);
  }
  gdk_cairo_set_source_rgba(cr, tri_palette_color(key->theme, TRI_COLOR_WAVE_OVERVIEW));
  cairo_fill(cr);
}

static gpointer peaks_ref(gpointer peaks) {
  return tri_peaks_ref(peaks);
}
static void peaks_unref(gpointer peaks) {
  tri_peaks_unref(peaks);
}

static void append_peaks(TriOverviewStrip *self, GtkSnapshot *snapshot, int width, int height) {
  TriView *view = TRI_VIEW(self);
  TriScene *scene = tri_view_get_scene(view);
  int scale = gtk_widget_get_scale_factor(GTK_WIDGET(self));
  TriTileKey key;
  if (!tri_scene_get_peaks(scene)) return;
  memset(&key, 0, sizeof key);
  key.kind = TRI_TILE_OVERVIEW;
  key.theme = tri_view_get_theme(view);
  key.scale = scale;
  key.width = width * scale;
  key.height = height * scale;
  key.level = key.width / duration_s(self);
  key.revision = tri_scene_get_revision(scene, TRI_REVISION_SOUND);
  tri_tile_cache_begin(tri_view_get_tiles(view), TRI_TILE_OVERVIEW);
  GdkTexture *texture = tri_tile_cache_get(tri_view_get_tiles(view), &key, draw_tile,
                                           tri_scene_get_peaks(scene), peaks_ref, peaks_unref);
  if (texture) self->settled = key;
  if (!texture) texture = tri_tile_cache_peek(tri_view_get_tiles(view), &self->settled);
  if (texture) gtk_snapshot_append_texture(snapshot, texture, &GRAPHENE_RECT_INIT(0, 0, width, height));
}

static void append_stretch(TriOverviewStrip *self, GtkSnapshot *snapshot, double from_s, double to_s,
                           TriColor color) {
  double x = floor(tri_overview_strip_x(self, from_s)), end = ceil(tri_overview_strip_x(self, to_s));
  gtk_snapshot_append_color(snapshot, tri_palette_color(tri_view_get_theme(TRI_VIEW(self)), color),
                            &GRAPHENE_RECT_INIT(x, 0, MAX(end - x, 2), HEIGHT - STRIPE));
}

static void append_stripe(TriOverviewStrip *self, GtkSnapshot *snapshot, double y) {
  TriTheme theme = tri_view_get_theme(TRI_VIEW(self));
  for (guint i = 0; i < self->runs->len; i++) {
    const Run *run = &g_array_index(self->runs, Run, i);
    gtk_snapshot_append_color(snapshot, tri_palette_state(theme, run->state),
                              &GRAPHENE_RECT_INIT(run->x, y, run->width, STRIPE));
  }
}

static void append_numbers(TriOverviewStrip *self, GtkSnapshot *snapshot) {
  const GdkRGBA *color = tri_palette_color(tri_view_get_theme(TRI_VIEW(self)), TRI_COLOR_TEXT_DIM);
  for (guint i = 0; i < self->numbers->len; i++) {
    const BarNumber *number = &g_array_index(self->numbers, BarNumber, i);
    gtk_snapshot_append_color(snapshot, color, &GRAPHENE_RECT_INIT(number->x, 0, 1, 4));
    gtk_snapshot_save(snapshot);
    gtk_snapshot_translate(snapshot, &GRAPHENE_POINT_INIT(number->x + 3, 0));
    gtk_snapshot_append_layout(snapshot, number->layout, color);
    gtk_snapshot_restore(snapshot);
  }
}

static void snapshot(GtkWidget *widget, GtkSnapshot *snapshot) {
  TriOverviewStrip *self = TRI_OVERVIEW_STRIP(widget);
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(widget));
  TriTheme theme = tri_view_get_theme(TRI_VIEW(widget));
  int width = gtk_widget_get_width(widget), height = gtk_widget_get_height(widget) - STRIPE;
  double from_s, to_s;
  lay_out(self, width);
  gtk_snapshot_append_color(snapshot, tri_palette_color(theme, TRI_COLOR_STRIP),
                            &GRAPHENE_RECT_INIT(0, 0, width, height + STRIPE));
  append_peaks(self, snapshot, width, height);
  if (tri_timeline_get_loop(timeline, &from_s, &to_s))
    append_stretch(self, snapshot, from_s, to_s, TRI_COLOR_LOOP);
  append_stretch(self, snapshot, MAX(0, tri_timeline_time(timeline, 0)),
                 MIN(duration_s(self), tri_timeline_time(timeline, tri_timeline_get_width(timeline))),
                 TRI_COLOR_VISIBLE);
  append_stripe(self, snapshot, height);
  append_numbers(self, snapshot);
  double x = tri_view_snap(TRI_VIEW(self), tri_overview_strip_x(self, tri_timeline_get_position(timeline)));
  gtk_snapshot_append_color(snapshot, tri_palette_color(theme, TRI_COLOR_PLAYHEAD),
                            &GRAPHENE_RECT_INIT(x, 0, 1, height + STRIPE));
}

static void changed(TriView *view, TriChange what) {
  TriOverviewStrip *self = TRI_OVERVIEW_STRIP(view);
  gboolean dragging = tri_scene_get_drag(tri_view_get_scene(view)) != NULL;
  if (what & TRI_CHANGE_SCORE || (what & TRI_CHANGE_PLACES && !dragging)) self->stale = TRUE;
  TRI_VIEW_CLASS(tri_overview_strip_parent_class)->changed(view, what);
}

static void duration_changed(TriOverviewStrip *self) {
  self->stale = TRUE;
}

/* ---- the pointer ---- */

static gboolean with_shift(GtkGestureDrag *drag) {
  return gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(drag)) & GDK_SHIFT_MASK;
}

static void centre(TriOverviewStrip *self, double time_s) {
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(self));
  double half_s = tri_timeline_get_width(timeline) / tri_timeline_get_scale(timeline) / 2;
  tri_timeline_set_follow(timeline, TRI_FOLLOW_OFF);
  tri_timeline_set_start(timeline, time_s - half_s);
}

static void drag_moved(GtkGestureDrag *drag, double dx, double dy, TriOverviewStrip *self) {
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(self));
  double x, y;
  if (!gtk_gesture_drag_get_start_point(drag, &x, &y) || fabs(dx) < click_px) return;
  gtk_gesture_set_state(GTK_GESTURE(drag), GTK_EVENT_SEQUENCE_CLAIMED);
  if (with_shift(drag))
    tri_timeline_set_loop(timeline, tri_overview_strip_time(self, x), tri_overview_strip_time(self, x + dx));
  else
    centre(self, tri_overview_strip_time(self, x + dx));
}

static void drag_ended(GtkGestureDrag *drag, double dx, double dy, TriOverviewStrip *self) {
  double x, y;
  if (!gtk_gesture_drag_get_start_point(drag, &x, &y) || hypot(dx, dy) >= click_px || with_shift(drag))
    return;
  double time_s = tri_overview_strip_time(self, x);
  tri_timeline_show(tri_view_get_timeline(TRI_VIEW(self)), time_s);
  tri_view_emit_seek(TRI_VIEW(self), time_s);
}

/* ---- life ---- */

static void constructed(GObject *object) {
  TriTimeline *timeline;
  G_OBJECT_CLASS(tri_overview_strip_parent_class)->constructed(object);
  timeline = tri_view_get_timeline(TRI_VIEW(object));
  g_signal_connect_object(timeline, "notify::duration", G_CALLBACK(duration_changed), object,
                          G_CONNECT_SWAPPED);
}

static void finalize(GObject *object) {
  TriOverviewStrip *self = TRI_OVERVIEW_STRIP(object);
  g_array_unref(self->runs);
  g_array_unref(self->numbers);
  G_OBJECT_CLASS(tri_overview_strip_parent_class)->finalize(object);
}

static void measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *least, int *usual,
                    int *least_baseline, int *baseline) {
  *least = *usual = orientation == GTK_ORIENTATION_VERTICAL ? HEIGHT : 0;
}

static void tri_overview_strip_class_init(TriOverviewStripClass *klass) {
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
  TriViewClass *view_class = TRI_VIEW_CLASS(klass);
  G_OBJECT_CLASS(klass)->constructed = constructed;
  G_OBJECT_CLASS(klass)->finalize = finalize;
  widget_class->snapshot = snapshot;
  widget_class->measure = measure;
  view_class->changed = changed;
  view_class->draws_for |= TRI_CHANGE_SOUND | TRI_CHANGE_SCORE | TRI_CHANGE_PLACES | TRI_CHANGE_TIME_AXIS |
                           TRI_CHANGE_LOOP | TRI_CHANGE_POSITION;
  view_class->uses_tiles = TRUE;
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void tri_overview_strip_init(TriOverviewStrip *self) {
  GtkGesture *drag = gtk_gesture_drag_new();
  memset(&self->settled, 0, sizeof self->settled);
  self->runs = g_array_new(FALSE, FALSE, sizeof(Run));
  self->numbers = g_array_new(FALSE, FALSE, sizeof(BarNumber));
  g_array_set_clear_func(self->numbers, number_clear);
  self->stale = TRUE;
  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Whole recording"),
                                 -1);
  g_signal_connect(drag, "drag-update", G_CALLBACK(drag_moved), self);
  g_signal_connect(drag, "drag-end", G_CALLBACK(drag_ended), self);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drag));
}

GtkWidget *tri_overview_strip_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles) {
  return g_object_new(TRI_TYPE_OVERVIEW_STRIP, "timeline", timeline, "scene", scene, "tiles", tiles, NULL);
}
