/* What a file is: magic numbers first, then whether it reads as text, then the ending of its name.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/flow/flow.h"

#include "core/flow/flow_parts.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { HEAD_SIZE = 4096 };

typedef struct {
  unsigned char bytes[HEAD_SIZE + 1]; /* zero after the last */
  size_t n;
} Head;

static bool starts(const Head *head, size_t at, const char *magic, size_t n) {
  return head->n >= at + n && memcmp(head->bytes + at, magic, n) == 0;
}

static bool is_mpeg_audio(const Head *head) {
  const unsigned char *b = head->bytes;
  if (starts(head, 0, "ID3", 3)) return true;
  bool frame = head->n > 3 && b[0] == 0xFF && (b[1] & 0xE0) == 0xE0;
  return frame && (b[1] & 0x18) != 0x08 && (b[1] & 0x06) != 0 && (b[2] & 0xF0) != 0xF0 &&
         (b[2] & 0x0C) != 0x0C;
}

static bool is_audio(const Head *head) {
  if ((starts(head, 0, "RIFF", 4) || starts(head, 0, "RIFX", 4) || starts(head, 0, "RF64", 4)) &&
      starts(head, 8, "WAVE", 4))
    return true;
  if (starts(head, 0, "FORM", 4) && (starts(head, 8, "AIFF", 4) || starts(head, 8, "AIFC", 4))) return true;
  return starts(head, 0, "fLaC", 4) || starts(head, 0, "OggS", 4) || starts(head, 0, "caff", 4) ||
         starts(head, 0, ".snd", 4) || starts(head, 0, "riff\x2e\x91\xcf\x11", 8) || is_mpeg_audio(head);
}

static bool is_pages(const Head *head) {
  if (starts(head, 0, "\x89PNG\r\n\x1a\n", 8) || starts(head, 0, "\xff\xd8\xff", 3)) return true;
  if (starts(head, 0, "II*\0", 4) || starts(head, 0, "MM\0*", 4) || starts(head, 0, "II+\0", 4)) return true;
  return memmem(head->bytes, head->n < 1024 ? head->n : 1024, "%PDF-", 5) != NULL;
}

static bool is_xml(const Head *head) {
  if (starts(head, 0, "\xff\xfe<\0", 4) || starts(head, 0, "\xfe\xff\0<", 4)) return true;
  size_t at = starts(head, 0, "\xef\xbb\xbf", 3) ? 3 : 0;
  while (at < head->n && isspace(head->bytes[at])) at++;
  return starts(head, at, "<?xml", 5) || starts(head, at, "<score-", 7) ||
         starts(head, at, "<!DOCTYPE score", 15);
}

static bool is_text(const Head *head) {
  for (size_t i = 0; i < head->n; i++)
    if (head->bytes[i] < 32 && !isspace(head->bytes[i])) return false;
  return head->n > 0;
}

/* Some line starts like `1.25,1.75,60`. */
static bool is_note_list(const Head *head) {
  if (!is_text(head)) return false;
  const char *line = (const char *)head->bytes;
  while (line) {
    double onset, offset;
    char separator;
    if (sscanf(line, "%lf%c%lf", &onset, &separator, &offset) == 3 && strchr(",;\t", separator)) return true;
    line = strchr(line, '\n');
    if (line) line++;
  }
  return false;
}

static FlowKind kind_of_content(const Head *head) {
  if (starts(head, 0, "MThd", 4)) return FLOW_MIDI;
  if (starts(head, 0, "RIFF", 4) && starts(head, 8, "RMID", 4)) return FLOW_MIDI;
  if (is_pages(head)) return FLOW_PAGES;
  if (starts(head, 0, "SQLite format 3", 16)) return FLOW_PROJECT;
  if (starts(head, 0, "TRIPPACK", 8)) return FLOW_WEIGHTS;
  if (starts(head, 0, "PK\3\4", 4)) return FLOW_SCORE;
  if (is_audio(head)) return FLOW_AUDIO;
  if (is_xml(head)) return FLOW_SCORE;
  return is_note_list(head) ? FLOW_NOTES : FLOW_UNKNOWN;
}

