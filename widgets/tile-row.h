/* A row of tiles along an axis — seconds or score — with something to show while they are drawn.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/view.h"

G_BEGIN_DECLS

/* What to draw: the key's kind, row and revision, and how a worker draws it from `value`. Plain value. */
typedef struct {
  TriTileKind kind;
  gint32 row;
  guint64 revision;
  double scale, start; /* of the axis: logical px per unit, and the unit at the view's left edge */
  TriTileDrawFn draw;
  gpointer value; /* borrowed, referenced with `ref` as long as a worker needs it */
  GBoxedCopyFunc ref;
  GDestroyNotify unref;
  /* Draws what is cheap into the place of a missing tile, clipped; null: stretched tiles of the last settled
   * zoom. */
  void (*fill)(TriView *view, GtkSnapshot *snapshot, const graphene_rect_t *gap);
} TriTileLayer;

/* The last state in which every visible tile was there; zeroed at first, kept by the view. Plain value. */
typedef struct {
  double level;
  gint32 row, height;
  guint64 revision;
  TriTheme theme;
} TriSettled;

/* Appends the visible tiles of `layer` at y, `height` logical px tall. A tile of index i covers
 * (i, i+1) · TRI_TILE_WIDTH / level, where the key's level is device px per unit. Missing tiles are replaced
 * by those of `settled`, stretched; neighbours are asked for ahead. */
void tri_tile_row_append(TriView *view, GtkSnapshot *snapshot, const TriTileLayer *layer, TriSettled *settled,
                         double y, double height);

/* A layer along the view's timeline; the rest is for the caller to fill in. */
TriTileLayer tri_tile_row_in_time(TriView *view, TriTileKind kind, guint64 revision);

/* The axis at the left edge of device column `column` of the tile `key` names. */
double tri_tile_row_at(const TriTileKey *key, double column);

G_END_DECLS
