/* The recurrence of minGRU (Feng et al. 2024), element by element along t.
 *
 * x holds H gates and H candidates: z = σ(x_z), v = g(x_v), h_t = h_{t−1} + z · (v − h_{t−1}), where g(v) = v
 * + ½ for v ≥ 0 and σ(v) below. The scan is sequential in t and parallel over n and f, which on few cores
 * beats a tree of products. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_math.h"
#include "core/nn/nn_op.h"
#include "core/nn/nn_rows.h"

enum { MAX_HIDDEN = 1024 };

static const char *infer(NnShape *y, const NnNode *node, const NnShape *x) {
  *y = (NnShape){x->n, x->t, x->f, x->c / 2};
  return x->c % 2 || x->c > 2 * MAX_HIDDEN ? "a minGRU takes gates and candidates, at most 1024 each" : NULL;
}

NN_INLINE float candidate(float v) {
  return v >= 0 ? v + 0.5f : nn_sigmoid(v);
}

NN_INLINE float candidate_slope(float v) {
  float s = nn_sigmoid(v);
  return v >= 0 ? 1.0f : s * (1.0f - s);
}

NN_FAST static void blend(float *h, const float *gate, const float *value, size_t n) {
  NN_EACH
  for (size_t i = 0; i < n; i++) h[i] += nn_sigmoid(gate[i]) * (candidate(value[i]) - h[i]);
}

/* Row of sequence (n, f) at frame t. */
static size_t row_of(NnShape s, size_t sequence, size_t t) {
  size_t f = (size_t)s.f;
  return (sequence / f * (size_t)s.t + t) * f + sequence % f;
}

static size_t sequences(const NnCall *call) {
  return (size_t)call->ys.n * (size_t)call->ys.f;
}

/* Where a carried state enters or leaves the walk. */
static void carry_state(const NnCall *call, float *state, size_t k, size_t t) {
  size_t h = (size_t)call->ys.c;
  if (!call->state) return;
  if (t == (size_t)call->state_begin) memcpy(state, call->state + k * h, h * sizeof *state);
  if (t == (size_t)call->state_end) memcpy(call->state + k * h, state, h * sizeof *state);
}

static void forward_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t h = (size_t)call->ys.c;
  float state[MAX_HIDDEN], room[2 * MAX_HIDDEN];
  for (size_t k = from; k < to; k++) {
    memset(state, 0, h * sizeof *state);
    for (size_t t = 0; t < (size_t)call->ys.t; t++) {
      size_t row = row_of(call->ys, k, t);
      const float *x = nn_widen(call->x[0], call->xt[0], row * 2 * h, 2 * h, room);
      carry_state(call, state, k, t);
      blend(state, x, x + h, h);
      nn_copy(call->y, call->yt, row * h, state, NN_F32, 0, h);
    }
    carry_state(call, state, k, (size_t)call->ys.t);
  }
}

static bool forward(NnCall *call) {
  nn_parallel(call->threads, sequences(call), 1, forward_part, call);
  return true;
}

/* dh reaches h_{t−1} by (1 − z), the gate by (v − h_{t−1})·σ', the candidate by z·g'. */
NN_FAST static void blend_back(float *g, float *dh, const float *x, const float *before, size_t n) {
  NN_EACH
  for (size_t i = 0; i < n; i++) {
    float z = nn_sigmoid(x[i]), v = candidate(x[n + i]);
    g[i] = dh[i] * (v - before[i]) * z * (1.0f - z);
    g[n + i] = dh[i] * z * candidate_slope(x[n + i]);
    dh[i] *= 1.0f - z;
  }
}

static void backward_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t h = (size_t)call->ys.c;
  float dh[MAX_HIDDEN], g[2 * MAX_HIDDEN], room_x[2 * MAX_HIDDEN], room_h[MAX_HIDDEN],
      zeros[MAX_HIDDEN] = {0};
  for (size_t k = from; k < to; k++) {
    memset(dh, 0, h * sizeof *dh);
    for (size_t t = (size_t)call->ys.t; t-- > 0;) {
      size_t row = row_of(call->ys, k, t);
      nn_give_back(dh, NN_F32, true, 0, call->dy, call->yt, row * h, h);
      const float *before =
          t ? nn_widen(call->y, call->yt, row_of(call->ys, k, t - 1) * h, h, room_h) : zeros;
      blend_back(g, dh, nn_widen(call->x[0], call->xt[0], row * 2 * h, 2 * h, room_x), before, h);
      if (call->dx[0]) nn_give(call->dx[0], call->xt[0], call->add[0], row * 2 * h, 2 * h, g);
    }
  }
}

static bool backward(NnCall *call) {
  nn_parallel(call->threads, sequences(call), 1, backward_part, call);
  return true;
}

static void reference(double *y, const NnCall *call, const double *const *x, const double *const *w) {
  size_t h = (size_t)call->ys.c;
  for (size_t k = 0; k < sequences(call); k++)
    for (size_t t = 0; t < (size_t)call->ys.t; t++)
      for (size_t i = 0; i < h; i++) {
        size_t row = row_of(call->ys, k, t);
        double before = t ? y[row_of(call->ys, k, t - 1) * h + i] : 0, v = x[0][row * 2 * h + h + i];
        double z = 1 / (1 + exp(-x[0][row * 2 * h + i]));
        y[row * h + i] = (1 - z) * before + z * (v >= 0 ? v + 0.5 : 1 / (1 + exp(-v)));
      }
}

const NnOp nn_op_min_gru = {.name = "minGRU",
                            .traits = NN_READS_X | NN_READS_Y,
                            .infer = infer,
                            .forward = forward,
                            .backward = backward,
                            .reference = reference};
