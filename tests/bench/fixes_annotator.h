/* A simulated person who knows the truth of a page and puts bars right as the window lets one do it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/score.h"
#include "core/omr/omr_edit.h"

/* For each measure of `read` on page `page` the measure of `truth` that it is, -1 none. The caller frees. */
int32_t *fixes_align(const Score *read, int page, const Score *truth);

/* Whether a measure has the notes of the true one: staff, pitch, onset and duration. */
bool fixes_same(const Score *read, int32_t measure, const Score *truth, int32_t true_measure);

/* Prints both versions of a bar. */
void fixes_tell(const Score *read, int32_t measure, const Score *truth, int32_t true_measure);

/* What rules a bar and is not what the truth says there: time, key and clefs at its start. */
bool fixes_of_signs(OmrEdits *out, const Score *read, int32_t measure, const Score *truth, int32_t true_measure,
                    int *kinds);

/* What a person would do to a bar: appends edits. Notes that were not read get the place where they would
 * stand between their neighbours. `kinds` (may be null) counts the edits by kind. False without memory. */
bool fixes_of_bar(OmrEdits *out, const Score *read, int32_t measure, const Score *truth, int32_t true_measure,
                  int *kinds);
