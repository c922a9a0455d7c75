/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What stands at the start of a staff. Clefs are matched on the lines where they may stand. A key signature
 * is read sign by sign, each at the place that the circle of fifths prescribes for the clef; the staves of a
 * system vote. Time signatures are digits above each other or the letter C. Smaller clefs are sought along
 * the staff. */
#include "core/omr/omr_signs.h"

#include <math.h>
#include <stdlib.h>

#define TEEN_SCORE       0.6f
#define CHANGE_SCORE     0.65f
#define INNER_G          0.57f
#define INNER_F          0.62f
#define FIRST_NOTE       2.5f /* no clef changes before it, staff spaces behind a header without time signature */

bool omr_add_match(OmrPage *page, int32_t staff, const OmrMatch *match, int position) {
  OmrSymbol symbol = {
      .staff = staff, .head = -1, .kind = match->kind, .second = OMR_SYMBOLS, .position = (int16_t)position};
  symbol.x_px = match->x0, symbol.y_px = match->y0;
  symbol.width_px = match->width, symbol.height_px = match->height;
  symbol.score = match->score;
  return base_array_push(&page->symbols, symbol);
}

OmrMatch omr_match_at(const OmrMatcher *matcher, const OmrPage *page, const OmrStaff *staff, uint8_t kind,
                      float scale, float x0, float x1, float position, float play) {
  float y = omr_staff_y(page, staff, 0.5f * (x0 + x1), position), reach = play * staff->space_px;
  return omr_match(matcher, kind, scale, x0, x1, y - reach, y + reach);
}

/* The best clef whose left edge is in [x0, x1]. */
static OmrMatch find_clef(int *position, const OmrMatcher *matcher, const OmrPage *page,
                          const OmrStaff *staff, float scale, float x0, float x1) {
  static const struct {
    uint8_t kind;
    int8_t position;
    float bonus;
  } clefs[] = {{OMR_CLEF_G, -2, 0.05f},
               {OMR_CLEF_F, 2, 0.05f},
               {OMR_CLEF_C, 0, 0},
               {OMR_CLEF_C, 2, 0},
               {OMR_CLEF_C, -4, 0}};
  OmrMatch best = {0};
  float best_value = 0;
  for (size_t i = 0; i < sizeof clefs / sizeof *clefs; i++) {
    OmrMatch match =
        omr_match_at(matcher, page, staff, clefs[i].kind, scale, x0, x1, (float)clefs[i].position, 0.3f);
    if (match.score + clefs[i].bonus <= best_value) continue;
    best = match;
    best_value = match.score + clefs[i].bonus;
    *position = clefs[i].position;
  }
  return best;
}

uint8_t omr_clef_at(int *line_position, const OmrPage *page, int32_t staff, float x) {
  const OmrSystem *system = &page->systems.items[page->staves.items[staff].system];
  bool lowest = system->staves > 1 && staff == system->first_staff + system->staves - 1;
  uint8_t kind = lowest ? OMR_CLEF_F : OMR_CLEF_G;
  float latest = -1e9f;
  *line_position = lowest ? 2 : -2;
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *symbol = &page->symbols.items[i];
    if (symbol->staff != staff || symbol->kind > OMR_CLEF_C || symbol->x_px + 0.5f * symbol->width_px > x || symbol->x_px < latest)
      continue;
    latest = symbol->x_px;
    kind = symbol->kind;
    *line_position = symbol->position;
  }
  return kind;
}

/* Whether a 1 stands in front of a digit, as in 12 or 16; widens its box over both. */
static bool is_teen(OmrMatch *digit, const OmrMatcher *matcher, const OmrPage *page, const OmrStaff *staff,
                    int position) {
  float space = staff->space_px;
  OmrMatch one = omr_match_at(matcher, page, staff, OMR_DIGIT_0 + 1, 1, digit->x - 1.9f * space,
                              digit->x - 0.7f * space, position, 0.25f);
  if (one.score < TEEN_SCORE) return false;
  digit->width += digit->x0 - one.x0;
  digit->x0 = one.x0;
  return true;
}

