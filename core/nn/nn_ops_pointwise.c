/* Operators that treat elements one by one: input, output, activations, sums, products, dropout.
 *
 * Kernels are plain loops over f32 chunks; nn_rows.h cuts the tensors into parts and chunks and widens bf16.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_math.h"
#include "core/nn/nn_op.h"
#include "core/nn/nn_rows.h"

enum { GRAIN = 1 << 14 };

static size_t chunk_at(size_t i, size_t to) {
  return to - i < NN_CHUNK ? to - i : NN_CHUNK;
}

static bool each_element(NnCall *call, NnPartFn part) {
  nn_parallel(call->threads, nn_shape_count(call->ys), GRAIN, part, call);
  return true;
}

static const char *infer_same(NnShape *y, const NnNode *node, const NnShape *x) {
  *y = x[0];
  return NULL;
}

/* --- input: the caller's floats, rounded to the type of the run ----------------------------------- */

static const char *infer_input(NnShape *y, const NnNode *node, const NnShape *x) {
  *y = node->set.input.largest;
  return NULL;
}

static void input_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  for (size_t i = from; i < to; i += NN_CHUNK)
    nn_narrow(call->y, call->yt, i, chunk_at(i, to), (float *)call->saved + i);
}

/* In f32 the caller writes into y itself. */
static bool forward_input(NnCall *call) {
  return call->yt == NN_F32 || each_element(call, input_part);
}

static void reference_input(double *y, const NnCall *call, const double *const *x, const double *const *w) {}

const NnOp nn_op_input = {
    .name = "input", .infer = infer_input, .forward = forward_input, .reference = reference_input};

/* --- output: a copy in f32 --------------------------------------------------------------------------- */

static void output_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  for (size_t i = from; i < to; i += NN_CHUNK) {
    size_t n = chunk_at(i, to);
    float *y = (float *)call->y + i;
    const float *x = nn_widen(call->x[0], call->xt[0], i, n, y);
    if (x != y) memmove(y, x, n * sizeof *y);
  }
}

static bool forward_output(NnCall *call) {
  return call->x[0] == call->y || each_element(call, output_part);
}

static void output_back_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  for (size_t i = from; i < to; i += NN_CHUNK)
    nn_give(call->dx[0], call->xt[0], call->add[0], i, chunk_at(i, to), (float *)call->dy + i);
}

static bool backward_output(NnCall *call) {
  return each_element(call, output_back_part);
}

static void reference_same(double *y, const NnCall *call, const double *const *x, const double *const *w) {
  memcpy(y, x[0], nn_shape_count(call->ys) * sizeof *y);
}

const NnOp nn_op_output = {.name = "output",
                           .traits = NN_IN_PLACE,
                           .infer = infer_same,
                           .forward = forward_output,
                           .backward = backward_output,
                           .reference = reference_same};

/* --- activations --------------------------------------------------------------------------------------- */

static const float gelu_a = 0.7978845608f, gelu_b = 0.044715f;

NN_FAST static void activate(float *y, const float *x, size_t n, NnActivation kind) {
  switch (kind) {
  case NN_RELU:
    NN_EACH
    for (size_t i = 0; i < n; i++) y[i] = x[i] > 0 ? x[i] : 0;
    break;
  case NN_GELU:
    NN_EACH
    for (size_t i = 0; i < n; i++)
      y[i] = 0.5f * x[i] * (1.0f + nn_tanh(gelu_a * (x[i] + gelu_b * x[i] * x[i] * x[i])));
    break;
  case NN_SILU:
    NN_EACH
    for (size_t i = 0; i < n; i++) y[i] = x[i] * nn_sigmoid(x[i]);
    break;
  case NN_SIGMOID:
    NN_EACH
    for (size_t i = 0; i < n; i++) y[i] = nn_sigmoid(x[i]);
    break;
  case NN_TANH:
    NN_EACH
    for (size_t i = 0; i < n; i++) y[i] = nn_tanh(x[i]);
    break;
  }
}

NN_INLINE float gelu_slope(float x) {
  float t = nn_tanh(gelu_a * (x + gelu_b * x * x * x));
  return 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * gelu_a * (1.0f + 3.0f * gelu_b * x * x);
}

NN_INLINE float silu_slope(float x) {
  float s = nn_sigmoid(x);
  return s * (1.0f + x * (1.0f - s));
}

