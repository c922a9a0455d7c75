/* Loud neighbours count for more, by an exponential of velocity, and near ones, by a tent.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_together.h"

#include <math.h>
#include <stdlib.h>

static const double reach_s = 0.12, louder = 15; /* velocities that make a note count e times */
static const double shortest_s = 0.03;

static double loudness(const MotionNote *note) {
  return exp(note->velocity / louder);
}

void transcription_apart(double *apart_s, const Motion *motion) {
  const MotionNote *notes = motion->notes.items;
  for (size_t i = 0, first = 0; i < motion->notes.n; i++) {
    double weights = loudness(&notes[i]), sum_s = 0;
    while (notes[first].onset_s <= notes[i].onset_s - reach_s) first++;
    for (size_t j = first; j < motion->notes.n && notes[j].onset_s < notes[i].onset_s + reach_s; j++) {
      const double later_s = notes[i].onset_s - notes[j].onset_s;
      const double weight = j == i ? 0 : loudness(&notes[j]) * (1 - fabs(later_s) / reach_s);
      weights += weight, sum_s += weight * later_s;
    }
    apart_s[i] = sum_s / weights;
  }
}

bool transcription_draw_together(Motion *motion, double share) {
  if (share == 0 || !motion->notes.n) return true;
  double *apart_s = malloc(motion->notes.n * sizeof *apart_s);
  if (!apart_s) return false;
  transcription_apart(apart_s, motion);
  for (size_t i = 0; i < motion->notes.n; i++) {
    MotionNote *note = &motion->notes.items[i];
    note->onset_s = fmax(0, fmin(note->onset_s - share * apart_s[i], note->key_up_s - shortest_s));
  }
  free(apart_s);
  motion_sort(motion);
  return true;
}
