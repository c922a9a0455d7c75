/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = MOTION_KEYS, TAPS = 10, FIRST = 16, WIDTH = 48, BLOCKS = 4, FAR = 2, HIDDEN = 24 };

static const double TENT_S = 0.05, HOP_S = (double)FEATURES_HOP / FEATURES_RATE_HZ;

/* Steps between the taps of a block's convolutions, in frames and keys; of the last ones in frames alone. */
static const struct {
  int time, keys;
} dilations[BLOCKS] = {{1, 1}, {1, 12}, {2, 1}, {4, 12}};
static const int far_dilations[FAR] = {8, 12};

/* Bins of half the fundamental, the fundamental and partials 2 … 9 of every key. */
static NnVar gather_harmonics(NnNet *net, NnVar x) {
  static const double harmonics[TAPS] = {0.5, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  int index[KEYS * TAPS];
  for (int k = 0; k < KEYS; k++)
    for (int j = 0; j < TAPS; j++) {
      int bin = 3 * k + 1 + (int)lround(36 * log2(harmonics[j]));
      index[k * TAPS + j] = bin >= 0 && bin < FEATURES_BINS ? bin : -1;
    }
  return nn_gather(net, x, KEYS, TAPS, index);
}

static NnVar conv_norm(NnNet *net, const char *name, NnVar x, NnConv conv, bool relu) {
  char norm[NN_NAME_SIZE + 8];
  snprintf(norm, sizeof norm, "%s.norm", name);
  conv.no_bias = true;
  return nn_batch_norm(net, norm, nn_conv(net, name, x, conv), (NnNorm){.relu = relu});
}

static NnVar residual(NnNet *net, int block, NnVar x) {
  char a[NN_NAME_SIZE], b[NN_NAME_SIZE];
  snprintf(a, sizeof a, "trunk.%d.a", block);
  snprintf(b, sizeof b, "trunk.%d.b", block);
  NnConv conv = {.channels = WIDTH,
                 .kernel_t = 3,
                 .kernel_f = 3,
                 .dilation_t = dilations[block].time,
                 .dilation_f = dilations[block].keys};
  NnVar y = conv_norm(net, a, x, conv, true);
  return nn_add(net, x, conv_norm(net, b, y, conv, false), true);
}

/* What happened to a key a good while ago, and what will. */
static NnVar look_far(NnNet *net, int block, NnVar x) {
  char name[NN_NAME_SIZE];
  snprintf(name, sizeof name, "far.%d", block);
  NnConv conv = {.channels = WIDTH, .kernel_t = 3, .dilation_t = far_dilations[block]};
  return nn_add(net, x, conv_norm(net, name, x, conv, false), true);
}

/* All keys together tell whether the dampers are up. */
static NnVar pedal_head(NnNet *net, NnVar x) {
  NnVar y = conv_norm(net, "pedal.keys", x, (NnConv){.channels = HIDDEN}, true);
  y = nn_mean_pool(net, y, 1, KEYS);
  y = conv_norm(net, "pedal.time", y, (NnConv){.channels = HIDDEN, .kernel_t = 5, .dilation_t = 2}, true);
  return nn_linear(net, "head.pedal", y, (NnConv){.channels = 1});
}

static void add_losses(TranscriptionTensors *t, NnNet *net, int n, int frames) {
  static const char *const names[TRANSCRIPTION_HEADS] = {"onset", "sounding", "offset", "velocity"};
  static const float scales[TRANSCRIPTION_HEADS] = {6, 1, 2, 0.3f};
  char name[NN_NAME_SIZE];
  t->near_onset = nn_target(net, "near-onset", (NnShape){n, frames, KEYS, 1});
  t->pedal_target = nn_target(net, "target.pedal", (NnShape){n, frames, 1, 1});
  t->pedal_loss = nn_bce(net, t->pedal, t->pedal_target, NN_NONE, (NnLoss){.name = "pedal", .scale = 0.05f});
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++) {
    snprintf(name, sizeof name, "target.%s", names[h]);
    t->targets[h] = nn_target(net, name, (NnShape){n, frames, KEYS, 1});
    NnLoss loss = {.name = names[h], .scale = scales[h]};
    t->losses[h] =
        nn_bce(net, t->heads[h], t->targets[h], h == HEAD_VELOCITY ? t->near_onset : NN_NONE, loss);
  }
}

