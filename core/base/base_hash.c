/* The one file of core/ that knows GLib, for its SHA-256. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_hash.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SLICE = 1 << 20 };

struct BaseHash {
  GChecksum *checksum;
};

BaseHash *base_hash_new(void) {
  BaseHash *hash = g_new0(BaseHash, 1);
  hash->checksum = g_checksum_new(G_CHECKSUM_SHA256);
  return hash;
}

void base_hash_add(BaseHash *hash, const void *bytes, size_t n) {
  if (n) g_checksum_update(hash->checksum, bytes, (gssize)n);
}

void base_hash_end(uint8_t *out, BaseHash *hash) {
  gsize n = BASE_HASH_BYTES;
  uint8_t unused[BASE_HASH_BYTES];
  g_checksum_get_digest(hash->checksum, out ? out : unused, &n);
  g_checksum_free(hash->checksum);
  g_free(hash);
}

void base_hash_text(char *text, const uint8_t *hash) {
  static const char DIGITS[] = "0123456789abcdef";
  for (int i = 0; i < BASE_HASH_BYTES; i++) {
    *text++ = DIGITS[hash[i] >> 4];
    *text++ = DIGITS[hash[i] & 15];
  }
  *text = 0;
}

void base_hash_bytes(char *text, const void *bytes, size_t n) {
  uint8_t raw[BASE_HASH_BYTES];
  BaseHash *hash = base_hash_new();
  base_hash_add(hash, bytes, n);
  base_hash_end(raw, hash);
  base_hash_text(text, raw);
}

static BaseStatus feed(BaseContext *ctx, BaseHash *hash, FILE *stream, const char *path) {
  struct stat found = {0};
  if (fstat(fileno(stream), &found) != 0 || S_ISDIR(found.st_mode))
    return base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be read: it is no file.", path);
  char *slice = g_malloc(SLICE);
  double done = 0, whole = found.st_size > 0 ? (double)found.st_size : 1;
  for (size_t n; (n = fread(slice, 1, SLICE, stream)) > 0 && !base_cancelled(ctx);) {
    base_hash_add(hash, slice, n);
    base_progress(ctx, (done += (double)n) / whole, "reading");
  }
  g_free(slice);
  if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
  return ferror(stream) ? base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be read to its end.", path) : BASE_OK;
}

BaseStatus base_hash_file(BaseContext *ctx, char *text, const char *path) {
  FILE *stream = fopen(path, "rbe");
  if (!stream) return base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be read: %s.", path, strerror(errno));
  BaseHash *hash = base_hash_new();
  BaseStatus status = feed(ctx, hash, stream, path);
  uint8_t raw[BASE_HASH_BYTES];
  base_hash_end(raw, hash);
  fclose(stream);
  if (status == BASE_OK) base_hash_text(text, raw);
  return status;
}
