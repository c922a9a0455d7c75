/* Samples of the language beside real performances, in numbers and pictures. Writes N samples as MIDI and piano rolls
 * (SVG) to OUT and prints, for each, the samples together and the performances below DATA/performances (the first minute of
 * each): entropy of pitch classes in bits, notes a second, notes down at once, how many of the runs of eight keys have been
 * there before, part of the time with the pedal down, mean and deviation of velocities. Options: --weights FILE --count N
 * --seconds S. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_sample.h"
#include "core/lmm/lmm_corpus.h"
#include "core/music/midi.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { RUN = 8, FIGURES = 7 };

static const char *const NAMES[FIGURES] = {"entropy", "notes/s", "at once", "repeated", "pedal", "velocity", "±"};

typedef struct {
  double values[FIGURES];
} Figures;

static void must(BaseStatus status, const BaseContext *ctx) {
  if (status == BASE_OK) return;
  fprintf(stderr, "%s\n", ctx->sentence);
  exit(1);
}

static double pitch_class_entropy(const Motion *motion) {
  double counts[12] = {0}, bits = 0;
  for (size_t i = 0; i < motion->notes.n; i++) counts[motion->notes.items[i].midi % 12]++;
  for (int i = 0; i < 12; i++)
    if (counts[i] > 0) bits -= counts[i] / (double)motion->notes.n * log2(counts[i] / (double)motion->notes.n);
  return bits;
}

static bool same_run(const Motion *motion, size_t a, size_t b) {
  for (size_t k = 0; k < RUN; k++)
    if (motion->notes.items[a + k].midi != motion->notes.items[b + k].midi) return false;
  return true;
}

static double repeated(const Motion *motion) {
  size_t runs = motion->notes.n >= RUN ? motion->notes.n - RUN + 1 : 0, again = 0;
  for (size_t i = 1; i < runs; i++)
    for (size_t k = 0; k < i; k++)
      if (same_run(motion, i, k)) {
        again++;
        break;
      }
  return runs ? (double)again / (double)runs : 0;
}

static double pedal_share(const Motion *motion, double seconds) {
  double down_s = 0, since_s = 0;
  bool down = false;
  for (size_t i = 0; i < motion->pedals.n; i++) {
    const MotionPedal *pedal = &motion->pedals.items[i];
    if (pedal->pedal != MOTION_SUSTAIN || pedal->time_s > seconds) continue;
    if (down) down_s += pedal->time_s - since_s;
    down = pedal->depth >= 64;
    since_s = pedal->time_s;
  }
  return (down ? down_s + seconds - since_s : down_s) / seconds;
}

static Figures figures_of(const Motion *motion) {
  Figures f = {0};
  size_t n = motion->notes.n;
  if (!n) return f;
  double first_s = motion->notes.items[0].onset_s, seconds = fmax(1, motion->notes.items[n - 1].onset_s - first_s);
  double down_s = 0, sum = 0, squares = 0;
  for (size_t i = 0; i < n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    down_s += note->key_up_s - note->onset_s;
    sum += note->velocity;
    squares += (double)note->velocity * note->velocity;
  }
  f.values[0] = pitch_class_entropy(motion);
  f.values[1] = (double)n / seconds;
  f.values[2] = down_s / seconds;
  f.values[3] = repeated(motion);
  f.values[4] = pedal_share(motion, first_s + seconds);
  f.values[5] = sum / (double)n;
  f.values[6] = sqrt(fmax(0, squares / (double)n - f.values[5] * f.values[5]));
  return f;
}

static void print(const char *name, const Figures *f) {
  printf("%-24.24s", name);
  for (int i = 0; i < FIGURES; i++) printf("  %s %.2f", NAMES[i], f->values[i]);
  putchar('\n');
}

static void print_mean(const char *name, const Figures *all, size_t n) {
  Figures mean = {0};
  for (size_t i = 0; i < n; i++)
    for (int k = 0; k < FIGURES; k++) mean.values[k] += all[i].values[k] / (double)n;
  print(name, &mean);
}

static void draw_roll(const char *path, const Motion *motion) {
  FILE *out = fopen(path, "w");
  if (!out) return;
  double seconds = motion_duration_s(motion), scale = 40;
  fprintf(out, "<svg xmlns='http://www.w3.org/2000/svg' width='%.0f' height='%d'><rect width='100%%' height='100%%' fill='white'/>\n",
          seconds * scale, MOTION_KEYS * 4);
  for (size_t i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    fprintf(out, "<rect x='%.1f' y='%d' width='%.1f' height='4' fill='#1a5fb4' opacity='%.2f'/>\n", note->onset_s * scale,
            (MOTION_KEYS - 1 - note->midi + MOTION_LOWEST_KEY) * 4, fmax(1, (note->key_up_s - note->onset_s) * scale),
            0.3 + 0.7 * note->velocity / 127);
  }
  fputs("</svg>\n", out);
  fclose(out);
}

static void sample_all(const LanguageModel *model, const char *folder, long count, double seconds) {
  Figures *all = calloc((size_t)count, sizeof *all);
  for (long i = 0; all && i < count; i++) {
    BaseContext ctx = {.seed = (uint64_t)i + 1};
    Motion *motion = NULL;
    char path[1024], name[32];
    LanguageSampleParams params = {.code = {LANGUAGE_PLAYED_SCORE, LANGUAGE_CLEAN}, .seconds = seconds};
    must(language_sample(&ctx, &motion, model, &params), &ctx);
    snprintf(name, sizeof name, "sample-%02ld", i + 1);
    snprintf(path, sizeof path, "%s/%s.mid", folder, name);
    must(midi_write(&ctx, motion, path), &ctx);
    snprintf(path, sizeof path, "%s/%s.svg", folder, name);
    draw_roll(path, motion);
    all[i] = figures_of(motion);
    print(name, &all[i]);
    motion_free(motion);
  }
  if (all) print_mean("all samples", all, (size_t)count);
  free(all);
}

static void compare(const char *data, double seconds) {
  BaseContext ctx = {0};
  LmmCorpus *corpus = NULL;
  char folder[1024];
  snprintf(folder, sizeof folder, "%s/performances", data);
  if (lmm_corpus_open(&ctx, &corpus, (const char *const[]){folder}, 1, NULL) != BASE_OK) return;
  Figures *all = calloc(corpus->pieces.n, sizeof *all);
  size_t n = 0;
  for (size_t i = 0; all && i < corpus->pieces.n; i++) {
    Motion *motion = corpus->pieces.items[i].motion;
    if (corpus->pieces.items[i].deadpan) continue;
    size_t end = 0;
    while (end < motion->notes.n && motion->notes.items[end].onset_s < motion->notes.items[0].onset_s + seconds) end++;
    motion->notes.n = end;
    all[n++] = figures_of(motion);
  }
  print_mean("performances", all, n);
  free(all);
  lmm_corpus_free(corpus);
}

int main(int argc, char **argv) {
  const char *paths[2] = {0}, *weights = NULL;
  long count = 10, given = 0;
  double seconds = 60;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--weights") == 0 && i + 1 < argc) weights = argv[++i];
    else if (strcmp(argv[i], "--count") == 0 && i + 1 < argc) count = atol(argv[++i]);
    else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) seconds = atof(argv[++i]);
    else if (given < 2) paths[given++] = argv[i];
  }
  if (given < 2 || count < 1) return fputs("usage: bench_samples [--weights FILE] [--count N] [--seconds S] DATA OUT\n", stderr), 2;
  BaseContext ctx = {0};
  LanguageModel *model = NULL;
  mkdir(paths[1], 0777);
  must(language_model_load(&ctx, &model, weights), &ctx);
  sample_all(model, paths[1], count, seconds);
  compare(paths[0], seconds);
  language_model_free(model);
  return 0;
}
