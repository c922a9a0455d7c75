/* Gated recurrent units along t (Cho et al. 2014, in the form of cuDNN), one or both directions.
 *
 *   r = σ(a_r + U_r h + c_r)   z = σ(a_z + U_z h + c_z)   v = tanh(a_v + r · (U_v h + c_v))
 *   h' = (1 − z) · v + z · h        with a = W x + b
 *
 * Every (n, f) is a lane, a sequence of its own. A task is one direction of a block of lanes; tasks are
 * independent and walk along t, each frame being two small products, [L, C] · Wᵀ and [L, H] · Uᵀ, and a loop
 * over gates, all in the nearest caches. Training keeps the gates r, z, v and U_v h + c_v of every frame in
 * the order of the walk; backward walks in reverse and turns the kept gates into the gradients of a, from
 * which a last walk over blocks makes dx. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_gemm.h"
#include "core/nn/nn_math.h"
#include "core/nn/nn_op.h"
#include "core/nn/nn_rows.h"

enum { BLOCK = 96 };

static const char *infer(NnShape *y, const NnNode *node, const NnShape *x) {
  const NnGru *g = &node->set.gru;
  *y = (NnShape){x->n, x->t, x->f, g->hidden * (g->both ? 2 : 1)};
  return g->hidden > 0 ? NULL : "a GRU needs hidden units";
}

/* Sizes of one call: C channels, H hidden, D directions, lanes in `blocks` blocks of at most L. */
typedef struct {
  size_t t, f, c, h, d, lanes, blocks, l;
} Sizes;

static Sizes sizes_of(const NnCall *call) {
  const NnGru *g = &call->node->set.gru;
  Sizes s = {.t = (size_t)call->xs[0].t, .f = (size_t)call->xs[0].f, .c = (size_t)call->xs[0].c};
  s.h = (size_t)g->hidden;
  s.d = g->both ? 2 : 1;
  s.lanes = (size_t)call->xs[0].n * s.f;
  s.blocks = (s.lanes + BLOCK - 1) / BLOCK;
  size_t wanted = (size_t)call->threads / s.d;
  if (s.blocks < wanted && s.lanes >= 16 * wanted) s.blocks = wanted;
  s.l = (s.lanes + s.blocks - 1) / s.blocks;
  return s;
}

/* The lanes of a block. */
typedef struct {
  size_t first, n;
} Lanes;

static Lanes lanes_of(const Sizes *s, size_t block) {
  size_t first = block * s->l;
  return (Lanes){first, first >= s->lanes ? 0 : s->lanes - first < s->l ? s->lanes - first : s->l};
}

/* Kept for backward: for each direction, block and frame, gates [L, 3H] and inner [L, H]. */
static size_t saved(const NnCall *call) {
  Sizes s = sizes_of(call);
  return call->training ? s.d * s.blocks * s.t * s.l * 4 * s.h * sizeof(float) : 0;
}

static float *kept_gates(const NnCall *call, const Sizes *s, size_t d, size_t block, size_t t) {
  return (float *)call->saved + ((d * s->blocks + block) * s->t + t) * s->l * 4 * s->h;
}

/* Scratch: Wᵀ [D, C, 3H], Uᵀ [D, H, 3H]; then for each task its buffers, see Task. */
static size_t transposed_floats(const Sizes *s) {
  return s->d * 3 * s->h * (s->c + s->h);
}

typedef struct {
  float *x;                 /* [L, C] */
  float *h, *dh;            /* [L, H] */
  float *gates, *u;         /* [L, 3H] and [L, H] after it; [L, 3H] */
  float *dw, *db, *du, *dc; /* sums of gradients: [3H, C], [3H], [3H, H], [3H] */
} Task;

static size_t task_floats(const NnCall *call, const Sizes *s) {
  size_t sums = call->training ? 3 * s->h * (s->c + s->h + 2) : 0;
  return (s->l * (s->c + 9 * s->h) + sums + 15) / 16 * 16;
}

static Task task_of(const NnCall *call, const Sizes *s, size_t task) {
  float *at = (float *)call->scratch + (transposed_floats(s) + 15) / 16 * 16 + task * task_floats(call, s);
  Task places = {.x = at, .h = at + s->l * s->c};
  places.dh = places.h + s->l * s->h;
  places.gates = places.dh + s->l * s->h;
  places.u = places.gates + s->l * 4 * s->h;
  places.dw = places.u + s->l * 3 * s->h;
  places.db = places.dw + 3 * s->h * s->c;
  places.du = places.db + 3 * s->h;
  places.dc = places.du + 3 * s->h * s->h;
  return places;
}

static size_t scratch(const NnCall *call) {
  Sizes s = sizes_of(call);
  return ((transposed_floats(&s) + 15) / 16 * 16 + s.d * s.blocks * task_floats(call, &s)) * sizeof(float);
}

