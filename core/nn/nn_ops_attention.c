/* Self-attention with rotary positions, causal or both ways (Vaswani et al. 2017; Su et al. 2021).
 *
 * For each example and head, with D = C / heads: q and k are turned by their position (pairs i, i + D/2 by
 * the angle t · 10000^(−2i/D)), S = q·kᵀ / √D for keys not later than the query or all, P = softmax(S), y = P · v.
 * The matrix P never exists as a whole: queries are taken 64 at a time against the keys before them, and only
 * the logarithm of each row's sum is kept; backward makes P anew from it (Dao et al. 2022).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_gemm.h"
#include "core/nn/nn_math.h"
#include "core/nn/nn_op.h"
#include "core/nn/nn_rows.h"

#include <stdlib.h>

enum { BLOCK = 64 };

static const char *infer(NnShape *y, const NnNode *node, const NnShape *x) {
  int heads = node->set.attention.heads;
  *y = (NnShape){x->n, x->t, x->f, x->c / 3};
  if (x->f != 1) return "attention runs along t and takes f = 1";
  return heads < 1 || x->c % (6 * heads) ? "attention takes query, key and value of heads of even size"
                                         : NULL;
}

/* Keys that a query at step t sees. */
static size_t seen_from(const NnCall *call, size_t t) {
  return call->node->set.attention.both ? (size_t)call->ys.t : t + 1;
}

/* Places of one task (n, head): matrices [T, D] in f32 and blocks [BLOCK, T]. */
typedef struct {
  float *q, *k, *v, *y, *dq, *dk, *dv, *p, *dp;
} Room;

static size_t steps(const NnCall *call) {
  return (size_t)call->ys.t;
}
static size_t width(const NnCall *call) {
  return (size_t)(call->ys.c / call->node->set.attention.heads);
}
static size_t tasks(const NnCall *call) {
  return (size_t)(call->ys.n * call->node->set.attention.heads);
}

static size_t room_floats(const NnCall *call) {
  return steps(call) * (7 * width(call) + 2 * BLOCK);
}

static size_t scratch(const NnCall *call) {
  return (size_t)call->threads * room_floats(call) * sizeof(float);
}

static Room room_of(const NnCall *call, size_t from) {
  size_t m = steps(call) * width(call);
  float *at =
      (float *)call->scratch + nn_parallel_share(call->threads, tasks(call), 1, from) * room_floats(call);
  return (Room){at,         at + m,     at + 2 * m,
                at + 3 * m, at + 4 * m, at + 5 * m,
                at + 6 * m, at + 7 * m, at + 7 * m + BLOCK * steps(call)};
}

/* The logarithm of the sum of each row of exp(S): [N, heads, T]. */
static size_t saved(const NnCall *call) {
  return tasks(call) * steps(call) * sizeof(float);
}

/* Cosines and sines of all positions of the plan: [T, D/2, 2]. */
static const char *prepare(NnCall *call) {
  size_t half = width(call) / 2;
  size_t most = (size_t)call->node->shape.t;
  float *turns = call->kernel = malloc(most * half * 2 * sizeof *turns);
  if (!turns) return "out of memory";
  for (size_t t = 0; t < most; t++)
    for (size_t i = 0; i < half; i++) {
      double angle = (double)t * pow(10000.0, -(double)i / (double)half);
      turns[(t * half + i) * 2] = (float)cos(angle);
      turns[(t * half + i) * 2 + 1] = (float)sin(angle);
    }
  nn_gemm_start();
  return NULL;
}

static void release(NnCall *call) {
  free(call->kernel);
  call->kernel = NULL;
}

/* Turns a row by its position, or back with `sign` −1. */
static void turn(float *row, const float *turns, size_t half, float sign) {
  for (size_t i = 0; i < half; i++) {
    float c = turns[2 * i], s = sign * turns[2 * i + 1], a = row[i], b = row[half + i];
    row[i] = a * c - b * s;
    row[half + i] = a * s + b * c;
  }
}

/* Query, key and value of a task as matrices, turned. */
static void load(const NnCall *call, const Room *room, size_t task) {
  size_t d = width(call), c = (size_t)call->ys.c, heads = c / d;
  const float *turns = call->kernel;
  float *to[3] = {room->q, room->k, room->v};
  for (size_t t = 0; t < steps(call); t++)
    for (size_t part = 0; part < 3; part++) {
      size_t at = (task / heads * steps(call) + t) * 3 * c + part * c + task % heads * d;
      nn_copy(to[part], NN_F32, t * d, call->x[0], call->xt[0], at, d);
      if (part < 2) turn(to[part] + t * d, turns + t * d, d / 2, 1.0f);
    }
}

NN_FAST static float soften(float *p, size_t n, float gain) {
  float top = p[0];
  for (size_t i = 1; i < n; i++) top = p[i] > top ? p[i] : top;
  NN_EACH
  for (size_t i = 0; i < n; i++) p[i] = nn_exp((p[i] - top) * gain);
  float sum = nn_sum(p, n);
  NN_EACH
  for (size_t i = 0; i < n; i++) p[i] /= sum;
  return top * gain + logf(sum);
}

