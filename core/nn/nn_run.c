/* A network at work: shapes, kernels, forward and backward in the order of the nodes.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_run.h"

#include "core/nn/nn_adapter.h"
#include "core/nn/nn_rows.h"
#include "core/nn/nn_run_plan.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

static bool allocate_tables(NnRun *run) {
  size_t n = (size_t)run->n;
  run->calls = calloc(n, sizeof *run->calls);
  run->used = calloc(n, sizeof *run->used);
  run->skipped = calloc(n, sizeof *run->skipped);
  run->active = calloc(n, sizeof *run->active);
  run->fresh = calloc(n, sizeof *run->fresh);
  run->shapes = calloc(n, sizeof *run->shapes);
  run->states = calloc(n, sizeof *run->states);
  run->state_floats = calloc(n, sizeof *run->state_floats);
  run->filled = calloc(n, sizeof *run->filled);
  run->seconds = calloc(n, sizeof *run->seconds);
  run->dnnl = nn_dnnl_new();
  return run->calls && run->used && run->skipped && run->active && run->fresh && run->shapes && run->states &&
         run->state_floats && run->filled && run->seconds && run->dnnl;
}

static BaseStatus make_run(BaseContext *ctx, NnRun **made, const NnNet *net, NnNet *trained,
                           NnRunParams params) {
  if (!net->values) return base_fail(ctx, BASE_BAD_INPUT, "the network was not finished");
  NnRun *run = calloc(1, sizeof *run);
  if (!run) return base_fail_memory(ctx);
  if (params.threads < 1) params.threads = base_threads(ctx);
  if (params.type == NN_BF16 && !nn_dnnl_fast_bf16()) params.type = NN_F32;
  *run = (NnRun){.net = net, .trained = trained, .params = params, .n = net->n_nodes, .values = net->values};
  int before = nn_parallel_set(params.threads);
  BaseStatus status = allocate_tables(run) ? nn_run_plan(ctx, run) : base_fail_memory(ctx);
  if (status == BASE_OK) status = nn_run_shape_up(ctx, run);
  nn_parallel_set(before);
  if (status == BASE_OK)
    *made = run;
  else
    nn_run_free(run);
  return status;
}

BaseStatus nn_run_new(BaseContext *ctx, NnRun **run, NnNet *net, NnRunParams params) {
  return make_run(ctx, run, net, params.training ? net : NULL, params);
}

BaseStatus nn_run_new_shared(BaseContext *ctx, NnRun **run, const NnNet *net, NnRunParams params) {
  params.training = false;
  return make_run(ctx, run, net, NULL, params);
}

static void release_kernels(NnRun *run) {
  for (int i = 0; run->calls && i < run->n; i++)
    if (run->calls[i].node && nn_ops[run->calls[i].node->op]->release)
      nn_ops[run->calls[i].node->op]->release(&run->calls[i]);
}

void nn_run_free(NnRun *run) {
  if (!run) return;
  release_kernels(run);
  for (int i = 0; run->states && i < run->n; i++) free(run->states[i]);
  nn_dnnl_free(run->dnnl);
  free(run->states);
  free(run->state_floats);
  free(run->filled);
  free(run->seconds);
  free(run->calls);
  free(run->used);
  free(run->skipped);
  free(run->active);
  free(run->fresh);
  free(run->shapes);
  free(run->memory);
  free(run->scratch);
  free(run->gradients);
  free(run);
}

/* --- shapes ------------------------------------------------------------------------------------------------
 */

static BaseStatus infer_shape(BaseContext *ctx, NnRun *run, int i) {
  NnCall *call = &run->calls[i];
  const NnNode *node = call->node;
  if (node->op == NN_OP_input) {
    call->ys = run->shapes[i];
    return BASE_OK;
  }
  for (int k = 0; k < node->n_x; k++) call->xs[k] = run->shapes[node->x[k]];
  const char *wrong = nn_ops[node->op]->infer(&call->ys, node, call->xs);
  NnShape most = node->shape, *s = &call->ys;
  if (!wrong && (s->n > most.n || s->t > most.t || s->f > most.f)) wrong = "it outgrows the plan";
  if (wrong)
    return base_fail(ctx, BASE_BAD_INPUT, "layer \"%s\" (%s): %s; its first input is now %d × %d × %d × %d",
                     node->name, nn_ops[node->op]->name, wrong, call->xs[0].n, call->xs[0].t, call->xs[0].f,
                     call->xs[0].c);
  run->shapes[i] = *s;
  return BASE_OK;
}

