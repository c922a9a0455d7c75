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

/* How the values of one parameter, which hold what the net has, are taken from a pack. */
typedef BaseStatus (*Take)(BaseContext *ctx, float *values, const NnParameter *parameter, const BasePack *pack);

/* All parameters or none. */
static BaseStatus take_all(BaseContext *ctx, NnNet *net, const BasePack *pack, Take take) {
  float *values = malloc((nn_net_size(net) + 1) * sizeof *values);
  if (!values) return base_fail_memory(ctx);
  memcpy(values, nn_net_values_const(net), nn_net_size(net) * sizeof *values);
  BaseStatus status = BASE_OK;
  for (int i = 0; status == BASE_OK && i < nn_net_parameter_count(net); i++) {
    const NnParameter *parameter = nn_net_parameter(net, i);
    status = take(ctx, values + parameter->offset, parameter, pack);
  }
  if (status == BASE_OK) {
    memcpy(nn_net_values(net), values, nn_net_size(net) * sizeof *values);
    nn_net_changed(net);
  }
  free(values);
  return status;
}

BaseStatus nn_weights_load(BaseContext *ctx, NnNet *net, const BasePack *pack) {
  return take_all(ctx, net, pack, load_parameter);
}

/* ---- growing ---- */

static bool fits(const BaseTensor *old, const NnParameter *parameter) {
  if (old->rank != parameter->rank) return false;
  for (int i = 0; i < old->rank; i++)
    if (old->shape[i] > (uint64_t)parameter->dims[i]) return false;
  return true;
}

/* Puts the old values into the leading corner; `values` holds what was drawn. An old output does not listen to new
 * inputs. */
static void embed(float *values, const NnParameter *parameter, const float *old, const uint64_t *shape) {
  size_t dims[4] = {1, 1, 1, 1}, was[4] = {1, 1, 1, 1}, at[4];
  for (int i = 0; i < parameter->rank; i++) {
    dims[i] = (size_t)parameter->dims[i];
    was[i] = (size_t)shape[i];
  }
  for (size_t n = 0; n < parameter->count; n++) {
    size_t rest = n;
    for (int i = 3; i >= 0; i--) {
      at[i] = rest % dims[i];
      rest /= dims[i];
    }
    if (at[0] >= was[0]) continue;
    const bool known = at[1] < was[1] && at[2] < was[2] && at[3] < was[3];
    values[n] = known ? old[((at[0] * was[1] + at[1]) * was[2] + at[2]) * was[3] + at[3]] : 0;
  }
}

static BaseStatus grow_parameter(BaseContext *ctx, float *values, const NnParameter *parameter, const BasePack *pack) {
  char name[TENSOR_NAME_SIZE];
  name_tensor(name, parameter);
  const BaseTensor *tensor = base_pack_find(pack, name);
  if (!tensor || !fits(tensor, parameter))
    return base_fail(ctx, BASE_BAD_FILE, "the tensor \"%s\" is missing or larger than it may become", name);
  NnParameter was = *parameter;
  was.count = 1;
  for (int i = 0; i < tensor->rank; i++) {
    was.dims[i] = (int)tensor->shape[i];
    was.count *= (size_t)tensor->shape[i];
  }
  float *old = malloc((was.count + 1) * sizeof *old);
  if (!old) return base_fail_memory(ctx);
  BaseStatus status = load_parameter(ctx, old, &was, pack);
  if (status == BASE_OK) embed(values, parameter, old, tensor->shape);
  free(old);
  return status;
}

BaseStatus nn_weights_grow(BaseContext *ctx, NnNet *net, const BasePack *pack) {
  return take_all(ctx, net, pack, grow_parameter);
}

/* ---- files ---- */

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
