/* A window of steps at a time, with enough of the text on both sides that answers do not depend on where it is cut.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_proof.h"

#include "core/base/base_embed.h"
#include "core/nn/nn_run.h"
#include "core/nn/nn_weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

BASE_EMBEDDED_WEIGHTS(proof);

enum { WIDTH = 96, BLOCKS = 8, KERNEL = 5, WINDOW = 320, MARGIN = 64, STEP = WINDOW - 2 * MARGIN, FIRST_STAFF = 16, VOICES = 4 };

static const int dilations[BLOCKS] = {1, 2, 4, 8, 1, 2, 4, 8}; /* sees 60 steps to either side */
static const char *const HEADS[PROOF_HEADS] = {"pitch", "rhythm"};

struct LanguageProof {
  NnNet *net;
  LanguageProofTensors tensors;
};

/* ---- the net ---- */

static NnVar conv_norm(NnNet *net, const char *name, NnVar x, NnConv conv, bool relu) {
  char norm[NN_NAME_SIZE + 8];
  snprintf(norm, sizeof norm, "%s.norm", name);
  conv.channels = WIDTH;
  conv.no_bias = true;
  return nn_batch_norm(net, norm, nn_conv(net, name, x, conv), (NnNorm){.relu = relu});
}

static NnVar block(NnNet *net, int number, NnVar x) {
  char a[NN_NAME_SIZE], b[NN_NAME_SIZE];
  snprintf(a, sizeof a, "trunk.%d.a", number);
  snprintf(b, sizeof b, "trunk.%d.b", number);
  NnVar y = conv_norm(net, a, x, (NnConv){.kernel_t = KERNEL, .dilation_t = dilations[number]}, true);
  return nn_add(net, x, conv_norm(net, b, y, (NnConv){0}, false), true);
}

void language_proof_heights(float *heights, const LanguageStep *step) {
  int staff = (step->field[LANGUAGE_VELOCITY] - FIRST_STAFF) / VOICES, key = step->field[LANGUAGE_PITCH];
  memset(heights, 0, PROOF_HEIGHTS * sizeof *heights);
  if (step->field[LANGUAGE_VELOCITY] < FIRST_STAFF || key < 0 || key >= MOTION_KEYS) return;
  heights[staff] = (float)(key - MOTION_KEYS / 2) / 12;
  heights[PROOF_HEIGHTS / 2 + staff] = 1;
}

static NnVar embed(NnNet *net, LanguageProofTensors *t, NnShape ids) {
  NnVar x = NN_NONE;
  for (int f = 0; f < LANGUAGE_FIELDS; f++) {
    char input[NN_NAME_SIZE], table[NN_NAME_SIZE];
    snprintf(input, sizeof input, "field.%d", f);
    snprintf(table, sizeof table, "embed.%d", f);
    t->ids[f] = nn_target(net, input, ids);
    NnVar y = nn_embedding(net, table, t->ids[f], language_ids[f], WIDTH);
    x = f ? nn_add(net, x, y, false) : y;
  }
  NnShape heights = ids;
  heights.c = PROOF_HEIGHTS;
  t->heights = nn_input(net, "heights", heights);
  return nn_add(net, x, nn_linear(net, "height", t->heights, (NnConv){.channels = WIDTH}), false);
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
  NnVar x = embed(net, &t, ids);
  for (int i = 0; i < BLOCKS; i++) x = block(net, i, x);
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

/* The window that begins at step `from` (which may be before the text). */
static BaseStatus pass(BaseContext *ctx, NnRun *run, const LanguageProof *proof, const LanguageText *text, long from) {
  const NnShape shape = {1, WINDOW, 1, 1};
  for (int f = 0; f < LANGUAGE_FIELDS; f++) {
    float *to = nn_run_input(run, proof->tensors.ids[f], shape);
    for (long i = 0; i < WINDOW; i++) {
      long at = from + i;
      to[i] = at >= 0 && at < (long)text->n ? text->items[at].field[f] : -1;
    }
  }
  float *heights = nn_run_input(run, proof->tensors.heights, (NnShape){1, WINDOW, 1, PROOF_HEIGHTS});
  memset(heights, 0, WINDOW * PROOF_HEIGHTS * sizeof *heights);
  for (long i = 0; i < WINDOW; i++)
    if (from + i >= 0 && from + i < (long)text->n) language_proof_heights(heights + i * PROOF_HEIGHTS, &text->items[from + i]);
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

static void collect(Collected *to, const NnRun *run, const LanguageProof *proof, const LanguageText *text, long from) {
  const float *pitch = nn_run_output(run, proof->tensors.wrong[PROOF_PITCH]),
              *rhythm = nn_run_output(run, proof->tensors.wrong[PROOF_RHYTHM]);
  for (long i = MARGIN; i < MARGIN + STEP && from + i < (long)text->n; i++) {
    const LanguageStep *step = &text->items[from + i];
    if (step->field[LANGUAGE_TIME] == LANGUAGE_BAR) to->measure++;
    if (step->note) to->doubts[to->n++] = (LanguageDoubt){step->note, to->measure, prob(pitch[i]), prob(rhythm[i])};
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
  for (long from = -MARGIN; status == BASE_OK && from + MARGIN < (long)text.n; from += STEP) {
    status = base_cancelled(ctx) ? base_fail_cancelled(ctx) : pass(ctx, run, proof, &text, from);
    if (status == BASE_OK) collect(&to, run, proof, &text, from);
  }
  nn_run_free(run);
  base_array_clear(&text);
  if (status == BASE_OK)
    *out = to.doubts, *n = to.n;
  else
    free(to.doubts);
  return status;
}
