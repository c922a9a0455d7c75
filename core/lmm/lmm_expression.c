/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_expression.h"

#include "core/lmm/lmm_curve.h"

#include <math.h>
#include <string.h>

static const double TOGETHER_S = 0.001, SHORTEST_S = 0.025;

static LmmCurve draw_curve(BaseRng *rng, double amplitude) {
  return lmm_curve_draw(rng, base_rng_normal, amplitude, 0.03, 0.12);
}

/* How one hand plays. */
typedef struct {
  double hold;    /* key down, as a part of what is written */
  double scatter; /* of its logarithm */
  double level;   /* of velocities */
  double lead_s;  /* before the beat */
  double detached; /* chance that a stretch is detached */
} Hand;

typedef struct {
  double speed, tremble; /* tempo, and the deviation of the logarithm of a single step */
  LmmCurve tempo, swell;
  Hand hands[2];      /* below and above the middle of the excerpt */
  double split_midi;
  double scatter_s;   /* of single notes */
  double together_s;  /* of whole chords */
  double lead_s;      /* of melodies */
  double roll, roll_s; /* chance that a wide chord is rolled, seconds from note to note */
  double melody, noise, contrast, centre, mean; /* velocities */
  double pedal;       /* chance of a fresh pedal at a chord; 0 none */
} Player;

static double log_range(BaseRng *rng, double a, double b) {
  return exp(base_rng_range(rng, log(a), log(b)));
}

static Hand draw_hand(BaseRng *rng) {
  return (Hand){.hold = log_range(rng, 0.3, 1.15),
                .scatter = log_range(rng, 0.1, 0.6),
                .level = 6 * base_rng_normal(rng),
                .lead_s = 0.006 * base_rng_normal(rng),
                .detached = base_rng_uniform(rng) < 0.3 ? base_rng_uniform(rng) * 0.5 : 0.03};
}

static void measure(Player *player, const Motion *motion) {
  double midi = 0, velocity = 0, n = fmax(1, (double)motion->notes.n);
  for (size_t i = 0; i < motion->notes.n; i++) {
    midi += motion->notes.items[i].midi;
    velocity += motion->notes.items[i].velocity;
  }
  player->split_midi = midi / n;
  player->centre = velocity / n;
}

static Player draw_player(BaseRng *rng, const Motion *motion) {
  Player player = {.speed = exp(0.4 + 0.45 * base_rng_normal(rng)),
                   .tremble = log_range(rng, 0.015, 0.14),
                   .tempo = draw_curve(rng, base_rng_range(rng, 0.02, 0.16)),
                   .swell = draw_curve(rng, base_rng_range(rng, 2, 14)),
                   .hands = {draw_hand(rng), draw_hand(rng)},
                   .scatter_s = log_range(rng, 0.003, 0.014),
                   .together_s = log_range(rng, 0.002, 0.012),
                   .lead_s = base_rng_range(rng, 0, 0.025),
                   .roll = base_rng_uniform(rng) < 0.4 ? base_rng_range(rng, 0, 0.3) : 0.01,
                   .roll_s = log_range(rng, 0.012, 0.06),
                   .melody = base_rng_range(rng, 0, 16),
                   .noise = base_rng_range(rng, 3, 10),
                   .contrast = base_rng_range(rng, 0.2, 1.1),
                   .mean = base_rng_range(rng, 40, 82),
                   .pedal = base_rng_uniform(rng) < 0.7 ? log_range(rng, 0.05, 0.7) : 0};
  measure(&player, motion);
  return player;
}

/* One chord of the score: notes [first, first + n), which begin together. */
typedef struct {
  size_t first, n;
  double was_s, now_s, slower; /* when it was, when it is, and the tempo here */
  int low, high;
} Chord;

