/* Recording and synth are heard where the playhead says, at any speed. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "app/player.h"
#include "core/dsp/dsp_audio.h"
#include "tests/check.h"

enum { rate_hz = 44100 };

/* A recording of `seconds` with a short click at each of the times; left and right alike. */
static const char *clicks(const char *name, double seconds, const double *times_s, int n, int file_rate_hz) {
  DspAudio *audio = dsp_audio_new((size_t)(seconds * file_rate_hz), 2, file_rate_hz);
  for (int i = 0; i < n; i++)
    for (int k = 0; k < 60; k++) {
      size_t frame = (size_t)llround(times_s[i] * file_rate_hz) + (size_t)k;
      float value = (float)(0.8 * exp(-k / 12.0) * cos(k * 0.9));
      if (frame < audio->frames) audio->samples[2 * frame] = audio->samples[2 * frame + 1] = value;
    }
  const char *path = check_temporary(name);
  BaseContext ctx = {0};
  CHECK_SAYING(dsp_audio_write(&ctx, audio, path) == BASE_OK, "%s", ctx.sentence);
  dsp_audio_free(audio);
  return path;
}

/* A small soundfont, where there is one, since every player loads it. */
static TriPlayer *player_on(const char *path) {
  const char *small = "/usr/share/sounds/sf2/TimGM6mb.sf2";
  if (g_file_test(small, G_FILE_TEST_EXISTS)) g_setenv("TRIPTYCH_SOUNDFONT", small, FALSE);
  TriPlayer *player = tri_player_new_offline(rate_hz);
  GError *error = NULL;
  CHECK_SAYING(!path || tri_player_set_recording(player, path, &error), "%s", error ? error->message : "");
  g_object_set(player, "mix", 0.0, NULL);
  return player;
}

static float *pull(TriPlayer *player, double seconds) {
  float *stereo = g_new0(float, 2 * (size_t)(seconds * rate_hz) + 2);
  tri_player_pull(player, stereo, (size_t)(seconds * rate_hz));
  return stereo;
}

/* The middle of the energy around `near_s` on one side. */
static double centre_s(const float *stereo, double near_s, double within_s, int side) {
  double sum = 0, moment = 0;
  for (long i = lround(fmax(0, near_s - within_s) * rate_hz); i < lround((near_s + within_s) * rate_hz);
       i++) {
    double energy = (double)stereo[2 * i + side] * stereo[2 * i + side];
    sum += energy;
    moment += energy * (double)i;
  }
  return sum > 1e-6 ? moment / sum / rate_hz : -1;
}

static double peak(const float *stereo, double from_s, double to_s, int side) {
  double most = 0;
  for (long i = lround(from_s * rate_hz); i < lround(to_s * rate_hz); i++)
    most = fmax(most, fabs((double)stereo[2 * i + side]));
  return most;
}

/* The first moment on one side that is louder than `level`. */
static double first_above(const float *stereo, double seconds, int side, double level) {
  for (long i = 0; i < lround(seconds * rate_hz); i++)
    if (fabs((double)stereo[2 * i + side]) > level) return (double)i / rate_hz;
  return -1;
}

static const double when_s[] = {0.5, 1.0, 1.7, 2.4, 3.1};

static void speed_one_is_the_file_itself(void) {
  const char *path = clicks("plain.wav", 4, when_s, 5, rate_hz);
  DspAudio *audio = NULL;
  BaseContext ctx = {0};
  CHECK(dsp_audio_load(&ctx, &audio, path, NULL) == BASE_OK);
  TriPlayer *player = player_on(path);
  CHECK_NEAR(tri_player_get_duration(player), 4, 1e-6);
  tri_player_play(player);
  float *stereo = pull(player, 3.9);
  double most = 0;
  for (size_t i = 0; i < (size_t)(3.9 * rate_hz) * 2; i++)
    most = fmax(most, fabs((double)stereo[i] - (double)audio->samples[i]));
  CHECK_NEAR(most, 0, 1e-4);
  CHECK_NEAR(tri_player_get_position(player), 3.9, 0.01);
  g_free(stereo);
  dsp_audio_free(audio);
  g_object_unref(player);
}

