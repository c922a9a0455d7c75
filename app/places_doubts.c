/* What the list "To check" holds. All reasons have one currency: how many onsets or notes a look is expected to put
 * right. Of timing that is the sum of the chances to be off around a place, since neighbours follow an anchor; chances
 * grow where the tempo jumps. Of disagreement it is the share of such notes that prove to be misread or misheard: about
 * one in two where another pitch a step or an octave away sounds instead, one in seven where a note is just missing;
 * of a note that only the ear has, the chance that the sound, played back, has it not. What the language thinks of a
 * note is a second witness, whose odds are multiplied with these; alone it is heard where it is sure. A bar that cannot
 * be counts more when others that are doubtful look like it: what is put right there is learned from.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/places.h"

#include "app/words.h"
#include "core/omr/omr_learn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { most_disagreements = 600, reach = 4, apart = 8, tempo_reach = 12 };
static const double jumpy = 0.1, jump_most = 2; /* of the chance to be off, for a tempo e times as fast as around */
static const double least_worth = 0.9, at_risk = 0.15;
static const double swapped = 0.55, alone = 0.15, bar_worth = 3, seen_share = 0.1;
static const double together_s = 0.15, believed = 0.5, unwritten = 0.05, needless = 0.5;
/* The chance of a note that was heard as written to be wrong, and that which the proof-reader reckons with; how much of its
 * odds is believed beside another witness; from which chance on it speaks up alone. */
static const double confirmed = 0.004, reckoned = 1 / 30.0, trusted = 0.5, speaks_up = 0.4;

typedef struct {
  const PlacesView *view;
  PlacesDoubt *doubts;
  gsize n, capacity;
  int last_step; /* of the last doubt */
} Doubting;

static double with_seen(const Doubting *doubting, gsize place, double worth) {
  return worth * (doubting->view->seen && doubting->view->seen[place] ? seen_share : 1);
}

static void add_doubt(Doubting *doubting, const PlacesDoubt *doubt) {
  if (doubting->n < doubting->capacity) doubting->doubts[doubting->n++] = *doubt;
}

/* Adds a doubt, or widens the last one when it goes on in the same bar. */
static void join_doubt(Doubting *doubting, const PlacesDoubt *doubt) {
  int step = words_step_at(doubting->view->unfolded, doubting->view->places[doubt->first].quarter);
  PlacesDoubt *before = doubting->n ? &doubting->doubts[doubting->n - 1] : NULL;
  if (before && before->reason == doubt->reason && step == doubting->last_step) {
    before->last = MAX(before->last, doubt->last);
    before->worth += doubt->worth;
    before->n_notes += doubt->n_notes;
    before->n_needless += doubt->n_needless;
  } else {
    add_doubt(doubting, doubt);
  }
  doubting->last_step = step;
}

/* ---- bars that cannot be ---- */

static gboolean is_said(const PlacesView *view, gsize place) {
  const TriPlace *at = &view->places[place];
  return at->state == TRI_CHECKED || at->anchor || project_mark_at(view->project, view->unfolded->onsets.items[place].onset);
}

/* The measure that is played there when it cannot be as it is written, else -1. */
static int impossible_measure(const PlacesView *view, double quarter) {
  int step = words_step_at(view->unfolded, quarter);
  int measure = step >= 0 ? view->unfolded->steps.items[step].measure : -1;
  gboolean known = measure >= 0 && (gsize)measure < view->score->measures.n;
  return known && *view->score->measures.items[measure].doubt ? measure : -1;
}

static gboolean impossible_bar(const PlacesView *view, double quarter) {
  return impossible_measure(view, quarter) >= 0;
}

/* How many notes a look at each measure may put right, what it teaches about others like it counted in. */
static float *bar_worths(const Score *score) {
  float *worths = g_new0(float, score->measures.n + 1);
  if (!omr_learn_worth(worths, score)) memset(worths, 0, score->measures.n * sizeof *worths);
  for (gsize i = 0; i < score->measures.n; i++) worths[i] = (float)bar_worth * (1 + worths[i]);
  return worths;
}

