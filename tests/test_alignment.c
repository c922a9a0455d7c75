/* The aligner: each step against a slow reference, and the whole on made-up performances.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/alignment/alignment.h"
#include "core/alignment/alignment_parts.h"
#include "core/base/base_rng.h"
#include "tests/check.h"

#include <stdatomic.h>

/* ---- material ---- */

static void add_onset(ScoreUnfolded *score, Beat onset, const int *midi, size_t n) {
  size_t first = score->sounds.n;
  for (size_t i = 0; i < n; i++) {
    ScoreSound sound = {.note = (uint32_t)(first + i + 1), .onset = onset, .duration = beat_whole(1)};
    sound.midi = (uint8_t)midi[i];
    if (!base_array_push(&score->sounds, sound)) abort();
  }
  if (!base_array_push(&score->onsets, (ScoreOnset){onset, first, n})) abort();
}

static void clear_score(ScoreUnfolded *score) {
  base_array_clear(&score->sounds);
  base_array_clear(&score->onsets);
}

/* `n` chords of one to three notes that walk up and down, at quarters, eighths and triplets. */
static void make_score(ScoreUnfolded *score, size_t n, uint64_t seed) {
  static const int PARTS[] = {1, 2, 3, 4};
  BaseRng rng = base_rng(seed, 0);
  Beat at = beat_whole(0);
  int walk = 60;
  for (size_t i = 0; i < n; i++) {
    walk += (int)base_rng_below(&rng, 9) - 4;
    walk = walk < 40 ? 40 : walk > 80 ? 80 : walk;
    int chord[3] = {walk, walk + 4, walk - 12};
    add_onset(score, at, chord, 1 + base_rng_below(&rng, 3));
    at = beat_add(at, beat_make(1, PARTS[base_rng_below(&rng, 4)]));
  }
}

/* Where the onsets of `score` fall when played with a tempo that wanders between half and double. */
static double *make_times(const ScoreUnfolded *score, double start_s, uint64_t seed) {
  double *time_s = malloc(score->onsets.n * sizeof *time_s), at = start_s, slope = 0.5;
  BaseRng rng = base_rng(seed, 1);
  for (size_t i = 0; i < score->onsets.n; i++) {
    if (i > 0)
      at += slope * beat_double(beat_sub(score->onsets.items[i].onset, score->onsets.items[i - 1].onset));
    slope = fmin(fmax(slope * exp(0.05 * base_rng_normal(&rng)), 0.25), 1);
    time_s[i] = at;
  }
  return time_s;
}

typedef struct {
  double missing, extra, jitter_s;
} Damage;

static Motion *perform(const ScoreUnfolded *score, const double *time_s, Damage damage, uint64_t seed) {
  Motion *motion = motion_new();
  BaseRng rng = base_rng(seed, 2);
  for (size_t o = 0; o < score->onsets.n; o++)
    for (size_t i = 0; i < score->onsets.items[o].n; i++) {
      int midi = score->sounds.items[score->onsets.items[o].first + i].midi;
      double at = fmax(0, time_s[o] + damage.jitter_s * base_rng_normal(&rng));
      if (base_rng_uniform(&rng) >= damage.missing) motion_add(motion, at, at + 0.3, midi, 70, 1);
      if (base_rng_uniform(&rng) < damage.extra)
        motion_add(motion, at + base_rng_range(&rng, 0, 0.5), at + 0.8,
                   midi + (int)base_rng_below(&rng, 25) - 12, 50, 1);
    }
  motion_sort(motion);
  return motion;
}

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Sorted absolute errors, caller frees. */
static double *errors(const Alignment *alignment, const double *time_s) {
  size_t n = alignment->points.n;
  double *error = malloc(n * sizeof *error);
  for (size_t i = 0; i < n; i++) error[i] = fabs(alignment->points.items[i].time_s - time_s[i]);
  qsort(error, n, sizeof *error, compare_doubles);
  return error;
}

static bool is_monotone(const Alignment *alignment) {
  for (size_t i = 1; i < alignment->points.n; i++)
    if (alignment->points.items[i].time_s < alignment->points.items[i - 1].time_s) return false;
  return true;
}

/* ---- tiny worlds ---- */

static double best_pairing(const AlignmentRows *rows, const int *heard, int row, int slice) {
  if (row == (int)rows->n || slice == 3) return 0;
  double best = fmax(best_pairing(rows, heard, row + 1, slice), best_pairing(rows, heard, row, slice + 1));
  double common = rows->key[rows->first[row]] + MOTION_LOWEST_KEY == heard[slice];
  return fmax(best, alignment_pair_gain(1, 1, common) + best_pairing(rows, heard, row + 1, slice + 1));
}

