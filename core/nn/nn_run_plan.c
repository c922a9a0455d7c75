/* Planning a run: which nodes take part, how long each tensor lives, where it lies.
 *
 * Time is a row of 2n steps: node i runs forward at step i and backward at step 2n − 1 − i. A tensor lives
 * from its making to the last step that reads it; nn_plan gives places. Where the last reader of a tensor is
 * an operator that may work in place, its output takes the buffer over; likewise for gradients in backward.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_run_plan.h"

#include "core/nn/nn_plan.h"

#include <stdlib.h>

/* The three buffers of a node: its tensor, its gradient and what its operator keeps. */
enum { TENSOR, GRADIENT, SAVED, KINDS };

typedef struct {
  NnRun *run;
  NnSpan *spans; /* [n][KINDS] */
  int *owner;    /* of each span: the span whose place it shares, or itself */
  int *order;
} Plan;

static int back(const NnRun *run, int node) {
  return 2 * run->n - 1 - node;
}

static const NnNode *node_of(const NnRun *run, int i) {
  return &run->net->nodes[i];
}

static bool is_loss(const NnNode *node) {
  return nn_ops[node->op]->traits & NN_LOSS;
}

/* Who is evaluated: everything in training, else what outputs need. */
static void mark_used(NnRun *run) {
  for (int i = run->n - 1; i >= 0; i--) {
    const NnNode *node = node_of(run, i);
    if (run->params.training || node->op == NN_OP_output) run->used[i] = true;
    for (int k = 0; run->used[i] && k < node->n_x; k++) run->used[node->x[k]] = true;
  }
}

static bool has_trained_weights(const NnRun *run, const NnNode *node) {
  for (int k = 0; k < node->n_w; k++)
    if (nn_run_trains(run, node->w[k])) return true;
  return false;
}

/* Who takes part in backward: nodes between something trained and a loss. */
static void mark_active(NnRun *run) {
  if (!run->params.training) return;
  for (int i = 0; i < run->n; i++) {
    const NnNode *node = node_of(run, i);
    bool is_data = node->op == NN_OP_input && !node->set.input.is_target;
    run->active[i] = has_trained_weights(run, node) || (is_data && run->params.inputs_too);
    for (int k = 0; k < node->n_x; k++) run->active[i] |= run->active[node->x[k]];
  }
  bool *reached = run->fresh; /* borrowed */
  memset(reached, 0, (size_t)run->n * sizeof *reached);
  for (int i = run->n - 1; i >= 0; i--) {
    const NnNode *node = node_of(run, i);
    reached[i] |= is_loss(node);
    run->active[i] &= reached[i];
    for (int k = 0; reached[i] && k < node->n_x; k++) reached[node->x[k]] = true;
  }
}

static int count_readers(const NnRun *run, int i, int *reader) {
  int n = 0;
  for (int j = i + 1; j < run->n; j++)
    for (int k = 0; run->used[j] && k < node_of(run, j)->n_x; k++)
      if (node_of(run, j)->x[k] == i) {
        *reader = j;
        n++;
      }
  return n;
}

/* Folds batch norms into the products before them, outside of training. */
static void mark_folded(NnRun *run) {
  if (run->params.training) return;
  for (int i = 0; i < run->n; i++) {
    int reader = -1;
    if (!run->used[i] || node_of(run, i)->op != NN_OP_product || node_of(run, i)->set.product.relu) continue;
    if (count_readers(run, i, &reader) != 1 || node_of(run, reader)->op != NN_OP_batch_norm) continue;
    run->calls[i].fold = &run->calls[reader];
    run->skipped[reader] = true;
  }
}

static NnType type_of(const NnRun *run, const NnNode *node) {
  bool floats =
      node->op == NN_OP_output || is_loss(node) || (node->op == NN_OP_input && node->set.input.is_target);
  return floats ? NN_F32 : run->params.type;
}

static void fill_calls(NnRun *run) {
  for (int i = 0; i < run->n; i++) {
    const NnNode *node = node_of(run, i);
    NnCall *call = &run->calls[i];
    call->node = node;
    call->ys = run->shapes[i] = node->shape;
    call->yt = type_of(run, node);
    for (int k = 0; k < node->n_x; k++) {
      call->xs[k] = node_of(run, node->x[k])->shape;
      call->xt[k] = run->calls[node->x[k]].yt;
    }
    call->dnnl = run->dnnl;
    call->training = run->params.training;
    call->threads = run->params.threads;
  }
}

/* --- lifetimes ----------------------------------------------------------------------------------------- */

