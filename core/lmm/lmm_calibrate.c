/* Bars that a person has put right say which notes sound there; the rest of the score says it with less certainty. The
 * network learns from both, a quarter of either being kept apart to judge by; labels are found anew by what has been
 * learned so far (Maman & Bermano 2022). How much may change grows with the number of bars. When that has proved better, it
 * learns from everything for a while. What is this recording's own is found last: a lag for each key and touch, by which
 * onsets are drawn to where the score expects them, and how doubtful ones are weighed. The recording keeps all of it;
 * others are heard with as much as forgets nothing.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_calibrate.h"

#include "core/evaluation/evaluation.h"
#include "core/lmm/lmm_doubts.h"
#include "core/lmm/lmm_lag.h"
#include "core/lmm/lmm_lesson.h"
#include "core/nn/nn_weights.h"
#include "core/transcription/transcription_hear.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  HOLD_OUT = 4, /* one bar in so many, and as much of the rest */
  MOST_PATTERNS = 12,
  TEST_NUMBERS = 1000 /* of dreams to judge by, from here on */
};

static const double hop_s = (double)FEATURES_HOP / FEATURES_RATE_HZ, dream_s = 21, block_s = 10;
static const double least_gain = 0.001, most_lost = 0.005, most_worse = 0.02, most_missed = 2.5 /* in a few bars, as a part and as notes */, least_found = 0.5;
static const float shares[] = {1, 0.6F, 0.3F, 0};
enum { SHARES = sizeof shares / sizeof *shares };
static const double heard_share = 0.15, taught_share = 0.7, settled_share = 0.76, revised_share = 0.94; /* of the work */

/* What may change from so many bars on, and how fast. */
static const struct {
  int bars;
  long steps;
  float rate;
  const char *patterns[MOST_PATTERNS];
} stages[] = {{1, 40, 1e-3F, {"keys.*", "head.*.bias"}}, {3, 96, 3e-3F, {"*"}}};
static const double revising = 0.27; /* of the steps: those that learn from everything */
enum { STAGES = sizeof stages / sizeof *stages };

typedef enum { OUTSIDE, TRUSTED, HELD_TRUSTED, BEYOND, HELD_BEYOND, PLACES } Place;

typedef struct {
  const BaseContext *caller;
  BaseContext step, *ctx; /* of the part of the work that is being done */
  const LmmPair *pair;
  LmmCalibrateParams params;
  int stage;
  NnNet *net;
  TranscriptionTensors tensors;
  Motion *found;          /* the score's notes, found anew from what is heard by now; null: not yet */
  TranscriptionOwn own;   /* of the recording */
  double judged[PLACES]; /* expected notes */
  float *first;           /* the values before */
  float *learned, *kept;  /* what learning came to, and what of it this recording keeps */
  uint8_t *place, *trust; /* one a frame */
  size_t *middles, n_middles;
  LmmAnswers answers;
  LmmDream *dreams, *tests;
  size_t n_dreams, n_tests;
  LmmCalibration report;
} Calibration;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* From here to there in the caller's progress. */
static void begin(Calibration *c, double from, double to) {
  c->step = base_context_step(c->caller, from, to);
  c->ctx = &c->step;
}

/* For what is many small pieces of work: whoever cancels is heard, nobody is told. */
static BaseContext quiet(const Calibration *c) {
  BaseContext quiet = *c->ctx;
  quiet.progress = NULL;
  return quiet;
}

/* ---- what is believed ---- */

static size_t frame_of(const Calibration *c, double at_s) {
  const double frame = fmax(0, at_s / hop_s);
  return frame < (double)c->pair->recording->frames ? (size_t)frame : c->pair->recording->frames;
}

static void put_span(Calibration *c, const LmmSpan *span, Place place) {
  const size_t from = frame_of(c, span->from_s), to = frame_of(c, span->to_s);
  for (size_t t = from; t < to; t++) c->place[t] = (uint8_t)place;
}

static bool is_believed(const Calibration *c, size_t t, bool all) {
  return t < c->pair->recording->frames && (c->place[t] == TRUSTED || (all && c->place[t] == HELD_TRUSTED));
}

