/* One link, drawn: a curve from the score to its foot on the time axis. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#pragma once

#include "widgets/palette.h"

#include <cairo.h>

G_BEGIN_DECLS

enum { TRI_LINK_LEAST_PX = 3 }; /* plain lines whose feet stand nearer are left out */

typedef struct {
  double head_x, foot_x; /* px, at the top and at the bottom */
  TriState state;
  gboolean anchor, selected, hovered;
  gboolean ghost;    /* the line of before a drag */
  gboolean headless; /* the score position is out of sight: only the foot */
  double spacing_px; /* of the feet around it */
} TriLink;

/* sure: thin solid · unsure, doubtful: dashed · checked or anchor: thick, large foot · not played, extra: a
 * stub. */
void tri_link_draw(cairo_t *cr, TriTheme theme, const TriLink *line, double height);

/* From a point to the foot, or, in the upper half of the band, to the curve; px. Large for what has no foot.
 */
double tri_link_distance(const TriLink *line, double height, double x, double y);

/* "0:11.480 (−130 ms)". New string. */
char *tri_link_bubble_text(double time_s, double before_s);

G_END_DECLS
