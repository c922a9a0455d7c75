/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Solved bars by what they were solved from. Most of a document is as it was when a page comes in or a person
 * puts a note right, and solving is what assembling costs. Bars are compared field by field; the hash only
 * finds them. */
#include "core/omr/omr_assembly.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4096, MOST_BARS = 20000 };

typedef struct Bar {
  struct Bar *next;
  OmrEvent *before, *after; /* n each, one block with the bar */
  size_t n;
  int32_t ticks;
  OmrTaste taste;
  OmrBarRhythm rhythm;
  OmrWays ways; /* n 0: nobody asked for them */
} Bar;

struct OmrBars {
  Bar *slots[SLOTS];
  size_t n;
};

OmrBars *omr_bars_new(void) {
  return calloc(1, sizeof(OmrBars));
}

static void free_bar(Bar *bar) {
  if (bar) free(bar->ways.placed);
  free(bar);
}

static void forget(OmrBars *bars) {
  for (size_t i = 0; i < SLOTS; i++)
    for (Bar *bar = bars->slots[i], *next; bar; bar = next) {
      next = bar->next;
      free_bar(bar);
    }
  memset(bars->slots, 0, sizeof bars->slots);
  bars->n = 0;
}

void omr_bars_free(OmrBars *bars) {
  if (bars) forget(bars);
  free(bars);
}

static uint64_t mix(uint64_t hash, uint64_t word) {
  return (hash ^ word) * 1099511628211u;
}

static size_t slot_of(const OmrEvent *events, size_t n, int32_t ticks) {
  uint64_t hash = mix(mix(1469598103934665603u, (uint64_t)n), (uint32_t)ticks);
  for (size_t i = 0; i < n; i++) {
    uint32_t x;
    memcpy(&x, &events[i].x_sp, sizeof x);
    hash = mix(mix(hash, x), (uint64_t)(uint32_t)events[i].ticks << 8 | (uint8_t)events[i].staff);
  }
  return (size_t)(hash >> 20) % SLOTS;
}

static bool same_event(const OmrEvent *a, const OmrEvent *b) {
  return a->x_sp == b->x_sp && a->staff == b->staff && a->group == b->group && a->ticks == b->ticks &&
         a->other_ticks == b->other_ticks && a->other_price == b->other_price &&
         a->out_price == b->out_price && a->stem == b->stem && a->rest == b->rest && a->dotted == b->dotted &&
         a->faint_dot == b->faint_dot && a->unsure == b->unsure && a->threes == b->threes &&
         a->marked == b->marked && a->fixed == b->fixed && a->only_voice == b->only_voice &&
         a->only_tuplet == b->only_tuplet && a->fills == b->fills;
}

/* What a bar is solved from. */
typedef struct {
  const OmrEvent *events;
  size_t n;
  int32_t ticks;
  OmrTaste taste;
} Question;

static const Bar *find(const OmrBars *bars, size_t slot, const Question *q, bool with_ways) {
  for (const Bar *bar = bars->slots[slot]; bar; bar = bar->next) {
    bool same = bar->n == q->n && bar->ticks == q->ticks && (bar->ways.n || !with_ways) &&
                memcmp(&bar->taste, &q->taste, sizeof q->taste) == 0;
    for (size_t i = 0; same && i < q->n; i++) same = same_event(&bar->before[i], &q->events[i]);
    if (same) return bar;
  }
  return NULL;
}

/* A bar with room for its events, `before` filled; null without memory, which only costs time. */
static Bar *start_bar(const Question *q) {
  Bar *bar = malloc(sizeof *bar + 2 * q->n * sizeof *q->events);
  if (!bar) return NULL;
  *bar = (Bar){.before = (OmrEvent *)(bar + 1), .n = q->n, .ticks = q->ticks, .taste = q->taste};
  bar->after = bar->before + q->n;
  if (q->n) memcpy(bar->before, q->events, q->n * sizeof *q->events);
  return bar;
}

/* False without memory. */
static bool keep_ways(Bar *bar, const OmrWays *ways) {
  size_t n = (size_t)ways->n * ways->events;
  OmrPlaced *placed = malloc((n + 1) * sizeof *placed);
  if (!placed) return false;
  if (n) memcpy(placed, ways->placed, n * sizeof *placed);
  bar->ways = *ways;
  bar->ways.placed = placed;
  return true;
}

static void keep(OmrBars *bars, Bar *bar, size_t slot, const OmrEvent *events, const OmrBarRhythm *rhythm) {
  if (bars->n >= MOST_BARS) forget(bars);
  if (bar->n) memcpy(bar->after, events, bar->n * sizeof *events);
  bar->rhythm = *rhythm;
  bar->next = bars->slots[slot];
  bars->slots[slot] = bar;
  bars->n++;
}

BaseStatus omr_bars_solve(OmrBars *bars, OmrBarRhythm *out, OmrWays *ways, OmrEvent *events, size_t n, int32_t bar_ticks,
                          const OmrTaste *taste, BaseArena *scratch) {
  Question question = {.events = events, .n = n, .ticks = bar_ticks};
  if (taste) question.taste = *taste;
  size_t slot = bars ? slot_of(events, n, bar_ticks) : 0;
  const Bar *known = bars ? find(bars, slot, &question, ways != NULL) : NULL;
  if (known) {
    if (n) memcpy(events, known->after, n * sizeof *events);
    *out = known->rhythm;
    if (ways) *ways = known->ways;
    return BASE_OK;
  }
  Bar *bar = bars ? start_bar(&question) : NULL;
  BaseStatus status = omr_solve_bar(out, events, n, bar_ticks, &(OmrRhythmParams){.taste = taste, .ways = ways}, scratch);
  if (bar && status == BASE_OK && (!ways || keep_ways(bar, ways)))
    keep(bars, bar, slot, events, out);
  else
    free_bar(bar);
  return status;
}
