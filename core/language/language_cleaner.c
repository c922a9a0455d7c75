/* A window of steps at a time, as the proof-reader does it. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_cleaner.h"

#include "core/base/base_pack.h"
#include "core/language/language_around.h"
#include "core/nn/nn_run.h"
#include "core/nn/nn_weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 256, MARGIN = 64 };

static const LanguageAroundSize SIZE = {.width = 128, .layers = 4, .heads = 4};
static const float SURE = 0.7F;

struct LanguageCleaner {
  NnNet *net;
  LanguageCleanerTensors tensors;
};

/* ---- the net ---- */

static void add_losses(LanguageCleanerTensors *t, NnNet *net, NnShape ids) {
  t->is_foreign = nn_target(net, "is.foreign", ids);
  t->counts = nn_target(net, "counts", ids);
  t->true_key = nn_target(net, "true.key", ids);
  nn_bce(net, t->foreign, t->is_foreign, t->counts, (NnLoss){.name = "foreign"});
  nn_cross_entropy(net, t->key, t->true_key, NN_NONE, (NnLoss){.name = "key"});
}

BaseStatus language_cleaner_net(BaseContext *ctx, LanguageCleanerTensors *tensors, NnNet *net, int n, int steps, bool training) {
  LanguageCleanerTensors t = {.is_foreign = NN_NONE, .counts = NN_NONE, .true_key = NN_NONE};
  const NnShape ids = {n, steps, 1, 1};
  NnVar x = language_around(net, language_around_embed(net, t.ids, ids, SIZE.width), SIZE);
  t.foreign = nn_linear(net, "head.spurious", x, (NnConv){.channels = 1});
  t.key = nn_linear(net, "head.pitch", x, (NnConv){.channels = MOTION_KEYS});
  if (training) add_losses(&t, net, ids);
  t.foreign = nn_output(net, "foreign", t.foreign);
  t.key = nn_output(net, "key", t.key);
  BaseStatus status = nn_net_finish(ctx, net);
  if (status == BASE_OK) *tensors = t;
  return status;
}

/* ---- weights ---- */

void language_cleaner_free(LanguageCleaner *cleaner) {
  if (!cleaner) return;
  nn_net_free(cleaner->net);
  free(cleaner);
}

static BaseStatus of_pack(BaseContext *ctx, LanguageCleaner *cleaner, const BasePack *pack, const char *path) {
  const char *kind = base_pack_text(pack, "kind");
  if (!kind || strcmp(kind, LANGUAGE_CLEANER_KIND) != 0)
    return base_fail(ctx, BASE_BAD_FILE, "“%s” holds no weights of a cleaner.", path);
  if (!(cleaner->net = nn_net_new(0))) return base_fail_memory(ctx);
  BaseStatus status = language_cleaner_net(ctx, &cleaner->tensors, cleaner->net, 1, WINDOW, false);
  return status == BASE_OK ? nn_weights_load(ctx, cleaner->net, pack) : status;
}

BaseStatus language_cleaner_load(BaseContext *ctx, LanguageCleaner **out, const char *path) {
  BasePack *pack = NULL;
  LanguageCleaner *cleaner = calloc(1, sizeof *cleaner);
  BaseStatus status = cleaner ? base_pack_load(ctx, &pack, path) : base_fail_memory(ctx);
  if (status == BASE_OK) status = of_pack(ctx, cleaner, pack, path);
  base_pack_free(pack);
  if (status == BASE_OK)
    *out = cleaner;
  else
    language_cleaner_free(cleaner);
  return status;
}

/* ---- cleaning ---- */

/* What becomes of a note: its key then, or one of these. */
enum { AS_IT_IS = -1, FOREIGN = -2 };

