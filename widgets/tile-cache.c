/* Requests wait in a queue that worker threads empty; finished surfaces wait in a second queue from which the
 * main thread takes two a frame, wraps them as textures without copying and tells the views. Textures are
 * kept in the order of their last use and dropped from the old end.
 *
 * The two queues are the only things shared between threads; they live in the lane, under its lock.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/tile-cache.h"

#include <string.h>

enum { USUAL_LIMIT = 96 << 20, USUAL_THREADS = 2, TEXTURES_A_FRAME = 2, FRAME_MS = 16 };

typedef struct {
  TriTileKey key;
  TriTileDrawFn draw;
  gpointer value;
  GDestroyNotify unref;
  GCancellable *cancel;
  GBytes *pixels; /* once drawn */
  int stride;
  GdkMemoryFormat format;
  gboolean wanted;  /* asked for since the last begin of its kind */
  gboolean waiting; /* still in lane.waiting */
} Request;

typedef struct {
  TriTileKey key;
  GdkTexture *texture;
  gsize bytes;
  GList link; /* in recent */
} Tile;

typedef struct {
  GMutex lock;
  GCond changed;
  GQueue waiting, done; /* Request, owned by the table of requests */
  GSource *delivery;    /* scheduled on the main thread, or null */
  GMainContext *main;
  gpointer owner; /* the cache, which outlives the threads */
  gboolean stop;
} Lane;

struct _TriTileCache {
  GObject parent_instance;
  Lane lane;
  GThread **threads;
  int n_threads;
  GHashTable *requests, *tiles; /* key inside Request, Tile */
  GQueue recent;                /* Tile, most recently used first */
  gsize bytes, limit;
};

static guint ready_signal;

G_DEFINE_FINAL_TYPE(TriTileCache, tri_tile_cache, G_TYPE_OBJECT)

/* Field by field: the bytes between them are nobody's. */
static guint key_hash(gconstpointer data) {
  const TriTileKey *key = data;
  guint64 level;
  memcpy(&level, &key->level, sizeof level);
  guint64 parts[] = {key->kind,         key->theme,          key->scale,           level,        (guint32)key->index,
                     (guint32)key->row, (guint32)key->width, (guint32)key->height, key->revision};
  guint64 hash = 14695981039346656037u;
  for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) hash = (hash ^ parts[i]) * 1099511628211u;
  return (guint)(hash ^ hash >> 32);
}

static gboolean key_equal(gconstpointer left, gconstpointer right) {
  const TriTileKey *a = left, *b = right;
  return a->kind == b->kind && a->theme == b->theme && a->scale == b->scale &&
         memcmp(&a->level, &b->level, sizeof a->level) == 0 && a->index == b->index && a->row == b->row &&
         a->width == b->width && a->height == b->height && a->revision == b->revision;
}

static void request_free(gpointer data) {
  Request *request = data;
  if (request->unref) request->unref(request->value);
  if (request->pixels) g_bytes_unref(request->pixels);
  g_object_unref(request->cancel);
  g_free(request);
}

static void tile_free(gpointer data) {
  Tile *tile = data;
  g_object_unref(tile->texture);
  g_free(tile);
}

/* ---- the workers' side ---- */

/* Packs rows of B, G, R, A into B, G, R; null when a pixel is not opaque. */
static guchar *packed(const guchar *pixels, int stride, int width, int height) {
  guchar *out = g_malloc((gsize)width * height * 3), *at = out;
  guchar least = 255;
  for (int y = 0; y < height; y++) {
    const guint32 *row = (const guint32 *)(gconstpointer)(pixels + (gsize)y * stride);
    for (int x = 0; x < width; x++, at += 3) {
      at[0] = row[x] & 0xff;
      at[1] = row[x] >> 8 & 0xff;
      at[2] = row[x] >> 16 & 0xff;
      least &= row[x] >> 24;
    }
  }
  if (least != 255) g_clear_pointer(&out, g_free);
  return out;
}

/* Takes the surface. */
static void set_pixels(Request *request, cairo_surface_t *surface) {
  guchar *pixels = cairo_image_surface_get_data(surface);
  int stride = cairo_image_surface_get_stride(surface), width = request->key.width,
      height = request->key.height;
  guchar *opaque = packed(pixels, stride, width, height);
  request->stride = opaque ? 3 * width : stride;
  request->format = opaque ? GDK_MEMORY_B8G8R8 : GDK_MEMORY_DEFAULT;
  if (opaque) {
    request->pixels = g_bytes_new_take(opaque, (gsize)request->stride * height);
    cairo_surface_destroy(surface);
  } else {
    request->pixels = g_bytes_new_with_free_func(pixels, (gsize)stride * height,
                                                 (GDestroyNotify)cairo_surface_destroy, surface);
  }
}

