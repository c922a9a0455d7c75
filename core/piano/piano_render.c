/* A motion becomes a list of key and pedal events in time order; the sound between two neighbours is rendered
 * in one go. FluidSynth starts voices on its own grid of 64 frames (1.5 ms at 44.1 kHz), finer than that no
 * event can be. A key struck again while it is down is released by its last key-up only.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SLICE_FRAMES = 8192 };

static const double longest_s = 24 * 3600.0;

typedef enum { RELEASE, PEDAL, STRIKE } EventKind;

typedef struct {
  int64_t frame;
  size_t order; /* of the source, so that equal frames keep one order */
  EventKind kind;
  uint8_t number, value; /* key and velocity, or controller and depth */
} Event;

typedef struct {
  BaseContext *ctx;
  PianoSynth *synth;
  DspAudio *audio;
  int64_t done;
  float left[SLICE_FRAMES], right[SLICE_FRAMES];
  int down[128];
} Render;

static int by_time(const void *a, const void *b) {
  const Event *x = a, *y = b;
  if (x->frame != y->frame) return x->frame < y->frame ? -1 : 1;
  if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
  return x->order < y->order ? -1 : x->order > y->order;
}

static int64_t frame_at(double seconds, int32_t rate_hz) {
  return llround(fmax(0, fmin(seconds, longest_s)) * rate_hz);
}

/* All events of the motion, sorted; null without memory. */
static Event *list_events(const Motion *motion, int32_t rate_hz, size_t *n) {
  Event *events = calloc(2 * motion->notes.n + motion->pedals.n + 1, sizeof *events);
  if (!events) return NULL;
  size_t k = 0;
  for (size_t i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    const int64_t strike = frame_at(note->onset_s, rate_hz), release = frame_at(note->key_up_s, rate_hz);
    events[k] = (Event){strike, k, STRIKE, note->midi & 127, note->velocity & 127};
    k++;
    events[k] = (Event){release > strike ? release : strike + 1, k, RELEASE, note->midi & 127, 0};
    k++;
  }
  for (size_t i = 0; i < motion->pedals.n; i++, k++) {
    const MotionPedal *pedal = &motion->pedals.items[i];
    events[k] = (Event){frame_at(pedal->time_s, rate_hz), k, PEDAL, pedal->pedal, pedal->depth};
  }
  qsort(events, k, sizeof *events, by_time);
  *n = k;
  return events;
}

static void apply(Render *render, const Event *event) {
  int *down = &render->down[event->number & 127];
  if (event->kind == PEDAL)
    piano_synth_pedal(render->synth, event->number, event->value);
  else if (event->kind == STRIKE)
    piano_synth_key(render->synth, event->number, event->value), ++*down;
  else if (--*down == 0)
    piano_synth_key(render->synth, event->number, 0);
}

static BaseStatus render_until(Render *render, int64_t frame) {
  while (render->done < frame) {
    if (base_cancelled(render->ctx)) return base_fail_cancelled(render->ctx);
    const size_t n = frame - render->done < SLICE_FRAMES ? (size_t)(frame - render->done) : SLICE_FRAMES;
    piano_synth_render(render->synth, render->left, render->right, n);
    float *out = render->audio->samples + 2 * render->done;
    for (size_t t = 0; t < n; t++) {
      out[2 * t] = render->left[t];
      out[2 * t + 1] = render->right[t];
    }
    render->done += (int64_t)n;
    base_progress(render->ctx, (double)render->done / (double)render->audio->frames, "Playing");
  }
  return BASE_OK;
}

static BaseStatus render_events(BaseContext *ctx, PianoSynth *synth, DspAudio *audio, const Event *events,
                                size_t n) {
  Render *render = calloc(1, sizeof *render);
  if (!render) return base_fail_memory(ctx);
  *render = (Render){.ctx = ctx, .synth = synth, .audio = audio};
  BaseStatus status = BASE_OK;
  for (size_t i = 0; !status && i < n; i++) {
    status = render_until(render, events[i].frame);
    if (!status) apply(render, &events[i]);
  }
  if (!status) status = render_until(render, (int64_t)audio->frames);
  free(render);
  return status;
}

static BaseStatus render_with(BaseContext *ctx, DspAudio **out, PianoSynth *synth, const Motion *motion,
                              int32_t rate_hz, double tail_s) {
  size_t n = 0;
  Event *events = list_events(motion, rate_hz, &n);
  const int64_t last = n && events ? events[n - 1].frame : 0;
  DspAudio *audio = events ? dsp_audio_new((size_t)(last + frame_at(tail_s, rate_hz)), 2, rate_hz) : NULL;
  BaseStatus status = audio ? render_events(ctx, synth, audio, events, n) : base_fail_memory(ctx);
  free(events);
  if (status)
    dsp_audio_free(audio);
  else
    *out = audio;
  return status;
}

BaseStatus piano_render(BaseContext *ctx, DspAudio **out, const Motion *motion,
                        const PianoRenderParams *params) {
  static const PianoRenderParams defaults;
  if (!params) params = &defaults;
  if (motion_duration_s(motion) > longest_s)
    return base_fail(ctx, BASE_BAD_INPUT, "The motion lasts %.0f hours; at most 24 can be played",
                     motion_duration_s(motion) / 3600);
  PianoSynth *synth = NULL;
  BaseStatus status = piano_synth_new(ctx, &synth, &params->synth);
  if (status) return status;
  status = render_with(ctx, out, synth, motion, params->synth.rate_hz > 0 ? params->synth.rate_hz : 44100,
                       params->tail_s > 0 ? params->tail_s : 3);
  piano_synth_free(synth);
  return status;
}
