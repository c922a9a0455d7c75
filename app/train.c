/* triptych-train: dreams and trains the networks whose weights the program ships.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_hearing.h"
#include "core/piano/piano_soundfont.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_bool cancelled;

static void on_interrupt(int number) {
  (void)number;
  atomic_store(&cancelled, true);
}

static void report(void *user, const LmmHearingScore *now, double seconds) {
  (void)user;
  printf("%7.0f s  step %ld  validation onset loss %.5f  onset cells F1 %.4f\n", seconds, now->step, now->loss,
         now->onset_f1);
  fflush(stdout);
}

static int usage(void) {
  fputs("usage: triptych-train hearing -o WEIGHTS [--steps N] [--hours H] [--batch N] [--pool N] [--dreamers N]\n"
        "                              [--rate R] [--seed N] [--threads N] [--resume WEIGHTS] [--f32] FOLDER…\n"
        "       triptych-train piano -o WEIGHTS [--threads N] SOUNDFONT\n"
        "FOLDER: MIDI and MusicXML files to dream from, freely usable ones for weights that are to be shipped.\n",
        stderr);
  return 2;
}

/* triptych-train piano: the reference instrument from a soundfont. */
static int train_piano(int argc, char **argv) {
  BaseContext ctx = {.cancel = &cancelled, .threads = 2};
  const char *weights = NULL, *soundfont = NULL;
  for (int i = 2; i < argc; i++) {
    if (argv[i][0] != '-') soundfont = argv[i];
    else if (strcmp(argv[i], "-o") == 0 && i + 1 < argc) weights = argv[++i];
    else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc) ctx.threads = atoi(argv[++i]);
    else return usage();
  }
  if (!weights || !soundfont) return usage();
  signal(SIGINT, on_interrupt);
  PianoModel model = piano_model_default();
  PianoSoundfontScore score;
  char origin[200];
  BaseStatus status = piano_learn_soundfont(&ctx, &model, &score, soundfont);
  if (status == BASE_OK) {
    const char *name = strrchr(soundfont, '/');
    snprintf(origin, sizeof origin, "triptych-train piano %s; %.2f dB from it on what was held out (formulas: %.2f)",
             name ? name + 1 : soundfont, score.after_db, score.before_db);
    printf("%s\n", origin);
    status = piano_model_save(&ctx, &model, BASE_F16, origin, weights);
  }
  if (status != BASE_OK) fprintf(stderr, "%s\n", ctx.sentence);
  return status == BASE_OK ? 0 : status == BASE_CANCELLED ? 3 : 1;
}

int main(int argc, char **argv) {
  if (argc > 2 && strcmp(argv[1], "piano") == 0) return train_piano(argc, argv);
  BaseContext ctx = {.cancel = &cancelled, .threads = 2, .seed = 1};
  LmmHearingParams params = {.type = NN_BF16};
  const char *folders[64];
  size_t n = 0;
  if (argc < 3 || strcmp(argv[1], "hearing") != 0) return usage();
  for (int i = 2; i < argc; i++) {
    const char *word = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
    if (word[0] != '-') {
      if (n < 64) folders[n++] = word;
      continue;
    }
    if (strcmp(word, "--f32") == 0) {
      params.type = NN_F32;
      continue;
    }
    if (!value) return usage();
    i++;
    if (strcmp(word, "-o") == 0) params.weights = value;
    else if (strcmp(word, "--steps") == 0) params.steps = atol(value);
    else if (strcmp(word, "--hours") == 0) params.hours = atof(value);
    else if (strcmp(word, "--batch") == 0) params.batch = atoi(value);
    else if (strcmp(word, "--pool") == 0) params.pool = atoi(value);
    else if (strcmp(word, "--dreamers") == 0) params.dreamers = atoi(value);
    else if (strcmp(word, "--rate") == 0) params.rate = (float)atof(value);
    else if (strcmp(word, "--seed") == 0) ctx.seed = strtoull(value, NULL, 10);
    else if (strcmp(word, "--threads") == 0) ctx.threads = atoi(value);
    else if (strcmp(word, "--resume") == 0) params.resume = value;
    else return usage();
  }
  if (!params.weights || !n) return usage();
  signal(SIGINT, on_interrupt);
  LmmLibrary *library = NULL;
  BaseStatus status = lmm_library_open(&ctx, &library, folders, n);
  if (status == BASE_OK) {
    printf("%zu pieces to dream from, %zu to validate on\n", lmm_library_pieces(library, false),
           lmm_library_pieces(library, true));
    status = lmm_hearing_train(&ctx, NULL, library, report, NULL, &params);
  }
  if (status != BASE_OK) fprintf(stderr, "%s\n", ctx.sentence);
  lmm_library_free(library);
  return status == BASE_OK ? 0 : status == BASE_CANCELLED ? 3 : 1;
}
