/* How strongly each key's template sounds at each moment of a stream. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#pragma once

#include "core/dsp/dsp_stream.h"
#include "core/transcription/transcription_templates.h"

enum {
  TRANSCRIPTION_RATE_HZ = 16000,
  TRANSCRIPTION_HOP = 256,  /* 16 ms */
  TRANSCRIPTION_BLOCK = 16, /* frames that are explained together */
};

/* One frame: activations in units of the compressed spectrum, of all states of a key together. */
typedef struct {
  float keys[TRANSCRIPTION_KEYS];
  float struck[TRANSCRIPTION_KEYS];   /* the part of the first state */
  float spectrum[TRANSCRIPTION_BINS]; /* compressed magnitudes */
  float total;                        /* their sum */
  float flux;                         /* its increase since the frame before */
} TranscriptionFrame;

/* How many cents the instrument of a stream (TRANSCRIPTION_RATE_HZ) stands from A4 = 440 Hz, by its first minute and
 * a half, which is consumed; 0 when partials do not agree on it. */
BaseStatus transcription_tuning(BaseContext *ctx, double *cents, DspStream *stream);

/* The engine between a stream and its activations. One thread at a time. */
typedef struct TranscriptionActivations TranscriptionActivations;

/* Over `stream` (borrowed, TRANSCRIPTION_RATE_HZ), whose instrument stands `tuning_cents` from A4 = 440 Hz.
 */
BaseStatus transcription_activations_new(BaseContext *ctx, TranscriptionActivations **out, DspStream *stream,
                                         double tuning_cents);
void transcription_activations_free(TranscriptionActivations *activations);

/* The next frames, at most TRANSCRIPTION_BLOCK, frame t of the stream centred at t × hop; the number, 0 at
 * the end. About 30 ms of sound a millisecond; no allocation. */
size_t transcription_activations_next(TranscriptionActivations *activations,
                                      TranscriptionFrame frames[TRANSCRIPTION_BLOCK]);
