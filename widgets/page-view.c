/* Pages stand in rows of one or two, scaled so that a row fills the width times the zoom. Each page is a grid
 * of tiles drawn at the exact zoom; until they are there, a small picture of the whole page is stretched in
 * their place. SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/page-view.h"
#include "widgets/page-marks.h"
#include "widgets/place-index.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

enum { GAP = 16, FACING_LEAST_PX = 1000, THUMB_PX = 512, TILE_PX = 512, A4_WIDTH = 2480, A4_HEIGHT = 3508 };
static const double zoom_least = 0.25, zoom_most = 6, reach_px = 6;
static const double calm_top = 0.06,
                    calm_bottom = 0.8; /* where the current system may stand, of the height */

struct _TriPageView {
  TriView parent_instance;
  GtkAdjustment *adjustments[2]; /* horizontal, vertical */
  GtkScrollablePolicy policies[2];
  double zoom;
  gboolean facing;
  TriPlaceIndex *places;
  TriPageInk *ink;
  guint64 revision;
  gboolean stale;
  int step; /* at the playhead, -1 none */
};

enum {
  PROP_ZOOM = 1,
  PROP_FACING,
  PROP_HADJUSTMENT,
  PROP_VADJUSTMENT,
  PROP_HSCROLL_POLICY,
  PROP_VSCROLL_POLICY
};

G_DEFINE_FINAL_TYPE_WITH_CODE(TriPageView, tri_page_view, TRI_TYPE_VIEW,
                              G_IMPLEMENT_INTERFACE(GTK_TYPE_SCROLLABLE, NULL))

/* ---- where pages are ---- */

static void page_size(TriPageView *self, int page, double *width, double *height) {
  const Score *score = tri_scene_get_score(tri_view_get_scene(TRI_VIEW(self)));
  gboolean known = score && page < (int)score->pages.n && score->pages.items[page].width_px > 0;
  *width = known ? score->pages.items[page].width_px : A4_WIDTH;
  *height = known ? score->pages.items[page].height_px : A4_HEIGHT;
}

static int columns(TriPageView *self) {
  return self->facing && gtk_widget_get_width(GTK_WIDGET(self)) >= FACING_LEAST_PX &&
                 tri_scene_get_n_pages(tri_view_get_scene(TRI_VIEW(self))) > 1
             ? 2
             : 1;
}

static double column_width(TriPageView *self) {
  int n = columns(self);
  return MAX(1, (gtk_widget_get_width(GTK_WIDGET(self)) - (n + 1) * GAP) * self->zoom / n);
}

static double adjusted(TriPageView *self, int axis) {
  return self->adjustments[axis] ? gtk_adjustment_get_value(self->adjustments[axis]) : 0;
}

static double content_width(TriPageView *self) {
  return columns(self) * (column_width(self) + GAP) + GAP;
}

static double row_height(TriPageView *self, int first) {
  int n = tri_scene_get_n_pages(tri_view_get_scene(TRI_VIEW(self)));
  double height = 0;
  for (int page = first; page < MIN(first + columns(self), n); page++) {
    double w, h;
    page_size(self, page, &w, &h);
    height = MAX(height, h * column_width(self) / w);
  }
  return height;
}

/* Of a page, in widget px. */
static graphene_rect_t page_rect(TriPageView *self, int page) {
  int n = columns(self), column = page % n;
  double w, h, y = GAP, width = gtk_widget_get_width(GTK_WIDGET(self));
  for (int first = 0; first + n <= page; first += n) y += row_height(self, first) + GAP;
  page_size(self, page, &w, &h);
  double left = MAX(0, (width - content_width(self)) / 2);
  double x = left + GAP + column * (column_width(self) + GAP) - adjusted(self, 0);
  return GRAPHENE_RECT_INIT(tri_view_snap(TRI_VIEW(self), x),
                            tri_view_snap(TRI_VIEW(self), y - adjusted(self, 1)), column_width(self),
                            h * column_width(self) / w);
}

