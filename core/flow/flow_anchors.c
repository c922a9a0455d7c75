/* Anchors as a table: score_quarter,time_s. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/flow/flow.h"

#include "core/base/base_file.h"
#include "core/base/base_number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GRID = 10080 }; /* divides into every usual note value and tuplet */
static const double MOST_QUARTERS = 1e8;

typedef BASE_ARRAY(AlignmentAnchor) Anchors;

static bool read_line(AlignmentAnchor *out, const char *line) {
  char *end;
  double quarter = base_number_read(line, &end);
  if (end == line || !isfinite(quarter) || fabs(quarter) > MOST_QUARTERS) return false;
  end += strspn(end, " \t");
  if (*end != ',' && *end != ';') return false;
  const char *second = end + 1;
  out->time_s = base_number_read(second, &end);
  out->quarter = beat_near(quarter, GRID);
  return end != second && isfinite(out->time_s);
}

static bool is_header(const char *line) {
  return strncmp(line, "score_quarter", strlen("score_quarter")) == 0;
}

static BaseStatus read_lines(BaseContext *ctx, Anchors *out, char *text, const char *path) {
  size_t number = 0;
  for (char *line = text, *next; line && *line; line = next) {
    next = strchr(line, '\n');
    if (next) *next++ = 0;
    number++;
    line += strspn(line, " \t\r");
    if (*line == 0 || *line == '#' || (number == 1 && is_header(line))) continue;
    AlignmentAnchor anchor;
    if (!read_line(&anchor, line))
      return base_fail(ctx, BASE_BAD_FILE, "Line %zu of “%s” is not score_quarter,time_s.", number, path);
    if (!base_array_push(out, anchor)) return base_fail_memory(ctx);
  }
  return BASE_OK;
}

BaseStatus flow_load_anchors(BaseContext *ctx, AlignmentAnchor **out, size_t *n, const char *path) {
  void *text = NULL;
  size_t size = 0;
  Anchors anchors = {0};
  BaseStatus status = base_file_read(ctx, &text, &size, path, 64 << 20);
  if (status == BASE_OK) status = read_lines(ctx, &anchors, text, path);
  free(text);
  if (status == BASE_OK)
    *out = anchors.items, *n = anchors.n;
  else
    base_array_clear(&anchors);
  return status;
}
