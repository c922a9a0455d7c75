/* Pooling and upsampling along t and f.
 *
 * Every output row of channels is made from a few input rows, and in backward every input row from a few
 * output rows, so that parts never write to the same place. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_math.h"
#include "core/nn/nn_op.h"
#include "core/nn/nn_rows.h"

enum { MAX_CHANNELS = 1024, GRAIN = 64 };

static size_t row_at(NnShape s, size_t n, size_t t, size_t f) {
  return (n * (size_t)s.t + t) * (size_t)s.f + f;
}

/* Walks the lines (n, t) of a tensor in parallel. */
static bool each_line(NnCall *call, NnShape s, NnPartFn part) {
  nn_parallel(call->threads, (size_t)s.n * (size_t)s.t, 1, part, call);
  return true;
}

static const float *row(const void *x, NnType type, NnShape s, size_t n, size_t t, size_t f, float *room) {
  return nn_widen(x, type, row_at(s, n, t, f) * (size_t)s.c, (size_t)s.c, room);
}

/* --- pooling ------------------------------------------------------------------------------------------- */

static const char *infer_pool(NnShape *y, const NnNode *node, const NnShape *x) {
  NnFactor k = node->set.factor;
  if (k.t < 1 || k.f < 1) return "a pool needs a window";
  *y = (NnShape){x->n, x->t / k.t, x->f / k.f, x->c};
  return x->c > MAX_CHANNELS ? "a pool takes at most 1024 channels" : NULL;
}

NN_FAST static void take_max(float *y, const float *x, size_t n) {
  NN_EACH
  for (size_t i = 0; i < n; i++) y[i] = x[i] > y[i] ? x[i] : y[i];
}

NN_FAST static void add_weighted(float *y, const float *x, size_t n, float gain) {
  NN_EACH
  for (size_t i = 0; i < n; i++) y[i] += x[i] * gain;
}

/* One output row from its window. */
static void pool_row(const NnCall *call, float *y, size_t n, size_t t, size_t f) {
  NnFactor k = call->node->set.factor;
  NnShape s = call->xs[0];
  float room[MAX_CHANNELS];
  bool max = call->node->op == NN_OP_max_pool;
  for (size_t i = 0; i < (size_t)s.c; i++) y[i] = max ? -INFINITY : 0.0f;
  for (size_t a = 0; a < (size_t)k.t; a++)
    for (size_t b = 0; b < (size_t)k.f; b++) {
      const float *x = row(call->x[0], call->xt[0], s, n, t * (size_t)k.t + a, f * (size_t)k.f + b, room);
      if (max)
        take_max(y, x, (size_t)s.c);
      else
        add_weighted(y, x, (size_t)s.c, 1.0f / (float)(k.t * k.f));
    }
}

static void pool_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t c = (size_t)call->ys.c, t = (size_t)call->ys.t, width = (size_t)call->ys.f;
  float room[MAX_CHANNELS];
  for (size_t line = from; line < to; line++)
    for (size_t f = 0; f < width; f++) {
      size_t at = (line * width + f) * c;
      float *y = nn_target_floats(call->y, call->yt, at, room);
      pool_row(call, y, line / t, line % t, f);
      nn_narrow(call->y, call->yt, at, c, y);
    }
}

static bool forward_pool(NnCall *call) {
  return each_line(call, call->ys, pool_part);
}

/* Gradient of one input row; of equal maxima each receives it (they are rare outside of zeros). */
static void pool_back_row(const NnCall *call, float *g, size_t n, size_t t, size_t f) {
  NnFactor k = call->node->set.factor;
  size_t c = (size_t)call->xs[0].c, yt = t / (size_t)k.t, yf = f / (size_t)k.f;
  float room_x[MAX_CHANNELS], room_y[MAX_CHANNELS], room_dy[MAX_CHANNELS];
  memset(g, 0, c * sizeof *g);
  if (yt >= (size_t)call->ys.t || yf >= (size_t)call->ys.f) return;
  const float *dy = row(call->dy, call->yt, call->ys, n, yt, yf, room_dy);
  if (call->node->op == NN_OP_mean_pool) {
    add_weighted(g, dy, c, 1.0f / (float)(k.t * k.f));
    return;
  }
  const float *x = row(call->x[0], call->xt[0], call->xs[0], n, t, f, room_x);
  const float *y = row(call->y, call->yt, call->ys, n, yt, yf, room_y);
  for (size_t i = 0; i < c; i++) g[i] = x[i] == y[i] ? dy[i] : 0.0f;
}

