/* What the audio callback does. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/player_feeder.h"
#include "core/music/motion.h"
#include "core/piano/piano.h"

/* One thing for the synth to do at an instant of the recording. */
typedef struct {
  double time_s;
  uint8_t kind; /* PlayerEventKind */
  uint8_t a, b; /* key and velocity (0 releases); controller and depth; accent */
} PlayerEvent;

typedef enum { PLAYER_RELEASE, PLAYER_PEDAL, PLAYER_STRIKE, PLAYER_CLICK } PlayerEventKind;

/* Sorted by time, releases first. One allocation, freed with free(). */
typedef struct {
  size_t n;
  PlayerEvent events[];
} PlayerEvents;

/* The notes and pedals of a motion (may be null) and the clicks of a metronome. Null without memory. */
PlayerEvents *player_events_new(const Motion *motion, const double *clicks_s, const bool *accents,
                                size_t n_clicks);

/* The state of the callback. One reader (the thread that renders); the setters may be called by one other. */
typedef struct PlayerMix PlayerMix;

/* Reads blocks and grains from `ring` and `grain`, both borrowed. Null without memory. */
PlayerMix *player_mix_new(PlayerRing *ring, PlayerGrain *grain, int32_t rate_hz);
void player_mix_free(PlayerMix *mix);

/* The next `frames` frames, stereo interleaved; the first will sound at dac_us of CLOCK_MONOTONIC. Takes no
 * lock, allocates nothing, calls no system function. */
void player_mix_render(PlayerMix *mix, float *stereo, size_t frames, int64_t dac_us);

/* Whether blocks are played, and only those of `generation`. A pause fades over a few ms. */
void player_mix_run(PlayerMix *mix, bool running, uint32_t generation);

/* 0 recording alone … 1 synth alone; recording left and synth right; loudness of the click, 0 none. */
void player_mix_set_levels(PlayerMix *mix, double balance, bool split_ears, double click);

/* Takes the events over at the next render; what they replace is freed by a later call of this or _free. */
void player_mix_take_events(PlayerMix *mix, PlayerEvents *events);

/* Takes the synth over at the next render; what was played on the one before it is cut off, and that one is
 * freed by a later call of this, of player_mix_tidy or of _free. */
void player_mix_take_synth(PlayerMix *mix, PianoSynth *synth);

/* Frees what the callback has done with. */
void player_mix_tidy(PlayerMix *mix);

/* Live keys: velocity 0 releases; seconds 0 holds. False when too many wait. */
bool player_mix_strike(PlayerMix *mix, int midi, int velocity, double seconds);

/* What a keyboard does, from one thread of its own; as PianoKeyboardEvent. False when too many wait. */
bool player_mix_touch(PlayerMix *mix, PianoTouch touch);

/* What is sounding. */
typedef struct {
  double time_s;  /* instant of the recording at dac_us */
  double rate;    /* seconds of the recording for each second */
  double start_s; /* nothing before this belongs to the present stretch */
  int64_t dac_us;
  uint32_t generation; /* of the block */
  bool ended;          /* the last block has been played */
} PlayerClock;

/* The clock as last published. Any thread; never waits for the callback for long. */
PlayerClock player_mix_clock(PlayerMix *mix);
