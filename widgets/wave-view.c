/* Waveform tiles draw one bar of extremes for each device pixel; until they are there, coarser bars stand in
 * as colour nodes. spectrogram tiles take, for each device pixel, the strongest frame under it, interpolate
 * the bins up the height and colour them through the theme's heat map. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "widgets/wave-view.h"
#include "widgets/peaks.h"
#include "widgets/tile-row.h"

#include <glib/gi18n.h>
#include <math.h>

enum { ALONE, OVER_SPECTROGRAM }; /* rows of waveform tiles: on the ground, or with nothing behind */
enum { COARSE_PX = 2 };

struct _TriWaveView {
  TriView parent_instance;
  double mix;
  TriSettled settled_wave, settled_spectrogram;
  PangoLayout *empty;
};

enum { PROP_SPECTROGRAM_MIX = 1, N_PROPS };
static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE(TriWaveView, tri_wave_view, TRI_TYPE_VIEW)

/* ---- tiles, on worker threads ---- */

static gpointer peaks_ref(gpointer peaks) {
  return tri_peaks_ref(peaks);
}
static void peaks_unref(gpointer peaks) {
  tri_peaks_unref(peaks);
}

static void draw_wave(cairo_t *cr, const TriTileKey *key, gpointer value, GCancellable *cancel) {
  TriPeaks *peaks = value;
  double middle = key->height / 2.0, reach = middle - 2.0 * key->scale, least = key->scale / 2.0;
  double duration_s = tri_peaks_duration_s(peaks);
  if (key->row != OVER_SPECTROGRAM) {
    gdk_cairo_set_source_rgba(cr, tri_palette_color(key->theme, TRI_COLOR_GROUND));
    cairo_paint(cr);
  }
  for (int x = 0; x < key->width; x++) {
    double from_s = tri_tile_row_at(key, x), to_s = tri_tile_row_at(key, x + 1);
    float min, max;
    if (to_s <= 0 || from_s >= duration_s) continue;
    tri_peaks_range(peaks, from_s, to_s, &min, &max);
    double top = middle - MAX(max * reach, least), bottom = middle - MIN(min * reach, -least);
    cairo_rectangle(cr, x, top, 1, bottom - top);
  }
  gdk_cairo_set_source_rgba(cr, tri_palette_color(key->theme, TRI_COLOR_WAVE));
  cairo_fill(cr);
}

/* The spectrogram as workers see it. */
typedef struct {
  GBytes *levels;
  gsize frames;
  int bins;
  double hop_s;
} Levels;

static void levels_clear(gpointer data) {
  g_bytes_unref(((Levels *)data)->levels);
}
static gpointer levels_ref(gpointer levels) {
  return g_atomic_rc_box_acquire(levels);
}
static void levels_unref(gpointer levels) {
  g_atomic_rc_box_release_full(levels, levels_clear);
}

/* The strongest of the frames under one device pixel, for each bin. */
static void strongest(guint8 *column, const Levels *levels, double from_s, double to_s) {
  const guint8 *all = g_bytes_get_data(levels->levels, NULL);
  gsize first = (gsize)MAX(0, from_s / levels->hop_s + 0.5);
  gsize last = MIN((gsize)MAX(0, to_s / levels->hop_s + 0.5), levels->frames - 1);
  memcpy(column, all + MIN(first, levels->frames - 1) * levels->bins, levels->bins);
  for (gsize t = first + 1; t <= last; t++)
    for (int b = 0; b < levels->bins; b++) column[b] = MAX(column[b], all[t * levels->bins + b]);
}

static void paint_column(guint32 *pixels, int stride, const TriTileKey *key, const Levels *levels,
                         const guint8 *column) {
  const guint32 *heat = tri_palette_heat(key->theme);
  for (int y = 0; y < key->height; y++) {
    double at = (key->height - y - 0.5) / key->height * levels->bins - 0.5;
    int low = CLAMP((int)floor(at), 0, levels->bins - 1), high = MIN(low + 1, levels->bins - 1);
    double t = CLAMP(at - low, 0, 1);
    pixels[(gsize)y * stride] = heat[(int)(column[low] * (1 - t) + column[high] * t + 0.5)];
  }
}

