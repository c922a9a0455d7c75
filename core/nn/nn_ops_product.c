/* Convolutions and linear layers.
 *
 * y[n, t, f, o] = relu?(bias[o] + Σ_{a, b, i} weight[o, i, a, b] · x[n, t·st + a·dt − pt, f·sf + b·df − pf,
 * i]) The work is nn_dnnl's. The weights are packed when they changed; a following batch norm is folded into
 * them in inference. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_math.h"
#include "core/nn/nn_op.h"
#include "core/nn/nn_rows.h"

#include <stdlib.h>

typedef struct {
  NnProduct *product;
  float *weight, *bias; /* folded; null without a batch norm to fold */
} Kernel;

/* Zeros before the first sample along axis 0 (t) or 1 (f). */
static int pad_before(const NnProductSettings *s, int axis, int x, int y) {
  if (s->valid) return 0;
  int total = (y - 1) * s->stride[axis] + (s->kernel[axis] - 1) * s->dilation[axis] + 1 - x;
  if (total < 0) total = 0;
  return axis == 0 && s->causal ? total : total / 2;
}

static int output_size(const NnProductSettings *s, int axis, int x) {
  int reach = (s->kernel[axis] - 1) * s->dilation[axis];
  if (!s->valid) return (x + s->stride[axis] - 1) / s->stride[axis];
  return x > reach ? (x - reach - 1) / s->stride[axis] + 1 : 0;
}

static const char *infer(NnShape *y, const NnNode *node, const NnShape *x) {
  const NnProductSettings *s = &node->set.product;
  if (s->channels < 1) return "a convolution needs output channels";
  *y = (NnShape){x->n, output_size(s, 0, x->t), output_size(s, 1, x->f), s->channels};
  return y->t < 1 || y->f < 1 ? "the kernel is larger than its input" : NULL;
}

static unsigned more_traits(const NnNode *node) {
  return node->set.product.relu ? NN_READS_Y : 0u;
}

NnProductSpec nn_product_spec(const NnCall *call) {
  const NnProductSettings *s = &call->node->set.product;
  return (NnProductSpec){.x = call->xs[0],
                         .y = call->ys,
                         .kernel_t = s->kernel[0],
                         .kernel_f = s->kernel[1],
                         .stride_t = s->stride[0],
                         .stride_f = s->stride[1],
                         .dilation_t = s->dilation[0],
                         .dilation_f = s->dilation[1],
                         .pad_t = pad_before(s, 0, call->xs[0].t, call->ys.t),
                         .pad_f = pad_before(s, 1, call->xs[0].f, call->ys.f),
                         .type_x = call->xt[0],
                         .type_y = call->yt,
                         .bias = s->bias || call->fold,
                         .relu = s->relu || (call->fold && call->fold->node->set.norm.relu),
                         .training = call->training,
                         .no_dx = !call->dx[0]};
}

static size_t weight_count(const NnCall *call) {
  const NnProductSettings *s = &call->node->set.product;
  return (size_t)s->channels * (size_t)call->xs[0].c * (size_t)s->kernel[0] * (size_t)s->kernel[1];
}

static void release(NnCall *call) {
  Kernel *kernel = call->kernel;
  if (!kernel) return;
  nn_product_free(kernel->product);
  free(kernel->weight);
  free(kernel->bias);
  free(kernel);
  call->kernel = NULL;
}

static const char *prepare(NnCall *call) {
  Kernel *kernel = call->kernel = calloc(1, sizeof *kernel);
  if (!kernel) return "out of memory";
  const char *why = "out of memory";
  NnProductSpec spec = nn_product_spec(call);
  if (call->fold) {
    kernel->weight = malloc(weight_count(call) * sizeof(float));
    kernel->bias = aligned_alloc(64, ((size_t)spec.y.c * sizeof(float) + 63) / 64 * 64);
    if (!kernel->weight || !kernel->bias) return why;
  }
  kernel->product = nn_product_new(call->dnnl, &spec, &why);
  return kernel->product ? NULL : why;
}

static size_t product_scratch(const NnCall *call) {
  const Kernel *kernel = call->kernel;
  return (nn_product_scratch(kernel->product) + 63) / 64 * 64;
}

static size_t scratch(const NnCall *call) {
  size_t sum = call->add[0] ? nn_shape_count(call->xs[0]) * nn_type_size(call->xt[0]) : 0;
  return product_scratch(call) + sum;
}

