/* Few notes: one colour node each, or for states with a shape of their own a small stamp texture, kept by
 * state and size. Many notes: tiles. Rows, octave lines and the pedal are colour nodes.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/roll-view.h"
#include "widgets/link-layer.h"
#include "widgets/note-index.h"
#include "widgets/place-index.h"
#include "widgets/symbols.h"
#include "widgets/tile-row.h"

#include <glib/gi18n.h>
#include <math.h>

enum { QUESTION = TRI_EXTRA + 1, QUESTION_WIDTH = 8, QUESTION_HEIGHT = 10 }; /* a stamp beside the states */
enum { NODES_MOST = 4000, STAMPS_MOST = 2000, PEDAL_HEIGHT = 10, USUAL_SCALE_MOST = 14 };
static const double least_width_px = 2, handle_px = 10, pitch_margin = 3;

struct _TriRollView {
  TriView parent_instance;
  TriNoteIndex *notes;
  TriPlaceIndex *places;
  TriLinkLayer *links; /* weak */
  GHashTable *stamps;  /* StampKey packed in 64 bits → GdkTexture */
  TriSettled settled;
  gboolean fitted; /* to the keys that are played */
  double grab_s;   /* of a dragged note head: pointer minus place */
};

G_DEFINE_FINAL_TYPE(TriRollView, tri_roll_view, TRI_TYPE_VIEW)

/* ---- the pitch axis ---- */

static double rows_height(TriRollView *self) {
  return MAX(0, gtk_widget_get_height(GTK_WIDGET(self)) - PEDAL_HEIGHT);
}

double tri_roll_view_y(TriRollView *self, double midi) {
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(self));
  return rows_height(self) -
         (midi - tri_timeline_get_low_pitch(timeline) + 0.5) * tri_timeline_get_pitch_scale(timeline);
}

double tri_roll_view_pitch(TriRollView *self, double y) {
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(self));
  return (rows_height(self) - y) / tri_timeline_get_pitch_scale(timeline) +
         tri_timeline_get_low_pitch(timeline) - 0.5;
}

static void set_low_pitch(TriRollView *self, double low) {
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(self));
  double shown = rows_height(self) / tri_timeline_get_pitch_scale(timeline);
  tri_timeline_set_low_pitch(timeline, CLAMP(low, 0, MAX(0, 128 - shown)));
}

void tri_roll_view_zoom_pitch(TriRollView *self, double factor, double y) {
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(self));
  double pitch = tri_roll_view_pitch(self, y);
  if (!isfinite(factor) || factor <= 0) return;
  g_object_freeze_notify(G_OBJECT(timeline));
  tri_timeline_set_pitch_scale(timeline, tri_timeline_get_pitch_scale(timeline) * factor);
  set_low_pitch(self, pitch + 0.5 - (rows_height(self) - y) / tri_timeline_get_pitch_scale(timeline));
  g_object_thaw_notify(G_OBJECT(timeline));
}

void tri_roll_view_pan_pitch(TriRollView *self, double dy_px) {
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(self));
  set_low_pitch(self, tri_timeline_get_low_pitch(timeline) - dy_px / tri_timeline_get_pitch_scale(timeline));
}

void tri_roll_view_fit_pitch(TriRollView *self) {
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(self));
  int lowest, highest;
  if (!tri_note_index_range(self->notes, &lowest, &highest) || rows_height(self) <= 0) return;
  double keys = highest - lowest + 1 + 2 * pitch_margin;
  g_object_freeze_notify(G_OBJECT(timeline));
  tri_timeline_set_pitch_scale(timeline, MIN(rows_height(self) / keys, USUAL_SCALE_MOST));
  double shown = rows_height(self) / tri_timeline_get_pitch_scale(timeline);
  set_low_pitch(self, (lowest + highest + 1 - shown) / 2);
  g_object_thaw_notify(G_OBJECT(timeline));
}

/* ---- notes on the screen ---- */

