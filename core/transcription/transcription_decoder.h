/* From activations to key presses, frame by frame. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/motion.h"
#include "core/transcription/transcription_salience.h"

#include <stdbool.h>

/* A rise of one key's activation that may be an onset. */
typedef struct {
  size_t frame;      /* of the steepest rise */
  int key;           /* from 0 = A0 */
  double rise_s;     /* where it seems to be, corrected for the windows' lead */
  double onset_s;    /* by the judgement, and corrected for the way from key to string */
  float probability; /* that a key was struck */
  uint8_t velocity;  /* if it was */
} TranscriptionOnset;

typedef struct {
  const TranscriptionSalience *salience; /* judges; required, borrowed */
  float threshold;                       /* least probability of a note; 0 means 0.55*/
  const float *key_odds;                 /* 88 factors on the odds of an onset, or null; borrowed */
} TranscriptionDecoderParams;

/* Remembers a second of frames, and the notes: those that still sound and those that ended. */
typedef struct TranscriptionDecoder TranscriptionDecoder;

TranscriptionDecoder *
transcription_decoder_new(const TranscriptionDecoderParams *params); /* null without memory */
void transcription_decoder_free(TranscriptionDecoder *decoder);

/* Takes the next frame and decides the one `TRANSCRIPTION_DELAY` before it. `onsets` gets the candidates
 * there, at most one a key; their number in `n`. False without memory. */
enum { TRANSCRIPTION_DELAY = TRANSCRIPTION_AHEAD };
bool transcription_decoder_push(TranscriptionDecoder *decoder, TranscriptionOnset onsets[TRANSCRIPTION_KEYS],
                                size_t *n, const TranscriptionFrame *frame);

/* What the probability of an onset of the last push was judged by; for fitting the judgement. */
void transcription_decoder_features(const TranscriptionDecoder *decoder,
                                    float features[TRANSCRIPTION_FEATURES], const TranscriptionOnset *onset);

/* The probability that each key sounds at the frame pushed last. */
void transcription_decoder_sounding(const TranscriptionDecoder *decoder, float sounding[TRANSCRIPTION_KEYS]);

/* Ends all notes that still sound. False without memory. */
bool transcription_decoder_end(TranscriptionDecoder *decoder);

/* The notes that have ended so far, ids 0, in no order; borrowed, the caller may empty the array (n = 0). */
typedef BASE_ARRAY(MotionNote) TranscriptionNotes;
TranscriptionNotes *transcription_decoder_notes(TranscriptionDecoder *decoder);

/* No note that is still to come out starts before this time. */
double transcription_decoder_settled_s(const TranscriptionDecoder *decoder);
