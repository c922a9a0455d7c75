/* glibc answers newlocale("C") with a static object, so nothing is allocated or leaked here.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_number.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static locale_t plain(void) {
  return newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

double base_number_read(const char *text, char **end) {
  return strtod_l(text, end, plain());
}

static void drop_zeros(char *text) {
  if (!strchr(text, '.')) return;
  size_t n = strlen(text);
  while (text[n - 1] == '0') text[--n] = 0;
  if (text[n - 1] == '.') text[--n] = 0;
  if (strcmp(text, "-0") == 0) memcpy(text, "0", 2);
}

void base_number_write(char *text, size_t size, double value, int decimals) {
  locale_t before = uselocale(plain());
  snprintf(text, size, "%.*f", decimals, value);
  uselocale(before);
  drop_zeros(text);
}
