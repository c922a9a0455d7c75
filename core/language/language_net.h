/* The network of the language: one trunk for everything that is music, switched by a code.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/language/language_text.h"
#include "core/nn/nn_layers.h"

/* A code names what a text is: where the music comes from and what it came through. Each has a vector; their sum, mixed
 * by a linear hyper-network (Ha et al. 2017), opens and shuts the ranks of low-rank changes (Hu et al. 2022) in trunk and
 * heads. So a pair of source and channel that was never seen together is the sum of what was learned of each. */
enum { LANGUAGE_SOURCES = 8, LANGUAGE_CHANNELS = 4 };

typedef enum {
  LANGUAGE_PLAYED_SCORE, /* a score, played with invented expression */
  LANGUAGE_KEYBOARD,     /* a person at a keyboard */
  LANGUAGE_WRITTEN,      /* a score as it is written */
  LANGUAGE_DEADPAN,      /* a score, played by a machine */
  LANGUAGE_POPULAR,      /* arrangements of songs, entered at a keyboard */
} LanguageSource;

typedef enum {
  LANGUAGE_CLEAN, /* as it is */
  LANGUAGE_HEARD, /* through a transcriber, with its errors */
  LANGUAGE_READ,  /* through a reader of pages, with its errors */
} LanguageChannel;

/* Zeros stand for the values in brackets. */
typedef struct {
  int width;  /* of the trunk [192] */
  int layers; /* [3] */
  int rank;   /* of the changes that a code makes [8] */
  int heads;  /* of attention (Vaswani et al. 2017) in the place of minGRU, to compare [0: minGRU]; such a net does not
                 read in streams */
} LanguageSize;

/* For use, trunk and heads are two nets, so that the fields of a step can be asked one after another. Parameters have
 * the same names in all. */
typedef enum { LANGUAGE_WHOLE, LANGUAGE_TRUNK, LANGUAGE_HEADS } LanguagePart;

/* How what was heard comes about, where a net learns from it what was played: for the fields of the metric [ids, ids]
 * each, row what is heard, column what it is, as NnLoss.channel. */
typedef struct {
  float *seen[LANGUAGE_METRIC_FIELDS];
} LanguageErrors;

/* What a step is foretold from beside the one before: time and pitch of the one before that. */
enum { LANGUAGE_EARLIER = 2 };

/* The tensors of a built net, NN_NONE where its part has none. Ids are [N, T, 1, 1]. */
typedef struct {
  NnVar before[LANGUAGE_FIELDS], earlier[LANGUAGE_EARLIER]; /* of the steps before */
  NnVar now[LANGUAGE_FIELDS];                               /* of the step itself: known for later fields, and targets */
  NnVar source, channel;                                    /* the code */
  NnVar hidden;                                             /* [N, T, 1, width]: out of the trunk, into the heads */
  NnVar logits[LANGUAGE_FIELDS];                            /* outputs [N, T, 1, language_ids] */
  NnVar losses[LANGUAGE_FIELDS];                            /* nats a step; LANGUAGE_WHOLE only */
  NnVar sure, heard; /* with errors: 1 where a step is as it was played, and where it went through them */
} LanguageTensors;

/* Embedded fields of the two steps before, layers of minGRU (Feng et al. 2024) and a feed-forward net each, heads in a
 * chain: every field is foretold from the trunk and the fields before it. `net` is fresh and comes back finished. */
BaseStatus language_net_build(BaseContext *ctx, LanguageTensors *tensors, NnNet *net, LanguagePart part,
                              LanguageSize size, int n, int steps);

/* The same for training on steps of which a share of `heard_share` went through `errors` (borrowed). */
BaseStatus language_net_build_noisy(BaseContext *ctx, LanguageTensors *tensors, NnNet *net, LanguageSize size, int n,
                                    int steps, const LanguageErrors *errors, double heard_share);

/* The size with its defaults filled in. */
LanguageSize language_size(LanguageSize size);
