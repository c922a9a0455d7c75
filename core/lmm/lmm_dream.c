/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_dream.h"

#include "core/base/base_array.h"
#include "core/base/base_folder.h"
#include "core/lmm/lmm_curve.h"
#include "core/lmm/lmm_texture.h"
#include "core/music/midi.h"
#include "core/music/musicxml.h"
#include "core/music/score.h"
#include "core/piano/piano_room.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRIES = 20, VALIDATION_SHARE = 16 /* one piece in 16 */, DEEPEST = 4 };

static const double TEXTURE_SHARE = 0.3, REST_SHARE = 0.03, ORNAMENT_SHARE = 0.35;

/* ---- the library ---- */

typedef BASE_ARRAY(char *) Paths;

struct LmmLibrary {
  Paths set[2]; /* to train on, to validate on */
};

static uint32_t hash_of(const char *text) {
  uint32_t h = 2166136261u;
  for (; *text; text++) h = (h ^ (unsigned char)*text) * 16777619u;
  return h;
}

static bool is_music(const char *name) {
  static const char *const endings[] = {".mid", ".midi", ".mxl", ".musicxml", ".xml"};
  const char *dot = strrchr(name, '.');
  for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
    if (strcmp(dot, endings[i]) == 0) return true;
  return false;
}

static BaseStatus add_music(BaseContext *ctx, void *user, const char *path, const char *name, bool *taken) {
  LmmLibrary *library = user;
  *taken = is_music(name);
  if (!*taken) return BASE_OK;
  char *copy = strdup(path);
  Paths *set = &library->set[hash_of(name) % VALIDATION_SHARE == 0];
  if (copy && base_array_push(set, copy)) return BASE_OK;
  free(copy);
  return base_fail_memory(ctx);
}

