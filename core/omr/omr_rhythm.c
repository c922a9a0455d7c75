/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A beam search over the events of a bar from left to right. A state knows when each voice becomes free and
 * which beam it is under. An event joins the column before it, or starts a new one where some voice becomes
 * free; it takes one of two voices of its staff, and lasts as printed or, at a price, a dot, a flag or a
 * triplet differently; doubtful ones may be left out. Chords under one beam follow each other in one voice.
 * Voices that neither leave gaps nor overlap, that end together with the bar, notes that start where their
 * value likes to start, and columns whose distances on paper grow with their distances in time are cheap. The
 * cheapest way through the bar is its rhythm, the distance to the next cheapest its margin. */
#include "core/omr/omr_rhythm_prices.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BEAM = 256, VOICES = 2 * OMR_BAR_STAVES, SEEN = 1024, TIMES = 24, GROWN = 40000 };

#define MARGIN 5.0f /* dearer candidates are not kept */

typedef struct {
  int16_t free_at[VOICES], triplet_left[VOICES];
  int16_t group[VOICES]; /* the beam that the voice is under, -1 none */
  uint16_t started;
  uint16_t triplet_staves; /* staves that have had a triplet */
  uint16_t in_column;      /* voices that have an event in the column */
  uint16_t columns;
  int32_t now, last_step;
  float column_x, last_dx, cost;
  int32_t parent;
  int16_t length;
  uint8_t voice;
  bool triplet, left_out;
} State;

typedef struct {
  float cost;
  int32_t index;
} Rank;

typedef struct {
  const OmrEvent *events;
  const bool *beam_ends; /* per event: the last chord of its beam */
  size_t n;
  int32_t bar_ticks;
  int32_t beam;
  OmrPrices prices;
  State *states;   /* (n + 1) × BEAM */
  int32_t *counts; /* n + 1 */
  State *grown;    /* candidates of a step */
  Rank *ranks;
  size_t grown_n;
  float cheapest;       /* of the candidates so far */
  uint32_t used_voices; /* by whole-bar rests */
} Solver;

static int by_cost(const void *a, const void *b) {
  const Rank *ra = a, *rb = b;
  if (ra->cost != rb->cost) return ra->cost > rb->cost ? 1 : -1;
  return ra->index - rb->index;
}

static bool same_place(const State *a, const State *b) {
  return a->now == b->now && a->started == b->started && a->in_column == b->in_column &&
         a->columns == b->columns && memcmp(a->free_at, b->free_at, sizeof a->free_at) == 0 &&
         memcmp(a->triplet_left, b->triplet_left, sizeof a->triplet_left) == 0 &&
         memcmp(a->group, b->group, sizeof a->group) == 0;
}

static uint32_t place_hash(const State *state) {
  uint32_t hash = 2166136261u ^ (uint32_t)state->now;
  for (int voice = 0; voice < VOICES; voice++) {
    hash = (hash ^ (uint16_t)state->free_at[voice]) * 16777619u;
    hash = (hash ^ (uint16_t)(state->triplet_left[voice] * 31 + state->group[voice])) * 16777619u;
  }
  hash = (hash ^ state->in_column) * 16777619u;
  return hash ^ hash >> 15;
}

/* Keeps the cheapest different states of the candidates. */
static int32_t prune(State *kept, Solver *solver) {
  int16_t seen[SEEN];
  memset(seen, -1, sizeof seen);
  size_t n = 0;
  for (size_t i = 0; i < solver->grown_n; i++)
    if (solver->grown[i].cost <= solver->cheapest + MARGIN)
      solver->ranks[n++] = (Rank){solver->grown[i].cost, (int32_t)i};
  qsort(solver->ranks, n, sizeof *solver->ranks, by_cost);
  int32_t count = 0;
  for (size_t i = 0; i < n && count < solver->beam; i++) {
    const State *state = &solver->grown[solver->ranks[i].index];
    uint32_t slot = place_hash(state) % SEEN;
    while (seen[slot] >= 0 && !same_place(&kept[seen[slot]], state)) slot = (slot + 1) % SEEN;
    if (seen[slot] >= 0) continue;
    seen[slot] = (int16_t)count;
    kept[count++] = *state;
  }
  return count;
}

static void grow(Solver *solver, const State *state) {
  if (solver->grown_n >= GROWN || state->cost > solver->cheapest + MARGIN) return;
  if (state->cost < solver->cheapest) solver->cheapest = state->cost;
  solver->grown[solver->grown_n++] = *state;
}