static double content_height(TriPageView *self) {
  int n = tri_scene_get_n_pages(tri_view_get_scene(TRI_VIEW(self)));
  double height = GAP;
  for (int first = 0; first < n; first += columns(self)) height += row_height(self, first) + GAP;
  return height;
}

/* Logical px per page pixel. */
static double page_scale(TriPageView *self, int page) {
  double w, h;
  page_size(self, page, &w, &h);
  return column_width(self) / w;
}

static graphene_rect_t box_rect(TriPageView *self, const ScoreBox *box) {
  graphene_rect_t page = page_rect(self, box->page);
  double scale = page_scale(self, box->page);
  return GRAPHENE_RECT_INIT(page.origin.x + box->x * scale, page.origin.y + box->y * scale,
                            box->width * scale, box->height * scale);
}

/* ---- scrolling ---- */

static void configure(TriPageView *self) {
  double width = gtk_widget_get_width(GTK_WIDGET(self)), height = gtk_widget_get_height(GTK_WIDGET(self));
  double wide = MAX(content_width(self), width), tall = MAX(content_height(self), height);
  if (self->adjustments[0])
    gtk_adjustment_configure(self->adjustments[0], MIN(adjusted(self, 0), wide - width), 0, wide, 0.1 * width,
                             0.9 * width, width);
  if (self->adjustments[1])
    gtk_adjustment_configure(self->adjustments[1], MIN(adjusted(self, 1), tall - height), 0, tall,
                             0.1 * height, 0.9 * height, height);
}

static void set_adjustment(TriPageView *self, int axis, GtkAdjustment *adjustment) {
  GtkAdjustment **field = &self->adjustments[axis];
  if (adjustment && adjustment == *field) return;
  if (*field) g_signal_handlers_disconnect_by_data(*field, self);
  g_clear_object(field);
  *field = g_object_ref_sink(adjustment ? adjustment : gtk_adjustment_new(0, 0, 0, 0, 0, 0));
  g_signal_connect_object(*field, "value-changed", G_CALLBACK(gtk_widget_queue_draw), self,
                          G_CONNECT_SWAPPED);
  configure(self);
  g_object_notify(G_OBJECT(self), axis ? "vadjustment" : "hadjustment");
}

static void show_box(TriPageView *self, const ScoreBox *box) {
  double height = gtk_widget_get_height(GTK_WIDGET(self));
  graphene_rect_t rect = box_rect(self, box);
  if (!self->adjustments[1] || box->width <= 0) return;
  if (rect.origin.y >= calm_top * height && rect.origin.y + rect.size.height <= calm_bottom * height) return;
  gtk_adjustment_set_value(self->adjustments[1], adjusted(self, 1) + rect.origin.y - 2 * calm_top * height);
}

void tri_page_view_show_page(TriPageView *self, int page) {
  if (page < 0 || page >= tri_scene_get_n_pages(tri_view_get_scene(TRI_VIEW(self))) || !self->adjustments[1])
    return;
  gtk_adjustment_set_value(self->adjustments[1], adjusted(self, 1) + page_rect(self, page).origin.y - GAP);
}

/* ---- places ---- */

static const ScoreMeasure *measure_of_place(TriPageView *self, int place) {
  TriScene *scene = tri_view_get_scene(TRI_VIEW(self));
  const ScoreUnfolded *unfolded = tri_scene_get_unfolded(scene);
  const Score *score = tri_scene_get_score(scene);
  if (!score || !unfolded || place < 0 || place >= (int)unfolded->onsets.n ||
      !unfolded->onsets.items[place].n)
    return NULL;
  int step = unfolded->sounds.items[unfolded->onsets.items[place].first].step;
  return &score->measures.items[unfolded->steps.items[step].measure];
}

void tri_page_view_show_place(TriPageView *self, int place) {
  const ScoreMeasure *measure = measure_of_place(self, place);
  if (measure) show_box(self, &measure->box);
}

static int place_now(TriPageView *self) {
  guint n;
  const TriPlace *places = tri_scene_get_places(tri_view_get_scene(TRI_VIEW(self)), &n);
  return tri_place_at_time(places, n,
                           tri_timeline_get_position(tri_view_get_timeline(TRI_VIEW(self))) + 0.01);
}

