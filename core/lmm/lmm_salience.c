/* Dreams are numbered and each hangs on seed and number only, so that threads may take them in any order. A
 * candidate near a dreamt onset of its key was struck; those a little farther off are neither right nor
 * wrong. Features are brought to mean 0 and deviation 1 by a fixed layer and disturbed a little in training.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_salience.h"

#include "core/transcription/transcription_candidates.h"
#include "core/transcription/transcription_salience_net.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEATURES = TRANSCRIPTION_FEATURES, MOST_THREADS = 16, SHOWN = 12, VALIDATION_PART = 8 };

static const double DREAM_S = 40, STRUCK_WITHIN_S = 0.05, UNCLEAR_WITHIN_S = 0.1;
static const float NOISE = 0.3f; /* deviations */

/* ---- examples ---- */

typedef struct {
  float features[FEATURES], struck, counts, velocity, later;
} Example;

typedef BASE_ARRAY(Example) Examples;

/* The unused candidate of the note's key that is nearest to its onset, or -1; those around become unclear. */
static ptrdiff_t nearest(Examples *examples, const TranscriptionCandidates *candidates,
                         const MotionNote *note) {
  ptrdiff_t best = -1;
  double best_s = STRUCK_WITHIN_S;
  for (size_t i = 0; i < candidates->n; i++) {
    const TranscriptionCandidate *c = &candidates->items[i];
    double away_s = fabs(c->rise_s - note->onset_s);
    if (c->key + MOTION_LOWEST_KEY != note->midi || away_s >= UNCLEAR_WITHIN_S ||
        examples->items[i].struck > 0)
      continue;
    examples->items[i].counts = 0;
    if (away_s >= best_s) continue;
    best_s = away_s;
    best = (ptrdiff_t)i;
  }
  return best;
}

static void label(Examples *examples, const TranscriptionCandidates *candidates, const Motion *motion) {
  for (size_t i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    ptrdiff_t at = nearest(examples, candidates, note);
    if (at < 0) continue;
    Example *e = &examples->items[at];
    e->struck = e->counts = 1;
    e->velocity = ((float)note->velocity - SALIENCE_VELOCITY_CENTRE) / SALIENCE_VELOCITY_UNIT;
    e->later = (float)(note->onset_s - candidates->items[at].rise_s) / SALIENCE_LATER_UNIT_S;
  }
}

static BaseStatus dream(BaseContext *ctx, Examples *out, const LmmLibrary *library, uint64_t number,
                        bool validation) {
  BaseRng rng = base_rng(ctx->seed, 2 * number + validation);
  Motion *motion = NULL;
  DspAudio *sound = NULL;
  TranscriptionCandidates candidates = {0};
  BaseStatus status = lmm_dream_motion(ctx, &motion, library, &rng, DREAM_S, validation);
  if (status == BASE_OK) status = lmm_dream_sound(ctx, &sound, motion, &rng);
  if (status == BASE_OK) status = transcription_candidates(ctx, &candidates, sound);
  if (status == BASE_OK && !base_array_reserve(out, candidates.n)) status = base_fail_memory(ctx);
  for (size_t i = 0; status == BASE_OK && i < candidates.n; i++) {
    Example *e = &out->items[out->n++];
    *e = (Example){.counts = 1};
    memcpy(e->features, candidates.items[i].features, sizeof e->features);
  }
  if (status == BASE_OK) label(out, &candidates, motion);
  base_array_clear(&candidates);
  dsp_audio_free(sound);
  motion_free(motion);
  return status;
}

/* ---- many dreams ---- */

typedef struct {
  BaseContext *ctx; /* of the caller; reported to under the lock */
  const LmmLibrary *library;
  pthread_mutex_t lock;
  Examples *dreams; /* n, those to validate on last */
  size_t n, training, next, done;
  BaseStatus status; /* the first failure */
  char sentence[BASE_SENTENCE_SIZE];
} Night;

/* The next number to dream; false at the end. */
static bool next_number(Night *night, size_t *number) {
  pthread_mutex_lock(&night->lock);
  *number = night->next;
  bool more = night->next < night->n && night->status == BASE_OK;
  night->next += more;
  pthread_mutex_unlock(&night->lock);
  return more;
}

