/* The search for the rhythm of a bar, as those see it who look at all its ways. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_rhythm_prices.h"

enum { OMR_BEAM = 256, OMR_VOICES = 2 * OMR_BAR_STAVES, OMR_DETOURS = 3 };

#define OMR_RHYTHM_MARGIN 5.0f /* dearer candidates are not kept */

/* All that was decided up to an event. */
typedef struct {
  int16_t free_at[OMR_VOICES], triplet_left[OMR_VOICES];
  int16_t group[OMR_VOICES]; /* the beam that the voice is under, -1 none */
  uint16_t started;
  uint16_t triplet_staves; /* staves that have had a triplet */
  uint16_t in_column;      /* voices that have an event in the column */
  uint16_t columns;
  int32_t now, last_step;
  float column_x, last_dx, cost;
  float ahead;   /* what is likely to be added for want of time */
  uint64_t path; /* a number for the onsets and lengths so far: voices may be told apart in ways that sound alike */
  int32_t parent;
  OmrPlaced placed;
} OmrState;

/* Another, dearer way to a state. */
typedef struct {
  int32_t parent;
  float dearer;
  uint64_t path;
  OmrPlaced placed;
} OmrDetour;

typedef struct {
  float cost;
  int32_t index;
} OmrRank;

/* How long what follows an event lasts if it is what it looks like: the next chords with stems up and those with stems
 * down of each staff, one after the other. */
typedef struct {
  int16_t ticks[OMR_VOICES];
} OmrNeed;

typedef struct {
  const OmrEvent *events;
  const bool *beam_ends; /* per event: the last chord of its beam */
  const OmrNeed *needs;  /* per event */
  size_t n;
  int32_t bar_ticks;
  int32_t beam;
  OmrPrices prices;
  OmrState *states;   /* (n + 1) × OMR_BEAM */
  int32_t *counts;    /* n + 1 */
  OmrDetour *detours; /* OMR_DETOURS beside each state … */
  uint8_t *detoured;  /* … of which there are as many */
  OmrState *grown;    /* candidates of a step */
  OmrRank *ranks;
  size_t grown_n;
  float cheapest;       /* of the candidates so far, with what lies ahead */
  uint32_t used_voices; /* by whole-bar rests */
} OmrSolver;

/* The `most` cheapest ways that differ in onsets or lengths, cheapest first, by way of detours; `ranks` holds the costs of the
 * last event's states. Allocates from `scratch`. */
bool omr_list_ways(OmrWays *ways, int32_t most, const OmrSolver *solver, const OmrRank *ranks, BaseArena *scratch);