static int step_now(TriPageView *self) {
  const ScoreUnfolded *unfolded = tri_scene_get_unfolded(tri_view_get_scene(TRI_VIEW(self)));
  int place = place_now(self);
  if (!unfolded || place < 0 || place >= (int)unfolded->onsets.n || !unfolded->onsets.items[place].n)
    return -1;
  return unfolded->sounds.items[unfolded->onsets.items[place].first].step;
}

static double distance(const graphene_rect_t *rect, double x, double y) {
  double dx = MAX(MAX(rect->origin.x - x, x - rect->origin.x - rect->size.width), 0);
  double dy = MAX(MAX(rect->origin.y - y, y - rect->origin.y - rect->size.height), 0);
  return hypot(dx, dy);
}

/* The id of the written note or, with `rests`, rest within reach of a point, 0 none. */
static guint note_at(TriPageView *self, double x, double y, gboolean rests) {
  const Score *score = tri_scene_get_score(tri_view_get_scene(TRI_VIEW(self)));
  guint note = 0;
  double nearest = reach_px;
  for (size_t i = 0; score && i < score->notes.n; i++) {
    if (score->notes.items[i].box.width <= 0 || score->notes.items[i].kind == SCORE_UNPITCHED) continue;
    if (score->notes.items[i].kind == SCORE_REST && !rests) continue;
    graphene_rect_t rect = box_rect(self, &score->notes.items[i].box);
    double away = distance(&rect, x, y);
    if (away >= nearest) continue;
    nearest = away;
    note = score->notes.items[i].id;
  }
  return note;
}

int tri_page_view_place_at(TriPageView *self, double x, double y) {
  guint n, note = note_at(self, x, y, FALSE);
  const TriPlace *places = tri_scene_get_places(tri_view_get_scene(TRI_VIEW(self)), &n);
  double now_s = tri_timeline_get_position(tri_view_get_timeline(TRI_VIEW(self)));
  return note ? tri_place_index_nearest(self->places, note, places, n, now_s) : -1;
}

/* The time of the place in the measure under the pointer whose x is nearest, of the pass nearest to the
 * playhead. */
static double time_at_point(TriPageView *self, double x, double y) {
  TriScene *scene = tri_view_get_scene(TRI_VIEW(self));
  const Score *score = tri_scene_get_score(scene);
  const ScoreUnfolded *unfolded = tri_scene_get_unfolded(scene);
  double now_s = tri_timeline_get_position(tri_view_get_timeline(TRI_VIEW(self))), best = INFINITY,
         time_s = NAN;
  guint n;
  const TriPlace *places = tri_scene_get_places(scene, &n);
  for (guint i = 0; score && unfolded && i < MIN(n, unfolded->onsets.n); i++) {
    const ScoreMeasure *measure = measure_of_place(self, (int)i);
    if (!measure || measure->box.width <= 0) continue;
    graphene_rect_t rect = box_rect(self, &measure->box);
    graphene_rect_inset(&rect, 0, -8);
    if (!graphene_rect_contains_point(&rect, &GRAPHENE_POINT_INIT(x, y))) continue;
    const ScoreSound *sound = &unfolded->sounds.items[unfolded->onsets.items[i].first];
    const ScoreStep *step = &unfolded->steps.items[sound->step];
    double share = beat_double(beat_sub(sound->onset, step->start)) / MAX(beat_double(measure->length), 1e-3);
    double cost = fabs(rect.origin.x + share * rect.size.width - x) + 1e-3 * fabs(places[i].time_s - now_s);
    if (cost >= best) continue;
    best = cost;
    time_s = places[i].time_s;
  }
  return time_s;
}

/* ---- what the tiles are drawn from ---- */

static void remake_ink(TriPageView *self) {
  TriPageInk *ink = tri_page_marks_ink(tri_view_get_scene(TRI_VIEW(self)));
  self->stale = FALSE;
  if (!tri_page_ink_equal(ink, self->ink)) self->revision++;
  tri_page_ink_unref(self->ink);
  self->ink = ink;
}

