/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_around.h"

#include <stdio.h>

enum { NEAR = 5 };

NnVar language_around_embed(NnNet *net, NnVar ids[LANGUAGE_FIELDS], NnShape shape, int width) {
  NnVar x = NN_NONE;
  for (int f = 0; f < LANGUAGE_FIELDS; f++) {
    char input[NN_NAME_SIZE], table[NN_NAME_SIZE];
    snprintf(input, sizeof input, "field.%d", f);
    snprintf(table, sizeof table, "embed.%d", f);
    ids[f] = nn_target(net, input, shape);
    NnVar y = nn_embedding(net, table, ids[f], language_ids[f], width);
    x = f ? nn_add(net, x, y, false) : y;
  }
  return x;
}

static const char *named(char *room, int layer, const char *part) {
  snprintf(room, NN_NAME_SIZE, "trunk.%d.%s", layer, part);
  return room;
}

static NnVar near(NnNet *net, int layer, NnVar x, int width) {
  char name[NN_NAME_SIZE];
  NnVar y = nn_rms_norm(net, named(name, layer, "norm0"), x, (NnNorm){0});
  y = nn_conv(net, named(name, layer, "near"), y, (NnConv){.channels = width, .kernel_t = NEAR});
  y = nn_activation(net, y, NN_GELU);
  return nn_add(net, x, nn_linear(net, named(name, layer, "near.out"), y, (NnConv){.channels = width, .no_bias = true}), false);
}

static NnVar far(NnNet *net, int layer, NnVar x, LanguageAroundSize size) {
  char name[NN_NAME_SIZE];
  NnVar y = nn_rms_norm(net, named(name, layer, "norm1"), x, (NnNorm){0});
  y = nn_linear(net, named(name, layer, "far"), y, (NnConv){.channels = 3 * size.width});
  y = nn_attention(net, y, size.heads, true);
  return nn_add(net, x, nn_linear(net, named(name, layer, "far.out"), y, (NnConv){.channels = size.width, .no_bias = true}), false);
}

static NnVar feed_forward(NnNet *net, int layer, NnVar x, int width) {
  char name[NN_NAME_SIZE];
  NnVar y = nn_rms_norm(net, named(name, layer, "norm2"), x, (NnNorm){0});
  y = nn_activation(net, nn_linear(net, named(name, layer, "up"), y, (NnConv){.channels = 2 * width}), NN_GELU);
  return nn_add(net, x, nn_linear(net, named(name, layer, "down"), y, (NnConv){.channels = width, .no_bias = true}), false);
}

NnVar language_around(NnNet *net, NnVar x, LanguageAroundSize size) {
  for (int i = 0; i < size.layers; i++) {
    x = near(net, i, x, size.width);
    x = far(net, i, x, size);
    x = feed_forward(net, i, x, size.width);
  }
  return nn_rms_norm(net, "trunk.norm", x, (NnNorm){0});
}

LanguageWindow language_window(size_t steps, size_t first, size_t window, size_t margin) {
  size_t from = first > margin ? first - margin : 0;
  if (from + window >= steps) from = steps > window ? steps - window : 0;
  size_t end = from + window >= steps ? steps : from + window - margin;
  return (LanguageWindow){from, first, end};
}
