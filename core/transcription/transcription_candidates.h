/* What the judgement of onsets is fitted to. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_array.h"
#include "core/dsp/dsp_audio.h"
#include "core/transcription/transcription_salience.h"

/* A rise of one key's activation, struck or not. */
typedef struct {
  double rise_s; /* as the decoder places it, without any judgement */
  int key;       /* from 0 = A0 */
  float features[TRANSCRIPTION_FEATURES];
} TranscriptionCandidate;

typedef BASE_ARRAY(TranscriptionCandidate) TranscriptionCandidates;

/* Appends all candidates of a sound in order of time, some 40 a second of music: the very ones, with the very
 * features, that listening judges. Cleared by the caller with base_array_clear. 0.015 of real time. */
BaseStatus transcription_candidates(BaseContext *ctx, TranscriptionCandidates *out, const DspAudio *audio);
