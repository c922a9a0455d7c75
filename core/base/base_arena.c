/* A list of blocks that never move; `current` is the block being filled, later ones are empty spares.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, DEFAULT_BLOCK = 1 << 20 };

typedef struct {
  unsigned char *bytes;
  size_t size, used;
} Block;

struct BaseArena {
  Block *blocks;
  size_t n, current, block_size;
};

BaseArena *base_arena_new(size_t block_size) {
  BaseArena *arena = calloc(1, sizeof *arena);
  if (arena) arena->block_size = block_size ? block_size : DEFAULT_BLOCK;
  return arena;
}

void base_arena_free(BaseArena *arena) {
  if (!arena) return;
  for (size_t i = 0; i < arena->n; i++) free(arena->blocks[i].bytes);
  free(arena->blocks);
  free(arena);
}

static void *take_from(Block *block, size_t bytes) {
  if (block->size - block->used < bytes) return NULL;
  void *taken = block->bytes + block->used;
  block->used += bytes;
  return memset(taken, 0, bytes);
}

static Block *add_block(BaseArena *arena, size_t bytes) {
  Block *blocks = realloc(arena->blocks, (arena->n + 1) * sizeof *blocks);
  if (!blocks) return NULL;
  arena->blocks = blocks;
  size_t size = bytes > arena->block_size ? bytes : arena->block_size;
  if (size > SIZE_MAX - ALIGNMENT) return NULL;
  unsigned char *memory = aligned_alloc(ALIGNMENT, (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
  if (!memory) return NULL;
  blocks[arena->n] = (Block){memory, size, 0};
  arena->current = arena->n;
  return &blocks[arena->n++];
}

void *base_arena_take(BaseArena *arena, size_t count, size_t size) {
  if (size && count > (SIZE_MAX - ALIGNMENT) / size) return NULL;
  size_t bytes = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  for (size_t i = arena->current; i < arena->n; i++) {
    void *taken = take_from(&arena->blocks[i], bytes);
    if (taken) {
      arena->current = i;
      return taken;
    }
  }
  Block *block = add_block(arena, bytes);
  return block ? take_from(block, bytes) : NULL;
}

BaseArenaMark base_arena_mark(const BaseArena *arena) {
  if (!arena->n) return (BaseArenaMark){0, 0};
  return (BaseArenaMark){arena->current, arena->blocks[arena->current].used};
}

void base_arena_reset(BaseArena *arena, BaseArenaMark mark) {
  for (size_t i = mark.block; i < arena->n; i++) arena->blocks[i].used = i == mark.block ? mark.used : 0;
  arena->current = mark.block;
}
