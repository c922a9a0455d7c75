/* Dreamer threads fill a pool of examples and, once it is full, replace the oldest; the training thread draws
 * from it at random, disturbs the picture a little (level, tilt, bumps) and steps. An average of the weights
 * is what is validated and kept. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_hearing.h"

#include "core/nn/nn_optim.h"
#include "core/nn/nn_run.h"
#include "core/nn/nn_weights.h"
#include "core/transcription/transcription_net.h"

#include <math.h>
#include <stdio.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FIRST_FILL = 160, VALIDATION = 24, MOST_DREAMERS = 8, ROW = FEATURES_BINS * FEATURES_CHANNELS, KEYS = 88 };

static const double DREAM_S = 21, VALIDATE_EVERY_S = 300, HOP_S = 0.02;
static const float LEVELS = 204; /* of a byte for a feature of 1 */

/* ---- examples ---- */

typedef struct {
  uint8_t *features; /* frames × ROW */
  Motion *motion;    /* times from the first frame */
} Example;

static void example_clear(Example *e) {
  free(e->features);
  motion_free(e->motion);
  *e = (Example){0};
}

/* Frames [from, from + frames) of a dream as an example of its own. */
static BaseStatus example_cut(BaseContext *ctx, Example *out, const float *features, size_t from, int frames,
                              const Motion *motion) {
  size_t n = (size_t)frames * ROW;
  Example e = {malloc(n), motion_dup(motion)};
  if (!e.features || !e.motion) {
    example_clear(&e);
    return base_fail_memory(ctx);
  }
  for (size_t i = 0; i < n; i++) e.features[i] = (uint8_t)(features[from * ROW + i] * LEVELS + 0.5f);
  size_t kept = 0;
  double from_s = (double)from * HOP_S;
  for (size_t i = 0; i < motion->notes.n; i++) {
    MotionNote note = motion->notes.items[i];
    note.onset_s -= from_s;
    note.key_up_s -= from_s;
    if (note.onset_s > -12 && note.onset_s < frames * HOP_S + 1) e.motion->notes.items[kept++] = note;
  }
  e.motion->notes.n = kept;
  for (size_t i = 0; i < e.motion->pedals.n; i++) e.motion->pedals.items[i].time_s -= from_s;
  *out = e;
  return BASE_OK;
}

/* One dream as several examples; `*n` in: room, out: how many. */
static BaseStatus dream_examples(BaseContext *ctx, Example *out, size_t *n, const LmmLibrary *library, BaseRng *rng,
                                 int frames, bool validation) {
  Motion *motion = NULL;
  DspAudio *sound = NULL;
  float *features = NULL;
  size_t have = 0, room = *n;
  *n = 0;
  BaseStatus status = lmm_dream_motion(ctx, &motion, library, rng, DREAM_S, validation);
  if (status == BASE_OK) status = lmm_dream_sound(ctx, &sound, motion, rng);
  if (status == BASE_OK) status = transcription_features_all(ctx, &features, &have, sound, 0);
  for (size_t from = 0; status == BASE_OK && *n < room && from + (size_t)frames <= have; from += (size_t)frames) {
    status = example_cut(ctx, &out[*n], features, from, frames, motion);
    if (status == BASE_OK) ++*n;
  }
  motion_free(motion);
  dsp_audio_free(sound);
  free(features);
  return status;
}

/* ---- the pool ---- */

typedef struct {
  const LmmLibrary *library;
  int frames;
  uint64_t seed;
  pthread_mutex_t lock;
  pthread_cond_t grown;
  Example *examples;
  size_t n, capacity, next; /* next: the oldest, to be replaced */
  atomic_bool stop;
  BaseStatus status; /* the first failure of a dreamer */
  char sentence[BASE_SENTENCE_SIZE];
  pthread_t threads[MOST_DREAMERS];
  int n_threads;
} Pool;

typedef struct {
  Pool *pool;
  int number;
} Dreamer;

