/* What a score says about a recording that it was aligned to, as labels for the network that hears.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/lmm/lmm_recording.h"

/* Onsets only: ends and strengths of a performance are not in a score. Cleared by its holder. */
typedef struct {
  size_t frames;
  uint8_t *onset;          /* frames × 88: what the head of onsets is to answer × 255 */
  uint8_t *known;          /* frames × 88: 0 where nothing can be said, 1 elsewhere */
  size_t found, unheard;   /* expected notes that got a label, and those without a trace of an onset nearby */
  size_t foreign, unclear; /* onsets that nobody expects: told to be none, and left alone because they are clear */
} LmmLabels;

/* A zero stands for the value in brackets. */
typedef struct {
  double reach_s;  /* an expected note takes an onset at most this far away [0.1] */
  float least;     /* probability of an onset that may be taken [0.03] */
  float too_clear; /* an unexpected onset of at least this probability is left alone, and all are where such are many
                      [0.9] */
} LmmLabelsParams;

/* Labels for the whole recording. `expected` are the score's notes where the alignment puts them (onset_s and midi are
 * looked at). Times of an alignment jitter, so each note snaps to the network's own onset peak, the likeliest and nearest
 * that no other note has taken, and is then drawn to where the notes around it let expect it; without a peak a note's
 * surroundings are unknown, never a negative, and so is what may ornament a note. `params` may be null.
 * O(notes × reach + frames). */
BaseStatus lmm_labels_of(BaseContext *ctx, LmmLabels *out, const LmmAnswers *answers, const Motion *expected,
                         const LmmLabelsParams *params);
void lmm_labels_clear(LmmLabels *labels);
