/* Learning from dreams, in seconds instead of hours. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_hearing.h"
#include "core/lmm/lmm_shelf.h"
#include "core/piano/piano_samples.h"
#include "tests/check.h"

#include <sys/stat.h>
#include <unistd.h>

/* The validation losses that were reported. */
typedef struct {
  double first, best;
  int n;
} Losses;

static void note_loss(void *user, const LmmReport *report) {
  Losses *losses = user;
  if (!losses->n++) losses->first = report->validation_loss;
  losses->best = report->best_loss;
}

static LmmLibrary *open_library(void) {
  LmmLibrary *library = NULL;
  char folder[1024];
  snprintf(folder, sizeof folder, "%s", check_data(""));
  const char *const folders[] = {folder};
  BaseContext ctx = {0};
  CHECK_SAYING(lmm_library_open(&ctx, &library, folders, 1) == BASE_OK, "%s", ctx.sentence);
  return library;
}

/* A small lesson of the big network on a handful of dreams. */
static void a_few_dreams_teach_hearing(void) {
  LmmLibrary *library = open_library();
  LmmInstruments *instruments = lmm_instruments_new(NULL);
  Losses losses = {0};
  LmmReport last;
  LmmHearingParams params = {.steps = 10,
                             .validate_every = 2,
                             .validation = 2,
                             .batch = 2,
                             .frames = 48,
                             .pool = 1,
                             .reuse = 1000,
                             .dreamers = 2,
                             .rate = 5e-3f,
                             .weights = check_temporary("hearing.weights"),
                             .report = note_loss,
                             .user = &losses};
  BaseContext ctx = {.seed = 5, .threads = 1};
  CHECK_SAYING(lmm_hearing_train(&ctx, &last, library, instruments, &params) == BASE_OK, "%s", ctx.sentence);
  CHECK(losses.n == 5 && last.step == 10 && isfinite(last.training_loss));
  CHECK_SAYING(losses.best < losses.first, "from %g to %g", losses.first, losses.best);
  BasePack *pack = NULL;
  CHECK_SAYING(base_pack_load(&ctx, &pack, params.weights) == BASE_OK, "%s", ctx.sentence);
  CHECK(pack && base_pack_find(pack, "weights.head.onset.weight") && base_pack_text(pack, "seed"));
  base_pack_free(pack);
  lmm_library_free(library);
  lmm_instruments_free(instruments);
}

static void a_dream_can_be_dreamt_again(void) {
  LmmLibrary *library = open_library();
  LmmInstruments *instruments = lmm_instruments_new(NULL);
  LmmShelf *shelf = lmm_shelf_new(library, instruments, 2, 3, 2, false);
  LmmHeard heard = {0};
  CHECK(lmm_shelf_take(NULL, &heard, shelf, 1) == BASE_OK && heard.frames > 50 && heard.motion->notes.n > 0);
  size_t frames = heard.frames, notes = heard.motion->notes.n, n = 0;
  uint8_t *before = malloc(20000);
  memcpy(before, heard.features, 20000);
  lmm_shelf_give(shelf, 1);
  CHECK(lmm_shelf_take(NULL, &heard, shelf, 3) == BASE_OK); /* takes the place of 1 */
  for (size_t i = 0; i < 20000; i++) n += heard.features[i] != before[i];
  CHECK(n > 0);
  lmm_shelf_give(shelf, 3);
  CHECK(lmm_shelf_take(NULL, &heard, shelf, 1) == BASE_OK);
  CHECK(heard.frames == frames && heard.motion->notes.n == notes &&
        memcmp(before, heard.features, 20000) == 0);
  lmm_shelf_give(shelf, 1);
  free(before);
  lmm_shelf_free(shelf);
  lmm_library_free(library);
  lmm_instruments_free(instruments);
}

/* ---- sampled instruments ---- */

enum { RATE_HZ = PIANO_SAMPLES_RATE_HZ };

/* Power of a sine of `hz` in 0.2 s of sound from `from_s` on, against all of it there. */
static double share_of(const DspAudio *mono, double from_s, double hz) {
  double re = 0, im = 0, all = 1e-12;
  const size_t from = (size_t)(from_s * RATE_HZ), n = RATE_HZ / 5;
  for (size_t i = from; i < from + n && i < mono->frames; i++) {
    const double x = mono->samples[i], t = (double)i / RATE_HZ;
    re += x * cos(2 * M_PI * hz * t), im += x * sin(2 * M_PI * hz * t), all += x * x;
  }
  return (re * re + im * im) / (0.5 * (double)n * all);
}

/* The first moment that is louder than a tenth of the loudest. */
static double start_of_sound(const DspAudio *mono) {
  float most = 0;
  size_t at = 0;
  for (size_t i = 0; i < mono->frames; i++) most = fmaxf(most, fabsf(mono->samples[i]));
  while (at < mono->frames && fabsf(mono->samples[at]) < 0.1F * most) at++;
  return (double)at / RATE_HZ;
}

/* One second of A4, the hammer falling after 0.1 s. */
static void write_note(const char *folder, const char *name, float loudness) {
  char path[1200];
  DspAudio *audio = dsp_audio_new(RATE_HZ, 1, RATE_HZ);
  snprintf(path, sizeof path, "%s/%s", folder, name);
  for (size_t i = RATE_HZ / 10; i < RATE_HZ; i++) audio->samples[i] = loudness * (float)sin(2 * M_PI * 440 * (double)i / RATE_HZ);
  CHECK(dsp_audio_write(NULL, audio, path) == BASE_OK);
  dsp_audio_free(audio);
}

