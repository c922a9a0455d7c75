/* Batch norm: statistics over n, t, f for each channel.
 *
 * Training, over the M rows of the batch: μ = Σx / M, σ² = Σ(x − μ)² / M, x̂ = (x − μ) / √(σ² + ε),
 * y = relu?(scale · x̂ + shift). Sums run in f32 over 64 rows at a time, about a pivot (the first row), and
 * in double beyond. Backward needs x only: the mask of the fused ReLU is found again from x̂.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_math.h"
#include "core/nn/nn_op.h"
#include "core/nn/nn_rows.h"

enum { SUM_ROWS = 64, GRAIN = 512, MAX_CHANNELS = 1024 };

static const char *infer(NnShape *y, const NnNode *node, const NnShape *x) {
  *y = *x;
  return x->c <= MAX_CHANNELS ? NULL : "a batch norm takes at most 1024 channels";
}

/* Statistics of the batch in training, the running ones otherwise and where these are frozen. */
static bool uses_batch(const NnCall *call) {
  return call->training && call->statistic[2];
}

static size_t channels(const NnCall *call) {
  return (size_t)call->ys.c;
}

/* Few channels make short loops. Rows are therefore taken `side_by_side` at a time, and what is known of each
 * channel is repeated to that width. */
static size_t side_by_side(const NnCall *call) {
  return channels(call) < 64 ? 64 / channels(call) : 1;
}

static size_t width(const NnCall *call) {
  return channels(call) * side_by_side(call);
}

static void repeat(float *values, size_t c, size_t width) {
  for (size_t i = c; i < width; i++) values[i] = values[i - c];
}

/* Kept for backward: gain and offset such that scale · x̂ + shift = gain · x + offset; mean and 1 / σ. */
typedef struct {
  float *gain, *offset, *mean, *inverse;
} Saved;

static Saved saved_of(const NnCall *call) {
  float *s = call->saved;
  return (Saved){s, s + width(call), s + 2 * width(call), s + 3 * width(call)};
}

static size_t saved(const NnCall *call) {
  return 4 * width(call) * sizeof(float);
}

static size_t scratch(const NnCall *call) {
  return (size_t)call->threads * 2 * channels(call) * sizeof(double) + 3 * width(call) * sizeof(float);
}

static size_t parts_of(const NnCall *call) {
  return nn_parallel_parts(call->threads, nn_shape_rows(call->ys), GRAIN);
}

static double *sums_of(const NnCall *call, size_t from) {
  size_t share = nn_parallel_share(call->threads, nn_shape_rows(call->ys), GRAIN, from);
  return (double *)call->scratch + share * 2 * channels(call);
}

static float *coefficients(const NnCall *call) {
  return (float *)((double *)call->scratch + (size_t)call->threads * 2 * channels(call));
}

static bool each_row(NnCall *call, NnPartFn part) {
  nn_parallel(call->threads, nn_shape_rows(call->ys), GRAIN, part, call);
  return true;
}

/* Rows that fit a chunk. */
static size_t rows_at_once(const NnCall *call, size_t limit) {
  size_t rows = 4 * NN_CHUNK / channels(call);
  return rows < 1 ? 1 : rows > limit ? limit : rows;
}

static void join(double *to, const double *sums, size_t parts, size_t n) {
  memcpy(to, sums, n * sizeof *to);
  for (size_t part = 1; part < parts; part++)
    for (size_t i = 0; i < n; i++) to[i] += sums[part * n + i];
}

NN_FAST static void sum_rows(float *sum, float *squares, const float *x, const float *pivot, size_t rows,
                             size_t c) {
  for (size_t r = 0; r < rows; r++) {
    NN_EACH
    for (size_t i = 0; i < c; i++) {
      float d = x[r * c + i] - pivot[i];
      sum[i] += d;
      squares[i] += d * d;
    }
  }
}

/* Two arrays of sums, one number for each place of the width, into two for each channel. */
static void add_sums(double *total, const float *sums, size_t c, size_t w) {
  for (size_t i = 0; i < w; i++) {
    total[i % c] += (double)sums[i];
    total[c + i % c] += (double)sums[w + i];
  }
}

static void statistics_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t c = channels(call), side = side_by_side(call), w = width(call), step = rows_at_once(call, SUM_ROWS);
  float room[4 * NN_CHUNK], sums[2 * MAX_CHANNELS];
  double *total = sums_of(call, from);
  memset(total, 0, 2 * c * sizeof *total);
  for (size_t row = from; row < to; row += step) {
    size_t rows = to - row < step ? to - row : step;
    memset(sums, 0, 2 * w * sizeof *sums);
    const float *x = nn_widen(call->x[0], call->xt[0], row * c, rows * c, room), *pivot = coefficients(call);
    sum_rows(sums, sums + w, x, pivot, rows / side, w);
    sum_rows(sums, sums + w, x + rows / side * w, pivot, rows % side, c);
    add_sums(total, sums, c, w);
  }
}

