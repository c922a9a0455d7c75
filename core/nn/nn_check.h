/* Fast passes against the plain definition. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/nn/nn_run.h"

/* How far a run is from the definition of its operators. */
typedef struct {
  double loss, reference_loss; /* sum of losses by the run and by the definition in double */
  double
      gradient_error; /* the largest |run − central difference| / (largest |central difference| of that tensor
                         + 1e-3), over all parameters and, with inputs_too, all inputs */
  char worst[NN_NAME_SIZE]; /* the parameter or input it was found in */
} NnCheck;

/* Runs forward and backward on the inputs that `run`, a training run, holds and compares with the definitions
 * evaluated in double, gradients with their central differences. Clears the run's gradients. For small nets:
 * costs two evaluations of the definition for every parameter and input number. */
BaseStatus nn_check(BaseContext *ctx, NnCheck *check, NnRun *run);