NN_FAST static void slope(float *g, const float *dy, const float *x, size_t n, NnActivation kind) {
  switch (kind) {
  case NN_RELU:
    NN_EACH
    for (size_t i = 0; i < n; i++) g[i] = x[i] > 0 ? dy[i] : 0;
    break;
  case NN_GELU:
    NN_EACH
    for (size_t i = 0; i < n; i++) g[i] = dy[i] * gelu_slope(x[i]);
    break;
  case NN_SILU:
    NN_EACH
    for (size_t i = 0; i < n; i++) g[i] = dy[i] * silu_slope(x[i]);
    break;
  case NN_SIGMOID:
    NN_EACH
    for (size_t i = 0; i < n; i++) g[i] = dy[i] * nn_sigmoid(x[i]) * (1.0f - nn_sigmoid(x[i]));
    break;
  case NN_TANH:
    NN_EACH
    for (size_t i = 0; i < n; i++) g[i] = dy[i] * (1.0f - nn_tanh(x[i]) * nn_tanh(x[i]));
    break;
  }
}

static void activation_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  float room_x[NN_CHUNK], room_y[NN_CHUNK];
  for (size_t i = from; i < to; i += NN_CHUNK) {
    size_t n = chunk_at(i, to);
    float *y = nn_target_floats(call->y, call->yt, i, room_y);
    activate(y, nn_widen(call->x[0], call->xt[0], i, n, room_x), n, call->node->set.activation);
    nn_narrow(call->y, call->yt, i, n, y);
  }
}

static bool forward_activation(NnCall *call) {
  return each_element(call, activation_part);
}

static void activation_back_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  float room_x[NN_CHUNK], room_dy[NN_CHUNK], g[NN_CHUNK];
  for (size_t i = from; i < to; i += NN_CHUNK) {
    size_t n = chunk_at(i, to);
    slope(g, nn_widen(call->dy, call->yt, i, n, room_dy), nn_widen(call->x[0], call->xt[0], i, n, room_x), n,
          call->node->set.activation);
    nn_give(call->dx[0], call->xt[0], call->add[0], i, n, g);
  }
}

static bool backward_activation(NnCall *call) {
  return each_element(call, activation_back_part);
}

static double reference_activate(double x, NnActivation kind) {
  switch (kind) {
  case NN_RELU:
    return x > 0 ? x : 0;
  case NN_GELU:
    return 0.5 * x * (1 + tanh((double)gelu_a * (x + (double)gelu_b * x * x * x)));
  case NN_SILU:
    return x / (1 + exp(-x));
  case NN_SIGMOID:
    return 1 / (1 + exp(-x));
  default:
    return tanh(x);
  }
}

static void reference_activation(double *y, const NnCall *call, const double *const *x,
                                 const double *const *w) {
  for (size_t i = 0; i < nn_shape_count(call->ys); i++)
    y[i] = reference_activate(x[0][i], call->node->set.activation);
}

const NnOp nn_op_activation = {.name = "activation",
                               .traits = NN_READS_X | NN_IN_PLACE | NN_IN_PLACE_BACK,
                               .infer = infer_same,
                               .forward = forward_activation,
                               .backward = backward_activation,
                               .reference = reference_activation};

/* --- add: y = relu?(a + b) ------------------------------------------------------------------------------ */

static const char *infer_add(NnShape *y, const NnNode *node, const NnShape *x) {
  *y = x[0];
  return nn_shape_equal(x[0], x[1]) ? NULL : "it adds tensors of different shapes";
}

static unsigned add_traits(const NnNode *node) {
  return node->set.relu ? NN_READS_Y : 0u;
}

NN_FAST static void add_pair(float *y, const float *a, const float *b, size_t n, bool relu) {
  if (relu) {
    NN_EACH
    for (size_t i = 0; i < n; i++) y[i] = a[i] + b[i] > 0 ? a[i] + b[i] : 0;
  } else {
    NN_EACH
    for (size_t i = 0; i < n; i++) y[i] = a[i] + b[i];
  }
}

