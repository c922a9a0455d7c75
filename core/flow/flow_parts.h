/* What the files of this room share. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/flow/flow.h"

#include <stdio.h>

/* True when `path` ends so, capitals or not. */
bool flow_ends_with(const char *path, const char *ending);

/* The sentence for a file of the wrong kind; `wanted` as in "a recording". */
BaseStatus flow_fail_kind(BaseContext *ctx, const char *path, FlowKind found, const char *wanted);

/* A MIDI performance as a score: quantised to 1/24 quarter by its tempo map, measures of four quarters, two
 * staves split at middle C, notes that cross a bar line tied. BASE_BAD_INPUT when there are no notes. */
BaseStatus flow_score_of_motion(BaseContext *ctx, Score **out, const Motion *motion, const char *name);

/* The alignment in a playing order that is known; anchors as for flow_align. */
BaseStatus flow_align_in(BaseContext *ctx, Alignment **out, const Score *score, const ScoreUnfolded *unfolded,
                         const Transcription *heard, const AlignmentAnchor *anchors, size_t n_anchors);

/* The score's notes where the alignment puts them, as transcription_expect wants them. */
BaseStatus flow_expected(BaseContext *ctx, Motion **out, const ScoreUnfolded *unfolded, const Alignment *alignment);

/* The notes of a motion by their ids. */
typedef struct {
  const MotionNote **items; /* freed by the holder with free() */
  size_t n;
} FlowNotes;

bool flow_notes_init(FlowNotes *notes, const Motion *motion); /* false without memory */
const MotionNote *flow_notes_find(const FlowNotes *notes, uint32_t id); /* null for one that is not there */

/* The alignment as a match file (Vienna, version 1.0.0), onto an open stream. */
void flow_put_match(FILE *stream, const FlowAligned *aligned, const FlowNotes *notes);

/* As the folder of five tables that Parangonada loads; made whole or not at all, and only where nothing is yet. */
BaseStatus flow_write_parangonada(BaseContext *ctx, const FlowAligned *aligned, const FlowNotes *notes, const char *path);

/* `before`, then the number with at most so many decimals, as every locale reads it. */
void flow_put_number(FILE *stream, const char *before, double value, int decimals);

/* "n12-1": the written note of a sound and the pass on which it is played; what names it in every export. */
void flow_put_sound_id(FILE *stream, const FlowAligned *aligned, const ScoreSound *sound);
