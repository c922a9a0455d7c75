/* The pedal is down from where its probability rises over one half until it falls below a third; unless it would hold
 * notes that were heard to end and explains few others. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_peaks.h"

#include <math.h>

static const float down = 0.5F, up = 0.33F;
static const size_t shortest = 5 /* frames */, clearly = 3;
static const double lift_s = 0.12; /* notes that the pedal held end so near to its lift */

/* Whether far more notes end with the pedal's lift than end while it is down. */
static bool explains(const Motion *motion, double press_s, double lifted_s) {
  size_t with = 0, within = 0;
  for (size_t i = 0; i < motion->notes.n && motion->notes.items[i].onset_s < lifted_s; i++) {
    const double end_s = motion->notes.items[i].key_up_s;
    if (fabs(end_s - lifted_s) <= lift_s)
      with++;
    else if (end_s > press_s && end_s < lifted_s)
      within++;
  }
  return with >= clearly * within;
}

bool transcription_pedal_events(Motion *motion, const float *pedal, size_t frames, double hop_s) {
  for (size_t t = 0; t < frames; t++) {
    if (pedal[t] < down) continue;
    const size_t from = t;
    while (t < frames && pedal[t] >= up) t++;
    const MotionPedal press = {(double)from * hop_s, MOTION_SUSTAIN, 127};
    const MotionPedal lift = {(double)t * hop_s, MOTION_SUSTAIN, 0};
    if (t - from < shortest || !explains(motion, press.time_s, lift.time_s)) continue;
    if (!base_array_push(&motion->pedals, press) || !base_array_push(&motion->pedals, lift)) return false;
  }
  return true;
}
