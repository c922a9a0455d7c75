/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A beam search over the events of a bar, column by column from left to right. A state knows when each voice
 * becomes free. A column starts where some voice becomes free; each of its events takes one of two voices of
 * its staff, and lasts as printed or, at a price, a dot, a flag or a triplet differently. Voices that neither
 * leave gaps nor overlap, that end together with the bar, and columns whose distances on paper grow with
 * their distances in time are cheap. The cheapest way through the bar is its rhythm. */
#include "core/omr/omr_rhythm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BEAM = 256, VOICES = 2 * OMR_BAR_STAVES, CHOICES = 16 };

#define MARGIN            5.0f  /* dearer candidates are not kept */
#define COST_STEM         0.12f /* an upward stem in the lower voice */
#define COST_ENTRY        0.25f /* a voice enters or resumes while the other one sounds */
#define COST_GAP          1.0f  /* nothing sounds in the staff where something should */
#define COST_OVERLAP      2.5f
#define COST_DOT_MISSED   0.85f
#define COST_DOT_EXTRA    0.9f
#define COST_DOUBLED      1.7f
#define COST_HALVED       1.5f
#define COST_BEAM_UNSEEN  0.35f /* a stemless head may have had any beams */
#define COST_TRIPLET      0.9f  /* the first of a staff; later ones cost COST_TRIPLET_MORE */
#define COST_TRIPLET_ODD  0.5f  /* more where no beam joins three */
#define COST_TRIPLET_MORE 0.15f
#define COST_TRIPLET_LEFT 1.5f
#define COST_NOWHERE      1.2f /* a column starts where no voice became free */
#define COST_SHORT        2.0f /* a staff ends before the bar */
#define COST_LATE         3.0f
#define COST_VOICE_SHORT  0.7f
#define COST_SPACING      0.16f

typedef struct {
  int32_t free_at[VOICES], triplet_left[VOICES];
  uint32_t started;
  uint32_t triplet_staves; /* staves that have had a triplet */
  uint32_t in_column;      /* voices that have an event in the column */
  int32_t now, last_step;
  float cost;
  int32_t parent;
  int32_t length;
  uint8_t voice;
  bool triplet;
} State;

typedef struct {
  float cost;
  int32_t index;
} Rank;

typedef struct {
  const OmrEvent *events;
  size_t n;
  int32_t bar_ticks;
  float column_x[OMR_BAR_EVENTS];
  State *states;   /* (n + 1) × BEAM */
  int32_t *counts; /* n + 1 */
  State *grown;    /* candidates of a step */
  Rank *ranks;
  size_t grown_n, grown_capacity;
  float cheapest;       /* of the candidates so far */
  uint32_t used_voices; /* by whole-bar rests */
} Solver;

static int by_cost(const void *a, const void *b) {
  const Rank *ra = a, *rb = b;
  if (ra->cost != rb->cost) return ra->cost > rb->cost ? 1 : -1;
  return ra->index - rb->index;
}

static bool same_place(const State *a, const State *b) {
  return a->now == b->now && a->started == b->started && a->triplet_staves == b->triplet_staves &&
         a->in_column == b->in_column && memcmp(a->free_at, b->free_at, sizeof a->free_at) == 0 &&
         memcmp(a->triplet_left, b->triplet_left, sizeof a->triplet_left) == 0;
}

/* Keeps the cheapest different states of the candidates. */
static int32_t prune(State *kept, Solver *solver) {
  size_t n = 0;
  for (size_t i = 0; i < solver->grown_n; i++)
    if (solver->grown[i].cost <= solver->cheapest + MARGIN)
      solver->ranks[n++] = (Rank){solver->grown[i].cost, (int32_t)i};
  qsort(solver->ranks, n, sizeof *solver->ranks, by_cost);
  int32_t count = 0;
  for (size_t i = 0; i < n && count < BEAM; i++) {
    const State *state = &solver->grown[solver->ranks[i].index];
    bool seen = false;
    for (int32_t k = 0; k < count && !seen; k++) seen = same_place(&kept[k], state);
    if (!seen) kept[count++] = *state;
  }
  return count;
}

typedef struct {
  int32_t length;
  float cost;
  bool triplet;
} Choice;

/* The lengths that an event may have in a voice. */
static int choices_of(Choice *choices, const OmrEvent *event, int32_t triplet_left, bool seen_triplets) {
  int n = 0;
  int32_t ticks = event->ticks, third = ticks * 2 / 3;
  bool divisible = ticks % 3 == 0 && !event->dotted && ticks <= 2 * OMR_TICKS;
  if (triplet_left > 0 && divisible && third <= triplet_left) choices[n++] = (Choice){third, 0, true};
  float start = (seen_triplets ? COST_TRIPLET_MORE : COST_TRIPLET) + (event->threes ? 0 : COST_TRIPLET_ODD);
  float left = triplet_left > 0 ? COST_TRIPLET_LEFT : 0;
  choices[n++] = (Choice){ticks, left, false};
  if (triplet_left <= 0 && divisible) choices[n++] = (Choice){third, start, true};
  if (event->dotted)
    choices[n++] = (Choice){ticks * 2 / 3, left + COST_DOT_EXTRA, false};
  else if (ticks % 2 == 0)
    choices[n++] = (Choice){ticks * 3 / 2, left + COST_DOT_MISSED, false};
  for (int32_t k = 1; event->unsure && k <= 2; k++)
    choices[n++] = (Choice){ticks >> k, left + COST_BEAM_UNSEEN, false};
  choices[n++] = (Choice){ticks * 2, left + COST_DOUBLED, false};
  if (!event->unsure && ticks % 2 == 0 && ticks > OMR_TICKS / 16)
    choices[n++] = (Choice){ticks / 2, left + COST_HALVED, false};
  return n;
}

