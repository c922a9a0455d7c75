/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A beam search over the events of a bar from left to right. A state knows when each voice becomes free and
 * which beam it is under. An event joins the column before it, or starts a new one where some voice becomes
 * free; it takes one of two voices of its staff, and lasts as printed or, at a price, a dot, a flag or a
 * triplet differently; doubtful ones may be left out. Chords under one beam follow each other in one voice.
 * Voices that neither leave gaps nor overlap, that end together with the bar, notes that start where their
 * value likes to start, and columns whose distances on paper grow with their distances in time are cheap. States that
 * leave too little time for what follows are kept only while they are cheaper by what that is likely to cost. The
 * cheapest way through the bar is its rhythm, the distance to the next cheapest its margin. */
#include "core/omr/omr_rhythm_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TOGETHER   1.0f /* staff spaces: chords of one column */
#define AHEAD_EACH 3.0f /* for each quarter that does not fit into the bar … */
#define AHEAD_MOST 3.0f

enum { SEEN = 1024, TIMES = 24, GROWN = 40000, FOR_MARGIN = 2 /* ways that tell it */ };

static float bound_of(const OmrState *state) {
  return state->cost + state->ahead;
}

static int by_cost(const void *a, const void *b) {
  const OmrRank *ra = a, *rb = b;
  if (ra->cost != rb->cost) return ra->cost > rb->cost ? 1 : -1;
  return ra->index - rb->index;
}

static bool same_place(const OmrState *a, const OmrState *b) {
  return a->now == b->now && a->started == b->started && a->in_column == b->in_column &&
         a->columns == b->columns && memcmp(a->free_at, b->free_at, sizeof a->free_at) == 0 &&
         memcmp(a->triplet_left, b->triplet_left, sizeof a->triplet_left) == 0 &&
         memcmp(a->group, b->group, sizeof a->group) == 0;
}

static uint32_t place_hash(const OmrState *state) {
  uint32_t hash = 2166136261u ^ (uint32_t)state->now;
  for (int voice = 0; voice < OMR_VOICES; voice++) {
    hash = (hash ^ (uint16_t)state->free_at[voice]) * 16777619u;
    hash = (hash ^ (uint16_t)(state->triplet_left[voice] * 31 + state->group[voice])) * 16777619u;
  }
  hash = (hash ^ state->in_column) * 16777619u;
  return hash ^ hash >> 15;
}

/* Another way to state number `at`; those that sound alike are one. */
static void keep_detour(OmrSolver *solver, size_t at, const OmrState *state) {
  OmrDetour *detours = solver->detours + at * OMR_DETOURS;
  uint8_t *n = &solver->detoured[at];
  if (state->path == solver->states[at].path || *n == OMR_DETOURS) return;
  for (int k = 0; k < *n; k++)
    if (detours[k].path == state->path) return;
  detours[(*n)++] = (OmrDetour){state->parent, state->cost - solver->states[at].cost, state->path, state->placed};
}

/* Keeps the cheapest different states of the candidates, from number `first` on. */
static int32_t prune(OmrSolver *solver, size_t first) {
  OmrState *kept = solver->states + first;
  int16_t seen[SEEN];
  memset(seen, -1, sizeof seen);
  size_t n = 0;
  for (size_t i = 0; i < solver->grown_n; i++)
    if (bound_of(&solver->grown[i]) <= solver->cheapest + OMR_RHYTHM_MARGIN)
      solver->ranks[n++] = (OmrRank){bound_of(&solver->grown[i]), (int32_t)i};
  qsort(solver->ranks, n, sizeof *solver->ranks, by_cost);
  int32_t count = 0;
  for (size_t i = 0; i < n && count < solver->beam; i++) {
    const OmrState *state = &solver->grown[solver->ranks[i].index];
    uint32_t slot = place_hash(state) % SEEN;
    while (seen[slot] >= 0 && !same_place(&kept[seen[slot]], state)) slot = (slot + 1) % SEEN;
    if (seen[slot] >= 0) {
      keep_detour(solver, first + (size_t)seen[slot], state);
      continue;
    }
    seen[slot] = (int16_t)count;
    solver->detoured[first + (size_t)count] = 0;
    kept[count++] = *state;
  }
  return count;
}

