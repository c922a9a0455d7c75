/* A motion becomes a list of key and pedal events in time order; the sound between two neighbours is rendered
 * in slices, each handed on to memory or to a file. FluidSynth starts voices on its own grid of 64 frames
 * (1.5 ms at 44.1 kHz), finer than that no event can be. A key struck again while it is down is released by
 * its last key-up only. SPDX-License-Identifier: GPL-3.0-or-later */
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

/* Where the sound goes: `audio`, or else `writer`. */
typedef struct {
  DspAudio *audio;
  DspWriter *writer;
} Sink;

typedef struct {
  BaseContext *ctx;
  PianoSynth *synth;
  Sink sink;
  int64_t done, frames;
  float left[SLICE_FRAMES], right[SLICE_FRAMES], stereo[2 * SLICE_FRAMES];
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

static BaseStatus render_slice(Render *render, size_t n) {
  float *out = render->sink.audio ? render->sink.audio->samples + 2 * render->done : render->stereo;
  piano_synth_render(render->synth, render->left, render->right, n);
  for (size_t t = 0; t < n; t++) {
    out[2 * t] = render->left[t];
    out[2 * t + 1] = render->right[t];
  }
  render->done += (int64_t)n;
  return render->sink.audio ? BASE_OK : dsp_writer_write(render->ctx, render->sink.writer, out, n);
}

static BaseStatus render_until(Render *render, int64_t frame) {
  BaseStatus status = BASE_OK;
  while (!status && render->done < frame) {
    if (base_cancelled(render->ctx)) return base_fail_cancelled(render->ctx);
    const int64_t left = frame - render->done;
    status = render_slice(render, left < SLICE_FRAMES ? (size_t)left : SLICE_FRAMES);
    base_progress(render->ctx, (double)render->done / (double)render->frames, "Playing");
  }
  return status;
}

static BaseStatus render_events(BaseContext *ctx, PianoSynth *synth, Sink sink, int64_t frames,
                                const Event *events, size_t n) {
  Render *render = calloc(1, sizeof *render);
  if (!render) return base_fail_memory(ctx);
  *render = (Render){.ctx = ctx, .synth = synth, .sink = sink, .frames = frames};
  BaseStatus status = BASE_OK;
  for (size_t i = 0; !status && i < n; i++) {
    status = render_until(render, events[i].frame);
    if (!status) apply(render, &events[i]);
  }
  if (!status) status = render_until(render, frames);
  free(render);
  return status;
}

/* A motion made ready to be played. */
typedef struct {
  PianoSynth *synth;
  Event *events;
  size_t n;
  int64_t frames;
  int32_t rate_hz;
} Performance;

static void performance_clear(Performance *p) {
  piano_synth_free(p->synth);
  free(p->events);
}

static BaseStatus performance_init(BaseContext *ctx, Performance *p, const Motion *motion,
                                   const PianoRenderParams *params) {
  static const PianoRenderParams defaults;
  *p = (Performance){0};
  if (!params) params = &defaults;
  if (motion_duration_s(motion) > longest_s)
    return base_fail(ctx, BASE_BAD_INPUT, "The motion lasts %.0f hours; at most 24 can be played",
                     motion_duration_s(motion) / 3600);
  BaseStatus status = piano_synth_new(ctx, &p->synth, &params->synth);
  if (status) return status;
  p->rate_hz = params->synth.rate_hz > 0 ? params->synth.rate_hz : 44100;
  p->events = list_events(motion, p->rate_hz, &p->n);
  if (!p->events) return base_fail_memory(ctx);
  const int64_t last = p->n ? p->events[p->n - 1].frame : 0;
  p->frames = last + frame_at(params->tail_s > 0 ? params->tail_s : 3, p->rate_hz);
  return BASE_OK;
}

static BaseStatus perform(BaseContext *ctx, const Performance *p, Sink sink) {
  return render_events(ctx, p->synth, sink, p->frames, p->events, p->n);
}

BaseStatus piano_render(BaseContext *ctx, DspAudio **out, const Motion *motion,
                        const PianoRenderParams *params) {
  Performance p;
  BaseStatus status = performance_init(ctx, &p, motion, params);
  DspAudio *audio = status ? NULL : dsp_audio_new((size_t)p.frames, 2, p.rate_hz);
  if (!status) status = audio ? perform(ctx, &p, (Sink){.audio = audio}) : base_fail_memory(ctx);
  performance_clear(&p);
  if (status)
    dsp_audio_free(audio);
  else
    *out = audio;
  return status;
}

BaseStatus piano_render_file(BaseContext *ctx, double *duration_s, const char *path, const Motion *motion,
                             const PianoRenderParams *params) {
  Performance p;
  DspWriter *writer = NULL;
  BaseStatus status = performance_init(ctx, &p, motion, params);
  if (!status) status = dsp_writer_open(ctx, &writer, path, p.rate_hz, 2);
  if (!status) status = perform(ctx, &p, (Sink){.writer = writer});
  if (!status) status = dsp_writer_commit(ctx, writer);
  if (!status && duration_s) *duration_s = (double)p.frames / p.rate_hz;
  dsp_writer_free(writer);
  performance_clear(&p);
  return status;
}
