/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Key signatures are read sign by sign, each at the place that the circle of fifths prescribes for the clef;
 * one sign may be missing among several. The staves of a system vote. Behind a bar line a new key may stand,
 * or, where it is double or thick, naturals that take the old one back; there all staves must agree. */
#include "core/omr/omr_signs.h"

#include <math.h>
#include <stdlib.h>

static const int8_t sharp_positions[7] = {4, 1, 5, 2, -1, 3, 0};
static const int8_t flat_positions[7] = {0, 3, -1, 2, -2, 1, -3};

#define MISSING_SIGN     0.95f
#define FIRST_ACCIDENTAL 0.03f /* a single sign that is none of the key */
#define SPARE_SIGN       0.25f
#define PLAIN_CHANGE     0.76f /* behind a single line; two signs at least */

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

/* Where the next bar line behind x stands. */
static float bar_behind(const OmrPage *page, const OmrStaff *staff, float x) {
  for (size_t i = 0; i < page->bars.n; i++)
    if (page->bars.items[i].system == staff->system && page->bars.items[i].x0_px > x)
      return page->bars.items[i].x0_px;
  return staff->x1_px;
}

static KeyRead read_key(const OmrMatcher *matcher, const OmrPage *page, const OmrStaff *staff, uint8_t kind,
                        int shift, float x, float first_reach) {
  const int8_t *positions = kind == OMR_SHARP ? sharp_positions : flat_positions;
  KeyRead read = {.end_x = x};
  float limit = bar_behind(page, staff, x + 2);
  float space = staff->space_px;
  int holes = 0;
  for (int k = 0; k < 7; k++) {
    bool after_hole = k > read.count;
    float reach = (read.count ? 0.75f * space : first_reach) + (after_hole ? space : 0);
    int position = positions[k] + shift;
    if (position > 5 + (kind == OMR_SHARP)) position -= 7;
    OmrMatch match = omr_match_at(matcher, page, staff, kind, 1, read.end_x - 0.25f * space,
                                  read.end_x + reach, (float)position, 0.28f);
    OmrMatch natural = omr_match_at(matcher, page, staff, OMR_NATURAL, 1, read.end_x - 0.25f * space,
                                    read.end_x + reach, (float)position, 0.28f);
    if (match.score < 0.56f || match.x0 + match.width > limit || natural.score > match.score) {
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
  bool weak = read.count == 1 && read.score < 0.68f;
  return weak || (hole && read.count < 4) ? (KeyRead){.end_x = x} : read;
}

typedef struct {
  int fifths;
  float score, end_x;
  KeyRead read;
} StaffKey;

static StaffKey key_of(const OmrMatcher *matcher, const OmrPage *page, int32_t index, float x,
                       float first_reach) {
  const OmrStaff *staff = &page->staves.items[index];
  int line;
  uint8_t clef = omr_clef_at(&line, page, index, x);
  int shift = key_shift(clef, line);
  KeyRead sharps = read_key(matcher, page, staff, OMR_SHARP, shift, x, first_reach);
  KeyRead flats = read_key(matcher, page, staff, OMR_FLAT, shift, x, first_reach);
  if (sharps.score >= flats.score) return (StaffKey){sharps.count, sharps.score, sharps.end_x, sharps};
  return (StaffKey){-flats.count, flats.score, flats.end_x, flats};
}

/* How well a staff's signs agree with a key: signs that should be there and are not count most, those too
 * many may be accidentals of the first notes. */
static float agreement(const StaffKey *key, int fifths) {
  bool same_kind = (key->fifths > 0) == (fifths > 0) && key->fifths && fifths;
  int signs = abs(fifths), seen = same_kind ? abs(key->fifths) : 0;
  float sum = 0;
  for (int k = 0; k < signs; k++) {
    float score = k < seen ? key->read.signs[k].score : 0;
    sum += score > 0 ? score : -MISSING_SIGN;
  }
  int more = abs(key->fifths) - (same_kind ? signs : 0);
  if (more == 1 && signs == 0) return -FIRST_ACCIDENTAL;
  return sum - SPARE_SIGN * (float)(more > 0 ? more : 0);
}

/* The key that the signs of all staves agree with best. */
static int vote(const StaffKey *keys, int32_t n) {
  int best = 0;
  float most = -1e9f;
  for (int candidate = -7; candidate <= 7; candidate++) {
    float weight = 0;
    for (int32_t i = 0; i < n; i++) weight += agreement(&keys[i], candidate);
    if (weight > most || (weight == most && abs(candidate) < abs(best))) most = weight, best = candidate;
  }
  return best;
}

static bool add_key(OmrPage *page, int32_t index, const StaffKey *key, int fifths, float x) {
  if (!base_array_push(&page->keys, (OmrKey){index, x, (int8_t)fifths})) return false;
  bool same_kind = (key->fifths > 0) == (fifths > 0);
  for (int i = 0; same_kind && i < key->read.count && i < abs(fifths); i++)
    if (key->read.signs[i].score > 0 && !omr_add_match(page, index, &key->read.signs[i], 0)) return false;
  return true;
}

/* Where the signs that belong to the key end, `start` when there are none. */
static float end_of_key(const StaffKey *key, int fifths, float start) {
  bool same_kind = (key->fifths > 0) == (fifths > 0);
  float end = start;
  for (int k = 0; same_kind && k < abs(fifths) && k < key->read.count; k++)
    if (key->read.signs[k].score > 0) end = fmaxf(end, key->read.signs[k].x0 + key->read.signs[k].width);
  return end;
}

bool omr_read_keys(float *ends, OmrPage *page, const OmrMatcher *matcher, int32_t index,
                   const float *starts) {
  const OmrSystem system = page->systems.items[index];
  StaffKey keys[24] = {0};
  float end = 0;
  int32_t staves = system.staves < 24 ? system.staves : 24;
  for (int32_t i = 0; i < staves; i++) {
    int32_t staff = system.first_staff + i;
    keys[i] = key_of(matcher, page, staff, starts[i], 1.6f * page->staves.items[staff].space_px);
  }
  int fifths = vote(keys, staves);
  for (int32_t i = 0; i < staves; i++) {
    ends[i] = keys[i].fifths == fifths ? keys[i].end_x : end_of_key(&keys[i], fifths, starts[i]);
    end = fmaxf(end, ends[i]);
  }
  for (int32_t i = 0; i < staves; i++) {
    if (keys[i].fifths != fifths && ends[i] <= starts[i]) ends[i] = end;
    if (!add_key(page, system.first_staff + i, &keys[i], fifths, starts[i])) return false;
  }
  return true;
}

static int fifths_before(const OmrPage *page, int32_t staff, float x) {
  int fifths = 0;
  for (size_t i = 0; i < page->keys.n; i++)
    if (page->keys.items[i].staff == staff && page->keys.items[i].x_px <= x)
      fifths = page->keys.items[i].fifths;
  return fifths;
}

/* How many naturals stand where the old key's signs stood, one after another from the first that is found. */
static int naturals_at(const OmrMatcher *matcher, const OmrPage *page, int32_t index, int old, float x,
                       float reach) {
  const OmrStaff *staff = &page->staves.items[index];
  int line, found = 0;
  uint8_t clef = omr_clef_at(&line, page, index, x);
  int shift = key_shift(clef, line);
  for (int k = 0; k < abs(old) && k < 7; k++) {
    float position = (float)((old > 0 ? sharp_positions : flat_positions)[k] + shift);
    OmrMatch match = omr_match_at(matcher, page, staff, OMR_NATURAL, 1, x,
                                  x + reach + (float)k * staff->space_px, position, 0.28f);
    found += match.score > 0.66f;
  }
  return found;
}

static bool read_change(OmrPage *page, const OmrMatcher *matcher, const OmrBar *bar) {
  const OmrSystem system = page->systems.items[bar->system];
  StaffKey keys[24] = {0};
  int32_t staves = system.staves < 24 ? system.staves : 24, naturals = 0;
  float score = 0, reach = 2.6f * page->staves.items[system.first_staff].space_px;
  int old = fifths_before(page, system.first_staff, bar->x_px);
  for (int32_t i = 0; i < staves; i++) {
    keys[i] = key_of(matcher, page, system.first_staff + i, bar->x1_px + 1, reach);
    if (keys[i].fifths != keys[0].fifths || (!bar->flags && abs(keys[i].fifths) < 2)) return true;
    score += keys[i].score / (float)(abs(keys[i].fifths) + !keys[i].fifths);
    naturals +=
        naturals_at(matcher, page, system.first_staff + i, old, bar->x1_px + 1, reach) >= (abs(old) + 1) / 2;
  }
  int fifths = keys[0].fifths;
  if (fifths == old || (fifths == 0 && (old == 0 || naturals < staves))) return true;
  if (!bar->flags && score < PLAIN_CHANGE * (float)staves) return true;
  if (fifths && score < (abs(fifths) > 1 ? 0.68f : 0.78f) * (float)staves) return true;
  for (int32_t i = 0; i < staves; i++)
    if (!add_key(page, system.first_staff + i, &keys[i], fifths, bar->x1_px)) return false;
  return true;
}

bool omr_read_key_changes(OmrPage *page, const OmrMatcher *matcher) {
  for (size_t i = 0; i + 1 < page->bars.n; i++) {
    const OmrBar *bar = &page->bars.items[i];
    bool inside = bar->system == page->bars.items[i + 1].system && i && bar->system == bar[-1].system;
    if (inside && !read_change(page, matcher, bar)) return false;
  }
  return true;
}
