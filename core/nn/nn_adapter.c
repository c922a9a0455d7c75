/* Small changes to a big net.
 *
 * Operators never know of adapters: a run reads W' = W + change(adapter), made once after each change of
 * either, and the gradient of W' is turned into those of the adapter: dup = dW'·downᵀ, ddown = upᵀ·dW',
 * dgain[o] = dW'[o]·W[o]. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_adapter.h"

#include "core/base/base_array.h"
#include "core/nn/nn_gemm.h"
#include "core/nn/nn_graph.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef enum { LOW_RANK, GAIN, SHIFT } Kind;

/* The adapter of one parameter; its own parameters are `first` and, if low-rank, the next. */
typedef struct {
  int parameter, first, rank;
  Kind kind;
} Item;

struct NnAdapter {
  const NnNet *net;
  NnNet *block;
  BASE_ARRAY(Item) items;
  float *values, *gradients;
  uint64_t net_version, block_version; /* that `values` were made of; 0: none */
};

BaseStatus nn_adapter_new(BaseContext *ctx, NnAdapter **adapter, const NnNet *net, uint64_t seed) {
  if (!net->values) return base_fail(ctx, BASE_BAD_INPUT, "the network was not finished");
  NnAdapter *made = calloc(1, sizeof *made);
  if (made) made->block = nn_net_new(seed);
  if (!made || !made->block) {
    free(made);
    return base_fail_memory(ctx);
  }
  made->net = net;
  *adapter = made;
  return BASE_OK;
}

void nn_adapter_free(NnAdapter *adapter) {
  if (!adapter) return;
  base_array_clear(&adapter->items);
  nn_net_free(adapter->block);
  free(adapter->values);
  free(adapter->gradients);
  free(adapter);
}

static const Item *item_of(const NnAdapter *adapter, int parameter) {
  for (size_t i = 0; i < adapter->items.n; i++)
    if (adapter->items.items[i].parameter == parameter) return &adapter->items.items[i];
  return NULL;
}

static int columns_of(const NnParameter *parameter) {
  return (int)(parameter->count / (size_t)parameter->dims[0]);
}

static BaseStatus add_item(BaseContext *ctx, NnAdapter *adapter, int parameter, NnAdapterKind kind,
                           int rank) {
  const NnParameter *base = &adapter->net->parameters[parameter];
  Item item = {.parameter = parameter, .rank = rank};
  item.kind = base->rank < 2 ? SHIFT : kind == NN_AFFINE ? GAIN : LOW_RANK;
  int rows = base->dims[0], columns = columns_of(base), count = (int)base->count;
  float spread = 1.0f / sqrtf((float)columns);
  item.first = adapter->block->n_parameters;
  if (item.kind == LOW_RANK) {
    nn_graph_free_parameter(adapter->block, base->name, "up", 2, (int[]){rows, rank}, (NnInitial){0});
    nn_graph_free_parameter(adapter->block, base->name, "down", 2, (int[]){rank, columns},
                            (NnInitial){.spread = spread, .decay = true});
  } else {
    bool gain = item.kind == GAIN;
    nn_graph_free_parameter(adapter->block, base->name, gain ? "gain" : "shift", 1, gain ? &rows : &count,
                            (NnInitial){0});
  }
  if (adapter->block->sentence[0]) return base_fail(ctx, BASE_BAD_INPUT, "%s", adapter->block->sentence);
  return base_array_push(&adapter->items, item) ? BASE_OK : base_fail_memory(ctx);
}

BaseStatus nn_adapter_add(BaseContext *ctx, NnAdapter *adapter, const char *pattern, NnAdapterKind kind,
                          int rank) {
  int matched = 0;
  if (kind == NN_LOW_RANK && rank < 1)
    return base_fail(ctx, BASE_BAD_INPUT, "a low-rank adapter needs a rank");
  for (int i = 0; i < adapter->net->n_parameters; i++) {
    const NnParameter *base = &adapter->net->parameters[i];
    if (base->statistic || fnmatch(pattern, base->name, 0) != 0) continue;
    if (item_of(adapter, i))
      return base_fail(ctx, BASE_BAD_INPUT, "\"%s\" has an adapter already", base->name);
    BaseStatus status = add_item(ctx, adapter, i, kind, rank);
    if (status != BASE_OK) return status;
    matched++;
  }
  return matched ? BASE_OK : base_fail(ctx, BASE_BAD_INPUT, "no parameter is called \"%s\"", pattern);
}

