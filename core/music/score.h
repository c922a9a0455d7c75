/* What is written: measures, staves, voices, rational beats, spelled pitches, marks — each with the box it
 * came from, where it came from a page. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_array.h"
#include "core/base/base_context.h"
#include "core/music/beat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Motion Motion;

/* A rectangle on a page, in pixels of the page image at its native resolution, y downwards.
 * width 0 means: no box. */
typedef struct {
  int32_t page; /* from 0 */
  float x, y, width, height;
} ScoreBox;

typedef enum { SCORE_NOTE, SCORE_REST, SCORE_UNPITCHED } ScoreNoteKind;

/* Bits of ScoreNote.ties. */
enum { SCORE_TIE_START = 1, SCORE_TIE_STOP = 2 };

/* Bits of ScoreNote.marks: articulations, ornaments and other signs that belong to one note. */
enum {
  SCORE_STACCATO = 1 << 0,
  SCORE_STACCATISSIMO = 1 << 1,
  SCORE_TENUTO = 1 << 2,
  SCORE_ACCENT = 1 << 3,
  SCORE_MARCATO = 1 << 4,
  SCORE_FERMATA = 1 << 5,
  SCORE_TRILL = 1 << 6,
  SCORE_TURN = 1 << 7,
  SCORE_INVERTED_TURN = 1 << 8,
  SCORE_MORDENT = 1 << 9,           /* with the lower neighbour (crossed) */
  SCORE_INVERTED_MORDENT = 1 << 10, /* with the upper neighbour (Pralltriller) */
  SCORE_ARPEGGIO = 1 << 11,
  SCORE_BREATH = 1 << 12,
};

/* How an accidental is printed at the note, independent of the alteration that sounds. */
typedef enum {
  SCORE_ACCIDENTAL_NONE,
  SCORE_ACCIDENTAL_SHARP,
  SCORE_ACCIDENTAL_FLAT,
  SCORE_ACCIDENTAL_NATURAL,
  SCORE_ACCIDENTAL_DOUBLE_SHARP,
  SCORE_ACCIDENTAL_DOUBLE_FLAT,
  SCORE_ACCIDENTAL_NATURAL_SHARP,
  SCORE_ACCIDENTAL_NATURAL_FLAT,
} ScoreAccidental;

typedef enum { SCORE_STEM_AUTO, SCORE_STEM_UP, SCORE_STEM_DOWN, SCORE_STEM_NONE } ScoreStem;

/* A note or rest. Notes of a chord are separate notes of one voice with equal onset, the first one with
 * `chord` false. Plain value. */
typedef struct {
  uint32_t id;        /* unique in the score, never 0, stable through edits, writing and reading */
  int32_t measure;    /* index into Score.measures */
  int16_t part;       /* index into Score.parts */
  int16_t staff;      /* within the part, from 0 */
  int16_t voice;      /* within the part, from 1 */
  uint8_t kind;       /* ScoreNoteKind */
  bool chord;         /* shares the stem of the note before it */
  bool grace, slash;  /* a grace note takes no time: duration 0, onset of its main note */
  bool cue;           /* small print, not played */
  bool hidden;        /* takes time, not printed */
  bool whole_measure; /* a rest that fills its measure whatever its length */
  Beat onset;         /* quarters from the start of the measure */
  Beat duration;      /* quarters, dots and tuplets included */
  int8_t step;        /* 0…6 = C…B; of a rest or unpitched note: display position or 0 */
  int8_t alter;       /* semitones that sound, -2…2 */
  int8_t octave; /* 4 holds middle C; under an 8va or an octave clef the octave that is meant, not the printed
                    one */
  int8_t type;   /* printed value as a power of two: 0 whole, 1 half, 2 quarter … 8; -1 breve, -2 longa */
  uint8_t dots;
  uint8_t tuplet_actual, tuplet_normal; /* 3, 2 for a triplet; 1, 1 outside tuplets */
  uint8_t tuplet_edge;                  /* 1 a printed tuplet sign starts here, 2 stops, 3 both */
  uint8_t accidental;                   /* ScoreAccidental that is printed */
  uint8_t ties;                         /* SCORE_TIE_* */
  uint8_t stem;                         /* ScoreStem */
  uint8_t beams[8]; /* per level: 0 none, 1 begin, 2 continue, 3 end, 4 forward hook, 5 backward hook */
  uint32_t marks;   /* SCORE_STACCATO … */
  uint8_t tremolo;  /* strokes through the stem, 0 none */
  uint8_t finger;   /* 1…5, 0 none */
  ScoreBox box;     /* of the note head or rest */
  float confidence; /* probability that pitch and onset are right; 1 when it was not read from an image */
} ScoreNote;

typedef enum { SCORE_CLEF_G, SCORE_CLEF_F, SCORE_CLEF_C, SCORE_CLEF_PERCUSSION } ScoreClefSign;

