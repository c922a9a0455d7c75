/* The layers: each is a node of the graph with its settings and its parameters.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_layers.h"

#include "core/nn/nn_graph.h"

#include <math.h>

static int at_least_one(int value) {
  return value > 0 ? value : 1;
}

NnVar nn_input(NnNet *net, const char *name, NnShape largest) {
  NnVar var = nn_graph_node(net, NN_OP_input, name, 0, NULL, (NnSettings){.input = {.largest = largest}});
  return var;
}

NnVar nn_target(NnNet *net, const char *name, NnShape largest) {
  NnSettings set = {.input = {.largest = largest, .is_target = true}};
  return nn_graph_node(net, NN_OP_input, name, 0, NULL, set);
}

NnVar nn_output(NnNet *net, const char *name, NnVar x) {
  return nn_graph_node(net, NN_OP_output, name, 1, &x, (NnSettings){0});
}

static NnVar unary(NnNet *net, NnOpId op, NnVar x, NnSettings set) {
  return nn_graph_node(net, op, NULL, 1, &x, set);
}

/* Biases, shifts and running means start at zero, scales and running variances at one. */
static const NnInitial zeros = {0}, ones = {.centre = 1.0f};

static void add_product_parameters(NnNet *net, NnVar x, const NnProductSettings *set, float gain) {
  int dims[4] = {set->channels, net->nodes[x].shape.c, set->kernel[0], set->kernel[1]};
  float fan_in = (float)dims[1] * (float)dims[2] * (float)dims[3];
  int rank = dims[2] * dims[3] == 1 ? 2 : 4;
  nn_graph_parameter(net, "weight", rank, dims, (NnInitial){.spread = sqrtf(gain / fan_in), .decay = true});
  if (set->bias) nn_graph_parameter(net, "bias", 1, dims, zeros);
}

static NnVar add_product(NnNet *net, const char *name, NnVar x, const NnConv *conv, float gain) {
  NnProductSettings set = {.kernel = {at_least_one(conv->kernel_t), at_least_one(conv->kernel_f)},
                           .stride = {at_least_one(conv->stride_t), at_least_one(conv->stride_f)},
                           .dilation = {at_least_one(conv->dilation_t), at_least_one(conv->dilation_f)},
                           .channels = conv->channels,
                           .causal = conv->causal,
                           .valid = conv->valid,
                           .relu = conv->relu,
                           .bias = !conv->no_bias};
  NnVar y = nn_graph_node(net, NN_OP_product, name, 1, &x, (NnSettings){.product = set});
  if (y != NN_NONE) add_product_parameters(net, x, &set, gain);
  return y;
}

NnVar nn_conv(NnNet *net, const char *name, NnVar x, NnConv conv) {
  return add_product(net, name, x, &conv, 2.0f);
}

NnVar nn_linear(NnNet *net, const char *name, NnVar x, NnConv linear) {
  linear.kernel_t = linear.kernel_f = 1;
  return add_product(net, name, x, &linear, linear.relu ? 2.0f : 1.0f);
}

NnVar nn_activation(NnNet *net, NnVar x, NnActivation kind) {
  return unary(net, NN_OP_activation, x, (NnSettings){.activation = kind});
}

NnVar nn_add(NnNet *net, NnVar a, NnVar b, bool relu) {
  return nn_graph_node(net, NN_OP_add, NULL, 2, (NnVar[]){a, b}, (NnSettings){.relu = relu});
}

NnVar nn_multiply(NnNet *net, NnVar a, NnVar b) {
  return nn_graph_node(net, NN_OP_multiply, NULL, 2, (NnVar[]){a, b}, (NnSettings){0});
}

NnVar nn_concat(NnNet *net, int n, const NnVar *x) {
  if (n < 1 || n > NN_MAX_INPUTS) return nn_graph_fail(net, "cannot join %d tensors", n);
  return nn_graph_node(net, NN_OP_concat, NULL, n, x, (NnSettings){0});
}

NnVar nn_slice(NnNet *net, NnVar x, int channel, int channels) {
  return unary(net, NN_OP_slice, x, (NnSettings){.slice = {channel, channels}});
}

NnVar nn_affine(NnNet *net, const char *name, NnVar x, bool per_key) {
  NnVar y = nn_graph_node(net, NN_OP_affine, name, 1, &x, (NnSettings){.per_key = per_key});
  if (y == NN_NONE) return y;
  NnShape s = net->nodes[y].shape;
  int dims[2] = {per_key ? s.f : s.c, s.c};
  nn_graph_parameter(net, "scale", per_key ? 2 : 1, dims, ones);
  nn_graph_parameter(net, "shift", per_key ? 2 : 1, dims, zeros);
  return y;
}

NnVar nn_dropout(NnNet *net, NnVar x, float p) {
  return unary(net, NN_OP_dropout, x, (NnSettings){.dropout = p});
}

static NnVar add_norm(NnNet *net, NnOpId op, const char *name, NnVar x, NnNorm norm) {
  if (norm.epsilon <= 0) norm.epsilon = 1e-5f;
  if (norm.momentum <= 0) norm.momentum = 0.1f;
  NnVar y = nn_graph_node(net, op, name, 1, &x, (NnSettings){.norm = norm});
  if (y == NN_NONE) return y;
  int c = net->nodes[y].shape.c;
  nn_graph_parameter(net, "scale", 1, &c, ones);
  if (op != NN_OP_rms_norm) nn_graph_parameter(net, "shift", 1, &c, zeros);
  if (op != NN_OP_batch_norm) return y;
  nn_graph_parameter(net, "mean", 1, &c, (NnInitial){.statistic = true});
  nn_graph_parameter(net, "variance", 1, &c, (NnInitial){.centre = 1.0f, .statistic = true});
  return y;
}

