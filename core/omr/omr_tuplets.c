/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Figures over tuplets. Where a beam joins three, six or nine chords a small three is sought at its middle,
 * on the side of the beam and on that of the heads. A fingering may look alike; therefore the figure only
 * makes a triplet likelier, and the sum of the bar decides. */
#include "core/omr/omr_beams.h"

#include <math.h>
#include <string.h>

#define CLEAR_FIGURE 0.6f
#define SMALL        0.72f /* size beside the figure of a time signature */
#define REACH        2.8f  /* how far it stands from the beam or the heads, staff spaces */

typedef struct {
  int chords;
  float x0, x1, stems, heads; /* px: the outer stems; the farthest end of a stem; the farthest head */
  bool up;
} Group;

static void add(Group *group, const OmrPage *page, int32_t index) {
  const OmrChord *chord = &page->chords.items[index];
  bool first = group->chords++ == 0;
  group->up = chord->stem == OMR_STEM_UP;
  float end = group->up ? chord->y0_px : chord->y1_px, far = group->up ? -1e9f : 1e9f;
  for (size_t i = omr_first_head(page, index); i < page->heads.n && page->heads.items[i].chord == index; i++)
    far = group->up ? fmaxf(far, page->heads.items[i].y_px) : fminf(far, page->heads.items[i].y_px);
  group->x0 = first ? chord->x_px : fminf(group->x0, chord->x_px);
  group->x1 = first ? chord->x_px : fmaxf(group->x1, chord->x_px);
  group->stems = first ? end : group->up ? fminf(group->stems, end) : fmaxf(group->stems, end);
  group->heads = first ? far : group->up ? fmaxf(group->heads, far) : fminf(group->heads, far);
}

/* True when a three stands within reach of `edge`, going in `direction`. */
static bool figure_at(const OmrMatcher *matcher, const Group *group, float edge, float direction,
                      float space) {
  float near = edge + direction * 0.6f * space, far = edge + direction * REACH * space;
  float left = 0.5f * (group->x0 + group->x1) - 0.5f * space, play = 0.9f * space;
  OmrMatch match = omr_match(matcher, OMR_DIGIT_0 + 3, SMALL, left - play, left + play, fminf(near, far),
                             fmaxf(near, far));
  return match.score >= CLEAR_FIGURE;
}

BaseStatus omr_find_tuplets(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet,
                            const OmrMatcher *matcher) {
  int32_t n = 0;
  for (size_t i = 0; i < page->chords.n; i++)
    if (page->chords.items[i].group >= n) n = page->chords.items[i].group + 1;
  Group *groups = BASE_TAKE(sheet->arena, Group, (size_t)n + 1);
  if (!groups) return base_fail_memory(ctx);
  memset(groups, 0, sizeof *groups * ((size_t)n + 1));
  for (size_t i = 0; i < page->chords.n; i++)
    if (page->chords.items[i].group >= 0) add(&groups[page->chords.items[i].group], page, (int32_t)i);
  for (size_t i = 0; i < page->chords.n; i++) {
    OmrChord *chord = &page->chords.items[i];
    if (chord->group < 0) continue;
    Group *group = &groups[chord->group];
    float out = group->up ? -1 : 1;
    if (group->chords > 0 && group->chords % 3 == 0) /* sought once for all of it */
      group->chords = figure_at(matcher, group, group->stems, out, sheet->space) ||
                              figure_at(matcher, group, group->heads, -out, sheet->space)
                          ? -1
                          : 0;
    chord->tuplet = group->chords < 0 ? 3 : 0;
  }
  return BASE_OK;
}