BaseStatus nn_adapter_finish(BaseContext *ctx, NnAdapter *adapter) {
  if (adapter->items.n == 0) return base_fail(ctx, BASE_BAD_INPUT, "nothing is adapted");
  BaseStatus status = nn_graph_allocate(ctx, adapter->block);
  adapter->values = malloc((adapter->net->size + 1) * sizeof(float));
  adapter->gradients = calloc(adapter->block->size + 1, sizeof(float));
  if (!adapter->values || !adapter->gradients) return base_fail_memory(ctx);
  nn_gemm_start();
  return status;
}

NnNet *nn_adapter_net(NnAdapter *adapter) {
  return adapter->block;
}

/* The values of the item's first or second own parameter. */
static float *own(const NnAdapter *adapter, const Item *item, int which, float *block) {
  return block + adapter->block->parameters[item->first + which].offset;
}

static void apply(const NnAdapter *adapter, const Item *item, float *value) {
  const NnParameter *base = &adapter->net->parameters[item->parameter];
  int rows = base->dims[0], columns = columns_of(base);
  const float *first = own(adapter, item, 0, adapter->block->values);
  if (item->kind == LOW_RANK)
    nn_gemm(value, columns, first, item->rank, false, own(adapter, item, 1, adapter->block->values), columns,
            false, rows, columns, item->rank, 1, 1);
  else
    for (size_t i = 0; i < base->count; i++)
      value[i] += item->kind == SHIFT ? first[i] : first[i / (size_t)columns] * value[i];
}

const float *nn_adapter_values(NnAdapter *adapter) {
  if (adapter->net_version == adapter->net->version && adapter->block_version == adapter->block->version)
    return adapter->values;
  memcpy(adapter->values, adapter->net->values, adapter->net->size * sizeof(float));
  for (size_t i = 0; i < adapter->items.n; i++) {
    const Item *item = &adapter->items.items[i];
    apply(adapter, item, adapter->values + adapter->net->parameters[item->parameter].offset);
  }
  adapter->net_version = adapter->net->version;
  adapter->block_version = adapter->block->version;
  return adapter->values;
}

uint64_t nn_adapter_version(const NnAdapter *adapter) {
  return adapter->net->version + adapter->block->version;
}

bool nn_adapter_covers(const NnAdapter *adapter, int parameter) {
  return item_of(adapter, parameter);
}

static void back(const NnAdapter *adapter, const Item *item, const float *gradient) {
  const NnParameter *base = &adapter->net->parameters[item->parameter];
  int rows = base->dims[0], columns = columns_of(base);
  float *first = own(adapter, item, 0, adapter->gradients);
  const float *value = adapter->net->values + base->offset;
  if (item->kind == LOW_RANK) {
    const float *up = own(adapter, item, 0, adapter->block->values),
                *down = own(adapter, item, 1, adapter->block->values);
    nn_gemm(first, item->rank, gradient, columns, false, down, columns, true, rows, item->rank, columns, 1,
            0);
    nn_gemm(own(adapter, item, 1, adapter->gradients), columns, up, item->rank, true, gradient, columns,
            false, item->rank, columns, rows, 1, 0);
    return;
  }
  for (size_t i = 0; i < base->count; i++)
    if (item->kind == SHIFT)
      first[i] = gradient[i];
    else
      first[i / (size_t)columns] += gradient[i] * value[i];
}

float *nn_adapter_gradients(NnAdapter *adapter, const float *net_gradients) {
  memset(adapter->gradients, 0, adapter->block->size * sizeof(float));
  for (size_t i = 0; i < adapter->items.n; i++) {
    const Item *item = &adapter->items.items[i];
    back(adapter, item, net_gradients + adapter->net->parameters[item->parameter].offset);
  }
  return adapter->gradients;
}

BaseStatus nn_adapter_merge(BaseContext *ctx, NnAdapter *adapter, NnNet *net) {
  if (net->size != adapter->net->size)
    return base_fail(ctx, BASE_BAD_INPUT, "the adapters belong to another network");
  memcpy(net->values, nn_adapter_values(adapter), net->size * sizeof(float));
  for (size_t i = 0; i < adapter->items.n; i++) {
    const NnParameter *first = &adapter->block->parameters[adapter->items.items[i].first];
    memset(adapter->block->values + first->offset, 0, first->count * sizeof(float));
  }
  nn_net_changed(net);
  nn_net_changed(adapter->block);
  return BASE_OK;
}
