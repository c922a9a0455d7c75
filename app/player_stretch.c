/* The file is resampled to the output's rate as it is read. At speed 1 that is all; else Rubber Band (C.
 * Cannam) runs in real-time mode: the start is fed with the sound before the wanted instant as its start pad,
 * and the start delay that the library names is dropped from the output, so that frame 0 is the wanted
 * instant. The thread's own clock tells what a second of sound costs; when the finer engine eats more than
 * half a core, the next start uses the faster one. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/player_stretch.h"

#include "core/dsp/dsp_audio.h"
#include "core/dsp/dsp_resample.h"

#include <math.h>
#include <rubberband/rubberband-c.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { piece_frames = 512 };
static const double too_slow = 0.5, judged_after_s = 1;

struct PlayerStretch {
  DspReader *reader;
  DspResampler *resampler; /* null when the rates agree */
  int32_t rate_hz;
  size_t silence;       /* frames to give before the file's first */
  float *raw, *stereo;  /* one piece as read and as stereo at the file's rate */
  size_t raw_at, raw_n; /* what is left in `stereo` for the resampler */
  bool ended;
  double speed;
  RubberBandState band; /* null until a speed other than 1 is wanted */
  bool faster;          /* the engine of `band` */
  size_t to_drop;
  float *in[2], *out[2];
  double cpu_s, made_s;
};

BaseStatus player_stretch_open(BaseContext *ctx, PlayerStretch **out, const char *path, int32_t rate_hz) {
  DspReader *reader = NULL;
  BaseStatus status = dsp_reader_open(ctx, &reader, path);
  if (status != BASE_OK) return status;
  const DspAudioInfo *info = dsp_reader_info(reader);
  PlayerStretch *stretch = calloc(1, sizeof *stretch);
  size_t channels = info->channels > 0 ? (size_t)info->channels : 1;
  float *buffers = stretch ? calloc(piece_frames, (channels + 6) * sizeof *buffers) : NULL;
  if (!buffers) {
    free(stretch);
    dsp_reader_free(reader);
    return base_fail_memory(ctx);
  }
  stretch->reader = reader;
  stretch->rate_hz = rate_hz;
  stretch->raw = buffers;
  stretch->stereo = buffers + channels * piece_frames;
  for (int c = 0; c < 2; c++) {
    stretch->in[c] = stretch->stereo + (size_t)(2 + c) * piece_frames;
    stretch->out[c] = stretch->stereo + (size_t)(4 + c) * piece_frames;
  }
  player_stretch_start(stretch, 0, 1);
  *out = stretch;
  return BASE_OK;
}

void player_stretch_free(PlayerStretch *stretch) {
  if (!stretch) return;
  if (stretch->band) rubberband_delete(stretch->band);
  dsp_resampler_free(stretch->resampler);
  dsp_reader_free(stretch->reader);
  free(stretch->raw);
  free(stretch);
}

double player_stretch_duration_s(const PlayerStretch *stretch) {
  const DspAudioInfo *info = dsp_reader_info(stretch->reader);
  return info->rate_hz > 0 ? (double)info->frames / info->rate_hz : 0;
}

/* ---- the file as stereo ---- */

static void spread(float *stereo, const float *raw, size_t frames, size_t channels) {
  for (size_t i = 0; i < frames; i++) {
    stereo[2 * i] = raw[i * channels];
    stereo[2 * i + 1] = raw[i * channels + (channels > 1 ? 1 : 0)];
  }
}

static void refill(PlayerStretch *stretch) {
  size_t channels = (size_t)dsp_reader_info(stretch->reader)->channels;
  stretch->raw_at = 0;
  stretch->raw_n = stretch->ended ? 0 : dsp_reader_read(stretch->reader, stretch->raw, piece_frames);
  stretch->ended = stretch->raw_n < piece_frames;
  spread(stretch->stereo, stretch->raw, stretch->raw_n, channels);
}

/* Interleaved stereo at the output's rate; the number of frames made, 0 at the end. */
static size_t take(PlayerStretch *stretch, float *stereo, size_t frames) {
  if (stretch->raw_at == stretch->raw_n) refill(stretch);
  size_t left = stretch->raw_n - stretch->raw_at;
  const float *from = stretch->stereo + 2 * stretch->raw_at;
  if (!stretch->resampler) {
    size_t n = left < frames ? left : frames;
    memcpy(stereo, from, 2 * n * sizeof *stereo);
    stretch->raw_at += n;
    return n;
  }
  size_t used = 0;
  size_t n = dsp_resampler_run(stretch->resampler, stereo, &used, frames, left ? from : NULL, left);
  stretch->raw_at += used;
  return n;
}