/* What it costs to start at `now` in a voice. */
static float entry_cost(const State *state, int voice, int32_t now) {
  int32_t free_at = state->free_at[voice];
  if (free_at > now) return COST_OVERLAP;
  if (free_at == now) return 0;
  return state->free_at[voice ^ 1] >= now ? COST_ENTRY : COST_GAP;
}

static float spacing_cost(float dx, float last_dx, int32_t dt, int32_t last_dt) {
  if (dx <= 0 || last_dx <= 0 || dt <= 0 || last_dt <= 0) return 0;
  float paper = log2f(dx / last_dx), time = 0.6f * log2f((float)dt / (float)last_dt);
  return COST_SPACING * fminf(2.5f, fabsf(paper - time));
}

static bool grow(Solver *solver, const State *state) {
  if (solver->grown_n >= solver->grown_capacity) return false;
  if (state->cost > solver->cheapest + MARGIN) return true;
  if (state->cost < solver->cheapest) solver->cheapest = state->cost;
  solver->grown[solver->grown_n++] = *state;
  return true;
}

/* Gives the event to each voice and length. */
static void place(Solver *solver, const State *from, const OmrEvent *event, int32_t parent) {
  for (int side = 0; side < 2; side++) {
    int voice = 2 * event->staff + side;
    if (solver->used_voices >> voice & 1) continue;
    float cost = from->cost + entry_cost(from, voice, from->now);
    if (from->in_column >> voice & 1) cost += 0.5f;
    if (event->stem)
      cost += (event->stem == 1) == (side == 0) ? 0 : COST_STEM;
    else if (side)
      cost += COST_STEM;
    Choice choices[CHOICES];
    int n = choices_of(choices, event, from->triplet_left[voice], from->triplet_staves >> event->staff & 1);
    for (int k = 0; k < n; k++) {
      State state = *from;
      state.cost = cost + choices[k].cost;
      state.free_at[voice] = from->now + choices[k].length;
      int32_t left = from->triplet_left[voice];
      if (choices[k].triplet && left <= 0) left = event->ticks * 2;
      state.triplet_left[voice] = choices[k].triplet ? left - choices[k].length : 0;
      if (choices[k].triplet) state.triplet_staves |= 1u << event->staff;
      state.started |= 1u << voice;
      state.in_column |= 1u << voice;
      state.parent = parent;
      state.voice = (uint8_t)side;
      state.length = choices[k].length;
      state.triplet = choices[k].triplet;
      if (solver->bar_ticks && state.free_at[voice] > solver->bar_ticks) state.cost += COST_LATE;
      if (!grow(solver, &state)) return;
    }
  }
}

/* The times at which a new column may start, with their prices. */
static int times_of(int32_t *times, float *prices, const Solver *solver, const State *state, int32_t column) {
  int n = 0;
  if (column == 0) {
    times[0] = 0, prices[0] = 0;
    return 1;
  }
  for (int voice = 0; voice < VOICES; voice++) {
    int32_t at = state->free_at[voice];
    bool known = at <= state->now || !(state->started >> voice & 1);
    for (int k = 0; k < n && !known; k++) known = times[k] == at;
    if (!known && n < 12) times[n] = at, prices[n++] = 0;
  }
  static const int32_t steps[] = {OMR_TICKS / 4, OMR_TICKS / 2, OMR_TICKS};
  for (int s = 0; s < 3; s++) {
    int32_t at = state->now + steps[s];
    bool known = solver->bar_ticks && at >= solver->bar_ticks;
    for (int k = 0; k < n && !known; k++) known = times[k] == at;
    if (!known) times[n] = at, prices[n++] = COST_NOWHERE;
  }
  return n;
}

/* Moves a state on to a column. Voices that fell silent before are alike, however long ago: that keeps the
 * beam wide. */
static State move_on(const State *state, int32_t now) {
  State moved = *state;
  moved.in_column = 0;
  moved.last_step = now - state->now;
  moved.now = now;
  for (int voice = 0; voice < VOICES; voice++)
    if (moved.started >> voice & 1 && moved.free_at[voice] < now) moved.free_at[voice] = now - 1;
  return moved;
}

