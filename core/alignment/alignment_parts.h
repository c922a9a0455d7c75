/* The steps of the aligner, apart, so that each can be tested against a slow reference.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/alignment/alignment.h"
#include "core/base/base_arena.h"
#include "core/music/touch.h"

enum { ALIGNMENT_KEYS = MOTION_KEYS, ALIGNMENT_WINDOW_CANDIDATES = 24 };

/* A moment at which a key may have been struck: a note of the motion, or a peak of the evidence that was too
 * low to become one. */
typedef struct {
  double time_s;
  float weight;  /* 0…1: the probability that it is a note */
  uint32_t note; /* MotionNote.id, 0 for a peak of the evidence */
  uint8_t key;   /* 0…87 */
  uint8_t velocity; /* 0 unknown */
  float precision; /* of its time, against that of a loud note: soft hammers take long, and less surely so */
  TouchStroke stroke;
} AlignmentAtom;

/* Sorted by time. of_key[key_first[k] … key_first[k + 1]) are the indices of key k, in order. In the arena
 * they were made with. */
typedef struct {
  AlignmentAtom *items;
  size_t n;
  uint32_t *of_key;
  size_t key_first[ALIGNMENT_KEYS + 1];
} AlignmentAtoms;

/* The keys that each onset of the score wants, each key once, grace notes left out unless there is nothing
 * else: key[first[i] … first[i + 1]). In the arena they were made with. */
typedef struct {
  size_t n;
  double *quarter;
  size_t *first;
  uint8_t *key;
} AlignmentRows;

/* Collects atoms. `evidence` may be null. O(notes log notes + frames × 88). */
BaseStatus alignment_atoms(BaseContext *ctx, AlignmentAtoms *out, BaseArena *arena, const Motion *motion,
                           const Evidence *evidence);
BaseStatus alignment_rows(BaseContext *ctx, AlignmentRows *out, BaseArena *arena, const ScoreUnfolded *score);

/* The index of the first atom not before `time_s`. O(log n). */
size_t alignment_atoms_from(const AlignmentAtoms *atoms, double time_s);

/* The weight of the best atom of `key` around `time_s`, fading as a Gaussian of `spread_s`, none beyond three
 * spreads. O(log n). */
double alignment_weight_at(const AlignmentAtoms *atoms, int key, double time_s, double spread_s);

/* A stretch of the score between two fixed places: rows [first, end) fall strictly between from_s and to_s.
 * A fixed side also pins the tempo: (from_quarter, from_s). */
typedef struct {
  size_t first, end;
  bool fixed_from, fixed_to;
  double from_quarter, from_s, to_quarter, to_s;
} AlignmentSpan;

/* Atoms that sound together, in order of time. weight[k * n + j] is that of key k in slice j, × 255; heard[j]
 * the sum over keys of the weights, in notes. */
typedef struct {
  size_t n;
  double *time_s;
  float *heard;
  uint8_t *weight;
} AlignmentSlices;

/* The slices of a span's atoms; false without memory. O(atoms). */
bool alignment_slices(AlignmentSlices *out, BaseArena *arena, const AlignmentAtoms *atoms,
                      const AlignmentSpan *span);

/* Step 1, no notion of tempo: the monotone pairing of rows with slices (atoms that sound together) that has
 * the most notes in common. time_s[i - first] becomes the slice's time or NaN, gain the notes in common.
 * O(rows × slices) time at about 1 ns, O(√rows × slices) memory. Beyond 8e9 cells BASE_UNSUPPORTED. */
BaseStatus alignment_coarse(BaseContext *ctx, double *time_s, float *gain, BaseArena *arena,
                            const AlignmentRows *rows, const AlignmentAtoms *atoms,
                            const AlignmentSpan *span);

/* What step 1 gains when a row of `wanted` keys meets a slice of weight `heard` with `common` in common. */
double alignment_pair_gain(double wanted, double heard, double common);

/* The tempo curve through the times that are not NaN: robust local linear regression of time on quarters
 * (Cleveland 1979), never falling; slope in seconds a quarter, always positive. Arrays of end - first.
 * `weight` is how much each time counts. `reach` is the number of neighbours on either side. O(rows × reach).
 */
BaseStatus alignment_curve(BaseContext *ctx, double *smooth_s, double *slope, BaseArena *arena,
                           const AlignmentRows *rows, const AlignmentSpan *span, const double *time_s,
                           const float *weight, int reach);

