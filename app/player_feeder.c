/* All questions of time are answered here, ahead of the callback: seeking, speed, loops, counting in and the
 * end make blocks that say which instant of the recording they are. The callback only plays them, and whoever
 * asks for the position reads it off the block that is sounding. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/player_feeder.h"

#include "app/player_stretch.h"

#include <glib.h>
#include <math.h>
#include <string.h>

enum { refill_us = 15000 };
static const double grain_s = 0.06;

struct PlayerFeeder {
  PlayerRing *ring;
  PlayerGrain *grain;
  int32_t rate_hz;
  GThread *thread;
  GMutex lock;
  GCond wake;
  /* under lock */
  PlayerPlan wanted;
  double scrub_s;
  bool scrub_wanted, closing;
  /* under `files`: changed by the main thread while nothing runs, used by the worker */
  GMutex files;
  PlayerStretch *recording, *scrubbing; /* null without a recording */
  /* the worker's own */
  PlayerPlan plan;
  double time_s; /* the instant that comes next */
  bool jump, splice, done;
  int counted;
  size_t count_frames; /* output frames until the next click of the count-in */
};

/* ---- one block ---- */

static void count_in(PlayerFeeder *feeder, PlayerBlock *block) {
  size_t step = (size_t)fmax(1, feeder->plan.count_in_step_s * feeder->rate_hz);
  bool begins = feeder->count_frames == 0;
  if (begins) feeder->count_frames = step;
  size_t n = feeder->count_frames < PLAYER_BLOCK_FRAMES ? feeder->count_frames : PLAYER_BLOCK_FRAMES;
  memset(block->left, 0, sizeof block->left);
  memset(block->right, 0, sizeof block->right);
  block->frames = (uint16_t)n;
  block->time_s = feeder->time_s;
  block->step_s = 0;
  block->silent = true;
  block->click = begins ? (feeder->counted == 0 ? 2 : 1) : 0;
  feeder->count_frames -= n;
  if (feeder->count_frames == 0) feeder->counted++;
}

/* Where the present stretch ends, and whether there it goes on at the start of the loop. */
static double stretch_end(const PlayerFeeder *feeder, bool *loops) {
  const PlayerPlan *plan = &feeder->plan;
  *loops = plan->loop_end_s - plan->loop_start_s > 0.01 && feeder->time_s < plan->loop_end_s &&
           plan->loop_end_s <= plan->end_s;
  return *loops ? plan->loop_end_s : plan->end_s;
}

static void lay_out(PlayerFeeder *feeder, PlayerBlock *block) {
  bool loops;
  double step_s = feeder->plan.speed / feeder->rate_hz, end_s = stretch_end(feeder, &loops);
  double left = ceil((end_s - feeder->time_s) / step_s - 1e-6);
  size_t n = left <= 0 ? 0 : left < PLAYER_BLOCK_FRAMES ? (size_t)left : PLAYER_BLOCK_FRAMES;
  if (feeder->recording) {
    player_stretch_read(feeder->recording, block->left, block->right, n);
  } else {
    memset(block->left, 0, sizeof block->left);
    memset(block->right, 0, sizeof block->right);
  }
  block->frames = (uint16_t)n;
  block->time_s = feeder->time_s;
  block->step_s = step_s;
  block->silent = false;
  block->click = 0;
  feeder->time_s += (double)n * step_s;
  if (left > PLAYER_BLOCK_FRAMES) return;
  feeder->done = !loops;
  if (!loops) return;
  feeder->time_s = feeder->plan.loop_start_s;
  feeder->jump = true;
}

static void start_stretch(PlayerFeeder *feeder) {
  if (feeder->recording) player_stretch_start(feeder->recording, feeder->time_s, feeder->plan.speed);
}

/* Takes over a changed plan; true when there is something to lay out. */
static bool adopt(PlayerFeeder *feeder, const PlayerPlan *wanted) {
  bool anew = wanted->generation != feeder->plan.generation,
       other_speed = wanted->speed != feeder->plan.speed;
  feeder->plan = *wanted;
  if (anew) {
    feeder->time_s = wanted->start_s;
    feeder->counted = 0;
    feeder->count_frames = 0;
    feeder->done = false;
    feeder->jump = true;
  }
  if ((anew || other_speed) && wanted->running) start_stretch(feeder);
  feeder->splice = other_speed;
  return wanted->running && !feeder->done;
}

static void fill(PlayerFeeder *feeder) {
  PlayerBlock *block;
  while (!feeder->done && (block = player_ring_free(feeder->ring))) {
    bool jump = feeder->jump;
    feeder->jump = false;
    if (feeder->counted < feeder->plan.count_in)
      count_in(feeder, block);
    else
      lay_out(feeder, block);
    block->jump = jump;
    block->splice = feeder->splice;
    feeder->splice = false;
    block->last = feeder->done;
    block->generation = feeder->plan.generation;
    if (feeder->jump) start_stretch(feeder);
    player_ring_push(feeder->ring);
  }
}

