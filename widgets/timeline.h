/* The one time axis that all views share. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

typedef enum { TRI_FOLLOW_OFF, TRI_FOLLOW_PAGES, TRI_FOLLOW_CONTINUOUS } TriFollow;

#define TRI_TYPE_TIMELINE (tri_timeline_get_type())
G_DECLARE_FINAL_TYPE(TriTimeline, tri_timeline, TRI, TIMELINE, GObject)

/* Properties, all notified once per real change:
 *   start (double, s)            time at the left edge of the time views
 *   scale (double, px/s)         zoom, 2 … 2000
 *   width (int, px)              of the time views, set by them
 *   low-pitch (double, MIDI)     at the bottom edge of the roll
 *   pitch-scale (double, px/semitone) 4 … 40
 *   duration (double, s)         of the recording, or of the motion
 *   position (double, s)         playhead
 *   loop-start, loop-end (double, s)  equal: no loop
 *   follow (TriFollow)
 * Main thread only. */
TriTimeline *tri_timeline_new(void);

/* The properties as calls. Setters clamp to the ranges above; a number that is not finite is ignored. */
double tri_timeline_get_start(TriTimeline *timeline);
double tri_timeline_get_scale(TriTimeline *timeline);
int tri_timeline_get_width(TriTimeline *timeline);
double tri_timeline_get_low_pitch(TriTimeline *timeline);
double tri_timeline_get_pitch_scale(TriTimeline *timeline);
double tri_timeline_get_duration(TriTimeline *timeline);
double tri_timeline_get_position(TriTimeline *timeline);
TriFollow tri_timeline_get_follow(TriTimeline *timeline);
gboolean tri_timeline_get_loop(TriTimeline *timeline, double *start_s, double *end_s); /* false: no loop */
void tri_timeline_set_start(TriTimeline *timeline, double start_s);
void tri_timeline_set_scale(TriTimeline *timeline, double px_per_s);
void tri_timeline_set_width(TriTimeline *timeline, int width_px);
void tri_timeline_set_low_pitch(TriTimeline *timeline, double midi);
void tri_timeline_set_pitch_scale(TriTimeline *timeline, double px_per_semitone);
void tri_timeline_set_duration(TriTimeline *timeline, double duration_s);
void tri_timeline_set_position(TriTimeline *timeline, double position_s);
void tri_timeline_set_follow(TriTimeline *timeline, TriFollow follow);
void tri_timeline_set_loop(TriTimeline *timeline, double start_s, double end_s); /* any order; equal: none */

/* Whether nobody has touched the pitch axis yet. */
gboolean tri_timeline_is_pitch_usual(TriTimeline *timeline);

double tri_timeline_x(TriTimeline *timeline, double time_s); /* px from the left edge of a time view */
double tri_timeline_time(TriTimeline *timeline, double x_px);

void tri_timeline_zoom(TriTimeline *timeline, double factor, double x_px); /* the time under x_px stays */
void tri_timeline_pan(TriTimeline *timeline, double dx_px);                /* turns follow off */
void tri_timeline_fit(TriTimeline *timeline, double from_s, double to_s);
void tri_timeline_show(TriTimeline *timeline, double time_s); /* into view if it is not */

/* The playhead moved during playback: follows as `follow` says (page flip at 85 % of the width). */
void tri_timeline_advance(TriTimeline *timeline, double position_s);

G_END_DECLS
