/* A network at work: memory planned once, forward and backward. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/nn/nn_net.h"

typedef struct NnAdapter NnAdapter;

/* From layers to a training step (statuses left out; nn_layers.h, nn_optim.h, nn_weights.h):
 *
 *     NnNet *net = nn_net_new(seed);
 *     NnVar x = nn_input(net, "x", (NnShape){8, 250, 88, 2});            // at most N, T, F; C as given
 *     NnVar y = nn_conv(net, "conv", x, (NnConv){.channels = 16, .kernel_t = 3, .kernel_f = 3, .no_bias =
 * true}); y = nn_batch_norm(net, "norm", y, (NnNorm){.relu = true}); y = nn_linear(net, "head", y,
 * (NnConv){.channels = 1}); NnVar posterior = nn_output(net, "onset", y); NnVar target = nn_target(net,
 * "target", (NnShape){8, 250, 88, 1}); nn_bce(net, y, target, NN_NONE, (NnLoss){.name = "loss"});
 *     nn_net_finish(ctx, net);
 *
 *     nn_run_new(ctx, &train, net, (NnRunParams){.training = true, .type = NN_BF16});
 *     nn_optim_new(ctx, &optim, net, (NnOptimParams){.rate = 2e-3f, .warm_up = 100, .steps = 5000});
 *     for each batch:                                                     // n and t may be smaller than
 * planned float *to = nn_run_input(train, x, (NnShape){n, t, 88, 2});       // fill it, and the target
 * likewise nn_run_clear_gradients(train); nn_run_forward(ctx, train); nn_run_backward(ctx, train);
 *       nn_optim_step(ctx, NULL, optim, net, nn_run_gradients(train), 1);
 *
 *     nn_run_new_shared(ctx, &infer, net, (NnRunParams){0});              // fill x, forward, nn_run_output
 */

/* All that a net needs to be evaluated: activations, gradients, scratch, packed weights. One thread at a
 * time; several runs may share a net (see nn_net.h). */
typedef struct NnRun NnRun;

typedef struct {
  bool training;      /* batch statistics, dropout, and a backward pass */
  NnType type;        /* of activations; NN_BF16 falls back to NN_F32 where the processor has none */
  int threads;        /* of the passes; 0: those of the context */
  bool inputs_too;    /* gradients of nn_input tensors are wanted (nn_run_gradient) */
  bool carries;       /* memory for nn_run_carry is wanted; not for training */
  NnAdapter *adapter; /* whose changes the parameters are seen through (nn_adapter.h); null: none; outlives
                         the run */
} NnRunParams;

/* Plans a run of `net`, which must be finished and outlive it. Training runs write the net's running
 * statistics. Not training: losses and what only they need are left out, and batch norms are folded into
 * convolutions. Cost: allocates everything at the planned maximum and generates code; 10 ms to 1 s. */
BaseStatus nn_run_new(BaseContext *ctx, NnRun **run, NnNet *net, NnRunParams params);
void nn_run_free(NnRun *run); /* null is fine */

/* The same, not training, for a net that others share: nothing of the net is written. */
BaseStatus nn_run_new_shared(BaseContext *ctx, NnRun **run, const NnNet *net, NnRunParams params);

/* The place to write an input or target of the given actual shape, row-major f32; at most the planned shape
 * on each axis, channels equal. Kept until written again; valid until the run is freed. Null when the shape
 * does not fit. Changing shapes costs some ms at the next forward pass. */
float *nn_run_input(NnRun *run, NnVar input, NnShape shape);

/* Evaluates. BASE_BAD_INPUT when the actual shapes do not go together. */
BaseStatus nn_run_forward(BaseContext *ctx, NnRun *run);

/* After a forward pass of a training run: adds the gradients of the sum of losses to those kept. */
BaseStatus nn_run_backward(BaseContext *ctx, NnRun *run);

/* An nn_output or a loss after a forward pass: f32, of the shape nn_run_shape; owned by the run. */
const float *nn_run_output(const NnRun *run, NnVar output);
NnShape nn_run_shape(const NnRun *run, NnVar var);

/* The sum of all losses of the last forward pass. */
double nn_run_loss(const NnRun *run);

/* Gradients of the parameters, laid out as nn_net_values; null for runs that do not train. */
float *nn_run_gradients(NnRun *run);
void nn_run_clear_gradients(NnRun *run);

/* With inputs_too: the gradient of an nn_input after backward, f32 runs only; else null. */
const float *nn_run_gradient(const NnRun *run, NnVar input);

/* Lets a training run evaluate as if it did not train (running statistics, no dropout), for validation
 * between steps, and train again. A backward pass needs a forward pass in training before it. */
void nn_run_training(NnRun *run, bool training);

/* Seeds dropout of the next passes; training code gives the step's number. */
void nn_run_seed(NnRun *run, uint64_t seed);

/* For runs with `carries`: the next passes continue the sequence of those before them. Recurrent layers (of
 * bi-GRUs the forward direction) take the kept state at frame `begin` of the pass and keep the one after
 * `end` frames (0: all); attention keeps keys and values of all steps since nn_run_forget, at most the
 * planned t, and sees them. False: every pass stands alone again. */
void nn_run_carry(NnRun *run, bool carry, int begin, int end);
void nn_run_forget(NnRun *run); /* back to the beginning of a sequence */

/* The number type in use and the bytes of activations, gradients and scratch. */
NnType nn_run_type(const NnRun *run);
size_t nn_run_bytes(const NnRun *run);

/* Seconds that a tensor's operator took in the last forward or backward pass: of the clock on the wall or,
 * with one thread, of its own processor time, which other programs do not disturb. */
double nn_run_seconds(const NnRun *run, NnVar var, bool backward);
