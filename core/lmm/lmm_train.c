/* The training loop: batches → step → validate → keep the best → checkpoint → report.
 *
 * All randomness hangs on the seed and on numbers of steps and examples, so that a checkpoint needs no
 * generator's state: weights, optimiser, best weights and a few counts bring the same curve back.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_train.h"

#include "core/nn/nn_weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

LmmSide lmm_side(const char *piece) {
  uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a, then a finaliser so that all bits count */
  for (const unsigned char *at = (const unsigned char *)piece; *at; at++)
    hash = (hash ^ *at) * 0x100000001b3u;
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
  hash = (hash ^ hash >> 33) % 10;
  return hash == 0 ? LMM_TEST : hash == 1 ? LMM_VALIDATION : LMM_TRAINING;
}

typedef struct {
  BaseContext *ctx;
  NnNet *net;
  const LmmSource *training, *validation;
  LmmTrainParams params;
  NnRun *run;
  NnOptim *optim;
  LmmLoader *loader;
  float *good, *best; /* values whose loss was finite, and those that validated best */
  double loss_sum;    /* since the last report */
  long loss_count;
  int since_best; /* validations */
  LmmReport report;
  double started;
  long first; /* step that this call began with */
} Training;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static LmmTrainParams with_defaults(LmmTrainParams p) {
  if (p.optim.steps <= 0) p.optim.steps = 1000;
  if (p.accumulate < 1) p.accumulate = 1;
  if (p.validate_every < 1) p.validate_every = p.optim.steps / 20 > 0 ? p.optim.steps / 20 : 1;
  if (p.validation_batches < 1) p.validation_batches = 8;
  if (p.ahead < 1) p.ahead = 4;
  return p;
}

static size_t value_bytes(const Training *s) {
  return nn_net_size(s->net) * sizeof(float);
}

static void set_values(Training *s, const float *values) {
  memcpy(nn_net_values(s->net), values, value_bytes(s));
  nn_net_changed(s->net);
}

/* --- checkpoints ---------------------------------------------------------------------------------------- */

/* Adds the counts and writes, for the pack borrows them until then. */
static BaseStatus add_counts_and_write(Training *s, BasePackWriter *writer) {
  double counts[] = {(double)s->report.best_step, s->report.best_loss, (double)s->since_best, s->loss_sum,
                     (double)s->loss_count};
  uint64_t bytes = sizeof counts, size = nn_net_size(s->net);
  BaseStatus status = base_pack_add(s->ctx, writer, "train.counts", BASE_U8, 1, &bytes, counts);
  if (status == BASE_OK)
    status = base_pack_add_floats(s->ctx, writer, "train.best", BASE_F32, 1, &size, s->best);
  if (status == BASE_OK) status = base_pack_write(s->ctx, writer, s->params.checkpoint);
  return status;
}

static BaseStatus save_checkpoint(Training *s) {
  if (!s->params.checkpoint) return BASE_OK;
  BasePackWriter *writer = base_pack_writer_new();
  if (!writer) return base_fail_memory(s->ctx);
  BaseStatus status = nn_weights_save(s->ctx, writer, s->net, BASE_F32);
  if (status == BASE_OK) status = nn_optim_save(s->ctx, writer, s->optim);
  if (status == BASE_OK) status = add_counts_and_write(s, writer);
  base_pack_writer_free(writer);
  return status;
}

static BaseStatus take_counts(Training *s, const BasePack *pack) {
  double counts[5];
  uint64_t bytes = sizeof counts, size = nn_net_size(s->net);
  const BaseTensor *tensor = NULL;
  BaseStatus status = base_pack_tensor(s->ctx, &tensor, pack, "train.counts", BASE_U8, 1, &bytes);
  if (status == BASE_OK) status = base_pack_floats(s->ctx, s->best, pack, "train.best", 1, &size);
  if (status != BASE_OK) return status;
  memcpy(counts, tensor->data, sizeof counts);
  s->report.best_step = (long)counts[0];
  s->report.best_loss = counts[1];
  s->since_best = (int)counts[2];
  s->loss_sum = counts[3];
  s->loss_count = (long)counts[4];
  return BASE_OK;
}

