/* bench_alignment FOLDER [PIECES [list]]: simulated recordings of real scores with the timing of real players.
 * FOLDER: a folder for each piece, with score.mxl and performance.mid. A piece's timing is that of its performance,
 * aligned undamaged; the score is then played at exactly these times, so that every onset's truth is known, and both
 * what is read and what is heard are damaged. Measured are: playing orders found (repeats left out, cuts, going back),
 * what an annotator who follows the list "To check" gains, and how many places he has to put right; and how many of its
 * first ten places are wrong indeed, without and with the language's suspicions ("list": only that,
 * of pages that are read well).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/places.h"
#include "core/base/base_rng.h"
#include "core/flow/flow.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_PIECES = 200, MOST_ANCHORS = 25, ANCHORS = 5, LISTED = 10 };

static double MISREAD = 0.04, MISSED = 0.12, INVENTED = 0.07, JITTER_S = 0.015;
static const double FAR_S = 0.25, NEAR_S = 0.1, LIST_MISREAD = 0.01;

typedef struct {
  Score *score;
  ScoreUnfolded *unfolded;
  Alignment *timing; /* of the undamaged performance */
} Piece;

static void clear_piece(Piece *piece) {
  score_free(piece->score);
  score_unfolded_free(piece->unfolded);
  alignment_free(piece->timing);
  *piece = (Piece){0};
}

static bool open_piece(Piece *piece, const char *folder) {
  char score[1200], midi[1200];
  const char *paths[] = {score};
  BaseContext ctx = {0};
  Transcription played = {0};
  snprintf(score, sizeof score, "%s/score.mxl", folder);
  snprintf(midi, sizeof midi, "%s/performance.mid", folder);
  *piece = (Piece){0};
  BaseStatus status = flow_load_score(&ctx, &piece->score, paths, 1);
  if (status == BASE_OK) status = flow_load_motion(&ctx, &played.motion, midi);
  if (status == BASE_OK) status = flow_align_heard(&ctx, &piece->unfolded, &piece->timing, piece->score, &played, NULL, 0);
  motion_free(played.motion);
  if (status == BASE_OK) return true;
  printf("  %s: %s\n", folder, ctx.sentence);
  clear_piece(piece);
  return false;
}

/* ---- damage ---- */

static Score *misread(const Score *score, BaseRng *rng) {
  Score *read = score_dup(score);
  for (size_t i = 0; i < read->notes.n; i++) {
    ScoreNote *note = &read->notes.items[i];
    if (note->kind != SCORE_NOTE || base_rng_uniform(rng) >= MISREAD) continue;
    const int step = note->step + (base_rng_uniform(rng) < 0.5 ? 1 : -1);
    note->octave = (int8_t)(note->octave + (step > 6) - (step < 0));
    note->step = (int8_t)((step + 7) % 7);
    note->ties = 0;
  }
  return read;
}

static Motion *perform(const ScoreUnfolded *unfolded, const double *time_s, BaseRng *rng) {
  Motion *motion = motion_new();
  for (size_t o = 0; o < unfolded->onsets.n; o++)
    for (size_t i = 0; i < unfolded->onsets.items[o].n; i++) {
      const int midi = unfolded->sounds.items[unfolded->onsets.items[o].first + i].midi;
      const double at_s = fmax(0, time_s[o] + JITTER_S * base_rng_normal(rng));
      if (base_rng_uniform(rng) >= MISSED) motion_add(motion, at_s, at_s + 0.3, midi, 64, 0.9F);
      if (base_rng_uniform(rng) < INVENTED)
        motion_add(motion, fmax(0, at_s + base_rng_range(rng, -0.3, 0.3)), at_s + 0.6, midi + (int)base_rng_below(rng, 25) - 12, 50, 0.7F);
    }
  motion_sort(motion);
  return motion;
}

/* ---- playing orders ---- */

typedef struct {
  int32_t *measures;
  size_t n;
} Order;

/* The moments of all onsets of `played`, whose measures last as they do in the piece. */
static double *times_of(const ScoreUnfolded *played, const Piece *piece) {
  double *time_s = malloc((played->onsets.n + 1) * sizeof *time_s), at_s = 1;
  size_t o = 0;
  for (size_t s = 0; s < played->steps.n; s++) {
    size_t base = 0;
    while (base + 1 < piece->unfolded->steps.n && piece->unfolded->steps.items[base].measure != played->steps.items[s].measure) base++;
    const double start = beat_double(played->steps.items[s].start), q0 = beat_double(piece->unfolded->steps.items[base].start);
    const double length = beat_double(piece->score->measures.items[played->steps.items[s].measure].length);
    const double from_s = alignment_time_s(piece->timing, q0);
    for (; o < played->onsets.n && (s + 1 == played->steps.n || beat_double(played->onsets.items[o].onset) < beat_double(played->steps.items[s + 1].start)); o++)
      time_s[o] = at_s + alignment_time_s(piece->timing, q0 + beat_double(played->onsets.items[o].onset) - start) - from_s;
    at_s += alignment_time_s(piece->timing, q0 + length) - from_s;
  }
  return time_s;
}

