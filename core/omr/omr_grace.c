/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Grace notes: filled ellipses of some 0.6 of a head's size at staff positions, with ledger lines of that
 * size outside the staff, each on the end of a thin short stroke that no other chord owns, in front of a
 * note. Strokes beside the stem below its free end are beams or flags; one that crosses it is a slash. */
#include "core/omr/omr_grace.h"
#include "core/omr/omr_contest.h"
#include "core/omr/omr_heads.h"
#include "core/omr/omr_ledgers.h"
#include "core/omr/omr_signs.h"

#include <math.h>
#include <stdlib.h>

#define SIZE          0.62f /* of a grace note beside another one */
#define THRESHOLD     0.85f
#define SHORTEST_STEM 1.2f /* from the middle of the head, staff spaces */
#define LONGEST_STEM  7.5f
#define BEFORE        9.0f /* how far in front of the note that it graces */
#define THIN_STEM     0.5f /* thin rows that a stem must have, staff spaces */
#define PIECE_FROM    1.2f /* heads farther away on its stem are pieces of beams */

enum { REACH = 20, MAX_POINTS = 1024 };

typedef struct {
  int16_t dx, dy;
} Point;

typedef struct {
  Point points[MAX_POINTS];
  int n;
} Shape;

struct OmrGraces {
  OmrHead *heads;     /* best first */
  OmrStroke *strokes; /* beside heads: their stems */
  int32_t *chord_of;  /* beside heads, -1 not yet */
  size_t n;
};

typedef struct {
  const OmrPage *page;
  const OmrSheet *sheet;
  const OmrMatcher *matcher;
  Shape core, rim, ledger_rim; /* what has ink, the paper around it, also where a line goes through it */
} Search;

/* Points of a tilted ellipse with half axes of `a` and `b` px between `inner` and 1 of its size, at least
 * `middle` rows off its middle. */
static void ellipse(Shape *shape, float a, float b, float inner, int middle) {
  float c = cosf(0.5f), s = sinf(0.5f);
  int reach = (int)ceilf(a);
  for (int dy = -reach; dy <= reach; dy++)
    for (int dx = -reach; dx <= reach && shape->n < MAX_POINTS && abs(dy) >= middle; dx++) {
      float u = ((float)dx * c - (float)dy * s) / a, v = ((float)dx * s + (float)dy * c) / b;
      float r = u * u + v * v;
      if (r <= 1 && r >= inner * inner) shape->points[shape->n++] = (Point){(int16_t)dx, (int16_t)dy};
    }
}

static float share(const OmrSheet *sheet, const uint8_t *plane, const Shape *shape, int x, int y) {
  int hits = 0;
  for (int i = 0; i < shape->n; i++)
    hits += omr_ink_at(sheet, plane, x + shape->points[i].dx, y + shape->points[i].dy);
  return shape->n ? (float)hits / (float)shape->n : 0;
}

int32_t omr_graced_chord(const OmrPage *page, int32_t grace) {
  const OmrChord *small = &page->chords.items[grace];
  int32_t system = page->staves.items[small->staff].system, best = -1;
  float to = small->head_x_px + BEFORE * page->space_px;
  for (size_t i = 0; i < page->bars.n; i++) {
    const OmrBar *bar = &page->bars.items[i];
    if (bar->system == system && bar->x_px > small->head_x_px) to = fminf(to, bar->x_px);
  }
  for (int32_t i = 0; i < (int32_t)page->chords.n; i++) {
    const OmrChord *chord = &page->chords.items[i];
    if (chord->grace || chord->staff != small->staff || chord->head_x_px <= small->head_x_px) continue;
    if (chord->head_x_px >= to) continue;
    to = chord->head_x_px;
    best = i;
  }
  return best;
}

/* How much the ink at a point looks like a small head: full, with paper around. */
static float score_at(const Search *search, int x, int y, bool on_ledger) {
  const OmrSheet *sheet = search->sheet;
  if (!omr_ink_at(sheet, sheet->ink, x, y)) return 0;
  float inside = share(sheet, sheet->ink, &search->core, x, y);
  if (inside < 0.88f) return 0;
  return inside - 0.5f * share(sheet, sheet->clean, on_ledger ? &search->ledger_rim : &search->rim, x, y);
}