static void pool_put(Pool *pool, Example e) {
  pthread_mutex_lock(&pool->lock);
  if (pool->n < pool->capacity) {
    pool->examples[pool->n++] = e;
  } else {
    example_clear(&pool->examples[pool->next]);
    pool->examples[pool->next] = e;
    pool->next = (pool->next + 1) % pool->capacity;
  }
  pthread_cond_signal(&pool->grown);
  pthread_mutex_unlock(&pool->lock);
}

static void *dreamer_main(void *user) {
  Dreamer *d = user;
  Pool *pool = d->pool;
  BaseContext ctx = {.cancel = &pool->stop, .seed = pool->seed + (uint64_t)d->number};
  BaseRng rng = base_rng(pool->seed, 100 + (uint64_t)d->number);
  while (!atomic_load(&pool->stop)) {
    Example made[8];
    size_t n = 8;
    ctx.seed++;
    BaseStatus status = dream_examples(&ctx, made, &n, pool->library, &rng, pool->frames, false);
    for (size_t i = 0; i < n; i++) pool_put(pool, made[i]);
    if (status == BASE_OK || status == BASE_CANCELLED) continue;
    pthread_mutex_lock(&pool->lock);
    pool->status = status;
    memcpy(pool->sentence, ctx.sentence, sizeof pool->sentence);
    pthread_cond_signal(&pool->grown);
    pthread_mutex_unlock(&pool->lock);
    break;
  }
  free(d);
  return NULL;
}

static BaseStatus pool_start(BaseContext *ctx, Pool *pool, int dreamers) {
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->grown, NULL);
  pool->examples = calloc(pool->capacity, sizeof *pool->examples);
  if (!pool->examples) return base_fail_memory(ctx);
  for (int i = 0; i < dreamers && i < MOST_DREAMERS; i++) {
    Dreamer *d = malloc(sizeof *d);
    if (!d) return base_fail_memory(ctx);
    *d = (Dreamer){pool, i};
    if (pthread_create(&pool->threads[i], NULL, dreamer_main, d) != 0) {
      free(d);
      return base_fail(ctx, BASE_NO_MEMORY, "No thread could be started to dream.");
    }
    pool->n_threads = i + 1;
  }
  return BASE_OK;
}

static void pool_stop(Pool *pool) {
  atomic_store(&pool->stop, true);
  for (int i = 0; i < pool->n_threads; i++) pthread_join(pool->threads[i], NULL);
  for (size_t i = 0; i < pool->n; i++) example_clear(&pool->examples[i]);
  free(pool->examples);
  pthread_mutex_destroy(&pool->lock);
  pthread_cond_destroy(&pool->grown);
}

/* Waits until there is something to draw from; the dreamers' failure, if any. */
static BaseStatus pool_wait(BaseContext *ctx, Pool *pool, size_t wanted) {
  pthread_mutex_lock(&pool->lock);
  while (pool->n < wanted && pool->status == BASE_OK && !base_cancelled(ctx)) {
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec += 1;
    pthread_cond_timedwait(&pool->grown, &pool->lock, &soon);
  }
  BaseStatus status = pool->status;
  pthread_mutex_unlock(&pool->lock);
  if (status != BASE_OK) return base_fail(ctx, status, "%s", pool->sentence);
  return base_cancelled(ctx) ? base_fail_cancelled(ctx) : BASE_OK;
}

/* ---- a training run ---- */

typedef struct {
  NnNet *net;
  TranscriptionTensors tensors;
  NnRun *run;
  int batch, frames;
  float *features, *heads[TRANSCRIPTION_HEADS], *near_onset; /* the run's own places to write */
} Student;

