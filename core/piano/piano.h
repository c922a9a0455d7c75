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
  const char *soundfont; /* path; null: the first that exists of piano_soundfont's list */
  int32_t rate_hz;       /* 0 means 44100 */
  float gain;            /* 0 means 0.6 */
  int program;           /* of General MIDI; 0: the grand piano */
  bool dry;              /* no room of the synthesiser's own */
} PianoSynthParams;

BaseStatus piano_synth_new(BaseContext *ctx, PianoSynth **out, const PianoSynthParams *params);
void piano_synth_free(PianoSynth *synth);

/* Events take effect at the start of the next render. */
void piano_synth_key(PianoSynth *synth, int midi, int velocity); /* velocity 0 releases */
void piano_synth_pedal(PianoSynth *synth, int controller,
                       int depth); /* 64, 66, 67; 0…127: half-pedal honoured */
void piano_synth_all_off(PianoSynth *synth);

/* `frames` frames into two arrays, overwriting them. */
void piano_synth_render(PianoSynth *synth, float *left, float *right, size_t frames);

typedef struct {
  PianoSynthParams synth;
  double tail_s; /* sound after the last event; 0 means 3 */
} PianoRenderParams;

/* Renders a whole motion to stereo sound. > 50 × real time. Same motion, soundfont and version: same bytes.
 */
BaseStatus piano_render(BaseContext *ctx, DspAudio **out, const Motion *motion,
                        const PianoRenderParams *params);

/* The same sound into a .wav or .flac file as it is rendered: memory does not grow with the motion. The file
 * is whole or not at all. `duration_s` (may be null) receives its length. */
BaseStatus piano_render_file(BaseContext *ctx, double *duration_s, const char *path, const Motion *motion,
                             const PianoRenderParams *params);

/* ---- a keyboard that is played ---- */

typedef enum { PIANO_TOUCH_KEY, PIANO_TOUCH_PEDAL } PianoTouchKind;

/* One thing that hands or feet did: key (MIDI number) and velocity, 0 releases; controller 64, 66 or 67 and
 * its depth. Plain value. */
typedef struct {
  uint8_t kind, number, value;
} PianoTouch;

/* MIDI keyboards, present and plugged in later, through FluidSynth's MIDI driver, which connects them itself.
 */
typedef struct PianoKeyboard PianoKeyboard;

/* Calls `touched` from the driver's own thread, which must not wait. BASE_UNREADABLE where the system has no
 * MIDI. May take some ms; its sound is the caller's: piano_synth_key and piano_synth_pedal. */
BaseStatus piano_keyboard_open(BaseContext *ctx, PianoKeyboard **out,
                               void (*touched)(void *user, PianoTouch touch), void *user);
void piano_keyboard_close(PianoKeyboard *keyboard);

/* What a MIDI channel message (status without channel, two data bytes) means here; false for what no piano
 * does. */
bool piano_touch_of(PianoTouch *touch, int status, int a, int b);

/* The i-th soundfont that is installed, best first; null beyond the last. Static string. */
const char *piano_soundfont_at(size_t i);

/* The default soundfont: $TRIPTYCH_SOUNDFONT, then Debian's pianos best first. Null when there is none.
 * Static string. */
const char *piano_soundfont(void);
