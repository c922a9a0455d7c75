/* The rhythm of bars by hand. SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/check.h"

#include "core/base/base_rng.h"
#include "core/omr/omr_assembly.h"

#include <stdlib.h>

static OmrEvent event(float x, int staff_index, int ticks, uint8_t stem_kind) {
  return (OmrEvent){.x_sp = x,
                    .staff = staff_index,
                    .group = -1,
                    .ticks = ticks,
                    .stem = stem_kind,
                    .dotted = ticks == 144 || ticks == 72 || ticks == 36};
}

static OmrBarRhythm solve(OmrEvent *events, size_t n, int ticks) {
  OmrBarRhythm rhythm = {0};
  BaseArena *arena = base_arena_new(0);
  CHECK(omr_solve_bar(&rhythm, events, n, ticks, NULL, arena) == BASE_OK);
  base_arena_free(arena);
  return rhythm;
}

static void bars_that_add_up_cost_nothing(void) {
  OmrEvent events[] = {event(0, 0, 96, 1),  event(0, 1, 192, 2),  event(5, 0, 96, 1),
                       event(10, 0, 96, 1), event(10, 1, 192, 2), event(15, 0, 96, 1)};
  OmrBarRhythm rhythm = solve(events, 6, 384);
  CHECK_SAYING(rhythm.cost < 0.6f, "%f", (double)rhythm.cost);
  CHECK_SAYING(rhythm.margin > 0.5f, "%f", (double)rhythm.margin);
  static const int onsets[] = {0, 0, 96, 192, 192, 288};
  for (int i = 0; i < 6; i++) CHECK(events[i].onset == onsets[i] && events[i].length == events[i].ticks);
}

static void two_voices_share_a_staff(void) {
  OmrEvent events[] = {event(0, 0, 192, 1), event(0, 0, 96, 2), event(5, 0, 96, 2), event(10, 0, 96, 1),
                       event(10, 0, 96, 2)};
  OmrBarRhythm rhythm = solve(events, 5, 288);
  CHECK(rhythm.cost < 0.6f && rhythm.ticks == 288);
  CHECK(events[0].voice == 0 && events[1].voice == 1 && events[2].voice == 1);
  CHECK(events[2].onset == 96 && events[3].onset == 192 && events[4].onset == 192);
}

/* A second that has to step aside for the other voice still sounds with it. */
static void voices_that_step_aside_sound_together(void) {
  OmrEvent events[] = {event(0, 0, 192, 2), event(1.3f, 0, 72, 1), event(0, 1, 96, 1),
                       event(6, 0, 24, 1),  event(8, 0, 96, 1),    event(8, 1, 96, 1)};
  OmrEvent sorted[] = {events[0], events[2], events[1], events[3], events[4], events[5]};
  solve(sorted, 6, 192);
  CHECK(sorted[0].onset == 0 && sorted[1].onset == 0 && sorted[2].onset == 0);
  CHECK(sorted[3].onset == 72 && sorted[4].onset == 96 && sorted[5].onset == 96);
}

/* What stands under one beam stays together, though a quarter may as well go between. */
static void beams_keep_their_voice(void) {
  OmrEvent events[6];
  for (int i = 0; i < 4; i++)
    events[i + (i > 1)] = event(2 * (float)i, 0, 24, 1), events[i + (i > 1)].group = 3;
  events[2] = event(3, 0, 96, 1), events[2].out_price = 0.9f;
  events[5] = event(8, 0, 96, 1);
  solve(events, 6, 192);
  CHECK(events[0].onset == 0 && events[1].onset == 24 && events[3].onset == 48 && events[4].onset == 72);
  CHECK(events[2].left_out && events[5].onset == 96 && !events[5].left_out);
}

static void unmarked_triplets_are_found(void) {
  OmrEvent events[6];
  for (int i = 0; i < 6; i++)
    events[i] = event(3 * (float)i, 1, 48, 1), events[i].threes = true, events[i].group = i / 3;
  OmrEvent all[8] = {event(0, 0, 96, 1), events[0], events[1], events[2],
                     event(9, 0, 96, 1), events[3], events[4], events[5]};
  OmrBarRhythm rhythm = solve(all, 8, 192);
  CHECK(rhythm.cost < 2);
  for (int i = 0; i < 8; i++)
    if (all[i].staff == 1)
      CHECK_SAYING(all[i].triplet && all[i].length == 32, "event %d lasts %d", i, all[i].length);
}

/* A stain beside one note of a triplet is no dot. */
/* A bar of unknown length tells nothing of its triplets; the figure over them does. */
static void a_figure_makes_a_triplet(void) {
  for (int marked = 0; marked < 2; marked++) {
    OmrEvent events[4];
    for (int i = 0; i < 3; i++)
      events[i] = event(3 * (float)i, 0, 48, 1), events[i].threes = true, events[i].group = 0,
      events[i].marked = marked;
    events[3] = event(9, 0, 96, 1);
    OmrBarRhythm rhythm = solve(events, 4, 0);
    CHECK_SAYING(rhythm.ticks == (marked ? 192 : 240), "%d ticks", rhythm.ticks);
    for (int i = 0; i < 3; i++) CHECK(events[i].triplet == (marked == 1));
  }
}