/* ---- drawing ---- */

static gpointer ink_ref(gpointer ink) {
  return tri_page_ink_ref(ink);
}
static void ink_unref(gpointer ink) {
  tri_page_ink_unref(ink);
}

static TriTileKey tile_key(TriPageView *self, int page, double level) {
  TriTileKey key;
  memset(&key, 0, sizeof key);
  key.kind = TRI_TILE_PAGE;
  key.theme = tri_view_get_theme(TRI_VIEW(self));
  key.scale = gtk_widget_get_scale_factor(GTK_WIDGET(self));
  key.level = level;
  key.row = page * TRI_PAGE_ROWS;
  key.width = key.height = TILE_PX;
  key.revision = self->revision;
  return key;
}

static GdkTexture *ask(TriPageView *self, const TriTileKey *key) {
  return tri_tile_cache_get(tri_view_get_tiles(TRI_VIEW(self)), key, tri_page_ink_draw, self->ink, ink_ref,
                            ink_unref);
}

static void append_thumb(TriPageView *self, GtkSnapshot *snapshot, int page, const graphene_rect_t *rect) {
  double w, h;
  page_size(self, page, &w, &h);
  double level = THUMB_PX / MAX(w, h), size = MAX(rect->size.width, rect->size.height);
  TriTileKey key = tile_key(self, page, level);
  GdkTexture *texture = ask(self, &key);
  if (texture)
    gtk_snapshot_append_texture(snapshot, texture,
                                &GRAPHENE_RECT_INIT(rect->origin.x, rect->origin.y, size, size));
}

/* Asks for the visible tiles of a page and appends those that are there; `snapshot` null only asks. Whether
 * all were. */
static gboolean append_tiles(TriPageView *self, GtkSnapshot *snapshot, int page,
                             const graphene_rect_t *rect) {
  int scale = gtk_widget_get_scale_factor(GTK_WIDGET(self));
  double side = (double)TILE_PX / scale;
  TriTileKey key = tile_key(self, page, page_scale(self, page) * scale);
  int top = MAX(0, (int)floor(-rect->origin.y / side)), left = MAX(0, (int)floor(-rect->origin.x / side));
  double bottom = MIN(rect->size.height, gtk_widget_get_height(GTK_WIDGET(self)) - rect->origin.y);
  double right = MIN(rect->size.width, gtk_widget_get_width(GTK_WIDGET(self)) - rect->origin.x);
  gboolean complete = TRUE;
  for (int row = top; row * side < bottom; row++)
    for (key.index = left; key.index * side < right; key.index++) {
      double x = rect->origin.x + key.index * side, y = rect->origin.y + row * side;
      key.row = page * TRI_PAGE_ROWS + row;
      GdkTexture *texture = ask(self, &key);
      if (texture && snapshot)
        gtk_snapshot_append_texture(snapshot, texture, &GRAPHENE_RECT_INIT(x, y, side, side));
      complete &= texture != NULL;
    }
  return complete;
}

static void append_page(TriPageView *self, GtkSnapshot *snapshot, int page) {
  graphene_rect_t rect = page_rect(self, page);
  TriTheme theme = tri_view_get_theme(TRI_VIEW(self));
  GskRoundedRect outline;
  if (rect.origin.y > gtk_widget_get_height(GTK_WIDGET(self)) || rect.origin.y + rect.size.height < 0) return;
  gsk_rounded_rect_init_from_rect(&outline, &rect, 0);
  gtk_snapshot_append_outset_shadow(snapshot, &outline, &(GdkRGBA){0, 0, 0, 0.25f}, 0, 1, 0, 3);
  gtk_snapshot_push_clip(snapshot, &rect);
  gtk_snapshot_append_color(snapshot, tri_palette_color(theme, TRI_COLOR_PAPER), &rect);
  if (!append_tiles(self, NULL, page, &rect)) append_thumb(self, snapshot, page, &rect);
  append_tiles(self, snapshot, page, &rect);
  gtk_snapshot_pop(snapshot);
}