static void note_end(Night *night, const BaseContext *ctx, BaseStatus status) {
  pthread_mutex_lock(&night->lock);
  night->done++;
  if (status != BASE_OK && night->status == BASE_OK) {
    night->status = status;
    memcpy(night->sentence, ctx->sentence, sizeof night->sentence);
  }
  base_progress(night->ctx, (double)night->done / (double)night->n, "Dreaming");
  pthread_mutex_unlock(&night->lock);
}

static void *sleeper(void *user) {
  Night *night = user;
  BaseContext ctx = {.cancel = night->ctx->cancel, .seed = night->ctx->seed};
  for (size_t number; next_number(night, &number);) {
    bool validation = number >= night->training;
    BaseStatus status = dream(&ctx, &night->dreams[number], night->library, number, validation);
    note_end(night, &ctx, status);
  }
  return NULL;
}

static BaseStatus sleep_through(BaseContext *ctx, Night *night) {
  pthread_t threads[MOST_THREADS];
  int wanted = base_threads(ctx) < MOST_THREADS ? base_threads(ctx) : MOST_THREADS, n = 0;
  pthread_mutex_init(&night->lock, NULL);
  while (n < wanted - 1 && pthread_create(&threads[n], NULL, sleeper, night) == 0) n++;
  sleeper(night);
  for (int i = 0; i < n; i++) pthread_join(threads[i], NULL);
  pthread_mutex_destroy(&night->lock);
  return night->status == BASE_OK ? BASE_OK : base_fail(ctx, night->status, "%s", night->sentence);
}

/* Moves the examples of dreams [from, to) into one array. */
static BaseStatus join(BaseContext *ctx, Examples *out, Night *night, size_t from, size_t to) {
  size_t n = 0;
  for (size_t d = from; d < to; d++) n += night->dreams[d].n;
  if (!n) return base_fail(ctx, BASE_BAD_INPUT, "No onset was heard in the dreams.");
  if (!base_array_reserve(out, n)) return base_fail_memory(ctx);
  for (size_t d = from; d < to; d++) {
    if (night->dreams[d].n)
      memcpy(out->items + out->n, night->dreams[d].items, night->dreams[d].n * sizeof *out->items);
    out->n += night->dreams[d].n;
    base_array_clear(&night->dreams[d]);
  }
  return BASE_OK;
}

static BaseStatus dream_examples(BaseContext *ctx, Examples sets[2], const LmmLibrary *library,
                                 double minutes) {
  Night night = {.ctx = ctx, .library = library};
  night.training = (size_t)fmax(1, ceil(60 * minutes / DREAM_S));
  night.n = night.training + (night.training + VALIDATION_PART - 1) / VALIDATION_PART;
  night.dreams = calloc(night.n, sizeof *night.dreams);
  if (!night.dreams) return base_fail_memory(ctx);
  BaseStatus status = sleep_through(ctx, &night);
  if (status == BASE_OK) status = join(ctx, &sets[0], &night, 0, night.training);
  if (status == BASE_OK) status = join(ctx, &sets[1], &night, night.training, night.n);
  for (size_t d = 0; d < night.n; d++) base_array_clear(&night.dreams[d]);
  free(night.dreams);
  return status;
}

/* ---- the lesson ---- */

typedef struct {
  const Examples *examples;
  const float *deviation; /* of the features, to disturb them by; null: not */
} Drawn;

static BaseStatus draw(BaseContext *ctx, void *user, float *const *places, uint64_t index, BaseRng *rng) {
  (void)ctx;
  const Drawn *drawn = user;
  size_t at =
      drawn->deviation ? base_rng_below(rng, (uint32_t)drawn->examples->n) : index % drawn->examples->n;
  const Example *e = &drawn->examples->items[at];
  for (int i = 0; i < FEATURES; i++)
    places[0][i] =
        e->features[i] + (drawn->deviation ? NOISE * drawn->deviation[i] * (float)base_rng_normal(rng) : 0);
  const float targets[] = {e->struck, e->counts, e->velocity, e->later};
  for (int i = 0; i < 4; i++) places[1 + i][0] = targets[i];
  return BASE_OK;
}

