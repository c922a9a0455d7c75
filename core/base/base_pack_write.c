/* Two passes over the same entries: the first gives each its place, the second puts the bytes there.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_array.h"
#include "core/base/base_file.h"
#include "core/base/base_hash.h"
#include "core/base/base_pack.h"

#include <string.h>

enum { HEADER = 64, HASH_AT = 32 };

typedef struct {
  char *key, *value;
} Text;

typedef struct {
  BaseTensor tensor;
  char *name;
  void *owned; /* converted values */
} Entry;

struct BasePackWriter {
  BASE_ARRAY(Text) texts;
  BASE_ARRAY(Entry) entries;
};

BasePackWriter *base_pack_writer_new(void) {
  return calloc(1, sizeof(BasePackWriter));
}

void base_pack_writer_free(BasePackWriter *writer) {
  if (!writer) return;
  for (size_t i = 0; i < writer->texts.n; i++) {
    free(writer->texts.items[i].key);
    free(writer->texts.items[i].value);
  }
  for (size_t i = 0; i < writer->entries.n; i++) {
    free(writer->entries.items[i].name);
    free(writer->entries.items[i].owned);
  }
  base_array_clear(&writer->texts);
  base_array_clear(&writer->entries);
  free(writer);
}

BaseStatus base_pack_add_text(BaseContext *ctx, BasePackWriter *writer, const char *key, const char *value) {
  for (size_t i = 0; i < writer->texts.n; i++)
    if (strcmp(writer->texts.items[i].key, key) == 0)
      return base_fail(ctx, BASE_BAD_INPUT, "The text “%s” is there already.", key);
  Text text = {strdup(key), strdup(value)};
  if (text.key && text.value && base_array_push(&writer->texts, text)) return BASE_OK;
  free(text.key);
  free(text.value);
  return base_fail_memory(ctx);
}

static bool values(size_t *out, int rank, const uint64_t *shape) {
  size_t n = 1;
  for (int i = 0; i < rank; i++)
    if (__builtin_mul_overflow(n, shape[i], &n)) return false;
  *out = n;
  return n <= SIZE_MAX / 16;
}

static BaseStatus add(BaseContext *ctx, BasePackWriter *writer, const char *name, BaseType type, int rank,
                      const uint64_t *shape, const void *data, void *owned) {
  size_t n;
  if (!*name || rank < 0 || rank > BASE_PACK_MOST_RANK || !base_type_size(type) || !values(&n, rank, shape))
    return base_fail(ctx, BASE_BAD_INPUT, "The tensor “%s” has an impossible shape or type.", name);
  for (size_t i = 0; i < writer->entries.n; i++)
    if (strcmp(writer->entries.items[i].name, name) == 0)
      return base_fail(ctx, BASE_BAD_INPUT, "The tensor “%s” is there already.", name);
  char *copy = strdup(name);
  Entry entry = {{copy, type, rank, {0}, data, n * base_type_size(type)}, copy, owned};
  if (rank) memcpy(entry.tensor.shape, shape, (size_t)rank * sizeof *shape);
  if (copy && base_array_push(&writer->entries, entry)) return BASE_OK;
  free(copy);
  return base_fail_memory(ctx);
}

BaseStatus base_pack_add(BaseContext *ctx, BasePackWriter *writer, const char *name, BaseType type, int rank,
                         const uint64_t *shape, const void *data) {
  return add(ctx, writer, name, type, rank, shape, data, NULL);
}

static void convert(void *out, const float *in, size_t n, BaseType type) {
  uint16_t *half = out;
  if (type == BASE_F32)
    memcpy(out, in, n * sizeof *in);
  else
    for (size_t i = 0; i < n; i++) half[i] = type == BASE_F16 ? base_f16(in[i]) : base_bf16(in[i]);
}

BaseStatus base_pack_add_floats(BaseContext *ctx, BasePackWriter *writer, const char *name, BaseType type,
                                int rank, const uint64_t *shape, const float *in) {
  size_t n;
  bool floating = type == BASE_F32 || type == BASE_F16 || type == BASE_BF16;
  if (rank < 0 || rank > BASE_PACK_MOST_RANK || !floating || !values(&n, rank, shape))
    return base_fail(ctx, BASE_BAD_INPUT, "The tensor “%s” has an impossible shape or type.", name);
  void *owned = malloc(n * base_type_size(type) + 1);
  if (!owned) return base_fail_memory(ctx);
  if (n) convert(owned, in, n, type);
  BaseStatus status = add(ctx, writer, name, type, rank, shape, owned, owned);
  if (status != BASE_OK) free(owned);
  return status;
}

