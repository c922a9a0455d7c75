/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/music/motion.h"

#include "core/base/base_sort.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 128, DAMPER_DEPTH = 64 };

Motion *motion_new(void) {
  Motion *motion = calloc(1, sizeof *motion);
  if (motion) motion->next_id = 1;
  return motion;
}

void motion_free(Motion *motion) {
  if (!motion) return;
  base_array_clear(&motion->notes);
  base_array_clear(&motion->pedals);
  base_array_clear(&motion->beats);
  free(motion);
}

#define COPY_ARRAY(to, from)                                                                                 \
  ((from)->n == 0 ||                                                                                         \
   (base_array_reserve((to), (from)->n) &&                                                                   \
    (memcpy((to)->items, (from)->items, (from)->n * sizeof *(from)->items), (to)->n = (from)->n, true)))

Motion *motion_dup(const Motion *motion) {
  Motion *copy = motion_new();
  if (!copy) return NULL;
  copy->next_id = motion->next_id;
  if (COPY_ARRAY(&copy->notes, &motion->notes) && COPY_ARRAY(&copy->pedals, &motion->pedals) &&
      COPY_ARRAY(&copy->beats, &motion->beats))
    return copy;
  motion_free(copy);
  return NULL;
}

bool motion_add(Motion *motion, double onset_s, double key_up_s, int midi, int velocity, float confidence) {
  MotionNote note = {.id = motion->next_id,
                     .onset_s = onset_s,
                     .key_up_s = key_up_s,
                     .midi = (uint8_t)(midi < 0     ? 0
                                       : midi > 127 ? 127
                                                    : midi),
                     .velocity = (uint8_t)(velocity < 1     ? 1
                                           : velocity > 127 ? 127
                                                            : velocity),
                     .confidence = confidence};
  if (!base_array_push(&motion->notes, note)) return false;
  motion->next_id++;
  return true;
}

static int compare_numbers(double a, double b) {
  return (a > b) - (a < b);
}

static int compare_notes(const void *left, const void *right) {
  const MotionNote *a = left, *b = right;
  int order = compare_numbers(a->onset_s, b->onset_s);
  return order ? order : a->midi - b->midi;
}

static int compare_pedals(const void *left, const void *right) {
  const MotionPedal *a = left, *b = right;
  return compare_numbers(a->time_s, b->time_s);
}

static int compare_beats(const void *left, const void *right) {
  const MotionBeat *a = left, *b = right;
  return beat_compare(a->quarter, b->quarter);
}

void motion_sort(Motion *motion) {
  base_sort(motion->notes.items, motion->notes.n, sizeof *motion->notes.items, compare_notes);
  base_sort(motion->pedals.items, motion->pedals.n, sizeof *motion->pedals.items, compare_pedals);
  base_sort(motion->beats.items, motion->beats.n, sizeof *motion->beats.items, compare_beats);
}

void motion_number(Motion *motion) {
  for (size_t i = 0; i < motion->notes.n; i++) motion->notes.items[i].id = (uint32_t)i + 1;
  motion->next_id = (uint32_t)motion->notes.n + 1;
}

static BaseStatus validate_notes(BaseContext *ctx, const Motion *motion) {
  for (size_t i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    if (!isfinite(note->onset_s) || !isfinite(note->key_up_s) || note->key_up_s <= note->onset_s)
      return base_fail(ctx, BASE_BAD_INPUT, "Note %zu ends before it starts.", i + 1);
    if (note->midi > 127 || note->velocity < 1 || note->velocity > 127 || note->channel > 15)
      return base_fail(ctx, BASE_BAD_INPUT, "Note %zu has a pitch, velocity or channel out of range.", i + 1);
    if (note->id == 0 || note->id >= motion->next_id)
      return base_fail(ctx, BASE_BAD_INPUT, "Note %zu has no valid id.", i + 1);
    if (i && compare_notes(note - 1, note) > 0)
      return base_fail(ctx, BASE_BAD_INPUT, "Note %zu is out of order.", i + 1);
  }
  return BASE_OK;
}

