/* How likely a rise of activation is a struck key. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_pack.h"
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

enum { SALIENCE_FIRST = 32, SALIENCE_SECOND = 16, SALIENCE_OUTPUTS = 3 };

/* The fitted weights of the judgement: normalisation, two hidden layers, the answers. Plain value; matrices
 * are rows of inputs. */
typedef struct {
  float scale[TRANSCRIPTION_FEATURES], shift[TRANSCRIPTION_FEATURES];
  float first[TRANSCRIPTION_FEATURES * SALIENCE_FIRST], first_bias[SALIENCE_FIRST];
  float second[SALIENCE_FIRST * SALIENCE_SECOND], second_bias[SALIENCE_SECOND];
  float last[SALIENCE_SECOND * SALIENCE_OUTPUTS], last_bias[SALIENCE_OUTPUTS];
} TranscriptionSalience;

/* Takes them from a pack, as transcription_salience_net.h names them; BASE_BAD_FILE says what is missing, of
 * another shape or not finite, and leaves `salience` alone. */
BaseStatus transcription_salience_load(BaseContext *ctx, TranscriptionSalience *salience,
                                       const BasePack *pack);

/* Those that are part of the program. Under a millisecond. */
BaseStatus transcription_salience_shipped(BaseContext *ctx, TranscriptionSalience *salience);

/* Judges features. 4 k multiplications. */
TranscriptionJudgement transcription_salience_judge(const TranscriptionSalience *salience,
                                                    const float features[TRANSCRIPTION_FEATURES]);

/* What the answers are in units of: velocity = 64 + 20 · answer, later_s = 0.02 · answer. */
#define SALIENCE_VELOCITY_CENTRE 64.0F
#define SALIENCE_VELOCITY_UNIT   20.0F
#define SALIENCE_LATER_UNIT_S    0.02F
