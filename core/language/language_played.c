/* What is played as steps and back. Times are logarithmic bins; eighths of them are kept apart, so that the metric
 * sees the coarse ones and the ear the fine ones. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_text.h"

#include "core/base/base_sort.h"

#include <math.h>

enum { TIMES = 40, DURATIONS = 32, EIGHTHS = 8, DAMPERS_UP = 64, PEDAL_UP = 0, PEDAL_DOWN, PEDAL_AGAIN };

static const double CHORD_S = 0.035, LEAST_TIME_S = 0.015, MOST_TIME_S = 8, LEAST_DURATION_S = 0.03,
                    MOST_DURATION_S = 12;

const int language_played_ids[LANGUAGE_FIELDS] = {TIMES, MOTION_KEYS, DURATIONS, 16, 3, EIGHTHS};
const int language_ids[LANGUAGE_FIELDS] = {LANGUAGE_MOST_IDS, MOTION_KEYS + 15, DURATIONS + 73, 32, 23, 16};

/* ---- bins ---- */

/* Where `seconds` is among the logarithmic bins of time, as a real number; 0 … 1 below the first edge. */
static double time_place(double seconds) {
  if (seconds < LEAST_TIME_S) return 0;
  double place = 1 + (TIMES - 1) * log(seconds / LEAST_TIME_S) / log(MOST_TIME_S / LEAST_TIME_S);
  return fmin(place, TIMES - 1e-6);
}

int language_time_bin(double seconds) {
  return (int)time_place(seconds);
}

double language_bin_time(int bin, int fine) {
  if (bin <= 0) return 0;
  double place = bin - 1 + (fine < 0 ? 0.5 : (fine + 0.5) / EIGHTHS);
  return fmax(LEAST_TIME_S * pow(MOST_TIME_S / LEAST_TIME_S, place / (TIMES - 1)), CHORD_S + 0.0005);
}

int language_duration_bin(double seconds) {
  if (seconds < LEAST_DURATION_S) return 0;
  int bin = (int)(DURATIONS * log(seconds / LEAST_DURATION_S) / log(MOST_DURATION_S / LEAST_DURATION_S));
  return bin < DURATIONS ? bin : DURATIONS - 1;
}

double language_bin_duration(int bin) {
  return LEAST_DURATION_S * pow(MOST_DURATION_S / LEAST_DURATION_S, (bin + 0.5) / DURATIONS);
}

/* ---- from motion ---- */

/* The sustain pedal along the chords: what it is at `now_s`, and whether it went down since the last question. */
typedef struct {
  const Motion *motion;
  size_t next;
  bool down;
} Pedal;

static int pedal_at(Pedal *pedal, double now_s) {
  bool again = false;
  for (; pedal->next < pedal->motion->pedals.n; pedal->next++) {
    const MotionPedal *change = &pedal->motion->pedals.items[pedal->next];
    if (change->time_s > now_s) break;
    if (change->pedal != MOTION_SUSTAIN) continue;
    bool down = change->depth >= DAMPERS_UP;
    again |= down && !pedal->down;
    pedal->down = down;
  }
  return !pedal->down ? PEDAL_UP : again ? PEDAL_AGAIN : PEDAL_DOWN;
}

static bool has_key(const MotionNote *note) {
  return note->midi >= MOTION_LOWEST_KEY && note->midi < MOTION_LOWEST_KEY + MOTION_KEYS;
}

static int by_pitch(const void *a, const void *b) {
  const LanguageStep *left = a, *right = b;
  return left->field[LANGUAGE_PITCH] - right->field[LANGUAGE_PITCH];
}

static LanguageStep step_of(const MotionNote *note, double chord_s, int pedal, double speed) {
  double late = (note->onset_s - chord_s) / speed, length = (note->key_up_s - note->onset_s) / speed;
  return (LanguageStep){{0, (int16_t)(note->midi - MOTION_LOWEST_KEY), (int16_t)language_duration_bin(length),
                         (int16_t)(note->velocity / 8), (int16_t)pedal,
                         (int16_t)fmin(EIGHTHS * late / CHORD_S, EIGHTHS - 1)},
                        note->id};
}

/* The first step of a chord carries the time from the chord before. */
static void sort_chord(LanguageStep *steps, size_t n, double since_s) {
  base_sort(steps, n, sizeof *steps, by_pitch);
  if (n == 0) return;
  double place = time_place(since_s);
  steps[0].field[LANGUAGE_TIME] = (int16_t)place;
  steps[0].field[LANGUAGE_FINE] = (int16_t)((place - floor(place)) * EIGHTHS);
}

