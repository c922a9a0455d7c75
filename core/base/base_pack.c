/* Reading. Every number in the file is checked against the bytes that are there before it is used; the hash
 * is checked last of all, over the whole. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_pack.h"

#include "core/base/base_hash.h"
#include "core/base/base_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "packs are little-endian and mapped as they are");

enum { HEADER = 64, HASH_AT = 32, MOST_ENTRIES = 1 << 20, MOST_NAME = 1 << 16, TYPE_COUNT = BASE_U8 + 1 };

typedef struct {
  char *key, *value;
} Text;

struct BasePack {
  const uint8_t *bytes;
  size_t n;
  bool mapped;
  void *owned;
  Text *texts;
  BaseTensor *tensors, **by_name;
  size_t n_texts, n_tensors;
  char *strings; /* behind all names, keys and values */
  size_t strings_used;
  char hash[BASE_HASH_SIZE];
};

typedef struct {
  BaseContext *ctx;
  BasePack *pack;
  const char *name;
  size_t at;
} Reader;

size_t base_type_size(BaseType type) {
  static const uint8_t SIZES[TYPE_COUNT] = {
      [BASE_F32] = 4, [BASE_F16] = 2, [BASE_BF16] = 2, [BASE_I32] = 4, [BASE_U8] = 1};
  return (unsigned)type < TYPE_COUNT ? SIZES[type] : 0;
}

static BaseStatus bad(Reader *reader, const char *what) {
  return base_fail(reader->ctx, BASE_BAD_FILE, "“%s” is no sound tensor file: %s.", reader->name, what);
}

static bool take(void *out, Reader *reader, size_t n) {
  if (n > reader->pack->n - reader->at) return false;
  memcpy(out, reader->pack->bytes + reader->at, n);
  reader->at += n;
  return true;
}

/* The next `n` bytes as terminated text; null when they are not there or hold a zero. */
static char *take_string(Reader *reader, uint32_t n) {
  BasePack *pack = reader->pack;
  if (n > MOST_NAME || n > pack->n - reader->at || memchr(pack->bytes + reader->at, 0, n)) return NULL;
  char *string = pack->strings + pack->strings_used;
  memcpy(string, pack->bytes + reader->at, n);
  string[n] = 0;
  pack->strings_used += n + 1;
  reader->at += n;
  return string;
}

static BaseStatus read_texts(Reader *reader) {
  for (size_t i = 0; i < reader->pack->n_texts; i++) {
    uint32_t lengths[2];
    Text *text = &reader->pack->texts[i];
    if (!take(lengths, reader, sizeof lengths)) return bad(reader, "a text is cut");
    text->key = take_string(reader, lengths[0]);
    text->value = text->key ? take_string(reader, lengths[1]) : NULL;
    if (!text->value) return bad(reader, "a text is cut or too long");
  }
  return BASE_OK;
}

static bool count_bytes(uint64_t *out, const BaseTensor *tensor) {
  uint64_t bytes = base_type_size(tensor->type);
  for (int i = 0; i < tensor->rank; i++)
    if (__builtin_mul_overflow(bytes, tensor->shape[i], &bytes)) return false;
  *out = bytes;
  return true;
}

static BaseStatus read_tensor(Reader *reader, BaseTensor *tensor) {
  struct {
    uint32_t name_bytes;
    uint8_t type, rank;
    uint16_t zero;
  } head;
  if (!take(&head, reader, sizeof head)) return bad(reader, "the table is cut");
  if (head.rank > BASE_PACK_MOST_RANK || !base_type_size((BaseType)head.type) || head.zero)
    return bad(reader, "a tensor of unknown kind");
  tensor->type = (BaseType)head.type;
  tensor->rank = head.rank;
  uint64_t offset, bytes;
  if (!take(tensor->shape, reader, head.rank * sizeof *tensor->shape) ||
      !take(&offset, reader, sizeof offset))
    return bad(reader, "the table is cut");
  tensor->name = take_string(reader, head.name_bytes);
  if (!tensor->name || !*tensor->name) return bad(reader, "a tensor without a name");
  if (!count_bytes(&bytes, tensor) || offset % BASE_PACK_ALIGNMENT || offset > reader->pack->n ||
      bytes > reader->pack->n - offset)
    return base_fail(reader->ctx, BASE_BAD_FILE, "“%s” is no sound tensor file: “%s” lies outside.",
                     reader->name, tensor->name);
  tensor->bytes = (size_t)bytes;
  tensor->data = reader->pack->bytes + offset;
  return BASE_OK;
}