NnVar nn_batch_norm(NnNet *net, const char *name, NnVar x, NnNorm norm) {
  return add_norm(net, NN_OP_batch_norm, name, x, norm);
}

NnVar nn_layer_norm(NnNet *net, const char *name, NnVar x, NnNorm norm) {
  return add_norm(net, NN_OP_layer_norm, name, x, norm);
}

NnVar nn_rms_norm(NnNet *net, const char *name, NnVar x, NnNorm norm) {
  return add_norm(net, NN_OP_rms_norm, name, x, norm);
}

NnVar nn_max_pool(NnNet *net, NnVar x, int along_t, int along_f) {
  return unary(net, NN_OP_max_pool, x, (NnSettings){.factor = {.t = along_t, .f = along_f}});
}

NnVar nn_mean_pool(NnNet *net, NnVar x, int along_t, int along_f) {
  return unary(net, NN_OP_mean_pool, x, (NnSettings){.factor = {.t = along_t, .f = along_f}});
}

NnVar nn_upsample(NnNet *net, NnVar x, int factor_t, int factor_f, bool bilinear) {
  return unary(net, NN_OP_upsample, x, (NnSettings){.factor = {factor_t, factor_f, bilinear}});
}

NnVar nn_gather(NnNet *net, NnVar x, int keys, int taps, const int *index) {
  if (keys < 1 || taps < 1) return nn_graph_fail(net, "a gather needs keys and taps");
  const int *kept = nn_graph_keep(net, index, (size_t)keys * (size_t)taps * sizeof *index);
  return unary(net, NN_OP_gather, x, (NnSettings){.gather = {keys, taps, kept}});
}

NnVar nn_embedding(NnNet *net, const char *name, NnVar x, int rows, int channels) {
  NnSettings set = {.slice = {.channel = rows, .channels = channels}};
  NnVar y = nn_graph_node(net, NN_OP_embedding, name, 1, &x, set);
  if (y == NN_NONE) return y;
  nn_graph_parameter(net, "table", 2, (int[]){rows, channels}, (NnInitial){.spread = 0.05f});
  return y;
}

NnVar nn_gru(NnNet *net, const char *name, NnVar x, int hidden, bool both) {
  NnVar y = nn_graph_node(net, NN_OP_gru, name, 1, &x, (NnSettings){.gru = {hidden, both}});
  if (y == NN_NONE) return y;
  int gates = (both ? 2 : 1) * 3 * hidden, channels = net->nodes[x].shape.c;
  NnInitial input = {.spread = sqrtf(1.0f / (float)channels), .decay = true};
  NnInitial state = {.spread = sqrtf(1.0f / (float)hidden), .decay = true};
  nn_graph_parameter(net, "input.weight", 2, (int[]){gates, channels}, input);
  nn_graph_parameter(net, "input.bias", 1, &gates, zeros);
  nn_graph_parameter(net, "state.weight", 2, (int[]){gates, hidden}, state);
  nn_graph_parameter(net, "state.bias", 1, &gates, zeros);
  return y;
}

NnVar nn_min_gru(NnNet *net, NnVar x) {
  return unary(net, NN_OP_min_gru, x, (NnSettings){0});
}

NnVar nn_attention(NnNet *net, NnVar x, int heads, bool both) {
  return unary(net, NN_OP_attention, x, (NnSettings){.attention = {heads, both}});
}

static NnVar add_loss(NnNet *net, NnOpId op, const NnVar *x, int n, NnVar weight, NnLoss loss) {
  if (loss.scale == 0) loss.scale = 1.0f;
  if (loss.positive == 0) loss.positive = 1.0f;
  if (loss.gamma == 0) loss.gamma = 2.0f;
  NnVar inputs[3];
  for (int i = 0; i < n; i++) inputs[i] = x[i];
  if (weight != NN_NONE) inputs[n++] = weight;
  if (loss.class_weight && x[0] >= 0 && x[0] < net->n_nodes)
    loss.class_weight =
        nn_graph_keep(net, loss.class_weight, (size_t)net->nodes[x[0]].shape.c * sizeof *loss.class_weight);
  if (loss.channel && x[0] >= 0 && x[0] < net->n_nodes) {
    size_t classes = (size_t)net->nodes[x[0]].shape.c;
    loss.channel = nn_graph_keep(net, loss.channel, classes * classes * sizeof *loss.channel);
  }
  const char *name = loss.name;
  loss.name = NULL;
  return nn_graph_node(net, op, name, n, inputs, (NnSettings){.loss = loss});
}

NnVar nn_cross_entropy(NnNet *net, NnVar logits, NnVar target, NnVar weight, NnLoss loss) {
  return add_loss(net, NN_OP_cross_entropy, (NnVar[]){logits, target}, 2, weight, loss);
}

NnVar nn_bce(NnNet *net, NnVar logits, NnVar target, NnVar weight, NnLoss loss) {
  return add_loss(net, NN_OP_bce, (NnVar[]){logits, target}, 2, weight, loss);
}

NnVar nn_focal(NnNet *net, NnVar logits, NnVar target, NnVar weight, NnLoss loss) {
  return add_loss(net, NN_OP_focal, (NnVar[]){logits, target}, 2, weight, loss);
}

NnVar nn_huber(NnNet *net, NnVar x, NnVar target, NnVar weight, NnLoss loss) {
  return add_loss(net, NN_OP_huber, (NnVar[]){x, target}, 2, weight, loss);
}

NnVar nn_masked_mean(NnNet *net, NnVar x, NnVar weight, NnLoss loss) {
  return add_loss(net, NN_OP_masked_mean, &x, 1, weight, loss);
}
