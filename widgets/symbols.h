/* The shapes that tell states apart without colour, drawn by Cairo. SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "widgets/palette.h"

#include <cairo.h>

G_BEGIN_DECLS

/* Draws the mark of `state` at a note head: middle x, y, head width w and height h, in the units of `cr`.
 * sure: nothing · unsure: dashed ring · doubtful: dashed ring and "?" above · checked: pin dot above · not
 * played: slash · extra: plus above. */
void tri_symbol_head(cairo_t *cr, TriTheme theme, TriState state, double x, double y, double w, double h);

enum { TRI_SYMBOL_ROOM = 9 }; /* hairlines: a lower note has no room for its "?" */

/* Draws a roll note of `state` into the rectangle, with its mark where there is room. `unit`: width of a
 * hairline. */
void tri_symbol_note(cairo_t *cr, TriTheme theme, TriState state, double x, double y, double w, double h,
                     double unit);

/* Adds an ellipse with half-axes rx, ry around x, y to the path. */
void tri_symbol_ellipse(cairo_t *cr, double x, double y, double rx, double ry);

/* A "?" of height h around x, y. */
void tri_symbol_question(cairo_t *cr, double x, double y, double h);

G_END_DECLS
