/* The piano that is played. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano.h"
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

CHECK_MAIN({CASE(a_note_starts_and_ends)}, {CASE(the_same_motion_gives_the_same_bytes)},
           {CASE(velocity_is_loudness)}, {CASE(the_pedal_holds_and_half_a_pedal_half_holds)},
           {CASE(a_key_struck_twice_sounds_until_its_last_release)}, {CASE(nothing_played_is_silence)},
           {CASE(rendering_stops_when_asked)}, {CASE(bad_soundfonts_are_named)},
           {CASE(the_default_soundfont_plays)}, {CASE(live_play_can_be_silenced)})
