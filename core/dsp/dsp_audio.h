/* Sound in memory and on disk. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"

#include <stddef.h>
#include <stdint.h>

/* Interleaved float samples, frames × channels, full scale ±1. Owned by one holder. */
typedef struct {
  int32_t rate_hz, channels;
  size_t frames;
  float *samples;
} DspAudio;

DspAudio *dsp_audio_new(size_t frames, int32_t channels, int32_t rate_hz); /* silence; null without memory */
void dsp_audio_free(DspAudio *audio);

/* What a file says of itself. */
typedef struct {
  int32_t rate_hz, channels;
  int64_t frames;
  char format[48]; /* "FLAC, 16 bit" */
} DspAudioInfo;

/* A recording being read front to back, or from any frame. Everything libsndfile reads. One thread at a time.
 */
typedef struct DspReader DspReader;

BaseStatus dsp_reader_open(BaseContext *ctx, DspReader **out, const char *path);
void dsp_reader_free(DspReader *reader);
const DspAudioInfo *dsp_reader_info(const DspReader *reader);

/* Fills `interleaved` with up to `frames` frames in the file's own rate and channels; the number read, fewer
 * only at the end. Non-finite samples become 0. */
size_t dsp_reader_read(DspReader *reader, float *interleaved, size_t frames);
BaseStatus dsp_reader_seek(BaseContext *ctx, DspReader *reader, int64_t frame);

typedef struct {
  int32_t rate_hz;     /* resampled to this (soxr, high quality); 0 keeps the file's */
  int32_t channels;    /* 1 mixes down; 0 keeps the file's */
  double from_s, to_s; /* part to read; to_s 0 means to the end */
} DspLoadParams;

/* Reads a whole recording. BASE_BAD_FILE names the file and what was found; BASE_BAD_INPUT when it has no
 * samples. */
BaseStatus dsp_audio_load(BaseContext *ctx, DspAudio **out, const char *path, const DspLoadParams *params);

/* Writes .wav or .flac (16 bit, dithered by nothing, clipped at full scale) by the ending; whole or not at
 * all. */
BaseStatus dsp_audio_write(BaseContext *ctx, const DspAudio *audio, const char *path);

/* Sound being written block by block, with nothing kept in memory: the same bytes as dsp_audio_write. One
 * thread at a time. */
typedef struct DspWriter DspWriter;

/* BASE_BAD_INPUT when the ending of `path` is neither .wav nor .flac. */
BaseStatus dsp_writer_open(BaseContext *ctx, DspWriter **out, const char *path, int32_t rate_hz,
                           int32_t channels);
BaseStatus dsp_writer_write(BaseContext *ctx, DspWriter *writer, const float *interleaved, size_t frames);

/* Puts the file in its place; afterwards the writer can only be freed. */
BaseStatus dsp_writer_commit(BaseContext *ctx, DspWriter *writer);

/* Without commit nothing is left behind. */
void dsp_writer_free(DspWriter *writer);

/* Resampled and mixed copy. */
BaseStatus dsp_audio_convert(BaseContext *ctx, DspAudio **out, const DspAudio *audio, int32_t rate_hz,
                             int32_t channels);
