/* The metric (LanguageScore). SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language.h"

#include <stdlib.h>

static const LanguageCode OF_PERFORMANCES = {LANGUAGE_PLAYED_SCORE, LANGUAGE_CLEAN},
                          OF_SCORES = {LANGUAGE_WRITTEN, LANGUAGE_CLEAN};

static LanguageScore mean_of(const float *nats, size_t n) {
  LanguageScore score = {.notes = n};
  for (size_t i = 0; i < n; i++)
    for (int f = 0; f < LANGUAGE_METRIC_FIELDS; f++) score.parts[f] += (double)nats[i * LANGUAGE_FIELDS + (size_t)f];
  for (int f = 0; f < LANGUAGE_METRIC_FIELDS; f++) {
    score.parts[f] /= n ? (double)n : 1;
    score.nats_per_note += score.parts[f];
  }
  return score;
}

static BaseStatus score_text(BaseContext *ctx, LanguageScore *score, const LanguageModel *model, const LanguageText *text,
                             LanguageCode code) {
  LanguageReader *reader = NULL;
  float *nats = malloc((text->n + 1) * LANGUAGE_FIELDS * sizeof *nats);
  BaseStatus status = nats ? language_reader_new(ctx, &reader, model, code) : base_fail_memory(ctx);
  if (status == BASE_OK) status = language_read(ctx, reader, text->items, text->n, nats, NULL);
  if (status == BASE_OK) *score = mean_of(nats, text->n);
  language_reader_free(reader);
  free(nats);
  return status;
}

BaseStatus language_score(BaseContext *ctx, LanguageScore *score, const LanguageModel *model, const Motion *motion,
                          const LanguageCode *code) {
  LanguageText text = {0};
  BaseStatus status = language_of_motion(ctx, &text, motion, 0, motion->notes.n, 1);
  language_keep_metric(&text);
  if (status == BASE_OK) status = score_text(ctx, score, model, &text, code ? *code : OF_PERFORMANCES);
  base_array_clear(&text);
  return status;
}

BaseStatus language_score_written(BaseContext *ctx, LanguageScore *score, const LanguageModel *model, const Score *written) {
  LanguageText text = {0};
  BaseStatus status = language_of_score(ctx, &text, written);
  if (status == BASE_OK) status = score_text(ctx, score, model, &text, OF_SCORES);
  base_array_clear(&text);
  return status;
}