BaseStatus language_of_motion(BaseContext *ctx, LanguageText *text, const Motion *motion, size_t first, size_t n,
                              double speed) {
  if (!base_array_reserve(text, text->n + n)) return base_fail_memory(ctx);
  Pedal pedal = {.motion = motion};
  size_t end = first + n, begun = text->n, nothing = text->n;
  double chord_s = 0, before_s = 0;
  int state = PEDAL_UP;
  for (size_t i = first; i < end; i++) {
    const MotionNote *note = &motion->notes.items[i];
    if (!has_key(note)) continue;
    if (text->n == begun || (note->onset_s - chord_s) / speed > CHORD_S) {
      sort_chord(text->items + begun, text->n - begun, (chord_s - before_s) / speed);
      before_s = text->n == nothing ? note->onset_s : chord_s;
      begun = text->n;
      chord_s = note->onset_s;
      state = pedal_at(&pedal, chord_s);
    }
    text->items[text->n++] = step_of(note, chord_s, state, speed);
  }
  sort_chord(text->items + begun, text->n - begun, (chord_s - before_s) / speed);
  return BASE_OK;
}

void language_keep_metric(LanguageText *text) {
  for (size_t i = 0; i < text->n; i++)
    for (int f = LANGUAGE_METRIC_FIELDS; f < LANGUAGE_FIELDS; f++) text->items[i].field[f] = -1;
}

/* ---- to motion ---- */

static bool is_played(const LanguageStep *step) {
  for (int f = 0; f < LANGUAGE_METRIC_FIELDS; f++)
    if (step->field[f] < 0 || step->field[f] >= language_played_ids[f]) return false;
  return true;
}

/* The chord that is being played. */
typedef struct {
  Motion *motion;
  double before_s, chord_s;
  bool down;
} Player;

static bool press(Player *player, double at_s, bool down) {
  player->down = down;
  return base_array_push(&player->motion->pedals, (MotionPedal){at_s, MOTION_SUSTAIN, down ? 127 : 0});
}

/* Lifts soon after the chord before and goes down again well before this one. */
static bool change_pedal(Player *player, int state) {
  double span = player->chord_s - player->before_s;
  if (state == PEDAL_UP) return !player->down || press(player, player->chord_s - 0.5 * span, false);
  if (state == PEDAL_DOWN && player->down) return true;
  if (player->down && !press(player, player->before_s + 0.2 * span, false)) return false;
  return press(player, player->before_s + 0.6 * span, true);
}

static bool play_step(Player *player, const LanguageStep *step) {
  int bin = step->field[LANGUAGE_TIME], fine = step->field[LANGUAGE_FINE];
  if (fine >= EIGHTHS) fine = -1;
  double late_s = 0;
  if (bin > 0) {
    player->before_s = player->chord_s;
    player->chord_s += language_bin_time(bin, fine);
  } else if (player->motion->notes.n && fine >= 0) {
    late_s = CHORD_S * (fine + 0.5) / EIGHTHS;
  }
  int pedal = step->field[LANGUAGE_PEDAL];
  if ((bin > 0 || !player->motion->notes.n) && pedal >= 0 && pedal <= PEDAL_AGAIN && !change_pedal(player, pedal))
    return false;
  double onset_s = player->chord_s + late_s;
  return motion_add(player->motion, onset_s, onset_s + language_bin_duration(step->field[LANGUAGE_DURATION]),
                    MOTION_LOWEST_KEY + step->field[LANGUAGE_PITCH], 8 * step->field[LANGUAGE_VELOCITY] + 4, 1);
}

BaseStatus language_to_motion(BaseContext *ctx, Motion **out, const LanguageText *text, double start_s) {
  Motion *motion = motion_new();
  bool fine = motion != NULL;
  Player player = {motion, start_s, start_s, false};
  for (size_t i = 0; fine && i < text->n; i++)
    if (is_played(&text->items[i])) fine = play_step(&player, &text->items[i]);
  if (fine && player.down) fine = press(&player, motion_duration_s(motion), false);
  if (!fine) {
    motion_free(motion);
    return base_fail_memory(ctx);
  }
  motion_sort(motion);
  *out = motion;
  return BASE_OK;
}
