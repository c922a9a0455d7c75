/* Snap and mask: labels from an alignment are drawn to the evidence of the network that is to learn from them (the idea
 * of Maman & Bermano 2022), and what score and sound disagree about is left out.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_labels.h"

#include "core/music/rolled.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = MOTION_KEYS, AHEAD = 2, TENT = 3, ROLLED = 3 /* notes at least */, MANY = 4 /* one clear foreign onset to so many notes */,
       BESIDE = 2, GOES_ON = 5 /* keys to either side that ornament a note, and from which the next comes */ };

static const double hop_s = (double)FEATURES_HOP / FEATURES_RATE_HZ;
static const double lag_s = 0.01;       /* of the network's peaks behind the key, about */
static const double deviation_s = 0.04; /* of an alignment */
static const double together_s = 0.12, around_s = 1.5, rolled_s = 0.03, trust = 0.7; /* in the music around a note */
static const double ornament_s = 0.6, at_once_s = 0.04;
static const float a_note = 0.15F;      /* onsets below are no matter for a negative */

typedef struct {
  LmmLabels *labels;
  const LmmAnswers *answers;
  LmmLabelsParams params;
  uint8_t *taken; /* frames × 88 */
} Maker;

static float onset_at(const LmmAnswers *answers, ptrdiff_t t, int key) {
  if (t < 0 || t >= (ptrdiff_t)answers->frames) return 0;
  return answers->heads[HEAD_ONSET][(size_t)t * KEYS + (size_t)key] / 65535.0F;
}

static bool is_peak(const LmmAnswers *answers, ptrdiff_t t, int key, float least) {
  const float here = onset_at(answers, t, key);
  if (here < least) return false;
  for (int i = 1; i <= AHEAD; i++)
    if (onset_at(answers, t - i, key) > here || onset_at(answers, t + i, key) >= here) return false;
  return true;
}

/* Where between the frames the tip of a peak is. */
static double tip_of(const LmmAnswers *answers, ptrdiff_t t, int key) {
  const float left = onset_at(answers, t - 1, key), top = onset_at(answers, t, key), right = onset_at(answers, t + 1, key);
  return (double)t + (double)(0.5F * (right - left) / (top - fminf(left, right) + 1e-6F));
}

/* The frame of the best onset for a note at `at_s` that nobody has taken, or -1. */
static ptrdiff_t best_peak(const Maker *maker, int key, double at_s) {
  const double reach = maker->params.reach_s / hop_s, at = at_s / hop_s;
  ptrdiff_t best = -1;
  double most = -INFINITY;
  for (ptrdiff_t t = (ptrdiff_t)ceil(at - reach); t <= (ptrdiff_t)floor(at + reach); t++) {
    if (!is_peak(maker->answers, t, key, maker->params.least)) continue;
    if (maker->taken[(size_t)t * KEYS + (size_t)key]) continue;
    const double p = fmin((double)onset_at(maker->answers, t, key), 0.999), away = ((double)t - at) * hop_s / deviation_s;
    const double worth = log(p / (1 - p)) - 0.5 * away * away;
    if (worth > most) most = worth, best = t;
  }
  return best;
}

static void forget(LmmLabels *labels, int key, double at, double reach) {
  for (ptrdiff_t t = (ptrdiff_t)floor(at - reach); t <= (ptrdiff_t)ceil(at + reach); t++)
    if (t >= 0 && t < (ptrdiff_t)labels->frames) labels->known[(size_t)t * KEYS + (size_t)key] = 0;
}

/* The tent of transcription_net_targets: 50 ms to either side. */
static void raise_tent(LmmLabels *labels, int key, double at) {
  for (ptrdiff_t t = lround(at) - TENT; t <= lround(at) + TENT; t++) {
    if (t < 0 || t >= (ptrdiff_t)labels->frames) continue;
    const size_t cell = (size_t)t * KEYS + (size_t)key;
    const double height = 1 - fabs((double)t - at) * hop_s / 0.05;
    if (height * 255 > labels->onset[cell]) labels->onset[cell] = (uint8_t)lrint(255 * height);
    if (height > 0) labels->known[cell] = 1;
  }
}

/* ---- chords ---- */

/* Where a note was found, in frames: the tip of the network's peak, and the key that is decided from it. */
typedef struct {
  ptrdiff_t t; /* -1: nowhere */
  double tip, key_at;
} Found;

