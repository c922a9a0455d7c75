/* From the strings to a recording: the room, the microphone and what was done to the sound since.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_rng.h"
#include "core/dsp/dsp_audio.h"
#include "core/piano/piano_model.h"

enum { PIANO_ROOM_BANDS = 5 };

/* A recording chain. Zeroed: nothing happens. */
typedef struct {
  float band_db[PIANO_ROOM_BANDS]; /* peaks at 100, 300, 900, 2500 Hz and a shelf above 5 kHz */
  float reverb_db;                 /* reverberant against direct level; 0: no room */
  float reverb_s;                  /* RT60 */
  float damping_hz;                /* above it the room swallows twice as fast */
  float low_cut_hz, high_cut_hz;   /* 0: none */
  float noise_db;                  /* below the loudest tenth of the sound; 0: none */
  float noise_colour;              /* 0 white … 1 brown-ish */
  float drive;                     /* soft compression; 0: none */
  float hum_db;                    /* 50 Hz and harmonics; 0: none */
  float peak;                      /* largest sample afterwards; 0: left as it is */
} PianoRoom;

/* The room that an instrument was learned in: reverberation alone. */
PianoRoom piano_room_of(const PianoModel *model);

/* Draws a chain: studio, living room, church, tape, telephone. */
PianoRoom piano_room_sample(BaseRng *rng);

/* Sends mono sound through the chain, in place. Reverb by a feedback delay network (Jot & Chaigne 1991).
 * Delays the direct sound by nothing. About 100 × real time at 16 kHz. */
BaseStatus piano_room_apply(BaseContext *ctx, DspAudio *mono, const PianoRoom *room, BaseRng *rng);

/* A room's reverberation for sound that comes block by block, as loud as white sound would have it. One
 * thread at a time. */
typedef struct PianoReverb PianoReverb;

/* Rooms alike, rate and seed alike: the same reverberation. Owned by the caller; about 0.3 MB. */
BaseStatus piano_reverb_new(BaseContext *ctx, PianoReverb **out, const PianoRoom *room, double rate_hz,
                            uint64_t seed);
void piano_reverb_free(PianoReverb *reverb);

/* Adds it to the next `n` samples of mono sound, in place. */
void piano_reverb_add(PianoReverb *reverb, float *mono, size_t n);
