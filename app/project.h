/* The person's side of a piece: media, verdicts, view, and the way back. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#pragma once

#include "core/alignment/alignment.h"
#include "core/base/base_array.h"
#include "core/music/beat.h"
#include "core/omr/omr_edit.h"

#include <stdbool.h>
#include <stdint.h>

/* Machine output is never mutated: what a person says is a mark laid over it. */
typedef enum {
  PROJECT_UNSAID,
  PROJECT_CONFIRMED,  /* right as it is: an anchor at the time the machine had found */
  PROJECT_MOVED,      /* an anchor at the person's time */
  PROJECT_NOT_PLAYED, /* in the score, not in the recording */
  PROJECT_EXTRA,      /* a heard note that is not in the score */
  PROJECT_ORNAMENT,   /* a heard note that belongs to what is written at `quarter` */
  PROJECT_ORDER,      /* in which order it was played: time_s is a FlowOrder; stands before all places */
} ProjectVerdict;

/* What was said of one place (quarter) or, for PROJECT_EXTRA and PROJECT_ORNAMENT, of one heard note (time_s and midi). There is
 * at most one mark for each place and each heard note. Plain value. */
typedef struct {
  Beat quarter;     /* of the score as played; 0/1 for PROJECT_EXTRA */
  double time_s;    /* of the recording; 0 for PROJECT_NOT_PLAYED */
  int64_t stamp_us; /* when it was said, microseconds since 1970, UTC */
  uint8_t verdict;  /* ProjectVerdict */
  uint8_t midi;     /* of a heard note, else 0 */
} ProjectMark;

/* A mark before and after; verdict PROJECT_UNSAID stands for no mark (its key fields still count). */
typedef struct {
  ProjectMark before, after;
} ProjectChange;

/* An edit of a page before and after; kind OMR_EDITS stands for none (its place still counts). */
typedef struct {
  OmrEdit before, after;
} ProjectEditChange;

/* Where the person was looking. */
typedef struct {
  double start_s, scale, position_s; /* seconds, px per second, seconds */
  double low_pitch, pitch_scale;     /* MIDI number, px per semitone */
  double speed, mix;                 /* 0.25 … 2; 0 … 1 */
  double loop_start_s, loop_end_s;
  double selected_quarter; /* -1: none */
} ProjectView;

/* One step of undo. Owns its name and changes. */
typedef struct {
  char *name; /* "Move bar 2, beat 3", UTF-8 */
  int64_t stamp_us;
  bool nudge;            /* may swallow the next nudge of the same place */
  double start_s, scale; /* of the view when the step was made; undo goes back there */
    BASE_ARRAY(ProjectChange) changes;   /* of marks … */
  BASE_ARRAY(ProjectEditChange) edits; /* … or of what is written; one of both is empty */
} ProjectCommand;

typedef enum { PROJECT_PAGES, PROJECT_SCORE, PROJECT_MIDI, PROJECT_NOTES, PROJECT_AUDIO } ProjectMediaKind;

/* A file that the project is about. Owns its strings. */
typedef struct {
  int64_t id;      /* row in the store, from 1 */
  uint8_t kind;    /* ProjectMediaKind */
  char *path;      /* absolute, as found now */
  char sha256[65]; /* lower-case hex of the content; "" until it is known */
  int64_t size;    /* bytes */
  bool embedded;   /* a copy is in the project file */
  bool missing;    /* not at `path` */
} ProjectMedia;

/* Owns everything in it. Pure value: no thread, no file, no clock. */
typedef struct Project {
  char *title;                    /* UTF-8, may be null */
  BASE_ARRAY(ProjectMedia) media; /* in the order to be used */
  BASE_ARRAY(ProjectMark) marks;  /* places by quarter, then heard notes by (time, midi) */
  OmrEdits edits;                 /* of the pages, in the order said; one of a kind at a place */
  BASE_ARRAY(ProjectCommand) journal;
  size_t cursor; /* commands [0, cursor) are in force; the rest can be redone */
  ProjectView view;
  /* What the disk does not have yet, in order; the store empties it with project_written. */
  BASE_ARRAY(ProjectChange) unwritten;
  size_t unwritten_from; /* commands from here on differ from those on disk */
    bool cursor_unwritten, edits_unwritten;
} Project;

Project *project_new(void); /* null without memory */
void project_free(Project *project);

/* The place of the view of a piece that nobody has looked at. */
ProjectView project_view_default(void);

/* Equal in everything a person would miss: media, marks, journal, cursor, view. */
bool project_equal(const Project *a, const Project *b);

/* ---- media ---- */
ProjectMedia *project_add_media(Project *project, ProjectMediaKind kind, const char *path, int64_t size);
ProjectMedia *project_find_media(Project *project, int64_t id);
/* The first of that kind that is there, or null. */
const ProjectMedia *project_media_of(const Project *project, ProjectMediaKind kind);

/* ---- marks ---- */

/* The onset of a heard note in whole milliseconds, which together with its pitch tells it from others; 0 for
 * a place. */
int64_t project_note_ms(const ProjectMark *mark);

/* Same place, or same heard note. */
bool project_same_key(const ProjectMark *a, const ProjectMark *b);
const ProjectMark *project_mark_at(const Project *project, Beat quarter);
const ProjectMark *project_mark_of_note(const Project *project, double onset_s, int midi);
bool project_is_anchor(const ProjectMark *mark);
bool project_is_place(const ProjectMark *mark); /* said of a place of the score */

/* The playing order as a mark; and the one that is in force, -1 where nothing was ever said of it. */
ProjectMark project_order_mark(int order);
int project_order(const Project *project);

/* The anchors in ascending order, malloc'ed array of `n` (null when there are none). */
AlignmentAnchor *project_anchors(const Project *project, size_t *n);

/* The anchor that one at (quarter, time_s) would cross or touch (less than 1 ms), other than its own; or
 * null. */
const ProjectMark *project_crossing(const Project *project, Beat quarter, double time_s);

/* ---- doing and undoing ---- */

/* Takes the marks as they are to be afterwards (PROJECT_UNSAID removes) as one named step at time `now_us`.
 * Steps that were undone are forgotten. A nudge of the same place as the last step's, at most 1 s after it,
 * is merged into it. False without memory, nothing changed; true and no step when nothing would change. */
bool project_do(Project *project, const char *name, const ProjectMark *after, size_t n, bool nudge,
                int64_t now_us);

/* The same of edits of the pages; kind OMR_EDIT_… as it is to be. With `nudge` a single edit of the place and kind of the
 * last step's, at most 1 s after it, is merged into it. */
bool project_edit(Project *project, const char *name, const OmrEdit *after, size_t n, bool nudge, int64_t now_us);

/* Takes back everything said of the given places (of their page, within a px). */
bool project_unedit(Project *project, const char *name, const OmrEdit *places, size_t n, int64_t now_us);

/* The step undone or redone, borrowed until the next call; null when there is none. */
const ProjectCommand *project_undo(Project *project);
const ProjectCommand *project_redo(Project *project);
const char *project_undo_name(const Project *project); /* null when there is none */
const char *project_redo_name(const Project *project);

/* The disk has everything. */
void project_written(Project *project);

/* For the store: appends what was read, without a change of state; false when it contradicts itself. */
bool project_restore_mark(Project *project, ProjectMark mark);
bool project_restore_command(Project *project, const char *name, int64_t stamp_us, bool nudge, double start_s,
                             double scale, const ProjectChange *changes, size_t n, const ProjectEditChange *edits,
                             size_t n_edits);
bool project_restore_edit(Project *project, OmrEdit edit);
