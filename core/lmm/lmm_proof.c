/* Examples are stretches of scores in any key, some right, most with a few errors. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNTS = LANGUAGE_FIELDS + PROOF_HEADS, HEIGHTS, FIELDS, TRIES = 8 };

/* What examples are drawn from; the field's user. */
typedef struct {
  const LmmCorpus *corpus;
  size_t *pieces, n; /* of the side, each as often as it has 64 steps */
  int notes;
  bool training;
} Drawn;

static BaseStatus drawn_init(BaseContext *ctx, Drawn *drawn, const LmmCorpus *corpus, LmmSide side, int notes) {
  size_t room = 0;
  *drawn = (Drawn){.corpus = corpus, .notes = notes, .training = side == LMM_TRAINING};
  for (size_t i = 0; i < corpus->pieces.n; i++) room += corpus->pieces.items[i].written.n / 64 + 1;
  if (!(drawn->pieces = malloc((room + 1) * sizeof *drawn->pieces))) return base_fail_memory(ctx);
  for (size_t i = 0; i < corpus->pieces.n; i++)
    for (size_t k = 0; corpus->pieces.items[i].side == side && k < corpus->pieces.items[i].written.n / 64; k++)
      drawn->pieces[drawn->n++] = i;
  return drawn->n ? BASE_OK : base_fail(ctx, BASE_BAD_INPUT, "There is no score to %s.", drawn->training ? "learn from" : "validate on");
}

static bool cut(LanguageText *text, const Drawn *drawn, BaseRng *rng) {
  const LanguageText *from = &drawn->corpus->pieces.items[drawn->pieces[base_rng_below(rng, (uint32_t)drawn->n)]].written;
  size_t wanted = (size_t)drawn->notes + 16, room = from->n > wanted ? from->n - wanted : 0;
  size_t first = base_rng_below(rng, (uint32_t)room + 1), n = from->n - first < wanted ? from->n - first : wanted;
  if (!base_array_reserve(text, n + 1)) return false;
  memcpy(text->items, from->items + first, n * sizeof *text->items);
  text->n = n;
  for (int i = 0; i < TRIES; i++)
    if (language_transpose(text, (int)base_rng_below(rng, 13) - 6)) break;
  return true;
}

static void place(float *const *places, const LanguageText *text, const uint8_t *wrong, int notes) {
  for (int t = 0; t < notes; t++) {
    bool there = t < (int)text->n;
    const LanguageStep *step = there ? &text->items[t] : NULL;
    for (int f = 0; f < LANGUAGE_FIELDS; f++) places[f][t] = there ? step->field[f] : -1;
    places[LANGUAGE_FIELDS + PROOF_PITCH][t] = there && wrong[t] & LMM_WRONG_PITCH;
    places[LANGUAGE_FIELDS + PROOF_RHYTHM][t] = there && wrong[t] & LMM_WRONG_RHYTHM;
    places[COUNTS][t] = there && step->field[LANGUAGE_TIME] != LANGUAGE_BAR;
    if (there) language_proof_heights(places[HEIGHTS] + t * PROOF_HEIGHTS, step);
  }
}

/* A text and what is wrong with its steps. */
typedef struct {
  LanguageText text;
  uint8_t *wrong;
} Misread;

static void misread_clear(Misread *example) {
  free(example->wrong);
  base_array_clear(&example->text);
  *example = (Misread){0};
}

static bool misread(Misread *example, const Drawn *drawn, BaseRng *rng) {
  *example = (Misread){.wrong = calloc((size_t)drawn->notes + 64, 1)};
  if (!example->wrong || !cut(&example->text, drawn, rng)) return false;
  double share = base_rng_below(rng, 8) == 0 ? 0 : base_rng_range(rng, 0.02, 0.12);
  lmm_misread(&example->text, example->wrong, drawn->training ? share : 0.04, rng);
  return true;
}

static BaseStatus draw(BaseContext *ctx, void *user, float *const *places, uint64_t index, BaseRng *rng) {
  (void)index;
  const Drawn *drawn = user;
  Misread example;
  bool fine = misread(&example, drawn, rng);
  if (fine) place(places, &example.text, example.wrong, drawn->notes);
  misread_clear(&example);
  return fine ? BASE_OK : base_fail_memory(ctx);
}

