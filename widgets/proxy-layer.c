/* Items are kept while their place stays visible, so that focus survives scrolling; they follow changes with
 * a short delay, since nobody can see them move. SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/proxy-layer.h"
#include "widgets/place-index.h"
#include "widgets/place-text.h"

#include <glib/gi18n.h>
#include <math.h>

enum { ITEMS_MOST = 60, DELAY_MS = 150, SIDE = 20 };

/* ---- one item ---- */

#define TRI_TYPE_PLACE_PROXY (tri_place_proxy_get_type())
G_DECLARE_FINAL_TYPE(TriPlaceProxy, tri_place_proxy, TRI, PLACE_PROXY, GtkWidget)

struct _TriPlaceProxy {
  GtkWidget parent_instance;
  int place;
};

G_DEFINE_FINAL_TYPE(TriPlaceProxy, tri_place_proxy, GTK_TYPE_WIDGET)

static void proxy_snapshot(GtkWidget *widget, GtkSnapshot *snapshot) {
  const GdkRGBA *color = tri_palette_color(tri_palette_current(), TRI_COLOR_FOCUS);
  GskRoundedRect ring;
  if (!gtk_widget_has_visible_focus(widget)) return;
  gsk_rounded_rect_init_from_rect(
      &ring, &GRAPHENE_RECT_INIT(0, 0, gtk_widget_get_width(widget), gtk_widget_get_height(widget)),
      SIDE / 2.0f);
  gtk_snapshot_append_border(snapshot, &ring, (const float[]){2, 2, 2, 2},
                             (const GdkRGBA[]){*color, *color, *color, *color});
}

static void tri_place_proxy_class_init(TriPlaceProxyClass *klass) {
  GTK_WIDGET_CLASS(klass)->snapshot = proxy_snapshot;
  gtk_widget_class_set_accessible_role(GTK_WIDGET_CLASS(klass), GTK_ACCESSIBLE_ROLE_LIST_ITEM);
}

static void tri_place_proxy_init(TriPlaceProxy *self) {
  gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
  gtk_widget_set_can_target(GTK_WIDGET(self), FALSE);
}

/* ---- the layer ---- */

struct _TriProxyLayer {
  TriView parent_instance;
  GtkWidget *views[2]; /* weak */
  GHashTable *items;   /* place → TriPlaceProxy, borrowed from the widget tree */
  guint timeout;
};

G_DEFINE_FINAL_TYPE(TriProxyLayer, tri_proxy_layer, TRI_TYPE_VIEW)

static void item_focused(GtkEventControllerFocus *focus, TriProxyLayer *self) {
  GtkWidget *item = gtk_event_controller_get_widget(GTK_EVENT_CONTROLLER(focus));
  tri_scene_set_selected(tri_view_get_scene(TRI_VIEW(self)), TRI_PLACE_PROXY(item)->place);
}

static void describe(TriProxyLayer *self, TriPlaceProxy *item) {
  char *text = tri_place_text(tri_view_get_scene(TRI_VIEW(self)), item->place);
  gtk_accessible_update_property(GTK_ACCESSIBLE(item), GTK_ACCESSIBLE_PROPERTY_LABEL, text ? text : "", -1);
  gtk_accessible_update_state(GTK_ACCESSIBLE(item), GTK_ACCESSIBLE_STATE_SELECTED,
                              item->place == tri_scene_get_selected(tri_view_get_scene(TRI_VIEW(self))), -1);
  g_free(text);
}

static TriPlaceProxy *item_for(TriProxyLayer *self, int place) {
  TriPlaceProxy *item = g_hash_table_lookup(self->items, GINT_TO_POINTER(place + 1));
  if (item) return item;
  item = g_object_new(TRI_TYPE_PLACE_PROXY, NULL);
  item->place = place;
  GtkEventController *focus = gtk_event_controller_focus_new();
  g_signal_connect(focus, "enter", G_CALLBACK(item_focused), self);
  gtk_widget_add_controller(GTK_WIDGET(item), focus);
  gtk_widget_set_parent(GTK_WIDGET(item), GTK_WIDGET(self));
  g_hash_table_insert(self->items, GINT_TO_POINTER(place + 1), item);
  describe(self, item);
  return item;
}

/* The places that should have items: [first, end), around the selected one when too many are visible. */
static void wanted(TriProxyLayer *self, int *first, int *end) {
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(self));
  int selected = tri_scene_get_selected(tri_view_get_scene(TRI_VIEW(self)));
  guint n;
  const TriPlace *places = tri_scene_get_places(tri_view_get_scene(TRI_VIEW(self)), &n);
  *first = MAX(tri_place_at_time(places, n, tri_timeline_time(timeline, 0)), 0);
  *end = tri_place_at_time(places, n, tri_timeline_time(timeline, tri_timeline_get_width(timeline))) + 1;
  if (*end - *first <= ITEMS_MOST) return;
  int middle = selected >= *first && selected < *end ? selected : (*first + *end) / 2;
  *first = CLAMP(middle - ITEMS_MOST / 2, *first, *end - ITEMS_MOST);
  *end = *first + ITEMS_MOST;
}

static gboolean unwanted(gpointer key, gpointer value, gpointer data) {
  const int *range = data;
  TriPlaceProxy *item = value;
  if (item->place >= range[0] && item->place < range[1]) return FALSE;
  if (gtk_widget_has_focus(GTK_WIDGET(item)) && item->place < range[2]) return FALSE;
  gtk_widget_unparent(GTK_WIDGET(item));
  return TRUE;
}

