/* The network that hears: its layers, its targets and its losses. SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "core/music/motion.h"
#include "core/nn/nn_layers.h"
#include "core/transcription/transcription_features.h"

/* One logit map for each fact, T × 88 × 1. */
typedef enum {
  HEAD_ONSET,    /* tent of ±50 ms around each key going down */
  HEAD_SOUNDING, /* from onset to the end of the sound */
  HEAD_OFFSET,   /* tent of ±50 ms around each end of sound */
  HEAD_VELOCITY, /* velocity / 128 near onsets; logit of it */
  TRANSCRIPTION_HEADS,
} TranscriptionHead;

enum {
  TRANSCRIPTION_NET_VERSION = 3,
  NET_CONTEXT = 45, /* frames of sound to either side that a frame's answer depends on */
};

/* The tensors of a built net. Targets, weights and losses are NN_NONE without `training`. */
typedef struct {
  NnVar features;                   /* in [N, T, 294, 2] */
  NnVar heads[TRANSCRIPTION_HEADS]; /* out [N, T, 88, 1], logits */
  NnVar pedal;                      /* out [N, T, 1, 1], logit: the sustain pedal is down */
  NnVar targets[TRANSCRIPTION_HEADS], near_onset, pedal_target;
  NnVar losses[TRANSCRIPTION_HEADS], pedal_loss;
} TranscriptionTensors;

/* Log-frequency input, a convolution, a gather of each key's harmonics (Wei et al. 2022's HPPNet gathers by
 * dilation; here by index), residual convolutions over time and keys of which some look an octave away, one
 * head for each fact. `net` is fresh and comes back finished. */
BaseStatus transcription_net_build(BaseContext *ctx, TranscriptionTensors *tensors, NnNet *net, int n,
                                   int frames, bool training);

/* Targets of `frames` frames from `from_s` on: TRANSCRIPTION_HEADS maps of frames × 88, the map of cells whose
 * velocity counts, and `frames` of the pedal. All arrays are the caller's. */
void transcription_net_targets(float *const maps[TRANSCRIPTION_HEADS], float *near_onset, float *pedal, size_t frames,
                               double from_s, const Motion *motion);