static BaseStatus student_new(BaseContext *ctx, Student *s, const LmmHearingParams *p) {
  s->net = nn_net_new(ctx ? ctx->seed : 0);
  if (!s->net) return base_fail_memory(ctx);
  BaseStatus status = transcription_net_build(ctx, &s->tensors, s->net, p->batch, p->frames, true);
  if (status == BASE_OK && p->resume) status = nn_weights_read(ctx, s->net, p->resume);
  if (status == BASE_OK) status = nn_run_new(ctx, &s->run, s->net, (NnRunParams){.training = true, .type = p->type});
  if (status != BASE_OK) return status;
  s->batch = p->batch;
  s->frames = p->frames;
  NnShape keys = {p->batch, p->frames, KEYS, 1};
  s->features = nn_run_input(s->run, s->tensors.features, (NnShape){p->batch, p->frames, FEATURES_BINS, FEATURES_CHANNELS});
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++) s->heads[h] = nn_run_input(s->run, s->tensors.targets[h], keys);
  s->near_onset = nn_run_input(s->run, s->tensors.near_onset, keys);
  return BASE_OK;
}

static void student_free(Student *s) {
  nn_run_free(s->run);
  nn_net_free(s->net);
}

/* What a microphone position and a volume knob do, on the picture: a shift, a tilt and a bump. */
static void disturb(float *features, int frames, BaseRng *rng) {
  float curve[FEATURES_BINS];
  double shift = 0.05 * base_rng_normal(rng), tilt = 0.08 * base_rng_normal(rng), bump = 0.06 * base_rng_normal(rng);
  double at = base_rng_uniform(rng), width = base_rng_range(rng, 0.05, 0.3);
  for (int b = 0; b < FEATURES_BINS; b++) {
    double x = (double)b / FEATURES_BINS, d = (x - at) / width;
    curve[b] = (float)(shift + tilt * (x - 0.5) + bump * exp(-d * d));
  }
  for (int t = 0; t < frames; t++)
    for (int b = 0; b < FEATURES_BINS; b++)
      for (int c = 0; c < FEATURES_CHANNELS; c++) {
        float *x = &features[((size_t)t * FEATURES_BINS + (size_t)b) * FEATURES_CHANNELS + (size_t)c];
        if (*x > 0) *x = fminf(fmaxf(*x + curve[b], 0), 1.25f);
      }
}

static void load_example(Student *s, int slot, const Example *e, BaseRng *rng) {
  size_t frames = (size_t)s->frames, cells = frames * KEYS;
  float *features = s->features + (size_t)slot * frames * ROW, *maps[TRANSCRIPTION_HEADS];
  for (size_t i = 0; i < frames * ROW; i++) features[i] = (float)e->features[i] / LEVELS;
  if (rng) disturb(features, s->frames, rng);
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++) maps[h] = s->heads[h] + (size_t)slot * cells;
  transcription_net_targets(maps, s->near_onset + (size_t)slot * cells, frames, 0, e->motion);
}

static void draw_batch(Student *s, Pool *pool, BaseRng *rng) {
  pthread_mutex_lock(&pool->lock);
  for (int i = 0; i < s->batch; i++)
    load_example(s, i, &pool->examples[base_rng_below(rng, (uint32_t)pool->n)], rng);
  pthread_mutex_unlock(&pool->lock);
}

/* ---- validation ---- */

typedef struct {
  double hits, found, wanted;
} Counts;

static void count_cells(Counts *c, const float *logits, const float *target, size_t n) {
  for (size_t i = 0; i < n; i++) {
    bool found = logits[i] > 0, wanted = target[i] > 0.5f;
    c->hits += found && wanted;
    c->found += found;
    c->wanted += wanted;
  }
}