static void coarse_in_tiny_world(const int wanted[2], const int heard[3]) {
  ScoreUnfolded score = {0};
  Motion *motion = motion_new();
  BaseArena *arena = base_arena_new(0);
  AlignmentRows rows;
  AlignmentAtoms atoms;
  for (int i = 0; i < 2; i++) add_onset(&score, beat_whole(i), &wanted[i], 1);
  for (int j = 0; j < 3; j++) motion_add(motion, 1 + j, 1.5 + j, heard[j], 64, 1);
  CHECK(alignment_rows(NULL, &rows, arena, &score) == BASE_OK);
  CHECK(alignment_atoms(NULL, &atoms, arena, motion, NULL) == BASE_OK);
  AlignmentSpan span = {.first = 0, .end = 2, .from_s = 0, .to_s = 10};
  double time_s[2], sum = 0;
  float gain[2];
  CHECK(alignment_coarse(NULL, time_s, gain, arena, &rows, &atoms, &span) == BASE_OK);
  for (int i = 0; i < 2; i++)
    if (!isnan(time_s[i])) sum += alignment_pair_gain(1, 1, heard[(int)time_s[i] - 1] == wanted[i]);
  CHECK(isnan(time_s[0]) || isnan(time_s[1]) || time_s[0] < time_s[1]);
  CHECK_NEAR(sum, best_pairing(&rows, heard, 0, 0), 1e-5);
  base_arena_free(arena);
  motion_free(motion);
  clear_score(&score);
}

static void coarse_equals_brute_force(void) {
  for (int s = 0; s < 9; s++)
    for (int m = 0; m < 27; m++)
      coarse_in_tiny_world((int[]){60 + s % 3, 60 + s / 3}, (int[]){60 + m % 3, 60 + m / 3 % 3, 60 + m / 9});
}

/* More rows than the stride of the kept sums, so that the way back crosses blocks. */
static void coarse_finds_an_exact_copy(void) {
  ScoreUnfolded score = {0};
  make_score(&score, 500, 5);
  double *time_s = make_times(&score, 2, 5), found_s[500];
  Motion *motion = perform(&score, time_s, (Damage){0}, 5);
  BaseArena *arena = base_arena_new(0);
  AlignmentRows rows;
  AlignmentAtoms atoms;
  float gain[500];
  CHECK(alignment_rows(NULL, &rows, arena, &score) == BASE_OK);
  CHECK(alignment_atoms(NULL, &atoms, arena, motion, NULL) == BASE_OK);
  AlignmentSpan span = {.first = 0, .end = 500, .from_s = 0, .to_s = 1e4};
  CHECK(alignment_coarse(NULL, found_s, gain, arena, &rows, &atoms, &span) == BASE_OK);
  for (int i = 0; i < 500; i++) CHECK_NEAR(found_s[i], time_s[i], 1e-9);
  base_arena_free(arena);
  motion_free(motion);
  free(time_s);
  clear_score(&score);
}

static const double SPREAD = 0.2;

static double cost_of_way(const AlignmentLattice *lattice, const size_t *way, const AlignmentRows *rows,
                          const AlignmentSpan *span, const double *slope) {
  double cost = 0;
  const AlignmentCandidate *before = NULL;
  for (size_t i = 0; i < lattice->n; i++) {
    const AlignmentCandidate *here = &lattice->items[way[i]];
    double expected = i ? 0.5 * (slope[i] + slope[i - 1]) * (rows->quarter[i] - rows->quarter[i - 1]) : 0;
    cost += (double)here->cost;
    if (before)
      cost += alignment_step_cost(before->time_s, before->heard, here->time_s, here->heard, expected, SPREAD);
    before = here;
  }
  if (span->fixed_to)
    cost += alignment_step_cost(before->time_s, before->heard, span->to_s, true,
                                slope[lattice->n - 1] * (span->to_quarter - rows->quarter[lattice->n - 1]),
                                SPREAD);
  return cost;
}

enum { WAY_ROWS = 5 };

static double cheapest_way(const AlignmentLattice *lattice, size_t way[WAY_ROWS], size_t row,
                           const AlignmentRows *rows, const AlignmentSpan *span, const double *slope) {
  if (row == WAY_ROWS) return cost_of_way(lattice, way, rows, span, slope);
  double best = INFINITY;
  for (size_t c = lattice->first[row]; c < lattice->first[row + 1]; c++) {
    way[row] = c;
    best = fmin(best, cheapest_way(lattice, way, row + 1, rows, span, slope));
  }
  return best;
}

static void path_equals_brute_force(void) {
  BaseRng rng = base_rng(11, 0);
  BaseArena *arena = base_arena_new(0);
  for (int round = 0; round < 200; round++) {
    AlignmentCandidate items[20];
    size_t first[WAY_ROWS + 1] = {0}, chosen[WAY_ROWS], way[WAY_ROWS];
    double quarter[5] = {0, 0.5, 1, 2, 2.25}, slope[5], total;
    float trust[5];
    for (size_t i = 0; i < 5; i++) {
      size_t n = 1 + base_rng_below(&rng, 4);
      slope[i] = base_rng_range(&rng, 0.3, 0.9);
      for (size_t c = 0; c < n; c++)
        items[first[i] + c] = (AlignmentCandidate){
            base_rng_range(&rng, 0, 2), (float)base_rng_range(&rng, 0, 4), base_rng_uniform(&rng) < 0.7};
      first[i + 1] = first[i] + n;
    }
    AlignmentLattice lattice = {WAY_ROWS, items, first};
    AlignmentRows rows = {.n = 5, .quarter = quarter};
    AlignmentSpan span = {.first = 0, .end = 5, .to_s = 2.5, .fixed_to = round % 2, .to_quarter = 3};
    CHECK(alignment_path(NULL, chosen, trust, &total, arena, &lattice, &rows, &span, slope, SPREAD) ==
          BASE_OK);
    double best = cheapest_way(&lattice, way, 0, &rows, &span, slope);
    CHECK_NEAR(cost_of_way(&lattice, chosen, &rows, &span, slope), best, 1e-4 * best);
    CHECK_NEAR(total, best, 1e-4 * best);
    for (int i = 0; i < 5; i++) CHECK(trust[i] > 0 && trust[i] <= 1.0001f);
  }
  base_arena_free(arena);
}

