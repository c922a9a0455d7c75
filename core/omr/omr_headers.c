/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What stands at the start of a staff. Clefs are matched on the lines where they may stand. A key signature is
 * read sign by sign, each at the place that the circle of fifths prescribes for the clef; the staves of a system
 * vote. Time signatures are digits above each other or the letter C. Smaller clefs are sought along the staff. */
#include "core/omr/omr_signs.h"

#include <math.h>
#include <stdlib.h>

#define INNER_CLEF_SCORE 0.62f

static const int8_t sharp_positions[7] = {4, 1, 5, 2, -1, 3, 0};
static const int8_t flat_positions[7] = {0, 3, -1, 2, -2, 1, -3};

static bool add_symbol(OmrPage *page, int32_t staff, const OmrMatch *match, int position) {
  OmrSymbol symbol = {.staff = staff, .head = -1, .kind = match->kind, .second = OMR_SYMBOLS, .position = (int16_t)position};
  symbol.x_px = match->x0, symbol.y_px = match->y0;
  symbol.width_px = match->width, symbol.height_px = match->height;
  symbol.score = match->score;
  return base_array_push(&page->symbols, symbol);
}

static OmrMatch match_at(const OmrMatcher *matcher, const OmrPage *page, const OmrStaff *staff, uint8_t kind,
                         float scale, float x0, float x1, float position, float play) {
  float y = omr_staff_y(page, staff, 0.5f * (x0 + x1), position), reach = play * staff->space_px;
  return omr_match(matcher, kind, scale, x0, x1, y - reach, y + reach);
}

/* The best clef whose left edge is in [x0, x1]. */
static OmrMatch find_clef(int *position, const OmrMatcher *matcher, const OmrPage *page, const OmrStaff *staff,
                          float scale, float x0, float x1) {
  static const struct {
    uint8_t kind;
    int8_t position;
    float bonus;
  } clefs[] = {{OMR_CLEF_G, -2, 0.05f}, {OMR_CLEF_F, 2, 0.05f}, {OMR_CLEF_C, 0, 0}, {OMR_CLEF_C, 2, 0}, {OMR_CLEF_C, -4, 0}};
  OmrMatch best = {0};
  float best_value = 0;
  for (size_t i = 0; i < sizeof clefs / sizeof *clefs; i++) {
    OmrMatch match = match_at(matcher, page, staff, clefs[i].kind, scale, x0, x1, (float)clefs[i].position, 0.3f);
    if (match.score + clefs[i].bonus <= best_value) continue;
    best = match;
    best_value = match.score + clefs[i].bonus;
    *position = clefs[i].position;
  }
  return best;
}

uint8_t omr_clef_at(int *line_position, const OmrPage *page, int32_t staff, float x) {
  uint8_t kind = OMR_CLEF_G;
  float latest = -1e9f;
  *line_position = -2;
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *symbol = &page->symbols.items[i];
    if (symbol->staff != staff || symbol->kind > OMR_CLEF_C || symbol->x_px > x || symbol->x_px < latest) continue;
    latest = symbol->x_px;
    kind = symbol->kind;
    *line_position = symbol->position;
  }
  return kind;
}

/* Half spaces by which a key signature stands lower than under the G clef. */
static int key_shift(uint8_t clef, int line_position) {
  if (clef == OMR_CLEF_F) return -2 + (line_position - 2);
  if (clef == OMR_CLEF_C) return -1 + line_position;
  return line_position + 2;
}

typedef struct {
  int count;
  float score, end_x; /* sum of scores; where the last sign ends */
  OmrMatch signs[7];
} KeyRead;

