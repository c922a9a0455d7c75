/* What was seen on a page: the value behind OmrPage. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_array.h"
#include "core/omr/omr.h"

#include <stdbool.h>
#include <stdint.h>

enum { OMR_LINES = 5 };

/* A staff position counts half staff spaces upwards from the middle line: lines are -4, -2, 0, 2, 4. */

/* Where the five lines run at `x_px`; y_px[0] is the top line. */
typedef struct {
  float x_px, y_px[OMR_LINES];
} OmrNode;

typedef struct {
  int32_t first_node, nodes; /* into OmrPage.nodes, by x; at least 2 */
  int32_t system;
  float x0_px, x1_px; /* where the lines begin and end */
  float space_px;     /* mean distance of neighbouring lines */
} OmrStaff;

/* A line of music. Staves first_staff … + staves, top to bottom. */
typedef struct {
  int32_t first_staff, staves;
  int32_t joined; /* bit k: bar lines run through between staff k and k+1 */
  float x0_px, x1_px, y0_px, y1_px;
} OmrSystem;

enum { OMR_BAR_REPEAT_LEFT = 1, OMR_BAR_REPEAT_RIGHT = 2, OMR_BAR_DOUBLE = 4, OMR_BAR_THICK = 8 };

/* A bar line or the edge of a system; REPEAT_LEFT: dots at its left, the section before it is repeated. */
typedef struct {
  int32_t system;
  uint32_t flags;
  float x_px, x0_px, x1_px;
  float column_sp; /* staff spaces from the left edge, on a page made straight: what stands above each other
                      has the same column in all staves of a system; of chords and symbols likewise */
  float odd;       /* how odd the music up to the next bar line is (ScorePrior), 0 when nobody said */
} OmrBar;

/* What a person said of a chord or a rest; zeroed: nothing. It is laid over a copy of what was read (omr_edit.h)
 * and never packed. */
typedef struct {
  bool there;     /* it is no mistake, whatever its score */
  bool value;     /* it lasts as printed: head, flags and dots are right */
  uint8_t voice;  /* 1 or 2 of its staff */
  uint8_t tuplet; /* 1: in no triplet, 3: in one */
} OmrSaid;

typedef enum { OMR_FILLED, OMR_HALF, OMR_WHOLE } OmrHeadKind;

typedef struct {
  int32_t staff, chord; /* chord: into OmrPage.chords, -1 none */
  int16_t position;
  uint8_t kind; /* OmrHeadKind */
  uint8_t dots;
  bool faint_dot;                        /* something like a dot where none was counted */
  uint8_t accidental;                    /* ScoreAccidental */
  bool small;                            /* grace or cue */
  float x_px, y_px, width_px, height_px; /* centre and size */
  float score;                           /* 0…1 */
  int16_t said_pitch;                    /* by a person: 1 + 7 * octave + step, 0 not said */
  int8_t said_alter;                     /* by a person: 3 + semitones, 0 not said */
} OmrHead;

typedef enum { OMR_STEM_NONE, OMR_STEM_UP, OMR_STEM_DOWN } OmrStemKind;

enum { OMR_NO_SECOND = 255 };

/* Heads on one stem, or a stemless head. */
typedef struct {
  int32_t staff;
  uint8_t stem; /* OmrStemKind */
  uint8_t beams_left, beams_right, flags;
  uint8_t second;     /* beams or flags by the runner-up reading, OMR_NO_SECOND none … */
  float second_price; /* … and how much less likely it is, 0 as likely … 2 hardly */
  uint8_t tuplet;     /* 3 under a beam with that figure, else 0 */
  bool grace, slash;
  uint32_t marks;           /* SCORE_STACCATO … */
  int32_t group;            /* chords joined by a beam share it; -1 none */
  float x_px, y0_px, y1_px; /* of the stem, top and bottom; of the head without one */
  float head_x_px;          /* mean centre of the heads */
  float column_sp;
  float score;
  OmrSaid said;
} OmrChord;

