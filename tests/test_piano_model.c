/* The differentiable piano: its picture agrees with the analysis of real sine waves, and its gradients with
 * central differences. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_explain.h"
#include "core/piano/piano_fit.h"
#include "core/piano/piano_loss.h"
#include "core/piano/piano_wave.h"
#include "tests/check.h"

#include <math.h>

enum { FRAMES = 120, NOTES = 4 };

static const PianoNote notes[NOTES] = {
    {0.1013, 0.6021, 70, 39, 0},
    {0.2137, 0.3312, 41, 46, 1},
    {0.3291, 1.1, 101, 12, 0, 0.6},
    {-0.0713, 0.4423, 90, 63, 0},
};

/* An instrument whose partials lie between the rows of the kernel, where its slope has no step. */
static PianoModel instrument(void) {
  PianoModel reference = piano_model_default();
  BaseRng rng = base_rng(1, 0);
  return piano_model_sample(&reference, &rng, 0.1);
}

/* A target that differs everywhere, so that no derivative vanishes by symmetry. */
static PianoFrames *target_frames(PianoSpectrum *s, const PianoModel *model) {
  PianoNote moved[NOTES];
  memcpy(moved, notes, sizeof moved);
  for (int i = 0; i < NOTES; i++) moved[i].onset_s += 0.013 * (i - 1.5), moved[i].velocity += 5 * (i - 1.4);
  BaseRng rng = base_rng(7, 0);
  PianoModel other = piano_model_sample(model, &rng, 0.3);
  const PianoFrames *made = piano_spectrum_forward(s, &other, moved, NOTES, 0);
  PianoFrames *copy = piano_frames_new(FRAMES);
  for (int r = 0; r < PIANO_RESOLUTIONS; r++)
    memcpy(copy->power[r], made->power[r], sizeof(float) * FRAMES * (size_t)piano_resolution(r)->bins);
  return copy;
}

static double loss_of(PianoSpectrum *s, const PianoModel *model, const PianoNote *played,
                      const PianoFrames *target, PianoFrames *by_power) {
  return piano_loss(by_power, piano_spectrum_forward(s, model, played, NOTES, 0), target, 0, FRAMES, NULL);
}

/* Central differences in float arithmetic: a step large enough to rise above rounding. */
static void agree(const char *name, int index, double analytic, double numeric, double scale) {
  double error = fabs(analytic - numeric);
  if (error > 0.03 * fabs(numeric) + scale) {
    printf("# %s[%d]: %.6g against %.6g\n", name, index, analytic, numeric);
    check_report(__FILE__, __LINE__, "gradient agrees with central differences");
  }
}

static void gradients_of_the_instrument(void) {
  PianoSpectrum *s = NULL;
  CHECK(piano_spectrum_new(NULL, &s, FRAMES) == BASE_OK);
  PianoModel model = instrument(), gradient = {{0}};
  PianoFrames *target = target_frames(s, &model), *by_power = piano_frames_new(FRAMES);
  loss_of(s, &model, notes, target, by_power);
  piano_spectrum_backward(s, &gradient, NULL, by_power, &model, notes, NOTES, 0);
  const PianoBlockInfo *blocks = piano_blocks();
  for (int b = 0; b < PIANO_N_BLOCKS; b++) {
    int step = blocks[b].count > 100 ? 53 : 1, moving = 0;
    for (int j = 0; j < blocks[b].count; j += step) {
      int i = blocks[b].first + j;
      double h = fmin(0.02 * blocks[b].deviation, b == PIANO_INHARMONICITY ? 0.001 : 0.05);
      PianoModel up = model, down = model;
      up.values[i] += (float)h;
      down.values[i] -= (float)h;
      double numeric = (loss_of(s, &up, notes, target, NULL) - loss_of(s, &down, notes, target, NULL)) /
                       ((double)up.values[i] - (double)down.values[i]);
      agree(blocks[b].name, j, gradient.values[i], numeric, 4e-5);
      moving += fabs(numeric) > 1e-6;
    }
    CHECK_SAYING(moving > 0, "block %s has no effect", blocks[b].name);
  }
  piano_frames_free(target);
  piano_frames_free(by_power);
  piano_spectrum_free(s);
}