static void update_running(NnCall *call, size_t i, double mean, double variance) {
  double m = (double)call->node->set.norm.momentum, rows = (double)nn_shape_rows(call->ys);
  float *running_mean = &call->statistic[2][i], *running = &call->statistic[3][i];
  double unbiased = rows > 1 ? variance * rows / (rows - 1) : variance;
  *running_mean = (float)((1 - m) * (double)*running_mean + m * mean);
  *running = (float)((1 - m) * (double)*running + m * unbiased);
}

static void take_batch_statistics(NnCall *call) {
  size_t c = channels(call);
  float *pivot = coefficients(call);
  nn_copy(pivot, NN_F32, 0, call->x[0], call->xt[0], 0, c);
  repeat(pivot, c, width(call));
  each_row(call, statistics_part);
  double *sums = call->scratch, rows = (double)nn_shape_rows(call->ys);
  join(sums, sums, parts_of(call), 2 * c);
  Saved s = saved_of(call);
  for (size_t i = 0; i < c; i++) {
    double shifted = sums[i] / rows, mean = shifted + (double)pivot[i];
    double variance = fmax(0.0, sums[c + i] / rows - shifted * shifted);
    s.mean[i] = (float)mean;
    s.inverse[i] = (float)(1.0 / sqrt(variance + (double)call->node->set.norm.epsilon));
    update_running(call, i, mean, variance);
  }
}

static void take_running_statistics(NnCall *call) {
  Saved s = saved_of(call);
  for (size_t i = 0; i < channels(call); i++) {
    s.mean[i] = call->w[2][i];
    s.inverse[i] = 1.0f / sqrtf(call->w[3][i] + call->node->set.norm.epsilon);
  }
}

NN_FAST static void normalise(float *y, const float *x, const float *gain, const float *offset, size_t rows,
                              size_t c, bool relu) {
  for (size_t r = 0; r < rows; r++) {
    NN_EACH
    for (size_t i = 0; i < c; i++) {
      float value = x[r * c + i] * gain[i] + offset[i];
      y[r * c + i] = relu && value < 0 ? 0.0f : value;
    }
  }
}

static void map_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t c = channels(call), side = side_by_side(call), w = width(call), step = rows_at_once(call, SIZE_MAX);
  float room_x[4 * NN_CHUNK], room_y[4 * NN_CHUNK];
  Saved s = saved_of(call);
  bool relu = call->node->set.norm.relu;
  for (size_t row = from; row < to; row += step) {
    size_t rows = to - row < step ? to - row : step;
    float *y = nn_target_floats(call->y, call->yt, row * c, room_y);
    const float *x = nn_widen(call->x[0], call->xt[0], row * c, rows * c, room_x);
    size_t done = rows / side * w;
    normalise(y, x, s.gain, s.offset, rows / side, w, relu);
    normalise(y + done, x + done, s.gain, s.offset, rows % side, c, relu);
    nn_narrow(call->y, call->yt, row * c, rows * c, y);
  }
}

static bool forward(NnCall *call) {
  (uses_batch(call) ? take_batch_statistics : take_running_statistics)(call);
  Saved s = saved_of(call);
  for (size_t i = 0; i < channels(call); i++) {
    s.gain[i] = call->w[0][i] * s.inverse[i];
    s.offset[i] = call->w[1][i] - s.mean[i] * s.gain[i];
  }
  float *const arrays[] = {s.gain, s.offset, s.mean, s.inverse};
  for (int k = 0; k < 4; k++) repeat(arrays[k], channels(call), width(call));
  return each_row(call, map_part);
}

/* Σ g and Σ g·(x − μ) for each channel, g being dy behind the mask. */
NN_FAST static void sum_back(float *sum, float *products, const float *dy, const float *x, Saved s,
                             size_t rows, size_t c, bool relu) {
  for (size_t r = 0; r < rows; r++) {
    NN_EACH
    for (size_t i = 0; i < c; i++) {
      float v = x[r * c + i], g = dy[r * c + i];
      g = relu && v * s.gain[i] + s.offset[i] <= 0 ? 0.0f : g;
      sum[i] += g;
      products[i] += g * (v - s.mean[i]);
    }
  }
}

static void sum_back_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t c = channels(call), side = side_by_side(call), w = width(call), step = rows_at_once(call, SUM_ROWS);
  float room_x[4 * NN_CHUNK], room_dy[4 * NN_CHUNK], sums[2 * MAX_CHANNELS];
  Saved s = saved_of(call);
  bool relu = call->node->set.norm.relu;
  double *total = sums_of(call, from);
  memset(total, 0, 2 * c * sizeof *total);
  for (size_t row = from; row < to; row += step) {
    size_t rows = to - row < step ? to - row : step;
    memset(sums, 0, 2 * w * sizeof *sums);
    const float *dy = nn_widen(call->dy, call->yt, row * c, rows * c, room_dy);
    const float *x = nn_widen(call->x[0], call->xt[0], row * c, rows * c, room_x);
    size_t done = rows / side * w;
    sum_back(sums, sums + w, dy, x, s, rows / side, w, relu);
    sum_back(sums, sums + w, dy + done, x + done, s, rows % side, c, relu);
    add_sums(total, sums, c, w);
  }
}

