/* Recursive descent with a bound on depth. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_json.h"

#include "core/base/base_number.h"

#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 64 };

typedef struct {
  BaseContext *ctx;
  const char *name, *start, *at, *end;
} Reader;

static BaseStatus fail(Reader *reader, const char *wanted) {
  size_t line = 1;
  for (const char *at = reader->start; at < reader->at; at++) line += *at == '\n';
  return base_fail(reader->ctx, BASE_BAD_FILE, "Line %zu of “%s” lacks %s.", line, reader->name, wanted);
}

static char peek(Reader *reader) {
  while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) && *reader->at) reader->at++;
  return reader->at < reader->end ? *reader->at : 0;
}

static bool take(Reader *reader, char wanted) {
  if (peek(reader) != wanted) return false;
  reader->at++;
  return true;
}

/* ---- texts ---- */

static int hex4(const char *at) {
  int value = 0;
  for (int i = 0; i < 4; i++) {
    const char *digits = "0123456789abcdef", *found = at[i] ? strchr(digits, at[i] | 32) : NULL;
    if (!found || at[i] < '0') return -1;
    value = value * 16 + (int)(found - digits);
  }
  return value;
}

static char *put_utf8(char *to, unsigned c) {
  if (c < 0x80) {
    *to++ = (char)c;
  } else if (c < 0x800) {
    *to++ = (char)(0xC0 | c >> 6), *to++ = (char)(0x80 | (c & 63));
  } else if (c < 0x10000) {
    *to++ = (char)(0xE0 | c >> 12), *to++ = (char)(0x80 | (c >> 6 & 63)), *to++ = (char)(0x80 | (c & 63));
  } else {
    *to++ = (char)(0xF0 | c >> 18), *to++ = (char)(0x80 | (c >> 12 & 63));
    *to++ = (char)(0x80 | (c >> 6 & 63)), *to++ = (char)(0x80 | (c & 63));
  }
  return to;
}

/* After "\u": one character, of two halves where need be; null for what is none. */
static char *take_code(Reader *reader, char *to) {
  const int high = reader->end - reader->at >= 4 ? hex4(reader->at) : -1;
  if (high <= 0) return NULL;
  reader->at += 4;
  if (high < 0xD800 || high > 0xDFFF) return put_utf8(to, (unsigned)high);
  const int low = reader->end - reader->at >= 6 && reader->at[0] == '\\' && reader->at[1] == 'u' ? hex4(reader->at + 2) : -1;
  if (high > 0xDBFF || low < 0xDC00 || low > 0xDFFF) return NULL;
  reader->at += 6;
  return put_utf8(to, 0x10000U + ((unsigned)(high - 0xD800) << 10) + (unsigned)(low - 0xDC00));
}

static char *take_escape(Reader *reader, char *to) {
  static const char NAMES[] = "\"\\/bfnrt", VALUES[] = "\"\\/\b\f\n\r\t";
  const char c = *reader->at++;
  if (c == 'u') return take_code(reader, to);
  const char *found = c ? strchr(NAMES, c) : NULL;
  if (!found) return NULL;
  *to = VALUES[found - NAMES];
  return to + 1;
}

static BaseStatus read_text(Reader *reader, char **out) {
  if (!take(reader, '"')) return fail(reader, "a text");
  const char *close = reader->at;
  while (close < reader->end && *close != '"') close += *close == '\\' && close + 1 < reader->end ? 2 : 1;
  if (close >= reader->end) return fail(reader, "the end of a text");
  char *text = malloc((size_t)(close - reader->at) + 1), *to = text;
  if (!text) return base_fail_memory(reader->ctx);
  while (to && reader->at < close) {
    if ((unsigned char)*reader->at < 0x20)
      to = NULL;
    else if (*reader->at == '\\')
      reader->at++, to = take_escape(reader, to);
    else
      *to++ = *reader->at++;
  }
  if (!to) {
    free(text);
    return fail(reader, "a character that may stand in a text");
  }
  *to = 0;
  reader->at = close + 1;
  *out = text;
  return BASE_OK;
}

/* ---- values ---- */

static BaseStatus read_value(Reader *reader, BaseJson *out, int depth);