static void grow(OmrSolver *solver, const OmrState *state) {
  float bound = bound_of(state);
  if (solver->grown_n >= GROWN || bound > solver->cheapest + OMR_RHYTHM_MARGIN) return;
  if (bound < solver->cheapest) solver->cheapest = bound;
  solver->grown[solver->grown_n++] = *state;
}

/* What it costs to start at `now` in a voice with this length. */
static float entry_price(const OmrPrices *prices, const OmrState *state, const OmrEvent *event, int voice, int32_t length) {
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
static bool beamed_elsewhere(const OmrState *state, const OmrEvent *event, int voice) {
  if (event->group < 0 || state->group[voice] == event->group) return false;
  for (int k = 0; k < OMR_VOICES; k++)
    if (state->group[k] == event->group) return true;
  return false;
}

static void decide(OmrState *state, OmrPlaced placed) {
  uint64_t word = placed.left_out ? 1 : (uint64_t)placed.onset << 32 | (uint32_t)placed.length << 1;
  state->placed = placed;
  state->path = (state->path ^ word) * 1099511628211u;
}

static int chain_of(const OmrEvent *event) {
  return 2 * event->staff + (event->stem == 2);
}

/* The price of a state in which event number `index` has ended at `end`, but what follows does not fit in any more. */
static float price_ahead(const OmrSolver *solver, const OmrState *state, size_t index, int32_t end) {
  const OmrEvent *event = &solver->events[index];
  int32_t over = 0, own = event->stem && !event->rest ? chain_of(event) : -1;
  for (int chain = 0; solver->bar_ticks && chain < OMR_VOICES; chain++) {
    int32_t need = solver->needs[index].ticks[chain];
    int32_t past = need ? need + (chain == own ? end : state->now) - solver->bar_ticks : 0;
    if (past > over) over = past;
  }
  return fminf(AHEAD_MOST, AHEAD_EACH * (float)over / OMR_TICKS);
}

/* Gives the event to each voice and length. */
static void place(OmrSolver *solver, const OmrState *from, size_t index, int32_t parent) {
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
      OmrState state = *from;
      state.cost = cost + choices[k].price + entry_price(&solver->prices, from, event, voice, choices[k].length);
      if (state.cost > solver->cheapest + OMR_RHYTHM_MARGIN) continue;
      state.free_at[voice] = (int16_t)(from->now + choices[k].length);
      int32_t left = from->triplet_left[voice];
      if (choices[k].third_of && left <= 0) left = choices[k].third_of * 2;
      state.triplet_left[voice] = (int16_t)(choices[k].third_of ? left - choices[k].length : 0);
      if (choices[k].third_of) state.triplet_staves |= (uint16_t)(1u << event->staff);
      if (!event->rest) state.group[voice] = (int16_t)(solver->beam_ends[index] ? -1 : event->group);
      state.started |= (uint16_t)(1u << voice);
      state.in_column |= (uint16_t)(1u << voice);
      state.parent = parent;
      decide(&state, (OmrPlaced){from->now, choices[k].length, (uint8_t)side, choices[k].third_of > 0, false});
      if (solver->bar_ticks && state.free_at[voice] > solver->bar_ticks) state.cost += OMR_PRICE_LATE;
      state.ahead = price_ahead(solver, &state, index, state.free_at[voice]);
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
static int times_of(int32_t *times, float *prices, const OmrSolver *solver, const OmrState *state) {
  static const int32_t steps[] = {OMR_TICKS / 4, OMR_TICKS / 2, OMR_TICKS, OMR_TICKS / 8, 3 * OMR_TICKS / 2};
  int n = 0;
  if (state->columns == 0) add_time(times, prices, &n, 0, 0);
  for (int voice = 0; voice < OMR_VOICES; voice++)
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
static OmrState move_on(const OmrState *state, int32_t now, float x) {
  OmrState moved = *state;
  moved.in_column = 0;
  moved.last_step = state->columns ? now - state->now : 0;
  moved.last_dx = state->columns ? x - state->column_x : 0;
  moved.column_x = x;
  moved.now = now;
  moved.columns++;
  for (int voice = 0; voice < OMR_VOICES; voice++)
    if (moved.started >> voice & 1 && moved.free_at[voice] < now) moved.free_at[voice] = (int16_t)(now - 1);
  return moved;
}

/* The event at the left edge of a new column. */
static void place_in_new_column(OmrSolver *solver, const OmrState *state, size_t index, int32_t parent) {
  const OmrEvent *event = &solver->events[index];
  int32_t times[TIMES];
  float prices[TIMES];
  int n = times_of(times, prices, solver, state);
  float apart = state->columns ? solver->prices.join * omr_price_of_parting(event->x_sp - state->column_x) : 0;
  for (int k = 0; k < n; k++) {
    OmrState at = move_on(state, times[k], event->x_sp);
    at.cost += prices[k] + apart;
    if (solver->bar_ticks && times[k] >= solver->bar_ticks) at.cost += OMR_PRICE_LATE;
    at.cost += solver->prices.spacing *
               omr_price_of_spacing(at.last_dx, state->last_dx, at.last_step, state->last_step);
    if (at.cost <= solver->cheapest + OMR_RHYTHM_MARGIN) place(solver, &at, index, parent);
  }
}

static void step(OmrSolver *solver, size_t index) {
  const OmrEvent *event = &solver->events[index];
  solver->grown_n = 0;
  solver->cheapest = 1e9f;
  for (int32_t i = 0; i < solver->counts[index]; i++) {
    const OmrState *state = &solver->states[index * OMR_BEAM + (size_t)i];
    if (state->columns) {
      float together = omr_price_of_joining(event, event->x_sp - state->column_x);
      OmrState joined = *state;
      joined.cost += solver->prices.join * together;
      if (together < OMR_IMPOSSIBLE) place(solver, &joined, index, i);
    }
    place_in_new_column(solver, state, index, i);
    if (event->out_price <= 0) continue;
    OmrState without = *state;
    without.cost += event->out_price * (event->rest ? solver->prices.out_rest : solver->prices.out_note);
    without.parent = i;
    without.ahead = price_ahead(solver, &without, index, without.now);
    decide(&without, (OmrPlaced){state->now, 0, 0, false, true});
    grow(solver, &without);
  }
  solver->counts[index + 1] = prune(solver, (index + 1) * OMR_BEAM);
}

static int32_t end_of(const OmrState *state) {
  int32_t end = 0;
  for (int voice = 0; voice < OMR_VOICES; voice++)
    if (state->started >> voice & 1 && state->free_at[voice] > end) end = state->free_at[voice];
  return end;
}

/* The price of voices that do not reach the end of the bar. */
static float ending_price(const OmrPrices *prices, const OmrState *state, int32_t end) {
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

static void take_way(OmrEvent *events, const OmrPlaced *placed, size_t n) {
  for (size_t i = 0; i < n; i++) {
    events[i].onset = placed[i].onset;
    events[i].length = placed[i].length;
    events[i].voice = placed[i].voice;
    events[i].triplet = placed[i].triplet;
    events[i].left_out = placed[i].left_out;
  }
}

static bool moves(const OmrEvent *event) {
  return event->staff >= 0 && event->staff < OMR_BAR_STAVES && !event->fills;
}

void omr_take_way(OmrEvent *events, size_t n, const OmrWays *ways, int32_t k) {
  const OmrPlaced *placed = ways->placed + (size_t)k * ways->events;
  for (size_t i = 0, at = 0; i < n && at < ways->events; i++)
    if (moves(&events[i])) take_way(&events[i], &placed[at++], 1);
}

static bool finish(OmrBarRhythm *rhythm, OmrWays *ways, int32_t most, OmrSolver *solver, OmrEvent *events, BaseArena *scratch) {
  const OmrState *last = &solver->states[solver->n * OMR_BEAM];
  int32_t n = solver->counts[solver->n];
  for (int32_t i = 0; i < n; i++) {
    int32_t end = solver->bar_ticks ? solver->bar_ticks : end_of(&last[i]);
    solver->ranks[i] = (OmrRank){last[i].cost + ending_price(&solver->prices, &last[i], end), i};
  }
  qsort(solver->ranks, (size_t)n, sizeof *solver->ranks, by_cost);
  if (!omr_list_ways(ways, most, solver, solver->ranks, scratch)) return false;
  *rhythm = (OmrBarRhythm){ways->ticks[0], ways->cost[0],
                           ways->n > 1 ? fminf(OMR_RHYTHM_MARGIN, ways->cost[1] - ways->cost[0]) : OMR_RHYTHM_MARGIN};
  take_way(events, ways->placed, solver->n);
  return true;
}

/* Marks the last chord of each beam. */
static void find_beam_ends(bool *ends, const OmrEvent *events, size_t n) {
  for (size_t i = 0; i < n; i++) {
    ends[i] = true;
    for (size_t k = i + 1; k < n && ends[i] && events[i].group >= 0; k++)
      ends[i] = events[k].group != events[i].group;
  }
}

/* Chords that stand together count once, those that may be of triplets as such. */
static void find_needs(OmrNeed *needs, const OmrEvent *events, size_t n) {
  float last_x[OMR_VOICES];
  OmrNeed need = {{0}};
  for (int chain = 0; chain < OMR_VOICES; chain++) last_x[chain] = 1e9f;
  for (size_t i = n; i > 0; i--) {
    const OmrEvent *event = &events[i - 1];
    needs[i - 1] = need;
    int chain = chain_of(event);
    if (event->rest || !event->stem || last_x[chain] - event->x_sp < TOGETHER) continue;
    bool triplet = event->threes || event->marked;
    need.ticks[chain] = (int16_t)(need.ticks[chain] + (triplet ? event->ticks * 2 / 3 : event->ticks));
    last_x[chain] = event->x_sp;
  }
}

/* The events that move, and where they came from; rests that fill the bar are settled at once. */
static void split_events(OmrSolver *solver, OmrEvent *moving, size_t *from, OmrEvent *events, size_t n) {
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

static bool prepare(OmrSolver *solver, const OmrEvent *moving, BaseArena *scratch) {
  bool *ends = BASE_TAKE(scratch, bool, solver->n);
  OmrNeed *needs = BASE_TAKE(scratch, OmrNeed, solver->n);
  solver->states = BASE_TAKE(scratch, OmrState, (solver->n + 1) * OMR_BEAM);
  solver->detours = BASE_TAKE(scratch, OmrDetour, (solver->n + 1) * OMR_BEAM * OMR_DETOURS);
  solver->detoured = BASE_TAKE(scratch, uint8_t, (solver->n + 1) * OMR_BEAM);
  solver->counts = BASE_TAKE(scratch, int32_t, solver->n + 1);
  solver->grown = BASE_TAKE(scratch, OmrState, GROWN);
  solver->ranks = BASE_TAKE(scratch, OmrRank, GROWN);
  if (!ends || !needs || !solver->states || !solver->detours || !solver->detoured || !solver->counts || !solver->grown || !solver->ranks) return false;
  find_beam_ends(ends, moving, solver->n);
  find_needs(needs, moving, solver->n);
  solver->needs = needs;
  solver->events = moving;
  solver->beam_ends = ends;
  solver->counts[0] = 1;
  solver->detoured[0] = 0;
  solver->states[0] = (OmrState){0};
  memset(solver->states[0].group, -1, sizeof solver->states[0].group);
  return true;
}

BaseStatus omr_solve_bar(OmrBarRhythm *out, OmrEvent *events, size_t n, int32_t bar_ticks,
                         const OmrRhythmParams *params, BaseArena *scratch) {
  BaseArenaMark mark = base_arena_mark(scratch);
  OmrSolver solver = {.bar_ticks = bar_ticks, .beam = params && params->beam ? params->beam : OMR_BEAM};
  solver.prices = omr_rhythm_prices(params ? params->taste : NULL);
  OmrEvent *moving = BASE_TAKE(scratch, OmrEvent, n + 1);
  size_t *from = BASE_TAKE(scratch, size_t, n + 1);
  if (!moving || !from) return BASE_NO_MEMORY;
  split_events(&solver, moving, from, events, n);
  *out = (OmrBarRhythm){bar_ticks, 0, OMR_RHYTHM_MARGIN};
  if (solver.n) {
    if (!prepare(&solver, moving, scratch)) {
      base_arena_reset(scratch, mark);
      return BASE_NO_MEMORY;
    }
    for (size_t i = 0; i < solver.n; i++) step(&solver, i);
    OmrWays ways;
    if (!finish(out, &ways, params && params->ways ? OMR_WAYS : FOR_MARGIN, &solver, moving, scratch)) {
      base_arena_reset(scratch, mark);
      return BASE_NO_MEMORY;
    }
    for (size_t i = 0; i < solver.n; i++) events[from[i]] = moving[i];
    if (params && params->ways) {
      *params->ways = ways;
      return BASE_OK;
    }
  }
  base_arena_reset(scratch, mark);
  return BASE_OK;
}