/* Where the clicks are heard, and where the playhead says they are. */
static void check_speed(double speed, double from_s, int file_rate_hz) {
  const char *path = clicks("speed.wav", 4, when_s, 5, file_rate_hz);
  TriPlayer *player = player_on(path);
  g_object_set(player, "speed", speed, NULL);
  tri_player_seek(player, from_s);
  tri_player_play(player);
  double seconds = (3.6 - from_s) / speed;
  float *stereo = pull(player, seconds);
  for (int i = 0; i < 5; i++) {
    if (when_s[i] < from_s) continue;
    double heard = centre_s(stereo, (when_s[i] - from_s) / speed, 0.15 / speed, 0);
    CHECK_SAYING(heard >= 0 && fabs(heard * speed + from_s - when_s[i]) < 0.010,
                 "speed %g from %g: the click of %g s is heard at %g s of the recording", speed, from_s,
                 when_s[i], heard * speed + from_s);
  }
  CHECK_NEAR(tri_player_get_position(player), from_s + seconds * speed, 0.02);
  g_free(stereo);
  g_object_unref(player);
}

static void slow_sound_stays_under_the_playhead(void) {
  check_speed(0.5, 0, rate_hz);
  check_speed(0.25, 0.8, rate_hz);
  check_speed(0.7, 0.2, rate_hz);
}

static void fast_sound_stays_under_the_playhead(void) {
  check_speed(1.5, 0, rate_hz);
  check_speed(2.0, 0.3, rate_hz);
}

static void other_rates_are_converted(void) {
  check_speed(1.0, 0, 48000);
  check_speed(1.0, 0.4, 22050);
  check_speed(0.5, 0.4, 48000);
}

static void changing_speed_keeps_sound_and_playhead_together(void) {
  TriPlayer *player = player_on(clicks("change.wav", 4, when_s, 5, rate_hz));
  tri_player_play(player);
  g_free(pull(player, 0.7));
  g_object_set(player, "speed", 0.5, NULL);
  g_free(pull(player, 0.3)); /* what was laid out at the old speed has been heard */
  double at_s = tri_player_get_position(player);
  CHECK(at_s > 0.85 && at_s < 1.0);
  float *stereo = pull(player, 2.0);
  double heard = centre_s(stereo, (1.7 - at_s) / 0.5, 0.15, 0);
  CHECK_NEAR(at_s + heard * 0.5, 1.7, 0.012);
  g_free(stereo);
  g_object_unref(player);
}

static void a_loop_comes_round(void) {
  TriPlayer *player = player_on(clicks("loop.wav", 4, when_s, 5, rate_hz));
  g_object_set(player, "loop-start", 0.9, "loop-end", 1.9, NULL);
  tri_player_seek(player, 0.9);
  tri_player_play(player);
  float *stereo = pull(player, 3);
  for (int round = 0; round < 3; round++) {
    CHECK_NEAR(centre_s(stereo, round + 0.1, 0.05, 0), round + 0.1, 0.002);
    CHECK_NEAR(centre_s(stereo, round + 0.8, 0.05, 0), round + 0.8, 0.002);
  }
  CHECK(tri_player_get_playing(player));
  CHECK(tri_player_get_position(player) >= 0.9 && tri_player_get_position(player) <= 1.9);
  g_free(stereo);
  g_object_unref(player);
}

static void it_ends_and_begins_again(void) {
  TriPlayer *player = player_on(clicks("end.wav", 1, when_s, 1, rate_hz));
  tri_player_play(player);
  g_free(pull(player, 1.2));
  CHECK(!tri_player_get_playing(player));
  CHECK_NEAR(tri_player_get_position(player), 1, 1e-6);
  tri_player_play(player);
  float *stereo = pull(player, 0.8);
  CHECK_NEAR(centre_s(stereo, 0.5, 0.1, 0), 0.5, 0.002);
  tri_player_stop(player);
  CHECK_NEAR(tri_player_get_position(player), 0, 1e-9);
  g_free(stereo);
  stereo = pull(player, 0.5);
  CHECK(peak(stereo, 0.02, 0.5, 0) == 0);
  g_free(stereo);
  g_object_unref(player);
}

static void a_range_stops_at_its_end(void) {
  TriPlayer *player = player_on(clicks("range.wav", 4, when_s, 5, rate_hz));
  g_object_set(player, "loop-start", 0.5, "loop-end", 1.1, NULL);
  tri_player_play_range(player, 0.9, 1.2);
  float *stereo = pull(player, 2);
  CHECK_NEAR(centre_s(stereo, 0.1, 0.1, 0), 0.1, 0.002);
  CHECK(peak(stereo, 0.4, 2, 0) < 1e-4);
  CHECK(!tri_player_get_playing(player));
  CHECK_NEAR(tri_player_get_position(player), 1.2, 1e-6);
  g_free(stereo);
  tri_player_seek(player, 0.9);
  tri_player_play(player);
  g_free(pull(player, 2));
  CHECK(tri_player_get_playing(player) && tri_player_get_position(player) <= 1.1);
  g_object_unref(player);
}