/* dx = a·g + b·x + d with the coefficients of backward(). */
NN_FAST static void normalise_back(float *dx, const float *dy, const float *x, Saved s, const float *a,
                                   const float *b, const float *d, size_t rows, size_t c, bool relu) {
  for (size_t r = 0; r < rows; r++) {
    NN_EACH
    for (size_t i = 0; i < c; i++) {
      float v = x[r * c + i], g = dy[r * c + i];
      g = relu && v * s.gain[i] + s.offset[i] <= 0 ? 0.0f : g;
      dx[r * c + i] = a[i] * g + b[i] * v + d[i];
    }
  }
}

static void map_back_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t c = channels(call), side = side_by_side(call), w = width(call), step = rows_at_once(call, SIZE_MAX);
  float room_x[4 * NN_CHUNK], room_dy[4 * NN_CHUNK], dx[4 * NN_CHUNK];
  const float *a = coefficients(call), *b = a + w, *d = b + w;
  Saved s = saved_of(call);
  bool relu = call->node->set.norm.relu;
  for (size_t row = from; row < to; row += step) {
    size_t rows = to - row < step ? to - row : step;
    const float *dy = nn_widen(call->dy, call->yt, row * c, rows * c, room_dy);
    const float *x = nn_widen(call->x[0], call->xt[0], row * c, rows * c, room_x);
    size_t done = rows / side * w;
    normalise_back(dx, dy, x, s, a, b, d, rows / side, w, relu);
    normalise_back(dx + done, dy + done, x + done, s, a, b, d, rows % side, c, relu);
    nn_give(call->dx[0], call->xt[0], call->add[0], row * c, rows * c, dx);
  }
}

/* With S = Σ g, P = Σ g·x̂ over the M rows: dscale = P, dshift = S,
 * dx = scale/σ · (g − S/M − x̂·P/M), without the last two where the statistics are not the batch's. */
static bool backward(NnCall *call) {
  each_row(call, sum_back_part);
  size_t c = channels(call);
  double *sums = call->scratch, rows = (double)nn_shape_rows(call->ys);
  join(sums, sums, parts_of(call), 2 * c);
  Saved s = saved_of(call);
  float *a = coefficients(call), *b = a + width(call), *d = b + width(call);
  for (size_t i = 0; i < c; i++) {
    double product = sums[c + i] * (double)s.inverse[i], gain = (double)s.gain[i];
    if (call->dw[0]) call->dw[0][i] += (float)product;
    if (call->dw[1]) call->dw[1][i] += (float)sums[i];
    double slope = gain * product / rows * (double)s.inverse[i];
    a[i] = (float)gain;
    bool batch = uses_batch(call);
    b[i] = batch ? (float)-slope : 0;
    d[i] = batch ? (float)(slope * (double)s.mean[i] - gain * sums[i] / rows) : 0;
  }
  for (int k = 0; k < 3; k++) repeat(a + (size_t)k * width(call), c, width(call));
  return !call->dx[0] || each_row(call, map_back_part);
}

static void reference_moments(double *mean, double *variance, const double *x, size_t rows, size_t c) {
  *mean = *variance = 0;
  for (size_t r = 0; r < rows; r++) *mean += x[r * c] / (double)rows;
  for (size_t r = 0; r < rows; r++) *variance += (x[r * c] - *mean) * (x[r * c] - *mean) / (double)rows;
}

static void reference(double *y, const NnCall *call, const double *const *x, const double *const *w) {
  size_t c = channels(call), rows = nn_shape_rows(call->ys);
  for (size_t i = 0; i < c; i++) {
    double mean = w[2][i], variance = w[3][i];
    if (uses_batch(call)) reference_moments(&mean, &variance, x[0] + i, rows, c);
    for (size_t r = 0; r < rows; r++) {
      double hat = (x[0][r * c + i] - mean) / sqrt(variance + (double)call->node->set.norm.epsilon);
      double value = w[0][i] * hat + w[1][i];
      y[r * c + i] = call->node->set.norm.relu && value < 0 ? 0 : value;
    }
  }
}

const NnOp nn_op_batch_norm = {.name = "batch norm",
                               .traits = NN_READS_X | NN_IN_PLACE | NN_IN_PLACE_BACK,
                               .infer = infer,
                               .saved = saved,
                               .scratch = scratch,
                               .forward = forward,
                               .backward = backward,
                               .reference = reference};
