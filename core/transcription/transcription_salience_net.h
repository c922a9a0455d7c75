/* The judgement of candidates as a network that can be trained. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/nn/nn_layers.h"
#include "core/transcription/transcription_salience.h"

/* The tensors of a built net; a row of each is one candidate. Targets are in the units of
 * transcription_salience.h; `struck` is 1 or 0, `counts` 0 for candidates that are neither right nor wrong.
 */
typedef struct {
  NnVar features, answers;               /* in [N, 1, 1, 108], out [N, 1, 1, 3]: logit, velocity, later */
  NnVar struck, counts, velocity, later; /* targets [N, 1, 1, 1] */
} TranscriptionSalienceTensors;

/* Layers "normal" (an affine that is left alone: set its scale and shift to those of the features), "first",
 * "second", "last", and the losses. `net` is fresh and comes back finished; n: candidates a batch. */
BaseStatus transcription_salience_net_build(BaseContext *ctx, TranscriptionSalienceTensors *tensors,
                                            NnNet *net, int n);
