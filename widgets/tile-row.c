/* Tiles are drawn at the exact zoom, so that they are crisp and lie on whole device pixels. While the zoom
 * moves, the tiles of the last settled zoom are stretched into the gaps. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "widgets/tile-row.h"

#include <math.h>
#include <string.h>

double tri_tile_row_at(const TriTileKey *key, double column) {
  return (key->index * (double)TRI_TILE_WIDTH + column) / key->level;
}

TriTileLayer tri_tile_row_in_time(TriView *view, TriTileKind kind, guint64 revision) {
  TriTimeline *timeline = tri_view_get_timeline(view);
  return (TriTileLayer){.kind = kind,
                        .revision = revision,
                        .scale = tri_timeline_get_scale(timeline),
                        .start = tri_timeline_get_start(timeline)};
}

typedef struct {
  TriView *view;
  GtkSnapshot *snapshot;
  const TriTileLayer *layer;
  TriTileKey key; /* of the exact tiles, index aside */
  double origin;  /* device px of the widget's left edge on the tiles' axis, whole */
  double y, height;
  int scale;
} Row;

static Row row_make(TriView *view, GtkSnapshot *snapshot, const TriTileLayer *layer, double y,
                    double height) {
  Row row = {.view = view, .snapshot = snapshot, .layer = layer, .y = y, .height = height};
  row.scale = gtk_widget_get_scale_factor(GTK_WIDGET(view));
  memset(&row.key, 0, sizeof row.key);
  row.key.kind = layer->kind;
  row.key.theme = tri_view_get_theme(view);
  row.key.scale = row.scale;
  row.key.level = layer->scale * row.scale;
  row.key.row = layer->row;
  row.key.width = TRI_TILE_WIDTH;
  row.key.height = (gint32)ceil(height * row.scale);
  row.key.revision = layer->revision;
  row.origin = round(layer->start * row.key.level);
  return row;
}

static graphene_rect_t column_rect(const Row *row, double index) {
  double x = (index * TRI_TILE_WIDTH - row->origin) / row->scale;
  return GRAPHENE_RECT_INIT(x, row->y, (double)TRI_TILE_WIDTH / row->scale, row->height);
}

/* Stretches settled tiles into the rectangle of the missing tile `index`. */
static void append_settled(const Row *row, const TriSettled *settled, gint32 index) {
  graphene_rect_t gap = column_rect(row, index);
  TriTileKey key = row->key;
  double ratio = settled->level > 0 ? row->key.level / settled->level : 0;
  if (ratio < 1 / 64.0 || ratio > 64 || settled->theme != (TriTheme)row->key.theme) return;
  key.level = settled->level;
  key.row = settled->row;
  key.height = settled->height;
  key.revision = settled->revision;
  gtk_snapshot_push_clip(row->snapshot, &gap);
  for (key.index = (gint32)floor(index / ratio); key.index * ratio < index + 1; key.index++) {
    graphene_rect_t place = column_rect(row, key.index * ratio);
    GdkTexture *texture = tri_tile_cache_peek(tri_view_get_tiles(row->view), &key);
    place.size.width *= ratio;
    if (texture) gtk_snapshot_append_texture(row->snapshot, texture, &place);
  }
  gtk_snapshot_pop(row->snapshot);
}

static GdkTexture *ask(const Row *row, gint32 index) {
  const TriTileLayer *layer = row->layer;
  TriTileKey key = row->key;
  key.index = index;
  return tri_tile_cache_get(tri_view_get_tiles(row->view), &key, layer->draw, layer->value, layer->ref,
                            layer->unref);
}

static void settle(const Row *row, TriSettled *settled) {
  *settled = (TriSettled){row->key.level, row->key.row, row->key.height, row->key.revision, row->key.theme};
}

void tri_tile_row_append(TriView *view, GtkSnapshot *snapshot, const TriTileLayer *layer, TriSettled *settled,
                         double y, double height) {
  Row row = row_make(view, snapshot, layer, y, height);
  double width = gtk_widget_get_width(GTK_WIDGET(view)) * (double)row.scale;
  gint32 first = (gint32)floor(row.origin / TRI_TILE_WIDTH);
  gint32 last = (gint32)floor((row.origin + width - 1) / TRI_TILE_WIDTH);
  gboolean complete = TRUE;
  if (row.key.height <= 0) return;
  tri_tile_cache_begin(tri_view_get_tiles(view), layer->kind);
  for (gint32 i = first; i <= last; i++) {
    graphene_rect_t place = column_rect(&row, i);
    GdkTexture *texture = ask(&row, i);
    if (texture)
      gtk_snapshot_append_texture(snapshot, texture, &place);
    else if (layer->fill)
      layer->fill(view, snapshot, &place);
    else
      append_settled(&row, settled, i);
    complete &= texture != NULL;
  }
  if (!complete) return;
  settle(&row, settled);
  ask(&row, last + 1);
  ask(&row, first - 1);
}
