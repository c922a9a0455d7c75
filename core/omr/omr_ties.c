/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ties. Between a head and the next one of its place a thin curve is followed column by column, above or
 * below, from beside the first to beside the second. It must begin and end near the heads and bulge away from
 * them; a curve that goes on past either head is a slur. */
#include "core/omr/omr_signs.h"

#include <math.h>

typedef struct {
  const OmrSheet *sheet;
  float space;
} Curve;

/* The middle of the thin run at column x nearest to y, within `reach`; false when there is none. */
static bool thin_run(float *middle, const Curve *curve, int x, float y, float reach) {
  const OmrSheet *sheet = curve->sheet;
  int longest = (int)(0.38f * curve->space), row = (int)lrintf(y);
  for (int d = 0; d <= (int)reach; d++)
    for (int side = -1; side <= 1; side += 2) {
      int at = row + side * d, top = at, bottom = at;
      if (!omr_ink_at(sheet, sheet->clean, x, at)) continue;
      while (at - top <= longest && omr_ink_at(sheet, sheet->clean, x, top - 1)) top--;
      while (bottom - at <= longest && omr_ink_at(sheet, sheet->clean, x, bottom + 1)) bottom++;
      if (bottom - top + 1 > longest) continue;
      *middle = 0.5f * (float)(top + bottom);
      return true;
    }
  return false;
}

typedef struct {
  float share, last,
      bulge; /* columns that were there, where it ends, how far it reached away from the start */
} Trace;

static Trace follow(const Curve *curve, float x0, float x1, float y, int side) {
  Trace trace = {.last = y};
  int seen = 0, tried = 0;
  for (float x = x0; x <= x1; x += 1, tried++) {
    float at;
    if (!thin_run(&at, curve, (int)lrintf(x), trace.last, 2)) continue;
    seen++;
    trace.last = at;
    trace.bulge = fmaxf(trace.bulge, (float)side * (at - y));
  }
  trace.share = tried ? (float)seen / (float)tried : 0;
  return trace;
}

/* True when the curve goes on where the head has ended. */
static bool goes_on(const Curve *curve, float x, float y) {
  int seen = 0;
  float at;
  for (int d = 0; d < (int)(0.5f * curve->space); d++)
    seen += thin_run(&at, curve, (int)x + d, y, 0.45f * curve->space);
  return seen > (int)(0.3f * curve->space);
}

static bool tied(const Curve *curve, const OmrHead *a, const OmrHead *b, int side) {
  float space = curve->space, x0 = a->x_px + 0.95f * space, x1 = b->x_px - 0.95f * space;
  if (x1 - x0 < 0.6f * space) return false;
  for (float d = 0.15f * space; d < 1.3f * space; d += 2) {
    float start, y = a->y_px + (float)side * d;
    if (!thin_run(&start, curve, (int)lrintf(x0), y, 1)) continue;
    Trace trace = follow(curve, x0, x1, start, side);
    float end = (float)side * (trace.last - b->y_px);
    if (trace.share < 0.88f || end < 0 || end > 1.35f * space) continue;
    if (trace.bulge < fminf(0.12f * space, 0.03f * (x1 - x0)) || trace.bulge > 2.2f * space) continue;
    if (goes_on(curve, b->x_px + 0.85f * space, trace.last) || goes_on(curve, a->x_px - 1.35f * space, start))
      continue;
    return true;
  }
  return false;
}

/* The next head of the same place in the system, or -1. */
static int32_t next_head(const OmrPage *page, const OmrHead *head, float space) {
  int32_t best = -1;
  for (size_t i = 0; i < page->heads.n; i++) {
    const OmrHead *other = &page->heads.items[i];
    if (other->staff != head->staff || other->position != head->position ||
        other->x_px < head->x_px + 1.2f * space)
      continue;
    if (other->small || other->accidental || other->x_px > head->x_px + 40 * space) continue;
    if (best < 0 || other->x_px < page->heads.items[best].x_px) best = (int32_t)i;
  }
  return best;
}

BaseStatus omr_find_ties(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet) {
  Curve curve = {sheet, sheet->space};
  for (size_t i = 0; i < page->heads.n; i++) {
    if (i % 64 == 0 && base_cancelled(ctx)) return base_fail_cancelled(ctx);
    const OmrHead *head = &page->heads.items[i];
    int32_t next = head->small ? -1 : next_head(page, head, sheet->space);
    if (next < 0) continue;
    const OmrHead *other = &page->heads.items[next];
    if (!tied(&curve, head, other, 1) && !tied(&curve, head, other, -1)) continue;
    if (!base_array_push(&page->ties, (OmrTie){(int32_t)i, next})) return base_fail_memory(ctx);
  }
  return BASE_OK;
}
