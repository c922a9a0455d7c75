/* What music is like, as a value that engines may ask without knowing who answers.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/motion.h"

/* Natural logarithm of the probability that `candidate` follows the notes of `before` (sorted, the last
 * one nearest). Called often; must not block; re-entrant for one `user`. */
typedef double (*MusicPriorFn)(void *user, const MotionNote *before, size_t n_before,
                               const MotionNote *candidate);

/* A zeroed prior knows nothing: engines then do without. */
typedef struct {
  MusicPriorFn fn;
  void *user;
} MusicPrior;
