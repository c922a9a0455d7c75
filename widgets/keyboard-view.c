/* Rows are as tall as the roll's, so black keys are whole rows and the lines between white keys run through
 * their middle, as on a real keyboard seen from above. SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/keyboard-view.h"
#include "widgets/note-index.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

enum { KEYS = 128, UNLIT = 255, PEDAL_HEIGHT = 10 };
static const double black_share = 0.62, least_label_px = 6;

struct _TriKeyboardView {
  TriView parent_instance;
  TriNoteIndex *notes;
  guint8 lit[KEYS]; /* TriState of the note that sounds, or UNLIT */
  PangoLayout *labels[KEYS / 12 + 1];
  int pressed; /* -1 none */
};

enum { KEY_PRESSED, KEY_RELEASED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(TriKeyboardView, tri_keyboard_view, TRI_TYPE_VIEW)

gboolean tri_keyboard_view_is_lit(TriKeyboardView *self, int midi) {
  return midi >= 0 && midi < KEYS && self->lit[midi] != UNLIT;
}

static gboolean is_black(int midi) {
  return (1 << midi % 12) & 0x54a;
}

/* ---- where keys are ---- */

static double edge_y(TriKeyboardView *self, double midi) {
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(self));
  double rows = gtk_widget_get_height(GTK_WIDGET(self)) - PEDAL_HEIGHT;
  return tri_view_snap(TRI_VIEW(self), rows - (midi - tri_timeline_get_low_pitch(timeline)) *
                                                  tri_timeline_get_pitch_scale(timeline));
}

/* Vertical extent of a white key: to the middle of a black neighbour, or to the row's edge. */
static void white_extent(TriKeyboardView *self, int midi, double *top, double *bottom) {
  *top = edge_y(self, midi + (is_black(midi + 1) ? 1.5 : 1));
  *bottom = edge_y(self, midi - (midi > 0 && is_black(midi - 1) ? 0.5 : 0));
}

static int key_at(TriKeyboardView *self, double x, double y) {
  double width = gtk_widget_get_width(GTK_WIDGET(self));
  for (int midi = 0; midi < KEYS; midi++)
    if (is_black(midi) && x < width * black_share && y >= edge_y(self, midi + 1) && y < edge_y(self, midi))
      return midi;
  for (int midi = 0; midi < KEYS; midi++) {
    double top, bottom;
    if (is_black(midi)) continue;
    white_extent(self, midi, &top, &bottom);
    if (y >= top && y < bottom) return midi;
  }
  return -1;
}

/* ---- drawing ---- */

static const GdkRGBA *key_color(TriKeyboardView *self, int midi) {
  TriTheme theme = tri_view_get_theme(TRI_VIEW(self));
  if (midi == self->pressed) return tri_palette_color(theme, TRI_COLOR_FOCUS);
  if (self->lit[midi] != UNLIT) return tri_palette_state(theme, self->lit[midi]);
  return tri_palette_color(theme, is_black(midi) ? TRI_COLOR_KEY_BLACK : TRI_COLOR_KEY_WHITE);
}

static void append_white(TriKeyboardView *self, GtkSnapshot *snapshot, int midi, int width) {
  double top, bottom;
  white_extent(self, midi, &top, &bottom);
  gtk_snapshot_append_color(snapshot, key_color(self, midi),
                            &GRAPHENE_RECT_INIT(0, top, width - 1, bottom - top));
  gtk_snapshot_append_color(snapshot,
                            tri_palette_color(tri_view_get_theme(TRI_VIEW(self)), TRI_COLOR_KEY_EDGE),
                            &GRAPHENE_RECT_INIT(0, bottom - 1, width - 1, 1));
}

static void append_label(TriKeyboardView *self, GtkSnapshot *snapshot, int midi, int width) {
  int octave = midi / 12, text_width, text_height;
  if (!self->labels[octave]) {
    char *text = g_strdup_printf(_("C%d"), octave - 1);
    self->labels[octave] = tri_view_layout(TRI_VIEW(self), text, 6.5, FALSE);
    g_free(text);
  }
  pango_layout_get_pixel_size(self->labels[octave], &text_width, &text_height);
  double y = (edge_y(self, midi) + edge_y(self, midi + 1) - text_height) / 2;
  gtk_snapshot_save(snapshot);
  gtk_snapshot_translate(snapshot,
                         &GRAPHENE_POINT_INIT(width - text_width - 4, tri_view_snap(TRI_VIEW(self), y)));
  gtk_snapshot_append_layout(snapshot, self->labels[octave],
                             tri_palette_color(tri_view_get_theme(TRI_VIEW(self)), TRI_COLOR_KEY_TEXT));
  gtk_snapshot_restore(snapshot);
}

static void snapshot(GtkWidget *widget, GtkSnapshot *snapshot) {
  TriKeyboardView *self = TRI_KEYBOARD_VIEW(widget);
  TriView *view = TRI_VIEW(widget);
  TriTimeline *timeline = tri_view_get_timeline(view);
  TriTheme theme = tri_view_get_theme(view);
  int width = gtk_widget_get_width(widget), height = gtk_widget_get_height(widget);
  double scale = tri_timeline_get_pitch_scale(timeline);
  int lowest = MAX(0, (int)tri_timeline_get_low_pitch(timeline) - 1);
  int highest = MIN(KEYS - 1, lowest + 2 + (int)(height / scale));
  gtk_snapshot_append_color(snapshot, tri_palette_color(theme, TRI_COLOR_GROUND),
                            &GRAPHENE_RECT_INIT(0, 0, width, height));
  for (int midi = lowest; midi <= highest; midi++)
    if (!is_black(midi)) append_white(self, snapshot, midi, width);
  for (int midi = lowest; midi <= highest; midi++) {
    double top = edge_y(self, midi + 1);
    if (is_black(midi))
      gtk_snapshot_append_color(
          snapshot, key_color(self, midi),
          &GRAPHENE_RECT_INIT(0, top, floor(width * black_share), edge_y(self, midi) - top));
    else if (midi % 12 == 0 && scale >= least_label_px)
      append_label(self, snapshot, midi, width);
  }
  gtk_snapshot_append_color(snapshot, tri_palette_color(theme, TRI_COLOR_GROUND),
                            &GRAPHENE_RECT_INIT(0, height - PEDAL_HEIGHT, width, PEDAL_HEIGHT));
  gtk_snapshot_append_color(snapshot, tri_palette_color(theme, TRI_COLOR_KEY_EDGE),
                            &GRAPHENE_RECT_INIT(width - 1, 0, 1, height));
}

