/* Batches made ahead of time: a ring of `ahead` slots. A maker claims the next batch number, waits until its
 * slot is free, fills it and marks it ready; the taker waits for its own number. Examples depend on seed and
 * index alone, so the order in which makers finish does not matter. SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "core/lmm/lmm_loader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_THREADS = 16, POLL_MS = 20 };

typedef struct {
  float *fields[LMM_MOST_FIELDS];
  uint64_t ready; /* number of the batch it holds, plus one; 0: none */
} Slot;

struct LmmLoader {
  const LmmSource *source;
  uint64_t seed;
  int threads, ahead;
  pthread_t makers[MOST_THREADS];
  pthread_mutex_t lock;
  pthread_cond_t changed;
  Slot *slots;
  uint64_t claimed, taken; /* the next batch to make and to take */
  atomic_bool stop;
  BaseStatus status; /* of the first failure */
  char sentence[BASE_SENTENCE_SIZE];
  double waited;
};

static size_t example_floats(const LmmField *field) {
  return (size_t)field->shape.t * (size_t)field->shape.f * (size_t)field->shape.c;
}

static BaseStatus fill_example(LmmLoader *loader, BaseContext *ctx, Slot *slot, uint64_t batch, int i) {
  const LmmSource *source = loader->source;
  uint64_t index = batch * (uint64_t)source->fields[0].shape.n + (uint64_t)i;
  BaseRng rng = base_rng(loader->seed, index);
  float *places[LMM_MOST_FIELDS];
  for (int k = 0; k < source->n_fields; k++) {
    size_t floats = example_floats(&source->fields[k]);
    places[k] = slot->fields[k] + (size_t)i * floats;
    memset(places[k], 0, floats * sizeof(float));
  }
  return source->fill(ctx, source->user, places, index, &rng);
}

static BaseStatus fill_batch(LmmLoader *loader, BaseContext *ctx, Slot *slot, uint64_t batch) {
  BaseStatus status = BASE_OK;
  for (int i = 0; status == BASE_OK && i < loader->source->fields[0].shape.n; i++)
    status = fill_example(loader, ctx, slot, batch, i);
  return status;
}

/* Waits until the claimed batch has a slot; false when it is time to stop. */
static bool wait_for_slot(LmmLoader *loader, uint64_t batch) {
  while (!loader->stop && batch >= loader->taken + (uint64_t)loader->ahead)
    pthread_cond_wait(&loader->changed, &loader->lock);
  return !loader->stop;
}

static void note_failure(LmmLoader *loader, BaseStatus status, const char *sentence) {
  loader->stop = true;
  if (loader->status != BASE_OK) return;
  loader->status = status;
  memcpy(loader->sentence, sentence, sizeof loader->sentence);
}

static void *make(void *user) {
  LmmLoader *loader = user;
  BaseContext ctx = {.seed = loader->seed, .cancel = &loader->stop};
  pthread_mutex_lock(&loader->lock);
  for (;;) {
    uint64_t batch = loader->claimed++;
    if (!wait_for_slot(loader, batch)) break;
    Slot *slot = &loader->slots[batch % (uint64_t)loader->ahead];
    pthread_mutex_unlock(&loader->lock);
    BaseStatus status = fill_batch(loader, &ctx, slot, batch);
    pthread_mutex_lock(&loader->lock);
    if (status == BASE_OK)
      slot->ready = batch + 1;
    else
      note_failure(loader, status, ctx.sentence);
    pthread_cond_broadcast(&loader->changed);
  }
  pthread_mutex_unlock(&loader->lock);
  return NULL;
}

static bool allocate_slots(LmmLoader *loader) {
  loader->slots = calloc((size_t)loader->ahead, sizeof *loader->slots);
  for (int i = 0; loader->slots && i < loader->ahead; i++)
    for (int k = 0; k < loader->source->n_fields; k++) {
      const LmmField *field = &loader->source->fields[k];
      loader->slots[i].fields[k] = calloc((size_t)field->shape.n * example_floats(field) + 1, sizeof(float));
      if (!loader->slots[i].fields[k]) return false;
    }
  return loader->slots;
}

