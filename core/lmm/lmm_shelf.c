/* A ring of slots, dream k in slot k modulo their number. Who finds his slot with another dream that nobody
 * reads dreams there himself, outside of the lock. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_shelf.h"

#include "core/transcription/transcription_features.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { ROW = FEATURES_BINS * FEATURES_CHANNELS, POLL_MS = 20 };

typedef enum { EMPTY, DREAMING, READY } State;

typedef struct {
  State state;
  uint64_t number;
  int readers;
  uint8_t *features;
  size_t frames;
  Motion *motion;
} Slot;

struct LmmShelf {
  const LmmLibrary *library;
  LmmInstruments *instruments;
  uint64_t seed;
  double seconds;
  bool validation;
  size_t room;
  Slot *slots;
  pthread_mutex_t lock;
  pthread_cond_t changed;
};

LmmShelf *lmm_shelf_new(const LmmLibrary *library, LmmInstruments *instruments, uint64_t seed, double seconds,
                        size_t room, bool validation) {
  LmmShelf *shelf = calloc(1, sizeof *shelf);
  Slot *slots = calloc(room, sizeof *slots);
  if (!shelf || !slots) {
    free(shelf);
    free(slots);
    return NULL;
  }
  *shelf = (LmmShelf){library, instruments, seed, seconds, validation, room, slots};
  pthread_mutex_init(&shelf->lock, NULL);
  pthread_cond_init(&shelf->changed, NULL);
  return shelf;
}

static void forget(Slot *slot) {
  free(slot->features);
  motion_free(slot->motion);
  *slot = (Slot){0};
}

void lmm_shelf_free(LmmShelf *shelf) {
  if (!shelf) return;
  for (size_t i = 0; i < shelf->room; i++) forget(&shelf->slots[i]);
  pthread_mutex_destroy(&shelf->lock);
  pthread_cond_destroy(&shelf->changed);
  free(shelf->slots);
  free(shelf);
}

static uint8_t *quantised(const float *features, size_t n) {
  uint8_t *bytes = malloc(n + 1);
  for (size_t i = 0; bytes && i < n; i++) bytes[i] = (uint8_t)(features[i] * LMM_SHELF_LEVELS + 0.5f);
  return bytes;
}

static BaseStatus dream(BaseContext *ctx, Slot *slot, const LmmShelf *shelf, uint64_t number) {
  BaseContext own = {.cancel = ctx ? ctx->cancel : NULL, .seed = shelf->seed + number};
  BaseRng rng = base_rng(shelf->seed, 2 * number + shelf->validation);
  DspAudio *sound = NULL;
  float *features = NULL;
  BaseStatus status =
      lmm_dream_motion(&own, &slot->motion, shelf->library, &rng, shelf->seconds, shelf->validation);
  if (status == BASE_OK) status = lmm_dream_sound(&own, &sound, slot->motion, shelf->instruments, &rng);
  if (status == BASE_OK) status = transcription_features_all(&own, &features, &slot->frames, sound, 0);
  if (status == BASE_OK) slot->features = quantised(features, slot->frames * ROW);
  if (status == BASE_OK && !slot->features) status = base_fail_memory(&own);
  free(features);
  dsp_audio_free(sound);
  return base_context_join(ctx, &own, status);
}

static void wait_a_little(LmmShelf *shelf) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += POLL_MS * 1000000L;
  until.tv_sec += until.tv_nsec / 1000000000L;
  until.tv_nsec %= 1000000000L;
  pthread_cond_timedwait(&shelf->changed, &shelf->lock, &until);
}

/* Dreams into a slot that nobody else touches meanwhile; called and left under the lock. */
static BaseStatus refill(BaseContext *ctx, LmmShelf *shelf, Slot *slot, uint64_t number) {
  forget(slot);
  *slot = (Slot){.state = DREAMING, .number = number};
  pthread_mutex_unlock(&shelf->lock);
  BaseStatus status = dream(ctx, slot, shelf, number);
  pthread_mutex_lock(&shelf->lock);
  slot->state = READY;
  if (status != BASE_OK) forget(slot);
  pthread_cond_broadcast(&shelf->changed);
  return status;
}

BaseStatus lmm_shelf_take(BaseContext *ctx, LmmHeard *heard, LmmShelf *shelf, uint64_t number) {
  Slot *slot = &shelf->slots[number % shelf->room];
  BaseStatus status = BASE_OK;
  pthread_mutex_lock(&shelf->lock);
  while (status == BASE_OK && !(slot->state == READY && slot->number == number)) {
    if (base_cancelled(ctx))
      status = base_fail_cancelled(ctx);
    else if (slot->state == DREAMING || slot->readers)
      wait_a_little(shelf);
    else
      status = refill(ctx, shelf, slot, number);
  }
  if (status == BASE_OK) {
    slot->readers++;
    *heard = (LmmHeard){slot->features, slot->frames, slot->motion};
  }
  pthread_mutex_unlock(&shelf->lock);
  return status;
}

void lmm_shelf_give(LmmShelf *shelf, uint64_t number) {
  pthread_mutex_lock(&shelf->lock);
  shelf->slots[number % shelf->room].readers--;
  pthread_cond_broadcast(&shelf->changed);
  pthread_mutex_unlock(&shelf->lock);
}