static BaseStatus make_kernel(BaseContext *ctx, NnRun *run, int i, size_t *scratch) {
  NnCall *call = &run->calls[i];
  const NnOp *op = nn_ops[call->node->op];
  if (op->release) op->release(call);
  const char *why = op->prepare ? op->prepare(call) : NULL;
  if (why) return base_fail(ctx, BASE_UNSUPPORTED, "layer \"%s\" (%s): %s", call->node->name, op->name, why);
  run->fresh[i] = true;
  size_t bytes = op->scratch ? op->scratch(call) : 0;
  if (bytes > *scratch) *scratch = bytes;
  return BASE_OK;
}

static BaseStatus provide_scratch(BaseContext *ctx, NnRun *run, size_t bytes) {
  if (bytes > run->scratch_bytes) {
    bytes = (bytes + 63) / 64 * 64;
    free(run->scratch);
    run->scratch = aligned_alloc(64, bytes);
    run->scratch_bytes = run->scratch ? bytes : 0;
    if (!run->scratch) return base_fail_memory(ctx);
  }
  for (int i = 0; i < run->n; i++) run->calls[i].scratch = run->scratch;
  return BASE_OK;
}

static void set_training(NnRun *run, bool training) {
  for (int i = 0; i < run->n; i++) run->calls[i].training = training;
}

BaseStatus nn_run_shape_up(BaseContext *ctx, NnRun *run) {
  size_t scratch = 0;
  set_training(run, run->params.training);
  BaseStatus status = BASE_OK;
  for (int i = 0; status == BASE_OK && i < run->n; i++)
    if (run->used[i]) status = infer_shape(ctx, run, i);
  for (int i = 0; status == BASE_OK && i < run->n; i++)
    if (run->used[i] && !run->skipped[i]) status = make_kernel(ctx, run, i, &scratch);
  if (status == BASE_OK) status = provide_scratch(ctx, run, scratch);
  run->stale = status != BASE_OK;
  set_training(run, run->params.training && !run->evaluating);
  return status;
}

void nn_run_training(NnRun *run, bool training) {
  run->evaluating = !training;
  set_training(run, run->params.training && training);
}

static bool is_node(const NnRun *run, NnVar var) {
  return var >= 0 && var < run->n;
}

float *nn_run_input(NnRun *run, NnVar input, NnShape shape) {
  if (!is_node(run, input) || run->net->nodes[input].op != NN_OP_input || !run->used[input]) return NULL;
  NnShape most = run->net->nodes[input].shape;
  if (shape.n < 1 || shape.t < 1 || shape.f < 1 || shape.n > most.n || shape.t > most.t || shape.f > most.f ||
      shape.c != most.c)
    return NULL;
  run->stale |= !nn_shape_equal(shape, run->shapes[input]);
  run->shapes[input] = shape;
  NnCall *call = &run->calls[input];
  return call->yt == NN_F32 ? call->y : call->saved;
}

/* --- passes
 * ------------------------------------------------------------------------------------------------- */

static uint64_t version_of(const NnRun *run) {
  return run->params.adapter ? nn_adapter_version(run->params.adapter) : run->net->version;
}

bool nn_run_trains(const NnRun *run, int parameter) {
  const NnParameter *p = &run->net->parameters[parameter];
  if (p->statistic) return false;
  return !p->frozen || (run->params.adapter && nn_adapter_covers(run->params.adapter, parameter));
}

static void set_weights(NnRun *run, NnCall *call) {
  const NnNode *node = call->node;
  for (int k = 0; k < node->n_w; k++) {
    const NnParameter *parameter = &run->net->parameters[node->w[k]];
    call->w[k] = run->values + parameter->offset;
    bool trained = run->gradients && nn_run_trains(run, node->w[k]);
    call->dw[k] = trained ? run->gradients + parameter->offset : NULL;
    call->statistic[k] = run->trained && parameter->statistic && !parameter->frozen
                             ? run->trained->values + parameter->offset
                             : NULL;
  }
}

static void set_state(NnRun *run, int i, NnCall *call) {
  call->state = run->carry ? run->states[i] : NULL;
  call->state_begin = run->carry_begin;
  call->state_end = run->carry_end > 0 && run->carry_end <= call->ys.t ? run->carry_end : call->ys.t;
  call->state_filled = &run->filled[i];
}

