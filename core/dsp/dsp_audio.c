/* Sound in memory: a stream of mixed-down blocks runs through the resampler into one growing array.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/dsp/dsp_audio.h"

#include "core/base/base_array.h"
#include "core/dsp/dsp_resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_FRAMES = 16384 };

DspAudio *dsp_audio_new(size_t frames, int32_t channels, int32_t rate_hz) {
  if (channels < 1 || frames > SIZE_MAX / sizeof(float) / (size_t)channels) return NULL;
  DspAudio *audio = malloc(sizeof *audio);
  float *samples = calloc(frames * (size_t)channels + 1, sizeof *samples);
  if (!audio || !samples) {
    free(audio);
    free(samples);
    return NULL;
  }
  *audio = (DspAudio){.rate_hz = rate_hz, .channels = channels, .frames = frames, .samples = samples};
  return audio;
}

void dsp_audio_free(DspAudio *audio) {
  if (!audio) return;
  free(audio->samples);
  free(audio);
}

/* Channel c of the result: a copy, the mean of all, or the first over and over. In place is fine when there
 * are fewer channels after than before. */
static void mix(float *out, int32_t out_channels, const float *in, int32_t in_channels, size_t frames) {
  for (size_t t = 0; t < frames; t++) {
    const float *from = in + t * (size_t)in_channels;
    float *to = out + t * (size_t)out_channels, mean = 0;
    for (int32_t c = 0; c < in_channels; c++) mean += from[c] / (float)in_channels;
    for (int32_t c = 0; c < out_channels; c++) to[c] = out_channels == 1 ? mean : from[c % in_channels];
  }
}

/* What turns blocks of one shape into a DspAudio of another. */
typedef struct {
  BASE_ARRAY(float) samples;
  DspResampler *resampler; /* null when the rate stays */
  float *mixed;            /* BLOCK_FRAMES × channels */
  int32_t in_channels, channels, rate_hz;
} Gather;

static BaseStatus gather_begin(BaseContext *ctx, Gather *gather, int32_t in_hz, int32_t in_channels,
                               int32_t rate_hz, int32_t channels) {
  *gather = (Gather){.in_channels = in_channels,
                     .channels = channels > 0 ? channels : in_channels,
                     .rate_hz = rate_hz > 0 ? rate_hz : in_hz};
  gather->mixed = malloc(sizeof(float) * BLOCK_FRAMES * (size_t)gather->channels);
  if (!gather->mixed) return base_fail_memory(ctx);
  if (gather->rate_hz == in_hz) return BASE_OK;
  return dsp_resampler_new(ctx, &gather->resampler, in_hz, gather->rate_hz, gather->channels);
}

/* Runs `frames` mixed frames (null: the end of the stream) through the resampler into the array. */
static BaseStatus gather_push(BaseContext *ctx, Gather *gather, const float *mixed, size_t frames) {
  const size_t channels = (size_t)gather->channels;
  size_t given = 1;
  while (mixed ? frames > 0 : given > 0) {
    if (!base_array_reserve(&gather->samples, gather->samples.n + BLOCK_FRAMES * channels))
      return base_fail_memory(ctx);
    float *end = gather->samples.items + gather->samples.n;
    size_t used = frames;
    given = frames;
    if (gather->resampler)
      given = dsp_resampler_run(gather->resampler, end, &used, BLOCK_FRAMES, mixed, frames);
    else if (mixed)
      memcpy(end, mixed, frames * channels * sizeof *end);
    gather->samples.n += given * channels;
    if (mixed) mixed += used * channels;
    frames -= used;
    if (mixed && !used && !given) return base_fail(ctx, BASE_NUMERIC, "The resampler stands still");
  }
  return BASE_OK;
}

static BaseStatus gather_block(BaseContext *ctx, Gather *gather, const float *in, size_t frames) {
  mix(gather->mixed, gather->channels, in, gather->in_channels, frames);
  return gather_push(ctx, gather, gather->mixed, frames);
}

