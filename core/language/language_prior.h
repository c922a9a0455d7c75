/* The language as a prior of engines that hear or read. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/language/language.h"
#include "core/music/prior.h"

/* A reader and its scratch. One thread at a time; the model must outlive it. 2 MB. */
typedef struct LanguagePrior LanguagePrior;

BaseStatus language_prior_new(BaseContext *ctx, LanguagePrior **out, const LanguageModel *model);
void language_prior_free(LanguagePrior *prior); /* null is fine */

/* What it thinks of notes: by time and key of the note and of some that follow, given some before. 2 ms a question. */
MusicPrior language_prior(LanguagePrior *prior);

/* The same for what is written. 2 MB. */
typedef struct LanguageScorePrior LanguageScorePrior;

BaseStatus language_score_prior_new(BaseContext *ctx, LanguageScorePrior **out, const LanguageModel *model);
void language_score_prior_free(LanguageScorePrior *prior); /* null is fine */

/* What it thinks of bars: by place, key, value and spelling of their notes, given a few bars before. 10 ms a question. */
ScorePrior language_score_prior(LanguageScorePrior *prior);
