/* Curves: slurs and ties. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_sheet.h"

/* A thin stroke that runs from left to right: a slur, a tie, one line of a hairpin, a bracket. */
typedef struct {
  float x0, y0, x1, y1; /* px; its ends */
  float sag;            /* px; how far its middle hangs below the straight line, negative: stands above it */
  float top, bottom;    /* px; of all of it */
} OmrCurve;

typedef BASE_ARRAY(OmrCurve) OmrCurves;

/* Smooth thin strokes at least `least` px long, by x. Caller clears. About 0.1 s an A4 page. */
BaseStatus omr_find_curves(BaseContext *ctx, OmrCurves *out, const OmrSheet *sheet, float least);

/* Sets page->ties and page->slurs from bent ones; needs heads sorted by chord. */
bool omr_join_by_curves(OmrPage *page, const OmrSheet *sheet, const OmrCurves *curves);
