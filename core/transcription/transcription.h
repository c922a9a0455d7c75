/* A → M: a recording becomes key presses. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/dsp/dsp_audio.h"
#include "core/music/evidence.h"
#include "core/music/motion.h"
#include "core/music/prior.h"
#include "core/music/score.h"

/* What was heard. Owns both values; either may be taken by setting its pointer null. */
typedef struct {
  Motion *motion;
  Evidence *evidence;
} Transcription;

/* Called as soon as a stretch is final: `notes` (borrowed, during the call only) whose onset lies in
 * [from_s, to_s), in ascending stretches. Runs on the engine's thread. */
typedef void (*TranscriptionPartFn)(void *user, const MotionNote *notes, size_t n, double from_s,
                                    double to_s);

typedef struct {
  float onset_threshold;     /* probability; 0 means the default */
  const ScoreUnfolded *hint; /* the score as played, or null; borrowed */
  MusicPrior prior;          /* not asked by this version of the engine */
  TranscriptionPartFn part;  /* may be null */
  void *user;
} TranscriptionParams;

/* Listens to a file, streaming it: memory grows with the evidence only (88 × 3 bytes a frame), not with the
 * sound. Silence gives an empty Motion, not an error. `params` may be null. */
BaseStatus transcription_listen_file(BaseContext *ctx, Transcription **out, const char *path,
                                     const TranscriptionParams *params);

/* The same for sound in memory, any rate and channels. */
BaseStatus transcription_listen(BaseContext *ctx, Transcription **out, const DspAudio *audio,
                                const TranscriptionParams *params);
void transcription_free(Transcription *transcription);

/* Changes whenever the same sound may give another result: the key of memos. */
enum { TRANSCRIPTION_VERSION = 3 };