static KeyRead read_key(const OmrMatcher *matcher, const OmrPage *page, const OmrStaff *staff, uint8_t kind, int shift,
                        float x, float first_reach) {
  const int8_t *positions = kind == OMR_SHARP ? sharp_positions : flat_positions;
  KeyRead read = {.end_x = x};
  float space = staff->space_px;
  int holes = 0;
  for (int k = 0; k < 7; k++) {
    bool after_hole = k > read.count;
    float reach = (read.count ? 0.75f * space : first_reach) + (after_hole ? space : 0);
    int position = positions[k] + shift;
    if (position > 5 + (kind == OMR_SHARP)) position -= 7;
    OmrMatch match = match_at(matcher, page, staff, kind, 1, read.end_x - 0.25f * space, read.end_x + reach,
                              (float)position, 0.28f);
    if (match.score < 0.56f) {
      if (holes++) break;
      continue;
    }
    read.count = k + 1;
    read.signs[k] = match;
    read.score += match.score;
    read.end_x = match.x0 + match.width;
  }
  /* With a sign missing the others must make up for it. */
  bool hole = false;
  for (int k = 0; k < read.count; k++) hole |= read.signs[k].score <= 0;
  return hole && read.count < 4 ? (KeyRead){.end_x = x} : read;
}

typedef struct {
  int fifths;
  float score, end_x;
  KeyRead read;
} StaffKey;

static StaffKey key_of(const OmrMatcher *matcher, const OmrPage *page, int32_t index, float x, float first_reach) {
  const OmrStaff *staff = &page->staves.items[index];
  int line;
  uint8_t clef = omr_clef_at(&line, page, index, x);
  int shift = key_shift(clef, line);
  KeyRead sharps = read_key(matcher, page, staff, OMR_SHARP, shift, x, first_reach);
  KeyRead flats = read_key(matcher, page, staff, OMR_FLAT, shift, x, first_reach);
  if (sharps.score >= flats.score) return (StaffKey){sharps.count, sharps.score, sharps.end_x, sharps};
  return (StaffKey){-flats.count, flats.score, flats.end_x, flats};
}

/* Time signature with its left edge in [x0, x1]. */
static bool find_time(OmrTime *out, OmrMatch found[2], const OmrMatcher *matcher, const OmrPage *page, int32_t index,
                      float x0, float x1) {
  const OmrStaff *staff = &page->staves.items[index];
  static const uint8_t tops[] = {2, 3, 4, 6, 9, 8, 5, 1}, bottoms[] = {2, 4, 8, 1};
  OmrMatch top = {0}, bottom = {0};
  for (size_t i = 0; i < sizeof tops; i++) {
    OmrMatch match = match_at(matcher, page, staff, OMR_DIGIT_0 + tops[i], 1, x0, x1, 2, 0.25f);
    if (match.score > top.score) top = match;
  }
  for (size_t i = 0; top.score > 0.6f && i < sizeof bottoms; i++) {
    OmrMatch match = match_at(matcher, page, staff, OMR_DIGIT_0 + bottoms[i], 1, top.x - staff->space_px,
                              top.x + staff->space_px, -2, 0.25f);
    if (match.score > bottom.score) bottom = match;
  }
  OmrMatch common = match_at(matcher, page, staff, OMR_TIME_COMMON, 1, x0, x1, 0, 0.25f);
  OmrMatch cut = match_at(matcher, page, staff, OMR_TIME_CUT, 1, x0, x1, 0, 0.25f);
  OmrMatch letter = cut.score > common.score ? cut : common;
  float digits = fminf(top.score, bottom.score);
  *out = (OmrTime){.staff = index};
  found[0] = found[1] = (OmrMatch){0};
  if (digits >= 0.6f && digits > letter.score - 0.1f) {
    out->x_px = top.x0, out->score = digits;
    out->beats = top.kind - OMR_DIGIT_0;
    out->beat_type = bottom.kind - OMR_DIGIT_0;
    if (out->beats == 1 && out->beat_type == 8) out->beats = 12;
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
  return clef.score < 0.5f || add_symbol(page, index, &clef, position);
}

static float clef_end(const OmrPage *page, int32_t staff, float x) {
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *symbol = &page->symbols.items[i];
    if (symbol->staff == staff && symbol->kind <= OMR_CLEF_C) return symbol->x_px + symbol->width_px;
  }
  return x + 3 * page->staves.items[staff].space_px;
}