/* What may be learned from: with `all`, what was held out as well. */
static void believe(Calibration *c, bool all) {
  const uint8_t beyond = (uint8_t)lrintf(255 * fmaxf(0, c->params.beyond));
  for (size_t t = 0; t < c->pair->recording->frames; t++) {
    const Place place = (Place)c->place[t];
    c->trust[t] = is_believed(c, t, all) ? 255 : place == BEYOND || (all && place == HELD_BEYOND) ? beyond : 0;
  }
  c->n_middles = 0;
  for (size_t i = 0; i < c->pair->n_trusted; i++) {
    const size_t middle = frame_of(c, 0.5 * (c->pair->trusted[i].from_s + c->pair->trusted[i].to_s));
    if (is_believed(c, middle, all)) c->middles[c->n_middles++] = middle;
  }
}

static void lay_out(Calibration *c) {
  const LmmPair *pair = c->pair;
  const double last_s = pair->expected->notes.n ? pair->expected->notes.items[pair->expected->notes.n - 1].onset_s : 0;
  const double first_s = pair->expected->notes.n ? pair->expected->notes.items[0].onset_s : 0;
  for (size_t t = frame_of(c, first_s - 0.5); t < frame_of(c, last_s + 0.5); t++) {
    const bool held = c->params.beyond < 0 || (int)((double)t * hop_s / block_s) % HOLD_OUT == HOLD_OUT - 1;
    c->place[t] = held ? HELD_BEYOND : BEYOND;
  }
  c->report.bars = pair->n_trusted;
  for (size_t i = 0; i < pair->n_trusted; i++) {
    const bool held = i % HOLD_OUT == HOLD_OUT / 2 && pair->n_trusted >= HOLD_OUT;
    put_span(c, &pair->trusted[i], held ? HELD_TRUSTED : TRUSTED);
    c->report.bars_held_out += held;
  }
  believe(c, false);
}

/* ---- judging ---- */

/* The notes of `motion` that begin in such a place. */
static Motion *notes_in(const Calibration *c, const Motion *motion, Place place) {
  Motion *kept = motion_new();
  for (size_t i = 0; kept && i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    const size_t t = frame_of(c, note->onset_s);
    if (t >= c->pair->recording->frames || c->place[t] != place || base_array_push(&kept->notes, *note)) continue;
    motion_free(kept);
    kept = NULL;
  }
  return kept;
}

/* NAN where nothing is expected. */
static BaseStatus agreement(BaseContext *ctx, double *f1, const Motion *expected, const Motion *heard) {
  EvaluationNotes notes;
  *f1 = NAN;
  if (!expected || !heard) return base_fail_memory(ctx);
  if (!expected->notes.n) return BASE_OK;
  BaseStatus status = evaluation_notes(ctx, &notes, expected, heard, NULL);
  if (status == BASE_OK) *f1 = notes.onset.f1;
  return status;
}

static BaseStatus judge_place(Calibration *c, double *f1, Place place) {
  Motion *expected = notes_in(c, c->pair->expected, place), *heard = notes_in(c, c->answers.heard->motion, place);
  BaseStatus status = agreement(c->ctx, f1, expected, heard);
  if (expected) c->judged[place] = (double)expected->notes.n;
  motion_free(expected);
  motion_free(heard);
  return status;
}

static BaseStatus judge_dreams(Calibration *c, double *f1) {
  size_t matched = 0, reference = 0, estimated = 0;
  BaseContext ctx = quiet(c);
  BaseStatus status = BASE_OK;
  for (size_t i = 0; status == BASE_OK && i < c->n_tests; i++) {
    LmmAnswers answers = {0};
    EvaluationNotes notes;
    status = lmm_answers_of(&ctx, &answers, c->net, &c->tests[i].recording);
    if (status == BASE_OK) status = evaluation_notes(&ctx, &notes, c->tests[i].motion, answers.heard->motion, NULL);
    lmm_answers_clear(&answers);
    if (status != BASE_OK) break;
    matched += notes.onset.matched, reference += notes.onset.reference, estimated += notes.onset.estimated;
  }
  *f1 = evaluation_share(matched, reference, estimated).f1;
  return base_context_join(c->ctx, &ctx, status);
}

