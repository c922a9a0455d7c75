/* JSON (RFC 8259) as a tree of values: for files that the program wrote and gets back from strangers.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"

#include <stddef.h>

typedef enum { BASE_JSON_NULL, BASE_JSON_FALSE, BASE_JSON_TRUE, BASE_JSON_NUMBER, BASE_JSON_TEXT, BASE_JSON_ARRAY,
               BASE_JSON_OBJECT } BaseJsonKind;

/* A value; those of an array or object hang in a list, in the order of the file. Everything belongs to the root. */
typedef struct BaseJson BaseJson;
struct BaseJson {
  BaseJsonKind kind;
  char *key;   /* of a member of an object, else null */
  char *text;  /* UTF-8, of BASE_JSON_TEXT */
  double number;
  size_t n;    /* how many it holds */
  BaseJson *first, *next;
};

/* Reads `n` bytes with a zero byte after them; `name` stands in the sentence. BASE_BAD_FILE names the line. At most 64
 * deep. Any bytes are safe. O(n). */
BaseStatus base_json_read(BaseContext *ctx, BaseJson **out, const char *text, size_t n, const char *name);
void base_json_free(BaseJson *json);

/* The member of that name; null when there is none, `json` is null or no object. O(members). */
const BaseJson *base_json_member(const BaseJson *json, const char *key);

/* The member of that name when it is a number, a text, true or false; else what stands for it. */
double base_json_number(const BaseJson *json, const char *key, double otherwise);
const char *base_json_text(const BaseJson *json, const char *key, const char *otherwise);
bool base_json_true(const BaseJson *json, const char *key);
