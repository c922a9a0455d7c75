/* An example is a stretch of a piece in any key and tempo, played by an invented player and misheard; notes are known
 * again by their ids. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_cleaner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOREIGN = LANGUAGE_FIELDS, COUNTS, TRUE_KEY, FIELDS, SPARE = 24, NOWHERE = -1 };

/* What examples are drawn from; the field's user. */
typedef struct {
  const LmmCorpus *corpus;
  const LmmCleanerParams *params;
  double *ends; /* cumulated notes of the side's pieces */
} Drawn;

static BaseStatus drawn_init(BaseContext *ctx, Drawn *drawn, const LmmCorpus *corpus, LmmSide side, const LmmCleanerParams *p) {
  double sum = 0;
  *drawn = (Drawn){corpus, p, malloc((corpus->pieces.n + 1) * sizeof *drawn->ends)};
  if (!drawn->ends) return base_fail_memory(ctx);
  for (size_t i = 0; i < corpus->pieces.n; i++) {
    const LmmPiece *piece = &corpus->pieces.items[i];
    drawn->ends[i] = sum += piece->side == side ? (double)piece->motion->notes.n : 0;
  }
  return sum > 0 ? BASE_OK : base_fail(ctx, BASE_BAD_INPUT, "There is nothing to mishear.");
}

static const Motion *draw_piece(const Drawn *drawn, BaseRng *rng) {
  const size_t n = drawn->corpus->pieces.n;
  const double at = base_rng_uniform(rng) * drawn->ends[n - 1];
  size_t i = 0;
  while (i + 1 < n && drawn->ends[i] <= at) i++;
  return drawn->corpus->pieces.items[i].motion;
}

/* A stretch of it, moved, its notes numbered from 1 on. */
static bool cut(Motion *motion, const Motion *from, size_t notes, BaseRng *rng) {
  const size_t room = from->notes.n > notes ? from->notes.n - notes : 0;
  const size_t first = base_rng_below(rng, 8) == 0 ? 0 : base_rng_below(rng, (uint32_t)room + 1);
  const int up = (int)base_rng_below(rng, 13) - 6;
  for (size_t i = first; i < from->notes.n && i < first + notes + SPARE; i++) {
    MotionNote note = from->notes.items[i];
    note.id = (uint32_t)(i - first) + 1;
    if (note.midi + up >= MOTION_LOWEST_KEY && note.midi + up < MOTION_LOWEST_KEY + MOTION_KEYS)
      note.midi = (uint8_t)(note.midi + up);
    if (!base_array_push(&motion->notes, note)) return false;
  }
  return true;
}

/* ---- one example ---- */

static void place(float *const *places, const LanguageText *heard, const int *keys, int notes) {
  for (int t = 0; t < notes; t++) {
    const LanguageStep *step = t < (int)heard->n ? &heard->items[t] : NULL;
    const int key = step ? keys[step->note] : NOWHERE;
    for (int f = 0; f < LANGUAGE_FIELDS; f++) places[f][t] = step ? step->field[f] : -1;
    places[FOREIGN][t] = step && key == NOWHERE;
    places[COUNTS][t] = step != NULL;
    places[TRUE_KEY][t] = (float)key;
  }
  if (heard->n) places[LANGUAGE_TIME][0] = 0;
}

/* Where notes were played, by id; what never sounded has the id 0. */
static int *keys_of(const Motion *motion) {
  int *keys = malloc((motion->notes.n + 1) * sizeof *keys);
  if (!keys) return NULL;
  keys[0] = NOWHERE;
  for (size_t i = 0; i < motion->notes.n; i++) keys[motion->notes.items[i].id] = motion->notes.items[i].midi - MOTION_LOWEST_KEY;
  return keys;
}

