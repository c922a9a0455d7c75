/* Signs beside notes: clefs, keys, times, accidentals, rests, dots. SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "core/omr/omr_match.h"

/* Clef, key and time at the start of every staff, and clefs within; fills symbols, keys and times. */
BaseStatus omr_find_headers(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet,
                            const OmrMatcher *matcher);

/* Key signatures of a system, sought from `starts` on in each of its staves; `ends`: where they end. Both
 * hold a px for every staff of the system, at most 24. False without memory. */
bool omr_read_keys(float *ends, OmrPage *page, const OmrMatcher *matcher, int32_t system,
                   const float *starts);

/* Key signatures behind double and thick bar lines. False without memory. */
bool omr_read_key_changes(OmrPage *page, const OmrMatcher *matcher);

/* The best place of a sign whose reference stands within `play` spaces of a staff position, in [x0, x1] px.
 */
OmrMatch omr_match_at(const OmrMatcher *matcher, const OmrPage *page, const OmrStaff *staff, uint8_t kind,
                      float scale, float x0, float x1, float position, float play);

/* Adds what was matched to page->symbols. False without memory. */
bool omr_add_match(OmrPage *page, int32_t staff, const OmrMatch *match, int position);

/* Where the notes of a staff begin: behind clef, key and time. px */
float omr_header_end(const OmrPage *page, int32_t staff);

/* Accidentals before heads: sets OmrHead.accidental and adds the symbols. */
BaseStatus omr_find_accidentals(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet,
                                const OmrMatcher *matcher);

/* The value from which a kind of sign (OMR_SHARP …) is taken for one. */
float omr_sign_wanted(uint8_t kind);

/* The ScoreAccidental that a sign is, and back: OMR_SYMBOLS where there is none. */
uint8_t omr_sign_accidental(uint8_t kind);

/* Rests between the notes. */
BaseStatus omr_find_rests(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet, const OmrMatcher *matcher);

/* Augmentation dots of heads and rests. */
BaseStatus omr_find_dots(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet);

/* The clef in force at x of a staff: its OmrSymbolKind, and the position of its line. G on the second line
 * when the page shows none. */
uint8_t omr_clef_at(int *line_position, const OmrPage *page, int32_t staff, float x);