static graphene_rect_t note_rect(TriRollView *self, double onset_s, double end_s, int midi) {
  TriView *view = TRI_VIEW(self);
  TriTimeline *timeline = tri_view_get_timeline(view);
  double scale = tri_timeline_get_pitch_scale(timeline);
  double x = tri_view_snap(view, tri_timeline_x(timeline, onset_s));
  double end = tri_view_snap(view, tri_timeline_x(timeline, end_s)) - 1;
  double top = tri_view_snap(view, tri_roll_view_y(self, midi + 0.5));
  double bottom = tri_view_snap(view, tri_roll_view_y(self, midi - 0.5));
  if (scale >= 6) bottom -= 1;
  return GRAPHENE_RECT_INIT(x, top, MAX(end - x, least_width_px), MAX(bottom - top, 1));
}

static GdkTexture *stamp_make(TriTheme theme, int state, int width, int height, int scale) {
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
  cairo_t *cr = cairo_create(surface);
  gdk_cairo_set_source_rgba(cr, tri_palette_state(theme, TRI_DOUBTFUL));
  if (state == QUESTION)
    tri_symbol_question(cr, width / 2.0, height / 2.0, 0.9 * height);
  else
    tri_symbol_note(cr, theme, state, 0, 0, width, height, scale);
  cairo_destroy(cr);
  cairo_surface_flush(surface);
  int stride = cairo_image_surface_get_stride(surface);
  GBytes *bytes = g_bytes_new_with_free_func(cairo_image_surface_get_data(surface), (gsize)stride * height,
                                             (GDestroyNotify)cairo_surface_destroy, surface);
  GdkTexture *texture = gdk_memory_texture_new(width, height, GDK_MEMORY_DEFAULT, bytes, stride);
  g_bytes_unref(bytes);
  return texture;
}

static GdkTexture *stamp(TriRollView *self, int state, const graphene_rect_t *rect) {
  int scale = gtk_widget_get_scale_factor(GTK_WIDGET(self));
  TriTheme theme = tri_view_get_theme(TRI_VIEW(self));
  int width = (int)lround(rect->size.width * scale), height = (int)lround(rect->size.height * scale);
  gint64 key = ((((gint64)width * 4096 + height) * 8 + state) * 4 + theme) * 8 + scale;
  GdkTexture *found = g_hash_table_lookup(self->stamps, &key);
  if (found) return found;
  if (g_hash_table_size(self->stamps) >= STAMPS_MOST) g_hash_table_remove_all(self->stamps);
  found = stamp_make(theme, state, width, height, scale);
  g_hash_table_insert(self->stamps, g_memdup2(&key, sizeof key), found);
  return found;
}

/* A note longer than the view is cut so that stamps stay small. */
static void cut(TriRollView *self, graphene_rect_t *rect) {
  double width = gtk_widget_get_width(GTK_WIDGET(self)), end = rect->origin.x + rect->size.width;
  double from = MAX(rect->origin.x, -64), to = MIN(end, width + 64);
  rect->origin.x = from;
  rect->size.width = MAX(to - from, 1);
}

typedef struct {
  TriRollView *self;
  GtkSnapshot *snapshot;
} Drawing;

static void append_note(const Drawing *drawing, graphene_rect_t rect, TriState state) {
  TriRollView *self = drawing->self;
  if (rect.origin.y > rows_height(self) || rect.origin.y + rect.size.height < 0) return;
  cut(self, &rect);
  gboolean tiny = rect.size.width <= 4 && state != TRI_NOT_PLAYED;
  if (state == TRI_SURE || tiny)
    gtk_snapshot_append_color(drawing->snapshot, tri_palette_state(tri_view_get_theme(TRI_VIEW(self)), state),
                              &rect);
  else
    gtk_snapshot_append_texture(drawing->snapshot, stamp(self, state, &rect), &rect);
  if (state != TRI_DOUBTFUL || tiny || rect.size.height >= TRI_SYMBOL_ROOM) return;
  rect = GRAPHENE_RECT_INIT(rect.origin.x - 1, rect.origin.y - QUESTION_HEIGHT - 1, QUESTION_WIDTH,
                            QUESTION_HEIGHT);
  gtk_snapshot_append_texture(drawing->snapshot, stamp(self, QUESTION, &rect), &rect);
}

static void append_ring(GtkSnapshot *snapshot, graphene_rect_t rect, const GdkRGBA *color, float width) {
  GskRoundedRect ring;
  graphene_rect_inset(&rect, -1 - width, -1 - width);
  gsk_rounded_rect_init_from_rect(&ring, &rect, 2);
  gtk_snapshot_append_border(snapshot, &ring, (const float[]){width, width, width, width},
                             (const GdkRGBA[]){*color, *color, *color, *color});
}

