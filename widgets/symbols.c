/* All marks are a few strokes and arcs in the colour of their state; the question mark is drawn, not set, so
 * that workers need no font. SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/symbols.h"

#include <gtk/gtk.h>
#include <math.h>

static void set_state(cairo_t *cr, TriTheme theme, TriState state) {
  gdk_cairo_set_source_rgba(cr, tri_palette_state(theme, state));
}

void tri_symbol_ellipse(cairo_t *cr, double x, double y, double rx, double ry) {
  cairo_save(cr);
  cairo_translate(cr, x, y);
  cairo_scale(cr, rx, ry);
  cairo_new_sub_path(cr);
  cairo_arc(cr, 0, 0, 1, 0, 2 * G_PI);
  cairo_restore(cr);
}

void tri_symbol_question(cairo_t *cr, double x, double y, double h) {
  double r = 0.24 * h, top = y - h / 2;
  cairo_save(cr);
  cairo_set_dash(cr, NULL, 0, 0);
  cairo_set_line_width(cr, 0.15 * h);
  cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
  cairo_new_path(cr);
  cairo_arc(cr, x, top + r + 0.07 * h, r, G_PI, 2.35 * G_PI);
  cairo_line_to(cr, x, top + 0.68 * h);
  cairo_stroke(cr);
  cairo_arc(cr, x, top + 0.92 * h, 0.1 * h, 0, 2 * G_PI);
  cairo_fill(cr);
  cairo_restore(cr);
}

static void plus(cairo_t *cr, double x, double y, double r, double width) {
  cairo_set_line_width(cr, width);
  cairo_move_to(cr, x - r, y);
  cairo_line_to(cr, x + r, y);
  cairo_move_to(cr, x, y - r);
  cairo_line_to(cr, x, y + r);
  cairo_stroke(cr);
}

static void dashed_ring(cairo_t *cr, double x, double y, double w, double h) {
  cairo_set_line_width(cr, 0.14 * h);
  cairo_set_dash(cr, (const double[]){0.38 * h, 0.26 * h}, 2, 0);
  tri_symbol_ellipse(cr, x, y, 0.5 * w + 0.38 * h, 0.88 * h);
  cairo_stroke(cr);
  cairo_set_dash(cr, NULL, 0, 0);
}

void tri_symbol_head(cairo_t *cr, TriTheme theme, TriState state, double x, double y, double w, double h) {
  set_state(cr, theme, state);
  switch (state) {
  case TRI_SURE:
    break;
  case TRI_UNSURE:
    dashed_ring(cr, x, y, w, h);
    break;
  case TRI_DOUBTFUL:
    dashed_ring(cr, x, y, w, h);
    tri_symbol_question(cr, x, y - 2.2 * h, 1.5 * h);
    break;
  case TRI_CHECKED:
    tri_symbol_ellipse(cr, x, y - 1.25 * h, 0.3 * h, 0.3 * h);
    cairo_fill(cr);
    break;
  case TRI_NOT_PLAYED:
    cairo_set_line_width(cr, 0.18 * h);
    cairo_move_to(cr, x - 0.6 * w - 0.2 * h, y + 0.9 * h);
    cairo_line_to(cr, x + 0.6 * w + 0.2 * h, y - 0.9 * h);
    cairo_stroke(cr);
    break;
  case TRI_EXTRA:
    plus(cr, x, y - 1.5 * h, 0.45 * h, 0.18 * h);
    break;
  }
}

static void outline(cairo_t *cr, double x, double y, double w, double h, double width, gboolean dashes) {
  cairo_set_line_width(cr, width);
  if (dashes) cairo_set_dash(cr, (const double[]){3 * width, 2 * width}, 2, 0);
  cairo_rectangle(cr, x + width / 2, y + width / 2, MAX(w - width, width), MAX(h - width, width));
  cairo_stroke(cr);
  cairo_set_dash(cr, NULL, 0, 0);
}

/* A light wash inside an outline, so that it reads as a body. */
static void wash(cairo_t *cr, TriTheme theme, TriState state, double x, double y, double w, double h) {
  GdkRGBA color = *tri_palette_state(theme, state);
  color.alpha = 0.16f;
  gdk_cairo_set_source_rgba(cr, &color);
  cairo_rectangle(cr, x, y, w, h);
  cairo_fill(cr);
  set_state(cr, theme, state);
}

static void white(cairo_t *cr) {
  cairo_set_source_rgba(cr, 1, 1, 1, 0.95);
}

void tri_symbol_note(cairo_t *cr, TriTheme theme, TriState state, double x, double y, double w, double h,
                     double unit) {
  double middle = y + h / 2, line = 1.5 * unit;
  set_state(cr, theme, state);
  cairo_new_path(cr);
  if (state == TRI_SURE || state == TRI_CHECKED || state == TRI_EXTRA) {
    cairo_rectangle(cr, x, y, w, h);
    cairo_fill(cr);
    white(cr);
    if (state == TRI_CHECKED && w > h) {
      cairo_arc(cr, x + 0.6 * h, middle, 0.24 * h, 0, 2 * G_PI);
      cairo_fill(cr);
    }
    if (state == TRI_EXTRA && w > h) plus(cr, x + 0.6 * h, middle, 0.32 * h, MAX(unit, 0.16 * h));
    return;
  }
  wash(cr, theme, state, x, y, w, h);
  outline(cr, x, y, w, h, line, state != TRI_NOT_PLAYED);
  if (state == TRI_DOUBTFUL && w > 1.2 * h && h >= TRI_SYMBOL_ROOM * unit)
    tri_symbol_question(cr, x + w / 2, middle, 0.86 * h);
  if (state != TRI_NOT_PLAYED) return;
  cairo_set_line_width(cr, unit);
  cairo_move_to(cr, x + MIN(w, h), y);
  cairo_line_to(cr, x, y + h);
  cairo_stroke(cr);
}
