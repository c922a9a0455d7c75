/* The piano roll: one row a key, one bar a note, the pedal below. SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "widgets/link-layer.h"
#include "widgets/view.h"

G_BEGIN_DECLS

/* Click on a note emits "note-activated" and, where the note belongs to a place, "place-activated"; elsewhere
 * "seek". */
#define TRI_TYPE_ROLL_VIEW (tri_roll_view_get_type())
G_DECLARE_FINAL_TYPE(TriRollView, tri_roll_view, TRI, ROLL_VIEW, TriView)

GtkWidget *tri_roll_view_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles);

/* Index into Motion.notes of the note drawn at x, y (widget px), -1 none. */
int tri_roll_view_note_at(TriRollView *self, double x, double y);

/* The place that motion note `note` belongs to, -1 none. O(log n). */
int tri_roll_view_place_of_note(TriRollView *self, guint note);

/* Vertical middle of a pitch's row and back, widget px and MIDI. */
double tri_roll_view_y(TriRollView *self, double midi);
double tri_roll_view_pitch(TriRollView *self, double y);

/* Zooms the pitch axis by `factor`, keeping the pitch at y. */
void tri_roll_view_zoom_pitch(TriRollView *self, double factor, double y);
void tri_roll_view_pan_pitch(TriRollView *self, double dy_px);

/* Shows every key that is played, with a little room; done once by itself when the first motion comes. */
void tri_roll_view_fit_pitch(TriRollView *self);

/* Makes the heads of notes handles, as the feet of `links`. Held weakly, may be null. */
void tri_roll_view_set_links(TriRollView *self, TriLinkLayer *links);

G_END_DECLS
