/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rings and spots inside accidentals and rests look like note heads. A hollow head, and a filled one without
 * a stem, has to stand against the pictures of the signs that could cover it: where one of them fits clearly,
 * the head goes, and the sign is found later in its turn. */
#include "core/omr/omr_contest.h"

#include <math.h>

static const struct {
  uint8_t kind;
  float reach_up, reach_down;   /* where the sign's reference may stand around the head, staff spaces */
  float for_hollow, for_filled; /* scores from which it wins; 2: never */
} rivals[] = {
    {OMR_SHARP, 0.6f, 0.6f, 0.66f, 0.72f},        {OMR_FLAT, 0.4f, 0.4f, 0.70f, 0.74f},
    {OMR_NATURAL, 0.6f, 0.6f, 0.68f, 0.72f},      {OMR_REST_QUARTER, 1.5f, 1.5f, 0.70f, 0.66f},
    {OMR_REST_8, 1.0f, 1.2f, 2, 0.70f},           {OMR_REST_16, 1.2f, 1.8f, 2, 0.70f},
    {OMR_DOUBLE_SHARP, 0.3f, 0.3f, 0.76f, 0.76f},
};

static bool beaten(const OmrMatcher *matcher, const OmrHead *head, float space) {
  bool hollow = head->kind != OMR_FILLED;
  for (size_t k = 0; k < sizeof rivals / sizeof *rivals; k++) {
    float needed = hollow ? rivals[k].for_hollow : rivals[k].for_filled;
    if (needed > 1) continue;
    OmrMatch match =
        omr_match(matcher, rivals[k].kind, 1, head->x_px - 1.4f * space, head->x_px + 0.3f * space,
                  head->y_px - rivals[k].reach_up * space, head->y_px + rivals[k].reach_down * space);
    if (match.score >= needed && omr_covers(&match, head)) return true;
  }
  return false;
}

/* Takes out the marked heads, and chords that lose all of theirs. Heads are sorted by chord. */
static void drop(OmrPage *page, const bool *gone, int32_t *renamed) {
  size_t heads = 0, chords = 0;
  for (size_t c = 0; c < page->chords.n; c++) renamed[c] = -1;
  for (size_t i = 0; i < page->heads.n; i++)
    if (!gone[i]) renamed[page->heads.items[i].chord] = 0;
  for (size_t c = 0; c < page->chords.n; c++) {
    if (renamed[c] < 0) continue;
    renamed[c] = (int32_t)chords;
    page->chords.items[chords++] = page->chords.items[c];
  }
  for (size_t i = 0; i < page->heads.n; i++) {
    if (gone[i]) continue;
    OmrHead head = page->heads.items[i];
    head.chord = renamed[head.chord];
    page->heads.items[heads++] = head;
  }
  page->heads.n = heads;
  page->chords.n = chords;
}

/* True when the point lies in the beams between two chords of one group. */
static bool in_beams(const OmrChord *a, const OmrChord *b, float x, float y, float space) {
  if (x < a->x_px - 0.3f * space || x > b->x_px + 0.3f * space || b->x_px <= a->x_px) return false;
  float ends[2], inward = a->stem == OMR_STEM_UP ? 1 : -1;
  ends[0] = a->stem == OMR_STEM_UP ? a->y0_px : a->y1_px;
  ends[1] = b->stem == OMR_STEM_UP ? b->y0_px : b->y1_px;
  float line = ends[0] + (x - a->x_px) / (b->x_px - a->x_px) * (ends[1] - ends[0]);
  int beams = a->beams_right > b->beams_left ? a->beams_right : b->beams_left;
  float depth = inward * (y - line);
  return depth > -0.5f * space && depth < (0.4f + 0.75f * (float)beams) * space;
}

/* The next chord of the group at the right, or -1. */
static int32_t next_in_group(const OmrPage *page, int32_t index) {
  const OmrChord *chord = &page->chords.items[index];
  int32_t best = -1;
  for (int32_t i = 0; i < (int32_t)page->chords.n; i++) {
    const OmrChord *other = &page->chords.items[i];
    if (other->group != chord->group || other->x_px <= chord->x_px || i == index) continue;
    if (best < 0 || other->x_px < page->chords.items[best].x_px) best = i;
  }
  return best;
}

