/* Learning from dreams, in seconds instead of hours. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_salience.h"
#include "core/transcription/transcription_salience.h"
#include "tests/check.h"

/* The validation losses that were reported. */
typedef struct {
  double first, best;
  int n;
} Losses;

static void note_loss(void *user, const LmmReport *report) {
  Losses *losses = user;
  if (!losses->n++) losses->first = report->validation_loss;
  losses->best = report->best_loss;
}

static LmmLibrary *open_library(void) {
  LmmLibrary *library = NULL;
  char folder[1024];
  snprintf(folder, sizeof folder, "%s", check_data(""));
  const char *const folders[] = {folder};
  BaseContext ctx = {0};
  CHECK_SAYING(lmm_library_open(&ctx, &library, folders, 1) == BASE_OK, "%s", ctx.sentence);
  return library;
}

/* Trains on one dream and reads the file back. */
static void train_salience(TranscriptionSalience *learned, Losses *losses, const LmmLibrary *library,
                           int threads) {
  char path[1024];
  snprintf(path, sizeof path, "%s", check_temporary("salience.weights"));
  LmmSalienceParams params = {.minutes = 0.1,
                              .steps = 60,
                              .batch = 128,
                              .rate = 0.01f,
                              .weights = path,
                              .report = note_loss,
                              .user = losses};
  BaseContext ctx = {.seed = 3, .threads = threads};
  BasePack *pack = NULL;
  CHECK_SAYING(lmm_salience_train(&ctx, NULL, library, &params) == BASE_OK, "%s", ctx.sentence);
  CHECK_SAYING(base_pack_load(&ctx, &pack, path) == BASE_OK, "%s", ctx.sentence);
  CHECK(pack && base_pack_text(pack, "seed") && base_pack_text(pack, "training.validation_loss"));
  CHECK_SAYING(pack && transcription_salience_load(&ctx, learned, pack) == BASE_OK, "%s", ctx.sentence);
  base_pack_free(pack);
}

static void a_dream_teaches_the_judgement(void) {
  static TranscriptionSalience learned[2];
  LmmLibrary *library = open_library();
  Losses losses[2] = {0};
  for (int i = 0; i < 2; i++) train_salience(&learned[i], &losses[i], library, 1 + i);
  CHECK_SAYING(losses[0].best < 0.75 * losses[0].first, "from %g to %g", losses[0].first, losses[0].best);
  CHECK_NEAR(losses[1].first, losses[0].first, 1e-4);
  for (int i = 0; i < TRANSCRIPTION_FEATURES; i++) CHECK(learned[0].scale[i] == learned[1].scale[i]);
  lmm_library_free(library);
}

static void a_salience_lesson_can_be_cancelled(void) {
  LmmLibrary *library = open_library();
  atomic_bool cancel = true;
  LmmSalienceParams params = {.minutes = 5, .weights = check_temporary("never.weights")};
  BaseContext ctx = {.cancel = &cancel};
  CHECK(lmm_salience_train(&ctx, NULL, library, &params) == BASE_CANCELLED && ctx.sentence[0]);
  FILE *file = fopen(params.weights, "r");
  CHECK(file == NULL);
  if (file) fclose(file);
  lmm_library_free(library);
}

CHECK_MAIN({CASE(a_dream_teaches_the_judgement)}, {CASE(a_salience_lesson_can_be_cancelled)})
