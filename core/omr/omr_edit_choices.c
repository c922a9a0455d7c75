/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Second-best readings of one note or rest as edits: what the page looks like where the rhythm departed from
 * it, the runner-up of each sign, a dot that is barely there, the step that the head nearly stands on. */
#include "core/omr/omr_edit.h"

#include "core/omr/omr_edit_parts.h"

#include <math.h>

#define NEAR_STEP 0.28f /* of a staff position away from the middle: the neighbour may be meant */
#define WEAK_HEAD 0.9f

typedef struct {
  OmrEdit *out;
  size_t n, most;
  OmrEdit at; /* the place */
} Choices;

static void offer(Choices *choices, OmrEditKind kind, int value) {
  if (choices->n >= choices->most) return;
  OmrEdit edit = choices->at;
  edit.kind = (uint8_t)kind;
  edit.value = (int16_t)value;
  for (size_t i = 0; i < choices->n; i++)
    if (choices->out[i].kind == edit.kind && choices->out[i].value == edit.value) return;
  if (omr_edit_valid(&edit)) choices->out[choices->n++] = edit;
}

static int accidental_of(uint8_t symbol) {
  switch (symbol) {
  case OMR_SHARP:
    return SCORE_ACCIDENTAL_SHARP;
  case OMR_FLAT:
    return SCORE_ACCIDENTAL_FLAT;
  case OMR_NATURAL:
    return SCORE_ACCIDENTAL_NATURAL;
  case OMR_DOUBLE_SHARP:
    return SCORE_ACCIDENTAL_DOUBLE_SHARP;
  default:
    return SCORE_ACCIDENTAL_NONE;
  }
}

static void offer_accidentals(Choices *choices, const OmrPage *page, int32_t head) {
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *symbol = &page->symbols.items[i];
    if (symbol->head != head) continue;
    int second = accidental_of(symbol->second);
    if (second) offer(choices, OMR_EDIT_ACCIDENTAL, second);
    offer(choices, OMR_EDIT_ACCIDENTAL, SCORE_ACCIDENTAL_NONE);
  }
}

static void offer_of_head(Choices *choices, const OmrPage *page, int32_t index, const ScoreNote *note) {
  const OmrHead *head = &page->heads.items[index];
  const OmrChord *chord = &page->chords.items[head->chord];
  uint8_t dots;
  int printed = omr_chord_type(page, head->chord, &dots);
  if (printed != note->type) offer(choices, OMR_EDIT_VALUE, printed);
  if (dots != note->dots && note->tuplet_actual != 3) offer(choices, OMR_EDIT_DOTS, dots);
  if (note->tuplet_actual == 3 && chord->tuplet != 3) offer(choices, OMR_EDIT_TUPLET, 1);
  if (chord->second != OMR_NO_SECOND && 2 + chord->second != note->type)
    offer(choices, OMR_EDIT_VALUE, 2 + chord->second);
  if (head->faint_dot && !note->dots) offer(choices, OMR_EDIT_DOTS, 1);
  if (note->dots) offer(choices, OMR_EDIT_DOTS, 0);
  float off = omr_staff_position(page, &page->staves.items[head->staff], head->x_px, head->y_px) -
              (float)head->position;
  if (fabsf(off) > NEAR_STEP)
    offer(choices, OMR_EDIT_PITCH, 7 * note->octave + note->step + (off > 0 ? 1 : -1));
  offer_accidentals(choices, page, index);
  if (head->score < WEAK_HEAD) offer(choices, OMR_EDIT_NOTHING, 0);
}

static void offer_of_rest(Choices *choices, const OmrSymbol *rest, const ScoreNote *note) {
  int printed = rest->kind - OMR_REST_WHOLE;
  if (printed != note->type && !note->whole_measure) offer(choices, OMR_EDIT_VALUE, printed);
  if (rest->second >= OMR_REST_WHOLE && rest->second <= OMR_REST_64)
    offer(choices, OMR_EDIT_VALUE, rest->second - OMR_REST_WHOLE);
  if (note->dots) offer(choices, OMR_EDIT_DOTS, 0);
  offer(choices, OMR_EDIT_NOTHING, 0);
}

OmrEdit omr_edit_at(const ScoreNote *note, OmrEditKind kind, int value) {
  return (OmrEdit){note->box.page, note->box.x + 0.5f * note->box.width,
                   note->box.y + 0.5f * note->box.height, (uint8_t)kind, (int16_t)value};
}

size_t omr_edit_choices(OmrEdit *out, size_t most, const OmrPage *page, const ScoreNote *note) {
  Choices choices = {.out = out, .most = most, .at = omr_edit_at(note, OMR_EDIT_NOTHING, 0)};
  int32_t head = -1, rest = -1;
  if (note->kind == SCORE_NOTE) head = omr_edit_head_at(page, choices.at.x_px, choices.at.y_px);
  if (note->kind == SCORE_REST) rest = omr_edit_rest_at(page, choices.at.x_px, choices.at.y_px);
  if (head >= 0) offer_of_head(&choices, page, head, note);
  if (rest >= 0) offer_of_rest(&choices, &page->symbols.items[rest], note);
  return choices.n;
}
