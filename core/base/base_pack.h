/* Named tensors in one file: weights, posteriors, anything numeric that must come back exactly.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"

#include <stddef.h>
#include <stdint.h>

/* Layout, all little-endian: 64-byte header (magic "TRIPPACK", u32 version, u32 number of texts, u32 number
 * of tensors, u32 zero, u64 bytes of the whole file, SHA-256 of all bytes but its own 32); texts (u32 key
 * bytes, u32 value bytes, key, value); tensor table (u32 name bytes, u8 type, u8 rank, u16 zero, rank × u64
 * lengths, u64 offset of the data from the start of the file, name); data of each tensor at a multiple of 64.
 */

enum { BASE_PACK_VERSION = 1, BASE_PACK_MOST_RANK = 8, BASE_PACK_ALIGNMENT = 64 };

typedef enum { BASE_F32 = 1, BASE_F16, BASE_BF16, BASE_I32, BASE_U8 } BaseType;

/* Bytes of one value; 0 for an unknown type. */
size_t base_type_size(BaseType type);

/* One tensor. Row-major, lengths from the slowest to the fastest index. The pointers belong to the pack. */
typedef struct {
  const char *name;
  BaseType type;
  int rank; /* 0 (one value) … BASE_PACK_MOST_RANK */
  uint64_t shape[BASE_PACK_MOST_RANK];
  const void *data; /* 64-byte aligned, read-only */
  size_t bytes;
} BaseTensor;

/* ---- reading ---- */

/* An immutable file of tensors; shareable between threads. */
typedef struct BasePack BasePack;

/* Opens and checks a whole file: sizes, names, overlaps and the hash; trusts nothing. The data is mapped
 * read-only where the system can, so memory is shared between processes. Replacing the file by rename (as
 * the writer does) is harmless, overwriting it in place is not. BASE_UNREADABLE, BASE_BAD_FILE, BASE_VERSION
 * name the file and what was wrong. O(bytes), about 0.4 GB/s. */
BaseStatus base_pack_load(BaseContext *ctx, BasePack **out, const char *path);

/* The same from memory, which is copied. `name` stands for the file in sentences. */
BaseStatus base_pack_load_memory(BaseContext *ctx, BasePack **out, const void *bytes, size_t n,
                                 const char *name);
void base_pack_free(BasePack *pack);

/* The value of a text, or null. Borrowed. */
const char *base_pack_text(const BasePack *pack, const char *key);

/* All tensors and texts in file order. Null beyond the end. */
size_t base_pack_tensors(const BasePack *pack);
const BaseTensor *base_pack_tensor_at(const BasePack *pack, size_t i);
size_t base_pack_texts(const BasePack *pack);
const char *base_pack_text_key(const BasePack *pack, size_t i);
const char *base_pack_text_at(const BasePack *pack, size_t i);

/* The tensor of this name, or null. O(log n). */
const BaseTensor *base_pack_find(const BasePack *pack, const char *name);

/* The tensor of this name with exactly this type and shape; BASE_BAD_FILE says what was wanted and what was
 * found. Borrowed, valid as long as the pack. */
BaseStatus base_pack_tensor(BaseContext *ctx, const BaseTensor **out, const BasePack *pack, const char *name,
                            BaseType type, int rank, const uint64_t *shape);

/* Copies a tensor of this name and shape into `out` as float32, whatever its floating type (f32, f16, bf16);
 * `out` holds the product of `shape` values. */
BaseStatus base_pack_floats(BaseContext *ctx, float *out, const BasePack *pack, const char *name, int rank,
                            const uint64_t *shape);

/* The SHA-256 of the content in lower-case hex (64 characters), the file's identity. Borrowed. */
const char *base_pack_hash(const BasePack *pack);

/* ---- writing ---- */

/* A pack being filled. */
typedef struct BasePackWriter BasePackWriter;

BasePackWriter *base_pack_writer_new(void); /* null without memory */
void base_pack_writer_free(BasePackWriter *writer);

/* Adds a text; keys and values are UTF-8, copied. BASE_BAD_INPUT when the key is there already. */
BaseStatus base_pack_add_text(BaseContext *ctx, BasePackWriter *writer, const char *key, const char *value);

/* Adds a tensor; the name is copied, the data is borrowed until base_pack_write or base_pack_bytes. `name`
 * unique and not empty, rank ≤ 8; else BASE_BAD_INPUT. */
BaseStatus base_pack_add(BaseContext *ctx, BasePackWriter *writer, const char *name, BaseType type, int rank,
                         const uint64_t *shape, const void *data);

/* Adds float32 values stored as `type` (f32, f16, bf16; rounded to nearest even); values are copied. */
BaseStatus base_pack_add_floats(BaseContext *ctx, BasePackWriter *writer, const char *name, BaseType type,
                                int rank, const uint64_t *shape, const float *values);

/* Writes the file, whole or not at all. The same content gives the same bytes. */
BaseStatus base_pack_write(BaseContext *ctx, BasePackWriter *writer, const char *path);

/* The same bytes in memory, freed by the caller. */
BaseStatus base_pack_bytes(BaseContext *ctx, void **bytes, size_t *n, BasePackWriter *writer);

/* ---- half precision ---- */

/* One value each way; rounded to nearest even, overflow to infinity, NaN stays NaN. */
uint16_t base_f16(float value);
float base_f16_float(uint16_t bits);
uint16_t base_bf16(float value);
float base_bf16_float(uint16_t bits);