static Chord chord_at(const Motion *motion, size_t first) {
  Chord chord = {.first = first, .was_s = motion->notes.items[first].onset_s, .low = 127};
  for (size_t i = first; i < motion->notes.n && motion->notes.items[i].onset_s - chord.was_s < TOGETHER_S; i++) {
    int midi = motion->notes.items[i].midi;
    chord.n++;
    if (midi < chord.low) chord.low = midi;
    if (midi > chord.high) chord.high = midi;
  }
  return chord;
}

/* Seconds by which one of the chord's notes comes after the chord. */
static double late_by(const Player *player, const Chord *chord, int midi, bool rolled, size_t rank, BaseRng *rng) {
  double late = player->scatter_s * base_rng_normal(rng) - player->hands[midi > player->split_midi].lead_s;
  if (chord->n > 1 && midi == chord->high) late -= player->lead_s;
  return late + (rolled ? (double)rank * player->roll_s : 0);
}

static double loudness(const Player *player, const Chord *chord, const MotionNote *note, BaseRng *rng) {
  double v = player->mean + player->contrast * (note->velocity - player->centre) + lmm_curve_at(&player->swell, chord->was_s) +
             player->hands[note->midi > player->split_midi].level + player->noise * base_rng_normal(rng);
  return fmin(fmax(note->midi == chord->high ? v + player->melody : v, 6), 126);
}

static void play_chord(Motion *motion, const Player *player, const Chord *chord, const bool detached[2], BaseRng *rng) {
  bool rolled = chord->n > 2 && base_rng_uniform(rng) < player->roll;
  double shift = player->together_s * base_rng_normal(rng);
  for (size_t i = 0; i < chord->n; i++) {
    MotionNote *note = &motion->notes.items[chord->first + i];
    bool above = note->midi > player->split_midi;
    const Hand *hand = &player->hands[above];
    double length = (note->key_up_s - note->onset_s) * chord->slower * hand->hold * exp(hand->scatter * base_rng_normal(rng));
    if (detached[above]) length = fmin(length * 0.4, 0.25);
    note->velocity = (uint8_t)loudness(player, chord, note, rng);
    note->onset_s = chord->now_s + shift + late_by(player, chord, note->midi, rolled, i, rng);
    note->key_up_s = note->onset_s + fmax(length, SHORTEST_S * exp(0.5 * fabs(base_rng_normal(rng))));
  }
}

/* Legato pedalling: up as the chord is struck, down soon after. */
static void change_pedal(Motion *motion, const Player *player, const Chord *chord, BaseRng *rng) {
  double up_s = chord->now_s + 0.03 * base_rng_normal(rng);
  MotionPedal lift = {fmax(0, up_s), MOTION_SUSTAIN, 0},
              press = {fmax(0, up_s + log_range(rng, 0.06, 0.3)), MOTION_SUSTAIN, 127};
  if (player->pedal <= 0 || base_rng_uniform(rng) > player->pedal) return;
  bool stays_up = base_rng_uniform(rng) < 0.08;
  if (base_array_push(&motion->pedals, lift) && !stays_up) (void)base_array_push(&motion->pedals, press);
}

/* Two presses of one key never overlap, and what the score has twice is played once. */
static void separate_repeats(Motion *motion) {
  int last[128];
  for (int i = 0; i < 128; i++) last[i] = -1;
  size_t kept = 0;
  for (size_t i = 0; i < motion->notes.n; i++) {
    MotionNote note = motion->notes.items[i];
    MotionNote *before = last[note.midi] >= 0 ? &motion->notes.items[last[note.midi]] : NULL;
    if (before && note.onset_s - before->onset_s < 0.04) continue;
    if (before && before->key_up_s > note.onset_s - 0.01)
      before->key_up_s = fmax(note.onset_s - 0.01, before->onset_s + 0.02);
    last[note.midi] = (int)kept;
    motion->notes.items[kept++] = note;
  }
  motion->notes.n = kept;
}