/* ---- what sounds ---- */

static gboolean light(const TriIndexedNote *note, gpointer user) {
  ((guint8 *)user)[note->midi % KEYS] = note->state;
  return TRUE;
}

static void relight(TriKeyboardView *self) {
  guint8 lit[KEYS];
  double now_s = tri_timeline_get_position(tri_view_get_timeline(TRI_VIEW(self)));
  memset(lit, UNLIT, sizeof lit);
  tri_note_index_visit(self->notes, now_s, now_s + 1e-6, light, lit);
  if (memcmp(lit, self->lit, sizeof lit) == 0) return;
  memcpy(self->lit, lit, sizeof lit);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void read_motion(TriKeyboardView *self) {
  TriScene *scene = tri_view_get_scene(TRI_VIEW(self));
  g_clear_pointer(&self->notes, tri_note_index_unref);
  self->notes = tri_note_index_new(tri_scene_get_motion(scene), tri_scene_get_note_states(scene));
}

static void changed(TriView *view, TriChange what) {
  TriKeyboardView *self = TRI_KEYBOARD_VIEW(view);
  if (what & TRI_CHANGE_MOTION) read_motion(self);
  if (what & (TRI_CHANGE_MOTION | TRI_CHANGE_POSITION)) relight(self);
  TRI_VIEW_CLASS(tri_keyboard_view_parent_class)->changed(view, what);
}

/* ---- playing the keys ---- */

static void press(TriKeyboardView *self, int midi) {
  if (midi == self->pressed) return;
  if (self->pressed >= 0) g_signal_emit(self, signals[KEY_RELEASED], 0, self->pressed);
  self->pressed = midi;
  if (midi >= 0) g_signal_emit(self, signals[KEY_PRESSED], 0, midi);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void drag_begun(GtkGestureDrag *drag, double x, double y, TriKeyboardView *self) {
  press(self, key_at(self, x, y));
}

static void drag_moved(GtkGestureDrag *drag, double dx, double dy, TriKeyboardView *self) {
  double x, y;
  if (gtk_gesture_drag_get_start_point(drag, &x, &y)) press(self, key_at(self, x + dx, y + dy));
}

static void drag_ended(GtkGestureDrag *drag, double dx, double dy, TriKeyboardView *self) {
  press(self, -1);
}

/* ---- life ---- */

static void constructed(GObject *object) {
  G_OBJECT_CLASS(tri_keyboard_view_parent_class)->constructed(object);
  read_motion(TRI_KEYBOARD_VIEW(object));
}

static void finalize(GObject *object) {
  TriKeyboardView *self = TRI_KEYBOARD_VIEW(object);
  g_clear_pointer(&self->notes, tri_note_index_unref);
  for (gsize i = 0; i < G_N_ELEMENTS(self->labels); i++) g_clear_object(&self->labels[i]);
  G_OBJECT_CLASS(tri_keyboard_view_parent_class)->finalize(object);
}

static void measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *least, int *usual,
                    int *least_baseline, int *baseline) {
  *least = *usual = orientation == GTK_ORIENTATION_HORIZONTAL ? TRI_KEYBOARD_WIDTH : 0;
}

static void tri_keyboard_view_class_init(TriKeyboardViewClass *klass) {
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
  TriViewClass *view_class = TRI_VIEW_CLASS(klass);
  G_OBJECT_CLASS(klass)->constructed = constructed;
  G_OBJECT_CLASS(klass)->finalize = finalize;
  widget_class->snapshot = snapshot;
  widget_class->measure = measure;
  view_class->changed = changed;
  view_class->draws_for |= TRI_CHANGE_PITCH_AXIS;
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  signals[KEY_PRESSED] = g_signal_new("key-pressed", TRI_TYPE_KEYBOARD_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                      NULL, G_TYPE_NONE, 1, G_TYPE_INT);
  signals[KEY_RELEASED] = g_signal_new("key-released", TRI_TYPE_KEYBOARD_VIEW, G_SIGNAL_RUN_LAST, 0, NULL,
                                       NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
}

static void tri_keyboard_view_init(TriKeyboardView *self) {
  GtkGesture *drag = gtk_gesture_drag_new();
  memset(self->lit, UNLIT, sizeof self->lit);
  self->pressed = -1;
  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Piano keys"), -1);
  g_signal_connect(drag, "drag-begin", G_CALLBACK(drag_begun), self);
  g_signal_connect(drag, "drag-update", G_CALLBACK(drag_moved), self);
  g_signal_connect(drag, "drag-end", G_CALLBACK(drag_ended), self);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drag));
}

GtkWidget *tri_keyboard_view_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles) {
  return g_object_new(TRI_TYPE_KEYBOARD_VIEW, "timeline", timeline, "scene", scene, "tiles", tiles, NULL);
}