/* Without the first pass of the first section that is repeated; false when nothing is. */
static bool leave_out_repeat(Order *order, const ScoreUnfolded *written) {
  order->n = 0;
  size_t back = 1, first = 0;
  while (back < written->steps.n && written->steps.items[back].measure > written->steps.items[back - 1].measure) back++;
  if (back >= written->steps.n) return false;
  while (written->steps.items[first].measure != written->steps.items[back].measure) first++;
  for (size_t i = 0; i < written->steps.n; i++)
    if (i < first || i >= back) order->measures[order->n++] = written->steps.items[i].measure;
  return true;
}

static bool cut(Order *order, const ScoreUnfolded *written, BaseRng *rng) {
  const size_t n = written->steps.n, length = 4 + base_rng_below(rng, 12);
  if (n < 2 * length + 8) return false;
  const size_t from = 4 + base_rng_below(rng, (uint32_t)(n - length - 8));
  order->n = 0;
  for (size_t i = 0; i < n; i++)
    if (i < from || i >= from + length) order->measures[order->n++] = written->steps.items[i].measure;
  return true;
}

static bool go_back(Order *order, const ScoreUnfolded *written, BaseRng *rng) {
  const size_t n = written->steps.n, length = 4 + base_rng_below(rng, 8);
  if (n < 2 * length + 8) return false;
  const size_t from = 4 + base_rng_below(rng, (uint32_t)(n - length - 8));
  order->n = 0;
  for (size_t i = 0; i < from + length; i++) order->measures[order->n++] = written->steps.items[i].measure;
  for (size_t i = from; i < n; i++) order->measures[order->n++] = written->steps.items[i].measure;
  return true;
}

static bool as_written(Order *order, const ScoreUnfolded *written) {
  order->n = written->steps.n;
  for (size_t i = 0; i < order->n; i++) order->measures[i] = written->steps.items[i].measure;
  return true;
}

/* The same measures, or others that say the same note by note. */
static bool is_found(const Piece *piece, const ScoreUnfolded *found, const ScoreUnfolded *played) {
  int32_t *measures = malloc((found->steps.n + 1) * sizeof *measures);
  ScoreUnfoldParams params = {.order = measures, .order_n = found->steps.n};
  ScoreUnfolded *same = NULL;
  for (size_t i = 0; i < found->steps.n; i++) measures[i] = found->steps.items[i].measure;
  bool equal = score_unfold(NULL, &same, piece->score, &params) == BASE_OK && same->sounds.n == played->sounds.n;
  for (size_t i = 0; equal && i < same->sounds.n; i++)
    equal = same->sounds.items[i].midi == played->sounds.items[i].midi &&
            beat_compare(same->sounds.items[i].onset, played->sounds.items[i].onset) == 0;
  score_unfolded_free(same);
  free(measures);
  return equal;
}

static bool find_again(const Piece *piece, const Order *order, BaseRng *rng) {
  const ScoreUnfoldParams params = {.order = order->measures, .order_n = order->n};
  ScoreUnfolded *played = NULL, *found = NULL;
  Alignment *alignment = NULL;
  Score *read = misread(piece->score, rng);
  bool right = false;
  if (score_unfold(NULL, &played, piece->score, &params) == BASE_OK) {
    double *time_s = times_of(played, piece);
    Transcription heard = {.motion = perform(played, time_s, rng)};
    right = flow_align_heard(NULL, &found, &alignment, read, &heard, NULL, 0) == BASE_OK && is_found(piece, found, played);
    motion_free(heard.motion);
    free(time_s);
  }
  alignment_free(alignment);
  score_unfolded_free(found);
  score_unfolded_free(played);
  score_free(read);
  return right;
}

typedef struct {
  int right[4], all[4];
} Structure;