/* Notes that were made up: a thin skin with a rim, thicker when kept. */
static void append_made_up(const Drawing *drawing, double from_s, double to_s) {
  TriView *view = TRI_VIEW(drawing->self);
  const Motion *motion = tri_scene_get_suggestion(tri_view_get_scene(view));
  const GdkRGBA *color = tri_palette_color(tri_view_get_theme(view), TRI_COLOR_FOCUS);
  for (gsize i = 0; motion && i < motion->notes.n && motion->notes.items[i].onset_s < to_s; i++) {
    const MotionNote *note = &motion->notes.items[i];
    GdkRGBA skin = *color;
    if (note->key_up_s < from_s) continue;
    graphene_rect_t rect = note_rect(drawing->self, note->onset_s, note->key_up_s, note->midi);
    if (rect.origin.y > rows_height(drawing->self) || rect.origin.y + rect.size.height < 0) continue;
    cut(drawing->self, &rect);
    skin.alpha = note->confidence < 1 ? 0.2F : 0.6F;
    gtk_snapshot_append_color(drawing->snapshot, &skin, &rect);
    graphene_rect_inset(&rect, 2, 2);
    append_ring(drawing->snapshot, rect, color, 1);
  }
}

static gboolean append_indexed(const TriIndexedNote *note, gpointer user) {
  const Drawing *drawing = user;
  append_note(drawing, note_rect(drawing->self, note->onset_s, note->end_s, note->midi), note->state);
  return TRUE;
}

/* Notes of the score that were not heard stand at the time of their place, hollow. */
static void append_not_played(const Drawing *drawing, double from_s, double to_s) {
  TriScene *scene = tri_view_get_scene(TRI_VIEW(drawing->self));
  const ScoreUnfolded *unfolded = tri_scene_get_unfolded(scene);
  guint n;
  const TriPlace *places = tri_scene_get_places(scene, &n);
  for (int i = MAX(tri_place_at_time(places, n, from_s), 0); unfolded && i < (int)MIN(n, unfolded->onsets.n);
       i++) {
    if (places[i].time_s > to_s) return;
    if (places[i].state != TRI_NOT_PLAYED) continue;
    const ScoreOnset *onset = &unfolded->onsets.items[i];
    double start_s = tri_view_place_time(TRI_VIEW(drawing->self), i);
    double end_s = i + 1 < (int)n ? MIN(places[i + 1].time_s, start_s + 1) : start_s + 0.5;
    for (size_t s = onset->first; s < onset->first + onset->n; s++)
      append_note(
          drawing,
          note_rect(drawing->self, start_s, MAX(end_s, start_s + 0.05), unfolded->sounds.items[s].midi),
          TRI_NOT_PLAYED);
  }
}

/* ---- rows and pedal ---- */

static gboolean is_black(int midi) {
  return (1 << midi % 12) & 0x54a;
}

static void append_rows(TriRollView *self, GtkSnapshot *snapshot, int width) {
  TriView *view = TRI_VIEW(self);
  TriTheme theme = tri_view_get_theme(view);
  int lowest = MAX(0, (int)floor(tri_roll_view_pitch(self, rows_height(self))));
  int highest = MIN(127, (int)ceil(tri_roll_view_pitch(self, 0)));
  for (int midi = lowest; midi <= highest; midi++) {
    double top = tri_view_snap(view, tri_roll_view_y(self, midi + 0.5));
    double bottom = tri_view_snap(view, tri_roll_view_y(self, midi - 0.5));
    if (is_black(midi))
      gtk_snapshot_append_color(snapshot, tri_palette_color(theme, TRI_COLOR_BLACK_ROW),
                                &GRAPHENE_RECT_INIT(0, top, width, bottom - top));
    if (midi % 12 == 0)
      gtk_snapshot_append_color(snapshot, tri_palette_color(theme, TRI_COLOR_OCTAVE),
                                &GRAPHENE_RECT_INIT(0, bottom - 1, width, 1));
  }
}

