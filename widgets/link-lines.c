/* A link leaves the score straight down and arrives straight down: a cubic with its controls at half the
 * height. SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/link-lines.h"

#include "widgets/time-ruler.h"

#include <glib/gi18n.h>
#include <gtk/gtk.h>
#include <math.h>

static const double foot_y_px = 11;        /* above the bottom edge */
static const double usual_spacing_px = 10; /* nearer feet are drawn smaller */

typedef struct {
  double width, radius, dash, gap, opacity;
} Style;

static Style style_of(const TriLink *line) {
  Style style = {.width = 1.5, .radius = 4, .opacity = 1};
  if (line->state == TRI_UNSURE || line->state == TRI_DOUBTFUL) style.dash = 4, style.gap = 3;
  if (line->state == TRI_CHECKED || line->anchor) style.width = 2.75, style.radius = 6;
  if (line->state == TRI_NOT_PLAYED || line->state == TRI_EXTRA) style.radius = 0;
  if (line->spacing_px < usual_spacing_px) style.radius *= MAX(line->spacing_px / usual_spacing_px, 0.35);
  if (line->hovered) style.radius *= 1.25, style.width += 0.5;
  if (line->ghost) style.opacity = 0.35, style.radius = 0, style.width = 1.5;
  return style;
}

static void foot(cairo_t *cr, TriTheme theme, const TriLink *line, double y, double radius) {
  cairo_arc(cr, line->foot_x, y, radius, 0, 2 * G_PI);
  cairo_fill(cr);
  if (!line->selected) return;
  gdk_cairo_set_source_rgba(cr, tri_palette_color(theme, TRI_COLOR_FOCUS));
  cairo_set_line_width(cr, 2);
  cairo_arc(cr, line->foot_x, y, radius + 3, 0, 2 * G_PI);
  cairo_stroke(cr);
}

/* A place without partner: a short line with a bar across its end. */
static void stub(cairo_t *cr, const TriLink *line, double height) {
  double end = 0.4 * height;
  cairo_move_to(cr, line->head_x, 0);
  cairo_line_to(cr, line->head_x, end);
  cairo_move_to(cr, line->head_x - 4, end + 2);
  cairo_line_to(cr, line->head_x + 4, end - 2);
  cairo_stroke(cr);
}

void tri_link_draw(cairo_t *cr, TriTheme theme, const TriLink *line, double height) {
  Style style = style_of(line);
  GdkRGBA color = *tri_palette_state(theme, line->state);
  double y = height - foot_y_px;
  color.alpha *= style.opacity;
  gdk_cairo_set_source_rgba(cr, &color);
  cairo_set_line_width(cr, style.width);
  if (line->state == TRI_NOT_PLAYED || line->state == TRI_EXTRA) {
    stub(cr, line, height);
    return;
  }
  if (!line->headless) {
    if (style.dash > 0) cairo_set_dash(cr, (const double[]){style.dash, style.gap}, 2, 0);
    cairo_move_to(cr, line->head_x, 0);
    cairo_curve_to(cr, line->head_x, y / 2, line->foot_x, y / 2, line->foot_x, y);
    cairo_stroke(cr);
    cairo_set_dash(cr, NULL, 0, 0);
  }
  if (style.radius > 0) foot(cr, theme, line, y, style.radius);
}

static double curve_x(const TriLink *line, double share) {
  double smooth = share * share * (3 - 2 * share);
  return line->head_x + (line->foot_x - line->head_x) * smooth;
}

double tri_link_distance(const TriLink *line, double height, double x, double y) {
  double foot_y = height - foot_y_px;
  if (line->state == TRI_NOT_PLAYED || line->state == TRI_EXTRA)
    return y < height / 2 ? fabs(x - line->head_x) : INFINITY;
  if (y > height / 2) return hypot(x - line->foot_x, MAX(fabs(y - foot_y) - 8, 0));
  return fabs(x - curve_x(line, CLAMP(y / foot_y, 0, 1)));
}

char *tri_link_bubble_text(double time_s, double before_s) {
  char *time = tri_time_text(time_s, 3);
  long ms = lround((time_s - before_s) * 1000);
  /* Translators: time of a place and how far it was moved, as in "0:11.480 (−130 ms)" */
  char *text = g_strdup_printf(_("%s (%s%ld ms)"), time, ms < 0 ? "−" : "+", labs(ms));
  g_free(time);
  return text;
}