/* A run of its own, not training, over the same net; losses are computed by hand, since such a run has none. */
static BaseStatus validate(BaseContext *ctx, LmmHearingScore *score, const Student *s, const Example *examples,
                           size_t n) {
  NnRun *run = NULL;
  size_t cells = (size_t)s->frames * KEYS;
  float *maps[TRANSCRIPTION_HEADS] = {0}, *memory = malloc((TRANSCRIPTION_HEADS + 1) * cells * sizeof *memory);
  NnNet *net = nn_net_new(0);
  TranscriptionTensors t;
  BaseStatus status = memory && net ? transcription_net_build(ctx, &t, net, 1, s->frames, false) : base_fail_memory(ctx);
  if (status == BASE_OK) {
    memcpy(nn_net_values(net), nn_net_values_const(s->net), nn_net_size(net) * sizeof(float));
    nn_net_changed(net);
    status = nn_run_new(ctx, &run, net, (NnRunParams){0});
  }
  Counts counts = {0};
  double loss = 0;
  for (size_t i = 0; i < n && status == BASE_OK; i++) {
    float *features = nn_run_input(run, t.features, (NnShape){1, s->frames, FEATURES_BINS, FEATURES_CHANNELS});
    for (size_t j = 0; j < (size_t)s->frames * ROW; j++) features[j] = (float)examples[i].features[j] / LEVELS;
    for (int h = 0; h < TRANSCRIPTION_HEADS; h++) maps[h] = memory + (size_t)h * cells;
    transcription_net_targets(maps, memory + TRANSCRIPTION_HEADS * cells, (size_t)s->frames, 0, examples[i].motion);
    status = nn_run_forward(ctx, run);
    if (status != BASE_OK) break;
    const float *onset = nn_run_output(run, t.heads[HEAD_ONSET]);
    count_cells(&counts, onset, maps[HEAD_ONSET], cells);
    for (size_t j = 0; j < cells; j++) {
      float x = onset[j], y = maps[HEAD_ONSET][j];
      loss += fmaxf(x, 0) - x * y + log1pf(expf(-fabsf(x)));
    }
  }
  if (status == BASE_OK)
    *score = (LmmHearingScore){loss / ((double)n * (double)cells), 2 * counts.hits / fmax(1, counts.found + counts.wanted), 0};
  nn_run_free(run);
  nn_net_free(net);
  free(memory);
  return status;
}

/* ---- the loop ---- */

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static BaseStatus keep(BaseContext *ctx, const Student *s, const LmmHearingScore *score, const LmmHearingParams *p) {
  char loss[32], f1[32], step[32], seed[32];
  snprintf(loss, sizeof loss, "%.6f", score->loss);
  snprintf(f1, sizeof f1, "%.4f", score->onset_f1);
  snprintf(step, sizeof step, "%ld", score->step);
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)(ctx ? ctx->seed : 0));
  const char *const origin[][2] = {{"kind", "triptych transcription"},
                                   {"origin", "dreams (lmm_hearing); no labelled recordings"},
                                   {"steps", step},
                                   {"seed", seed},
                                   {"validation onset loss", loss},
                                   {"validation onset cells F1", f1}};
  return nn_weights_write(ctx, s->net, p->weights, BASE_F16, origin, 6);
}

static BaseStatus dream_validation(BaseContext *ctx, Example *out, size_t *n, const LmmLibrary *library, int frames) {
  BaseRng rng = base_rng(77, 1);
  size_t have = 0, wanted = *n;
  *n = 0;
  while (have < wanted) {
    size_t room = wanted - have < 2 ? wanted - have : 2;
    BaseStatus status = dream_examples(ctx, out + have, &room, library, &rng, frames, true);
    have += room;
    *n = have;
    if (status != BASE_OK) return status;
  }
  return BASE_OK;
}

static LmmHearingParams with_defaults(const LmmHearingParams *params) {
  LmmHearingParams p = *params;
  if (p.steps <= 0) p.steps = 20000;
  if (p.batch <= 0) p.batch = 8;
  if (p.frames <= 0) p.frames = 256;
  if (p.pool <= 0) p.pool = 6000;
  if (p.dreamers <= 0) p.dreamers = 1;
  if (p.rate <= 0) p.rate = 2e-3f;
  return p;
}

