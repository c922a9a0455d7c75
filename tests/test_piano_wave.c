/* The differentiable piano as sound in a file: of any length in little memory, whole or not at all.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_room.h"
#include "core/piano/piano_wave.h"
#include "tests/check.h"

#include <malloc.h>
#include <math.h>
#include <stdatomic.h>
#include <unistd.h>

/* Keys here and there over `minutes`, held by the pedal at times. */
static Motion *long_motion(double minutes, int velocity) {
  Motion *motion = motion_new();
  for (double at_s = 0.2; at_s < 60 * minutes; at_s += 7.3)
    motion_add(motion, at_s, at_s + 1 + 30 * (motion->notes.n % 5 == 0), 40 + (int)motion->notes.n * 7 % 40,
               velocity, 1);
  return motion;
}

/* The whole in memory and the file written on the way are the same sound, block edges included; a loud one is
 * turned down. */
static void a_file_is_what_the_model_plays(void) {
  enum { RATE_HZ = 8000 };
  PianoModel model = piano_model_reference();
  const char *path = check_temporary("model.wav");
  const PianoWaveParams params = {.rate_hz = RATE_HZ};
  for (int loud = 0; loud < 2; loud++) {
    Motion *motion = long_motion(1.6, loud ? 127 : 50);
    for (int key = 30; loud && key < 90; key++) motion_add(motion, 12, 20, key, 127, 1);
    motion_sort(motion);
    DspAudio *whole = NULL, *streamed = NULL;
    PianoReverb *reverb = NULL;
    PianoRoom room = piano_room_of(&model);
    double duration_s = 0, peak = 0, worst = 0;
    CHECK(piano_wave_file(NULL, &duration_s, path, &model, motion, &params) == BASE_OK);
    CHECK(piano_wave_render(NULL, &whole, &model, motion, &params) == BASE_OK);
    CHECK(piano_reverb_new(NULL, &reverb, &room, RATE_HZ, 0) == BASE_OK);
    CHECK(dsp_audio_load(NULL, &streamed, path, NULL) == BASE_OK);
    piano_reverb_add(reverb, whole->samples, whole->frames);
    CHECK(streamed->frames == whole->frames);
    CHECK_NEAR(duration_s, (double)whole->frames / RATE_HZ, 1e-9);
    for (size_t i = 0; i < whole->frames; i++) peak = fmax(peak, fabsf(whole->samples[i]));
    CHECK_SAYING((peak > 0.95) == loud, "a peak of %g", peak);
    for (size_t i = 0; i < whole->frames; i++)
      worst = fmax(worst, fabs(whole->samples[i] * fmin(1, 0.95 / peak) - streamed->samples[i]));
    CHECK_SAYING(worst < 1.5 / 32768, "%g apart", worst);
    piano_reverb_free(reverb);
    dsp_audio_free(whole);
    dsp_audio_free(streamed);
    motion_free(motion);
  }
}

static size_t memory_in_use(void) {
  struct mallinfo2 now = mallinfo2();
  return now.uordblks + now.hblkhd;
}

static void note_memory(void *user, double fraction, const char *what) {
  size_t *most = user, now = memory_in_use();
  if (now > *most) *most = now;
}

static void playing_long_takes_no_more_memory(void) {
  size_t most[2] = {0}, before = memory_in_use();
  PianoModel model = piano_model_reference();
  for (int i = 0; i < 2; i++) {
    BaseContext ctx = {.progress = note_memory, .user = &most[i]};
    Motion *motion = long_motion(i ? 12 : 2, 60);
    CHECK(piano_wave_file(&ctx, NULL, check_temporary("long.wav"), &model, motion,
                          &(PianoWaveParams){.rate_hz = 8000}) == BASE_OK);
    motion_free(motion);
  }
  CHECK_SAYING(most[1] < most[0] + (1 << 20), "%zu kB for 2 minutes, %zu for 12", (most[0] - before) >> 10,
               (most[1] - before) >> 10);
}

static void a_file_of_the_model_given_up_leaves_nothing(void) {
  atomic_bool cancel = true;
  BaseContext ctx = {.cancel = &cancel};
  PianoModel model = piano_model_default();
  Motion *motion = long_motion(0.2, 60);
  const char *path = check_temporary("given-up.wav");
  CHECK(piano_wave_file(&ctx, NULL, path, &model, motion, NULL) == BASE_CANCELLED);
  CHECK(access(path, F_OK) != 0);
  CHECK(piano_wave_file(NULL, NULL, check_temporary("sound.xyz"), &model, motion, NULL) == BASE_BAD_INPUT);
  motion_free(motion);
}

CHECK_MAIN({CASE(a_file_is_what_the_model_plays)}, {CASE(playing_long_takes_no_more_memory)},
           {CASE(a_file_of_the_model_given_up_leaves_nothing)})
