/* The pedal is down from where its probability rises over one half until it falls below a third.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_peaks.h"

static const float down = 0.5F, up = 0.33F;
static const size_t shortest = 5; /* frames */

bool transcription_pedal_events(Motion *motion, const float *pedal, size_t frames, double hop_s) {
  for (size_t t = 0; t < frames; t++) {
    if (pedal[t] < down) continue;
    const size_t from = t;
    while (t < frames && pedal[t] >= up) t++;
    if (t - from < shortest) continue;
    const MotionPedal press = {(double)from * hop_s, MOTION_SUSTAIN, 127};
    const MotionPedal lift = {(double)t * hop_s, MOTION_SUSTAIN, 0};
    if (!base_array_push(&motion->pedals, press) || !base_array_push(&motion->pedals, lift)) return false;
  }
  return true;
}