static double best_pairs(const double *a, int n, const double *b, int m, double cut) {
  if (n == 0 || m == 0) return 0;
  double best = fmax(best_pairs(a + 1, n - 1, b, m, cut), best_pairs(a, n, b + 1, m - 1, cut));
  double gain = cut - fabs(*a - *b);
  return gain > 0 ? fmax(best, gain + best_pairs(a + 1, n - 1, b + 1, m - 1, cut)) : best;
}

static void pairs_of_times_equal_brute_force(void) {
  BaseRng rng = base_rng(3, 0);
  BaseArena *arena = base_arena_new(0);
  for (int round = 0; round < 500; round++) {
    double a[5], b[6], sum = 0;
    int32_t partner[5];
    int n = 1 + (int)base_rng_below(&rng, 5), m = (int)base_rng_below(&rng, 7), last = -1;
    for (int i = 0; i < 5; i++) a[i] = base_rng_range(&rng, 0, 1);
    for (int j = 0; j < 6; j++) b[j] = base_rng_range(&rng, 0, 1);
    qsort(a, 5, sizeof *a, compare_doubles);
    qsort(b, 6, sizeof *b, compare_doubles);
    CHECK(alignment_pair_times(NULL, partner, arena, a, (size_t)n, b, (size_t)m, 0.2) == BASE_OK);
    for (int i = 0; i < n; i++) {
      if (partner[i] < 0) continue;
      CHECK(partner[i] > last && partner[i] < m);
      last = partner[i];
      sum += 0.2 - fabs(a[i] - b[partner[i]]);
    }
    CHECK_NEAR(sum, best_pairs(a, n, b, m, 0.2), 1e-9);
  }
  base_arena_free(arena);
}

static void isotonic_is_the_nearest(void) {
  BaseArena *arena = base_arena_new(0);
  double value[] = {1, 3, 2, 2, 5, 4}, weight[] = {1, 1, 1, 1, 1, 3};
  CHECK(alignment_isotonic(NULL, value, weight, 6, arena) == BASE_OK);
  const double wanted[] = {1, 7 / 3.0, 7 / 3.0, 7 / 3.0, 4.25, 4.25};
  for (int i = 0; i < 6; i++) CHECK_NEAR(value[i], wanted[i], 1e-12);
  base_arena_free(arena);
}

/* ---- the whole ---- */

static void expect_floor(Damage damage, double median_s, double share, double within_s) {
  for (uint64_t seed = 1; seed <= 4; seed++) {
    ScoreUnfolded score = {0};
    make_score(&score, 400, seed);
    double *time_s = make_times(&score, 3, seed);
    Motion *motion = perform(&score, time_s, damage, seed);
    Alignment *alignment = NULL;
    CHECK(alignment_align(NULL, &alignment, &score, motion, NULL, NULL) == BASE_OK);
    double *error = errors(alignment, time_s);
    CHECK_SAYING(error[200] <= median_s, "seed %d: median %.4f s", (int)seed, error[200]);
    CHECK_SAYING(error[(size_t)(400 * share)] <= within_s, "seed %d: %.4f s", (int)seed,
                 error[(size_t)(400 * share)]);
    CHECK(is_monotone(alignment));
    CHECK(alignment->points.n == score.onsets.n);
    free(error);
    alignment_free(alignment);
    motion_free(motion);
    free(time_s);
    clear_score(&score);
  }
}

static void exact_performance_aligns_exactly(void) {
  expect_floor((Damage){0}, 1e-6, 0.99, 0.001);
}

static void human_performance_aligns_closely(void) {
  expect_floor((Damage){0.05, 0.05, 0.01}, 0.01, 0.93, 0.05);
}

static void poor_transcription_aligns_mostly(void) {
  expect_floor((Damage){0.25, 0.25, 0.015}, 0.025, 0.8, 0.1);
}

/* A loud chord on each quarter and soft notes between, which are heard late or early; halfway the player waits. */
typedef struct {
  ScoreUnfolded score;
  double time_s[400];
  Motion *motion;
} Steady;

static void make_steady(Steady *s, double wait_s) {
  BaseRng rng = base_rng(4, 0);
  *s = (Steady){.motion = motion_new()};
  for (int i = 0; i < 400; i++) {
    const int chord[] = {48 + i % 7, 64 + i % 5, 72}, soft[] = {57 + i % 4};
    const bool loud = i % 4 == 0;
    add_onset(&s->score, beat_make(i, 4), loud ? chord : soft, loud ? 3 : 1);
    s->time_s[i] = 2 + 0.3 * i + (i >= 200 ? wait_s : 0);
    for (size_t k = 0; k < s->score.onsets.items[i].n; k++) {
      const double at = s->time_s[i] + (loud ? 0.006 : 0.035) * base_rng_normal(&rng);
      motion_add(s->motion, at, at + 0.2, loud ? chord[k] : soft[0], loud ? 80 : 26, 1);
    }
  }
  motion_sort(s->motion);
}