BaseStatus transcription_net_build(BaseContext *ctx, TranscriptionTensors *tensors, NnNet *net, int n,
                                   int frames, bool training) {
  static const char *const names[TRANSCRIPTION_HEADS] = {"head.onset", "head.sounding", "head.offset",
                                                         "head.velocity"};
  TranscriptionTensors t;
  t.features = nn_input(net, "features", (NnShape){n, frames, FEATURES_BINS, FEATURES_CHANNELS});
  NnVar x =
      conv_norm(net, "ear", t.features, (NnConv){.channels = FIRST, .kernel_t = 5, .kernel_f = 5}, true);
  x = conv_norm(net, "ear.2", x, (NnConv){.channels = FIRST, .kernel_t = 3, .kernel_f = 3}, true);
  x = gather_harmonics(net, x);
  x = conv_norm(net, "harmonics", x, (NnConv){.channels = WIDTH}, true);
  x = nn_affine(net, "keys", x, true);
  for (int block = 0; block < BLOCKS; block++) x = residual(net, block, x);
  for (int block = 0; block < FAR; block++) x = look_far(net, block, x);
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++) {
    char hidden[NN_NAME_SIZE];
    snprintf(hidden, sizeof hidden, "%s.hidden", names[h]);
    NnVar y = conv_norm(net, hidden, x, (NnConv){.channels = HIDDEN, .kernel_t = 3}, true);
    NnVar logits = nn_linear(net, names[h], y, (NnConv){.channels = 1});
    t.heads[h] = logits;
  }
  t.pedal = pedal_head(net, x);
  t.near_onset = t.pedal_target = t.pedal_loss = NN_NONE;
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++) t.targets[h] = t.losses[h] = NN_NONE;
  if (training) add_losses(&t, net, n, frames);
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++) t.heads[h] = nn_output(net, names[h], t.heads[h]);
  t.pedal = nn_output(net, "head.pedal", t.pedal);
  BaseStatus status = nn_net_finish(ctx, net);
  if (status == BASE_OK) *tensors = t;
  return status;
}

/* ---- targets ---- */

static void raise_tent(float *map, size_t frames, int key, double at_s) {
  long centre = lround(at_s / HOP_S);
  for (long t = centre - 3; t <= centre + 3; t++) {
    if (t < 0 || t >= (long)frames) continue;
    float height = (float)(1 - fabs((double)t * HOP_S - at_s) / TENT_S);
    float *cell = &map[(size_t)t * KEYS + (size_t)key];
    if (height > *cell) *cell = height;
  }
}

static void fill_span(float *map, size_t frames, int key, double from_s, double to_s, float value) {
  long from = lround(from_s / HOP_S), to = lround(to_s / HOP_S);
  for (long t = from < 0 ? 0 : from; t < to && t < (long)frames; t++)
    map[(size_t)t * KEYS + (size_t)key] = value;
}

/* 1 where the sustain pedal holds the dampers. */
static void fill_pedal(float *pedal, size_t frames, double from_s, const Motion *motion) {
  memset(pedal, 0, frames * sizeof(float));
  for (size_t i = 0; i < motion->pedals.n; i++) {
    const MotionPedal *p = &motion->pedals.items[i];
    if (p->pedal != MOTION_SUSTAIN) continue;
    const long from = lround((p->time_s - from_s) / HOP_S);
    for (long t = from < 0 ? 0 : from; t < (long)frames; t++) pedal[t] = p->depth >= 64;
  }
}

void transcription_net_targets(float *const maps[TRANSCRIPTION_HEADS], float *near_onset, float *pedal, size_t frames,
                               double from_s, const Motion *motion) {
  size_t cells = frames * KEYS;
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++) memset(maps[h], 0, cells * sizeof(float));
  memset(near_onset, 0, cells * sizeof(float));
  fill_pedal(pedal, frames, from_s, motion);
  double *ends = malloc((motion->notes.n + 1) * sizeof *ends);
  if (!ends) return;
  motion_sound_ends(ends, motion);
  for (size_t i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    int key = note->midi - MOTION_LOWEST_KEY;
    double on = note->onset_s - from_s, off = ends[i] - from_s;
    if (key < 0 || key >= KEYS || off < -1 || on > (double)frames * HOP_S + 1) continue;
    raise_tent(maps[HEAD_ONSET], frames, key, on);
    raise_tent(maps[HEAD_OFFSET], frames, key, off);
    fill_span(maps[HEAD_SOUNDING], frames, key, on, fmax(off, on + HOP_S), 1);
    fill_span(maps[HEAD_VELOCITY], frames, key, on - 0.03, on + 0.07, note->velocity / 128.0f);
    fill_span(near_onset, frames, key, on - 0.03, on + 0.07, 1);
  }
  free(ends);
}
