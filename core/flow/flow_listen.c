/* Hearing with the language's opinion of what is in doubt. Hearing with a score: hear, align, hear again what the alignment lets expect.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/flow/flow.h"

#include "core/flow/flow_parts.h"
#include "core/language/language_prior.h"

#include <stdlib.h>

enum { ROUNDS = 2 };

static const double LISTENING_SHARE = 0.8;

BaseStatus flow_listen(BaseContext *ctx, Transcription **out, const char *path, const TranscriptionParams *params) {
  TranscriptionParams with = params ? *params : (TranscriptionParams){0};
  LanguageModel *model = NULL;
  LanguagePrior *prior = NULL;
  BaseStatus status = with.prior.fn ? BASE_OK : language_model_load(ctx, &model, NULL);
  if (status == BASE_OK && model) status = language_prior_new(ctx, &prior, model);
  if (prior) with.prior = language_prior(prior);
  if (status == BASE_OK) status = transcription_listen_file(ctx, out, path, &with);
  language_prior_free(prior);
  language_model_free(model);
  return status;
}

BaseStatus flow_expected(BaseContext *ctx, Motion **out, const ScoreUnfolded *unfolded, const Alignment *alignment) {
  Motion *expected = motion_new();
  for (size_t i = 0; expected && i < unfolded->sounds.n; i++) {
    const ScoreSound *sound = &unfolded->sounds.items[i];
    const double at_s = alignment_time_s(alignment, beat_double(sound->onset));
    if (motion_add(expected, at_s, at_s + 0.1, sound->midi, 64, sound->grace ? 0 : 1)) continue;
    motion_free(expected);
    expected = NULL;
  }
  *out = expected;
  return expected ? BASE_OK : base_fail_memory(ctx);
}

static BaseStatus decide_motion(BaseContext *ctx, Motion **out, const Transcription *heard, const ScoreUnfolded *unfolded,
                                const Alignment *alignment) {
  Motion *expected = NULL;
  BaseStatus status = flow_expected(ctx, &expected, unfolded, alignment);
  if (status == BASE_OK) status = transcription_expect(ctx, out, heard, expected);
  if (status == BASE_OK) status = alignment_settle(ctx, *out, unfolded, alignment);
  motion_free(expected);
  return status;
}

BaseStatus flow_decide(BaseContext *ctx, Transcription **out, const Transcription *heard, const ScoreUnfolded *unfolded,
                       const Alignment *alignment) {
  Transcription *decided = calloc(1, sizeof *decided);
  BaseStatus status = decided ? decide_motion(ctx, &decided->motion, heard, unfolded, alignment) : base_fail_memory(ctx);
  if (status == BASE_OK && !(decided->evidence = evidence_dup(heard->evidence))) status = base_fail_memory(ctx);
  if (status == BASE_OK)
    *out = decided;
  else
    transcription_free(decided);
  return status;
}

/* Aligns what is heard and decides it anew, in place. */
static BaseStatus decide(BaseContext *ctx, Transcription *heard, const Score *score) {
  ScoreUnfolded *unfolded = NULL;
  Alignment *alignment = NULL;
  Motion *motion = NULL;
  BaseStatus status = flow_align_heard(ctx, &unfolded, &alignment, score, heard, NULL, 0);
  if (status == BASE_OK) status = decide_motion(ctx, &motion, heard, unfolded, alignment);
  if (status == BASE_OK) {
    motion_free(heard->motion);
    heard->motion = motion;
  } else {
    motion_free(motion);
  }
  alignment_free(alignment);
  score_unfolded_free(unfolded);
  return status;
}

/* Notes name the written notes that they play. */
static BaseStatus name_notes(BaseContext *ctx, FlowAligned *aligned) {
  Motion *motion = aligned->heard->motion;
  uint32_t *written = calloc((size_t)motion->next_id + 1, sizeof *written); /* by id */
  if (!written) return base_fail_memory(ctx);
  for (size_t i = 0; i < aligned->alignment->links.n; i++) {
    const AlignmentLink *link = &aligned->alignment->links.items[i];
    if (link->verdict == ALIGNMENT_MATCH) written[link->note] = aligned->unfolded->sounds.items[link->sound].note;
  }
  for (size_t i = 0; i < motion->notes.n; i++) motion->notes.items[i].score_note = written[motion->notes.items[i].id];
  free(written);
  return BASE_OK;
}

static BaseStatus listen(BaseContext *ctx, FlowAligned *aligned, const char *audio_path, const char *score_path,
                         const TranscriptionParams *params) {
  BaseStatus status = flow_load_score(ctx, &aligned->score, &score_path, 1);
  if (status != BASE_OK) return status;
  BaseContext step = base_context_step(ctx, 0, LISTENING_SHARE);
  status = flow_listen(&step, &aligned->heard, audio_path, params);
  for (int round = 0; status == BASE_OK && round < ROUNDS && aligned->heard->motion->notes.n; round++) {
    step = base_context_step(ctx, LISTENING_SHARE + round * (1 - LISTENING_SHARE) / ROUNDS,
                             LISTENING_SHARE + (round + 1) * (1 - LISTENING_SHARE) / ROUNDS);
    status = decide(&step, aligned->heard, aligned->score);
  }
  if (status == BASE_OK && aligned->heard->motion->notes.n) {
    status = flow_align_heard(&step, &aligned->unfolded, &aligned->alignment, aligned->score, aligned->heard, NULL, 0);
    if (status == BASE_OK) status = name_notes(&step, aligned);
  }
  return base_context_join(ctx, &step, status);
}

BaseStatus flow_listen_with_score(BaseContext *ctx, FlowAligned **out, const char *audio_path, const char *score_path,
                                  const TranscriptionParams *params) {
  FlowAligned *aligned = calloc(1, sizeof *aligned);
  BaseStatus status = aligned ? listen(ctx, aligned, audio_path, score_path, params) : base_fail_memory(ctx);
  if (status == BASE_OK)
    *out = aligned;
  else
    flow_aligned_free(aligned);
  return status;
}
