/* The training loop: learning, repeating, resuming, stopping. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_train.h"
#include "core/nn/nn_layers.h"
#include "tests/check.h"

#include <time.h>

/* --- a small world: eight random patterns, each with its own answer ------------------------------------ */

enum { PATTERN_T = 6, PATTERN_C = 3, CLASSES = 4 };

typedef struct {
  NnNet *net;
  LmmField fields[2];
  LmmSource source;
} World;

static BaseStatus fill_pattern(BaseContext *ctx, void *user, float *const *places, uint64_t index,
                               BaseRng *rng) {
  uint64_t which = index % 8;
  BaseRng of_pattern = base_rng(99, which);
  for (int i = 0; i < PATTERN_T * PATTERN_C; i++) places[0][i] = (float)base_rng_normal(&of_pattern);
  places[1][0] = (float)((which * 5 + which / 4) % CLASSES);
  return BASE_OK;
}

/* Convolution, batch norm, GRU and a mean over time: some three hundred weights. */
static void build_patterns(World *world, int batch) {
  NnNet *net = world->net = nn_net_new(5);
  NnVar x = nn_input(net, "x", (NnShape){batch, PATTERN_T, 1, PATTERN_C});
  NnVar y = nn_conv(net, "conv", x, (NnConv){.channels = 6, .kernel_t = 3, .no_bias = true});
  y = nn_gru(net, "gru", nn_batch_norm(net, "norm", y, (NnNorm){.relu = true}), 5, false);
  y = nn_linear(net, "head", nn_dropout(net, nn_mean_pool(net, y, PATTERN_T, 1), 0.02f),
                (NnConv){.channels = CLASSES});
  NnVar target = nn_target(net, "class", (NnShape){batch, 1, 1, 1});
  nn_cross_entropy(net, y, target, NN_NONE, (NnLoss){.name = "loss"});
  BaseContext ctx = {0};
  CHECK_SAYING(nn_net_finish(&ctx, net) == BASE_OK, "%s", ctx.sentence);
  world->fields[0] = (LmmField){x, nn_net_shape(net, x)};
  world->fields[1] = (LmmField){target, nn_net_shape(net, target)};
  world->source = (LmmSource){world->fields, 2, fill_pattern, NULL};
}

static LmmTrainParams quick(long steps) {
  return (LmmTrainParams){.optim = {.rate = 0.02f, .steps = steps, .warm_up = 10, .average = 0.9f},
                          .validation_batches = 1,
                          .validate_every = 50};
}

static void overfits_eight_examples(void) {
  World world = {0};
  build_patterns(&world, 8);
  CHECK(nn_net_size(world.net) < 600);
  LmmTrainParams params = quick(400);
  LmmReport report = {0};
  BaseContext ctx = {.threads = 1, .seed = 3};
  BaseStatus status = lmm_train(&ctx, &report, world.net, &world.source, &world.source, &params);
  CHECK_SAYING(status == BASE_OK, "%s", ctx.sentence);
  CHECK_SAYING(report.best_loss < 0.02, "%g", report.best_loss);
  nn_net_free(world.net);
}

static void train(World *world, LmmTrainParams *params, BaseContext *ctx, BaseStatus expected,
                  LmmReport *report) {
  BaseStatus status = lmm_train(ctx, report, world->net, &world->source, &world->source, params);
  CHECK_SAYING(status == expected, "%s: %s", base_status_name(status), ctx->sentence);
}

static void same_seed_same_bytes(void) {
  World worlds[2] = {0};
  for (int i = 0; i < 2; i++) {
    build_patterns(&worlds[i], 4);
    LmmTrainParams params = quick(20);
    params.loaders = 1 + 2 * i;
    params.accumulate = 2;
    BaseContext ctx = {.threads = 2, .seed = 3};
    train(&worlds[i], &params, &ctx, BASE_OK, NULL);
  }
  size_t bytes = nn_net_size(worlds[0].net) * sizeof(float);
  CHECK(memcmp(nn_net_values(worlds[0].net), nn_net_values(worlds[1].net), bytes) == 0);
  for (int i = 0; i < 2; i++) nn_net_free(worlds[i].net);
}

/* A listener that asks to stop once `steps` are done. */
typedef struct {
  atomic_bool stop;
  double at;
} Stopper;

static void stop_at(void *user, double fraction, const char *what) {
  Stopper *stopper = user;
  if (fraction >= stopper->at) atomic_store(&stopper->stop, true);
}

