/* A recording as the network that hears takes it, and what a network says of it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/nn/nn_net.h"
#include "core/transcription/transcription.h"
#include "core/transcription/transcription_own.h"
#include "core/transcription/transcription_net.h"

/* Features of a whole recording, frame t centred at t × FEATURES_HOP. Cleared by its holder. 1.8 MB a minute. */
typedef struct {
  uint8_t *features; /* frames × FEATURES_BINS × FEATURES_CHANNELS, LMM_SHELF_LEVELS for a feature of 1 */
  size_t frames;
} LmmRecording;

/* Of a file: level and tuning as transcription_listen_file finds them. About 500 × real time. */
BaseStatus lmm_recording_load(BaseContext *ctx, LmmRecording *out, const char *path);

/* Of mono sound at FEATURES_RATE_HZ, in tune. */
BaseStatus lmm_recording_of(BaseContext *ctx, LmmRecording *out, const DspAudio *mono);
void lmm_recording_clear(LmmRecording *recording);

/* Everything that a network answers about a recording: probabilities × 65535, frames × 88 for the heads and frames for
 * the pedal, and the notes that come of them, with evidence. Cleared by its holder. 2.1 MB a minute. */
typedef struct {
  size_t frames;
  uint16_t *heads[TRANSCRIPTION_HEADS], *pedal;
  Transcription *heard;
} LmmAnswers;

/* Hears with the values of `net`, any net of transcription_net_build; as transcription_listen does but for the rounding of
 * features and answers. 70 × real time. */
BaseStatus lmm_answers_of(BaseContext *ctx, LmmAnswers *out, const NnNet *net, const LmmRecording *recording);

/* Decides once more what was heard, as another recording (null: none in particular); what the network answered stays. On failure nothing
 * changes. 1000 × real time. */
BaseStatus lmm_answers_decide(BaseContext *ctx, LmmAnswers *answers, const TranscriptionOwn *own);
void lmm_answers_clear(LmmAnswers *answers);