static void read_plain(PlayerStretch *stretch, float *left, float *right, size_t frames) {
  float stereo[2 * 128];
  size_t at = 0;
  for (; at < frames && stretch->silence > 0; at++, stretch->silence--) left[at] = right[at] = 0;
  while (at < frames) {
    size_t wanted = frames - at < 128 ? frames - at : 128, n = take(stretch, stereo, wanted);
    if (n == 0 && stretch->ended && stretch->raw_at == stretch->raw_n) break;
    for (size_t i = 0; i < n; i++) {
      left[at + i] = stereo[2 * i];
      right[at + i] = stereo[2 * i + 1];
    }
    at += n;
  }
  for (; at < frames; at++) left[at] = right[at] = 0;
}

static void seek_plain(PlayerStretch *stretch, double time_s) {
  const DspAudioInfo *info = dsp_reader_info(stretch->reader);
  BaseContext ctx = {0};
  double before_s = time_s < 0 ? -time_s : 0;
  int64_t frame = llround((time_s + before_s) * info->rate_hz);
  stretch->silence = (size_t)llround(before_s * stretch->rate_hz);
  stretch->ended = frame >= info->frames || dsp_reader_seek(&ctx, stretch->reader, frame) != BASE_OK;
  stretch->raw_at = stretch->raw_n = 0;
  dsp_resampler_free(stretch->resampler);
  stretch->resampler = NULL;
  if (info->rate_hz != stretch->rate_hz)
    dsp_resampler_new(&ctx, &stretch->resampler, info->rate_hz, stretch->rate_hz, 2);
}

/* ---- stretching ---- */

static void make_band(PlayerStretch *stretch) {
  bool slow = stretch->made_s > judged_after_s && stretch->cpu_s > too_slow * stretch->made_s;
  if (stretch->band && (stretch->faster || !slow)) {
    rubberband_reset(stretch->band);
    return;
  }
  if (stretch->band) rubberband_delete(stretch->band);
  stretch->faster = slow;
  RubberBandOptions engine = slow ? RubberBandOptionEngineFaster : RubberBandOptionEngineFiner;
  stretch->band =
      rubberband_new((unsigned)stretch->rate_hz, 2,
                     (RubberBandOptions)(RubberBandOptionProcessRealTime | engine |
                                         RubberBandOptionThreadingNever | RubberBandOptionChannelsTogether),
                     1, 1);
  rubberband_set_max_process_size(stretch->band, piece_frames);
}

void player_stretch_start(PlayerStretch *stretch, double time_s, double speed) {
  stretch->speed = speed;
  if (speed == 1) {
    seek_plain(stretch, time_s);
    return;
  }
  make_band(stretch);
  rubberband_set_time_ratio(stretch->band, 1 / speed);
  unsigned pad = rubberband_get_preferred_start_pad(stretch->band);
  stretch->to_drop = rubberband_get_start_delay(stretch->band);
  seek_plain(stretch, time_s - (double)pad / stretch->rate_hz);
}

static double thread_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Feeds the band until it has something to give. */
static void feed(PlayerStretch *stretch) {
  while (rubberband_available(stretch->band) <= 0) {
    size_t wanted = rubberband_get_samples_required(stretch->band);
    size_t n = wanted == 0 ? 1 : wanted < piece_frames ? wanted : piece_frames;
    read_plain(stretch, stretch->in[0], stretch->in[1], n);
    rubberband_process(stretch->band, (const float *const *)stretch->in, (unsigned)n, 0);
  }
}

static unsigned least(size_t a, size_t b) {
  return (unsigned)(a < b ? a : b);
}

/* Up to `frames` frames of stretched sound into `out`; the number. */
static size_t retrieve(PlayerStretch *stretch, size_t frames) {
  feed(stretch);
  unsigned there = least((size_t)rubberband_available(stretch->band), piece_frames);
  if (stretch->to_drop == 0) return rubberband_retrieve(stretch->band, stretch->out, least(frames, there));
  stretch->to_drop -= rubberband_retrieve(stretch->band, stretch->out, least(stretch->to_drop, there));
  return 0;
}

void player_stretch_read(PlayerStretch *stretch, float *left, float *right, size_t frames) {
  if (stretch->speed == 1) {
    read_plain(stretch, left, right, frames);
    return;
  }
  double before = thread_seconds();
  for (size_t at = 0; at < frames;) {
    size_t n = retrieve(stretch, frames - at);
    memcpy(left + at, stretch->out[0], n * sizeof *left);
    memcpy(right + at, stretch->out[1], n * sizeof *right);
    at += n;
  }
  stretch->cpu_s += thread_seconds() - before;
  stretch->made_s += (double)frames / stretch->rate_hz;
}
