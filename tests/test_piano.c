/* The piano that is played. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_file.h"
#include "core/piano/piano.h"
#include "core/piano/piano_bank.h"
#include "tests/check.h"

#include <stdatomic.h>

#include <unistd.h>

/* The one that loads fastest, where it is installed. */
static const char *test_soundfont(void) {
  static const char small[] = "/usr/share/sounds/sf2/TimGM6mb.sf2";
  return access(small, R_OK) == 0 ? small : piano_soundfont();
}

#define NEED_SOUNDFONT()                                                                                     \
  if (!test_soundfont()) SKIP("no soundfont is installed")

/* One note, key down from 0.5 s to `up_s`. */
static Motion *one_note(double up_s, int velocity) {
  Motion *motion = motion_new();
  motion_add(motion, 0.5, up_s, 60, velocity, 1);
  return motion;
}

static void hold(Motion *motion, double time_s, int depth) {
  base_array_push(&motion->pedals,
                  (MotionPedal){.time_s = time_s, .pedal = MOTION_SUSTAIN, .depth = (uint8_t)depth});
}

/* Takes the motion. */
static DspAudio *play(Motion *motion) {
  DspAudio *audio = NULL;
  CHECK(piano_render(NULL, &audio, motion,
                     &(PianoRenderParams){.synth = {.rate_hz = 22050, .soundfont = test_soundfont()}}) ==
        BASE_OK);
  motion_free(motion);
  return audio;
}

/* Root mean square of [from_s, to_s). */
static double level(const DspAudio *audio, double from_s, double to_s) {
  double sum = 0;
  const size_t from = (size_t)(from_s * audio->rate_hz) * 2, to = (size_t)(to_s * audio->rate_hz) * 2;
  for (size_t i = from; i < to && i < audio->frames * 2; i++) sum += audio->samples[i] * audio->samples[i];
  return sqrt(sum / (double)(to - from));
}

static void a_file_is_what_is_rendered(void) {
  NEED_SOUNDFONT();
  const PianoRenderParams params = {.synth = {.rate_hz = 22050, .soundfont = test_soundfont()}};
  Motion *motion = one_note(3, 80);
  DspAudio *audio = NULL;
  CHECK(piano_render(NULL, &audio, motion, &params) == BASE_OK);
  for (int i = 0; i < 2; i++) {
    const char *whole = check_temporary(i ? "whole.flac" : "whole.wav"),
               *streamed = check_temporary(i ? "streamed.flac" : "streamed.wav");
    void *a = NULL, *b = NULL;
    size_t n = 0, m = 1;
    double duration_s = 0;
    CHECK(dsp_audio_write(NULL, audio, whole) == BASE_OK);
    CHECK(piano_render_file(NULL, &duration_s, streamed, motion, &params) == BASE_OK);
    CHECK_NEAR(duration_s, (double)audio->frames / audio->rate_hz, 1e-9);
    CHECK(base_file_read(NULL, &a, &n, whole, 0) == BASE_OK);
    CHECK(base_file_read(NULL, &b, &m, streamed, 0) == BASE_OK);
    CHECK_SAYING(n == m && memcmp(a, b, n) == 0, "%s: %zu and %zu bytes", whole, n, m);
    free(a);
    free(b);
  }
  dsp_audio_free(audio);
  motion_free(motion);
}

static void a_file_given_up_leaves_nothing(void) {
  NEED_SOUNDFONT();
  atomic_bool cancel = true;
  BaseContext ctx = {.cancel = &cancel};
  const PianoRenderParams params = {.synth.soundfont = test_soundfont()};
  Motion *motion = one_note(1, 80);
  const char *path = check_temporary("given-up.wav");
  CHECK(piano_render_file(&ctx, NULL, path, motion, &params) == BASE_CANCELLED);
  CHECK(access(path, F_OK) != 0);
  CHECK(piano_render_file(&ctx, NULL, check_temporary("sound.xyz"), motion, &params) == BASE_BAD_INPUT);
  motion_free(motion);
}

