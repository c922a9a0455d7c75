/* V ↔ A: where each onset of the score sounds in the recording.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/music/evidence.h"
#include "core/music/motion.h"
#include "core/music/score.h"

/* A place a person has fixed: hard. Score time as played, i.e. repeats unfolded. */
typedef struct {
  Beat quarter;
  double time_s;
} AlignmentAnchor;

/* One distinct onset of the unfolded score, in playing order. */
typedef struct {
  size_t onset;        /* index into ScoreUnfolded.onsets */
  Beat quarter;        /* its onset */
  double time_s;       /* where it sounds; never decreasing */
  float confidence;    /* 0…1, calibrated as well as known: the probability of being within 50 ms */
  bool anchor;         /* fixed by a person */
} AlignmentPoint;

/* ALIGNMENT_ORNAMENT is said by a person: a key press more that belongs to the sound, beside the one that plays it. */
typedef enum { ALIGNMENT_MATCH, ALIGNMENT_NOT_PLAYED, ALIGNMENT_EXTRA, ALIGNMENT_ORNAMENT } AlignmentVerdict;

/* A score sound and the key press that plays it. */
typedef struct {
  int32_t sound;       /* index into ScoreUnfolded.sounds; -1 for an extra note */
  uint32_t note;       /* MotionNote.id; 0 for one not played */
  uint8_t verdict;     /* AlignmentVerdict */
  float confidence;
} AlignmentLink;

/* Owned by one holder. points: one for each onset; links: every sound and every motion note once (but for
 * the sounds of ornaments). */
typedef struct {
  BASE_ARRAY(AlignmentPoint) points;
  BASE_ARRAY(AlignmentLink) links;
} Alignment;

typedef struct {
  const AlignmentAnchor *anchors; /* ascending in both times; borrowed */
  size_t n_anchors;
  bool read_from_pages;           /* the rhythm of the score may be wrong: trust the tempo less */
  const Alignment *previous;      /* re-align around changed anchors only, or null; borrowed */
} AlignmentParams;

/* Aligns. `evidence` may be null (MIDI against score), `motion` may not. Anchors that cross are
 * BASE_BAD_INPUT naming both. Ten minutes take well under a second; memory O(√onsets × notes). `params` may be
 * null. */
BaseStatus alignment_align(BaseContext *ctx, Alignment **out, const ScoreUnfolded *score, const Motion *motion,
                           const Evidence *evidence, const AlignmentParams *params);
void alignment_free(Alignment *alignment);

/* The order in which the measures were played: repeats taken or not, sections played again, cuts — found by
 * allowing jumps between bar lines (as in Fremerey, Müller & Clausen 2010). `once` is the score with every measure
 * once; jumps that occur in `written` (its signs followed; may be null) are cheap, any other has to earn its keep.
 * `order` becomes `n` measure indices for ScoreUnfoldParams, freed by the caller with free(). Time and memory like
 * alignment_align. */
BaseStatus alignment_order(BaseContext *ctx, int32_t **order, size_t *n, const ScoreUnfolded *once,
                           const ScoreUnfolded *written, const Motion *motion, const Evidence *evidence);
/* Takes the delay of soft strokes, as the score shows it for this very recording, off the onsets of `motion`, and draws
 * what remains of soft notes, whose hammers take their time, towards where the score lets expect them; loud notes and
 * those of rolled chords stay. Notes keep their ids and key-ups. O(notes). */
BaseStatus alignment_settle(BaseContext *ctx, Motion *motion, const ScoreUnfolded *score, const Alignment *alignment);

Alignment *alignment_dup(const Alignment *alignment);

/* Time of any score position, and back: monotone piecewise linear between points, continued at the ends with
 * the neighbouring tempo. O(log n). Needs at least one point; with one, 0.6 s a quarter is assumed. */
double alignment_time_s(const Alignment *alignment, double quarter);
double alignment_quarter(const Alignment *alignment, double time_s);

/* What dragging shows: `moved`'s time set to `time_s` and its neighbours up to the nearest anchors carried
 * along smoothly (monotone cubic, Fritsch & Carlson 1980). Times between the two anchors that would cross
 * are clamped. `times_s`: points.n doubles, caller's. O(n). */
void alignment_warp(double *times_s, const Alignment *alignment, size_t moved, double time_s);

enum { ALIGNMENT_VERSION = 4 };
