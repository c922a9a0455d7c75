/* Losses: scale · Σ w·l / max(Σ w, 1e-6), a scalar in f32 for each.
 *
 * Forward walks the rows, writes the gradient of each Σ w·l by its input into the space kept for backward,
 * and sums w·l and w in double, part by part; backward only scales that gradient. Losses are thus computed
 * once. Inputs: x0 logits or values, x1 target (none for the masked mean), the last one weights, if there are
 * any. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_math.h"
#include "core/nn/nn_op.h"
#include "core/nn/nn_rows.h"

enum { MAX_CHANNELS = 4096, GRAIN = 64 };

typedef struct {
  double loss, weight;
} Sum;

static bool has_target(const NnNode *node) {
  return node->op != NN_OP_masked_mean;
}

static bool has_weight(const NnNode *node) {
  return node->n_x > (has_target(node) ? 2 : 1);
}

static const char *infer(NnShape *y, const NnNode *node, const NnShape *x) {
  *y = (NnShape){1, 1, 1, 1};
  NnShape one = x[0];
  one.c = 1;
  bool classes = node->op == NN_OP_cross_entropy;
  if (x->c > MAX_CHANNELS) return "a loss takes at most 4096 channels";
  if (has_target(node) && !nn_shape_equal(x[1], classes ? one : x[0])) return "its target has another shape";
  if (!has_weight(node)) return NULL;
  NnShape w = x[node->n_x - 1];
  bool fits = nn_shape_equal(w, one) || (!classes && nn_shape_equal(w, x[0]));
  return fits ? NULL : "its weights have another shape";
}

static size_t saved(const NnCall *call) {
  return call->training ? nn_shape_count(call->xs[0]) * nn_type_size(call->xt[0]) + 64 : 64;
}

static size_t scratch(const NnCall *call) {
  return (size_t)call->threads * sizeof(Sum);
}

/* The sum of weights, kept first; then the gradient. */
static void *gradient_of(const NnCall *call) {
  return (char *)call->saved + 64;
}

/* --- what each loss is: returns Σ w·l of a row, leaves w·∂l/∂x in g --------------------------------------
 */

typedef double (*RowFn)(float *g, const float *x, const float *target, const float *w, size_t n,
                        const NnLoss *set);

NN_FAST static void softmax(float *p, const float *x, size_t n, float *log_sum) {
  float top = x[0], sum;
  for (size_t i = 1; i < n; i++) top = x[i] > top ? x[i] : top;
  for (size_t i = 0; i < n; i++) p[i] = nn_exp(x[i] - top);
  sum = nn_sum(p, n);
  for (size_t i = 0; i < n; i++) p[i] /= sum;
  *log_sum = top + logf(sum);
}

/* l = −log Σ p·channel[target], p in g; the gradient takes from p what the target makes of it. */
static double channel_row(float *g, const float *channel, float weight, size_t n) {
  float seen = 1e-20f;
  for (size_t i = 0; i < n; i++) seen += g[i] * channel[i];
  for (size_t i = 0; i < n; i++) g[i] = weight * (g[i] - g[i] * channel[i] / seen);
  return -(double)weight * log((double)seen);
}

/* l = −Σ q log p with q = (1 − s)·[target] + s / C; the row counts with w · class_weight[target]. */
static double cross_entropy_row(float *g, const float *x, const float *target, const float *w, size_t n,
                                const NnLoss *set) {
  float log_sum, weight = *w, off = set->smoothing / (float)n, on = 1.0f - set->smoothing;
  size_t k = (size_t)*target;
  softmax(g, x, n, &log_sum);
  if (set->channel) return channel_row(g, set->channel + k * n, weight, n);
  double loss = (double)on * (double)(log_sum - x[k]);
  if (off > 0) loss += (double)off * ((double)n * (double)log_sum - (double)nn_sum(x, n));
  for (size_t i = 0; i < n; i++) g[i] = weight * (g[i] - off);
  g[k] -= weight * on;
  return (double)weight * loss;
}

/* l = positive·q·softplus(−x) + (1 − q)·softplus(x), q = smoothed target. */
NN_FAST static double bce_row(float *g, const float *x, const float *target, const float *w, size_t n,
                              const NnLoss *set) {
  float losses[MAX_CHANNELS], keep = 1 - set->smoothing, lift = 0.5f * set->smoothing,
                              positive = set->positive;
  NN_EACH
  for (size_t i = 0; i < n; i++) {
    float q = target[i] * keep + lift, s = nn_sigmoid(x[i]);
    float up = nn_soft_plus(x[i]), down = up - x[i];
    losses[i] = w[i] * (positive * q * down + (1 - q) * up);
    g[i] = w[i] * ((1 - q) * s - positive * q * (1 - s));
  }
  return (double)nn_sum(losses, n);
}