static void draw(Request *request) {
  const TriTileKey *key = &request->key;
  if (g_cancellable_is_cancelled(request->cancel)) return;
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, key->width, key->height);
  cairo_t *cr = cairo_create(surface);
  request->draw(cr, key, request->value, request->cancel);
  gboolean good = cairo_status(cr) == CAIRO_STATUS_SUCCESS && !g_cancellable_is_cancelled(request->cancel);
  cairo_destroy(cr);
  cairo_surface_flush(surface);
  if (good)
    set_pixels(request, surface);
  else
    cairo_surface_destroy(surface);
}

static gboolean deliver(gpointer data);

/* Called with the lock held. */
static void schedule(Lane *lane, guint after_ms) {
  if (lane->delivery || lane->stop) return;
  lane->delivery = after_ms ? g_timeout_source_new(after_ms) : g_idle_source_new();
  g_source_set_priority(lane->delivery, G_PRIORITY_HIGH_IDLE);
  g_source_set_callback(lane->delivery, deliver, lane->owner, NULL);
  g_source_attach(lane->delivery, lane->main);
}

static gpointer work(gpointer data) {
  Lane *lane = data;
  g_mutex_lock(&lane->lock);
  while (!lane->stop) {
    Request *request = g_queue_pop_head(&lane->waiting);
    if (!request) {
      g_cond_wait(&lane->changed, &lane->lock);
      continue;
    }
    request->waiting = FALSE;
    g_mutex_unlock(&lane->lock);
    draw(request);
    g_mutex_lock(&lane->lock);
    g_queue_push_tail(&lane->done, request);
    schedule(lane, 0);
    g_cond_broadcast(&lane->changed);
  }
  g_mutex_unlock(&lane->lock);
  return NULL;
}

/* ---- the main thread's side ---- */

static void make_room(TriTileCache *self) {
  while (self->bytes > self->limit && self->recent.length > 1) {
    GList *link = self->recent.tail;
    Tile *tile = link->data;
    g_queue_unlink(&self->recent, link);
    self->bytes -= tile->bytes;
    g_hash_table_remove(self->tiles, &tile->key);
  }
}

static void add_tile(TriTileCache *self, Request *request) {
  Tile *tile = g_new0(Tile, 1);
  tile->key = request->key;
  tile->bytes = g_bytes_get_size(request->pixels);
  tile->texture = gdk_memory_texture_new(request->key.width, request->key.height, request->format,
                                         request->pixels, request->stride);
  tile->link.data = tile;
  g_queue_push_head_link(&self->recent, &tile->link);
  self->bytes += tile->bytes;
  g_hash_table_replace(self->tiles, &tile->key, tile);
  make_room(self);
}

/* Takes up to `most` finished requests; true when any gave a tile. */
static gboolean take_done(TriTileCache *self, int most) {
  gboolean any = FALSE;
  while (most > 0) {
    g_mutex_lock(&self->lane.lock);
    Request *request = g_queue_pop_head(&self->lane.done);
    g_mutex_unlock(&self->lane.lock);
    if (!request) break;
    if (request->pixels) add_tile(self, request), most--, any = TRUE;
    g_hash_table_remove(self->requests, &request->key);
  }
  return any;
}

static gboolean deliver(gpointer data) {
  TriTileCache *self = g_object_ref(data);
  Lane *lane = &self->lane;
  gboolean any = take_done(self, TEXTURES_A_FRAME);
  g_mutex_lock(&lane->lock);
  g_clear_pointer(&lane->delivery, g_source_unref);
  if (lane->done.length) schedule(lane, FRAME_MS);
  g_mutex_unlock(&lane->lock);
  if (any) g_signal_emit(self, ready_signal, 0);
  g_object_unref(self);
  return G_SOURCE_REMOVE;
}

GdkTexture *tri_tile_cache_peek(TriTileCache *self, const TriTileKey *key) {
  Tile *tile = g_hash_table_lookup(self->tiles, key);
  if (!tile) return NULL;
  g_queue_unlink(&self->recent, &tile->link);
  g_queue_push_head_link(&self->recent, &tile->link);
  return tile->texture;
}