static void gradients_of_the_hands(void) {
  PianoSpectrum *s = NULL;
  CHECK(piano_spectrum_new(NULL, &s, FRAMES) == BASE_OK);
  PianoModel model = instrument();
  PianoFrames *target = target_frames(s, &model), *by_power = piano_frames_new(FRAMES);
  PianoNoteGradient by_note[NOTES] = {{0}};
  loss_of(s, &model, notes, target, by_power);
  piano_spectrum_backward(s, NULL, by_note, by_power, &model, notes, NOTES, 0);
  for (int i = 0; i < NOTES; i++)
    for (int field = 0; field < 3; field++) {
      PianoNote up[NOTES], down[NOTES];
      memcpy(up, notes, sizeof up);
      memcpy(down, notes, sizeof down);
      double h = field == 2 ? 0.3 : 0.0002;
      double *at_up[] = {&up[i].onset_s, &up[i].end_s, &up[i].velocity};
      double *at_down[] = {&down[i].onset_s, &down[i].end_s, &down[i].velocity};
      *at_up[field] += h;
      *at_down[field] -= h;
      double numeric =
          (loss_of(s, &model, up, target, NULL) - loss_of(s, &model, down, target, NULL)) / (2 * h);
      double analytic[] = {by_note[i].onset, by_note[i].end, by_note[i].velocity};
      agree(field == 0   ? "onset"
            : field == 1 ? "end"
                         : "velocity",
            i, analytic[field], numeric, field == 2 ? 1e-5 : 3e-3);
    }
  piano_frames_free(target);
  piano_frames_free(by_power);
  piano_spectrum_free(s);
}

/* However far an instrument is from any that was built. */
static void powers_are_never_negative(void) {
  PianoSpectrum *s = NULL;
  CHECK(piano_spectrum_new(NULL, &s, FRAMES) == BASE_OK);
  PianoModel reference = piano_model_default();
  BaseRng rng = base_rng(11, 0);
  size_t bad = 0;
  for (int i = 0; i < 12; i++) {
    PianoModel odd = piano_model_sample(&reference, &rng, 6);
    PianoNote soft[NOTES];
    memcpy(soft, notes, sizeof soft);
    for (int k = 0; k < NOTES; k++) soft[k].velocity = 1 + 30 * (i % 4), soft[k].key = 87 - 7 * k;
    const PianoFrames *made = piano_spectrum_forward(s, &odd, soft, NOTES, 0);
    for (int r = 0; r < PIANO_RESOLUTIONS; r++)
      for (size_t c = 0; c < FRAMES * (size_t)piano_resolution(r)->bins; c++)
        bad += !(made->power[r][c] >= 0);
  }
  CHECK_SAYING(bad == 0, "%zu cells", bad);
  piano_spectrum_free(s);
}

static void a_string_struck_while_it_sounds_is_told(void) {
  Motion *motion = motion_new();
  motion_add(motion, 1, 1.5, 60, 64, 1);
  motion_add(motion, 1.5, 2, 60, 64, 1); /* at once */
  motion_add(motion, 1.6, 2, 61, 64, 1); /* another string */
  motion_add(motion, 2.2, 3, 60, 64, 1); /* after 0.2 s */
  PianoNotes of = {0};
  CHECK(piano_notes_of(NULL, &of, motion) == BASE_OK && of.n == 4);
  CHECK_NEAR(of.items[0].restruck, 0, 1e-9);
  CHECK_NEAR(of.items[1].restruck, 1, 1e-9);
  CHECK_NEAR(of.items[2].restruck, 0, 1e-9);
  CHECK_NEAR(of.items[3].restruck, exp(-1), 1e-6);
  piano_notes_clear(&of);
  motion_free(motion);
}

static void kernel_is_what_the_analysis_does(void) {
  DspAudio *tone = dsp_audio_new(PIANO_RATE_HZ, 1, PIANO_RATE_HZ);
  double hz[] = {65.0, 261.6, 1000.0, 4321.0};
  for (int k = 0; k < 4; k++) {
    for (size_t i = 0; i < tone->frames; i++)
      tone->samples[i] = (float)sin(2 * M_PI * hz[k] * (double)i / PIANO_RATE_HZ);
    PianoFrames *heard;
    CHECK(piano_frames_analyse(NULL, &heard, tone) == BASE_OK);
    for (int r = 0; r < PIANO_RESOLUTIONS; r++) {
      PianoKernel *kernel = piano_kernel_new(r);
      float weights[PIANO_KERNEL_WIDTH];
      int first, n = piano_kernel_row(kernel, hz[k], &first, weights, NULL);
      for (int i = 0; i < n; i++) {
        double found = heard->power[r][(size_t)(first + i) * heard->frames + 50];
        if (weights[i] > 0.05) CHECK_NEAR(found, weights[i], 0.08 * weights[i] + 0.02);
      }
      piano_kernel_free(kernel);
    }
    piano_frames_free(heard);
  }
  dsp_audio_free(tone);
}

