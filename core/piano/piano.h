/* M → A, played: FluidSynth with a soundfont. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/dsp/dsp_audio.h"
#include "core/music/motion.h"

#include <stdbool.h>

/* A synthesiser with a soundfont loaded. Creating one reads the soundfont (0.05–1 s). After that
 * piano_synth_render and the event calls are free of locks and allocations and belong to one thread
 * (the audio callback, or a renderer). */
typedef struct PianoSynth PianoSynth;

typedef struct {
  const char *soundfont;  /* path; null: the first that exists of piano_soundfont's list */
  int32_t rate_hz;        /* 0 means 44100 */
  float gain;             /* 0 means 0.6 */
  int program;            /* of General MIDI; 0: the grand piano */
  bool dry;               /* no room of the synthesiser's own */
} PianoSynthParams;

BaseStatus piano_synth_new(BaseContext *ctx, PianoSynth **out, const PianoSynthParams *params);
void piano_synth_free(PianoSynth *synth);

/* Events take effect at the start of the next render. */
void piano_synth_key(PianoSynth *synth, int midi, int velocity);      /* velocity 0 releases */
void piano_synth_pedal(PianoSynth *synth, int controller, int depth); /* 64, 66, 67; 0…127: half-pedal honoured */
void piano_synth_all_off(PianoSynth *synth);

/* `frames` frames into two arrays, overwriting them. */
void piano_synth_render(PianoSynth *synth, float *left, float *right, size_t frames);

typedef struct {
  PianoSynthParams synth;
  double tail_s;          /* sound after the last event; 0 means 3 */
} PianoRenderParams;

/* Renders a whole motion to stereo sound. > 50 × real time. Same motion, soundfont and version: same bytes. */
BaseStatus piano_render(BaseContext *ctx, DspAudio **out, const Motion *motion, const PianoRenderParams *params);

/* The default soundfont: $TRIPTYCH_SOUNDFONT, then Debian's pianos best first. Null when there is none.
 * Static string. */
const char *piano_soundfont(void);