/* One step at most a `rate` that falls with the larger of the shares of steps and of time. */
static BaseStatus train_step(BaseContext *ctx, Student *s, NnOptim *optim, Pool *pool, BaseRng *rng) {
  draw_batch(s, pool, rng);
  nn_run_seed(s->run, (uint64_t)nn_optim_steps(optim));
  nn_run_clear_gradients(s->run);
  BaseStatus status = nn_run_forward(ctx, s->run);
  if (status == BASE_OK) status = nn_run_backward(ctx, s->run);
  if (status == BASE_OK) status = nn_optim_step(ctx, NULL, optim, s->net, nn_run_gradients(s->run), 1);
  return status;
}

typedef struct {
  Student student;
  NnOptim *optim;
  Pool pool;
  Example validation[VALIDATION];
  size_t n_validation;
} Lesson;

static BaseStatus assess(BaseContext *ctx, LmmHearingScore *best, LmmHearingScore *now, Lesson *l,
                         const LmmHearingParams *p) {
  nn_optim_swap(l->optim, l->student.net);
  BaseStatus status = validate(ctx, now, &l->student, l->validation, l->n_validation);
  now->step = nn_optim_steps(l->optim);
  if (status == BASE_OK && (best->step < 0 || now->loss < best->loss)) {
    *best = *now;
    status = keep(ctx, &l->student, now, p);
  }
  nn_optim_swap(l->optim, l->student.net);
  return status;
}

static BaseStatus teach(BaseContext *ctx, LmmHearingScore *best, Lesson *l,
                        void (*report)(void *, const LmmHearingScore *, double), void *user,
                        const LmmHearingParams *p) {
  BaseRng rng = base_rng(ctx ? ctx->seed : 0, 5);
  BaseStatus status = pool_wait(ctx, &l->pool, (size_t)(p->pool < FIRST_FILL ? p->pool : FIRST_FILL));
  double started = now_s(), last = started;
  bool over = false;
  while (status == BASE_OK && !over) {
    status = train_step(ctx, &l->student, l->optim, &l->pool, &rng);
    if (status == BASE_OK && base_cancelled(ctx)) status = base_fail_cancelled(ctx);
    double now = now_s();
    over = nn_optim_steps(l->optim) >= p->steps || (p->hours > 0 && now - started > 3600 * p->hours);
    base_progress(ctx, (double)nn_optim_steps(l->optim) / (double)p->steps, "Learning to hear");
    if (status != BASE_OK || (now - last < VALIDATE_EVERY_S && !over)) continue;
    LmmHearingScore score;
    status = assess(ctx, best, &score, l, p);
    if (status == BASE_OK && report) report(user, &score, now - started);
    last = now_s();
  }
  return status;
}

BaseStatus lmm_hearing_train(BaseContext *ctx, LmmHearingScore *best, const LmmLibrary *library,
                             void (*report)(void *user, const LmmHearingScore *now, double seconds), void *user,
                             const LmmHearingParams *params) {
  LmmHearingParams p = with_defaults(params);
  Lesson *l = calloc(1, sizeof *l);
  if (!l) return base_fail_memory(ctx);
  LmmHearingScore kept = {.step = -1};
  l->pool = (Pool){.library = library, .frames = p.frames, .seed = ctx ? ctx->seed : 0, .capacity = (size_t)p.pool};
  l->n_validation = VALIDATION;
  BaseStatus status = student_new(ctx, &l->student, &p);
  NnOptimParams adam = {.rate = p.rate, .average = 0.998f, .warm_up = 200, .steps = p.steps, .decay = 0.01f};
  if (status == BASE_OK) status = nn_optim_new(ctx, &l->optim, l->student.net, adam);
  if (status == BASE_OK) status = pool_start(ctx, &l->pool, p.dreamers);
  if (status == BASE_OK) status = dream_validation(ctx, l->validation, &l->n_validation, library, p.frames);
  if (status == BASE_OK) status = teach(ctx, &kept, l, report, user, &p);
  if (best) *best = kept;
  if (l->pool.examples) pool_stop(&l->pool);
  for (size_t i = 0; i < l->n_validation && i < VALIDATION; i++) example_clear(&l->validation[i]);
  nn_optim_free(l->optim);
  student_free(&l->student);
  free(l);
  return status;
}
