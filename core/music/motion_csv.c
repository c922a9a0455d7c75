/* One note a line. A first line that does not start with a number is a header.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/music/motion.h"

#include "core/base/base_file.h"
#include "core/base/base_number.h"

#include <math.h>
#include <string.h>

enum { DEFAULT_VELOCITY = 80, COLUMNS = 4 };
static const double SHORTEST_S = 0.001, LATEST_S = 1e7;

static char *skip_blanks(char *text) {
  while (*text == ' ' || *text == '\r') text++;
  return text;
}

/* The numbers of a line, at most COLUMNS of them; stops at what is no number. */
static int read_columns(double *columns, char *line) {
  for (int n = 0; n < COLUMNS; n++) {
    char *end, *text = skip_blanks(line);
    columns[n] = base_number_read(text, &end);
    if (end == text || !isfinite(columns[n])) return n;
    line = skip_blanks(end);
    if (*line != ',' && *line != ';' && *line != '\t') return *line ? 0 : n + 1;
    line++;
  }
  return COLUMNS;
}

static BaseStatus read_line(BaseContext *ctx, Motion *motion, char *line, size_t number, const char *path) {
  double columns[COLUMNS];
  int n = read_columns(columns, line);
  double onset_s = columns[0], up_s = columns[1], velocity = n > 3 ? columns[3] : DEFAULT_VELOCITY;
  if (n < 3)
    return base_fail(ctx, BASE_BAD_FILE, "“%s”, line %zu: onset_s,offset_s,midi_pitch was expected.", path,
                     number);
  if (fabs(onset_s) > LATEST_S || fabs(up_s) > LATEST_S || up_s < onset_s)
    return base_fail(ctx, BASE_BAD_FILE, "“%s”, line %zu: the note ends before it starts.", path, number);
  if (columns[2] < 0 || columns[2] > 127 || columns[2] != floor(columns[2]))
    return base_fail(ctx, BASE_BAD_FILE, "“%s”, line %zu: %g is no MIDI pitch.", path, number, columns[2]);
  if (velocity < 0 || velocity > 127)
    return base_fail(ctx, BASE_BAD_FILE, "“%s”, line %zu: %g is no velocity.", path, number, velocity);
  if (up_s < onset_s + SHORTEST_S) up_s = onset_s + SHORTEST_S;
  return motion_add(motion, onset_s, up_s, (int)columns[2], (int)velocity, 1) ? BASE_OK
                                                                              : base_fail_memory(ctx);
}

static bool header(const char *line) {
  return !strchr("0123456789+-.", *line);
}

static BaseStatus read_lines(BaseContext *ctx, Motion *motion, char *text, const char *path) {
  if (strncmp(text, "\xEF\xBB\xBF", 3) == 0) text += 3;
  size_t number = 0;
  for (char *line; (line = strsep(&text, "\n"));) {
    line = skip_blanks(line);
    if (number++ == 0 && header(line)) continue;
    if (!*line || *line == '#') continue;
    BaseStatus status = read_line(ctx, motion, line, number, path);
    if (status != BASE_OK) return status;
  }
  return BASE_OK;
}

BaseStatus motion_read_csv(BaseContext *ctx, Motion **out, const char *path) {
  void *text;
  size_t n;
  BaseStatus status = base_file_read(ctx, &text, &n, path, 0);
  if (status != BASE_OK) return status;
  Motion *motion = motion_new();
  if (!motion)
    status = base_fail_memory(ctx);
  else if (memchr(text, 0, n))
    status = base_fail(ctx, BASE_BAD_FILE, "“%s” is not a text file.", path);
  else
    status = read_lines(ctx, motion, text, path);
  free(text);
  if (status != BASE_OK) {
    motion_free(motion);
    return status;
  }
  motion_sort(motion);
  *out = motion;
  return BASE_OK;
}

static void write_lines(FILE *stream, const Motion *motion, const double *end_s) {
  fputs("onset_s,offset_s,midi_pitch,velocity\n", stream);
  for (size_t i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    char onset[32], offset[32];
    base_number_write(onset, sizeof onset, note->onset_s, 4);
    base_number_write(offset, sizeof offset, end_s[i], 4);
    fprintf(stream, "%s,%s,%d,%d\n", onset, offset, note->midi, note->velocity);
  }
}

BaseStatus motion_write_csv(BaseContext *ctx, const Motion *motion, const char *path) {
  double *end_s = calloc(motion->notes.n + 1, sizeof *end_s);
  if (!end_s) return base_fail_memory(ctx);
  motion_sound_ends(end_s, motion);
  BaseFileWriter writer;
  BaseStatus status = base_file_begin(ctx, &writer, path);
  if (status == BASE_OK) {
    write_lines(writer.stream, motion, end_s);
    status = base_file_commit(ctx, &writer);
  }
  free(end_s);
  return status;
}
