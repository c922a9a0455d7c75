/* The values of a net in a file. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_pack.h"
#include "core/nn/nn_net.h"

/* Adds every parameter of the net, statistics included, to a pack under "weights.<name>", as f32, f16 or
 * bf16. */
BaseStatus nn_weights_save(BaseContext *ctx, BasePackWriter *writer, const NnNet *net, BaseType type);

/* Takes the values of every parameter from a pack, by name and exact shape. BASE_BAD_FILE names what is
 * missing, has another shape or is not finite; the net is then unchanged. */
BaseStatus nn_weights_load(BaseContext *ctx, NnNet *net, const BasePack *pack);

/* As nn_weights_load, from a net of the same layers that may have had fewer channels, which become the first ones
 * here: what they answer stays as it was, since they do not listen to the new channels yet (Chen, Goodfellow and
 * Shlens 2016's function-preserving growth, without their copies). New channels keep the weights drawn for them. For nets
 * of products, norms and affines in a row or with residuals: the gates of a GRU and the parts of what was joined or
 * gathered do not lie where this looks for them, so what feeds those must not grow. */
BaseStatus nn_weights_grow(BaseContext *ctx, NnNet *net, const BasePack *pack);

/* The two in one, for a file that holds nothing else. `origin` is n pairs of key and value (what produced the
 * weights: version, data, seed, validation figures); may be null with n 0. */
BaseStatus nn_weights_write(BaseContext *ctx, const NnNet *net, const char *path, BaseType type,
                            const char *const (*origin)[2], int n);
BaseStatus nn_weights_read(BaseContext *ctx, NnNet *net, const char *path);