/* l = −positive·q·(1 − p)^γ·log p − (1 − q)·p^γ·log(1 − p), p = σ(x); powers by e^(−γ·softplus(±x)). */
NN_FAST static double focal_row(float *g, const float *x, const float *target, const float *w, size_t n,
                                const NnLoss *set) {
  float losses[MAX_CHANNELS], y = set->gamma, positive = set->positive;
  NN_EACH
  for (size_t i = 0; i < n; i++) {
    float p = nn_sigmoid(x[i]), r = 1 - p, q = target[i];
    float up = nn_soft_plus(x[i]), down = up - x[i]; /* −log(1 − p), −log p */
    float near_one = nn_exp(-y * up), near_zero = nn_exp(-y * down);
    losses[i] = w[i] * (positive * q * near_one * down + (1 - q) * near_zero * up);
    float rise = near_one * (-y * p * down - r), fall = near_zero * (y * r * up + p);
    g[i] = w[i] * (positive * q * rise + (1 - q) * fall);
  }
  return (double)nn_sum(losses, n);
}

/* |e| for δ = 0; else ½e²/δ within δ and |e| − δ/2 beyond. */
static double huber_row(float *g, const float *x, const float *target, const float *w, size_t n,
                        const NnLoss *set) {
  double loss = 0;
  for (size_t i = 0; i < n; i++) {
    float e = x[i] - target[i], size = fabsf(e);
    bool inside = size < set->delta;
    loss += (double)(w[i] * (inside ? 0.5f * e * e / set->delta : size - 0.5f * set->delta));
    g[i] = w[i] * (inside ? e / set->delta : e > 0 ? 1.0f : e < 0 ? -1.0f : 0.0f);
  }
  return loss;
}

static double mean_row(float *g, const float *x, const float *target, const float *w, size_t n,
                       const NnLoss *set) {
  memcpy(g, w, n * sizeof *g);
  return (double)nn_dot(w, x, n);
}

static RowFn row_of(NnOpId op) {
  switch (op) {
  case NN_OP_cross_entropy:
    return cross_entropy_row;
  case NN_OP_bce:
    return bce_row;
  case NN_OP_focal:
    return focal_row;
  case NN_OP_huber:
    return huber_row;
  default:
    return mean_row;
  }
}

/* --- the walk
 * ------------------------------------------------------------------------------------------------ */

/* The weights of a row, one for each element; for classes one in all, with the class's own. Their sum. */
static double weigh(const NnCall *call, float *w, size_t at, size_t row, size_t n, const float *target) {
  const NnNode *node = call->node;
  int i = node->n_x - 1;
  bool have = has_weight(node);
  if (have && call->xs[i].c == call->xs[0].c && node->op != NN_OP_cross_entropy) {
    nn_copy(w, NN_F32, 0, call->x[i], call->xt[i], at, n);
    return (double)nn_sum(w, n);
  }
  float each = 1.0f, room;
  if (have) each = *nn_widen(call->x[i], call->xt[i], row, 1, &room);
  if (node->op == NN_OP_cross_entropy) {
    bool valid = *target >= 0 && *target < (float)n;
    float of_class =
        valid && node->set.loss.class_weight ? node->set.loss.class_weight[(size_t)*target] : 1.0f;
    return (double)(w[0] = valid ? each * of_class : 0.0f);
  }
  for (size_t k = 0; k < n; k++) w[k] = each;
  return (double)each * (double)n;
}

/* Losses of single elements may be cut anywhere when weights lie like elements: the tensor is then taken as
 * rows of any length. */
static size_t row_length(const NnCall *call) {
  const NnNode *node = call->node;
  size_t c = (size_t)call->xs[0].c;
  bool flat =
      node->op != NN_OP_cross_entropy && (!has_weight(node) || (size_t)call->xs[node->n_x - 1].c == c);
  return flat ? NN_CHUNK : c;
}

static size_t row_count(const NnCall *call) {
  return (nn_shape_count(call->xs[0]) + row_length(call) - 1) / row_length(call);
}

/* One row: its loss, weight and gradient. */
static Sum loss_row(NnCall *call, size_t at, size_t row, size_t n) {
  float room_x[MAX_CHANNELS], room_target[MAX_CHANNELS], w[MAX_CHANNELS], g[MAX_CHANNELS], zero = 0;
  bool classes = call->node->op == NN_OP_cross_entropy;
  const float *x = nn_widen(call->x[0], call->xt[0], at, n, room_x), *target = NULL;
  if (has_target(call->node))
    target = nn_widen(call->x[1], call->xt[1], classes ? row : at, classes ? 1 : n, room_target);
  Sum sum = {.weight = weigh(call, w, at, row, n, target)};
  if (classes && sum.weight == 0) target = &zero; /* an id outside counts nothing */
  sum.loss = row_of(call->node->op)(g, x, target, w, n, &call->node->set.loss);
  if (call->training) nn_give(gradient_of(call), call->xt[0], false, at, n, g);
  return sum;
}