/* What it costs to start at `now` in a voice with this length. */
static float entry_price(const OmrPrices *prices, const State *state, const OmrEvent *event, int voice, int32_t length) {
  int32_t free_at = state->free_at[voice], now = state->now;
  bool continues = event->group >= 0 && state->group[voice] == event->group;
  float broken = event->rest ? OMR_PRICE_REST_UNDER_BEAM : OMR_PRICE_BEAM_BROKEN;
  float price = !continues && state->group[voice] >= 0 ? broken : 0;
  if (state->in_column >> voice & 1) {
    bool alike = free_at == now + length;
    return price + (!alike ? OMR_PRICE_CROWDED : event->stem ? 0.3f : 0);
  }
  if (continues) return free_at == now ? 0 : OMR_PRICE_BEAM_BROKEN;
  if (free_at > now) return price + OMR_PRICE_OVERLAP;
  if (free_at == now) return price;
  return price + (state->free_at[voice ^ 1] >= now ? prices->entry : prices->gap);
}

/* True when the event continues a beam that hangs over another voice. */
static bool beamed_elsewhere(const State *state, const OmrEvent *event, int voice) {
  if (event->group < 0 || state->group[voice] == event->group) return false;
  for (int k = 0; k < VOICES; k++)
    if (state->group[k] == event->group) return true;
  return false;
}

/* Gives the event to each voice and length. */
static void place(Solver *solver, const State *from, size_t index, int32_t parent) {
  const OmrEvent *event = &solver->events[index];
  for (int side = 0; side < 2; side++) {
    int voice = 2 * event->staff + side;
    if (solver->used_voices >> voice & 1) continue;
    if (event->only_voice && event->only_voice != side + 1) continue;
    float cost = from->cost + (beamed_elsewhere(from, event, voice) ? OMR_PRICE_BEAM_BROKEN : 0);
    if (event->stem)
      cost += (event->stem == 1) == (side == 0) ? 0 : solver->prices.stem;
    else if (side)
      cost += solver->prices.stem;
    OmrChoice choices[OMR_CHOICES];
    int n = omr_rhythm_choices(choices, &solver->prices, event, from->now, from->triplet_left[voice],
                               from->triplet_staves >> event->staff & 1);
    for (int k = 0; k < n; k++) {
      State state = *from;
      state.cost = cost + choices[k].price + entry_price(&solver->prices, from, event, voice, choices[k].length);
      if (state.cost > solver->cheapest + MARGIN) continue;
      state.free_at[voice] = (int16_t)(from->now + choices[k].length);
      int32_t left = from->triplet_left[voice];
      if (choices[k].third_of && left <= 0) left = choices[k].third_of * 2;
      state.triplet_left[voice] = (int16_t)(choices[k].third_of ? left - choices[k].length : 0);
      if (choices[k].third_of) state.triplet_staves |= (uint16_t)(1u << event->staff);
      if (!event->rest) state.group[voice] = (int16_t)(solver->beam_ends[index] ? -1 : event->group);
      state.started |= (uint16_t)(1u << voice);
      state.in_column |= (uint16_t)(1u << voice);
      state.parent = parent;
      state.voice = (uint8_t)side;
      state.length = (int16_t)choices[k].length;
      state.triplet = choices[k].third_of > 0;
      state.left_out = false;
      if (solver->bar_ticks && state.free_at[voice] > solver->bar_ticks) state.cost += OMR_PRICE_LATE;
      grow(solver, &state);
    }
  }
}

static void add_time(int32_t *times, float *prices, int *n, int32_t at, float price) {
  for (int k = 0; k < *n; k++)
    if (times[k] == at) return;
  if (*n < TIMES) times[*n] = at, prices[(*n)++] = price;
}

/* The times at which a new column may start, with their prices. */
static int times_of(int32_t *times, float *prices, const Solver *solver, const State *state) {
  static const int32_t steps[] = {OMR_TICKS / 4, OMR_TICKS / 2, OMR_TICKS, OMR_TICKS / 8, 3 * OMR_TICKS / 2};
  int n = 0;
  if (state->columns == 0) add_time(times, prices, &n, 0, 0);
  for (int voice = 0; voice < VOICES; voice++)
    if (state->started >> voice & 1 && state->free_at[voice] > state->now)
      add_time(times, prices, &n, state->free_at[voice], 0);
  for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
    int32_t at = state->now + steps[s];
    if (!solver->bar_ticks || at < solver->bar_ticks) add_time(times, prices, &n, at, OMR_PRICE_NOWHERE);
  }
  return n;
}

