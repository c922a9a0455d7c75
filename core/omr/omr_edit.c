/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Edits are laid over a copy of the page as if the reader had seen what the person says, and marked so that
 * the rhythm has no choice there. A note is found by the head nearest to the place, a rest by its box, both
 * within a staff space and a half. What is added takes the next staff by height; a head joins the chord above
 * or below it when that has the same value. */
#include "core/omr/omr_edit.h"

#include "core/omr/omr_edit_parts.h"
#include "core/omr/omr_suit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REACH 0.8f /* staff spaces from the place to what is meant */

bool omr_edit_same(const OmrEdit *a, const OmrEdit *b) {
  bool exists_a = a->kind >= OMR_EDIT_NOTHING && a->kind <= OMR_EDIT_REST,
       exists_b = b->kind >= OMR_EDIT_NOTHING && b->kind <= OMR_EDIT_REST;
  bool kinds = a->kind == b->kind || (exists_a && exists_b);
  return kinds && a->page == b->page && fabsf(a->x_px - b->x_px) < 1 && fabsf(a->y_px - b->y_px) < 1;
}

static const struct {
  int16_t least, most;
} ranges[OMR_EDITS] = {
    [OMR_EDIT_PITCH] = {0, 76},
    [OMR_EDIT_ALTER] = {-2, 2},
    [OMR_EDIT_ACCIDENTAL] = {0, SCORE_ACCIDENTAL_NATURAL_FLAT},
    [OMR_EDIT_VALUE] = {0, 7},
    [OMR_EDIT_DOTS] = {0, 2},
    [OMR_EDIT_TUPLET] = {1, 3},
    [OMR_EDIT_VOICE] = {1, 2},
    [OMR_EDIT_STAFF] = {0, 23},
    [OMR_EDIT_TIE] = {0, 1},
    [OMR_EDIT_NOTHING] = {0, 0},
    [OMR_EDIT_NOTE] = {0, 7},
    [OMR_EDIT_REST] = {0, 6},
    [OMR_EDIT_CLEF] = {1, 16 * SCORE_CLEF_C + 5},
    [OMR_EDIT_KEY] = {-7, 7},
    [OMR_EDIT_TIME] = {64 + 1, 64 * 64 + 32},
    [OMR_EDIT_RIGHT] = {0, 0},
};

bool omr_edit_valid(const OmrEdit *edit) {
  if (edit->kind >= OMR_EDITS || edit->page < 0 || !isfinite(edit->x_px) || !isfinite(edit->y_px))
    return false;
  if (edit->value < ranges[edit->kind].least || edit->value > ranges[edit->kind].most) return false;
  if (edit->kind == OMR_EDIT_TUPLET) return edit->value != 2;
  if (edit->kind == OMR_EDIT_CLEF) return edit->value % 16 >= 1 && edit->value % 16 <= 5;
  int type = edit->value % 64;
  return edit->kind != OMR_EDIT_TIME || (type > 0 && type <= 32 && (type & (type - 1)) == 0);
}

/* ---- finding ---- */

int32_t omr_edit_head_at(const OmrPage *page, float x, float y) {
  float best = REACH * page->space_px;
  int32_t found = -1;
  for (size_t i = 0; i < page->heads.n; i++) {
    float away = hypotf(page->heads.items[i].x_px - x, page->heads.items[i].y_px - y);
    if (away < best && page->heads.items[i].chord >= 0) best = away, found = (int32_t)i;
  }
  return found;
}

static bool is_rest(const OmrSymbol *symbol) {
  return symbol->kind >= OMR_REST_WHOLE && symbol->kind <= OMR_REST_64;
}

int32_t omr_edit_rest_at(const OmrPage *page, float x, float y) {
  float best = REACH * page->space_px;
  int32_t found = -1;
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *symbol = &page->symbols.items[i];
    if (!is_rest(symbol)) continue;
    float away =
        hypotf(symbol->x_px + 0.5f * symbol->width_px - x, symbol->y_px + 0.5f * symbol->height_px - y);
    if (away < best) best = away, found = (int32_t)i;
  }
  return found;
}

int32_t omr_edit_staff_at(const OmrPage *page, float x, float y) {
  float best = 1e9f;
  int32_t found = -1;
  for (size_t i = 0; i < page->staves.n; i++) {
    float away = fabsf(omr_staff_y(page, &page->staves.items[i], x, 0) - y);
    if (away < best) best = away, found = (int32_t)i;
  }
  return found;
}