static void draw_spectrogram(cairo_t *cr, const TriTileKey *key, gpointer value, GCancellable *cancel) {
  const Levels *levels = value;
  cairo_surface_t *surface = cairo_get_target(cr);
  guint32 *pixels = (guint32 *)(gpointer)cairo_image_surface_get_data(surface);
  int stride = cairo_image_surface_get_stride(surface) / 4;
  double duration_s = levels->frames * levels->hop_s;
  guint8 *column = g_malloc(levels->bins);
  for (int x = 0; x < key->width && !g_cancellable_is_cancelled(cancel); x++) {
    double from_s = tri_tile_row_at(key, x), to_s = tri_tile_row_at(key, x + 1);
    if (to_s <= 0 || from_s >= duration_s) continue;
    strongest(column, levels, from_s, to_s);
    paint_column(pixels + x, stride, key, levels, column);
  }
  cairo_surface_mark_dirty(surface);
  g_free(column);
}

/* ---- drawing ---- */

static void fill_coarsely(TriView *view, GtkSnapshot *snapshot, const graphene_rect_t *gap) {
  TriPeaks *peaks = tri_scene_get_peaks(tri_view_get_scene(view));
  TriTimeline *timeline = tri_view_get_timeline(view);
  const GdkRGBA *color = tri_palette_color(tri_view_get_theme(view), TRI_COLOR_WAVE);
  double end = MIN(gap->origin.x + gap->size.width, gtk_widget_get_width(GTK_WIDGET(view)));
  double middle = gap->origin.y + gap->size.height / 2, reach = gap->size.height / 2 - 2;
  for (double x = MAX(gap->origin.x, 0); x < end; x += COARSE_PX) {
    float min, max;
    tri_peaks_range(peaks, tri_timeline_time(timeline, x), tri_timeline_time(timeline, x + COARSE_PX), &min,
                    &max);
    if (max > min)
      gtk_snapshot_append_color(
          snapshot, color,
          &GRAPHENE_RECT_INIT(x, middle - max * reach, MIN(COARSE_PX, end - x), (max - min) * reach));
  }
}

static void append_wave(TriWaveView *self, GtkSnapshot *snapshot, double opacity) {
  TriView *view = TRI_VIEW(self);
  TriScene *scene = tri_view_get_scene(view);
  TriTileLayer layer =
      tri_tile_row_in_time(view, TRI_TILE_WAVE, tri_scene_get_revision(scene, TRI_REVISION_SOUND));
  layer.row = opacity < 1 ? OVER_SPECTROGRAM : ALONE;
  layer.fill = fill_coarsely;
  layer.draw = draw_wave;
  layer.value = tri_scene_get_peaks(scene);
  layer.ref = peaks_ref;
  layer.unref = peaks_unref;
  if (!layer.value || opacity <= 0) return;
  if (opacity < 1) gtk_snapshot_push_opacity(snapshot, opacity);
  tri_tile_row_append(view, snapshot, &layer, &self->settled_wave, 0,
                      gtk_widget_get_height(GTK_WIDGET(self)));
  if (opacity < 1) gtk_snapshot_pop(snapshot);
}

static void append_spectrogram(TriWaveView *self, GtkSnapshot *snapshot, double opacity) {
  TriView *view = TRI_VIEW(self);
  TriScene *scene = tri_view_get_scene(view);
  GBytes *bytes = tri_scene_get_spectrogram_bytes(scene);
  if (!bytes || opacity <= 0) return;
  Levels *levels = g_atomic_rc_box_new0(Levels);
  tri_scene_get_spectrogram(scene, &levels->frames, &levels->bins, &levels->hop_s);
  levels->levels = g_bytes_ref(bytes);
  TriTileLayer layer =
      tri_tile_row_in_time(view, TRI_TILE_SPECTROGRAM, tri_scene_get_revision(scene, TRI_REVISION_SOUND));
  layer.draw = draw_spectrogram;
  layer.value = levels;
  layer.ref = levels_ref;
  layer.unref = levels_unref;
  if (opacity < 1) gtk_snapshot_push_opacity(snapshot, opacity);
  tri_tile_row_append(view, snapshot, &layer, &self->settled_spectrogram, 0,
                      gtk_widget_get_height(GTK_WIDGET(self)));
  if (opacity < 1) gtk_snapshot_pop(snapshot);
  levels_unref(levels);
}

