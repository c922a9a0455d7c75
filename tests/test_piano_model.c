/* The differentiable piano: its picture agrees with the analysis of real sine waves, and its gradients with
 * central differences. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_loss.h"
#include "core/piano/piano_spectrum.h"
#include "tests/check.h"

#include <math.h>

enum { FRAMES = 120, NOTES = 4 };

static const PianoNote notes[NOTES] = {
    {0.1013, 0.6021, 70, 39, 0},
    {0.2137, 0.3312, 41, 46, 1},
    {0.3291, 1.1, 101, 12, 0},
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
      double h = field == 2 ? 0.3 : 0.0005;
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
}

CHECK_MAIN({CASE(gradients_of_the_instrument)}, {CASE(gradients_of_the_hands)},
           {CASE(kernel_is_what_the_analysis_does)}, {CASE(saved_and_loaded_is_the_same)})
