/* Networks as wholes: plans, threads, number types, folding, streams, caches, adapters, weights files.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_rng.h"
#include "core/nn/nn_adapter.h"
#include "core/nn/nn_check.h"
#include "core/nn/nn_layers.h"
#include "core/nn/nn_optim.h"
#include "core/nn/nn_plan.h"
#include "core/nn/nn_stream.h"
#include "core/nn/nn_weights.h"
#include "tests/check.h"

#include <pthread.h>

static void good(BaseStatus status, const BaseContext *ctx) {
  CHECK_SAYING(status == BASE_OK, "%s", ctx->sentence);
}

static void fill(float *x, size_t n, uint64_t seed) {
  BaseRng rng = base_rng(seed, 0);
  for (size_t i = 0; i < n; i++) x[i] = (float)base_rng_normal(&rng);
}

/* --- plans ------------------------------------------------------------------------------------------------
 */

static void buffers_alive_together_never_overlap(void) {
  BaseRng rng = base_rng(5, 5);
  for (int round = 0; round < 200; round++) {
    NnSpan spans[30];
    int order[30], n = 1 + (int)base_rng_below(&rng, 30);
    size_t sum = 0;
    for (int i = 0; i < n; i++) {
      int first = (int)base_rng_below(&rng, 20);
      spans[i] = (NnSpan){first, first + (int)base_rng_below(&rng, 8), base_rng_below(&rng, 4) * 100, 0};
      sum += (spans[i].bytes + 63) / 64 * 64;
    }
    size_t total = nn_plan(spans, n, order);
    CHECK(total <= sum);
    for (int i = 0; i < n; i++)
      for (int j = 0; j < i; j++) {
        bool apart = spans[i].last < spans[j].first || spans[j].last < spans[i].first;
        bool beside = spans[i].offset + spans[i].bytes <= spans[j].offset ||
                      spans[j].offset + spans[j].bytes <= spans[i].offset;
        CHECK(apart || beside || spans[i].bytes == 0 || spans[j].bytes == 0);
        CHECK(spans[i].bytes == 0 || spans[i].offset + spans[i].bytes <= total);
      }
  }
}

/* --- a net of many layers
 * -------------------------------------------------------------------------------------- */

typedef struct {
  NnNet *net;
  NnVar x, target, y, loss;
} Hearing;

/* Convolutions, norms, residuals, a gather, a GRU: a small picture of the hearing net. */
static Hearing build_hearing(int n, int t, bool both) {
  Hearing h = {.net = nn_net_new(11)};
  int index[4 * 2] = {0, 3, 1, 5, 2, 7, 4, 9};
  h.x = nn_input(h.net, "x", (NnShape){n, t, 9, 2});
  NnVar x =
      nn_conv(h.net, "front", h.x, (NnConv){.channels = 8, .kernel_t = 3, .kernel_f = 3, .no_bias = true});
  x = nn_gather(h.net, nn_batch_norm(h.net, "norm0", x, (NnNorm){.relu = true}), 4, 2, index);
  NnVar y =
      nn_conv(h.net, "block", x, (NnConv){.channels = 16, .kernel_t = 3, .kernel_f = 3, .dilation_t = 2});
  x = nn_add(h.net, x, nn_batch_norm(h.net, "norm1", y, (NnNorm){.relu = true}), true);
  x = nn_affine(h.net, "keys", x, true);
  x = nn_gru(h.net, "gru", x, 6, both);
  x = nn_linear(h.net, "head", x, (NnConv){.channels = 1});
  h.y = nn_output(h.net, "y", x);
  h.target = nn_target(h.net, "target", (NnShape){n, t, 4, 1});
  h.loss = nn_bce(h.net, x, h.target, NN_NONE, (NnLoss){.name = "loss"});
  BaseContext ctx = {0};
  good(nn_net_finish(&ctx, h.net), &ctx);
  return h;
}

