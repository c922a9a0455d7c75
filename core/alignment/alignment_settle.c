/* A soft stroke's sound is late by how its piano is built and regulated, and unsurely so. The notes of a piece whose
 * score is known tell the first (the touch); the rest is drawn to the alignment in proportion to its unsureness.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/alignment/alignment_parts.h"
#include "core/music/rolled.h"

#include <math.h>

static const double LOUD = 80, SOFT = 50, MOST_DRAWN = 0.8; /* velocities: not drawn, drawn most */
enum { ROLLED = 4 /* notes at least */ };
static const double REACH_S = 0.12, ROLLED_S = 0.06, SHORTEST_S = 0.03;

typedef struct {
  const ScoreUnfolded *score;
  const Alignment *alignment;
  const int32_t *note_of_sound;
  double *late_s; /* by note, NaN: the score does not ask for it */
  TouchStroke *strokes;
} Settling;

static TouchStroke *strokes_of(BaseArena *arena, const Motion *motion) {
  TouchStroke *strokes = BASE_TAKE(arena, TouchStroke, motion->notes.n + 1);
  double last_s[128];
  for (int midi = 0; midi < 128; midi++) last_s[midi] = -INFINITY;
  for (size_t i = 0; strokes && i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    strokes[i] = touch_stroke(note->velocity, note->onset_s - last_s[note->midi & 127]);
    last_s[note->midi & 127] = note->onset_s;
  }
  return strokes;
}

/* Whether the sounds of an onset, which ascend, were played one after another. */
static bool is_rolled(const Settling *s, const Motion *motion, const ScoreOnset *onset) {
  Rolled rolled = {0};
  for (size_t i = onset->first; i < onset->first + onset->n; i++)
    if (s->note_of_sound[i] >= 0) rolled_add(&rolled, motion->notes.items[s->note_of_sound[i]].onset_s);
  return rolled_is(&rolled, ROLLED, ROLLED_S);
}

static bool measure(Settling *s, BaseArena *arena, const Motion *motion) {
  s->late_s = BASE_TAKE(arena, double, motion->notes.n + 1);
  s->strokes = strokes_of(arena, motion);
  if (!s->late_s || !s->strokes) return false;
  for (size_t i = 0; i < motion->notes.n; i++) s->late_s[i] = NAN;
  for (size_t o = 0; o < s->score->onsets.n; o++) {
    const ScoreOnset *onset = &s->score->onsets.items[o];
    if (is_rolled(s, motion, onset)) continue;
    for (size_t i = onset->first; i < onset->first + onset->n; i++) {
      const int32_t note = s->note_of_sound[i];
      if (note >= 0 && !s->score->sounds.items[i].grace)
        s->late_s[note] = motion->notes.items[note].onset_s - s->alignment->points.items[o].time_s;
    }
  }
  return true;
}

static bool learn(Touch *touch, BaseArena *arena, const Settling *s, const Motion *motion) {
  TouchStroke *strokes = BASE_TAKE(arena, TouchStroke, motion->notes.n + 1);
  double *late_s = BASE_TAKE(arena, double, motion->notes.n + 1), *weight = BASE_TAKE(arena, double, motion->notes.n + 1);
  if (!strokes || !late_s || !weight) return false;
  size_t n = 0;
  for (size_t i = 0; i < motion->notes.n; i++) {
    if (isnan(s->late_s[i])) continue;
    strokes[n] = s->strokes[i], late_s[n] = s->late_s[i];
    weight[n++] = motion->notes.items[i].confidence;
  }
  *touch = touch_fit(strokes, late_s, weight, n);
  return true;
}

static void move(MotionNote *note, const Settling *s, const Touch *touch, size_t i) {
  const double delay_s = touch_delay_s(touch, s->strokes[i]), late_s = s->late_s[i] - delay_s;
  const double softness = fmin(fmax((LOUD - note->velocity) / (LOUD - SOFT), 0), 1);
  const double drawn_s = fabs(late_s) < REACH_S ? MOST_DRAWN * softness * late_s : 0; /* NaN is not near */
  note->onset_s = fmin(fmax(0, note->onset_s - delay_s - drawn_s), note->key_up_s - SHORTEST_S);
}

BaseStatus alignment_settle(BaseContext *ctx, Motion *motion, const ScoreUnfolded *score, const Alignment *alignment) {
  BaseArena *arena = base_arena_new(0);
  Settling settling = {.score = score, .alignment = alignment};
  Touch touch;
  BaseStatus status =
      arena ? alignment_partners(ctx, &settling.note_of_sound, arena, alignment, score, motion) : base_fail_memory(ctx);
  if (status == BASE_OK && !(measure(&settling, arena, motion) && learn(&touch, arena, &settling, motion)))
    status = base_fail_memory(ctx);
  for (size_t i = 0; status == BASE_OK && i < motion->notes.n; i++) move(&motion->notes.items[i], &settling, &touch, i);
  if (status == BASE_OK) motion_sort(motion);
  base_arena_free(arena);
  return status;
}
