/* How a recording wants its doubtful onsets to be weighed, from a score that was aligned to it. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/music/evidence.h"
#include "core/music/motion.h"
#include "core/transcription/transcription_own.h"

/* Sets `weights` of `own` so that doubtful onsets of `heard` become what the score's notes `expected` (sorted, where the
 * alignment puts them) say that they are; `trust`, one for each of heard->frames, says how far these are believed there, 255
 * fully. Where little is told the weights stay near the usual ones. 1 ms for each doubtful onset. */
BaseStatus lmm_doubts_fit(BaseContext *ctx, TranscriptionOwn *own, const Evidence *heard, const Motion *expected,
                          const uint8_t *trust);
