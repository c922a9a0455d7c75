/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Staff removal (after Carter 1989): along each traced line, column by column, the vertical run of ink that
 * holds the line is erased unless it is thicker than a line can be: then a symbol crosses it. */
#include "core/omr/omr_sheet.h"

#include <math.h>
#include <string.h>

/* The run of ink that contains or touches row y; false when there is none within `reach`. */
static bool run_at(int *top, int *bottom, const OmrSheet *sheet, int x, int y, int reach) {
  int at = -1;
  for (int d = 0; d <= reach && at < 0; d++) {
    if (omr_ink_at(sheet, sheet->ink, x, y - d))
      at = y - d;
    else if (omr_ink_at(sheet, sheet->ink, x, y + d))
      at = y + d;
  }
  if (at < 0) return false;
  *top = *bottom = at;
  while (omr_ink_at(sheet, sheet->ink, x, *top - 1)) (*top)--;
  while (omr_ink_at(sheet, sheet->ink, x, *bottom + 1)) (*bottom)++;
  return true;
}

static void erase_line(OmrSheet *sheet, const OmrPage *page, const OmrStaff *staff, float position) {
  int longest = (int)lrintf(fmaxf(sheet->line * 1.6f, sheet->line + 2)),
      reach = (int)lrintf(sheet->line * 0.5f) + 1;
  for (int x = (int)staff->x0_px; x <= (int)staff->x1_px; x++) {
    int y = (int)lrintf(omr_staff_y(page, staff, (float)x, position)), top, bottom;
    if (!run_at(&top, &bottom, sheet, x, y, reach) || bottom - top + 1 > longest) continue;
    for (int row = top; row <= bottom; row++)
      sheet->clean[(size_t)row * (size_t)sheet->width + (size_t)x] = 0;
  }
}

BaseStatus omr_remove_staves(BaseContext *ctx, OmrSheet *sheet, const OmrPage *page) {
  size_t n = (size_t)sheet->width * (size_t)sheet->height;
  sheet->clean = BASE_TAKE(sheet->arena, uint8_t, n);
  if (!sheet->clean) return base_fail_memory(ctx);
  memcpy(sheet->clean, sheet->ink, n);
  for (size_t i = 0; i < page->staves.n; i++)
    for (int line = -4; line <= 4; line += 2) erase_line(sheet, page, &page->staves.items[i], (float)line);
  return BASE_OK;
}