static void append_loop(TriView *view, GtkSnapshot *snapshot, int height) {
  TriTimeline *timeline = tri_view_get_timeline(view);
  double from_s, to_s;
  if (!tri_timeline_get_loop(timeline, &from_s, &to_s)) return;
  double x = tri_view_snap(view, tri_timeline_x(timeline, from_s));
  double end = tri_view_snap(view, tri_timeline_x(timeline, to_s));
  gtk_snapshot_append_color(snapshot, tri_palette_color(tri_view_get_theme(view), TRI_COLOR_LOOP),
                            &GRAPHENE_RECT_INIT(x, 0, end - x, height));
}

static void append_empty(TriWaveView *self, GtkSnapshot *snapshot, int width, int height) {
  int text_width, text_height;
  if (!self->empty) self->empty = tri_view_layout(TRI_VIEW(self), _("No recording yet"), 10, FALSE);
  pango_layout_get_pixel_size(self->empty, &text_width, &text_height);
  gtk_snapshot_save(snapshot);
  gtk_snapshot_translate(snapshot,
                         &GRAPHENE_POINT_INIT((width - text_width) / 2, (height - text_height) / 2));
  gtk_snapshot_append_layout(snapshot, self->empty,
                             tri_palette_color(tri_view_get_theme(TRI_VIEW(self)), TRI_COLOR_TEXT_DIM));
  gtk_snapshot_restore(snapshot);
}

static void snapshot(GtkWidget *widget, GtkSnapshot *snapshot) {
  TriWaveView *self = TRI_WAVE_VIEW(widget);
  TriView *view = TRI_VIEW(widget);
  TriScene *scene = tri_view_get_scene(view);
  TriTheme theme = tri_view_get_theme(view);
  int width = gtk_widget_get_width(widget), height = gtk_widget_get_height(widget);
  gboolean spectrogram = tri_scene_get_spectrogram_bytes(scene) != NULL;
  gtk_snapshot_append_color(snapshot, tri_palette_color(theme, TRI_COLOR_GROUND),
                            &GRAPHENE_RECT_INIT(0, 0, width, height));
  if (!tri_scene_get_peaks(scene) && !spectrogram) append_empty(self, snapshot, width, height);
  append_spectrogram(self, snapshot, MIN(1, 2 * self->mix));
  append_wave(self, snapshot, spectrogram ? 1 - self->mix : 1);
  append_loop(view, snapshot, height);
}

static double time_at(TriView *view, double x) {
  return tri_timeline_time(tri_view_get_timeline(view), x);
}

/* ---- properties ---- */

void tri_wave_view_set_spectrogram_mix(TriWaveView *self, double mix) {
  mix = CLAMP(mix, 0, 1);
  if (!isfinite(mix) || mix == self->mix) return;
  self->mix = mix;
  gtk_widget_queue_draw(GTK_WIDGET(self));
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_SPECTROGRAM_MIX]);
}

double tri_wave_view_get_spectrogram_mix(TriWaveView *self) {
  return self->mix;
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  tri_wave_view_set_spectrogram_mix(TRI_WAVE_VIEW(object), g_value_get_double(value));
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  g_value_set_double(value, TRI_WAVE_VIEW(object)->mix);
}

static void finalize(GObject *object) {
  g_clear_object(&TRI_WAVE_VIEW(object)->empty);
  G_OBJECT_CLASS(tri_wave_view_parent_class)->finalize(object);
}

static void tri_wave_view_class_init(TriWaveViewClass *klass) {
  GObjectClass *object_class = G_OBJECT_CLASS(klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
  TriViewClass *view_class = TRI_VIEW_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  widget_class->snapshot = snapshot;
  view_class->draws_for |= TRI_CHANGE_SOUND | TRI_CHANGE_TIME_AXIS | TRI_CHANGE_LOOP;
  view_class->sets_width = TRUE;
  view_class->uses_tiles = TRUE;
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  props[PROP_SPECTROGRAM_MIX] =
      g_param_spec_double("spectrogram-mix", NULL, NULL, 0, 1, 0,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties(object_class, N_PROPS, props);
}

static void tri_wave_view_init(TriWaveView *self) {
  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Recording"), -1);
  tri_view_add_pointer(TRI_VIEW(self), time_at, NULL);
}

GtkWidget *tri_wave_view_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles) {
  return g_object_new(TRI_TYPE_WAVE_VIEW, "timeline", timeline, "scene", scene, "tiles", tiles, NULL);
}
