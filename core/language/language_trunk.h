/* The layers that all modalities share, for the files of core/language that build nets. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/language/language_net.h"

enum { LANGUAGE_CODE_SIZE = 16, LANGUAGE_HEADS_ADAPTED = 4 /* the first heads, by the code */ };

/* What they are built with. */
typedef struct {
  NnNet *net;
  LanguageSize size;
  NnVar gates;     /* [N, T, 1, language_gates], made of the code */
  NnVar own_gates; /* [N, T, 1, 2 · layers · own_rank] of low-rank changes that a modality has for itself; NN_NONE: none */
  int own_rank;
  const char *own; /* what names of their parameters begin with */
} LanguageTrunk;

/* Channels of the gates of a size. */
int language_gates(LanguageSize size);

/* "first.second" in `room` (NN_NAME_SIZE), which is returned. */
const char *language_name(char *room, const char *first, const char *second);

NnVar language_linear(NnNet *net, const char *name, NnVar x, int channels, bool bias);

/* y = (W + up · diag(gates) · down) x + bias, and the modality's own changes likewise. `gate` counts the products. */
NnVar language_adapted(const LanguageTrunk *trunk, int gate, const char *name, NnVar x, int channels);

/* All layers over what was embedded, and the last norm. */
NnVar language_trunk(const LanguageTrunk *trunk, NnVar x);
