/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flags hang at the right of the free end of a stem without beams. The picture of a single flag tells whether
 * there are any; how many is told by counting strokes down a line just right of the stem. */
#include "core/omr/omr_beams.h"

#include <math.h>

/* Scores of the picture of a flag. */
#define CLEAR_FLAG 0.5f
#define FAINT_FLAG 0.38f

/* Strokes that leave the stem: runs of ink going inward from the free end at three small distances, the
 * median. */
static int strokes_beside(const OmrSheet *sheet, const OmrChord *chord, float reach) {
  int counts[3], inward = chord->stem == OMR_STEM_UP ? 1 : -1;
  float end = chord->stem == OMR_STEM_UP ? chord->y0_px : chord->y1_px, space = sheet->space;
  for (int k = 0; k < 3; k++) {
    int x = (int)lrintf(chord->x_px + (0.22f + 0.08f * (float)k) * space), run = 0;
    counts[k] = 0;
    for (float d = -0.2f * space; d <= reach; d += 1) {
      if (omr_ink_at(sheet, sheet->clean, x, (int)lrintf(end + (float)inward * d))) {
        run++;
        continue;
      }
      counts[k] += run >= 2;
      run = 0;
    }
  }
  int low = counts[0] < counts[1] ? counts[0] : counts[1],
      high = counts[0] < counts[1] ? counts[1] : counts[0];
  return counts[2] < low ? low : counts[2] > high ? high : counts[2];
}

static float stem_beyond_heads(const OmrPage *page, int32_t index) {
  const OmrChord *chord = &page->chords.items[index];
  float nearest = 1e9f, end = chord->stem == OMR_STEM_UP ? chord->y0_px : chord->y1_px;
  for (size_t i = 0; i < page->heads.n; i++)
    if (page->heads.items[i].chord == index) nearest = fminf(nearest, fabsf(page->heads.items[i].y_px - end));
  return nearest;
}

BaseStatus omr_find_flags(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet, const OmrMatcher *matcher) {
  float space = sheet->space;
  for (size_t i = 0; i < page->chords.n; i++) {
    if (i % 64 == 0 && base_cancelled(ctx)) return base_fail_cancelled(ctx);
    OmrChord *chord = &page->chords.items[i];
    if (!chord->stem || chord->beams_left || chord->beams_right) continue;
    bool up = chord->stem == OMR_STEM_UP;
    float end = up ? chord->y0_px : chord->y1_px;
    OmrMatch match = omr_match(matcher, up ? OMR_FLAG_UP : OMR_FLAG_DOWN, 1, chord->x_px - 0.25f * space,
                               chord->x_px + 0.25f * space, end - 0.35f * space, end + 0.35f * space);
    if (match.score < FAINT_FLAG) continue;
    int strokes =
        strokes_beside(sheet, chord, fminf(2.4f * space, stem_beyond_heads(page, (int32_t)i) - 0.8f * space));
    int flags = strokes < 1 ? 1 : strokes > 4 ? 4 : strokes;
    bool seen = match.score >= CLEAR_FLAG;
    chord->flags = (uint8_t)(seen ? flags : 0);
    chord->second = (uint8_t)(seen ? 0 : flags);
    chord->second_price = fminf(2, 0.3f + 10 * fabsf(match.score - CLEAR_FLAG));
  }
  return BASE_OK;
}
