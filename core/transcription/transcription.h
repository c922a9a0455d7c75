/* A → M: a recording becomes key presses. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/base/base_pack.h"
#include "core/dsp/dsp_audio.h"
#include "core/music/evidence.h"
#include "core/music/motion.h"
#include "core/music/prior.h"

/* What was heard. Owns both values; either may be taken by setting its pointer null. */
typedef struct {
  Motion *motion;
  Evidence *evidence;
} Transcription;

/* Called as soon as a stretch has been heard: `notes` (sorted, borrowed, during the call only) whose onset lies in
 * [from_s, to_s). Every moment is told once, in the order in which it was heard; ends are as far as the stretch
 * shows them, and ids are none of the result's. Runs on the engine's thread. */
typedef void (*TranscriptionPartFn)(void *user, const MotionNote *notes, size_t n, double from_s,
                                    double to_s);

/* Seconds of the recording where the caller would like to know more; asked before each stretch. */
typedef double (*TranscriptionWantedFn)(void *user);

typedef struct {
  float onset_threshold;   /* probability; 0 means the default */
  const BasePack *weights; /* of triptych-train hearing; null: those of the program; borrowed */
  MusicPrior prior;        /* asked about doubtful notes when all is heard; zeros: nobody is */
  TranscriptionPartFn part;     /* may be null */
  TranscriptionWantedFn wanted; /* null: from the beginning on */
  void *user;
} TranscriptionParams;

/* Listens to a file, stretch by stretch of 20 s: memory grows with the evidence only (88 × 5 bytes for 20 ms), not
 * with the sound. Silence gives an empty Motion, not an error. `params` may be null. */
BaseStatus transcription_listen_file(BaseContext *ctx, Transcription **out, const char *path,
                                     const TranscriptionParams *params);

/* The same for sound in memory, any rate and channels. */
BaseStatus transcription_listen(BaseContext *ctx, Transcription **out, const DspAudio *audio,
                                const TranscriptionParams *params);

/* Decides what was played once more, knowing what to expect: `expected` are a score's notes at their times in the
 * recording (only onset_s and midi are looked at). What is expected needs little evidence, what is not needs more; what
 * the sound does not show is not added. The new motion has the pedals of the old one and ids of its own.
 * BASE_BAD_INPUT for what was not heard but read from a file. 1 ms a second of sound. */
BaseStatus transcription_expect(BaseContext *ctx, Motion **out, const Transcription *heard, const Motion *expected);
void transcription_free(Transcription *transcription);

/* Changes whenever the same sound may give another result: the key of memos. */
enum { TRANSCRIPTION_VERSION = 6 };