static void fill_hearing(NnRun *run, const Hearing *h, int n, int t) {
  NnShape x = {n, t, 9, 2}, target = {n, t, 4, 1};
  fill(nn_run_input(run, h->x, x), nn_shape_count(x), 1);
  float *to = nn_run_input(run, h->target, target);
  for (size_t i = 0; to && i < nn_shape_count(target); i++) to[i] = i % 7 == 0;
}

static void the_whole_net_has_the_right_gradient(void) {
  Hearing h = build_hearing(2, 7, true);
  BaseContext ctx = {.threads = 1};
  NnRun *run = NULL;
  NnCheck found = {0};
  good(nn_run_new(&ctx, &run, h.net, (NnRunParams){.training = true, .inputs_too = true}), &ctx);
  fill_hearing(run, &h, 2, 5); /* shorter than planned */
  good(nn_check(&ctx, &found, run), &ctx);
  CHECK_NEAR(found.loss, found.reference_loss, 1e-5);
  CHECK_SAYING(found.gradient_error < 1e-3, "%s: %g", found.worst, found.gradient_error);
  nn_run_free(run);
  nn_net_free(h.net);
}

/* Trains some steps; returns the last loss. */
static double train(Hearing *h, NnRunParams params, int steps, double *curve) {
  BaseContext ctx = {0};
  NnRun *run = NULL;
  NnOptim *optim = NULL;
  params.training = true;
  good(nn_run_new(&ctx, &run, h->net, params), &ctx);
  good(nn_optim_new(&ctx, &optim, h->net, (NnOptimParams){.rate = 5e-3f, .warm_up = 5}), &ctx);
  fill_hearing(run, h, 4, 40);
  double loss = 0;
  for (int s = 0; s < steps; s++) {
    nn_run_clear_gradients(run);
    good(nn_run_forward(&ctx, run), &ctx);
    good(nn_run_backward(&ctx, run), &ctx);
    good(nn_optim_step(&ctx, NULL, optim, h->net, nn_run_gradients(run), 1), &ctx);
    loss = nn_run_loss(run);
    if (curve) curve[s] = loss;
  }
  nn_run_free(run);
  nn_optim_free(optim);
  return loss;
}

static void threads_change_nothing_but_rounding(void) {
  double loss[2];
  float *values[2];
  Hearing nets[2];
  for (int i = 0; i < 2; i++) {
    nets[i] = build_hearing(4, 40, true);
    loss[i] = train(&nets[i], (NnRunParams){.threads = 1 + i}, 3, NULL);
    values[i] = nn_net_values(nets[i].net);
  }
  CHECK_NEAR(loss[0], loss[1], 1e-4);
  Hearing again = build_hearing(4, 40, true);
  train(&again, (NnRunParams){.threads = 2}, 3, NULL);
  CHECK(memcmp(values[1], nn_net_values(again.net), nn_net_size(again.net) * sizeof(float)) == 0);
  for (int i = 0; i < 2; i++) nn_net_free(nets[i].net);
  nn_net_free(again.net);
}

enum { CURVE = 60 };

static void bf16_learns_like_f32(void) {
  double curves[2][CURVE];
  for (int type = 0; type < 2; type++) {
    Hearing h = build_hearing(4, 40, true);
    train(&h, (NnRunParams){.threads = 1, .type = (NnType)type}, CURVE, curves[type]);
    nn_net_free(h.net);
  }
  CHECK(curves[0][CURVE - 1] < 0.7 * curves[0][0]);
  for (int s = 0; s < CURVE; s++)
    CHECK_SAYING(fabs(curves[0][s] - curves[1][s]) < 0.03 * curves[0][0], "step %d: %g and %g", s,
                 curves[0][s], curves[1][s]);
}

/* y of the whole input, freed by the caller. */
static float *evaluate(const NnNet *net, const Hearing *h, int t, NnRunParams params) {
  BaseContext ctx = {0};
  NnRun *run = NULL;
  float *copy = NULL;
  good(nn_run_new_shared(&ctx, &run, net, params), &ctx);
  fill_hearing(run, h, 1, t);
  good(nn_run_forward(&ctx, run), &ctx);
  size_t bytes = nn_shape_count(nn_run_shape(run, h->y)) * sizeof *copy;
  copy = malloc(bytes);
  memcpy(copy, nn_run_output(run, h->y), bytes);
  nn_run_free(run);
  return copy;
}