static const char *prepare(NnCall *call) {
  nn_gemm_start();
  return NULL;
}

/* --- rows of lanes ---------------------------------------------------------------------------------------
 */

/* The frame at step `t` of the walk of direction d. */
static size_t frame_at(const Sizes *s, size_t d, size_t t) {
  return d ? s->t - 1 - t : t;
}

/* How many lanes from `lane` on lie in consecutive rows, at most `most`. */
static size_t neighbours(const Sizes *s, size_t lane, size_t most) {
  size_t rest = s->f - lane % s->f;
  return rest < most ? rest : most;
}

static size_t row_of(const Sizes *s, size_t lane, size_t frame) {
  return (lane / s->f * s->t + frame) * s->f + lane % s->f;
}

/* to [L, width] = channels [first, first + width) of the lanes' rows of a tensor with `all` channels. */
static void load_lanes(float *to, const void *from, NnType type, const Sizes *s, Lanes lanes, size_t frame,
                       size_t all, size_t first, size_t width) {
  for (size_t i = 0; i < lanes.n;) {
    size_t run = neighbours(s, lanes.first + i, lanes.n - i), row = row_of(s, lanes.first + i, frame);
    if (all == width)
      nn_copy(to + i * width, NN_F32, 0, from, type, row * all, run * all);
    else
      for (size_t k = 0; k < run; k++)
        nn_copy(to, NN_F32, (i + k) * width, from, type, (row + k) * all + first, width);
    i += run;
  }
}

static void store_states(const NnCall *call, const float *h, const Sizes *s, Lanes lanes, size_t frame,
                         size_t d) {
  for (size_t i = 0; i < lanes.n; i++) {
    size_t row = row_of(s, lanes.first + i, frame);
    nn_copy(call->y, call->yt, (row * s->d + d) * s->h, h, NN_F32, i * s->h, s->h);
  }
}

/* --- forward
 * ------------------------------------------------------------------------------------------------ */

static void transpose(float *to, const float *from, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++) to[c * rows + r] = from[r * columns + c];
}

static void transpose_weights(const NnCall *call, const Sizes *s) {
  float *w = call->scratch, *u = w + s->d * 3 * s->h * s->c;
  for (size_t d = 0; d < s->d; d++) {
    transpose(w + d * 3 * s->h * s->c, call->w[0] + d * 3 * s->h * s->c, 3 * s->h, s->c);
    transpose(u + d * 3 * s->h * s->h, call->w[2] + d * 3 * s->h * s->h, 3 * s->h, s->h);
  }
}

/* The gates of one lane; `b` and `c` are the biases of a and of U h. */
NN_FAST static void gate_lane(float *h, float *gates, float *inner, const float *u, const float *b,
                              const float *c, size_t n) {
  NN_EACH
  for (size_t i = 0; i < n; i++) {
    float r = nn_sigmoid(gates[i] + b[i] + u[i] + c[i]);
    float z = nn_sigmoid(gates[n + i] + b[n + i] + u[n + i] + c[n + i]);
    float in = u[2 * n + i] + c[2 * n + i];
    float v = nn_tanh(gates[2 * n + i] + b[2 * n + i] + r * in);
    inner[i] = in;
    gates[i] = r;
    gates[n + i] = z;
    gates[2 * n + i] = v;
    h[i] = v + z * (h[i] - v);
  }
}

static void forward_step(const NnCall *call, const Sizes *s, const Task *task, Lanes lanes, float *gates,
                         size_t d, size_t frame) {
  const float *w = (float *)call->scratch + d * 3 * s->h * s->c;
  const float *u = (float *)call->scratch + s->d * 3 * s->h * s->c + d * 3 * s->h * s->h;
  const float *b = call->w[1] + d * 3 * s->h, *c = call->w[3] + d * 3 * s->h;
  int l = (int)lanes.n, h = (int)s->h;
  load_lanes(task->x, call->x[0], call->xt[0], s, lanes, frame, s->c, 0, s->c);
  nn_gemm(gates, 3 * h, task->x, (int)s->c, false, w, 3 * h, false, l, 3 * h, (int)s->c, 1, 0);
  nn_gemm(task->u, 3 * h, task->h, h, false, u, 3 * h, false, l, 3 * h, h, 1, 0);
  float *inner = gates + s->l * 3 * s->h;
  for (size_t i = 0; i < lanes.n; i++)
    gate_lane(task->h + i * s->h, gates + i * 3 * s->h, inner + i * s->h, task->u + i * 3 * s->h, b, c, s->h);
}

