/* Errors on the text itself: fields are changed, then every bar is sorted again. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_proof.h"

#include "core/base/base_sort.h"

#include <math.h>
#include <stdlib.h>

enum { FIRST_PLACE = 40, FIRST_VALUE = 32, GRACE = 80, KINDS = 6, FIRST_STAFF = 16, FIRST_SPELLING = 3, GRID = 24, MOST_PER_BAR = 512 };

/* A step with what is wrong with it. */
typedef struct {
  LanguageStep step;
  uint8_t wrong;
} Marked;

static int in_order(const void *a, const void *b) {
  const LanguageStep *left = &((const Marked *)a)->step, *right = &((const Marked *)b)->step;
  if (left->field[LANGUAGE_TIME] != right->field[LANGUAGE_TIME])
    return left->field[LANGUAGE_TIME] - right->field[LANGUAGE_TIME];
  bool grace = left->field[LANGUAGE_DURATION] == GRACE, other = right->field[LANGUAGE_DURATION] == GRACE;
  if (grace != other) return other - grace;
  return grace ? 0 : left->field[LANGUAGE_PITCH] - right->field[LANGUAGE_PITCH];
}

/* ---- pitch ---- */

static const int8_t SEMITONES[7] = {0, 2, 4, 5, 7, 9, 11};

/* False where the keyboard or the spellings end. */
static bool set_pitch(LanguageStep *step, int key, int alter) {
  if (key < 0 || key >= MOTION_KEYS || alter < -2 || alter > 2) return false;
  int ties = (step->field[LANGUAGE_PEDAL] - FIRST_SPELLING) % 4;
  step->field[LANGUAGE_PITCH] = (int16_t)key;
  step->field[LANGUAGE_PEDAL] = (int16_t)(FIRST_SPELLING + (alter + 2) * 4 + ties);
  return true;
}

/* A line or space off; the accidental stays. */
static bool move_step(LanguageStep *step, int alter, bool up) {
  int natural = MOTION_LOWEST_KEY + step->field[LANGUAGE_PITCH] - alter, at = 0;
  for (int i = 0; i < 7; i++)
    if (SEMITONES[i] == (natural + 120) % 12) at = i;
  int to = up ? (at + 1) % 7 : (at + 6) % 7, by = SEMITONES[to] - SEMITONES[at];
  if (up && by < 0) by += 12;
  if (!up && by > 0) by -= 12;
  return set_pitch(step, step->field[LANGUAGE_PITCH] + by, alter);
}

static bool spoil_pitch(LanguageStep *step, BaseRng *rng) {
  int alter = (step->field[LANGUAGE_PEDAL] - FIRST_SPELLING) / 4 - 2, key = step->field[LANGUAGE_PITCH];
  bool up = base_rng_below(rng, 2);
  switch (base_rng_below(rng, 3)) {
  case 0:
    return move_step(step, alter, up);
  case 1:
    return set_pitch(step, key + (up ? 12 : -12), alter);
  default:
    return alter && base_rng_below(rng, 4) ? set_pitch(step, key - alter, 0)
                                           : set_pitch(step, key + (up ? 1 : -1), alter + (up ? 1 : -1));
  }
}

/* ---- rhythm ---- */

static double quarters_of(int value) {
  static const double dots[3] = {1, 1.5, 1.75};
  return ldexp(8, -(value / KINDS)) * dots[value % 3] * (value % KINDS >= 3 ? 2.0 / 3 : 1);
}

/* Another value that a reader may take it for: with or without a dot, or with another number of flags. */
static int other_value(int value, BaseRng *rng) {
  int kind = value % KINDS, type = value / KINDS;
  bool dotted = kind % 3 == 1;
  if (dotted && base_rng_below(rng, 8)) return value - 1;
  if (kind == 0 && base_rng_below(rng, 3) == 0) return value + 1;
  int moved = type + (base_rng_below(rng, 2) ? 1 : -1);
  return moved < 1 || moved > 7 ? value : moved * KINDS + kind;
}

/* Everything later in the voice moves with the note's end; chords keep together. */
static bool spoil_rhythm(Marked *bar, size_t n, size_t at, BaseRng *rng) {
  const LanguageStep was = bar[at].step;
  int value = was.field[LANGUAGE_DURATION] - FIRST_VALUE;
  if (value < 0 || was.field[LANGUAGE_DURATION] >= GRACE) return false;
  int other = other_value(value, rng), shift = (int)lround(GRID * (quarters_of(other) - quarters_of(value)));
  if (other == value) return false;
  for (size_t i = 0; i < n; i++) {
    LanguageStep *step = &bar[i].step;
    if (step->field[LANGUAGE_VELOCITY] != was.field[LANGUAGE_VELOCITY]) continue;
    int16_t *place = &step->field[LANGUAGE_TIME];
    if (*place == was.field[LANGUAGE_TIME] && step->field[LANGUAGE_DURATION] == was.field[LANGUAGE_DURATION]) {
      step->field[LANGUAGE_DURATION] = (int16_t)(FIRST_VALUE + other);
      bar[i].wrong |= LMM_WRONG_RHYTHM;
    } else if (*place > was.field[LANGUAGE_TIME]) {
      int moved = *place + shift;
      *place = (int16_t)(moved < FIRST_PLACE ? FIRST_PLACE : moved >= LANGUAGE_BAR ? LANGUAGE_BAR - 1 : moved);
    }
  }
  return true;
}

/* ---- bar by bar ---- */

static size_t spoil_bar(Marked *bar, size_t n, double share, BaseRng *rng) {
  size_t kept = 0;
  bool rhythm = false;
  for (size_t i = 0; i < n; i++) {
    if (base_rng_uniform(rng) >= share) continue;
    if (base_rng_below(rng, 3) == 0 && !rhythm)
      rhythm = spoil_rhythm(bar, n, i, rng);
    else if (spoil_pitch(&bar[i].step, rng))
      bar[i].wrong |= LMM_WRONG_PITCH;
  }
  for (size_t i = 0; i < n; i++)
    if (base_rng_uniform(rng) >= share / 10) bar[kept++] = bar[i];
  base_sort(bar, kept, sizeof *bar, in_order);
  return kept;
}

void lmm_misread(LanguageText *text, uint8_t *wrong, double share, BaseRng *rng) {
  Marked bar[MOST_PER_BAR];
  size_t kept = 0;
  for (size_t at = 0; at < text->n;) {
    size_t n = 0;
    if (text->items[at].field[LANGUAGE_TIME] == LANGUAGE_BAR) wrong[kept] = 0, text->items[kept++] = text->items[at++];
    while (at < text->n && n < MOST_PER_BAR && text->items[at].field[LANGUAGE_TIME] != LANGUAGE_BAR)
      bar[n++] = (Marked){text->items[at++], 0};
    n = spoil_bar(bar, n, share, rng);
    for (size_t i = 0; i < n; i++) wrong[kept] = bar[i].wrong, text->items[kept++] = bar[i].step;
  }
  text->n = kept;
}
