/* How fast the language reads and makes up music on one core, beside the same net with attention in the place of minGRU.
 *
 * usage: bench_pace [NOTES]
 *
 * Processor time of one thread. The program's own reader and sampler come first, with the shipped weights; these must read
 * 2,000 notes a second and make up music in less time than it lasts, or the program fails. Then both trunks with heads, as
 * a reader and a sampler would use them: stretches of 64 notes (minGRU) or windows of 256 (attention, half of them known
 * before), and note by note with kept state, or keys and values of up to 256 notes. Weights are as they are drawn: speed
 * does not hang on them. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_rng.h"
#include "core/language/language_sample.h"
#include "core/language/language_sound.h"
#include "core/nn/nn_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WIDTH = 256, LAYERS = 4, WINDOW = 256, LEAST_NOTES_PER_S = 2000 };

static const double SAMPLED_S = 30;

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(BaseStatus status, const BaseContext *ctx) {
  if (status == BASE_OK) return;
  fprintf(stderr, "bench_pace: %s\n", ctx->sentence[0] ? ctx->sentence : base_status_name(status));
  exit(1);
}

/* ---- the program's own ---- */

static Motion *some_music(int notes) {
  Motion *motion = motion_new();
  BaseRng rng = base_rng(1, 0);
  for (int i = 0; motion && i < notes; i++)
    motion_add(motion, 0.12 * i, 0.12 * i + 0.3, 36 + (int)base_rng_below(&rng, 48), 40 + (int)base_rng_below(&rng, 60), 1);
  return motion;
}

static bool own_pace(int notes) {
  BaseContext ctx = {.seed = 1, .threads = 1};
  LanguageModel *model = NULL;
  LanguageScore score;
  Motion *motion = some_music(notes), *made = NULL;
  must(language_model_load(&ctx, &model, NULL), &ctx);
  double start = now_s();
  must(language_score(&ctx, &score, model, motion, NULL), &ctx);
  const double scored = (double)score.notes / (now_s() - start);
  start = now_s();
  must(language_sample(&ctx, &made, model, &(LanguageSampleParams){.seconds = SAMPLED_S}), &ctx);
  const double made_s = now_s() - start;
  printf("the program's own: reads %.0f notes/s (at least %d), makes up %.0f notes/s, %.0f times real time\n", scored,
         LEAST_NOTES_PER_S, (double)made->notes.n / made_s, SAMPLED_S / made_s);
  motion_free(motion);
  motion_free(made);
  language_model_free(model);
  return scored >= LEAST_NOTES_PER_S && made_s <= SAMPLED_S;
}

/* Moments of sound. */
static void sound_pace(int moments) {
  BaseContext ctx = {.threads = 1};
  LanguageModel *model = NULL;
  LanguageSound *sound = NULL;
  LanguageWords *words = calloc((size_t)moments, sizeof *words);
  float *nats = calloc((size_t)moments * LANGUAGE_OCTAVES, sizeof *nats);
  if (!words || !nats) must(BASE_NO_MEMORY, &ctx);
  must(language_model_load(&ctx, &model, NULL), &ctx);
  must(language_sound_load(&ctx, &sound, model, NULL), &ctx);
  const double start = now_s();
  must(language_sound_read(&ctx, nats, sound, words, (size_t)moments), &ctx);
  printf("of what sounds it reads %.0f moments/s\n", moments / (now_s() - start));
  free(words);
  free(nats);
  language_sound_free(sound);
  language_model_free(model);
}

/* ---- minGRU and attention ---- */

typedef struct {
  NnNet *net[2]; /* trunk and heads */
  LanguageTensors tensors[2];
  NnRun *run[2];
} Pair;

static Pair pair_new(BaseContext *ctx, int heads, int steps) {
  Pair pair = {0};
  const LanguageSize size = {.width = WIDTH, .layers = LAYERS, .heads = heads};
  for (int i = 0; i < 2; i++) {
    pair.net[i] = nn_net_new(1);
    must(language_net_build(ctx, &pair.tensors[i], pair.net[i], i ? LANGUAGE_HEADS : LANGUAGE_TRUNK, size, 1, steps), ctx);
    must(nn_run_new_shared(ctx, &pair.run[i], pair.net[i], (NnRunParams){.carries = !i}), ctx);
  }
  return pair;
}

static void pair_free(Pair *pair) {
  for (int i = 0; i < 2; i++) nn_run_free(pair->run[i]), nn_net_free(pair->net[i]);
}

static void fill(NnRun *run, NnVar var, int steps, int channels) {
  float *to = var == NN_NONE ? NULL : nn_run_input(run, var, (NnShape){1, steps, 1, channels});
  for (int i = 0; to && i < steps * channels; i++) to[i] = (float)(i % 7);
}

static void fill_all(const Pair *pair, int part, int steps) {
  const LanguageTensors *t = &pair->tensors[part];
  for (int f = 0; f < LANGUAGE_FIELDS; f++) fill(pair->run[part], t->before[f], steps, 1), fill(pair->run[part], t->now[f], steps, 1);
  for (int f = 0; f < LANGUAGE_EARLIER; f++) fill(pair->run[part], t->earlier[f], steps, 1);
  fill(pair->run[part], t->source, steps, 1);
  fill(pair->run[part], t->channel, steps, 1);
  if (part) fill(pair->run[1], t->hidden, steps, WIDTH);
}

/* Notes a second when `steps` are read at once, of which `new` are. */
static double reading(BaseContext *ctx, const Pair *pair, int steps, int new, int notes, bool carry) {
  const double start = now_s();
  int done = 0;
  nn_run_carry(pair->run[0], carry, 0, 0);
  for (; done < notes; done += new)
    for (int part = 0; part < 2; part++) {
      fill_all(pair, part, part ? new : steps);
      must(nn_run_forward(ctx, pair->run[part]), ctx);
    }
  return done / (now_s() - start);
}

/* Notes a second one by one: the trunk once, the heads once for each field. */
static double making(BaseContext *ctx, const Pair *pair, int notes) {
  const double start = now_s();
  nn_run_carry(pair->run[0], true, 0, 0);
  for (int i = 0; i < notes; i++) {
    if (i % WINDOW == 0) nn_run_forget(pair->run[0]);
    for (int pass = 0; pass <= LANGUAGE_FIELDS; pass++) {
      fill_all(pair, pass > 0, 1);
      must(nn_run_forward(ctx, pair->run[pass > 0]), ctx);
    }
  }
  return notes / (now_s() - start);
}

static void compare(int notes) {
  BaseContext ctx = {.threads = 1};
  for (int attention = 0; attention < 2; attention++) {
    Pair pair = pair_new(&ctx, attention ? 8 : 0, WINDOW);
    const int at_once = attention ? WINDOW : 64, new = attention ? WINDOW / 2 : 64;
    reading(&ctx, &pair, at_once, new, new, !attention); /* code is made */
    const double read = reading(&ctx, &pair, at_once, new, notes, !attention);
    making(&ctx, &pair, 1);
    printf("%-10s reads %.0f notes/s, makes up %.0f notes/s\n", attention ? "attention:" : "minGRU:", read,
           making(&ctx, &pair, notes / 8));
    pair_free(&pair);
  }
}

int main(int argc, char **argv) {
  const int notes = argc > 1 && atoi(argv[1]) > 0 ? atoi(argv[1]) : 8192;
  const bool fine = own_pace(notes);
  sound_pace(notes);
  compare(notes);
  if (!fine) fputs("bench_pace: the language is too slow\n", stderr);
  return fine ? 0 : 1;
}
