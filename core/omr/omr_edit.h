/* What a person puts right on a page, laid over what was read. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_array.h"
#include "core/omr/omr.h"

#include <stdint.h>

/* What an edit says of the note or rest at its place, or of the bar there, and what its value means. */
typedef enum {
  OMR_EDIT_PITCH, /* 7 * octave + step (0…6 = C…B; 28 is middle C): what is meant, not where it stands */
  OMR_EDIT_ALTER, /* -2…2 semitones that sound, from here to the end of the bar */
  OMR_EDIT_ACCIDENTAL, /* ScoreAccidental that is printed; none takes back one that was read */
  OMR_EDIT_VALUE,      /* printed value of the note (with its chord) or rest as in ScoreNote.type: head, stem,
                          flags */
  OMR_EDIT_DOTS,       /* 0…2 */
  OMR_EDIT_TUPLET,     /* 1: in no triplet, 3: in one */
  OMR_EDIT_VOICE,      /* 1 or 2 of its staff */
  OMR_EDIT_STAFF,      /* staff of the system, from 0: the note stands there */
  OMR_EDIT_TIE,        /* 1: tied to the next note of its pitch, 0: not */
  OMR_EDIT_NOTHING,    /* there is no note or rest; value 0 */
  OMR_EDIT_NOTE,       /* there is a note of this printed value; pitch by its place */
  OMR_EDIT_REST,       /* there is a rest of this printed value */
  OMR_EDIT_CLEF,       /* from here on in this staff: 16 * ScoreClefSign + line (1…5 from the bottom) */
  OMR_EDIT_KEY,        /* from this bar on: sharps > 0 > flats, while the page says what it says here */
  OMR_EDIT_TIME,       /* from this bar on: 64 * beats + beat type */
  OMR_EDIT_RIGHT,      /* the bar is right as it stands; value 0 */
  OMR_EDITS,
} OmrEditKind;

/* The place is the middle of the head or rest as it was read or is to be, in pixels of the page picture:
 * edits find their note again when the page is read anew. Of clef, key, time and RIGHT it is a point in the
 * bar (clef: at the height of the staff). Plain value. */
typedef struct {
  int32_t page; /* from 0, in reading order */
  float x_px, y_px;
  uint8_t kind; /* OmrEditKind */
  int16_t value;
} OmrEdit;

typedef BASE_ARRAY(OmrEdit) OmrEdits;

/* Same page, place and kind: the later one stands for both. NOTE, REST and NOTHING are of one kind here. */
bool omr_edit_same(const OmrEdit *a, const OmrEdit *b);

/* Whether kind and value are known and the place is finite. */
bool omr_edit_valid(const OmrEdit *edit);

/* A copy of page `index` as it is read in a document of that `taste` (may be null), with the edits of that page laid over
 * it, in their order. `*lost` (may be null)
 * counts those that found nothing at their place. `page` is not changed; edits may be null when n is 0. A ms
 * a page. */
BaseStatus omr_edit_page(BaseContext *ctx, OmrPage **out, const OmrPage *page, int32_t index, const OmrTaste *taste,
                         const OmrEdit *edits, size_t n, size_t *lost);

/* The edit of that kind at the place of a note or rest that has a box. */
OmrEdit omr_edit_at(const ScoreNote *note, OmrEditKind kind, int value);

/* Second-best readings of a note or rest of `page` (as read) as edits, the likeliest first, at most `most`;
 * their number. */
size_t omr_edit_choices(OmrEdit *out, size_t most, const OmrPage *page, const ScoreNote *note);

/* ---- as JSON: {"edits":[{"page":0,"x":512.5,"y":830,"set":"accidental","to":"sharp"}, …]}, pages from 1
 * ---- */

/* BASE_BAD_FILE names the edit and what is wrong with it; BASE_UNREADABLE. Cleared by the caller. */
BaseStatus omr_edits_load(BaseContext *ctx, OmrEdits *out, const char *path);
BaseStatus omr_edits_save(BaseContext *ctx, const OmrEdit *edits, size_t n, const char *path);