static void fill_grain(PlayerFeeder *feeder, double time_s) {
  PlayerGrain *grain = feeder->grain;
  if (!feeder->scrubbing || atomic_load_explicit(&grain->state, memory_order_acquire) != 0) return;
  unsigned n = (unsigned)(grain_s * feeder->rate_hz);
  grain->frames = n < PLAYER_GRAIN_FRAMES ? n : PLAYER_GRAIN_FRAMES;
  player_stretch_start(feeder->scrubbing, time_s - grain_s / 2, 1);
  player_stretch_read(feeder->scrubbing, grain->left, grain->right, grain->frames);
  for (unsigned i = 0; i < grain->frames; i++) {
    float window = (float)(0.5 - 0.5 * cos(2 * M_PI * (i + 0.5) / grain->frames));
    grain->left[i] *= window;
    grain->right[i] *= window;
  }
  atomic_store_explicit(&grain->state, 1, memory_order_release);
}

void player_feeder_work(PlayerFeeder *feeder) {
  g_mutex_lock(&feeder->lock);
  PlayerPlan wanted = feeder->wanted;
  bool scrub = feeder->scrub_wanted;
  double scrub_s = feeder->scrub_s;
  feeder->scrub_wanted = false;
  g_mutex_unlock(&feeder->lock);
  g_mutex_lock(&feeder->files);
  if (scrub) fill_grain(feeder, scrub_s);
  if (adopt(feeder, &wanted)) fill(feeder);
  g_mutex_unlock(&feeder->files);
}

static gpointer feed_thread(gpointer data) {
  PlayerFeeder *feeder = data;
  for (;;) {
    player_feeder_work(feeder);
    g_mutex_lock(&feeder->lock);
    bool changed = feeder->wanted.generation != feeder->plan.generation || feeder->scrub_wanted;
    if (!changed && !feeder->closing) {
      if (feeder->wanted.running && !feeder->done)
        g_cond_wait_until(&feeder->wake, &feeder->lock, g_get_monotonic_time() + refill_us);
      else
        g_cond_wait(&feeder->wake, &feeder->lock);
    }
    bool closing = feeder->closing;
    g_mutex_unlock(&feeder->lock);
    if (closing) return NULL;
  }
}

/* ---- the main thread's side ---- */

PlayerFeeder *player_feeder_new(PlayerRing *ring, PlayerGrain *grain, int32_t rate_hz, bool by_hand) {
  PlayerFeeder *feeder = g_new0(PlayerFeeder, 1);
  feeder->ring = ring;
  feeder->grain = grain;
  feeder->rate_hz = rate_hz;
  feeder->wanted.speed = feeder->plan.speed = 1;
  g_mutex_init(&feeder->lock);
  g_mutex_init(&feeder->files);
  g_cond_init(&feeder->wake);
  if (!by_hand) feeder->thread = g_thread_new("player feeder", feed_thread, feeder);
  return feeder;
}

void player_feeder_free(PlayerFeeder *feeder) {
  if (!feeder) return;
  g_mutex_lock(&feeder->lock);
  feeder->closing = true;
  g_cond_signal(&feeder->wake);
  g_mutex_unlock(&feeder->lock);
  if (feeder->thread) g_thread_join(feeder->thread);
  player_stretch_free(feeder->recording);
  player_stretch_free(feeder->scrubbing);
  g_mutex_clear(&feeder->lock);
  g_mutex_clear(&feeder->files);
  g_cond_clear(&feeder->wake);
  g_free(feeder);
}

BaseStatus player_feeder_set_recording(BaseContext *ctx, PlayerFeeder *feeder, double *duration_s,
                                       const char *path) {
  PlayerStretch *recording = NULL, *scrubbing = NULL;
  BaseStatus status = path ? player_stretch_open(ctx, &recording, path, feeder->rate_hz) : BASE_OK;
  if (status == BASE_OK && path) status = player_stretch_open(ctx, &scrubbing, path, feeder->rate_hz);
  if (status != BASE_OK) {
    player_stretch_free(recording);
    return status;
  }
  *duration_s = recording ? player_stretch_duration_s(recording) : 0;
  g_mutex_lock(&feeder->files);
  PlayerStretch *old[2] = {feeder->recording, feeder->scrubbing};
  feeder->recording = recording;
  feeder->scrubbing = scrubbing;
  g_mutex_unlock(&feeder->files);
  player_stretch_free(old[0]);
  player_stretch_free(old[1]);
  return BASE_OK;
}

void player_feeder_set_plan(PlayerFeeder *feeder, const PlayerPlan *plan) {
  g_mutex_lock(&feeder->lock);
  feeder->wanted = *plan;
  g_cond_signal(&feeder->wake);
  g_mutex_unlock(&feeder->lock);
}

void player_feeder_scrub(PlayerFeeder *feeder, double time_s) {
  g_mutex_lock(&feeder->lock);
  feeder->scrub_s = time_s;
  feeder->scrub_wanted = true;
  g_cond_signal(&feeder->wake);
  g_mutex_unlock(&feeder->lock);
}