static BaseStatus load_checkpoint(Training *s) {
  if (!s->params.checkpoint || access(s->params.checkpoint, F_OK) != 0) return BASE_OK;
  BasePack *pack = NULL;
  BaseStatus status = base_pack_load(s->ctx, &pack, s->params.checkpoint);
  if (status == BASE_OK) status = nn_weights_load(s->ctx, s->net, pack);
  if (status == BASE_OK) status = nn_optim_load(s->ctx, s->optim, pack);
  if (status == BASE_OK) status = take_counts(s, pack);
  base_pack_free(pack);
  return status;
}

static BaseStatus write_weights(Training *s) {
  const LmmTrainParams *p = &s->params;
  if (!p->weights) return BASE_OK;
  BasePackWriter *writer = base_pack_writer_new();
  if (!writer) return base_fail_memory(s->ctx);
  char step[32], loss[32];
  snprintf(step, sizeof step, "%ld", s->report.best_step);
  snprintf(loss, sizeof loss, "%.6g", s->report.best_loss);
  BaseStatus status = nn_weights_save(s->ctx, writer, s->net, BASE_F16);
  for (int i = 0; status == BASE_OK && i < p->n_origin; i++)
    status = base_pack_add_text(s->ctx, writer, p->origin[i][0], p->origin[i][1]);
  if (status == BASE_OK) status = base_pack_add_text(s->ctx, writer, "training.step", step);
  if (status == BASE_OK) status = base_pack_add_text(s->ctx, writer, "training.validation_loss", loss);
  if (status == BASE_OK) status = base_pack_write(s->ctx, writer, p->weights);
  base_pack_writer_free(writer);
  return status;
}

/* --- validation --------------------------------------------------------------------------------------------
 */

/* The mean loss over the same batches each time, by running statistics and without dropout. */
static BaseStatus validation_loss(Training *s, double *loss) {
  BaseContext quiet = {.cancel = s->ctx->cancel, .seed = ~s->ctx->seed, .threads = s->ctx->threads};
  LmmLoader *loader = NULL;
  double sum = 0;
  nn_run_training(s->run, false);
  BaseStatus status = lmm_loader_new(&quiet, &loader, s->validation, 0, s->params.loaders, s->params.ahead);
  for (int i = 0; status == BASE_OK && i < s->params.validation_batches; i++) {
    status = lmm_loader_next(&quiet, loader, s->run);
    if (status == BASE_OK) status = nn_run_forward(&quiet, s->run);
    sum += nn_run_loss(s->run);
  }
  lmm_loader_free(loader);
  nn_run_training(s->run, true);
  *loss = sum / s->params.validation_batches;
  return base_context_join(s->ctx, &quiet, status);
}

static BaseStatus keep_if_best(Training *s, double loss) {
  s->since_best++;
  if (s->validation && loss >= s->report.best_loss) return BASE_OK;
  s->since_best = 0;
  s->report.best_loss = loss;
  s->report.best_step = nn_optim_steps(s->optim);
  memcpy(s->best, nn_net_values_const(s->net), value_bytes(s));
  return write_weights(s);
}

static BaseStatus validate(Training *s) {
  LmmReport *r = &s->report;
  r->training_loss = s->loss_count ? s->loss_sum / (double)s->loss_count : NAN;
  double loss = r->training_loss;
  nn_optim_swap(s->optim, s->net);
  BaseStatus status = s->validation ? validation_loss(s, &loss) : BASE_OK;
  if (status == BASE_OK) status = keep_if_best(s, loss);
  nn_optim_swap(s->optim, s->net);
  if (status != BASE_OK) return status;
  r->validation_loss = loss;
  s->loss_sum = 0;
  s->loss_count = 0;
  return save_checkpoint(s);
}

static void tell(Training *s) {
  LmmReport *r = &s->report;
  r->step = nn_optim_steps(s->optim);
  r->rate = nn_optim_rate(s->optim);
  r->seconds = now() - s->started;
  r->left_s =
      r->step > s->first ? r->seconds / (double)(r->step - s->first) * (double)(r->steps - r->step) : 0;
  r->waited_s = lmm_loader_waited(s->loader);
}

static void show_progress(Training *s) {
  char what[96];
  tell(s);
  long minutes = lround(s->report.left_s / 60);
  snprintf(what, sizeof what, "Training: step %ld of %ld, about %ld min left", s->report.step,
           s->report.steps, minutes);
  base_progress(s->ctx, (double)s->report.step / (double)s->report.steps, what);
}

/* --- one step
 * ------------------------------------------------------------------------------------------------- */