static void step(Solver *solver, size_t index) {
  const OmrEvent *event = &solver->events[index];
  bool new_column = index == 0 || event->column != solver->events[index - 1].column;
  solver->grown_n = 0;
  solver->cheapest = 1e9f;
  for (int32_t i = 0; i < solver->counts[index]; i++) {
    const State *state = &solver->states[index * BEAM + (size_t)i];
    if (!new_column) {
      place(solver, state, event, i);
      continue;
    }
    int32_t times[20], column = event->column;
    float prices[20];
    int n = times_of(times, prices, solver, state, column);
    for (int k = 0; k < n; k++) {
      if (solver->bar_ticks && times[k] >= solver->bar_ticks) prices[k] += COST_LATE;
      State at = move_on(state, times[k]);
      at.cost += prices[k];
      if (column > 1)
        at.cost += spacing_cost(solver->column_x[column] - solver->column_x[column - 1],
                                solver->column_x[column - 1] - solver->column_x[column - 2], at.last_step,
                                state->last_step);
      place(solver, &at, event, i);
    }
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
static float ending_cost(const State *state, int32_t end) {
  float cost = 0;
  for (int staff = 0; staff < OMR_BAR_STAVES; staff++) {
    int32_t latest = -1;
    for (int side = 0; side < 2; side++) {
      int voice = 2 * staff + side;
      if (!(state->started >> voice & 1)) continue;
      if (state->free_at[voice] != end) cost += COST_VOICE_SHORT;
      if (state->triplet_left[voice] > 0) cost += COST_TRIPLET_LEFT;
      if (state->free_at[voice] > latest) latest = state->free_at[voice];
    }
    if (latest >= 0 && latest < end) cost += COST_SHORT;
    if (latest > end) cost += COST_LATE;
  }
  return cost;
}

static void trace_back(Solver *solver, OmrEvent *events, int32_t best) {
  for (size_t i = solver->n; i > 0; i--) {
    const State *state = &solver->states[i * BEAM + (size_t)best];
    OmrEvent *event = &events[i - 1];
    event->onset = state->now;
    event->length = state->length;
    event->voice = state->voice;
    event->triplet = state->triplet;
    best = state->parent;
  }
}

static OmrBarRhythm finish(Solver *solver, OmrEvent *events) {
  const State *last = &solver->states[solver->n * BEAM];
  OmrBarRhythm rhythm = {.cost = 1e9f};
  int32_t best = 0;
  for (int32_t i = 0; i < solver->counts[solver->n]; i++) {
    int32_t end = solver->bar_ticks ? solver->bar_ticks : end_of(&last[i]);
    float cost = last[i].cost + ending_cost(&last[i], end);
    if (cost >= rhythm.cost) continue;
    rhythm = (OmrBarRhythm){end_of(&last[i]), cost};
    best = i;
  }
  trace_back(solver, events, best);
  return rhythm;
}

BaseStatus omr_solve_bar(OmrBarRhythm *out, OmrEvent *events, size_t n, int32_t bar_ticks,
                         BaseArena *scratch) {
  BaseArenaMark mark = base_arena_mark(scratch);
  Solver solver = {.bar_ticks = bar_ticks};
  OmrEvent *moving = BASE_TAKE(scratch, OmrEvent, n + 1);
  size_t *from = BASE_TAKE(scratch, size_t, n + 1);
  if (!moving || !from) return BASE_NO_MEMORY;
  for (size_t i = 0; i < n && solver.n < OMR_BAR_EVENTS; i++) {
    if (events[i].staff < 0 || events[i].staff >= OMR_BAR_STAVES) continue;
    if (events[i].fills) {
      events[i].onset = 0;
      events[i].length = bar_ticks;
      solver.used_voices |= 1u << (2 * events[i].staff);
      continue;
    }
    from[solver.n] = i;
    moving[solver.n++] = events[i];
  }
  *out = (OmrBarRhythm){bar_ticks, 0};
  if (solver.n) {
    solver.events = moving;
    solver.states = BASE_TAKE(scratch, State, (solver.n + 1) * BEAM);
    solver.counts = BASE_TAKE(scratch, int32_t, solver.n + 1);
    solver.grown_capacity = (size_t)BEAM * 20 * 2 * 8;
    solver.grown = BASE_TAKE(scratch, State, solver.grown_capacity);
    solver.ranks = BASE_TAKE(scratch, Rank, solver.grown_capacity);
    if (!solver.states || !solver.counts || !solver.grown || !solver.ranks) {
      base_arena_reset(scratch, mark);
      return BASE_NO_MEMORY;
    }
    for (size_t i = 0; i < solver.n; i++)
      if (moving[i].column >= 0 && moving[i].column < OMR_BAR_EVENTS)
        solver.column_x[moving[i].column] = moving[i].x_px;
    solver.counts[0] = 1;
    for (size_t i = 0; i < solver.n; i++) step(&solver, i);
    *out = finish(&solver, moving);
    for (size_t i = 0; i < solver.n; i++) events[from[i]] = moving[i];
  }
  base_arena_reset(scratch, mark);
  return BASE_OK;
}
