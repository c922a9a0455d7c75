/* Pull: a request for samples drains the resampler, which is fed by mixed-down blocks of the source. Windows
 * slide in a buffer several windows long, so that its content moves rarely.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/dsp/dsp_stream.h"

#include "core/dsp/dsp_resample.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_FRAMES = 4096 };

struct DspStream {
  DspReader *reader; /* null: from memory */
  const DspAudio *audio;
  DspResampler *resampler; /* null: the rate stays */
  int32_t channels, from_hz, rate_hz;
  int64_t claimed, taken; /* frames of the source */
  float *raw, *mono;      /* one block of the source */
  size_t mono_at, mono_end;
  bool source_ended;
};

static BaseStatus stream_new(BaseContext *ctx, DspStream **out, DspReader *reader, const DspAudio *audio,
                             int32_t from_hz, int32_t rate_hz) {
  DspStream *stream = calloc(1, sizeof *stream);
  if (!stream) {
    dsp_reader_free(reader);
    return base_fail_memory(ctx);
  }
  stream->reader = reader;
  stream->audio = audio;
  stream->from_hz = from_hz;
  stream->rate_hz = rate_hz;
  stream->channels = reader ? dsp_reader_info(reader)->channels : audio->channels;
  stream->claimed = reader ? dsp_reader_info(reader)->frames : (int64_t)audio->frames;
  stream->raw = malloc(sizeof(float) * BLOCK_FRAMES * (size_t)stream->channels);
  stream->mono = malloc(sizeof(float) * BLOCK_FRAMES);
  BaseStatus status = stream->raw && stream->mono ? BASE_OK : base_fail_memory(ctx);
  if (!status && from_hz != rate_hz) status = dsp_resampler_new(ctx, &stream->resampler, from_hz, rate_hz, 1);
  if (status)
    dsp_stream_free(stream);
  else
    *out = stream;
  return status;
}

BaseStatus dsp_stream_open(BaseContext *ctx, DspStream **out, const char *path, int32_t rate_hz) {
  DspReader *reader = NULL;
  const BaseStatus status = dsp_reader_open(ctx, &reader, path);
  return status ? status : stream_new(ctx, out, reader, NULL, dsp_reader_info(reader)->rate_hz, rate_hz);
}

BaseStatus dsp_stream_over(BaseContext *ctx, DspStream **out, const DspAudio *audio, int32_t rate_hz) {
  return stream_new(ctx, out, NULL, audio, audio->rate_hz, rate_hz);
}

void dsp_stream_free(DspStream *stream) {
  if (!stream) return;
  dsp_reader_free(stream->reader);
  dsp_resampler_free(stream->resampler);
  free(stream->raw);
  free(stream->mono);
  free(stream);
}

static size_t read_source(DspStream *stream, const float **samples) {
  *samples = stream->raw;
  if (stream->reader) return dsp_reader_read(stream->reader, stream->raw, BLOCK_FRAMES);
  *samples = stream->audio->samples + stream->taken * stream->channels;
  const size_t left = stream->audio->frames - (size_t)stream->taken;
  return left < BLOCK_FRAMES ? left : BLOCK_FRAMES;
}

/* Fetches the next block into `mono`; false at the end. */
static bool fetch(DspStream *stream) {
  const float *from;
  const size_t n = stream->source_ended ? 0 : read_source(stream, &from);
  stream->source_ended = n == 0;
  for (size_t t = 0; t < n; t++) {
    float sum = 0;
    for (int32_t c = 0; c < stream->channels; c++) sum += from[t * (size_t)stream->channels + (size_t)c];
    stream->mono[t] = sum / (float)stream->channels;
    if (!(stream->mono[t] > -1e6f && stream->mono[t] < 1e6f)) stream->mono[t] = 0;
  }
  stream->taken += (int64_t)n;
  stream->mono_at = 0;
  stream->mono_end = n;
  return n > 0;
}

