/* Gathering single notes: from a folder of recordings or from a soundfont.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_samples_parts.h"

#include "core/base/base_folder.h"
#include "core/piano/piano.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 4, MOST_LAYERS = 16, CAPTURED_EVERY = 3, CAPTURE_RATE_HZ = 48000 };

static const double longest_s = 7, lead_s = 0.002, held_s = 7;

/* The first sample whose magnitude reaches a tenth of the largest one, less the lead. */
static size_t find_hammer(const float *x, size_t n) {
  float most = 0;
  size_t early = n < PIANO_SAMPLES_RATE_HZ ? n : PIANO_SAMPLES_RATE_HZ, at = 0;
  for (size_t i = 0; i < early; i++) most = fmaxf(most, fabsf(x[i]));
  while (at < early && fabsf(x[at]) < 0.1F * most) at++;
  const size_t lead = (size_t)(lead_s * PIANO_SAMPLES_RATE_HZ);
  return at > lead ? at - lead : 0;
}

/* Keeps mono sound at PIANO_SAMPLES_RATE_HZ as 16 bit, faded out where it is cut. */
static bool keep(PianoSamples *samples, const DspAudio *mono, int midi, float velocity) {
  const size_t from = find_hammer(mono->samples, mono->frames), have = mono->frames - from;
  const size_t most = (size_t)(longest_s * PIANO_SAMPLES_RATE_HZ), n = have < most ? have : most, fade = n / 10;
  PianoSample sample = {.midi = midi, .velocity = velocity, .n = n, .values = calloc(n + SAMPLE_MARGIN, sizeof(int16_t))};
  if (!sample.values) return false;
  float peak = 1e-6F;
  for (size_t i = 0; i < n; i++) peak = fmaxf(peak, fabsf(mono->samples[from + i]));
  sample.scale = peak / 32767;
  for (size_t i = 0; i < n; i++) {
    const float out = i + fade > n ? (float)(n - i) / (float)fade : 1;
    sample.values[i] = (int16_t)lrintf(out * mono->samples[from + i] / sample.scale);
  }
  if (base_array_push(&samples->all, sample)) return true;
  free(sample.values);
  return false;
}

static int by_key(const void *a, const void *b) {
  const PianoSample *x = a, *y = b;
  if (x->midi != y->midi) return x->midi - y->midi;
  return (x->velocity > y->velocity) - (x->velocity < y->velocity);
}

static BaseStatus finish(BaseContext *ctx, PianoSamples **out, PianoSamples *samples, BaseStatus status) {
  if (status != BASE_OK) {
    piano_samples_free(samples);
    return status;
  }
  qsort(samples->all.items, samples->all.n, sizeof *samples->all.items, by_key);
  *out = samples;
  return BASE_OK;
}

void piano_samples_free(PianoSamples *samples) {
  if (!samples) return;
  for (size_t i = 0; i < samples->all.n; i++) free(samples->all.items[i].values);
  base_array_clear(&samples->all);
  free(samples);
}

/* ---- from a folder ---- */

/* "D#4v10.mp3" → key and layer. */
static bool parse_name(int *midi, int *layer, const char *name) {
  static const int steps[] = {9, 11, 0, 2, 4, 5, 7};
  if (*name < 'A' || *name > 'G') return false;
  int pitch = steps[*name++ - 'A'];
  if (*name == '#') pitch++, name++;
  if (!isdigit((unsigned char)*name)) return false;
  *midi = pitch + 12 * (*name++ - '0' + 1);
  if (*name++ != 'v') return false;
  *layer = atoi(name);
  return *layer >= 1 && *layer <= MOST_LAYERS;
}

static BaseStatus add_file(BaseContext *ctx, PianoSamples *samples, const char *path, int midi, int layer) {
  DspAudio *mono = NULL;
  BaseStatus status = dsp_audio_load(
      ctx, &mono, path, &(DspLoadParams){.rate_hz = PIANO_SAMPLES_RATE_HZ, .channels = 1, .to_s = longest_s + 0.5});
  if (status == BASE_OK && !keep(samples, mono, midi, (float)layer)) status = base_fail_memory(ctx);
  dsp_audio_free(mono);
  return status;
}

