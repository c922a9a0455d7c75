/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_text.h"

#include <stdint.h>
#include <string.h>

static size_t announced(unsigned char lead) {
  return lead < 0x80                   ? 1
         : lead >= 0xC2 && lead < 0xE0 ? 2
         : lead >= 0xE0 && lead < 0xF0 ? 3
         : lead >= 0xF0 && lead < 0xF5 ? 4
                                       : 0;
}

/* Bytes of the well-formed character at `text`, 0 when there is none. */
static size_t character(const unsigned char *text, size_t n) {
  size_t length = announced(text[0]);
  if (length == 0 || length > n) return 0;
  uint32_t code = length == 1 ? text[0] : text[0] & (0x7Fu >> length);
  for (size_t i = 1; i < length; i++) {
    if ((text[i] & 0xC0) != 0x80) return 0;
    code = code << 6 | (text[i] & 0x3F);
  }
  static const uint32_t LEAST[5] = {0, 0, 0x80, 0x800, 0x10000};
  bool surrogate = code >= 0xD800 && code < 0xE000, private = code == 0xFFFE || code == 0xFFFF;
  return code < LEAST[length] || code > 0x10FFFF || surrogate || private ? 0 : length;
}

static bool blank(unsigned char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

void base_text_set(char *field, size_t size, const char *text, size_t n) {
  size_t used = 0;
  bool space = false;
  for (size_t i = 0; i < n && text[i];) {
    const unsigned char *at = (const unsigned char *)text + i;
    size_t length = character(at, n - i);
    space |= blank(*at);
    i += length ? length : 1;
    if (length == 0 || *at < 0x20 || *at == ' ' || *at == 0x7F) continue;
    bool gap = space && used > 0;
    if (used + gap + length >= size) break;
    if (gap) field[used++] = ' ';
    memmove(field + used, at, length);
    used += length;
    space = false;
  }
  if (size) field[used] = 0;
}

/* Set again, it must stay the same; a field is short, so a copy on the stack is cheap. */
bool base_text_valid(const char *field, size_t size) {
  char copy[256];
  size_t n = strnlen(field, size);
  if (n == size || size > sizeof copy) return false;
  base_text_set(copy, size, field, n);
  return strcmp(copy, field) == 0;
}