static void a_note_starts_and_ends(void) {
  NEED_SOUNDFONT();
  DspAudio *audio = play(one_note(1, 80));
  CHECK_NEAR((double)audio->frames / audio->rate_hz, 4, 0.01);
  CHECK(level(audio, 0, 0.49) < 1e-5);
  CHECK(level(audio, 0.55, 0.95) > 0.005);
  CHECK(level(audio, 2.5, 3) < 0.02 * level(audio, 0.55, 0.95));
  size_t first = 0;
  while (first < audio->frames && fabsf(audio->samples[2 * first]) < 1e-3F) first++;
  CHECK_SAYING(fabs((double)first / audio->rate_hz - 0.5) < 0.02, "%g s", (double)first / audio->rate_hz);
  dsp_audio_free(audio);
}

static void the_same_motion_gives_the_same_bytes(void) {
  NEED_SOUNDFONT();
  DspAudio *a = play(one_note(1, 80)), *b = play(one_note(1, 80));
  CHECK(a->frames == b->frames && memcmp(a->samples, b->samples, a->frames * 2 * sizeof(float)) == 0);
  dsp_audio_free(a);
  dsp_audio_free(b);
}

static void velocity_is_loudness(void) {
  NEED_SOUNDFONT();
  double before = 0;
  for (int velocity = 20; velocity <= 120; velocity += 25) {
    DspAudio *audio = play(one_note(1, velocity));
    const double now = level(audio, 0.5, 1);
    CHECK_SAYING(now > 1.2 * before, "velocity %d: %g after %g", velocity, now, before);
    before = now;
    dsp_audio_free(audio);
  }
}

static double ring_with_pedal(int depth) {
  Motion *motion = one_note(0.8, 80);
  hold(motion, 0.1, depth);
  hold(motion, 3, 0);
  DspAudio *audio = play(motion);
  const double ring = level(audio, 0.95, 1.3);
  dsp_audio_free(audio);
  return ring;
}

static void the_pedal_holds_and_half_a_pedal_half_holds(void) {
  NEED_SOUNDFONT();
  const double up = ring_with_pedal(0), half = ring_with_pedal(50), down = ring_with_pedal(127);
  CHECK_SAYING(up < 0.6 * half && half < 0.9 * down, "%g, %g, %g", up, half, down);
}

static void a_key_struck_twice_sounds_until_its_last_release(void) {
  NEED_SOUNDFONT();
  Motion *motion = one_note(1, 80);
  motion_add(motion, 0.9, 2, 60, 80, 1);
  DspAudio *audio = play(motion);
  CHECK(level(audio, 1.5, 2) > 0.1 * level(audio, 0.9, 1.2));
  dsp_audio_free(audio);
}

static void nothing_played_is_silence(void) {
  NEED_SOUNDFONT();
  DspAudio *audio = play(motion_new());
  CHECK(audio->frames == 3 * 22050 && level(audio, 0, 3) < 1e-5);
  dsp_audio_free(audio);
}

static void stop_after_first_progress(void *user, double fraction, const char *what) {
  atomic_store((atomic_bool *)user, true);
}

static void rendering_stops_when_asked(void) {
  NEED_SOUNDFONT();
  atomic_bool cancel = false;
  BaseContext ctx = {.cancel = &cancel, .progress = stop_after_first_progress, .user = &cancel};
  Motion *motion = one_note(60, 80);
  DspAudio *audio = NULL;
  CHECK(piano_render(&ctx, &audio, motion, &(PianoRenderParams){.synth.soundfont = test_soundfont()}) ==
            BASE_CANCELLED &&
        audio == NULL);
  motion_free(motion);
}

