/* The ribbon's scroll and zoom are derived from the time axis: the score position of the middle of the
 * visible time stands in the middle, and the size follows the zoom until the systems fill the height.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/ribbon-view.h"
#include "widgets/page-tile.h"
#include "widgets/ribbon-tile.h"
#include "widgets/state.h"
#include "widgets/tile-row.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

static const double least_px_per_sp = 2.5, most_px_per_sp = 16;
static const double sizes_an_octave =
    6; /* the size moves in steps, so that tiles last while the zoom moves */
enum { PAGE_MARGIN = 10 };
static const double page_pitch = 0.8; /* of the height, from page to page */
static const double reach_px = 6;     /* around a note head */

struct _TriRibbonView {
  TriView parent_instance;
  TriRibbonMap *map;
  TriRibbonInk *ink;
  guint64 revision; /* of ink */
  gboolean stale;   /* ink must be made again before drawing */
  double peek;
  TriSettled settled;
  PangoLayout *empty;
};

enum { PROP_PEEK = 1, N_PROPS };
static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE(TriRibbonView, tri_ribbon_view, TRI_TYPE_VIEW)

TriRibbonMap *tri_ribbon_view_get_map(TriRibbonView *self) {
  return self->map;
}

/* ---- where things stand ---- */

/* The derived axis: px per staff space and the score position at the left edge. */
typedef struct {
  double scale, start;
} Axis;

static Axis axis_of(TriRibbonView *self) {
  TriView *view = TRI_VIEW(self);
  TriTimeline *timeline = tri_view_get_timeline(view);
  guint n;
  const TriPlace *places = tri_scene_get_places(tri_view_get_scene(view), &n);
  double width = gtk_widget_get_width(GTK_WIDGET(self)), height = gtk_widget_get_height(GTK_WIDGET(self));
  double fit = MIN(height / tri_ribbon_map_height_sp(self->map), most_px_per_sp);
  double matched = tri_timeline_get_scale(timeline) / tri_ribbon_map_sp_per_s(self->map, places, n);
  matched = exp2(floor(log2(matched) * sizes_an_octave) / sizes_an_octave);
  Axis axis = {.scale = MAX(MIN(matched, fit), MIN(least_px_per_sp, fit))};
  double middle_s = tri_timeline_time(timeline, tri_timeline_get_width(timeline) / 2.0);
  double middle_sp = tri_ribbon_map_x_at(self->map, places, n, middle_s);
  axis.start = middle_sp - (width / 2 + self->peek) / axis.scale;
  return axis;
}

double tri_ribbon_view_place_x(TriRibbonView *self, guint place) {
  if (!self->map) return NAN;
  Axis axis = axis_of(self);
  return (tri_ribbon_map_place_x(self->map, place) - axis.start) * axis.scale;
}

double tri_ribbon_view_x(TriRibbonView *self, double time_s) {
  guint n;
  const TriPlace *places = tri_scene_get_places(tri_view_get_scene(TRI_VIEW(self)), &n);
  if (!self->map) return NAN;
  Axis axis = axis_of(self);
  return (tri_ribbon_map_x_at(self->map, places, n, time_s) - axis.start) * axis.scale;
}

double tri_ribbon_view_time(TriRibbonView *self, double x) {
  guint n;
  const TriPlace *places = tri_scene_get_places(tri_view_get_scene(TRI_VIEW(self)), &n);
  if (!self->map) return NAN;
  Axis axis = axis_of(self);
  return tri_ribbon_map_time_at(self->map, places, n, axis.start + x / axis.scale);
}

static graphene_rect_t head_rect(TriRibbonView *self, const Axis *axis, const TriRibbonHead *head) {
  double middle = gtk_widget_get_height(GTK_WIDGET(self)) / 2.0;
  return GRAPHENE_RECT_INIT((head->x_sp - axis->start) * axis->scale, middle + head->y_sp * axis->scale,
                            head->width_sp * axis->scale, head->height_sp * axis->scale);
}

/* The head within reach of a point, -1 none. */
static int head_at(TriRibbonView *self, double x, double y) {
  guint n;
  int found = -1;
  double nearest = reach_px;
  if (!self->map) return -1;
  Axis axis = axis_of(self);
  const TriRibbonHead *heads = tri_ribbon_map_heads(self->map, &n);
  for (guint i = 0; i < n; i++) {
    graphene_rect_t rect = head_rect(self, &axis, &heads[i]);
    double dx = MAX(MAX(rect.origin.x - x, x - rect.origin.x - rect.size.width), 0);
    double dy = MAX(MAX(rect.origin.y - y, y - rect.origin.y - rect.size.height), 0);
    if (hypot(dx, dy) >= nearest) continue;
    nearest = hypot(dx, dy);
    found = (int)i;
  }
  return found;
}