static void append_pedal(TriRollView *self, GtkSnapshot *snapshot, int width, double from_s, double to_s) {
  TriView *view = TRI_VIEW(self);
  TriTheme theme = tri_view_get_theme(view);
  TriTimeline *timeline = tri_view_get_timeline(view);
  double top = rows_height(self);
  guint n;
  const double *stretches = tri_note_index_pedal(self->notes, &n);
  gtk_snapshot_append_color(snapshot, tri_palette_color(theme, TRI_COLOR_GROUND),
                            &GRAPHENE_RECT_INIT(0, top, width, PEDAL_HEIGHT));
  gtk_snapshot_append_color(snapshot, tri_palette_color(theme, TRI_COLOR_LINE),
                            &GRAPHENE_RECT_INIT(0, top, width, 1));
  for (guint i = 0; i < n; i++) {
    if (stretches[2 * i + 1] < from_s) continue;
    if (stretches[2 * i] > to_s) break;
    double x = tri_view_snap(view, tri_timeline_x(timeline, stretches[2 * i]));
    double end = tri_view_snap(view, tri_timeline_x(timeline, stretches[2 * i + 1])) - 1;
    gtk_snapshot_append_color(snapshot, tri_palette_color(theme, TRI_COLOR_PEDAL),
                              &GRAPHENE_RECT_INIT(x, top + 4, MAX(end - x, 1), PEDAL_HEIGHT - 6));
  }
}

/* ---- tiles, for many notes ---- */

typedef struct {
  TriNoteIndex *notes;
  double low_pitch, pitch_scale; /* device px */
} Scene;

static void scene_clear(gpointer data) {
  tri_note_index_unref(((Scene *)data)->notes);
}
static gpointer scene_ref(gpointer scene) {
  return g_atomic_rc_box_acquire(scene);
}
static void scene_unref(gpointer scene) {
  g_atomic_rc_box_release_full(scene, scene_clear);
}

typedef struct {
  cairo_t *cr;
  const TriTileKey *key;
  const Scene *scene;
} TileDrawing;

static gboolean paint_note(const TriIndexedNote *note, gpointer user) {
  const TileDrawing *tile = user;
  const TriTileKey *key = tile->key;
  double x = floor((note->onset_s - tri_tile_row_at(key, 0)) * key->level);
  double end = floor((note->end_s - tri_tile_row_at(key, 0)) * key->level) - 1;
  double bottom = round(key->height - (note->midi - tile->scene->low_pitch) * tile->scene->pitch_scale);
  double top = round(key->height - (note->midi + 1 - tile->scene->low_pitch) * tile->scene->pitch_scale);
  gdk_cairo_set_source_rgba(tile->cr, tri_palette_state(key->theme, note->state));
  cairo_rectangle(tile->cr, x, top, MAX(end - x, least_width_px), MAX(bottom - top - 1, 1));
  cairo_fill(tile->cr);
  return TRUE;
}

static void paint_row(const TileDrawing *tile, int midi) {
  const TriTileKey *key = tile->key;
  double bottom = round(key->height - (midi - tile->scene->low_pitch) * tile->scene->pitch_scale);
  double top = round(key->height - (midi + 1 - tile->scene->low_pitch) * tile->scene->pitch_scale);
  gdk_cairo_set_source_rgba(
      tile->cr, tri_palette_color(key->theme, is_black(midi) ? TRI_COLOR_BLACK_ROW : TRI_COLOR_GROUND));
  cairo_rectangle(tile->cr, 0, top, key->width, bottom - top);
  cairo_fill(tile->cr);
  if (midi % 12) return;
  gdk_cairo_set_source_rgba(tile->cr, tri_palette_color(key->theme, TRI_COLOR_OCTAVE));
  cairo_rectangle(tile->cr, 0, bottom - key->scale, key->width, key->scale);
  cairo_fill(tile->cr);
}

static void draw_tile(cairo_t *cr, const TriTileKey *key, gpointer value, GCancellable *cancel) {
  TileDrawing tile = {cr, key, value};
  cairo_set_antialias(cr, CAIRO_ANTIALIAS_NONE);
  gdk_cairo_set_source_rgba(cr, tri_palette_color(key->theme, TRI_COLOR_GROUND));
  cairo_paint(cr);
  for (int midi = 0; midi < 128; midi++) paint_row(&tile, midi);
  tri_note_index_visit(tile.scene->notes, tri_tile_row_at(key, -4), tri_tile_row_at(key, key->width),
                       paint_note, &tile);
}