static bool start_makers(LmmLoader *loader, int wanted) {
  while (loader->threads < wanted &&
         pthread_create(&loader->makers[loader->threads], NULL, make, loader) == 0)
    loader->threads++;
  return loader->threads > 0;
}

BaseStatus lmm_loader_new(BaseContext *ctx, LmmLoader **loader, const LmmSource *source, uint64_t first,
                          int threads, int ahead) {
  if (source->n_fields < 1 || source->n_fields > LMM_MOST_FIELDS)
    return base_fail(ctx, BASE_BAD_INPUT, "a source of examples has %d fields", source->n_fields);
  LmmLoader *made = calloc(1, sizeof *made);
  if (!made) return base_fail_memory(ctx);
  made->source = source;
  made->seed = ctx ? ctx->seed : 0;
  made->claimed = made->taken = first;
  made->ahead = ahead < 1 ? 1 : ahead;
  pthread_mutex_init(&made->lock, NULL);
  pthread_cond_init(&made->changed, NULL);
  int wanted = threads < 1 ? 1 : threads > MOST_THREADS ? MOST_THREADS : threads;
  if (!allocate_slots(made) || !start_makers(made, wanted)) {
    lmm_loader_free(made);
    return base_fail_memory(ctx);
  }
  *loader = made;
  return BASE_OK;
}

void lmm_loader_free(LmmLoader *loader) {
  if (!loader) return;
  pthread_mutex_lock(&loader->lock);
  loader->stop = true;
  pthread_cond_broadcast(&loader->changed);
  pthread_mutex_unlock(&loader->lock);
  for (int i = 0; i < loader->threads; i++) pthread_join(loader->makers[i], NULL);
  for (int i = 0; loader->slots && i < loader->ahead; i++)
    for (int k = 0; k < loader->source->n_fields; k++) free(loader->slots[i].fields[k]);
  free(loader->slots);
  pthread_mutex_destroy(&loader->lock);
  pthread_cond_destroy(&loader->changed);
  free(loader);
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void wait_a_little(LmmLoader *loader) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += POLL_MS * 1000000L;
  until.tv_sec += until.tv_nsec / 1000000000L;
  until.tv_nsec %= 1000000000L;
  pthread_cond_timedwait(&loader->changed, &loader->lock, &until);
}

/* With the lock held: waits for the slot of the next batch to be ready. */
static BaseStatus await(BaseContext *ctx, LmmLoader *loader, const Slot *slot) {
  double start = seconds();
  while (slot->ready != loader->taken + 1 && loader->status == BASE_OK && !base_cancelled(ctx))
    wait_a_little(loader);
  loader->waited += seconds() - start;
  if (slot->ready == loader->taken + 1) return BASE_OK;
  if (loader->status != BASE_OK) return base_fail(ctx, loader->status, "%s", loader->sentence);
  return base_fail_cancelled(ctx);
}

static BaseStatus copy_batch(BaseContext *ctx, const LmmLoader *loader, const Slot *slot, NnRun *run) {
  for (int k = 0; k < loader->source->n_fields; k++) {
    const LmmField *field = &loader->source->fields[k];
    float *to = nn_run_input(run, field->var, field->shape);
    if (!to) return base_fail(ctx, BASE_BAD_INPUT, "field %d of the examples does not fit the network", k);
    memcpy(to, slot->fields[k], nn_shape_count(field->shape) * sizeof *to);
  }
  return BASE_OK;
}

BaseStatus lmm_loader_next(BaseContext *ctx, LmmLoader *loader, NnRun *run) {
  pthread_mutex_lock(&loader->lock);
  Slot *slot = &loader->slots[loader->taken % (uint64_t)loader->ahead];
  BaseStatus status = await(ctx, loader, slot);
  pthread_mutex_unlock(&loader->lock);
  if (status != BASE_OK) return status;
  status = copy_batch(ctx, loader, slot, run); /* nobody fills the slot before `taken` moves on */
  pthread_mutex_lock(&loader->lock);
  loader->taken++;
  pthread_cond_broadcast(&loader->changed);
  pthread_mutex_unlock(&loader->lock);
  return status;
}

double lmm_loader_waited(const LmmLoader *loader) {
  return loader->waited;
}