int tri_ribbon_view_place_at(TriRibbonView *self, double x, double y) {
  guint n;
  int head = head_at(self, x, y);
  return head < 0 ? -1 : tri_ribbon_map_heads(self->map, &n)[head].place;
}

/* ---- what the tiles are drawn from ---- */

/* The worse of what the link and what the reading say; the person's word stands above both. */
static TriState head_state(const TriPlace *place, const ScoreNote *note) {
  TriState read = tri_state_of_confidence(note->confidence);
  if (!place) return read;
  return place->state <= TRI_DOUBTFUL ? MAX(read, (TriState)place->state) : (TriState)place->state;
}

static guint8 *head_states(TriRibbonView *self) {
  TriScene *scene = tri_view_get_scene(TRI_VIEW(self));
  const Score *score = tri_scene_get_score(scene);
  guint n, n_places;
  const TriRibbonHead *heads = tri_ribbon_map_heads(self->map, &n);
  const TriPlace *places = tri_scene_get_places(scene, &n_places);
  guint8 *states = g_malloc(n + 1);
  for (guint i = 0; i < n; i++) {
    const TriPlace *place = heads[i].place < (int)n_places ? &places[heads[i].place] : NULL;
    states[i] = head_state(place, &score->notes.items[heads[i].note_index]);
  }
  return states;
}

static void remake_ink(TriRibbonView *self) {
  TriScene *scene = tri_view_get_scene(TRI_VIEW(self));
  const Score *score = tri_scene_get_score(scene);
  const ScoreUnfolded *unfolded = tri_scene_get_unfolded(scene);
  self->stale = FALSE;
  if (!self->map) g_clear_pointer(&self->ink, tri_ribbon_ink_unref);
  if (!self->map) return;
  size_t n = unfolded->steps.n;
  guint8 *states = head_states(self), *doubt = g_malloc(n + 1);
  const char **numbers = g_new0(const char *, n + 1);
  for (size_t i = 0; i < n; i++) {
    const ScoreMeasure *measure = &score->measures.items[unfolded->steps.items[i].measure];
    doubt[i] = measure->doubt[0] != 0;
    numbers[i] = measure->number;
  }
  TriRibbonInk *ink = tri_ribbon_ink_new(self->map, tri_scene_get_page_source(scene), states, doubt, numbers);
  if (!tri_ribbon_ink_equal(ink, self->ink)) self->revision++;
  g_clear_pointer(&self->ink, tri_ribbon_ink_unref);
  self->ink = ink;
  g_free(numbers);
  g_free(doubt);
  g_free(states);
}

static void changed(TriView *view, TriChange what) {
  TriRibbonView *self = TRI_RIBBON_VIEW(view);
  TriScene *scene = tri_view_get_scene(view);
  if (what & TRI_CHANGE_SCORE) {
    g_clear_pointer(&self->map, tri_ribbon_map_unref);
    self->map = tri_ribbon_map_new(tri_scene_get_score(scene), tri_scene_get_unfolded(scene));
  }
  if (what & (TRI_CHANGE_SCORE | TRI_CHANGE_PAGES | TRI_CHANGE_PLACES)) self->stale = TRUE;
  TRI_VIEW_CLASS(tri_ribbon_view_parent_class)->changed(view, what);
}

/* ---- drawing ---- */

static gpointer pages_ref(gpointer pages) {
  return tri_page_source_ref(pages);
}
static void pages_unref(gpointer pages) {
  tri_page_source_unref(pages);
}
static gpointer ink_ref(gpointer ink) {
  return tri_ribbon_ink_ref(ink);
}
static void ink_unref(gpointer ink) {
  tri_ribbon_ink_unref(ink);
}

static void append_tiles(TriRibbonView *self, GtkSnapshot *snapshot, const Axis *axis) {
  TriTileLayer layer = {.kind = TRI_TILE_RIBBON,
                        .revision = self->revision,
                        .scale = axis->scale,
                        .start = axis->start,
                        .draw = tri_ribbon_ink_draw,
                        .value = self->ink,
                        .ref = ink_ref,
                        .unref = ink_unref};
  tri_tile_row_append(TRI_VIEW(self), snapshot, &layer, &self->settled, 0,
                      gtk_widget_get_height(GTK_WIDGET(self)));
}