BaseStatus lmm_proof_examples(BaseContext *ctx, int16_t *out, const LmmCorpus *corpus, int notes, LmmSide side,
                              uint64_t first, size_t count) {
  Drawn drawn = {0};
  Misread example = {0};
  BaseStatus status = drawn_init(ctx, &drawn, corpus, side, notes);
  for (size_t i = 0; i < count && status == BASE_OK; i++) {
    BaseRng rng = base_rng(ctx ? ctx->seed : 0, first + i);
    if (!misread(&example, &drawn, &rng)) status = base_fail_memory(ctx);
    for (size_t t = 0; status == BASE_OK && t < (size_t)notes; t++) {
      bool there = t < example.text.n;
      for (int f = 0; f < LANGUAGE_FIELDS; f++) *out++ = there ? example.text.items[t].field[f] : -1;
      *out++ = there ? example.wrong[t] : 0;
    }
    misread_clear(&example);
  }
  free(drawn.pieces);
  return status;
}

static LmmProofParams with_defaults(LmmProofParams p) {
  if (p.steps <= 0) p.steps = 11000;
  if (p.validate_every <= 0) p.validate_every = 500;
  if (p.batch <= 0) p.batch = 16;
  if (p.notes <= 0) p.notes = 512;
  if (!(p.rate > 0)) p.rate = 2e-3f;
  return p;
}

static BaseStatus teach(BaseContext *ctx, LmmReport *last, NnNet *net, const LanguageProofTensors *t, Drawn drawn[2],
                        const LmmProofParams *p) {
  NnVar vars[FIELDS];
  LmmField fields[FIELDS];
  char seed[24];
  memcpy(vars, t->ids, sizeof t->ids);
  memcpy(vars + LANGUAGE_FIELDS, t->targets, sizeof t->targets);
  vars[COUNTS] = t->counts;
  vars[HEIGHTS] = t->heights;
  for (int i = 0; i < FIELDS; i++) fields[i] = (LmmField){vars[i], nn_net_shape(net, vars[i])};
  LmmSource sources[2];
  for (int s = 0; s < 2; s++) sources[s] = (LmmSource){fields, FIELDS, draw, &drawn[s]};
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)(ctx ? ctx->seed : 0));
  const char *const origin[][2] = {
      {"kind", LANGUAGE_PROOF_KIND}, {"origin", "triptych-train proof, from scores made wrong"}, {"seed", seed}};
  LmmTrainParams train = {
      .optim = {.rate = p->rate, .average = 0.998f, .warm_up = p->steps < 1000 ? p->steps / 10 : 100, .steps = p->steps},
      .type = p->type, .validate_every = p->validate_every, .validation_batches = 8, .checkpoint = p->checkpoint,
      .weights = p->weights, .origin = origin, .n_origin = 3, .report = p->report, .user = p->user};
  return lmm_train(ctx, last, net, &sources[0], &sources[1], &train);
}

BaseStatus lmm_proof_train(BaseContext *ctx, LmmReport *last, const LmmCorpus *corpus, const LmmProofParams *params) {
  LmmProofParams p = with_defaults(*params);
  Drawn drawn[2] = {0};
  LanguageProofTensors tensors;
  NnNet *net = nn_net_new(ctx ? ctx->seed : 0);
  BaseStatus status = net ? language_proof_net(ctx, &tensors, net, p.batch, p.notes, true) : base_fail_memory(ctx);
  if (status == BASE_OK) status = drawn_init(ctx, &drawn[0], corpus, LMM_TRAINING, p.notes);
  if (status == BASE_OK) status = drawn_init(ctx, &drawn[1], corpus, LMM_VALIDATION, p.notes);
  if (status == BASE_OK) status = teach(ctx, last, net, &tensors, drawn, &p);
  for (int s = 0; s < 2; s++) free(drawn[s].pieces);
  nn_net_free(net);
  return status;
}