/* The decided onset that a peak became stands up to three frames before its tip. */
static void look_up(Found *found, const Evidence *evidence, int key) {
  found->key_at = found->tip - lag_s / hop_s;
  for (ptrdiff_t t = lround(found->tip) - 3; t <= lround(found->tip); t++) {
    if (t < 0 || t >= (ptrdiff_t)evidence->frames) continue;
    const size_t cell = (size_t)t * KEYS + (size_t)key;
    if (evidence->strength[cell]) found->key_at = evidence_onset_s(evidence, (size_t)t, key) / hop_s;
  }
}

/* Heard one after another from the lowest to the highest. */
static bool is_rolled(const Found *found, size_t n) {
  Rolled rolled = {0};
  for (size_t i = 0; i < n; i++)
    if (found[i].t >= 0) rolled_add(&rolled, found[i].key_at * hop_s);
  return rolled_is(&rolled, ROLLED, rolled_s);
}

static int by_size(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* How much later than expected the notes around note i are heard, in frames: the median, which anchors placed a little
 * off do not touch. `room` holds all notes. */
static double habit_around(double *room, const Found *found, const Motion *expected, size_t i) {
  const MotionNote *notes = expected->notes.items;
  size_t n = 0, from = i, to = i;
  while (from > 0 && notes[from - 1].onset_s > notes[i].onset_s - around_s) from--;
  while (to < expected->notes.n && notes[to].onset_s < notes[i].onset_s + around_s) to++;
  for (size_t j = from; j < to; j++)
    if (found[j].t >= 0) room[n++] = found[j].key_at - notes[j].onset_s / hop_s;
  qsort(room, n, sizeof *room, by_size);
  return n ? 0.5 * (room[(n - 1) / 2] + room[n / 2]) : 0;
}

/* Single keys of a piano, soft ones above all, speak earlier or later than the music around them says; as the score has
 * them they are in time. Notes are drawn to where their neighbours let expect them, but for rolled chords. */
static void draw_in_time(Found *found, double *room, const Motion *expected) {
  const MotionNote *notes = expected->notes.items;
  double *off = room + expected->notes.n;
  for (size_t i = 0; i < expected->notes.n; i++)
    off[i] = found[i].t < 0 ? 0 : found[i].key_at - notes[i].onset_s / hop_s - habit_around(room, found, expected, i);
  for (size_t from = 0, to; from < expected->notes.n; from = to) {
    for (to = from + 1; to < expected->notes.n && notes[to].onset_s == notes[from].onset_s;) to++;
    if (is_rolled(found + from, to - from)) continue;
    for (size_t i = from; i < to; i++)
      if (fabs(off[i]) * hop_s < together_s) found[i].tip -= trust * off[i];
  }
}

/* ---- all notes ---- */

static bool is_here(const LmmLabels *labels, const MotionNote *note) {
  return note->midi >= MOTION_LOWEST_KEY && note->midi < MOTION_LOWEST_KEY + KEYS && note->onset_s >= 0 &&
         note->onset_s < (double)labels->frames * hop_s;
}

static void find_note(Maker *maker, Found *found, const MotionNote *note) {
  LmmLabels *labels = maker->labels;
  const int key = note->midi - MOTION_LOWEST_KEY;
  *found = (Found){.t = -1};
  if (!is_here(labels, note)) return;
  found->t = best_peak(maker, key, note->onset_s + lag_s);
  if (found->t < 0) {
    forget(labels, key, note->onset_s / hop_s, maker->params.reach_s / hop_s + TENT);
    labels->unheard++;
    return;
  }
  maker->taken[(size_t)found->t * KEYS + (size_t)key] = 1;
  found->tip = tip_of(maker->answers, found->t, key);
  look_up(found, maker->answers->heard->evidence, key);
  labels->found++;
}

/* When music goes on near a note's key, or after a while. */
static double ornamented_until_s(const Motion *expected, size_t i) {
  const MotionNote *notes = expected->notes.items;
  const double from_s = notes[i].onset_s, most_s = from_s + ornament_s;
  for (size_t j = i + 1; j < expected->notes.n && notes[j].onset_s < most_s; j++)
    if (notes[j].onset_s > from_s + at_once_s && abs(notes[j].midi - notes[i].midi) <= GOES_ON) return notes[j].onset_s;
  return most_s;
}

/* Trills and mordents are played that nobody wrote out: of the keys beside a note nothing is said till music goes on. */
static void forget_ornaments(LmmLabels *labels, const Motion *expected, size_t i) {
  const MotionNote *note = &expected->notes.items[i];
  const double until_s = ornamented_until_s(expected, i);
  for (int beside = -BESIDE; beside <= BESIDE; beside++) {
    const int key = note->midi + beside - MOTION_LOWEST_KEY;
    if (beside && key >= 0 && key < KEYS)
      forget(labels, key, 0.5 * (note->onset_s + until_s) / hop_s, 0.5 * (until_s - note->onset_s) / hop_s);
  }
}

/* Masks before tents, so that a note that was found is known whatever is missing beside it. */
static void snap_all(Maker *maker, Found *found, double *room, const Motion *expected) {
  const MotionNote *notes = expected->notes.items;
  const size_t n = expected->notes.n;
  for (size_t i = 0; i < n; i++) find_note(maker, &found[i], &notes[i]);
  for (size_t i = 0; i < n; i++) forget_ornaments(maker->labels, expected, i);
  draw_in_time(found, room, expected);
  for (size_t i = 0; i < n; i++)
    if (found[i].t >= 0) raise_tent(maker->labels, notes[i].midi - MOTION_LOWEST_KEY, found[i].tip);
}

/* An onset that no note of the score has taken. */
static bool is_foreign(const Maker *maker, size_t t, int key) {
  const size_t cell = t * KEYS + (size_t)key;
  return !maker->taken[cell] && maker->labels->known[cell] && is_peak(maker->answers, (ptrdiff_t)t, key, a_note);
}

/* Foreign onsets are none, unless they are clear; where these are many, the score has not all that is played, and nothing
 * is said of any. */
static void judge_foreign(Maker *maker) {
  LmmLabels *labels = maker->labels;
  size_t foreign = 0, clear = 0;
  for (size_t t = 0; t < labels->frames; t++)
    for (int key = 0; key < KEYS; key++) {
      if (!is_foreign(maker, t, key)) continue;
      foreign++;
      clear += onset_at(maker->answers, (ptrdiff_t)t, key) >= maker->params.too_clear;
    }
  const bool partial = clear * MANY > labels->found;
  labels->unclear = partial ? foreign : clear;
  labels->foreign = foreign - labels->unclear;
  for (size_t t = 0; t < labels->frames; t++)
    for (int key = 0; key < KEYS; key++)
      if (is_foreign(maker, t, key) && !labels->onset[t * KEYS + (size_t)key] &&
          (partial || onset_at(maker->answers, (ptrdiff_t)t, key) >= maker->params.too_clear))
        forget(labels, key, (double)t, TENT);
}

static LmmLabelsParams with_defaults(const LmmLabelsParams *given) {
  LmmLabelsParams p = given ? *given : (LmmLabelsParams){0};
  if (!(p.reach_s > 0)) p.reach_s = 0.1;
  if (!(p.least > 0)) p.least = 0.03F;
  if (!(p.too_clear > 0)) p.too_clear = 0.9F;
  return p;
}

BaseStatus lmm_labels_of(BaseContext *ctx, LmmLabels *out, const LmmAnswers *answers, const Motion *expected,
                         const LmmLabelsParams *params) {
  const size_t cells = answers->frames * KEYS;
  LmmLabels made = {.frames = answers->frames, .onset = calloc(cells + 1, 1), .known = malloc(cells + 1)};
  Maker maker = {&made, answers, with_defaults(params), calloc(cells + 1, 1)};
  Found *found = malloc((expected->notes.n + 1) * sizeof *found);
  double *room = malloc((2 * expected->notes.n + 1) * sizeof *room);
  const bool fine = made.onset && made.known && maker.taken && found && room;
  if (fine) {
    memset(made.known, 1, cells);
    snap_all(&maker, found, room, expected);
    judge_foreign(&maker);
    *out = made;
  } else {
    lmm_labels_clear(&made);
  }
  free(room);
  free(found);
  free(maker.taken);
  return fine ? BASE_OK : base_fail_memory(ctx);
}

void lmm_labels_clear(LmmLabels *labels) {
  free(labels->onset);
  free(labels->known);
  *labels = (LmmLabels){0};
}