static BaseStatus add_batch(Training *s, long number) {
  BaseStatus status = lmm_loader_next(s->ctx, s->loader, s->run);
  if (status != BASE_OK) return status;
  nn_run_seed(s->run, s->ctx->seed ^ (uint64_t)number * 0x9e3779b97f4a7c15u);
  status = nn_run_forward(s->ctx, s->run);
  if (status != BASE_OK) return status;
  double loss = nn_run_loss(s->run);
  if (!isfinite(loss))
    return base_fail(s->ctx, BASE_NUMERIC, "the loss of step %ld is not finite", nn_optim_steps(s->optim));
  s->loss_sum += loss;
  s->loss_count++;
  return nn_run_backward(s->ctx, s->run);
}

static BaseStatus take_step(Training *s) {
  BaseStatus status = BASE_OK;
  long step = nn_optim_steps(s->optim);
  double loss_sum = s->loss_sum;
  long loss_count = s->loss_count;
  memcpy(s->good, nn_net_values_const(s->net), value_bytes(s));
  nn_run_clear_gradients(s->run);
  for (int i = 0; status == BASE_OK && i < s->params.accumulate; i++)
    status = add_batch(s, step * s->params.accumulate + i);
  if (status == BASE_OK)
    status = nn_optim_step(s->ctx, NULL, s->optim, s->net, nn_run_gradients(s->run),
                           1.0f / (float)s->params.accumulate);
  if (status == BASE_OK) return status;
  set_values(s, s->good); /* batch norms may have moved */
  s->loss_sum = loss_sum;
  s->loss_count = loss_count;
  return status;
}

static BaseStatus go(Training *s) {
  BaseStatus status = BASE_OK;
  long steps = s->params.optim.steps;
  while (status == BASE_OK && nn_optim_steps(s->optim) < steps) {
    status = base_cancelled(s->ctx) ? base_fail_cancelled(s->ctx) : take_step(s);
    if (status != BASE_OK) break;
    show_progress(s);
    long done = nn_optim_steps(s->optim);
    if (done % s->params.validate_every != 0 && done != steps) continue;
    status = validate(s);
    if (status == BASE_OK && s->params.report) s->params.report(s->params.user, &s->report);
    if (s->params.patience > 0 && s->since_best >= s->params.patience) break;
  }
  return status;
}

/* The net is left with the best weights, the checkpoint with where the training stands. */
static BaseStatus finish(Training *s, BaseStatus status) {
  char sentence[BASE_SENTENCE_SIZE];
  memcpy(sentence, s->ctx->sentence, sizeof sentence);
  if (status == BASE_CANCELLED) save_checkpoint(s);
  if (isfinite(s->report.best_loss)) set_values(s, s->best);
  memcpy(s->ctx->sentence, sentence, sizeof sentence);
  return status;
}

static BaseStatus begin(Training *s) {
  s->good = malloc(value_bytes(s) + 1);
  s->best = malloc(value_bytes(s) + 1);
  if (!s->good || !s->best) return base_fail_memory(s->ctx);
  memcpy(s->best, nn_net_values_const(s->net), value_bytes(s));
  s->report = (LmmReport){.steps = s->params.optim.steps, .best_loss = INFINITY};
  BaseStatus status = nn_optim_new(s->ctx, &s->optim, s->net, s->params.optim);
  if (status == BASE_OK) status = load_checkpoint(s);
  if (status == BASE_OK)
    status = nn_run_new(s->ctx, &s->run, s->net, (NnRunParams){.training = true, .type = s->params.type});
  if (status != BASE_OK) return status;
  s->first = nn_optim_steps(s->optim);
  uint64_t batch = (uint64_t)s->first * (uint64_t)s->params.accumulate;
  return lmm_loader_new(s->ctx, &s->loader, s->training, batch, s->params.loaders, s->params.ahead);
}

BaseStatus lmm_train(BaseContext *ctx, LmmReport *last, NnNet *net, const LmmSource *training,
                     const LmmSource *validation, const LmmTrainParams *params) {
  BaseContext nobody = {0};
  Training s = {.ctx = ctx ? ctx : &nobody,
                .net = net,
                .training = training,
                .validation = validation,
                .params = with_defaults(*params),
                .started = now()};
  BaseStatus status = begin(&s);
  if (status == BASE_OK) status = finish(&s, go(&s));
  if (s.loader) tell(&s);
  if (last) *last = s.report;
  lmm_loader_free(s.loader);
  nn_run_free(s.run);
  nn_optim_free(s.optim);
  free(s.good);
  free(s.best);
  return status;
}
