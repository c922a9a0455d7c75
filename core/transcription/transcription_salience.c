/* Whether a rise of activation is a stroke shows in what the key does over a quarter of a second, in whether
 * the rise is explained by keys an octave, a twelfth … below that share its partials, in the partials
 * themselves, and in how much else happens. All loudness is relative to the level of the music and softened
 * by a logarithm. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_salience.h"

#include <math.h>
#include <stdbool.h>

enum { AFTER = 3, FIRST_BEFORE = 2, LAST_BEFORE = 5, PARTIALS = 8 };

/* Keys that share partials with the key, and its neighbours, in semitones. */
static const int related[] = {0, -36, -31, -28, -24, -19, -16, -12, -7, -5, -4, -3, -2, -1,
                              1, 2,   3,   4,   5,   7,   12,  16,  19, 24, 28, 31, 36};

/* Of the first partials, in bins of a third of a semitone above the fundamental. */
static const int partial_bins[PARTIALS] = {0, 36, 57, 72, 84, 93, 101, 108};

static float soften(float value, float level) {
  return logf(1 + 50 * value / level);
}

static float key_after(const TranscriptionMoment *m, int key) {
  float sum = 0;
  for (int i = 0; i < AFTER; i++) sum += m->frames[TRANSCRIPTION_BACK + i]->keys[key];
  return sum / AFTER;
}

static float key_before(const TranscriptionMoment *m, int key) {
  float most = 0;
  for (int i = FIRST_BEFORE; i <= LAST_BEFORE; i++)
    most = fmaxf(most, m->frames[TRANSCRIPTION_BACK - i]->keys[key]);
  return most;
}

/* The strongest of three bins around `bin`, 0 outside the bank. */
static float near_bin(const TranscriptionFrame *frame, int bin) {
  float most = 0;
  for (int b = bin - 1; b <= bin + 1; b++)
    if (b >= 0 && b < TRANSCRIPTION_BINS) most = fmaxf(most, frame->spectrum[b]);
  return most;
}

static float *add_course(float *f, const TranscriptionMoment *m, int key) {
  for (int i = 0; i < TRANSCRIPTION_AROUND; i++) *f++ = soften(m->frames[i]->keys[key], m->level);
  for (int i = -1; i <= 4; i++) *f++ = soften(m->frames[TRANSCRIPTION_BACK + i]->struck[key], m->level);
  return f;
}

static float *add_related(float *f, const TranscriptionMoment *m, int key) {
  for (size_t i = 0; i < sizeof related / sizeof *related; i++) {
    const int other = key + related[i];
    const bool exists = other >= 0 && other < TRANSCRIPTION_KEYS;
    *f++ = exists ? soften(key_after(m, other), m->level) : 0;
    *f++ = exists ? soften(key_before(m, other), m->level) : 0;
  }
  return f;
}

static float *add_partials(float *f, const TranscriptionMoment *m, int key) {
  for (int n = 0; n < PARTIALS; n++) {
    const int bin = 3 * key + 1 + partial_bins[n];
    *f++ = soften(near_bin(m->frames[TRANSCRIPTION_BACK + 2], bin), m->level);
    *f++ = soften(near_bin(m->frames[TRANSCRIPTION_BACK - 3], bin), m->level);
  }
  return f;
}

static void add_bustle(float *f, const TranscriptionMoment *m, int key) {
  float rises = 0, highest = 1e-9F;
  for (int k = 0; k < TRANSCRIPTION_KEYS; k++) {
    const float rise = fmaxf(0, key_after(m, k) - key_before(m, k));
    rises += rise;
    highest = fmaxf(highest, rise);
  }
  for (int i = -3; i <= 4; i++) *f++ = soften(m->frames[TRANSCRIPTION_BACK + i]->flux, 5 * m->level);
  for (int i = -6; i <= 6; i += 6) *f++ = 3 * m->frames[TRANSCRIPTION_BACK + i]->total / m->level;
  *f++ = soften(rises, 5 * m->level);
  *f++ = soften(highest, m->level);
  *f++ = 2 * fmaxf(0, key_after(m, key) - key_before(m, key)) / highest;
  *f++ = logf(m->level);
  *f++ = (float)key / 44 - 1;
  *f++ = ((float)key / 44 - 1) * ((float)key / 44 - 1);
}

void transcription_salience_features(float features[TRANSCRIPTION_FEATURES],
                                     const TranscriptionMoment *moment, int key) {
  float *f = add_course(features, moment, key);
  f = add_related(f, moment, key);
  f = add_partials(f, moment, key);
  add_bustle(f, moment, key);
}
