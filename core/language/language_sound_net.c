/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_sound_net.h"

#include "core/language/language_model.h"
#include "core/language/language_trunk.h"

#include <stdio.h>
#include <string.h>

enum { OWN_RANK = 16, WORD = 64 /* channels of an embedded word */, HIDDEN = 128 };

static const char OWN[] = "sound";

typedef struct {
  NnNet *net;
  LanguageSize size;
  NnShape ids;
  int words;
  NnVar code;
} Builder;

static const char *numbered(char *room, const char *what, int octave) {
  snprintf(room, NN_NAME_SIZE, "%s.%s.%d", OWN, what, octave);
  return room;
}

/* The word of one octave beside those that were embedded before; x may be NN_NONE. */
static NnVar embed(Builder *b, NnVar ids, const char *of, int octave, NnVar x) {
  char table[NN_NAME_SIZE];
  NnVar y = nn_embedding(b->net, numbered(table, of, octave), ids, b->words, WORD);
  return x == NN_NONE ? y : nn_add(b->net, x, y, false);
}

static NnVar add_trunk(Builder *b, LanguageSoundTensors *t) {
  NnVar x = NN_NONE;
  char input[NN_NAME_SIZE];
  t->kind = nn_target(b->net, "kind", b->ids);
  b->code = nn_embedding(b->net, "sound.code", t->kind, 1, LANGUAGE_CODE_SIZE);
  LanguageTrunk trunk = {.net = b->net, .size = b->size, .own_rank = OWN_RANK, .own = OWN};
  trunk.gates = language_linear(b->net, "code.gates", b->code, language_gates(b->size), false);
  trunk.own_gates = language_linear(b->net, "sound.gates", b->code, 2 * b->size.layers * OWN_RANK, true);
  for (int octave = 0; octave < LANGUAGE_OCTAVES; octave++) {
    t->before[octave] = nn_target(b->net, numbered(input, "heard", octave), b->ids);
    x = embed(b, t->before[octave], "before", octave, x);
  }
  x = language_linear(b->net, "sound.in", x, b->size.width, true);
  x = nn_add(b->net, x, language_linear(b->net, "code.trunk", b->code, b->size.width, true), false);
  return language_trunk(&trunk, x);
}

static NnVar head(Builder *b, int octave, NnVar hidden, NnVar known) {
  char name[NN_NAME_SIZE];
  NnVar both[2] = {hidden, known};
  NnVar x = known == NN_NONE ? hidden : nn_concat(b->net, 2, both);
  x = language_linear(b->net, numbered(name, "hidden", octave), x, HIDDEN, true);
  return language_linear(b->net, numbered(name, "out", octave), nn_activation(b->net, x, NN_GELU), b->words, true);
}

static void add_heads(Builder *b, LanguageSoundTensors *t, NnVar hidden) {
  char name[NN_NAME_SIZE];
  NnVar known = NN_NONE;
  for (int octave = 0; octave < LANGUAGE_OCTAVES; octave++) {
    NnVar logits = head(b, octave, hidden, known);
    t->logits[octave] = nn_output(b->net, numbered(name, "logits", octave), logits);
    t->now[octave] = nn_target(b->net, numbered(name, "said", octave), b->ids);
    if (octave + 1 < LANGUAGE_OCTAVES) known = embed(b, t->now[octave], "now", octave, known);
    NnLoss loss = {.name = numbered(name, "loss", octave)};
    t->losses[octave] = nn_cross_entropy(b->net, logits, t->now[octave], NN_NONE, loss);
  }
}

static void begin_without_changes(NnNet *net) {
  for (int i = 0; i < nn_net_parameter_count(net); i++) {
    const NnParameter *p = nn_net_parameter(net, i);
    const size_t length = strlen(p->name);
    if (strncmp(p->name, "sound.trunk.", 12) == 0 && length > 10 && strcmp(p->name + length - 10, ".up.weight") == 0)
      memset(nn_net_values(net) + p->offset, 0, p->count * sizeof(float));
    if (strcmp(p->name, "sound.gates.bias") == 0)
      for (size_t k = 0; k < p->count; k++) nn_net_values(net)[p->offset + k] = 1;
  }
  nn_net_changed(net);
}

BaseStatus language_sound_net_build(BaseContext *ctx, LanguageSoundTensors *tensors, NnNet *net, LanguageSize size, int words,
                                    int n, int steps) {
  Builder b = {.net = net, .size = language_size(size), .ids = {n, steps, 1, 1}, .words = words};
  LanguageSoundTensors t;
  add_heads(&b, &t, add_trunk(&b, &t));
  BaseStatus status = nn_net_finish(ctx, net);
  if (status != BASE_OK) return status;
  begin_without_changes(net);
  *tensors = t;
  return BASE_OK;
}

bool language_sound_owns(const char *parameter) {
  return strncmp(parameter, "sound.", 6) == 0;
}

bool language_sound_tensor(char name[LANGUAGE_SOUND_NAME_SIZE], uint64_t shape[4], const NnParameter *p) {
  for (int k = 0; k < p->rank; k++) shape[k] = (uint64_t)p->dims[k];
  snprintf(name, LANGUAGE_SOUND_NAME_SIZE, "weights.%s", p->name);
  return language_sound_owns(p->name);
}

void language_sound_trunk(char text[BASE_HASH_SIZE], const NnNet *net) {
  uint8_t raw[BASE_HASH_BYTES] = {0};
  BaseHash *hash = base_hash_new();
  for (int i = 0; hash && i < nn_net_parameter_count(net); i++) {
    const NnParameter *p = nn_net_parameter(net, i);
    if (!language_sound_owns(p->name)) base_hash_add(hash, nn_net_values_const(net) + p->offset, p->count * sizeof(float));
  }
  if (hash) base_hash_end(raw, hash);
  base_hash_text(text, raw);
}

BaseStatus language_sound_share(BaseContext *ctx, NnNet *net, const LanguageModel *language) {
  for (int i = 0; i < nn_net_parameter_count(net); i++) {
    const NnParameter *mine = nn_net_parameter(net, i);
    if (language_sound_owns(mine->name)) continue;
    int at = nn_net_parameter_find(language->trunk, mine->name);
    const NnParameter *theirs = at >= 0 ? nn_net_parameter(language->trunk, at) : NULL;
    if (!theirs || theirs->count != mine->count)
      return base_fail(ctx, BASE_BAD_INPUT, "The network of the language lacks “%s” of this size.", mine->name);
    memcpy(nn_net_values(net) + mine->offset, nn_net_values_const(language->trunk) + theirs->offset,
           mine->count * sizeof(float));
  }
  nn_net_changed(net);
  return BASE_OK;
}

LanguageSize language_model_size(const LanguageModel *language) {
  return language->size;
}
