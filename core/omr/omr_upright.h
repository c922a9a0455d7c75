/* Nearly upright lines on a sheet. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_sheet.h"

/* The largest share of inked rows on a straight line from (x, y0) to (x + d, y1), |d| ≤ lean * (y1 - y0),
 * one pixel of play to either side. 0…1; 0 for an empty span. */
float omr_upright_share(const OmrSheet *sheet, float x, float y0, float y1, float lean);
