/* SHA-256: the identity of files and of steps of work. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"

#include <stddef.h>
#include <stdint.h>

enum { BASE_HASH_BYTES = 32, BASE_HASH_SIZE = 65 }; /* raw; as lower-case hex with its end */

/* A hash being fed; one thread at a time. */
typedef struct BaseHash BaseHash;

BaseHash *base_hash_new(void);
void base_hash_add(BaseHash *hash, const void *bytes, size_t n);

/* Frees `hash` and writes BASE_HASH_BYTES bytes; `out` may be null. */
void base_hash_end(uint8_t *out, BaseHash *hash);

/* 32 bytes as hex text; `text` holds BASE_HASH_SIZE. */
void base_hash_text(char *text, const uint8_t *hash);

/* The hash of `n` bytes as hex text. About 0.4 GB/s. */
void base_hash_bytes(char *text, const void *bytes, size_t n);

/* The hash of a file's content as hex text, in slices with cancel and progress. BASE_UNREADABLE. */
BaseStatus base_hash_file(BaseContext *ctx, char *text, const char *path);
