/* Laid-out sound on its way to the audio callback. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLAYER_BLOCK_FRAMES = 256, PLAYER_BLOCKS = 32 };

/* A stretch of output that plays without a jump: frame i belongs to the instant time_s + i × step_s of the
 * recording. */
typedef struct {
  float left[PLAYER_BLOCK_FRAMES], right[PLAYER_BLOCK_FRAMES];
  double time_s, step_s;
  uint32_t generation; /* of the plan it was made for; another one than the present: stale */
  uint16_t frames;
  bool jump;     /* does not continue the block before it */
  bool splice;   /* the same instant goes on, but the wave form does not */
  bool last;     /* nothing follows */
  bool silent;   /* counting in: no recording, no synth */
  uint8_t click; /* 0 none, 1 a click at its first frame, 2 an accented one */
} PlayerBlock;

/* One writer (the feeder), one reader (the callback); neither ever waits. Zeroed: empty. */
typedef struct {
  PlayerBlock blocks[PLAYER_BLOCKS];
  atomic_uint written, read; /* counts, modulo 2^32 */
} PlayerRing;

/* The next free block for the writer, or null when full; handed over with player_ring_push. */
static inline PlayerBlock *player_ring_free(PlayerRing *ring) {
  unsigned written = atomic_load_explicit(&ring->written, memory_order_relaxed);
  unsigned read = atomic_load_explicit(&ring->read, memory_order_acquire);
  return written - read < PLAYER_BLOCKS ? &ring->blocks[written % PLAYER_BLOCKS] : NULL;
}

static inline void player_ring_push(PlayerRing *ring) {
  atomic_fetch_add_explicit(&ring->written, 1, memory_order_release);
}

/* The oldest block for the reader, or null when empty; given back with player_ring_pop. */
static inline const PlayerBlock *player_ring_front(PlayerRing *ring) {
  unsigned read = atomic_load_explicit(&ring->read, memory_order_relaxed);
  unsigned written = atomic_load_explicit(&ring->written, memory_order_acquire);
  return written != read ? &ring->blocks[read % PLAYER_BLOCKS] : NULL;
}

static inline void player_ring_pop(PlayerRing *ring) {
  atomic_fetch_add_explicit(&ring->read, 1, memory_order_release);
}
