/* What is known of onsets before the sound: rhythm is learned and corrects, chords and keys have their ways.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_rng.h"
#include "core/piano/piano_timing.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

enum { N = 40, DISPLACED = 20, STEPS = 200 };

/* Descends along the rhythm's pull alone, by which only one onset is moved. */
static PianoRhythm settle(double *onsets_s) {
  PianoRhythm rhythm = piano_rhythm_usual();
  size_t order[N];
  for (size_t i = 0; i < N; i++) order[i] = i;
  for (int step = 0; step < STEPS; step++) {
    double pull[N] = {0};
    piano_rhythm_pull(&rhythm, pull, order, onsets_s, N);
    onsets_s[DISPLACED] -= 1e-5 * pull[DISPLACED];
  }
  return rhythm;
}

static double even_s(int i) {
  return 0.5 * i + 0.002 * (i % 3 - 1);
}

static void an_even_player_corrects_a_late_note(void) {
  for (int sign = -1; sign <= 1; sign += 2) {
    double onsets_s[N];
    for (int i = 0; i < N; i++) onsets_s[i] = even_s(i);
    onsets_s[DISPLACED] += 0.035 * sign;
    PianoRhythm rhythm = settle(onsets_s);
    CHECK_NEAR(onsets_s[DISPLACED], even_s(DISPLACED), 0.006);
    CHECK_SAYING(rhythm.share[0] > 0.8, "%g in halves", rhythm.share[0]);
    CHECK_SAYING(rhythm.unevenness < 0.018, "uneven by %g", rhythm.unevenness);
  }
}

/* Long, short: the middle onset is at two thirds, and no half. */
static void a_dotted_rhythm_is_learned(void) {
  double onsets_s[N];
  for (int i = 0; i < N; i++) onsets_s[i] = i / 2 + (i % 2 ? 2 / 3.0 : 0);
  onsets_s[DISPLACED] += 0.03;
  settle(onsets_s);
  CHECK_NEAR(onsets_s[DISPLACED], DISPLACED / 2, 0.006);
}

/* Where no time is a simple part of another, the error that is learned is large and the pull so much weaker.
 */
static void a_free_player_is_let_go(void) {
  BaseRng rng = base_rng(3, 0);
  double onsets_s[N], even[N], at_s = 0;
  for (int i = 0; i < N; i++) {
    onsets_s[i] = at_s += exp(base_rng_range(&rng, log(0.08), log(1.2)));
    even[i] = even_s(i);
  }
  PianoRhythm free = settle(onsets_s), strict = settle(even);
  CHECK_SAYING(free.unevenness > 2.5 * strict.unevenness, "uneven by %g and %g", free.unevenness,
               strict.unevenness);
}

/* Nothing says when a piece begins. */
static void moving_all_changes_nothing(void) {
  BaseRng rng = base_rng(4, 0);
  double onsets_s[N], pull[N] = {0}, sum = 0, size = 0;
  size_t order[N];
  PianoRhythm rhythm = piano_rhythm_usual();
  for (size_t i = 0; i < N; i++) {
    order[i] = i;
    onsets_s[i] = 0.2 * (double)(i / 2) + base_rng_range(&rng, -0.03, 0.03);
  }
  piano_rhythm_pull(&rhythm, pull, order, onsets_s, N);
  for (size_t i = 0; i < N; i++) sum += pull[i], size += fabs(pull[i]);
  for (size_t i = 1; i < N; i++) CHECK(onsets_s[order[i - 1]] <= onsets_s[order[i]]);
  CHECK(size > 100 && fabs(sum) < 1e-9 * size);
}

static void chords_come_together_and_blows_of_one_key_apart(void) {
  const PianoNote told[4] = {
      {1.00, 2, 60, 30, 0, 0}, {1.02, 2, 60, 34, 0, 0}, {3.00, 4, 60, 40, 0, 0}, {3.06, 4, 60, 40, 0, 0}};
  double onsets_s[4], pull[4];
  for (int i = 0; i < 4; i++) onsets_s[i] = told[i].onset_s;
  piano_timing_pull(pull, onsets_s, told, 4);
  CHECK(pull[0] < 0 && pull[1] > 0 && pull[2] > 0 && pull[3] < 0);
  CHECK_NEAR(pull[0] + pull[1], 0, 1e-9);
  onsets_s[3] = 3.1;
  piano_timing_pull(pull, onsets_s, told, 4);
  CHECK(pull[2] == 0 && pull[3] > 0); /* only where it was told */
}

static void a_soft_hammer_may_be_late(void) {
  CHECK(piano_timing_late_pull(0, 30) == 0);
  CHECK(piano_timing_late_pull(-0.02, 30) == -piano_timing_late_pull(0.02, 30));
  CHECK(piano_timing_late_pull(0.004, 100) > 5 * piano_timing_late_pull(0.004, 22));
}

CHECK_MAIN({CASE(an_even_player_corrects_a_late_note)}, {CASE(a_dotted_rhythm_is_learned)},
           {CASE(a_free_player_is_let_go)}, {CASE(moving_all_changes_nothing)},
           {CASE(chords_come_together_and_blows_of_one_key_apart)}, {CASE(a_soft_hammer_may_be_late)})