static void try_orders(Structure *sum, const Piece *piece, BaseRng *rng) {
  ScoreUnfolded *written = NULL;
  if (score_unfold(NULL, &written, piece->score, NULL) != BASE_OK) return;
  Order order = {.measures = malloc((2 * written->steps.n + 64) * sizeof *order.measures)};
  for (int kind = 0; kind < 4; kind++) {
    const bool possible = kind == 0   ? as_written(&order, written)
                          : kind == 1 ? leave_out_repeat(&order, written)
                          : kind == 2 ? cut(&order, written, rng)
                                      : go_back(&order, written, rng);
    if (!possible) continue;
    sum->all[kind]++;
    sum->right[kind] += find_again(piece, &order, rng);
  }
  free(order.measures);
  score_unfolded_free(written);
}

/* ---- the annotator ---- */

typedef struct {
  const Score *score;
  const ScoreUnfolded *unfolded;
  const Motion *motion;
  const double *truth_s;
  Project *project;
  Alignment *alignment;
  TriPlace *places;
  guint8 *seen;
  const FlowSuspicion *suspicions; /* null: the language is not asked */
} Desk;

static bool align_desk(Desk *desk) {
  AlignmentParams params = {0};
  AlignmentAnchor *anchors = project_anchors(desk->project, &params.n_anchors);
  params.anchors = anchors;
  alignment_free(desk->alignment);
  desk->alignment = NULL;
  const bool fine = alignment_align(NULL, &desk->alignment, desk->unfolded, desk->motion, NULL, &params) == BASE_OK;
  free(anchors);
  if (fine) places_fill(desk->places, desk->unfolded, desk->alignment, NULL, desk->project);
  return fine;
}

static bool open_desk(Desk *desk, const Score *score, const ScoreUnfolded *unfolded, const Motion *motion, const double *truth_s) {
  *desk = (Desk){.score = score, .unfolded = unfolded, .motion = motion, .truth_s = truth_s, .project = project_new()};
  desk->places = g_new0(TriPlace, unfolded->onsets.n + 1);
  desk->seen = g_new0(guint8, unfolded->onsets.n + 1);
  return align_desk(desk);
}

static void close_desk(Desk *desk) {
  alignment_free(desk->alignment);
  project_free(desk->project);
  g_free(desk->places);
  g_free(desk->seen);
}

static double error_s(const Desk *desk, size_t onset) {
  return fabs(desk->alignment->points.items[onset].time_s - desk->truth_s[onset]);
}

static double far_off(const Desk *desk) {
  size_t far = 0;
  for (size_t i = 0; i < desk->unfolded->onsets.n; i++) far += error_s(desk, i) > FAR_S;
  return (double)far / (double)desk->unfolded->onsets.n;
}

static bool bars_are_right(const Desk *desk) {
  size_t step = 0;
  for (size_t i = 0; i < desk->unfolded->onsets.n; i++) {
    if (step >= desk->unfolded->steps.n ||
        beat_double(desk->unfolded->onsets.items[i].onset) < beat_double(desk->unfolded->steps.items[step].start))
      continue;
    while (step < desk->unfolded->steps.n &&
           beat_double(desk->unfolded->steps.items[step].start) <= beat_double(desk->unfolded->onsets.items[i].onset))
      step++;
    if (error_s(desk, i) > NEAR_S) return false;
  }
  return true;
}

/* The place is put where it belongs, or said to be right as it is. */
static bool put_right(Desk *desk, size_t onset) {
  const Beat quarter = desk->unfolded->onsets.items[onset].onset;
  desk->seen[onset] = 1;
  if (project_crossing(desk->project, quarter, desk->truth_s[onset])) return true;
  const ProjectMark mark = {.quarter = quarter, .time_s = desk->truth_s[onset], .verdict = PROJECT_MOVED};
  return project_do(desk->project, "anchor", &mark, 1, false, 0) && align_desk(desk);
}

/* The first entry that is about time; notes that are misread are put right without an anchor. */
static ptrdiff_t by_list(const Desk *desk, int anchor) {
  (void)anchor;
  PlacesDoubt doubts[LISTED];
  const PlacesView view = {desk->score, desk->unfolded, desk->alignment, desk->motion, desk->places, desk->project, desk->seen, desk->suspicions};
  const gsize n = places_doubts(doubts, LISTED, &view);
  for (gsize i = 0; i < n; i++)
    if (doubts[i].reason == PLACES_TIMING) return (ptrdiff_t)doubts[i].first;
  return n ? (ptrdiff_t)doubts[0].first : -1;
}

static ptrdiff_t evenly(const Desk *desk, int anchor) {
  return (ptrdiff_t)(desk->unfolded->onsets.n * (size_t)(anchor + 1) / (ANCHORS + 1));
}

