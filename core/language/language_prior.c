/* The notes around are read twice, with the one in question and without it. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_prior.h"

#include <stdlib.h>

enum { BEFORE = 24, AFTER = 4, COMPARED = 8, MOST = BEFORE + AFTER + 1 };

static const float believed = 0.5F;

struct LanguagePrior {
  LanguageReader *reader;
  Motion *motion;
  LanguageText text;
  float nats[MOST * LANGUAGE_FIELDS];
};

BaseStatus language_prior_new(BaseContext *ctx, LanguagePrior **out, const LanguageModel *model) {
  LanguagePrior *prior = calloc(1, sizeof *prior);
  BaseStatus status = prior && (prior->motion = motion_new()) ? BASE_OK : base_fail_memory(ctx);
  if (status == BASE_OK)
    status = language_reader_new(ctx, &prior->reader, model, (LanguageCode){LANGUAGE_PLAYED_SCORE, LANGUAGE_CLEAN});
  if (status == BASE_OK)
    *out = prior;
  else
    language_prior_free(prior);
  return status;
}

void language_prior_free(LanguagePrior *prior) {
  if (!prior) return;
  language_reader_free(prior->reader);
  motion_free(prior->motion);
  base_array_clear(&prior->text);
  free(prior);
}

/* The notes around number `at` that are believed, and that one when it is wanted; returns how many are before. */
static size_t gather(Motion *motion, const MotionNote *notes, size_t n, size_t at, bool with) {
  size_t first = at, before = 0, after = 0;
  while (first > 0 && before < BEFORE) before += notes[--first].confidence >= believed;
  motion->notes.n = 0;
  for (size_t i = first; i < n && after < AFTER; i++) {
    if (i == at ? !with : notes[i].confidence < believed) continue;
    if (!base_array_push(&motion->notes, notes[i])) return 0;
    after += i > at;
  }
  return before;
}

/* −ln of the probability of times and keys from shortly before note `at` on; negative when it cannot be said. */
static double surprise(LanguagePrior *p, const MotionNote *notes, size_t n, size_t at, bool with) {
  size_t before = gather(p->motion, notes, n, at, with);
  double sum = 0;
  p->text.n = 0;
  language_reader_restart(p->reader);
  if (language_of_motion(NULL, &p->text, p->motion, 0, p->motion->notes.n, 1) != BASE_OK) return -1;
  language_keep_metric(&p->text);
  if (language_read(NULL, p->reader, p->text.items, p->text.n, p->nats, NULL) != BASE_OK) return -1;
  for (size_t i = before > COMPARED ? before - COMPARED : 0; i < p->text.n; i++)
    sum += (double)(p->nats[i * LANGUAGE_FIELDS + LANGUAGE_TIME] + p->nats[i * LANGUAGE_FIELDS + LANGUAGE_PITCH]);
  return sum;
}

static double ask(void *user, const MotionNote *notes, size_t n, size_t at) {
  const double without = surprise(user, notes, n, at, false), with = surprise(user, notes, n, at, true);
  return with < 0 || without < 0 ? 0 : without - with;
}

MusicPrior language_prior(LanguagePrior *prior) {
  return (MusicPrior){ask, prior};
}
