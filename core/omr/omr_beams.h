/* Beams and flags. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_match.h"

/* Beams between stems: sets beams_left, beams_right and group of the chords. */
BaseStatus omr_find_beams(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet);

/* Threes over beams that join three chords, or six or nine: sets tuplet of the chords. */
BaseStatus omr_find_tuplets(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet,
                            const OmrMatcher *matcher);

/* Flags of chords without beams. */
BaseStatus omr_find_flags(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet, const OmrMatcher *matcher);
