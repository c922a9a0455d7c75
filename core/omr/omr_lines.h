/* Long lines above, between and below staves. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_curves.h"
#include "core/omr/omr_match.h"

/* Adds symbols for brackets over endings (position: their number), broken lines behind an 8 (position:
 * octaves up), and hairpins, each with the box of its extent. Needs bars and headers. About 0.1 s an A4 page.
 */
BaseStatus omr_find_lines(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet, const OmrMatcher *matcher,
                          const OmrCurves *curves);
