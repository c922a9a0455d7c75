/* AdamW (Kingma & Ba 2015; Loshchilov & Hutter 2019) over the flat block of a net's parameters.
 *
 *   m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  w ← w − rate · (m̂ / (√v̂ + ε) + decay · w)
 * with m̂, v̂ corrected for their beginning at zero and g scaled so that its global norm is at most `clip`.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_optim.h"

#include "core/nn/nn_rows.h"

#include "core/nn/nn_math.h"

#include <math.h>
#include <stdlib.h>

enum { GRAIN = 1 << 14 };

struct NnOptim {
  const NnNet *net;
  NnOptimParams params;
  size_t size;
  long steps;
  float *first, *second, *average; /* average: null without */
};

static NnOptimParams with_defaults(NnOptimParams p) {
  if (p.rate == 0) p.rate = 1e-3f;
  if (p.beta1 == 0) p.beta1 = 0.9f;
  if (p.beta2 == 0) p.beta2 = 0.98f;
  if (p.epsilon == 0) p.epsilon = 1e-8f;
  p.decay = p.decay == 0 ? 0.01f : p.decay < 0 ? 0 : p.decay;
  if (p.clip == 0) p.clip = 1.0f;
  p.floor = p.floor == 0 ? 0.01f : p.floor < 0 ? 0 : p.floor;
  return p;
}

BaseStatus nn_optim_new(BaseContext *ctx, NnOptim **optim, const NnNet *net, NnOptimParams params) {
  NnOptim *made = calloc(1, sizeof *made);
  if (!made) return base_fail_memory(ctx);
  *made = (NnOptim){.net = net, .params = with_defaults(params), .size = nn_net_size(net)};
  made->first = calloc(made->size + 1, sizeof(float));
  made->second = calloc(made->size + 1, sizeof(float));
  bool averages = made->params.average > 0;
  if (averages) made->average = calloc(made->size + 1, sizeof(float));
  if (!made->first || !made->second || (averages && !made->average)) {
    nn_optim_free(made);
    return base_fail_memory(ctx);
  }
  if (averages) memcpy(made->average, nn_net_values_const(net), made->size * sizeof(float));
  *optim = made;
  return BASE_OK;
}

void nn_optim_free(NnOptim *optim) {
  if (!optim) return;
  free(optim->first);
  free(optim->second);
  free(optim->average);
  free(optim);
}

long nn_optim_steps(const NnOptim *optim) {
  return optim->steps;
}

double nn_optim_rate(const NnOptim *optim) {
  const NnOptimParams *p = &optim->params;
  double peak = (double)p->rate;
  if (optim->steps < p->warm_up) return peak * (double)(optim->steps + 1) / (double)p->warm_up;
  if (p->steps <= p->warm_up) return peak;
  double done = (double)(optim->steps - p->warm_up) / (double)(p->steps - p->warm_up);
  double low = (double)p->floor;
  return peak * (low + (1 - low) * 0.5 * (1 + cos(M_PI * fmin(1.0, done))));
}

static bool is_trained(const NnParameter *parameter) {
  return !parameter->frozen && !parameter->statistic;
}

NN_FAST static double squares(const float *x, size_t n) {
  double lanes[8] = {0}, sum = 0;
  size_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (size_t l = 0; l < 8; l++) lanes[l] += (double)x[i + l] * (double)x[i + l];
  for (; i < n; i++) sum += (double)x[i] * (double)x[i];
  for (size_t l = 0; l < 8; l++) sum += lanes[l];
  return sum;
}

static double global_norm(const NnNet *net, const float *gradients) {
  double sum = 0;
  for (int i = 0; i < nn_net_parameter_count(net); i++) {
    const NnParameter *parameter = nn_net_parameter(net, i);
    if (is_trained(parameter)) sum += squares(gradients + parameter->offset, parameter->count);
  }
  return sqrt(sum);
}

/* One parameter's update; the numbers of this step are the same for all. */
typedef struct {
  float *value, *first, *second, *average;
  const float *gradient;
  float scale, rate, shrink, beta1, beta2, correct1, correct2, epsilon, keep;
} Update;

NN_FAST static void update(const Update *u, size_t from, size_t to) {
  NN_EACH
  for (size_t i = from; i < to; i++) {
    float g = u->gradient[i] * u->scale;
    float m = u->first[i] = u->beta1 * u->first[i] + (1 - u->beta1) * g;
    float v = u->second[i] = u->beta2 * u->second[i] + (1 - u->beta2) * g * g;
    float move = m * u->correct1 / (sqrtf(v * u->correct2) + u->epsilon);
    u->value[i] -= u->rate * move + u->shrink * u->value[i];
  }
}