/* The column of an x: that of what stands nearest to it in its system, carried on. */
static float column_at(const OmrPage *page, int32_t system, float x) {
  float best = 1e9f, column = x / page->space_px;
  for (size_t i = 0; i < page->chords.n; i++) {
    const OmrChord *chord = &page->chords.items[i];
    float away = fabsf(chord->head_x_px - x);
    if (page->staves.items[chord->staff].system == system && away < best)
      best = away, column = chord->column_sp + (x - chord->head_x_px) / page->space_px;
  }
  for (size_t i = 0; i < page->bars.n; i++) {
    const OmrBar *bar = &page->bars.items[i];
    if (bar->system == system && fabsf(bar->x_px - x) < best)
      best = fabsf(bar->x_px - x), column = bar->column_sp + (x - bar->x_px) / page->space_px;
  }
  return column;
}

/* ---- what is said of notes and rests ---- */

static void say_value(OmrPage *page, int32_t chord, int type) {
  OmrChord *c = &page->chords.items[chord];
  c->beams_left = c->beams_left && type > 2 ? (uint8_t)(type - 2) : 0;
  c->beams_right = c->beams_right && type > 2 ? (uint8_t)(type - 2) : 0;
  c->flags = (uint8_t)(type > 2 ? type - 2 : 0);
  if (type <= 2) c->group = -1;
  c->second = OMR_NO_SECOND;
  c->grace = c->slash = false; /* a note with a value of its own */
  c->said.value = c->said.there = true;
  for (size_t i = omr_first_head(page, chord); i < page->heads.n && page->heads.items[i].chord == chord; i++)
    page->heads.items[i].kind = (uint8_t)(type == 0 ? OMR_WHOLE : type == 1 ? OMR_HALF : OMR_FILLED);
  if (type == 0) c->stem = OMR_STEM_NONE;
  if (type == 1 && !c->stem) c->stem = OMR_STEM_UP; /* else its hollow heads would be whole notes */
}

static void say_dots(OmrPage *page, int32_t chord, int dots) {
  page->chords.items[chord].said.value = page->chords.items[chord].said.there = true;
  for (size_t i = omr_first_head(page, chord); i < page->heads.n && page->heads.items[i].chord == chord;
       i++) {
    page->heads.items[i].dots = (uint8_t)dots;
    page->heads.items[i].faint_dot = false;
  }
}

/* The head's staff becomes another one of its system, and its position is what it is there. */
static void say_staff(OmrPage *page, OmrHead *head, int row) {
  OmrChord *chord = &page->chords.items[head->chord];
  const OmrSystem *system = &page->systems.items[page->staves.items[head->staff].system];
  if (row >= system->staves) return;
  bool with_chord = chord->staff == head->staff;
  head->staff = system->first_staff + row;
  head->position =
      (int16_t)lrintf(omr_staff_position(page, &page->staves.items[head->staff], head->x_px, head->y_px));
  head->said_pitch = 0;
  if (with_chord) chord->staff = head->staff;
}

static void say_accidental(OmrPage *page, int32_t index, int accidental) {
  page->heads.items[index].accidental = (uint8_t)accidental;
  for (size_t i = 0; i < page->symbols.n; i++)
    if (page->symbols.items[i].head == index) page->symbols.items[i].score = 1;
}

/* The next head of the same pitch in the staff, or -1. */
static int32_t next_alike(const OmrPage *page, const OmrHead *head) {
  int32_t found = -1;
  for (size_t i = 0; i < page->heads.n; i++) {
    const OmrHead *other = &page->heads.items[i];
    if (other->staff != head->staff || other->position != head->position || other->chord < 0) continue;
    if (other->x_px <= head->x_px + 0.5f * page->space_px) continue;
    if (found < 0 || other->x_px < page->heads.items[found].x_px) found = (int32_t)i;
  }
  return found;
}

/* The head at the left of the next system's staff that continues this one: a tie over the line's end is two
 * curves on paper and is not sought; inside the system it is the next head of the pitch. */
static bool say_tie(OmrPage *page, int32_t from, bool tied) {
  size_t kept = 0;
  for (size_t i = 0; i < page->ties.n; i++)
    if (page->ties.items[i].from != from) page->ties.items[kept++] = page->ties.items[i];
  page->ties.n = kept;
  int32_t to = tied ? next_alike(page, &page->heads.items[from]) : -1;
  return to < 0 || base_array_push(&page->ties, (OmrArc){.from = from, .to = to});
}

