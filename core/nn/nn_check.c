/* Fast passes against the plain definition: evaluates the whole net by the operators' references, in double.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_check.h"

#include "core/base/base_arena.h"
#include "core/nn/nn_run_plan.h"

#include <math.h>
#include <stdio.h>

static const double step = 1e-5;

typedef struct {
  NnRun *run;
  BaseArena *arena;
  double **tensors; /* of each node */
  double *values;   /* of the parameters */
} World;

static double reference_loss(World *world) {
  double sum = 0;
  for (int i = 0; i < world->run->n; i++) {
    const NnCall *call = &world->run->calls[i];
    const double *x[NN_MAX_INPUTS] = {0}, *w[NN_MAX_WEIGHTS] = {0};
    for (int k = 0; k < call->node->n_x; k++) x[k] = world->tensors[call->node->x[k]];
    for (int k = 0; k < call->node->n_w; k++)
      w[k] = world->values + world->run->net->parameters[call->node->w[k]].offset;
    nn_ops[call->node->op]->reference(world->tensors[i], call, x, w);
    if (nn_ops[call->node->op]->traits & NN_LOSS) sum += world->tensors[i][0];
  }
  return sum;
}

static bool make_world(World *world) {
  NnRun *run = world->run;
  world->tensors = BASE_TAKE(world->arena, double *, (size_t)run->n);
  world->values = BASE_TAKE(world->arena, double, run->net->size);
  if (!world->tensors || !world->values) return false;
  for (size_t i = 0; i < run->net->size; i++) world->values[i] = (double)run->values[i];
  for (int i = 0; i < run->n; i++) {
    const NnCall *call = &run->calls[i];
    size_t n = nn_shape_count(run->shapes[i]);
    world->tensors[i] = BASE_TAKE(world->arena, double, n);
    if (!world->tensors[i]) return false;
    const float *given = call->yt == NN_F32 ? call->y : call->saved;
    for (size_t k = 0; call->node->op == NN_OP_input && k < n; k++) world->tensors[i][k] = (double)given[k];
  }
  return true;
}

/* Compares one array of gradients with differences of the reference loss by `numbers`. */
static void compare(World *world, NnCheck *check, double *numbers, const float *gradient, size_t n,
                    const char *name) {
  double largest = 0, error = 0;
  for (size_t i = 0; i < n; i++) {
    double kept = numbers[i];
    numbers[i] = kept + step;
    double above = reference_loss(world);
    numbers[i] = kept - step;
    double slope = (above - reference_loss(world)) / (2 * step);
    numbers[i] = kept;
    largest = fmax(largest, fabs(slope));
    double here = fabs(slope - (double)gradient[i]);
    error = here <= error ? error : here; /* keeps a NaN */
  }
  error /= largest + 1e-3;
  if (error <= check->gradient_error) return;
  check->gradient_error = error;
  snprintf(check->worst, sizeof check->worst, "%s", name);
}

static void compare_all(World *world, NnCheck *check) {
  NnRun *run = world->run;
  for (int i = 0; i < run->net->n_parameters; i++) {
    const NnParameter *parameter = &run->net->parameters[i];
    if (parameter->frozen || parameter->statistic) continue;
    compare(world, check, world->values + parameter->offset, run->gradients + parameter->offset,
            parameter->count, parameter->name);
  }
  for (int i = 0; i < run->n; i++) {
    const float *gradient = nn_run_gradient(run, i);
    if (gradient && run->params.inputs_too)
      compare(world, check, world->tensors[i], gradient, nn_shape_count(run->shapes[i]),
              run->net->nodes[i].name);
  }
}

static BaseStatus run_once(BaseContext *ctx, NnCheck *check, NnRun *run) {
  nn_run_clear_gradients(run);
  BaseStatus status = nn_run_forward(ctx, run);
  if (status == BASE_OK) status = nn_run_backward(ctx, run);
  check->loss = nn_run_loss(run);
  return status;
}

BaseStatus nn_check(BaseContext *ctx, NnCheck *check, NnRun *run) {
  if (!run->params.training)
    return base_fail(ctx, BASE_BAD_INPUT, "only training runs have gradients to check");
  NnCheck found = {0};
  World world = {.run = run, .arena = base_arena_new(0)};
  bool made = world.arena && make_world(&world);
  BaseStatus status = made ? run_once(ctx, &found, run) : base_fail_memory(ctx);
  if (status == BASE_OK) {
    found.reference_loss = reference_loss(&world);
    compare_all(&world, &found);
    nn_run_clear_gradients(run);
    *check = found;
  }
  base_arena_free(world.arena);
  return status;
}
