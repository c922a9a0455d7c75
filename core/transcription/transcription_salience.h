/* How likely a rise of activation is a struck key. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/transcription/transcription_activations.h"

enum {
  TRANSCRIPTION_BACK = 6,  /* frames before the rise that count */
  TRANSCRIPTION_AHEAD = 8, /* frames after it */
  TRANSCRIPTION_AROUND = TRANSCRIPTION_BACK + 1 + TRANSCRIPTION_AHEAD,
  TRANSCRIPTION_FEATURES = 108,
};

/* The moment that is judged: pointers to the frames around it, frame TRANSCRIPTION_BACK being the steepest
 * rise, and the level of the music, in units of TranscriptionFrame.total. */
typedef struct {
  const TranscriptionFrame *frames[TRANSCRIPTION_AROUND];
  float level;
} TranscriptionMoment;

/* What the judgement looks at: the key's activations over time, those of musically related keys before and
 * after, its partials before and after, the bustle all around. All about 0 … 5. */
void transcription_salience_features(float features[TRANSCRIPTION_FEATURES],
                                     const TranscriptionMoment *moment, int key);

typedef struct {
  float logit;    /* of the probability that the key was struck */
  float velocity; /* if it was; not clipped */
  float later_s;  /* from the steepest rise, as the decoder places it, to the onset */
} TranscriptionJudgement;

/* Judges features by fitted weights. 4 k multiplications. */
TranscriptionJudgement transcription_salience_judge(const float features[TRANSCRIPTION_FEATURES]);