NN_FAST static void follow(const Update *u, size_t from, size_t to) {
  NN_EACH
  for (size_t i = from; i < to; i++) u->average[i] += (1 - u->keep) * (u->value[i] - u->average[i]);
}

static void update_part(void *user, size_t from, size_t to) {
  update(user, from, to);
  if (((Update *)user)->average) follow(user, from, to);
}

static Update update_of(const NnOptim *optim, float scale) {
  const NnOptimParams *p = &optim->params;
  double t = (double)optim->steps + 1;
  return (Update){.scale = scale,
                  .rate = (float)nn_optim_rate(optim),
                  .beta1 = p->beta1,
                  .beta2 = p->beta2,
                  .correct1 = (float)(1 / (1 - pow((double)p->beta1, t))),
                  .correct2 = (float)(1 / (1 - pow((double)p->beta2, t))),
                  .epsilon = p->epsilon,
                  .keep = (float)fmin((double)p->average, t / (t + 9))};
}

static void update_parameter(NnOptim *optim, NnNet *net, int index, Update u, const float *gradients,
                             int threads) {
  const NnParameter *parameter = nn_net_parameter(net, index);
  size_t at = parameter->offset;
  u.value = nn_net_values(net) + at;
  u.average = optim->average ? optim->average + at : NULL;
  if (!is_trained(parameter)) {
    if (u.average) memcpy(u.average, u.value, parameter->count * sizeof(float));
    return;
  }
  u.first = optim->first + at;
  u.second = optim->second + at;
  u.gradient = gradients + at;
  u.shrink = parameter->decay ? u.rate * optim->params.decay : 0;
  nn_parallel(threads, parameter->count, GRAIN, update_part, &u);
}

BaseStatus nn_optim_step(BaseContext *ctx, double *norm, NnOptim *optim, NnNet *net, const float *gradients,
                         float scale) {
  double length = global_norm(net, gradients) * (double)scale, most = (double)optim->params.clip;
  if (norm) *norm = length;
  if (!isfinite(length))
    return base_fail(ctx, BASE_NUMERIC, "the gradient of step %ld is not finite", optim->steps);
  if (most > 0 && length > most) scale *= (float)(most / length);
  Update u = update_of(optim, scale);
  for (int i = 0; i < nn_net_parameter_count(net); i++)
    update_parameter(optim, net, i, u, gradients, base_threads(ctx));
  optim->steps++;
  nn_net_changed(net);
  return BASE_OK;
}

void nn_optim_swap(NnOptim *optim, NnNet *net) {
  float *values = nn_net_values(net);
  for (size_t i = 0; optim->average && i < optim->size; i++) {
    float value = values[i];
    values[i] = optim->average[i];
    optim->average[i] = value;
  }
  nn_net_changed(net);
}

BaseStatus nn_optim_save(BaseContext *ctx, BasePackWriter *writer, const NnOptim *optim) {
  uint64_t size = optim->size;
  int32_t steps = (int32_t)optim->steps;
  BaseStatus status = base_pack_add_floats(ctx, writer, "optim.first", BASE_F32, 1, &size, optim->first);
  if (status == BASE_OK)
    status = base_pack_add_floats(ctx, writer, "optim.second", BASE_F32, 1, &size, optim->second);
  if (status == BASE_OK && optim->average)
    status = base_pack_add_floats(ctx, writer, "optim.average", BASE_F32, 1, &size, optim->average);
  float count[2] = {(float)(steps & 0xffff), (float)(steps >> 16)}; /* whole numbers, exact in f32 */
  if (status == BASE_OK)
    status = base_pack_add_floats(ctx, writer, "optim.steps", BASE_F32, 1, (uint64_t[]){2}, count);
  return status;
}

BaseStatus nn_optim_load(BaseContext *ctx, NnOptim *optim, const BasePack *pack) {
  uint64_t size = optim->size;
  float count[2];
  BaseStatus status = base_pack_floats(ctx, count, pack, "optim.steps", 1, (uint64_t[]){2});
  if (status == BASE_OK) status = base_pack_floats(ctx, optim->first, pack, "optim.first", 1, &size);
  if (status == BASE_OK) status = base_pack_floats(ctx, optim->second, pack, "optim.second", 1, &size);
  if (status == BASE_OK && optim->average)
    status = base_pack_floats(ctx, optim->average, pack, "optim.average", 1, &size);
  if (status == BASE_OK) optim->steps = (long)count[0] + (long)count[1] * 65536;
  return status;
}