static void soft_notes_are_drawn_to_a_steady_tempo(void) {
  Steady s;
  Alignment *alignment = NULL;
  make_steady(&s, 0.4);
  CHECK(alignment_align(NULL, &alignment, &s.score, s.motion, NULL, NULL) == BASE_OK);
  double *error = errors(alignment, s.time_s);
  CHECK_SAYING(error[200] < 0.009 && error[380] < 0.025, "median %.4f s, of 95 %% %.4f s", error[200], error[380]);
  CHECK_NEAR(alignment->points.items[196].time_s, s.time_s[196], 0.02);
  CHECK_NEAR(alignment->points.items[200].time_s, s.time_s[200], 0.02); /* who waits is not hurried */
  free(error);
  alignment_free(alignment);
  motion_free(s.motion);
  clear_score(&s.score);
}

static void silence_and_applause_are_left_alone(void) {
  ScoreUnfolded score = {0};
  make_score(&score, 150, 9);
  double *time_s = make_times(&score, 20, 9);
  Motion *motion = perform(&score, time_s, (Damage){0.02, 0, 0.008}, 9);
  BaseRng rng = base_rng(9, 9);
  double end = time_s[149];
  for (int i = 0; i < 60; i++) {
    double at = end + 2 + base_rng_range(&rng, 0, 15);
    motion_add(motion, at, at + 0.1, 90 + (int)base_rng_below(&rng, 15), 20, 0.6f);
  }
  motion_sort(motion);
  Alignment *alignment = NULL;
  CHECK(alignment_align(NULL, &alignment, &score, motion, NULL, NULL) == BASE_OK);
  CHECK_NEAR(alignment->points.items[0].time_s, time_s[0], 0.05);
  CHECK_NEAR(alignment->points.items[149].time_s, end, 0.05);
  alignment_free(alignment);
  motion_free(motion);
  free(time_s);
  clear_score(&score);
}

/* Notes that the motion lacks are still found where the evidence peaks, however low. */
static void evidence_stands_in_for_missing_notes(void) {
  ScoreUnfolded score = {0};
  make_score(&score, 200, 21);
  double *time_s = make_times(&score, 1, 21);
  Motion *motion = perform(&score, time_s, (Damage){.missing = 0.5}, 21);
  Evidence *evidence = evidence_new((size_t)((time_s[199] + 2) / 0.01), 0.01);
  for (size_t o = 0; o < 200; o++)
    for (size_t i = 0; i < score.onsets.items[o].n; i++) {
      int key = score.sounds.items[score.onsets.items[o].first + i].midi - MOTION_LOWEST_KEY;
      evidence->onset[(size_t)lrint(time_s[o] / 0.01) * MOTION_KEYS + (size_t)key] = 60;
    }
  Alignment *blind = NULL, *seeing = NULL;
  CHECK(alignment_align(NULL, &blind, &score, motion, NULL, NULL) == BASE_OK);
  CHECK(alignment_align(NULL, &seeing, &score, motion, evidence, NULL) == BASE_OK);
  double *a = errors(blind, time_s), *b = errors(seeing, time_s);
  CHECK_SAYING(b[190] < 0.006, "%.4f s", b[190]);
  CHECK(b[190] < a[190]);
  free(a);
  free(b);
  alignment_free(blind);
  alignment_free(seeing);
  evidence_free(evidence);
  motion_free(motion);
  free(time_s);
  clear_score(&score);
}

/* ---- anchors ---- */

typedef struct {
  ScoreUnfolded score;
  double *time_s;
  Motion *motion;
} Piece;

static Piece make_piece(size_t n, Damage damage, uint64_t seed) {
  Piece piece = {.score = {.steps = {0}}};
  make_score(&piece.score, n, seed);
  piece.time_s = make_times(&piece.score, 1, seed);
  piece.motion = perform(&piece.score, piece.time_s, damage, seed);
  return piece;
}

static void clear_piece(Piece *piece) {
  clear_score(&piece->score);
  free(piece->time_s);
  motion_free(piece->motion);
}

static AlignmentAnchor anchor_at(const Piece *piece, size_t onset, double shift_s) {
  return (AlignmentAnchor){piece->score.onsets.items[onset].onset, piece->time_s[onset] + shift_s};
}

static void anchors_are_respected(void) {
  Piece piece = make_piece(200, (Damage){0.1, 0.1, 0.01}, 31);
  AlignmentAnchor anchors[] = {anchor_at(&piece, 0, 0), anchor_at(&piece, 50, 1.7),
                               anchor_at(&piece, 120, -0.9), anchor_at(&piece, 199, 0.4)};
  AlignmentParams params = {.anchors = anchors, .n_anchors = 4};
  Alignment *alignment = NULL;
  CHECK(alignment_align(NULL, &alignment, &piece.score, piece.motion, NULL, &params) == BASE_OK);
  const size_t where[] = {0, 50, 120, 199};
  for (int i = 0; i < 4; i++) {
    CHECK(alignment->points.items[where[i]].time_s == anchors[i].time_s);
    CHECK(alignment->points.items[where[i]].anchor);
    CHECK(alignment->points.items[where[i]].confidence == 1);
  }
  size_t n = 0;
  for (size_t i = 0; i < 200; i++) n += alignment->points.items[i].anchor;
  CHECK(n == 4);
  CHECK(is_monotone(alignment));
  alignment_free(alignment);
  clear_piece(&piece);
}