static void seeking_while_playing_starts_there(void) {
  TriPlayer *player = player_on(clicks("seek.wav", 4, when_s, 5, rate_hz));
  tri_player_play(player);
  g_free(pull(player, 0.3));
  tri_player_seek(player, 2.3);
  CHECK_NEAR(tri_player_get_position(player), 2.3, 1e-9);
  float *stereo = pull(player, 1);
  CHECK_NEAR(centre_s(stereo, 0.1, 0.08, 0), 0.1, 0.002);
  g_free(stereo);
  g_object_unref(player);
}

static Motion *one_note(double onset_s) {
  Motion *motion = motion_new();
  motion_add(motion, onset_s, onset_s + 0.3, 84, 110, 1);
  return motion;
}

/* When the synth's attack is heard after a key at frame 0: its own delay, measured live. */
static double attack_s(void) {
  TriPlayer *player = player_on(NULL);
  g_object_set(player, "mix", 1.0, NULL);
  guint8 key = 84;
  g_free(pull(player, 0.1));
  tri_player_strike(player, &key, 1, 110, 0.3);
  float *stereo = pull(player, 1);
  double at_s = first_above(stereo, 1, 0, 0.01);
  CHECK(at_s >= 0);
  CHECK(peak(stereo, 0, 0.3, 0) > 0.02);
  g_free(stereo);
  g_object_unref(player);
  return at_s;
}

static void the_synth_strikes_at_its_instant(void) {
  double attack = attack_s();
  for (int i = 0; i < 4; i++) {
    double speed = (double[]){1, 0.5, 0.7, 1.6}[i];
    TriPlayer *player = player_on(clicks("silence.wav", 4, NULL, 0, rate_hz));
    Motion *motion = one_note(1.2345);
    tri_player_set_motion(player, motion);
    g_object_set(player, "mix", 1.0, "speed", speed, NULL);
    tri_player_seek(player, 0.2);
    tri_player_play(player);
    float *stereo = pull(player, 2.5);
    CHECK_NEAR(first_above(stereo, 2.5, 0, 0.01) - attack, (1.2345 - 0.2) / speed, 0.003);
    motion_free(motion);
    g_free(stereo);
    g_object_unref(player);
  }
}

static void a_motion_alone_plays(void) {
  TriPlayer *player = player_on(NULL);
  tri_player_play(player);
  CHECK(!tri_player_get_playing(player));
  Motion *motion = one_note(0.5);
  tri_player_set_motion(player, motion);
  g_object_set(player, "mix", 1.0, NULL);
  CHECK_NEAR(tri_player_get_duration(player), 0.8, 1e-9);
  tri_player_play(player);
  float *stereo = pull(player, 0.7);
  CHECK(peak(stereo, 0, 0.49, 0) < 1e-4 && peak(stereo, 0.5, 0.7, 0) > 0.02);
  motion_free(motion);
  g_free(stereo);
  g_object_unref(player);
}

static void ears_are_split(void) {
  TriPlayer *player = player_on(clicks("ears.wav", 2, when_s, 1, rate_hz));
  Motion *motion = one_note(1.0);
  tri_player_set_motion(player, motion);
  g_object_set(player, "mix", 0.5, "split-ears", TRUE, NULL);
  tri_player_play(player);
  float *stereo = pull(player, 1.5);
  CHECK(peak(stereo, 0.4, 0.6, 0) > 0.3 && peak(stereo, 0.4, 0.6, 1) < 1e-3);
  CHECK(peak(stereo, 1.0, 1.3, 1) > 0.02 && peak(stereo, 1.0, 1.3, 0) < 1e-3);
  motion_free(motion);
  g_free(stereo);
  g_object_unref(player);
}

static void counting_in_delays_the_sound_by_its_beats(void) {
  TriPlayer *player = player_on(clicks("count.wav", 3, when_s, 1, rate_hz));
  double beats[] = {0, 0.4, 0.8, 1.2};
  tri_player_set_beats(player, beats, NULL, 4);
  g_object_set(player, "count-in", 3, "click-gain", 1.0, NULL);
  tri_player_play(player);
  float *stereo = pull(player, 2);
  for (int i = 0; i < 3; i++) {
    CHECK(peak(stereo, 0.4 * i, 0.4 * i + 0.05, 0) > 0.1);
    CHECK(peak(stereo, 0.4 * i + 0.25, 0.4 * i + 0.39, 0) < 0.02);
  }
  CHECK_NEAR(centre_s(stereo, 1.7, 0.1, 0), 1.7, 0.002);
  g_free(stereo);
  g_object_unref(player);
}