/* Where a row may fall, and what that costs by itself. */
typedef struct {
  double time_s;
  float cost; /* negative log likelihood of the keys wanted, given what was heard there */
  bool heard; /* false: not played or not heard, placed by the tempo alone */
} AlignmentCandidate;

/* The candidates of all rows of a span: items[first[i] … first[i + 1]), i from 0, at least one for each row.
 */
typedef struct {
  size_t n;
  AlignmentCandidate *items;
  size_t *first;
} AlignmentLattice;

BaseStatus alignment_lattice(BaseContext *ctx, AlignmentLattice *out, BaseArena *arena,
                             const AlignmentRows *rows, const AlignmentAtoms *atoms,
                             const AlignmentSpan *span, const double *smooth_s, const double *reach_s);

/* The cost of going from one place to the next when `expected_s` lie between them at the local tempo, which
 * may be off by `spread` (a share). */
double alignment_step_cost(double from_s, bool from_heard, double to_s, bool to_heard, double expected_s,
                           double spread);

/* The share for a score that can be trusted in its rhythm, and for one that was read from pages. */
double alignment_tempo_spread(bool read_from_pages);

/* Step 2, with tempo: the cheapest way through the lattice (Viterbi). chosen[i] indexes lattice->items;
 * trust[i] is the share of all ways, weighted by exp(-cost) of the best way through each candidate, that pass
 * within 50 ms of the chosen one. O(rows × candidates²). `total` (may be null) receives the cost. */
BaseStatus alignment_path(BaseContext *ctx, size_t *chosen, float *trust, double *total, BaseArena *arena,
                          const AlignmentLattice *lattice, const AlignmentRows *rows,
                          const AlignmentSpan *span, const double *slope, double spread);

/* The one-to-one pairing in order of two ascending lists that maximises the sum of (cut_s - distance) over
 * pairs nearer than cut_s. partner[i] is an index into b or -1. O(pairs nearer than cut_s). */
BaseStatus alignment_pair_times(BaseContext *ctx, int32_t *partner, BaseArena *arena, const double *a,
                                size_t n, const double *b, size_t m, double cut_s);

/* How far the atoms of one row lie apart. */
typedef struct {
  uint32_t n;      /* 0: the row was not heard */
  float precision; /* the sum over them */
  float square_s2; /* sum of squared distances to their mean, each times its precision */
} AlignmentScatter;

/* Step 3: each row's time from its own keys' atoms, smoothed as far as they scatter, then never falling (pool
 * adjacent violators) and within the span; rows without any keep their place between their neighbours.
 * found[i]: share of the keys that have an atom, weighted. */
BaseStatus alignment_refine(BaseContext *ctx, double *time_s, float *found, AlignmentScatter *scatter,
                            BaseArena *arena, const AlignmentRows *rows, const AlignmentAtoms *atoms,
                            const AlignmentSpan *span, const double *slope);

/* Draws rows that were heard towards a curve of time through them all: not at all when chords are struck and heard together
 * to the millisecond, the more the more their notes scatter and the more steadily the player goes (empirical Bayes; the
 * usual player where fewer than two dozen rows were heard). O(rows). */
BaseStatus alignment_smooth(BaseContext *ctx, double *time_s, BaseArena *arena, const AlignmentRows *rows,
                            const AlignmentSpan *span, const AlignmentScatter *scatter);

/* The lines through each row's neighbours, itself left out, at the row: NaN where there are too few. `precision` is that
 * of a line against a loud note's time; 0 when nothing is known of either. line_s: span->end - span->first. O(rows). */
BaseStatus alignment_lines(BaseContext *ctx, double *line_s, double *precision, BaseArena *arena, const double *time_s,
                           const AlignmentRows *rows, const AlignmentSpan *span, const AlignmentScatter *scatter);

/* Weighted isotonic regression in place: the never falling values nearest to `value` (pool adjacent
 * violators). */
BaseStatus alignment_isotonic(BaseContext *ctx, double *value, const double *weight, size_t n,
                              BaseArena *arena);

/* Links every sound and every note of the motion, given the times of the points. */
BaseStatus alignment_link(BaseContext *ctx, Alignment *alignment, BaseArena *arena,
                          const ScoreUnfolded *score, const Motion *motion);

/* The note that plays each sound of the score, as an index into motion->notes or -1. In the arena. */
BaseStatus alignment_partners(BaseContext *ctx, const int32_t **note_of_sound, BaseArena *arena, const Alignment *alignment,
                              const ScoreUnfolded *score, const Motion *motion);
