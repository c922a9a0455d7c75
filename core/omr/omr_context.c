/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bars in the light of those around them. Music goes on as it began: a bar that is not sure of itself is solved anew with
 * triplets as cheap or dear as its neighbours make them, and of its ways those are preferred in which a staff has a
 * rhythm that it has elsewhere. Only small differences are made up for, so that what is printed clearly stays. */
#include "core/omr/omr_assembly.h"

#include <math.h>
#include <string.h>

enum { AROUND = 4, STAVES = OMR_BAR_STAVES };

#define SURE_COST   1.0f
#define SURE_MARGIN 1.0f
#define SEEN_WORTH  0.35f /* of a rhythm that some other bar has, more with each doubling */
#define SEEN_MOST   1.1f

static bool is_sure(const OmrMeasure *measure) {
  return measure->n && measure->cost <= SURE_COST && measure->margin >= SURE_MARGIN;
}

static bool wants_context(const OmrMeasure *measure) {
  return measure->n > 1 && (measure->cost > SURE_COST || measure->margin < SURE_MARGIN);
}

/* ---- triplets ---- */

static void count_triplets(const OmrAssembly *assembly, size_t index, float *triplets, float *all) {
  const OmrMeasure *measure = &assembly->measures.items[index];
  for (size_t e = measure->first; e < measure->first + measure->n; e++) {
    const OmrEvent *event = &assembly->events.items[e];
    if (event->left_out || event->fills) continue;
    *triplets += event->triplet;
    *all += 1;
  }
}

/* How dear triplets are beside bars of which that share is triplets. */
static float dearer_triplets(const OmrAssembly *assembly, size_t index) {
  float triplets = 0, all = 0;
  size_t first = index > AROUND ? index - AROUND : 0, end = index + AROUND + 1;
  for (size_t i = first; i < end && i < assembly->measures.n; i++)
    if (i != index && assembly->measures.items[i].cost < 3) count_triplets(assembly, i, &triplets, &all);
  if (all < 12) return 0;
  float share = triplets / all;
  return share > 0.4f ? -2 : share > 0.15f ? -1 : share == 0 ? 0.5f : 0;
}

/* ---- rhythms ---- */

/* A number for the rhythm of a staff in a bar; 0 when nothing sounds in it. */
static uint64_t rhythm_in(const OmrEvent *events, size_t n, int32_t staff) {
  uint64_t hash = 0;
  for (size_t i = 0; i < n; i++) {
    const OmrEvent *event = &events[i];
    if (event->staff != staff || event->left_out || event->fills || event->rest) continue;
    uint64_t word = (uint64_t)event->onset << 20 | (uint64_t)event->length;
    word = (word + 1) * 0x9E3779B97F4A7C15u;
    hash += word ^ word >> 29; /* the order of what sounds together does not matter */
  }
  return hash;
}

typedef struct {
  uint64_t rhythm;
  int32_t staff, measure;
} Seen;

typedef struct {
  Seen *items;
  size_t n;
} Rhythms;

static bool collect_rhythms(Rhythms *rhythms, const OmrAssembly *assembly) {
  rhythms->items = BASE_TAKE(assembly->arena, Seen, assembly->measures.n * (size_t)assembly->staves + 1);
  if (!rhythms->items) return false;
  for (size_t i = 0; i < assembly->measures.n; i++) {
    const OmrMeasure *measure = &assembly->measures.items[i];
    for (int32_t staff = 0; is_sure(measure) && staff < assembly->staves; staff++) {
      uint64_t rhythm = rhythm_in(assembly->events.items + measure->first, measure->n, staff);
      if (rhythm) rhythms->items[rhythms->n++] = (Seen){rhythm, staff, (int32_t)i};
    }
  }
  return true;
}

static float worth_of(const Rhythms *rhythms, const OmrEvent *events, size_t n, int32_t staves, int32_t measure) {
  float worth = 0;
  for (int32_t staff = 0; staff < staves; staff++) {
    uint64_t rhythm = rhythm_in(events, n, staff);
    int times = 0;
    for (size_t i = 0; rhythm && i < rhythms->n; i++)
      times += rhythms->items[i].rhythm == rhythm && rhythms->items[i].staff == staff && rhythms->items[i].measure != measure;
    if (times) worth += fminf(SEEN_MOST, SEEN_WORTH * (1 + log2f((float)times)));
  }
  return worth;
}

/* ---- both ---- */

static BaseStatus choose(OmrAssembly *assembly, size_t index, const OmrTaste *taste, const Rhythms *rhythms) {
  OmrMeasure *measure = &assembly->measures.items[index];
  OmrEvent *events = assembly->events.items + measure->first;
  BaseArenaMark mark = base_arena_mark(assembly->arena);
  OmrWays ways = {0};
  OmrBarRhythm rhythm;
  int32_t ticks = measure->short_by_right ? 0 : measure->ticks, best = 0;
  BaseStatus status = omr_bars_solve(assembly->bars, &rhythm, &ways, events, measure->n, ticks, taste, assembly->arena);
  if (status != BASE_OK || !ways.n) {
    base_arena_reset(assembly->arena, mark);
    return status;
  }
  float least = 1e9f, next = 1e9f;
  for (int32_t k = 0; k < ways.n; k++) {
    omr_take_way(events, measure->n, &ways, k);
    float price = ways.cost[k] - worth_of(rhythms, events, measure->n, assembly->staves, (int32_t)index);
    if (price < least) next = least, least = price, best = k;
    else if (price < next) next = price;
  }
  omr_take_way(events, measure->n, &ways, best);
  measure->cost = ways.cost[best];
  measure->margin = fminf(5, next - least);
  if (!ticks) measure->ticks = ways.ticks[best];
  base_arena_reset(assembly->arena, mark);
  return BASE_OK;
}

BaseStatus omr_solve_in_context(BaseContext *ctx, OmrAssembly *assembly) {
  Rhythms rhythms = {0};
  if (!collect_rhythms(&rhythms, assembly)) return base_fail_memory(ctx);
  for (size_t i = 0; i < assembly->measures.n; i++) {
    if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
    if (!wants_context(&assembly->measures.items[i])) continue;
    OmrTaste taste = {{0}};
    if (assembly->taste) taste = *assembly->taste;
    taste.dearer[OMR_TASTE_TRIPLET] += dearer_triplets(assembly, i);
    if (choose(assembly, i, &taste, &rhythms) != BASE_OK) return base_fail_memory(ctx);
  }
  return BASE_OK;
}
