/* Each render walks along the blocks of the ring in pieces that end where a block, the output or the next
 * event ends, so that every key of the synth falls on its frame (to FluidSynth's own 64). Events hang on the
 * instants of the recording that the blocks carry: speed, loops and seeking need no word here. Where the wave
 * form jumps, the step is kept and let decay over some milliseconds, which takes away the click. The clock is
 * published by a sequence lock (Lamport 1977): the writer never waits. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "app/player_mix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { piece_frames = 256, commands_most = 64, held_most = 32 };
static const double fade_s = 0.004, idle_s = 8;

typedef struct {
  PianoTouch touch;
  uint32_t frames; /* of a key that is let go by itself; 0: until released */
} Command;

/* One writer, one reader. */
typedef struct {
  Command commands[commands_most];
  atomic_uint written, read;
} Queue;

enum { FROM_WINDOW, FROM_KEYBOARD, N_QUEUES };

typedef struct {
  uint8_t midi;
  uint32_t frames; /* left; 0: free */
} Held;

struct PlayerMix {
  PlayerRing *ring;
  PlayerGrain *grain;
  int32_t rate_hz;
  /* set from outside */
  atomic_bool running;
  atomic_uint generation;
  _Atomic float balance, click_level;
  atomic_bool split_ears;
  _Atomic(PlayerEvents *) pending, retired;
  _Atomic(PianoSynth *) pending_synth, retired_synth;
  Queue queues[N_QUEUES];
  /* the callback's own */
  PianoSynth *synth;
  PlayerEvents *events;
  size_t next_event, block_at;
  bool was_running;
  double now_s; /* the instant that comes next */
  float recording_gain, synth_gain;
  float last[2], step[2]; /* the recording's last frame; what is left of a jump */
  double click_phase, click_step;
  float click_amplitude;
  unsigned grain_at;
  double quiet_s; /* since the synth last had to do anything */
  Held held[held_most];
  PlayerClock clock;
  float left[piece_frames], right[piece_frames], synth_left[piece_frames], synth_right[piece_frames];
  /* published */
  atomic_uint sequence;
  _Atomic double time_s, rate, start_s;
  _Atomic int64_t dac_us;
  atomic_uint clock_generation;
  atomic_bool ended;
};

/* ---- events ---- */

static int compare_events(const void *a, const void *b) {
  const PlayerEvent *x = a, *y = b;
  if (x->time_s != y->time_s) return x->time_s < y->time_s ? -1 : 1;
  if (x->kind != y->kind) return x->kind - y->kind;
  return x->a - y->a;
}

PlayerEvents *player_events_new(const Motion *motion, const double *clicks_s, const bool *accents,
                                size_t n_clicks) {
  size_t notes = motion ? motion->notes.n : 0, pedals = motion ? motion->pedals.n : 0;
  PlayerEvents *out = calloc(1, sizeof *out + (2 * notes + pedals + n_clicks) * sizeof(PlayerEvent));
  if (!out) return NULL;
  for (size_t i = 0; i < notes; i++) {
    const MotionNote *note = &motion->notes.items[i];
    out->events[out->n++] = (PlayerEvent){note->onset_s, PLAYER_STRIKE, note->midi, note->velocity};
    out->events[out->n++] = (PlayerEvent){note->key_up_s, PLAYER_RELEASE, note->midi, 0};
  }
  for (size_t i = 0; i < pedals; i++) {
    const MotionPedal *pedal = &motion->pedals.items[i];
    out->events[out->n++] = (PlayerEvent){pedal->time_s, PLAYER_PEDAL, pedal->pedal, pedal->depth};
  }
  for (size_t i = 0; i < n_clicks; i++)
    out->events[out->n++] = (PlayerEvent){clicks_s[i], PLAYER_CLICK, accents ? accents[i] : 0, 0};
  qsort(out->events, out->n, sizeof *out->events, compare_events);
  return out;
}

