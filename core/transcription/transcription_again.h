/* Second thoughts about what was heard, when all of it has been. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/music/evidence.h"
#include "core/music/prior.h"
#include "core/transcription/transcription_own.h"

/* Appends the notes of evidence that has all planes, sorted, as transcription_decode does over all frames, but: doubtful
 * onsets become likelier or less so by what the piece does where it sounds alike, by overtones of other strokes, and by what
 * `prior` thinks of them; and strokes of one chord come together. A `prior` of zeros is not asked; `own` (null: the usual) is
 * how this recording wants clues to be weighed, without the prior where it has weights; a `threshold` of 0 means the default. The evidence stays what the sound says.
 * 2 ms for each doubtful onset, mostly the prior's. */
BaseStatus transcription_again(BaseContext *ctx, Motion *motion, const Evidence *heard, MusicPrior prior,
                               const TranscriptionOwn *own, float threshold);

/* A doubtful onset and what would be weighed about it. */
typedef struct {
  double onset_s;
  int midi;
  double clues[TRANSCRIPTION_CLUES];
} TranscriptionDoubt;

typedef BASE_ARRAY(TranscriptionDoubt) TranscriptionDoubts;

/* All of them, sorted by onset; cleared by the caller with base_array_clear. 1 ms for each. */
BaseStatus transcription_doubts(BaseContext *ctx, TranscriptionDoubts *out, const Evidence *heard);

/* What the clues are usually worth, where nobody's prior is asked. */
extern const double transcription_usual_weights[TRANSCRIPTION_CLUES];