/* Time signature with its left edge in [x0, x1]. */
static bool find_time(OmrTime *out, OmrMatch found[2], const OmrMatcher *matcher, const OmrPage *page,
                      int32_t index, float x0, float x1) {
  const OmrStaff *staff = &page->staves.items[index];
  static const uint8_t tops[] = {2, 3, 4, 6, 9, 8, 5, 1}, bottoms[] = {2, 4, 8, 1, 6};
  OmrMatch top = {0}, bottom = {0};
  for (size_t i = 0; i < sizeof tops; i++) {
    OmrMatch match = omr_match_at(matcher, page, staff, OMR_DIGIT_0 + tops[i], 1, x0, x1, 2, 0.25f);
    if (match.score > top.score) top = match;
  }
  for (size_t i = 0; top.score > 0.6f && i < sizeof bottoms; i++) {
    OmrMatch match = omr_match_at(matcher, page, staff, OMR_DIGIT_0 + bottoms[i], 1, top.x - staff->space_px,
                                  top.x + staff->space_px, -2, 0.25f);
    if (match.score > bottom.score) bottom = match;
  }
  OmrMatch common = omr_match_at(matcher, page, staff, OMR_TIME_COMMON, 1, x0, x1, 0, 0.25f);
  OmrMatch cut = omr_match_at(matcher, page, staff, OMR_TIME_CUT, 1, x0, x1, 0, 0.25f);
  OmrMatch letter = cut.score > common.score ? cut : common;
  float digits = fminf(top.score, bottom.score);
  *out = (OmrTime){.staff = index};
  found[0] = found[1] = (OmrMatch){0};
  if (digits >= 0.6f && digits > letter.score - 0.1f) {
    out->score = digits;
    out->beats = top.kind - OMR_DIGIT_0;
    out->beat_type = bottom.kind - OMR_DIGIT_0;
    if (out->beats <= 2 && is_teen(&top, matcher, page, staff, 2)) out->beats += 10;
    if (out->beat_type == 6 && is_teen(&bottom, matcher, page, staff, -2)) out->beat_type = 16;
    if (out->beats == 1 && out->beat_type == 8) out->beats = 12;
    if (out->beat_type == 6) return false;
    out->x_px = fminf(top.x0, bottom.x0);
    found[0] = top, found[1] = bottom;
    return true;
  }
  if (letter.score < 0.62f) return false;
  out->x_px = letter.x0, out->score = letter.score;
  out->symbol = letter.kind == OMR_TIME_CUT ? 2 : 1;
  out->beats = letter.kind == OMR_TIME_CUT ? 2 : 4;
  out->beat_type = letter.kind == OMR_TIME_CUT ? 2 : 4;
  found[0] = letter;
  return true;
}

static float first_bar_x(const OmrPage *page, int32_t system) {
  for (size_t i = 0; i < page->bars.n; i++)
    if (page->bars.items[i].system == system) return page->bars.items[i].x1_px;
  return page->systems.items[system].x0_px;
}

static bool find_start_clef(OmrPage *page, const OmrMatcher *matcher, int32_t index, float x) {
  const OmrStaff *staff = &page->staves.items[index];
  int position = -2;
  OmrMatch clef = find_clef(&position, matcher, page, staff, 1, x, x + 2.2f * staff->space_px);
  return clef.score < 0.5f || omr_add_match(page, index, &clef, position);
}

static float clef_end(const OmrPage *page, int32_t staff, float x) {
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *symbol = &page->symbols.items[i];
    if (symbol->staff == staff && symbol->kind <= OMR_CLEF_C) return symbol->x_px + symbol->width_px;
  }
  return x + 3 * page->staves.items[staff].space_px;
}

static bool add_time(OmrPage *page, int32_t staff, const OmrTime *time, const OmrMatch found[2]) {
  if (!base_array_push(&page->times, *time) || !omr_add_match(page, staff, &found[0], 0)) return false;
  return found[1].score <= 0 || omr_add_match(page, staff, &found[1], 0);
}

static bool read_time(OmrPage *page, const OmrMatcher *matcher, int32_t staff, float x) {
  OmrTime time;
  OmrMatch found[2];
  if (!find_time(&time, found, matcher, page, staff, x, x + 2.5f * page->staves.items[staff].space_px))
    return true;
  return add_time(page, staff, &time, found);
}

static bool read_system_start(OmrPage *page, const OmrMatcher *matcher, int32_t index) {
  const OmrSystem system = page->systems.items[index];
  float bar = first_bar_x(page, index), starts[24] = {0}, ends[24] = {0};
  int32_t staves = system.staves < 24 ? system.staves : 24;
  for (int32_t i = 0; i < staves; i++) {
    if (!find_start_clef(page, matcher, system.first_staff + i, bar)) return false;
    starts[i] = clef_end(page, system.first_staff + i, bar);
  }
  if (!omr_read_keys(ends, page, matcher, index, starts)) return false;
  for (int32_t i = 0; i < staves; i++)
    if (!read_time(page, matcher, system.first_staff + i, ends[i])) return false;
  return true;
}