/* Ends the stream; the array becomes the sound unless `status` is a failure. */
static BaseStatus gather_end(BaseContext *ctx, Gather *gather, DspAudio **out, BaseStatus status) {
  if (!status) status = gather_push(ctx, gather, NULL, 0);
  DspAudio *audio = status ? NULL : calloc(1, sizeof *audio);
  if (!status && !audio) status = base_fail_memory(ctx);
  if (audio) {
    *audio = (DspAudio){.rate_hz = gather->rate_hz,
                        .channels = gather->channels,
                        .frames = gather->samples.n / (size_t)gather->channels,
                        .samples = gather->samples.items};
    gather->samples.items = NULL;
    *out = audio;
  }
  base_array_clear(&gather->samples);
  dsp_resampler_free(gather->resampler);
  free(gather->mixed);
  return status;
}

/* The frames of [from_s, to_s), at most all there are. */
static int64_t wanted_frames(const DspAudioInfo *info, const DspLoadParams *params, int64_t first) {
  if (!(params->to_s > 0)) return INT64_MAX;
  const double end = params->to_s * info->rate_hz;
  return end > (double)first ? (int64_t)fmin(llround(fmin(end, 9e15)), 9e15) - first : 0;
}

static BaseStatus gather_reader(BaseContext *ctx, Gather *gather, DspReader *reader, int64_t wanted) {
  const DspAudioInfo *info = dsp_reader_info(reader);
  float *block = malloc(sizeof(float) * BLOCK_FRAMES * (size_t)info->channels);
  BaseStatus status = block ? BASE_OK : base_fail_memory(ctx);
  int64_t done = 0;
  while (!status && done < wanted) {
    if (base_cancelled(ctx)) {
      status = base_fail_cancelled(ctx);
      break;
    }
    const size_t room = wanted - done < BLOCK_FRAMES ? (size_t)(wanted - done) : BLOCK_FRAMES;
    const size_t n = dsp_reader_read(reader, block, room);
    if (!n) break;
    status = gather_block(ctx, gather, block, n);
    done += (int64_t)n;
    base_progress(ctx, info->frames > 0 ? fmin(1, (double)done / (double)info->frames) : 0, "Loading sound");
  }
  free(block);
  return status;
}

BaseStatus dsp_audio_load(BaseContext *ctx, DspAudio **out, const char *path, const DspLoadParams *params) {
  static const DspLoadParams defaults;
  if (!params) params = &defaults;
  DspReader *reader = NULL;
  BaseStatus status = dsp_reader_open(ctx, &reader, path);
  if (status) return status;
  const DspAudioInfo *info = dsp_reader_info(reader);
  const int64_t first = params->from_s > 0 ? llround(fmin(params->from_s * info->rate_hz, 9e15)) : 0;
  if (first) status = dsp_reader_seek(ctx, reader, first);
  Gather gather = {0};
  DspAudio *audio = NULL;
  if (!status)
    status = gather_begin(ctx, &gather, info->rate_hz, info->channels, params->rate_hz, params->channels);
  if (!status) status = gather_reader(ctx, &gather, reader, wanted_frames(info, params, first));
  if (gather.channels) status = gather_end(ctx, &gather, &audio, status);
  if (!status && audio->frames == 0) {
    dsp_audio_free(audio);
    status = base_fail(ctx, BASE_BAD_INPUT, "%s holds no samples", path);
  }
  dsp_reader_free(reader);
  if (!status) *out = audio;
  return status;
}

BaseStatus dsp_audio_convert(BaseContext *ctx, DspAudio **out, const DspAudio *audio, int32_t rate_hz,
                             int32_t channels) {
  Gather gather = {0};
  BaseStatus status = gather_begin(ctx, &gather, audio->rate_hz, audio->channels, rate_hz, channels);
  for (size_t at = 0; !status && at < audio->frames; at += BLOCK_FRAMES) {
    const size_t n = audio->frames - at < BLOCK_FRAMES ? audio->frames - at : BLOCK_FRAMES;
    status = base_cancelled(ctx)
                 ? base_fail_cancelled(ctx)
                 : gather_block(ctx, &gather, audio->samples + at * (size_t)audio->channels, n);
  }
  return gather_end(ctx, &gather, out, status);
}