static void saved_and_loaded_is_the_same(void) {
  BaseRng rng = base_rng(3, 0);
  PianoModel reference = piano_model_default(), drawn = piano_model_sample(&reference, &rng, 1), back;
  const char *path = check_temporary("piano.weights");
  CHECK(piano_model_save(NULL, &drawn, BASE_F32, "a test", path) == BASE_OK);
  BaseContext ctx = {0};
  CHECK_SAYING(piano_model_load(&ctx, &back, path) == BASE_OK, "%s", ctx.sentence);
  CHECK(memcmp(&drawn, &back, sizeof back) == 0);
  void *bytes = NULL;
  size_t n = 0;
  CHECK(piano_model_pack(NULL, &bytes, &n, &drawn, BASE_F32, "a test") == BASE_OK);
  memset(&back, 0, sizeof back);
  CHECK(piano_model_unpack(NULL, &back, bytes, n, "the test") == BASE_OK);
  CHECK(memcmp(&drawn, &back, sizeof back) == 0);
  CHECK(piano_model_unpack(&ctx, &back, bytes, n / 2, "half of it") != BASE_OK &&
        strstr(ctx.sentence, "half of it"));
  free(bytes);
}

/* Sound of a known instrument, as the analysis would see it. */
static PianoFrames *sound_of(const PianoModel *model, const PianoNote *played, size_t n, size_t frames) {
  PianoSpectrum *s = NULL;
  PianoFrames *copy = piano_frames_new(frames);
  CHECK(piano_spectrum_new(NULL, &s, frames) == BASE_OK);
  const PianoFrames *made = piano_spectrum_forward(s, model, played, n, 0);
  for (int r = 0; r < PIANO_RESOLUTIONS; r++)
    memcpy(copy->power[r], made->power[r], sizeof(float) * frames * (size_t)piano_resolution(r)->bins);
  piano_spectrum_free(s);
  return copy;
}

enum { TUNE = 8, TUNE_FRAMES = 300 };

/* Three seconds in the middle of the keyboard. */
static void write_tune(PianoNote *tune) {
  static const int keys[TUNE] = {39, 43, 46, 51, 48, 44, 41, 34};
  for (int i = 0; i < TUNE; i++)
    tune[i] = (PianoNote){0.2 + 0.31 * i, 0.2 + 0.31 * i + 0.28, 50 + 7 * (i % 4), keys[i], 0};
}

static void learning_a_little_spoils_nothing_unheard(void) {
  PianoModel start = piano_model_default(), learned = start;
  BaseRng rng = base_rng(11, 0);
  PianoModel other = piano_model_sample(&start, &rng, 0.6);
  PianoNote tune[TUNE];
  write_tune(tune);
  PianoFrames *heard = sound_of(&other, tune, TUNE, TUNE_FRAMES);
  double before = 0, after = 0;
  PianoModel untouched = start;
  CHECK(piano_fit_instrument(NULL, &untouched, &before, heard, tune, TUNE, 0,
                             &(PianoFitParams){.iterations = 1}) == BASE_OK);
  CHECK(piano_fit_instrument(NULL, &learned, &after, heard, tune, TUNE, 0, NULL) == BASE_OK);
  CHECK_SAYING(after < 0.5 * before, "loss %g from %g", after, before);
  double shift = learned.values[PIANO_AT_KEY_LEVEL]; /* the level of the whole recording */
  for (int key = 0; key < PIANO_KEYS; key++) {
    bool played = false;
    for (int i = 0; i < TUNE; i++) played = played || tune[i].key == key;
    if (played) continue;
    CHECK(learned.values[PIANO_AT_KEY_TUNING + key] == start.values[PIANO_AT_KEY_TUNING + key]);
    CHECK_NEAR(learned.values[PIANO_AT_KEY_LEVEL + key] - shift, start.values[PIANO_AT_KEY_LEVEL + key],
               1e-4);
  }
  const PianoBlockInfo *blocks = piano_blocks();
  for (int b = 0; b < PIANO_N_BLOCKS; b++)
    for (int j = blocks[b].first; j < blocks[b].first + blocks[b].count; j++)
      CHECK_SAYING(learned.values[j] >= blocks[b].low && learned.values[j] <= blocks[b].high, "%s",
                   blocks[b].name);
  for (int key = 0; key < PIANO_KEYS; key += 87) {
    PianoPartialSound sound = piano_model_partial(&learned, key, 1, 64, 0),
                      was = piano_model_partial(&start, key, 1, 64, 0);
    CHECK_NEAR(sound.ln_power - shift, was.ln_power, 3);
    CHECK_NEAR(log(sound.tau1_s / was.tau1_s), 0, 1);
  }
  piano_frames_free(heard);
}

