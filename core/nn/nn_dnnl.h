/* Convolutions and large products by oneDNN. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/nn/nn_tensor.h"

/* The door to oneDNN: an engine and a stream. One for each run; used by one thread at a time. */
typedef struct NnDnnl NnDnnl;

/* Null without memory. Freed with nn_dnnl_free (null is fine) after all its products. */
NnDnnl *nn_dnnl_new(void);
void nn_dnnl_free(NnDnnl *dnnl);

/* True where the processor multiplies bfloat16 natively, so that NN_BF16 is worth its rounding. */
bool nn_dnnl_fast_bf16(void);

/* What a product computes: y[n, t, f, o] = relu?(bias[o] + Σ weight[o, i, a, b] · x[n, t·st + a·dt − pt, …,
 * i]). Tensors are row-major [N, T, F, C]; the weight is row-major [O, I, kernel_t, kernel_f] in f32. */
typedef struct {
  NnShape x, y;
  int kernel_t, kernel_f;     /* 1 × 1 makes a linear layer */
  int stride_t, stride_f;     /* from 1 */
  int dilation_t, dilation_f; /* 1: dense */
  int pad_t, pad_f;           /* zeros before; those after follow from the shapes */
  NnType type_x, type_y;      /* of x and dx, and of y and dy */
  bool bias, relu;            /* relu only affects the forward pass: the caller masks dy */
  bool sum;                   /* forward adds to what y holds, before relu */
  bool training; /* backward passes are prepared, too; else sums may be rearranged (errors to 1e-4) */
  bool no_dx;    /* nobody asks for dx */
} NnProductSpec;

/* A product at one shape: primitives and packed weights. One thread at a time. */
typedef struct NnProduct NnProduct;

/* Null without memory or when oneDNN has no such product (then `*why` is a static English phrase).
 * Costs some ms for a new shape (code is generated), less for one seen before. */
NnProduct *nn_product_new(NnDnnl *dnnl, const NnProductSpec *spec, const char **why);
void nn_product_free(NnProduct *product);

/* Bytes of scratch that any pass of the product needs. */
size_t nn_product_scratch(const NnProduct *product);

/* Takes the weights over into the layout of the passes; needed after each change. Cost: a copy. */
void nn_product_pack(NnProduct *product, const float *weight);

/* y from x and bias [O] (ignored without spec.bias), all aligned to 64 bytes. False when oneDNN fails. */
bool nn_product_forward(NnProduct *product, void *y, const void *x, const float *bias, void *scratch);

/* dx (overwritten) and dweight, dbias (added to; dbias may be null) from x and dy. `dx` may be null. */
bool nn_product_backward(NnProduct *product, void *dx, float *dweight, float *dbias, const void *x,
                         const void *dy, void *scratch);

/* The names of oneDNN's implementations of the three passes; "" where there is none. Static strings. */
void nn_product_names(const NnProduct *product, const char *names[3]);
