/* Accidentals in the light of a document. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_page.h"
#include "core/omr/omr_rhythm.h"

/* True when no sign is likelier than it looks. */
bool omr_suits_all(const OmrTaste *taste);

/* Decides the accidentals of a page anew; false without memory. */
bool omr_suit(OmrPage *page, const OmrTaste *taste);

/* How many of page->signs from `first` on are of the same head. */
size_t omr_signs_of(const OmrPage *page, size_t first);

/* What those signs are by `taste` (OMR_SYMBOLS: none); `*other`: something else than usually. */
uint8_t omr_suited_kind(bool *other, const OmrPage *page, size_t first, size_t n, const OmrTaste *taste);

/* Makes the sign before head number `head` one of that kind, OMR_SYMBOLS: none; false without memory. */
bool omr_change_sign(OmrPage *page, int32_t head, uint8_t kind);
