/* An onset's probability is trained to be a tent of ±2.5 frames around it: the frames beside the highest one tell
 * where between them its tip is (Kong et al. 2021), and how high it would be there. Tips become probabilities by a
 * logistic curve: dreams hold more notes than music does, so the network believes in too many. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_peaks.h"

#include <math.h>
#include <string.h>

enum { KEYS = MOTION_KEYS };

static const float slope = 0.4F;  /* of the tent, a frame */
static const float least = 0.05F; /* tips below are nothing */

/* From the key to the sound, as Disklaviers were found to be: soft hammers travel longer (Goebl, Bresin & Galembo
 * 2005), here by velocity as it is heard; but a key struck again before it has come to rest sounds early. Loud ones are faster than those
 * of the dreams. */
static const double loud_lag_s = -0.002, softest_s = 0.04232, early = -0.5; /* the last as a share of the travel */

static const float certainty = 1.8F, doubt = 1.5F; /* logit of the probability = certainty · logit of the tip − doubt */

static float sigmoid(float x) {
  return 1 / (1 + expf(-x));
}

static uint8_t byte(float probability) {
  return (uint8_t)(255 * probability + 0.5F);
}

/* What is nearly nothing is nothing, so that most of a plane is zeros. */
static uint8_t sparse(float probability) {
  return probability < 0.02F ? 0 : byte(probability);
}

void transcription_peaks_init(TranscriptionPeaks *peaks, Evidence *evidence, float *pedal, const TranscriptionOwn *own,
                              long from, long to) {
  static const TranscriptionOwn none;
  *peaks = (TranscriptionPeaks){.evidence = evidence, .pedal = pedal, .own = own ? own : &none, .from = from, .to = to};
  for (int key = 0; key < KEYS; key++) peaks->struck[key] = -INFINITY;
}

static float probability_of(float tip) {
  const float p = fminf(fmaxf(tip, 1e-4F), 1 - 1e-4F);
  return sigmoid(certainty * logf(p / (1 - p)) - doubt);
}

static const float *onset_at(const TranscriptionPeaks *p, long t) {
  static const float nothing[KEYS];
  return t >= p->first && t < p->next ? p->onset[t % PEAKS_KEPT] : nothing;
}

static float velocity_at(const TranscriptionPeaks *p, long t, int key) {
  const long next = t + 1 < p->next ? t + 1 : t;
  return 0.5F * (p->velocity[t % PEAKS_KEPT][key] + p->velocity[next % PEAKS_KEPT][key]);
}

static bool is_peak(const TranscriptionPeaks *p, long t, int key) {
  const float here = onset_at(p, t)[key];
  if (here < least) return false;
  for (int i = 1; i <= PEAKS_AHEAD; i++)
    if (onset_at(p, t - i)[key] > here || onset_at(p, t + i)[key] >= here) return false;
  return true;
}

static double lag_s(const TranscriptionPeaks *p, int key, double velocity, double since_s) {
  const double travel = softest_s * transcription_softness(velocity) * (early + (1 - early) * transcription_rest(since_s));
  return loud_lag_s + travel + transcription_lag_of(p->own, key, velocity, since_s);
}

/* Peaks ahead of the planes count as strokes before. */
static void put(TranscriptionPeaks *p, long t, int key) {
  const float left = onset_at(p, t - 1)[key], top = onset_at(p, t)[key], right = onset_at(p, t + 1)[key];
  const float shift = 0.5F * (right - left) / (top - fminf(left, right) + 1e-6F);
  const float tip = fminf(1, top + slope * fabsf(shift)), velocity = 128 * velocity_at(p, t, key);
  const double hop_s = p->evidence->hop_s, probability = probability_of(tip), since_s = ((double)t + shift - p->struck[key]) * hop_s;
  const double at = fmax(0, (double)t + shift - lag_s(p, key, (double)velocity, since_s) / hop_s);
  if (t >= p->from)
    evidence_put_onset(p->evidence, at, key, byte((float)probability), (uint8_t)fminf(127, fmaxf(1, velocity)));
  if (probability >= 0.5) p->struck[key] = (double)t + shift;
}

static void look_at(TranscriptionPeaks *p, long t) {
  if (t >= p->to) return;
  for (int key = 0; key < KEYS; key++)
    if (is_peak(p, t, key)) put(p, t, key);
}

static void write_row(const TranscriptionPeaks *p, long t, const float *sounding, const float *release, float pedal) {
  if (t < p->from || t >= p->to) return;
  const size_t row = (size_t)t * KEYS;
  for (int key = 0; key < KEYS; key++) {
    p->evidence->sounding[row + (size_t)key] = sparse(sigmoid(sounding[key]));
    p->evidence->release[row + (size_t)key] = sparse(sigmoid(release[key]));
  }
  p->pedal[t] = sigmoid(pedal);
}

void transcription_peaks_add(TranscriptionPeaks *p, const TranscriptionAnswers *answers) {
  if (p->next == 0) p->first = p->next = answers->first;
  for (int i = 0; i < answers->count; i++) {
    const size_t from = (size_t)i * KEYS;
    for (int key = 0; key < KEYS; key++) {
      p->onset[p->next % PEAKS_KEPT][key] = sigmoid(answers->heads[HEAD_ONSET][from + (size_t)key]);
      p->velocity[p->next % PEAKS_KEPT][key] = sigmoid(answers->heads[HEAD_VELOCITY][from + (size_t)key]);
    }
    write_row(p, p->next, answers->heads[HEAD_SOUNDING] + from, answers->heads[HEAD_OFFSET] + from, answers->pedal[i]);
    p->next++;
    look_at(p, p->next - 1 - PEAKS_AHEAD);
  }
}

void transcription_peaks_end(TranscriptionPeaks *p) {
  for (int i = 0; i < PEAKS_AHEAD; i++) {
    memset(p->onset[p->next % PEAKS_KEPT], 0, sizeof p->onset[0]);
    memset(p->velocity[p->next % PEAKS_KEPT], 0, sizeof p->velocity[0]);
    p->next++;
    look_at(p, p->next - 1 - PEAKS_AHEAD);
  }
}
