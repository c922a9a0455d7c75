/* Pages joined into one line of bars: what omr_assemble hands from step to step.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_arena.h"
#include "core/omr/omr_page.h"
#include "core/omr/omr_rhythm.h"

/* Where an event comes from: a chord or a rest of its page, the other one is -1. */
typedef struct {
  int32_t chord, symbol;
} OmrSource;

/* A bar: the events [first, first + n) of the assembly. */
typedef struct {
  int32_t page, system, left, right; /* left, right: into the bars of the page */
  float head_x_px; /* where its clefs and time signatures begin: left of a repeat sign that opens a system */
  size_t first, n;
  int32_t meter;       /* into OmrAssembly.meters */
  int32_t ticks;       /* how long it is */
  float cost, margin;  /* of its rhythm, and how much dearer the second-best one is */
  bool short_by_right; /* a pickup or one half of a split bar: may be shorter than the time signature says */
} OmrMeasure;

/* A time signature and the bars from `measure` on. */
typedef struct {
  int32_t measure, ticks;
  int16_t beats, beat_type;
  uint8_t symbol;
  bool printed;
  OmrTime read; /* when printed */
} OmrMeter;

typedef struct {
  const OmrPage *const *pages;
  size_t n_pages;
  int32_t staves; /* of the fullest system */
  int32_t joined; /* its OmrSystem.joined */
  BASE_ARRAY(OmrMeasure) measures;
  BASE_ARRAY(OmrEvent) events;
  BASE_ARRAY(OmrSource) sources; /* beside events */
  BASE_ARRAY(OmrMeter) meters;
  OmrBars *bars; /* solved before, may be null */
  const OmrTaste *taste; /* of the document, may be null */
  BaseArena *arena;
} OmrAssembly;

/* The row of a staff among `assembly->staves`: systems with fewer staves stand at the bottom. */
static inline int32_t omr_row(const OmrAssembly *assembly, const OmrPage *page, int32_t staff) {
  const OmrSystem *system = &page->systems.items[page->staves.items[staff].system];
  return staff - system->first_staff + assembly->staves - system->staves;
}

/* Which staves there are: those of the fullest system. False when there are none. */
bool omr_lay_out(OmrAssembly *assembly);

/* Frees the arrays; pages, bars and arena are the caller's. */
void omr_assembly_clear(OmrAssembly *assembly);

/* Bars with their chords and rests in columns. */
BaseStatus omr_gather_measures(BaseContext *ctx, OmrAssembly *assembly);

/* Time signatures, printed or inferred from what the bars hold, and the rhythm of every bar. */
BaseStatus omr_solve_rhythm(BaseContext *ctx, OmrAssembly *assembly);

/* Solves those bars anew that are not sure of themselves, in the light of the bars around them. */
BaseStatus omr_solve_in_context(BaseContext *ctx, OmrAssembly *assembly);

/* What a person said last of a bar: its key, its time signature, that it is right. Null: nothing. */
typedef enum { OMR_SAID_KEY, OMR_SAID_TIME, OMR_SAID_RIGHT } OmrSaidWhat;
const OmrSaidBar *omr_said_of(const OmrAssembly *assembly, size_t measure, OmrSaidWhat what);

/* omr_solve_bar, or what it gave for the same events before. `bars` may be null; so may `ways`, which last until bars or
 * scratch are used again. */
BaseStatus omr_bars_solve(OmrBars *bars, OmrBarRhythm *out, OmrWays *ways, OmrEvent *events, size_t n, int32_t bar_ticks,
                          const OmrTaste *taste, BaseArena *scratch);

/* What the fullest voice of a solved bar sums up to as printed, triplets apart. OMR_TICKS */
int32_t omr_printed_total(const OmrAssembly *assembly, size_t measure);

/* The chance that everything in a solved bar is right, 0…1. O(heads × symbols of its page). */
float omr_bar_confidence(const OmrAssembly *assembly, size_t measure);

/* The chance that a head is what it looks like, by its score, as it was found in scans: hollow heads that are
 * right score lower than filled ones. */
float omr_head_confidence(const OmrHead *head);

/* Printed length of a chord or rest in OMR_TICKS, and its parts. */
int32_t omr_printed_ticks(int type, int dots);
int omr_chord_type(const OmrPage *page, int32_t chord, uint8_t *dots);

/* The key of each system by a vote over its page: `fifths` has room for every system of the page. */
void omr_page_keys(int8_t *fifths, const OmrPage *page);

/* The key of a bar whose system begins with `start`. */
int8_t omr_key_in(const OmrAssembly *assembly, size_t measure, int8_t start);