static void append_step(TriPageView *self, GtkSnapshot *snapshot) {
  TriScene *scene = tri_view_get_scene(TRI_VIEW(self));
  const Score *score = tri_scene_get_score(scene);
  const ScoreUnfolded *unfolded = tri_scene_get_unfolded(scene);
  if (self->step < 0 || !score || !unfolded || self->step >= (int)unfolded->steps.n) return;
  const ScoreBox *box = &score->measures.items[unfolded->steps.items[self->step].measure].box;
  graphene_rect_t rect = box_rect(self, box);
  graphene_rect_inset(&rect, 0, -6);
  if (box->width > 0)
    gtk_snapshot_append_color(
        snapshot, tri_palette_color(tri_view_get_theme(TRI_VIEW(self)), TRI_COLOR_CURRENT_BAR), &rect);
}

static void append_ring(TriPageView *self, GtkSnapshot *snapshot, const ScoreBox *box, float width) {
  const GdkRGBA *color = tri_palette_color(tri_view_get_theme(TRI_VIEW(self)), TRI_COLOR_FOCUS);
  graphene_rect_t rect = box_rect(self, box);
  GskRoundedRect ring;
  graphene_rect_inset(&rect, -5, -5);
  gsk_rounded_rect_init_from_rect(&ring, &rect, MIN(rect.size.width, rect.size.height) / 2);
  gtk_snapshot_append_border(snapshot, &ring, (const float[]){width, width, width, width},
                             (const GdkRGBA[]){*color, *color, *color, *color});
}

static void append_selected(TriPageView *self, GtkSnapshot *snapshot) {
  TriScene *scene = tri_view_get_scene(TRI_VIEW(self));
  const Score *score = tri_scene_get_score(scene);
  const ScoreUnfolded *unfolded = tri_scene_get_unfolded(scene);
  int place = tri_scene_get_selected(scene);
  const ScoreNote *picked = score ? score_find_note(score, tri_scene_get_picked(scene)) : NULL;
  if (picked && picked->box.width > 0) append_ring(self, snapshot, &picked->box, 3.5f);
  if (place < 0 || !score || !unfolded || place >= (int)unfolded->onsets.n) return;
  const ScoreOnset *onset = &unfolded->onsets.items[place];
  for (size_t i = onset->first; i < onset->first + onset->n; i++) {
    const ScoreNote *note = score_find_note(score, unfolded->sounds.items[i].note);
    if (note && note != picked && note->box.width > 0)
      append_ring(self, snapshot, &note->box, picked ? 1 : 2);
  }
}

static void append_empty(TriPageView *self, GtkSnapshot *snapshot, int width, int height) {
  PangoLayout *layout = tri_view_layout(TRI_VIEW(self), _("No score yet"), 10, FALSE);
  int text_width, text_height;
  pango_layout_get_pixel_size(layout, &text_width, &text_height);
  gtk_snapshot_translate(snapshot,
                         &GRAPHENE_POINT_INIT((width - text_width) / 2, (height - text_height) / 2));
  gtk_snapshot_append_layout(snapshot, layout,
                             tri_palette_color(tri_view_get_theme(TRI_VIEW(self)), TRI_COLOR_TEXT_DIM));
  g_object_unref(layout);
}

static void snapshot(GtkWidget *widget, GtkSnapshot *snapshot) {
  TriPageView *self = TRI_PAGE_VIEW(widget);
  int n = tri_scene_get_n_pages(tri_view_get_scene(TRI_VIEW(widget)));
  int width = gtk_widget_get_width(widget), height = gtk_widget_get_height(widget);
  gtk_snapshot_append_color(snapshot,
                            tri_palette_color(tri_view_get_theme(TRI_VIEW(widget)), TRI_COLOR_STRIP),
                            &GRAPHENE_RECT_INIT(0, 0, width, height));
  if (self->stale) remake_ink(self);
  if (!self->ink) append_empty(self, snapshot, width, height);
  if (!self->ink) return;
  tri_tile_cache_begin(tri_view_get_tiles(TRI_VIEW(self)), TRI_TILE_PAGE);
  for (int page = 0; page < n; page++) append_page(self, snapshot, page);
  append_step(self, snapshot);
  append_selected(self, snapshot);
}