/* The best small head at this place of a staff. */
static OmrHead best_at(const Search *search, const OmrStaff *staff, int x, float position) {
  OmrHead best = {.chord = -1, .position = (int16_t)lrintf(position), .x_px = (float)x, .small = true};
  int y = (int)lrintf(omr_staff_y(search->page, staff, (float)x, position)),
      play = (int)fmaxf(1, 0.12f * staff->space_px);
  for (int d = -play; d <= play; d++) {
    float score = score_at(search, x, y + d, fabsf(position) > 5);
    if (score > best.score) best.score = score, best.y_px = (float)(y + d);
  }
  return best;
}

typedef BASE_ARRAY(OmrHead) Heads;

static bool add_peak(Heads *found, const Search *search, const OmrStaff *staff, OmrHead peak) {
  if (peak.score <= 0) return true;
  if (abs(peak.position) > 5 && !omr_carry_by_ledgers(&peak, search->page, search->sheet, staff, SIZE))
    return true;
  return base_array_push(found, peak);
}

static bool scan_position(Heads *found, const Search *search, int32_t index, float position) {
  const OmrStaff *staff = &search->page->staves.items[index];
  float space = staff->space_px;
  OmrHead peak = {0};
  for (int x = (int)(omr_header_end(search->page, index)); x <= (int)staff->x1_px; x++) {
    OmrHead head = best_at(search, staff, x, position);
    if (peak.score > 0 && head.x_px - peak.x_px > 0.4f * space) {
      if (!add_peak(found, search, staff, peak)) return false;
      peak = (OmrHead){0};
    }
    if (head.score < THRESHOLD || head.score <= peak.score) continue;
    head.staff = index;
    head.width_px = 1.3f * SIZE * space, head.height_px = SIZE * space;
    peak = head;
  }
  return add_peak(found, search, staff, peak);
}

static BaseStatus scan(BaseContext *ctx, Heads *found, const Search *search) {
  for (int32_t i = 0; i < (int32_t)search->page->staves.n; i++) {
    float above, below;
    omr_staff_reach(&above, &below, search->page, i, REACH);
    for (float position = ceilf(below); position <= above;
         position += position >= -5 && position < 5 ? 1 : 0.5f) {
      if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
      if (!scan_position(found, search, i, position)) return base_fail_memory(ctx);
    }
  }
  return BASE_OK;
}

/* True for a blot within an accidental. */
static bool in_accidental(const Search *search, const OmrHead *head) {
  static const struct {
    uint8_t kind;
    float score;
  } signs[] = {{OMR_SHARP, 0.66f}, {OMR_NATURAL, 0.64f}};
  float space = search->sheet->space;
  for (size_t k = 0; k < sizeof signs / sizeof *signs; k++) {
    OmrMatch match = omr_match(search->matcher, signs[k].kind, 1, head->x_px - space,
                               head->x_px + 0.3f * space, head->y_px - space, head->y_px + space);
    if (match.score >= signs[k].score && omr_covers(&match, head)) return true;
  }
  return false;
}

/* True where another sign explains the ink: a note, or a sign whose middle it is. */
static bool explained(const Search *search, const OmrHead *head) {
  const OmrPage *page = search->page;
  float space = search->sheet->space;
  for (size_t i = 0; i < page->heads.n; i++) {
    const OmrHead *other = &page->heads.items[i];
    if (other->kind == OMR_FILLED && fabsf(other->x_px - head->x_px) < 0.85f * space &&
        fabsf(other->y_px - head->y_px) < 0.75f * space)
      return true;
  }
  return omr_inside_symbol(page, head);
}

typedef enum { FREE, DOUBTFUL, OWNED } Ownership;

/* Whether the stroke is the stem of other notes. Heads at its far end alone may be pieces of the beams of
 * grace notes. */
static Ownership ownership(const Search *search, const OmrStroke *stroke, const OmrHead *small) {
  const OmrPage *page = search->page;
  float space = search->sheet->space;
  Ownership result = FREE;
  for (int32_t i = 0; i < (int32_t)page->chords.n; i++) {
    const OmrChord *chord = &page->chords.items[i];
    float shared = fminf(chord->y1_px, stroke->y1) - fmaxf(chord->y0_px, stroke->y0);
    if (!chord->stem || fabsf(chord->x_px - stroke->x) > 0.3f * space || shared <= 0) continue;
    result = DOUBTFUL;
    for (size_t k = omr_first_head(page, i); k < page->heads.n && page->heads.items[k].chord == i; k++)
      if (page->heads.items[k].kind == OMR_FILLED &&
          fabsf(page->heads.items[k].y_px - small->y_px) < PIECE_FROM * space)
        return OWNED;
  }
  return result;
}

