/* The values of a net in a file: one tensor for each parameter. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TENSOR_NAME_SIZE = NN_NAME_SIZE + 16 };

static void name_tensor(char *name, const NnParameter *parameter) {
  snprintf(name, TENSOR_NAME_SIZE, "weights.%s", parameter->name);
}

static void shape_of(uint64_t *shape, const NnParameter *parameter) {
  for (int i = 0; i < parameter->rank; i++) shape[i] = (uint64_t)parameter->dims[i];
}

BaseStatus nn_weights_save(BaseContext *ctx, BasePackWriter *writer, const NnNet *net, BaseType type) {
  BaseStatus status = BASE_OK;
  for (int i = 0; status == BASE_OK && i < nn_net_parameter_count(net); i++) {
    const NnParameter *parameter = nn_net_parameter(net, i);
    char name[TENSOR_NAME_SIZE];
    uint64_t shape[4];
    name_tensor(name, parameter);
    shape_of(shape, parameter);
    status = base_pack_add_floats(ctx, writer, name, type, parameter->rank, shape,
                                  nn_net_values_const(net) + parameter->offset);
  }
  return status;
}

static BaseStatus load_parameter(BaseContext *ctx, float *values, const NnParameter *parameter,
                                 const BasePack *pack) {
  char name[TENSOR_NAME_SIZE];
  uint64_t shape[4];
  name_tensor(name, parameter);
  shape_of(shape, parameter);
  BaseStatus status = base_pack_floats(ctx, values, pack, name, parameter->rank, shape);
  for (size_t i = 0; status == BASE_OK && i < parameter->count; i++)
    if (!isfinite(values[i]))
      status =
          base_fail(ctx, BASE_BAD_FILE, "the tensor \"%s\" holds a value that is not a finite number", name);
  return status;
}

BaseStatus nn_weights_load(BaseContext *ctx, NnNet *net, const BasePack *pack) {
  float *values = calloc(nn_net_size(net) + 1, sizeof *values);
  if (!values) return base_fail_memory(ctx);
  BaseStatus status = BASE_OK;
  for (int i = 0; status == BASE_OK && i < nn_net_parameter_count(net); i++) {
    const NnParameter *parameter = nn_net_parameter(net, i);
    status = load_parameter(ctx, values + parameter->offset, parameter, pack);
  }
  if (status == BASE_OK) {
    memcpy(nn_net_values(net), values, nn_net_size(net) * sizeof *values);
    nn_net_changed(net);
  }
  free(values);
  return status;
}

BaseStatus nn_weights_write(BaseContext *ctx, const NnNet *net, const char *path, BaseType type,
                            const char *const (*origin)[2], int n) {
  BasePackWriter *writer = base_pack_writer_new();
  if (!writer) return base_fail_memory(ctx);
  BaseStatus status = nn_weights_save(ctx, writer, net, type);
  for (int i = 0; status == BASE_OK && i < n; i++)
    status = base_pack_add_text(ctx, writer, origin[i][0], origin[i][1]);
  if (status == BASE_OK) status = base_pack_write(ctx, writer, path);
  base_pack_writer_free(writer);
  return status;
}

BaseStatus nn_weights_read(BaseContext *ctx, NnNet *net, const char *path) {
  BasePack *pack = NULL;
  BaseStatus status = base_pack_load(ctx, &pack, path);
  if (status == BASE_OK) status = nn_weights_load(ctx, net, pack);
  base_pack_free(pack);
  return status;
}
