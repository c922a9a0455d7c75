/* AdamW with warm-up, cosine, clipping and an average of the weights. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#pragma once

#include "core/base/base_pack.h"
#include "core/nn/nn_net.h"

/* The state of an optimiser for one net; one thread at a time. */
typedef struct NnOptim NnOptim;

/* A zero stands for the default in brackets. */
typedef struct {
  float rate;         /* of learning, at its peak [1e-3] */
  float beta1, beta2; /* of the running moments [0.9, 0.98] */
  float epsilon;      /* [1e-8] */
  float decay;        /* of weights, decoupled (Loshchilov & Hutter 2019) [0.01; negative: none] */
  float clip;         /* largest global norm of the gradient [1; negative: any] */
  float average;      /* the part of the old average kept by each step, such as 0.999 [none] */
  long warm_up;       /* steps of linear rise [0] */
  long steps;         /* to the end of the cosine [0: constant rate] */
  float floor;        /* of the cosine, as a part of the peak [0.01; negative: 0] */
} NnOptimParams;

/* For `net`, whose structure it copies what it needs of; the net must outlive it. */
BaseStatus nn_optim_new(BaseContext *ctx, NnOptim **optim, const NnNet *net, NnOptimParams params);
void nn_optim_free(NnOptim *optim); /* null is fine */

/* One step: net values by `gradients` (laid out as nn_net_values) times `scale`, e.g. 1 / accumulated
 * batches. Frozen parameters and statistics are left alone; statistics are copied into the average. `*norm`
 * (may be null) is the global norm before clipping. BASE_NUMERIC, with nothing changed, when that is not
 * finite. O(parameters), on ctx->threads threads; allocates nothing. */
BaseStatus nn_optim_step(BaseContext *ctx, double *norm, NnOptim *optim, NnNet *net, const float *gradients,
                         float scale);

/* Steps taken, and the learning rate of the next one. */
long nn_optim_steps(const NnOptim *optim);
double nn_optim_rate(const NnOptim *optim);

/* Swaps the values of the net with the average (for validation and saving); the second call swaps back.
 * Without an average nothing happens. */
void nn_optim_swap(NnOptim *optim, NnNet *net);

/* Puts the whole state into a pack as "optim.…", and takes it back; exact. BASE_BAD_FILE when it is another
 * net's. */
BaseStatus nn_optim_save(BaseContext *ctx, BasePackWriter *writer, const NnOptim *optim);
BaseStatus nn_optim_load(BaseContext *ctx, NnOptim *optim, const BasePack *pack);