static void a_stain_breaks_no_triplet(void) {
  OmrEvent all[8];
  size_t n = 0;
  for (int i = 0; i < 6; i++) {
    if (i % 3 == 0) all[n++] = event(2.5f * (float)i, 0, 96, 1);
    all[n] = event(2.5f * (float)i, 1, i == 4 ? 72 : 48, 1);
    all[n].threes = true;
    all[n++].group = i / 3;
  }
  solve(all, n, 192);
  for (size_t i = 0; i < n; i++)
    if (all[i].staff == 1)
      CHECK_SAYING(all[i].triplet && all[i].length == 32, "event %zu lasts %d", i, all[i].length);
}

static void a_missing_dot_is_supplied(void) {
  OmrEvent all[] = {event(0, 0, 96, 1), event(0, 1, 48, 1),     event(3.5f, 1, 48, 1),
                    event(7, 1, 48, 1), event(10.5f, 0, 48, 1), event(10.5f, 1, 48, 1)};
  OmrBarRhythm rhythm = solve(all, 6, 192);
  CHECK(all[0].length == 144 && all[4].onset == 144 && rhythm.cost > 0.5f && rhythm.cost < 3);
}

static void too_many_beats_are_dear(void) {
  OmrEvent events[5];
  for (int i = 0; i < 5; i++) events[i] = event(5 * (float)i, 0, 96, 1);
  CHECK(solve(events, 5, 384).cost > 1.4f);
  CHECK(solve(events, 5, 480).cost < 0.7f);
  CHECK(solve(events, 0, 384).cost <= 0);
}

/* Every bar of a few random events gets finite, ordered onsets. */
static void any_events_are_solved(void) {
  BaseRng rng = base_rng(7, 0);
  static const int values[] = {6, 12, 24, 36, 48, 72, 96, 144, 192, 384};
  for (int round = 0; round < 60; round++) {
    OmrEvent events[24];
    size_t n = 1 + base_rng_below(&rng, 24);
    int column = 0;
    for (size_t i = 0; i < n; i++) {
      column += i && base_rng_below(&rng, 2);
      events[i] = event(2 * (float)column, (int)base_rng_below(&rng, 3), values[base_rng_below(&rng, 10)],
                        (uint8_t)base_rng_below(&rng, 3));
      events[i].fills = base_rng_below(&rng, 20) == 0;
      events[i].group = (int)base_rng_below(&rng, 6) - 3;
      if (events[i].group < 0) events[i].group = -1;
      events[i].out_price = (float)base_rng_below(&rng, 3);
    }
    solve(events, n, base_rng_below(&rng, 2) ? 288 : 0);
    for (size_t i = 0; i < n; i++)
      CHECK(events[i].onset >= 0 && events[i].length >= 0 && events[i].voice < 2);
    for (size_t i = 1; i < n; i++)
      CHECK(events[i].fills || events[i - 1].fills || events[i].onset >= events[i - 1].onset);
  }
}

/* The cheapest way is the solution, the next one its margin away; no two sound alike. */
static void ways_are_different_and_in_order(void) {
  OmrEvent events[] = {event(0, 0, 96, 1), event(5, 0, 48, 1), event(9, 0, 96, 1), event(12, 0, 48, 1)};
  BaseArena *arena = base_arena_new(0);
  OmrBarRhythm rhythm;
  OmrWays ways = {0};
  CHECK(omr_solve_bar(&rhythm, events, 4, 384, &(OmrRhythmParams){.ways = &ways}, arena) == BASE_OK);
  CHECK(ways.n > 3 && ways.events == 4 && ways.cost[0] == rhythm.cost);
  CHECK(ways.cost[1] - ways.cost[0] == rhythm.margin);
  for (int k = 1; k < ways.n; k++) {
    CHECK(ways.cost[k] >= ways.cost[k - 1]);
    for (int other = 0; other < k; other++) {
      const OmrPlaced *a = ways.placed + 4 * k, *b = ways.placed + 4 * other;
      bool differ = false;
      for (int i = 0; i < 4; i++)
        differ |= a[i].onset != b[i].onset || a[i].length != b[i].length || a[i].left_out != b[i].left_out;
      CHECK_SAYING(differ, "ways %d and %d", k, other);
    }
  }
  OmrEvent second[4];
  for (int i = 0; i < 4; i++) second[i] = events[i];
  omr_take_way(second, 4, &ways, 1);
  for (int i = 0; i < 4; i++) CHECK(second[i].onset == ways.placed[4 + i].onset && events[i].onset == ways.placed[i].onset);
  base_arena_free(arena);
}

