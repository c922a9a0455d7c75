/* The time axis is an affine map, px = (time − start) · scale, and each of its numbers is a property that is
 * notified once per real change. A fit asked for before the width is known is kept and done then.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/timeline.h"

#include <math.h>

static const double scale_least = 2, scale_most = 2000, pitch_scale_least = 4, pitch_scale_most = 40;
static const double flip_at = 0.85, flip_to = 0.1; /* page flip: when the playhead is here, put it there */
static const double usual_low_pitch = 40, usual_pitch_scale = 7;
static const double overscroll = 0.1; /* of the width, beyond either end */

struct _TriTimeline {
  GObject parent_instance;
  double start, scale, low_pitch, pitch_scale, duration, position, loop_start, loop_end;
  double wanted_from, wanted_to; /* a fit that waits for the width; equal: none */
  int width;
  TriFollow follow;
};

enum {
  PROP_START = 1,
  PROP_SCALE,
  PROP_WIDTH,
  PROP_LOW_PITCH,
  PROP_PITCH_SCALE,
  PROP_DURATION,
  PROP_POSITION,
  PROP_LOOP_START,
  PROP_LOOP_END,
  PROP_FOLLOW,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE(TriTimeline, tri_timeline, G_TYPE_OBJECT)

/* Stores and notifies; true when it was a change. */
static gboolean change(TriTimeline *self, double *field, double value, int prop) {
  if (!isfinite(value) || value == *field) return FALSE;
  *field = value;
  g_object_notify_by_pspec(G_OBJECT(self), props[prop]);
  return TRUE;
}

static double visible_s(TriTimeline *self) {
  return self->width / self->scale;
}

static double clamp_start(TriTimeline *self, double start) {
  double room = overscroll * visible_s(self);
  double last = MAX(0, self->duration - visible_s(self)) + room;
  return CLAMP(start, -room, last);
}

double tri_timeline_get_start(TriTimeline *self) {
  return self->start;
}
double tri_timeline_get_scale(TriTimeline *self) {
  return self->scale;
}
int tri_timeline_get_width(TriTimeline *self) {
  return self->width;
}
double tri_timeline_get_low_pitch(TriTimeline *self) {
  return self->low_pitch;
}
double tri_timeline_get_pitch_scale(TriTimeline *self) {
  return self->pitch_scale;
}
double tri_timeline_get_duration(TriTimeline *self) {
  return self->duration;
}
double tri_timeline_get_position(TriTimeline *self) {
  return self->position;
}
TriFollow tri_timeline_get_follow(TriTimeline *self) {
  return self->follow;
}

gboolean tri_timeline_get_loop(TriTimeline *self, double *start_s, double *end_s) {
  *start_s = self->loop_start;
  *end_s = self->loop_end;
  return self->loop_end > self->loop_start;
}

void tri_timeline_set_start(TriTimeline *self, double start_s) {
  self->wanted_from = self->wanted_to = 0;
  change(self, &self->start, clamp_start(self, start_s), PROP_START);
}

void tri_timeline_set_scale(TriTimeline *self, double px_per_s) {
  change(self, &self->scale, CLAMP(px_per_s, scale_least, scale_most), PROP_SCALE);
}

void tri_timeline_set_width(TriTimeline *self, int width_px) {
  if (width_px < 0 || width_px == self->width) return;
  self->width = width_px;
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_WIDTH]);
  if (self->wanted_to > self->wanted_from) tri_timeline_fit(self, self->wanted_from, self->wanted_to);
}

void tri_timeline_set_low_pitch(TriTimeline *self, double midi) {
  change(self, &self->low_pitch, CLAMP(midi, 0, 127), PROP_LOW_PITCH);
}

void tri_timeline_set_pitch_scale(TriTimeline *self, double px_per_semitone) {
  change(self, &self->pitch_scale, CLAMP(px_per_semitone, pitch_scale_least, pitch_scale_most),
         PROP_PITCH_SCALE);
}