typedef enum {
  OMR_CLEF_G,
  OMR_CLEF_F,
  OMR_CLEF_C,
  OMR_SHARP,
  OMR_FLAT,
  OMR_NATURAL,
  OMR_DOUBLE_SHARP,
  OMR_DOUBLE_FLAT,
  OMR_REST_WHOLE,
  OMR_REST_HALF,
  OMR_REST_QUARTER,
  OMR_REST_8,
  OMR_REST_16,
  OMR_REST_32,
  OMR_REST_64,
  OMR_FLAG_UP,
  OMR_FLAG_DOWN,
  OMR_DOT,
  OMR_TIME_COMMON,
  OMR_TIME_CUT,
  OMR_DIGIT_0,
  OMR_DIGIT_9 = OMR_DIGIT_0 + 9,
  OMR_STACCATO, /* from here on without pictures */
  OMR_FERMATA,
  OMR_ARPEGGIO,
  OMR_ENDING,
  OMR_OCTAVE,
  OMR_CRESCENDO,
  OMR_DIMINUENDO,
  OMR_SYMBOLS,
} OmrSymbolKind;

/* A sign that is not a note. */
typedef struct {
  int32_t staff;
  int32_t head;                          /* of an accidental: its head, -1 in a key signature */
  uint8_t kind, second;                  /* OmrSymbolKind, and the runner-up (OMR_SYMBOLS: none) */
  uint8_t dots;                          /* of a rest */
  int16_t position;                      /* of a clef: its line; of the rest: its centre; of
                                            an ending: its number; of an octave line: octaves up */
  float x_px, y_px, width_px, height_px; /* top left corner and size */
  float score, second_score;
  float column_sp; /* of its middle */
  OmrSaid said;    /* of a rest */
} OmrSymbol;

/* What stands at a place of a staff and holds from there on. `bar` false: at the start of the system. */
typedef struct {
  int32_t staff;
  float x_px;
  int8_t fifths;
} OmrKey;

typedef struct {
  int32_t staff;
  float x_px;
  int16_t beats, beat_type;
  uint8_t symbol; /* 1 common, 2 cut */
  float score;
} OmrTime;

/* A sign that may stand before a head, found or not. */
typedef struct {
  int32_t head;
  uint8_t kind; /* OMR_SHARP … OMR_DOUBLE_SHARP */
  float value;  /* how much it looks like one; those from omr_sign_wanted on were taken for one */
} OmrSign;

/* A curve that joins two heads, and its box: a tie when they are one place's neighbours, else a slur. */
typedef struct {
  int32_t from, to; /* heads */
  float x_px, y_px, width_px, height_px;
} OmrArc;

/* What a person said of a bar, by a place in it. */
typedef struct {
  int32_t system;
  float x_px;
  bool right;                /* it is right as it stands */
  bool key;                  /* `fifths` holds from here on */
  int8_t fifths;
  int16_t beats, beat_type;  /* time signature from here on; beats 0: not said */
} OmrSaidBar;

struct OmrPage {
  int32_t width_px, height_px;
  float space_px;
  BASE_ARRAY(OmrNode) nodes;
  BASE_ARRAY(OmrStaff) staves;
  BASE_ARRAY(OmrSystem) systems;
  BASE_ARRAY(OmrBar) bars; /* by system, then x; the edges of the system included */
  BASE_ARRAY(OmrHead) heads;
  BASE_ARRAY(OmrChord) chords;
  BASE_ARRAY(OmrSymbol) symbols;
  BASE_ARRAY(OmrKey) keys;
  BASE_ARRAY(OmrTime) times;
  BASE_ARRAY(OmrArc) ties;
  BASE_ARRAY(OmrArc) slurs;
  BASE_ARRAY(OmrSign) signs; /* by head */
  BASE_ARRAY(OmrSaidBar) said; /* in the order said; never packed */
};

OmrPage *omr_page_new(void);
OmrPage *omr_page_dup(const OmrPage *page); /* null without memory */

/* The first head of a chord, or where it would stand, when heads are sorted by chord. O(log heads). */
size_t omr_first_head(const OmrPage *page, int32_t chord);

/* The y of a staff position at x, lines extended beyond their ends. O(log nodes). */
float omr_staff_y(const OmrPage *page, const OmrStaff *staff, float x, float position);

/* The staff position of a point, not rounded. */
float omr_staff_position(const OmrPage *page, const OmrStaff *staff, float x, float y);

/* How far a staff's own heads may stand above and below its middle: to the nearest line of the neighbours, at most `most`
 * positions. */
void omr_staff_reach(float *above, float *below, const OmrPage *page, int32_t staff, float most);

/* True when the head's centre lies within a sign. O(symbols). */
bool omr_inside_symbol(const OmrPage *page, const OmrHead *head);

/* Orders of heads for qsort: the best first; by chord, the lowest first. */
int omr_heads_by_score(const void *a, const void *b);
int omr_heads_by_chord(const void *a, const void *b);