static BaseStatus draw(BaseContext *ctx, void *user, float *const *places, uint64_t index, BaseRng *rng) {
  (void)index;
  const Drawn *drawn = user;
  LanguageText heard = {0};
  int *keys = NULL;
  Motion *motion = motion_new();
  bool fine = motion && cut(motion, draw_piece(drawn, rng), (size_t)drawn->params->notes, rng) && (keys = keys_of(motion));
  if (fine) lmm_express(motion, rng);
  const double speed = exp(base_rng_range(rng, -0.12, 0.12));
  fine = fine && lmm_mishear(motion, &drawn->params->errors, rng);
  BaseStatus status = fine ? language_of_motion(ctx, &heard, motion, 0, motion->notes.n, speed) : base_fail_memory(ctx);
  if (status == BASE_OK) place(places, &heard, keys, drawn->params->notes);
  free(keys);
  motion_free(motion);
  base_array_clear(&heard);
  return status;
}

/* ---- training ---- */

static LmmCleanerParams with_defaults(LmmCleanerParams p) {
  if (!(p.errors.missed > 0) && !(p.errors.added > 0) && !(p.errors.confused > 0)) p.errors = lmm_errors(0.12);
  if (p.steps <= 0) p.steps = 4500;
  if (p.validate_every <= 0) p.validate_every = 500;
  if (p.batch <= 0) p.batch = 48;
  if (p.notes <= 0) p.notes = 256;
  if (!(p.rate > 0)) p.rate = 2e-3F;
  return p;
}

static BaseStatus teach(BaseContext *ctx, LmmReport *last, NnNet *net, const LanguageCleanerTensors *t, Drawn drawn[2],
                        const LmmCleanerParams *p) {
  NnVar vars[FIELDS];
  LmmField fields[FIELDS];
  char seed[24];
  memcpy(vars, t->ids, sizeof t->ids);
  vars[FOREIGN] = t->is_foreign;
  vars[COUNTS] = t->counts;
  vars[TRUE_KEY] = t->true_key;
  for (int i = 0; i < FIELDS; i++) fields[i] = (LmmField){vars[i], nn_net_shape(net, vars[i])};
  LmmSource sources[2];
  for (int s = 0; s < 2; s++) sources[s] = (LmmSource){fields, FIELDS, draw, &drawn[s]};
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)(ctx ? ctx->seed : 0));
  const char *const origin[][2] = {
      {"kind", LANGUAGE_CLEANER_KIND}, {"origin", "triptych-train cleaner, from misheard dreams"}, {"seed", seed}};
  const LmmTrainParams train = {
      .optim = {.rate = p->rate, .average = 0.998F, .warm_up = p->steps < 1000 ? p->steps / 10 : 100, .steps = p->steps, .decay = 0.02F},
      .type = p->type, .validate_every = p->validate_every, .validation_batches = 4, .loaders = 1, .checkpoint = p->checkpoint,
      .weights = p->weights, .origin = origin, .n_origin = 3, .report = p->report, .user = p->user};
  return lmm_train(ctx, last, net, &sources[0], &sources[1], &train);
}

BaseStatus lmm_cleaner_train(BaseContext *ctx, LmmReport *last, const LmmCorpus *scores, const LmmCleanerParams *params) {
  const LmmCleanerParams p = with_defaults(*params);
  Drawn drawn[2] = {0};
  LanguageCleanerTensors tensors;
  NnNet *net = nn_net_new(ctx ? ctx->seed : 0);
  BaseStatus status = net ? language_cleaner_net(ctx, &tensors, net, p.batch, p.notes, true) : base_fail_memory(ctx);
  if (status == BASE_OK) status = drawn_init(ctx, &drawn[0], scores, LMM_TRAINING, &p);
  if (status == BASE_OK) status = drawn_init(ctx, &drawn[1], scores, LMM_VALIDATION, &p);
  if (status == BASE_OK) status = teach(ctx, last, net, &tensors, drawn, &p);
  for (int s = 0; s < 2; s++) free(drawn[s].ends);
  nn_net_free(net);
  return status;
}
