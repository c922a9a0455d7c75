/* Music that the language makes up: going on from the playhead, or beside what is played. A suggestion stands in the roll
 * and is heard until it is kept or let go; what was kept is played from then on and is the past of what is made up later.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/session-private.h"
#include "app/steps-suggest.h"

#include <glib/gi18n.h>

static const double past_s = 120, beside_s = 12, least_past_s = 0.5;

/* The notes of a suggestion are drawn as suggested, those that were kept as kept. */
static const float suggested = 0.5F, kept = 1;

static const Motion *base_motion(TriSession *self) {
  return self->heard ? self->heard->heard->motion : self->score ? self->score->plain : NULL;
}

static gboolean add_notes(Motion *to, const Motion *from, double from_s, double to_s, float confidence) {
  for (gsize i = 0; from && i < from->notes.n; i++) {
    const MotionNote *note = &from->notes.items[i];
    if (note->onset_s < from_s || note->onset_s >= to_s) continue;
    if (!motion_add(to, note->onset_s, note->key_up_s, note->midi, note->velocity, confidence)) return FALSE;
    to->notes.items[to->notes.n - 1].channel = note->channel;
  }
  for (gsize i = 0; from && i < from->pedals.n; i++) {
    const MotionPedal *pedal = &from->pedals.items[i];
    if (pedal->time_s >= from_s && pedal->time_s < to_s && !base_array_push(&to->pedals, *pedal)) return FALSE;
  }
  return TRUE;
}

/* What one hears in [from_s, to_s) before anything is suggested. Null without memory. */
static Motion *played_in(TriSession *self, double from_s, double to_s) {
  Motion *motion = motion_new();
  const double until_s = self->kept_from_s > 0 ? MIN(to_s, self->kept_from_s) : to_s;
  if (motion && add_notes(motion, base_motion(self), from_s, until_s, 1) && add_notes(motion, self->kept, from_s, to_s, 1)) {
    motion_sort(motion);
    return motion;
  }
  motion_free(motion);
  return NULL;
}

/* ---- showing ---- */

static void show(TriSession *self) {
  Motion *motion = motion_new();
  if (motion && add_notes(motion, self->kept, 0, G_MAXDOUBLE, kept) &&
      add_notes(motion, self->suggestion, 0, G_MAXDOUBLE, suggested)) {
    motion_sort(motion);
    tri_scene_set_suggestion(self->scene, motion);
  } else {
    motion_free(motion);
    tri_scene_set_suggestion(self->scene, NULL);
  }
  tri_session_play_motion(self);
  g_signal_emit_by_name(self, "suggestion-changed");
}

Motion *tri_session_with_suggestions(TriSession *self, const Motion *base) {
  if (!self->suggestion && !self->kept) return base ? motion_dup(base) : NULL;
  const gboolean goes_on = self->suggestion && !self->suggested_along;
  const double cut_s = self->kept_from_s > 0 ? self->kept_from_s : G_MAXDOUBLE;
  const double until_s = goes_on ? MIN(cut_s, self->suggested_from_s) : cut_s;
  Motion *motion = motion_new();
  if (motion && add_notes(motion, base, 0, until_s, 1) &&
      add_notes(motion, self->kept, 0, goes_on ? self->suggested_from_s : G_MAXDOUBLE, 1) &&
      add_notes(motion, self->suggestion, 0, G_MAXDOUBLE, 1)) {
    motion_sort(motion);
    return motion;
  }
  motion_free(motion);
  return NULL;
}

static void hear(TriSession *self) {
  double mix;
  g_object_get(self->player, "mix", &mix, NULL);
  if (mix < 0.5 || !self->suggested_along) g_object_set(self->player, "mix", self->suggested_along ? 0.5 : 1.0, NULL);
  tri_player_play_range(self->player, MAX(0, self->suggested_from_s - 2), motion_duration_s(self->suggestion) + 1);
}

/* ---- making ---- */

static void apply(TriJob *job, gpointer user, gpointer result) {
  TriSession *self = user;
  motion_free(self->suggestion);
  self->suggestion = motion_dup(result);
  if (self->suggestion && !self->suggestion->notes.n) {
    g_clear_pointer(&self->suggestion, motion_free);
    tri_session_say(self, FALSE, _("Nothing came to mind here. Try again or elsewhere."));
  }
  show(self);
  if (self->suggestion) hear(self);
}