static NnSpan *span(Plan *plan, int node, int kind) {
  return &plan->spans[node * KINDS + kind];
}

static void extend(NnSpan *s, int step) {
  if (step < s->first) s->first = step;
  if (step > s->last) s->last = step;
}

static size_t tensor_bytes(const NnRun *run, int i) {
  return nn_shape_count(run->calls[i].ys) * nn_type_size(run->calls[i].yt);
}

static void measure_tensor(Plan *plan, int i) {
  NnRun *run = plan->run;
  const NnNode *node = node_of(run, i);
  NnSpan *s = span(plan, i, TENSOR);
  *s = (NnSpan){.first = i, .last = i, .bytes = tensor_bytes(run, i)};
  if (node->op == NN_OP_input) s->first = 0;
  if (node->op == NN_OP_input || node->op == NN_OP_output || is_loss(node)) extend(s, 2 * run->n);
  if (run->active[i] && nn_node_traits(node) & NN_READS_Y) extend(s, back(run, i));
  for (int k = 0; k < node->n_x; k++) {
    NnSpan *x = span(plan, node->x[k], TENSOR);
    extend(x, i);
    if (run->active[i] && nn_node_traits(node) & NN_READS_X) extend(x, back(run, i));
  }
}

static void measure_saved(Plan *plan, int i) {
  NnRun *run = plan->run;
  const NnNode *node = node_of(run, i);
  bool staged = node->op == NN_OP_input && run->calls[i].yt != NN_F32;
  size_t (*saved)(const NnCall *) = nn_ops[node->op]->saved;
  NnSpan *s = span(plan, i, SAVED);
  *s = (NnSpan){.first = i, .last = run->active[i] ? back(run, i) : i};
  if (saved) s->bytes = saved(&run->calls[i]);
  if (staged)
    *s = (NnSpan){.first = 0, .last = 2 * run->n, .bytes = nn_shape_count(node->shape) * sizeof(float)};
}

static void measure_gradient(Plan *plan, int i) {
  NnRun *run = plan->run;
  if (!run->active[i]) return;
  const NnNode *node = node_of(run, i);
  NnSpan *s = span(plan, i, GRADIENT);
  if (s->bytes == 0)
    *s = (NnSpan){.first = back(run, i), .last = back(run, i), .bytes = tensor_bytes(run, i)};
  if (node->op == NN_OP_input) extend(s, 2 * run->n);
  for (int k = 0; k < node->n_x; k++) {
    NnSpan *x = span(plan, node->x[k], GRADIENT);
    if (!run->active[node->x[k]]) continue;
    if (x->bytes == 0) *x = (NnSpan){back(run, i), back(run, node->x[k]), tensor_bytes(run, node->x[k]), 0};
    extend(x, back(run, i));
  }
}

/* --- buffers taken over -------------------------------------------------------------------------------- */

static int owner_of(const Plan *plan, int s) {
  while (plan->owner[s] != s) s = plan->owner[s];
  return s;
}

static void take_over(Plan *plan, int taker, int giver) {
  NnSpan *from = &plan->spans[owner_of(plan, giver)], *by = &plan->spans[taker];
  extend(from, by->first);
  extend(from, by->last);
  by->bytes = 0;
  plan->owner[taker] = owner_of(plan, giver);
}

static bool same_bytes(const NnRun *run, int a, int b) {
  return run->calls[a].yt == run->calls[b].yt && nn_shape_equal(run->calls[a].ys, run->calls[b].ys);
}

static void share_tensors(Plan *plan) {
  NnRun *run = plan->run;
  for (int i = 0; i < run->n; i++) {
    const NnNode *node = node_of(run, i);
    if (!run->used[i] || node->n_x == 0) continue;
    int x = node->x[0];
    bool may =
        nn_node_traits(node) & NN_IN_PLACE && same_bytes(run, i, x) && node_of(run, x)->op != NN_OP_input;
    if (run->skipped[i] || (may && span(plan, x, TENSOR)->last == i))
      take_over(plan, i * KINDS + TENSOR, x * KINDS + TENSOR);
  }
}

static void share_gradients(Plan *plan) {
  NnRun *run = plan->run;
  for (int i = run->n - 1; i >= 0; i--) {
    const NnNode *node = node_of(run, i);
    if (!run->active[i] || node->n_x == 0 || !(nn_node_traits(node) & NN_IN_PLACE_BACK)) continue;
    int x = node->x[0];
    bool first = run->active[x] && span(plan, x, GRADIENT)->first == back(run, i);
    if (first && same_bytes(run, i, x)) take_over(plan, x * KINDS + GRADIENT, i * KINDS + GRADIENT);
  }
}

