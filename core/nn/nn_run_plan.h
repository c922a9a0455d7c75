/* Inside of a run, for the files of core/nn only. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/nn/nn_op.h"
#include "core/nn/nn_run.h"

struct NnRun {
  const NnNet *net;
  NnNet *trained; /* the same when training, else null */
  NnRunParams params;
  NnDnnl *dnnl;
  int n;               /* nodes */
  NnCall *calls;       /* one for each node */
  bool *used;          /* the node is evaluated */
  bool *skipped;       /* folded into the node before it */
  bool *active;        /* the node takes part in backward */
  NnShape *shapes;     /* actual */
  bool *fresh;         /* the kernel was made since the last forward pass */
  const float *values; /* of the parameters, as seen by the operators */
  char *memory;
  size_t memory_bytes;
  char *scratch;
  size_t scratch_bytes;
  float *gradients;
  float **states; /* carried, of recurrent and attending nodes; else null */
  size_t *state_floats;
  int *filled;          /* steps kept by attending nodes */
  double (*seconds)[2]; /* of the last forward and backward pass of each node */
  bool stale, carry, evaluating;
  int carry_begin, carry_end;
  uint64_t version, seed; /* version of the values that kernels have packed */
};

/* Decides which nodes take part and where each tensor lies, allocates, and points the calls to it. */
BaseStatus nn_run_plan(BaseContext *ctx, NnRun *run);

/* Whether gradients of a parameter are wanted: it is trained itself or through an adapter. */
bool nn_run_trains(const NnRun *run, int parameter);

/* Makes kernels and scratch for the actual shapes of the inputs. */
BaseStatus nn_run_shape_up(BaseContext *ctx, NnRun *run);