/* Every pair of anchors on a tiny score, right or absurd, is kept to. */
static void anchors_hold_in_a_tiny_world(void) {
  Piece piece = make_piece(6, (Damage){0}, 2);
  for (size_t i = 0; i < 6; i++)
    for (size_t j = i + 1; j < 6; j++)
      for (int shift = -3; shift <= 3; shift++) {
        AlignmentAnchor anchors[] = {anchor_at(&piece, i, 0.01), anchor_at(&piece, j, 0.1 * shift)};
        if (anchors[1].time_s <= anchors[0].time_s) continue;
        Alignment *alignment = NULL;
        AlignmentParams params = {.anchors = anchors, .n_anchors = 2};
        CHECK(alignment_align(NULL, &alignment, &piece.score, piece.motion, NULL, &params) == BASE_OK);
        CHECK(alignment->points.items[i].time_s == anchors[0].time_s);
        CHECK(alignment->points.items[j].time_s == anchors[1].time_s);
        CHECK(is_monotone(alignment));
        alignment_free(alignment);
      }
  clear_piece(&piece);
}

static void anchor_between_onsets_bounds_both_sides(void) {
  Piece piece = make_piece(40, (Damage){0}, 8);
  Beat between = beat_div(beat_add(piece.score.onsets.items[19].onset, piece.score.onsets.items[20].onset),
                          beat_whole(2));
  AlignmentAnchor anchor = {between, piece.time_s[25]};
  AlignmentParams params = {.anchors = &anchor, .n_anchors = 1};
  Alignment *alignment = NULL;
  CHECK(alignment_align(NULL, &alignment, &piece.score, piece.motion, NULL, &params) == BASE_OK);
  CHECK(alignment->points.items[19].time_s <= anchor.time_s);
  CHECK(alignment->points.items[20].time_s >= anchor.time_s);
  alignment_free(alignment);
  clear_piece(&piece);
}

static void crossing_anchors_are_refused(void) {
  Piece piece = make_piece(20, (Damage){0}, 4);
  AlignmentAnchor anchors[] = {{beat_whole(1), 5}, {beat_whole(2), 4}};
  AlignmentParams params = {.anchors = anchors, .n_anchors = 2};
  BaseContext ctx = {0};
  Alignment *alignment = NULL;
  CHECK(alignment_align(&ctx, &alignment, &piece.score, piece.motion, NULL, &params) == BASE_BAD_INPUT);
  CHECK(strstr(ctx.sentence, "quarter 1 at 5.000 s") && strstr(ctx.sentence, "quarter 2 at 4.000 s"));
  CHECK(alignment == NULL);
  anchors[1] = (AlignmentAnchor){beat_whole(1), 6};
  CHECK(alignment_align(&ctx, &alignment, &piece.score, piece.motion, NULL, &params) == BASE_BAD_INPUT);
  anchors[1] = (AlignmentAnchor){beat_whole(2), NAN};
  CHECK(alignment_align(&ctx, &alignment, &piece.score, piece.motion, NULL, &params) == BASE_BAD_INPUT);
  clear_piece(&piece);
}

/* A moved anchor gives the same with and without the earlier alignment, and leaves the rest as it was. */
static void realigning_around_an_anchor_equals_aligning_anew(void) {
  Piece piece = make_piece(300, (Damage){0.1, 0.1, 0.01}, 17);
  AlignmentAnchor before[] = {anchor_at(&piece, 60, 0), anchor_at(&piece, 150, 0.2),
                              anchor_at(&piece, 240, 0)};
  AlignmentAnchor after[] = {before[0], anchor_at(&piece, 150, -0.1), before[2]};
  AlignmentParams params = {.anchors = before, .n_anchors = 3};
  Alignment *old = NULL, *anew = NULL, *around = NULL;
  CHECK(alignment_align(NULL, &old, &piece.score, piece.motion, NULL, &params) == BASE_OK);
  params.anchors = after;
  CHECK(alignment_align(NULL, &anew, &piece.score, piece.motion, NULL, &params) == BASE_OK);
  old->points.items[10].time_s += 1e-7; /* shows where the old one was kept */
  params.previous = old;
  CHECK(alignment_align(NULL, &around, &piece.score, piece.motion, NULL, &params) == BASE_OK);
  for (size_t i = 0; i < 300; i++)
    CHECK_NEAR(around->points.items[i].time_s, anew->points.items[i].time_s, i == 10 ? 2e-7 : 0);
  CHECK(around->points.items[10].time_s == old->points.items[10].time_s);
  CHECK(around->links.n == anew->links.n);
  alignment_free(old);
  alignment_free(anew);
  alignment_free(around);
  clear_piece(&piece);
}