static void folding_changes_nothing_but_rounding(void) {
  Hearing h = build_hearing(4, 40, true);
  train(&h, (NnRunParams){.threads = 1}, 20, NULL);
  float *folded = evaluate(h.net, &h, 30, (NnRunParams){0});
  BaseContext ctx = {0};
  NnRun *run = NULL;
  good(nn_run_new(&ctx, &run, h.net, (NnRunParams){.training = true}), &ctx);
  nn_run_training(run, false);
  fill_hearing(run, &h, 1, 30);
  good(nn_run_forward(&ctx, run), &ctx);
  const float *plain = nn_run_output(run, h.y);
  for (int i = 0; i < 30 * 4; i++) CHECK_NEAR(folded[i], plain[i], 1e-4);
  nn_run_free(run);
  free(folded);
  nn_net_free(h.net);
}

/* Inference may rearrange the sums of wide 3 × 3 convolutions; sizes that its tiles do not divide. */
static void rearranged_sums_stay_close(void) {
  NnNet *net = nn_net_new(6);
  NnVar x = nn_input(net, "x", (NnShape){2, 13, 10, 32});
  NnVar y = nn_conv(net, "conv", x, (NnConv){.channels = 48, .kernel_t = 3, .kernel_f = 3, .no_bias = true});
  y = nn_batch_norm(net, "norm", y, (NnNorm){.relu = true});
  y = nn_output(net, "y", nn_conv(net, "last", y, (NnConv){.channels = 32, .kernel_t = 3, .kernel_f = 3}));
  BaseContext ctx = {0};
  good(nn_net_finish(&ctx, net), &ctx);
  NnRun *runs[2] = {NULL};
  good(nn_run_new_shared(&ctx, &runs[0], net, (NnRunParams){0}), &ctx);
  good(nn_run_new(&ctx, &runs[1], net, (NnRunParams){.training = true}), &ctx);
  nn_run_training(runs[1], false);
  for (int i = 0; i < 2; i++) {
    fill(nn_run_input(runs[i], x, nn_net_shape(net, x)), nn_shape_count(nn_net_shape(net, x)), 4);
    good(nn_run_forward(&ctx, runs[i]), &ctx);
  }
  for (size_t i = 0; i < nn_shape_count(nn_net_shape(net, y)); i++)
    CHECK_NEAR(nn_run_output(runs[0], y)[i], nn_run_output(runs[1], y)[i], 1e-4);
  for (int i = 0; i < 2; i++) nn_run_free(runs[i]);
  nn_net_free(net);
}

/* --- streams and caches
 * ---------------------------------------------------------------------------------------- */

typedef struct {
  float *whole;
  double worst;
  long seen;
} Listener;

static void compare_frames(void *user, long first, int count, const float *const *outputs) {
  Listener *l = user;
  CHECK(first == l->seen);
  for (int i = 0; i < count * 4; i++)
    l->worst = fmax(l->worst, fabs((double)(outputs[0][i] - l->whole[first * 4 + i])));
  l->seen = first + count;
}

static double stream_error(bool both, NnStreamParams params, int frames, int at_once) {
  Hearing whole = build_hearing(1, frames, both), pieces = build_hearing(1, 40, both);
  BaseContext ctx = {0};
  NnStream *stream = NULL;
  Listener listener = {.whole = evaluate(whole.net, &whole, frames, (NnRunParams){0})};
  float *x = malloc((size_t)frames * 18 * sizeof *x);
  fill(x, (size_t)frames * 18, 1);
  good(nn_stream_new(&ctx, &stream, pieces.net, pieces.x, 1, &pieces.y, params), &ctx);
  for (int t = 0; t < frames; t += at_once) {
    int count = frames - t < at_once ? frames - t : at_once;
    good(nn_stream_feed(&ctx, stream, x + t * 18, count, t + count == frames, compare_frames, &listener),
         &ctx);
  }
  CHECK(listener.seen == frames);
  nn_stream_free(stream);
  nn_net_free(whole.net);
  nn_net_free(pieces.net);
  free(listener.whole);
  free(x);
  return listener.worst;
}