static void pool_back_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t c = (size_t)call->xs[0].c, t = (size_t)call->xs[0].t, width = (size_t)call->xs[0].f;
  float g[MAX_CHANNELS];
  for (size_t line = from; line < to; line++)
    for (size_t f = 0; f < width; f++) {
      pool_back_row(call, g, line / t, line % t, f);
      nn_give(call->dx[0], call->xt[0], call->add[0], (line * width + f) * c, c, g);
    }
}

static bool backward_pool(NnCall *call) {
  return each_line(call, call->xs[0], pool_back_part);
}

static double reference_window(const NnCall *call, const double *x, size_t n, size_t t, size_t f, size_t c) {
  NnFactor k = call->node->set.factor;
  NnShape s = call->xs[0];
  bool max = call->node->op == NN_OP_max_pool;
  double value = max ? -INFINITY : 0;
  for (size_t a = 0; a < (size_t)k.t; a++)
    for (size_t b = 0; b < (size_t)k.f; b++) {
      double v = x[row_at(s, n, t * (size_t)k.t + a, f * (size_t)k.f + b) * (size_t)s.c + c];
      value = max ? fmax(value, v) : value + v / (k.t * k.f);
    }
  return value;
}

static void reference_pool(double *y, const NnCall *call, const double *const *x, const double *const *w) {
  for (int n = 0; n < call->ys.n; n++)
    for (int t = 0; t < call->ys.t; t++)
      for (int f = 0; f < call->ys.f; f++)
        for (int c = 0; c < call->ys.c; c++)
          *y++ = reference_window(call, x[0], (size_t)n, (size_t)t, (size_t)f, (size_t)c);
}

const NnOp nn_op_max_pool = {.name = "max pool",
                             .traits = NN_READS_X | NN_READS_Y,
                             .infer = infer_pool,
                             .forward = forward_pool,
                             .backward = backward_pool,
                             .reference = reference_pool};

const NnOp nn_op_mean_pool = {.name = "mean pool",
                              .infer = infer_pool,
                              .forward = forward_pool,
                              .backward = backward_pool,
                              .reference = reference_pool};

/* --- upsampling ---------------------------------------------------------------------------------------- */

/* Along one axis, output sample o reads samples [0] and [1] of x with these weights. */
typedef struct {
  size_t at[2];
  float weight[2];
} Taps;

static Taps taps_of(size_t o, int factor, int size, bool bilinear) {
  if (!bilinear) return (Taps){{o / (size_t)factor, 0}, {1, 0}};
  float place = ((float)o + 0.5f) / (float)factor - 0.5f;
  if (place < 0) place = 0;
  if (place > (float)(size - 1)) place = (float)(size - 1);
  size_t first = (size_t)place, second = first + 1 < (size_t)size ? first + 1 : first;
  return (Taps){{first, second}, {1 - (place - (float)first), place - (float)first}};
}

static const char *infer_upsample(NnShape *y, const NnNode *node, const NnShape *x) {
  NnFactor k = node->set.factor;
  if (k.t < 1 || k.f < 1) return "upsampling needs factors";
  *y = (NnShape){x->n, x->t * k.t, x->f * k.f, x->c};
  return x->c > MAX_CHANNELS ? "upsampling takes at most 1024 channels" : NULL;
}

static Taps taps_t(const NnCall *call, size_t o) {
  NnFactor k = call->node->set.factor;
  return taps_of(o, k.t, call->xs[0].t, k.bilinear);
}

static Taps taps_f(const NnCall *call, size_t o) {
  NnFactor k = call->node->set.factor;
  return taps_of(o, k.f, call->xs[0].f, k.bilinear);
}

