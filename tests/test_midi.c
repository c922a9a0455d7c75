/* Standard MIDI Files. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_rng.h"
#include "core/music/midi.h"
#include "tests/check.h"
#include "tests/music_examples.h"

#define HEAD(format, tracks, division_high, division_low)                                                    \
  "MThd\0\0\0\6\0" format "\0" tracks division_high division_low
#define END "\0\xFF\x2F\0"

static Motion *read_bytes(const void *bytes, size_t n) {
  BaseContext ctx = {0};
  Motion *motion = NULL;
  CHECK_SAYING(midi_read_memory(&ctx, &motion, bytes, n, "typed.mid") == BASE_OK, "%s", ctx.sentence);
  CHECK_SAYING(motion && motion_validate(&ctx, motion) == BASE_OK, "%s", ctx.sentence);
  return motion;
}

static void running_status_tempo_and_zero_velocity(void) {
  static const char BYTES[] = HEAD("\0", "\1", "\0", "\x60") /* 96 ticks a quarter */
      "MTrk\0\0\0\x27"
      "\0\xFF\x51\3\x0F\x42\x40" /* one second a quarter */
      "\0\x90\x3C\x40"           /* C4 down */
      "\x60\x3C\0"               /* running status, velocity 0: up after a quarter */
      "\0\xFF\x51\3\x07\xA1\x20" /* half a second a quarter */
      "\0\x3E\x50"               /* running status survives the tempo: D4 down */
      "\x60\x80\x3E\0"
      "\0\xB0\x40\x7F" END;
  Motion *motion = read_bytes(BYTES, sizeof BYTES - 1);
  CHECK(motion->notes.n == 2 && motion->pedals.n == 1);
  CHECK_NEAR(motion->notes.items[0].key_up_s, 1, 1e-9);
  CHECK_NEAR(motion->notes.items[1].onset_s, 1, 1e-9);
  CHECK_NEAR(motion->notes.items[1].key_up_s, 1.5, 1e-9);
  CHECK(motion->notes.items[1].velocity == 0x50);
  CHECK(motion->beats.n == 3 && beat_equal(motion->beats.items[2].quarter, beat_whole(2)));
  CHECK_NEAR(motion->beats.items[2].time_s, 1.5, 1e-9);
  motion_free(motion);
}

static void smpte_time_needs_no_tempo(void) {
  static const char BYTES[] = HEAD("\0", "\1", "\xE7", "\x28") /* 25 frames of 40 ticks: a tick is 1 ms */
      "MTrk\0\0\0\x0D\0\x90\x3C\x40\x87\x68\x80\x3C\0" END;
  Motion *motion = read_bytes(BYTES, sizeof BYTES - 1);
  CHECK(motion->notes.n == 1 && motion->beats.n == 0);
  CHECK_NEAR(motion->notes.items[0].key_up_s, 1, 1e-9);
  motion_free(motion);
}

static void tracks_of_format_2_follow_each_other(void) {
  static const char BYTES[] = HEAD("\2", "\2", "\0", "\x60") "MTrk\0\0\0\x0C\0\x90\x3C\x40\x60\x80\x3C\0" END
                                                             "MTrk\0\0\0\x0C\0\x90\x3E\x40\x60\x80\x3E\0" END;
  Motion *motion = read_bytes(BYTES, sizeof BYTES - 1);
  CHECK(motion->notes.n == 2);
  CHECK_NEAR(motion->notes.items[1].onset_s, 0.5, 1e-9);
  motion_free(motion);
}

static void overlapping_and_unended_notes_end(void) {
  static const char BYTES[] =
      HEAD("\0", "\1", "\0", "\x60") "MTrk\0\0\0\x1C\0\x90\x3C\x40\x60\x3C\x40\x60\x3C\0\x60\x3C\0"
                                     "\0\x40\x40\x60\xF0\1\xF7\0\xFF\x2F\0";
  Motion *motion = read_bytes(BYTES, sizeof BYTES - 1);
  CHECK(motion->notes.n == 3);
  CHECK_NEAR(motion->notes.items[0].key_up_s, 1, 1e-9);
  CHECK_NEAR(motion->notes.items[1].key_up_s, 1.5, 1e-9);
  CHECK_NEAR(motion->notes.items[2].key_up_s, 2, 1e-9);
  motion_free(motion);
}

static void percussion_is_left_out(void) {
  static const char BYTES[] = HEAD("\0", "\1", "\0", "\x60") "MTrk\0\0\0\x0C\0\x99\x24\x40\x60\x89\x24\0" END;
  Motion *motion = read_bytes(BYTES, sizeof BYTES - 1);
  CHECK(motion->notes.n == 0);
  motion_free(motion);
}

