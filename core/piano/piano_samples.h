/* M → A, sampled: a piano of recorded single notes, played in many ways, to dream with.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/base/base_rng.h"
#include "core/dsp/dsp_audio.h"
#include "core/music/motion.h"

#include <stdbool.h>

enum { PIANO_SAMPLES_RATE_HZ = 16000 };

/* Notes of one instrument, mono, 16 bit, at most 7 s each, cut so that the hammer falls on the first sample.
 * Immutable, shareable. 20–100 MB. */
typedef struct PianoSamples PianoSamples;

/* All sounds below `folder` that are named note, octave, "v" and layer, such as "D#4v10.flac"; layers of one folder
 * are taken as evenly spread over the velocities. BASE_BAD_INPUT when there are none. About 10 s for 500 of them. */
BaseStatus piano_samples_load(BaseContext *ctx, PianoSamples **out, const char *folder);

/* Every third key at six velocities as FluidSynth plays a soundfont's General MIDI program (0: grand). 1–5 s. */
BaseStatus piano_samples_capture(BaseContext *ctx, PianoSamples **out, const char *soundfont, int program);
void piano_samples_free(PianoSamples *samples);

/* How an instrument is regulated and kept. Zeroed: as it was recorded. */
typedef struct {
  float key_cents[MOTION_KEYS], key_db[MOTION_KEYS]; /* what is particular to a key */
  float dynamics_db; /* more from velocity 64 to 128 than recorded */
  float layer_shift; /* velocities that the choice of layer is off by: a brighter or a duller touch */
  float unison_cents, unison_share; /* a second string so far away, so strong against the first */
  float damper_s;     /* time constant of a damped middle C; 0 means 0.06 */
  float resonance_db; /* of undamped strings against what moves them; 0: none */
  float resonance_s;  /* their RT60 */
  float thump_db;     /* of dampers falling back, against full scale; 0: none */
} PianoSamplesSetup;

/* Draws one: from a concert hall's to a pub's. */
PianoSamplesSetup piano_samples_setup_sample(BaseRng *rng);

/* Plays a motion: mono sound at PIANO_SAMPLES_RATE_HZ, `tail_s` after its last event. Strings sound until key and
 * sustain pedal (depth ≥ 64) are up, and die more slowly the deeper the pedal then stands; those above F6 have no dampers. Deterministic by rng. About 300 × real time,
 * a third of that with resonance. */
BaseStatus piano_samples_render(BaseContext *ctx, DspAudio **out, const PianoSamples *samples, const Motion *motion,
                                const PianoSamplesSetup *setup, double tail_s, BaseRng *rng);