static void forward_block(const NnCall *call, const Room *room, float *log_sums, size_t first, size_t rows) {
  size_t d = width(call), keys = seen_from(call, first + rows - 1);
  float gain = 1.0f / sqrtf((float)d);
  nn_gemm(room->p, (int)keys, room->q + first * d, (int)d, false, room->k, (int)d, true, (int)rows, (int)keys,
          (int)d, 1, 0);
  for (size_t r = 0; r < rows; r++) {
    float *p = room->p + r * keys;
    size_t seen = seen_from(call, first + r);
    log_sums[first + r] = soften(p, seen, gain);
    memset(p + seen, 0, (keys - seen) * sizeof *p);
  }
  nn_gemm(room->y + first * d, (int)d, room->p, (int)keys, false, room->v, (int)d, false, (int)rows, (int)d,
          (int)keys, 1, 0);
}

static size_t head_at(const NnCall *call, size_t task, size_t t) {
  size_t d = width(call), c = (size_t)call->ys.c, heads = c / d;
  return (task / heads * steps(call) + t) * c + task % heads * d;
}

static void forward_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  Room room = room_of(call, from);
  size_t d = width(call), n = steps(call);
  for (size_t task = from; task < to; task++) {
    load(call, &room, task);
    for (size_t first = 0; first < n; first += BLOCK)
      forward_block(call, &room, (float *)call->saved + task * n, first,
                    n - first < BLOCK ? n - first : BLOCK);
    for (size_t t = 0; t < n; t++)
      nn_copy(call->y, call->yt, head_at(call, task, t), room.y, NN_F32, t * d, d);
  }
}

/* --- forward, a few steps at a time, against kept keys and values
 * ------------------------------------------- */

/* Keys and values of a task: [T of the plan, 2, D]. */
static float *kept_of(const NnCall *call, size_t task) {
  return call->state + task * (size_t)call->node->shape.t * 2 * width(call);
}

/* One query against everything kept, its own key included; `p` has room for the scores. */
static void attend(float *y, float *p, const float *q, const float *kept, size_t keys, size_t d) {
  for (size_t k = 0; k < keys; k++) p[k] = nn_dot(q, kept + k * 2 * d, d);
  soften(p, keys, 1.0f / sqrtf((float)d));
  memset(y, 0, d * sizeof *y);
  for (size_t k = 0; k < keys; k++)
    for (size_t i = 0; i < d; i++) y[i] += p[k] * kept[(k * 2 + 1) * d + i];
}

static void carried_step(NnCall *call, size_t task, size_t t, float *q, float *y, float *p) {
  size_t d = width(call), c = (size_t)call->ys.c, heads = c / d, place = (size_t)*call->state_filled + t;
  size_t at = (task / heads * steps(call) + t) * 3 * c + task % heads * d;
  float *key = kept_of(call, task) + place * 2 * d;
  const float *turns = (const float *)call->kernel + place * d;
  nn_copy(q, NN_F32, 0, call->x[0], call->xt[0], at, d);
  nn_copy(key, NN_F32, 0, call->x[0], call->xt[0], at + c, d);
  nn_copy(key, NN_F32, d, call->x[0], call->xt[0], at + 2 * c, d);
  turn(q, turns, d / 2, 1.0f);
  turn(key, turns, d / 2, 1.0f);
  attend(y, p, q, kept_of(call, task), place + 1, d);
  nn_copy(call->y, call->yt, head_at(call, task, t), y, NN_F32, 0, d);
}

static void carried_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t d = width(call);
  float *q =
      (float *)call->scratch + nn_parallel_share(call->threads, tasks(call), 1, from) * room_floats(call);
  for (size_t task = from; task < to; task++)
    for (size_t t = 0; t < steps(call); t++) carried_step(call, task, t, q, q + d, q + 2 * d);
}

static bool forward_carried(NnCall *call) {
  if (call->node->set.attention.both || *call->state_filled + call->ys.t > call->node->shape.t) return false;
  nn_parallel(call->threads, tasks(call), 1, carried_part, call);
  *call->state_filled += call->ys.t;
  return true;
}

static bool forward(NnCall *call) {
  if (call->state) return forward_carried(call);
  nn_parallel(call->threads, tasks(call), 1, forward_part, call);
  return true;
}

NN_FAST static void remake(float *p, float *ds, size_t n, float gain, float log_sum, float along) {
  NN_EACH
  for (size_t i = 0; i < n; i++) {
    p[i] = nn_exp(p[i] * gain - log_sum);
    ds[i] = p[i] * (ds[i] - along) * gain;
  }
}

/* With A = dy·vᵀ and a_i = dy_i·y_i: dS = P ∘ (A − a) / √D, dq = dS·k, dk = dSᵀ·q, dv = Pᵀ·dy. `room->y`
 * holds dy, `along` the a of the block. */
