/* A page is an ink mask, so the same ink can be printed in any colour: first everything in black on paper,
 * then, clipped to the note heads of one state after the other, once more in that state's colour.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/ribbon-tile.h"
#include "widgets/symbols.h"
#include "widgets/tile-row.h"

#include <math.h>
#include <string.h>

static const double head_margin_sp = 0.12;
enum { NUMBER_POINTS = 10 };

struct TriRibbonInk {
  TriRibbonMap *map;
  TriPageSource *pages;
  guint8 *head_states, *doubt;
  char **numbers;
  guint n_heads, n_steps;
};

TriRibbonInk *tri_ribbon_ink_new(TriRibbonMap *map, TriPageSource *pages, const guint8 *head_states,
                                 const guint8 *doubt, const char *const *numbers) {
  TriRibbonInk *ink = g_atomic_rc_box_new0(TriRibbonInk);
  ink->map = tri_ribbon_map_ref(map);
  ink->pages = pages ? tri_page_source_ref(pages) : NULL;
  tri_ribbon_map_heads(map, &ink->n_heads);
  tri_ribbon_map_steps(map, &ink->n_steps);
  ink->head_states = g_memdup2(head_states, ink->n_heads);
  ink->doubt = g_memdup2(doubt, ink->n_steps);
  ink->numbers = g_strdupv((char **)numbers);
  return ink;
}

TriRibbonInk *tri_ribbon_ink_ref(TriRibbonInk *ink) {
  return g_atomic_rc_box_acquire(ink);
}

static void clear(gpointer data) {
  TriRibbonInk *ink = data;
  tri_ribbon_map_unref(ink->map);
  g_clear_pointer(&ink->pages, tri_page_source_unref);
  g_free(ink->head_states);
  g_free(ink->doubt);
  g_strfreev(ink->numbers);
}

void tri_ribbon_ink_unref(TriRibbonInk *ink) {
  if (ink) g_atomic_rc_box_release_full(ink, clear);
}

gboolean tri_ribbon_ink_equal(const TriRibbonInk *a, const TriRibbonInk *b) {
  if (!a || !b) return a == b;
  return a->map == b->map && a->pages == b->pages &&
         memcmp(a->head_states, b->head_states, a->n_heads) == 0 &&
         memcmp(a->doubt, b->doubt, a->n_steps) == 0;
}

/* ---- one tile ---- */

typedef struct {
  cairo_t *cr;
  const TriRibbonInk *ink;
  TriTheme theme;
  double from_sp, to_sp; /* of the tile */
  double level;          /* device px per staff space */
  double height;
} Tile;

/* Whether any part of [x, x + width) is in the tile, with a margin for marks. */
static gboolean touches(const Tile *tile, double x_sp, double width_sp) {
  return x_sp < tile->to_sp + 3 && x_sp + width_sp > tile->from_sp - 3;
}

static double to_px(const Tile *tile, double x_sp) {
  return (x_sp - tile->from_sp) * tile->level;
}

static void print_strip(const Tile *tile, const TriRibbonStrip *strip, const GdkRGBA *color) {
  double scale = tile->level / strip->staff_space_px;
  graphene_rect_t rect =
      GRAPHENE_RECT_INIT(strip->page_x, strip->page_y, strip->page_width, strip->page_height);
  if (!tile->ink->pages) return;
  cairo_save(tile->cr);
  cairo_translate(tile->cr, to_px(tile, strip->x_sp), tile->height / 2);
  cairo_scale(tile->cr, scale, scale);
  cairo_translate(tile->cr, -strip->page_x, -strip->page_middle);
  gdk_cairo_set_source_rgba(tile->cr, color);
  tri_page_source_print(tile->ink->pages, tile->cr, strip->page, scale, &rect);
  cairo_restore(tile->cr);
}

static void print_strips(const Tile *tile, const GdkRGBA *color, GCancellable *cancel) {
  guint n;
  const TriRibbonStrip *strips = tri_ribbon_map_strips(tile->ink->map, &n);
  for (guint i = 0; i < n && !g_cancellable_is_cancelled(cancel); i++)
    if (touches(tile, strips[i].x_sp, strips[i].width_sp)) print_strip(tile, &strips[i], color);
}

static void paint_ground(const Tile *tile) {
  guint n;
  const TriRibbonStep *steps = tri_ribbon_map_steps(tile->ink->map, &n);
  gdk_cairo_set_source_rgba(tile->cr, tri_palette_color(tile->theme, TRI_COLOR_PAPER));
  cairo_paint(tile->cr);
  gdk_cairo_set_source_rgba(tile->cr, tri_palette_color(tile->theme, TRI_COLOR_DOUBT_BAR));
  for (guint i = 0; i < n; i++) {
    if (!tile->ink->doubt[i] || !touches(tile, steps[i].x_sp, steps[i].width_sp)) continue;
    cairo_rectangle(tile->cr, round(to_px(tile, steps[i].x_sp)), 0, round(steps[i].width_sp * tile->level),
                    tile->height);
    cairo_fill(tile->cr);
  }
}

