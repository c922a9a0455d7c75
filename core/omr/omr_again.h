/* Second thoughts in the light of what music is like. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/prior.h"
#include "core/omr/omr.h"

/* Asks the prior about signs and ledger lines of a page that are hard to tell, and takes the other reading where that is
 * likelier by far; notes how odd each bar is then. A zeroed prior: nothing is changed. BASE_CANCELLED, BASE_NO_MEMORY; the page is then as good as
 * before. `bars` (may be null) keeps how they were solved. Some fifteen questions a page. */
BaseStatus omr_again(BaseContext *ctx, OmrPage *page, OmrBars *bars, ScorePrior prior);
