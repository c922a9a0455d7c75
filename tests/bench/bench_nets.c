/* The three networks that speed is measured on. SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/bench_nets.h"

#include "core/language/language_net.h"

#include <stdio.h>

/* --- hearing ----------------------------------------------------------------------------------------- */

static const NnConv conv3 = {.kernel_t = 3, .kernel_f = 3, .no_bias = true};

static NnVar normed_conv(NnNet *net, const char *name, NnVar x, NnConv conv, int channels, bool relu) {
  char of_conv[NN_NAME_SIZE + 8], of_norm[NN_NAME_SIZE + 8];
  snprintf(of_conv, sizeof of_conv, "%s.conv", name);
  snprintf(of_norm, sizeof of_norm, "%s.norm", name);
  conv.channels = channels;
  return nn_batch_norm(net, of_norm, nn_conv(net, of_conv, x, conv), (NnNorm){.relu = relu});
}

static NnVar harmonics(NnNet *net, NnVar x) {
  static const int offset[3] = {0, 36, 57}; /* the first three harmonics at 36 bins an octave */
  int index[88 * 3];
  for (int k = 0; k < 88; k++)
    for (int j = 0; j < 3; j++) index[k * 3 + j] = 3 * k + offset[j];
  return nn_gather(net, x, 88, 3, index);
}

static void pitch_losses(NnNet *net, NnVar logits, int batch) {
  static const char *const names[] = {"onset", "frame", "offset", "velocity"};
  for (int i = 0; i < 4; i++) {
    NnVar head = nn_slice(net, logits, i, 1);
    NnVar target = nn_target(net, names[i], (NnShape){batch, 250, 88, 1});
    nn_output(net, names[i], head);
    nn_bce(net, head, target, NN_NONE, (NnLoss){.name = names[i]});
  }
}

NnNet *bench_pitch(int batch) {
  static const int dilation[] = {1, 1, 2, 4};
  NnNet *net = nn_net_new(1);
  NnVar x = nn_input(net, "spectrum", (NnShape){batch, 250, 294, 2});
  x = normed_conv(net, "front", x, (NnConv){.kernel_t = 5, .kernel_f = 5, .no_bias = true}, 16, true);
  x = harmonics(net, x);
  for (int i = 0; i < 4; i++) {
    char name[16];
    NnConv conv = conv3;
    conv.dilation_t = dilation[i];
    snprintf(name, sizeof name, "block%d", i);
    x = nn_add(net, x, normed_conv(net, name, x, conv, 48, true), false);
  }
  x = nn_gru(net, "gru", x, 32, true);
  pitch_losses(net, nn_linear(net, "heads", x, (NnConv){.channels = 4}), batch);
  return net;
}

/* --- reading -------------------------------------------------------------------------------------------- */

static NnVar residual(NnNet *net, const char *name, NnVar x, int channels) {
  char first[NN_NAME_SIZE], second[NN_NAME_SIZE];
  snprintf(first, sizeof first, "%s.a", name);
  snprintf(second, sizeof second, "%s.b", name);
  NnVar y = normed_conv(net, first, x, conv3, channels, true);
  return nn_add(net, normed_conv(net, second, y, conv3, channels, false), x, true);
}

static NnVar stage(NnNet *net, int level, NnVar x) {
  char name[16];
  NnConv down = conv3;
  down.stride_t = down.stride_f = 2;
  snprintf(name, sizeof name, "down%d", level);
  x = normed_conv(net, name, x, down, 16 << level, true);
  snprintf(name, sizeof name, "trunk%d", level);
  return residual(net, name, x, 16 << level);
}

/* From stride 16 up to stride 4 with 64 channels. */
static NnVar pyramid(NnNet *net, const NnVar *levels) {
  NnVar up = nn_linear(net, "lateral3", levels[3], (NnConv){.channels = 64});
  for (int level = 2; level >= 1; level--) {
    char name[16];
    snprintf(name, sizeof name, "lateral%d", level);
    NnVar lateral = nn_linear(net, name, levels[level], (NnConv){.channels = 64});
    up = nn_add(net, nn_upsample(net, up, 2, 2, false), lateral, false);
  }
  return normed_conv(net, "smooth", up, conv3, 64, true);
}

