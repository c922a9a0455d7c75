/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_trunk.h"

#include <stdio.h>

int language_gates(LanguageSize size) {
  return (2 * size.layers + LANGUAGE_HEADS_ADAPTED) * size.rank;
}

const char *language_name(char *room, const char *first, const char *second) {
  snprintf(room, NN_NAME_SIZE, "%.40s.%.20s", first, second);
  return room;
}

NnVar language_linear(NnNet *net, const char *name, NnVar x, int channels, bool bias) {
  return nn_linear(net, name, x, (NnConv){.channels = channels, .no_bias = !bias});
}

/* y + up · diag(gates) · down x. */
static NnVar change(NnNet *net, const char *name, NnVar y, NnVar x, NnVar gates, int channels) {
  char room[NN_NAME_SIZE];
  NnVar low = language_linear(net, language_name(room, name, "down"), x, nn_net_shape(net, gates).c, false);
  low = nn_multiply(net, low, gates);
  return nn_add(net, y, language_linear(net, language_name(room, name, "up"), low, channels, false), false);
}

NnVar language_adapted(const LanguageTrunk *trunk, int gate, const char *name, NnVar x, int channels) {
  char own[NN_NAME_SIZE];
  const int rank = trunk->size.rank;
  NnVar y = language_linear(trunk->net, name, x, channels, true);
  y = change(trunk->net, name, y, x, nn_slice(trunk->net, trunk->gates, gate * rank, rank), channels);
  if (trunk->own_gates == NN_NONE) return y;
  NnVar gates = nn_slice(trunk->net, trunk->own_gates, gate * trunk->own_rank, trunk->own_rank);
  return change(trunk->net, language_name(own, trunk->own, name), y, x, gates, channels);
}

static NnVar layer(const LanguageTrunk *trunk, int number, NnVar x) {
  char name[NN_NAME_SIZE], room[NN_NAME_SIZE];
  NnNet *net = trunk->net;
  const int width = trunk->size.width, heads = trunk->size.heads;
  snprintf(name, sizeof name, "trunk.%d", number);
  NnVar y = nn_rms_norm(net, language_name(room, name, "norm1"), x, (NnNorm){0});
  y = language_adapted(trunk, 2 * number, language_name(room, name, "in"), y, (heads ? 3 : 2) * width);
  y = heads ? nn_attention(net, y, heads, false) : nn_min_gru(net, y);
  x = nn_add(net, x, language_linear(net, language_name(room, name, "out"), y, width, false), false);
  y = nn_rms_norm(net, language_name(room, name, "norm2"), x, (NnNorm){0});
  y = language_adapted(trunk, 2 * number + 1, language_name(room, name, "up"), y, 2 * width);
  y = nn_activation(net, y, NN_GELU);
  return nn_add(net, x, language_linear(net, language_name(room, name, "down"), y, width, false), false);
}

NnVar language_trunk(const LanguageTrunk *trunk, NnVar x) {
  for (int i = 0; i < trunk->size.layers; i++) x = layer(trunk, i, x);
  return nn_rms_norm(trunk->net, "trunk.norm", x, (NnNorm){0});
}
