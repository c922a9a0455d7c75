/* The language of motion and of scores: how likely music is, and what may come next.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_pack.h"
#include "core/language/language_net.h"

/* Trained weights. Immutable, shareable between threads. 10 MB. */
typedef struct LanguageModel LanguageModel;

/* From a file written by triptych-train language; `path` null: the weights that are part of the program. BASE_BAD_FILE
 * when it is no language. */
BaseStatus language_model_load(BaseContext *ctx, LanguageModel **out, const char *path);

/* From a whole net (language_net_build, LANGUAGE_WHOLE) of this size, whose values are copied. */
BaseStatus language_model_of_net(BaseContext *ctx, LanguageModel **out, const NnNet *net, LanguageSize size);
void language_model_free(LanguageModel *model); /* null is fine */

/* What a text is taken for. */
typedef struct {
  LanguageSource source;
  LanguageChannel channel;
} LanguageCode;

/* ---- reading ---- */

/* A place in a text: all that was read so far. One thread at a time; the model must outlive it. 2 MB. */
typedef struct LanguageReader LanguageReader;

BaseStatus language_reader_new(BaseContext *ctx, LanguageReader **out, const LanguageModel *model, LanguageCode code);
void language_reader_free(LanguageReader *reader);    /* null is fine */
void language_reader_restart(LanguageReader *reader); /* a new text */

/* Reads on. `nats` (may be null): [n][LANGUAGE_FIELDS], −ln of the probability of every field of every step given the
 * fields before it and all steps before, among the ids of what is played or written, whichever the source is; 0 for
 * unknown ids. `expected` (may be null), of the same shape: the mean of those nats over all that might have come instead,
 * the entropy. However a text is cut into calls, the answers are the same but for rounding. 8,000 steps a second of one
 * core; allocates nothing. */
BaseStatus language_read(BaseContext *ctx, LanguageReader *reader, const LanguageStep *steps, size_t n, float *nats,
                         float *expected);

/* The probabilities of all ids of one field of the step that comes next, whose earlier fields are given in `step`.
 * `probs` holds language_ids[field]. */
BaseStatus language_ask(BaseContext *ctx, LanguageReader *reader, float *probs, LanguageField field,
                        const LanguageStep *step);

/* ---- what it is for ---- */

/* Nats in a mean, over `notes` steps. */
typedef struct {
  size_t notes;
  double nats_per_note; /* the sum of the four */
  double parts[LANGUAGE_METRIC_FIELDS];
} LanguageScore;

/* The metric of the language (time, pitch, duration and velocity of every note; pedal and fine times are not told).
 * `code` null: what the model knows best of performances. Empty motions give 0 notes. */
BaseStatus language_score(BaseContext *ctx, LanguageScore *score, const LanguageModel *model, const Motion *motion,
                          const LanguageCode *code);

/* The same of a score as it is written, bar lines among its steps: place in the bar, pitch, value, staff and voice. */
BaseStatus language_score_written(BaseContext *ctx, LanguageScore *score, const LanguageModel *model, const Score *written);