/* The key that most of the staves' signs speak for. */
static int vote(const StaffKey *keys, int32_t n) {
  int best = 0;
  float most = 0;
  for (int candidate = -7; candidate <= 7; candidate++) {
    float weight = 0;
    for (int32_t i = 0; i < n; i++)
      if (keys[i].fifths == candidate) weight += 0.5f + keys[i].score;
    if (weight > most) most = weight, best = candidate;
  }
  return best;
}

static bool add_key(OmrPage *page, int32_t index, const StaffKey *key, int fifths, float x) {
  if (!base_array_push(&page->keys, (OmrKey){index, x, (int8_t)fifths})) return false;
  for (int i = 0; i < key->read.count && i < abs(fifths); i++)
    if (key->read.signs[i].score > 0 && !add_symbol(page, index, &key->read.signs[i], 0)) return false;
  return true;
}

static bool read_system_start(OmrPage *page, const OmrMatcher *matcher, int32_t index) {
  const OmrSystem system = page->systems.items[index];
  StaffKey keys[24] = {0};
  float bar = first_bar_x(page, index), end = bar;
  for (int32_t i = 0; i < system.staves; i++)
    if (!find_start_clef(page, matcher, system.first_staff + i, bar)) return false;
  for (int32_t i = 0; i < system.staves; i++) {
    int32_t staff = system.first_staff + i;
    keys[i] = key_of(matcher, page, staff, clef_end(page, staff, bar), 1.6f * page->staves.items[staff].space_px);
    end = fmaxf(end, keys[i].end_x);
  }
  int fifths = vote(keys, system.staves);
  for (int32_t i = 0; i < system.staves; i++)
    if (!add_key(page, system.first_staff + i, &keys[i], fifths, clef_end(page, system.first_staff + i, bar))) return false;
  for (int32_t i = 0; i < system.staves; i++) {
    int32_t staff = system.first_staff + i;
    OmrTime time;
    OmrMatch found[2];
    float space = page->staves.items[staff].space_px, from = keys[i].fifths == fifths ? keys[i].end_x : end;
    if (!find_time(&time, found, matcher, page, staff, from, from + 2.5f * space)) continue;
    if (!base_array_push(&page->times, time) || !add_symbol(page, staff, &found[0], 0)) return false;
    if (found[1].score > 0 && !add_symbol(page, staff, &found[1], 0)) return false;
  }
  return true;
}

float omr_header_end(const OmrPage *page, int32_t staff) {
  float start = first_bar_x(page, page->staves.items[staff].system), space = page->staves.items[staff].space_px;
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

/* Clefs behind the header: full size or smaller, none over another one that fits better. */
static bool find_inner_clefs(OmrPage *page, const OmrMatcher *matcher, int32_t index) {
  const OmrStaff *staff = &page->staves.items[index];
  float space = staff->space_px, from = omr_header_end(page, index) + space, last_end = 0;
  for (float x = from; x < staff->x1_px - space; x += 1.5f * space) {
    int position = 0, big_position = 0;
    OmrMatch clef = find_clef(&position, matcher, page, staff, 0.78f, x, x + 1.5f * space);
    OmrMatch big = find_clef(&big_position, matcher, page, staff, 1, x, x + 1.5f * space);
    if (big.score > clef.score) clef = big, position = big_position;
    if (clef.score < INNER_CLEF_SCORE || clef.kind == OMR_CLEF_C) continue;
    OmrSymbol *last = &page->symbols.items[page->symbols.n - 1];
    if (last_end > clef.x0) {
      if (clef.score <= last->score) continue;
      page->symbols.n--;
    }
    if (!add_symbol(page, index, &clef, position)) return false;
    last_end = clef.x0 + 0.8f * clef.width;
  }
  return true;
}

BaseStatus omr_find_headers(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet, const OmrMatcher *matcher) {
  for (int32_t i = 0; i < (int32_t)page->systems.n; i++) {
    if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
    if (!read_system_start(page, matcher, i)) return base_fail_memory(ctx);
  }
  for (int32_t i = 0; i < (int32_t)page->staves.n; i++)
    if (!find_inner_clefs(page, matcher, i)) return base_fail_memory(ctx);
  return BASE_OK;
}