static void scrubbing_gives_a_grain(void) {
  TriPlayer *player = player_on(clicks("grain.wav", 2, when_s, 1, rate_hz));
  g_free(pull(player, 0.05));
  tri_player_scrub(player, 0.5);
  float *stereo = pull(player, 0.2);
  CHECK(peak(stereo, 0, 0.08, 0) > 0.3);
  CHECK(peak(stereo, 0.08, 0.2, 0) < 1e-4);
  CHECK(!tri_player_get_playing(player));
  g_free(stereo);
  g_object_unref(player);
}

static void the_instrument_can_change_while_it_plays(void) {
  if (!piano_soundfont()) SKIP("no soundfont is installed");
  TriPlayer *player = player_on(NULL);
  Motion *motion = motion_new();
  for (int i = 0; i < 12; i++) motion_add(motion, 0.2 + 0.25 * i, 0.4 + 0.25 * i, 60, 90, 1);
  g_object_set(player, "mix", 1.0, NULL);
  tri_player_set_motion(player, motion);
  motion_free(motion);
  tri_player_play(player);
  for (int i = 0; i < 3; i++) {
    float *stereo = pull(player, 0.8);
    CHECK(peak(stereo, 0.3, 0.8, 0) > 1e-3);
    g_free(stereo);
    PianoSynth *synth = NULL;
    CHECK(piano_synth_new(NULL, &synth, &(PianoSynthParams){.rate_hz = tri_player_get_rate(player)}) ==
          BASE_OK);
    tri_player_take_synth(player, synth);
  }
  g_object_unref(player);
}

static void bad_files_are_refused(void) {
  TriPlayer *player = player_on(NULL);
  GError *error = NULL;
  CHECK(!tri_player_set_recording(player, "/nowhere/x.wav", &error) && error && *error->message);
  g_clear_error(&error);
  CHECK(tri_player_get_duration(player) == 0);
  g_object_unref(player);
}

static void without_a_device_time_goes_on(void) {
  g_setenv("TRIPTYCH_AUDIO", "null", TRUE);
  const char *path = clicks("clock.wav", 4, when_s, 5, rate_hz);
  TriPlayer *player = tri_player_new();
  CHECK(tri_player_set_recording(player, path, NULL));
  tri_player_play(player);
  for (int i = 0; i < 500 && tri_player_get_position(player) <= 0.01; i++) g_usleep(10000);
  double before_s = tri_player_get_position(player);
  gint64 begun = g_get_monotonic_time();
  double last_s = before_s;
  gboolean backwards = FALSE;
  while (g_get_monotonic_time() - begun < 800000) {
    double now_s = tri_player_get_position(player);
    backwards |= now_s < last_s - 0.005;
    last_s = now_s;
    g_usleep(2000);
  }
  double passed_s = (double)(g_get_monotonic_time() - begun) * 1e-6;
  CHECK(!backwards);
  CHECK_NEAR(tri_player_get_position(player) - before_s, passed_s, 0.15);
  tri_player_scrub(player, 1.0);
  g_object_set(player, "speed", 0.5, NULL);
  g_usleep(100000);
  tri_player_pause(player);
  double rest_s = tri_player_get_position(player);
  g_usleep(30000);
  CHECK(tri_player_get_position(player) == rest_s);
  g_object_unref(player);
}

CHECK_MAIN({CASE(speed_one_is_the_file_itself)}, {CASE(slow_sound_stays_under_the_playhead)},
           {CASE(fast_sound_stays_under_the_playhead)}, {CASE(other_rates_are_converted)},
           {CASE(changing_speed_keeps_sound_and_playhead_together)}, {CASE(a_loop_comes_round)},
           {CASE(it_ends_and_begins_again)}, {CASE(a_range_stops_at_its_end)},
           {CASE(seeking_while_playing_starts_there)}, {CASE(the_synth_strikes_at_its_instant)},
           {CASE(a_motion_alone_plays)}, {CASE(ears_are_split)},
           {CASE(counting_in_delays_the_sound_by_its_beats)}, {CASE(scrubbing_gives_a_grain)},
           {CASE(the_instrument_can_change_while_it_plays)}, {CASE(bad_files_are_refused)},
           {CASE(without_a_device_time_goes_on)})