static ptrdiff_t by_error(const Desk *desk, int anchor) {
  (void)anchor;
  size_t worst = 0;
  for (size_t i = 0; i < desk->unfolded->onsets.n; i++)
    if (!desk->seen[i] && error_s(desk, i) > error_s(desk, worst)) worst = i;
  return (ptrdiff_t)worst;
}

typedef ptrdiff_t (*Choose)(const Desk *desk, int anchor);

/* What is far off after `ANCHORS` places, and how many were needed for all bars. */
static void annotate(double *far, int *needed, const Desk *at_first, Choose choose, bool to_the_end) {
  Desk desk;
  bool fine = open_desk(&desk, at_first->score, at_first->unfolded, at_first->motion, at_first->truth_s);
  *needed = -1;
  for (int anchor = 0; fine && anchor < (to_the_end ? MOST_ANCHORS : ANCHORS); anchor++) {
    if (*needed < 0 && bars_are_right(&desk)) *needed = anchor;
    const ptrdiff_t place = choose(&desk, anchor);
    if (place < 0) break;
    fine = put_right(&desk, (size_t)place);
    if (anchor + 1 == ANCHORS) *far = far_off(&desk);
  }
  if (fine && *needed < 0) *needed = bars_are_right(&desk) ? MOST_ANCHORS : MOST_ANCHORS + 1;
  if (fine && !desk.project->marks.n) *far = far_off(&desk);
  close_desk(&desk);
}

/* ---- what the first places of the list are worth ---- */

typedef struct {
  int wrong, shown, misread, all;
} FirstPlaces;

/* Whether the score at an onset is not what was played. */
static bool is_misread(const ScoreUnfolded *read, const ScoreUnfolded *truth, size_t onset) {
  const ScoreOnset *at = &read->onsets.items[onset];
  for (size_t i = at->first; i < at->first + at->n; i++) {
    const ScoreSound *sound = &read->sounds.items[i];
    bool found = false;
    for (size_t j = 0; j < truth->sounds.n && !found; j++)
      found = truth->sounds.items[j].note == sound->note && truth->sounds.items[j].step == sound->step &&
              truth->sounds.items[j].midi == sound->midi;
    if (!found) return true;
  }
  return false;
}

/* An entry is right where a note of its places is misread, or time is off at one of them. */
static bool is_wrong(const Desk *desk, const ScoreUnfolded *truth, const PlacesDoubt *doubt) {
  for (size_t o = doubt->first; o <= doubt->last; o++)
    if (doubt->reason == PLACES_TIMING ? error_s(desk, o) > 0.05 : is_misread(desk->unfolded, truth, o)) return true;
  return false;
}

static void look_at_first(FirstPlaces *sum, const Desk *desk, const ScoreUnfolded *truth) {
  PlacesDoubt doubts[LISTED];
  const PlacesView view = {desk->score, desk->unfolded, desk->alignment, desk->motion, desk->places, desk->project, desk->seen, desk->suspicions};
  const gsize n = places_doubts(doubts, LISTED, &view);
  for (gsize i = 0; i < n; i++) {
    const bool wrong = is_wrong(desk, truth, &doubts[i]);
    sum->shown++, sum->wrong += wrong;
    if (doubts[i].reason != PLACES_TIMING) sum->all++, sum->misread += wrong;
  }
}

typedef struct {
  double none, list, even, worst, at_once_s;
  int n, needed[MOST_PIECES];
  FirstPlaces plain, with_language;
  bool lists_only;
} Annotator;

static void compare_lists(Annotator *sum, Desk *desk, const ScoreUnfolded *truth) {
  FlowSuspicion *suspicions = NULL;
  look_at_first(&sum->plain, desk, truth);
  if (flow_suspect(NULL, &suspicions, desk->score) == BASE_OK) {
    desk->suspicions = suspicions;
    look_at_first(&sum->with_language, desk, truth);
    desk->suspicions = NULL;
  }
  free(suspicions);
}