void lmm_express(Motion *motion, BaseRng *rng) {
  Player player = draw_player(rng, motion);
  bool detached[2] = {false, false};
  double before_s = motion->notes.n ? motion->notes.items[0].onset_s : 0, now_s = 0;
  motion->pedals.n = motion->beats.n = 0;
  for (size_t i = 0; i < motion->notes.n;) {
    Chord chord = chord_at(motion, i);
    chord.slower = exp(lmm_curve_at(&player.tempo, chord.was_s)) / player.speed;
    now_s += (chord.was_s - before_s) * chord.slower * exp(player.tremble * base_rng_normal(rng));
    chord.now_s = now_s;
    for (int h = 0; h < 2; h++)
      if (base_rng_uniform(rng) < 0.1) detached[h] = base_rng_uniform(rng) < player.hands[h].detached;
    play_chord(motion, &player, &chord, detached, rng);
    change_pedal(motion, &player, &chord, rng);
    before_s = chord.was_s;
    i += chord.n;
  }
  motion_sort(motion);
  separate_repeats(motion);
}

/* ---- mishearing ---- */

LmmErrors lmm_errors(double share) {
  return (LmmErrors){share / 3, share / 3, share / 3, share > 0 ? 0.009 : 0, share > 0 ? 0.3 : 0, share > 0 ? 7 : 0};
}

static int off_by(int midi, BaseRng *rng, bool added) {
  static const int ghosts[] = {12, -12, 19, 7, 24, 12}, slips[] = {1, -1, 12, -12, 1, -1};
  int moved = midi + (added ? ghosts : slips)[base_rng_below(rng, 6)];
  return moved < MOTION_LOWEST_KEY || moved >= MOTION_LOWEST_KEY + MOTION_KEYS ? midi - 12 * (moved > midi) : moved;
}

static void blur(MotionNote *note, const LmmErrors *errors, BaseRng *rng) {
  double length = (note->key_up_s - note->onset_s) * exp(errors->length * base_rng_normal(rng));
  note->onset_s += errors->onset_s * base_rng_normal(rng);
  note->key_up_s = note->onset_s + fmax(length, 0.02);
  note->velocity = (uint8_t)fmin(fmax(note->velocity + errors->velocity * base_rng_normal(rng), 1), 127);
}

/* A quieter, shorter companion of a note that was played. */
static MotionNote ghost_of(const MotionNote *note, BaseRng *rng) {
  MotionNote ghost = *note;
  ghost.id = ghost.score_note = 0;
  ghost.midi = (uint8_t)off_by(note->midi, rng, true);
  ghost.velocity = (uint8_t)fmax(8, note->velocity * base_rng_range(rng, 0.4, 0.9));
  ghost.key_up_s = note->onset_s + (note->key_up_s - note->onset_s) * base_rng_range(rng, 0.2, 1);
  if (base_rng_uniform(rng) < 0.4) ghost.onset_s += base_rng_range(rng, 0.02, 0.3), ghost.key_up_s += 0.3;
  return ghost;
}

bool lmm_mishear(Motion *motion, const LmmErrors *errors, BaseRng *rng) {
  size_t kept = 0, n = motion->notes.n, ghosts = 0;
  if (!base_array_reserve(&motion->notes, 2 * n)) return false;
  MotionNote *notes = motion->notes.items;
  for (size_t i = 0; i < n; i++) {
    if (base_rng_uniform(rng) < errors->added) notes[n + ghosts++] = ghost_of(&notes[i], rng);
    if (base_rng_uniform(rng) < errors->missed) continue;
    notes[kept] = notes[i];
    if (base_rng_uniform(rng) < errors->confused) notes[kept].midi = (uint8_t)off_by(notes[kept].midi, rng, false);
    blur(&notes[kept++], errors, rng);
  }
  memmove(notes + kept, notes + n, ghosts * sizeof *notes);
  motion->notes.n = kept + ghosts;
  motion_sort(motion);
  separate_repeats(motion);
  return true;
}
