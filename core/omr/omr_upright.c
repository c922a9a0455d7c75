/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A line through x at the middle of the span is tried at every lean that moves its ends by whole pixels. */
#include "core/omr/omr_upright.h"

#include <math.h>

static float share_of_line(const OmrSheet *sheet, float x, float y0, float y1, float shift) {
  int first = (int)lrintf(y0), last = (int)lrintf(y1), hits = 0;
  if (last <= first) return 0;
  float slope = shift / (float)(last - first), middle = 0.5f * (float)(first + last);
  for (int y = first; y <= last; y++) {
    int column = (int)lrintf(x + slope * ((float)y - middle));
    hits += omr_ink_at(sheet, sheet->ink, column, y) || omr_ink_at(sheet, sheet->ink, column - 1, y) ||
            omr_ink_at(sheet, sheet->ink, column + 1, y);
  }
  return (float)hits / (float)(last - first + 1);
}

float omr_upright_share(const OmrSheet *sheet, float x, float y0, float y1, float lean) {
  float reach = ceilf(lean * (y1 - y0)), best = 0;
  /* Where the middle row and its neighbours are bare, no line passes worth following. */
  for (float shift = -reach; shift <= reach; shift += 1) {
    best = fmaxf(best, share_of_line(sheet, x, y0, y1, shift));
    if (best >= 1) break;
  }
  return best;
}