/* ---- playing order ---- */

/* `n` measures of two quarters in eighths that walk at random. */
static void make_even_score(ScoreUnfolded *score, int32_t n) {
  BaseRng rng = base_rng(63, 0);
  int walk = 60;
  for (int32_t m = 0; m < n; m++) {
    if (!base_array_push(&score->steps, (ScoreStep){m, 1, beat_whole(2 * m)})) abort();
    for (int i = 0; i < 4; i++) {
      walk += (int)base_rng_below(&rng, 9) - 4;
      walk = walk < 40 ? 40 : walk > 80 ? 80 : walk;
      add_onset(score, beat_make(4 * m + i, 2), (int[]){walk, walk + 4, walk - 12},
                1 + base_rng_below(&rng, 3));
    }
  }
  for (size_t i = 0; i < score->sounds.n; i++)
    score->sounds.items[i].step = (int32_t)(beat_double(score->sounds.items[i].onset) / 2);
}

/* What is heard when the measures are played in this order, one second for each quarter. */
static Motion *perform_order(const ScoreUnfolded *score, const int32_t *order, size_t n, double missing) {
  Motion *motion = motion_new();
  BaseRng rng = base_rng(77, 0);
  double at = 1;
  for (size_t p = 0; p < n; p++) {
    const ScoreStep *step = &score->steps.items[order[p]];
    for (size_t i = 0; i < score->sounds.n; i++) {
      const ScoreSound *sound = &score->sounds.items[i];
      double onset = at + beat_double(beat_sub(sound->onset, step->start));
      if (sound->step == order[p] && base_rng_uniform(&rng) >= missing)
        motion_add(motion, onset, onset + 0.3, sound->midi, 64, 1);
    }
    at += 2;
  }
  motion_sort(motion);
  return motion;
}

static void expect_order(const ScoreUnfolded *score, const int32_t *wanted, size_t n, double missing) {
  Motion *motion = perform_order(score, wanted, n, missing);
  int32_t *order = NULL;
  size_t found = 0;
  CHECK(alignment_order(NULL, &order, &found, score, NULL, motion, NULL) == BASE_OK);
  CHECK_SAYING(found == n, "%zu of %zu measures", found, n);
  for (size_t i = 0; i < n && i < found; i++) CHECK_SAYING(order[i] == wanted[i], "%d at %zu", order[i], i);
  free(order);
  motion_free(motion);
}

/* from … to - 1, appended. */
static void append(int32_t *order, size_t *n, int32_t from, int32_t to) {
  for (int32_t m = from; m < to; m++) order[(*n)++] = m;
}

static void playing_order_is_found(void) {
  enum { MEASURES = 64 };
  ScoreUnfolded score = {0};
  make_even_score(&score, MEASURES);
  int32_t order[2 * MEASURES], all = MEASURES;
  for (double missing = 0; missing < 0.25; missing += 0.2) {
    size_t n = 0;
    append(order, &n, 0, all);
    expect_order(&score, order, n, missing); /* straight through */
    n = 0;
    append(order, &n, 0, 16);
    append(order, &n, 0, all);
    expect_order(&score, order, n, missing); /* first section twice */
    n = 0;
    append(order, &n, 0, 20);
    append(order, &n, 32, all);
    expect_order(&score, order, n, missing); /* a cut */
    n = 0;
    append(order, &n, 0, all);
    append(order, &n, 0, 16);
    expect_order(&score, order, n, missing); /* da capo al fine */
  }
  base_array_clear(&score.steps);
  clear_score(&score);
}

/* ---- links ---- */

static void every_note_is_linked_once(void) {
  Piece piece = make_piece(200, (Damage){0.1, 0.1, 0.01}, 41);
  Alignment *alignment = NULL;
  CHECK(alignment_align(NULL, &alignment, &piece.score, piece.motion, NULL, NULL) == BASE_OK);
  int *sounds = calloc(piece.score.sounds.n, sizeof *sounds);
  int *notes = calloc(piece.motion->next_id + 1, sizeof *notes);
  size_t matched = 0;
  for (size_t i = 0; i < alignment->links.n; i++) {
    const AlignmentLink *link = &alignment->links.items[i];
    CHECK((link->verdict == ALIGNMENT_EXTRA) == (link->sound < 0));
    CHECK((link->verdict == ALIGNMENT_NOT_PLAYED) == (link->note == 0));
    if (link->sound >= 0) sounds[link->sound]++;
    if (link->note) notes[link->note]++;
    matched += link->verdict == ALIGNMENT_MATCH;
  }
  for (size_t i = 0; i < piece.score.sounds.n; i++) CHECK(sounds[i] == 1);
  for (size_t i = 0; i < piece.motion->notes.n; i++) CHECK(notes[piece.motion->notes.items[i].id] == 1);
  CHECK_SAYING((double)matched > 0.85 * (double)piece.score.sounds.n, "%zu of %zu", matched,
               piece.score.sounds.n);
  free(sounds);
  free(notes);
  alignment_free(alignment);
  clear_piece(&piece);
}

/* ---- the map ---- */

