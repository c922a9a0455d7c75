/* How near an estimate is to the truth, by the definitions of the field.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_array.h"
#include "core/base/base_context.h"
#include "core/music/motion.h"
#include "core/music/score.h"

/* How many of `reference` and `estimated` things were matched, and the shares; 0 where there is nothing. */
typedef struct {
  size_t matched, reference, estimated;
  double precision, recall, f1; /* 0…1 */
} EvaluationShare;

EvaluationShare evaluation_share(size_t matched, size_t reference, size_t estimated);

/* ---- notes ---- */

/* Note-level transcription metrics (Bay, Ehmann & Downie 2009; mir_eval: Raffel et al. 2014; velocity:
 * Hawthorne et al. 2018). A note matches when its pitch is equal and its onset within 50 ms; `offset` also
 * wants the end within 50 ms or 20 % of the reference's length, `velocity` also the velocity within 0.1 after
 * one linear fit. Matchings are maximum, one to one; differences count to 0.1 ms, so that 50 ms is a hit. */
typedef struct {
  EvaluationShare onset, onset_velocity, onset_offset, onset_offset_velocity;
  EvaluationShare frame; /* cells of a piano roll with 10 ms columns */
  double deviation_mean_s, deviation_median_s,
      deviation_absolute_s; /* estimate - reference over onset matches */
} EvaluationNotes;

typedef struct {
  bool sustain; /* a note ends when its sound ends (pedal), not at key up */
} EvaluationNotesParams;

/* `params` may be null. O(notes × notes within 50 ms of the same pitch + frames). */
BaseStatus evaluation_notes(BaseContext *ctx, EvaluationNotes *out, const Motion *reference,
                            const Motion *estimate, const EvaluationNotesParams *params);

/* A maximum matching of a bipartite graph (Hopcroft & Karp 1973). The neighbours of left vertex i are
 * to[first[i] … first[i + 1]). partner[i] becomes the right vertex or -1; *size their number. O(edges
 * √vertices). */
BaseStatus evaluation_match(BaseContext *ctx, int32_t *partner, size_t *size, const size_t *first,
                            const int32_t *to, size_t n_left, size_t n_right);

/* ---- scores ---- */

/* Written notes against written notes: staves are mapped from top to bottom, measures aligned by edit
 * distance (one bar line too few or too many costs little), notes matched inside aligned measures and staves.
 * Grace notes, rests and hidden notes do not count. */
typedef struct {
  EvaluationShare pitch, pitch_onset, pitch_onset_duration; /* onset, duration within 1/16 quarter */
  size_t measures_reference, measures_estimated,
      measures_right; /* right: every note in place, none too many */
  size_t staves_reference, staves_estimated;
} EvaluationScore;

BaseStatus evaluation_score(BaseContext *ctx, EvaluationScore *out, const Score *reference,
                            const Score *estimate);

/* ---- alignment ---- */

/* Where an onset of the score sounds. `pitches` are bits of MIDI numbers. */
typedef struct {
  double quarter, time_s;
  uint64_t pitches[2];
} EvaluationOnset;

typedef BASE_ARRAY(EvaluationOnset) EvaluationOnsets;

/* Reads a table with the columns score_quarter, time_s and pitches or midi_pitches (either may be missing and
 * is then 0). BASE_BAD_FILE names the line. Cleared by the caller. */
BaseStatus evaluation_read_onsets(BaseContext *ctx, EvaluationOnsets *out, const char *path);

typedef struct {
  size_t n;
  double missed;                         /* share of the truth without a partner */
  double median_s, mean_s, p90_s, p99_s; /* absolute error over the others */
  double within_25ms, within_50ms, within_100ms, beyond_250ms, beyond_1s; /* shares of all */
} EvaluationAlignment;

/* The estimate is interpolated at the truth's score positions. With `written` (may be null) the estimate's
 * onsets are first matched in order to those of `written` by their pitches, for scores whose time may have
 * drifted; truth without a partner is missed. O(truth log estimate), with `written` O(written × estimate). */
BaseStatus evaluation_alignment(BaseContext *ctx, EvaluationAlignment *out, const EvaluationOnsets *truth,
                                const EvaluationOnsets *estimate, const EvaluationOnsets *written);
