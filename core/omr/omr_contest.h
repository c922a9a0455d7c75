/* Heads against signs that look like them. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_match.h"

/* Drops doubtful heads that are better explained by an accidental or a rest, and chords that lose all their
 * heads. After omr_find_stems: needs heads sorted by chord. BASE_NO_MEMORY without scratch. About 50 ms a
 * page. */
BaseStatus omr_contest_heads(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet,
                             const OmrMatcher *matcher);

/* Drops filled heads without a stem, and heads of chords under the beam, that lie in beams: stubs of
 * secondary beams. After omr_find_beams. */
BaseStatus omr_contest_beams(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet);

/* Drops heads that are the holes between flags, or between a flag and its stem. After omr_find_flags. */
BaseStatus omr_contest_flags(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet);

/* Drops the marked heads, and chords that lose all of theirs. `gone` stands beside page->heads, sorted by
 * chord. */
BaseStatus omr_drop_heads(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet, const bool *gone);
