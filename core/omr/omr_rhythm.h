/* The rhythm of one bar. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_arena.h"
#include "core/base/base_status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  OMR_TICKS = 96,     /* of a quarter note */
  OMR_BAR_STAVES = 8, /* staves that one bar is solved over */
  OMR_BAR_EVENTS = 400,
};

/* A chord or rest of a bar. The first fields are what was read, the last what was solved. */
typedef struct {
  float x_sp;          /* staff spaces from the left edge of the page */
  int32_t staff;       /* whose voices it belongs to, within the system, 0 … OMR_BAR_STAVES-1 */
  int32_t group;       /* chords under one beam share it; -1 none */
  int32_t ticks;       /* as printed */
  int32_t other_ticks; /* by the second reading, 0 none … */
  float other_price;   /* … and what taking it costs */
  float out_price;     /* what leaving the event out costs; 0: it may not be left out */
  uint8_t stem;        /* 0 none, 1 up, 2 down */
  bool rest, dotted, faint_dot;
  bool unsure;           /* a filled head without a stem: its beams may be lost as well */
  bool threes;           /* under a beam that joins three, six, nine … chords */
  bool marked;           /* with a figure that says so */
  bool fixed;            /* a person said so: as printed, no other reading of its value */
  uint8_t only_voice;    /* a person said so: 1 or 2, 0 any */
  uint8_t only_tuplet;   /* a person said so: 1 in no triplet, 3 in one, 0 any */
  bool fills;            /* a whole-bar rest: takes the length of the bar, stands in no column */
  int32_t onset, length; /* ticks */
  uint8_t voice;         /* 0 or 1 within the staff */
  bool triplet;
  bool left_out; /* no music after all */
} OmrEvent;

typedef struct {
  int32_t ticks; /* where the bar ends */
  float cost;    /* how far it had to depart from the print; 0: everything adds up */
  float margin;  /* how much more the second-best rhythm costs */
} OmrBarRhythm;

/* What was decided of an event. */
typedef struct {
  int32_t onset, length; /* ticks */
  uint8_t voice;         /* 0 or 1 within the staff */
  bool triplet;
  bool left_out; /* no music after all */
} OmrPlaced;

enum { OMR_WAYS = 12 };

/* The rhythms that a bar may have, cheapest first. */
typedef struct {
  int32_t n;
  size_t events; /* of each, those that do not fill the bar */
  float cost[OMR_WAYS];
  int32_t ticks[OMR_WAYS]; /* where it ends */
  OmrPlaced *placed;       /* [n][events] */
} OmrWays;

/* How dear departures from the print are in one document, as powers of two of what they cost usually; zeroed: as
 * usual. */
typedef enum {
  OMR_TASTE_TRIPLET,   /* a triplet that nothing marks */
  OMR_TASTE_DOT,       /* a dot that was not seen */
  OMR_TASTE_NO_DOT,    /* a dot that is none */
  OMR_TASTE_SECOND,    /* another number of flags, another rest than it looks like most */
  OMR_TASTE_DOUBLE,    /* twice or half as long as printed */
  OMR_TASTE_BARE,      /* beams lost with their stem */
  OMR_TASTE_OUT_NOTE,  /* a note that is none */
  OMR_TASTE_OUT_REST,  /* a rest that is none */
  OMR_TASTE_VOICE,     /* a voice that enters, rests or ends where the other one sounds on */
  OMR_TASTE_GAP,       /* a staff in which nothing sounds */
  OMR_TASTE_SPACING,   /* distances on paper that do not grow with those in time */
  OMR_TASTE_JOIN,      /* what stands beside each other sounds together */
  OMR_TASTE_STEM,      /* stems that point the other way than their voice */
  OMR_TASTES,
} OmrTasteKind;

enum { OMR_LIKELIER = 3 };

typedef struct {
  float dearer[OMR_TASTES];
  float likelier[OMR_LIKELIER]; /* sharps, flats, naturals: added to how much they look like one, 0…1 */
} OmrTaste;

typedef struct {
  const OmrTaste *taste; /* may be null */
  int32_t beam;          /* partial solutions kept, at most 256; 0: as many */
  OmrWays *ways;         /* filled when not null; their room is taken from `scratch` and not given back */
} OmrRhythmParams;

/* Assigns onsets, lengths and voices to `n` events sorted by x. `bar_ticks` is the length that the time
 * signature asks for, 0 when it is unknown. `params` may be null. BASE_NO_MEMORY without scratch. O(n × beam). */
BaseStatus omr_solve_bar(OmrBarRhythm *out, OmrEvent *events, size_t n, int32_t bar_ticks,
                         const OmrRhythmParams *params, BaseArena *scratch);

/* Gives the events, as they were solved, way number `k` instead. */
void omr_take_way(OmrEvent *events, size_t n, const OmrWays *ways, int32_t k);