static DspAudio *render(const PianoSamples *samples, const Motion *motion, const PianoSamplesSetup *setup) {
  DspAudio *sound = NULL;
  BaseRng rng = base_rng(1, 1);
  CHECK(piano_samples_render(NULL, &sound, samples, motion, setup, 0.5, &rng) == BASE_OK);
  return sound;
}

static void recorded_notes_are_played_in_time_and_in_tune(void) {
  char folder[1100];
  PianoSamples *samples = NULL;
  BaseContext ctx = {0};
  snprintf(folder, sizeof folder, "%s", check_temporary("grand"));
  mkdir(folder, 0700);
  CHECK(piano_samples_load(&ctx, &samples, folder) == BASE_BAD_INPUT && strstr(ctx.sentence, "grand"));
  write_note(folder, "A4v1.wav", 0.1F);
  write_note(folder, "A4v2.wav", 0.5F);
  CHECK_SAYING(piano_samples_load(&ctx, &samples, folder) == BASE_OK, "%s", ctx.sentence);
  Motion *motion = motion_new();
  motion_add(motion, 0.5, 1.2, 72, 100, 1);
  DspAudio *loud = render(samples, motion, NULL);
  CHECK_NEAR(start_of_sound(loud), 0.5, 0.004);
  CHECK_SAYING(share_of(loud, 0.6, 523.25) > 0.9, "%.3f", share_of(loud, 0.6, 523.25));
  motion->notes.items[0].velocity = 20;
  DspAudio *soft = render(samples, motion, NULL);
  CHECK(fabsf(soft->samples[RATE_HZ * 3 / 5]) < fabsf(loud->samples[RATE_HZ * 3 / 5]));
  CHECK(share_of(soft, 0.6, 523.25) > 0.9);
  dsp_audio_free(loud);
  dsp_audio_free(soft);
  motion_free(motion);
  piano_samples_free(samples);
}

/* While the pedal is down strings sound on and others answer. */
static void pedal_and_resonance_are_heard(void) {
  const char *font = "/usr/share/sounds/sf2/TimGM6mb.sf2";
  if (access(font, R_OK) != 0) SKIP("the soundfont is absent");
  PianoSamples *samples = NULL;
  BaseContext ctx = {0};
  CHECK_SAYING(piano_samples_capture(&ctx, &samples, font, 0) == BASE_OK, "%s", ctx.sentence);
  const PianoSamplesSetup answering = {.resonance_db = -10, .resonance_s = 4};
  double energy[3];
  for (int i = 0; i < 3; i++) {
    Motion *motion = motion_new();
    const MotionPedal press = {0.1, MOTION_SUSTAIN, 127}, lift = {1.9, MOTION_SUSTAIN, 0};
    motion_add(motion, 0.5, 0.8, 60, 90, 1);
    if (i > 0) CHECK(base_array_push(&motion->pedals, press) && base_array_push(&motion->pedals, lift));
    motion_add(motion, 1.95, 1.99, 21, 1, 1);
    DspAudio *sound = render(samples, motion, i == 2 ? &answering : NULL);
    energy[i] = 0;
    for (size_t t = RATE_HZ * 12 / 10; t < RATE_HZ * 18 / 10; t++) energy[i] += (double)sound->samples[t] * sound->samples[t];
    CHECK_NEAR(start_of_sound(sound), 0.5, 0.006);
    dsp_audio_free(sound);
    motion_free(motion);
  }
  CHECK_SAYING(energy[1] > 100 * energy[0] && energy[2] > 1.02 * energy[1], "%g %g %g", energy[0], energy[1], energy[2]);
  piano_samples_free(samples);
}

/* A pedal pressed less than half way lets a note die more slowly, but die. */
static void a_brushing_damper_is_heard(void) {
  char folder[1100];
  PianoSamples *samples = NULL;
  snprintf(folder, sizeof folder, "%s", check_temporary("brushed"));
  mkdir(folder, 0700);
  write_note(folder, "A4v1.wav", 0.5F);
  CHECK(piano_samples_load(NULL, &samples, folder) == BASE_OK);
  double energy[3];
  for (int i = 0; i < 3; i++) {
    Motion *motion = motion_new();
    motion_add(motion, 0.1, 0.3, 69, 90, 1);
    const MotionPedal press = {0.2, MOTION_SUSTAIN, (uint8_t)(i == 0 ? 0 : i == 1 ? 40 : 127)}, lift = {0.75, MOTION_SUSTAIN, 0};
    CHECK(base_array_push(&motion->pedals, press) && base_array_push(&motion->pedals, lift));
    DspAudio *sound = render(samples, motion, NULL);
    energy[i] = 1e-12;
    for (size_t t = RATE_HZ * 5 / 10; t < RATE_HZ * 7 / 10; t++) energy[i] += (double)sound->samples[t] * sound->samples[t];
    dsp_audio_free(sound);
    motion_free(motion);
  }
  CHECK_SAYING(energy[1] > 3 * energy[0] && energy[2] > 1.5 * energy[1], "%g %g %g", energy[0], energy[1], energy[2]);
  piano_samples_free(samples);
}

CHECK_MAIN({CASE(recorded_notes_are_played_in_time_and_in_tune)}, {CASE(pedal_and_resonance_are_heard)}, {CASE(a_brushing_damper_is_heard)},
           {CASE(a_few_dreams_teach_hearing)}, {CASE(a_dream_can_be_dreamt_again)})