/* True when the ink around (x, y) is no wider than a stem. */
static bool thin_row(const OmrSheet *sheet, int x, int y) {
  int width = 0, thin = (int)lrintf(fmaxf(0.3f * sheet->space, 4));
  for (int at = x; width <= thin && omr_ink_at(sheet, sheet->clean, at, y); at++) width++;
  for (int at = x - 1; width <= thin && omr_ink_at(sheet, sheet->clean, at, y); at--) width++;
  return width > 0 && width <= thin;
}

/* How far ink goes on from (x, y) in `direction`, px, and how many of its rows are thin. */
static int stem_length(int *thin, const OmrSheet *sheet, int x, int y, int direction) {
  int gap = 0, length = 0, longest = (int)(1.2f * LONGEST_STEM * sheet->space);
  *thin = 0;
  for (int d = 0; d < longest && gap <= 2; d++) {
    int row = y + direction * d;
    bool ink = omr_ink_at(sheet, sheet->clean, x, row) || omr_ink_at(sheet, sheet->clean, x + 1, row);
    gap = ink ? 0 : gap + 1;
    if (!ink) continue;
    length = d + 1;
    *thin += thin_row(sheet, omr_ink_at(sheet, sheet->clean, x, row) ? x : x + 1, row);
  }
  return length;
}

/* The stem of a head: up at its right or down at its left, the thinnest of those long enough; false without
 * one. */
static bool stem_of(OmrStroke *stem, bool *doubtful, const Search *search, const OmrHead *head) {
  const OmrSheet *sheet = search->sheet;
  float space = sheet->space;
  int most = (int)(THIN_STEM * space);
  bool found = false;
  for (int up = 1; up >= 0; up--)
    for (float dx = 0.2f * space; dx <= 0.56f * space; dx += 1) {
      int thin, x = (int)lrintf(head->x_px + (up ? dx : -dx)), direction = up ? -1 : 1;
      int y = (int)lrintf(head->y_px) + direction * (int)(0.15f * space);
      float length = (float)stem_length(&thin, sheet, x, y, direction) + 0.15f * space;
      if (thin <= most || length < SHORTEST_STEM * space || length > LONGEST_STEM * space) continue;
      OmrStroke stroke = {(float)x + 0.5f, up ? head->y_px - length : head->y_px,
                          up ? head->y_px : head->y_px + length, 0};
      Ownership owned = ownership(search, &stroke, head);
      if (owned == OWNED) continue;
      most = thin;
      *stem = stroke;
      *doubtful = owned == DOUBTFUL;
      found = true;
    }
  return found;
}

/* Runs of ink on the way down from the free end of a stem at dx beside it. */
static int strokes_beside(const OmrSheet *sheet, const OmrChord *chord, float dx, float reach) {
  bool up = chord->stem == OMR_STEM_UP;
  float end = up ? chord->y0_px : chord->y1_px;
  int x = (int)lrintf(chord->x_px + dx), runs = 0, run = 0;
  for (float d = -0.15f * sheet->space; d <= reach; d += 1) {
    if (omr_ink_at(sheet, sheet->clean, x, (int)lrintf(end + (up ? d : -d)))) {
      run++;
      continue;
    }
    runs += run >= 2;
    run = 0;
  }
  return runs;
}

/* Flags at the right of the stem, beams at either side; a stroke at its left as well where no beam comes from
 * there is a slash. */
static void read_value(const OmrSheet *sheet, OmrChord *chord, float length) {
  float space = sheet->space, reach = length - 0.6f * space;
  int right[3], left[3];
  for (int k = 0; k < 3; k++) {
    float dx = (0.18f + 0.07f * (float)k) * space;
    right[k] = strokes_beside(sheet, chord, dx, reach);
    left[k] = strokes_beside(sheet, chord, -dx, reach);
  }
  int flags = right[1] > right[0] ? right[0] : right[1], crossing = left[1] > left[0] ? left[0] : left[1];
  int most = flags > crossing ? flags : crossing;
  chord->flags = (uint8_t)(most < 1 ? 1 : most > 4 ? 4 : most);
  chord->slash = flags == 1 && crossing == 1;
}

static bool stands_free(const OmrGraces *graces, const OmrHead *head, float space) {
  for (size_t i = 0; i < graces->n; i++) {
    const OmrHead *other = &graces->heads[i];
    if (fabsf(other->x_px - head->x_px) < 0.5f * space && fabsf(other->y_px - head->y_px) < 0.45f * space)
      return false;
  }
  return true;
}