static void append_ring(GtkSnapshot *snapshot, graphene_rect_t rect, const GdkRGBA *color, float width) {
  GskRoundedRect ring;
  graphene_rect_inset(&rect, -3 - width, -3 - width);
  gsk_rounded_rect_init_from_rect(&ring, &rect, MIN(rect.size.width, rect.size.height) / 2);
  gtk_snapshot_append_border(snapshot, &ring, (const float[]){width, width, width, width},
                             (const GdkRGBA[]){*color, *color, *color, *color});
}

/* Rings around the heads of a place, a stronger one around the note that was picked. */
static void append_place(TriRibbonView *self, GtkSnapshot *snapshot, const Axis *axis, int place,
                         float width) {
  guint n;
  const TriRibbonHead *heads = tri_ribbon_map_heads(self->map, &n);
  const GdkRGBA *color = tri_palette_color(tri_view_get_theme(TRI_VIEW(self)), TRI_COLOR_FOCUS);
  guint picked = tri_scene_get_picked(tri_view_get_scene(TRI_VIEW(self)));
  for (guint i = 0; i < n && place >= 0; i++)
    if (heads[i].place == place)
      append_ring(snapshot, head_rect(self, axis, &heads[i]), color,
                  picked && heads[i].note == picked ? 2 * width : width);
}

/* Until the pages are read: the pages as they are, side by side. */
static void append_pages(TriRibbonView *self, GtkSnapshot *snapshot, int width, int height) {
  TriView *view = TRI_VIEW(self);
  TriScene *scene = tri_view_get_scene(view);
  int n = tri_scene_get_n_pages(scene), side = height - 2 * PAGE_MARGIN;
  TriTileKey key;
  memset(&key, 0, sizeof key);
  key.kind = TRI_TILE_RIBBON;
  key.index = -1; /* no piece of the ribbon */
  key.theme = tri_view_get_theme(view);
  key.scale = gtk_widget_get_scale_factor(GTK_WIDGET(self));
  key.width = key.height = side * key.scale;
  key.revision = tri_scene_get_revision(scene, TRI_REVISION_PAGES);
  tri_tile_cache_begin(tri_view_get_tiles(view), TRI_TILE_RIBBON);
  for (int x = PAGE_MARGIN; key.row < n && x < width; key.row++, x += (int)(side * page_pitch)) {
    GdkTexture *texture = tri_tile_cache_get(tri_view_get_tiles(view), &key, tri_page_thumb_draw,
                                             tri_scene_get_page_source(scene), pages_ref, pages_unref);
    if (texture)
      gtk_snapshot_append_texture(snapshot, texture, &GRAPHENE_RECT_INIT(x, PAGE_MARGIN, side, side));
  }
}

static void append_empty(TriRibbonView *self, GtkSnapshot *snapshot, int width, int height) {
  int text_width, text_height;
  const char *why = tri_scene_get_score(tri_view_get_scene(TRI_VIEW(self)))
                        ? _("This score came without pages.")
                        : _("No score yet");
  if (self->empty && g_strcmp0(pango_layout_get_text(self->empty), why)) g_clear_object(&self->empty);
  if (!self->empty) self->empty = tri_view_layout(TRI_VIEW(self), why, 10, FALSE);
  pango_layout_get_pixel_size(self->empty, &text_width, &text_height);
  gtk_snapshot_translate(snapshot,
                         &GRAPHENE_POINT_INIT((width - text_width) / 2, (height - text_height) / 2));
  GdkRGBA ink = *tri_palette_color(tri_view_get_theme(TRI_VIEW(self)), TRI_COLOR_INK);
  ink.alpha = 0.55f;
  gtk_snapshot_append_layout(snapshot, self->empty, &ink);
}

