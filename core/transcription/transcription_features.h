/* What the network hears: log-frequency levels at two resolutions, the same in training and in use.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/dsp/dsp_audio.h"
#include "core/transcription/transcription_level.h"

#include <stddef.h>

enum {
  FEATURES_RATE_HZ = 16000,
  FEATURES_HOP = 320,     /* samples: 20 ms */
  FEATURES_WINDOW = 4096, /* the longer of the two; the shorter is its middle quarter */
  FEATURES_BINS = 294,    /* F, three for each key from A0 on, the middle one at its pitch, up to 7.7 kHz */
  FEATURES_CHANNELS = 2,  /* C: long window, short window */
};

/* The bank of one tuning. One thread at a time. */
typedef struct TranscriptionFeatures TranscriptionFeatures;

/* `tuning_cents` moves every centre. Null without memory. */
TranscriptionFeatures *transcription_features_new(double tuning_cents);
void transcription_features_free(TranscriptionFeatures *features);

/* Levels of one frame, F × C: 0 for 80 dB and more below `level`, 1 at it, at most 1.25. `window` holds
 * FEATURES_WINDOW samples around the frame's centre. No allocation. About 700 × real time. */
void transcription_features_run(TranscriptionFeatures *features, float *out, const float *window,
                                double level);

/* A whole sound in memory at FEATURES_RATE_HZ, mono: T × F × C, freed by the caller with free(). */
BaseStatus transcription_features_all(BaseContext *ctx, float **out, size_t *frames, const DspAudio *mono,
                                      double tuning_cents);
