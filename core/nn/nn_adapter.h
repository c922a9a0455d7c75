/* Small changes to a big net, with parameters of their own. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/nn/nn_run.h"

/* Adapters of some parameters of one net. A weight [O, …] with a low-rank adapter (Hu et al. 2022) is seen as
 * W + up · down with up [O, r] and down [r, …]; with an affine adapter as (1 + gain[o]) · W[o]; a bias or any
 * other array as itself + shift. Fresh adapters change nothing. The net itself is only read. */

typedef enum { NN_LOW_RANK, NN_AFFINE } NnAdapterKind;

/* No adapters yet, for a finished `net` that must outlive it. `seed` draws the beginnings of low-rank ones.
 */
BaseStatus nn_adapter_new(BaseContext *ctx, NnAdapter **adapter, const NnNet *net, uint64_t seed);
void nn_adapter_free(NnAdapter *adapter); /* null is fine */

/* Adds an adapter to each parameter whose name matches a shell pattern ("trunk.*.weight"): of two or more
 * axes, by `kind` and, if low, `rank`; of one axis, a shift. Statistics are passed over. BASE_BAD_INPUT when
 * nothing matches or something has an adapter already. Before nn_adapter_finish. */
BaseStatus nn_adapter_add(BaseContext *ctx, NnAdapter *adapter, const char *pattern, NnAdapterKind kind,
                          int rank);
BaseStatus nn_adapter_finish(BaseContext *ctx, NnAdapter *adapter);

/* The adapters' own parameters ("trunk.0.weight.up", …) as a net without layers: for nn_optim, nn_weights,
 * freezing and nn_net_values. Owned by the adapter. */
NnNet *nn_adapter_net(NnAdapter *adapter);

/* After backward of a training run with this adapter: the gradients of the adapters' parameters, laid out as
 * the values of nn_adapter_net, from those of the net's. Owned by the adapter. O(weights · rank). */
float *nn_adapter_gradients(NnAdapter *adapter, const float *net_gradients);

/* Writes what the adapters make of the net's parameters into `net` (the same or one of the same structure),
 * and starts over with adapters that change nothing. */
BaseStatus nn_adapter_merge(BaseContext *ctx, NnAdapter *adapter, NnNet *net);

/* For runs: the parameters as adapted, brought up to date, laid out as nn_net_values; a number that grows
 * with each change of them; and whether a parameter has an adapter that is trained. */
const float *nn_adapter_values(NnAdapter *adapter);
uint64_t nn_adapter_version(const NnAdapter *adapter);
bool nn_adapter_covers(const NnAdapter *adapter, int parameter);
