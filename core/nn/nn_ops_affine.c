/* The affine map of channels or of keys: y = x · scale + shift.
 *
 * scale and shift are [C], or [F, C] with one pair for every key; either way they repeat after `period`
 * numbers of the tensor. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_op.h"
#include "core/nn/nn_rows.h"

#include "core/nn/nn_math.h"

static const char *infer(NnShape *y, const NnNode *node, const NnShape *x) {
  *y = *x;
  return NULL;
}

static size_t period(const NnCall *call) {
  return (size_t)call->ys.c * (call->node->set.per_key ? (size_t)call->ys.f : 1);
}

static size_t periods(const NnCall *call) {
  return nn_shape_count(call->ys) / period(call);
}

static size_t grain(const NnCall *call) {
  return 1 + (1 << 14) / period(call);
}

static bool each_period(NnCall *call, NnPartFn part) {
  nn_parallel(call->threads, periods(call), grain(call), part, call);
  return true;
}

NN_FAST static void map_affine(float *y, const float *x, const float *scale, const float *shift, size_t n) {
  NN_EACH
  for (size_t i = 0; i < n; i++) y[i] = x[i] * scale[i] + shift[i];
}

static void forward_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  float room_x[NN_CHUNK], room_y[NN_CHUNK];
  size_t p = period(call);
  for (size_t k = from; k < to; k++)
    for (size_t i = 0; i < p; i += NN_CHUNK) {
      size_t n = p - i < NN_CHUNK ? p - i : NN_CHUNK, at = k * p + i;
      float *y = nn_target_floats(call->y, call->yt, at, room_y);
      map_affine(y, nn_widen(call->x[0], call->xt[0], at, n, room_x), call->w[0] + i, call->w[1] + i, n);
      nn_narrow(call->y, call->yt, at, n, y);
    }
}

static bool forward(NnCall *call) {
  return each_period(call, forward_part);
}

static size_t scratch(const NnCall *call) {
  return call->training ? (size_t)call->threads * 2 * period(call) * sizeof(float) : 0;
}

NN_FAST static void map_affine_back(float *g, float *dscale, float *dshift, const float *dy, const float *x,
                                    const float *scale, size_t n) {
  NN_EACH
  for (size_t i = 0; i < n; i++) {
    dscale[i] += dy[i] * x[i];
    dshift[i] += dy[i];
    g[i] = dy[i] * scale[i];
  }
}

/* dx = dy · scale, dscale = Σ dy · x, dshift = Σ dy; sums are kept apart for each part and joined in order.
 */
static void backward_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  float room_x[NN_CHUNK], room_dy[NN_CHUNK], g[NN_CHUNK];
  size_t p = period(call), share = nn_parallel_share(call->threads, periods(call), grain(call), from);
  float *dscale = (float *)call->scratch + share * 2 * p, *dshift = dscale + p;
  memset(dscale, 0, 2 * p * sizeof *dscale);
  for (size_t k = from; k < to; k++)
    for (size_t i = 0; i < p; i += NN_CHUNK) {
      size_t n = p - i < NN_CHUNK ? p - i : NN_CHUNK, at = k * p + i;
      map_affine_back(g, dscale + i, dshift + i, nn_widen(call->dy, call->yt, at, n, room_dy),
                      nn_widen(call->x[0], call->xt[0], at, n, room_x), call->w[0] + i, n);
      if (call->dx[0]) nn_give(call->dx[0], call->xt[0], call->add[0], at, n, g);
    }
}

static bool backward(NnCall *call) {
  each_period(call, backward_part);
  size_t p = period(call), parts = nn_parallel_parts(call->threads, periods(call), grain(call));
  for (size_t share = 0; share < parts; share++)
    for (int k = 0; k < 2; k++)
      if (call->dw[k])
        nn_give(call->dw[k], NN_F32, true, 0, p, (float *)call->scratch + (share * 2 + (size_t)k) * p);
  return true;
}

static void reference(double *y, const NnCall *call, const double *const *x, const double *const *w) {
  for (size_t i = 0; i < nn_shape_count(call->ys); i++)
    y[i] = x[0][i] * w[0][i % period(call)] + w[1][i % period(call)];
}

const NnOp nn_op_affine = {.name = "affine",
                           .traits = NN_READS_X | NN_IN_PLACE | NN_IN_PLACE_BACK,
                           .infer = infer,
                           .scratch = scratch,
                           .forward = forward,
                           .backward = backward,
                           .reference = reference};