static bool say_of_head(OmrPage *page, int32_t index, const OmrEdit *edit) {
  OmrHead *head = &page->heads.items[index];
  OmrChord *chord = &page->chords.items[head->chord];
  head->score = 1;
  chord->said.there = true;
  switch (edit->kind) {
  case OMR_EDIT_PITCH:
    head->said_pitch = (int16_t)(edit->value + 1);
    return true;
  case OMR_EDIT_ALTER:
    head->said_alter = (int8_t)(edit->value + 3);
    return true;
  case OMR_EDIT_ACCIDENTAL:
    say_accidental(page, index, edit->value);
    return true;
  case OMR_EDIT_VALUE:
    say_value(page, head->chord, edit->value);
    return true;
  case OMR_EDIT_DOTS:
    say_dots(page, head->chord, edit->value);
    return true;
  case OMR_EDIT_TUPLET:
    chord->said.tuplet = (uint8_t)edit->value;
    return true;
  case OMR_EDIT_VOICE:
    chord->said.voice = (uint8_t)edit->value;
    return true;
  case OMR_EDIT_STAFF:
    say_staff(page, head, edit->value);
    return true;
  case OMR_EDIT_TIE:
    return say_tie(page, index, edit->value);
  default:
    return true;
  }
}

static void say_of_rest(OmrPage *page, int32_t index, const OmrEdit *edit) {
  OmrSymbol *rest = &page->symbols.items[index];
  rest->score = 1;
  rest->said.there = true;
  if (edit->kind == OMR_EDIT_VALUE || edit->kind == OMR_EDIT_DOTS) rest->said.value = true;
  if (edit->kind == OMR_EDIT_VALUE)
    rest->kind = (uint8_t)(OMR_REST_WHOLE + (edit->value < 6 ? edit->value : 6));
  if (edit->kind == OMR_EDIT_DOTS) rest->dots = (uint8_t)edit->value;
  if (edit->kind == OMR_EDIT_TUPLET) rest->said.tuplet = (uint8_t)edit->value;
  if (edit->kind == OMR_EDIT_VOICE) rest->said.voice = (uint8_t)edit->value;
}

/* ---- adding ---- */

/* The chord that a head at this place belongs to, when it lasts as long; or -1. */
static int32_t chord_for(const OmrPage *page, int32_t staff, float x, int type) {
  for (int32_t c = 0; c < (int32_t)page->chords.n; c++) {
    const OmrChord *chord = &page->chords.items[c];
    uint8_t dots;
    if (chord->staff == staff && !chord->grace && fabsf(chord->head_x_px - x) < 0.9f * page->space_px &&
        omr_chord_type(page, c, &dots) == type)
      return c;
  }
  return -1;
}

/* Makes a chord without heads. */
static int32_t new_chord(OmrPage *page, int32_t staff, float x, float y, int type) {
  float space = page->space_px;
  OmrChord chord = {
      .staff = staff, .group = -1, .second = OMR_NO_SECOND, .head_x_px = x, .x_px = x, .score = 1};
  chord.column_sp = column_at(page, page->staves.items[staff].system, x);
  chord.y0_px = chord.y1_px = y;
  if (type > 0) {
    bool up = omr_staff_position(page, &page->staves.items[staff], x, y) < 0;
    chord.stem = up ? OMR_STEM_UP : OMR_STEM_DOWN;
    chord.x_px = x + (up ? 0.56f : -0.56f) * space;
    if (up) chord.y0_px = y - 3.5f * space;
    if (!up) chord.y1_px = y + 3.5f * space;
  }
  return base_array_push(&page->chords, chord) ? (int32_t)page->chords.n - 1 : -1;
}

static void make_room(OmrArc *arcs, size_t n, int32_t at) {
  for (size_t i = 0; i < n; i++) {
    arcs[i].from += arcs[i].from >= at;
    arcs[i].to += arcs[i].to >= at;
  }
}

/* Puts a head in its place, heads sorted by chord, and renumbers what names heads. */
static bool insert_head(OmrPage *page, OmrHead head) {
  size_t at = omr_first_head(page, head.chord);
  while (at < page->heads.n && page->heads.items[at].chord == head.chord &&
         page->heads.items[at].position < head.position)
    at++;
  if (!base_array_reserve(&page->heads, page->heads.n + 1)) return false;
  memmove(page->heads.items + at + 1, page->heads.items + at, (page->heads.n - at) * sizeof head);
  page->heads.items[at] = head;
  page->heads.n++;
  make_room(page->ties.items, page->ties.n, (int32_t)at);
  make_room(page->slurs.items, page->slurs.n, (int32_t)at);
  for (size_t i = 0; i < page->symbols.n; i++)
    page->symbols.items[i].head += page->symbols.items[i].head >= (int32_t)at;
  page->signs.n = 0; /* they have been used */
  return true;
}

