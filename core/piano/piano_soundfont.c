/* One key after another, each held until its second stage of decay can be heard, then released and left to
 * ring off. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_soundfont.h"

#include "core/piano/piano.h"
#include "core/piano/piano_fit.h"

#include <math.h>

enum { ITERATIONS = 120 };

static const int taught[] = {30, 60, 85, 112}, tested[] = {45, 100};

/* Adds the keys first, first + step … at one velocity; the second after the last. */
static double add_keys(Motion *motion, double at_s, int first, int step, int velocity) {
  for (int key = first; key < PIANO_KEYS; key += step) {
    double held_s = key < 30 ? 1.8 : key < 60 ? 1.2 : 0.7;
    motion_add(motion, at_s, at_s + held_s, key + MOTION_LOWEST_KEY, velocity, 1);
    at_s += held_s + 0.5;
  }
  return at_s;
}

static Motion *lesson(void) {
  Motion *motion = motion_new();
  double at_s = 0.5;
  for (int i = 0; motion && i < (int)(sizeof taught / sizeof *taught); i++)
    at_s = add_keys(motion, at_s, 0, 1, taught[i]);
  return motion;
}

static Motion *exam(void) {
  Motion *motion = motion_new();
  double at_s = 0.5;
  for (int i = 0; motion && i < (int)(sizeof tested / sizeof *tested); i++)
    at_s = add_keys(motion, at_s, i, 3, tested[i]);
  return motion;
}

/* A motion, played and analysed. */
typedef struct {
  PianoNotes notes;
  DspAudio *mono;
  PianoFrames *frames;
} Played;

static void played_clear(Played *p) {
  piano_notes_clear(&p->notes);
  dsp_audio_free(p->mono);
  piano_frames_free(p->frames);
}

static BaseStatus play(BaseContext *ctx, Played *out, Motion *motion, const char *soundfont) {
  PianoRenderParams params = {.synth = {.soundfont = soundfont}, .tail_s = 1};
  DspAudio *stereo = NULL;
  *out = (Played){0};
  if (!motion) return base_fail_memory(ctx);
  BaseStatus status = piano_render(ctx, &stereo, motion, &params);
  if (status == BASE_OK) status = dsp_audio_convert(ctx, &out->mono, stereo, PIANO_RATE_HZ, 1);
  if (status == BASE_OK) status = piano_frames_analyse(ctx, &out->frames, out->mono);
  if (status == BASE_OK) status = piano_notes_of(ctx, &out->notes, motion);
  dsp_audio_free(stereo);
  motion_free(motion);
  return status;
}

static double distance_db(const PianoFrames *rendered, const PianoFrames *heard, double gain) {
  int bins = piano_resolution(0)->bins;
  double most = 0, total = 0;
  for (size_t i = 0; i < heard->frames * (size_t)bins; i++) most = fmax(most, heard->power[0][i]);
  for (size_t t = 0; t < heard->frames; t++) {
    double sum = 0;
    for (int b = 0; b < bins; b++) {
      size_t i = (size_t)b * heard->frames + t;
      double d =
          10 * log10((gain * rendered->power[0][i] + 1e-6 * most) / (heard->power[0][i] + 1e-6 * most));
      sum += d * d;
    }
    total += sqrt(sum / bins);
  }
  return total / (double)heard->frames;
}

/* With the best gain. */
static BaseStatus examine(BaseContext *ctx, double *db, const PianoModel *model, const Played *played) {
  PianoSpectrum *spectrum = NULL;
  BaseStatus status = piano_spectrum_new(ctx, &spectrum, played->frames->frames);
  if (status != BASE_OK) return status;
  const PianoFrames *rendered =
      piano_spectrum_forward(spectrum, model, played->notes.items, played->notes.n, 0);
  *db = INFINITY;
  for (double gain_db = -40; gain_db <= 40; gain_db += 1)
    *db = fmin(*db, distance_db(rendered, played->frames, pow(10, gain_db / 10)));
  piano_spectrum_free(spectrum);
  return BASE_OK;
}

BaseStatus piano_learn_soundfont(BaseContext *ctx, PianoModel *model, PianoSoundfontScore *score,
                                 const char *soundfont) {
  Played taught_notes, tested_notes = {0};
  PianoModel learned = *model;
  PianoFitParams params = {.iterations = ITERATIONS, .rate = 0.12, .weight = 10};
  BaseStatus status = play(ctx, &taught_notes, lesson(), soundfont);
  const PianoNotes *n = &taught_notes.notes;
  if (status == BASE_OK) status = piano_fit_tuning(ctx, &learned, taught_notes.mono, n->items, n->n, 0);
  if (status == BASE_OK)
    status = piano_fit_instrument(ctx, &learned, NULL, taught_notes.frames, n->items, n->n, 0, &params);
  if (status == BASE_OK && score) {
    status = play(ctx, &tested_notes, exam(), soundfont);
    if (status == BASE_OK) status = examine(ctx, &score->before_db, model, &tested_notes);
    if (status == BASE_OK) status = examine(ctx, &score->after_db, &learned, &tested_notes);
  }
  if (status == BASE_OK) *model = learned;
  played_clear(&taught_notes);
  played_clear(&tested_notes);
  return status;
}
