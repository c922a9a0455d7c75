/* Masks are kept in a small list, most recent first, under one lock; decoding happens outside the lock, so
 * that two workers can decode two pages. SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/page-source.h"

#include <math.h>

enum { KEPT_BYTES = 64 << 20, LEVEL_MOST = 5 };

typedef struct {
  int page, level;
  cairo_surface_t *mask;
} Kept;

struct TriPageSource {
  gatomicrefcount refs;
  int n;
  TriPageFn fn;
  gpointer user;
  GDestroyNotify destroy;
  GMutex lock;
  GQueue kept; /* Kept, most recent first */
  gsize bytes;
};

static gsize mask_bytes(cairo_surface_t *mask) {
  return (gsize)cairo_image_surface_get_stride(mask) * cairo_image_surface_get_height(mask);
}

static void kept_free(gpointer data) {
  Kept *kept = data;
  cairo_surface_destroy(kept->mask);
  g_free(kept);
}

TriPageSource *tri_page_source_new(int n, TriPageFn fn, gpointer user, GDestroyNotify destroy) {
  TriPageSource *self = g_new0(TriPageSource, 1);
  g_atomic_ref_count_init(&self->refs);
  g_mutex_init(&self->lock);
  g_queue_init(&self->kept);
  self->n = n;
  self->fn = fn;
  self->user = user;
  self->destroy = destroy;
  return self;
}

TriPageSource *tri_page_source_ref(TriPageSource *self) {
  g_atomic_ref_count_inc(&self->refs);
  return self;
}

void tri_page_source_unref(TriPageSource *self) {
  if (!g_atomic_ref_count_dec(&self->refs)) return;
  g_queue_clear_full(&self->kept, kept_free);
  g_mutex_clear(&self->lock);
  if (self->destroy) self->destroy(self->user);
  g_free(self);
}

int tri_page_source_get_n(TriPageSource *self) {
  return self->n;
}

/* The kept mask, moved to the front, as a new reference. Called with the lock held. */
static cairo_surface_t *find(TriPageSource *self, int page, int level) {
  for (GList *link = self->kept.head; link; link = link->next) {
    Kept *kept = link->data;
    if (kept->page != page || kept->level != level) continue;
    g_queue_unlink(&self->kept, link);
    g_queue_push_head_link(&self->kept, link);
    return cairo_surface_reference(kept->mask);
  }
  return NULL;
}

static cairo_surface_t *mask_of_grey(const guchar *grey, int width, int height) {
  cairo_surface_t *mask = cairo_image_surface_create(CAIRO_FORMAT_A8, width, height);
  guchar *pixels = cairo_image_surface_get_data(mask);
  int stride = cairo_image_surface_get_stride(mask);
  if (!pixels) {
    cairo_surface_destroy(mask);
    return NULL;
  }
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) pixels[(gsize)y * stride + x] = 255 - grey[(gsize)y * width + x];
  cairo_surface_mark_dirty(mask);
  return mask;
}

static void keep(TriPageSource *self, int page, int level, cairo_surface_t *mask) {
  Kept *kept = g_new(Kept, 1);
  *kept = (Kept){page, level, cairo_surface_reference(mask)};
  g_queue_push_head(&self->kept, kept);
  self->bytes += mask_bytes(mask);
  while (self->bytes > KEPT_BYTES && self->kept.length > 1) {
    Kept *oldest = g_queue_pop_tail(&self->kept);
    self->bytes -= mask_bytes(oldest->mask);
    kept_free(oldest);
  }
}

cairo_surface_t *tri_page_source_mask(TriPageSource *self, int page, int level) {
  int width = 0, height = 0;
  if (page < 0 || page >= self->n) return NULL;
  g_mutex_lock(&self->lock);
  cairo_surface_t *mask = find(self, page, level);
  g_mutex_unlock(&self->lock);
  if (mask) return mask;
  guchar *grey = self->fn(self->user, page, level, &width, &height);
  if (grey && width > 0 && height > 0) mask = mask_of_grey(grey, width, height);
  g_free(grey);
  if (!mask) return NULL;
  g_mutex_lock(&self->lock);
  keep(self, page, level, mask);
  g_mutex_unlock(&self->lock);
  return mask;
}

gboolean tri_page_source_print(TriPageSource *self, cairo_t *cr, int page, double scale,
                               const graphene_rect_t *rect) {
  int level = CLAMP((int)floor(log2(MAX(1 / scale, 1))), 0, LEVEL_MOST);
  cairo_surface_t *mask = tri_page_source_mask(self, page, level);
  if (!mask) return FALSE;
  cairo_pattern_t *pattern = cairo_pattern_create_for_surface(mask);
  cairo_pattern_set_filter(pattern, CAIRO_FILTER_GOOD);
  cairo_save(cr);
  cairo_rectangle(cr, rect->origin.x, rect->origin.y, rect->size.width, rect->size.height);
  cairo_clip(cr);
  cairo_scale(cr, 1 << level, 1 << level);
  cairo_mask(cr, pattern);
  cairo_restore(cr);
  cairo_pattern_destroy(pattern);
  cairo_surface_destroy(mask);
  return TRUE;
}