static void resumes_on_the_same_curve(void) {
  World whole = {0}, pieces = {0};
  LmmReport straight = {0}, resumed = {0};
  LmmTrainParams params = quick(100);
  BaseContext ctx = {.threads = 1, .seed = 4};
  build_patterns(&whole, 4);
  train(&whole, &params, &ctx, BASE_OK, &straight);
  char path[512];
  snprintf(path, sizeof path, "%s", check_temporary("checkpoint.pack"));
  params.checkpoint = path;
  Stopper stopper = {.at = 0.33};
  build_patterns(&pieces, 4);
  BaseContext stopped = {
      .threads = 1, .seed = 4, .progress = stop_at, .user = &stopper, .cancel = &stopper.stop};
  train(&pieces, &params, &stopped, BASE_CANCELLED, NULL);
  nn_net_free(pieces.net);
  build_patterns(&pieces, 4);
  train(&pieces, &params, &ctx, BASE_OK, &resumed);
  CHECK(resumed.step == straight.step && resumed.best_step == straight.best_step);
  CHECK(resumed.best_loss == straight.best_loss && resumed.training_loss == straight.training_loss);
  CHECK(memcmp(nn_net_values(whole.net), nn_net_values(pieces.net), nn_net_size(whole.net) * sizeof(float)) ==
        0);
  nn_net_free(whole.net);
  nn_net_free(pieces.net);
}

static BaseStatus fill_poison(BaseContext *ctx, void *user, float *const *places, uint64_t index,
                              BaseRng *rng) {
  fill_pattern(ctx, user, places, index, rng);
  if (index == 4 * 20) places[0][0] = NAN;
  return BASE_OK;
}

static void not_finite_stops_with_good_weights(void) {
  World world = {0};
  build_patterns(&world, 4);
  world.source.fill = fill_poison;
  LmmTrainParams params = quick(100);
  LmmReport report = {0};
  BaseContext ctx = {.threads = 1, .seed = 4};
  BaseStatus status = lmm_train(&ctx, &report, world.net, &world.source, NULL, &params);
  CHECK(status == BASE_NUMERIC && report.step == 20 && strstr(ctx.sentence, "finite"));
  for (size_t i = 0; i < nn_net_size(world.net); i++) CHECK(isfinite(nn_net_values(world.net)[i]));
  nn_net_free(world.net);
}