static void streams_equal_the_whole(void) {
  CHECK(stream_error(false, (NnStreamParams){.before = 4, .after = 4}, 150, 7) < 1e-5);
  CHECK(stream_error(false, (NnStreamParams){.before = 3, .after = 3}, 131, 131) < 1e-5);
  CHECK(stream_error(false, (NnStreamParams){.before = 3, .after = 3}, 20, 9) < 1e-5);
  CHECK(stream_error(true, (NnStreamParams){.before = 3, .after = 24}, 150, 10) < 2e-3);
  CHECK(stream_error(false, (NnStreamParams){.before = 3, .after = 1}, 150, 10) >
        1e-4); /* too little is seen to be so */
}

static void kept_keys_equal_the_whole(void) {
  enum { T = 20 };
  NnNet *net = nn_net_new(2);
  NnVar x = nn_input(net, "x", (NnShape){2, T, 1, 6});
  NnVar y = nn_attention(net, nn_linear(net, "qkv", x, (NnConv){.channels = 24}), 2, false);
  y = nn_output(net, "y", nn_min_gru(net, nn_linear(net, "mix", y, (NnConv){.channels = 6})));
  BaseContext ctx = {0};
  good(nn_net_finish(&ctx, net), &ctx);
  NnRun *whole = NULL, *steps = NULL;
  good(nn_run_new_shared(&ctx, &whole, net, (NnRunParams){0}), &ctx);
  good(nn_run_new_shared(&ctx, &steps, net, (NnRunParams){.carries = true}), &ctx);
  float *all = nn_run_input(whole, x, (NnShape){2, T, 1, 6});
  fill(all, 2 * T * 6, 3);
  good(nn_run_forward(&ctx, whole), &ctx);
  nn_run_carry(steps, true, 0, 0);
  for (int t = 0, n; t < T; t += n) {
    n = t == 0 ? 7 : 1; /* a prompt, then one by one */
    float *to = nn_run_input(steps, x, (NnShape){2, n, 1, 6});
    for (int b = 0; b < 2; b++) memcpy(to + b * n * 6, all + (b * T + t) * 6, (size_t)n * 6 * sizeof *to);
    good(nn_run_forward(&ctx, steps), &ctx);
    for (int b = 0; b < 2; b++)
      for (int i = 0; i < n * 3; i++)
        CHECK_NEAR(nn_run_output(steps, y)[b * n * 3 + i], nn_run_output(whole, y)[(b * T + t) * 3 + i],
                   1e-5);
  }
  nn_run_free(whole);
  nn_run_free(steps);
  nn_net_free(net);
}

/* --- sharing
 * ------------------------------------------------------------------------------------------------------ */

typedef struct {
  const Hearing *h;
  float *y;
} Worker;

static void *work(void *user) {
  Worker *worker = user;
  worker->y = evaluate(worker->h->net, worker->h, 30, (NnRunParams){0});
  return NULL;
}

static void threads_share_a_net(void) {
  Hearing h = build_hearing(1, 30, true);
  Worker workers[3];
  pthread_t threads[3];
  for (int i = 0; i < 3; i++) {
    workers[i] = (Worker){.h = &h};
    CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
  }
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  for (int i = 1; i < 3; i++) CHECK(memcmp(workers[0].y, workers[i].y, 30 * 4 * sizeof(float)) == 0);
  for (int i = 0; i < 3; i++) free(workers[i].y);
  nn_net_free(h.net);
}

/* --- adapters
 * ----------------------------------------------------------------------------------------------------- */

