/* An onset is a place where the mean of the next frames exceeds the maximum of the last ones, more than
 * anywhere near; how likely it is follows from the height of that rise against the level of the music around.
 * A note lasts until its activation has fallen to a fraction of what it was after the stroke, or the key is
 * struck again. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_decoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  RING = 64, /* frames remembered; a power of two */
  AFTER = 3, /* frames whose mean counts as after the stroke, the stroke's included */
  FIRST_BEFORE = 2,
  LAST_BEFORE = 5, /* frames back whose maximum counts as before it */
  APART = 3,       /* no higher rise of the key within so many frames */
  BODY = 6,        /* frames after the stroke that tell how loud a note is */
  LONGEST = 750    /* frames: 12 s */
};

static const double hop_s = (double)TRANSCRIPTION_HOP / TRANSCRIPTION_RATE_HZ;
static const double lead_s = 0.027; /* from the stroke to the steepest rise, seen through the windows */
static const double shortest_s = 0.05;
static const double action_s = 0.015;    /* from the key to the string; as Disklaviers were found to be */
static const float level_decay = 0.998F; /* a frame: 8 s */
static const float least_level = 1.0F;   /* noise of -70 dB does not reach it */
static const float least_rise = 0.004F;  /* of the level */

/* The key is up when the activation is below a part of the body that sinks with the note's age, as strings
 * do. */
static const float release_young = 0.4F, release_old = 0.08F, release_age_s = 0.4F;
static const double release_lag_s = 0.06; /* from key up until that is seen */

typedef struct {
  bool sounds;
  size_t frame;
  float body;
  MotionNote note;
} KeyState;

struct TranscriptionDecoder {
  TranscriptionDecoderParams params;
  TranscriptionFrame ring[RING];
  float rises[RING][TRANSCRIPTION_KEYS];
  float levels[RING];
  size_t pushed;
  KeyState keys[TRANSCRIPTION_KEYS];
  TranscriptionNotes ended;
};

TranscriptionDecoder *transcription_decoder_new(const TranscriptionDecoderParams *params) {
  TranscriptionDecoder *decoder = calloc(1, sizeof *decoder);
  if (!decoder) return NULL;
  decoder->params = *params;
  if (!(decoder->params.threshold > 0)) decoder->params.threshold = 0.55F;
  return decoder;
}

void transcription_decoder_free(TranscriptionDecoder *decoder) {
  if (!decoder) return;
  base_array_clear(&decoder->ended);
  free(decoder);
}

/* Frame t, silent before the first and after the last one. */
static const TranscriptionFrame *frame_at(const TranscriptionDecoder *d, ptrdiff_t t) {
  static const TranscriptionFrame silence;
  return t >= 0 && t < (ptrdiff_t)d->pushed ? &d->ring[(size_t)t % RING] : &silence;
}

static float rise_at(const TranscriptionDecoder *d, ptrdiff_t t, int key) {
  return t >= 0 ? d->rises[(size_t)t % RING][key] : 0;
}

static void compute_rises(TranscriptionDecoder *d, ptrdiff_t t) {
  if (t < 0) return;
  for (int k = 0; k < TRANSCRIPTION_KEYS; k++) {
    float after = 0, before = 0;
    for (int i = 0; i < AFTER; i++) after += frame_at(d, t + i)->keys[k] / AFTER;
    for (int i = FIRST_BEFORE; i <= LAST_BEFORE; i++) before = fmaxf(before, frame_at(d, t - i)->keys[k]);
    d->rises[(size_t)t % RING][k] = fmaxf(0, after - before);
  }
}

static bool is_peak(const TranscriptionDecoder *d, ptrdiff_t t, int key) {
  const float rise = rise_at(d, t, key);
  if (!(rise > least_rise * d->levels[(size_t)t % RING])) return false;
  for (int i = 1; i <= APART; i++)
    if (rise_at(d, t - i, key) > rise || rise_at(d, t + i, key) >= rise) return false;
  return true;
}

static float body_at(const TranscriptionDecoder *d, ptrdiff_t t, int key) {
  float body = 0;
  for (int i = 0; i < BODY; i++) body = fmaxf(body, frame_at(d, t + i)->keys[key]);
  return body;
}

static TranscriptionMoment moment_at(const TranscriptionDecoder *d, ptrdiff_t t) {
  TranscriptionMoment moment = {.level = d->levels[(size_t)t % RING]};
  for (int i = 0; i < TRANSCRIPTION_AROUND; i++) moment.frames[i] = frame_at(d, t - TRANSCRIPTION_BACK + i);
  return moment;
}

void transcription_decoder_features(const TranscriptionDecoder *decoder,
                                    float features[TRANSCRIPTION_FEATURES], const TranscriptionOnset *onset) {
  const TranscriptionMoment moment = moment_at(decoder, (ptrdiff_t)onset->frame);
  transcription_salience_features(features, &moment, onset->key);
}

/* Where the parabola through three neighbouring rises has its top, in frames from the middle one. */
static double vertex(const TranscriptionDecoder *d, ptrdiff_t t, int key) {
  const float left = rise_at(d, t - 1, key), top = rise_at(d, t, key), right = rise_at(d, t + 1, key);
  const double curve = left - 2 * top + right;
  return curve < 0 ? 0.5 * (left - right) / curve : 0;
}