/* Hears the recording with the present values. */
static BaseStatus hear(Calibration *c) {
  lmm_answers_clear(&c->answers);
  return lmm_answers_of(c->ctx, &c->answers, c->net, c->pair->recording);
}

/* What is taught; what is judged by stays as it was. */
static const Motion *taught(const Calibration *c) {
  return c->found ? c->found : c->pair->expected;
}

/* Decides what is heard by the lag that shows in it, what is struck together by what that leaves, and what is doubtful by
 * what the score asks for then. */
static BaseStatus take_own(Calibration *c) {
  const size_t frames = c->pair->recording->frames;
  BaseContext ctx = quiet(c);
  BaseStatus status = lmm_answers_decide(c->ctx, &c->answers, NULL);
  if (status != BASE_OK || c->pair->for_others) return status;
  lmm_lag_fit(&c->own, c->answers.heard->motion, taught(c), c->trust, frames, hop_s);
  status = lmm_answers_decide(c->ctx, &c->answers, &c->own);
  if (status != BASE_OK) return status;
  c->own.together = lmm_together_fit(c->answers.heard->motion, taught(c), c->trust, frames, hop_s);
  status = base_context_join(c->ctx, &ctx, lmm_doubts_fit(&ctx, &c->own, c->answers.heard->evidence, taught(c), c->trust));
  return status == BASE_OK ? lmm_answers_decide(c->ctx, &c->answers, &c->own) : status;
}

static BaseStatus hear_in_time(Calibration *c) {
  BaseStatus status = hear(c);
  return status == BASE_OK ? take_own(c) : status;
}

/* What is heard in time lets the score be found better (labels that are estimated anew: Maman & Bermano 2022). */
static BaseStatus expect_anew(Calibration *c) {
  Motion *found = NULL;
  BaseContext ctx = quiet(c);
  if (!c->pair->expect) return BASE_OK;
  BaseStatus status = base_context_join(c->ctx, &ctx, c->pair->expect(&ctx, c->pair->user, &found, c->answers.heard));
  if (status != BASE_OK) return status;
  motion_free(c->found);
  c->found = found;
  return BASE_OK;
}

static BaseStatus judge_here(Calibration *c, double *trusted, double *beyond) {
  BaseStatus status = judge_place(c, trusted, HELD_TRUSTED);
  return status == BASE_OK ? judge_place(c, beyond, HELD_BEYOND) : status;
}

/* ---- learning ---- */

static void thaw(Calibration *c) {
  for (int i = 0; i < MOST_PATTERNS && stages[c->stage].patterns[i]; i++)
    nn_net_freeze(c->net, stages[c->stage].patterns[i], false);
  nn_net_freeze(c->net, "*.mean", true);
  nn_net_freeze(c->net, "*.variance", true);
  for (int i = 0; i < nn_net_parameter_count(c->net); i++) {
    const NnParameter *p = nn_net_parameter(c->net, i);
    if (!p->frozen) c->report.free_values += p->count;
  }
}

static BaseStatus learn_round(Calibration *c, long steps) {
  LmmLabels labels = {0};
  BaseStatus status = lmm_labels_of(c->ctx, &labels, &c->answers, taught(c), &c->params.labels);
  if (status != BASE_OK) return status;
  c->report.labels = labels.found;
  c->report.unheard = labels.unheard;
  const LmmLesson lesson = {.recording = c->pair->recording,
                            .answers = &c->answers,
                            .labels = &labels,
                            .trust = c->trust,
                            .middles = c->middles,
                            .n_middles = c->n_middles,
                            .dreams = c->dreams,
                            .n_dreams = c->n_dreams,
                            .batch = c->params.batch,
                            .rehearsal = c->params.rehearsal};
  const LmmLessonParams params = {.steps = steps > 0 ? steps : 1, .rate = c->params.rate};
  if ((double)labels.found < least_found * (double)(labels.found + labels.unheard))
    status = base_fail(c->ctx, BASE_BAD_INPUT, "Only %zu of %zu notes of the score are heard where they should be.",
                       labels.found, labels.found + labels.unheard);
  if (status == BASE_OK) status = lmm_lesson_teach(c->ctx, c->net, &c->tensors, &lesson, &params);
  lmm_labels_clear(&labels);
  return status;
}