static Alignment *make_alignment(const double *quarter, const double *time_s, size_t n) {
  Alignment *alignment = calloc(1, sizeof *alignment);
  for (size_t i = 0; i < n; i++)
    if (!base_array_push(&alignment->points,
                         (AlignmentPoint){i, beat_near(quarter[i], 48), time_s[i], 1, false}))
      abort();
  return alignment;
}

static void time_and_quarter_are_inverse(void) {
  Alignment *alignment = make_alignment((double[]){0, 1, 1.5, 4, 6}, (double[]){2, 2.4, 3.1, 3.2, 7}, 5);
  for (double quarter = -3; quarter < 10; quarter += 0.125)
    CHECK_NEAR(alignment_quarter(alignment, alignment_time_s(alignment, quarter)), quarter, 1e-9);
  CHECK_NEAR(alignment_time_s(alignment, 1.25), 2.75, 1e-12);
  CHECK_NEAR(alignment_time_s(alignment, 8), 7 + 2 * 1.9, 1e-12);
  CHECK_NEAR(alignment_time_s(alignment, -1), 1.6, 1e-12);
  alignment_free(alignment);
  Alignment *lone = make_alignment((double[]){2}, (double[]){5}, 1);
  CHECK_NEAR(alignment_time_s(lone, 4), 6.2, 1e-12);
  CHECK_NEAR(alignment_quarter(lone, 6.2), 4, 1e-12);
  alignment_free(lone);
}

static void warp_is_monotone_and_stays_between_anchors(void) {
  double quarter[40], time_s[40], warped[40];
  for (int i = 0; i < 40; i++) quarter[i] = i, time_s[i] = 0.5 * i + 0.1 * (i % 3);
  Alignment *alignment = make_alignment(quarter, time_s, 40);
  alignment->points.items[10].anchor = alignment->points.items[30].anchor = true;
  for (size_t moved = 0; moved < 40; moved++)
    for (double goal = -5; goal < 30; goal += 0.37) {
      alignment_warp(warped, alignment, moved, goal);
      for (int i = 1; i < 40; i++) CHECK(warped[i] >= warped[i - 1]);
      if (moved != 10) CHECK(warped[10] == time_s[10]);
      if (moved != 30) CHECK(warped[30] == time_s[30]);
      if (moved > 10 && moved < 30) {
        CHECK(warped[5] == time_s[5] && warped[35] == time_s[35]);
        CHECK_NEAR(warped[moved], fmin(fmax(goal, time_s[10] + 1e-4), time_s[30] - 1e-4), 1e-9);
      }
    }
  alignment_warp(warped, alignment, 20, time_s[20]);
  for (int i = 0; i < 40; i++) CHECK_NEAR(warped[i], time_s[i], 1e-12);
  alignment_free(alignment);
}

/* ---- manners ---- */

static void nothing_to_align_is_said(void) {
  Piece piece = make_piece(5, (Damage){0}, 1);
  ScoreUnfolded empty = {0};
  Motion *silence = motion_new();
  BaseContext ctx = {0};
  Alignment *alignment = NULL;
  CHECK(alignment_align(&ctx, &alignment, &empty, piece.motion, NULL, NULL) == BASE_BAD_INPUT);
  CHECK(strstr(ctx.sentence, "score has no notes"));
  CHECK(alignment_align(&ctx, &alignment, &piece.score, silence, NULL, NULL) == BASE_BAD_INPUT);
  CHECK(strstr(ctx.sentence, "No notes were heard"));
  CHECK(alignment == NULL);
  motion_free(silence);
  clear_piece(&piece);
}

static void cancelling_leaves_nothing(void) {
  Piece piece = make_piece(300, (Damage){0}, 6);
  atomic_bool stop = true;
  BaseContext ctx = {.cancel = &stop};
  Alignment *alignment = NULL;
  CHECK(alignment_align(&ctx, &alignment, &piece.score, piece.motion, NULL, NULL) == BASE_CANCELLED);
  CHECK(alignment == NULL);
  clear_piece(&piece);
}

static void same_input_gives_the_same_bytes(void) {
  Piece piece = make_piece(200, (Damage){0.1, 0.1, 0.01}, 51);
  Alignment *a = NULL, *b = NULL;
  CHECK(alignment_align(NULL, &a, &piece.score, piece.motion, NULL, NULL) == BASE_OK);
  CHECK(alignment_align(NULL, &b, &piece.score, piece.motion, NULL, NULL) == BASE_OK);
  for (size_t i = 0; i < a->points.n; i++) {
    CHECK(a->points.items[i].time_s == b->points.items[i].time_s);
    CHECK(a->points.items[i].confidence == b->points.items[i].confidence);
  }
  Alignment *copy = alignment_dup(a);
  CHECK(copy->points.n == a->points.n && copy->links.n == a->links.n);
  CHECK(memcmp(copy->links.items, a->links.items, a->links.n * sizeof *a->links.items) == 0);
  alignment_free(copy);
  alignment_free(a);
  alignment_free(b);
  clear_piece(&piece);
}