static void loss_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t all = nn_shape_count(call->xs[0]), length = row_length(call);
  size_t share = nn_parallel_share(call->threads, row_count(call), GRAIN, from);
  Sum sum = {0};
  for (size_t row = from; row < to; row++) {
    size_t at = row * length;
    Sum one = loss_row(call, at, row, all - at < length ? all - at : length);
    sum.loss += one.loss;
    sum.weight += one.weight;
  }
  ((Sum *)call->scratch)[share] = sum;
}

static bool forward(NnCall *call) {
  size_t rows = row_count(call);
  nn_parallel(call->threads, rows, GRAIN, loss_part, call);
  Sum total = {0}, *parts = call->scratch;
  for (size_t i = 0; i < nn_parallel_parts(call->threads, rows, GRAIN); i++) {
    total.loss += parts[i].loss;
    total.weight += parts[i].weight;
  }
  if (total.weight < 1e-6) total.weight = 1e-6;
  *(float *)call->y = (float)((double)call->node->set.loss.scale * total.loss / total.weight);
  *(float *)call->saved = (float)((double)call->node->set.loss.scale / total.weight);
  return true;
}

static void back_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  float gain = *(float *)call->saved * *(float *)call->dy, room[NN_CHUNK], g[NN_CHUNK];
  for (size_t i = from; i < to; i += NN_CHUNK) {
    size_t n = to - i < NN_CHUNK ? to - i : NN_CHUNK;
    const float *kept = nn_widen(gradient_of(call), call->xt[0], i, n, room);
    for (size_t k = 0; k < n; k++) g[k] = gain * kept[k];
    nn_give(call->dx[0], call->xt[0], call->add[0], i, n, g);
  }
}

static bool backward(NnCall *call) {
  if (call->dx[0]) nn_parallel(call->threads, nn_shape_count(call->xs[0]), 1 << 14, back_part, call);
  return true;
}

/* --- the definition
 * --------------------------------------------------------------------------------------------- */

static double reference_cross_entropy(const double *x, size_t k, size_t n, const NnLoss *set) {
  double sum = 0, loss = 0, s = (double)set->smoothing;
  for (size_t i = 0; i < n; i++) sum += exp(x[i]);
  for (size_t i = 0; set->channel && i < n; i++) loss += exp(x[i]) / sum * (double)set->channel[k * n + i];
  if (set->channel) return -log(loss + 1e-20);
  for (size_t i = 0; i < n; i++) loss -= ((i == k ? 1 - s : 0) + s / (double)n) * (x[i] - log(sum));
  return loss;
}

static double reference_element(double x, double q, NnOpId op, const NnLoss *set) {
  double p = 1 / (1 + exp(-x)), delta = (double)set->delta, e = fabs(x - q), s = (double)set->smoothing;
  double plus = (double)set->positive, y = (double)set->gamma;
  switch (op) {
  case NN_OP_bce:
    q = q * (1 - s) + s / 2;
    return -plus * q * log(p) - (1 - q) * log(1 - p);
  case NN_OP_focal:
    return -plus * q * pow(1 - p, y) * log(p) - (1 - q) * pow(p, y) * log(1 - p);
  case NN_OP_huber:
    return e < delta ? e * e / (2 * delta) : e - delta / 2;
  default:
    return x;
  }
}

static void reference(double *y, const NnCall *call, const double *const *x, const double *const *w) {
  const NnNode *node = call->node;
  const NnLoss *set = &node->set.loss;
  size_t n = (size_t)call->xs[0].c, of_w = has_weight(node) ? (size_t)call->xs[node->n_x - 1].c : 0;
  double loss = 0, weight = 0;
  for (size_t row = 0; row < nn_shape_rows(call->xs[0]); row++)
    for (size_t i = 0; i < n; i++) {
      double v = of_w ? x[node->n_x - 1][of_w == 1 ? row : row * n + i] : 1;
      bool classes = node->op == NN_OP_cross_entropy;
      if (classes && (i > 0 || x[1][row] < 0 || x[1][row] >= (double)n)) continue;
      size_t k = classes ? (size_t)x[1][row] : 0;
      if (classes && set->class_weight) v *= (double)set->class_weight[k];
      double target = has_target(node) && !classes ? x[1][row * n + i] : 0;
      loss += v * (classes ? reference_cross_entropy(x[0] + row * n, k, n, set)
                           : reference_element(x[0][row * n + i], target, node->op, set));
      weight += v;
    }
  *y = (double)set->scale * loss / fmax(weight, 1e-6);
}

#define LOSS(id, title)                                                                                      \
  const NnOp nn_op_##id = {.name = title,                                                                    \
                           .traits = NN_LOSS,                                                                \
                           .infer = infer,                                                                   \
                           .saved = saved,                                                                   \
                           .scratch = scratch,                                                               \
                           .forward = forward,                                                               \
                           .backward = backward,                                                             \
                           .reference = reference}

LOSS(cross_entropy, "cross-entropy");
LOSS(bce, "binary cross-entropy");
LOSS(focal, "focal loss");
LOSS(huber, "Huber loss");
LOSS(masked_mean, "masked mean");
