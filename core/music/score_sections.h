/* A playing order in letters, as musicians say it: "A A B". SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/score.h"

enum { SCORE_LETTERS_SIZE = 64 };

/* Writes the order of `unfolded` as letters of sections, separated by spaces. Sections lie between the bar lines from or to
 * which any of the `n` orders `all` jumps, and are lettered as they follow each other in print, so that orders of one score
 * can be compared; endings and sections of no more than one measure go with what they follow. What does not fit or has no
 * letter is "…". `letters`: SCORE_LETTERS_SIZE bytes, UTF-8. False without memory. O(steps). */
bool score_sections(char *letters, const Score *score, const ScoreUnfolded *unfolded, const ScoreUnfolded *const *all,
                    size_t n);
