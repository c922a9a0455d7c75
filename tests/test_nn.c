/* Operators against their definitions, one case for each: the table is made from NN_OPS, so that an operator
 * without its case does not compile. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_rng.h"
#include "core/nn/nn_check.h"
#include "core/nn/nn_layers.h"
#include "core/nn/nn_op_list.h"
#include "tests/check.h"

static const NnShape small = {2, 6, 5, 4};

/* --- building and filling a small net ---------------------------------------------------------------- */

static void fill(float *x, size_t n, double spread, BaseRng *rng) {
  for (size_t i = 0; i < n; i++) x[i] = (float)(spread * base_rng_normal(rng));
}

static void fill_ids(float *x, size_t n, uint32_t classes, BaseRng *rng) {
  for (size_t i = 0; i < n; i++) x[i] = (float)base_rng_below(rng, classes);
}

/* Every number of y weighs differently in the loss. */
static void finish_with_loss(NnNet *net, NnVar y) {
  NnShape shape = nn_net_shape(net, y);
  if (y == NN_NONE) shape = small;
  NnVar mix = nn_target(net, "mix", shape);
  nn_masked_mean(net, nn_multiply(net, y, mix), NN_NONE, (NnLoss){.scale = 20});
}

/* Moves values away from their simple beginnings, such as zero biases. */
static void shake(NnNet *net) {
  BaseRng rng = base_rng(7, 7);
  for (size_t i = 0; i < nn_net_size(net); i++) nn_net_values(net)[i] += (float)(0.2 * base_rng_normal(&rng));
  int variance = nn_net_parameter_find(net, "norm.variance");
  for (size_t i = 0; variance >= 0 && i < nn_net_parameter(net, variance)->count; i++)
    nn_net_values(net)[nn_net_parameter(net, variance)->offset + i] = 0.5f + (float)i * 0.1f;
  nn_net_changed(net);
}

typedef void (*FillFn)(NnRun *run, const NnNet *net, BaseRng *rng);

static void fill_named(NnRun *run, const NnNet *net, const char *name, double spread, BaseRng *rng) {
  NnVar var = nn_net_find(net, name);
  if (var == NN_NONE) return;
  NnShape shape = nn_net_shape(net, var);
  fill(nn_run_input(run, var, shape), nn_shape_count(shape), spread, rng);
}

static void fill_plain(NnRun *run, const NnNet *net, BaseRng *rng) {
  fill_named(run, net, "x", 1, rng);
  fill_named(run, net, "z", 1, rng);
  fill_named(run, net, "mix", 1, rng);
}

/* Finishes the net, shakes it, and compares a training run with the definition; frees the net. */
static void check_net(NnNet *net, FillFn filler, double tolerance) {
  BaseContext ctx = {.threads = 2};
  NnRun *run = NULL;
  NnCheck found = {0};
  BaseRng rng = base_rng(1, 2);
  BaseStatus status = nn_net_finish(&ctx, net);
  if (status == BASE_OK) {
    shake(net);
    status = nn_run_new(&ctx, &run, net, (NnRunParams){.training = true, .inputs_too = true});
  }
  if (status == BASE_OK) {
    filler(run, net, &rng);
    status = nn_check(&ctx, &found, run);
  }
  CHECK_SAYING(status == BASE_OK, "%s", ctx.sentence);
  CHECK_SAYING(fabs(found.loss - found.reference_loss) <= 2e-5 * (1 + fabs(found.reference_loss)),
               "loss %.9g, by definition %.9g", found.loss, found.reference_loss);
  CHECK_SAYING(found.gradient_error <= tolerance, "gradient of %s off by %.3g", found.worst,
               found.gradient_error);
  nn_run_free(run);
  nn_net_free(net);
}

static void check_layer(NnNet *net, NnVar y) {
  finish_with_loss(net, y);
  check_net(net, fill_plain, 2e-4);
}

static NnVar begin(NnNet **net, NnShape shape) {
  *net = nn_net_new(3);
  return nn_input(*net, "x", shape);
}

/* --- one case for each operator ------------------------------------------------------------------------ */

static void check_input(void) {
  NnNet *net;
  NnVar x = begin(&net, small);
  check_layer(net, x);
}

static void check_output(void) {
  NnNet *net;
  NnVar x = begin(&net, small);
  check_layer(net, nn_output(net, "y", x));
}

