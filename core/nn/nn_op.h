/* What an operator is, for the files of core/nn only. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/nn/nn_dnnl.h"
#include "core/nn/nn_graph.h"

/* One node at work: everything an operator's passes need, filled in by the run. Pointers to tensors are in
 * the types stated beside them; `w` and `dw` are f32. */
typedef struct NnCall {
  const NnNode *node;
  NnShape xs[NN_MAX_INPUTS], ys;
  NnType xt[NN_MAX_INPUTS], yt;
  const void *x[NN_MAX_INPUTS];
  void *y;
  const float *w[NN_MAX_WEIGHTS];

  void *dy;                         /* backward may overwrite it */
  void *dx[NN_MAX_INPUTS];          /* null where nobody asks; of the type of x */
  bool add[NN_MAX_INPUTS];          /* dx is to be added to, not overwritten */
  float *dw[NN_MAX_WEIGHTS];        /* added to; null when frozen */
  float *statistic[NN_MAX_WEIGHTS]; /* in training: the net's own running statistics */

  void *saved;   /* kept from forward to backward */
  void *scratch; /* for the length of one pass */
  size_t scratch_bytes;
  void *kernel;              /* made by prepare */
  const struct NnCall *fold; /* inference: a batch norm to be folded into this product, or null */
  /* Carried states (nn_run_carry), null otherwise. Recurrences take theirs at frame state_begin and leave the
   * one after state_end frames; attention keeps keys and values, [N, heads, T of the plan, 2, D],
   * state_filled of them. */
  float *state;
  int state_begin, state_end;
  int *state_filled;

  NnDnnl *dnnl;
  bool training;    /* a backward pass will follow */
  bool new_weights; /* w changed, or the kernel was made, since the last forward pass */
  int threads;
  uint64_t seed; /* of this step and node */
} NnCall;

/* What the backward pass reads; decides how long tensors live. */
enum { NN_READS_X = 1, NN_READS_Y = 2, NN_IN_PLACE = 4, NN_IN_PLACE_BACK = 8, NN_LOSS = 16 };

/* The six faces of an operator. Null members: nothing to do. */
typedef struct {
  const char *name;
  unsigned traits;
  unsigned (*more_traits)(const NnNode *node); /* those that depend on the settings; may be null */
  /* The shape of y; or a static English phrase about what is wrong. */
  const char *(*infer)(NnShape *y, const NnNode *node, const NnShape *x);
  size_t (*saved)(const NnCall *call);   /* bytes to keep for backward at these shapes */
  size_t (*scratch)(const NnCall *call); /* bytes of scratch beside the kernel's */
  /* Makes `kernel` for the shapes of the call; a static phrase on failure. `release` undoes it. */
  const char *(*prepare)(NnCall *call);
  void (*release)(NnCall *call);
  bool (*forward)(NnCall *call); /* false when a library failed */
  bool (*backward)(NnCall *call);
  /* The definition, slow and plain, in double: y from x and w. */
  void (*reference)(double *y, const NnCall *call, const double *const *x, const double *const *w);
} NnOp;

#define NN_OP_EXTERN(name) extern const NnOp nn_op_##name;
NN_OPS(NN_OP_EXTERN)
#undef NN_OP_EXTERN

extern const NnOp *const nn_ops[NN_OP_COUNT];

/* What a convolution or linear layer asks of nn_dnnl at the shapes of the call. */
NnProductSpec nn_product_spec(const NnCall *call);

/* All traits of a node. */
static inline unsigned nn_node_traits(const NnNode *node) {
  const NnOp *op = nn_ops[node->op];
  return op->traits | (op->more_traits ? op->more_traits(node) : 0u);
}