static void onsets_and_velocities_come_back(void) {
  PianoModel model = piano_model_default();
  PianoNote tune[TUNE], moved[TUNE];
  write_tune(tune);
  PianoFrames *heard = sound_of(&model, tune, TUNE, TUNE_FRAMES);
  memcpy(moved, tune, sizeof moved);
  for (int i = 0; i < TUNE; i++) moved[i].onset_s += 0.03 * (i % 2 ? 1 : -1);
  CHECK(piano_fit_notes(NULL, moved, TUNE, NULL, &model, heard, 0,
                        &(PianoFitNotesParams){.what = PIANO_FIT_ONSETS}) == BASE_OK);
  for (int i = 0; i < TUNE; i++) CHECK_NEAR(moved[i].onset_s, tune[i].onset_s, 0.006);
  memcpy(moved, tune, sizeof moved);
  for (int i = 0; i < TUNE; i++) moved[i].velocity = 64;
  CHECK(piano_fit_notes(NULL, moved, TUNE, NULL, &model, heard, 0,
                        &(PianoFitNotesParams){.what = PIANO_FIT_VELOCITIES}) == BASE_OK);
  for (int i = 0; i < TUNE; i++) CHECK_NEAR(moved[i].velocity, tune[i].velocity, 3);
  piano_frames_free(heard);
}

/* A hammer that is hardly moved comes when it likes: the chord tells when its key was pressed. One that is
 * thrown is believed, however near its neighbour. */
static void a_soft_note_is_timed_by_its_chord(void) {
  enum { CHORD = 4, SOFT = 1, APART = 3 };
  PianoModel model = piano_model_default();
  const PianoNote chord[CHORD] = {{1.0, 1.8, 80, 27, 0, 0},
                                  {1.0, 1.8, 24, 32, 0, 0},
                                  {1.0, 1.8, 76, 39, 0, 0},
                                  {1.05, 1.8, 80, 46, 0, 0}};
  PianoNote sounding[CHORD], told[CHORD];
  memcpy(sounding, chord, sizeof chord);
  memcpy(told, chord, sizeof chord);
  sounding[SOFT].onset_s += 0.03;
  for (int i = 0; i < CHORD; i++) told[i].onset_s += 0.02 * (i % 2 ? 1 : -1);
  PianoFrames *heard = sound_of(&model, sounding, CHORD, 250);
  CHECK(piano_fit_notes(NULL, told, CHORD, NULL, &model, heard, 0, NULL) == BASE_OK);
  CHECK_NEAR(told[SOFT].onset_s, 1.0, 0.012);
  CHECK_NEAR(told[APART].onset_s, 1.05, 0.006);
  piano_frames_free(heard);
}

static void a_missing_and_a_wrong_note_are_told(void) {
  PianoModel model = piano_model_default();
  PianoNote tune[TUNE], told[TUNE];
  write_tune(tune);
  PianoFrames *heard = sound_of(&model, tune, TUNE, TUNE_FRAMES);
  memcpy(told, tune, sizeof told);
  told[2].key += 1;
  PianoEvidence evidence[TUNE];
  PianoMissing missing[4];
  size_t found = 0;
  CHECK(piano_explain(NULL, evidence, &model, heard, told, TUNE, 0) == BASE_OK);
  for (int i = 0; i < TUNE; i++)
    CHECK_SAYING(i == 2 || evidence[i].gain > 1.2f * evidence[2].gain, "note %d: %g", i,
                 (double)evidence[i].gain);
  CHECK(piano_explain_missing(NULL, missing, &found, 4, &model, heard, told, TUNE, 0) == BASE_OK);
  CHECK(found >= 1 && missing[0].key == tune[2].key);
  CHECK_NEAR(missing[0].onset_s, tune[2].onset_s, 0.06);
  piano_frames_free(heard);
}

