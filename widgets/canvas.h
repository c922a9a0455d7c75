/* The panes stacked on one time axis: score, links, audio, notes. The middle of the window.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/link-layer.h"
#include "widgets/page-view.h"
#include "widgets/place-text.h"
#include "widgets/timeline.h"

G_BEGIN_DECLS

/* Construct-only properties: timeline, scene, tiles (made when not given).
 * Properties, all notified once per real change:
 *   show-score, show-audio, show-notes (boolean)   panes; the links stand while score and audio do
 *   pages (boolean)                  the page view instead of the ribbon
 *   spectrogram-mix (double 0 … 1)
 *   score-height, audio-height (int, px)  positions of the panes' edges, to be remembered; -1 by default
 *   edit-lock (boolean)              clicks only navigate, feet do not move
 * Signals:
 *   "seek" (double time_s)           clicked: hear from there
 *   "place-activated" (int place)    selected by pointer or screen reader; TriScene:selected is set already
 *   "note-activated" (uint note)     a motion note, index
 *   "drag-begun" (int place), "dragged" (int place, double time_s), "dropped" (int place, double time_s),
 *   "drag-cancelled" (int place)     as in link-layer.h
 *   "context-menu" (double x, double y, double time_s, int place)  right click, canvas px; place -1 none
 *
 * Pointer: Shift+wheel pans time everywhere, Ctrl+wheel zooms time at the pointer, Ctrl+Shift+wheel zooms
 * pitch, wheel pans time on audio and links and pitch on the roll, middle drag pans both, two fingers pinch.
 * Alt+wheel over the ribbon peeks along the score until the pointer leaves.
 *
 * Keys (bound on this class only, so that text entries keep their letters) activate the window's actions, and
 * each is also a class action "canvas.NAME" for assistive technology:
 *   win.play (space)  next-doubtful (n)  previous-doubtful (N)  next-place (→)  previous-place (←)
 *   next-bar (Ctrl+→)  previous-bar (Ctrl+←)  confirm (Enter)  anchor (a ;)  unpin (Delete)  not-played (x)
 *   extra (e)  nudge-later, -earlier (Alt+→ ←)  nudge-later-fine, -earlier-fine (Alt+Shift+→ ←)
 *   hear-place (p)  source-cycle (s)  loop (l)  loop-start ([)  loop-end (])  fit (f)  zoom-in (Ctrl+=)
 *   zoom-out (Ctrl+-)  zoom-reset (Ctrl+0)  go-start (Home)  go-end (End)  tap (t)
 *   slower, faster (Ctrl+Page Down, Ctrl+Page Up)
 * Page Up, Page Down turn pages or pan by nine tenths of the width; Esc cancels a drag. */
#define TRI_TYPE_CANVAS (tri_canvas_get_type())
G_DECLARE_FINAL_TYPE(TriCanvas, tri_canvas, TRI, CANVAS, GtkWidget)

GtkWidget *tri_canvas_new(TriTimeline *timeline, TriScene *scene);

TriTimeline *tri_canvas_get_timeline(TriCanvas *self); /* borrowed */
TriScene *tri_canvas_get_scene(TriCanvas *self);
TriTileCache *tri_canvas_get_tiles(TriCanvas *self); /* share it with an overview strip */
TriLinkLayer *tri_canvas_get_links(TriCanvas *self); /* for snap and warp */
TriPageView *tri_canvas_get_page_view(TriCanvas *self);

/* Selects a place, brings it into view in every pane and moves the proxy focus there. -1 selects none. */
void tri_canvas_go_to_place(TriCanvas *self, int place);

/* For the window's actions; see also tri_timeline_fit. Places in words are in place-text.h. */
void tri_canvas_zoom(TriCanvas *self, double factor); /* around the playhead if visible, else the middle */
void tri_canvas_zoom_pitch(TriCanvas *self, double factor);

/* Whether a foot or a note head is being dragged: no undo now. */
gboolean tri_canvas_is_dragging(TriCanvas *self);

G_END_DECLS