/* Batch norm after the product is scale/σ · (W x + b − mean) + shift: a product with other W and b. */
static void fold(Kernel *kernel, const NnCall *call) {
  const NnCall *norm = call->fold;
  const float *scale = norm->w[0], *shift = norm->w[1], *mean = norm->w[2], *variance = norm->w[3];
  size_t each = weight_count(call) / (size_t)call->ys.c;
  for (int o = 0; o < call->ys.c; o++) {
    float gain = scale[o] / sqrtf(variance[o] + norm->node->set.norm.epsilon);
    float bias = call->node->set.product.bias ? call->w[1][o] : 0.0f;
    kernel->bias[o] = gain * (bias - mean[o]) + shift[o];
    for (size_t i = 0; i < each; i++)
      kernel->weight[(size_t)o * each + i] = gain * call->w[0][(size_t)o * each + i];
  }
}

static void pack(Kernel *kernel, const NnCall *call) {
  if (!call->new_weights) return;
  if (call->fold) fold(kernel, call);
  nn_product_pack(kernel->product, call->fold ? kernel->weight : call->w[0]);
}

static bool forward(NnCall *call) {
  Kernel *kernel = call->kernel;
  pack(kernel, call);
  const float *bias = call->fold ? kernel->bias : call->node->set.product.bias ? call->w[1] : NULL;
  return nn_product_forward(kernel->product, call->y, call->x[0], bias, call->scratch);
}

NN_FAST static void mask_gradient(float *dy, const float *y, size_t n) {
  NN_EACH
  for (size_t i = 0; i < n; i++) dy[i] = y[i] > 0 ? dy[i] : 0.0f;
}

static void mask_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  float room_y[NN_CHUNK], room_dy[NN_CHUNK];
  for (size_t i = from; i < to; i += NN_CHUNK) {
    size_t n = to - i < NN_CHUNK ? to - i : NN_CHUNK;
    float *dy = nn_widen_mutable(call->dy, call->yt, i, n, room_dy);
    mask_gradient(dy, nn_widen(call->y, call->yt, i, n, room_y), n);
    nn_narrow(call->dy, call->yt, i, n, dy);
  }
}

static void give_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  const void *sum = (const char *)call->scratch + product_scratch(call);
  float room[NN_CHUNK];
  for (size_t i = from; i < to; i += NN_CHUNK) {
    size_t n = to - i < NN_CHUNK ? to - i : NN_CHUNK;
    nn_give(call->dx[0], call->xt[0], true, i, n, nn_widen(sum, call->xt[0], i, n, room));
  }
}

/* dx[n, t', f', i] = Σ weight · dy over the outputs that read it; dweight, dbias likewise over n, t, f. */
static bool backward(NnCall *call) {
  Kernel *kernel = call->kernel;
  if (call->node->set.product.relu)
    nn_parallel(call->threads, nn_shape_count(call->ys), 1 << 14, mask_part, call);
  void *dx = call->dx[0];
  if (dx && call->add[0]) dx = (char *)call->scratch + product_scratch(call);
  float *dbias = call->node->set.product.bias ? call->dw[1] : NULL;
  if (!nn_product_backward(kernel->product, dx, call->dw[0], dbias, call->x[0], call->dy, call->scratch))
    return false;
  if (dx && call->add[0]) nn_parallel(call->threads, nn_shape_count(call->xs[0]), 1 << 14, give_part, call);
  return true;
}

/* One output of the definition. */
static double reference_at(const NnCall *call, const double *x, const double *w, int n, int t, int f, int o) {
  const NnProductSettings *s = &call->node->set.product;
  NnShape in = call->xs[0];
  int first_t = t * s->stride[0] - pad_before(s, 0, in.t, call->ys.t);
  int first_f = f * s->stride[1] - pad_before(s, 1, in.f, call->ys.f);
  double sum = 0;
  for (int a = 0; a < s->kernel[0]; a++)
    for (int b = 0; b < s->kernel[1]; b++) {
      int xt = first_t + a * s->dilation[0], xf = first_f + b * s->dilation[1];
      if (xt < 0 || xt >= in.t || xf < 0 || xf >= in.f) continue;
      for (int i = 0; i < in.c; i++)
        sum += w[((o * in.c + i) * s->kernel[0] + a) * s->kernel[1] + b] *
               x[((n * in.t + xt) * in.f + xf) * in.c + i];
    }
  return sum;
}

static void reference(double *y, const NnCall *call, const double *const *x, const double *const *w) {
  const NnProductSettings *s = &call->node->set.product;
  for (int n = 0; n < call->ys.n; n++)
    for (int t = 0; t < call->ys.t; t++)
      for (int f = 0; f < call->ys.f; f++)
        for (int o = 0; o < call->ys.c; o++) {
          double value = reference_at(call, x[0], w[0], n, t, f, o) + (s->bias ? w[1][o] : 0);
          *y++ = s->relu && value < 0 ? 0 : value;
        }
}

const NnOp nn_op_product = {.name = "product",
                            .traits = NN_READS_X,
                            .more_traits = more_traits,
                            .infer = infer,
                            .scratch = scratch,
                            .prepare = prepare,
                            .release = release,
                            .forward = forward,
                            .backward = backward,
                            .reference = reference};