/* Moves a state on to a column. Voices that fell silent before are alike, however long ago: that keeps the
 * beam wide. */
static State move_on(const State *state, int32_t now, float x) {
  State moved = *state;
  moved.in_column = 0;
  moved.last_step = state->columns ? now - state->now : 0;
  moved.last_dx = state->columns ? x - state->column_x : 0;
  moved.column_x = x;
  moved.now = now;
  moved.columns++;
  for (int voice = 0; voice < VOICES; voice++)
    if (moved.started >> voice & 1 && moved.free_at[voice] < now) moved.free_at[voice] = (int16_t)(now - 1);
  return moved;
}

/* The event at the left edge of a new column. */
static void place_in_new_column(Solver *solver, const State *state, size_t index, int32_t parent) {
  const OmrEvent *event = &solver->events[index];
  int32_t times[TIMES];
  float prices[TIMES];
  int n = times_of(times, prices, solver, state);
  float apart = state->columns ? solver->prices.join * omr_price_of_parting(event->x_sp - state->column_x) : 0;
  for (int k = 0; k < n; k++) {
    State at = move_on(state, times[k], event->x_sp);
    at.cost += prices[k] + apart;
    if (solver->bar_ticks && times[k] >= solver->bar_ticks) at.cost += OMR_PRICE_LATE;
    at.cost += solver->prices.spacing *
               omr_price_of_spacing(at.last_dx, state->last_dx, at.last_step, state->last_step);
    if (at.cost <= solver->cheapest + MARGIN) place(solver, &at, index, parent);
  }
}

static void step(Solver *solver, size_t index) {
  const OmrEvent *event = &solver->events[index];
  solver->grown_n = 0;
  solver->cheapest = 1e9f;
  for (int32_t i = 0; i < solver->counts[index]; i++) {
    const State *state = &solver->states[index * BEAM + (size_t)i];
    if (state->columns) {
      float together = omr_price_of_joining(event, event->x_sp - state->column_x);
      State joined = *state;
      joined.cost += solver->prices.join * together;
      if (together < OMR_IMPOSSIBLE) place(solver, &joined, index, i);
    }
    place_in_new_column(solver, state, index, i);
    if (event->out_price <= 0) continue;
    State without = *state;
    without.cost += event->out_price * (event->rest ? solver->prices.out_rest : solver->prices.out_note);
    without.parent = i;
    without.left_out = true;
    grow(solver, &without);
  }
  solver->counts[index + 1] = prune(&solver->states[(index + 1) * BEAM], solver);
}

static int32_t end_of(const State *state) {
  int32_t end = 0;
  for (int voice = 0; voice < VOICES; voice++)
    if (state->started >> voice & 1 && state->free_at[voice] > end) end = state->free_at[voice];
  return end;
}

/* The price of voices that do not reach the end of the bar. */
static float ending_price(const OmrPrices *prices, const State *state, int32_t end) {
  float price = 0;
  for (int staff = 0; staff < OMR_BAR_STAVES; staff++) {
    int32_t latest = -1;
    for (int side = 0; side < 2; side++) {
      int voice = 2 * staff + side;
      if (!(state->started >> voice & 1)) continue;
      if (state->free_at[voice] != end) price += prices->voice_short;
      if (state->triplet_left[voice] > 0) price += OMR_PRICE_TRIPLET_LEFT;
      if (state->free_at[voice] > latest) latest = state->free_at[voice];
    }
    if (latest >= 0 && latest < end) price += prices->staff_short;
    if (latest > end) price += OMR_PRICE_LATE;
  }
  return price;
}

static void trace_back(Solver *solver, OmrEvent *events, int32_t best) {
  for (size_t i = solver->n; i > 0; i--) {
    const State *state = &solver->states[i * BEAM + (size_t)best];
    OmrEvent *event = &events[i - 1];
    event->onset = state->now;
    event->length = state->length;
    event->voice = state->voice;
    event->triplet = state->triplet;
    event->left_out = state->left_out;
    best = state->parent;
  }
}

/* A number for the onsets and lengths on the way to a state: voices may be told apart in several ways that
 * sound alike. */
static uint64_t rhythm_of(const Solver *solver, int32_t at) {
  uint64_t hash = 1469598103934665603u;
  for (size_t i = solver->n; i > 0; i--) {
    const State *state = &solver->states[i * BEAM + (size_t)at];
    uint64_t word = state->left_out ? 1 : (uint64_t)state->now << 32 | (uint32_t)state->length << 1;
    hash = (hash ^ word) * 1099511628211u;
    at = state->parent;
  }
  return hash;
}

