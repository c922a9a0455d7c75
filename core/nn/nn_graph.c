/* A net while it is built and afterwards: a list of nodes in the order of evaluation, each with its shape at
 * the planned maximum, and one flat block of values. The first building error is remembered and makes every
 * later call a no-op, so that builders read as plain lists of layers. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "core/nn/nn_graph.h"

#include "core/base/base_array.h"
#include "core/base/base_rng.h"
#include "core/nn/nn_op.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const NnOp *const nn_ops[NN_OP_COUNT] = {
#define NN_OP_ENTRY(name) [NN_OP_##name] = &nn_op_##name,
    NN_OPS(NN_OP_ENTRY)
#undef NN_OP_ENTRY
};

NnNet *nn_net_new(uint64_t seed) {
  NnNet *net = calloc(1, sizeof *net);
  if (net) net->seed = seed;
  return net;
}

void nn_net_free(NnNet *net) {
  if (!net) return;
  for (int i = 0; i < net->n_owned; i++) free(net->owned[i]);
  free(net->owned);
  free(net->nodes);
  free(net->parameters);
  free(net->initials);
  free(net->values);
  free(net);
}

NnVar nn_graph_fail(NnNet *net, const char *format, ...) {
  if (net->sentence[0]) return NN_NONE;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(net->sentence, sizeof net->sentence, format, arguments);
  va_end(arguments);
  return NN_NONE;
}

static bool grow(NnNet *net, void **items, int *room, int n, size_t size) {
  if (n < *room) return true;
  int more = *room ? *room * 2 : 32;
  void *grown = realloc(*items, (size_t)more * size);
  if (!grown) {
    nn_graph_fail(net, "out of memory");
    return false;
  }
  *items = grown;
  *room = more;
  return true;
}

void *nn_graph_keep(NnNet *net, const void *from, size_t bytes) {
  void **owned = realloc(net->owned, ((size_t)net->n_owned + 1) * sizeof *owned);
  if (owned) net->owned = owned;
  void *copy = owned ? malloc(bytes ? bytes : 1) : NULL;
  if (!copy) {
    nn_graph_fail(net, "out of memory");
    return NULL;
  }
  memcpy(copy, from, bytes);
  return net->owned[net->n_owned++] = copy;
}

static void fail_shape(NnNet *net, NnOpId op, const char *name, const char *what, NnShape x) {
  nn_graph_fail(net, "layer \"%s\" (%s): %s; its first input is %d × %d × %d × %d", name, nn_ops[op]->name,
                what, x.n, x.t, x.f, x.c);
}

static bool is_sane(NnShape s) {
  if (s.n < 1 || s.t < 1 || s.f < 1 || s.c < 1) return false;
  return (double)s.n * s.t * s.f * s.c < (double)INT_MAX;
}

NnVar nn_graph_node(NnNet *net, NnOpId op, const char *name, int n_x, const NnVar *x, NnSettings set) {
  if (net->sentence[0] ||
      !grow(net, (void **)&net->nodes, &net->nodes_room, net->n_nodes, sizeof *net->nodes))
    return NN_NONE;
  NnNode node = {.op = op, .n_x = n_x, .set = set};
  snprintf(node.name, sizeof node.name, "%s", name ? name : "");
  NnShape shapes[NN_MAX_INPUTS] = {0};
  for (int i = 0; i < n_x; i++) {
    if (x[i] < 0 || x[i] >= net->n_nodes)
      return nn_graph_fail(net, "layer \"%s\" has no input %d", node.name, i);
    node.x[i] = x[i];
    shapes[i] = net->nodes[x[i]].shape;
  }
  const char *wrong = nn_ops[op]->infer(&node.shape, &node, shapes);
  if (!wrong && !is_sane(node.shape)) wrong = "its output has no or too many elements";
  if (wrong) {
    fail_shape(net, op, node.name, wrong, shapes[0]);
    return NN_NONE;
  }
  net->nodes[net->n_nodes] = node;
  return net->n_nodes++;
}

static bool name_parameter(NnNet *net, NnParameter *parameter, const char *owner, const char *suffix) {
  int length = snprintf(parameter->name, sizeof parameter->name, "%s.%s", owner, suffix);
  if (!owner[0] || length >= NN_NAME_SIZE)
    nn_graph_fail(net, "layer name \"%s\" is empty or too long", owner);
  else if (nn_net_parameter_find(net, parameter->name) >= 0)
    nn_graph_fail(net, "two parameters are called \"%s\"", parameter->name);
  return !net->sentence[0];
}

int nn_graph_free_parameter(NnNet *net, const char *owner, const char *suffix, int rank, const int *dims,
                            NnInitial initial) {
  if (net->sentence[0]) return -1;
  int room = net->parameters_room;
  if (!grow(net, (void **)&net->parameters, &net->parameters_room, net->n_parameters,
            sizeof *net->parameters) ||
      !grow(net, (void **)&net->initials, &room, net->n_parameters, sizeof *net->initials))
    return -1;
  NnParameter parameter = {.rank = rank, .decay = initial.decay, .statistic = initial.statistic, .count = 1};
  for (int i = 0; i < rank; i++) parameter.count *= (size_t)(parameter.dims[i] = dims[i]);
  if (!name_parameter(net, &parameter, owner, suffix)) return -1;
  parameter.offset = net->size;
  net->size += (parameter.count + 15) / 16 * 16;
  net->initials[net->n_parameters] = initial;
  net->parameters[net->n_parameters] = parameter;
  return net->n_parameters++;
}

int nn_graph_parameter(NnNet *net, const char *suffix, int rank, const int *dims, NnInitial initial) {
  if (net->n_nodes == 0) return -1;
  NnNode *node = &net->nodes[net->n_nodes - 1];
  int index = nn_graph_free_parameter(net, node->name, suffix, rank, dims, initial);
  if (index >= 0) node->w[node->n_w++] = index;
  return index;
}

static void draw(NnNet *net, int index) {
  const NnParameter *parameter = &net->parameters[index];
  NnInitial initial = net->initials[index];
  BaseRng rng = base_rng(net->seed, (uint64_t)index);
  float *value = net->values + parameter->offset;
  for (size_t i = 0; i < parameter->count; i++)
    value[i] = initial.centre + (initial.spread > 0 ? initial.spread * (float)base_rng_normal(&rng) : 0.0f);
}

static bool allocate_values(NnNet *net) {
  size_t bytes = (net->size * sizeof(float) + 63) / 64 * 64;
  net->values = aligned_alloc(64, bytes ? bytes : 64);
  if (net->values) memset(net->values, 0, bytes);
  return net->values;
}

BaseStatus nn_graph_allocate(BaseContext *ctx, NnNet *net) {
  if (net->sentence[0]) return base_fail(ctx, BASE_BAD_INPUT, "%s", net->sentence);
  if (!allocate_values(net)) return base_fail_memory(ctx);
  for (int i = 0; i < net->n_parameters; i++) draw(net, i);
  net->version = 1;
  return BASE_OK;
}

BaseStatus nn_net_finish(BaseContext *ctx, NnNet *net) {
  if (net->n_nodes == 0 && !net->sentence[0])
    return base_fail(ctx, BASE_BAD_INPUT, "the network has no layers");
  return nn_graph_allocate(ctx, net);
}

static void *copy_items(const void *items, int n, size_t size) {
  void *copy = calloc(n > 0 ? (size_t)n : 1, size);
  if (copy && n > 0) memcpy(copy, items, (size_t)n * size);
  return copy;
}

/* Lets the settings of a copied node point to copies, too. */
static void adopt_settings(NnNet *net, NnNode *node) {
  size_t classes = (size_t)net->nodes[node->x[0]].shape.c;
  if (node->op == NN_OP_gather) {
    NnGather *gather = &node->set.gather;
    gather->index =
        nn_graph_keep(net, gather->index, (size_t)gather->keys * (size_t)gather->taps * sizeof(int));
  } else if (node->op == NN_OP_cross_entropy && node->set.loss.class_weight) {
    node->set.loss.class_weight = nn_graph_keep(net, node->set.loss.class_weight, classes * sizeof(float));
  }
}