/* Where a carried state enters the walk, the lanes take it over; where it leaves, they hand theirs on. */
static void carry_states(const NnCall *call, const Sizes *s, const Task *task, Lanes lanes, size_t d,
                         size_t t) {
  if (!call->state || d != 0) return;
  float *kept = call->state + lanes.first * s->h;
  size_t bytes = lanes.n * s->h * sizeof(float);
  if (t == (size_t)call->state_begin) memcpy(task->h, kept, bytes);
  if (t == (size_t)call->state_end) memcpy(kept, task->h, bytes);
}

static void forward_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  Sizes s = sizes_of(call);
  for (size_t i = from; i < to; i++) {
    size_t d = i / s.blocks, block = i % s.blocks;
    Task task = task_of(call, &s, i);
    Lanes lanes = lanes_of(&s, block);
    memset(task.h, 0, lanes.n * s.h * sizeof(float));
    for (size_t t = 0; t < s.t; t++) {
      float *gates = call->training ? kept_gates(call, &s, d, block, t) : task.gates;
      carry_states(call, &s, &task, lanes, d, t);
      forward_step(call, &s, &task, lanes, gates, d, frame_at(&s, d, t));
      store_states(call, task.h, &s, lanes, frame_at(&s, d, t), d);
    }
    carry_states(call, &s, &task, lanes, d, s.t);
  }
}

static bool forward(NnCall *call) {
  Sizes s = sizes_of(call);
  transpose_weights(call, &s);
  nn_parallel(call->threads, s.d * s.blocks, 1, forward_part, call);
  return true;
}

/* --- backward
 * ------------------------------------------------------------------------------------------------ */

/* From dh, the gradient of this frame's states: gates become the gradients of a, u those of U h + c, and dh
 * what reaches the frame before directly. */
NN_FAST static void gate_lane_back(float *dh, float *u, float *gates, const float *inner, const float *before,
                                   size_t n) {
  NN_EACH
  for (size_t i = 0; i < n; i++) {
    float r = gates[i], z = gates[n + i], v = gates[2 * n + i], g = dh[i];
    float dv = g * (1.0f - z) * (1.0f - v * v);
    float dz = g * (before[i] - v) * z * (1.0f - z);
    float dr = dv * inner[i] * r * (1.0f - r);
    gates[i] = dr;
    gates[n + i] = dz;
    gates[2 * n + i] = dv;
    u[i] = dr;
    u[n + i] = dz;
    u[2 * n + i] = dv * r;
    dh[i] = g * z;
  }
}

NN_FAST static void add_lanes(float *sum, const float *rows, size_t n, size_t width) {
  for (size_t r = 0; r < n; r++) {
    NN_EACH
    for (size_t i = 0; i < width; i++) sum[i] += rows[r * width + i];
  }
}

static void add_gradient(const NnCall *call, float *dh, const Sizes *s, Lanes lanes, size_t frame, size_t d) {
  for (size_t i = 0; i < lanes.n; i++) {
    size_t row = row_of(s, lanes.first + i, frame);
    nn_give_back(dh, NN_F32, true, i * s->h, call->dy, call->yt, (row * s->d + d) * s->h, s->h);
  }
}

static void backward_step(const NnCall *call, const Sizes *s, const Task *task, Lanes lanes, float *gates,
                          size_t d, size_t t) {
  int l = (int)lanes.n, h = (int)s->h, c = (int)s->c;
  size_t frame = frame_at(s, d, t);
  const float *inner = gates + s->l * 3 * s->h;
  if (t > 0)
    load_lanes(task->h, call->y, call->yt, s, lanes, frame_at(s, d, t - 1), s->d * s->h, d * s->h, s->h);
  else
    memset(task->h, 0, lanes.n * s->h * sizeof(float));
  add_gradient(call, task->dh, s, lanes, frame, d);
  for (size_t i = 0; i < lanes.n; i++)
    gate_lane_back(task->dh + i * s->h, task->u + i * 3 * s->h, gates + i * 3 * s->h, inner + i * s->h,
                   task->h + i * s->h, s->h);
  nn_gemm(task->dh, h, task->u, 3 * h, false, call->w[2] + d * 3 * s->h * s->h, h, false, l, h, 3 * h, 1, 1);
  nn_gemm(task->du, h, task->u, 3 * h, true, task->h, h, false, 3 * h, h, l, 1, 1);
  add_lanes(task->dc, task->u, lanes.n, 3 * s->h);
  load_lanes(task->x, call->x[0], call->xt[0], s, lanes, frame, s->c, 0, s->c);
  nn_gemm(task->dw, c, gates, 3 * h, true, task->x, c, false, 3 * h, c, l, 1, 1);
  add_lanes(task->db, gates, lanes.n, 3 * s->h);
}

