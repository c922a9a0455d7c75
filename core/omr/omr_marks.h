/* Signs of playing beside chords. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_sheet.h"

/* True where ink fills the middle of what may be a spot. */
bool omr_core_at(const OmrSheet *sheet, int x, int y);

/* True where a round spot of ink, 0.2 to 0.6 staff spaces across, stands in paper. */
bool omr_spot_at(const OmrSheet *sheet, int x, int y);

/* Staccato dots, fermatas and wavy lines before rolled chords: sets OmrChord.marks and adds the symbols. After
 * all notes, rests and dots. About 20 ms an A4 page. */
BaseStatus omr_find_marks(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet);