static void append_tiles(TriRollView *self, GtkSnapshot *snapshot) {
  TriView *view = TRI_VIEW(self);
  TriTimeline *timeline = tri_view_get_timeline(view);
  int scale = gtk_widget_get_scale_factor(GTK_WIDGET(self));
  Scene *scene = g_atomic_rc_box_new0(Scene);
  *scene = (Scene){tri_note_index_ref(self->notes), tri_timeline_get_low_pitch(timeline),
                   tri_timeline_get_pitch_scale(timeline) * scale};
  TriTileLayer layer = tri_tile_row_in_time(
      view, TRI_TILE_ROLL, tri_scene_get_revision(tri_view_get_scene(view), TRI_REVISION_MOTION));
  layer.revision = layer.revision << 32 | (guint32)lround(scene->pitch_scale * 64) << 16 |
                   ((guint32)lround(scene->low_pitch * 256) & 0xffff);
  layer.draw = draw_tile;
  layer.value = scene;
  layer.ref = scene_ref;
  layer.unref = scene_unref;
  tri_tile_row_append(view, snapshot, &layer, &self->settled, 0, rows_height(self));
  scene_unref(scene);
}

/* ---- drawing ---- */

typedef struct {
  Drawing drawing;
  int place;
  float width;
} Ringing;

static gboolean ring_note(const TriIndexedNote *note, gpointer user) {
  const Ringing *ringing = user;
  TriRollView *self = ringing->drawing.self;
  if (tri_roll_view_place_of_note(self, note->note) != ringing->place) return TRUE;
  graphene_rect_t rect = note_rect(self, note->onset_s, note->end_s, note->midi);
  cut(self, &rect);
  append_ring(ringing->drawing.snapshot, rect,
              tri_palette_color(tri_view_get_theme(TRI_VIEW(self)), TRI_COLOR_FOCUS), ringing->width);
  return TRUE;
}

static void append_place(const Drawing *drawing, int place, float width) {
  guint n;
  const TriPlace *places = tri_scene_get_places(tri_view_get_scene(TRI_VIEW(drawing->self)), &n);
  Ringing ringing = {*drawing, place, width};
  if (place < 0 || place >= (int)n) return;
  tri_note_index_visit(drawing->self->notes, places[place].time_s - 0.5, places[place].time_s + 0.5,
                       ring_note, &ringing);
}

static void snapshot(GtkWidget *widget, GtkSnapshot *snapshot) {
  TriRollView *self = TRI_ROLL_VIEW(widget);
  TriScene *scene = tri_view_get_scene(TRI_VIEW(widget));
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(widget));
  int width = gtk_widget_get_width(widget), height = gtk_widget_get_height(widget);
  double from_s = tri_timeline_time(timeline, 0), to_s = tri_timeline_time(timeline, width);
  Drawing drawing = {self, snapshot};
  gtk_snapshot_append_color(snapshot,
                            tri_palette_color(tri_view_get_theme(TRI_VIEW(widget)), TRI_COLOR_GROUND),
                            &GRAPHENE_RECT_INIT(0, 0, width, height));
  append_rows(self, snapshot, width);
  append_not_played(&drawing, from_s - 1, to_s);
  if (tri_note_index_count(self->notes, from_s, to_s) <= NODES_MOST)
    tri_note_index_visit(self->notes, from_s, to_s, append_indexed, &drawing);
  else
    append_tiles(self, snapshot);
  if (tri_scene_get_hovered(scene) != tri_scene_get_selected(scene))
    append_place(&drawing, tri_scene_get_hovered(scene), 1);
  append_place(&drawing, tri_scene_get_selected(scene), 2);
  append_made_up(&drawing, from_s, to_s);
  append_pedal(self, snapshot, width, from_s, to_s);
}

/* ---- hits ---- */

typedef struct {
  TriRollView *self;
  double x, y;
  int found;
} Hit;

static gboolean hit_note(const TriIndexedNote *note, gpointer user) {
  Hit *hit = user;
  graphene_rect_t rect = note_rect(hit->self, note->onset_s, note->end_s, note->midi);
  graphene_rect_inset(&rect, -2, -1);
  if (graphene_rect_contains_point(&rect, &GRAPHENE_POINT_INIT(hit->x, hit->y))) hit->found = (int)note->note;
  return TRUE;
}