static BaseStatus read_member(Reader *reader, BaseJson *out, bool named, int depth) {
  BaseStatus status = named ? read_text(reader, &out->key) : BASE_OK;
  if (status == BASE_OK && named && !take(reader, ':')) status = fail(reader, "a colon");
  return status == BASE_OK ? read_value(reader, out, depth + 1) : status;
}

static BaseStatus read_members(Reader *reader, BaseJson *out, char close, int depth) {
  BaseJson **last = &out->first;
  if (depth >= DEEPEST) return fail(reader, "an end: it is too deep");
  if (take(reader, close)) return BASE_OK;
  do {
    BaseJson *member = calloc(1, sizeof *member);
    if (!member) return base_fail_memory(reader->ctx);
    *last = member, last = &member->next, out->n++;
    BaseStatus status = read_member(reader, member, close == '}', depth);
    if (status != BASE_OK) return status;
  } while (take(reader, ','));
  return take(reader, close) ? BASE_OK : fail(reader, close == '}' ? "a closing brace" : "a closing bracket");
}

static BaseStatus read_word(Reader *reader, BaseJson *out) {
  static const char *const WORDS[] = {"null", "false", "true"};
  for (int i = 0; i < 3; i++) {
    const size_t n = strlen(WORDS[i]);
    if ((size_t)(reader->end - reader->at) < n || strncmp(reader->at, WORDS[i], n) != 0) continue;
    out->kind = (BaseJsonKind)i;
    reader->at += n;
    return BASE_OK;
  }
  return fail(reader, "a value");
}

static BaseStatus read_number(Reader *reader, BaseJson *out) {
  char *end = NULL;
  out->kind = BASE_JSON_NUMBER;
  out->number = base_number_read(reader->at, &end);
  if (end == reader->at || end > reader->end) return fail(reader, "a number");
  reader->at = end;
  return BASE_OK;
}

static BaseStatus read_value(Reader *reader, BaseJson *out, int depth) {
  const char c = peek(reader);
  if (c == '"') {
    out->kind = BASE_JSON_TEXT;
    return read_text(reader, &out->text);
  }
  if (c == '[' || c == '{') {
    out->kind = c == '[' ? BASE_JSON_ARRAY : BASE_JSON_OBJECT;
    reader->at++;
    return read_members(reader, out, c == '[' ? ']' : '}', depth);
  }
  return c == '-' || (c >= '0' && c <= '9') ? read_number(reader, out) : read_word(reader, out);
}

BaseStatus base_json_read(BaseContext *ctx, BaseJson **out, const char *text, size_t n, const char *name) {
  Reader reader = {ctx, name, text, text, text + n};
  BaseJson *root = calloc(1, sizeof *root);
  BaseStatus status = root ? read_value(&reader, root, 0) : base_fail_memory(ctx);
  if (status == BASE_OK && (peek(&reader) || reader.at < reader.end)) status = fail(&reader, "its end");
  if (status == BASE_OK)
    *out = root;
  else
    base_json_free(root);
  return status;
}

void base_json_free(BaseJson *json) {
  while (json) {
    BaseJson *next = json->next;
    base_json_free(json->first);
    free(json->key);
    free(json->text);
    free(json);
    json = next;
  }
}

/* ---- looking ---- */

const BaseJson *base_json_member(const BaseJson *json, const char *key) {
  const BaseJson *at = json && json->kind == BASE_JSON_OBJECT ? json->first : NULL;
  while (at && strcmp(at->key, key) != 0) at = at->next;
  return at;
}

double base_json_number(const BaseJson *json, const char *key, double otherwise) {
  const BaseJson *member = base_json_member(json, key);
  return member && member->kind == BASE_JSON_NUMBER ? member->number : otherwise;
}

const char *base_json_text(const BaseJson *json, const char *key, const char *otherwise) {
  const BaseJson *member = base_json_member(json, key);
  return member && member->kind == BASE_JSON_TEXT ? member->text : otherwise;
}

bool base_json_true(const BaseJson *json, const char *key) {
  const BaseJson *member = base_json_member(json, key);
  return member && member->kind == BASE_JSON_TRUE;
}