static void page_losses(NnNet *net, NnVar x, int batch) {
  NnVar all = nn_linear(net, "heads", x, (NnConv){.channels = 64 + 4 + 7});
  NnShape map = {batch, 96, 96, 1}, boxes = map, lines = map;
  boxes.c = 4;
  lines.c = 7;
  NnVar classes = nn_slice(net, all, 0, 64), box = nn_slice(net, all, 64, 4),
        line = nn_slice(net, all, 68, 7);
  nn_output(net, "classes", classes);
  nn_output(net, "boxes", box);
  nn_output(net, "lines", line);
  nn_cross_entropy(net, classes, nn_target(net, "class", map), NN_NONE, (NnLoss){.name = "classes"});
  nn_huber(net, box, nn_target(net, "box", boxes), nn_target(net, "inside", map), (NnLoss){.delta = 1});
  nn_bce(net, line, nn_target(net, "line", lines), NN_NONE, (NnLoss){0});
}

NnNet *bench_page(int batch) {
  NnNet *net = nn_net_new(1);
  NnVar levels[4], x = nn_input(net, "page", (NnShape){batch, 384, 384, 2});
  for (int level = 0; level < 4; level++) x = levels[level] = stage(net, level, x);
  page_losses(net, pyramid(net, levels), batch);
  return net;
}

/* --- language ---------------------------------------------------------------------------------------------
 */

static const char *part(char *room, int layer, const char *name) {
  snprintf(room, NN_NAME_SIZE, "layer%d.%s", layer, name);
  return room;
}

static NnVar transformer_layer(NnNet *net, int layer, NnVar x) {
  char name[NN_NAME_SIZE];
  NnVar y = nn_rms_norm(net, part(name, layer, "norm1"), x, (NnNorm){0});
  y = nn_attention(
      net, nn_linear(net, part(name, layer, "qkv"), y, (NnConv){.channels = 768, .no_bias = true}), 8, false);
  x = nn_add(net, x, nn_linear(net, part(name, layer, "mix"), y, (NnConv){.channels = 256, .no_bias = true}),
             false);
  y = nn_rms_norm(net, part(name, layer, "norm2"), x, (NnNorm){0});
  y = nn_activation(net, nn_linear(net, part(name, layer, "up"), y, (NnConv){.channels = 1024}), NN_GELU);
  return nn_add(net, x, nn_linear(net, part(name, layer, "down"), y, (NnConv){.channels = 256}), false);
}

NnNet *bench_language(int batch) {
  NnNet *net = nn_net_new(1);
  NnShape tokens = {batch, 512, 1, 1};
  NnVar x = nn_embedding(net, "tokens", nn_target(net, "token", tokens), 1024, 256);
  for (int layer = 0; layer < 6; layer++) x = transformer_layer(net, layer, x);
  x = nn_rms_norm(net, "norm", x, (NnNorm){0});
  NnVar logits = nn_linear(net, "logits", x, (NnConv){.channels = 1024, .no_bias = true});
  nn_output(net, "logits", logits);
  nn_cross_entropy(net, logits, nn_target(net, "next", tokens), NN_NONE, (NnLoss){.name = "loss"});
  return net;
}

/* --- the program's own ------------------------------------------------------------------------------------ */

static NnNet *shipped(int batch, int heads) {
  LanguageTensors tensors;
  NnNet *net = nn_net_new(1);
  const LanguageSize size = {.width = 256, .layers = 4, .heads = heads};
  if (language_net_build(NULL, &tensors, net, LANGUAGE_WHOLE, size, batch, 256) == BASE_OK) return net;
  nn_net_free(net);
  return NULL;
}

NnNet *bench_music(int batch) {
  return shipped(batch, 0);
}

NnNet *bench_rival(int batch) {
  return shipped(batch, 8);
}