static void a_cut_track_keeps_what_came_before(void) {
  static const char BYTES[] =
      HEAD("\0", "\1", "\0", "\x60") "MTrk\0\0\0\x2C\0\x90\x3C\x40\x60\x80\x3C\0\0\x90";
  BaseContext ctx = {0};
  Motion *motion = NULL;
  CHECK(midi_read_memory(&ctx, &motion, BYTES, sizeof BYTES - 1, "cut.mid") == BASE_OK);
  CHECK(motion->notes.n == 1);
  CHECK_TEXT(ctx.sentence, "“cut.mid” ends too early; what came before the cut was kept.");
  motion_free(motion);
}

static void nonsense_is_refused_with_a_sentence(void) {
  static const struct {
    const char *bytes;
    size_t n;
  } CASES[] = {{"", 0},
               {"MThd", 4},
               {"this is a text, not a MIDI file", 31},
               {HEAD("\0", "\1", "\0", "\0") "MTrk\0\0\0\4" END, 26},
               {HEAD("\7", "\1", "\0", "\x60") "MTrk\0\0\0\4" END, 26},
               {HEAD("\0", "\1", "\0", "\x60"), 14},
               {HEAD("\0", "\1", "\0", "\x60") "MTrk\0\0\0\4\0\x3C\x40\0", 26},
               {HEAD("\0", "\1", "\0", "\x60") "MTrk\0\0\0\2\0\x90MTrk", 28}};
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    BaseContext ctx = {0};
    Motion *motion = NULL;
    CHECK_SAYING(midi_read_memory(&ctx, &motion, CASES[i].bytes, CASES[i].n, "x.mid") == BASE_BAD_FILE,
                 "case %zu", i);
    CHECK(!motion && strstr(ctx.sentence, "x.mid"));
    motion_free(motion);
  }
}

/* ---- there and back ---- */

static Motion *random_motion(BaseRng *rng, bool with_beats) {
  Motion *motion = motion_new();
  double time_s = base_rng_below(rng, 2) ? 0 : base_rng_range(rng, 0, 3);
  for (int i = 0; with_beats && i < 40; i++) {
    base_array_push(&motion->beats, (MotionBeat){beat_whole(i), time_s});
    time_s += base_rng_range(rng, 0.2, 1.5);
  }
  double free_from[4] = {0};
  for (int i = 0; i < 60; i++) {
    int key = (int)base_rng_below(rng, 4);
    double onset_s = free_from[key] + base_rng_range(rng, 0.002, 1),
           up_s = onset_s + base_rng_range(rng, 0.01, 2);
    free_from[key] = up_s + 0.01;
    motion_add(motion, onset_s, up_s, 40 + key * 11, 1 + (int)base_rng_below(rng, 127), 1);
    motion->notes.items[motion->notes.n - 1].channel = (uint8_t)(key % 3);
  }
  for (int i = 0; i < 20; i++)
    base_array_push(&motion->pedals, (MotionPedal){i * 0.7, i % 3 ? MOTION_SUSTAIN : MOTION_SOFT,
                                                   (uint8_t)base_rng_below(rng, 128)});
  motion_sort(motion);
  return motion;
}

/* Longest tick of the written file around any moment: the slowest tempo of the motion. */
static double half_tick_s(const Motion *motion) {
  double slowest_s = 0.5;
  for (size_t i = 1; i < motion->beats.n; i++) {
    const MotionBeat *b = &motion->beats.items[i];
    slowest_s =
        fmax(slowest_s, (b->time_s - b[-1].time_s) / beat_double(beat_sub(b->quarter, b[-1].quarter)));
  }
  if (motion->beats.n) slowest_s = fmax(slowest_s, motion->beats.items[0].time_s);
  return slowest_s / 960 / 2;
}