static void check_product(void) {
  static const NnConv kinds[] = {
      {.channels = 3},
      {.channels = 3, .relu = true},
      {.channels = 5, .kernel_t = 3, .kernel_f = 3},
      {.channels = 16, .kernel_t = 3, .kernel_f = 3, .relu = true},
      {.channels = 3, .kernel_t = 5, .kernel_f = 2, .stride_t = 2, .stride_f = 2},
      {.channels = 3, .kernel_t = 3, .kernel_f = 1, .dilation_t = 2, .no_bias = true},
      {.channels = 3, .kernel_t = 3, .kernel_f = 3, .dilation_f = 2, .causal = true},
      {.channels = 3, .kernel_t = 3, .kernel_f = 2, .valid = true, .stride_t = 2},
  };
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    NnNet *net;
    NnVar x = begin(&net, small);
    check_layer(net, nn_conv(net, "conv", x, kinds[i]));
  }
}

static void check_activation(void) {
  for (NnActivation kind = NN_RELU; kind <= NN_TANH; kind++) {
    NnNet *net;
    NnVar x = begin(&net, small);
    check_layer(net, nn_activation(net, x, kind));
  }
}

static void check_add(void) {
  for (int relu = 0; relu < 2; relu++) {
    NnNet *net;
    NnVar x = begin(&net, small);
    NnVar y = nn_conv(net, "a", x, (NnConv){.channels = 4});
    check_layer(net, nn_add(net, nn_add(net, y, x, relu), y, false));
  }
}

static void check_multiply(void) {
  NnNet *net;
  NnVar x = begin(&net, small);
  NnVar z = nn_linear(net, "gate", x, (NnConv){.channels = 1});
  check_layer(net, nn_multiply(net, nn_multiply(net, x, z), nn_linear(net, "a", x, (NnConv){.channels = 4})));
}

static void check_concat(void) {
  NnNet *net;
  NnVar x = begin(&net, small);
  NnVar y = nn_linear(net, "a", x, (NnConv){.channels = 3});
  check_layer(net, nn_concat(net, 3, (NnVar[]){x, y, x}));
}

static void check_slice(void) {
  NnNet *net;
  NnVar x = begin(&net, small);
  NnVar a = nn_slice(net, x, 1, 2), b = nn_slice(net, x, 0, 2);
  check_layer(net, nn_add(net, a, b, false));
}

static void check_affine(void) {
  for (int per_key = 0; per_key < 2; per_key++) {
    NnNet *net;
    NnVar x = begin(&net, small);
    check_layer(net, nn_affine(net, "affine", x, per_key));
  }
}

static void check_dropout(void) {
  NnNet *net;
  NnVar x = begin(&net, small);
  check_layer(net, nn_dropout(net, x, 0.4f));
}

static void check_batch_norm(void) {
  for (int relu = 0; relu < 2; relu++) {
    NnNet *net;
    NnVar x = begin(&net, small);
    check_layer(net, nn_batch_norm(net, "norm", x, (NnNorm){.relu = relu}));
  }
}

static void check_layer_norm(void) {
  NnNet *net;
  NnVar x = begin(&net, (NnShape){2, 3, 2, 19});
  check_layer(net, nn_layer_norm(net, "norm", x, (NnNorm){0}));
}

static void check_rms_norm(void) {
  NnNet *net;
  NnVar x = begin(&net, (NnShape){2, 3, 2, 19});
  check_layer(net, nn_rms_norm(net, "norm", x, (NnNorm){0}));
}

static void check_max_pool(void) {
  NnNet *net;
  NnVar x = begin(&net, small);
  check_layer(net, nn_max_pool(net, x, 2, 2));
}

static void check_mean_pool(void) {
  NnNet *net;
  NnVar x = begin(&net, small);
  check_layer(net, nn_mean_pool(net, x, 3, 2));
}

static void check_upsample(void) {
  for (int bilinear = 0; bilinear < 2; bilinear++) {
    NnNet *net;
    NnVar x = begin(&net, small);
    check_layer(net, nn_upsample(net, x, 2, 3, bilinear));
  }
}

static void check_gather(void) {
  NnNet *net;
  NnVar x = begin(&net, small);
  check_layer(net, nn_gather(net, x, 3, 2, (int[]){0, 1, 2, 4, 4, 9}));
}

static void fill_tokens(NnRun *run, const NnNet *net, BaseRng *rng) {
  NnVar ids = nn_net_find(net, "ids");
  NnShape shape = nn_net_shape(net, ids);
  fill_ids(nn_run_input(run, ids, shape), nn_shape_count(shape), 8, rng);
  fill_plain(run, net, rng);
}

static void check_embedding(void) {
  NnNet *net = nn_net_new(3);
  NnVar ids = nn_target(net, "ids", (NnShape){2, 5, 2, 1});
  finish_with_loss(net, nn_embedding(net, "table", ids, 7, 3));
  check_net(net, fill_tokens, 2e-4);
}

static void check_gru(void) {
  for (int both = 0; both < 2; both++) {
    NnNet *net;
    NnVar x = begin(&net, small);
    check_layer(net, nn_gru(net, "gru", x, 3, both));
  }
}