static void snapshot(GtkWidget *widget, GtkSnapshot *snapshot) {
  TriRibbonView *self = TRI_RIBBON_VIEW(widget);
  TriScene *scene = tri_view_get_scene(TRI_VIEW(widget));
  TriTheme theme = tri_view_get_theme(TRI_VIEW(widget));
  int width = gtk_widget_get_width(widget), height = gtk_widget_get_height(widget);
  gboolean pages = !self->map && tri_scene_get_n_pages(scene) > 0;
  gtk_snapshot_append_color(snapshot, tri_palette_color(theme, pages ? TRI_COLOR_STRIP : TRI_COLOR_PAPER),
                            &GRAPHENE_RECT_INIT(0, 0, width, height));
  if (self->stale) remake_ink(self);
  if (pages && height > 4 * PAGE_MARGIN) append_pages(self, snapshot, width, height);
  if (!self->map && !pages) append_empty(self, snapshot, width, height);
  if (!self->map) return;
  Axis axis = axis_of(self);
  append_tiles(self, snapshot, &axis);
  if (tri_scene_get_hovered(scene) != tri_scene_get_selected(scene))
    append_place(self, snapshot, &axis, tri_scene_get_hovered(scene), 1);
  append_place(self, snapshot, &axis, tri_scene_get_selected(scene), 2);
}

/* ---- the pointer ---- */

static double time_at(TriView *view, double x) {
  return tri_ribbon_view_time(TRI_RIBBON_VIEW(view), x);
}

static gboolean clicked(TriView *view, double x, double y) {
  TriRibbonView *self = TRI_RIBBON_VIEW(view);
  guint n;
  int head = head_at(self, x, y);
  if (head < 0) return FALSE;
  TriRibbonHead at = tri_ribbon_map_heads(self->map, &n)[head];
  tri_view_activate_place(view, at.place);
  tri_scene_set_picked(tri_view_get_scene(view), at.note);
  return TRUE;
}

static void moved(GtkEventControllerMotion *motion, double x, double y, TriRibbonView *self) {
  tri_scene_set_hovered(tri_view_get_scene(TRI_VIEW(self)), tri_ribbon_view_place_at(self, x, y));
}

static void left(GtkEventControllerMotion *motion, TriRibbonView *self) {
  tri_scene_set_hovered(tri_view_get_scene(TRI_VIEW(self)), -1);
}

/* ---- properties ---- */

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  TriRibbonView *self = TRI_RIBBON_VIEW(object);
  double peek = g_value_get_double(value);
  if (!isfinite(peek) || peek == self->peek) return;
  self->peek = peek;
  gtk_widget_queue_draw(GTK_WIDGET(self));
  g_object_notify_by_pspec(object, spec);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  g_value_set_double(value, TRI_RIBBON_VIEW(object)->peek);
}

static void constructed(GObject *object) {
  G_OBJECT_CLASS(tri_ribbon_view_parent_class)->constructed(object);
  changed(TRI_VIEW(object), TRI_CHANGE_SCORE);
}

static void finalize(GObject *object) {
  TriRibbonView *self = TRI_RIBBON_VIEW(object);
  g_clear_pointer(&self->map, tri_ribbon_map_unref);
  g_clear_pointer(&self->ink, tri_ribbon_ink_unref);
  g_clear_object(&self->empty);
  G_OBJECT_CLASS(tri_ribbon_view_parent_class)->finalize(object);
}

static void tri_ribbon_view_class_init(TriRibbonViewClass *klass) {
  GObjectClass *object_class = G_OBJECT_CLASS(klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
  TriViewClass *view_class = TRI_VIEW_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->constructed = constructed;
  object_class->finalize = finalize;
  widget_class->snapshot = snapshot;
  view_class->changed = changed;
  view_class->draws_for |=
      TRI_CHANGE_SCORE | TRI_CHANGE_PAGES | TRI_CHANGE_PLACES | TRI_CHANGE_SELECTION | TRI_CHANGE_TIME_AXIS;
  view_class->uses_tiles = TRUE;
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  props[PROP_PEEK] =
      g_param_spec_double("peek", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties(object_class, N_PROPS, props);
}

static void tri_ribbon_view_init(TriRibbonView *self) {
  GtkEventController *motion = gtk_event_controller_motion_new();
  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Score"), -1);
  tri_view_add_pointer(TRI_VIEW(self), time_at, clicked);
  g_signal_connect(motion, "motion", G_CALLBACK(moved), self);
  g_signal_connect(motion, "leave", G_CALLBACK(left), self);
  gtk_widget_add_controller(GTK_WIDGET(self), motion);
}

GtkWidget *tri_ribbon_view_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles) {
  return g_object_new(TRI_TYPE_RIBBON_VIEW, "timeline", timeline, "scene", scene, "tiles", tiles, NULL);
}