static void try_annotator(Annotator *sum, const Piece *piece, BaseRng *rng) {
  ScoreUnfolded *unfolded = NULL;
  Score *read = misread(piece->score, rng);
  Order order = {.measures = malloc((piece->unfolded->steps.n + 1) * sizeof *order.measures)};
  as_written(&order, piece->unfolded);
  const ScoreUnfoldParams params = {.order = order.measures, .order_n = order.n};
  Desk desk = {0};
  if (score_unfold(NULL, &unfolded, read, &params) == BASE_OK) {
    double *time_s = times_of(unfolded, piece), list = 0, even = 0, worst = 0;
    double *played_s = times_of(piece->unfolded, piece);
    Motion *motion = perform(piece->unfolded, played_s, rng);
    int unused;
    const clock_t from = clock();
    if (open_desk(&desk, read, unfolded, motion, time_s)) {
      sum->at_once_s += (double)(clock() - from) / CLOCKS_PER_SEC;
      compare_lists(sum, &desk, piece->unfolded);
      list = even = worst = far_off(&desk);
      sum->none += list;
      if (!sum->lists_only) {
        annotate(&list, &sum->needed[sum->n], &desk, by_list, true);
        annotate(&even, &unused, &desk, evenly, false);
        annotate(&worst, &unused, &desk, by_error, false);
      }
      sum->list += list, sum->even += even, sum->worst += worst;
      sum->n++;
    }
    close_desk(&desk);
    motion_free(motion);
    free(played_s);
    free(time_s);
  }
  free(order.measures);
  score_unfolded_free(unfolded);
  score_free(read);
}

/* ---- all ---- */

static int compare_ints(const void *a, const void *b) {
  return *(const int *)a - *(const int *)b;
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t list_folders(char **names, const char *folder) {
  size_t n = 0;
  DIR *dir = opendir(folder);
  for (struct dirent *entry; dir && n < MOST_PIECES && (entry = readdir(dir));)
    if (entry->d_name[0] != '.') names[n++] = strdup(entry->d_name);
  if (dir) closedir(dir);
  qsort(names, n, sizeof *names, compare_names);
  return n;
}

static void report(const Structure *s, Annotator *a) {
  static const char *const kinds[] = {"as written", "repeat left out", "cut", "going back"};
  int right = 0, all = 0;
  for (int k = 0; k < 4; k++) {
    printf("  order, %-16s %d of %d right\n", kinds[k], s->right[k], s->all[k]);
    right += s->right[k], all += s->all[k];
  }
  printf("  order, all              %.1f %% right (90 wanted)\n", all ? 100.0 * right / all : 0);
  if (!a->n) return;
  const FirstPlaces *lists[] = {&a->plain, &a->with_language};
  for (int i = 0; i < 2; i++)
    printf("  first ten places %-16s %d of %d wrong (%.1f %%); of those about notes %d of %d (%.1f %%)\n",
           i ? "with the language" : "without", lists[i]->wrong, lists[i]->shown, 100.0 * lists[i]->wrong / fmax(1, lists[i]->shown),
           lists[i]->misread, lists[i]->all, 100.0 * lists[i]->misread / fmax(1, lists[i]->all));
  qsort(a->needed, (size_t)a->n, sizeof *a->needed, compare_ints);
  printf("  worse than 250 ms, %% of onsets: %.2f without anchors; after five %.2f by the list, %.2f evenly spread, %.2f at the worst places\n",
         100 * a->none / a->n, 100 * a->list / a->n, 100 * a->even / a->n, 100 * a->worst / a->n);
  printf("  by the list %.0f %% fewer (50 wanted)\n", a->none > 0 ? 100 * (1 - a->list / a->none) : 0);
  printf("  anchors until every bar is within 100 ms: median %d (8 wanted; %d stands for more than %d)\n", a->needed[a->n / 2],
         MOST_ANCHORS + 1, MOST_ANCHORS);
  printf("  alignment of a piece: %.2f s\n", a->at_once_s / a->n);
}

int main(int argc, char **argv) {
  char *names[MOST_PIECES];
  Structure structure = {0};
  Annotator annotator = {.lists_only = argc > 3 && strcmp(argv[3], "list") == 0};
  if (argc < 2) return 2;
  if (annotator.lists_only) MISREAD = LIST_MISREAD;
  const size_t n = list_folders(names, argv[1]), most = argc > 2 ? (size_t)atol(argv[2]) : 20;
  const size_t stride = n > most && most ? n / most : 1;
  for (size_t i = 0; i < n; i++) {
    BaseRng orders = base_rng(1, i), hands = base_rng(2, i);
    char folder[1100];
    Piece piece;
    snprintf(folder, sizeof folder, "%s/%s", argv[1], names[i]);
    if (i % stride == 0 && open_piece(&piece, folder)) {
      if (!annotator.lists_only) try_orders(&structure, &piece, &orders);
      try_annotator(&annotator, &piece, &hands);
      clear_piece(&piece);
    }
    free(names[i]);
  }
  printf("  %d pieces\n", annotator.n);
  report(&structure, &annotator);
  return 0;
}