typedef enum {
  SCORE_SIGN_CLEF,
  SCORE_SIGN_KEY,
  SCORE_SIGN_TIME,
  SCORE_SIGN_DYNAMIC,
  SCORE_SIGN_WEDGE, /* hairpin edge */
  SCORE_SIGN_PEDAL,
  SCORE_SIGN_OCTAVE, /* 8va edge */
  SCORE_SIGN_TEMPO,
  SCORE_SIGN_WORDS,
} ScoreSignKind;

typedef enum { SCORE_EDGE_NONE, SCORE_EDGE_START, SCORE_EDGE_STOP, SCORE_EDGE_CHANGE } ScoreEdge;

enum { SCORE_TEXT_SIZE = 48 };

/* Something that holds from a place on, rather than a note: clef, key, time, direction. Plain value. */
typedef struct {
  uint32_t id;
  int32_t measure;
  int16_t part;
  int16_t staff; /* within the part, from 0; -1: all staves of the part */
  uint8_t kind;  /* ScoreSignKind; decides which of the fields below count */
  uint8_t edge;  /* ScoreEdge: wedge, pedal, octave */
  Beat onset;    /* quarters from the start of the measure */
  int8_t clef, clef_line,
      clef_octave;            /* ScoreClefSign, line from the bottom 1…5, octaves up (8va bassa: -1) */
  int8_t fifths;              /* key: sharps > 0 > flats */
  int16_t beats, beat_type;   /* time: 6, 8; 0, 0 for senza misura */
  uint8_t time_symbol;        /* 0 numbers, 1 common (C), 2 cut */
  int8_t wedge;               /* +1 crescendo, -1 diminuendo; on both edges */
  int8_t octave_shift;        /* sounding octaves relative to print: 8va +1, 8vb -1, 15ma +2 */
  float quarters_per_minute;  /* tempo; 0 when only words say it */
  float velocity;             /* of a dynamic: 1…127 */
  char text[SCORE_TEXT_SIZE]; /* UTF-8: "mf", "Andante", "dolce" */
  ScoreBox box;
  float confidence;
} ScoreSign;

/* A slur between two notes, by id. Ties are on the notes. */
typedef struct {
  uint32_t from, to;
} ScoreSlur;

/* A syllable under a note. */
typedef struct {
  uint32_t note;
  uint8_t verse;    /* from 1 */
  uint8_t syllabic; /* 0 single, 1 begin, 2 middle, 3 end */
  char text[SCORE_TEXT_SIZE];
} ScoreLyric;

typedef enum {
  SCORE_BAR_REGULAR,
  SCORE_BAR_DOUBLE,
  SCORE_BAR_FINAL,
  SCORE_BAR_DASHED,
  SCORE_BAR_NONE,
} ScoreBarStyle;

/* Bits of ScoreMeasure.jumps: signs that send the player elsewhere. */
enum {
  SCORE_JUMP_SEGNO = 1 << 0,   /* the measure starts at the segno */
  SCORE_JUMP_CODA = 1 << 1,    /* the measure starts at the coda */
  SCORE_JUMP_FINE = 1 << 2,    /* the piece ends after the measure on the last pass */
  SCORE_JUMP_TO_CODA = 1 << 3, /* after the measure to the coda, on the pass after a D.C. or D.S. */
  SCORE_JUMP_DA_CAPO = 1 << 4,
  SCORE_JUMP_DAL_SEGNO = 1 << 5,
};

/* One column between bar lines, across all parts. Plain value. */
typedef struct {
  char number[12];     /* as printed or counted; UTF-8 */
  Beat length;         /* how long the measure is as it stands (pickups and split measures are short) */
  bool implicit;       /* not counted: pickup, second half of a split measure */
  bool repeat_start;   /* |: at its left */
  uint8_t repeat_stop; /* :| at its right: how often the section is played in all; 0 no sign, 2 the usual */
  uint16_t endings;    /* bit k: played on pass k+1 (volta); 0 always */
  bool ending_start, ending_stop; /* the bracket opens, closes here */
  uint8_t bar_style;              /* ScoreBarStyle at its right */
  uint8_t jumps;                  /* SCORE_JUMP_* */
  bool new_system, new_page;      /* the print starts a line, a page here */
  ScoreBox box;                   /* all staves of the system between the bar lines */
  float confidence;               /* that everything in it is right; 1 when not read from an image */
  char doubt[96]; /* why it is suspicious, for a person: "5 beats in 4/4"; "" when it is not */
} ScoreMeasure;

typedef struct {
  char id[24], name[64]; /* UTF-8 */
  int16_t staves;        /* at least 1 */
  uint8_t program;       /* General MIDI, from 0 */
  int8_t transpose;      /* sounding minus written, semitones */
} ScorePart;

/* One line of music on a page, all parts together. */
typedef struct {
  ScoreBox box; /* from the first staff's top line to the last staff's bottom line */
  int32_t first_measure, measures;
  float staff_space_px; /* distance of neighbouring staff lines */
} ScoreSystem;

