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

/* The two in one, for a file that holds nothing else. `origin` is n pairs of key and value (what produced the
 * weights: version, data, seed, validation figures); may be null with n 0. */
BaseStatus nn_weights_write(BaseContext *ctx, const NnNet *net, const char *path, BaseType type,
                            const char *const (*origin)[2], int n);
BaseStatus nn_weights_read(BaseContext *ctx, NnNet *net, const char *path);
