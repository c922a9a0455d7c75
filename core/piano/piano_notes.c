/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_notes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double PEDAL_AFTER_S = 0.03; /* a pedal caught this late still lifts the dampers for the note */
static const double REST_S = 0.2;         /* of silence, after which a string has half forgotten */

static void collect(PianoNotes *out, const Motion *motion, const double *ends) {
  size_t pedal_at = 0;
  int down = 0;
  double silent_s[PIANO_KEYS];
  for (int key = 0; key < PIANO_KEYS; key++) silent_s[key] = -INFINITY;
  for (size_t i = 0; i < motion->notes.n; i++) {
    const MotionNote *n = &motion->notes.items[i];
    while (pedal_at < motion->pedals.n &&
           motion->pedals.items[pedal_at].time_s <= n->onset_s + PEDAL_AFTER_S) {
      const MotionPedal *pedal = &motion->pedals.items[pedal_at++];
      if (pedal->pedal == MOTION_SUSTAIN) down = pedal->depth >= 64;
    }
    int key = n->midi - MOTION_LOWEST_KEY;
    if (key < 0 || key >= PIANO_KEYS) continue;
    out->index[out->n] = i;
    double restruck = exp(-fmax(0, n->onset_s - silent_s[key]) / REST_S);
    silent_s[key] = ends[i];
    out->items[out->n++] = (PianoNote){n->onset_s, ends[i], n->velocity, key, down, restruck};
  }
}

BaseStatus piano_notes_of(BaseContext *ctx, PianoNotes *out, const Motion *motion) {
  double *ends = malloc((motion->notes.n + 1) * sizeof *ends);
  *out = (PianoNotes){malloc((motion->notes.n + 1) * sizeof *out->items),
                      malloc((motion->notes.n + 1) * sizeof *out->index), 0};
  BaseStatus status = ends && out->items && out->index ? BASE_OK : base_fail_memory(ctx);
  if (status == BASE_OK) {
    motion_sound_ends(ends, motion);
    collect(out, motion, ends);
  } else
    piano_notes_clear(out);
  free(ends);
  return status;
}

void piano_notes_clear(PianoNotes *notes) {
  free(notes->items);
  free(notes->index);
  *notes = (PianoNotes){0};
}

static size_t first_from(const PianoNote *notes, size_t n, double at_s) {
  size_t low = 0, high = n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (notes[middle].onset_s < at_s)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

void piano_notes_between(size_t *from, size_t *to, const PianoNote *notes, size_t n, double low_s,
                         double high_s) {
  *from = first_from(notes, n, low_s);
  *to = *from + first_from(notes + *from, n - *from, high_s);
}
