/* The base of the views translates the many notifications of timeline and scene into one call with a bit for
 * each kind of change, so that a view says in one place what makes it draw again. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "widgets/view.h"

#include <adwaita.h>
#include <math.h>

static const double click_px = 4; /* a press that moves less is a click */

typedef struct {
  TriTimeline *timeline;
  TriScene *scene;
  TriTileCache *tiles;
  TriTheme theme;
  TriTimeAtFn time_at;
  TriClickFn clicked;
} TriViewPrivate;

enum { PROP_TIMELINE = 1, PROP_SCENE, PROP_TILES, N_PROPS };
enum { SEEK, PLACE_ACTIVATED, NOTE_ACTIVATED, N_SIGNALS };

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE(TriView, tri_view, GTK_TYPE_WIDGET)

static TriViewPrivate *inside(TriView *self) {
  return tri_view_get_instance_private(self);
}

TriTimeline *tri_view_get_timeline(TriView *self) {
  return inside(self)->timeline;
}
TriScene *tri_view_get_scene(TriView *self) {
  return inside(self)->scene;
}
TriTileCache *tri_view_get_tiles(TriView *self) {
  return inside(self)->tiles;
}
TriTheme tri_view_get_theme(TriView *self) {
  return inside(self)->theme;
}

static void tell(TriView *self, TriChange what) {
  TRI_VIEW_GET_CLASS(self)->changed(self, what);
}

static void draw_again(TriView *self, TriChange what) {
  if (TRI_VIEW_GET_CLASS(self)->draws_for & what) gtk_widget_queue_draw(GTK_WIDGET(self));
}

/* ---- what the timeline and the scene report ---- */

static void timeline_notified(TriView *self, GParamSpec *spec) {
  static const struct {
    const char *name;
    TriChange what;
  } kinds[] = {{"position", TRI_CHANGE_POSITION},      {"start", TRI_CHANGE_TIME_AXIS},
               {"scale", TRI_CHANGE_TIME_AXIS},        {"width", TRI_CHANGE_TIME_AXIS},
               {"duration", TRI_CHANGE_TIME_AXIS},     {"low-pitch", TRI_CHANGE_PITCH_AXIS},
               {"pitch-scale", TRI_CHANGE_PITCH_AXIS}, {"loop-start", TRI_CHANGE_LOOP},
               {"loop-end", TRI_CHANGE_LOOP}};
  for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (g_str_equal(kinds[i].name, spec->name)) tell(self, kinds[i].what);
}

static void pages_changed(TriView *self) {
  tell(self, TRI_CHANGE_PAGES);
}
static void score_changed(TriView *self) {
  tell(self, TRI_CHANGE_SCORE);
}
static void sound_changed(TriView *self) {
  tell(self, TRI_CHANGE_SOUND);
}
static void motion_changed(TriView *self) {
  tell(self, TRI_CHANGE_MOTION);
}
static void places_changed(TriView *self) {
  tell(self, TRI_CHANGE_PLACES);
}
static void selection_changed(TriView *self) {
  tell(self, TRI_CHANGE_SELECTION);
}

static void theme_changed(TriView *self) {
  TriTheme theme = tri_palette_current();
  if (theme == inside(self)->theme) return;
  inside(self)->theme = theme;
  tell(self, TRI_CHANGE_THEME);
}

static void tiles_ready(TriView *self) {
  if (TRI_VIEW_GET_CLASS(self)->uses_tiles) gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void watch(TriView *self, gpointer object, const char *signal, GCallback told) {
  if (object) g_signal_connect_object(object, signal, told, self, G_CONNECT_SWAPPED);
}

static void notified(GObject *object, GParamSpec *spec, TriView *self) {
  timeline_notified(self, spec);
}

static void constructed(GObject *object) {
  TriView *self = TRI_VIEW(object);
  TriViewPrivate *p = inside(self);
  AdwStyleManager *style = adw_style_manager_get_default();
  G_OBJECT_CLASS(tri_view_parent_class)->constructed(object);
  p->theme = tri_palette_current();
  g_signal_connect_object(p->timeline, "notify", G_CALLBACK(notified), self, 0);
  watch(self, p->scene, "pages-changed", G_CALLBACK(pages_changed));
  watch(self, p->scene, "score-changed", G_CALLBACK(score_changed));
  watch(self, p->scene, "sound-changed", G_CALLBACK(sound_changed));
  watch(self, p->scene, "motion-changed", G_CALLBACK(motion_changed));
  watch(self, p->scene, "places-changed", G_CALLBACK(places_changed));
  watch(self, p->scene, "suggestion-changed", G_CALLBACK(gtk_widget_queue_draw));
  watch(self, p->scene, "notify::selected", G_CALLBACK(selection_changed));
  watch(self, p->scene, "notify::hovered", G_CALLBACK(selection_changed));
  watch(self, p->scene, "notify::picked", G_CALLBACK(selection_changed));
  watch(self, p->tiles, "ready", G_CALLBACK(tiles_ready));
  watch(self, style, "notify::dark", G_CALLBACK(theme_changed));
  watch(self, style, "notify::high-contrast", G_CALLBACK(theme_changed));
}

/* ---- signals ---- */

void tri_view_emit_seek(TriView *self, double time_s) {
  if (isfinite(time_s)) g_signal_emit(self, signals[SEEK], 0, MAX(0, time_s));
}

void tri_view_activate_place(TriView *self, int place) {
  tri_scene_set_selected(inside(self)->scene, place);
  g_signal_emit(self, signals[PLACE_ACTIVATED], 0, place);
}

void tri_view_activate_note(TriView *self, guint note) {
  g_signal_emit(self, signals[NOTE_ACTIVATED], 0, note);
}

/* ---- the pointer ---- */

static gboolean with_shift(GtkGesture *gesture) {
  return gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(gesture)) & GDK_SHIFT_MASK;
}

