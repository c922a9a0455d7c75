/* Correcting what was read from the pages. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/session.h"
#include "core/omr/omr_edit.h"

G_BEGIN_DECLS

/* All verbs are one undo step, put the pages together again (some ms later, as a job) and align anew behind
 * that. FALSE and a "notice" when there is nothing to correct: no pages, nothing picked. */

/* Pages were read and the score can be corrected. */
gboolean tri_session_can_correct(TriSession *session);

/* The note or rest that the verbs are about: the one picked, else the least sure one of the selected place.
 * Null: none. */
const ScoreNote *tri_session_get_note(TriSession *session);

/* Picks the next (1) or previous (-1) note or rest of the bar, from left to right, top to bottom. */
void tri_session_pick_next(TriSession *session, int direction);

typedef enum {
  TRI_NOTE_STEP,    /* by `value` steps; 7 are an octave */
  TRI_NOTE_ALTER,   /* by `value` semitones: a sharp more, a flat more */
  TRI_NOTE_VALUE,   /* printed value as in ScoreNote.type */
  TRI_NOTE_DOT,     /* none, one, two, none */
  TRI_NOTE_TRIPLET, /* in a triplet or not */
  TRI_NOTE_TIE,     /* tied to the next note of its pitch or not */
  TRI_NOTE_VOICE,   /* the other voice of its staff */
  TRI_NOTE_STAFF,   /* `value` staves down */
  TRI_NOTE_REST,    /* a rest instead of the note, or the other way round */
  TRI_NOTE_DELETE,  /* nothing here */
  TRI_NOTE_ADD,     /* another note a third above, in the same chord */
} TriNoteVerb;
gboolean tri_session_correct_note(TriSession *session, TriNoteVerb verb, int value);

/* Takes back everything said of the note. */
gboolean tri_session_uncorrect_note(TriSession *session);

/* Of the bar of the note or selected place: OMR_EDIT_RIGHT, _KEY, _TIME, _CLEF (of the note's staff) with
 * their values. */
gboolean tri_session_correct_bar(TriSession *session, OmrEditKind kind, int value);

/* Second-best readings of the note, at most `most`; their number. */
guint tri_session_list_readings(TriSession *session, OmrEdit *readings, guint most);
gboolean tri_session_take_reading(TriSession *session, const OmrEdit *reading);

/* Selects the first place of the next bar that looks doubtful, behind or before the selected one; FALSE:
 * there is none. */
gboolean tri_session_next_doubtful_bar(TriSession *session, int direction);

/* Why that bar is doubtful, in words; "" when it is not. Transfer full. */
char *tri_session_describe_bar(TriSession *session);

G_END_DECLS