static bool copy_structure(NnNet *copy, const NnNet *net) {
  *copy = *net;
  copy->owned = NULL;
  copy->n_owned = 0;
  copy->values = NULL;
  copy->nodes = copy_items(net->nodes, net->n_nodes, sizeof *net->nodes);
  copy->parameters = copy_items(net->parameters, net->n_parameters, sizeof *net->parameters);
  copy->initials = copy_items(net->initials, net->n_parameters, sizeof *net->initials);
  copy->nodes_room = net->n_nodes;
  copy->parameters_room = net->n_parameters;
  if (!copy->nodes || !copy->parameters || !copy->initials || !allocate_values(copy)) return false;
  for (int i = 0; i < copy->n_nodes; i++) adopt_settings(copy, &copy->nodes[i]);
  return !copy->sentence[0];
}

BaseStatus nn_net_dup(BaseContext *ctx, NnNet **copy, const NnNet *net) {
  NnNet *made = calloc(1, sizeof *made);
  if (!made || !copy_structure(made, net)) {
    nn_net_free(made);
    return base_fail_memory(ctx);
  }
  memcpy(made->values, net->values, net->size * sizeof(float));
  *copy = made;
  return BASE_OK;
}

int nn_net_parameter_count(const NnNet *net) {
  return net->n_parameters;
}

const NnParameter *nn_net_parameter(const NnNet *net, int index) {
  return &net->parameters[index];
}

int nn_net_parameter_find(const NnNet *net, const char *name) {
  for (int i = 0; i < net->n_parameters; i++)
    if (strcmp(net->parameters[i].name, name) == 0) return i;
  return -1;
}

float *nn_net_values(NnNet *net) {
  return net->values;
}
const float *nn_net_values_const(const NnNet *net) {
  return net->values;
}
size_t nn_net_size(const NnNet *net) {
  return net->size;
}
void nn_net_changed(NnNet *net) {
  net->version++;
}

int nn_net_freeze(NnNet *net, const char *pattern, bool frozen) {
  int matched = 0;
  for (int i = 0; i < net->n_parameters; i++) {
    if (fnmatch(pattern, net->parameters[i].name, 0) != 0) continue;
    net->parameters[i].frozen = frozen;
    matched++;
  }
  return matched;
}

NnVar nn_net_find(const NnNet *net, const char *name) {
  for (int i = 0; i < net->n_nodes; i++) {
    bool named = net->nodes[i].op == NN_OP_input || net->nodes[i].op == NN_OP_output ||
                 (nn_ops[net->nodes[i].op]->traits & NN_LOSS);
    if (named && strcmp(net->nodes[i].name, name) == 0) return i;
  }
  return NN_NONE;
}

NnShape nn_net_shape(const NnNet *net, NnVar var) {
  if (var < 0 || var >= net->n_nodes) return (NnShape){0};
  return net->nodes[var].shape;
}
