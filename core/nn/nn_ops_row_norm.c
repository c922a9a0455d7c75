/* Norms of single rows: layer norm and RMS norm over the channels.
 *
 * layer: x̂ = (x − mean(x)) / √(var(x) + ε), y = scale · x̂ + shift;  RMS: x̂ = x / √(mean(x²) + ε), y = scale ·
 * x̂. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_math.h"
#include "core/nn/nn_op.h"
#include "core/nn/nn_rows.h"

enum { MAX_CHANNELS = 2048, GRAIN = 64 };

static const char *infer(NnShape *y, const NnNode *node, const NnShape *x) {
  *y = *x;
  return x->c <= MAX_CHANNELS ? NULL : "a norm of rows takes at most 2048 channels";
}

static bool is_layer(const NnCall *call) {
  return call->node->op == NN_OP_layer_norm;
}

/* Mean and 1 / √(… + ε) of each row. */
static size_t saved(const NnCall *call) {
  return 2 * nn_shape_rows(call->ys) * sizeof(float);
}

static size_t scratch(const NnCall *call) {
  return call->training ? (size_t)call->threads * 2 * (size_t)call->ys.c * sizeof(float) : 0;
}

static bool each_row(NnCall *call, NnPartFn part) {
  nn_parallel(call->threads, nn_shape_rows(call->ys), GRAIN, part, call);
  return true;
}

NN_FAST static void moments(float *mean, float *inverse, const float *x, size_t n, float epsilon,
                            bool layer) {
  *mean = layer ? nn_sum(x, n) / (float)n : 0.0f;
  float lanes[NN_LANES] = {0}, sum = 0;
  size_t i = 0;
  for (; i + NN_LANES <= n; i += NN_LANES)
    for (size_t l = 0; l < NN_LANES; l++) lanes[l] += (x[i + l] - *mean) * (x[i + l] - *mean);
  for (; i < n; i++) sum += (x[i] - *mean) * (x[i] - *mean);
  for (size_t l = 0; l < NN_LANES; l++) sum += lanes[l];
  *inverse = 1.0f / sqrtf(sum / (float)n + epsilon);
}

NN_FAST static void normalise_row(float *y, const float *x, const float *scale, const float *shift,
                                  float mean, float inverse, size_t n) {
  if (shift) {
    NN_EACH
    for (size_t i = 0; i < n; i++) y[i] = (x[i] - mean) * inverse * scale[i] + shift[i];
  } else {
    NN_EACH
    for (size_t i = 0; i < n; i++) y[i] = x[i] * inverse * scale[i];
  }
}

static void forward_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t c = (size_t)call->ys.c;
  float room_x[MAX_CHANNELS], room_y[MAX_CHANNELS], *kept = call->saved;
  for (size_t row = from; row < to; row++) {
    const float *x = nn_widen(call->x[0], call->xt[0], row * c, c, room_x);
    moments(&kept[2 * row], &kept[2 * row + 1], x, c, call->node->set.norm.epsilon, is_layer(call));
    float *y = nn_target_floats(call->y, call->yt, row * c, room_y);
    normalise_row(y, x, call->w[0], is_layer(call) ? call->w[1] : NULL, kept[2 * row], kept[2 * row + 1], c);
    nn_narrow(call->y, call->yt, row * c, c, y);
  }
}

static bool forward(NnCall *call) {
  return each_row(call, forward_part);
}

/* With g = dy · scale: dx = 1/σ · (g − mean(g) [layer only] − x̂ · mean(g·x̂)). */
NN_FAST static void back(float *dx, float *dscale, float *dshift, const float *dy, const float *x,
                         const float *scale, float mean, float inverse, size_t n, bool layer) {
  float hat[MAX_CHANNELS];
  NN_EACH
  for (size_t i = 0; i < n; i++) {
    hat[i] = (x[i] - mean) * inverse;
    dscale[i] += dy[i] * hat[i];
    dshift[i] += dy[i];
    dx[i] = dy[i] * scale[i];
  }
  float centre = layer ? nn_sum(dx, n) / (float)n : 0.0f, along = nn_dot(dx, hat, n) / (float)n;
  NN_EACH
  for (size_t i = 0; i < n; i++) dx[i] = inverse * (dx[i] - centre - hat[i] * along);
}

static void backward_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t c = (size_t)call->ys.c,
         share = nn_parallel_share(call->threads, nn_shape_rows(call->ys), GRAIN, from);
  float room_x[MAX_CHANNELS], room_dy[MAX_CHANNELS], dx[MAX_CHANNELS], *kept = call->saved;
  float *dscale = (float *)call->scratch + share * 2 * c, *dshift = dscale + c;
  memset(dscale, 0, 2 * c * sizeof *dscale);
  for (size_t row = from; row < to; row++) {
    back(dx, dscale, dshift, nn_widen(call->dy, call->yt, row * c, c, room_dy),
         nn_widen(call->x[0], call->xt[0], row * c, c, room_x), call->w[0], kept[2 * row], kept[2 * row + 1],
         c, is_layer(call));
    if (call->dx[0]) nn_give(call->dx[0], call->xt[0], call->add[0], row * c, c, dx);
  }
}

static bool backward(NnCall *call) {
  each_row(call, backward_part);
  size_t c = (size_t)call->ys.c, parts = nn_parallel_parts(call->threads, nn_shape_rows(call->ys), GRAIN);
  for (size_t share = 0; share < parts; share++)
    for (size_t k = 0; k < (is_layer(call) ? 2u : 1u); k++)
      if (call->dw[k]) nn_give(call->dw[k], NN_F32, true, 0, c, (float *)call->scratch + (share * 2 + k) * c);
  return true;
}

static void reference(double *y, const NnCall *call, const double *const *x, const double *const *w) {
  size_t c = (size_t)call->ys.c;
  for (size_t row = 0; row < nn_shape_rows(call->ys); row++) {
    const double *v = x[0] + row * c;
    double mean = 0, variance = 0;
    for (size_t i = 0; is_layer(call) && i < c; i++) mean += v[i] / (double)c;
    for (size_t i = 0; i < c; i++) variance += (v[i] - mean) * (v[i] - mean) / (double)c;
    for (size_t i = 0; i < c; i++)
      *y++ = (v[i] - mean) / sqrt(variance + (double)call->node->set.norm.epsilon) * w[0][i] +
             (is_layer(call) ? w[1][i] : 0);
  }
}

const NnOp nn_op_layer_norm = {.name = "layer norm",
                               .traits = NN_READS_X | NN_IN_PLACE | NN_IN_PLACE_BACK,
                               .infer = infer,
                               .saved = saved,
                               .scratch = scratch,
                               .forward = forward,
                               .backward = backward,
                               .reference = reference};

const NnOp nn_op_rms_norm = {.name = "RMS norm",
                             .traits = NN_READS_X | NN_IN_PLACE | NN_IN_PLACE_BACK,
                             .infer = infer,
                             .saved = saved,
                             .scratch = scratch,
                             .forward = forward,
                             .backward = backward,
                             .reference = reference};