/* Loss after steps that train the adapter alone. */
static double train_adapter(Hearing *h, NnAdapter *adapter, int steps) {
  BaseContext ctx = {0};
  NnRun *run = NULL;
  NnOptim *optim = NULL;
  NnNet *block = nn_adapter_net(adapter);
  good(nn_run_new(&ctx, &run, h->net, (NnRunParams){.training = true, .adapter = adapter}), &ctx);
  good(nn_optim_new(&ctx, &optim, block, (NnOptimParams){.rate = 1e-2f}), &ctx);
  fill_hearing(run, h, 4, 40);
  double loss = 0;
  for (int s = 0; s < steps; s++) {
    nn_run_clear_gradients(run);
    good(nn_run_forward(&ctx, run), &ctx);
    good(nn_run_backward(&ctx, run), &ctx);
    loss = nn_run_loss(run);
    float *gradients = nn_adapter_gradients(adapter, nn_run_gradients(run));
    good(nn_optim_step(&ctx, NULL, optim, block, gradients, 1), &ctx);
  }
  nn_run_free(run);
  nn_optim_free(optim);
  return loss;
}

static NnAdapter *adapt(Hearing *h) {
  BaseContext ctx = {0};
  NnAdapter *adapter = NULL;
  good(nn_adapter_new(&ctx, &adapter, h->net, 4), &ctx);
  good(nn_adapter_add(&ctx, adapter, "block.weight", NN_LOW_RANK, 2), &ctx);
  good(nn_adapter_add(&ctx, adapter, "front.weight", NN_AFFINE, 0), &ctx);
  good(nn_adapter_add(&ctx, adapter, "head.*", NN_LOW_RANK, 1), &ctx);
  CHECK(nn_adapter_add(&ctx, adapter, "head.bias", NN_AFFINE, 0) == BASE_BAD_INPUT);
  CHECK(nn_adapter_add(&ctx, adapter, "nothing", NN_AFFINE, 0) == BASE_BAD_INPUT);
  good(nn_adapter_finish(&ctx, adapter), &ctx);
  return adapter;
}

static void adapters_learn_and_merge(void) {
  Hearing h = build_hearing(4, 40, true);
  CHECK(nn_net_freeze(h.net, "*", true) == nn_net_parameter_count(h.net));
  float *before = malloc(nn_net_size(h.net) * sizeof *before);
  memcpy(before, nn_net_values(h.net), nn_net_size(h.net) * sizeof *before);
  NnAdapter *adapter = adapt(&h);
  double first = train_adapter(&h, adapter, 1), last = train_adapter(&h, adapter, 60);
  CHECK_SAYING(last < 0.8 * first, "%g from %g", last, first);
  CHECK(memcmp(before, nn_net_values(h.net), nn_net_size(h.net) * sizeof *before) == 0);
  BaseContext ctx = {0};
  float *adapted = evaluate(h.net, &h, 30, (NnRunParams){.adapter = adapter});
  good(nn_adapter_merge(&ctx, adapter, h.net), &ctx);
  float *merged = evaluate(h.net, &h, 30, (NnRunParams){0});
  float *both = evaluate(h.net, &h, 30, (NnRunParams){.adapter = adapter});
  CHECK(memcmp(adapted, merged, 30 * 4 * sizeof *merged) == 0 &&
        memcmp(both, merged, 30 * 4 * sizeof *merged) == 0);
  nn_adapter_free(adapter);
  nn_net_free(h.net);
  free(before);
  free(adapted);
  free(merged);
  free(both);
}