static int compare_names(const void *left, const void *right) {
  const BaseTensor *const *a = left, *const *b = right;
  return strcmp((*a)->name, (*b)->name);
}

static int compare_places(const void *left, const void *right) {
  const BaseTensor *const *a = left, *const *b = right;
  return ((*a)->data > (*b)->data) - ((*a)->data < (*b)->data);
}

/* Data must follow the table and each other; then the index by name is made, which finds doubles. */
static BaseStatus order_tensors(Reader *reader) {
  BasePack *pack = reader->pack;
  const uint8_t *free_from = pack->bytes + reader->at;
  for (size_t i = 0; i < pack->n_tensors; i++) pack->by_name[i] = &pack->tensors[i];
  qsort(pack->by_name, pack->n_tensors, sizeof *pack->by_name, compare_places);
  for (size_t i = 0; i < pack->n_tensors; i++) {
    const BaseTensor *tensor = pack->by_name[i];
    if (tensor->bytes && (const uint8_t *)tensor->data < free_from) return bad(reader, "tensors overlap");
    if (tensor->bytes) free_from = (const uint8_t *)tensor->data + tensor->bytes;
  }
  qsort(pack->by_name, pack->n_tensors, sizeof *pack->by_name, compare_names);
  for (size_t i = 1; i < pack->n_tensors; i++)
    if (strcmp(pack->by_name[i - 1]->name, pack->by_name[i]->name) == 0)
      return base_fail(reader->ctx, BASE_BAD_FILE, "“%s” holds “%s” twice.", reader->name,
                       pack->by_name[i]->name);
  return BASE_OK;
}

static BaseStatus check_hash(Reader *reader) {
  BasePack *pack = reader->pack;
  uint8_t found[BASE_HASH_BYTES];
  BaseHash *hash = base_hash_new();
  base_hash_add(hash, pack->bytes, HASH_AT);
  base_hash_add(hash, pack->bytes + HEADER, pack->n - HEADER);
  base_hash_end(found, hash);
  if (memcmp(found, pack->bytes + HASH_AT, sizeof found) != 0)
    return bad(reader, "its content was changed after it was written");
  base_hash_text(pack->hash, found);
  return BASE_OK;
}

static BaseStatus read_header(Reader *reader, uint32_t counts[2]) {
  uint32_t version, zero;
  uint64_t bytes;
  char magic[8];
  BasePack *pack = reader->pack;
  if (pack->n < HEADER || !take(magic, reader, 8) || memcmp(magic, "TRIPPACK", 8) != 0)
    return bad(reader, "it does not start like one");
  if (!take(&version, reader, 4) || !take(counts, reader, 8) || !take(&zero, reader, 4) ||
      !take(&bytes, reader, 8))
    return bad(reader, "it is cut");
  if (version != BASE_PACK_VERSION)
    return base_fail(reader->ctx, BASE_VERSION,
                     "“%s” is a tensor file of version %u; this program reads version %d.", reader->name,
                     version, BASE_PACK_VERSION);
  if (bytes != pack->n) return bad(reader, bytes > pack->n ? "it is cut" : "it is longer than it says");
  if (zero || counts[0] > MOST_ENTRIES || counts[1] > MOST_ENTRIES || counts[0] > pack->n ||
      counts[1] > pack->n)
    return bad(reader, "it promises more than it can hold");
  reader->at = HEADER;
  return BASE_OK;
}

