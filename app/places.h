/* What the machine found and what the person said, laid over each other. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#pragma once

#include "app/project.h"
#include "core/alignment/alignment.h"
#include "core/flow/flow_suspicion.h"
#include "core/music/motion.h"
#include "core/music/score.h"
#include "widgets/scene.h"

G_BEGIN_DECLS

/* The state that a probability of being right stands for: sure from 0.9, doubtful below 0.5. */
TriState places_state(double confidence);

/* One place for each onset. `places`: unfolded->onsets.n, caller's. `alignment` may be null: then the times
 * are those of `plain`, the score played plainly (or null), and everything is sure. O(onsets + sounds). */
void places_fill(TriPlace *places, const ScoreUnfolded *unfolded, const Alignment *alignment,
                 const Motion *plain, const Project *project);

/* One state for each note of `motion`; `states`: motion->notes.n, caller's. `unfolded` and `alignment` may be
 * null together. O(notes + links). */
void places_fill_notes(guint8 *states, const Motion *motion, const ScoreUnfolded *unfolded,
                       const Alignment *alignment, const TriPlace *places, const Project *project);

/* What was said of heard notes, laid over the links of a copy of the machine's alignment to that motion: a note that is
 * extra, or an ornament of the sound at its place that is nearest in pitch, plays nothing that is written. FALSE without
 * memory. O(marks × (notes + links)). */
gboolean places_lay_notes(Alignment *alignment, const ScoreUnfolded *unfolded, const Motion *motion, const Project *project);

/* How far off a place with this probability of being within 50 ms is, on the average: that of a Laplace
 * distribution with the same probability; seconds, 0.005 … 0.5. */
double places_error_s(double confidence);

/* The last of `n` places, which ascend in time, that is not after `time_s`; the first when all are. O(log n). */
gsize places_before(const TriPlace *places, gsize n, double time_s);

/* The onset that holds a sound: the last whose first sound is not behind it. O(log n). */
gsize places_of_sound(const ScoreUnfolded *unfolded, gsize sound);

/* Why a place is worth a look. */
typedef enum { PLACES_NOT_HEARD, PLACES_NOT_WRITTEN, PLACES_RHYTHM, PLACES_TIMING, PLACES_UNLIKELY } PlacesReason;

/* Neighbouring places of one bar with one reason, or a stretch whose timing is in doubt, `first` where one correction
 * would help most; onsets first … last. */
typedef struct {
  gsize first, last;
  PlacesReason reason;
  double worth;   /* how many onsets or notes are expected to be put right; the order of the list, larger first */
  double error_s; /* of PLACES_TIMING */
  guint n_notes;  /* that disagree or look wrong: of PLACES_NOT_HEARD, PLACES_NOT_WRITTEN, PLACES_UNLIKELY */
  guint n_needless; /* of PLACES_NOT_WRITTEN: those without which the sound is explained as well */
  int sound;      /* the first of them, index into unfolded->sounds; -1 */
  int midi;       /* its pitch; -1 */
} PlacesDoubt;

/* A place that is elsewhere than it was. */
typedef struct {
  int place;
  double before_s, after_s;
  gboolean was_heard, is_heard;
} PlacesMoved;

/* Which of `n` places moved by 20 ms or more, or were found in the recording or lost; anchors never. Those found or lost
 * first, then those that moved furthest; the first `most` go to `moved`, the answer counts all. O(n log n). */
gsize places_moved(PlacesMoved *moved, gsize most, const TriPlace *before, const TriPlace *after, gsize n);

/* What the doubts are taken from; all borrowed. `alignment` and `motion` belong together; both may be null: then only the
 * score is doubted. */
typedef struct {
  const Score *score;
  const ScoreUnfolded *unfolded;
  const Alignment *alignment;
  const Motion *motion;
  const TriPlace *places;
  const Project *project;
  const guint8 *seen; /* one flag an onset: has been looked at; may be null */
  const FlowSuspicion *suspicions; /* by id of the score's notes; may be null */
  const float *sounding;           /* of the motion's notes, flow_weigh; may be null */
} PlacesView;

/* The doubts of a piece, most worthwhile first, at most `most`; those seen come later. Places and notes of which the
 * person has said something never, and nothing that is worth little. The number written. O((onsets + links) log). */
gsize places_doubts(PlacesDoubt *doubts, gsize most, const PlacesView *view);

/* Gives a motion the tempo map of an alignment: one entry a quarter. FALSE without memory. */
gboolean places_put_beats(Motion *motion, const ScoreUnfolded *unfolded, const Alignment *alignment);

/* The performance that the score becomes at the times of its places: every sound at its place, as long as
 * written. `plain` (the score played plainly, or null) gives the velocities. Null without memory. */
Motion *places_play(const ScoreUnfolded *unfolded, const Alignment *alignment, const Motion *plain);

G_END_DECLS
