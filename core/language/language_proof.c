/* A window of steps at a time, with enough of the text on both sides that answers do not depend on where it is cut.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_proof.h"

#include "core/base/base_embed.h"
#include "core/language/language_around.h"
#include "core/nn/nn_run.h"
#include "core/nn/nn_weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

BASE_EMBEDDED_WEIGHTS(proof);

enum { WINDOW = 512, MARGIN = 128, FIRST_STAFF = 16, VOICES = 4 };

static const LanguageAroundSize SIZE = {.width = 160, .layers = 5, .heads = 8};
static const char *const HEADS[PROOF_HEADS] = {"pitch", "rhythm"};

struct LanguageProof {
  NnNet *net;
  LanguageProofTensors tensors;
};

/* ---- the net ---- */

void language_proof_heights(float *heights, const LanguageStep *step) {
  int staff = (step->field[LANGUAGE_VELOCITY] - FIRST_STAFF) / VOICES, key = step->field[LANGUAGE_PITCH];
  memset(heights, 0, PROOF_HEIGHTS * sizeof *heights);
  if (step->field[LANGUAGE_VELOCITY] < FIRST_STAFF || key < 0 || key >= MOTION_KEYS) return;
  heights[staff] = (float)(key - MOTION_KEYS / 2) / 12;
  heights[PROOF_HEIGHTS / 2 + staff] = 1;
}

static NnVar embed(NnNet *net, LanguageProofTensors *t, NnShape ids) {
  NnVar x = language_around_embed(net, t->ids, ids, SIZE.width);
  NnShape heights = ids;
  heights.c = PROOF_HEIGHTS;
  t->heights = nn_input(net, "heights", heights);
  return nn_add(net, x, nn_linear(net, "height", t->heights, (NnConv){.channels = SIZE.width}), false);
}

static void add_losses(LanguageProofTensors *t, NnNet *net, NnShape ids) {
  t->counts = nn_target(net, "counts", ids);
  for (int h = 0; h < PROOF_HEADS; h++) {
    char name[NN_NAME_SIZE];
    snprintf(name, sizeof name, "wrong.%s", HEADS[h]);
    t->targets[h] = nn_target(net, name, ids);
    nn_bce(net, t->wrong[h], t->targets[h], t->counts, (NnLoss){.name = HEADS[h], .scale = 10});
  }
}

BaseStatus language_proof_net(BaseContext *ctx, LanguageProofTensors *tensors, NnNet *net, int n, int steps, bool training) {
  LanguageProofTensors t = {.counts = NN_NONE, .targets = {NN_NONE, NN_NONE}};
  const NnShape ids = {n, steps, 1, 1};
  NnVar x = language_around(net, embed(net, &t, ids), SIZE);
  for (int h = 0; h < PROOF_HEADS; h++) {
    char name[NN_NAME_SIZE];
    snprintf(name, sizeof name, "head.%s", HEADS[h]);
    t.wrong[h] = nn_linear(net, name, x, (NnConv){.channels = 1});
  }
  if (training) add_losses(&t, net, ids);
  for (int h = 0; h < PROOF_HEADS; h++) t.wrong[h] = nn_output(net, h ? "out.rhythm" : "out.pitch", t.wrong[h]);
  BaseStatus status = nn_net_finish(ctx, net);
  if (status == BASE_OK) *tensors = t;
  return status;
}

/* ---- weights ---- */

void language_proof_free(LanguageProof *proof) {
  if (!proof) return;
  nn_net_free(proof->net);
  free(proof);
}

static BaseStatus of_pack(BaseContext *ctx, LanguageProof *proof, const BasePack *pack, const char *name) {
  const char *kind = base_pack_text(pack, "kind");
  if (!kind || strcmp(kind, LANGUAGE_PROOF_KIND) != 0)
    return base_fail(ctx, BASE_BAD_FILE, "“%s” holds weights, but not of a proof-reader.", name);
  if (!(proof->net = nn_net_new(0))) return base_fail_memory(ctx);
  BaseStatus status = language_proof_net(ctx, &proof->tensors, proof->net, 1, WINDOW, false);
  return status == BASE_OK ? nn_weights_load(ctx, proof->net, pack) : status;
}

