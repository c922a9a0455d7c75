/* A place is carried to one of the passes of its bar in the other order. Which one: of all assignments in which later places
 * stay later, those that keep most, and of these the one that agrees best with where the recording seems to be; found
 * place by place (dynamic programming over place × pass). SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/flow/flow_carry.h"

#include <math.h>
#include <stdlib.h>

static const double FURTHEST_S = 30;

/* One place on one pass. */
typedef struct {
  size_t place;
  Beat quarter;
  int kept;      /* places on the best way that ends here */
  double off_s;  /* how far they are from where they seem to be, in all */
  int64_t before; /* the one before on that way; -1 */
} Choice;

typedef BASE_ARRAY(Choice) Choices;

static const ScoreStep *step_at(const ScoreUnfolded *unfolded, Beat quarter) {
  const ScoreStep *found = NULL;
  for (size_t i = 0; i < unfolded->steps.n && beat_compare(unfolded->steps.items[i].start, quarter) <= 0; i++)
    found = &unfolded->steps.items[i];
  return found;
}

static double off_of(const Alignment *alignment, const AlignmentAnchor *anchor, Beat quarter) {
  if (!alignment || !alignment->points.n) return 0;
  return fmin(FURTHEST_S, fabs(alignment_time_s(alignment, beat_double(quarter)) - anchor->time_s));
}

static bool better(const Choice *a, const Choice *b) {
  return a->kept > b->kept || (a->kept == b->kept && a->off_s < b->off_s);
}

/* The best way to it over those of earlier places. */
static void find_way(Choice *choice, const Choices *all, double off_s) {
  choice->kept = 1, choice->off_s = off_s, choice->before = -1;
  for (size_t i = 0; i < all->n; i++) {
    const Choice *earlier = &all->items[i];
    if (earlier->place == choice->place || beat_compare(earlier->quarter, choice->quarter) >= 0) continue;
    const Choice with = {.kept = earlier->kept + 1, .off_s = earlier->off_s + off_s};
    if (better(&with, choice)) choice->kept = with.kept, choice->off_s = with.off_s, choice->before = (int64_t)i;
  }
}

static bool add_choices(Choices *all, size_t place, const AlignmentAnchor *anchor, const ScoreUnfolded *from,
                        const ScoreUnfolded *to, const Alignment *alignment) {
  const ScoreStep *step = step_at(from, anchor->quarter);
  const size_t earlier = all->n;
  Choices fresh = {0};
  bool fine = true;
  for (size_t i = 0; step && fine && i < to->steps.n; i++) {
    if (to->steps.items[i].measure != step->measure) continue;
    Choice choice = {.place = place, .quarter = beat_add(to->steps.items[i].start, beat_sub(anchor->quarter, step->start))};
    find_way(&choice, all, off_of(alignment, anchor, choice.quarter));
    fine = base_array_push(&fresh, choice);
  }
  fine = fine && base_array_reserve(all, earlier + fresh.n);
  for (size_t i = 0; fine && i < fresh.n; i++) all->items[all->n++] = fresh.items[i];
  base_array_clear(&fresh);
  return fine;
}

BaseStatus flow_carry_anchors(BaseContext *ctx, AlignmentAnchor *out, bool *kept, const AlignmentAnchor *anchors, size_t n,
                              const ScoreUnfolded *from, const ScoreUnfolded *to, const Alignment *alignment) {
  Choices all = {0};
  bool fine = true;
  for (size_t i = 0; i < n; i++) {
    out[i] = anchors[i], kept[i] = false;
    fine = fine && add_choices(&all, i, &anchors[i], from, to, alignment);
  }
  int64_t at = -1;
  for (size_t i = 0; i < all.n; i++)
    if (at < 0 || better(&all.items[i], &all.items[at])) at = (int64_t)i;
  for (; fine && at >= 0; at = all.items[at].before) {
    out[all.items[at].place].quarter = all.items[at].quarter;
    kept[all.items[at].place] = true;
  }
  base_array_clear(&all);
  return fine ? BASE_OK : base_fail_memory(ctx);
}