void tri_proxy_layer_update(TriProxyLayer *self) {
  guint n;
  int range[3];
  GHashTableIter iter;
  gpointer item;
  g_clear_handle_id(&self->timeout, g_source_remove);
  tri_scene_get_places(tri_view_get_scene(TRI_VIEW(self)), &n);
  wanted(self, &range[0], &range[1]);
  range[2] = (int)n;
  g_hash_table_foreach_remove(self->items, unwanted, range);
  g_hash_table_iter_init(&iter, self->items);
  while (g_hash_table_iter_next(&iter, NULL, &item)) describe(self, item);
  for (int place = range[0]; place < range[1]; place++) item_for(self, place);
  gtk_widget_queue_allocate(GTK_WIDGET(self));
}

static gboolean update_later(gpointer data) {
  TRI_PROXY_LAYER(data)->timeout = 0;
  tri_proxy_layer_update(data);
  return G_SOURCE_REMOVE;
}

void tri_proxy_layer_focus(TriProxyLayer *self, int place) {
  guint n;
  tri_scene_get_places(tri_view_get_scene(TRI_VIEW(self)), &n);
  if (place < 0 || place >= (int)n) return;
  gtk_widget_grab_focus(GTK_WIDGET(item_for(self, place)));
  gtk_widget_queue_allocate(GTK_WIDGET(self));
}

/* The view that carries the items now. */
static GtkWidget *carrier(TriProxyLayer *self) {
  for (int i = 0; i < 2; i++)
    if (self->views[i] && gtk_widget_get_mapped(self->views[i])) return self->views[i];
  return NULL;
}

static void size_allocate(GtkWidget *widget, int width, int height, int baseline) {
  TriProxyLayer *self = TRI_PROXY_LAYER(widget);
  TriTimeline *timeline = tri_view_get_timeline(TRI_VIEW(widget));
  GtkWidget *view = carrier(self);
  graphene_rect_t bounds = GRAPHENE_RECT_INIT(0, 0, width, height);
  GHashTableIter iter;
  gpointer value;
  guint n;
  tri_scene_get_places(tri_view_get_scene(TRI_VIEW(widget)), &n);
  if (view && !gtk_widget_compute_bounds(view, widget, &bounds))
    bounds = GRAPHENE_RECT_INIT(0, 0, width, height);
  g_hash_table_iter_init(&iter, self->items);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    TriPlaceProxy *item = value;
    double time_s = item->place < (int)n ? tri_view_place_time(TRI_VIEW(self), item->place) : 0;
    double x = bounds.origin.x + tri_timeline_x(timeline, time_s) - SIDE / 2.0;
    double y = bounds.origin.y + bounds.size.height - SIDE + 3;
    GskTransform *at = gsk_transform_translate(NULL, &GRAPHENE_POINT_INIT((float)round(x), (float)round(y)));
    gtk_widget_allocate(GTK_WIDGET(item), SIDE, SIDE, -1, at);
  }
}

static void measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *least, int *usual,
                    int *least_baseline, int *baseline) {
  GHashTableIter iter;
  gpointer item;
  g_hash_table_iter_init(&iter, TRI_PROXY_LAYER(widget)->items);
  while (g_hash_table_iter_next(&iter, NULL, &item))
    gtk_widget_measure(item, orientation, -1, least, usual, NULL, NULL);
  *least = *usual = 0;
}

static void changed(TriView *view, TriChange what) {
  TriProxyLayer *self = TRI_PROXY_LAYER(view);
  if (what & (TRI_CHANGE_PLACES | TRI_CHANGE_SCORE | TRI_CHANGE_TIME_AXIS | TRI_CHANGE_SELECTION) &&
      !self->timeout)
    self->timeout = g_timeout_add(DELAY_MS, update_later, self);
}

static void dispose(GObject *object) {
  TriProxyLayer *self = TRI_PROXY_LAYER(object);
  g_clear_handle_id(&self->timeout, g_source_remove);
  if (self->items) g_hash_table_remove_all(self->items);
  for (GtkWidget *child; (child = gtk_widget_get_first_child(GTK_WIDGET(self)));) gtk_widget_unparent(child);
  g_clear_weak_pointer(&self->views[0]);
  g_clear_weak_pointer(&self->views[1]);
  G_OBJECT_CLASS(tri_proxy_layer_parent_class)->dispose(object);
}

static void finalize(GObject *object) {
  g_hash_table_unref(TRI_PROXY_LAYER(object)->items);
  G_OBJECT_CLASS(tri_proxy_layer_parent_class)->finalize(object);
}

static void tri_proxy_layer_class_init(TriProxyLayerClass *klass) {
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
  G_OBJECT_CLASS(klass)->dispose = dispose;
  G_OBJECT_CLASS(klass)->finalize = finalize;
  widget_class->size_allocate = size_allocate;
  widget_class->measure = measure;
  TRI_VIEW_CLASS(klass)->changed = changed;
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_LIST);
}

static void tri_proxy_layer_init(TriProxyLayer *self) {
  self->items = g_hash_table_new(NULL, NULL);
  gtk_widget_set_can_target(GTK_WIDGET(self), FALSE);
  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Places"), -1);
}

GtkWidget *tri_proxy_layer_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles, GtkWidget *first,
                               GtkWidget *second) {
  TriProxyLayer *self =
      g_object_new(TRI_TYPE_PROXY_LAYER, "timeline", timeline, "scene", scene, "tiles", tiles, NULL);
  g_set_weak_pointer(&self->views[0], first);
  g_set_weak_pointer(&self->views[1], second);
  return GTK_WIDGET(self);
}
