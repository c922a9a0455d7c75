/* Bars are read in their place in the text of the whole score, from a few bars before on. No single fact of a note counts for
 * more than what is very unlikely: how unlikely something unheard-of is the language does not know.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_prior.h"

#include <math.h>
#include <stdlib.h>

enum { BEFORE = 4 };

static const float most_nats = 8;

struct LanguageScorePrior {
  LanguageReader *reader;
  LanguageText text;
  BASE_ARRAY(float) nats;
};

BaseStatus language_score_prior_new(BaseContext *ctx, LanguageScorePrior **out, const LanguageModel *model) {
  LanguageScorePrior *prior = calloc(1, sizeof *prior);
  BaseStatus status = prior ? BASE_OK : base_fail_memory(ctx);
  if (status == BASE_OK)
    status = language_reader_new(ctx, &prior->reader, model, (LanguageCode){LANGUAGE_WRITTEN, LANGUAGE_CLEAN});
  if (status == BASE_OK)
    *out = prior;
  else
    language_score_prior_free(prior);
  return status;
}

void language_score_prior_free(LanguageScorePrior *prior) {
  if (!prior) return;
  language_reader_free(prior->reader);
  base_array_clear(&prior->text);
  base_array_clear(&prior->nats);
  free(prior);
}

/* The step of bar number `bar`'s line; the end of the text behind the last one. */
static size_t start_of(const LanguageText *text, int32_t bar) {
  size_t at = 0;
  for (int32_t seen = 0; at < text->n; at++)
    if (text->items[at].field[LANGUAGE_TIME] == LANGUAGE_BAR && seen++ >= bar) break;
  return at;
}

static double surprise_of(const float *nats) {
  static const LanguageField told[] = {LANGUAGE_TIME, LANGUAGE_PITCH, LANGUAGE_DURATION, LANGUAGE_PEDAL};
  double sum = 0;
  for (size_t i = 0; i < sizeof told / sizeof *told; i++) sum += (double)fminf(most_nats, nats[told[i]]);
  return sum;
}

static double ask(void *user, const Score *score, int32_t first, int32_t end) {
  LanguageScorePrior *prior = user;
  prior->text.n = 0;
  if (language_of_score(NULL, &prior->text, score) != BASE_OK) return -1;
  size_t from = start_of(&prior->text, first - BEFORE), at = start_of(&prior->text, first), until = start_of(&prior->text, end);
  if (!base_array_reserve(&prior->nats, (until - from) * LANGUAGE_FIELDS)) return -1;
  language_reader_restart(prior->reader);
  if (language_read(NULL, prior->reader, prior->text.items + from, until - from, prior->nats.items, NULL) != BASE_OK) return -1;
  double sum = 0;
  for (size_t i = at; i < until; i++) sum += surprise_of(prior->nats.items + (i - from) * LANGUAGE_FIELDS);
  return sum;
}

/* Nats beyond what was expected of the facts of the metric. */
static double excess(const float *nats, const float *expected) {
  double sum = 0;
  for (int f = 0; f < LANGUAGE_METRIC_FIELDS; f++) sum += (double)(nats[f] - expected[f]);
  return sum;
}

static void sum_bars(float *odd, size_t bars, const LanguageText *text, const float *nats, const float *expected) {
  size_t bar = 0;
  double sum = 0, notes = 0;
  for (size_t i = 0; i <= text->n; i++) {
    bool line = i < text->n && text->items[i].field[LANGUAGE_TIME] == LANGUAGE_BAR;
    if (i && (line || i == text->n) && bar < bars) {
      odd[bar++] = (float)(sum / sqrt(notes + 1));
      sum = notes = 0;
    }
    if (i == text->n) break;
    notes += !line;
    sum += excess(nats + i * LANGUAGE_FIELDS, expected + i * LANGUAGE_FIELDS);
  }
}

static bool find_odd(void *user, float *odd, const Score *score) {
  LanguageScorePrior *prior = user;
  prior->text.n = 0;
  if (language_of_score(NULL, &prior->text, score) != BASE_OK) return false;
  size_t n = prior->text.n * LANGUAGE_FIELDS;
  if (!base_array_reserve(&prior->nats, 2 * n)) return false;
  language_reader_restart(prior->reader);
  if (language_read(NULL, prior->reader, prior->text.items, prior->text.n, prior->nats.items, prior->nats.items + n) != BASE_OK)
    return false;
  sum_bars(odd, score->measures.n, &prior->text, prior->nats.items, prior->nats.items + n);
  return true;
}

ScorePrior language_score_prior(LanguageScorePrior *prior) {
  return (ScorePrior){ask, find_odd, prior};
}
