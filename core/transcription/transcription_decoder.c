/* A note begins at a peak of its key's onset evidence that is likely enough, and lasts until the sound of the key is
 * seen to end or the key is struck again. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_decoder.h"

#include <math.h>

enum { KEYS = MOTION_KEYS, AHEAD = 3 /* frames in which a sound must be gone that has ended */ };

static const float default_threshold = 0.5F;
static const float still = 0.97F; /* sounding after a release */
static const float ends = 0.05F, silent = 0.6F; /* of the release, of sounding */
static const double longest_s = 40, shortest_s = 0.03;

typedef struct {
  bool sounds;
  size_t frame;
  MotionNote note;
} KeyState;

typedef struct {
  float threshold;
  const Evidence *evidence;
  Motion *motion;
  KeyState keys[KEYS];
} Decoder;

static float value(const Evidence *evidence, const uint8_t *plane, size_t t, int key) {
  return t < evidence->frames ? plane[t * KEYS + (size_t)key] / 255.0F : 0;
}

static bool end_note(Decoder *d, int key, double end_s) {
  const MotionNote *note = &d->keys[key].note;
  d->keys[key].sounds = false;
  return motion_add(d->motion, note->onset_s, fmax(end_s, note->onset_s + shortest_s), note->midi, note->velocity,
                    note->confidence);
}

static bool start_note(Decoder *d, size_t t, int key) {
  const Evidence *evidence = d->evidence;
  KeyState *state = &d->keys[key];
  const double onset_s = evidence_onset_s(evidence, t, key);
  if (state->sounds && !end_note(d, key, onset_s)) return false;
  const uint8_t velocity = evidence->strength ? evidence->strength[t * KEYS + (size_t)key] : 64;
  *state = (KeyState){.sounds = true,
                      .frame = t,
                      .note = {.onset_s = onset_s,
                               .midi = (uint8_t)(key + MOTION_LOWEST_KEY),
                               .velocity = velocity ? velocity : 64,
                               .confidence = value(evidence, evidence->onset, t, key)}};
  return true;
}

/* Where a note ends that sounds at frame t, or a negative number. */
static double end_of(const Evidence *evidence, size_t t, int key) {
  const float here = value(evidence, evidence->release, t, key);
  const float left = t ? value(evidence, evidence->release, t - 1, key) : 0;
  const float right = value(evidence, evidence->release, t + 1, key);
  float after = 0;
  for (size_t i = 1; i <= AHEAD; i++) after += value(evidence, evidence->sounding, t + i, key) / AHEAD;
  if (here >= ends && here >= left && here > right && after < still) {
    const double shift = 0.5 * (right - left) / (here - fminf(left, right) + 1e-6F);
    return ((double)t + fmin(0.5, fmax(-0.5, shift))) * evidence->hop_s;
  }
  const bool faded = value(evidence, evidence->sounding, t, key) < silent && after < silent;
  return faded ? (double)t * evidence->hop_s : -1;
}

static bool decide(Decoder *d, size_t t) {
  const Evidence *evidence = d->evidence;
  for (int key = 0; key < KEYS; key++) {
    KeyState *state = &d->keys[key];
    if (value(evidence, evidence->onset, t, key) >= d->threshold) {
      if (!start_note(d, t, key)) return false;
    } else if (state->sounds && t >= state->frame + 2) {
      double end_s = end_of(evidence, t, key);
      if (end_s < 0 && (double)(t - state->frame) * evidence->hop_s > longest_s) end_s = (double)t * evidence->hop_s;
      if (end_s >= 0 && !end_note(d, key, end_s)) return false;
    }
  }
  return true;
}

bool transcription_decode(Motion *motion, const Evidence *evidence, const TranscriptionDecoderParams *params) {
  const float threshold = params->threshold > 0 ? params->threshold : default_threshold;
  Decoder decoder = {.threshold = threshold, .evidence = evidence, .motion = motion};
  bool fine = true;
  for (size_t t = params->from; t < params->to && fine; t++) fine = decide(&decoder, t);
  for (int key = 0; key < KEYS && fine; key++)
    if (decoder.keys[key].sounds) fine = end_note(&decoder, key, (double)params->to * evidence->hop_s);
  if (fine) motion_sort(motion);
  return fine;
}