static bool add_note(OmrPage *page, const OmrEdit *edit) {
  int32_t staff = omr_edit_staff_at(page, edit->x_px, edit->y_px);
  if (staff < 0) return true;
  int32_t chord = chord_for(page, staff, edit->x_px, edit->value), joined = chord;
  if (chord < 0) chord = new_chord(page, staff, edit->x_px, edit->y_px, edit->value);
  if (chord < 0) return false;
  OmrHead head = {.staff = staff, .chord = chord, .x_px = edit->x_px, .y_px = edit->y_px, .score = 1};
  head.width_px = 1.25f * page->space_px;
  head.height_px = page->space_px;
  head.position =
      (int16_t)lrintf(omr_staff_position(page, &page->staves.items[staff], edit->x_px, edit->y_px));
  if (joined >= 0) {
    const OmrHead *other = &page->heads.items[omr_first_head(page, chord)];
    head.kind = other->kind, head.dots = other->dots;
  }
  if (!insert_head(page, head)) return false;
  page->chords.items[chord].said.there = true;
  if (joined < 0) say_value(page, chord, edit->value);
  return true;
}

static bool add_rest(OmrPage *page, const OmrEdit *edit) {
  int32_t staff = omr_edit_staff_at(page, edit->x_px, edit->y_px);
  if (staff < 0) return true;
  float space = page->space_px;
  OmrSymbol rest = {
      .staff = staff, .head = -1, .second = OMR_SYMBOLS, .score = 1, .said = {.there = true, .value = true}};
  rest.kind = (uint8_t)(OMR_REST_WHOLE + edit->value);
  rest.width_px = (edit->value < 2 ? 1.2f : 1) * space;
  rest.height_px = (edit->value < 2 ? 0.5f : edit->value == 2 ? 2.8f : 1.8f) * space;
  rest.x_px = edit->x_px - 0.5f * rest.width_px;
  rest.y_px = edit->y_px - 0.5f * rest.height_px;
  rest.position =
      (int16_t)lrintf(omr_staff_position(page, &page->staves.items[staff], edit->x_px, edit->y_px));
  rest.column_sp = column_at(page, page->staves.items[staff].system, edit->x_px);
  return base_array_push(&page->symbols, rest);
}

/* ---- taking away ---- */

static void remove_symbol(OmrPage *page, size_t index) {
  OmrSymbol *items = page->symbols.items;
  memmove(items + index, items + index + 1, (--page->symbols.n - index) * sizeof *items);
}

static void remove_chord(OmrPage *page, int32_t chord) {
  OmrChord *items = page->chords.items;
  memmove(items + chord, items + chord + 1, (--page->chords.n - (size_t)chord) * sizeof *items);
  for (size_t i = 0; i < page->heads.n; i++) page->heads.items[i].chord -= page->heads.items[i].chord > chord;
}

/* Drops curves at a head that goes and renumbers the others. */
static void forget_arcs(OmrArc *arcs, size_t *n, int32_t head) {
  size_t kept = 0;
  for (size_t i = 0; i < *n; i++) {
    OmrArc arc = arcs[i];
    if (arc.from == head || arc.to == head) continue;
    arc.from -= arc.from > head;
    arc.to -= arc.to > head;
    arcs[kept++] = arc;
  }
  *n = kept;
}

static void remove_head(OmrPage *page, int32_t index) {
  int32_t chord = page->heads.items[index].chord;
  OmrHead *items = page->heads.items;
  memmove(items + index, items + index + 1, (--page->heads.n - (size_t)index) * sizeof *items);
  forget_arcs(page->ties.items, &page->ties.n, index);
  forget_arcs(page->slurs.items, &page->slurs.n, index);
  page->signs.n = 0; /* they have been used */
  for (size_t i = page->symbols.n; i-- > 0;) {
    OmrSymbol *symbol = &page->symbols.items[i];
    if (symbol->head == index)
      remove_symbol(page, i);
    else
      symbol->head -= symbol->head > index;
  }
  size_t left = omr_first_head(page, chord);
  if (left >= page->heads.n || page->heads.items[left].chord != chord) remove_chord(page, chord);
}

/* ---- bars ---- */