static void drag_moved(GtkGestureDrag *gesture, double dx, double dy, TriView *self) {
  TriViewPrivate *p = inside(self);
  double x, y;
  if (!with_shift(GTK_GESTURE(gesture)) || fabs(dx) < click_px) return;
  if (!gtk_gesture_drag_get_start_point(gesture, &x, &y)) return;
  gtk_gesture_set_state(GTK_GESTURE(gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  tri_timeline_set_loop(p->timeline, p->time_at(self, x), p->time_at(self, x + dx));
}

static void drag_ended(GtkGestureDrag *gesture, double dx, double dy, TriView *self) {
  TriViewPrivate *p = inside(self);
  double x, y;
  gboolean ours =
      gtk_gesture_drag_get_start_point(gesture, &x, &y); /* not when another gesture has taken it */
  if (!ours || hypot(dx, dy) >= click_px || with_shift(GTK_GESTURE(gesture))) return;
  if (p->clicked && p->clicked(self, x, y)) return;
  tri_view_emit_seek(self, p->time_at(self, x));
}

void tri_view_add_pointer(TriView *self, TriTimeAtFn time_at, TriClickFn clicked) {
  GtkGesture *drag = gtk_gesture_drag_new();
  inside(self)->time_at = time_at;
  inside(self)->clicked = clicked;
  g_signal_connect(drag, "drag-update", G_CALLBACK(drag_moved), self);
  g_signal_connect(drag, "drag-end", G_CALLBACK(drag_ended), self);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drag));
}

/* ---- drawing ---- */

PangoLayout *tri_view_layout(TriView *self, const char *text, double points, gboolean bold) {
  PangoLayout *layout = gtk_widget_create_pango_layout(GTK_WIDGET(self), text);
  PangoFontDescription *font = pango_font_description_copy(
      pango_context_get_font_description(gtk_widget_get_pango_context(GTK_WIDGET(self))));
  pango_font_description_set_size(font, (int)(points * PANGO_SCALE));
  if (bold) pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
  pango_layout_set_font_description(layout, font);
  pango_font_description_free(font);
  return layout;
}

double tri_view_snap(TriView *self, double x) {
  int scale = gtk_widget_get_scale_factor(GTK_WIDGET(self));
  return round(x * scale) / scale;
}

double tri_view_place_time(TriView *self, guint place) {
  guint n;
  const double *drag = tri_scene_get_drag(inside(self)->scene);
  const TriPlace *places = tri_scene_get_places(inside(self)->scene, &n);
  return drag ? drag[place] : places[place].time_s;
}

static void size_allocate(GtkWidget *widget, int width, int height, int baseline) {
  if (TRI_VIEW_GET_CLASS(widget)->sets_width)
    tri_timeline_set_width(inside(TRI_VIEW(widget))->timeline, width);
}

/* ---- class ---- */

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  TriViewPrivate *p = inside(TRI_VIEW(object));
  switch (id) {
  case PROP_TIMELINE:
    p->timeline = g_value_dup_object(value);
    break;
  case PROP_SCENE:
    p->scene = g_value_dup_object(value);
    break;
  case PROP_TILES:
    p->tiles = g_value_dup_object(value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  TriViewPrivate *p = inside(TRI_VIEW(object));
  switch (id) {
  case PROP_TIMELINE:
    g_value_set_object(value, p->timeline);
    break;
  case PROP_SCENE:
    g_value_set_object(value, p->scene);
    break;
  case PROP_TILES:
    g_value_set_object(value, p->tiles);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static void finalize(GObject *object) {
  TriViewPrivate *p = inside(TRI_VIEW(object));
  g_clear_object(&p->timeline);
  g_clear_object(&p->scene);
  g_clear_object(&p->tiles);
  G_OBJECT_CLASS(tri_view_parent_class)->finalize(object);
}

static GParamSpec *object_spec(const char *name, GType type) {
  return g_param_spec_object(name, NULL, NULL, type,
                             G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
}

static guint view_signal(const char *name, GType type) {
  return g_signal_new(name, TRI_TYPE_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, type);
}

static void tri_view_class_init(TriViewClass *klass) {
  GObjectClass *object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->constructed = constructed;
  object_class->finalize = finalize;
  GTK_WIDGET_CLASS(klass)->size_allocate = size_allocate;
  klass->changed = draw_again;
  klass->draws_for = TRI_CHANGE_THEME;
  props[PROP_TIMELINE] = object_spec("timeline", TRI_TYPE_TIMELINE);
  props[PROP_SCENE] = object_spec("scene", TRI_TYPE_SCENE);
  props[PROP_TILES] = object_spec("tiles", TRI_TYPE_TILE_CACHE);
  g_object_class_install_properties(object_class, N_PROPS, props);
  signals[SEEK] = view_signal("seek", G_TYPE_DOUBLE);
  signals[PLACE_ACTIVATED] = view_signal("place-activated", G_TYPE_INT);
  signals[NOTE_ACTIVATED] = view_signal("note-activated", G_TYPE_UINT);
}

static void tri_view_init(TriView *self) {
  gtk_widget_set_overflow(GTK_WIDGET(self), GTK_OVERFLOW_HIDDEN);
}