static double now(const NnRun *run) {
  struct timespec t;
  clock_gettime(run->params.threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool forward_node(NnRun *run, int i) {
  NnCall *call = &run->calls[i];
  set_weights(run, call);
  set_state(run, i, call);
  if (call->fold) set_weights(run, &run->calls[call->fold - run->calls]);
  call->new_weights = run->fresh[i] || run->version != version_of(run);
  call->seed = (run->seed + 1) * 0x9e3779b97f4a7c15u + (uint64_t)i * 0xbf58476d1ce4e5b9u;
  run->fresh[i] = false;
  const NnOp *op = nn_ops[call->node->op];
  double start = now(run);
  bool done = !op->forward || op->forward(call);
  run->seconds[i][0] = now(run) - start;
  return done;
}

static BaseStatus fail_node(BaseContext *ctx, const NnCall *call) {
  return base_fail(ctx, BASE_UNSUPPORTED, "layer \"%s\" (%s) could not be computed", call->node->name,
                   nn_ops[call->node->op]->name);
}

static BaseStatus forward_all(BaseContext *ctx, NnRun *run) {
  BaseStatus status = run->stale ? nn_run_shape_up(ctx, run) : BASE_OK;
  if (run->params.adapter) run->values = nn_adapter_values(run->params.adapter);
  for (int i = 0; status == BASE_OK && i < run->n; i++) {
    if (!run->used[i] || run->skipped[i]) continue;
    if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
    if (!forward_node(run, i)) status = fail_node(ctx, &run->calls[i]);
  }
  if (status == BASE_OK) run->version = version_of(run);
  return status;
}

BaseStatus nn_run_forward(BaseContext *ctx, NnRun *run) {
  int before = nn_parallel_set(run->params.threads);
  BaseStatus status = forward_all(ctx, run);
  nn_parallel_set(before);
  return status;
}

static BaseStatus backward_all(BaseContext *ctx, NnRun *run) {
  for (int i = run->n - 1; i >= 0; i--) {
    NnCall *call = &run->calls[i];
    const NnOp *op = nn_ops[call->node->op];
    if (!run->active[i] || !op->backward) continue;
    if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
    if (op->traits & NN_LOSS) *(float *)call->dy = 1.0f;
    double start = now(run);
    if (!op->backward(call)) return fail_node(ctx, call);
    run->seconds[i][1] = now(run) - start;
  }
  return BASE_OK;
}

BaseStatus nn_run_backward(BaseContext *ctx, NnRun *run) {
  if (!run->params.training) return base_fail(ctx, BASE_BAD_INPUT, "this run does not train");
  int before = nn_parallel_set(run->params.threads);
  BaseStatus status = backward_all(ctx, run);
  nn_parallel_set(before);
  return status;
}

/* --- results
 * -------------------------------------------------------------------------------------------------- */

const float *nn_run_output(const NnRun *run, NnVar output) {
  if (!is_node(run, output) || !run->used[output] || run->calls[output].yt != NN_F32) return NULL;
  bool kept =
      run->net->nodes[output].op == NN_OP_output || nn_ops[run->net->nodes[output].op]->traits & NN_LOSS;
  return kept ? run->calls[output].y : NULL;
}

NnShape nn_run_shape(const NnRun *run, NnVar var) {
  return is_node(run, var) ? run->shapes[var] : (NnShape){0};
}

double nn_run_loss(const NnRun *run) {
  double sum = 0;
  for (int i = 0; i < run->n; i++)
    if (run->used[i] && nn_ops[run->net->nodes[i].op]->traits & NN_LOSS)
      sum += (double)*(const float *)run->calls[i].y;
  return sum;
}

float *nn_run_gradients(NnRun *run) {
  return run->gradients;
}

void nn_run_clear_gradients(NnRun *run) {
  if (run->gradients) memset(run->gradients, 0, run->net->size * sizeof(float));
}

const float *nn_run_gradient(const NnRun *run, NnVar input) {
  if (!is_node(run, input) || !run->active[input] || run->net->nodes[input].op != NN_OP_input) return NULL;
  return run->calls[input].yt == NN_F32 ? run->calls[input].dy : NULL;
}

void nn_run_seed(NnRun *run, uint64_t seed) {
  run->seed = seed;
}

void nn_run_carry(NnRun *run, bool carry, int begin, int end) {
  run->carry = carry && run->params.carries;
  run->carry_begin = begin;
  run->carry_end = end;
}

void nn_run_forget(NnRun *run) {
  for (int i = 0; i < run->n; i++) {
    run->filled[i] = 0;
    if (run->states[i]) memset(run->states[i], 0, run->state_floats[i] * sizeof(float));
  }
}

double nn_run_seconds(const NnRun *run, NnVar var, bool backward) {
  return is_node(run, var) ? run->seconds[var][backward] : 0;
}

NnType nn_run_type(const NnRun *run) {
  return run->params.type;
}

size_t nn_run_bytes(const NnRun *run) {
  return run->memory_bytes + run->scratch_bytes;
}