/* Gradients of the adapter against differences of the loss by its values. */
static void adapters_have_the_right_gradient(void) {
  Hearing h = build_hearing(4, 40, true);
  NnAdapter *adapter = adapt(&h);
  NnNet *block = nn_adapter_net(adapter);
  BaseContext ctx = {0};
  NnRun *run = NULL;
  for (size_t i = 0; i < nn_net_size(block); i++) nn_net_values(block)[i] += 0.1f;
  nn_net_changed(block);
  good(nn_run_new(&ctx, &run, h.net, (NnRunParams){.training = true, .adapter = adapter}), &ctx);
  fill_hearing(run, &h, 4, 40);
  good(nn_run_forward(&ctx, run), &ctx);
  good(nn_run_backward(&ctx, run), &ctx);
  const float *gradients = nn_adapter_gradients(adapter, nn_run_gradients(run));
  double along = 0, loss[2];
  for (size_t i = 0; i < nn_net_size(block); i++) along += (double)gradients[i] * (double)gradients[i];
  float size = 1e-2f / (float)sqrt(along); /* a step along the gradient */
  for (int side = 0; side < 2; side++) {
    for (size_t i = 0; i < nn_net_size(block); i++)
      nn_net_values(block)[i] += (side ? -2 : 1) * size * gradients[i];
    nn_net_changed(block);
    good(nn_run_forward(&ctx, run), &ctx);
    loss[side] = nn_run_loss(run);
  }
  double slope = (loss[0] - loss[1]) / (2 * (double)size);
  CHECK_SAYING(fabs(slope - along) < 0.02 * along, "%g and %g", slope, along);
  nn_run_free(run);
  nn_adapter_free(adapter);
  nn_net_free(h.net);
}

static void frozen_weights_stay(void) {
  Hearing h = build_hearing(4, 40, true);
  CHECK(nn_net_freeze(h.net, "norm0.*", true) == 4 && nn_net_freeze(h.net, "gru.*", true) == 4);
  Hearing other = build_hearing(4, 40, true);
  train(&h, (NnRunParams){.threads = 1}, 3, NULL);
  for (int i = 0; i < nn_net_parameter_count(h.net); i++) {
    const NnParameter *p = nn_net_parameter(h.net, i);
    bool same =
        memcmp(nn_net_values(h.net) + p->offset, nn_net_values(other.net) + p->offset, p->count * 4) == 0;
    CHECK_SAYING(same == p->frozen, "%s", p->name);
  }
  nn_net_free(h.net);
  nn_net_free(other.net);
}

/* --- files
 * ---------------------------------------------------------------------------------------------------------
 */

static void weights_come_back(void) {
  static const BaseType types[] = {BASE_F32, BASE_F16, BASE_BF16};
  static const double tolerance[] = {0, 1e-3, 8e-3};
  static const char *const origin[][2] = {{"origin", "a test"}};
  for (int k = 0; k < 3; k++) {
    Hearing a = build_hearing(1, 10, true), b = build_hearing(1, 10, true);
    BaseContext ctx = {0};
    const char *path = check_temporary("weights.pack");
    good(nn_weights_write(&ctx, a.net, path, types[k], origin, 1), &ctx);
    memset(nn_net_values(b.net), 0, nn_net_size(b.net) * sizeof(float));
    good(nn_weights_read(&ctx, b.net, path), &ctx);
    for (size_t i = 0; i < nn_net_size(a.net); i++) {
      float want = nn_net_values(a.net)[i];
      CHECK_NEAR(nn_net_values(b.net)[i], want, tolerance[k] * fmax(0.1, fabs((double)want)));
    }
    nn_net_free(a.net);
    nn_net_free(b.net);
  }
}

static void other_shapes_are_refused(void) {
  Hearing a = build_hearing(1, 10, true), b = build_hearing(1, 10, false);
  BaseContext ctx = {0};
  const char *path = check_temporary("weights.pack");
  good(nn_weights_write(&ctx, a.net, path, BASE_F32, NULL, 0), &ctx);
  float first = nn_net_values(b.net)[0];
  CHECK(nn_weights_read(&ctx, b.net, path) == BASE_BAD_FILE && strstr(ctx.sentence, "gru"));
  nn_net_values(a.net)[3] = INFINITY;
  good(nn_weights_write(&ctx, a.net, path, BASE_F32, NULL, 0), &ctx);
  CHECK(nn_weights_read(&ctx, a.net, path) == BASE_BAD_FILE && strstr(ctx.sentence, "finite"));
  CHECK(nn_net_values(b.net)[0] == first);
  nn_net_free(a.net);
  nn_net_free(b.net);
}

