/* Music that the language makes up. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/language/language.h"

/* Zeros stand for the values in brackets. */
typedef struct {
  LanguageCode code;
  double temperature;   /* of times, pitches and lengths [0.95] */
  double nucleus;       /* only the likeliest ids that hold this share are drawn from (Holtzman et al. 2020) [0.95] */
  double seconds;       /* of music [30] */
  size_t most_notes;    /* [40 a second] */
  const Motion *before; /* what it goes on from; its notes are not in the result; null: from nothing */
  int key;              /* signature to stay near, in fifths plus 8 (C is 8); 0: any */
  double tempo;         /* beats a minute to keep to, by sixteenths of them [0: free time] */
  int beats;            /* in a bar, whose first is preferred [0: no bars] */
  const Motion *along;  /* what is played meanwhile, sorted, all after `before`; its notes are not in the result, which
                           comes between them and ends with them; null: nothing */
} LanguageSampleParams;

/* Draws note after note: time, key, length, velocity, pedal, each given those before. Where the last notes have come
 * again and again, what would repeat them once more is made less likely; where they come faster than 9 a second, longer
 * times are made likelier. The first note is at 0, or where `before` would
 * go on; bars are counted from there. Beside `along` there is no pedal: that is its player's. Deterministic by ctx->seed. 300 notes a second or more. */
BaseStatus language_sample(BaseContext *ctx, Motion **out, const LanguageModel *model, const LanguageSampleParams *params);