static void doubt_bars(Doubting *doubting) {
  const PlacesView *view = doubting->view;
  g_autofree float *worths = bar_worths(view->score);
  int last_step = -1;
  for (gsize i = 0; i < view->unfolded->onsets.n; i++) {
    const TriPlace *place = &view->places[i];
    const int step = words_step_at(view->unfolded, place->quarter);
    if (is_said(view, i) || !impossible_bar(view, place->quarter)) continue;
    if (step == last_step && doubting->n) {
      doubting->doubts[doubting->n - 1].last = i;
      continue;
    }
    last_step = step;
    add_doubt(doubting, &(PlacesDoubt){.first = i,
                                       .last = i,
                                       .reason = PLACES_RHYTHM,
                                       .worth = with_seen(doubting, i, (double)worths[impossible_measure(view, place->quarter)]),
                                       .sound = -1,
                                       .midi = -1});
  }
}

/* ---- timing ---- */

static int compare_numbers(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median_around(const double *values, gsize n, gsize at) {
  double near[2 * tempo_reach + 1];
  const gsize from = at > tempo_reach ? at - tempo_reach : 0, to = MIN(at + tempo_reach + 1, n);
  memcpy(near, values + from, (to - from) * sizeof *near);
  qsort(near, to - from, sizeof *near, compare_numbers);
  return near[(to - from) / 2];
}

/* How far, as a logarithm, the tempo after each place is from that around. */
static void measure_jumps(double *jump, const TriPlace *places, gsize n) {
  double *tempo = g_new0(double, n + 1);
  for (gsize i = 0; i + 1 < n; i++)
    tempo[i] = log(fmax(places[i + 1].time_s - places[i].time_s, 1e-3) /
                   fmax(places[i + 1].quarter - places[i].quarter, 1e-6));
  for (gsize i = 0; i + 1 < n; i++) jump[i] = fabs(tempo[i] - median_around(tempo, n - 1, i));
  g_free(tempo);
}

/* The chance of each place to be off. */
static double *risks(const PlacesView *view, gsize n) {
  double *risk = g_new0(double, n + 1), *jump = g_new0(double, n + 1);
  measure_jumps(jump, view->places, n);
  for (gsize i = 0; i < n; i++) {
    const TriPlace *place = &view->places[i];
    const double most = i > 0 ? fmax(jump[i], jump[i - 1]) : jump[i];
    if (is_said(view, i)) continue;
    risk[i] = fmin(1, 1 - place->confidence + jumpy * fmin(most, jump_most));
  }
  g_free(jump);
  return risk;
}

static double risk_around(const double *risk, gsize n, gsize at) {
  double sum = 0;
  for (gsize j = at > reach ? at - reach : 0; j < n && j <= at + reach; j++) sum += risk[j];
  return sum;
}

static gboolean anchor_near(const PlacesView *view, gsize n, gsize at) {
  for (gsize j = at > reach ? at - reach : 0; j < n && j <= at + reach; j++)
    if (view->places[j].anchor) return TRUE;
  return FALSE;
}

static PlacesDoubt timing_doubt(const PlacesView *view, const double *risk, gsize n, gsize at, double worth) {
  gsize last = at;
  for (gsize j = at; j < n && j <= at + reach; j++)
    if (risk[j] > at_risk) last = j;
  return (PlacesDoubt){.first = at,
                       .last = last,
                       .reason = PLACES_TIMING,
                       .worth = worth,
                       .error_s = places_error_s(view->places[at].confidence),
                       .sound = -1,
                       .midi = -1};
}

/* The places where an anchor would help most, one after another, each far from those before. */
static void doubt_timing(Doubting *doubting, gsize most) {
  const PlacesView *view = doubting->view;
  const gsize n = view->unfolded->onsets.n;
  double *risk = risks(view, n), *worth = g_new0(double, n + 1);
  for (gsize i = 0; i < n; i++)
    if (!is_said(view, i) && !impossible_bar(view, view->places[i].quarter))
      worth[i] = with_seen(doubting, i, risk_around(risk, n, i) * (anchor_near(view, n, i) ? believed : 1));
  for (gsize found = 0; found < most; found++) {
    gsize best = 0;
    for (gsize i = 1; i < n; i++)
      if (worth[i] > worth[best]) best = i;
    if (worth[best] < least_worth) break;
    const PlacesDoubt doubt = timing_doubt(view, risk, n, best, worth[best]);
    add_doubt(doubting, &doubt);
    for (gsize i = best > apart ? best - apart : 0; i < n && i <= best + apart; i++) worth[i] = 0;
  }
  g_free(worth);
  g_free(risk);
}

/* ---- what the language says ---- */

static double logit(double chance) {
  const double p = CLAMP(chance, 1e-4, 1 - 1e-4);
  return log(p / (1 - p));
}

/* The chance that a fact is wrong by what is known and what the proof-reader says. */
static double together(double known, double suspected) {
  const double odds = logit(known) + (suspected > 0 ? trusted * (logit(suspected) - logit(reckoned)) : 0);
  return 1 / (1 + exp(-odds));
}

static FlowSuspicion suspicion_of(const PlacesView *view, gsize sound) {
  return view->suspicions ? view->suspicions[view->unfolded->sounds.items[sound].note] : (FlowSuspicion){0};
}

/* One flag a sound: what was played says something about it. */
static guint8 *find_heard(const PlacesView *view) {
  guint8 *heard = g_new0(guint8, view->unfolded->sounds.n + 1);
  for (gsize i = 0; view->alignment && i < view->alignment->links.n; i++) {
    const AlignmentLink *link = &view->alignment->links.items[i];
    if (link->sound >= 0 && (gsize)link->sound < view->unfolded->sounds.n)
      heard[link->sound] = link->verdict == ALIGNMENT_MATCH ? 1 : 2;
  }
  return heard;
}

static double unlikely(const PlacesView *view, gsize sound, guint8 heard) {
  const FlowSuspicion suspicion = suspicion_of(view, sound);
  if (!heard) return fmax((double)suspicion.pitch, (double)suspicion.rhythm);
  return heard == 2 ? 0 : fmax(together(confirmed, suspicion.pitch), together(reckoned, suspicion.rhythm));
}

/* Notes that look wrong, on each page once; those that were not heard speak for themselves. */
static void doubt_unlikely(Doubting *doubting) {
  const PlacesView *view = doubting->view;
  g_autofree guint8 *heard = find_heard(view);
  for (gsize i = 0; view->suspicions && i < view->unfolded->onsets.n; i++) {
    const ScoreOnset *onset = &view->unfolded->onsets.items[i];
    if (is_said(view, i) || impossible_bar(view, view->places[i].quarter)) continue;
    for (gsize sound = onset->first; sound < onset->first + onset->n; sound++) {
      const double chance = unlikely(view, sound, heard[sound]);
      const int step = view->unfolded->sounds.items[sound].step;
      if (chance < speaks_up || view->unfolded->steps.items[step].pass > 1) continue;
      join_doubt(doubting, &(PlacesDoubt){i, i, PLACES_UNLIKELY, with_seen(doubting, i, chance), 0, 1, 0, (int)sound,
                                          view->unfolded->sounds.items[sound].midi});
    }
  }
}

/* ---- disagreement ---- */

/* A note that only one side has. */
typedef struct {
  PlacesDoubt doubt;
  double time_s, confidence;
  double sounding; /* the chance that it was played at all; negative: nobody asked */
  gboolean paired; /* with one of the other side */
} Lonely;

static const MotionNote *note_by_id(const Motion *motion, guint32 id) {
  for (gsize i = 0; motion && i < motion->notes.n; i++)
    if (motion->notes.items[i].id == id) return &motion->notes.items[i];
  return NULL;
}

/* A sound of the score that was not found; FALSE when that says nothing. */
static gboolean not_heard(Lonely *lonely, const PlacesView *view, const AlignmentLink *link) {
  if (link->verdict != ALIGNMENT_NOT_PLAYED || link->sound < 0 ||
      (gsize)link->sound >= view->unfolded->sounds.n)
    return FALSE;
  gsize place = places_of_sound(view->unfolded, (gsize)link->sound);
  if (project_mark_at(view->project, view->unfolded->onsets.items[place].onset)) return FALSE;
  *lonely = (Lonely){.doubt = {place, place, PLACES_NOT_HEARD, 0, 0, 1, 0, link->sound,
                               view->unfolded->sounds.items[link->sound].midi},
                     .time_s = view->places[place].time_s,
                     .confidence = link->confidence,
                     .sounding = -1};
  return TRUE;
}

/* A note that was heard and is not in the score. */
static gboolean not_written(Lonely *lonely, const PlacesView *view, const AlignmentLink *link) {
  const MotionNote *note = link->verdict == ALIGNMENT_EXTRA ? note_by_id(view->motion, link->note) : NULL;
  if (!note || project_mark_of_note(view->project, note->onset_s, note->midi)) return FALSE;
  gsize place = places_before(view->places, view->unfolded->onsets.n, note->onset_s + 0.03);
  if (view->places[place].state == TRI_CHECKED) return FALSE;
  *lonely = (Lonely){.doubt = {place, place, PLACES_NOT_WRITTEN, 0, 0, 1, 0, -1, note->midi},
                     .time_s = note->onset_s,
                     .confidence = fmin(note->confidence, link->confidence),
                     .sounding = view->sounding ? (double)view->sounding[note - view->motion->notes.items] : -1};
  lonely->doubt.n_needless = lonely->sounding >= 0 && lonely->sounding < needless;
  return lonely->confidence >= believed;
}

static int compare_by_place(const void *a, const void *b) {
  const Lonely *x = a, *y = b;
  if (x->doubt.first != y->doubt.first) return x->doubt.first < y->doubt.first ? -1 : 1;
  return x->doubt.midi - y->doubt.midi;
}

static gsize collect(Lonely *out, const PlacesView *view,
                     gboolean (*test)(Lonely *, const PlacesView *, const AlignmentLink *)) {
  gsize n = 0;
  for (gsize i = 0; i < view->alignment->links.n && n < most_disagreements; i++)
    n += test(&out[n], view, &view->alignment->links.items[i]);
  qsort(out, n, sizeof *out, compare_by_place);
  return n;
}

static gboolean is_swap(const Lonely *written, const Lonely *heard) {
  const int away = abs(written->doubt.midi - heard->doubt.midi);
  return !heard->paired && (away == 1 || away == 2 || away == 12) && fabs(written->time_s - heard->time_s) < together_s;
}

/* One note of another pitch in place of one that is written: most likely the one is meant by the other. */
static void pair_swaps(Lonely *written, gsize n, Lonely *heard, gsize m) {
  gsize from = 0;
  for (gsize i = 0; i < n; i++) {
    while (from < m && heard[from].time_s < written[i].time_s - together_s) from++;
    for (gsize j = from; j < m && !written[i].paired && heard[j].doubt.first <= written[i].doubt.first + 1; j++)
      if (is_swap(&written[i], &heard[j])) written[i].paired = heard[j].paired = TRUE;
  }
}

/* That a look puts something right: a note that sounds may be missing in the score, one that does not was misheard. */
static double chance_of(const Lonely *lonely) {
  if (lonely->sounding >= 0) return 1 - lonely->sounding * (1 - unwritten);
  return (lonely->paired ? swapped : alone) * lonely->confidence;
}

static void add_lonely(Doubting *doubting, const Lonely *lonely, gsize n, gboolean paired_too) {
  for (gsize i = 0; i < n; i++) {
    if (lonely[i].paired && !paired_too) continue;
    PlacesDoubt doubt = lonely[i].doubt;
    const double chance = chance_of(&lonely[i]);
    const double suspected = doubt.sound >= 0 ? (double)suspicion_of(doubting->view, (gsize)doubt.sound).pitch : 0;
    doubt.worth = with_seen(doubting, doubt.first, together(chance, suspected));
    join_doubt(doubting, &doubt);
  }
}

static void doubt_notes(Doubting *doubting) {
  Lonely *written = g_new0(Lonely, most_disagreements + 1), *heard = g_new0(Lonely, most_disagreements + 1);
  const gsize n = collect(written, doubting->view, not_heard), m = collect(heard, doubting->view, not_written);
  pair_swaps(written, n, heard, m);
  add_lonely(doubting, written, n, TRUE);
  add_lonely(doubting, heard, m, FALSE);
  g_free(written);
  g_free(heard);
}

/* ---- the list ---- */

static int compare_doubts(const void *a, const void *b) {
  const PlacesDoubt *x = a, *y = b;
  if (x->worth != y->worth) return x->worth > y->worth ? -1 : 1;
  return x->first < y->first ? -1 : x->first > y->first;
}

gsize places_doubts(PlacesDoubt *doubts, gsize most, const PlacesView *view) {
  gsize n = view->unfolded->onsets.n;
  if (n == 0) return 0;
  Doubting doubting = {.view = view, .capacity = n + 2 * most_disagreements + view->unfolded->sounds.n + most, .last_step = -1};
  doubting.doubts = g_new(PlacesDoubt, doubting.capacity);
  if (view->alignment) doubt_notes(&doubting);
  doubt_bars(&doubting);
  doubt_unlikely(&doubting);
  if (view->alignment) doubt_timing(&doubting, most);
  qsort(doubting.doubts, doubting.n, sizeof *doubts, compare_doubts);
  gsize found = MIN(doubting.n, most);
  memcpy(doubts, doubting.doubts, found * sizeof *doubts);
  g_free(doubting.doubts);
  return found;
}