static int by_path(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

BaseStatus lmm_library_open(BaseContext *ctx, LmmLibrary **out, const char *const *folders, size_t n) {
  LmmLibrary *library = calloc(1, sizeof *library);
  BaseStatus status = library ? BASE_OK : base_fail_memory(ctx);
  for (size_t i = 0; i < n && status == BASE_OK; i++)
    status = base_folder_walk(ctx, folders[i], DEEPEST, add_music, library);
  if (status != BASE_OK) {
    lmm_library_free(library);
    return status;
  }
  for (int s = 0; s < 2; s++)
    if (library->set[s].n) qsort(library->set[s].items, library->set[s].n, sizeof(char *), by_path);
  *out = library;
  return BASE_OK;
}

void lmm_library_free(LmmLibrary *library) {
  if (!library) return;
  for (int s = 0; s < 2; s++) {
    for (size_t i = 0; i < library->set[s].n; i++) free(library->set[s].items[i]);
    base_array_clear(&library->set[s]);
  }
  free(library);
}

size_t lmm_library_pieces(const LmmLibrary *library, bool validation) {
  return library->set[validation].n;
}

const char *lmm_library_path(const LmmLibrary *library, bool validation, size_t i) {
  return library->set[validation].items[i];
}

/* ---- a piece ---- */

static BaseStatus play_score(BaseContext *ctx, Motion **out, const char *path, bool *deadpan) {
  Score *score = NULL;
  ScoreUnfolded *unfolded = NULL;
  BaseStatus status = musicxml_read(ctx, &score, path);
  if (status == BASE_OK) status = score_unfold(ctx, &unfolded, score, NULL);
  if (status == BASE_OK) status = score_play(ctx, out, score, unfolded, NULL);
  score_unfolded_free(unfolded);
  score_free(score);
  *deadpan = true;
  return status;
}

static BaseStatus load_piece(BaseContext *ctx, Motion **out, const char *path, bool *deadpan) {
  const char *dot = strrchr(path, '.');
  *deadpan = false;
  if (strcmp(dot, ".mid") == 0 || strcmp(dot, ".midi") == 0) return midi_read(ctx, out, path);
  return play_score(ctx, out, path, deadpan);
}

/* Keeps what starts in [from_s, from_s + seconds), moved to start soon after 0. */
static void cut(Motion *motion, double from_s, double seconds) {
  size_t kept = 0;
  for (size_t i = 0; i < motion->notes.n; i++) {
    MotionNote n = motion->notes.items[i];
    if (n.onset_s < from_s || n.onset_s >= from_s + seconds) continue;
    n.onset_s -= from_s;
    n.key_up_s = fmin(n.key_up_s - from_s, seconds + 1);
    motion->notes.items[kept++] = n;
  }
  motion->notes.n = kept;
  kept = 0;
  for (size_t i = 0; i < motion->pedals.n; i++) {
    MotionPedal p = motion->pedals.items[i];
    p.time_s -= from_s;
    if (p.time_s >= 0 && p.time_s < seconds) motion->pedals.items[kept++] = p;
  }
  motion->pedals.n = kept;
  motion->beats.n = 0;
}

/* ---- how it is played ---- */

static LmmCurve draw_curve(BaseRng *rng, double amplitude) {
  return lmm_curve_draw(rng, base_rng_uniform, amplitude, 0.05, 0.15);
}

/* Scales all times and bends them by a curve whose slope stays positive. */
static void bend_time(Motion *motion, BaseRng *rng, double speed, double bend) {
  LmmCurve c = draw_curve(rng, bend);
  for (size_t i = 0; i < motion->notes.n; i++) {
    MotionNote *n = &motion->notes.items[i];
    n->onset_s = (n->onset_s + lmm_curve_at(&c, n->onset_s)) / speed;
    n->key_up_s = (n->key_up_s + lmm_curve_at(&c, n->key_up_s)) / speed;
  }
  for (size_t i = 0; i < motion->pedals.n; i++) {
    MotionPedal *p = &motion->pedals.items[i];
    p->time_s = fmax(0, (p->time_s + lmm_curve_at(&c, p->time_s)) / speed);
  }
}

static void touch(Motion *motion, BaseRng *rng, bool deadpan) {
  double mean = base_rng_range(rng, 28, 92), noise = base_rng_range(rng, 2, 10);
  double spread = deadpan ? base_rng_range(rng, 0.3, 1.2) : base_rng_range(rng, 0.6, 1.3), sum = 0;
  double jitter_s = deadpan ? 0.004 + 0.01 * base_rng_uniform(rng) : 0.002;
  double hold = base_rng_range(rng, 0.75, 1.1), lead = base_rng_range(rng, 0, 14);
  LmmCurve swell = draw_curve(rng, 18);
  for (size_t i = 0; i < motion->notes.n; i++) sum += motion->notes.items[i].velocity;
  double centre = motion->notes.n ? sum / (double)motion->notes.n : 64;
  for (size_t i = 0; i < motion->notes.n; i++) {
    MotionNote *n = &motion->notes.items[i];
    bool top = i + 1 >= motion->notes.n || motion->notes.items[i + 1].onset_s > n->onset_s + 0.01;
    double v = mean + spread * (n->velocity - centre) + lmm_curve_at(&swell, n->onset_s) + noise * base_rng_normal(rng) +
               (top ? lead : 0);
    n->velocity = (uint8_t)fmin(fmax(v, 6), 126);
    double length = (n->key_up_s - n->onset_s) * hold * exp(0.1 * base_rng_normal(rng));
    n->onset_s = fmax(0.02, n->onset_s + jitter_s * base_rng_normal(rng));
    n->key_up_s = n->onset_s + fmax(length, 0.03);
  }
}

/* A trill, mordent or turn in place of a note: `times` changes to a neighbour and back, then what is left of the note. */
static bool decorate(Motion *motion, BaseRng *rng, size_t index, double pace, int times) {
  const MotionNote main = motion->notes.items[index];
  const int neighbour = main.midi + (base_rng_uniform(rng) < 0.8 ? 1 : -1) * (1 + (int)base_rng_below(rng, 2));
  double t = main.onset_s;
  for (int i = 0; i < 2 * times && t + 2 * pace < main.key_up_s; i++) {
    const double next = t + pace * base_rng_range(rng, 0.85, 1.15);
    const int velocity = (int)fmin(fmax(main.velocity + 5 * base_rng_normal(rng) - 4, 5), 126);
    if (!motion_add(motion, t, t + (next - t) * base_rng_range(rng, 0.6, 1.1), i % 2 ? neighbour : main.midi, velocity, 1))
      return false;
    t = next;
  }
  motion->notes.items[index].onset_s = t;
  return true;
}

/* Some players' taste: a long note in so many is adorned. */
static bool ornament(Motion *motion, BaseRng *rng) {
  const size_t n = motion->notes.n;
  const double share = base_rng_range(rng, 0.02, 0.2), pace = exp(base_rng_range(rng, log(0.05), log(0.11)));
  for (size_t i = 0; i < n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    if (note->key_up_s - note->onset_s < 5 * pace || note->midi < 40 || base_rng_uniform(rng) >= share) continue;
    const int times = base_rng_uniform(rng) < 0.5 ? 1 + (int)base_rng_below(rng, 2) : 40;
    if (!decorate(motion, rng, i, pace, times)) return false;
  }
  return true;
}

/* Some feet press only so far that the dampers brush the strings, which is no pedal by the measure of MIDI. */
static bool press_pedal(Motion *motion, BaseRng *rng, double seconds) {
  const double brushing = base_rng_uniform(rng) < 0.45 ? base_rng_uniform(rng) : 0;
  double t = base_rng_range(rng, 0, 2), period = exp(base_rng_range(rng, log(0.4), log(4)));
  while (t < seconds) {
    double down = t + period * base_rng_range(rng, 0.6, 1.2);
    const uint8_t depth = base_rng_uniform(rng) < brushing ? (uint8_t)(24 + base_rng_below(rng, 40)) : 127;
    MotionPedal press = {t, MOTION_SUSTAIN, depth}, lift = {down, MOTION_SUSTAIN, 0};
    if (!base_array_push(&motion->pedals, press) || !base_array_push(&motion->pedals, lift)) return false;
    t = down + base_rng_range(rng, 0.03, 0.3) + (base_rng_uniform(rng) < 0.1 ? 2 : 0);
  }
  return true;
}

/* Two presses of one key never overlap, and the score's own doublings fall away. */
static void separate_repeats(Motion *motion) {
  int last[128];
  for (int i = 0; i < 128; i++) last[i] = -1;
  size_t kept = 0;
  for (size_t i = 0; i < motion->notes.n; i++) {
    MotionNote n = motion->notes.items[i];
    int before = last[n.midi];
    if (before >= 0 && n.onset_s - motion->notes.items[before].onset_s < 0.04) continue;
    if (before >= 0 && motion->notes.items[before].key_up_s > n.onset_s - 0.01)
      motion->notes.items[before].key_up_s = fmax(n.onset_s - 0.01, motion->notes.items[before].onset_s + 0.02);
    last[n.midi] = (int)kept;
    motion->notes.items[kept++] = n;
  }
  motion->notes.n = kept;
}

static void transpose(Motion *motion, int semitones) {
  size_t kept = 0;
  for (size_t i = 0; i < motion->notes.n; i++) {
    MotionNote n = motion->notes.items[i];
    int midi = n.midi + semitones;
    if (midi < MOTION_LOWEST_KEY || midi >= MOTION_LOWEST_KEY + MOTION_KEYS) continue;
    n.midi = (uint8_t)midi;
    motion->notes.items[kept++] = n;
  }
  motion->notes.n = kept;
}

static BaseStatus piece_stretch(BaseContext *ctx, Motion **out, const LmmLibrary *library, BaseRng *rng,
                                double seconds, bool validation) {
  const Paths *set = &library->set[validation];
  for (int i = 0; i < TRIES && set->n; i++) {
    Motion *motion = NULL;
    bool deadpan;
    BaseStatus status = load_piece(ctx, &motion, set->items[base_rng_below(rng, (uint32_t)set->n)], &deadpan);
    if (status == BASE_NO_MEMORY || status == BASE_CANCELLED) return status;
    if (status != BASE_OK) continue;
    double speed = exp(base_rng_range(rng, -0.4, 0.45)), length = motion_duration_s(motion);
    cut(motion, base_rng_uniform(rng) * fmax(0, length - seconds * speed), seconds * speed);
    if (motion->notes.n < 8) {
      motion_free(motion);
      continue;
    }
    transpose(motion, (int)base_rng_below(rng, 13) - 6);
    bend_time(motion, rng, speed, deadpan ? 0.7 : 0.2);
    touch(motion, rng, deadpan);
    if (base_rng_uniform(rng) < ORNAMENT_SHARE && !ornament(motion, rng)) {
      motion_free(motion);
      return base_fail_memory(ctx);
    }
    *out = motion;
    return BASE_OK;
  }
  return base_fail(ctx, BASE_BAD_INPUT, "No piece to dream of could be read.");
}

/* One note and then nothing, so that hiss is heard for what it is. */
static BaseStatus long_rest(BaseContext *ctx, Motion **out, BaseRng *rng, double seconds) {
  Motion *motion = motion_new();
  const MotionPedal last = {seconds, MOTION_SUSTAIN, 0};
  const int midi = MOTION_LOWEST_KEY + (int)base_rng_below(rng, MOTION_KEYS);
  const double at_s = base_rng_range(rng, 0.1, 0.3 * seconds);
  if (motion && motion_add(motion, at_s, at_s + base_rng_range(rng, 0.1, 1), midi, (int)base_rng_range(rng, 5, 120), 1) &&
      base_array_push(&motion->pedals, last)) {
    *out = motion;
    return BASE_OK;
  }
  motion_free(motion);
  return base_fail_memory(ctx);
}

BaseStatus lmm_dream_motion(BaseContext *ctx, Motion **out, const LmmLibrary *library, BaseRng *rng, double seconds,
                            bool validation) {
  Motion *motion = NULL;
  if (base_rng_uniform(rng) < REST_SHARE) return long_rest(ctx, out, rng, seconds);
  BaseStatus status = base_rng_uniform(rng) < TEXTURE_SHARE || !lmm_library_pieces(library, validation)
                          ? lmm_texture(ctx, &motion, rng, seconds)
                          : piece_stretch(ctx, &motion, library, rng, seconds, validation);
  if (status != BASE_OK) return status;
  motion_sort(motion);
  separate_repeats(motion);
  if (!motion->pedals.n && base_rng_uniform(rng) < 0.6 && !press_pedal(motion, rng, seconds)) {
    motion_free(motion);
    return base_fail_memory(ctx);
  }
  motion_sort(motion);
  *out = motion;
  return BASE_OK;
}

/* ---- how it sounds ---- */

/* Key times as seconds of a sound that plays `factor` times slower and comes `earlier_s` late. */
static void move_times(Motion *motion, double factor, double earlier_s) {
  for (size_t i = 0; i < motion->notes.n; i++) {
    MotionNote *note = &motion->notes.items[i];
    note->onset_s = fmax(0, note->onset_s * factor - earlier_s);
    note->key_up_s = fmax(note->onset_s + 0.01, note->key_up_s * factor - earlier_s);
  }
  for (size_t i = 0; i < motion->pedals.n; i++)
    motion->pedals.items[i].time_s = fmax(0, motion->pedals.items[i].time_s * factor - earlier_s);
}

/* Two in five microphones stand far away. Returns how long sound takes to them: the farther, the more of the room is
 * heard, and the later the piano. */
static double place_microphone(PianoRoom *room, BaseRng *rng) {
  if (base_rng_uniform(rng) < 0.4) {
    room->reverb_s = (float)exp(base_rng_range(rng, log(0.5), log(2.2)));
    room->reverb_db = (float)base_rng_range(rng, -8, 6);
    room->damping_hz = (float)exp(base_rng_range(rng, log(1500), log(7000)));
  }
  const double share = room->reverb_s > 0 ? fmin(fmax((room->reverb_db + 20) / 20, 0), 1.3) : 0;
  return fmax(0.001, 0.002 + 0.02 * share + 0.003 * base_rng_normal(rng));
}

BaseStatus lmm_dream_sound(BaseContext *ctx, DspAudio **out, Motion *motion, LmmInstruments *instruments,
                           BaseRng *rng) {
  DspAudio *dry = NULL, *mono = NULL;
  double cents = base_rng_uniform(rng) < 0.5 ? 8 * base_rng_normal(rng) : base_rng_range(rng, -30, 30);
  BaseStatus status = lmm_instruments_play(ctx, &dry, instruments, motion, rng);
  if (status != BASE_OK) return status;
  double ratio = exp2(cents / 1200);
  int32_t claimed = (int32_t)lround(dry->rate_hz * ratio);
  ratio = (double)claimed / dry->rate_hz;
  dry->rate_hz = claimed;
  status = dsp_audio_convert(ctx, &mono, dry, 16000, 1);
  dsp_audio_free(dry);
  if (status != BASE_OK) return status;
  PianoRoom room = piano_room_sample(rng);
  const double late_s = place_microphone(&room, rng);
  status = piano_room_apply(ctx, mono, &room, rng);
  if (status != BASE_OK) {
    dsp_audio_free(mono);
    return status;
  }
  move_times(motion, 1 / ratio, late_s);
  *out = mono;
  return BASE_OK;
}
