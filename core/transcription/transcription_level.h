/* How loud a recording is, which features are measured against. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/dsp/dsp_audio.h"

/* The level that features are measured against: the amplitude of a sine as strong as the 95th percentile of
 * the recording's 64 ms blocks. Collected block by block, in any order; plain value. */
typedef struct {
  size_t blocks[121]; /* by dB from -120 */
  size_t n;
} TranscriptionLevel;

void transcription_level_add(TranscriptionLevel *level, const float *samples, size_t n);
double transcription_level(const TranscriptionLevel *level); /* 0.002 at least */

/* Of a recording at its own rate, channels mixed: the whole of it up to five minutes, spots all over it when it is
 * longer. */
BaseStatus transcription_level_of_file(BaseContext *ctx, double *level, const char *path);
double transcription_level_of_sound(const DspAudio *audio);