static BaseStatus read_all(Reader *reader) {
  BasePack *pack = reader->pack;
  uint32_t counts[2];
  BaseStatus status = read_header(reader, counts);
  if (status == BASE_OK) status = check_hash(reader);
  if (status != BASE_OK) return status;
  pack->texts = calloc(counts[0] + 1, sizeof *pack->texts);
  pack->tensors = calloc(counts[1] + 1, sizeof *pack->tensors);
  pack->by_name = calloc(counts[1] + 1, sizeof *pack->by_name);
  size_t most = (size_t)counts[0] * 2 + counts[1] < pack->n ? pack->n : 0;
  pack->strings = most ? malloc(most) : NULL;
  if (!most) return bad(reader, "it promises more than it can hold");
  if (!pack->texts || !pack->tensors || !pack->by_name || !pack->strings)
    return base_fail_memory(reader->ctx);
  pack->n_texts = counts[0];
  pack->n_tensors = counts[1];
  status = read_texts(reader);
  for (size_t i = 0; status == BASE_OK && i < pack->n_tensors; i++)
    status = read_tensor(reader, &pack->tensors[i]);
  return status == BASE_OK ? order_tensors(reader) : status;
}

static BaseStatus finish(BaseContext *ctx, BasePack **out, BasePack *pack, const char *name) {
  Reader reader = {.ctx = ctx, .pack = pack, .name = name};
  BaseStatus status = read_all(&reader);
  if (status == BASE_OK)
    *out = pack;
  else
    base_pack_free(pack);
  return status;
}

static void *map_file(size_t *n, const char *path) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return NULL;
  struct stat found = {0};
  void *bytes = NULL;
  if (fstat(descriptor, &found) != 0)
    found.st_size = 0;
  else if (!S_ISREG(found.st_mode))
    errno = EINVAL;
  else if (found.st_size == 0)
    errno = ENODATA;
  else
    bytes = mmap(NULL, (size_t)found.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  int error = errno;
  close(descriptor);
  errno = error;
  *n = (size_t)found.st_size;
  return bytes == MAP_FAILED ? NULL : bytes;
}

BaseStatus base_pack_load(BaseContext *ctx, BasePack **out, const char *path) {
  size_t n;
  void *bytes = map_file(&n, path);
  if (!bytes && errno == ENODATA) return base_fail(ctx, BASE_BAD_FILE, "“%s” is empty.", path);
  if (!bytes) return base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be read: %s.", path, strerror(errno));
  BasePack *pack = calloc(1, sizeof *pack);
  if (!pack) {
    munmap(bytes, n);
    return base_fail_memory(ctx);
  }
  pack->bytes = bytes;
  pack->n = n;
  pack->mapped = true;
  return finish(ctx, out, pack, path);
}

BaseStatus base_pack_load_memory(BaseContext *ctx, BasePack **out, const void *bytes, size_t n,
                                 const char *name) {
  BasePack *pack = calloc(1, sizeof *pack);
  size_t room = (n + BASE_PACK_ALIGNMENT) / BASE_PACK_ALIGNMENT * BASE_PACK_ALIGNMENT;
  if (pack) pack->owned = aligned_alloc(BASE_PACK_ALIGNMENT, room);
  if (!pack || !pack->owned) {
    free(pack);
    return base_fail_memory(ctx);
  }
  if (n) memcpy(pack->owned, bytes, n);
  pack->bytes = pack->owned;
  pack->n = n;
  return finish(ctx, out, pack, name);
}

void base_pack_free(BasePack *pack) {
  if (!pack) return;
  if (pack->mapped) munmap((void *)(uintptr_t)pack->bytes, pack->n);
  free(pack->owned);
  free(pack->texts);
  free(pack->tensors);
  free(pack->by_name);
  free(pack->strings);
  free(pack);
}

const char *base_pack_text(const BasePack *pack, const char *key) {
  for (size_t i = 0; i < pack->n_texts; i++)
    if (strcmp(pack->texts[i].key, key) == 0) return pack->texts[i].value;
  return NULL;
}

size_t base_pack_tensors(const BasePack *pack) {
  return pack->n_tensors;
}

