/* Gated recurrent units along t (Cho et al. 2014, in the form of cuDNN), one or both directions.
 *
 *   r = σ(a_r + U_r h + c_r)   z = σ(a_z + U_z h + c_z)   v = tanh(a_v + r · (U_v h + c_v))
 *   h' = (1 − z) · v + z · h        with a = W x + b
 *
 * The products W x of all frames are one large product before the recurrence. Then every (n, direction) is a
 * task of its own: frame by frame, the F sequences of example n advance together, as one small product
 * [F, H] · [H, 3H] and a loop over gates. Kept for backward: the gates r, z, v of all frames and U_v h + c_v.
 * Backward runs the tasks in reverse, turns the kept gates into gradients of the pre-activations and leaves
 * the gradients of W, b and x to the large product. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_gemm.h"
#include "core/nn/nn_math.h"
#include "core/nn/nn_op.h"
#include "core/nn/nn_rows.h"

static const char *infer(NnShape *y, const NnNode *node, const NnShape *x) {
  const NnGru *g = &node->set.gru;
  *y = (NnShape){x->n, x->t, x->f, g->hidden * (g->both ? 2 : 1)};
  return g->hidden > 0 ? NULL : "a GRU needs hidden units";
}

/* Sizes and addresses of one call. H hidden, D directions, F sequences of an example, rows = N·T·F. */
typedef struct {
  size_t n, t, f, h, d, rows;
  float *gates;  /* [rows, D, 3H], kept */
  float *inner;  /* [rows, D, H]: U_v h + c_v, kept */
  float *states; /* [rows, D, H]: y in f32; in f32 runs y itself */
} Frame;

static size_t round_up(size_t bytes) {
  return (bytes + 63) / 64 * 64;
}

static Frame frame_of(const NnCall *call) {
  const NnGru *g = &call->node->set.gru;
  Frame s = {(size_t)call->xs[0].n, (size_t)call->xs[0].t, (size_t)call->xs[0].f, (size_t)g->hidden,
             g->both ? 2 : 1};
  s.rows = s.n * s.t * s.f;
  char *at = call->saved;
  s.gates = (float *)at;
  at += round_up(s.rows * s.d * 3 * s.h * sizeof(float));
  s.inner = (float *)at;
  at += round_up(s.rows * s.d * s.h * sizeof(float));
  s.states = call->yt == NN_F32 ? call->y : (float *)at;
  return s;
}

static size_t saved(const NnCall *call) {
  Frame s = frame_of(call);
  size_t states = call->yt == NN_F32 ? 0 : round_up(s.rows * s.d * s.h * sizeof(float));
  return round_up(s.rows * s.d * 3 * s.h * sizeof(float)) + round_up(s.rows * s.d * s.h * sizeof(float)) +
         states;
}

/* --- the large product ------------------------------------------------------------------------------- */

static const char *prepare(NnCall *call) {
  Frame s = frame_of(call);
  NnShape gates = call->xs[0];
  gates.c = (int)(s.d * 3 * s.h);
  NnProductSpec spec = {.x = call->xs[0],
                        .y = gates,
                        .kernel_t = 1,
                        .kernel_f = 1,
                        .stride_t = 1,
                        .stride_f = 1,
                        .dilation_t = 1,
                        .dilation_f = 1,
                        .type_x = call->xt[0],
                        .type_y = call->xt[0],
                        .bias = true,
                        .training = call->training,
                        .no_dx = !call->dx[0]};
  const char *why = NULL;
  call->kernel = nn_product_new(call->dnnl, &spec, &why);
  nn_gemm_start();
  return why;
}

static void release(NnCall *call) {
  nn_product_free(call->kernel);
  call->kernel = NULL;
}

/* Scratch: [product][gates in the type of x][dx to add][per task: step buffers and sums of gradients]. */
typedef struct {
  char *product;
  void *gates;
  void *dx;
  float *tasks;
  size_t task, bytes;
} Scratch;