bool flow_ends_with(const char *path, const char *ending) {
  size_t n = strlen(path), m = strlen(ending);
  return n >= m && strcasecmp(path + n - m, ending) == 0;
}

static FlowKind kind_of_ending(const char *path) {
  static const struct {
    const char *ending;
    FlowKind kind;
  } ENDINGS[] = {
      {".png", FLOW_PAGES},  {".jpg", FLOW_PAGES},        {".jpeg", FLOW_PAGES}, {".tif", FLOW_PAGES},
      {".tiff", FLOW_PAGES}, {".pdf", FLOW_PAGES},        {".xml", FLOW_SCORE},  {".musicxml", FLOW_SCORE},
      {".mxl", FLOW_SCORE},  {".mid", FLOW_MIDI},         {".midi", FLOW_MIDI},  {".csv", FLOW_NOTES},
      {".wav", FLOW_AUDIO},  {".flac", FLOW_AUDIO},       {".mp3", FLOW_AUDIO},  {".ogg", FLOW_AUDIO},
      {".opus", FLOW_AUDIO}, {".triptych", FLOW_PROJECT},
  };
  for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++)
    if (flow_ends_with(path, ENDINGS[i].ending)) return ENDINGS[i].kind;
  return FLOW_UNKNOWN;
}

static BaseStatus read_head(BaseContext *ctx, Head *head, const char *path) {
  struct stat found;
  if (stat(path, &found) != 0)
    return base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be read: %s.", path,
                     errno == ENOENT ? "there is no such file" : strerror(errno));
  if (S_ISDIR(found.st_mode))
    return base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be read: it is a folder.", path);
  if (!S_ISREG(found.st_mode)) return base_fail(ctx, BASE_UNREADABLE, "“%s” is not a regular file.", path);
  FILE *stream = fopen(path, "rbe");
  if (!stream) return base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be read: %s.", path, strerror(errno));
  head->n = fread(head->bytes, 1, HEAD_SIZE, stream);
  head->bytes[head->n] = 0;
  bool failed = ferror(stream);
  fclose(stream);
  return failed ? base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be read.", path) : BASE_OK;
}

BaseStatus flow_kind(BaseContext *ctx, FlowKind *out, const char *path) {
  Head head = {.n = 0};
  BaseStatus status = read_head(ctx, &head, path);
  if (status != BASE_OK) return status;
  if (head.n == 0) return base_fail(ctx, BASE_UNSUPPORTED, "“%s” is empty.", path);
  FlowKind kind = kind_of_content(&head);
  if (kind == FLOW_UNKNOWN) kind = kind_of_ending(path);
  if (kind == FLOW_UNKNOWN)
    return base_fail(
        ctx, BASE_UNSUPPORTED,
        "“%s” is none of the files that Triptych knows: pages, scores, MIDI, note lists, recordings.", path);
  *out = kind;
  return BASE_OK;
}

const char *flow_kind_name(FlowKind kind) {
  switch (kind) {
  case FLOW_UNKNOWN:
    return "something unknown";
  case FLOW_PAGES:
    return "pages";
  case FLOW_SCORE:
    return "a score";
  case FLOW_MIDI:
    return "a MIDI file";
  case FLOW_NOTES:
    return "a list of notes";
  case FLOW_AUDIO:
    return "a recording";
  case FLOW_PROJECT:
    return "a project";
  case FLOW_WEIGHTS:
    return "weights";
  }
  return "something unknown";
}

BaseStatus flow_fail_kind(BaseContext *ctx, const char *path, FlowKind found, const char *wanted) {
  return base_fail(ctx, BASE_UNSUPPORTED, "“%s” is %s, but %s is needed here.", path, flow_kind_name(found),
                   wanted);
}