static void size_allocate(GtkWidget *widget, int width, int height, int baseline) {
  configure(TRI_PAGE_VIEW(widget));
}

/* ---- changes ---- */

static void move_step(TriPageView *self) {
  TriScene *scene = tri_view_get_scene(TRI_VIEW(self));
  const Score *score = tri_scene_get_score(scene);
  const ScoreUnfolded *unfolded = tri_scene_get_unfolded(scene);
  int step = step_now(self);
  if (step == self->step) return;
  self->step = step;
  gtk_widget_queue_draw(GTK_WIDGET(self));
  if (step >= 0 && tri_timeline_get_follow(tri_view_get_timeline(TRI_VIEW(self))) != TRI_FOLLOW_OFF)
    show_box(self, &score->measures.items[unfolded->steps.items[step].measure].box);
}

static void changed(TriView *view, TriChange what) {
  TriPageView *self = TRI_PAGE_VIEW(view);
  if (what & TRI_CHANGE_SCORE) {
    g_clear_pointer(&self->places, tri_place_index_free);
    self->places = tri_place_index_new(tri_scene_get_unfolded(tri_view_get_scene(view)));
  }
  if (what & (TRI_CHANGE_SCORE | TRI_CHANGE_PAGES)) configure(self);
  if (what & (TRI_CHANGE_SCORE | TRI_CHANGE_PAGES | TRI_CHANGE_PLACES)) self->stale = TRUE;
  if (what & (TRI_CHANGE_POSITION | TRI_CHANGE_PLACES)) move_step(self);
  TRI_VIEW_CLASS(tri_page_view_parent_class)->changed(view, what);
}

/* ---- the pointer ---- */

static void pressed(GtkGestureClick *click, int n, double x, double y, TriPageView *self) {
  int place = tri_page_view_place_at(self, x, y);
  guint note = note_at(self, x, y, TRUE);
  if (place >= 0) tri_view_activate_place(TRI_VIEW(self), place);
  if (note)
    tri_scene_set_picked(tri_view_get_scene(TRI_VIEW(self)), note);
  else
    tri_view_emit_seek(TRI_VIEW(self), time_at_point(self, x, y));
}

static gboolean wheel(GtkEventControllerScroll *scroll, double dx, double dy, TriPageView *self) {
  GdkModifierType held = gtk_event_controller_get_current_event_state(GTK_EVENT_CONTROLLER(scroll));
  if (!(held & GDK_CONTROL_MASK)) return FALSE;
  tri_page_view_set_zoom(self, self->zoom * pow(1.15, -dy));
  return TRUE;
}

/* ---- properties ---- */

void tri_page_view_set_zoom(TriPageView *self, double zoom) {
  zoom = CLAMP(zoom, zoom_least, zoom_most);
  if (!isfinite(zoom) || zoom == self->zoom) return;
  double middle = adjusted(self, 1) + gtk_widget_get_height(GTK_WIDGET(self)) / 2.0,
         ratio = zoom / self->zoom;
  self->zoom = zoom;
  configure(self);
  if (self->adjustments[1])
    gtk_adjustment_set_value(self->adjustments[1],
                             middle * ratio - gtk_widget_get_height(GTK_WIDGET(self)) / 2.0);
  gtk_widget_queue_draw(GTK_WIDGET(self));
  g_object_notify(G_OBJECT(self), "zoom");
}

double tri_page_view_get_zoom(TriPageView *self) {
  return self->zoom;
}

