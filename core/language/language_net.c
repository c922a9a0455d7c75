/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_trunk.h"

#include <stdio.h>

static const char *const NAMES[LANGUAGE_FIELDS] = {"time", "pitch", "duration", "velocity", "pedal", "fine"};

/* How much of the sum of losses each field is. */
static const float SCALES[LANGUAGE_FIELDS] = {1, 1, 1, 1, 0.4f, 0.3f};

LanguageSize language_size(LanguageSize size) {
  if (size.width < 1) size.width = 192;
  if (size.layers < 1) size.layers = 3;
  if (size.rank < 1) size.rank = 8;
  return size;
}

/* What is built with. */
typedef struct {
  NnNet *net;
  LanguageSize size;
  NnShape ids;
  NnVar code;
  LanguageTrunk trunk;
  const LanguageErrors *errors; /* null: none */
  float heard_share;
} Builder;

static const char *join(char *room, const char *first, const char *second) {
  return language_name(room, first, second);
}

static NnVar linear(Builder *b, const char *name, NnVar x, int channels, bool bias) {
  return language_linear(b->net, name, x, channels, bias);
}

static void add_code(Builder *b, LanguageTensors *t) {
  t->source = nn_target(b->net, "source", b->ids);
  t->channel = nn_target(b->net, "channel", b->ids);
  b->code = nn_add(b->net, nn_embedding(b->net, "code.source", t->source, LANGUAGE_SOURCES, LANGUAGE_CODE_SIZE),
                   nn_embedding(b->net, "code.channel", t->channel, LANGUAGE_CHANNELS, LANGUAGE_CODE_SIZE), false);
  b->trunk = (LanguageTrunk){.net = b->net, .size = b->size, .own_gates = NN_NONE};
  b->trunk.gates = linear(b, "code.gates", b->code, language_gates(b->size), false);
}

static NnVar embed(Builder *b, NnVar *ids, const char *of, int field, NnVar x) {
  char input[NN_NAME_SIZE], table[NN_NAME_SIZE];
  snprintf(input, sizeof input, "%s.%s", of, NAMES[field]);
  snprintf(table, sizeof table, "embed.%s.%s", of, NAMES[field]);
  if (*ids == NN_NONE) *ids = nn_target(b->net, input, b->ids);
  NnVar y = nn_embedding(b->net, table, *ids, language_ids[field], b->size.width);
  return x == NN_NONE ? y : nn_add(b->net, x, y, false);
}

static NnVar add_trunk(Builder *b, LanguageTensors *t) {
  NnVar x = NN_NONE;
  for (int f = 0; f < LANGUAGE_FIELDS; f++) x = embed(b, &t->before[f], "before", f, x);
  for (int f = 0; f < LANGUAGE_EARLIER; f++) x = embed(b, &t->earlier[f], "earlier", f, x);
  x = nn_add(b->net, x, linear(b, "code.trunk", b->code, b->size.width, true), false);
  return language_trunk(&b->trunk, x);
}

static NnVar head(Builder *b, int field, NnVar x) {
  char name[NN_NAME_SIZE], room[NN_NAME_SIZE];
  snprintf(name, sizeof name, "head.%s", NAMES[field]);
  int hidden = field == LANGUAGE_PITCH ? b->size.width : b->size.width / 2;
  join(room, name, "hidden");
  NnVar y = field < LANGUAGE_HEADS_ADAPTED ? language_adapted(&b->trunk, 2 * b->size.layers + field, room, x, hidden)
                                           : linear(b, room, x, hidden, true);
  y = nn_activation(b->net, y, NN_GELU);
  return linear(b, join(room, name, "out"), y, language_ids[field], true);
}

/* Steps that were heard are compared with what the errors make of the answer. */
static NnVar add_loss(Builder *b, const LanguageTensors *t, int field, NnVar logits) {
  char name[NN_NAME_SIZE], other[NN_NAME_SIZE];
  NnLoss loss = {.name = join(name, "loss", NAMES[field]), .scale = SCALES[field]}, of_heard = loss;
  if (!b->errors) return nn_cross_entropy(b->net, logits, t->now[field], NN_NONE, loss);
  loss.scale *= 1 - b->heard_share;
  of_heard.name = join(other, "heard", NAMES[field]);
  of_heard.scale *= b->heard_share;
  of_heard.channel = field < LANGUAGE_METRIC_FIELDS ? b->errors->seen[field] : NULL;
  nn_cross_entropy(b->net, logits, t->now[field], t->heard, of_heard);
  return nn_cross_entropy(b->net, logits, t->now[field], t->sure, loss);
}

static void add_heads(Builder *b, LanguageTensors *t, NnVar hidden, bool losses) {
  NnVar x = nn_add(b->net, hidden, linear(b, "code.heads", b->code, b->size.width, true), false);
  if (losses && b->errors) {
    t->sure = nn_target(b->net, "sure", b->ids);
    t->heard = nn_target(b->net, "heard", b->ids);
  }
  for (int f = 0; f < LANGUAGE_FIELDS; f++) {
    char name[NN_NAME_SIZE];
    NnVar logits = head(b, f, x);
    t->logits[f] = nn_output(b->net, NAMES[f], logits);
    if (f + 1 < LANGUAGE_FIELDS) x = embed(b, &t->now[f], "now", f, x);
    if (!losses) continue;
    if (t->now[f] == NN_NONE) t->now[f] = nn_target(b->net, join(name, "now", NAMES[f]), b->ids);
    t->losses[f] = add_loss(b, t, f, logits);
  }
}

static LanguageTensors no_tensors(void) {
  LanguageTensors t = {.source = NN_NONE, .channel = NN_NONE, .hidden = NN_NONE, .sure = NN_NONE, .heard = NN_NONE};
  for (int f = 0; f < LANGUAGE_EARLIER; f++) t.earlier[f] = NN_NONE;
  for (int f = 0; f < LANGUAGE_FIELDS; f++) t.before[f] = t.now[f] = t.logits[f] = t.losses[f] = NN_NONE;
  return t;
}

static BaseStatus build(BaseContext *ctx, LanguageTensors *tensors, Builder *b, LanguagePart part) {
  LanguageTensors t = no_tensors();
  add_code(b, &t);
  NnShape hidden = b->ids;
  hidden.c = b->size.width;
  t.hidden = part == LANGUAGE_HEADS ? nn_input(b->net, "hidden", hidden) : add_trunk(b, &t);
  if (part != LANGUAGE_TRUNK) add_heads(b, &t, t.hidden, part == LANGUAGE_WHOLE);
  if (part == LANGUAGE_TRUNK) t.hidden = nn_output(b->net, "hidden", t.hidden);
  BaseStatus status = nn_net_finish(ctx, b->net);
  if (status == BASE_OK) *tensors = t;
  return status;
}

BaseStatus language_net_build(BaseContext *ctx, LanguageTensors *tensors, NnNet *net, LanguagePart part,
                              LanguageSize size, int n, int steps) {
  Builder b = {.net = net, .size = language_size(size), .ids = {n, steps, 1, 1}};
  return build(ctx, tensors, &b, part);
}

BaseStatus language_net_build_noisy(BaseContext *ctx, LanguageTensors *tensors, NnNet *net, LanguageSize size, int n,
                                    int steps, const LanguageErrors *errors, double heard_share) {
  Builder b = {.net = net, .size = language_size(size), .ids = {n, steps, 1, 1}, .errors = errors,
               .heard_share = (float)heard_share};
  return build(ctx, tensors, &b, LANGUAGE_WHOLE);
}