/* The first event at or after an instant. */
static size_t event_at(const PlayerEvents *events, double time_s) {
  size_t low = 0, high = events ? events->n : 0;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (events->events[middle].time_s < time_s)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* ---- life ---- */

PlayerMix *player_mix_new(PlayerRing *ring, PlayerGrain *grain, int32_t rate_hz) {
  PlayerMix *mix = calloc(1, sizeof *mix);
  if (!mix) return NULL;
  mix->ring = ring;
  mix->grain = grain;
  mix->rate_hz = rate_hz;
  mix->recording_gain = mix->synth_gain = 1;
  mix->quiet_s = idle_s;
  atomic_init(&mix->balance, 0.5f);
  return mix;
}

void player_mix_free(PlayerMix *mix) {
  if (!mix) return;
  piano_synth_free(mix->synth);
  piano_synth_free(atomic_load(&mix->pending_synth));
  piano_synth_free(atomic_load(&mix->retired_synth));
  free(atomic_load(&mix->pending));
  free(atomic_load(&mix->retired));
  free(mix->events);
  free(mix);
}

void player_mix_run(PlayerMix *mix, bool running, uint32_t generation) {
  atomic_store(&mix->generation, generation);
  atomic_store(&mix->running, running);
}

void player_mix_set_levels(PlayerMix *mix, double balance, bool split_ears, double click) {
  atomic_store(&mix->balance, (float)balance);
  atomic_store(&mix->split_ears, split_ears);
  atomic_store(&mix->click_level, (float)click);
}

void player_mix_take_events(PlayerMix *mix, PlayerEvents *events) {
  free(atomic_exchange(&mix->pending, events));
  free(atomic_exchange(&mix->retired, NULL));
}

void player_mix_tidy(PlayerMix *mix) {
  free(atomic_exchange(&mix->retired, NULL));
  piano_synth_free(atomic_exchange(&mix->retired_synth, NULL));
}

void player_mix_take_synth(PlayerMix *mix, PianoSynth *synth) {
  piano_synth_free(atomic_exchange(&mix->pending_synth, synth));
  piano_synth_free(atomic_exchange(&mix->retired_synth, NULL));
}

static bool ask(Queue *queue, Command command) {
  unsigned written = atomic_load_explicit(&queue->written, memory_order_relaxed);
  if (written - atomic_load_explicit(&queue->read, memory_order_acquire) >= commands_most) return false;
  queue->commands[written % commands_most] = command;
  atomic_store_explicit(&queue->written, written + 1, memory_order_release);
  return true;
}

bool player_mix_strike(PlayerMix *mix, int midi, int velocity, double seconds) {
  PianoTouch touch = {PIANO_TOUCH_KEY, (uint8_t)midi, (uint8_t)velocity};
  return ask(&mix->queues[FROM_WINDOW], (Command){touch, (uint32_t)(seconds * mix->rate_hz)});
}

bool player_mix_touch(PlayerMix *mix, PianoTouch touch) {
  return ask(&mix->queues[FROM_KEYBOARD], (Command){touch, 0});
}

/* ---- the clock ---- */

static void publish(PlayerMix *mix) {
  unsigned sequence = atomic_load_explicit(&mix->sequence, memory_order_relaxed);
  atomic_store_explicit(&mix->sequence, sequence + 1, memory_order_relaxed);
  atomic_thread_fence(memory_order_release);
  atomic_store_explicit(&mix->time_s, mix->clock.time_s, memory_order_relaxed);
  atomic_store_explicit(&mix->rate, mix->clock.rate, memory_order_relaxed);
  atomic_store_explicit(&mix->start_s, mix->clock.start_s, memory_order_relaxed);
  atomic_store_explicit(&mix->dac_us, mix->clock.dac_us, memory_order_relaxed);
  atomic_store_explicit(&mix->clock_generation, mix->clock.generation, memory_order_relaxed);
  atomic_store_explicit(&mix->ended, mix->clock.ended, memory_order_relaxed);
  atomic_store_explicit(&mix->sequence, sequence + 2, memory_order_release);
}

PlayerClock player_mix_clock(PlayerMix *mix) {
  for (;;) {
    unsigned before = atomic_load_explicit(&mix->sequence, memory_order_acquire);
    PlayerClock clock = {.time_s = atomic_load_explicit(&mix->time_s, memory_order_acquire),
                         .rate = atomic_load_explicit(&mix->rate, memory_order_acquire),
                         .start_s = atomic_load_explicit(&mix->start_s, memory_order_acquire),
                         .dac_us = atomic_load_explicit(&mix->dac_us, memory_order_acquire),
                         .generation = atomic_load_explicit(&mix->clock_generation, memory_order_acquire),
                         .ended = atomic_load_explicit(&mix->ended, memory_order_acquire)};
    unsigned after = atomic_load_explicit(&mix->sequence, memory_order_relaxed);
    if (before == after && before % 2 == 0) return clock;
  }
}

/* ---- the synth ---- */

static void strike(PlayerMix *mix, PianoSynth *synth, int midi, int velocity) {
  if (synth) piano_synth_key(synth, midi, velocity);
  mix->quiet_s = 0;
}

static void click(PlayerMix *mix, bool accent) {
  mix->click_phase = 0;
  mix->click_step = 2 * M_PI * (accent ? 1760.0 : 1320.0) / mix->rate_hz;
  mix->click_amplitude = accent ? 0.6f : 0.4f;
}

static void happen(PlayerMix *mix, PianoSynth *synth, const PlayerEvent *event) {
  switch ((PlayerEventKind)event->kind) {
  case PLAYER_RELEASE:
    strike(mix, synth, event->a, 0);
    break;
  case PLAYER_STRIKE:
    strike(mix, synth, event->a, event->b);
    break;
  case PLAYER_PEDAL:
    if (synth) piano_synth_pedal(synth, event->a, event->b);
    break;
  case PLAYER_CLICK:
    click(mix, event->a != 0);
    break;
  }
}

/* After a jump: silence, the next event, and the pedals as they are at that instant. */
static void chase(PlayerMix *mix, PianoSynth *synth, double time_s) {
  mix->next_event = event_at(mix->events, time_s);
  if (!synth) return;
  piano_synth_all_off(synth);
  static const uint8_t controllers[] = {MOTION_SUSTAIN, MOTION_SOSTENUTO, MOTION_SOFT};
  for (int k = 0; k < 3; k++) {
    size_t i = mix->next_event;
    while (i > 0 && !(mix->events->events[i - 1].kind == PLAYER_PEDAL &&
                      mix->events->events[i - 1].a == controllers[k]))
      i--;
    if (i > 0) piano_synth_pedal(synth, controllers[k], mix->events->events[i - 1].b);
  }
}

static void swap_events(PlayerMix *mix, PianoSynth *synth) {
  if (atomic_load(&mix->retired)) return;
  PlayerEvents *fresh = atomic_exchange(&mix->pending, NULL);
  if (!fresh) return;
  atomic_store(&mix->retired, mix->events);
  mix->events = fresh;
  mix->next_event = event_at(fresh, mix->now_s);
  if (mix->was_running) chase(mix, synth, mix->now_s);
}

/* The old one is silent at once: a tail that rings on would need two of them. */
static void swap_synth(PlayerMix *mix) {
  if (atomic_load(&mix->retired_synth)) return;
  PianoSynth *fresh = atomic_exchange(&mix->pending_synth, NULL);
  if (!fresh) return;
  atomic_store(&mix->retired_synth, mix->synth);
  mix->synth = fresh;
  memset(mix->held, 0, sizeof mix->held);
  if (mix->was_running && mix->events) chase(mix, fresh, mix->now_s);
}

static void hold(PlayerMix *mix, uint8_t midi, uint32_t frames) {
  for (int i = 0; i < held_most; i++)
    if (mix->held[i].frames == 0) {
      mix->held[i] = (Held){midi, frames};
      return;
    }
}

static void obey_one(PlayerMix *mix, PianoSynth *synth, const Command *command) {
  const PianoTouch *touch = &command->touch;
  if (touch->kind == PIANO_TOUCH_KEY)
    strike(mix, synth, touch->number, touch->value);
  else if (synth)
    piano_synth_pedal(synth, touch->number, touch->value);
  if (touch->kind == PIANO_TOUCH_KEY && touch->value && command->frames)
    hold(mix, touch->number, command->frames);
}

static void obey(PlayerMix *mix, PianoSynth *synth) {
  for (int i = 0; i < N_QUEUES; i++) {
    Queue *queue = &mix->queues[i];
    unsigned read = atomic_load_explicit(&queue->read, memory_order_relaxed);
    unsigned written = atomic_load_explicit(&queue->written, memory_order_acquire);
    for (; read != written; read++) obey_one(mix, synth, &queue->commands[read % commands_most]);
    atomic_store_explicit(&queue->read, read, memory_order_release);
  }
}

static void let_go(PlayerMix *mix, PianoSynth *synth, size_t frames) {
  for (int i = 0; i < held_most; i++) {
    Held *held = &mix->held[i];
    if (held->frames == 0) continue;
    bool over = held->frames <= frames;
    held->frames -= over ? held->frames : (uint32_t)frames;
    if (over) strike(mix, synth, held->midi, 0);
  }
}

/* ---- the recording ---- */

static const PlayerBlock *present_block(PlayerMix *mix) {
  const PlayerBlock *block;
  unsigned generation = atomic_load(&mix->generation);
  while ((block = player_ring_front(mix->ring)) &&
         (block->generation != generation || mix->block_at >= block->frames)) {
    bool last = block->last && block->generation == generation;
    if (last) mix->clock.ended = true;
    mix->block_at = 0;
    player_ring_pop(mix->ring);
  }
  return block;
}

static void enter(PlayerMix *mix, PianoSynth *synth, const PlayerBlock *block) {
  if (block->click) click(mix, block->click == 2);
  if (block->jump) chase(mix, synth, block->time_s);
  if (block->jump) mix->clock.start_s = block->time_s;
  if (!block->jump && !block->splice) return;
  mix->step[0] = mix->last[0] - block->left[0];
  mix->step[1] = mix->last[1] - block->right[0];
}

/* Frames until the next event of the block's stretch, at most n. */
static size_t until_event(const PlayerMix *mix, const PlayerBlock *block, double time_s, size_t n) {
  if (!mix->events || mix->next_event >= mix->events->n || block->silent || block->step_s <= 0) return n;
  double frames = ceil((mix->events->events[mix->next_event].time_s - time_s) / block->step_s - 1e-6);
  return frames <= 0 ? 0 : frames < (double)n ? (size_t)frames : n;
}

static void play_events(PlayerMix *mix, PianoSynth *synth, const PlayerBlock *block, double time_s) {
  if (block->silent) return;
  while (mix->events && mix->next_event < mix->events->n &&
         mix->events->events[mix->next_event].time_s < time_s + block->step_s * 0.5)
    happen(mix, synth, &mix->events->events[mix->next_event++]);
}

/* Copies recording frames into `left` and `right`, smoothing over jumps. */
static void copy_block(PlayerMix *mix, const PlayerBlock *block, size_t n) {
  const float decay = 0.985f;
  for (size_t i = 0; i < n; i++) {
    mix->left[i] = mix->last[0] = block->left[mix->block_at + i] + mix->step[0];
    mix->right[i] = mix->last[1] = block->right[mix->block_at + i] + mix->step[1];
    mix->step[0] *= decay;
    mix->step[1] *= decay;
  }
}

static void no_recording(PlayerMix *mix, size_t n) {
  for (size_t i = 0; i < n; i++) {
    mix->left[i] = mix->last[0];
    mix->right[i] = mix->last[1];
    mix->last[0] *= 0.985f;
    mix->last[1] *= 0.985f;
  }
}

/* ---- mixing ---- */

static void render_synth(PlayerMix *mix, PianoSynth *synth, size_t n) {
  mix->quiet_s += (double)n / mix->rate_hz;
  if (synth && mix->quiet_s < idle_s) {
    piano_synth_render(synth, mix->synth_left, mix->synth_right, n);
    return;
  }
  memset(mix->synth_left, 0, n * sizeof(float));
  memset(mix->synth_right, 0, n * sizeof(float));
}

static void add_grain(PlayerMix *mix, size_t n) {
  PlayerGrain *grain = mix->grain;
  if (atomic_load_explicit(&grain->state, memory_order_acquire) != 1) return;
  for (size_t i = 0; i < n && mix->grain_at < grain->frames; i++, mix->grain_at++) {
    mix->left[i] += grain->left[mix->grain_at];
    mix->right[i] += grain->right[mix->grain_at];
  }
  if (mix->grain_at < grain->frames) return;
  mix->grain_at = 0;
  atomic_store_explicit(&grain->state, 0, memory_order_release);
}

static float next_click(PlayerMix *mix, float level) {
  if (mix->click_amplitude < 1e-4f) return 0;
  float value = level * mix->click_amplitude * (float)sin(mix->click_phase);
  mix->click_phase += mix->click_step;
  mix->click_amplitude *= 0.9985f;
  return value;
}

static float approach(float value, float target, float most) {
  return target > value + most ? value + most : target < value - most ? value - most : target;
}

static void write_out(PlayerMix *mix, float *stereo, size_t n) {
  float balance = atomic_load(&mix->balance), click_level = atomic_load(&mix->click_level);
  bool split = atomic_load(&mix->split_ears);
  float recording = fminf(1, 2 - 2 * balance), synth = fminf(1, 2 * balance);
  float most = (float)(1 / (fade_s * mix->rate_hz));
  for (size_t i = 0; i < n; i++) {
    mix->recording_gain = approach(mix->recording_gain, recording, most);
    mix->synth_gain = approach(mix->synth_gain, synth, most);
    float l = mix->left[i] * mix->recording_gain, r = mix->right[i] * mix->recording_gain;
    float sl = mix->synth_left[i] * mix->synth_gain, sr = mix->synth_right[i] * mix->synth_gain;
    float tick = next_click(mix, click_level);
    stereo[2 * i] = tick + (split ? 0.5f * (l + r) : l + sl);
    stereo[2 * i + 1] = tick + (split ? 0.5f * (sl + sr) : r + sr);
  }
}

/* The next piece of at most n frames; how many it made. */
static size_t render_piece(PlayerMix *mix, PianoSynth *synth, float *stereo, size_t n, int64_t dac_us) {
  bool running = atomic_load(&mix->running);
  const PlayerBlock *block = running ? present_block(mix) : NULL;
  if (block) {
    if (mix->block_at == 0) enter(mix, synth, block);
    double time_s = block->time_s + (double)mix->block_at * block->step_s;
    mix->clock = (PlayerClock){
        time_s, block->step_s * mix->rate_hz, mix->clock.start_s, dac_us, block->generation, false};
    play_events(mix, synth, block, time_s);
    size_t left = block->frames - mix->block_at;
    n = until_event(mix, block, time_s, n < left ? n : left);
    if (n == 0) n = 1;
    copy_block(mix, block, n);
    mix->block_at += n;
    mix->now_s = time_s + (double)n * block->step_s;
  } else {
    no_recording(mix, n);
  }
  render_synth(mix, synth, n);
  add_grain(mix, n);
  write_out(mix, stereo, n);
  return n;
}

/* When playing stops the keys that it holds are let go. */
static void follow_running(PlayerMix *mix, PianoSynth *synth) {
  bool running = atomic_load(&mix->running);
  if (running == mix->was_running) return;
  mix->was_running = running;
  if (running || !synth) return;
  for (int key = 0; key < 128; key++) piano_synth_key(synth, key, 0);
  piano_synth_pedal(synth, MOTION_SUSTAIN, 0);
}

void player_mix_render(PlayerMix *mix, float *stereo, size_t frames, int64_t dac_us) {
  swap_synth(mix);
  PianoSynth *synth = mix->synth;
  swap_events(mix, synth);
  follow_running(mix, synth);
  obey(mix, synth);
  let_go(mix, synth, frames);
  for (size_t at = 0; at < frames;) {
    size_t n = frames - at < piece_frames ? frames - at : piece_frames;
    at += render_piece(mix, synth, stereo + 2 * at, n, dac_us + (int64_t)((double)at * 1e6 / mix->rate_hz));
  }
  publish(mix);
}