/* Sets the layer "normal" by the examples; their deviations come out. */
static void normalise(NnNet *net, float deviation[FEATURES], const Examples *examples) {
  float *scale =
      nn_net_values(net) + nn_net_parameter(net, nn_net_parameter_find(net, "normal.scale"))->offset;
  float *shift =
      nn_net_values(net) + nn_net_parameter(net, nn_net_parameter_find(net, "normal.shift"))->offset;
  for (int i = 0; i < FEATURES; i++) {
    double sum = 0, squares = 0, n = (double)examples->n;
    for (size_t k = 0; k < examples->n; k++) sum += examples->items[k].features[i];
    for (size_t k = 0; k < examples->n; k++) squares += pow(examples->items[k].features[i] - sum / n, 2);
    deviation[i] = (float)sqrt(squares / n) + 1e-3f;
    scale[i] = 1 / deviation[i];
    shift[i] = (float)(-sum / n) / deviation[i];
  }
  nn_net_changed(net);
}

static BaseStatus learn(BaseContext *ctx, LmmReport *last, NnNet *net, const TranscriptionSalienceTensors *t,
                        const Examples sets[2], const LmmSalienceParams *p) {
  const NnVar vars[] = {t->features, t->struck, t->counts, t->velocity, t->later};
  LmmField fields[5];
  float deviation[FEATURES];
  for (int i = 0; i < 5; i++) fields[i] = (LmmField){vars[i], nn_net_shape(net, vars[i])};
  normalise(net, deviation, &sets[0]);
  Drawn drawn[2] = {{&sets[0], deviation}, {&sets[1], NULL}};
  LmmSource sources[2];
  for (int s = 0; s < 2; s++) sources[s] = (LmmSource){fields, 5, draw, &drawn[s]};
  char seed[32], minutes[32];
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)ctx->seed);
  snprintf(minutes, sizeof minutes, "%g", p->minutes);
  const char *const origin[][2] = {{"kind", "triptych onset judgement"},
                                   {"version", "1"},
                                   {"origin", "triptych-train salience, from dreams; no labelled recordings"},
                                   {"data", p->data ? p->data : "invented textures"},
                                   {"minutes", minutes},
                                   {"seed", seed}};
  long steps = p->steps > 0 ? p->steps : (long)(SHOWN * sets[0].n / (size_t)p->batch) + 1;
  LmmTrainParams train = {.optim = {.rate = p->rate, .steps = steps, .warm_up = steps / 20, .average = 0.99f},
                          .validation_batches = (int)(sets[1].n / (size_t)p->batch) + 1,
                          .weights = p->weights,
                          .origin = origin,
                          .n_origin = 6,
                          .report = p->report,
                          .user = p->user};
  return lmm_train(ctx, last, net, &sources[0], &sources[1], &train);
}

BaseStatus lmm_salience_train(BaseContext *ctx, LmmReport *last, const LmmLibrary *library,
                              const LmmSalienceParams *params) {
  BaseContext nobody = {0};
  LmmSalienceParams p = *params;
  if (!ctx) ctx = &nobody;
  if (!(p.minutes > 0)) p.minutes = 60;
  if (p.batch <= 0) p.batch = 1024;
  if (!(p.rate > 0)) p.rate = 2e-3f;
  Examples sets[2] = {0};
  TranscriptionSalienceTensors tensors;
  NnNet *net = nn_net_new(ctx->seed);
  BaseStatus status =
      net ? transcription_salience_net_build(ctx, &tensors, net, p.batch) : base_fail_memory(ctx);
  if (status == BASE_OK) status = dream_examples(ctx, sets, library, p.minutes);
  if (status == BASE_OK) status = learn(ctx, last, net, &tensors, sets, &p);
  nn_net_free(net);
  for (int s = 0; s < 2; s++) base_array_clear(&sets[s]);
  return status;
}
