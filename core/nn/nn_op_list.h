/* The list of operators, in one place. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Each name stands for an `NnOp nn_op_<name>` (nn_op.h) and for one case of the gradient check in
 * tests/test_nn.c, whose table is made from this list, too: an operator without its case does not compile. */
#define NN_OPS(X)                                                                                            \
  X(input)                                                                                                   \
  X(output)                                                                                                  \
  X(product)                                                                                                 \
  X(activation)                                                                                              \
  X(add)                                                                                                     \
  X(multiply)                                                                                                \
  X(concat)                                                                                                  \
  X(slice)                                                                                                   \
  X(affine)                                                                                                  \
  X(dropout)                                                                                                 \
  X(batch_norm)                                                                                              \
  X(layer_norm)                                                                                              \
  X(rms_norm)                                                                                                \
  X(max_pool)                                                                                                \
  X(mean_pool)                                                                                               \
  X(upsample)                                                                                                \
  X(gather)                                                                                                  \
  X(embedding)                                                                                               \
  X(gru)                                                                                                     \
  X(min_gru)                                                                                                 \
  X(attention)                                                                                               \
  X(cross_entropy)                                                                                           \
  X(bce)                                                                                                     \
  X(focal)                                                                                                   \
  X(huber)                                                                                                   \
  X(masked_mean)

typedef enum {
#define NN_OP_ID(name) NN_OP_##name,
  NN_OPS(NN_OP_ID)
#undef NN_OP_ID
      NN_OP_COUNT
} NnOpId;
