/* Looking at a text from both sides of every step, for those who judge steps and do not foretell them.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/language/language_text.h"
#include "core/nn/nn_layers.h"

/* heads divide width into even parts. */
typedef struct {
  int width, layers, heads;
} LanguageAroundSize;

/* The sum of the embedded fields of each step, [N, T, 1, width]; ids [N, T, 1, 1], made here. */
NnVar language_around_embed(NnNet *net, NnVar ids[LANGUAGE_FIELDS], NnShape shape, int width);

/* Layers on x [N, T, 1, width]: a convolution of five steps for what is near, attention (Vaswani et al. 2017) for what is
 * far, such as the same bar elsewhere, and a feed-forward net, each beside a short cut; normed at the end. */
NnVar language_around(NnNet *net, NnVar x, LanguageAroundSize size);

/* Where a text is cut into windows of `window` steps, with at least `margin` steps around those that are answered for,
 * except where the text ends. `from` is the window's first step, [first, end) what it answers for. */
typedef struct {
  size_t from, first, end;
} LanguageWindow;

/* The window that answers for step `first` and as many after it as it can; the next one's first step is `end`. */
LanguageWindow language_window(size_t steps, size_t first, size_t window, size_t margin);