void tri_timeline_set_duration(TriTimeline *self, double duration_s) {
  change(self, &self->duration, MAX(0, duration_s), PROP_DURATION);
}

void tri_timeline_set_position(TriTimeline *self, double position_s) {
  change(self, &self->position, MAX(0, position_s), PROP_POSITION);
}

void tri_timeline_set_follow(TriTimeline *self, TriFollow follow) {
  if (follow == self->follow) return;
  self->follow = follow;
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_FOLLOW]);
}

void tri_timeline_set_loop(TriTimeline *self, double start_s, double end_s) {
  g_object_freeze_notify(G_OBJECT(self));
  change(self, &self->loop_start, MAX(0, MIN(start_s, end_s)), PROP_LOOP_START);
  change(self, &self->loop_end, MAX(0, MAX(start_s, end_s)), PROP_LOOP_END);
  g_object_thaw_notify(G_OBJECT(self));
}

gboolean tri_timeline_is_pitch_usual(TriTimeline *self) {
  return self->low_pitch == usual_low_pitch && self->pitch_scale == usual_pitch_scale;
}

double tri_timeline_x(TriTimeline *self, double time_s) {
  return (time_s - self->start) * self->scale;
}

double tri_timeline_time(TriTimeline *self, double x_px) {
  return self->start + x_px / self->scale;
}

void tri_timeline_zoom(TriTimeline *self, double factor, double x_px) {
  double time_s = tri_timeline_time(self, x_px);
  if (!isfinite(factor) || factor <= 0 || !isfinite(time_s)) return;
  g_object_freeze_notify(G_OBJECT(self));
  tri_timeline_set_scale(self, self->scale * factor);
  tri_timeline_set_start(self, time_s - x_px / self->scale);
  g_object_thaw_notify(G_OBJECT(self));
}

void tri_timeline_pan(TriTimeline *self, double dx_px) {
  if (!isfinite(dx_px) || dx_px == 0) return;
  g_object_freeze_notify(G_OBJECT(self));
  tri_timeline_set_follow(self, TRI_FOLLOW_OFF);
  tri_timeline_set_start(self, self->start + dx_px / self->scale);
  g_object_thaw_notify(G_OBJECT(self));
}

void tri_timeline_fit(TriTimeline *self, double from_s, double to_s) {
  if (!(to_s > from_s)) return;
  if (self->width <= 0) {
    self->wanted_from = from_s;
    self->wanted_to = to_s;
    return;
  }
  g_object_freeze_notify(G_OBJECT(self));
  tri_timeline_set_scale(self, self->width / (to_s - from_s));
  tri_timeline_set_start(self, from_s);
  g_object_thaw_notify(G_OBJECT(self));
}

void tri_timeline_show(TriTimeline *self, double time_s) {
  double x = tri_timeline_x(self, time_s), margin = 0.1 * self->width;
  if (x < margin || x > self->width - margin) tri_timeline_set_start(self, time_s - visible_s(self) / 2);
}