static void add_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  float room_a[NN_CHUNK], room_b[NN_CHUNK], room_y[NN_CHUNK];
  for (size_t i = from; i < to; i += NN_CHUNK) {
    size_t n = chunk_at(i, to);
    float *y = nn_target_floats(call->y, call->yt, i, room_y);
    add_pair(y, nn_widen(call->x[0], call->xt[0], i, n, room_a),
             nn_widen(call->x[1], call->xt[1], i, n, room_b), n, call->node->set.relu);
    nn_narrow(call->y, call->yt, i, n, y);
  }
}

static bool forward_add(NnCall *call) {
  return each_element(call, add_part);
}

NN_FAST static void mask_sum(float *g, const float *dy, const float *y, size_t n) {
  NN_EACH
  for (size_t i = 0; i < n; i++) g[i] = y[i] > 0 ? dy[i] : 0;
}

static void add_back_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  float room_dy[NN_CHUNK], room_y[NN_CHUNK], masked[NN_CHUNK];
  for (size_t i = from; i < to; i += NN_CHUNK) {
    size_t n = chunk_at(i, to);
    const float *g = nn_widen(call->dy, call->yt, i, n, room_dy);
    if (call->node->set.relu) {
      mask_sum(masked, g, nn_widen(call->y, call->yt, i, n, room_y), n);
      g = masked;
    }
    for (int k = 0; k < 2; k++)
      if (call->dx[k]) nn_give(call->dx[k], call->xt[k], call->add[k], i, n, g);
  }
}

static bool backward_add(NnCall *call) {
  return each_element(call, add_back_part);
}

static void reference_add(double *y, const NnCall *call, const double *const *x, const double *const *w) {
  for (size_t i = 0; i < nn_shape_count(call->ys); i++) {
    double sum = x[0][i] + x[1][i];
    y[i] = call->node->set.relu && sum < 0 ? 0 : sum;
  }
}

const NnOp nn_op_add = {.name = "add",
                        .traits = NN_IN_PLACE | NN_IN_PLACE_BACK,
                        .more_traits = add_traits,
                        .infer = infer_add,
                        .forward = forward_add,
                        .backward = backward_add,
                        .reference = reference_add};

/* --- multiply: y = a · b, b possibly one number for each row ------------------------------------------- */

static const char *infer_multiply(NnShape *y, const NnNode *node, const NnShape *x) {
  *y = x[0];
  NnShape broadcast = {x[0].n, x[0].t, x[0].f, 1};
  return nn_shape_equal(x[0], x[1]) || nn_shape_equal(broadcast, x[1])
             ? NULL
             : "it multiplies by a tensor of another shape";
}

/* Row by row: b has either the row's channels or one number. */
static void multiply_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t c = (size_t)call->ys.c, cb = (size_t)call->xs[1].c;
  float room_a[NN_CHUNK], room_b[NN_CHUNK], room_y[NN_CHUNK];
  for (size_t row = from; row < to; row++)
    for (size_t i = 0; i < c; i += NN_CHUNK) {
      size_t n = chunk_at(i, c), at = row * c + i;
      const float *a = nn_widen(call->x[0], call->xt[0], at, n, room_a);
      const float *b = nn_widen(call->x[1], call->xt[1], cb == 1 ? row : at, cb == 1 ? 1 : n, room_b);
      float *y = nn_target_floats(call->y, call->yt, at, room_y);
      for (size_t j = 0; j < n; j++) y[j] = a[j] * b[cb == 1 ? 0 : j];
      nn_narrow(call->y, call->yt, at, n, y);
    }
}

static bool each_row(NnCall *call, NnPartFn part) {
  nn_parallel(call->threads, nn_shape_rows(call->ys), 256, part, call);
  return true;
}

static bool forward_multiply(NnCall *call) {
  return each_row(call, multiply_part);
}

