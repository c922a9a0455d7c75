/* Mapping languages: how much does motion gain from scores and recordings when there is hardly any motion?
 *
 *   a   everything is translated to motion and learned as motion: scores as they stand, recordings through a transcriber
 *       with 12 % errors; a1 recordings only; a2 with scores played by invented players
 *   b   the mapping: scores played by invented players, some of them through a simulated transcriber, recordings under the
 *       code of what was heard; then k bars of motion, as far as they help their own other half
 *   c   only the k bars
 *   d   abundant motion; d1 abundant motion in the place of the recordings of b: what b would be if hearing did not err
 *
 * One size, one number of steps, several seeds. Recordings are the even performances of DATA/performances (CRC-32 of the
 * folder's name), heard once; the test is the odd ones. Every net is the one that did best on recordings (d: motion) that
 * it did not learn from. A table and a plot go to OUT. --only takes letters: a, x for a1, y for a2, b, c, d, e for d1.
 * --from takes nets from FOLDER/a-1.weights (of seed 1) and so on where they are there and trains only the others; --keep
 * writes them there. --clean takes what was never played out of the recordings beforehand. --start gives b and d1 weights to begin with that know scores alone, such as the program's own.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/bench_language.h"

#include "core/base/base_array.h"
#include "core/language/language.h"
#include "core/lmm/lmm_language.h"
#include "core/nn/nn_weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BAR_PIECES = 5, SMALL_BATCH = 8, TRIAL_STEPS = 48 };

static const double BAR_S = 1.9, ERRORS = 0.12;
static const LanguageCode MOTION = {LANGUAGE_KEYBOARD, LANGUAGE_CLEAN}, HEARD_MOTION = {LANGUAGE_KEYBOARD, LANGUAGE_HEARD};

/* All that is read, and what was made of it. */
typedef struct {
  LmmCorpus *scores, *performances, *heard;
} Material;

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(BaseStatus status, const BaseContext *ctx) {
  if (status == BASE_OK) return;
  fprintf(stderr, "%s\n", ctx->sentence[0] ? ctx->sentence : base_status_name(status));
  exit(1);
}

/* ---- material ---- */