static bool alone_on_stem(const OmrPage *page, size_t i) {
  const OmrHead *head = &page->heads.items[i];
  return (i == 0 || head[-1].chord != head->chord) &&
         (i + 1 == page->heads.n || head[1].chord != head->chord);
}

BaseStatus omr_drop_heads(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet, const bool *gone) {
  int32_t *renamed = BASE_TAKE(sheet->arena, int32_t, page->chords.n + 1);
  if (!renamed) return base_fail_memory(ctx);
  drop(page, gone, renamed);
  return BASE_OK;
}

BaseStatus omr_contest_beams(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet) {
  bool *gone = BASE_TAKE(sheet->arena, bool, page->heads.n + 1);
  if (!gone) return base_fail_memory(ctx);
  for (int32_t c = 0; c < (int32_t)page->chords.n; c++) {
    if (page->chords.items[c].group < 0) continue;
    int32_t next = next_in_group(page, c);
    for (size_t i = 0; next >= 0 && i < page->heads.n; i++) {
      const OmrHead *head = &page->heads.items[i];
      const OmrChord *chord = &page->chords.items[head->chord];
      bool bare = chord->stem == OMR_STEM_NONE && head->kind == OMR_FILLED;
      if (bare || (chord->group == page->chords.items[c].group && !alone_on_stem(page, i)))
        gone[i] |=
            in_beams(&page->chords.items[c], &page->chords.items[next], head->x_px, head->y_px, sheet->space);
    }
  }
  return omr_drop_heads(ctx, page, sheet, gone);
}

/* True when the point lies where the flags hang, or in the bow of the last one. */
static bool in_flags(const OmrChord *chord, float x, float y, float space) {
  float end = chord->stem == OMR_STEM_UP ? chord->y0_px : chord->y1_px,
        inward = chord->stem == OMR_STEM_UP ? y - end : end - y, aside = x - chord->x_px;
  return aside > 0 && aside < 1.2f * space && inward > 0.2f * space &&
         inward < (1.2f + 0.8f * (float)chord->flags) * space;
}

BaseStatus omr_contest_flags(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet) {
  bool *gone = BASE_TAKE(sheet->arena, bool, page->heads.n + 1);
  if (!gone) return base_fail_memory(ctx);
  for (int32_t c = 0; c < (int32_t)page->chords.n; c++) {
    const OmrChord *chord = &page->chords.items[c];
    for (size_t i = 0; chord->flags && i < page->heads.n; i++) {
      const OmrHead *head = &page->heads.items[i];
      bool bare = page->chords.items[head->chord].stem == OMR_STEM_NONE && chord->flags > 1,
           hole = head->kind != OMR_FILLED && head->chord != c && head->x_px < chord->x_px + 0.75f * sheet->space;
      gone[i] |= (bare || hole) && in_flags(chord, head->x_px, head->y_px, sheet->space);
    }
  }
  return omr_drop_heads(ctx, page, sheet, gone);
}

BaseStatus omr_contest_heads(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet,
                             const OmrMatcher *matcher) {
  bool *gone = BASE_TAKE(sheet->arena, bool, page->heads.n + 1);
  if (!gone) return base_fail_memory(ctx);
  for (size_t i = 0; i < page->heads.n; i++) {
    if (i % 64 == 0 && base_cancelled(ctx)) return base_fail_cancelled(ctx);
    const OmrHead *head = &page->heads.items[i];
    const OmrChord *chord = &page->chords.items[head->chord];
    bool doubtful = head->kind != OMR_FILLED || chord->stem == OMR_STEM_NONE;
    gone[i] = doubtful && alone_on_stem(page, i) && beaten(matcher, head, sheet->space);
  }
  return omr_drop_heads(ctx, page, sheet, gone);
}