/* Where the score's notes are by what is heard now, and what is heard without what is the recording's own, for labels. */
static BaseStatus get_ready(Calibration *c) {
  BaseStatus status = take_own(c);
  if (status == BASE_OK) status = expect_anew(c);
  return status == BASE_OK ? lmm_answers_decide(c->ctx, &c->answers, NULL) : status;
}

static long steps_revising(const Calibration *c) {
  return c->pair->for_others ? 0 : lrint(revising * (double)c->params.steps);
}

static BaseStatus learn(Calibration *c) {
  const long steps = (c->params.steps - steps_revising(c)) / c->params.rounds;
  thaw(c);
  BaseStatus status = get_ready(c);
  for (int round = 0; status == BASE_OK && round < c->params.rounds; round++) {
    const double share = (taught_share - heard_share) / c->params.rounds;
    begin(c, heard_share + round * share, heard_share + (round + 1) * share);
    status = learn_round(c, steps);
    if (status == BASE_OK && round + 1 < c->params.rounds) status = hear(c);
  }
  return status;
}

/* ---- all ---- */

static bool has_forgotten(const LmmCalibration *r) {
  return r->dreams.after < r->dreams.before - most_lost;
}

static double gain_of(const LmmChange *change) {
  return isnan(change->before) ? 0 : change->after - change->before;
}

/* In the mean over all notes that were kept apart; the few of trusted bars may miss one or two. */
static bool is_better(const Calibration *c) {
  const LmmCalibration *r = &c->report;
  const double trusted = gain_of(&r->trusted), beyond = gain_of(&r->beyond);
  const double few = c->judged[HELD_TRUSTED], all = few + c->judged[HELD_BEYOND];
  const double gain = (few * trusted + c->judged[HELD_BEYOND] * beyond) / fmax(1, all);
  return gain > least_gain && beyond >= 0 && trusted * few >= -fmax(most_missed, most_worse * few);
}

/* To so much of the way from the beginning to there. */
static void go_back(Calibration *c, const float *there, float share) {
  float *values = nn_net_values(c->net);
  for (size_t i = 0; i < nn_net_size(c->net); i++) values[i] = c->first[i] + share * (there[i] - c->first[i]);
  nn_net_changed(c->net);
}

static float *copy_of(const NnNet *net) {
  float *values = malloc((nn_net_size(net) + 1) * sizeof *values);
  if (values) memcpy(values, nn_net_values_const(net), nn_net_size(net) * sizeof *values);
  return values;
}

/* For this recording: what was learned, or what lies between it and the beginning (Wortsman et al. 2022), which may be
 * nothing but the lag of the keys, whatever is better first. */
static BaseStatus settle_here(Calibration *c) {
  LmmCalibration *r = &c->report;
  BaseStatus status = BASE_OK;
  for (size_t i = 0; status == BASE_OK && i < SHARES && !r->accepted; i++) {
    r->share = (double)shares[i];
    go_back(c, c->learned, shares[i]);
    status = hear_in_time(c);
    if (status == BASE_OK) status = judge_here(c, &r->trusted.after, &r->beyond.after);
    if (status == BASE_OK && c->pair->for_others) status = judge_dreams(c, &r->dreams.after);
    if (status == BASE_OK) r->accepted = is_better(c) && !(c->pair->for_others && has_forgotten(r));
  }
  return status;
}

/* With the whole score. */
static BaseStatus judge_all(Calibration *c, double *f1) {
  return agreement(c->ctx, f1, c->pair->expected, c->answers.heard->motion);
}

