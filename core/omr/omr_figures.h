/* Rhythms that return. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_assembly.h"

/* Solves bars that depart from their print once more by the rhythm of bars that look like them, a person's
 * first, and keeps that where it departs less. Needs solved bars. BASE_NO_MEMORY, BASE_CANCELLED. O(doubtful
 * bars × bars) comparisons and up to three solutions of each doubtful bar. */
BaseStatus omr_apply_figures(BaseContext *ctx, OmrAssembly *assembly);