/* Each second note soft: late by `rested_s` or, struck soon after the one before, by `restless_s`. */
static Motion *perform_with_touch(const ScoreUnfolded *score, const double *time_s, double rested_s, double restless_s) {
  Motion *motion = motion_new();
  double last_s[128];
  for (int i = 0; i < 128; i++) last_s[i] = -INFINITY;
  for (size_t o = 0; o < score->onsets.n; o++)
    for (size_t i = 0; i < score->onsets.items[o].n; i++) {
      const int midi = score->sounds.items[score->onsets.items[o].first + i].midi, velocity = (o + i) % 2 ? 90 : 30;
      const TouchStroke stroke = touch_stroke((uint8_t)velocity, time_s[o] - last_s[midi]);
      const double at_s = time_s[o] + rested_s * stroke.rested + restless_s * stroke.restless;
      motion_add(motion, at_s, at_s + 0.3, midi, velocity, 1);
      last_s[midi] = time_s[o];
    }
  motion_sort(motion);
  return motion;
}

static double mean_distance_s(const Motion *motion, const ScoreUnfolded *score, const double *time_s) {
  double sum = 0;
  for (size_t i = 0; i < motion->notes.n; i++) {
    double nearest = INFINITY;
    for (size_t o = 0; o < score->onsets.n; o++) nearest = fmin(nearest, fabs(motion->notes.items[i].onset_s - time_s[o]));
    sum += nearest;
  }
  return sum / (double)motion->notes.n;
}

static void a_touch_is_learned(void) {
  enum { N = 400 };
  TouchStroke strokes[N];
  double late_s[N], weight[N];
  BaseRng rng = base_rng(5, 0);
  for (int i = 0; i < N; i++) {
    strokes[i] = touch_stroke((uint8_t)(20 + base_rng_below(&rng, 100)), base_rng_range(&rng, 0.1, 2));
    late_s[i] = 0.06 * strokes[i].rested - 0.04 * strokes[i].restless + 0.01 * base_rng_normal(&rng);
    if (i % 20 == 0) late_s[i] = 0.4; /* a wrong note */
    weight[i] = 1;
  }
  const Touch touch = touch_fit(strokes, late_s, weight, N);
  CHECK_SAYING(fabs(touch.rested_s - 0.06) < 0.01 && fabs(touch.restless_s + 0.04) < 0.01, "%.4f %.4f", touch.rested_s,
               touch.restless_s);
  const Touch none = touch_fit(strokes, late_s, weight, 0);
  CHECK(none.rested_s == 0 && none.restless_s == 0);
  CHECK(touch_delay_s(&touch, touch_stroke(100, 0.1)) == 0 && touch_delay_s(&touch, touch_stroke(0, 9)) == 0);
}

/* Soft notes come to where their score and the loud ones have them; loud ones stay. */
static void soft_notes_are_settled(void) {
  ScoreUnfolded score = {0};
  make_score(&score, 200, 11);
  double *time_s = make_times(&score, 1, 11);
  Motion *motion = perform_with_touch(&score, time_s, 0.06, -0.03), *settled = motion_dup(motion);
  Alignment *alignment = NULL;
  CHECK(alignment_align(NULL, &alignment, &score, motion, NULL, NULL) == BASE_OK);
  CHECK(alignment_settle(NULL, settled, &score, alignment) == BASE_OK && motion_validate(NULL, settled) == BASE_OK);
  CHECK(settled->notes.n == motion->notes.n);
  const double before_s = mean_distance_s(motion, &score, time_s), after_s = mean_distance_s(settled, &score, time_s);
  CHECK_SAYING(after_s < 0.5 * before_s, "%.4f %.4f", before_s, after_s);
  for (size_t i = 0; i < motion->notes.n; i++)
    for (size_t j = 0; j < settled->notes.n; j++)
      if (motion->notes.items[i].id == settled->notes.items[j].id && motion->notes.items[i].velocity >= 86)
        CHECK(motion->notes.items[i].onset_s == settled->notes.items[j].onset_s);
  alignment_free(alignment);
  motion_free(settled);
  motion_free(motion);
  free(time_s);
  clear_score(&score);
}

CHECK_MAIN({CASE(coarse_equals_brute_force)}, {CASE(coarse_finds_an_exact_copy)},
           {CASE(path_equals_brute_force)}, {CASE(pairs_of_times_equal_brute_force)},
           {CASE(isotonic_is_the_nearest)}, {CASE(exact_performance_aligns_exactly)},
           {CASE(human_performance_aligns_closely)}, {CASE(poor_transcription_aligns_mostly)},
           {CASE(soft_notes_are_drawn_to_a_steady_tempo)},
           {CASE(silence_and_applause_are_left_alone)}, {CASE(evidence_stands_in_for_missing_notes)},
           {CASE(anchors_are_respected)}, {CASE(anchors_hold_in_a_tiny_world)},
           {CASE(anchor_between_onsets_bounds_both_sides)}, {CASE(crossing_anchors_are_refused)},
           {CASE(realigning_around_an_anchor_equals_aligning_anew)}, {CASE(playing_order_is_found)},
           {CASE(every_note_is_linked_once)}, {CASE(time_and_quarter_are_inverse)},
           {CASE(warp_is_monotone_and_stays_between_anchors)}, {CASE(nothing_to_align_is_said)},
           {CASE(cancelling_leaves_nothing)}, {CASE(a_touch_is_learned)},
           {CASE(soft_notes_are_settled)}, {CASE(same_input_gives_the_same_bytes)})
