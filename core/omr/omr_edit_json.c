/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Edits as JSON and back. The reader takes what the writer makes and what a person would write by hand: keys
 * in any order, unknown keys passed over, values as words or numbers. */
#include "core/omr/omr_edit.h"

#include "core/base/base_file.h"
#include "core/base/base_number.h"
#include "core/music/score.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WORD = 40, MOST_BYTES = 64 << 20, DEPTH = 32 };

static const char *const kind_names[OMR_EDITS] = {"pitch", "alter", "accidental", "value",   "dots", "tuplet",
                                                  "voice", "staff", "tie",        "nothing", "note", "rest",
                                                  "clef",  "key",   "time",       "right"};
static const char *const accidental_names[] = {
    "none", "sharp", "flat", "natural", "double-sharp", "double-flat", "natural-sharp", "natural-flat"};
static const char *const value_names[] = {"whole", "half", "quarter", "eighth",
                                          "16th",  "32nd", "64th",    "128th"};
static const char steps[] = "CDEFGAB", clefs[] = "GFC";

static int index_of(const char *const *names, size_t n, const char *word) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(names[i], word) == 0) return (int)i;
  return -1;
}

#define NAMES(list) list, sizeof list / sizeof *list

/* ---- values as words ---- */

static bool has_printed_value(int kind) {
  return kind == OMR_EDIT_VALUE || kind == OMR_EDIT_NOTE || kind == OMR_EDIT_REST;
}

static void value_word(char word[WORD], const OmrEdit *edit) {
  int value = edit->value;
  if (has_printed_value(edit->kind))
    snprintf(word, WORD, "\"%s\"", value_names[value]);
  else if (edit->kind == OMR_EDIT_ACCIDENTAL)
    snprintf(word, WORD, "\"%s\"", accidental_names[value]);
  else if (edit->kind == OMR_EDIT_PITCH)
    snprintf(word, WORD, "\"%c%d\"", steps[value % 7], value / 7);
  else if (edit->kind == OMR_EDIT_CLEF)
    snprintf(word, WORD, "\"%c%d\"", clefs[value / 16], value % 16);
  else if (edit->kind == OMR_EDIT_TIME)
    snprintf(word, WORD, "\"%d/%d\"", value / 64, value % 64);
  else
    snprintf(word, WORD, "%d", value);
}

static int step_value(const char *word) {
  int octave = 0, used = 0;
  const char *step = word[0] ? strchr(steps, word[0]) : NULL;
  if (!step || sscanf(word + 1, "%2d%n", &octave, &used) != 1 || word[1 + used]) return -1000;
  return 7 * octave + (int)(step - steps);
}

static int clef_value(const char *word) {
  const char *sign = word[0] ? strchr(clefs, word[0]) : NULL;
  bool line = sign && word[1] >= '1' && word[1] <= '5' && !word[2];
  return line ? 16 * (int)(sign - clefs) + word[1] - '0' : -1000;
}

static int time_value(const char *word) {
  int beats = 0, type = 0, used = 0;
  if (sscanf(word, "%2d/%2d%n", &beats, &type, &used) != 2 || word[used]) return -1000;
  return beats < 1 || beats > 64 ? -1000 : 64 * beats + type;
}

/* What a word means for a kind; far out of every range when nothing. */
static int value_of(int kind, const char *word) {
  int named = -1;
  if (has_printed_value(kind)) named = index_of(NAMES(value_names), word);
  if (kind == OMR_EDIT_ACCIDENTAL) named = index_of(NAMES(accidental_names), word);
  if (named >= 0) return named;
  if (kind == OMR_EDIT_PITCH) return step_value(word);
  if (kind == OMR_EDIT_CLEF) return clef_value(word);
  if (kind == OMR_EDIT_TIME) return time_value(word);
  char *end;
  double number = base_number_read(word, &end);
  bool whole = end != word && !*end && number == floor(number) && fabs(number) < 1000;
  return whole ? (int)number : -1000;
}

/* ---- reading ---- */

typedef struct {
  const char *at;
  bool bad;
} Json;

static char next(Json *json) {
  json->at += strspn(json->at, " \t\r\n");
  return *json->at;
}

static bool take(Json *json, char c) {
  if (next(json) != c) return false;
  json->at++;
  return true;
}

/* A string or a bare word (number, true, null), cut at WORD. */
static void take_word(Json *json, char word[WORD]) {
  size_t n = 0;
  bool quoted = take(json, '"');
  for (; *json->at && (quoted ? *json->at != '"' : !strchr(",:{}[] \t\r\n\"", *json->at)); json->at++) {
    if (quoted && *json->at == '\\' && json->at[1]) json->at++;
    if (n + 1 < WORD) word[n++] = *json->at;
  }
  word[n] = 0;
  if (quoted ? *json->at != '"' : n == 0) json->bad = true;
  if (quoted && !json->bad) json->at++;
}

/* Passes over one value of any kind. */
static void skip_value(Json *json) {
  char word[WORD];
  int depth = 0;
  do {
    char c = next(json);
    if (c == '{' || c == '[')
      depth++, json->at++;
    else if (c == '}' || c == ']')
      depth--, json->at++;
    else if (c == ',' || c == ':')
      json->at++;
    else
      take_word(json, word);
  } while (!json->bad && depth > 0 && depth < DEPTH && *json->at);
  json->bad = json->bad || depth != 0;
}