void tri_timeline_advance(TriTimeline *self, double position_s) {
  g_object_freeze_notify(G_OBJECT(self));
  tri_timeline_set_position(self, position_s);
  double x = tri_timeline_x(self, self->position);
  if (self->follow == TRI_FOLLOW_CONTINUOUS)
    tri_timeline_set_start(self, self->position - visible_s(self) / 2);
  else if (self->follow == TRI_FOLLOW_PAGES && (x < 0 || x > flip_at * self->width))
    tri_timeline_set_start(self, self->position - flip_to * visible_s(self));
  g_object_thaw_notify(G_OBJECT(self));
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  TriTimeline *self = TRI_TIMELINE(object);
  switch (id) {
  case PROP_START:
    tri_timeline_set_start(self, g_value_get_double(value));
    break;
  case PROP_SCALE:
    tri_timeline_set_scale(self, g_value_get_double(value));
    break;
  case PROP_WIDTH:
    tri_timeline_set_width(self, g_value_get_int(value));
    break;
  case PROP_LOW_PITCH:
    tri_timeline_set_low_pitch(self, g_value_get_double(value));
    break;
  case PROP_PITCH_SCALE:
    tri_timeline_set_pitch_scale(self, g_value_get_double(value));
    break;
  case PROP_DURATION:
    tri_timeline_set_duration(self, g_value_get_double(value));
    break;
  case PROP_POSITION:
    tri_timeline_set_position(self, g_value_get_double(value));
    break;
  case PROP_LOOP_START:
    change(self, &self->loop_start, g_value_get_double(value), PROP_LOOP_START);
    break;
  case PROP_LOOP_END:
    change(self, &self->loop_end, g_value_get_double(value), PROP_LOOP_END);
    break;
  case PROP_FOLLOW:
    tri_timeline_set_follow(self, g_value_get_int(value));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  TriTimeline *self = TRI_TIMELINE(object);
  switch (id) {
  case PROP_START:
    g_value_set_double(value, self->start);
    break;
  case PROP_SCALE:
    g_value_set_double(value, self->scale);
    break;
  case PROP_WIDTH:
    g_value_set_int(value, self->width);
    break;
  case PROP_LOW_PITCH:
    g_value_set_double(value, self->low_pitch);
    break;
  case PROP_PITCH_SCALE:
    g_value_set_double(value, self->pitch_scale);
    break;
  case PROP_DURATION:
    g_value_set_double(value, self->duration);
    break;
  case PROP_POSITION:
    g_value_set_double(value, self->position);
    break;
  case PROP_LOOP_START:
    g_value_set_double(value, self->loop_start);
    break;
  case PROP_LOOP_END:
    g_value_set_double(value, self->loop_end);
    break;
  case PROP_FOLLOW:
    g_value_set_int(value, self->follow);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static GParamSpec *number(const char *name, double least, double most, double usual) {
  return g_param_spec_double(name, NULL, NULL, least, most, usual,
                             G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static GParamSpec *whole(const char *name, int most, int usual) {
  return g_param_spec_int(name, NULL, NULL, 0, most, usual,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void tri_timeline_class_init(TriTimelineClass *klass) {
  GObjectClass *object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  props[PROP_START] = number("start", -G_MAXDOUBLE, G_MAXDOUBLE, 0);
  props[PROP_SCALE] = number("scale", 0, G_MAXDOUBLE, 80);
  props[PROP_WIDTH] = whole("width", G_MAXINT, 0);
  props[PROP_LOW_PITCH] = number("low-pitch", -G_MAXDOUBLE, G_MAXDOUBLE, usual_low_pitch);
  props[PROP_PITCH_SCALE] = number("pitch-scale", 0, G_MAXDOUBLE, usual_pitch_scale);
  props[PROP_DURATION] = number("duration", 0, G_MAXDOUBLE, 0);
  props[PROP_POSITION] = number("position", -G_MAXDOUBLE, G_MAXDOUBLE, 0);
  props[PROP_LOOP_START] = number("loop-start", 0, G_MAXDOUBLE, 0);
  props[PROP_LOOP_END] = number("loop-end", 0, G_MAXDOUBLE, 0);
  props[PROP_FOLLOW] = whole("follow", TRI_FOLLOW_CONTINUOUS, TRI_FOLLOW_PAGES);
  g_object_class_install_properties(object_class, N_PROPS, props);
}

static void tri_timeline_init(TriTimeline *self) {
  self->scale = 80;
  self->low_pitch = usual_low_pitch;
  self->pitch_scale = usual_pitch_scale;
  self->follow = TRI_FOLLOW_PAGES;
}

TriTimeline *tri_timeline_new(void) {
  return g_object_new(TRI_TYPE_TIMELINE, NULL);
}