static void notes_come_back_within_half_a_tick(void) {
  BaseRng rng = base_rng(21, 0);
  const char *path = check_temporary("round.mid");
  for (int round = 0; round < 60; round++) {
    Motion *motion = random_motion(&rng, round % 2), *again = NULL;
    BaseContext ctx = {0};
    CHECK(midi_write(&ctx, motion, path) == BASE_OK);
    CHECK_SAYING(midi_read(&ctx, &again, path) == BASE_OK, "%s", ctx.sentence);
    double tolerance_s = half_tick_s(motion) + 2e-6;
    CHECK(again->notes.n == motion->notes.n && again->pedals.n == motion->pedals.n);
    for (size_t i = 0; i < again->notes.n; i++) {
      const MotionNote *a = &motion->notes.items[i], *b = NULL;
      for (size_t k = 0; k < again->notes.n; k++) /* equal ticks may swap neighbours */
        if (again->notes.items[k].midi == a->midi &&
            fabs(again->notes.items[k].onset_s - a->onset_s) <= tolerance_s)
          b = &again->notes.items[k];
      CHECK(b && b->velocity == a->velocity && b->channel == a->channel);
      if (b) CHECK_NEAR(a->key_up_s, b->key_up_s, tolerance_s);
    }
    for (size_t i = 0; i < again->pedals.n; i++) {
      CHECK_NEAR(again->pedals.items[i].time_s, motion->pedals.items[i].time_s, tolerance_s);
      CHECK(again->pedals.items[i].depth == motion->pedals.items[i].depth);
    }
    motion_free(motion);
    motion_free(again);
  }
}

static void beats_fall_on_quarters(void) {
  const char *path = check_temporary("beats.mid");
  Motion *motion = motion_new(), *again = NULL;
  const double TIMES_S[5] = {0.3, 0.9, 1.3, 2.5, 2.75};
  for (int i = 0; i < 5; i++) base_array_push(&motion->beats, (MotionBeat){beat_whole(i), TIMES_S[i]});
  CHECK(midi_write(NULL, motion, path) == BASE_OK && midi_read(NULL, &again, path) == BASE_OK);
  for (size_t i = 1; i < again->beats.n; i++) /* one quarter of silence goes before */
    CHECK_NEAR(again->beats.items[i].time_s, TIMES_S[again->beats.items[i].quarter.num - 1], 1e-5);
  CHECK(again->beats.n == 5);
  motion_free(motion);
  motion_free(again);
}

static void mutated_files_never_hurt(void) {
  BaseRng rng = base_rng(31, 0);
  const char *path = check_temporary("seed.mid");
  Motion *motion = random_motion(&rng, true);
  CHECK(midi_write(NULL, motion, path) == BASE_OK);
  motion_free(motion);
  static uint8_t bytes[1 << 14], copy[1 << 14];
  FILE *file = fopen(path, "rb");
  size_t n = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  for (int round = 0; round < 4000; round++) {
    memcpy(copy, bytes, n);
    size_t kept = base_rng_below(&rng, 4) ? n : base_rng_below(&rng, (uint32_t)n);
    for (uint32_t i = base_rng_below(&rng, 6); i > 0; i--)
      copy[base_rng_below(&rng, base_rng_below(&rng, 2) ? 60 : (uint32_t)n)] = (uint8_t)base_rng_bits(&rng);
    BaseContext ctx = {0};
    Motion *read = NULL;
    BaseStatus status = midi_read_memory(&ctx, &read, copy, kept, "fuzz.mid");
    CHECK(status == BASE_OK || (status == BASE_BAD_FILE && ctx.sentence[0] && !read));
    if (status == BASE_OK) CHECK_SAYING(motion_validate(&ctx, read) == BASE_OK, "%s", ctx.sentence);
    motion_free(read);
  }
}

static void real_performances_load(void) {
  const char *shared = check_shared();
  if (!shared) SKIP("the shared material is not here");
  char command[1200], path[1024];
  snprintf(command, sizeof command,
           "ls '%s'/data/pop909/*/*.mid '%s'/data/performances/*/*.mid 2>/dev/null | awk 'NR%%20==1'", shared,
           shared);
  FILE *list = popen(command, "r");
  size_t n = 0;
  while (list && fgets(path, sizeof path, list)) {
    BaseContext ctx = {0};
    Motion *motion = NULL;
    path[strcspn(path, "\n")] = 0;
    CHECK_SAYING(midi_read(&ctx, &motion, path) == BASE_OK, "%s", ctx.sentence);
    CHECK(motion && motion->notes.n > 50 && motion_validate(&ctx, motion) == BASE_OK);
    motion_free(motion);
    n++;
  }
  if (list) pclose(list);
  if (!n) SKIP("no MIDI files in the shared material");
}

CHECK_MAIN({CASE(running_status_tempo_and_zero_velocity)}, {CASE(smpte_time_needs_no_tempo)},
           {CASE(tracks_of_format_2_follow_each_other)}, {CASE(overlapping_and_unended_notes_end)},
           {CASE(percussion_is_left_out)}, {CASE(a_cut_track_keeps_what_came_before)},
           {CASE(nonsense_is_refused_with_a_sentence)}, {CASE(notes_come_back_within_half_a_tick)},
           {CASE(beats_fall_on_quarters)}, {CASE(mutated_files_never_hurt)}, {CASE(real_performances_load)})
