/* Finding on a page what an edit means. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_assembly.h"

/* The head or rest nearest to a place within 0.8 staff spaces, -1 none. O(heads), O(symbols). */
int32_t omr_edit_head_at(const OmrPage *page, float x_px, float y_px);
int32_t omr_edit_rest_at(const OmrPage *page, float x_px, float y_px);

/* The staff whose middle is nearest by height, -1 on a page without any. */
int32_t omr_edit_staff_at(const OmrPage *page, float x_px, float y_px);