static void ended(TriJob *job, gpointer user) {
  tri_session_job_ended(job, user);
  g_signal_emit_by_name(user, "suggestion-changed");
}

static const TriJobKind suggest_kind = {steps_suggest, NULL, apply, ended, steps_suggest_snapshot_free, steps_suggested_free};

gboolean tri_session_can_suggest(TriSession *self) {
  const Motion *motion = base_motion(self);
  return motion && motion->notes.n && !tri_jobs_busy(self->jobs, TRI_TOPIC_SUGGEST);
}

gboolean tri_session_has_suggestion(TriSession *self) {
  return self->suggestion != NULL;
}

static void start(TriSession *self) {
  const double from_s = self->suggested_from_s;
  StepsSuggestSnapshot *snapshot = g_new0(StepsSuggestSnapshot, 1);
  snapshot->before = played_in(self, MAX(0, from_s - past_s), from_s);
  snapshot->along = self->suggested_along ? played_in(self, from_s, from_s + beside_s) : NULL;
  snapshot->seed = ++self->suggestions_made;
  if (!snapshot->before || (self->suggested_along && !snapshot->along)) {
    steps_suggest_snapshot_free(snapshot);
    return;
  }
  tri_jobs_start(self->jobs, TRI_LANE_INTERACTIVE, TRI_TOPIC_SUGGEST, _("Making music up"), &suggest_kind, snapshot, self);
  g_signal_emit_by_name(self, "suggestion-changed");
}

void tri_session_suggest(TriSession *self, gboolean along) {
  double position_s;
  if (!tri_session_can_suggest(self)) return;
  g_object_get(self->timeline, "position", &position_s, NULL);
  self->suggested_from_s = MAX(position_s, least_past_s);
  self->suggested_along = along;
  start(self);
}

void tri_session_suggest_again(TriSession *self) {
  if (self->suggestion && tri_session_can_suggest(self)) start(self);
}

/* All that is made up once the suggestion is kept. Null without memory. */
static Motion *kept_with_suggestion(TriSession *self) {
  Motion *motion = motion_new();
  const double until_s = self->suggested_along ? G_MAXDOUBLE : self->suggested_from_s;
  if (motion && add_notes(motion, self->kept, 0, until_s, kept) && add_notes(motion, self->suggestion, 0, G_MAXDOUBLE, kept)) {
    motion_sort(motion);
    return motion;
  }
  motion_free(motion);
  return NULL;
}

void tri_session_keep_suggestion(TriSession *self) {
  Motion *motion = self->suggestion ? kept_with_suggestion(self) : NULL;
  if (!motion) return;
  motion_free(self->kept);
  self->kept = motion;
  if (!self->suggested_along && (self->kept_from_s <= 0 || self->suggested_from_s < self->kept_from_s))
    self->kept_from_s = self->suggested_from_s;
  g_object_set(self->timeline, "position", motion_duration_s(self->suggestion), NULL);
  g_clear_pointer(&self->suggestion, motion_free);
  show(self);
}

void tri_session_dismiss_suggestion(TriSession *self) {
  if (!self->suggestion) return;
  tri_jobs_retire(self->jobs, TRI_TOPIC_SUGGEST);
  g_clear_pointer(&self->suggestion, motion_free);
  show(self);
}

StepsHeard *tri_session_heard_with_kept(TriSession *self) {
  Motion *motion = self->kept ? played_in(self, 0, G_MAXDOUBLE) : NULL;
  StepsHeard *heard = motion ? steps_heard_of(motion) : NULL;
  motion_free(motion);
  return heard;
}

gboolean tri_session_has_kept(TriSession *self) {
  return self->kept != NULL;
}

void tri_session_forget_kept(TriSession *self) {
  if (!self->kept) return;
  g_clear_pointer(&self->kept, motion_free);
  self->kept_from_s = 0;
  show(self);
}

void tri_session_forget_suggestions(TriSession *self) {
  tri_jobs_retire(self->jobs, TRI_TOPIC_SUGGEST);
  g_clear_pointer(&self->suggestion, motion_free);
  g_clear_pointer(&self->kept, motion_free);
  self->kept_from_s = 0;
  tri_scene_set_suggestion(self->scene, NULL);
  g_signal_emit_by_name(self, "suggestion-changed");
}
