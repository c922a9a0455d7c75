/* Slots that are filled on demand under their own locks. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_instruments.h"

#include "core/piano/piano_samples.h"
#include "core/piano/piano_wave.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 12 };

static const double MODEL_SHARE = 0.22, FOLDER_SHARE = 0.35, TWO_SHARE = 0.15, TAIL_S = 1;

/* Where the same sounds are found, uncompressed first. */
static const char *const fonts[][3] = {
    {"/usr/share/sounds/sf2/MuseScore_General_Full.sf2", "/usr/share/sounds/sf3/MuseScore_General_Full.sf3",
     "/usr/share/sounds/sf3/MuseScore_General.sf3"},
    {"/usr/share/sounds/sf2/FluidR3_GM.sf2"},
    {"/usr/share/sounds/sf2/TimGM6mb.sf2"}};

/* General MIDI: acoustic grand, bright acoustic, honky-tonk. */
static const int programs[] = {0, 1, 3};

typedef struct {
  const char *path; /* a soundfont or the folder */
  int program;      /* -1: the folder */
  pthread_mutex_t lock;
  PianoSamples *samples;
} Slot;

struct LmmInstruments {
  char *folder;
  Slot slots[MOST]; /* the folder's first, if there is one */
  size_t n;
};

static void add_slot(LmmInstruments *instruments, const char *path, int program) {
  Slot *slot = &instruments->slots[instruments->n++];
  *slot = (Slot){.path = path, .program = program};
  pthread_mutex_init(&slot->lock, NULL);
}

static const char *first_there(const char *const paths[3]) {
  for (size_t i = 0; i < 3 && paths[i]; i++)
    if (access(paths[i], R_OK) == 0) return paths[i];
  return NULL;
}

LmmInstruments *lmm_instruments_new(const char *folder) {
  LmmInstruments *instruments = calloc(1, sizeof *instruments);
  if (!instruments) return NULL;
  if (folder && !(instruments->folder = strdup(folder))) {
    free(instruments);
    return NULL;
  }
  if (folder) add_slot(instruments, instruments->folder, -1);
  for (size_t f = 0; f < sizeof fonts / sizeof *fonts; f++) {
    const char *path = first_there(fonts[f]);
    for (size_t p = 0; path && p < sizeof programs / sizeof *programs; p++) add_slot(instruments, path, programs[p]);
  }
  return instruments;
}

void lmm_instruments_free(LmmInstruments *instruments) {
  if (!instruments) return;
  for (size_t i = 0; i < instruments->n; i++) {
    piano_samples_free(instruments->slots[i].samples);
    pthread_mutex_destroy(&instruments->slots[i].lock);
  }
  free(instruments->folder);
  free(instruments);
}

static BaseStatus fill(BaseContext *ctx, Slot *slot) {
  BaseStatus status = BASE_OK;
  pthread_mutex_lock(&slot->lock);
  if (!slot->samples)
    status = slot->program < 0 ? piano_samples_load(ctx, &slot->samples, slot->path)
                               : piano_samples_capture(ctx, &slot->samples, slot->path, slot->program);
  pthread_mutex_unlock(&slot->lock);
  return status;
}

/* The folder's piano has its share; among soundfonts a grand is as likely as the other two together. */
static Slot *draw_slot(LmmInstruments *instruments, BaseRng *rng) {
  const bool has_folder = instruments->folder != NULL;
  const double share = base_rng_uniform(rng), kind = base_rng_uniform(rng);
  const size_t n_fonts = (instruments->n - has_folder) / (sizeof programs / sizeof *programs);
  const size_t font = base_rng_below(rng, (uint32_t)n_fonts);
  if (has_folder && (share < FOLDER_SHARE || !n_fonts)) return &instruments->slots[0];
  if (!n_fonts) return NULL;
  const size_t program = kind < 0.5 ? 0 : kind < 0.8 ? 1 : 2;
  return &instruments->slots[has_folder + 3 * font + program];
}

static BaseStatus play_samples(BaseContext *ctx, DspAudio **out, Slot *slot, const Motion *motion, BaseRng *rng) {
  const PianoSamplesSetup setup = piano_samples_setup_sample(rng);
  BaseStatus status = fill(ctx, slot);
  return status == BASE_OK ? piano_samples_render(ctx, out, slot->samples, motion, &setup, TAIL_S, rng) : status;
}

static BaseStatus play_model(BaseContext *ctx, DspAudio **out, const Motion *motion, BaseRng *rng) {
  const PianoModel mean = base_rng_uniform(rng) < 0.5 ? piano_model_default() : piano_model_reference();
  PianoModel model = piano_model_sample(&mean, rng, 0.7);
  model.values[PIANO_AT_TUNING] = 0;
  return piano_wave_render(ctx, out, &model, motion, &(PianoWaveParams){.rate_hz = 16000, .tail_s = TAIL_S});
}

static BaseStatus play_one(BaseContext *ctx, DspAudio **out, LmmInstruments *instruments, const Motion *motion,
                           BaseRng *rng) {
  const bool model = base_rng_uniform(rng) < MODEL_SHARE;
  Slot *slot = instruments ? draw_slot(instruments, rng) : NULL;
  return model || !slot ? play_model(ctx, out, motion, rng) : play_samples(ctx, out, slot, motion, rng);
}

static double rms(const DspAudio *mono) {
  double sum = 0;
  for (size_t i = 0; i < mono->frames; i++) sum += (double)mono->samples[i] * mono->samples[i];
  return sqrt(sum / (double)(mono->frames + 1)) + 1e-9;
}

static void mix_in(DspAudio *mono, const DspAudio *other, double db) {
  const double gain = rms(mono) / rms(other) * pow(10, db / 20);
  for (size_t i = 0; i < mono->frames && i < other->frames; i++)
    mono->samples[i] += (float)(gain * other->samples[i]);
}

BaseStatus lmm_instruments_play(BaseContext *ctx, DspAudio **out, LmmInstruments *instruments, const Motion *motion,
                                BaseRng *rng) {
  DspAudio *first = NULL, *second = NULL;
  BaseStatus status = play_one(ctx, &first, instruments, motion, rng);
  if (status == BASE_OK && base_rng_uniform(rng) < TWO_SHARE) {
    status = play_one(ctx, &second, instruments, motion, rng);
    if (status == BASE_OK) mix_in(first, second, base_rng_range(rng, -12, 0));
    dsp_audio_free(second);
  }
  if (status == BASE_OK)
    *out = first;
  else
    dsp_audio_free(first);
  return status;
}
