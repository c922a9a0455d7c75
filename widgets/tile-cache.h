/* Pictures drawn by Cairo on threads of their own and kept as textures.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/palette.h"

#include <cairo.h>
#include <gdk/gdk.h>

G_BEGIN_DECLS

#define TRI_TYPE_TILE_CACHE (tri_tile_cache_get_type())
G_DECLARE_FINAL_TYPE(TriTileCache, tri_tile_cache, TRI, TILE_CACHE, GObject)

enum { TRI_TILE_WIDTH = 512 }; /* device pixels */

typedef enum {
  TRI_TILE_WAVE,
  TRI_TILE_SPECTROGRAM,
  TRI_TILE_ROLL,
  TRI_TILE_RIBBON,
  TRI_TILE_PAGE,
  TRI_TILE_OVERVIEW
} TriTileKind;

/* Names one picture. Equal keys mean equal pixels. Zero it before filling it. */
typedef struct {
  guint8 kind;          /* TriTileKind */
  guint8 theme;         /* TriTheme */
  guint8 scale;         /* scale factor of the widget */
  double level;         /* zoom: device pixels per unit of the view */
  gint32 index;         /* column */
  gint32 row;           /* row or page */
  gint32 width, height; /* device pixels */
  guint64 revision;     /* of the drawn value */
} TriTileKey;

/* Draws one tile on a worker thread: `cr` in device pixels with the tile's left top corner at 0, 0,
 * transparent. `value` is the snapshot handed in with the request. Should poll `cancel` when it takes long; a
 * cancelled tile is thrown away.
 */
typedef void (*TriTileDrawFn)(cairo_t *cr, const TriTileKey *key, gpointer value, GCancellable *cancel);

/* Signal "ready": tiles have arrived, views should draw again; on the main thread, at most once a frame (~16
 * ms) and with at most 2 new textures. `limit_bytes` 0 means 96 MB; `threads` 0 means 2. */
TriTileCache *tri_tile_cache_new(gsize limit_bytes, int threads);

/* The texture of `key`, or null when it is not there yet; then it is queued, once. `value` is referenced with
 * `ref` and released with `unref` on any thread. Never blocks. Borrowed until the next call. */
GdkTexture *tri_tile_cache_get(TriTileCache *cache, const TriTileKey *key, TriTileDrawFn draw, gpointer value,
                               GBoxedCopyFunc ref, GDestroyNotify unref);

/* The texture of `key` if it is there; never queues. */
GdkTexture *tri_tile_cache_peek(TriTileCache *cache, const TriTileKey *key);

/* Forgets waiting requests of `kind` that were not asked for again since the last call (they scrolled away);
 * a view calls it once per snapshot, before asking. */
void tri_tile_cache_begin(TriTileCache *cache, TriTileKind kind);

/* Bytes held in textures; requests waiting or running. */
gsize tri_tile_cache_get_bytes(TriTileCache *cache);
guint tri_tile_cache_get_pending(TriTileCache *cache);

/* Waits until every request is drawn and delivered. For tests and pictures. */
void tri_tile_cache_finish(TriTileCache *cache);

G_END_DECLS
