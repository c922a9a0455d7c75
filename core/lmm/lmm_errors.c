/* The transcriber as a table: invented performances are played to it, and notes are known again by their ids.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_language.h"

#include <stdlib.h>
#include <string.h>

enum { NOTES = 200 };

/* Counts beforehand, so that nothing is impossible: as if every id had once been taken for any other of its field. */
static const float FLOOR = 0.02f, ITSELF = 2;

void lmm_language_errors_clear(LanguageErrors *errors) {
  for (int f = 0; f < LANGUAGE_METRIC_FIELDS; f++) {
    free(errors->seen[f]);
    errors->seen[f] = NULL;
  }
}

static BaseStatus start(BaseContext *ctx, LanguageErrors *errors) {
  for (int f = 0; f < LANGUAGE_METRIC_FIELDS; f++) {
    size_t n = (size_t)language_ids[f];
    if (!(errors->seen[f] = calloc(n * n, sizeof(float)))) return base_fail_memory(ctx);
    for (size_t i = 0; i < n; i++) errors->seen[f][i * n + i] = ITSELF;
    for (int seen = 0; seen < language_played_ids[f]; seen++)
      for (int is = 0; is < language_played_ids[f]; is++) errors->seen[f][(size_t)seen * n + (size_t)is] += FLOOR;
  }
  return BASE_OK;
}

/* Columns become probabilities. */
static void normalise(LanguageErrors *errors) {
  for (int f = 0; f < LANGUAGE_METRIC_FIELDS; f++) {
    int n = language_ids[f];
    float *seen = errors->seen[f];
    for (int is = 0; is < n; is++) {
      float sum = 0;
      for (int i = 0; i < n; i++) sum += seen[i * n + is];
      for (int i = 0; i < n; i++) seen[i * n + is] /= sum;
    }
  }
}

static const LanguageStep *step_of(const LanguageText *text, uint32_t note) {
  for (size_t i = 0; note && i < text->n; i++)
    if (text->items[i].note == note) return &text->items[i];
  return NULL;
}

static void count(LanguageErrors *errors, const LanguageText *played, const LanguageText *heard) {
  for (size_t i = 1; i < heard->n; i++) {
    const LanguageStep *seen = &heard->items[i], *is = step_of(played, seen->note);
    for (int f = 0; is && f < LANGUAGE_METRIC_FIELDS; f++)
      errors->seen[f][seen->field[f] * language_ids[f] + is->field[f]] += 1;
  }
}

static bool cut(Motion *motion, const Motion *from, size_t first) {
  for (size_t i = first; i < from->notes.n && i < first + NOTES; i++)
    if (!base_array_push(&motion->notes, from->notes.items[i])) return false;
  motion_number(motion);
  return true;
}

static BaseStatus one_text(BaseContext *ctx, LanguageErrors *errors, const LmmPiece *piece, const LmmErrors *made, BaseRng *rng) {
  LanguageText played = {0}, heard = {0};
  Motion *motion = motion_new();
  size_t room = piece->motion->notes.n > NOTES ? piece->motion->notes.n - NOTES : 0;
  BaseStatus status = motion && cut(motion, piece->motion, base_rng_below(rng, (uint32_t)room + 1)) ? BASE_OK : base_fail_memory(ctx);
  if (status == BASE_OK) {
    lmm_express(motion, rng);
    status = language_of_motion(ctx, &played, motion, 0, motion->notes.n, 1);
  }
  if (status == BASE_OK && !lmm_mishear(motion, made, rng)) status = base_fail_memory(ctx);
  if (status == BASE_OK) status = language_of_motion(ctx, &heard, motion, 0, motion->notes.n, 1);
  if (status == BASE_OK) count(errors, &played, &heard);
  motion_free(motion);
  base_array_clear(&played);
  base_array_clear(&heard);
  return status;
}

BaseStatus lmm_language_errors(BaseContext *ctx, LanguageErrors *out, const LmmCorpus *scores, const LmmErrors *errors,
                               int texts) {
  LanguageErrors made = {0};
  BaseRng rng = base_rng(ctx ? ctx->seed : 0, 0xe44);
  BaseStatus status = scores->pieces.n ? start(ctx, &made) : base_fail(ctx, BASE_BAD_INPUT, "There is nothing to mishear.");
  for (int i = 0; i < texts && status == BASE_OK; i++) {
    const LmmPiece *piece = &scores->pieces.items[base_rng_below(&rng, (uint32_t)scores->pieces.n)];
    if (piece->side == LMM_TRAINING) status = one_text(ctx, &made, piece, errors, &rng);
  }
  if (status == BASE_OK) {
    normalise(&made);
    *out = made;
  } else {
    lmm_language_errors_clear(&made);
  }
  return status;
}