static void check_min_gru(void) {
  NnNet *net;
  NnVar x = begin(&net, small);
  check_layer(net, nn_min_gru(net, x));
}

static void check_attention(void) {
  for (int both = 0; both < 2; both++) {
    NnNet *net;
    NnVar x = begin(&net, (NnShape){2, 70, 1, 12});
    check_layer(net, nn_attention(net, x, 1, both));
    x = begin(&net, (NnShape){1, 9, 1, 24});
    check_layer(net, nn_attention(net, x, 2, both));
  }
}

/* Logits, targets and weights of the losses. */
static void fill_classes(NnRun *run, const NnNet *net, BaseRng *rng) {
  fill_named(run, net, "x", 1.5, rng);
  NnVar target = nn_net_find(net, "target"), weight = nn_net_find(net, "weight");
  NnShape shape = nn_net_shape(net, target);
  float *t = nn_run_input(run, target, shape), *w = nn_run_input(run, weight, nn_net_shape(net, weight));
  fill_ids(t, nn_shape_count(shape), shape.c == 1 ? 5 : 2, rng);
  t[1] = shape.c == 1 ? -1 : t[1]; /* an id outside counts nothing */
  for (size_t i = 0; i < nn_shape_count(nn_net_shape(net, weight)); i++) w[i] = (float)base_rng_uniform(rng);
  w[2] = 0;
}

static void fill_values(NnRun *run, const NnNet *net, BaseRng *rng) {
  fill_classes(run, net, rng);
  fill_named(run, net, "target", 1, rng);
}

static NnVar begin_loss(NnNet **net, NnVar *target, NnVar *weight, int target_channels, int weight_channels) {
  NnVar x = begin(net, small);
  NnShape shape = small;
  shape.c = target_channels;
  *target = nn_target(*net, "target", shape);
  shape.c = weight_channels;
  *weight = nn_target(*net, "weight", shape);
  return x;
}

static void check_cross_entropy(void) {
  NnNet *net;
  NnVar target, weight, x = begin_loss(&net, &target, &weight, 1, 1);
  nn_cross_entropy(net, x, target, weight, (NnLoss){.scale = 9});
  check_net(net, fill_classes, 2e-4);
  x = begin_loss(&net, &target, &weight, 1, 1);
  nn_cross_entropy(net, x, target, weight,
                   (NnLoss){.scale = 9, .smoothing = 0.1f, .class_weight = (float[]){1, 2, 0.5f, 1}});
  check_net(net, fill_classes, 2e-4);
  static const float channel[] = {0.8f, 0.1f, 0, 0.2f, 0.1f, 0.7f, 0.3f, 0, 0.1f, 0, 0.6f, 0.1f, 0, 0.2f, 0.1f, 0.7f};
  x = begin_loss(&net, &target, &weight, 1, 1);
  nn_cross_entropy(net, x, target, weight, (NnLoss){.scale = 9, .channel = channel});
  check_net(net, fill_classes, 2e-4);
}

static void check_bce(void) {
  for (int channels = 1; channels <= 4; channels += 3) {
    NnNet *net;
    NnVar target, weight, x = begin_loss(&net, &target, &weight, 4, channels);
    nn_bce(net, x, target, weight, (NnLoss){.scale = 9, .positive = 3, .smoothing = 0.05f});
    check_net(net, fill_classes, 2e-4);
  }
}

static void check_focal(void) {
  NnNet *net;
  NnVar target, weight, x = begin_loss(&net, &target, &weight, 4, 1);
  nn_focal(net, x, target, weight, (NnLoss){.scale = 9, .positive = 2});
  check_net(net, fill_classes, 2e-4);
}

static void check_huber(void) {
  for (int kind = 0; kind < 2; kind++) {
    NnNet *net;
    NnVar target, weight, x = begin_loss(&net, &target, &weight, 4, 4);
    nn_huber(net, x, target, weight, (NnLoss){.scale = 9, .delta = kind ? 0.7f : 0});
    check_net(net, fill_values, 2e-4);
  }
}

static void check_masked_mean(void) {
  NnNet *net;
  NnVar target, weight, x = begin_loss(&net, &target, &weight, 1, 1);
  nn_masked_mean(net, x, weight, (NnLoss){.scale = 9});
  check_net(net, fill_classes, 2e-4);
}

#define OP_CASE(name) [NN_OP_##name] = {"gradient of " #name, check_##name},

static const CheckCase op_cases[] = {NN_OPS(OP_CASE)};
_Static_assert(sizeof op_cases / sizeof *op_cases == NN_OP_COUNT, "each operator has its case");

int main(int argc, char **argv) {
  return check_main(argc, argv, op_cases, sizeof op_cases / sizeof *op_cases);
}