static size_t aligned(size_t at) {
  return (at + BASE_PACK_ALIGNMENT - 1) / BASE_PACK_ALIGNMENT * BASE_PACK_ALIGNMENT;
}

static size_t table_end(const BasePackWriter *writer) {
  size_t at = HEADER;
  for (size_t i = 0; i < writer->texts.n; i++)
    at += 8 + strlen(writer->texts.items[i].key) + strlen(writer->texts.items[i].value);
  for (size_t i = 0; i < writer->entries.n; i++)
    at += 16 + 8 * (size_t)writer->entries.items[i].tensor.rank + strlen(writer->entries.items[i].name);
  return at;
}

static size_t whole(const BasePackWriter *writer) {
  size_t at = table_end(writer);
  for (size_t i = 0; i < writer->entries.n; i++) at = aligned(at) + writer->entries.items[i].tensor.bytes;
  return at;
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t n) {
  if (n) memcpy(at, bytes, n);
  return at + n;
}

static uint8_t *put_texts(uint8_t *at, const BasePackWriter *writer) {
  for (size_t i = 0; i < writer->texts.n; i++) {
    const Text *text = &writer->texts.items[i];
    uint32_t lengths[2] = {(uint32_t)strlen(text->key), (uint32_t)strlen(text->value)};
    at = put(at, lengths, sizeof lengths);
    at = put(at, text->key, lengths[0]);
    at = put(at, text->value, lengths[1]);
  }
  return at;
}

static void put_tensors(uint8_t *bytes, uint8_t *at, const BasePackWriter *writer) {
  size_t data = table_end(writer);
  for (size_t i = 0; i < writer->entries.n; i++) {
    const BaseTensor *tensor = &writer->entries.items[i].tensor;
    uint32_t name_bytes = (uint32_t)strlen(tensor->name);
    uint8_t kind[4] = {(uint8_t)tensor->type, (uint8_t)tensor->rank, 0, 0};
    uint64_t offset = data = aligned(data);
    at = put(at, &name_bytes, 4);
    at = put(at, kind, 4);
    at = put(at, tensor->shape, 8 * (size_t)tensor->rank);
    at = put(at, &offset, 8);
    at = put(at, tensor->name, name_bytes);
    put(bytes + offset, tensor->data, tensor->bytes);
    data += tensor->bytes;
  }
}

static void put_header(uint8_t *bytes, size_t n, const BasePackWriter *writer) {
  uint32_t numbers[4] = {BASE_PACK_VERSION, (uint32_t)writer->texts.n, (uint32_t)writer->entries.n, 0};
  uint64_t size = n;
  put(put(put(bytes, "TRIPPACK", 8), numbers, sizeof numbers), &size, 8);
  BaseHash *hash = base_hash_new();
  base_hash_add(hash, bytes, HASH_AT);
  base_hash_add(hash, bytes + HEADER, n - HEADER);
  base_hash_end(bytes + HASH_AT, hash);
}

BaseStatus base_pack_bytes(BaseContext *ctx, void **out, size_t *n, BasePackWriter *writer) {
  size_t size = whole(writer);
  uint8_t *bytes = calloc(size, 1);
  if (!bytes) return base_fail_memory(ctx);
  put_tensors(bytes, put_texts(bytes + HEADER, writer), writer);
  put_header(bytes, size, writer);
  *out = bytes;
  *n = size;
  return BASE_OK;
}

BaseStatus base_pack_write(BaseContext *ctx, BasePackWriter *writer, const char *path) {
  void *bytes;
  size_t n;
  BaseStatus status = base_pack_bytes(ctx, &bytes, &n, writer);
  if (status != BASE_OK) return status;
  BaseFileWriter file;
  status = base_file_begin(ctx, &file, path);
  if (status == BASE_OK) {
    fwrite(bytes, 1, n, file.stream);
    status = base_file_commit(ctx, &file);
  }
  free(bytes);
  return status;
}
