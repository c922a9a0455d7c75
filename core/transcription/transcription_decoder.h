/* From evidence to key presses. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/evidence.h"
#include "core/music/motion.h"

typedef struct {
  float threshold; /* least probability of a note; 0 means the default */
  size_t from;     /* frame to begin with */
} TranscriptionDecoderParams;

/* The notes that sound at the moment and those that ended. */
typedef struct TranscriptionDecoder TranscriptionDecoder;

/* Null without memory. */
TranscriptionDecoder *transcription_decoder_new(const TranscriptionDecoderParams *params);
void transcription_decoder_free(TranscriptionDecoder *decoder);

/* Decides the frames up to `to`, which go on where the call before ended. False without memory. */
bool transcription_decoder_run(TranscriptionDecoder *decoder, const Evidence *evidence, size_t to);

/* Ends what still sounds at `end_s`. False without memory. */
bool transcription_decoder_end(TranscriptionDecoder *decoder, double end_s);

/* The notes that have ended so far, ids 0, in no order; borrowed. */
typedef BASE_ARRAY(MotionNote) TranscriptionNotes;
TranscriptionNotes *transcription_decoder_notes(TranscriptionDecoder *decoder);