/* A residual block between two products. */
static Hearing build_block(int width) {
  Hearing h = {.net = nn_net_new((uint64_t)width)};
  h.x = nn_input(h.net, "x", (NnShape){2, 9, 5, 2});
  NnVar x = nn_affine(h.net, "keys", nn_linear(h.net, "in", h.x, (NnConv){.channels = width, .relu = true}), true);
  NnVar y = nn_conv(h.net, "conv", x, (NnConv){.channels = width, .kernel_t = 3, .kernel_f = 3});
  x = nn_add(h.net, x, nn_batch_norm(h.net, "norm", y, (NnNorm){.relu = true}), true);
  h.y = nn_output(h.net, "y", nn_linear(h.net, "out", x, (NnConv){.channels = 3}));
  good(nn_net_finish(NULL, h.net), &(BaseContext){0});
  return h;
}

static void run_block(float *answers, const Hearing *h) {
  const NnShape shape = {2, 9, 5, 2};
  NnRun *run = NULL;
  BaseContext ctx = {0};
  good(nn_run_new(&ctx, &run, h->net, (NnRunParams){0}), &ctx);
  fill(nn_run_input(run, h->x, shape), nn_shape_count(shape), 3);
  good(nn_run_forward(&ctx, run), &ctx);
  memcpy(answers, nn_run_output(run, h->y), 2 * 9 * 5 * 3 * sizeof *answers);
  nn_run_free(run);
}

static void a_net_that_grows_says_what_it_said(void) {
  Hearing narrow = build_block(4), wide = build_block(7);
  BaseContext ctx = {0};
  BasePack *pack = NULL, *large = NULL;
  const char *path = check_temporary("narrow.pack");
  float before[2 * 9 * 5 * 3], after[2 * 9 * 5 * 3];
  good(nn_weights_write(&ctx, narrow.net, path, BASE_F32, NULL, 0), &ctx);
  good(base_pack_load(&ctx, &pack, path), &ctx);
  good(nn_weights_grow(&ctx, wide.net, pack), &ctx);
  run_block(before, &narrow);
  run_block(after, &wide);
  for (int i = 0; i < 2 * 9 * 5 * 3; i++) CHECK_NEAR(after[i], before[i], 1e-5);
  const float *new_channel = nn_net_values(wide.net) + nn_net_parameter(wide.net, nn_net_parameter_find(wide.net, "in.weight"))->offset + 4 * 2;
  CHECK(new_channel[0] != 0 && new_channel[5] != 0);
  good(nn_weights_write(&ctx, wide.net, path, BASE_F32, NULL, 0), &ctx);
  good(base_pack_load(&ctx, &large, path), &ctx);
  CHECK(nn_weights_grow(&ctx, narrow.net, large) == BASE_BAD_FILE && strstr(ctx.sentence, "larger"));
  base_pack_free(pack);
  base_pack_free(large);
  nn_net_free(narrow.net);
  nn_net_free(wide.net);
}

/* Bytes changed, cut and added: refused with a sentence, or harmless. */
static void hostile_files_are_refused(void) {
  Hearing h = build_hearing(1, 10, true);
  BaseContext ctx = {0};
  BasePackWriter *writer = base_pack_writer_new();
  void *bytes = NULL;
  size_t n = 0;
  good(nn_weights_save(&ctx, writer, h.net, BASE_F16), &ctx);
  good(base_pack_bytes(&ctx, &bytes, &n, writer), &ctx);
  BaseRng rng = base_rng(1, 9);
  unsigned char *bad = malloc(n);
  for (int round = 0; round < 400; round++) {
    memcpy(bad, bytes, n);
    size_t length = round % 3 == 0 ? base_rng_below(&rng, (uint32_t)n) : n;
    size_t reach = round % 2 ? n : 2048 < n ? 2048 : n;
    for (int k = 0; k < 1 + round % 5; k++)
      bad[base_rng_below(&rng, (uint32_t)reach)] ^= (unsigned char)(1 + base_rng_below(&rng, 255));
    BasePack *pack = NULL;
    BaseStatus status = base_pack_load_memory(&ctx, &pack, bad, length, "hostile");
    if (status == BASE_OK) status = nn_weights_load(&ctx, h.net, pack);
    CHECK(status == BASE_OK || ctx.sentence[0]);
    base_pack_free(pack);
  }
  free(bad);
  free(bytes);
  base_pack_writer_free(writer);
  nn_net_free(h.net);
}