static BaseStatus add_named(BaseContext *ctx, void *samples, const char *path, const char *name, bool *taken) {
  int midi, layer;
  *taken = parse_name(&midi, &layer, name);
  return *taken ? add_file(ctx, samples, path, midi, layer) : BASE_OK;
}

BaseStatus piano_samples_load(BaseContext *ctx, PianoSamples **out, const char *folder) {
  PianoSamples *samples = calloc(1, sizeof *samples);
  if (!samples) return base_fail_memory(ctx);
  BaseStatus status = base_folder_walk(ctx, folder, DEEPEST, add_named, samples);
  if (status == BASE_OK && !samples->all.n)
    status = base_fail(ctx, BASE_BAD_INPUT, "The folder “%s” holds no sounds named like D#4v10.flac.", folder);
  float layers = 1;
  for (size_t i = 0; i < samples->all.n; i++) layers = fmaxf(layers, samples->all.items[i].velocity);
  for (size_t i = 0; i < samples->all.n; i++)
    samples->all.items[i].velocity = 128 * (samples->all.items[i].velocity - 0.5F) / layers;
  return finish(ctx, out, samples, status);
}

/* ---- from a soundfont ---- */

/* One held note, without the synthesiser's own room. */
static BaseStatus capture(BaseContext *ctx, PianoSamples *samples, PianoSynth *synth, int midi, int velocity) {
  enum { FRAMES = 4096 };
  const size_t frames = (size_t)(held_s * CAPTURE_RATE_HZ) / FRAMES * FRAMES;
  float left[FRAMES], right[FRAMES];
  DspAudio *wide = dsp_audio_new(frames, 1, CAPTURE_RATE_HZ), *mono = NULL;
  if (!wide) return base_fail_memory(ctx);
  piano_synth_all_off(synth);
  piano_synth_render(synth, left, right, FRAMES);
  piano_synth_key(synth, midi, velocity);
  for (size_t at = 0; at < frames; at += FRAMES) {
    piano_synth_render(synth, left, right, FRAMES);
    for (size_t i = 0; i < FRAMES; i++) wide->samples[at + i] = 0.5F * (left[i] + right[i]);
  }
  piano_synth_key(synth, midi, 0);
  BaseStatus status = dsp_audio_convert(ctx, &mono, wide, PIANO_SAMPLES_RATE_HZ, 1);
  if (status == BASE_OK && !keep(samples, mono, midi, (float)velocity)) status = base_fail_memory(ctx);
  dsp_audio_free(wide);
  dsp_audio_free(mono);
  return status;
}

BaseStatus piano_samples_capture(BaseContext *ctx, PianoSamples **out, const char *soundfont, int program) {
  static const int velocities[] = {16, 36, 56, 76, 96, 120};
  PianoSynth *synth = NULL;
  PianoSamples *samples = calloc(1, sizeof *samples);
  BaseStatus status = samples ? BASE_OK : base_fail_memory(ctx);
  if (status == BASE_OK)
    status = piano_synth_new(
        ctx, &synth,
        &(PianoSynthParams){.soundfont = soundfont, .rate_hz = CAPTURE_RATE_HZ, .program = program, .dry = true});
  for (int midi = MOTION_LOWEST_KEY; midi < MOTION_LOWEST_KEY + MOTION_KEYS; midi += CAPTURED_EVERY)
    for (size_t v = 0; status == BASE_OK && v < sizeof velocities / sizeof *velocities; v++)
      status = base_cancelled(ctx) ? base_fail_cancelled(ctx) : capture(ctx, samples, synth, midi, velocities[v]);
  piano_synth_free(synth);
  return finish(ctx, out, samples, status);
}
