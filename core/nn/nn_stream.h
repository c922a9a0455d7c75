/* A long sequence through a network, a window at a time. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/nn/nn_run.h"

/* The place of one sequence in one net; one thread at a time, the net may be shared. */
typedef struct NnStream NnStream;

/* The window is the planned t of the input; it moves on by window − before − after frames. */
typedef struct {
  int before, after; /* frames beside those whose answer is taken: at least what convolutions see to either
                        side; for the backward direction of a GRU as many after as it remembers */
  int settle; /* frame of the window at which recurrent layers take over their state: at least what layers
                 before them see, at most `before` less what layers after them see [before] */
  NnType type;
  int threads; /* 0: those of the context */
} NnStreamParams;

enum { NN_STREAM_MOST_OUTPUTS = 8 };

/* Takes `count` frames from number `first` on; outputs[i] is [count, f, c] of output i, valid during the
 * call. */
typedef void (*NnStreamFn)(void *user, long first, int count, const float *const *outputs);

/* For a finished net whose `input` and outputs (nn_output, at most 8) have the same t and which is evaluated
 * with n = 1. BASE_BAD_INPUT when the margins leave nothing of the window. */
BaseStatus nn_stream_new(BaseContext *ctx, NnStream **stream, const NnNet *net, NnVar input, int n_outputs,
                         const NnVar *outputs, NnStreamParams params);
void nn_stream_free(NnStream *stream); /* null is fine */

/* Feeds `count` frames [count, f, c] and hands on every answer that is certain; with `end` also the rest,
 * after which a new sequence may begin. Answers equal those of the whole sequence at once but for rounding
 * (1e-4 relative in f32), and in the backward direction of GRUs for what reaches beyond `after`. Allocates
 * nothing but at the end, where the last window is shorter. */
BaseStatus nn_stream_feed(BaseContext *ctx, NnStream *stream, const float *frames, int count, bool end,
                          NnStreamFn take, void *user);