static Scratch scratch_of(const NnCall *call) {
  Frame s = frame_of(call);
  size_t product = round_up(nn_product_scratch(call->kernel));
  size_t gates = call->xt[0] == NN_F32 ? 0 : round_up(s.rows * s.d * 3 * s.h * 2);
  size_t dx = call->add[0] ? round_up(nn_shape_count(call->xs[0]) * nn_type_size(call->xt[0])) : 0;
  char *at = call->scratch;
  Scratch places = {.product = at, .gates = at + product, .dx = at + product + gates};
  places.tasks = (float *)(at + product + gates + dx);
  places.task =
      round_up((s.f * s.h * 5 + (call->training ? s.h * 3 * (s.h + 1) : 0)) * sizeof(float)) / sizeof(float);
  places.bytes = product + gates + dx + s.n * s.d * places.task * sizeof(float);
  return places;
}

static size_t scratch(const NnCall *call) {
  return scratch_of(call).bytes;
}

static void widen_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  nn_copy(frame_of(call).gates, NN_F32, from, scratch_of(call).gates, NN_BF16, from, to - from);
}

static void narrow_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  nn_copy(scratch_of(call).gates, NN_BF16, from, frame_of(call).gates, NN_F32, from, to - from);
}

static void states_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  nn_copy(call->y, call->yt, from, frame_of(call).states, NN_F32, from, to - from);
}

static bool multiply_inputs(NnCall *call) {
  Frame s = frame_of(call);
  Scratch places = scratch_of(call);
  bool direct = call->xt[0] == NN_F32;
  if (call->new_weights) nn_product_pack(call->kernel, call->w[0]);
  if (!nn_product_forward(call->kernel, direct ? s.gates : places.gates, call->x[0], call->w[1],
                          places.product))
    return false;
  if (!direct) nn_parallel(call->threads, s.rows * s.d * 3 * s.h, 1 << 14, widen_part, call);
  return true;
}

/* --- one task forward ---------------------------------------------------------------------------------- */

NN_FAST static void step(float *h, float *gates, float *inner, const float *uh, const float *before,
                         const float *c, size_t n) {
  for (size_t i = 0; i < n; i++) {
    float r = nn_sigmoid(gates[i] + uh[i] + c[i]);
    float z = nn_sigmoid(gates[n + i] + uh[n + i] + c[n + i]);
    float u = uh[2 * n + i] + c[2 * n + i];
    float v = nn_tanh(gates[2 * n + i] + r * u);
    inner[i] = u;
    gates[i] = r;
    gates[n + i] = z;
    gates[2 * n + i] = v;
    h[i] = v + z * (before[i] - v);
  }
}

/* The row of frame t of example n; frames run backward in the second direction. */
static size_t row_of(const Frame *s, size_t n, size_t t, size_t direction) {
  return (n * s->t + (direction ? s->t - 1 - t : t)) * s->f;
}

/* States before frame `t` of the walk: the previous frame's, the caller's or zeros; with their row stride. */
static const float *before_frame(const NnCall *call, const Frame *s, size_t n, size_t t, size_t d,
                                 const float *zeros, size_t *stride) {
  *stride = s->h;
  if (t == 0) return call->state_in && d == 0 ? (const float *)call->state_in + n * s->f * s->h : zeros;
  *stride = s->d * s->h;
  return s->states + (row_of(s, n, t - 1, d) * s->d + d) * s->h;
}

static void forward_frame(NnCall *call, const Frame *s, size_t n, size_t t, size_t d, float *uh,
                          const float *zeros) {
  size_t row = row_of(s, n, t, d), stride;
  const float *before = before_frame(call, s, n, t, d, zeros, &stride);
  const float *state_weight = call->w[2] + d * 3 * s->h * s->h, *state_bias = call->w[3] + d * 3 * s->h;
  nn_gemm(uh, (int)(3 * s->h), before, (int)stride, false, state_weight, (int)s->h, true, (int)s->f,
          (int)(3 * s->h), (int)s->h, 1, 0);
  for (size_t f = 0; f < s->f; f++) {
    size_t at = (row + f) * s->d + d;
    step(s->states + at * s->h, s->gates + at * 3 * s->h, s->inner + at * s->h, uh + f * 3 * s->h,
         before + f * stride, state_bias, s->h);
  }
}