static void set_facing(TriPageView *self, gboolean facing) {
  if (facing == self->facing) return;
  self->facing = facing;
  configure(self);
  gtk_widget_queue_draw(GTK_WIDGET(self));
  g_object_notify(G_OBJECT(self), "facing");
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  TriPageView *self = TRI_PAGE_VIEW(object);
  switch (id) {
  case PROP_ZOOM:
    tri_page_view_set_zoom(self, g_value_get_double(value));
    break;
  case PROP_FACING:
    set_facing(self, g_value_get_boolean(value));
    break;
  case PROP_HADJUSTMENT:
    set_adjustment(self, 0, g_value_get_object(value));
    break;
  case PROP_VADJUSTMENT:
    set_adjustment(self, 1, g_value_get_object(value));
    break;
  case PROP_HSCROLL_POLICY:
    self->policies[0] = g_value_get_enum(value);
    break;
  case PROP_VSCROLL_POLICY:
    self->policies[1] = g_value_get_enum(value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  TriPageView *self = TRI_PAGE_VIEW(object);
  switch (id) {
  case PROP_ZOOM:
    g_value_set_double(value, self->zoom);
    break;
  case PROP_FACING:
    g_value_set_boolean(value, self->facing);
    break;
  case PROP_HADJUSTMENT:
    g_value_set_object(value, self->adjustments[0]);
    break;
  case PROP_VADJUSTMENT:
    g_value_set_object(value, self->adjustments[1]);
    break;
  case PROP_HSCROLL_POLICY:
    g_value_set_enum(value, self->policies[0]);
    break;
  case PROP_VSCROLL_POLICY:
    g_value_set_enum(value, self->policies[1]);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static void constructed(GObject *object) {
  G_OBJECT_CLASS(tri_page_view_parent_class)->constructed(object);
  changed(TRI_VIEW(object), TRI_CHANGE_SCORE);
}

static void finalize(GObject *object) {
  TriPageView *self = TRI_PAGE_VIEW(object);
  g_clear_object(&self->adjustments[0]);
  g_clear_object(&self->adjustments[1]);
  g_clear_pointer(&self->places, tri_place_index_free);
  g_clear_pointer(&self->ink, tri_page_ink_unref);
  G_OBJECT_CLASS(tri_page_view_parent_class)->finalize(object);
}

static void tri_page_view_class_init(TriPageViewClass *klass) {
  GObjectClass *object_class = G_OBJECT_CLASS(klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
  TriViewClass *view_class = TRI_VIEW_CLASS(klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->constructed = constructed;
  object_class->finalize = finalize;
  widget_class->snapshot = snapshot;
  widget_class->size_allocate = size_allocate;
  view_class->changed = changed;
  view_class->draws_for |= TRI_CHANGE_SCORE | TRI_CHANGE_PAGES | TRI_CHANGE_PLACES | TRI_CHANGE_SELECTION;
  view_class->uses_tiles = TRUE;
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  g_object_class_install_property(object_class, PROP_ZOOM,
                                  g_param_spec_double("zoom", NULL, NULL, 0, G_MAXDOUBLE, 1, flags));
  g_object_class_install_property(object_class, PROP_FACING,
                                  g_param_spec_boolean("facing", NULL, NULL, TRUE, flags));
  g_object_class_override_property(object_class, PROP_HADJUSTMENT, "hadjustment");
  g_object_class_override_property(object_class, PROP_VADJUSTMENT, "vadjustment");
  g_object_class_override_property(object_class, PROP_HSCROLL_POLICY, "hscroll-policy");
  g_object_class_override_property(object_class, PROP_VSCROLL_POLICY, "vscroll-policy");
}

static void tri_page_view_init(TriPageView *self) {
  GtkGesture *click = gtk_gesture_click_new();
  GtkEventController *scroll = gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
  self->zoom = 1;
  self->facing = TRUE;
  self->step = -1;
  self->stale = TRUE;
  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Pages"), -1);
  g_signal_connect(click, "released", G_CALLBACK(pressed), self);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(click));
  g_signal_connect(scroll, "scroll", G_CALLBACK(wheel), self);
  gtk_widget_add_controller(GTK_WIDGET(self), scroll);
}

GtkWidget *tri_page_view_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles) {
  return g_object_new(TRI_TYPE_PAGE_VIEW, "timeline", timeline, "scene", scene, "tiles", tiles, NULL);
}
