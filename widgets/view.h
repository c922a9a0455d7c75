/* What all views share: the timeline, the scene, the tiles and the signals.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/palette.h"
#include "widgets/scene.h"
#include "widgets/tile-cache.h"
#include "widgets/timeline.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define TRI_TYPE_VIEW (tri_view_get_type())
G_DECLARE_DERIVABLE_TYPE(TriView, tri_view, TRI, VIEW, GtkWidget)

/* What changed; bits. */
typedef enum {
  TRI_CHANGE_PAGES = 1 << 0,
  TRI_CHANGE_SCORE = 1 << 1,
  TRI_CHANGE_SOUND = 1 << 2,
  TRI_CHANGE_MOTION = 1 << 3,
  TRI_CHANGE_PLACES = 1 << 4,    /* times or states; also while a foot is dragged */
  TRI_CHANGE_SELECTION = 1 << 5, /* selected or hovered place */
  TRI_CHANGE_TIME_AXIS = 1 << 6, /* start, scale, width, duration */
  TRI_CHANGE_PITCH_AXIS = 1 << 7,
  TRI_CHANGE_POSITION = 1 << 8,
  TRI_CHANGE_LOOP = 1 << 9,
  TRI_CHANGE_THEME = 1 << 10,
} TriChange;

/* Abstract. Construct-only properties, inherited by every view:
 *   timeline (TriTimeline), scene (TriScene), tiles (TriTileCache)
 * Signals, inherited (run last, main thread):
 *   "seek" (double time_s)            the person pointed at a moment
 *   "place-activated" (int place)     the person picked a place; TriScene:selected is already set
 *   "note-activated" (uint note)      the person picked motion note `note` (index into Motion.notes) */
struct _TriViewClass {
  GtkWidgetClass parent_class;
  /* The value or the axis moved: redraw or recompute. The default redraws for the bits in `draws_for`. */
  void (*changed)(TriView *self, TriChange what);
  TriChange draws_for;
  gboolean sets_width; /* the allocated width is TriTimeline:width */
  gboolean uses_tiles; /* draws again when tiles have arrived */
};

TriTimeline *tri_view_get_timeline(TriView *self); /* borrowed, as the next two */
TriScene *tri_view_get_scene(TriView *self);
TriTileCache *tri_view_get_tiles(TriView *self);
TriTheme tri_view_get_theme(TriView *self);

/* For subclasses. */
void tri_view_emit_seek(TriView *self, double time_s);
void tri_view_activate_place(TriView *self, int place); /* selects it in the scene, then emits */
void tri_view_activate_note(TriView *self, guint note);

/* A font of the drawn labels at a size in points, as a layout with `text`; new reference. */
PangoLayout *tri_view_layout(TriView *self, const char *text, double points, gboolean bold);

/* The nearest logical x that falls on a device pixel. */
double tri_view_snap(TriView *self, double x);

/* Adds what every time view does: a click seeks, Shift+drag sets the loop. `time_at` maps widget px to
 * seconds; `clicked` (may be null) gets the first word on a click and says whether it took it. */
typedef double (*TriTimeAtFn)(TriView *self, double x);
typedef gboolean (*TriClickFn)(TriView *self, double x, double y);
void tri_view_add_pointer(TriView *self, TriTimeAtFn time_at, TriClickFn clicked);

/* Time shown for a place: while a foot is dragged the warped one. */
double tri_view_place_time(TriView *self, guint place);

G_END_DECLS