int tri_roll_view_note_at(TriRollView *self, double x, double y) {
  double time_s = tri_timeline_time(tri_view_get_timeline(TRI_VIEW(self)), x);
  double margin_s = 4 / tri_timeline_get_scale(tri_view_get_timeline(TRI_VIEW(self)));
  Hit hit = {self, x, y, -1};
  if (y < rows_height(self))
    tri_note_index_visit(self->notes, time_s - margin_s, time_s + margin_s, hit_note, &hit);
  return hit.found;
}

int tri_roll_view_place_of_note(TriRollView *self, guint note) {
  TriScene *scene = tri_view_get_scene(TRI_VIEW(self));
  const Motion *motion = tri_scene_get_motion(scene);
  guint n;
  const TriPlace *places = tri_scene_get_places(scene, &n);
  if (!motion || note >= motion->notes.n || !motion->notes.items[note].score_note) return -1;
  const MotionNote *found = &motion->notes.items[note];
  return tri_place_index_nearest(self->places, found->score_note, places, n, found->onset_s);
}

/* ---- the pointer ---- */

static double time_at(TriView *view, double x) {
  return tri_timeline_time(tri_view_get_timeline(view), x);
}

static gboolean clicked(TriView *view, double x, double y) {
  TriRollView *self = TRI_ROLL_VIEW(view);
  int note = tri_roll_view_note_at(self, x, y);
  if (note < 0) return FALSE;
  int place = tri_roll_view_place_of_note(self, note);
  tri_view_activate_note(view, note);
  if (place >= 0) tri_view_activate_place(view, place);
  return TRUE;
}

static void moved(GtkEventControllerMotion *motion, double x, double y, TriRollView *self) {
  int note = tri_roll_view_note_at(self, x, y);
  tri_scene_set_hovered(tri_view_get_scene(TRI_VIEW(self)),
                        note < 0 ? -1 : tri_roll_view_place_of_note(self, note));
}

static void left(GtkEventControllerMotion *motion, TriRollView *self) {
  tri_scene_set_hovered(tri_view_get_scene(TRI_VIEW(self)), -1);
}

/* The head of a note is a handle of its place, like the foot of the link. */
static void head_pressed(GtkGestureDrag *drag, double x, double y, TriRollView *self) {
  int note = self->links ? tri_roll_view_note_at(self, x, y) : -1;
  int place = note < 0 ? -1 : tri_roll_view_place_of_note(self, note);
  double onset_s =
      place < 0 ? 0 : tri_scene_get_motion(tri_view_get_scene(TRI_VIEW(self)))->notes.items[note].onset_s;
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(self));
  if (place < 0 || fabs(x - tri_timeline_x(timeline, onset_s)) > handle_px) {
    gtk_gesture_set_state(GTK_GESTURE(drag), GTK_EVENT_SEQUENCE_DENIED);
    return;
  }
  self->grab_s = tri_timeline_time(timeline, x) - tri_view_place_time(TRI_VIEW(self), place);
  tri_link_layer_grab(self->links, place);
}

static void head_moved(GtkGestureDrag *drag, double dx, double dy, TriRollView *self) {
  double x, y;
  GdkModifierType held = gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(drag));
  if (!self->links || !gtk_gesture_drag_get_start_point(drag, &x, &y)) return;
  tri_link_layer_pull(self->links, x + dx, self->grab_s, !(held & GDK_ALT_MASK));
  if (tri_link_layer_get_dragged(self->links) >= 0)
    gtk_gesture_set_state(GTK_GESTURE(drag), GTK_EVENT_SEQUENCE_CLAIMED);
}

static void head_released(GtkGestureDrag *drag, double dx, double dy, TriRollView *self) {
  if (self->links) tri_link_layer_release(self->links);
}

static void head_cancelled(GtkGesture *drag, GdkEventSequence *sequence, TriRollView *self) {
  if (self->links) tri_link_layer_cancel_drag(self->links);
}

void tri_roll_view_set_links(TriRollView *self, TriLinkLayer *links) {
  g_set_weak_pointer(&self->links, links);
}

/* ---- life ---- */

