/* A score is read twice, from its beginning and from its end, and a note is doubted for what it surprises both readers
 * more than they expect to be surprised there. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_doubt.h"

#include <stdlib.h>

/* Nats beyond those expected of every field of every step. */
static BaseStatus surprise(BaseContext *ctx, float *beyond, const LanguageModel *model, const LanguageText *text,
                           LanguageSource source) {
  LanguageReader *reader = NULL;
  size_t cells = text->n * LANGUAGE_FIELDS;
  float *expected = malloc((cells + 1) * sizeof *expected);
  BaseStatus status = expected ? BASE_OK : base_fail_memory(ctx);
  if (status == BASE_OK) status = language_reader_new(ctx, &reader, model, (LanguageCode){source, LANGUAGE_CLEAN});
  if (status == BASE_OK) status = language_read(ctx, reader, text->items, text->n, beyond, expected);
  for (size_t i = 0; status == BASE_OK && i < cells; i++) beyond[i] -= expected[i];
  language_reader_free(reader);
  free(expected);
  return status;
}

static float both(const float *forward, const float *backward, size_t i, size_t n, LanguageField field) {
  return forward[i * LANGUAGE_FIELDS + (size_t)field] + backward[(n - 1 - i) * LANGUAGE_FIELDS + (size_t)field];
}

static size_t collect(LanguageDoubt *doubts, const LanguageText *text, const float *forward, const float *backward) {
  size_t count = 0;
  int32_t measure = -1;
  for (size_t i = 0; i < text->n; i++) {
    const LanguageStep *step = &text->items[i];
    if (step->field[LANGUAGE_TIME] == LANGUAGE_BAR) measure++;
    if (!step->note) continue;
    doubts[count++] = (LanguageDoubt){.note = step->note,
                                      .measure = measure,
                                      .pitch = both(forward, backward, i, text->n, LANGUAGE_PITCH) +
                                               both(forward, backward, i, text->n, LANGUAGE_VELOCITY),
                                      .spelling = both(forward, backward, i, text->n, LANGUAGE_PEDAL),
                                      .rhythm = both(forward, backward, i, text->n, LANGUAGE_TIME) +
                                                both(forward, backward, i, text->n, LANGUAGE_DURATION)};
  }
  return count;
}

BaseStatus language_doubts(BaseContext *ctx, LanguageDoubt **out, size_t *n, const LanguageModel *model,
                           const Score *score) {
  LanguageText text = {0};
  BaseStatus status = language_of_score(ctx, &text, score);
  size_t cells = text.n * LANGUAGE_FIELDS;
  float *forward = malloc((cells + 1) * sizeof *forward), *backward = malloc((cells + 1) * sizeof *backward);
  LanguageDoubt *doubts = malloc((text.n + 1) * sizeof *doubts);
  if (status == BASE_OK && !(forward && backward && doubts)) status = base_fail_memory(ctx);
  if (status == BASE_OK) status = surprise(ctx, forward, model, &text, LANGUAGE_WRITTEN);
  language_reverse(&text);
  if (status == BASE_OK) status = surprise(ctx, backward, model, &text, LANGUAGE_BACKWARDS);
  language_reverse(&text);
  if (status == BASE_OK) {
    *n = collect(doubts, &text, forward, backward);
    *out = doubts;
  } else {
    free(doubts);
  }
  base_array_clear(&text);
  free(forward);
  free(backward);
  return status;
}