static OmrBarRhythm finish(Solver *solver, OmrEvent *events) {
  const State *last = &solver->states[solver->n * BEAM];
  OmrBarRhythm rhythm = {.cost = 1e9f};
  int32_t best = 0, n = solver->counts[solver->n];
  for (int32_t i = 0; i < n; i++) {
    int32_t end = solver->bar_ticks ? solver->bar_ticks : end_of(&last[i]);
    float cost = last[i].cost + ending_price(&solver->prices, &last[i], end);
    solver->ranks[i] = (Rank){cost, i};
    if (cost >= rhythm.cost) continue;
    rhythm = (OmrBarRhythm){end_of(&last[i]), cost, MARGIN};
    best = i;
  }
  uint64_t chosen = rhythm_of(solver, best);
  for (int32_t i = 0; i < n; i++)
    if (solver->ranks[i].cost - rhythm.cost < rhythm.margin && rhythm_of(solver, i) != chosen)
      rhythm.margin = solver->ranks[i].cost - rhythm.cost;
  trace_back(solver, events, best);
  return rhythm;
}

/* Marks the last chord of each beam. */
static void find_beam_ends(bool *ends, const OmrEvent *events, size_t n) {
  for (size_t i = 0; i < n; i++) {
    ends[i] = true;
    for (size_t k = i + 1; k < n && ends[i] && events[i].group >= 0; k++)
      ends[i] = events[k].group != events[i].group;
  }
}

/* The events that move, and where they came from; rests that fill the bar are settled at once. */
static void split_events(Solver *solver, OmrEvent *moving, size_t *from, OmrEvent *events, size_t n) {
  for (size_t i = 0; i < n && solver->n < OMR_BAR_EVENTS; i++) {
    if (events[i].staff < 0 || events[i].staff >= OMR_BAR_STAVES) continue;
    if (events[i].fills) {
      events[i].onset = 0;
      events[i].length = solver->bar_ticks;
      solver->used_voices |= 1u << (2 * events[i].staff);
      continue;
    }
    from[solver->n] = i;
    moving[solver->n++] = events[i];
  }
}

static bool prepare(Solver *solver, const OmrEvent *moving, BaseArena *scratch) {
  bool *ends = BASE_TAKE(scratch, bool, solver->n);
  solver->states = BASE_TAKE(scratch, State, (solver->n + 1) * BEAM);
  solver->counts = BASE_TAKE(scratch, int32_t, solver->n + 1);
  solver->grown = BASE_TAKE(scratch, State, GROWN);
  solver->ranks = BASE_TAKE(scratch, Rank, GROWN);
  if (!ends || !solver->states || !solver->counts || !solver->grown || !solver->ranks) return false;
  find_beam_ends(ends, moving, solver->n);
  solver->events = moving;
  solver->beam_ends = ends;
  solver->counts[0] = 1;
  solver->states[0] = (State){0};
  memset(solver->states[0].group, -1, sizeof solver->states[0].group);
  return true;
}

BaseStatus omr_solve_bar(OmrBarRhythm *out, OmrEvent *events, size_t n, int32_t bar_ticks,
                         const OmrRhythmParams *params, BaseArena *scratch) {
  BaseArenaMark mark = base_arena_mark(scratch);
  Solver solver = {.bar_ticks = bar_ticks, .beam = params && params->beam ? params->beam : BEAM};
  solver.prices = omr_rhythm_prices(params ? params->taste : NULL);
  OmrEvent *moving = BASE_TAKE(scratch, OmrEvent, n + 1);
  size_t *from = BASE_TAKE(scratch, size_t, n + 1);
  if (!moving || !from) return BASE_NO_MEMORY;
  split_events(&solver, moving, from, events, n);
  *out = (OmrBarRhythm){bar_ticks, 0, MARGIN};
  if (solver.n) {
    if (!prepare(&solver, moving, scratch)) {
      base_arena_reset(scratch, mark);
      return BASE_NO_MEMORY;
    }
    for (size_t i = 0; i < solver.n; i++) step(&solver, i);
    *out = finish(&solver, moving);
    for (size_t i = 0; i < solver.n; i++) events[from[i]] = moving[i];
  }
  base_arena_reset(scratch, mark);
  return BASE_OK;
}
