/* A file is written under a hidden name beside its final place, synced and renamed, so that a reader sees
 * the old content or the new one. Devices and pipes cannot be replaced by a rename and are written directly.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEFAULT_LIMIT = 1 << 30, NAME_TRIES = 16 };

static const char *why(int error) {
  if (error == ENOSPC || error == EDQUOT) return "the disk is full";
  if (error == ENOENT) return "there is no such file or folder";
  if (error == EACCES || error == EPERM) return "you are not allowed to";
  if (error == EISDIR) return "it is a folder";
  if (error == EROFS) return "the disk cannot be written to";
  return error ? strerror(error) : "the system did not say why";
}

static BaseStatus fail_read(BaseContext *ctx, const char *path, int error) {
  return base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be read: %s.", path, why(error));
}

static BaseStatus fail_write(BaseContext *ctx, const char *path, int error) {
  return base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be written: %s.", path, why(error));
}

static BaseStatus read_open(BaseContext *ctx, void **bytes, size_t *n, FILE *stream, const char *path,
                            size_t limit) {
  struct stat found;
  if (fstat(fileno(stream), &found) != 0) return fail_read(ctx, path, errno);
  if (S_ISDIR(found.st_mode)) return fail_read(ctx, path, EISDIR);
  if (!S_ISREG(found.st_mode)) return base_fail(ctx, BASE_UNREADABLE, "“%s” is not a regular file.", path);
  if ((uint64_t)found.st_size > limit)
    return base_fail(ctx, BASE_UNREADABLE, "“%s” is too large: %lld MB.", path,
                     (long long)found.st_size / 1000000);
  size_t size = (size_t)found.st_size;
  char *content = malloc(size + 1);
  if (!content) return base_fail_memory(ctx);
  size_t got = fread(content, 1, size, stream);
  if (ferror(stream)) {
    int error = errno;
    free(content);
    return fail_read(ctx, path, error);
  }
  content[got] = 0;
  *bytes = content;
  *n = got;
  return BASE_OK;
}

BaseStatus base_file_read(BaseContext *ctx, void **bytes, size_t *n, const char *path, size_t limit) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return fail_read(ctx, path, errno);
  FILE *stream = fdopen(descriptor, "rb");
  if (!stream) {
    close(descriptor);
    return base_fail_memory(ctx);
  }
  BaseStatus status = read_open(ctx, bytes, n, stream, path, limit ? limit : DEFAULT_LIMIT);
  fclose(stream);
  return status;
}

/* "folder/name" -> "folder/.name-1a2b3c4d.part" */
static char *hidden_name(const char *path) {
  const char *slash = strrchr(path, '/');
  int folder = slash ? (int)(slash - path) + 1 : 0;
  uint32_t salt = 0;
  if (getrandom(&salt, sizeof salt, GRND_NONBLOCK) < 0) salt = (uint32_t)getpid();
  char *name = NULL;
  if (asprintf(&name, "%.*s.%.200s-%08x.part", folder, path, path + folder, salt) < 0) return NULL;
  return name;
}

static int open_hidden(BaseFileWriter *writer) {
  for (int i = 0; i < NAME_TRIES; i++) {
    free(writer->temporary_path);
    writer->temporary_path = hidden_name(writer->final_path);
    if (!writer->temporary_path) return errno = ENOMEM, -1;
    int descriptor = open(writer->temporary_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0 || errno != EEXIST) return descriptor;
  }
  return -1;
}

static void forget(BaseFileWriter *writer) {
  if (writer->stream && writer->stream != stdout) fclose(writer->stream);
  if (writer->temporary_path) unlink(writer->temporary_path);
  free(writer->temporary_path);
  free(writer->final_path);
  *writer = (BaseFileWriter){0};
}

static BaseStatus begin_at(BaseContext *ctx, BaseFileWriter *writer, const char *path) {
  struct stat found;
  bool exists = stat(path, &found) == 0;
  if (exists && S_ISDIR(found.st_mode)) return fail_write(ctx, path, EISDIR);
  bool replaceable = !exists || S_ISREG(found.st_mode);
  writer->final_path = exists && replaceable ? realpath(path, NULL) : strdup(path);
  if (!writer->final_path) return base_fail_memory(ctx);
  int descriptor = replaceable ? open_hidden(writer) : open(path, O_WRONLY | O_CLOEXEC);
  int error = errno;
  if (descriptor >= 0 && exists && replaceable) (void)!fchmod(descriptor, found.st_mode & 07777);
  if (descriptor >= 0) writer->stream = fdopen(descriptor, "wb");
  if (writer->stream) return BASE_OK;
  if (descriptor >= 0) close(descriptor);
  if (descriptor < 0) {
    free(writer->temporary_path);
    writer->temporary_path = NULL;
  }
  return fail_write(ctx, path, error);
}

BaseStatus base_file_begin(BaseContext *ctx, BaseFileWriter *writer, const char *path) {
  *writer = (BaseFileWriter){0};
  if (strcmp(path, "-") == 0) {
    writer->stream = stdout;
    return BASE_OK;
  }
  BaseStatus status = begin_at(ctx, writer, path);
  if (status != BASE_OK) forget(writer);
  return status;
}

static int settle(BaseFileWriter *writer) {
  FILE *stream = writer->stream;
  errno = 0;
  if (fflush(stream) != 0 || ferror(stream)) return errno ? errno : EIO;
  if (stream == stdout) return 0;
  if (writer->temporary_path && fsync(fileno(stream)) != 0) return errno;
  writer->stream = NULL;
  if (fclose(stream) != 0) return errno;
  if (!writer->temporary_path) return 0;
  if (rename(writer->temporary_path, writer->final_path) != 0) return errno;
  free(writer->temporary_path);
  writer->temporary_path = NULL;
  return 0;
}

BaseStatus base_file_commit(BaseContext *ctx, BaseFileWriter *writer) {
  int error = settle(writer);
  BaseStatus status = BASE_OK;
  if (error) status = fail_write(ctx, writer->final_path ? writer->final_path : "standard output", error);
  forget(writer);
  return status;
}

void base_file_abort(BaseFileWriter *writer) {
  forget(writer);
}