/* --- building errors
 * ------------------------------------------------------------------------------------------------ */

static void wrong_shapes_are_told(void) {
  BaseContext ctx = {0};
  NnNet *net = nn_net_new(1);
  NnVar x = nn_input(net, "x", (NnShape){1, 4, 4, 3});
  NnVar y = nn_add(net, x, nn_conv(net, "wide", x, (NnConv){.channels = 5}), false);
  CHECK(y == NN_NONE && nn_output(net, "y", y) == NN_NONE);
  CHECK(nn_net_finish(&ctx, net) == BASE_BAD_INPUT && strstr(ctx.sentence, "different shapes"));
  nn_net_free(net);
  net = nn_net_new(1);
  x = nn_input(net, "x", (NnShape){1, 4, 4, 3});
  nn_conv(net, "twice", x, (NnConv){.channels = 5});
  nn_conv(net, "twice", x, (NnConv){.channels = 5});
  CHECK(nn_net_finish(&ctx, net) == BASE_BAD_INPUT && strstr(ctx.sentence, "twice.weight"));
  nn_net_free(net);
}

static void larger_than_planned_is_refused(void) {
  Hearing h = build_hearing(2, 10, false);
  BaseContext ctx = {0};
  NnRun *run = NULL;
  good(nn_run_new_shared(&ctx, &run, h.net, (NnRunParams){0}), &ctx);
  CHECK(!nn_run_input(run, h.x, (NnShape){2, 11, 9, 2}) && !nn_run_input(run, h.x, (NnShape){2, 10, 9, 3}));
  CHECK(!nn_run_input(run, h.y, (NnShape){1, 1, 1, 1}) && nn_run_input(run, h.x, (NnShape){1, 3, 9, 2}));
  good(nn_run_forward(&ctx, run), &ctx);
  CHECK(nn_run_shape(run, h.y).t == 3 && nn_run_backward(&ctx, run) == BASE_BAD_INPUT);
  nn_run_free(run);
  nn_net_free(h.net);
}

static void a_copy_is_its_own(void) {
  Hearing h = build_hearing(1, 10, true);
  BaseContext ctx = {0};
  NnNet *copy = NULL;
  good(nn_net_dup(&ctx, &copy, h.net), &ctx);
  float *before = evaluate(h.net, &h, 10, (NnRunParams){0});
  nn_net_free(h.net);
  float *after = evaluate(copy, &h, 10, (NnRunParams){0});
  CHECK(memcmp(before, after, 10 * 4 * sizeof *before) == 0);
  free(before);
  free(after);
  nn_net_free(copy);
}

CHECK_MAIN({CASE(buffers_alive_together_never_overlap)}, {CASE(the_whole_net_has_the_right_gradient)},
           {CASE(threads_change_nothing_but_rounding)}, {CASE(bf16_learns_like_f32)},
           {CASE(folding_changes_nothing_but_rounding)}, {CASE(rearranged_sums_stay_close)},
           {CASE(streams_equal_the_whole)}, {CASE(kept_keys_equal_the_whole)}, {CASE(threads_share_a_net)},
           {CASE(adapters_learn_and_merge)}, {CASE(adapters_have_the_right_gradient)},
           {CASE(frozen_weights_stay)}, {CASE(weights_come_back)}, {CASE(other_shapes_are_refused)}, {CASE(a_net_that_grows_says_what_it_said)},
           {CASE(hostile_files_are_refused)}, {CASE(wrong_shapes_are_told)},
           {CASE(larger_than_planned_is_refused)}, {CASE(a_copy_is_its_own)})