static BaseStatus validate_pedals(BaseContext *ctx, const Motion *motion) {
  for (size_t i = 0; i < motion->pedals.n; i++) {
    const MotionPedal *pedal = &motion->pedals.items[i];
    if (!isfinite(pedal->time_s) || pedal->depth > 127)
      return base_fail(ctx, BASE_BAD_INPUT, "Pedal change %zu is out of range.", i + 1);
    if (i && compare_pedals(pedal - 1, pedal) > 0)
      return base_fail(ctx, BASE_BAD_INPUT, "Pedal change %zu is out of order.", i + 1);
  }
  return BASE_OK;
}

static BaseStatus validate_beats(BaseContext *ctx, const Motion *motion) {
  for (size_t i = 0; i < motion->beats.n; i++) {
    const MotionBeat *beat = &motion->beats.items[i];
    if (!isfinite(beat->time_s) || beat->quarter.den <= 0)
      return base_fail(ctx, BASE_BAD_INPUT, "Beat %zu is out of range.", i + 1);
    if (i && (compare_beats(beat - 1, beat) > 0 || beat[-1].time_s > beat->time_s))
      return base_fail(ctx, BASE_BAD_INPUT, "Beat %zu is out of order.", i + 1);
  }
  return BASE_OK;
}

BaseStatus motion_validate(BaseContext *ctx, const Motion *motion) {
  BaseStatus status = validate_notes(ctx, motion);
  if (status == BASE_OK) status = validate_pedals(ctx, motion);
  return status == BASE_OK ? validate_beats(ctx, motion) : status;
}

/* The sweep behind motion_sound_ends: `ringing[key]` is 1 + the last note of a key whose end may still move.
 */
typedef struct {
  const MotionNote *notes;
  double *end_s;
  size_t ringing[KEYS];
  double down_s; /* since when the dampers are held off */
  bool down;
} Strings;

static void strike(Strings *strings, size_t i) {
  const MotionNote *note = &strings->notes[i];
  size_t *ringing = &strings->ringing[note->midi & 127];
  if (*ringing) {
    size_t before = *ringing - 1;
    bool held = strings->down && strings->notes[before].key_up_s >= strings->down_s;
    double *end_s = &strings->end_s[before];
    bool later = note->onset_s > strings->notes[before].onset_s;
    if (later && (held || *end_s > note->onset_s)) *end_s = note->onset_s;
  }
  *ringing = i + 1;
}

static void release(Strings *strings, double time_s) {
  for (size_t key = 0; strings->down && key < KEYS; key++) {
    if (!strings->ringing[key]) continue;
    size_t i = strings->ringing[key] - 1;
    double up_s = strings->notes[i].key_up_s;
    if (up_s >= strings->down_s && up_s < time_s) strings->end_s[i] = time_s;
    if (up_s < time_s) strings->ringing[key] = 0;
  }
  strings->down = false;
}

void motion_sound_ends(double *end_s, const Motion *motion) {
  Strings strings = {.notes = motion->notes.items, .end_s = end_s};
  size_t n = motion->notes.n, p = 0;
  for (size_t i = 0; i < n; i++) end_s[i] = motion->notes.items[i].key_up_s;
  for (size_t i = 0; i < n || p < motion->pedals.n;) {
    const MotionPedal *pedal = p < motion->pedals.n ? &motion->pedals.items[p] : NULL;
    if (i < n && (!pedal || motion->notes.items[i].onset_s < pedal->time_s)) {
      strike(&strings, i++);
      continue;
    }
    p++;
    if (pedal->pedal != MOTION_SUSTAIN || (pedal->depth >= DAMPER_DEPTH) == strings.down) continue;
    if (strings.down)
      release(&strings, pedal->time_s);
    else
      strings.down = true, strings.down_s = pedal->time_s;
  }
  release(&strings, motion_duration_s(motion));
}

double motion_duration_s(const Motion *motion) {
  double end_s = 0;
  for (size_t i = 0; i < motion->notes.n; i++) end_s = fmax(end_s, motion->notes.items[i].key_up_s);
  for (size_t i = 0; i < motion->pedals.n; i++) end_s = fmax(end_s, motion->pedals.items[i].time_s);
  return end_s;
}