static uint32_t crc32_of(const char *text, size_t n) {
  uint32_t crc = 0xffffffffu;
  for (size_t i = 0; i < n; i++) {
    crc ^= (unsigned char)text[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

static LmmCorpus *open_corpus(const Options *o, const char *const *folders, size_t n, const char *cache) {
  BaseContext ctx = {0};
  LmmCorpus *corpus = NULL;
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", o->cache, cache);
  must(lmm_corpus_open(&ctx, &corpus, folders, n, path), &ctx);
  return corpus;
}

/* Odd performances are the test; of the even ones one in eight is to validate on. */
static void divide(LmmCorpus *performances) {
  size_t even = 0;
  for (size_t i = 0; i < performances->pieces.n; i++) {
    LmmPiece *piece = &performances->pieces.items[i];
    bool odd = crc32_of(piece->name, strcspn(piece->name, "/")) & 1;
    piece->side = odd ? LMM_TEST : even++ % 8 == 7 ? LMM_VALIDATION : LMM_TRAINING;
  }
}

/* What a transcriber made of the recordings, once and for all; those that are learned from are cleaned, if that is asked
 * for. */
static LmmCorpus *hear(const Options *o, const LmmCorpus *performances) {
  BaseContext ctx = {0};
  Cleaning sum = {0};
  LanguageCleaner *cleaner = NULL;
  if (o->clean) must(language_cleaner_load(&ctx, &cleaner, o->clean), &ctx);
  LmmCorpus *heard = calloc(1, sizeof *heard);
  const LmmErrors errors = lmm_errors(ERRORS);
  for (size_t i = 0; i < performances->pieces.n; i++) {
    const LmmPiece *piece = &performances->pieces.items[i];
    BaseRng rng = base_rng(77, i);
    Motion *motion = motion_dup(piece->motion);
    if (piece->side == LMM_TEST || !lmm_mishear(motion, &errors, &rng)) {
      motion_free(motion);
      continue;
    }
    if (cleaner && piece->side == LMM_TRAINING)
      must(bench_language_clean(&ctx, &sum, cleaner, motion, piece->motion), &ctx);
    must(lmm_corpus_add(&ctx, heard, piece, motion, NULL), &ctx);
    heard->pieces.items[heard->pieces.n - 1].side = piece->side;
  }
  bench_language_tell_cleaning(&sum);
  language_cleaner_free(cleaner);
  return heard;
}

static Material gather(const Options *o) {
  char folders[3][1024];
  snprintf(folders[0], sizeof *folders, "%s/lieder", o->data);
  snprintf(folders[1], sizeof *folders, "%s/chopin-first-editions", o->data);
  snprintf(folders[2], sizeof *folders, "%s/performances", o->data);
  BaseContext ctx = {0};
  const char *const of_scores[] = {folders[0], folders[1]}, *const of_performances[] = {folders[2]};
  LmmCorpus *kinds[2];
  Material m = {.scores = open_corpus(o, of_scores, 2, "bench-scores.pack")};
  must(lmm_corpus_split(&ctx, kinds, open_corpus(o, of_performances, 1, "bench-performances.pack")), &ctx);
  lmm_corpus_free(kinds[0]); /* their scores are not material */
  m.performances = kinds[1];
  divide(m.performances);
  m.heard = hear(o, m.performances);
  return m;
}

static Motion *excerpt(const Motion *from, double from_s, double to_s) {
  Motion *motion = motion_new();
  for (size_t i = 0; i < from->notes.n; i++) {
    MotionNote note = from->notes.items[i];
    if (note.onset_s >= from_s && note.onset_s < to_s) base_array_push(&motion->notes, note);
  }
  return motion;
}

/* k bars from up to five places, every other place in halves[0] and halves[1]; all of them in halves[2]. */
static void take_bars(LmmCorpus halves[3], const LmmCorpus *performances, int k, uint64_t seed) {
  BaseContext ctx = {0};
  BaseRng rng = base_rng(seed, 500);
  int places = k < BAR_PIECES ? k : BAR_PIECES;
  for (int i = 0; i < places;) {
    const LmmPiece *piece = &performances->pieces.items[base_rng_below(&rng, (uint32_t)performances->pieces.n)];
    double length_s = BAR_S * (k / places + (i < k % places)), end_s = motion_duration_s(piece->motion);
    double from_s = base_rng_uniform(&rng) * fmax(0, end_s - length_s);
    Motion *bars = excerpt(piece->motion, from_s, from_s + length_s);
    if (piece->side != LMM_TRAINING || bars->notes.n < 4) {
      motion_free(bars);
      continue;
    }
    must(lmm_corpus_add(&ctx, &halves[i % 2], piece, motion_dup(bars), NULL), &ctx);
    must(lmm_corpus_add(&ctx, &halves[2], piece, bars, NULL), &ctx);
    i++;
  }
}

static const LmmCorpus *on_side(LmmCorpus *corpus, LmmSide side) {
  for (size_t i = 0; i < corpus->pieces.n; i++) corpus->pieces.items[i].side = side;
  return corpus;
}

static void clear_bars(LmmCorpus halves[3]) {
  for (int h = 0; h < 3; h++) {
    for (size_t i = 0; i < halves[h].pieces.n; i++) motion_free(halves[h].pieces.items[i].motion);
    base_array_clear(&halves[h].pieces);
  }
}

/* ---- conditions ---- */

enum { MOST_TONGUES = 3 };

/* What a condition, by its letter as in --only, learns from; the first tongue is what is watched. */
static int tongues_of(LmmTongue tongues[MOST_TONGUES], char letter, const Material *m) {
  const LmmErrors errors = lmm_errors(ERRORS);
  const bool mapping = letter == 'b' || letter == 'e', of_motion = letter == 'd' || letter == 'e';
  int n = 0;
  tongues[n++] = (LmmTongue){.corpus = of_motion ? m->performances : m->heard, .code = letter == 'b' ? HEARD_MOTION : MOTION, .share = 0.5};
  if (mapping) {
    tongues[n++] = (LmmTongue){.corpus = m->scores, .express = true, .code = MOTION, .share = 0.4};
    tongues[n++] = (LmmTongue){.corpus = m->scores, .express = true, .errors = errors, .code = HEARD_MOTION, .share = 0.1};
  } else if (letter == 'a' || letter == 'y') {
    tongues[n++] = (LmmTongue){.corpus = m->scores, .express = letter == 'y', .code = MOTION, .share = 0.5};
  }
  return n;
}

/* ---- learning ---- */

/* A net and what it was built for. */
typedef struct {
  NnNet *net;
  LanguageTensors tensors;
  LmmLanguageParams params;
  LanguageCode motion; /* the code that it knows motion by */
} Learner;

static void report(void *user, const LmmReport *now) {
  fprintf(stderr, "  %s step %ld of %ld: %.4f, validation %.4f\n", (const char *)user, now->step, now->steps,
          now->training_loss, now->validation_loss);
}

static Learner learner_new(const Options *o, uint64_t seed, const char *name, const LanguageErrors *heard,
                           const LmmTongue *tongues, int n) {
  BaseContext ctx = {.seed = seed, .threads = 1};
  Learner l = {.motion = MOTION, .params = {.size = {.width = (int)o->width, .layers = (int)o->layers},
                          .steps = o->steps,
                          .validate_every = o->steps / 3 > 0 ? o->steps / 3 : 1,
                          .average = 0.995f,
                          .rate = 4e-3f,
                          .type = o->f32 ? NN_F32 : NN_BF16,
                          .heard = heard,
                          .tongues = tongues,
                          .n_tongues = n,
                          .report = report,
                          .user = (void *)name}};
  must(lmm_language_net(&ctx, &l.net, &l.tensors, &l.params), &ctx);
  if (!o->start || (*name != 'b' && strncmp(name, "d1", 2) != 0)) return l;
  l.params.rate = 1e-3f;
  must(nn_weights_read(&ctx, l.net, o->start), &ctx);
  return l;
}

static void learn(Learner *l, const LmmTongue *tongues, int n, uint64_t seed) {
  BaseContext ctx = {.seed = seed, .threads = 1};
  l->params.tongues = tongues;
  l->params.n_tongues = n;
  must(lmm_language_train(&ctx, NULL, l->net, &l->tensors, &l->params), &ctx);
}

static const char *file_of(char path[1024], const char *folder, const char *name, uint64_t seed) {
  snprintf(path, 1024, "%s/%.*s-%d.weights", folder, (int)strcspn(name, " "), name, (int)seed);
  return path;
}

/* Trains on the tongues and watches `watched`, or takes what was trained before. */
static void learn_or_take(const Options *o, Learner *l, const LmmTongue *tongues, int n, const LmmTongue *watched,
                          const char *name, uint64_t seed) {
  BaseContext ctx = {0};
  char path[1024];
  if (o->from && access(file_of(path, o->from, name, seed), R_OK) == 0) {
    must(nn_weights_read(&ctx, l->net, path), &ctx);
    return;
  }
  l->params.validation = watched;
  l->params.n_validation = 1;
  learn(l, tongues, n, seed);
  if (!o->keep) return;
  mkdir(o->keep, 0777);
  must(nn_weights_write(&ctx, l->net, file_of(path, o->keep, name, seed), BASE_F16, NULL, 0), &ctx);
}

static LanguageScore test_side(const Options *o, const Learner *l, const LmmCorpus *performances, LmmSide side) {
  BaseContext ctx = {0};
  LanguageModel *model = NULL;
  LanguageScore all = {0}, one;
  must(language_model_of_net(&ctx, &model, l->net, l->params.size), &ctx);
  for (size_t i = 0; i < performances->pieces.n; i++) {
    Motion *motion = performances->pieces.items[i].motion;
    if (performances->pieces.items[i].side != side) continue;
    size_t n = motion->notes.n;
    if (o->test_notes > 0 && (size_t)o->test_notes < n) motion->notes.n = (size_t)o->test_notes;
    must(language_score(&ctx, &one, model, motion, &l->motion), &ctx);
    motion->notes.n = n;
    double w = (double)one.notes / (double)(all.notes + one.notes);
    all.notes += one.notes;
    all.nats_per_note += w * (one.nats_per_note - all.nats_per_note);
    for (int f = 0; f < LANGUAGE_METRIC_FIELDS; f++) all.parts[f] += w * (one.parts[f] - all.parts[f]);
  }
  language_model_free(model);
  return all;
}

/* On the odd performances; what was settled by hand was settled on even ones that nothing is learned from, whose figure is
 * printed beside. */
static LanguageScore test(const Options *o, const Learner *l, const LmmCorpus *performances) {
  printf("  on even performances, to choose by: %.3f\n", test_side(o, l, performances, LMM_VALIDATION).nats_per_note);
  return test_side(o, l, performances, LMM_TEST);
}

/* One way of learning from few bars, and what it was good for on bars that it did not see. */
typedef struct {
  LmmReach reach;
  double rate;
  double first, best; /* validation losses, before (nearly) and at best */
  double steps;       /* to the best */
} Way;

static void note_loss(void *user, const LmmReport *now) {
  Way *way = user;
  if (!(way->first > 0)) way->first = now->validation_loss;
  way->best = now->best_loss;
  way->steps = (double)now->best_step;
}

/* A copy with small batches. */
static Learner copy_of(const Learner *from) {
  BaseContext ctx = {.threads = 1};
  Learner l = *from;
  l.params.batch = SMALL_BATCH;
  must(lmm_language_net(&ctx, &l.net, &l.tensors, &l.params), &ctx);
  memcpy(nn_net_values(l.net), nn_net_values_const(from->net), nn_net_size(l.net) * sizeof(float));
  nn_net_changed(l.net);
  return l;
}

/* Learns from bars for a while, watching others; with rehearsal half of the texts are still those of the mapping. The gain
 * is in nats of the training loss. */
static void take_way(Learner *l, Way *way, const LmmCorpus *bars, const LmmCorpus *others, long steps, uint64_t seed,
                     const Material *rehearsal) {
  LmmTongue tongues[1 + MOST_TONGUES] = {{.corpus = bars, .code = l->motion, .right = true, .only_metric = true, .share = 1}};
  LmmTongue watched = tongues[0];
  watched.corpus = others;
  l->params.reach = way->reach;
  l->params.rate = (float)way->rate;
  l->params.steps = steps;
  l->params.average = 0.8f;
  l->params.validate_every = 4;
  l->params.validation_batches = 2;
  l->params.validation = &watched;
  l->params.n_validation = 1;
  l->params.report = note_loss;
  l->params.user = way;
  learn(l, tongues, 1 + (rehearsal ? tongues_of(tongues + 1, 'b', rehearsal) : 0), seed);
}

/* The way that helps both halves of the bars after learning from the other, and the two together most; steps 0 when none
 * does. More parameters move from ten bars on. */
static Way choose_way(const Learner *from, LmmCorpus halves[3], int k, uint64_t seed, const Material *m) {
  static const Way ways[] = {{LMM_CODES, 3e-3, 0, 0, 0}, {LMM_SWITCHES, 5e-4, 0, 0, 0}, {LMM_OUTPUTS, 3e-4, 0, 0, 0},
                             {LMM_EVERYTHING, 1e-4, 0, 0, 0}};
  Way best = {0};
  double most = 0.02;
  if (!halves[1].pieces.n) return best;
  for (size_t w = 0; w < (k < 10 ? 2 : 4); w++) {
    Way tried = ways[w];
    double gain = 0, least = 1, steps = 0;
    for (int fold = 0; fold < 2; fold++) {
      Learner l = copy_of(from);
      tried.first = 0;
      take_way(&l, &tried, on_side(&halves[fold], LMM_TRAINING), on_side(&halves[1 - fold], LMM_VALIDATION), TRIAL_STEPS, seed, m);
      gain += (tried.first - tried.best) / 2;
      least = fmin(least, tried.first - tried.best);
      steps += tried.steps / 2;
      nn_net_free(l.net);
    }
    if (gain > most && least > 0) most = gain, best = ways[w], best.steps = steps;
  }
  return best;
}

/* After k bars: as the bars' own halves say, or not at all. */
static double tune(const Options *o, const Learner *from, const Material *m, int k, uint64_t seed, double *parts) {
  LmmCorpus halves[3] = {0};
  take_bars(halves, m->performances, k, seed);
  Way way = choose_way(from, halves, k, seed, m);
  Learner l = copy_of(from);
  on_side(&halves[2], LMM_TRAINING);
  if (way.steps >= 8) take_way(&l, &way, &halves[2], on_side(&halves[0], LMM_VALIDATION), lround(way.steps), seed, m);
  printf("  reach %d, %.0f steps\n", way.reach, way.steps);
  LanguageScore score = test(o, &l, m->performances);
  if (parts) memcpy(parts, score.parts, sizeof score.parts);
  nn_net_free(l.net);
  clear_bars(halves);
  return score.nats_per_note;
}

/* From nothing. */
static double learn_alone(const Options *o, const Material *m, int k, uint64_t seed) {
  LmmCorpus halves[3] = {0};
  Way way = {.reach = LMM_EVERYTHING, .rate = 2e-3};
  Learner l = learner_new(o, seed, "c", NULL, NULL, 0), small = copy_of(&l);
  take_bars(halves, m->performances, k, seed);
  take_way(&small, &way, on_side(&halves[2], LMM_TRAINING), on_side(&halves[0], LMM_VALIDATION), 40 + 2 * k, seed, NULL);
  double nats = test(o, &small, m->performances).nats_per_note;
  nn_net_free(l.net);
  nn_net_free(small.net);
  clear_bars(halves);
  return nats;
}

static void say(const char *what, int k, double nats, double since) {
  printf("  %-34s", what);
  if (k >= 0) printf(" %2d bars", k);
  printf("  %.3f nats a note  (%.0f s)\n", nats, now_s() - since);
  fflush(stdout);
}

/* The three readings of "translate everything to motion". */
static void run_naive(const Options *o, const Material *m, uint64_t seed, Result *r, int which) {
  static const char *const names[NAIVES] = {"a  naive", "a1 naive, recordings only", "a2 naive, invented players"};
  LmmTongue tongues[MOST_TONGUES];
  double start = now_s();
  int n = tongues_of(tongues, "axy"[which], m);
  Learner l = learner_new(o, seed, names[which], NULL, tongues, n);
  learn_or_take(o, &l, tongues, n, &tongues[0], names[which], seed);
  LanguageScore score = test(o, &l, m->performances);
  r->naive[which] = score.nats_per_note;
  if (which == 0) memcpy(r->parts[0], score.parts, sizeof score.parts);
  say(names[which], -1, r->naive[which], start);
  nn_net_free(l.net);
}

/* With the table, what was played is also what the code of the heard foretells: the better of the two. */
static void choose_code(const Options *o, Learner *l, const LmmCorpus *performances) {
  double nats[2];
  for (int i = 0; i < 2; i++) {
    l->motion = i ? HEARD_MOTION : MOTION;
    nats[i] = test_side(o, l, performances, LMM_VALIDATION).nats_per_note;
  }
  printf("  on even performances: %.3f as motion, %.3f as heard\n", nats[0], nats[1]);
  l->motion = nats[1] < nats[0] ? HEARD_MOTION : MOTION;
}

/* What hearing does to the fields that are asked for with --table; nothing is counted without. */
static void count_errors(const Options *o, LanguageErrors *heard, LanguageErrors *used, const Material *m, uint64_t seed) {
  BaseContext ctx = {.seed = seed};
  const LmmErrors errors = lmm_errors(ERRORS);
  if (!o->table[0]) return;
  must(lmm_language_errors(&ctx, heard, m->scores, &errors, 600), &ctx);
  for (int f = 0; f < LANGUAGE_METRIC_FIELDS; f++)
    if (strchr(o->table, "tpdv"[f])) used->seen[f] = heard->seen[f];
}

static void run_mapping(const Options *o, const Material *m, uint64_t seed, Result *r) {
  LanguageErrors heard = {0}, used = {0};
  LmmTongue tongues[MOST_TONGUES];
  int n = tongues_of(tongues, 'b', m);
  double start = now_s();
  count_errors(o, &heard, &used, m, seed);
  Learner l = learner_new(o, seed, "b", o->table[0] ? &used : NULL, tongues, n);
  learn_or_take(o, &l, tongues, n, &tongues[0], "b", seed);
  choose_code(o, &l, m->performances);
  LanguageScore score = test(o, &l, m->performances);
  r->tuned[0] = score.nats_per_note;
  memcpy(r->parts[1], score.parts, sizeof score.parts);
  say("b  mapping", 0, r->tuned[0], start);
  for (int f = 0; f < LANGUAGE_METRIC_FIELDS; f++) printf("  %.3f", score.parts[f]);
  putchar('\n');
  for (int i = 1; i < KS && bench_bars[i] <= o->most_bars; i++)
    say("b  mapping", bench_bars[i], r->tuned[i] = tune(o, &l, m, bench_bars[i], seed, r->parts[2]), start);
  nn_net_free(l.net);
  lmm_language_errors_clear(&heard);
}

static void run_bars(const Options *o, const Material *m, uint64_t seed, Result *r) {
  for (int i = 1; i < KS && bench_bars[i] <= o->most_bars; i++) {
    double start = now_s();
    say("c  only the bars", bench_bars[i], r->alone[i] = learn_alone(o, m, bench_bars[i], seed), start);
  }
}

static void run_oracle(const Options *o, const Material *m, uint64_t seed, Result *r, int which) {
  static const char *const names[ORACLES] = {"d  abundant motion", "d1 motion for recordings"};
  LmmTongue tongues[MOST_TONGUES];
  double start = now_s();
  int n = tongues_of(tongues, "de"[which], m);
  Learner l = learner_new(o, seed, names[which], NULL, tongues, n);
  learn_or_take(o, &l, tongues, n, &tongues[0], names[which], seed);
  LanguageScore score = test(o, &l, m->performances);
  r->oracle[which] = score.nats_per_note;
  if (!which) memcpy(r->parts[3], score.parts, sizeof score.parts);
  say(names[which], -1, score.nats_per_note, start);
  nn_net_free(l.net);
}

static bool take_options(Options *o, int argc, char **argv) {
  const struct {
    const char *name;
    long *whole;
  } known[] = {{"--steps", &o->steps}, {"--seeds", &o->seeds}, {"--width", &o->width}, {"--layers", &o->layers},
               {"--test-notes", &o->test_notes}, {"--bars", &o->most_bars},
               {"--seed", &o->seed}, {"--side", &o->side}, {"--first", &o->first}, {"--count", &o->count}};
  o->only = "axybcde";
  o->table = "";
  for (int i = 1; i < argc; i++) {
    bool found = false;
    if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) o->only = argv[++i], found = true;
    else if (strcmp(argv[i], "--start") == 0 && i + 1 < argc) o->start = argv[++i], found = true;
    else if (strcmp(argv[i], "--from") == 0 && i + 1 < argc) o->from = argv[++i], found = true;
    else if (strcmp(argv[i], "--examples") == 0 && i + 1 < argc) o->examples = argv[++i], found = true;
    else if (strcmp(argv[i], "--clean") == 0 && i + 1 < argc) o->clean = argv[++i], found = true;
    else if (strcmp(argv[i], "--keep") == 0 && i + 1 < argc) o->keep = argv[++i], found = true;
    else if (strcmp(argv[i], "--table") == 0 && i + 1 < argc) o->table = argv[++i], found = true;
    for (size_t k = 0; k < sizeof known / sizeof *known && i + 1 < argc; k++)
      if (strcmp(argv[i], known[k].name) == 0) *known[k].whole = atol(argv[++i]), found = true;
    if (found) continue;
    if (strcmp(argv[i], "--f32") == 0) o->f32 = true;
    else if (argv[i][0] == '-') return false;
    else if (!o->data) o->data = argv[i];
    else o->out = argv[i];
  }
  o->cache = o->out;
  return o->data && o->out && o->seeds >= 1 && o->seeds <= MOST_SEEDS;
}

/* For a twin of the net elsewhere, laid flat as lmm_language_examples does. */
static void write_examples(const Options *o, const Material *m) {
  enum { NOTES = 256, BLOCK = 256 };
  LmmTongue tongues[MOST_TONGUES];
  BaseContext ctx = {.seed = (uint64_t)o->seed};
  int n = tongues_of(tongues, o->examples[0], m);
  int16_t *block = malloc(BLOCK * lmm_example_size(NOTES) * sizeof *block);
  for (long done = 0; block && done < o->count; done += BLOCK) {
    size_t now = o->count - done < BLOCK ? (size_t)(o->count - done) : BLOCK;
    must(lmm_language_examples(&ctx, block, tongues, n, NOTES, (LmmSide)o->side, (uint64_t)(o->first + done), now), &ctx);
    fwrite(block, lmm_example_size(NOTES) * sizeof *block, now, stdout);
  }
  free(block);
}

int main(int argc, char **argv) {
  Options o = {.steps = 1500, .seeds = 3, .width = 96, .layers = 3, .test_notes = 0, .most_bars = 50};
  if (!take_options(&o, argc, argv)) {
    fputs("usage: bench_language [--steps N] [--seeds N] [--width N] [--layers N] [--bars MOST] [--test-notes N] "
          "[--table tpdv] [--f32] [--only axybcde] [--start WEIGHTS] [--from FOLDER] [--keep FOLDER] [--clean WEIGHTS] DATA OUT\n", stderr);
    return 2;
  }
  mkdir(o.out, 0777);
  Material m = gather(&o);
  if (o.examples) return write_examples(&o, &m), 0;
  Result results[MOST_SEEDS] = {0};
  printf("%zu notes of scores, %zu heard, %zu to test on; %ld steps of 4,096 notes, width %ld, 12 %% errors\n",
         lmm_corpus_notes(m.scores, LMM_TRAINING), lmm_corpus_notes(m.heard, LMM_TRAINING),
         lmm_corpus_notes(m.performances, LMM_TEST), o.steps, o.width);
  for (long i = 0; i < o.seeds; i++) {
    uint64_t seed = (uint64_t)i + 1;
    printf("seed %ld\n", i + 1);
    for (int which = 0; which < NAIVES; which++)
      if (strchr(o.only, "axy"[which])) run_naive(&o, &m, seed, &results[i], which);
    if (strchr(o.only, 'b')) run_mapping(&o, &m, seed, &results[i]);
    for (int which = 0; which < ORACLES; which++)
      if (strchr(o.only, "de"[which])) run_oracle(&o, &m, seed, &results[i], which);
    if (strchr(o.only, 'c')) run_bars(&o, &m, seed, &results[i]);
    bench_language_tell(&o, results, i + 1);
  }
  lmm_corpus_free(m.scores);
  lmm_corpus_free(m.performances);
  lmm_corpus_free(m.heard);
  return 0;
}