static void bad_soundfonts_are_named(void) {
  BaseContext ctx = {0};
  PianoSynth *synth = NULL;
  CHECK(piano_synth_new(&ctx, &synth, &(PianoSynthParams){.soundfont = "/nowhere.sf2"}) == BASE_UNREADABLE);
  CHECK(strstr(ctx.sentence, "/nowhere.sf2") != NULL);
  const char *path = check_temporary("bad.sf2");
  FILE *file = fopen(path, "w");
  fputs("RIFF~~~~sfbk and then nothing of the kind", file);
  fclose(file);
  CHECK(piano_synth_new(&ctx, &synth, &(PianoSynthParams){.soundfont = path}) == BASE_BAD_FILE);
  CHECK(strstr(ctx.sentence, "bad.sf2") != NULL && synth == NULL);
  CHECK(piano_synth_new(&ctx, &synth, &(PianoSynthParams){.rate_hz = 7}) != BASE_OK && synth == NULL);
}

static void the_default_soundfont_plays(void) {
  NEED_SOUNDFONT();
  PianoSynth *synth = NULL;
  CHECK(piano_synth_new(NULL, &synth, NULL) == BASE_OK);
  piano_synth_free(synth);
}

static void live_play_can_be_silenced(void) {
  NEED_SOUNDFONT();
  static float left[11025], right[11025];
  PianoSynth *synth = NULL;
  CHECK(piano_synth_new(NULL, &synth, &(PianoSynthParams){.rate_hz = 22050, .soundfont = test_soundfont()}) ==
        BASE_OK);
  piano_synth_pedal(synth, MOTION_SUSTAIN, 127);
  piano_synth_key(synth, 60, 100);
  piano_synth_key(synth, 200, 100); /* no such key */
  piano_synth_render(synth, left, right, 11025);
  CHECK(fabsf(left[5000]) + fabsf(left[5050]) + fabsf(left[5100]) > 1e-3F);
  piano_synth_all_off(synth);
  for (int i = 0; i < 6; i++) piano_synth_render(synth, left, right, 11025);
  float loudest = 0;
  for (int t = 0; t < 11025; t++) loudest = fmaxf(loudest, fabsf(left[t]));
  CHECK_SAYING(loudest < 1e-3F, "%g", loudest);
  piano_synth_free(synth);
}

/* One key on a soundfont of its own. */
static DspAudio *strike(const char *bank, int midi, int velocity) {
  Motion *motion = motion_new();
  motion_add(motion, 0.5, 1.5, midi, velocity, 1);
  DspAudio *audio = NULL;
  BaseContext ctx = {0};
  CHECK_SAYING(piano_render(&ctx, &audio, motion,
                            &(PianoRenderParams){.synth = {.rate_hz = 22050, .soundfont = bank}}) == BASE_OK,
               "%s", ctx.sentence);
  motion_free(motion);
  return audio;
}

/* Power of the left side at one frequency, from 0.6 s on. */
static double power_at(const DspAudio *audio, double hz) {
  enum { N = 8192 };
  double re = 0, im = 0;
  const size_t first = (size_t)(0.6 * audio->rate_hz);
  for (size_t i = 0; i < N; i++) {
    const double window = 0.5 - 0.5 * cos(2 * M_PI * (double)i / N),
                 angle = 2 * M_PI * hz * (double)i / audio->rate_hz;
    re += window * audio->samples[2 * (first + i)] * cos(angle);
    im += window * audio->samples[2 * (first + i)] * sin(angle);
  }
  return re * re + im * im;
}

static double db(double ratio) {
  return 10 * log10(ratio);
}