typedef struct {
  int32_t width_px, height_px;
} ScorePage;

/* A whole score. Owns its arrays; make with score_new, free with score_free. Notes are sorted by
 * (measure, onset, grace first, part, voice) and then as they follow each other on the page, so that a run of
 * grace notes or a chord that crosses staves stays together; signs by (measure, onset, part, clefs,
 * keys and times first, staff, kind). */
typedef struct Score {
  char title[128], composer[128], source[64]; /* UTF-8; source: what made it ("triptych read 0.1") */
  BASE_ARRAY(ScorePart) parts;
  BASE_ARRAY(ScoreMeasure) measures;
  BASE_ARRAY(ScoreNote) notes;
  BASE_ARRAY(ScoreSign) signs;
  BASE_ARRAY(ScoreSlur) slurs;
  BASE_ARRAY(ScoreLyric) lyrics;
  BASE_ARRAY(ScoreSystem) systems; /* in reading order; empty when not read from pages */
  BASE_ARRAY(ScorePage) pages;
  uint32_t next_id;
} Score;

/* An empty score; null without memory. */
Score *score_new(void);
void score_free(Score *score);
Score *score_dup(const Score *score);

/* A fresh note with id, tuplet 1/1, duration and onset 0/1, confidence 1. */
ScoreNote score_note(Score *score);
ScoreSign score_sign(Score *score, ScoreSignKind kind);
ScoreMeasure score_measure(void);

/* Sorts notes and signs into the order promised above, stable. O(n log n). */
void score_sort(Score *score);

/* That order, of two ScoreNote and of two ScoreSign: negative, zero, positive. */
int score_compare_notes(const void *a, const void *b);
int score_compare_signs(const void *a, const void *b);

/* Checks every promise of this header (indices, order, ids, ranges); BASE_BAD_INPUT names the first broken
 * one. O(n log n). */
BaseStatus score_validate(BaseContext *ctx, const Score *score);

/* Equal as music and as print (ids, boxes, confidence and doubt are not compared). When they differ and
 * `ctx` is given, the sentence says where. */
bool score_equal(BaseContext *ctx, const Score *a, const Score *b);

/* MIDI number of a written note of a part without transposition: step 0 octave 4 alter 0 = 60. */
int score_midi(const ScoreNote *note);

/* The note with this id, or null. O(n). */
const ScoreNote *score_find_note(const Score *score, uint32_t id);

/* ---- playing order ---- */

/* One pass through one measure. */
typedef struct {
  int32_t measure;
  int16_t pass; /* from 1: how often this measure has been played by now */
  Beat start;   /* quarters from the start of the performance */
} ScoreStep;

/* One sounding note: a written note with all notes tied to it, on one pass. */
typedef struct {
  uint32_t note; /* id of the first written note */
  int32_t step;  /* index into ScoreUnfolded.steps */
  Beat onset;    /* quarters from the start of the performance */
  Beat duration; /* ties merged; 0 for a grace note */
  uint8_t midi;  /* sounding, transposition applied */
  bool grace;
  int16_t part, staff;
} ScoreSound;

/* One distinct onset: sounds[first … first + n). */
typedef struct {
  Beat onset;
  size_t first, n;
} ScoreOnset;

/* The score as it is played. Sounds are sorted by (onset, grace first, midi). */
typedef struct {
  BASE_ARRAY(ScoreStep) steps;
  BASE_ARRAY(ScoreSound) sounds;
  BASE_ARRAY(ScoreOnset)
  onsets; /* grace notes do not make an onset of their own: they are with their main note */
} ScoreUnfolded;

typedef struct {
  bool no_repeats; /* play every measure once, last endings */
  /* A playing order to use instead of the one that the signs give: measure indices. Borrowed. */
  const int32_t *order;
  size_t order_n;
} ScoreUnfoldParams;

/* The playing order: repeats, voltas, D.C., D.S., coda and fine. Signs that contradict each other are
 * ignored rather than followed for ever: no measure is played more than 32 times, and at most 100,000
 * steps are made. BASE_BAD_INPUT for an order outside the score. `params` may be null. O(output). */
BaseStatus score_unfold(BaseContext *ctx, ScoreUnfolded **out, const Score *score,
                        const ScoreUnfoldParams *params);
void score_unfolded_free(ScoreUnfolded *unfolded);

typedef struct {
  double quarters_per_minute; /* where the score says nothing; 0 means 100 */
} ScorePlayParams;

/* A plain performance at the written tempi: dynamics as velocities, staccato shortened, grace notes before
 * the beat, trills and mordents written out, pedal marks as CC64. MotionNote.score_note names the cause. */
BaseStatus score_play(BaseContext *ctx, Motion **out, const Score *score, const ScoreUnfolded *unfolded,
                      const ScorePlayParams *params);