GdkTexture *tri_tile_cache_get(TriTileCache *self, const TriTileKey *key, TriTileDrawFn draw_fn,
                               gpointer value, GBoxedCopyFunc ref, GDestroyNotify unref) {
  GdkTexture *texture = tri_tile_cache_peek(self, key);
  if (texture || key->width <= 0 || key->height <= 0) return texture;
  Request *request = g_hash_table_lookup(self->requests, key);
  if (request) {
    request->wanted = TRUE;
    return NULL;
  }
  request = g_new0(Request, 1);
  *request = (Request){.key = *key,
                       .draw = draw_fn,
                       .value = ref ? ref(value) : value,
                       .unref = unref,
                       .cancel = g_cancellable_new(),
                       .wanted = TRUE,
                       .waiting = TRUE};
  g_hash_table_replace(self->requests, &request->key, request);
  g_mutex_lock(&self->lane.lock);
  g_queue_push_tail(&self->lane.waiting, request);
  g_cond_signal(&self->lane.changed);
  g_mutex_unlock(&self->lane.lock);
  return NULL;
}

/* For a table of requests: drops what nobody asked for again. With the lock held. */
static gboolean forgotten(gpointer key, gpointer value, gpointer data) {
  Request *request = value;
  Lane *lane = ((gpointer *)data)[0];
  if (request->key.kind != *(guint8 *)((gpointer *)data)[1]) return FALSE;
  gboolean wanted = request->wanted;
  request->wanted = FALSE;
  return !wanted && request->waiting && g_queue_remove(&lane->waiting, request);
}

void tri_tile_cache_begin(TriTileCache *self, TriTileKind kind) {
  guint8 of_kind = kind;
  gpointer data[] = {&self->lane, &of_kind};
  if (g_hash_table_size(self->requests) == 0) return;
  g_mutex_lock(&self->lane.lock);
  g_hash_table_foreach_remove(self->requests, forgotten, data);
  g_mutex_unlock(&self->lane.lock);
}

gsize tri_tile_cache_get_bytes(TriTileCache *self) {
  return self->bytes;
}
guint tri_tile_cache_get_pending(TriTileCache *self) {
  return g_hash_table_size(self->requests);
}

void tri_tile_cache_finish(TriTileCache *self) {
  gboolean any = FALSE;
  while (g_hash_table_size(self->requests)) {
    g_mutex_lock(&self->lane.lock);
    while (!self->lane.done.length) g_cond_wait(&self->lane.changed, &self->lane.lock);
    g_mutex_unlock(&self->lane.lock);
    any |= take_done(self, G_MAXINT);
  }
  if (any) g_signal_emit(self, ready_signal, 0);
}

static void cancel_request(gpointer key, gpointer value, gpointer data) {
  g_cancellable_cancel(((Request *)value)->cancel);
}

static void stop_threads(TriTileCache *self) {
  Lane *lane = &self->lane;
  g_mutex_lock(&lane->lock);
  lane->stop = TRUE;
  if (lane->delivery) g_source_destroy(lane->delivery);
  g_clear_pointer(&lane->delivery, g_source_unref);
  g_hash_table_foreach(self->requests, cancel_request, NULL);
  g_cond_broadcast(&lane->changed);
  g_mutex_unlock(&lane->lock);
  for (int i = 0; i < self->n_threads; i++) g_thread_join(self->threads[i]);
}

static void finalize(GObject *object) {
  TriTileCache *self = TRI_TILE_CACHE(object);
  stop_threads(self);
  g_free(self->threads);
  g_queue_clear(&self->lane.waiting);
  g_queue_clear(&self->lane.done);
  g_hash_table_unref(self->requests);
  g_hash_table_unref(self->tiles);
  g_mutex_clear(&self->lane.lock);
  g_cond_clear(&self->lane.changed);
  g_main_context_unref(self->lane.main);
  G_OBJECT_CLASS(tri_tile_cache_parent_class)->finalize(object);
}

static void tri_tile_cache_class_init(TriTileCacheClass *klass) {
  G_OBJECT_CLASS(klass)->finalize = finalize;
  ready_signal =
      g_signal_new("ready", TRI_TYPE_TILE_CACHE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void tri_tile_cache_init(TriTileCache *self) {
  g_mutex_init(&self->lane.lock);
  g_cond_init(&self->lane.changed);
  self->lane.main = g_main_context_ref_thread_default();
  self->lane.owner = self;
  self->requests = g_hash_table_new_full(key_hash, key_equal, NULL, request_free);
  self->tiles = g_hash_table_new_full(key_hash, key_equal, NULL, tile_free);
}

TriTileCache *tri_tile_cache_new(gsize limit_bytes, int threads) {
  TriTileCache *self = g_object_new(TRI_TYPE_TILE_CACHE, NULL);
  self->limit = limit_bytes ? limit_bytes : USUAL_LIMIT;
  self->n_threads = threads > 0 ? threads : USUAL_THREADS;
  self->threads = g_new0(GThread *, self->n_threads);
  for (int i = 0; i < self->n_threads; i++) self->threads[i] = g_thread_new("tiles", work, &self->lane);
  return self;
}