/* Where the signs of a key that changes at the bar end. */
static float change_end(const OmrPage *page, int32_t staff, const OmrBar *bar) {
  float space = page->staves.items[staff].space_px, end = bar->x1_px;
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *sign = &page->symbols.items[i];
    bool of_key = sign->staff == staff && sign->kind > OMR_CLEF_C && sign->x_px >= bar->x1_px;
    if (of_key && sign->x_px < end + 2.6f * space) end = fmaxf(end, sign->x_px + sign->width_px);
  }
  return end;
}

/* A time signature behind a bar line, where all staves say the same. */
static bool read_time_change(OmrPage *page, const OmrMatcher *matcher, const OmrBar *bar) {
  const OmrSystem system = page->systems.items[bar->system];
  OmrTime times[24];
  OmrMatch found[24][2];
  int32_t staves = system.staves < 24 ? system.staves : 24;
  for (int32_t i = 0; i < staves; i++) {
    int32_t staff = system.first_staff + i;
    float space = page->staves.items[staff].space_px, x = change_end(page, staff, bar) + 0.2f * space;
    if (!find_time(&times[i], found[i], matcher, page, staff, x, x + 2 * space)) return true;
    bool same = times[i].beats == times[0].beats && times[i].beat_type == times[0].beat_type;
    if (!same || times[i].score < CHANGE_SCORE || times[i].beat_type < 2) return true;
  }
  for (int32_t i = 0; i < staves; i++)
    if (!add_time(page, system.first_staff + i, &times[i], found[i])) return false;
  return true;
}

static bool read_time_changes(OmrPage *page, const OmrMatcher *matcher) {
  for (size_t i = 1; i + 1 < page->bars.n; i++) {
    const OmrBar *bar = &page->bars.items[i];
    bool inside = bar->system == bar[1].system && bar->system == bar[-1].system;
    if (inside && !read_time_change(page, matcher, bar)) return false;
  }
  return true;
}

float omr_header_end(const OmrPage *page, int32_t staff) {
  float start = first_bar_x(page, page->staves.items[staff].system),
        space = page->staves.items[staff].space_px;
  float end = start + 1.5f * space;
  for (bool grown = true; grown;) {
    grown = false;
    for (size_t i = 0; i < page->symbols.n; i++) {
      const OmrSymbol *symbol = &page->symbols.items[i];
      float right = symbol->x_px + symbol->width_px;
      if (symbol->staff != staff || symbol->x_px > end + 1.8f * space || right <= end) continue;
      if (symbol->x_px < start + 2.5f * space || symbol->kind > OMR_CLEF_C) end = right, grown = true;
    }
  }
  return end;
}

static bool has_time(const OmrPage *page, int32_t staff) {
  for (size_t i = 0; i < page->times.n; i++)
    if (page->times.items[i].staff == staff) return true;
  return false;
}

/* Clefs behind the header: full size or smaller, none over another one that fits better. */
static bool find_inner_clefs(OmrPage *page, const OmrMatcher *matcher, int32_t index) {
  const OmrStaff *staff = &page->staves.items[index];
  float space = staff->space_px, last_end = 0;
  float from = omr_header_end(page, index) + (has_time(page, index) ? 0.1f : FIRST_NOTE) * space;
  for (float x = from; x < staff->x1_px - space; x += 1.5f * space) {
    int position = 0, big_position = 0;
    OmrMatch clef = find_clef(&position, matcher, page, staff, 0.78f, x, x + 1.5f * space);
    OmrMatch big = find_clef(&big_position, matcher, page, staff, 1, x, x + 1.5f * space);
    if (big.score > clef.score) clef = big, position = big_position;
    if (clef.kind == OMR_CLEF_C || clef.score < (clef.kind == OMR_CLEF_G ? INNER_G : INNER_F)) continue;
    OmrSymbol *last = &page->symbols.items[page->symbols.n - 1];
    if (last_end > clef.x0) {
      if (clef.score <= last->score) continue;
      page->symbols.n--;
    }
    if (!omr_add_match(page, index, &clef, position)) return false;
    last_end = clef.x0 + 0.8f * clef.width;
  }
  return true;
}

BaseStatus omr_find_headers(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet,
                            const OmrMatcher *matcher) {
  for (int32_t i = 0; i < (int32_t)page->systems.n; i++) {
    if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
    if (!read_system_start(page, matcher, i)) return base_fail_memory(ctx);
  }
  for (int32_t i = 0; i < (int32_t)page->staves.n; i++)
    if (!find_inner_clefs(page, matcher, i)) return base_fail_memory(ctx);
  if (!omr_read_key_changes(page, matcher) || !read_time_changes(page, matcher)) return base_fail_memory(ctx);
  return BASE_OK;
}