static void keep_state(NnCall *call, const Frame *s, size_t n) {
  if (!call->state_out) return;
  size_t row = (n * s->t + (size_t)call->state_frame - 1) * s->f;
  for (size_t f = 0; f < s->f; f++)
    memcpy((float *)call->state_out + (n * s->f + f) * s->h, s->states + (row + f) * s->d * s->h,
           s->h * sizeof(float));
}

static void forward_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  Frame s = frame_of(call);
  Scratch places = scratch_of(call);
  for (size_t task = from; task < to; task++) {
    float *uh = places.tasks + task * places.task, *zeros = uh + s.f * 3 * s.h;
    memset(zeros, 0, s.f * s.h * sizeof *zeros);
    for (size_t t = 0; t < s.t; t++) forward_frame(call, &s, task / s.d, t, task % s.d, uh, zeros);
    if (task % s.d == 0) keep_state(call, &s, task / s.d);
  }
}

static bool forward(NnCall *call) {
  Frame s = frame_of(call);
  if (!multiply_inputs(call)) return false;
  nn_parallel(call->threads, s.n * s.d, 1, forward_part, call);
  if (call->yt != NN_F32) nn_parallel(call->threads, s.rows * s.d * s.h, 1 << 14, states_part, call);
  return true;
}

/* --- one task backward ---------------------------------------------------------------------------------- */

/* From dh, the gradient of this frame's states: gates become gradients of a, `du` those of U h + c, and dh
 * what reaches the frame before directly. */
NN_FAST static void step_back(float *dh, float *du, float *gates, const float *inner, const float *before,
                              size_t n) {
  for (size_t i = 0; i < n; i++) {
    float r = gates[i], z = gates[n + i], v = gates[2 * n + i], g = dh[i];
    float dv = g * (1.0f - z) * (1.0f - v * v);
    float dz = g * (before[i] - v) * z * (1.0f - z);
    float dr = dv * inner[i] * r * (1.0f - r);
    gates[i] = du[i] = dr;
    gates[n + i] = du[n + i] = dz;
    gates[2 * n + i] = dv;
    du[2 * n + i] = dv * r;
    dh[i] = g * z;
  }
}

NN_FAST static void add_rows(float *sum, const float *rows, size_t n, size_t width) {
  for (size_t r = 0; r < n; r++)
    for (size_t i = 0; i < width; i++) sum[i] += rows[r * width + i];
}

typedef struct {
  float *du, *dh;         /* [F, 3H], [F, H] */
  float *dweight, *dbias; /* [3H, H], [3H]: sums of the task */
} Task;

static void backward_frame(NnCall *call, const Frame *s, size_t n, size_t t, size_t d, const Task *task,
                           const float *zeros) {
  size_t row = row_of(s, n, t, d), stride;
  const float *before = before_frame(call, s, n, t, d, zeros, &stride);
  for (size_t f = 0; f < s->f; f++) {
    size_t at = (row + f) * s->d + d;
    nn_give_back(task->dh, NN_F32, true, f * s->h, call->dy, call->yt, at * s->h, s->h);
    step_back(task->dh + f * s->h, task->du + f * 3 * s->h, s->gates + at * 3 * s->h, s->inner + at * s->h,
              before + f * stride, s->h);
  }
  int h = (int)s->h, f = (int)s->f;
  nn_gemm(task->dh, h, task->du, 3 * h, false, call->w[2] + d * 3 * s->h * s->h, h, false, f, h, 3 * h, 1, 1);
  nn_gemm(task->dweight, h, task->du, 3 * h, true, before, (int)stride, false, 3 * h, h, f, 1, 1);
  add_rows(task->dbias, task->du, s->f, 3 * s->h);
}

static void backward_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  Frame s = frame_of(call);
  Scratch places = scratch_of(call);
  for (size_t i = from; i < to; i++) {
    float *room = places.tasks + i * places.task;
    memset(room, 0, places.task * sizeof *room);
    const float *zeros = room + s.f * 4 * s.h;
    float *sums = room + s.f * 5 * s.h;
    Task task = {room, room + s.f * 3 * s.h, sums, sums + 3 * s.h * s.h};
    for (size_t t = s.t; t-- > 0;) backward_frame(call, &s, i / s.d, t, i % s.d, &task, zeros);
  }
}