static BaseStatus fill_slowly(BaseContext *ctx, void *user, float *const *places, uint64_t index,
                              BaseRng *rng) {
  struct timespec nap = {.tv_nsec = 5000000};
  for (int i = 0; i < 2000 && !base_cancelled(ctx); i++) nanosleep(&nap, NULL);
  return BASE_OK;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void cancel_does_not_wait_for_examples(void) {
  World world = {0};
  build_patterns(&world, 4);
  world.source.fill = fill_slowly;
  LmmTrainParams params = quick(100);
  atomic_bool stop = true;
  BaseContext ctx = {.cancel = &stop};
  double start = now();
  train(&world, &params, &ctx, BASE_CANCELLED, NULL);
  CHECK_SAYING(now() - start < 0.5, "%g s", now() - start);
  nn_net_free(world.net);
}

static BaseStatus fill_badly(BaseContext *ctx, void *user, float *const *places, uint64_t index,
                             BaseRng *rng) {
  return index == 7 ? base_fail(ctx, BASE_BAD_FILE, "example seven is broken") : BASE_OK;
}

static void a_broken_example_is_told(void) {
  World world = {0};
  build_patterns(&world, 4);
  world.source.fill = fill_badly;
  LmmTrainParams params = quick(100);
  BaseContext ctx = {0};
  train(&world, &params, &ctx, BASE_BAD_FILE, NULL);
  CHECK_TEXT(ctx.sentence, "example seven is broken");
  nn_net_free(world.net);
}

static void pieces_keep_their_side(void) {
  int counts[3] = {0};
  for (int i = 0; i < 2000; i++) {
    char name[32];
    snprintf(name, sizeof name, "piece %d", i);
    counts[lmm_side(name)]++;
    CHECK(lmm_side(name) == lmm_side(name));
  }
  CHECK(counts[LMM_TRAINING] > 1500 && counts[LMM_VALIDATION] > 130 && counts[LMM_TEST] > 130);
}

/* --- a two-layer Transformer copies what it has read -------------------------------------------------------
 */

enum { COPY_HALF = 8, COPY_T = 2 * COPY_HALF, COPY_IDS = 12, COPY_BATCH = 32 };

/* ids: a row of random symbols, then the same row; only the second half counts. */
static BaseStatus fill_copy(BaseContext *ctx, void *user, float *const *places, uint64_t index,
                            BaseRng *rng) {
  float row[COPY_T + 1];
  for (int i = 0; i < COPY_HALF; i++) row[i] = row[COPY_HALF + i] = (float)base_rng_below(rng, COPY_IDS);
  row[COPY_T] = 0;
  for (int i = 0; i < COPY_T; i++) {
    places[0][i] = row[i];
    places[1][i] = row[i + 1];
    places[2][i] = i >= COPY_HALF - 1 && i + 1 < COPY_T;
  }
  return BASE_OK;
}

static NnVar copy_layer(NnNet *net, int layer, NnVar x) {
  char name[32];
  snprintf(name, sizeof name, "layer%d", layer);
  char part[4][48];
  const char *const parts[] = {"norm1", "qkv", "mix", "norm2"};
  for (int i = 0; i < 4; i++) snprintf(part[i], sizeof part[i], "%s.%s", name, parts[i]);
  NnVar y = nn_linear(net, part[1], nn_layer_norm(net, part[0], x, (NnNorm){0}), (NnConv){.channels = 96});
  x = nn_add(net, x, nn_linear(net, part[2], nn_attention(net, y, 2, false), (NnConv){.channels = 32}), false);
  char up[48], down[48];
  snprintf(up, sizeof up, "%s.up", name);
  snprintf(down, sizeof down, "%s.down", name);
  y = nn_linear(net, up, nn_layer_norm(net, part[3], x, (NnNorm){0}), (NnConv){.channels = 64});
  return nn_add(net, x, nn_linear(net, down, nn_activation(net, y, NN_GELU), (NnConv){.channels = 32}),
                false);
}

static void build_copy(World *world, LmmField *fields, NnVar *logits) {
  NnNet *net = world->net = nn_net_new(8);
  NnShape shape = {COPY_BATCH, COPY_T, 1, 1};
  NnVar ids = nn_target(net, "ids", shape), next = nn_target(net, "next", shape),
        counts = nn_target(net, "counts", shape);
  NnVar x = nn_embedding(net, "symbols", ids, COPY_IDS, 32);
  for (int layer = 0; layer < 2; layer++) x = copy_layer(net, layer, x);
  x = nn_linear(net, "logits", x, (NnConv){.channels = COPY_IDS});
  *logits = nn_output(net, "answer", x);
  nn_cross_entropy(net, x, next, counts, (NnLoss){.name = "loss"});
  BaseContext ctx = {0};
  CHECK_SAYING(nn_net_finish(&ctx, net) == BASE_OK, "%s", ctx.sentence);
  NnVar vars[3] = {ids, next, counts};
  for (int i = 0; i < 3; i++) fields[i] = (LmmField){vars[i], shape};
  world->source = (LmmSource){fields, 3, fill_copy, NULL};
}

/* The part of symbols of the second half that are foretold. */
static double copy_accuracy(World *world, NnVar logits) {
  BaseContext ctx = {.seed = 777};
  NnRun *run = NULL;
  int right = 0, all = 0;
  LmmField only_ids = world->source.fields[0];
  LmmSource source = world->source;
  CHECK(nn_run_new_shared(&ctx, &run, world->net, (NnRunParams){0}) == BASE_OK);
  for (uint64_t index = 0; run && index < COPY_BATCH; index++) {
    float ids[COPY_T], next[COPY_T], counts[COPY_T], *places[3] = {ids, next, counts};
    BaseRng rng = base_rng(12345, index);
    source.fill(&ctx, NULL, places, index, &rng);
    memcpy(nn_run_input(run, only_ids.var, (NnShape){1, COPY_T, 1, 1}), ids, sizeof ids);
    CHECK(nn_run_forward(&ctx, run) == BASE_OK);
    const float *answer = nn_run_output(run, logits);
    for (int t = 0; t < COPY_T; t++) {
      int best = 0;
      for (int k = 1; k < COPY_IDS; k++)
        if (answer[t * COPY_IDS + k] > answer[t * COPY_IDS + best]) best = k;
      right += counts[t] > 0 && best == (int)next[t];
      all += counts[t] > 0;
    }
  }
  nn_run_free(run);
  return (double)right / fmax(1, all);
}

static void a_transformer_learns_to_copy(void) {
  World world = {0};
  LmmField fields[3];
  NnVar logits;
  build_copy(&world, fields, &logits);
  LmmTrainParams params = {
      .optim = {.rate = 4e-3f, .steps = 1200, .warm_up = 50}, .validation_batches = 2, .validate_every = 300};
  LmmReport report = {0};
  BaseContext ctx = {.threads = 1, .seed = 1};
  train(&world, &params, &ctx, BASE_OK, &report);
  double accuracy = copy_accuracy(&world, logits);
  CHECK_SAYING(accuracy > 0.99, "%g, loss %g", accuracy, report.best_loss);
  nn_net_free(world.net);
}

CHECK_MAIN({CASE(overfits_eight_examples)}, {CASE(same_seed_same_bytes)}, {CASE(resumes_on_the_same_curve)},
           {CASE(not_finite_stops_with_good_weights)}, {CASE(cancel_does_not_wait_for_examples)},
           {CASE(a_broken_example_is_told)}, {CASE(pieces_keep_their_side)},
           {CASE(a_transformer_learns_to_copy)})