static bool say_of_bar(OmrPage *page, const OmrEdit *edit) {
  int32_t staff = omr_edit_staff_at(page, edit->x_px, edit->y_px);
  if (staff < 0) return true;
  OmrSaidBar said = {.system = page->staves.items[staff].system, .x_px = edit->x_px};
  said.right = edit->kind == OMR_EDIT_RIGHT;
  said.key = edit->kind == OMR_EDIT_KEY;
  said.fifths = (int8_t)(said.key ? edit->value : 0);
  if (edit->kind == OMR_EDIT_TIME) said.beats = edit->value / 64, said.beat_type = edit->value % 64;
  return base_array_push(&page->said, said);
}

/* The clef at the place becomes another one, or a new one stands there. */
static bool say_clef(OmrPage *page, const OmrEdit *edit) {
  int32_t staff = omr_edit_staff_at(page, edit->x_px, edit->y_px);
  if (staff < 0) return true;
  float space = page->space_px;
  OmrSymbol clef = {.staff = staff, .head = -1, .second = OMR_SYMBOLS, .x_px = edit->x_px, .width_px = space};
  clef.y_px = omr_staff_y(page, &page->staves.items[staff], edit->x_px, 4);
  clef.height_px = 4 * space;
  clef.column_sp = column_at(page, page->staves.items[staff].system, edit->x_px);
  OmrSymbol *there = NULL;
  for (size_t i = 0; i < page->symbols.n; i++) {
    OmrSymbol *symbol = &page->symbols.items[i];
    float dx = symbol->x_px - edit->x_px;
    if (symbol->staff == staff && symbol->kind <= OMR_CLEF_C && dx > -2.5f * space && dx < 3.5f * space)
      there = symbol;
  }
  if (!there) {
    if (!base_array_push(&page->symbols, clef)) return false;
    there = &page->symbols.items[page->symbols.n - 1];
  }
  there->kind = (uint8_t)(OMR_CLEF_G + edit->value / 16);
  there->position = (int16_t)(2 * (edit->value % 16) - 6);
  there->score = 1;
  return true;
}

/* ---- all edits ---- */

static bool lay(OmrPage *page, const OmrEdit *edit, size_t *lost) {
  if (edit->kind == OMR_EDIT_CLEF) return say_clef(page, edit);
  if (edit->kind == OMR_EDIT_KEY || edit->kind == OMR_EDIT_TIME || edit->kind == OMR_EDIT_RIGHT)
    return say_of_bar(page, edit);
  int32_t head = omr_edit_head_at(page, edit->x_px, edit->y_px),
          rest = head < 0 ? omr_edit_rest_at(page, edit->x_px, edit->y_px) : -1;
  if (edit->kind == OMR_EDIT_NOTE || edit->kind == OMR_EDIT_REST) {
    /* What is there already needs no adding: the page may have been read better since. */
    if (head >= 0 && edit->kind == OMR_EDIT_NOTE) return say_of_head(page, head, edit);
    if (rest >= 0 && edit->kind == OMR_EDIT_REST) {
      OmrEdit value = *edit;
      value.kind = OMR_EDIT_VALUE;
      say_of_rest(page, rest, &value);
      return true;
    }
    if (head >= 0) remove_head(page, head);
    if (rest >= 0) remove_symbol(page, (size_t)rest);
    return edit->kind == OMR_EDIT_NOTE ? add_note(page, edit) : add_rest(page, edit);
  }
  if (head < 0 && rest < 0) {
    *lost += edit->kind != OMR_EDIT_NOTHING;
    return true;
  }
  if (edit->kind == OMR_EDIT_NOTHING) {
    if (head >= 0) remove_head(page, head);
    if (head < 0) remove_symbol(page, (size_t)rest);
    return true;
  }
  if (head >= 0) return say_of_head(page, head, edit);
  say_of_rest(page, rest, edit);
  return true;
}

BaseStatus omr_edit_page(BaseContext *ctx, OmrPage **out, const OmrPage *page, int32_t index,
                         const OmrTaste *taste, const OmrEdit *edits, size_t n, size_t *lost) {
  size_t missed = 0;
  OmrPage *copy = omr_page_dup(page);
  bool good = copy != NULL && (!taste || omr_suit(copy, taste));
  for (size_t i = 0; good && i < n; i++)
    if (edits[i].page == index && omr_edit_valid(&edits[i])) good = lay(copy, &edits[i], &missed);
  if (!good) {
    omr_page_free(copy);
    return base_fail_memory(ctx);
  }
  if (lost) *lost = missed;
  *out = copy;
  return BASE_OK;
}
