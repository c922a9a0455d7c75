/* Scratch memory with marks. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

/* A stack of blocks: allocation is a pointer bump, freeing is going back to a mark. Results never live
 * here: they are single objects owned by the caller. Not shareable between threads. */
typedef struct BaseArena BaseArena;

/* A point to come back to; valid until an earlier mark of the same arena is restored. */
typedef struct {
  size_t block, used;
} BaseArenaMark;

/* An empty arena that grows by blocks of at least `block_size` bytes (0: 1 MiB). Null without memory. */
BaseArena *base_arena_new(size_t block_size);

/* Frees the arena and all it holds. Null is fine. */
void base_arena_free(BaseArena *arena);

/* `count` items of `size` bytes, zeroed, aligned to 64 bytes. Null when memory or size_t runs out.
 * O(bytes); amortised no system call after the first pass over the same marks. */
void *base_arena_take(BaseArena *arena, size_t count, size_t size);

/* Remembers and restores the fill. Blocks are kept for the next round. */
BaseArenaMark base_arena_mark(const BaseArena *arena);
void base_arena_reset(BaseArena *arena, BaseArenaMark mark);

/* `count` zeroed items of `type` from `arena`. */
#define BASE_TAKE(arena, type, count) ((type *)base_arena_take((arena), (count), sizeof(type)))