static TranscriptionOnset describe(const TranscriptionDecoder *d, ptrdiff_t t, int key) {
  const TranscriptionMoment moment = moment_at(d, t);
  float features[TRANSCRIPTION_FEATURES];
  transcription_salience_features(features, &moment, key);
  const TranscriptionJudgement judgement = transcription_salience_judge(d->params.salience, features);
  const double rise_s = ((double)t + vertex(d, t, key)) * hop_s - lead_s;
  const float odds = expf(fminf(30, judgement.logit)) * (d->params.key_odds ? d->params.key_odds[key] : 1);
  return (TranscriptionOnset){.frame = (size_t)t,
                              .key = key,
                              .rise_s = rise_s,
                              .onset_s = fmax(0, rise_s + judgement.later_s - action_s),
                              .probability = odds / (1 + odds),
                              .velocity = (uint8_t)fminf(127, fmaxf(1, judgement.velocity))};
}

static bool end_note(TranscriptionDecoder *d, int key, double end_s) {
  KeyState *state = &d->keys[key];
  state->sounds = false;
  state->note.key_up_s = fmax(end_s, state->note.onset_s + shortest_s);
  return base_array_push(&d->ended, state->note);
}

static bool start_note(TranscriptionDecoder *d, const TranscriptionOnset *onset) {
  KeyState *state = &d->keys[onset->key];
  if (state->sounds && !end_note(d, onset->key, onset->onset_s)) return false;
  *state = (KeyState){.sounds = true,
                      .frame = onset->frame,
                      .body = body_at(d, (ptrdiff_t)onset->frame, onset->key),
                      .note = {.onset_s = onset->onset_s,
                               .midi = (uint8_t)(onset->key + MOTION_LOWEST_KEY),
                               .velocity = onset->velocity,
                               .confidence = onset->probability}};
  return true;
}

static bool has_faded(const TranscriptionDecoder *d, const KeyState *state, int key, size_t t) {
  const float age_s = (float)(t - state->frame) * (float)hop_s;
  const float part = release_old + (release_young - release_old) * expf(-age_s / release_age_s);
  return frame_at(d, (ptrdiff_t)t)->keys[key] < part * state->body;
}

static bool end_faded(TranscriptionDecoder *d, size_t t) {
  for (int k = 0; k < TRANSCRIPTION_KEYS; k++) {
    const KeyState *state = &d->keys[k];
    if (!state->sounds || t < state->frame + APART) continue;
    if (!has_faded(d, state, k, t) && t <= state->frame + LONGEST) continue;
    if (!end_note(d, k, (double)t * hop_s - release_lag_s)) return false;
  }
  return true;
}

bool transcription_decoder_push(TranscriptionDecoder *d, TranscriptionOnset onsets[TRANSCRIPTION_KEYS],
                                size_t *n, const TranscriptionFrame *frame) {
  const size_t now = d->pushed % RING;
  const float before = d->pushed ? d->levels[(d->pushed - 1) % RING] : least_level;
  d->ring[now] = *frame;
  d->levels[now] = fmaxf(least_level, fmaxf(frame->total, before * level_decay));
  d->pushed++;
  *n = 0;
  compute_rises(d, (ptrdiff_t)d->pushed - AFTER);
  const ptrdiff_t t = (ptrdiff_t)d->pushed - 1 - TRANSCRIPTION_DELAY;
  if (t < 0) return true;
  for (int k = 0; k < TRANSCRIPTION_KEYS; k++) {
    if (!is_peak(d, t, k)) continue;
    const TranscriptionOnset onset = describe(d, t, k);
    onsets[(*n)++] = onset;
    if (onset.probability >= d->params.threshold && !start_note(d, &onset)) return false;
  }
  return end_faded(d, (size_t)t);
}

void transcription_decoder_sounding(const TranscriptionDecoder *d, float sounding[TRANSCRIPTION_KEYS]) {
  const TranscriptionFrame *frame = frame_at(d, (ptrdiff_t)d->pushed - 1);
  const float half = 0.05F * (d->pushed ? d->levels[(d->pushed - 1) % RING] : least_level);
  for (int k = 0; k < TRANSCRIPTION_KEYS; k++) sounding[k] = frame->keys[k] / (frame->keys[k] + half);
}

bool transcription_decoder_end(TranscriptionDecoder *d) {
  for (int k = 0; k < TRANSCRIPTION_KEYS; k++)
    if (d->keys[k].sounds && !end_note(d, k, (double)d->pushed * hop_s)) return false;
  return true;
}

TranscriptionNotes *transcription_decoder_notes(TranscriptionDecoder *decoder) {
  return &decoder->ended;
}

double transcription_decoder_settled_s(const TranscriptionDecoder *d) {
  double settled = ((double)d->pushed - 1 - TRANSCRIPTION_DELAY - APART) * hop_s - lead_s;
  for (int k = 0; k < TRANSCRIPTION_KEYS; k++)
    if (d->keys[k].sounds) settled = fmin(settled, d->keys[k].note.onset_s);
  return fmax(0, settled);
}