/* Learns from what was kept apart to judge by, too, and takes that back if it makes things worse. */
static BaseStatus revise(Calibration *c) {
  const size_t bytes = nn_net_size(c->net) * sizeof(float);
  double before = 0, after = 0;
  float *kept = copy_of(c->net);
  if (!kept) return base_fail_memory(c->ctx);
  BaseStatus status = judge_all(c, &before);
  believe(c, true);
  if (status == BASE_OK) status = get_ready(c);
  if (status == BASE_OK) status = learn_round(c, steps_revising(c));
  if (status == BASE_OK) status = hear_in_time(c);
  if (status == BASE_OK) status = judge_all(c, &after);
  if (status == BASE_OK && after < before) {
    memcpy(nn_net_values(c->net), kept, bytes);
    nn_net_changed(c->net);
    status = hear_in_time(c);
  }
  free(kept);
  return status;
}

/* For others: as much of it as forgets nothing, which may be nothing. Where it is not better here, it is nothing. */
static BaseStatus settle_elsewhere(Calibration *c) {
  LmmCalibration *r = &c->report;
  BaseStatus status = BASE_OK;
  for (size_t i = 0; status == BASE_OK && i < SHARES; i++) {
    r->share_elsewhere = (double)shares[i] * r->share;
    go_back(c, c->kept, shares[i]);
    status = judge_dreams(c, &r->dreams.after);
    if (status == BASE_OK && !has_forgotten(r)) break;
  }
  return status;
}

/* When it is settled that it is better, what was kept apart tells of it, too. */
static BaseStatus go_on(Calibration *c) {
  const bool learned = c->report.share > 0 && !c->pair->for_others;
  begin(c, settled_share, revised_share);
  BaseStatus status = learned ? revise(c) : BASE_OK;
  believe(c, true);
  if (status == BASE_OK) status = expect_anew(c);
  return status == BASE_OK ? take_own(c) : status;
}

static BaseStatus keep(float **values, Calibration *c) {
  free(*values);
  return (*values = copy_of(c->net)) ? BASE_OK : base_fail_memory(c->ctx);
}

static BaseStatus settle(Calibration *c) {
  begin(c, taught_share, settled_share);
  BaseStatus status = keep(&c->learned, c);
  if (status == BASE_OK) status = settle_here(c);
  if (status == BASE_OK && c->report.accepted) status = go_on(c);
  if (status == BASE_OK) status = keep(&c->kept, c);
  begin(c, revised_share, 1);
  return status == BASE_OK ? settle_elsewhere(c) : status;
}

/* The net alone, or with the lag of the recording that it was calibrated to. */
static BaseStatus write_out(BaseContext *ctx, void **bytes, size_t *n, const NnNet *net, const Calibration *c,
                            const char *origin) {
  BasePackWriter *writer = base_pack_writer_new();
  if (!writer) return base_fail_memory(ctx);
  BaseStatus status = nn_weights_save(ctx, writer, net, BASE_F16);
  if (status == BASE_OK && c) status = transcription_own_save(ctx, writer, &c->own, c->pair->recording->frames);
  if (status == BASE_OK && c) status = transcription_values_save(ctx, writer, c->kept, nn_net_size(net));
  if (status == BASE_OK) status = base_pack_add_text(ctx, writer, "kind", "triptych transcription");
  if (status == BASE_OK) status = base_pack_add_text(ctx, writer, "origin", origin);
  if (status == BASE_OK) status = base_pack_bytes(ctx, bytes, n, writer);
  base_pack_writer_free(writer);
  return status;
}

BaseStatus lmm_calibrate_unchanged(BaseContext *ctx, void **bytes, size_t *n, const BasePack *weights) {
  NnNet *net = NULL;
  TranscriptionTensors tensors;
  BaseStatus status = lmm_lesson_net(ctx, &net, &tensors, 1);
  if (status == BASE_OK) status = transcription_weights_load(ctx, net, weights, 0);
  if (status == BASE_OK) status = write_out(ctx, bytes, n, net, NULL, "triptych learn: as it was before");
  nn_net_free(net);
  return status;
}

static void choose(Calibration *c, const LmmCalibrateParams *given) {
  LmmCalibrateParams p = given ? *given : (LmmCalibrateParams){0};
  if (p.bars <= 0) p.bars = (int)c->pair->n_trusted;
  while (c->stage + 1 < STAGES && p.bars >= stages[c->stage + 1].bars) c->stage++;
  if (p.steps <= 0) p.steps = stages[c->stage].steps;
  if (!(p.rate > 0)) p.rate = stages[c->stage].rate;
  if (p.beyond == 0) p.beyond = 0.7F;
  if (p.batch <= 0) p.batch = 4;
  p.rehearsal = p.rehearsal ? p.rehearsal : 1;
  if (p.rehearsal < 0) p.rehearsal = 0;
  if (p.rounds <= 0) p.rounds = 1;
  if (p.dreams <= 0) p.dreams = 8;
  if (p.tests <= 0) p.tests = 4;
  c->params = p;
}