static void a_learned_instrument_is_played_as_it_was_learned(void) {
  const char *bank = check_temporary("learned.sf2"), *again = check_temporary("again.sf2");
  BaseContext ctx = {0};
  PianoModel model = piano_model_default();
  model.values[PIANO_AT_TUNING] = 30;
  model.values[PIANO_AT_KEY_LEVEL + 48] = -3;
  CHECK_SAYING(piano_bank_write(&ctx, &model, "A test", bank) == BASE_OK, "%s", ctx.sentence);
  CHECK(piano_bank_write(&ctx, &model, "A test", "/nowhere/at/all.sf2") == BASE_UNREADABLE);
  for (int midi = 45; midi <= 81; midi += 12) {
    DspAudio *loud = strike(bank, midi, 100), *soft = strike(bank, midi, 50);
    const double hz = piano_model_frequency_hz(&model, midi - 21, 1);
    const double there = power_at(loud, hz);
    CHECK_SAYING(there > 4 * power_at(loud, hz * 1.03) && there > 4 * power_at(loud, hz / 1.03),
                 "key %d is off", midi);
    const double wanted = db(exp(piano_model_partial(&model, midi - 21, 1, 100, 0).ln_power -
                                 piano_model_partial(&model, midi - 21, 1, 50, 0).ln_power));
    const double found = db(there / power_at(soft, hz));
    CHECK_SAYING(fabs(found - wanted) < 3, "key %d: %.1f dB from soft to loud, not %.1f", midi, found,
                 wanted);
    CHECK(level(loud, 2.2, 2.6) < 0.1 * level(loud, 1, 1.4));
    dsp_audio_free(loud);
    dsp_audio_free(soft);
  }
  DspAudio *quiet = strike(bank, 69, 80), *beside = strike(bank, 70, 80);
  const double lower = db(level(beside, 0.6, 1) / level(quiet, 0.6, 1)) * 2;
  CHECK_SAYING(lower > 7 && lower < 20, "a quiet key is %.1f dB quieter than its neighbour", lower);
  dsp_audio_free(quiet);
  dsp_audio_free(beside);
  CHECK(piano_bank_write(&ctx, &model, "A test", again) == BASE_OK);
  DspAudio *a = strike(bank, 60, 64), *b = strike(again, 60, 64);
  CHECK(memcmp(a->samples, b->samples, a->frames * 2 * sizeof(float)) == 0);
  dsp_audio_free(a);
  dsp_audio_free(b);
}

static void a_keyboard_says_keys_and_pedals(void) {
  PianoTouch touch;
  CHECK(piano_touch_of(&touch, 0x90, 60, 80) && touch.kind == PIANO_TOUCH_KEY && touch.number == 60 &&
        touch.value == 80);
  CHECK(piano_touch_of(&touch, 0x90, 60, 0) && touch.value == 0);
  CHECK(piano_touch_of(&touch, 0x80, 60, 64) && touch.kind == PIANO_TOUCH_KEY && touch.value == 0);
  CHECK(piano_touch_of(&touch, 0xb0, MOTION_SUSTAIN, 50) && touch.kind == PIANO_TOUCH_PEDAL &&
        touch.value == 50);
  CHECK(!piano_touch_of(&touch, 0xb0, 7, 100));
  CHECK(!piano_touch_of(&touch, 0xe0, 0, 64));
  CHECK(!piano_touch_of(&touch, 0x90, 60, 200));
}

CHECK_MAIN({CASE(a_note_starts_and_ends)}, {CASE(a_file_is_what_is_rendered)},
           {CASE(a_file_given_up_leaves_nothing)}, {CASE(the_same_motion_gives_the_same_bytes)},
           {CASE(velocity_is_loudness)}, {CASE(the_pedal_holds_and_half_a_pedal_half_holds)},
           {CASE(a_key_struck_twice_sounds_until_its_last_release)}, {CASE(nothing_played_is_silence)},
           {CASE(rendering_stops_when_asked)}, {CASE(bad_soundfonts_are_named)},
           {CASE(the_default_soundfont_plays)}, {CASE(live_play_can_be_silenced)},
           {CASE(a_learned_instrument_is_played_as_it_was_learned)}, {CASE(a_keyboard_says_keys_and_pedals)})
