/* Reading and asking. The trunk carries its state from stretch to stretch; a stretch that is not full is filled with
 * unknown steps, behind which the state is not kept. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_model.h"

#include "core/nn/nn_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct LanguageReader {
  const LanguageModel *model;
  LanguageCode code;
  NnRun *trunk, *heads;
  LanguageStep last[2]; /* the step before the next one, and the one before that */
  bool foreseen;        /* the heads hold what the trunk makes of the next step */
};

static const LanguageStep UNKNOWN = {{-1, -1, -1, -1, -1, -1}, 0};

void language_reader_restart(LanguageReader *reader) {
  nn_run_forget(reader->trunk);
  reader->last[0] = reader->last[1] = UNKNOWN;
  reader->foreseen = false;
}

BaseStatus language_reader_new(BaseContext *ctx, LanguageReader **out, const LanguageModel *model, LanguageCode code) {
  LanguageReader *reader = calloc(1, sizeof *reader);
  if (!reader) return base_fail_memory(ctx);
  reader->model = model;
  reader->code = code;
  BaseStatus status = nn_run_new_shared(ctx, &reader->trunk, model->trunk, (NnRunParams){.carries = true});
  if (status == BASE_OK) status = nn_run_new_shared(ctx, &reader->heads, model->heads, (NnRunParams){0});
  if (status != BASE_OK) {
    language_reader_free(reader);
    return status;
  }
  language_reader_restart(reader);
  *out = reader;
  return BASE_OK;
}

void language_reader_free(LanguageReader *reader) {
  if (!reader) return;
  nn_run_free(reader->trunk);
  nn_run_free(reader->heads);
  free(reader);
}

/* ---- passes ---- */

/* The place of `steps` ids, all of them `value`. */
static float *place_ids(NnRun *run, NnVar var, int steps, float value) {
  float *to = nn_run_input(run, var, (NnShape){1, steps, 1, 1});
  for (int t = 0; to && t < steps; t++) to[t] = value;
  return to;
}

static void place_code(NnRun *run, const LanguageTensors *t, LanguageCode code, int steps) {
  place_ids(run, t->source, steps, (float)code.source);
  place_ids(run, t->channel, steps, (float)code.channel);
}

/* The step `back` before number i of the stretch; those before the stretch are remembered. */
static const LanguageStep *step_before(const LanguageReader *reader, const LanguageStep *steps, int i, int back) {
  return i >= back ? &steps[i - back] : &reader->last[back - i - 1];
}

/* The trunk over `known` steps' pasts of a pass of `width`, keeping the state after `known` of them. */
static BaseStatus pass_trunk(BaseContext *ctx, LanguageReader *reader, const LanguageStep *steps, int known, int width) {
  const LanguageTensors *t = &reader->model->in_trunk;
  for (int f = 0; f < LANGUAGE_FIELDS; f++) {
    float *before = place_ids(reader->trunk, t->before[f], width, -1);
    float *earlier = f < LANGUAGE_EARLIER ? place_ids(reader->trunk, t->earlier[f], width, -1) : NULL;
    for (int i = 0; i < known; i++) {
      before[i] = (float)step_before(reader, steps, i, 1)->field[f];
      if (earlier) earlier[i] = (float)step_before(reader, steps, i, 2)->field[f];
    }
  }
  place_code(reader->trunk, t, reader->code, width);
  nn_run_carry(reader->trunk, true, 0, known);
  return nn_run_forward(ctx, reader->trunk);
}

static void remember(LanguageReader *reader, const LanguageStep *steps, int n) {
  LanguageStep last = steps[n - 1], earlier = n > 1 ? steps[n - 2] : reader->last[0];
  reader->last[0] = last;
  reader->last[1] = earlier;
}

/* Hands what the trunk says on to the heads. */
static void hand_on(LanguageReader *reader, int width) {
  const LanguageTensors *t = &reader->model->in_heads;
  NnShape shape = {1, width, 1, reader->model->size.width};
  float *to = nn_run_input(reader->heads, t->hidden, shape);
  memcpy(to, nn_run_output(reader->trunk, reader->model->in_trunk.hidden), nn_shape_count(shape) * sizeof *to);
  place_code(reader->heads, t, reader->code, width);
}

static void place_now(LanguageReader *reader, const LanguageStep *steps, int known, int width) {
  for (int f = 0; f + 1 < LANGUAGE_FIELDS; f++) {
    float *now = place_ids(reader->heads, reader->model->in_heads.now[f], width, -1);
    for (int i = 0; i < known; i++) now[i] = steps[i].field[f];
  }
}

/* ---- answers ---- */

/* The ids that a step's field may have: those of what is played, or the others. Keys are shared. */
static void span_of(int *from, int *to, LanguageSource source, LanguageField field) {
  bool written = source == LANGUAGE_WRITTEN;
  *from = written && field != LANGUAGE_PITCH ? language_played_ids[field] : 0;
  *to = written ? language_ids[field] : language_played_ids[field];
}