/* To rehearse with, and others to judge by. */
static BaseStatus dream(Calibration *c) {
  const size_t dreams = c->params.rehearsal ? (size_t)c->params.dreams : 0, tests = (size_t)c->params.tests;
  BaseStatus status = BASE_OK;
  c->dreams = calloc(dreams + 1, sizeof *c->dreams);
  c->tests = calloc(tests + 1, sizeof *c->tests);
  if (!c->dreams || !c->tests) return base_fail_memory(c->ctx);
  BaseContext ctx = quiet(c);
  for (size_t i = 0; status == BASE_OK && i < dreams; i++, c->n_dreams++)
    status = lmm_dream_make(&ctx, &c->dreams[i], c->params.instruments, c->net, i, dream_s);
  for (size_t i = 0; status == BASE_OK && i < tests; i++, c->n_tests++)
    status = lmm_dream_make(&ctx, &c->tests[i], c->params.instruments, NULL, TEST_NUMBERS + i, dream_s);
  return base_context_join(c->ctx, &ctx, status);
}

static BaseStatus prepare(Calibration *c) {
  const size_t frames = c->pair->recording->frames;
  c->place = calloc(frames + 1, 1);
  c->trust = calloc(frames + 1, 1);
  c->middles = calloc(c->pair->n_trusted + 1, sizeof *c->middles);
  if (!c->place || !c->trust || !c->middles) return base_fail_memory(c->ctx);
  lay_out(c);
  BaseStatus status = lmm_lesson_net(c->ctx, &c->net, &c->tensors, c->params.batch);
  if (status == BASE_OK) status = transcription_weights_load(c->ctx, c->net, c->params.weights, 0);
  if (status != BASE_OK) return status;
  c->first = malloc(nn_net_size(c->net) * sizeof(float));
  if (!c->first) return base_fail_memory(c->ctx);
  memcpy(c->first, nn_net_values_const(c->net), nn_net_size(c->net) * sizeof(float));
  return dream(c);
}

static void clear(Calibration *c) {
  for (size_t i = 0; i < c->n_dreams; i++) lmm_dream_clear(&c->dreams[i]);
  for (size_t i = 0; i < c->n_tests; i++) lmm_dream_clear(&c->tests[i]);
  free(c->dreams);
  free(c->tests);
  lmm_answers_clear(&c->answers);
  motion_free(c->found);
  nn_net_free(c->net);
  free(c->first);
  free(c->learned);
  free(c->kept);
  free(c->place);
  free(c->trust);
  free(c->middles);
}

BaseStatus lmm_calibrate(BaseContext *ctx, LmmCalibration *report, void **bytes, size_t *n, const LmmPair *pair,
                         const LmmCalibrateParams *params) {
  BaseContext nobody = {0};
  Calibration c = {.caller = ctx ? ctx : &nobody, .pair = pair};
  LmmCalibration *r = &c.report;
  const double started = now();
  *bytes = NULL;
  choose(&c, params);
  begin(&c, 0, heard_share);
  BaseStatus status = prepare(&c);
  if (status == BASE_OK) status = hear(&c);
  if (status == BASE_OK) status = judge_here(&c, &r->trusted.before, &r->beyond.before);
  if (status == BASE_OK) status = judge_dreams(&c, &r->dreams.before);
  if (status == BASE_OK) status = learn(&c);
  if (status == BASE_OK) status = settle(&c);
  if (status == BASE_OK && r->accepted)
    status = write_out(c.ctx, bytes, n, c.net, &c, "triptych learn: calibrated to one recording");
  r->seconds = now() - started;
  *report = c.report;
  clear(&c);
  return base_context_join(ctx, c.ctx, status);
}
