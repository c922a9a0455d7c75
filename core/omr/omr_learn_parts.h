/* What learning from edits shares. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_assembly.h"
#include "core/omr/omr_edit.h"

/* Whether the bar that holds a place of a page was put right or confirmed by the person. O(measures × edits).
 */
bool omr_learn_trusts(const OmrAssembly *right, const OmrEdits *edits, int32_t page, float x_px, float y_px);

/* Finds taste->likelier from pages as read and with all edits over them. False without memory. */
bool omr_learn_signs(OmrTaste *taste, const OmrPage *const *read, const OmrAssembly *right,
                     const OmrEdits *edits);