/* Once, and only while nobody else has chosen the pitches. */
static void fit_at_first(TriRollView *self) {
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(self));
  if (self->fitted || tri_note_index_size(self->notes) == 0 || rows_height(self) <= 0) return;
  self->fitted = TRUE;
  if (tri_timeline_is_pitch_usual(timeline)) tri_roll_view_fit_pitch(self);
}

static void read_motion(TriRollView *self) {
  TriScene *scene = tri_view_get_scene(TRI_VIEW(self));
  g_clear_pointer(&self->notes, tri_note_index_unref);
  self->notes = tri_note_index_new(tri_scene_get_motion(scene), tri_scene_get_note_states(scene));
  fit_at_first(self);
}

static void read_score(TriRollView *self) {
  g_clear_pointer(&self->places, tri_place_index_free);
  self->places = tri_place_index_new(tri_scene_get_unfolded(tri_view_get_scene(TRI_VIEW(self))));
}

static void changed(TriView *view, TriChange what) {
  if (what & TRI_CHANGE_MOTION) read_motion(TRI_ROLL_VIEW(view));
  if (what & TRI_CHANGE_SCORE) read_score(TRI_ROLL_VIEW(view));
  TRI_VIEW_CLASS(tri_roll_view_parent_class)->changed(view, what);
}

static void size_allocate(GtkWidget *widget, int width, int height, int baseline) {
  TriRollView *self = TRI_ROLL_VIEW(widget);
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(widget));
  GTK_WIDGET_CLASS(tri_roll_view_parent_class)->size_allocate(widget, width, height, baseline);
  set_low_pitch(self, tri_timeline_get_low_pitch(timeline));
  fit_at_first(self);
}

static void constructed(GObject *object) {
  G_OBJECT_CLASS(tri_roll_view_parent_class)->constructed(object);
  read_score(TRI_ROLL_VIEW(object));
  read_motion(TRI_ROLL_VIEW(object));
}

static void finalize(GObject *object) {
  TriRollView *self = TRI_ROLL_VIEW(object);
  g_clear_weak_pointer(&self->links);
  g_clear_pointer(&self->notes, tri_note_index_unref);
  g_clear_pointer(&self->places, tri_place_index_free);
  g_hash_table_unref(self->stamps);
  G_OBJECT_CLASS(tri_roll_view_parent_class)->finalize(object);
}

static void tri_roll_view_class_init(TriRollViewClass *klass) {
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
  TriViewClass *view_class = TRI_VIEW_CLASS(klass);
  G_OBJECT_CLASS(klass)->constructed = constructed;
  G_OBJECT_CLASS(klass)->finalize = finalize;
  widget_class->snapshot = snapshot;
  widget_class->size_allocate = size_allocate;
  view_class->changed = changed;
  view_class->draws_for |= TRI_CHANGE_MOTION | TRI_CHANGE_PLACES | TRI_CHANGE_SELECTION |
                           TRI_CHANGE_TIME_AXIS | TRI_CHANGE_PITCH_AXIS;
  view_class->sets_width = TRUE;
  view_class->uses_tiles = TRUE;
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void add_handles(TriRollView *self) {
  GtkGesture *drag = gtk_gesture_drag_new();
  g_signal_connect(drag, "drag-begin", G_CALLBACK(head_pressed), self);
  g_signal_connect(drag, "drag-update", G_CALLBACK(head_moved), self);
  g_signal_connect(drag, "drag-end", G_CALLBACK(head_released), self);
  g_signal_connect(drag, "cancel", G_CALLBACK(head_cancelled), self);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drag));
}

static void tri_roll_view_init(TriRollView *self) {
  GtkEventController *motion = gtk_event_controller_motion_new();
  self->stamps = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_object_unref);
  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Notes"), -1);
  tri_view_add_pointer(TRI_VIEW(self), time_at, clicked);
  add_handles(self);
  g_signal_connect(motion, "motion", G_CALLBACK(moved), self);
  g_signal_connect(motion, "leave", G_CALLBACK(left), self);
  gtk_widget_add_controller(GTK_WIDGET(self), motion);
}

GtkWidget *tri_roll_view_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles) {
  return g_object_new(TRI_TYPE_ROLL_VIEW, "timeline", timeline, "scene", scene, "tiles", tiles, NULL);
}
