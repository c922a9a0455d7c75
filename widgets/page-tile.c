/* As in the ribbon: black ink first, then the heads of each state once more in its colour, then the marks.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/page-tile.h"
#include "widgets/symbols.h"

#include <gtk/gtk.h>
#include <string.h>

enum { THUMB_LEVEL = 2 };
static const double head_margin = 0.12; /* of the head's height */

struct TriPageInk {
  TriPageSource *pages;
  TriPageMark *marks;
  guint n;
};

TriPageInk *tri_page_ink_new(TriPageSource *pages, const TriPageMark *marks, guint n) {
  TriPageInk *ink = g_atomic_rc_box_new0(TriPageInk);
  ink->pages = tri_page_source_ref(pages);
  ink->marks = g_memdup2(marks, n * sizeof *marks);
  ink->n = n;
  return ink;
}

TriPageInk *tri_page_ink_ref(TriPageInk *ink) {
  return g_atomic_rc_box_acquire(ink);
}

static void clear(gpointer data) {
  TriPageInk *ink = data;
  tri_page_source_unref(ink->pages);
  g_free(ink->marks);
}

void tri_page_ink_unref(TriPageInk *ink) {
  if (ink) g_atomic_rc_box_release_full(ink, clear);
}

gboolean tri_page_ink_equal(const TriPageInk *a, const TriPageInk *b) {
  if (!a || !b) return a == b;
  return a->pages == b->pages && a->n == b->n &&
         (!a->n || memcmp(a->marks, b->marks, a->n * sizeof *a->marks) == 0);
}

typedef struct {
  cairo_t *cr;
  const TriPageInk *ink;
  TriTheme theme;
  int page;
  double scale;
  graphene_rect_t rect; /* page pixels */
} Tile;

static gboolean touches(const Tile *tile, const TriPageMark *mark) {
  float margin = 4 * mark->height;
  graphene_rect_t rect = GRAPHENE_RECT_INIT(mark->x - margin, mark->y - margin, mark->width + 2 * margin,
                                            mark->height + 2 * margin);
  return mark->page == tile->page && graphene_rect_intersection(&rect, &tile->rect, NULL);
}

static void print(const Tile *tile, const GdkRGBA *color) {
  gdk_cairo_set_source_rgba(tile->cr, color);
  tri_page_source_print(tile->ink->pages, tile->cr, tile->page, tile->scale, &tile->rect);
}

static void paint_ground(const Tile *tile) {
  gdk_cairo_set_source_rgba(tile->cr, tri_palette_color(tile->theme, TRI_COLOR_PAPER));
  cairo_paint(tile->cr);
  gdk_cairo_set_source_rgba(tile->cr, tri_palette_color(tile->theme, TRI_COLOR_DOUBT_BAR));
  for (guint i = 0; i < tile->ink->n; i++) {
    const TriPageMark *mark = &tile->ink->marks[i];
    if (mark->state >= 0 || mark->page != tile->page) continue;
    cairo_rectangle(tile->cr, mark->x, mark->y, mark->width, mark->height);
    cairo_fill(tile->cr);
  }
}

static void colour_heads(const Tile *tile, int state) {
  gboolean any = FALSE;
  cairo_save(tile->cr);
  for (guint i = 0; i < tile->ink->n; i++) {
    const TriPageMark *mark = &tile->ink->marks[i];
    double m = head_margin * mark->height;
    if (mark->state != state || !touches(tile, mark)) continue;
    tri_symbol_ellipse(tile->cr, mark->x + mark->width / 2, mark->y + mark->height / 2, mark->width / 2 + m,
                       mark->height / 2 + m);
    any = TRUE;
  }
  if (any) {
    cairo_clip(tile->cr);
    paint_ground(tile);
    print(tile, tri_palette_state(tile->theme, state));
  }
  cairo_restore(tile->cr);
}

static void mark_heads(const Tile *tile) {
  for (guint i = 0; i < tile->ink->n; i++) {
    const TriPageMark *mark = &tile->ink->marks[i];
    if (mark->state >= 0 && touches(tile, mark))
      tri_symbol_head(tile->cr, tile->theme, mark->state, mark->x + mark->width / 2,
                      mark->y + mark->height / 2, mark->width, mark->height);
  }
}

void tri_page_ink_draw(cairo_t *cr, const TriTileKey *key, gpointer value, GCancellable *cancel) {
  int row = key->row % TRI_PAGE_ROWS;
  double x = key->index * key->width / key->level, y = row * key->height / key->level;
  Tile tile = {
      .cr = cr, .ink = value, .theme = key->theme, .page = key->row / TRI_PAGE_ROWS, .scale = key->level};
  tile.rect = GRAPHENE_RECT_INIT(x, y, key->width / key->level, key->height / key->level);
  cairo_scale(cr, key->level, key->level);
  cairo_translate(cr, -x, -y);
  paint_ground(&tile);
  print(&tile, tri_palette_color(tile.theme, TRI_COLOR_INK));
  for (int state = TRI_SURE; state <= TRI_EXTRA && !g_cancellable_is_cancelled(cancel); state++)
    colour_heads(&tile, state);
  mark_heads(&tile);
}

void tri_page_thumb_draw(cairo_t *cr, const TriTileKey *key, gpointer value, GCancellable *cancel) {
  cairo_surface_t *mask = tri_page_source_mask(value, key->row, THUMB_LEVEL);
  if (!mask) return;
  double width = cairo_image_surface_get_width(mask), height = cairo_image_surface_get_height(mask);
  double scale = MIN(key->width / width, key->height / height);
  cairo_translate(cr, (key->width - width * scale) / 2, (key->height - height * scale) / 2);
  cairo_scale(cr, scale, scale);
  gdk_cairo_set_source_rgba(cr, tri_palette_color(key->theme, TRI_COLOR_PAPER));
  cairo_rectangle(cr, 0, 0, width, height);
  cairo_fill(cr);
  gdk_cairo_set_source_rgba(cr, tri_palette_color(key->theme, TRI_COLOR_INK));
  cairo_mask_surface(cr, mask, 0, 0);
  cairo_surface_destroy(mask);
}
