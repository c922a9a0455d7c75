/* What a piece itself says about its notes: the same figure heard elsewhere. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/music/motion.h"

/* All notes that may have been played, sorted; and where in them chords begin that surely were. */
typedef struct TranscriptionFigures TranscriptionFigures;

/* `motion` is borrowed. Null without memory. O(notes). */
TranscriptionFigures *transcription_figures_new(const Motion *motion);
void transcription_figures_free(TranscriptionFigures *figures); /* null is fine */

/* What places whose surroundings sound alike say about note number `at`: a mean of logits of such a note there, drawn to 0
 * where places are few or little alike; above 0 they have it, below they lack it. Places more than ten minutes away are not
 * asked. 1 ms. */
double transcription_figures_ask(TranscriptionFigures *figures, size_t at);