static BaseStatus pass(BaseContext *ctx, NnRun *run, const LanguageCleaner *cleaner, const LanguageText *text, size_t from) {
  for (int f = 0; f < LANGUAGE_FIELDS; f++) {
    float *to = nn_run_input(run, cleaner->tensors.ids[f], (NnShape){1, WINDOW, 1, 1});
    for (size_t i = 0; i < WINDOW; i++) to[i] = from + i < text->n ? text->items[from + i].field[f] : -1;
    if (from == 0 && f == LANGUAGE_TIME) to[0] = 0;
  }
  return nn_run_forward(ctx, run);
}

/* The likeliest key when it is sure, else the one that it has. */
static int key_of(const float *logits, int key) {
  int best = 0;
  double sum = 0;
  for (int k = 1; k < MOTION_KEYS; k++)
    if (logits[k] > logits[best]) best = k;
  for (int k = 0; k < MOTION_KEYS; k++) sum += exp((double)(logits[k] - logits[best]));
  return 1 / sum > (double)SURE ? best : key;
}

static void judge(int *fates, const NnRun *run, const LanguageCleaner *cleaner, const LanguageText *text, LanguageWindow w) {
  const float *foreign = nn_run_output(run, cleaner->tensors.foreign), *keys = nn_run_output(run, cleaner->tensors.key);
  for (size_t i = w.first; i < w.end; i++) {
    const LanguageStep *step = &text->items[i];
    const int key = key_of(keys + (i - w.from) * MOTION_KEYS, step->field[LANGUAGE_PITCH]);
    int *fate = &fates[step->note - 1];
    if (foreign[i - w.from] > 0)
      *fate = FOREIGN;
    else if (key != step->field[LANGUAGE_PITCH])
      *fate = key;
  }
}

static void settle(LanguageCleaned *done, Motion *motion, const int *fates) {
  size_t kept = 0;
  *done = (LanguageCleaned){0};
  for (size_t i = 0; i < motion->notes.n; i++) {
    MotionNote note = motion->notes.items[i];
    done->removed += fates[i] == FOREIGN;
    done->moved += fates[i] >= 0;
    if (fates[i] >= 0) note.midi = (uint8_t)(MOTION_LOWEST_KEY + fates[i]);
    if (fates[i] != FOREIGN) motion->notes.items[kept++] = note;
  }
  motion->notes.n = kept;
  motion_sort(motion);
}

/* The steps of a motion that name their notes by number from 1 on. */
static BaseStatus number(BaseContext *ctx, LanguageText *text, const Motion *motion) {
  Motion *copy = motion_dup(motion);
  if (!copy) return base_fail_memory(ctx);
  for (size_t i = 0; i < copy->notes.n; i++) copy->notes.items[i].id = (uint32_t)i + 1;
  BaseStatus status = language_of_motion(ctx, text, copy, 0, copy->notes.n, 1);
  motion_free(copy);
  return status;
}

BaseStatus language_clean(BaseContext *ctx, LanguageCleaned *done, const LanguageCleaner *cleaner, Motion *motion) {
  LanguageText text = {0};
  NnRun *run = NULL;
  int *fates = malloc((motion->notes.n + 1) * sizeof *fates);
  for (size_t i = 0; fates && i < motion->notes.n; i++) fates[i] = AS_IT_IS;
  BaseStatus status = fates ? number(ctx, &text, motion) : base_fail_memory(ctx);
  if (status == BASE_OK) status = nn_run_new_shared(ctx, &run, cleaner->net, (NnRunParams){0});
  for (size_t at = 0; status == BASE_OK && at < text.n;) {
    const LanguageWindow window = language_window(text.n, at, WINDOW, MARGIN);
    status = base_cancelled(ctx) ? base_fail_cancelled(ctx) : pass(ctx, run, cleaner, &text, window.from);
    if (status == BASE_OK) judge(fates, run, cleaner, &text, window);
    at = window.end;
  }
  if (status == BASE_OK) settle(done, motion, fates);
  nn_run_free(run);
  free(fates);
  base_array_clear(&text);
  return status;
}