/* Takes out heads on the stems of other notes unless they stand in a row of small ones. */
static void drop_lonely(OmrGraces *graces, const bool *doubtful, float space) {
  size_t kept = 0;
  for (size_t i = 0; i < graces->n; i++) {
    bool company = false;
    for (size_t k = 0; k < graces->n && doubtful[i] && !company; k++) {
      float dx = fabsf(graces->strokes[k].x - graces->strokes[i].x);
      company = k != i && graces->heads[k].staff == graces->heads[i].staff && dx > 0.4f * space &&
                dx < 1.8f * space && fabsf(graces->heads[k].y_px - graces->heads[i].y_px) < 3 * space;
    }
    graces->chord_of[i] = !doubtful[i] || company;
  }
  for (size_t i = 0; i < graces->n; i++) {
    if (!graces->chord_of[i]) continue;
    graces->heads[kept] = graces->heads[i];
    graces->strokes[kept++] = graces->strokes[i];
  }
  graces->n = kept;
}

/* Keeps the finds that hang on a stroke, stand free and are nothing else. */
static bool keep(OmrGraces *graces, const Search *search, Heads *found) {
  graces->heads = BASE_TAKE(search->sheet->arena, OmrHead, found->n + 1);
  graces->strokes = BASE_TAKE(search->sheet->arena, OmrStroke, found->n + 1);
  graces->chord_of = BASE_TAKE(search->sheet->arena, int32_t, found->n + 1);
  bool *doubtful = BASE_TAKE(search->sheet->arena, bool, found->n + 1);
  if (!graces->heads || !graces->strokes || !graces->chord_of || !doubtful) return false;
  if (found->n) qsort(found->items, found->n, sizeof *found->items, omr_heads_by_score);
  for (size_t i = 0; i < found->n; i++) {
    OmrHead head = found->items[i];
    OmrStroke *stem = &graces->strokes[graces->n];
    if (!stem_of(stem, &doubtful[graces->n], search, &head) ||
        !stands_free(graces, &head, search->sheet->space) || explained(search, &head) ||
        in_accidental(search, &head))
      continue;
    graces->heads[graces->n++] = head;
  }
  drop_lonely(graces, doubtful, search->sheet->space);
  return true;
}

/* True when a head lies on the stem of the grace note, or between it and that of the next one, away from
 * their own heads: it is a piece of their beams. */
static bool in_beams(const OmrGraces *graces, size_t index, const OmrHead *head, float space) {
  const OmrStroke *stem = &graces->strokes[index];
  const OmrHead *small = &graces->heads[index];
  bool up = stem->x > small->x_px;
  float right = stem->x;
  for (size_t i = 0; i < graces->n; i++)
    if (graces->heads[i].staff == small->staff && graces->strokes[i].x < stem->x + 2.2f * space &&
        fabsf(graces->heads[i].y_px - small->y_px) < 3 * space)
      right = fmaxf(right, graces->strokes[i].x);
  if (head->x_px < stem->x - 0.75f * space || head->x_px > right + 0.75f * space) return false;
  float away = up ? small->y_px - head->y_px : head->y_px - small->y_px,
        length = up ? small->y_px - stem->y0 : stem->y1 - small->y_px;
  bool near_right = head->x_px > right + 0.4f * space; /* the note itself may begin there */
  float from = head->kind == OMR_FILLED ? 0.8f * space : -0.2f * space;
  return !near_right && away > from && away < length + 0.6f * space;
}

BaseStatus omr_spot_grace(BaseContext *ctx, OmrGraces **out, OmrPage *page, const OmrSheet *sheet,
                          const OmrMatcher *matcher) {
  Search search = {.page = page, .sheet = sheet, .matcher = matcher};
  OmrGraces *graces = BASE_TAKE(sheet->arena, OmrGraces, 1);
  bool *gone = BASE_TAKE(sheet->arena, bool, page->heads.n + 1);
  if (!graces || !gone) return base_fail_memory(ctx);
  *graces = (OmrGraces){0};
  ellipse(&search.core, 0.36f * sheet->space, 0.26f * sheet->space, 0, 0);
  ellipse(&search.rim, 0.68f * sheet->space, 0.54f * sheet->space, 0.78f, 0);
  ellipse(&search.ledger_rim, 0.68f * sheet->space, 0.54f * sheet->space, 0.78f, (int)(0.18f * sheet->space));
  Heads found = {0};
  BaseStatus status = scan(ctx, &found, &search);
  if (!status && !keep(graces, &search, &found)) status = base_fail_memory(ctx);
  base_array_clear(&found);
  if (status) return status;
  for (size_t i = 0; i < page->heads.n; i++) {
    gone[i] = false;
    for (size_t k = 0; k < graces->n && !gone[i]; k++)
      gone[i] = in_beams(graces, k, &page->heads.items[i], sheet->space);
  }
  *out = graces;
  return omr_drop_heads(ctx, page, sheet, gone);
}

