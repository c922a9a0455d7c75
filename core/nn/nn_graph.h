/* Inside of a net, for the files of core/nn only. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/nn/nn_layers.h"
#include "core/nn/nn_op_list.h"

enum { NN_MAX_INPUTS = 4, NN_MAX_WEIGHTS = 4 };

typedef struct {
  int heads;
  bool both; /* ways in time */
} NnHeads;

typedef struct {
  int channel, channels;
} NnSlice;

typedef struct {
  int t, f;
  bool bilinear;
} NnFactor;

typedef struct {
  int keys, taps;
  const int *index; /* owned by the net */
} NnGather;

typedef struct {
  int hidden;
  bool both;
} NnGru;

typedef struct {
  int kernel[2], stride[2], dilation[2];
  int channels;
  bool causal, valid, relu, bias;
} NnProductSettings;

typedef struct {
  NnShape largest;
  bool is_target;
} NnInput;

/* What a layer was asked to be; the member in use follows from the op. */
typedef union {
  NnProductSettings product;
  NnInput input;
  NnNorm norm;
  NnActivation activation;
  NnFactor factor;
  NnSlice slice;
  NnGather gather;
  NnGru gru;
  NnHeads attention;
  NnLoss loss;
  float dropout;
  bool relu;
  bool per_key;
} NnSettings;

typedef struct {
  NnOpId op;
  int n_x, n_w;
  int x[NN_MAX_INPUTS];  /* nodes before this one */
  int w[NN_MAX_WEIGHTS]; /* parameters */
  NnShape shape;         /* at the planned maximum */
  NnSettings set;
  char name[NN_NAME_SIZE];
} NnNode;

/* How a parameter begins and what kind it is. */
typedef struct {
  float spread, centre; /* initial values: normal deviate · spread + centre */
  bool decay, statistic;
} NnInitial;

struct NnNet {
  NnNode *nodes;
  int n_nodes, nodes_room;
  NnParameter *parameters;
  NnInitial *initials;
  int n_parameters, parameters_room;
  float *values;
  size_t size;
  uint64_t seed, version; /* version grows with each change of values */
  void **owned;           /* copies that settings point to */
  int n_owned;
  char sentence[BASE_SENTENCE_SIZE]; /* the first building error; "" while fine */
};

/* Adds a node after checking its inputs and inferring its shape; NN_NONE with the net's sentence set. */
NnVar nn_graph_node(NnNet *net, NnOpId op, const char *name, int n_x, const NnVar *x, NnSettings set);

/* Adds a parameter of the last node: "node.suffix". Returns its index or -1. */
int nn_graph_parameter(NnNet *net, const char *suffix, int rank, const int *dims, NnInitial initial);

/* The same for a net without nodes: "owner.suffix". */
int nn_graph_free_parameter(NnNet *net, const char *owner, const char *suffix, int rank, const int *dims,
                            NnInitial initial);

/* Allocates and draws the values of all parameters. */
BaseStatus nn_graph_allocate(BaseContext *ctx, NnNet *net);

/* A copy of `bytes` bytes that lives as long as the net. Null without memory (the net has failed then). */
void *nn_graph_keep(NnNet *net, const void *from, size_t bytes);

/* Notes the first building error. */
NnVar nn_graph_fail(NnNet *net, const char *format, ...) __attribute__((format(printf, 2, 3)));