/* Joins the sums of the tasks of each direction in the order of n. */
static void join_tasks(NnCall *call, const Frame *s, const Scratch *places) {
  for (size_t i = 0; i < s->n * s->d; i++) {
    const float *sums = places->tasks + i * places->task + s->f * 5 * s->h;
    size_t d = i % s->d, weights = 3 * s->h * s->h;
    if (call->dw[2]) nn_give(call->dw[2], NN_F32, true, d * weights, weights, sums);
    if (call->dw[3]) nn_give(call->dw[3], NN_F32, true, d * 3 * s->h, 3 * s->h, sums + weights);
  }
}

static void give_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  nn_give_back(call->dx[0], call->xt[0], true, from, scratch_of(call).dx, call->xt[0], from, to - from);
}

static bool backward(NnCall *call) {
  Frame s = frame_of(call);
  Scratch places = scratch_of(call);
  nn_parallel(call->threads, s.n * s.d, 1, backward_part, call);
  join_tasks(call, &s, &places);
  bool direct = call->xt[0] == NN_F32;
  if (!direct) nn_parallel(call->threads, s.rows * s.d * 3 * s.h, 1 << 14, narrow_part, call);
  void *dx = call->add[0] ? places.dx : call->dx[0];
  if (!nn_product_backward(call->kernel, dx, call->dw[0], call->dw[1], call->x[0],
                           direct ? s.gates : places.gates, places.product))
    return false;
  if (call->add[0]) nn_parallel(call->threads, nn_shape_count(call->xs[0]), 1 << 14, give_part, call);
  return true;
}

/* --- the definition ----------------------------------------------------------------------------------------
 */

static double reference_gate(const double *w, const double *b, const double *x, size_t n, size_t gate) {
  double sum = b[gate];
  for (size_t i = 0; x && i < n; i++) sum += w[gate * n + i] * x[i];
  return sum;
}

static void reference_step(double *h, const Frame *s, size_t d, const double *x, size_t c,
                           const double *before, const double *const *w) {
  const double *a = w[0] + d * 3 * s->h * c, *ab = w[1] + d * 3 * s->h;
  const double *u = w[2] + d * 3 * s->h * s->h, *ub = w[3] + d * 3 * s->h;
  for (size_t i = 0; i < s->h; i++) {
    double r = 1 / (1 + exp(-reference_gate(a, ab, x, c, i) - reference_gate(u, ub, before, s->h, i)));
    double z =
        1 / (1 + exp(-reference_gate(a, ab, x, c, s->h + i) - reference_gate(u, ub, before, s->h, s->h + i)));
    double v = tanh(reference_gate(a, ab, x, c, 2 * s->h + i) +
                    r * reference_gate(u, ub, before, s->h, 2 * s->h + i));
    h[i] = (1 - z) * v + (before ? z * before[i] : 0);
  }
}

static void reference(double *y, const NnCall *call, const double *const *x, const double *const *w) {
  Frame s = frame_of(call);
  size_t c = (size_t)call->xs[0].c;
  for (size_t n = 0; n < s.n; n++)
    for (size_t d = 0; d < s.d; d++)
      for (size_t t = 0; t < s.t; t++)
        for (size_t f = 0; f < s.f; f++) {
          size_t row = row_of(&s, n, t, d) + f;
          const double *before = t ? y + ((row_of(&s, n, t - 1, d) + f) * s.d + d) * s.h : NULL;
          reference_step(y + (row * s.d + d) * s.h, &s, d, x[0] + row * c, c, before, w);
        }
}

const NnOp nn_op_gru = {.name = "GRU",
                        .traits = NN_READS_X | NN_READS_Y,
                        .infer = infer,
                        .saved = saved,
                        .scratch = scratch,
                        .prepare = prepare,
                        .release = release,
                        .forward = forward,
                        .backward = backward,
                        .reference = reference};