static void multiply_back_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t c = (size_t)call->ys.c, cb = (size_t)call->xs[1].c;
  float room_x[NN_CHUNK], room_dy[NN_CHUNK], g[NN_CHUNK];
  for (size_t row = from; row < to; row++) {
    float sum = 0, factor = cb == 1 ? *nn_widen(call->x[1], call->xt[1], row, 1, room_x) : 0.0f;
    for (size_t i = 0; i < c; i += NN_CHUNK) {
      size_t n = chunk_at(i, c), at = row * c + i;
      const float *dy = nn_widen(call->dy, call->yt, at, n, room_dy);
      const float *b = cb == 1 ? &factor : nn_widen(call->x[1], call->xt[1], at, n, room_x);
      for (size_t j = 0; j < n; j++) g[j] = dy[j] * b[cb == 1 ? 0 : j];
      if (call->dx[0]) nn_give(call->dx[0], call->xt[0], call->add[0], at, n, g);
      if (!call->dx[1]) continue;
      const float *a = nn_widen(call->x[0], call->xt[0], at, n, room_x);
      if (cb == 1) sum += nn_dot(dy, a, n);
      for (size_t j = 0; cb != 1 && j < n; j++) g[j] = dy[j] * a[j];
      if (cb != 1) nn_give(call->dx[1], call->xt[1], call->add[1], at, n, g);
    }
    if (call->dx[1] && cb == 1) nn_give(call->dx[1], call->xt[1], call->add[1], row, 1, &sum);
  }
}

static bool backward_multiply(NnCall *call) {
  return each_row(call, multiply_back_part);
}

static void reference_multiply(double *y, const NnCall *call, const double *const *x,
                               const double *const *w) {
  size_t c = (size_t)call->ys.c;
  for (size_t i = 0; i < nn_shape_count(call->ys); i++) y[i] = x[0][i] * x[1][call->xs[1].c == 1 ? i / c : i];
}

const NnOp nn_op_multiply = {.name = "multiply",
                             .traits = NN_READS_X,
                             .infer = infer_multiply,
                             .forward = forward_multiply,
                             .backward = backward_multiply,
                             .reference = reference_multiply};

/* --- dropout: y = x / (1 − p) or 0, by a hash of seed and position ----------------------------------- */

static const char *infer_dropout(NnShape *y, const NnNode *node, const NnShape *x) {
  *y = x[0];
  return node->set.dropout >= 0 && node->set.dropout < 1 ? NULL : "dropout needs a probability in [0, 1)";
}

NN_INLINE uint32_t mix(uint32_t x) {
  x = (x ^ x >> 16) * 0x7feb352du;
  x = (x ^ x >> 15) * 0x846ca68bu;
  return x ^ x >> 16;
}

NN_FAST static void drop(float *y, const float *x, size_t n, size_t at, uint64_t seed, float p) {
  uint32_t low = (uint32_t)seed, high = (uint32_t)(seed >> 32), limit = (uint32_t)((double)p * 4294967296.0);
  float gain = 1.0f / (1.0f - p);
  NN_EACH
  for (size_t i = 0; i < n; i++)
    y[i] = mix(mix((uint32_t)(at + i) ^ low) ^ high) < limit ? 0.0f : x[i] * gain;
}

static void dropout_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  float room_x[NN_CHUNK], room_y[NN_CHUNK];
  for (size_t i = from; i < to; i += NN_CHUNK) {
    size_t n = chunk_at(i, to);
    float *y = nn_target_floats(call->y, call->yt, i, room_y);
    drop(y, nn_widen(call->x[0], call->xt[0], i, n, room_x), n, i, call->seed,
         call->training ? call->node->set.dropout : 0.0f);
    nn_narrow(call->y, call->yt, i, n, y);
  }
}

static bool forward_dropout(NnCall *call) {
  return each_element(call, dropout_part);
}

static void dropout_back_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  float room_dy[NN_CHUNK], g[NN_CHUNK];
  for (size_t i = from; i < to; i += NN_CHUNK) {
    size_t n = chunk_at(i, to);
    drop(g, nn_widen(call->dy, call->yt, i, n, room_dy), n, i, call->seed, call->node->set.dropout);
    nn_give(call->dx[0], call->xt[0], call->add[0], i, n, g);
  }
}

static bool backward_dropout(NnCall *call) {
  return each_element(call, dropout_back_part);
}

static void reference_dropout(double *y, const NnCall *call, const double *const *x, const double *const *w) {
  for (size_t i = 0; i < nn_shape_count(call->ys); i++) {
    float one = 1, kept;
    drop(&kept, &one, 1, i, call->seed, call->training ? call->node->set.dropout : 0.0f);
    y[i] = x[0][i] * (double)kept;
  }
}

const NnOp nn_op_dropout = {.name = "dropout",
                            .traits = NN_IN_PLACE | NN_IN_PLACE_BACK,
                            .infer = infer_dropout,
                            .forward = forward_dropout,
                            .backward = backward_dropout,
                            .reference = reference_dropout};