/* Some samples, at least one before the end. */
static size_t read_some(DspStream *stream, float *samples, size_t n) {
  for (;;) {
    if (stream->mono_at == stream->mono_end && !fetch(stream))
      return stream->resampler ? dsp_resampler_run(stream->resampler, samples, NULL, n, NULL, 0) : 0;
    const float *from = stream->mono + stream->mono_at;
    const size_t left = stream->mono_end - stream->mono_at;
    size_t used = left < n ? left : n, given = used;
    if (stream->resampler)
      given = dsp_resampler_run(stream->resampler, samples, &used, n, from, left);
    else
      memcpy(samples, from, used * sizeof *samples);
    stream->mono_at += used;
    if (given > 0) return given;
  }
}

size_t dsp_stream_read(DspStream *stream, float *samples, size_t n) {
  size_t done = 0;
  while (done < n) {
    const size_t some = read_some(stream, samples + done, n - done);
    if (!some) break;
    done += some;
  }
  return done;
}

/* Begins some samples early where there is a resampler, which needs a run-up. */
BaseStatus dsp_stream_seek(BaseContext *ctx, DspStream *stream, int64_t at) {
  enum { RUN_UP = 1920 }; /* a whole number of samples at the usual rates, too */
  float skipped[RUN_UP];
  const int64_t run_up = stream->resampler ? (at < RUN_UP ? at : RUN_UP) : 0;
  const int64_t source = (at - run_up) * stream->from_hz / stream->rate_hz;
  const int64_t exact = source * stream->rate_hz / stream->from_hz; /* of the stream; at most one sample early */
  BaseStatus status = BASE_OK;
  if (at < 0 || source > stream->claimed) return base_fail(ctx, BASE_BAD_INPUT, "Cannot go behind the recording's end");
  if (stream->reader) status = dsp_reader_seek(ctx, stream->reader, source);
  if (status == BASE_OK && stream->resampler) {
    dsp_resampler_free(stream->resampler);
    stream->resampler = NULL;
    status = dsp_resampler_new(ctx, &stream->resampler, stream->from_hz, stream->rate_hz, 1);
  }
  stream->taken = source;
  stream->mono_at = stream->mono_end = 0;
  stream->source_ended = false;
  if (status == BASE_OK && at > exact) dsp_stream_read(stream, skipped, (size_t)(at - exact < RUN_UP ? at - exact : RUN_UP));
  return status;
}

double dsp_stream_seconds(const DspStream *stream) {
  return (double)stream->claimed / stream->from_hz;
}

double dsp_stream_done(const DspStream *stream) {
  if (stream->claimed <= 0 || stream->source_ended) return 1;
  return stream->taken < stream->claimed ? (double)stream->taken / (double)stream->claimed : 1;
}

enum { WINDOWS_IN_BUFFER = 4 };

struct DspFrames {
  DspStream *stream;
  size_t size, hop, capacity;
  size_t at, end; /* of the next window, of what is known */
  size_t beyond;  /* zeros that were appended behind the last sample */
  float *samples;
};

DspFrames *dsp_frames_new(DspStream *stream, size_t size, size_t hop) {
  DspFrames *frames = calloc(1, sizeof *frames);
  if (!frames) return NULL;
  *frames = (DspFrames){.stream = stream,
                        .size = size,
                        .hop = hop,
                        .capacity = WINDOWS_IN_BUFFER * size + hop,
                        .end = size / 2};
  frames->samples = calloc(frames->capacity, sizeof(float));
  if (frames->samples) return frames;
  free(frames);
  return NULL;
}

void dsp_frames_free(DspFrames *frames) {
  if (!frames) return;
  free(frames->samples);
  free(frames);
}

static void refill(DspFrames *frames) {
  const size_t kept = frames->end > frames->at ? frames->end - frames->at : 0;
  memmove(frames->samples, frames->samples + frames->at, kept * sizeof(float));
  const size_t room = frames->capacity - kept;
  const size_t read = dsp_stream_read(frames->stream, frames->samples + kept, room);
  memset(frames->samples + kept + read, 0, (room - read) * sizeof(float));
  frames->beyond += room - read;
  frames->at = 0;
  frames->end = frames->capacity;
}

const float *dsp_frames_next(DspFrames *frames) {
  if (frames->at + frames->size > frames->end) refill(frames);
  const size_t centre = frames->at + frames->size / 2;
  if (centre + frames->beyond >= frames->end) return NULL;
  const float *window = frames->samples + frames->at;
  frames->at += frames->hop;
  return window;
}
