/* Numbers as files hold them: a decimal point whatever the language of the desktop.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

/* Like strtod in the C locale: `*end` (may be null) is `text` when there is no number. */
double base_number_read(const char *text, char **end);

/* `value` with at most `decimals` digits after the point, trailing zeros dropped ("0.5", "120"). Cut at
 * `size`. */
void base_number_write(char *text, size_t size, double value, int decimals);