static bool one_stem(const OmrStroke *a, const OmrStroke *b, float reach) {
  return fabsf(a->x - b->x) < reach && fminf(a->y1, b->y1) > fmaxf(a->y0, b->y0);
}

/* The chord of a stroke: an older head's, or a new one. -1 without memory. */
static int32_t chord_for(OmrGraces *graces, OmrPage *page, const OmrSheet *sheet, size_t index) {
  const OmrHead *head = &graces->heads[index];
  const OmrStroke *line = &graces->strokes[index];
  for (size_t i = 0; i < index; i++)
    if (one_stem(&graces->strokes[i], line, 0.25f * sheet->space)) return graces->chord_of[i];
  bool up = line->x > head->x_px;
  OmrChord chord = {.staff = head->staff, .group = -1, .second = OMR_NO_SECOND, .grace = true};
  chord.stem = up ? OMR_STEM_UP : OMR_STEM_DOWN;
  chord.x_px = line->x, chord.y0_px = line->y0, chord.y1_px = line->y1;
  chord.head_x_px = head->x_px, chord.score = head->score;
  read_value(sheet, &chord, up ? head->y_px - line->y0 : line->y1 - head->y_px);
  return base_array_push(&page->chords, chord) ? (int32_t)page->chords.n - 1 : -1;
}

/* Takes out small notes that stand before none. */
static void drop_ungracing(OmrPage *page, size_t heads) {
  size_t kept = heads;
  for (size_t i = heads; i < page->heads.n; i++)
    if (omr_graced_chord(page, page->heads.items[i].chord) >= 0)
      page->heads.items[kept++] = page->heads.items[i];
  page->heads.n = kept;
}

BaseStatus omr_add_grace(BaseContext *ctx, OmrPage *page, const OmrSheet *sheet, OmrGraces *graces) {
  size_t heads = page->heads.n;
  for (size_t i = 0; i < graces->n; i++) {
    OmrHead head = graces->heads[i];
    graces->chord_of[i] = head.chord = chord_for(graces, page, sheet, i);
    if (head.chord < 0 || !base_array_push(&page->heads, head)) return base_fail_memory(ctx);
  }
  drop_ungracing(page, heads);
  if (page->heads.n > heads)
    qsort(page->heads.items + heads, page->heads.n - heads, sizeof *page->heads.items, omr_heads_by_chord);
  return BASE_OK;
}

/* True when the middle of the small head lies in a sign of a head of full size. */
static bool in_found_accidental(const OmrPage *page, const OmrHead *head) {
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *symbol = &page->symbols.items[i];
    if (symbol->kind < OMR_SHARP || symbol->kind > OMR_DOUBLE_FLAT || symbol->head < 0) continue;
    if (page->heads.items[symbol->head].small) continue;
    if (head->x_px > symbol->x_px && head->x_px < symbol->x_px + symbol->width_px &&
        head->y_px > symbol->y_px && head->y_px < symbol->y_px + symbol->height_px)
      return true;
  }
  return false;
}

/* Takes a head and its own signs off the page. */
static void take_out(OmrPage *page, size_t index) {
  size_t kept = 0;
  for (size_t i = index; i + 1 < page->heads.n; i++) page->heads.items[i] = page->heads.items[i + 1];
  page->heads.n--;
  for (size_t i = 0; i < page->symbols.n; i++) {
    OmrSymbol symbol = page->symbols.items[i];
    if (symbol.head == (int32_t)index) continue;
    if (symbol.head > (int32_t)index) symbol.head--;
    page->symbols.items[kept++] = symbol;
  }
  page->symbols.n = kept;
}

void omr_settle_grace(OmrPage *page) {
  for (size_t i = page->heads.n; i-- > 0 && page->heads.items[i].small;)
    if (in_found_accidental(page, &page->heads.items[i])) take_out(page, i);
}
