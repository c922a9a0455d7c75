/* Learning from dreams, in seconds instead of hours. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_hearing.h"
#include "core/lmm/lmm_salience.h"
#include "core/lmm/lmm_shelf.h"
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

/* A small lesson of the big network on a handful of dreams. */
static void a_few_dreams_teach_hearing(void) {
  LmmLibrary *library = open_library();
  Losses losses = {0};
  LmmReport last;
  LmmHearingParams params = {.steps = 10,
                             .validate_every = 2,
                             .validation = 2,
                             .batch = 2,
                             .frames = 48,
                             .pool = 1,
                             .reuse = 1000,
                             .dreamers = 2,
                             .rate = 5e-3f,
                             .weights = check_temporary("hearing.weights"),
                             .report = note_loss,
                             .user = &losses};
  BaseContext ctx = {.seed = 5, .threads = 1};
  CHECK_SAYING(lmm_hearing_train(&ctx, &last, library, &params) == BASE_OK, "%s", ctx.sentence);
  CHECK(losses.n == 5 && last.step == 10 && isfinite(last.training_loss));
  CHECK_SAYING(losses.best < losses.first, "from %g to %g", losses.first, losses.best);
  BasePack *pack = NULL;
  CHECK_SAYING(base_pack_load(&ctx, &pack, params.weights) == BASE_OK, "%s", ctx.sentence);
  CHECK(pack && base_pack_find(pack, "weights.head.onset.weight") && base_pack_text(pack, "seed"));
  base_pack_free(pack);
  lmm_library_free(library);
}

static void a_dream_can_be_dreamt_again(void) {
  LmmLibrary *library = open_library();
  LmmShelf *shelf = lmm_shelf_new(library, 2, 3, 2, false);
  LmmHeard heard = {0};
  CHECK(lmm_shelf_take(NULL, &heard, shelf, 1) == BASE_OK && heard.frames > 50 && heard.motion->notes.n > 0);
  size_t frames = heard.frames, notes = heard.motion->notes.n, n = 0;
  uint8_t *before = malloc(20000);
  memcpy(before, heard.features, 20000);
  lmm_shelf_give(shelf, 1);
  CHECK(lmm_shelf_take(NULL, &heard, shelf, 3) == BASE_OK); /* takes the place of 1 */
  for (size_t i = 0; i < 20000; i++) n += heard.features[i] != before[i];
  CHECK(n > 0);
  lmm_shelf_give(shelf, 3);
  CHECK(lmm_shelf_take(NULL, &heard, shelf, 1) == BASE_OK);
  CHECK(heard.frames == frames && heard.motion->notes.n == notes &&
        memcmp(before, heard.features, 20000) == 0);
  lmm_shelf_give(shelf, 1);
  free(before);
  lmm_shelf_free(shelf);
  lmm_library_free(library);
}

CHECK_MAIN({CASE(a_dream_teaches_the_judgement)}, {CASE(a_salience_lesson_can_be_cancelled)},
           {CASE(a_few_dreams_teach_hearing)}, {CASE(a_dream_can_be_dreamt_again)})
