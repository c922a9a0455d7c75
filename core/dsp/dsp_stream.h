/* A recording as one endless row of mono samples at a rate of one's choice, and as windows that slide over
 * it. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/dsp/dsp_audio.h"

/* Mono samples from a file or from memory, mixed down and resampled block by block. Bounded memory.
 * One thread at a time. */
typedef struct DspStream DspStream;

/* Opens `path` at `rate_hz`. Errors as dsp_reader_open. */
BaseStatus dsp_stream_open(BaseContext *ctx, DspStream **out, const char *path, int32_t rate_hz);

/* The same for sound in memory, borrowed while the stream lives. */
BaseStatus dsp_stream_over(BaseContext *ctx, DspStream **out, const DspAudio *audio, int32_t rate_hz);
void dsp_stream_free(DspStream *stream);

/* Its length, as the recording claims it. */
double dsp_stream_seconds(const DspStream *stream);

/* Up to `n` further samples; fewer only at the end. No allocation. */
size_t dsp_stream_read(DspStream *stream, float *samples, size_t n);

/* Goes to sample `at` of the stream, if possible exactly: where rates differ, samples near it differ by rounding from
 * those of a stream that was read on. BASE_BAD_INPUT outside of the recording. */
BaseStatus dsp_stream_seek(BaseContext *ctx, DspStream *stream, int64_t at);

/* What part of the recording has been consumed, 0 … 1, by the length that its header claims. */
double dsp_stream_done(const DspStream *stream);

/* Windows of `size` samples, the one of frame t centred at sample t × hop, zeros beyond both ends. */
typedef struct DspFrames DspFrames;

/* Slides over the rest of `stream` (borrowed); size even, hop ≤ size. Null without memory. */
DspFrames *dsp_frames_new(DspStream *stream, size_t size, size_t hop);
void dsp_frames_free(DspFrames *frames);

/* The next window (borrowed until the next call), or null when its centre lies behind the last sample.
 * O(hop) amortised. */
const float *dsp_frames_next(DspFrames *frames);