static double log_sum(const float *logits, int from, int to) {
  double top = -INFINITY, sum = 0;
  for (int i = from; i < to; i++) top = fmax(top, (double)logits[i]);
  for (int i = from; i < to; i++) sum += exp((double)logits[i] - top);
  return top + log(sum);
}

/* −Σ p ln p. */
static double entropy(const float *logits, int from, int to, double all) {
  double sum = 0;
  for (int i = from; i < to; i++) {
    double log_p = (double)logits[i] - all;
    sum -= exp(log_p) * log_p;
  }
  return sum;
}

/* Where the answers for a number of steps go. */
typedef struct {
  float *nats, *expected; /* may be null */
} Answers;

static void answer(const LanguageReader *reader, const LanguageStep *steps, int known, Answers to_fill) {
  for (int f = 0; f < LANGUAGE_FIELDS; f++) {
    const float *logits = nn_run_output(reader->heads, reader->model->in_heads.logits[f]);
    int from, to;
    span_of(&from, &to, reader->code.source, f);
    for (int i = 0; i < known; i++) {
      int id = steps[i].field[f];
      const float *row = logits + (size_t)i * (size_t)language_ids[f];
      bool told = id >= from && id < to;
      double all = told ? log_sum(row, from, to) : 0;
      if (to_fill.nats) to_fill.nats[i * LANGUAGE_FIELDS + f] = told ? (float)(all - (double)row[id]) : 0;
      if (to_fill.expected) to_fill.expected[i * LANGUAGE_FIELDS + f] = told ? (float)entropy(row, from, to, all) : 0;
    }
  }
}

static BaseStatus pass_heads(BaseContext *ctx, LanguageReader *reader, const LanguageStep *steps, int n, int width,
                             Answers answers) {
  place_now(reader, steps, n, width);
  BaseStatus status = nn_run_forward(ctx, reader->heads);
  if (status == BASE_OK) answer(reader, steps, n, answers);
  return status;
}

/* The trunk has passed towards a step that was foreseen. */
static BaseStatus read_stretch(BaseContext *ctx, LanguageReader *reader, const LanguageStep *steps, int n, Answers answers) {
  int width = n == 1 ? 1 : n <= LANGUAGE_HALF_STRETCH ? LANGUAGE_HALF_STRETCH : LANGUAGE_STRETCH;
  BaseStatus status = reader->foreseen ? BASE_OK : pass_trunk(ctx, reader, steps, n, width);
  if (status == BASE_OK && (answers.nats || answers.expected)) {
    if (!reader->foreseen) hand_on(reader, width);
    status = pass_heads(ctx, reader, steps, n, width, answers);
  }
  if (status == BASE_OK) remember(reader, steps, n);
  reader->foreseen = false;
  return status;
}

BaseStatus language_read(BaseContext *ctx, LanguageReader *reader, const LanguageStep *steps, size_t n, float *nats,
                         float *expected) {
  BaseStatus status = BASE_OK;
  for (size_t at = 0; status == BASE_OK && at < n;) {
    if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
    size_t now = reader->foreseen ? 1 : n - at < LANGUAGE_STRETCH ? n - at : LANGUAGE_STRETCH;
    size_t row = at * LANGUAGE_FIELDS;
    status = read_stretch(ctx, reader, steps + at, (int)now,
                          (Answers){nats ? nats + row : NULL, expected ? expected + row : NULL});
    at += now;
  }
  return status;
}

/* The trunk's step towards the next note, once. */
static BaseStatus foresee(BaseContext *ctx, LanguageReader *reader) {
  if (reader->foreseen) return BASE_OK;
  BaseStatus status = pass_trunk(ctx, reader, &UNKNOWN, 1, 1);
  if (status != BASE_OK) return status;
  hand_on(reader, 1);
  reader->foreseen = true;
  return BASE_OK;
}

BaseStatus language_ask(BaseContext *ctx, LanguageReader *reader, float *probs, LanguageField field,
                        const LanguageStep *step) {
  LanguageStep known = UNKNOWN;
  BaseStatus status = foresee(ctx, reader);
  memcpy(known.field, step->field, (size_t)field * sizeof *known.field);
  if (status == BASE_OK) place_now(reader, &known, 1, 1);
  if (status == BASE_OK) status = nn_run_forward(ctx, reader->heads);
  if (status != BASE_OK) return status;
  const float *logits = nn_run_output(reader->heads, reader->model->in_heads.logits[field]);
  int from, to;
  span_of(&from, &to, reader->code.source, field);
  double all = log_sum(logits, from, to);
  for (int i = 0; i < language_ids[field]; i++)
    probs[i] = i < from || i >= to ? 0 : (float)exp((double)logits[i] - all);
  return BASE_OK;
}