static int by_place(const void *a, const void *b) {
  const OmrEvent *left = a, *right = b;
  return left->x_sp < right->x_sp ? -1 : left->x_sp > right->x_sp;
}

/* Half notes that stand aside seem to sound alone at first: that no time is left for the sixteenths then has to be seen
 * before the end of the bar. */
static void what_follows_needs_its_time(void) {
  enum { HALVES = 4, DOTTED = 8, RUN = 16, SPECKS = 2, ALL = HALVES + DOTTED + RUN + SPECKS };
  static const float halves[HALVES] = {0, 0.1f, 21.1f, 21.2f};
  static const float dotted[DOTTED] = {2.1f, 9.4f, 11.6f, 18.6f, 21.4f, 28.0f, 30.2f, 36.9f};
  OmrEvent events[ALL];
  for (int i = 0; i < HALVES; i++) events[i] = event(halves[i], 0, 192, i ? 2 : 1), events[i].out_price = 2.2f;
  for (int i = 0; i < DOTTED; i++) {
    events[HALVES + i] = event(dotted[i], 0, i % 2 ? 24 : 72, i < 4 ? 2 : 1);
    events[HALVES + i].group = 10 + i / 4, events[HALVES + i].out_price = 3;
  }
  for (int i = 0; i < RUN; i++) {
    events[HALVES + DOTTED + i] = event(2.05f + 2.4f * (float)i, 1, 24, 1);
    events[HALVES + DOTTED + i].group = 1, events[HALVES + DOTTED + i].out_price = 3;
  }
  for (int i = 0; i < SPECKS; i++) {
    events[ALL - 1 - i] = event(i ? 3.4f : 24.6f, 0, 48, 0);
    events[ALL - 1 - i].rest = true, events[ALL - 1 - i].out_price = 0.9f;
  }
  qsort(events, ALL, sizeof *events, by_place);
  solve(events, ALL, 384);
  int onset = 0;
  for (int i = 0; i < ALL; i++) {
    if (events[i].staff == 0) continue;
    CHECK_SAYING(events[i].onset == onset && !events[i].left_out, "%d for %d", events[i].onset, onset);
    onset += 24;
  }
}

static void add_bar(OmrAssembly *assembly, OmrEvent *events, size_t n, int32_t ticks) {
  OmrBarRhythm rhythm = solve(events, n, ticks);
  OmrMeasure measure = {.first = assembly->events.n, .n = n, .ticks = ticks, .cost = rhythm.cost, .margin = rhythm.margin};
  for (size_t i = 0; i < n; i++) CHECK(base_array_push(&assembly->events, events[i]));
  CHECK(base_array_push(&assembly->measures, measure));
}

/* A dot is missing, and where it is missing the other bars tell. */
static void rhythms_seen_elsewhere_tell(bool seen, int second) {
  OmrAssembly assembly = {.staves = 1, .arena = base_arena_new(0), .bars = omr_bars_new()};
  for (int k = 0; k < 4; k++) {
    OmrEvent clear[] = {event(0, 0, 96, 1), event(5, 0, 48, 1), event(9, 0, seen ? 144 : 96, 1), event(14, 0, 48, 1)};
    add_bar(&assembly, clear, seen ? 3 : 4, 288);
  }
  OmrEvent doubtful[] = {event(0, 0, 96, 1), event(5, 0, 48, 1), event(9, 0, 96, 1)};
  add_bar(&assembly, doubtful, 3, 288);
  for (int again = 0; again < 2; again++) {
    CHECK(omr_solve_in_context(NULL, &assembly) == BASE_OK);
    const OmrEvent *solved = assembly.events.items + assembly.measures.items[4].first;
    CHECK_SAYING(solved[1].onset == second, "%d", solved[1].onset);
  }
  omr_assembly_clear(&assembly);
  omr_bars_free(assembly.bars);
  base_arena_free(assembly.arena);
}

static void bars_learn_from_others(void) {
  rhythms_seen_elsewhere_tell(true, 96);
  rhythms_seen_elsewhere_tell(false, 144);
}

CHECK_MAIN({CASE(bars_that_add_up_cost_nothing)}, {CASE(two_voices_share_a_staff)},
           {CASE(voices_that_step_aside_sound_together)}, {CASE(beams_keep_their_voice)},
           {CASE(unmarked_triplets_are_found)}, {CASE(a_figure_makes_a_triplet)},
           {CASE(a_stain_breaks_no_triplet)}, {CASE(a_missing_dot_is_supplied)},
           {CASE(too_many_beats_are_dear)}, {CASE(any_events_are_solved)}, {CASE(ways_are_different_and_in_order)},
           {CASE(what_follows_needs_its_time)}, {CASE(bars_learn_from_others)})