static void the_reference_is_learned(void) {
  PianoModel reference = piano_model_reference(), formulas = piano_model_default(),
             common = piano_model_common(&reference);
  CHECK(memcmp(&reference, &formulas, sizeof reference) != 0);
  CHECK(common.values[PIANO_AT_KEY_PARTIAL + 1000] == 0);
  for (int key = 0; key + 12 < PIANO_KEYS; key++) {
    double ratio =
        piano_model_frequency_hz(&reference, key + 12, 1) / piano_model_frequency_hz(&reference, key, 1);
    CHECK_NEAR(1200 * log2(ratio), 1200, 25);
  }
}

/* The two renderers share an instrument: what the additive one plays is analysed to what the spectral one
 * draws. */
static void the_sound_is_what_the_picture_shows(void) {
  PianoModel dry = piano_model_reference();
  for (int i = 0; i < PIANO_ROOMS; i++) dry.values[PIANO_AT_ROOM_LEVEL + i] = -9;
  for (int i = 0; i < PIANO_BANDS; i++) dry.values[PIANO_AT_NOISE + i] = -30;
  dry.values[PIANO_AT_DELAY] = 0;
  PianoNote tune[TUNE];
  write_tune(tune);
  Motion *motion = motion_new();
  for (int i = 0; i < TUNE; i++)
    motion_add(motion, tune[i].onset_s, tune[i].end_s, tune[i].key + MOTION_LOWEST_KEY, (int)tune[i].velocity,
               1);
  DspAudio *sound = NULL;
  PianoFrames *analysed = NULL, *drawn = sound_of(&dry, tune, TUNE, TUNE_FRAMES);
  CHECK(piano_wave_render(NULL, &sound, &dry, motion, &(PianoWaveParams){.rate_hz = PIANO_RATE_HZ}) ==
        BASE_OK);
  CHECK(piano_frames_analyse(NULL, &analysed, sound) == BASE_OK);
  for (int r = 0; r < PIANO_RESOLUTIONS; r++) {
    double most = 0, sum = 0, bias = 0, n = 0;
    for (size_t i = 0; i < TUNE_FRAMES * (size_t)piano_resolution(r)->bins; i++)
      most = fmax(most, drawn->power[r][i]);
    for (int b = 0; b < piano_resolution(r)->bins; b++)
      for (size_t t = 0; t < TUNE_FRAMES - 20; t++) {
        double x = drawn->power[r][(size_t)b * TUNE_FRAMES + t],
               y = analysed->power[r][(size_t)b * analysed->frames + t];
        if (x < 1e-3 * most) continue;
        double db = 10 * log10((y + 1e-9 * most) / x);
        sum += fabs(db);
        bias += db;
        n++;
      }
    CHECK_SAYING(n > 500 && sum / n < 4.5 && fabs(bias / n) < 3,
                 "resolution %d: %.2f dB apart (%+.2f) over %.0f", r, sum / n, bias / n, n);
  }
  piano_frames_free(analysed);
  piano_frames_free(drawn);
  dsp_audio_free(sound);
  motion_free(motion);
}

CHECK_MAIN({CASE(gradients_of_the_instrument)}, {CASE(gradients_of_the_hands)},
           {CASE(powers_are_never_negative)}, {CASE(a_string_struck_while_it_sounds_is_told)},
           {CASE(kernel_is_what_the_analysis_does)}, {CASE(saved_and_loaded_is_the_same)},
           {CASE(learning_a_little_spoils_nothing_unheard)}, {CASE(onsets_and_velocities_come_back)},
           {CASE(a_soft_note_is_timed_by_its_chord)}, {CASE(a_missing_and_a_wrong_note_are_told)},
           {CASE(the_reference_is_learned)}, {CASE(the_sound_is_what_the_picture_shows)})
