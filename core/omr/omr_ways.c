/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ways through the search, backwards from its end, best first: a state's own past costs nothing more, a detour what it
 * was dearer when it was merged (the k best paths of a lattice; Soong and Huang 1991). */
#include "core/omr/omr_rhythm_search.h"

#include <string.h>

enum { MOST_STUBS = 3000, MOST_ENDS = 64 };

/* The tail of a way: its first state, with what was decided there, and the tail after that. */
typedef struct {
  float cost;
  int32_t event, state; /* before which event's decision the way is still open, and in which state */
  int32_t next;
  OmrPlaced placed;
} Stub;

typedef struct {
  Stub *stubs;
  int32_t n;
  int32_t *heap, heap_n;
} Tails;

static bool before(const Tails *tails, int32_t a, int32_t b) {
  const Stub *sa = &tails->stubs[a], *sb = &tails->stubs[b];
  if (sa->cost != sb->cost) return sa->cost < sb->cost;
  return sa->event != sb->event ? sa->event < sb->event : a < b;
}

static void sift(Tails *tails, int32_t at) {
  for (int32_t up = (at - 1) / 2; at > 0 && before(tails, tails->heap[at], tails->heap[up]); at = up, up = (at - 1) / 2) {
    int32_t other = tails->heap[at];
    tails->heap[at] = tails->heap[up], tails->heap[up] = other;
  }
}

static void add(Tails *tails, Stub stub) {
  if (tails->n >= MOST_STUBS) return;
  tails->stubs[tails->n] = stub;
  tails->heap[tails->heap_n++] = tails->n++;
  sift(tails, tails->heap_n - 1);
}

static int32_t take(Tails *tails) {
  int32_t first = tails->heap[0], last = tails->heap[--tails->heap_n], at = 0;
  for (int32_t down = 1; down < tails->heap_n; down = 2 * at + 1) {
    if (down + 1 < tails->heap_n && before(tails, tails->heap[down + 1], tails->heap[down])) down++;
    if (!before(tails, tails->heap[down], last)) break;
    tails->heap[at] = tails->heap[down], at = down;
  }
  if (tails->heap_n) tails->heap[at] = last;
  return first;
}

static void open_up(Tails *tails, const OmrSolver *solver, int32_t index) {
  Stub from = tails->stubs[index];
  size_t at = (size_t)from.event * OMR_BEAM + (size_t)from.state;
  const OmrState *state = &solver->states[at];
  add(tails, (Stub){from.cost, from.event - 1, state->parent, index, state->placed});
  for (int k = 0; k < solver->detoured[at]; k++) {
    const OmrDetour *detour = &solver->detours[at * OMR_DETOURS + (size_t)k];
    add(tails, (Stub){from.cost + detour->dearer, from.event - 1, detour->parent, index, detour->placed});
  }
}

static bool alike(const OmrPlaced *a, const OmrPlaced *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (a[i].left_out != b[i].left_out || (!a[i].left_out && (a[i].onset != b[i].onset || a[i].length != b[i].length)))
      return false;
  return true;
}

static void note_down(OmrWays *ways, const Tails *tails, const OmrSolver *solver, int32_t index) {
  OmrPlaced *to = ways->placed + (size_t)ways->n * solver->n;
  const Stub *stub = &tails->stubs[index];
  float cost = stub->cost;
  int32_t end = 0;
  for (size_t i = 0; i < solver->n; i++, stub = &tails->stubs[stub->next]) {
    to[i] = stub->placed;
    int32_t until = to[i].onset + to[i].length;
    if (!to[i].left_out && until > end) end = until;
  }
  for (int32_t k = 0; k < ways->n; k++)
    if (alike(ways->placed + (size_t)k * solver->n, to, solver->n)) return;
  ways->cost[ways->n] = cost;
  ways->ticks[ways->n++] = end;
}

bool omr_list_ways(OmrWays *ways, int32_t most, const OmrSolver *solver, const OmrRank *ranks, BaseArena *scratch) {
  Tails tails = {BASE_TAKE(scratch, Stub, MOST_STUBS), 0, BASE_TAKE(scratch, int32_t, MOST_STUBS), 0};
  ways->n = 0;
  ways->events = solver->n;
  ways->placed = BASE_TAKE(scratch, OmrPlaced, (size_t)most * solver->n + 1);
  if (!tails.stubs || !tails.heap || !ways->placed) return false;
  for (int32_t i = 0; i < solver->counts[solver->n] && i < MOST_ENDS; i++)
    add(&tails, (Stub){ranks[i].cost, (int32_t)solver->n, ranks[i].index, -1, {0}});
  while (tails.heap_n && ways->n < most) {
    int32_t index = take(&tails);
    if (tails.stubs[index].event == 0)
      note_down(ways, &tails, solver, index);
    else
      open_up(&tails, solver, index);
  }
  return true;
}
