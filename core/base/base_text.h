/* UTF-8 in fields of fixed size. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Copies `n` bytes of `text` into `field` of `size` bytes, always terminated: what is no UTF-8 and control
 * characters are left out, runs of white space become one space, ends are trimmed, and what does not fit is
 * cut between characters. Doing it twice changes nothing. */
void base_text_set(char *field, size_t size, const char *text, size_t n);

/* True when `field` is terminated within `size` and base_text_set would leave it as it is. */
bool base_text_valid(const char *field, size_t size);