static void head_path(const Tile *tile, const TriRibbonHead *head) {
  double m = head_margin_sp;
  tri_symbol_ellipse(tile->cr, to_px(tile, head->x_sp + head->width_sp / 2),
                     tile->height / 2 + (head->y_sp + head->height_sp / 2) * tile->level,
                     (head->width_sp / 2 + m) * tile->level, (head->height_sp / 2 + m) * tile->level);
}

static void plain_head(const Tile *tile, const TriRibbonHead *head) {
  cairo_save(tile->cr);
  cairo_translate(tile->cr, to_px(tile, head->x_sp + head->width_sp / 2),
                  tile->height / 2 + (head->y_sp + head->height_sp / 2) * tile->level);
  cairo_rotate(tile->cr, -0.35);
  cairo_scale(tile->cr, head->width_sp * tile->level / 2, head->height_sp * tile->level / 2.3);
  cairo_arc(tile->cr, 0, 0, 1, 0, 2 * G_PI);
  cairo_fill(tile->cr);
  cairo_restore(tile->cr);
}

/* Prints the heads of one state in its colour. */
static void colour_heads(const Tile *tile, TriState state, GCancellable *cancel) {
  guint n, found = 0;
  const TriRibbonHead *heads = tri_ribbon_map_heads(tile->ink->map, &n);
  const GdkRGBA *color = tri_palette_state(tile->theme, state);
  cairo_save(tile->cr);
  gdk_cairo_set_source_rgba(tile->cr, color);
  for (guint i = 0; i < n; i++) {
    if (tile->ink->head_states[i] != state || !touches(tile, heads[i].x_sp, heads[i].width_sp)) continue;
    if (tile->ink->pages)
      head_path(tile, &heads[i]);
    else
      plain_head(tile, &heads[i]);
    found++;
  }
  if (tile->ink->pages && found) {
    cairo_clip(tile->cr);
    paint_ground(tile);
    print_strips(tile, color, cancel);
  }
  cairo_restore(tile->cr);
}

static void mark_heads(const Tile *tile) {
  guint n;
  const TriRibbonHead *heads = tri_ribbon_map_heads(tile->ink->map, &n);
  double h = tile->level;
  for (guint i = 0; i < n; i++)
    if (touches(tile, heads[i].x_sp, heads[i].width_sp))
      tri_symbol_head(tile->cr, tile->theme, tile->ink->head_states[i],
                      to_px(tile, heads[i].x_sp + heads[i].width_sp / 2),
                      tile->height / 2 + (heads[i].y_sp + heads[i].height_sp / 2) * h, heads[i].width_sp * h,
                      h);
}

static void write_numbers(const Tile *tile, int scale) {
  guint n;
  const TriRibbonStep *steps = tri_ribbon_map_steps(tile->ink->map, &n);
  if (!tile->ink->numbers) return;
  gdk_cairo_set_source_rgba(tile->cr, tri_palette_color(tile->theme, TRI_COLOR_INK));
  cairo_select_font_face(tile->cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(tile->cr, NUMBER_POINTS * scale);
  cairo_push_group(tile->cr);
  for (guint i = 0; i < n && tile->ink->numbers[i]; i++) {
    if (!touches(tile, steps[i].x_sp, steps[i].width_sp) || steps[i].width_sp * tile->level < 24 * scale)
      continue;
    cairo_move_to(tile->cr, round(to_px(tile, steps[i].x_sp)) + 3 * scale, (NUMBER_POINTS + 3) * scale);
    cairo_show_text(tile->cr, tile->ink->numbers[i]);
  }
  cairo_pop_group_to_source(tile->cr);
  cairo_paint_with_alpha(tile->cr, 0.55);
}

void tri_ribbon_ink_draw(cairo_t *cr, const TriTileKey *key, gpointer value, GCancellable *cancel) {
  Tile tile = {.cr = cr, .ink = value, .theme = key->theme, .level = key->level, .height = key->height};
  tile.from_sp = tri_tile_row_at(key, 0);
  tile.to_sp = tri_tile_row_at(key, key->width);
  paint_ground(&tile);
  print_strips(&tile, tri_palette_color(tile.theme, TRI_COLOR_INK), cancel);
  for (int state = TRI_SURE; state <= TRI_EXTRA && !g_cancellable_is_cancelled(cancel); state++)
    colour_heads(&tile, state, cancel);
  mark_heads(&tile);
  write_numbers(&tile, key->scale);
}
