/* Lays out what is to be heard: which instant of the recording each frame of output belongs to.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/player_ring.h"
#include "core/base/base_context.h"

/* What the person wants to hear. Plain value. */
typedef struct {
  bool running;
  uint32_t generation;             /* a new one: begin again at start_s, what is laid out is void */
  double start_s, end_s;           /* stop at end_s */
  double speed;                    /* 0.25 … 2 */
  double loop_start_s, loop_end_s; /* equal: none; in force while the instant is before loop_end_s */
  int count_in;                    /* clicks before the sound */
  double count_in_step_s;          /* seconds of output between them */
} PlayerPlan;

/* Fills the ring from a file; a thread of its own unless `by_hand`. */
typedef struct PlayerFeeder PlayerFeeder;

/* Writes into `ring` and `grain` (borrowed) at rate_hz. Null without memory. */
typedef struct PlayerGrain PlayerGrain;
PlayerFeeder *player_feeder_new(PlayerRing *ring, PlayerGrain *grain, int32_t rate_hz, bool by_hand);
void player_feeder_free(PlayerFeeder *feeder);

/* The recording from now on, null for none. The plan should not be running. `duration_s` gets its length. */
BaseStatus player_feeder_set_recording(BaseContext *ctx, PlayerFeeder *feeder, double *duration_s,
                                       const char *path);

/* From now on (latency: what is in the ring, unless the generation is new). */
void player_feeder_set_plan(PlayerFeeder *feeder, const PlayerPlan *plan);

/* Asks for 60 ms of the recording around time_s in the grain. */
void player_feeder_scrub(PlayerFeeder *feeder, double time_s);

/* Does what its thread would do now: fills the ring as far as it goes. By hand only. */
void player_feeder_work(PlayerFeeder *feeder);

/* 60 ms of sound for scrubbing; written by the feeder while `state` is 0, played by the callback while 1. */
enum { PLAYER_GRAIN_FRAMES = 6144 };
struct PlayerGrain {
  float left[PLAYER_GRAIN_FRAMES], right[PLAYER_GRAIN_FRAMES];
  unsigned frames;
  atomic_uint state;
};