const BaseTensor *base_pack_tensor_at(const BasePack *pack, size_t i) {
  return i < pack->n_tensors ? &pack->tensors[i] : NULL;
}

size_t base_pack_texts(const BasePack *pack) {
  return pack->n_texts;
}

const char *base_pack_text_key(const BasePack *pack, size_t i) {
  return i < pack->n_texts ? pack->texts[i].key : NULL;
}

const char *base_pack_text_at(const BasePack *pack, size_t i) {
  return i < pack->n_texts ? pack->texts[i].value : NULL;
}

const BaseTensor *base_pack_find(const BasePack *pack, const char *name) {
  const BaseTensor wanted = {.name = name}, *key = &wanted;
  const BaseTensor *const *found =
      bsearch(&key, pack->by_name, pack->n_tensors, sizeof *pack->by_name, compare_names);
  return found ? *found : NULL;
}

const char *base_pack_hash(const BasePack *pack) {
  return pack->hash;
}

static const char *type_name(BaseType type) {
  static const char *const NAMES[TYPE_COUNT] = {"?", "f32", "f16", "bf16", "i32", "u8"};
  return (unsigned)type < TYPE_COUNT ? NAMES[type] : "?";
}

static void say_shape(char *text, size_t size, int rank, const uint64_t *shape) {
  size_t n = (size_t)snprintf(text, size, "[");
  for (int i = 0; i < rank && n < size; i++)
    n += (size_t)snprintf(text + n, size - n, i ? " × %llu" : "%llu", (unsigned long long)shape[i]);
  if (n < size) snprintf(text + n, size - n, "]");
}

static BaseStatus find_shaped(BaseContext *ctx, const BaseTensor **out, const BasePack *pack,
                              const char *name, int rank, const uint64_t *shape) {
  const BaseTensor *tensor = base_pack_find(pack, name);
  if (!tensor) return base_fail(ctx, BASE_BAD_FILE, "The file has no tensor “%s”.", name);
  if (tensor->rank != rank || (rank && memcmp(tensor->shape, shape, (size_t)rank * sizeof *shape) != 0)) {
    char wanted[128], found[128];
    say_shape(wanted, sizeof wanted, rank, shape);
    say_shape(found, sizeof found, tensor->rank, tensor->shape);
    return base_fail(ctx, BASE_BAD_FILE, "The tensor “%s” should be %s and is %s.", name, wanted, found);
  }
  *out = tensor;
  return BASE_OK;
}

BaseStatus base_pack_tensor(BaseContext *ctx, const BaseTensor **out, const BasePack *pack, const char *name,
                            BaseType type, int rank, const uint64_t *shape) {
  const BaseTensor *tensor;
  BaseStatus status = find_shaped(ctx, &tensor, pack, name, rank, shape);
  if (status != BASE_OK) return status;
  if (tensor->type != type)
    return base_fail(ctx, BASE_BAD_FILE, "The tensor “%s” should hold %s and holds %s.", name,
                     type_name(type), type_name(tensor->type));
  *out = tensor;
  return BASE_OK;
}

BaseStatus base_pack_floats(BaseContext *ctx, float *out, const BasePack *pack, const char *name, int rank,
                            const uint64_t *shape) {
  const BaseTensor *tensor;
  BaseStatus status = find_shaped(ctx, &tensor, pack, name, rank, shape);
  if (status != BASE_OK) return status;
  if (tensor->type == BASE_F32) {
    memcpy(out, tensor->data, tensor->bytes);
    return BASE_OK;
  }
  if (tensor->type != BASE_F16 && tensor->type != BASE_BF16)
    return base_fail(ctx, BASE_BAD_FILE, "The tensor “%s” holds %s, no floating numbers.", name,
                     type_name(tensor->type));
  const uint16_t *half = tensor->data;
  bool brain = tensor->type == BASE_BF16;
  for (size_t i = 0; i < tensor->bytes / sizeof *half; i++)
    out[i] = brain ? base_bf16_float(half[i]) : base_f16_float(half[i]);
  return BASE_OK;
}