BaseStatus language_proof_load(BaseContext *ctx, LanguageProof **out, const char *path) {
  BasePack *pack = NULL;
  LanguageProof *proof = calloc(1, sizeof *proof);
  if (!proof) return base_fail_memory(ctx);
  BaseStatus status = path ? base_pack_load(ctx, &pack, path)
                           : base_pack_load_memory(ctx, &pack, proof_weights, (size_t)(proof_weights_end - proof_weights),
                                                   "proof.weights");
  if (status == BASE_OK) status = of_pack(ctx, proof, pack, path ? path : "proof.weights");
  base_pack_free(pack);
  if (status == BASE_OK)
    *out = proof;
  else
    language_proof_free(proof);
  return status;
}

/* ---- reading ---- */

static BaseStatus pass(BaseContext *ctx, NnRun *run, const LanguageProof *proof, const LanguageText *text, size_t from) {
  const NnShape shape = {1, WINDOW, 1, 1};
  for (int f = 0; f < LANGUAGE_FIELDS; f++) {
    float *to = nn_run_input(run, proof->tensors.ids[f], shape);
    for (size_t i = 0; i < WINDOW; i++) to[i] = from + i < text->n ? text->items[from + i].field[f] : -1;
  }
  float *heights = nn_run_input(run, proof->tensors.heights, (NnShape){1, WINDOW, 1, PROOF_HEIGHTS});
  memset(heights, 0, WINDOW * PROOF_HEIGHTS * sizeof *heights);
  for (size_t i = 0; i < WINDOW && from + i < text->n; i++)
    language_proof_heights(heights + i * PROOF_HEIGHTS, &text->items[from + i]);
  return nn_run_forward(ctx, run);
}

static float prob(float logit) {
  return 1 / (1 + expf(-logit));
}

/* Where the doubts are collected. */
typedef struct {
  LanguageDoubt *doubts;
  size_t n;
  int32_t measure;
} Collected;

static void collect(Collected *to, const NnRun *run, const LanguageProof *proof, const LanguageText *text, LanguageWindow w) {
  const float *pitch = nn_run_output(run, proof->tensors.wrong[PROOF_PITCH]),
              *rhythm = nn_run_output(run, proof->tensors.wrong[PROOF_RHYTHM]);
  for (size_t i = w.first; i < w.end; i++) {
    const LanguageStep *step = &text->items[i];
    if (step->field[LANGUAGE_TIME] == LANGUAGE_BAR) to->measure++;
    if (step->note) to->doubts[to->n++] = (LanguageDoubt){step->note, to->measure, prob(pitch[i - w.from]), prob(rhythm[i - w.from])};
  }
}

BaseStatus language_doubts(BaseContext *ctx, LanguageDoubt **out, size_t *n, const LanguageProof *proof,
                           const Score *score) {
  LanguageText text = {0};
  NnRun *run = NULL;
  BaseStatus status = language_of_score(ctx, &text, score);
  Collected to = {.doubts = malloc((text.n + 1) * sizeof *to.doubts), .measure = -1};
  if (status == BASE_OK && !to.doubts) status = base_fail_memory(ctx);
  if (status == BASE_OK) status = nn_run_new_shared(ctx, &run, proof->net, (NnRunParams){0});
  for (size_t at = 0; status == BASE_OK && at < text.n;) {
    LanguageWindow window = language_window(text.n, at, WINDOW, MARGIN);
    status = base_cancelled(ctx) ? base_fail_cancelled(ctx) : pass(ctx, run, proof, &text, window.from);
    if (status == BASE_OK) collect(&to, run, proof, &text, window);
    at = window.end;
  }
  nn_run_free(run);
  base_array_clear(&text);
  if (status == BASE_OK)
    *out = to.doubts, *n = to.n;
  else
    free(to.doubts);
  return status;
}
