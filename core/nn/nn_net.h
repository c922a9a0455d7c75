/* A network: its layers and the values of its parameters. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/nn/nn_tensor.h"

/* A network is built once by the functions of nn_layers.h and closed by nn_net_finish; from then on its
 * structure never changes and only the values of its parameters may. Many runs (nn_run.h) on different
 * threads may share one net as long as nobody trains it or writes its values. */
typedef struct NnNet NnNet;

/* A tensor of a net: what a layer function returns and takes. NN_NONE stands for "no tensor"; it is also
 * what a layer function returns once building has failed, and it may be passed on: nn_net_finish reports
 * the first failure. Valid with its own net only. */
typedef int NnVar;
enum { NN_NONE = -1 };

enum { NN_NAME_SIZE = 64 };

/* One named array of numbers of a net. */
typedef struct {
  char name[NN_NAME_SIZE]; /* "trunk.1.conv.weight" */
  int rank, dims[4];       /* row-major */
  size_t offset, count;    /* its place in the flat block of values */
  bool decay;              /* weight decay applies (weights, not biases and norms) */
  bool statistic;          /* a running mean or variance: written by training, not by gradients */
  bool frozen;             /* the optimiser leaves it alone */
} NnParameter;

/* An empty net whose initial weights will be drawn from `seed`. Null without memory. */
NnNet *nn_net_new(uint64_t seed);
void nn_net_free(NnNet *net); /* null is fine */

/* Closes the structure, allocates the flat block of values and draws initial weights. BASE_BAD_INPUT with
 * the first building error; the net is then only good for nn_net_free. */
BaseStatus nn_net_finish(BaseContext *ctx, NnNet *net);

/* A copy with the same structure and values, e.g. to train while the original is in use. */
BaseStatus nn_net_dup(BaseContext *ctx, NnNet **copy, const NnNet *net);

/* The parameters in the order in which they were made. Owned by the net. */
int nn_net_parameter_count(const NnNet *net);
const NnParameter *nn_net_parameter(const NnNet *net, int index);
int nn_net_parameter_find(const NnNet *net, const char *name); /* -1 when unknown */

/* All values, flat, f32, `nn_net_size` of them; parameter i starts at its offset. Owned by the net. After
 * writing, call nn_net_changed so that runs take the new values over. */
float *nn_net_values(NnNet *net);
const float *nn_net_values_const(const NnNet *net);
size_t nn_net_size(const NnNet *net);
void nn_net_changed(NnNet *net);

/* Freezes (or thaws) every parameter whose name matches a shell pattern such as "trunk.*"; how many matched.
 */
int nn_net_freeze(NnNet *net, const char *pattern, bool frozen);

/* The tensor of an input, target, output or loss by its name; NN_NONE when unknown. */
NnVar nn_net_find(const NnNet *net, const char *name);

/* The shape of a tensor at the planned maximum. */
NnShape nn_net_shape(const NnNet *net, NnVar var);