static void backward_block(const NnCall *call, const Room *room, const float *log_sums, const float *along,
                           size_t first, size_t rows) {
  size_t d = width(call), keys = seen_from(call, first + rows - 1);
  int m = (int)rows, n = (int)keys, w = (int)d;
  const float *q = room->q + first * d, *dy = room->y + first * d;
  nn_gemm(room->p, n, q, w, false, room->k, w, true, m, n, w, 1, 0);
  nn_gemm(room->dp, n, dy, w, false, room->v, w, true, m, n, w, 1, 0);
  for (size_t r = 0; r < rows; r++) {
    float *p = room->p + r * keys, *ds = room->dp + r * keys;
    size_t seen = seen_from(call, first + r);
    remake(p, ds, seen, 1.0f / sqrtf((float)d), log_sums[first + r], along[r]);
    memset(p + seen, 0, (keys - seen) * sizeof *p);
    memset(ds + seen, 0, (keys - seen) * sizeof *ds);
  }
  nn_gemm(room->dq + first * d, w, room->dp, n, false, room->k, w, false, m, w, n, 1, 0);
  nn_gemm(room->dk, w, room->dp, n, true, q, w, false, n, w, m, 1, 1);
  nn_gemm(room->dv, w, room->p, n, true, dy, w, false, n, w, m, 1, 1);
}

/* a_i of the block, leaving dy in room->y. */
static void load_back(const NnCall *call, const Room *room, float *along, size_t task, size_t first,
                      size_t rows) {
  size_t d = width(call);
  for (size_t r = 0; r < rows; r++) {
    size_t at = head_at(call, task, first + r);
    float *dy = room->y + (first + r) * d, *y = room->p;
    nn_copy(dy, NN_F32, 0, call->dy, call->yt, at, d);
    nn_copy(y, NN_F32, 0, call->y, call->yt, at, d);
    along[r] = nn_dot(dy, y, d);
  }
}

static void store_back(const NnCall *call, const Room *room, size_t task) {
  size_t d = width(call), c = (size_t)call->ys.c, heads = c / d;
  const float *turns = call->kernel;
  float *from[3] = {room->dq, room->dk, room->dv};
  for (size_t t = 0; t < steps(call); t++)
    for (size_t part = 0; part < 3; part++) {
      size_t at = (task / heads * steps(call) + t) * 3 * c + part * c + task % heads * d;
      if (part < 2) turn(from[part] + t * d, turns + t * d, d / 2, -1.0f);
      nn_give(call->dx[0], call->xt[0], call->add[0], at, d, from[part] + t * d);
    }
}

static void backward_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  Room room = room_of(call, from);
  size_t n = steps(call), m = n * width(call);
  float along[BLOCK];
  for (size_t task = from; task < to; task++) {
    load(call, &room, task);
    memset(room.dk, 0, 2 * m * sizeof(float)); /* dk and dv */
    for (size_t first = 0; first < n; first += BLOCK) {
      size_t rows = n - first < BLOCK ? n - first : BLOCK;
      load_back(call, &room, along, task, first, rows);
      backward_block(call, &room, (float *)call->saved + task * n, along, first, rows);
    }
    store_back(call, &room, task);
  }
}

static bool backward(NnCall *call) {
  if (call->dx[0]) nn_parallel(call->threads, tasks(call), 1, backward_part, call);
  return true;
}

/* --- the definition ----------------------------------------------------------------------------------------
 */

static double reference_score(const double *q, const double *k, size_t d, size_t tq, size_t tk) {
  double sum = 0;
  for (size_t i = 0; i < d / 2; i++) {
    double turn = ((double)tq - (double)tk) * pow(10000.0, -2.0 * (double)i / (double)d);
    double a = q[i] * k[i] + q[d / 2 + i] * k[d / 2 + i], b = q[i] * k[d / 2 + i] - q[d / 2 + i] * k[i];
    sum += a * cos(turn) + b * sin(turn);
  }
  return sum / sqrt((double)d);
}

static void reference_row(double *y, const double *x, size_t d, size_t c, size_t t, size_t keys) {
  double total = 0;
  for (size_t i = 0; i < d; i++) y[i] = 0;
  for (size_t s = 0; s < keys; s++) {
    double p = exp(reference_score(x + t * 3 * c, x + s * 3 * c + c, d, t, s));
    for (size_t i = 0; i < d; i++) y[i] += p * x[s * 3 * c + 2 * c + i];
    total += p;
  }
  for (size_t i = 0; i < d; i++) y[i] /= total;
}

static void reference(double *y, const NnCall *call, const double *const *x, const double *const *w) {
  size_t d = width(call), c = (size_t)call->ys.c, heads = c / d;
  for (size_t task = 0; task < tasks(call); task++)
    for (size_t t = 0; t < steps(call); t++)
      reference_row(y + head_at(call, task, t), x[0] + task / heads * steps(call) * 3 * c + task % heads * d,
                    d, c, t, seen_from(call, t));
}

const NnOp nn_op_attention = {.name = "attention",
                              .traits = NN_READS_X | NN_READS_Y,
                              .infer = infer,
                              .saved = saved,
                              .scratch = scratch,
                              .prepare = prepare,
                              .release = release,
                              .forward = forward,
                              .backward = backward,
                              .reference = reference};
