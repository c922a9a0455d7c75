/* What music is like, as a value that engines may ask without knowing who answers.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/motion.h"
#include "core/music/score.h"

/* By how many nats the music of `notes` (sorted by onset) is likelier with note number `at` than without it. Of the others
 * only those are taken for played whose confidence is at least a half. 0 when it cannot be said. Called often; one thread at a
 * time for one `user`. */
typedef double (*MusicPriorFn)(void *user, const MotionNote *notes, size_t n, size_t at);

/* A zeroed prior knows nothing: engines then do without. */
typedef struct {
  MusicPriorFn fn;
  void *user;
} MusicPrior;

/* How surprising the bars [first, end) of a score are as they are written, in nats, told some bars before them; negative when
 * it cannot be said. Only differences between scores that hold equally many notes mean something. Called often; one thread at a
 * time for one `user`. */
typedef double (*ScorePriorFn)(void *user, const Score *score, int32_t first, int32_t end);

/* How much more surprising than what it expected each bar of a score is, in nats for the root of the number of its notes;
 * `odd` has room for all measures. False when it cannot be said. */
typedef bool (*ScoreOddFn)(void *user, float *odd, const Score *score);

/* A zeroed prior knows nothing. */
typedef struct {
  ScorePriorFn fn;
  ScoreOddFn odd;
  void *user;
} ScorePrior;