static void upsample_row(const NnCall *call, float *y, size_t n, Taps t, Taps f) {
  size_t c = (size_t)call->ys.c;
  float room[MAX_CHANNELS];
  memset(y, 0, c * sizeof *y);
  for (int a = 0; a < 2; a++)
    for (int b = 0; b < 2; b++)
      if (t.weight[a] * f.weight[b] > 0)
        add_weighted(y, row(call->x[0], call->xt[0], call->xs[0], n, t.at[a], f.at[b], room), c,
                     t.weight[a] * f.weight[b]);
}

static void upsample_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t c = (size_t)call->ys.c, height = (size_t)call->ys.t, width = (size_t)call->ys.f;
  float room[MAX_CHANNELS];
  for (size_t line = from; line < to; line++)
    for (size_t f = 0; f < width; f++) {
      size_t at = (line * width + f) * c;
      float *y = nn_target_floats(call->y, call->yt, at, room);
      upsample_row(call, y, line / height, taps_t(call, line % height), taps_f(call, f));
      nn_narrow(call->y, call->yt, at, c, y);
    }
}

static bool forward_upsample(NnCall *call) {
  return each_line(call, call->ys, upsample_part);
}

static float weight_of(Taps taps, size_t at) {
  return (taps.at[0] == at ? taps.weight[0] : 0) + (taps.at[1] == at ? taps.weight[1] : 0);
}

/* The outputs [first, end) that may read sample `at`. */
static void readers(size_t at, int factor, int outputs, size_t *first, size_t *end) {
  *first = at > 0 ? (at - 1) * (size_t)factor : 0;
  *end = (at + 2) * (size_t)factor;
  if (*end > (size_t)outputs) *end = (size_t)outputs;
}

static void upsample_back_row(const NnCall *call, float *g, size_t n, size_t t, size_t f) {
  size_t c = (size_t)call->ys.c, t0, t1, f0, f1;
  float room[MAX_CHANNELS];
  memset(g, 0, c * sizeof *g);
  readers(t, call->node->set.factor.t, call->ys.t, &t0, &t1);
  readers(f, call->node->set.factor.f, call->ys.f, &f0, &f1);
  for (size_t a = t0; a < t1; a++) {
    float weight_t = weight_of(taps_t(call, a), t);
    for (size_t b = f0; weight_t > 0 && b < f1; b++) {
      float weight = weight_t * weight_of(taps_f(call, b), f);
      if (weight > 0) add_weighted(g, row(call->dy, call->yt, call->ys, n, a, b, room), c, weight);
    }
  }
}

static void upsample_back_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t c = (size_t)call->ys.c, height = (size_t)call->xs[0].t, width = (size_t)call->xs[0].f;
  float g[MAX_CHANNELS];
  for (size_t line = from; line < to; line++)
    for (size_t f = 0; f < width; f++) {
      upsample_back_row(call, g, line / height, line % height, f);
      nn_give(call->dx[0], call->xt[0], call->add[0], (line * width + f) * c, c, g);
    }
}

static bool backward_upsample(NnCall *call) {
  return each_line(call, call->xs[0], upsample_back_part);
}

static void reference_upsample(double *y, const NnCall *call, const double *const *x,
                               const double *const *w) {
  NnShape s = call->xs[0];
  for (int n = 0; n < call->ys.n; n++)
    for (int t = 0; t < call->ys.t; t++)
      for (int f = 0; f < call->ys.f; f++)
        for (size_t c = 0; c < (size_t)s.c; c++) {
          Taps a = taps_t(call, (size_t)t), b = taps_f(call, (size_t)f);
          double sum = 0;
          for (int i = 0; i < 4; i++)
            sum += (double)a.weight[i / 2] * (double)b.weight[i % 2] *
                   x[0][row_at(s, (size_t)n, a.at[i / 2], b.at[i % 2]) * (size_t)s.c + c];
          *y++ = sum;
        }
}

const NnOp nn_op_upsample = {.name = "upsample",
                             .infer = infer_upsample,
                             .forward = forward_upsample,
                             .backward = backward_upsample,
                             .reference = reference_upsample};
