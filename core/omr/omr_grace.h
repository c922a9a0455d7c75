/* Grace notes. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_match.h"

/* Small notes that were seen, before they are put on the page. Lives in the sheet's arena. */
typedef struct OmrGraces OmrGraces;

/* Seeks small notes and drops heads of full size that are pieces of their beams. Needs stems, before beams.
 * About 0.3 s an A4 page. */
BaseStatus omr_spot_grace(BaseContext *ctx, OmrGraces **out, OmrPage *page, const OmrSheet *sheet,
                          const OmrMatcher *matcher);

/* Adds them to page->heads and page->chords, behind all others, with flags and slash, those that stand before
 * a note. After the other notes are settled. */
BaseStatus omr_add_grace(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet, OmrGraces *graces);

/* Takes out small notes that turned out to lie in accidentals of other heads. O(small notes × symbols). */
void omr_settle_grace(OmrPage *page);

/* The chord that a grace note stands before: the next one of its staff in its bar; -1 none. O(chords). */
int32_t omr_graced_chord(const OmrPage *page, int32_t grace);