static void backward_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  Sizes s = sizes_of(call);
  for (size_t i = from; i < to; i++) {
    size_t d = i / s.blocks, block = i % s.blocks;
    Task task = task_of(call, &s, i);
    memset(task.x, 0, task_floats(call, &s) * sizeof(float));
    for (size_t t = s.t; t-- > 0;)
      backward_step(call, &s, &task, lanes_of(&s, block), kept_gates(call, &s, d, block, t), d, t);
  }
}

/* Joins the sums of the tasks in their order. */
static void join_tasks(NnCall *call, const Sizes *s) {
  for (size_t i = 0; i < s->d * s->blocks; i++) {
    Task task = task_of(call, s, i);
    const float *sums[4] = {task.dw, task.db, task.du, task.dc};
    size_t counts[4] = {3 * s->h * s->c, 3 * s->h, 3 * s->h * s->h, 3 * s->h};
    for (int k = 0; k < 4; k++)
      if (call->dw[k]) nn_give(call->dw[k], NN_F32, true, i / s->blocks * counts[k], counts[k], sums[k]);
  }
}

static void give_lanes(const NnCall *call, const float *dx, const Sizes *s, Lanes lanes, size_t frame) {
  for (size_t i = 0; i < lanes.n;) {
    size_t run = neighbours(s, lanes.first + i, lanes.n - i), row = row_of(s, lanes.first + i, frame);
    nn_give(call->dx[0], call->xt[0], call->add[0], row * s->c, run * s->c, dx + i * s->c);
    i += run;
  }
}

/* dx = Σ over directions of (gradient of a) · W, frame by frame. */
static void inputs_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  Sizes s = sizes_of(call);
  for (size_t i = from * s.t; i < to * s.t; i++) {
    size_t block = i / s.t, frame = i % s.t;
    Lanes lanes = lanes_of(&s, block);
    float *dx = task_of(call, &s, block).x;
    for (size_t d = 0; d < s.d; d++)
      nn_gemm(dx, (int)s.c, kept_gates(call, &s, d, block, frame_at(&s, d, frame)), (int)(3 * s.h), false,
              call->w[0] + d * 3 * s.h * s.c, (int)s.c, false, (int)lanes.n, (int)s.c, (int)(3 * s.h), 1,
              d > 0);
    give_lanes(call, dx, &s, lanes, frame);
  }
}

static bool backward(NnCall *call) {
  Sizes s = sizes_of(call);
  nn_parallel(call->threads, s.d * s.blocks, 1, backward_part, call);
  join_tasks(call, &s);
  if (call->dx[0]) nn_parallel(call->threads, s.blocks, 1, inputs_part, call);
  return true;
}

/* --- the definition
 * ------------------------------------------------------------------------------------------- */

static double reference_gate(const double *w, const double *b, const double *x, size_t n, size_t gate) {
  double sum = b[gate];
  for (size_t i = 0; x && i < n; i++) sum += w[gate * n + i] * x[i];
  return sum;
}

static void reference_step(double *h, const Sizes *s, size_t d, const double *x, const double *before,
                           const double *const *w) {
  const double *a = w[0] + d * 3 * s->h * s->c, *ab = w[1] + d * 3 * s->h;
  const double *u = w[2] + d * 3 * s->h * s->h, *ub = w[3] + d * 3 * s->h;
  for (size_t i = 0; i < s->h; i++) {
    size_t gate_z = s->h + i, gate_v = 2 * s->h + i;
    double r = 1 / (1 + exp(-reference_gate(a, ab, x, s->c, i) - reference_gate(u, ub, before, s->h, i)));
    double z =
        1 / (1 + exp(-reference_gate(a, ab, x, s->c, gate_z) - reference_gate(u, ub, before, s->h, gate_z)));
    double v = tanh(reference_gate(a, ab, x, s->c, gate_v) + r * reference_gate(u, ub, before, s->h, gate_v));
    h[i] = (1 - z) * v + (before ? z * before[i] : 0);
  }
}

static void reference(double *y, const NnCall *call, const double *const *x, const double *const *w) {
  Sizes s = sizes_of(call);
  for (size_t lane = 0; lane < s.lanes; lane++)
    for (size_t d = 0; d < s.d; d++) {
      double *before = NULL;
      for (size_t t = 0; t < s.t; t++) {
        size_t row = row_of(&s, lane, frame_at(&s, d, t));
        double *h = y + (row * s.d + d) * s.h;
        reference_step(h, &s, d, x[0] + row * s.c, before, w);
        before = h;
      }
    }
}

const NnOp nn_op_gru = {.name = "GRU",
                        .traits = NN_READS_X | NN_READS_Y,
                        .infer = infer,
                        .saved = saved,
                        .scratch = scratch,
                        .prepare = prepare,
                        .forward = forward,
                        .backward = backward,
                        .reference = reference};