/* --- addresses ------------------------------------------------------------------------------------------ */

static void *address(const Plan *plan, int node, int kind) {
  int s = owner_of(plan, node * KINDS + kind);
  return plan->spans[s].bytes ? plan->run->memory + plan->spans[s].offset : NULL;
}

static void point_call(Plan *plan, int i) {
  NnRun *run = plan->run;
  const NnNode *node = node_of(run, i);
  NnCall *call = &run->calls[i];
  call->y = address(plan, i, TENSOR);
  call->saved = address(plan, i, SAVED);
  if (run->active[i]) call->dy = address(plan, i, GRADIENT);
  for (int k = 0; k < node->n_x; k++) {
    call->x[k] = address(plan, node->x[k], TENSOR);
    if (run->active[i] && run->active[node->x[k]]) call->dx[k] = address(plan, node->x[k], GRADIENT);
  }
}

/* In the order of backward, the first to give a gradient puts it and the others add. */
static void mark_additions(NnRun *run) {
  bool *given = run->fresh; /* borrowed */
  memset(given, 0, (size_t)run->n * sizeof *given);
  for (int i = run->n - 1; i >= 0; i--)
    for (int k = 0; k < node_of(run, i)->n_x; k++) {
      int x = node_of(run, i)->x[k];
      run->calls[i].add[k] = given[x];
      if (run->calls[i].dx[k]) given[x] = true;
    }
}

static BaseStatus allocate(BaseContext *ctx, NnRun *run, size_t bytes) {
  run->memory_bytes = bytes;
  run->memory = aligned_alloc(64, bytes ? bytes : 64);
  if (!run->memory) return base_fail_memory(ctx);
  memset(run->memory, 0, bytes);
  if (!run->params.training) return BASE_OK;
  size_t gradients = (run->net->size * sizeof(float) + 127) / 64 * 64;
  run->gradients = aligned_alloc(64, gradients);
  if (!run->gradients) return base_fail_memory(ctx);
  memset(run->gradients, 0, gradients);
  return BASE_OK;
}

static BaseStatus lay_out(BaseContext *ctx, Plan *plan) {
  NnRun *run = plan->run;
  for (int i = 0; i < run->n * KINDS; i++) plan->owner[i] = i;
  for (int i = 0; i < run->n; i++) {
    if (!run->used[i]) continue;
    measure_tensor(plan, i);
    measure_saved(plan, i);
  }
  for (int i = run->n - 1; i >= 0; i--) measure_gradient(plan, i);
  share_tensors(plan);
  share_gradients(plan);
  BaseStatus status = allocate(ctx, run, nn_plan(plan->spans, run->n * KINDS, plan->order));
  for (int i = 0; status == BASE_OK && i < run->n; i++)
    if (run->used[i]) point_call(plan, i);
  mark_additions(run);
  return status;
}

static size_t state_floats(const NnNode *node) {
  size_t lanes = (size_t)node->shape.n * (size_t)node->shape.f;
  switch (node->op) {
  case NN_OP_gru:
    return lanes * (size_t)node->set.gru.hidden;
  case NN_OP_min_gru:
    return lanes * (size_t)node->shape.c;
  case NN_OP_attention:
    return 2 * nn_shape_count(node->shape);
  default:
    return 0;
  }
}

static BaseStatus allocate_states(BaseContext *ctx, NnRun *run) {
  for (int i = 0; i < run->n && run->params.carries; i++) {
    run->state_floats[i] = run->used[i] ? state_floats(node_of(run, i)) : 0;
    if (run->state_floats[i] == 0) continue;
    run->states[i] = calloc(run->state_floats[i], sizeof(float));
    if (!run->states[i]) return base_fail_memory(ctx);
  }
  return BASE_OK;
}

BaseStatus nn_run_plan(BaseContext *ctx, NnRun *run) {
  fill_calls(run);
  mark_used(run);
  mark_active(run);
  mark_folded(run);
  size_t n = (size_t)run->n * KINDS;
  Plan plan = {run, calloc(n, sizeof *plan.spans), calloc(n, sizeof *plan.owner),
               calloc(n, sizeof *plan.order)};
  BaseStatus status = plan.spans && plan.owner && plan.order ? lay_out(ctx, &plan) : base_fail_memory(ctx);
  free(plan.spans);
  free(plan.owner);
  free(plan.order);
  return status == BASE_OK ? allocate_states(ctx, run) : status;
}