typedef struct {
  char page[WORD], x[WORD], y[WORD], set[WORD], to[WORD];
} Words;

static void take_member(Json *json, Words *words) {
  char key[WORD];
  take_word(json, key);
  if (!take(json, ':')) json->bad = true;
  if (json->bad) return;
  char *field = strcmp(key, "page") == 0  ? words->page
                : strcmp(key, "x") == 0   ? words->x
                : strcmp(key, "y") == 0   ? words->y
                : strcmp(key, "set") == 0 ? words->set
                : strcmp(key, "to") == 0  ? words->to
                                          : NULL;
  if (field)
    take_word(json, field);
  else
    skip_value(json);
}

static double number_in(const char *word) {
  char *end;
  double value = base_number_read(word, &end);
  return end == word || *end || !isfinite(value) || fabs(value) > 1e7 ? NAN : value;
}

/* Null, or what is wrong. */
static const char *understand(OmrEdit *edit, const Words *words) {
  double page = number_in(words->page), x = number_in(words->x), y = number_in(words->y);
  int kind = index_of(NAMES(kind_names), words->set);
  if (isnan(page) || page < 0 || page != floor(page)) return "“page” has to be a whole number from 0";
  if (isnan(x) || isnan(y)) return "“x” and “y” have to be numbers";
  if (kind < 0) return "“set” names nothing that can be put right";
  int value = kind == OMR_EDIT_NOTHING || kind == OMR_EDIT_RIGHT ? 0 : value_of(kind, words->to);
  *edit = (OmrEdit){(int32_t)page, (float)x, (float)y, (uint8_t)kind, (int16_t)value};
  return omr_edit_valid(edit) ? NULL : "“to” is no value for it";
}

static BaseStatus take_edit(BaseContext *ctx, OmrEdits *out, Json *json, const char *path) {
  Words words = {0};
  OmrEdit edit;
  if (!take(json, '{')) json->bad = true;
  if (!json->bad && !take(json, '}')) {
    do take_member(json, &words);
    while (!json->bad && take(json, ','));
    if (!take(json, '}')) json->bad = true;
  }
  if (json->bad) return base_fail(ctx, BASE_BAD_FILE, "“%s”: edit %zu is no JSON object.", path, out->n + 1);
  const char *wrong = understand(&edit, &words);
  if (wrong) return base_fail(ctx, BASE_BAD_FILE, "“%s”: edit %zu: %s.", path, out->n + 1, wrong);
  return base_array_push(out, edit) ? BASE_OK : base_fail_memory(ctx);
}

static BaseStatus take_edits(BaseContext *ctx, OmrEdits *out, Json *json, const char *path) {
  BaseStatus status = BASE_OK;
  if (!take(json, '[')) return base_fail(ctx, BASE_BAD_FILE, "“%s”: “edits” has to be a list.", path);
  if (take(json, ']')) return BASE_OK;
  do status = take_edit(ctx, out, json, path);
  while (status == BASE_OK && take(json, ','));
  if (status == BASE_OK && !take(json, ']'))
    status = base_fail(ctx, BASE_BAD_FILE, "“%s”: the list of edits does not end.", path);
  return status;
}

static BaseStatus take_file(BaseContext *ctx, OmrEdits *out, Json *json, const char *path) {
  if (!take(json, '{')) return base_fail(ctx, BASE_BAD_FILE, "“%s” is no JSON object.", path);
  while (!json->bad && next(json) == '"') {
    char key[WORD];
    take_word(json, key);
    if (!take(json, ':')) break;
    if (strcmp(key, "edits") == 0) return take_edits(ctx, out, json, path);
    skip_value(json);
    if (!take(json, ',')) break;
  }
  return base_fail(ctx, BASE_BAD_FILE, "“%s” holds no list of “edits”.", path);
}

BaseStatus omr_edits_load(BaseContext *ctx, OmrEdits *out, const char *path) {
  void *bytes = NULL;
  size_t n = 0;
  BaseStatus status = base_file_read(ctx, &bytes, &n, path, MOST_BYTES);
  if (status != BASE_OK) return status;
  OmrEdits edits = {0};
  Json json = {.at = bytes};
  status = take_file(ctx, &edits, &json, path);
  free(bytes);
  if (status == BASE_OK)
    *out = edits;
  else
    base_array_clear(&edits);
  return status;
}

/* ---- writing ---- */

BaseStatus omr_edits_save(BaseContext *ctx, const OmrEdit *edits, size_t n, const char *path) {
  BaseFileWriter writer;
  BaseStatus status = base_file_begin(ctx, &writer, path);
  if (status != BASE_OK) return status;
  fputs("{\"edits\":[", writer.stream);
  for (size_t i = 0; i < n; i++) {
    char x[WORD], y[WORD], word[WORD];
    base_number_write(x, sizeof x, (double)edits[i].x_px, 2);
    base_number_write(y, sizeof y, (double)edits[i].y_px, 2);
    value_word(word, &edits[i]);
    fprintf(writer.stream, "%s\n {\"page\":%d,\"x\":%s,\"y\":%s,\"set\":\"%s\",\"to\":%s}", i ? "," : "",
            edits[i].page, x, y, kind_names[edits[i].kind], word);
  }
  fputs("]}\n", writer.stream);
  return base_file_commit(ctx, &writer);
}
