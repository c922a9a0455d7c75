/* The network of what is heard: the language's trunk with words of its own. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_hash.h"
#include "core/language/language_sound.h"

/* The text "kind" of its weights file. */
#define LANGUAGE_SOUND_KIND "triptych language of sound"

/* The tensors of a built net. Ids are [N, T, 1, 1]. */
typedef struct {
  NnVar before[LANGUAGE_OCTAVES]; /* words of the moment before; −1: unknown */
  NnVar now[LANGUAGE_OCTAVES];    /* words of the moment itself: known for higher octaves, and targets */
  NnVar kind;                     /* zeros: there is but one kind of sound yet */
  NnVar logits[LANGUAGE_OCTAVES]; /* outputs [N, T, 1, words] */
  NnVar losses[LANGUAGE_OCTAVES]; /* nats a moment */
} LanguageSoundTensors;

/* Embedded words of the moment before go through the trunk of a language of this size, with its own code, low-rank changes
 * that a hyper-network makes of that code, and heads in a chain from the lowest octave to the highest. `net` is fresh and
 * comes back finished; its own changes begin as none. */
BaseStatus language_sound_net_build(BaseContext *ctx, LanguageSoundTensors *tensors, NnNet *net, LanguageSize size, int words,
                                    int n, int steps);

/* Whether a parameter is the modality's own; the others are named as in the language. */
bool language_sound_owns(const char *parameter);

enum { LANGUAGE_SOUND_NAME_SIZE = NN_NAME_SIZE + 16 };

/* The name and shape under which a file keeps a parameter; false when it is not the modality's own. */
bool language_sound_tensor(char name[LANGUAGE_SOUND_NAME_SIZE], uint64_t shape[4], const NnParameter *p);

/* A hash of the values that are not the net's own, by which its file knows the language that it belongs to: the text "trunk".
 * Without memory all zeros. */
void language_sound_trunk(char text[BASE_HASH_SIZE], const NnNet *net);

/* Gives the net the language's values for what is not its own. */
BaseStatus language_sound_share(BaseContext *ctx, NnNet *net, const LanguageModel *language);
LanguageSize language_model_size(const LanguageModel *language);
