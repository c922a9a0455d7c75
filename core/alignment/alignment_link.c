/* Links between notes: for each key, the sounds of the score at their aligned times and the notes of the
 * motion are paired one to one in order, nearest first in sum. What stays alone was not played or is extra.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/alignment/alignment_parts.h"

#include <math.h>

static const double LINK_CUT_S = 0.25;
static const double GRACE_LEAD_S = 0.08; /* a grace note is looked for this long before its main note */
enum { MIDI_KEYS = 128 };

typedef struct {
  double time_s;
  uint32_t index;
  uint8_t midi;
} Event;

/* Events by (midi, time). */
typedef struct {
  Event *items;
  size_t n, first[MIDI_KEYS + 1];
} Events;

static int compare_events(const void *a, const void *b) {
  const Event *x = a, *y = b;
  if (x->midi != y->midi) return x->midi < y->midi ? -1 : 1;
  if (x->time_s != y->time_s) return x->time_s < y->time_s ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

static void sort_events(Events *events) {
  qsort(events->items, events->n, sizeof *events->items, compare_events);
  size_t at = 0;
  for (int midi = 0; midi <= MIDI_KEYS; midi++) {
    while (at < events->n && events->items[at].midi < midi) at++;
    events->first[midi] = at;
  }
}

static bool list_sounds(Events *out, BaseArena *arena, const Alignment *alignment,
                        const ScoreUnfolded *score) {
  *out = (Events){.items = BASE_TAKE(arena, Event, score->sounds.n + 1)};
  if (!out->items) return false;
  for (size_t o = 0; o < score->onsets.n; o++)
    for (size_t i = 0; i < score->onsets.items[o].n; i++) {
      size_t index = score->onsets.items[o].first + i;
      const ScoreSound *sound = &score->sounds.items[index];
      double lead = sound->grace ? GRACE_LEAD_S : 0;
      out->items[out->n++] =
          (Event){alignment->points.items[o].time_s - lead, (uint32_t)index, sound->midi & 127};
    }
  sort_events(out);
  return true;
}

static bool list_notes(Events *out, BaseArena *arena, const Motion *motion) {
  *out = (Events){.items = BASE_TAKE(arena, Event, motion->notes.n + 1)};
  if (!out->items) return false;
  for (size_t i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    out->items[out->n++] = (Event){note->onset_s, (uint32_t)i, note->midi & 127};
  }
  sort_events(out);
  return true;
}

typedef struct {
  double *a, *b;
  int32_t *partner, *note_of_sound; /* index of the note or -1 */
  bool *linked;                     /* by note */
} Linking;

static bool make_linking(Linking *l, BaseArena *arena, size_t sounds, size_t notes) {
  l->a = BASE_TAKE(arena, double, sounds + 1), l->b = BASE_TAKE(arena, double, notes + 1);
  l->partner = BASE_TAKE(arena, int32_t, sounds + 1),
  l->note_of_sound = BASE_TAKE(arena, int32_t, sounds + 1);
  l->linked = BASE_TAKE(arena, bool, notes + 1);
  if (!l->a || !l->b || !l->partner || !l->note_of_sound || !l->linked) return false;
  for (size_t i = 0; i < sounds; i++) l->note_of_sound[i] = -1;
  return true;
}

static BaseStatus link_key(BaseContext *ctx, Linking *l, BaseArena *arena, const Events *sounds,
                           const Events *notes, int midi) {
  const Event *a = sounds->items + sounds->first[midi], *b = notes->items + notes->first[midi];
  size_t n = sounds->first[midi + 1] - sounds->first[midi], m = notes->first[midi + 1] - notes->first[midi];
  for (size_t i = 0; i < n; i++) l->a[i] = a[i].time_s;
  for (size_t j = 0; j < m; j++) l->b[j] = b[j].time_s;
  BaseStatus status = alignment_pair_times(ctx, l->partner, arena, l->a, n, l->b, m, LINK_CUT_S);
  for (size_t i = 0; status == BASE_OK && i < n; i++) {
    if (l->partner[i] < 0) continue;
    uint32_t note = b[l->partner[i]].index;
    l->note_of_sound[a[i].index] = (int32_t)note;
    l->linked[note] = true;
  }
  return status;
}

static float match_confidence(const AlignmentPoint *point, const MotionNote *note) {
  double away = (note->onset_s - point->time_s) / LINK_CUT_S;
  return (float)(point->confidence * note->confidence * exp(-away * away));
}

static bool push_links(Alignment *alignment, const Linking *l, const ScoreUnfolded *score,
                       const Motion *motion) {
  if (!base_array_reserve(&alignment->links, score->sounds.n + motion->notes.n)) return false;
  for (size_t o = 0; o < score->onsets.n; o++)
    for (size_t i = 0; i < score->onsets.items[o].n; i++) {
      size_t index = score->onsets.items[o].first + i;
      const AlignmentPoint *point = &alignment->points.items[o];
      AlignmentLink link = {(int32_t)index, 0, ALIGNMENT_NOT_PLAYED, point->confidence};
      if (l->note_of_sound[index] >= 0) {
        const MotionNote *note = &motion->notes.items[l->note_of_sound[index]];
        link = (AlignmentLink){(int32_t)index, note->id, ALIGNMENT_MATCH, match_confidence(point, note)};
      }
      alignment->links.items[alignment->links.n++] = link;
    }
  for (size_t j = 0; j < motion->notes.n; j++)
    if (!l->linked[j])
      alignment->links.items[alignment->links.n++] =
          (AlignmentLink){-1, motion->notes.items[j].id, ALIGNMENT_EXTRA, motion->notes.items[j].confidence};
  return true;
}

static BaseStatus link_all(BaseContext *ctx, Linking *linking, const Alignment *alignment, BaseArena *arena,
                           const ScoreUnfolded *score, const Motion *motion) {
  Events sounds, notes;
  if (!list_sounds(&sounds, arena, alignment, score) || !list_notes(&notes, arena, motion) ||
      !make_linking(linking, arena, score->sounds.n, motion->notes.n))
    return base_fail_memory(ctx);
  BaseStatus status = BASE_OK;
  for (int midi = 0; status == BASE_OK && midi < MIDI_KEYS; midi++)
    status = link_key(ctx, linking, arena, &sounds, &notes, midi);
  return status;
}

BaseStatus alignment_link(BaseContext *ctx, Alignment *alignment, BaseArena *arena,
                          const ScoreUnfolded *score, const Motion *motion) {
  BaseArenaMark mark = base_arena_mark(arena);
  Linking linking;
  BaseStatus status = link_all(ctx, &linking, alignment, arena, score, motion);
  if (status != BASE_OK) return status;
  alignment->links.n = 0;
  if (!push_links(alignment, &linking, score, motion)) return base_fail_memory(ctx);
  base_arena_reset(arena, mark);
  return BASE_OK;
}

BaseStatus alignment_partners(BaseContext *ctx, const int32_t **note_of_sound, BaseArena *arena, const Alignment *alignment,
                              const ScoreUnfolded *score, const Motion *motion) {
  Linking linking;
  BaseStatus status = link_all(ctx, &linking, alignment, arena, score, motion);
  if (status == BASE_OK) *note_of_sound = linking.note_of_sound;
  return status;
}
