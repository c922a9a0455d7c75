/* What a few corrected bars are worth: a simulated annotator gives the true times of k bars, the network that hears is
 * calibrated, and notes are counted in the rest of the recording, by its sound alone, and in other recordings. After the
 * folder: --k N (several times), --pair N, --spread 0 (the first bars instead of spread ones), --others 0, and what
 * LmmCalibrateParams holds, for variants. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/evaluation/evaluation.h"
#include "core/flow/flow_learn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PAIRS = 3, OTHERS = 4, MOST_BARS = 512, MOST_KS = 8 };

static const struct {
  const char *pair, *recording;
} PAIR[PAIRS] = {{"sonata11-3", "mz_331_3_ENSTDkCl"},
                 {"sonata08-2", "pathetique_2_ENSTDkAm"},
                 {"mazurka07-1", "chpn_op7_1_ENSTDkAm"}};

/* Heard before and after as well: the pairs themselves and one more piano piece. */
static const char *const OTHER[OTHERS] = {"mz_331_3_ENSTDkCl", "pathetique_2_ENSTDkAm", "chpn_op7_1_ENSTDkAm",
                                          "ty_maerz_ENSTDkCl"};

typedef struct {
  BaseContext ctx;
  const char *folder;
  Motion *truth[OTHERS];
  double before[OTHERS]; /* F1 of whole recordings */
  LmmCalibrateParams params;
  bool others, fonts, spread;
  int ks[MOST_KS], n_ks, only;
  double gain, elsewhere; /* sum of gains, worst change elsewhere */
  int runs;
} Bench;

static const char *path_of(const Bench *b, const char *set, const char *name, const char *file) {
  static char paths[4][1024];
  static int next;
  char *path = paths[next++ % 4];
  snprintf(path, 1024, "%s/%s/%s/%s", b->folder, set, name, file);
  return path;
}

static void must(const Bench *b, BaseStatus status) {
  if (status == BASE_OK) return;
  fprintf(stderr, "%s\n", b->ctx.sentence[0] ? b->ctx.sentence : base_status_name(status));
  exit(1);
}

/* ---- measuring ---- */

static bool is_inside(double at_s, const LmmSpan *spans, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (at_s >= spans[i].from_s && at_s < spans[i].to_s) return true;
  return false;
}

static Motion *rest_of(const Motion *motion, const LmmSpan *spans, size_t n) {
  Motion *rest = motion_new();
  for (size_t i = 0; i < motion->notes.n; i++)
    if (!is_inside(motion->notes.items[i].onset_s, spans, n)) base_array_push(&rest->notes, motion->notes.items[i]);
  return rest;
}

static double onset_f1(Bench *b, const Motion *truth, const Motion *heard, const LmmSpan *spans, size_t n) {
  Motion *reference = rest_of(truth, spans, n), *estimate = rest_of(heard, spans, n);
  EvaluationNotes notes;
  must(b, evaluation_notes(&b->ctx, &notes, reference, estimate, NULL));
  motion_free(reference);
  motion_free(estimate);
  return 100 * notes.onset.f1;
}

static Transcription *listen(Bench *b, const char *recording, const BasePack *weights) {
  Transcription *heard = NULL;
  const TranscriptionParams params = {.weights = weights};
  must(b, flow_listen(&b->ctx, &heard, path_of(b, "maps", recording, "audio.flac"), &params));
  return heard;
}

/* ---- the annotator ---- */

typedef struct {
  FlowAligned *aligned; /* without anchors */
  EvaluationOnsets truth;
  int bars[MOST_BARS]; /* steps of the unfolded score that the truth reaches */
  int n_bars;
} Case;

static Beat end_of(const Case *c, int step) {
  const ScoreStep *s = &c->aligned->unfolded->steps.items[step];
  return beat_add(s->start, c->aligned->score->measures.items[s->measure].length);
}

static void open_case(Bench *b, Case *c, int pair) {
  const char *score = path_of(b, "pairs", PAIR[pair].pair, "score.musicxml");
  *c = (Case){0};
  must(b, flow_align(&b->ctx, &c->aligned, &score, 1, path_of(b, "maps", PAIR[pair].recording, "audio.flac"), NULL, 0));
  must(b, evaluation_read_onsets(&b->ctx, &c->truth, path_of(b, "pairs", PAIR[pair].pair, "truth.csv")));
  const double last = c->truth.items[c->truth.n - 1].quarter;
  for (size_t i = 0; i < c->aligned->unfolded->steps.n && c->n_bars < MOST_BARS; i++)
    if (beat_double(end_of(c, (int)i)) <= last) c->bars[c->n_bars++] = (int)i;
}

static void close_case(Case *c) {
  flow_aligned_free(c->aligned);
  base_array_clear(&c->truth);
}

static double true_time(const Case *c, double quarter) {
  size_t i = 1;
  while (i + 1 < c->truth.n && c->truth.items[i].quarter < quarter) i++;
  const EvaluationOnset *a = &c->truth.items[i - 1], *z = &c->truth.items[i];
  return a->time_s + (quarter - a->quarter) / (z->quarter - a->quarter) * (z->time_s - a->time_s);
}

/* The first and the last onset of bar `step`, as the truth has them. */
static size_t fix_bar(const Case *c, AlignmentAnchor *to, int step) {
  const double from = beat_double(c->aligned->unfolded->steps.items[step].start), until = beat_double(end_of(c, step));
  const EvaluationOnset *first = NULL, *last = NULL;
  for (size_t i = 0; i < c->truth.n; i++) {
    const EvaluationOnset *onset = &c->truth.items[i];
    if (onset->quarter < from - 1e-3 || onset->quarter >= until - 1e-3) continue;
    if (!first) first = onset;
    last = onset;
  }
  size_t n = 0;
  if (first) to[n++] = (AlignmentAnchor){beat_near(first->quarter, 10080), first->time_s};
  if (last && last->time_s > first->time_s + 0.05) to[n++] = (AlignmentAnchor){beat_near(last->quarter, 10080), last->time_s};
  return n;
}

/* ---- one calibration ---- */

/* Anchors in k bars, and these bars as the truth has them. */
static size_t annotate(const Bench *b, const Case *c, AlignmentAnchor *anchors, LmmSpan *spans, int k) {
  size_t n = 0;
  for (int i = 0; i < k; i++) {
    const int step = c->bars[b->spread ? (2 * i + 1) * c->n_bars / (2 * k) : i];
    n += fix_bar(c, anchors + n, step);
    spans[i] = (LmmSpan){true_time(c, beat_double(c->aligned->unfolded->steps.items[step].start)) - 0.05,
                         true_time(c, beat_double(end_of(c, step))) - 0.05};
  }
  return n;
}

static void *learn(Bench *b, const Case *c, size_t *size, LmmCalibration *report, int pair, const AlignmentAnchor *anchors,
                   size_t n) {
  ScoreUnfolded *unfolded = NULL;
  Alignment *alignment = NULL;
  void *bytes = NULL;
  must(b, flow_align_heard(&b->ctx, &unfolded, &alignment, c->aligned->score, c->aligned->heard, anchors, n));
  must(b, flow_learn_aligned(&b->ctx, report, &bytes, size, path_of(b, "maps", PAIR[pair].recording, "audio.flac"),
                             c->aligned->score, unfolded, alignment, anchors, n, &b->params));
  score_unfolded_free(unfolded);
  alignment_free(alignment);
  return bytes;
}

static void print_change(const char *name, LmmChange change) {
  printf("  %s %.1f %+.1f", name, 100 * change.before, 100 * (change.after - change.before));
}

/* `processor_s` of all threads, which is less dependent on what else the machine does. */
static void print_report(const LmmCalibration *r, double processor_s) {
  printf(" judged by itself:");
  print_change("bars", r->trusted);
  print_change("beyond", r->beyond);
  print_change("dreams", r->dreams);
  printf("  %s, %.1f of the way here and %.1f elsewhere, %.0f s (%.0f s of processors)\n", r->accepted ? "accepted" : "refused", r->share,
         r->share_elsewhere, r->seconds, processor_s);
}

static void listen_to_all(Bench *b, const Case *c, int pair, const BasePack *weights, const LmmSpan *spans, size_t n) {
  const double zero = onset_f1(b, b->truth[pair], c->aligned->heard->motion, spans, n);
  for (int i = 0; i < OTHERS; i++) {
    if (i != pair && !b->others) continue;
    Transcription *heard = weights ? listen(b, OTHER[i], weights) : NULL;
    double change = 0;
    if (heard && i == pair) change = onset_f1(b, b->truth[i], heard->motion, spans, n) - zero;
    if (heard && i != pair) change = onset_f1(b, b->truth[i], heard->motion, NULL, 0) - b->before[i];
    if (i == pair)
      printf("   rest %.2f %+.2f", zero, change), b->gain += change, b->runs++;
    else
      printf("   %s %+.2f", OTHER[i], change), b->elsewhere = fmin(b->elsewhere, change);
    transcription_free(heard);
  }
  printf("\n");
}

static void run(Bench *b, const Case *c, int pair, int k) {
  AlignmentAnchor anchors[2 * MOST_BARS];
  LmmSpan spans[MOST_BARS];
  LmmCalibration report;
  BasePack *weights = NULL;
  size_t size = 0;
  if (k > c->n_bars) k = c->n_bars;
  const size_t n = annotate(b, c, anchors, spans, k);
  const clock_t began = clock();
  void *bytes = learn(b, c, &size, &report, pair, anchors, n);
  const double processor_s = (double)(clock() - began) / CLOCKS_PER_SEC;
  if (bytes) must(b, base_pack_load_memory(&b->ctx, &weights, bytes, size, "calibrated"));
  printf("%s, %d bars\n", PAIR[pair].pair, k);
  print_report(&report, processor_s);
  listen_to_all(b, c, pair, weights, spans, (size_t)k);
  fflush(stdout);
  base_pack_free(weights);
  free(bytes);
}

static void take_option(Bench *b, const char *name, const char *value) {
  LmmCalibrateParams *p = &b->params;
  const struct {
    const char *name;
    int *whole;
    bool *flag;
  } known[] = {{"--pair", .whole = &b->only},       {"--bars", .whole = &p->bars},   {"--batch", .whole = &p->batch},
               {"--rehearsal", .whole = &p->rehearsal}, {"--dreams", .whole = &p->dreams}, {"--tests", .whole = &p->tests},
               {"--rounds", .whole = &p->rounds},   {"--threads", .whole = &b->ctx.threads}, {"--spread", .flag = &b->spread}, {"--others", .flag = &b->others},
               {"--fonts", .flag = &b->fonts}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strcmp(name, known[i].name) != 0) continue;
    if (known[i].whole) *known[i].whole = atoi(value);
    if (known[i].flag) *known[i].flag = atoi(value);
  }
  if (strcmp(name, "--k") == 0 && b->n_ks < MOST_KS) b->ks[b->n_ks++] = atoi(value);
  if (strcmp(name, "--steps") == 0) p->steps = atol(value);
  if (strcmp(name, "--rate") == 0) p->rate = (float)atof(value);
  if (strcmp(name, "--beyond") == 0) p->beyond = (float)atof(value);
  if (strcmp(name, "--reach") == 0) p->labels.reach_s = atof(value);
  if (strcmp(name, "--least") == 0) p->labels.least = (float)atof(value);
  if (strcmp(name, "--clear") == 0) p->labels.too_clear = (float)atof(value);
}

static void open_bench(Bench *b) {
  if (!b->n_ks) b->ks[b->n_ks++] = 5, b->ks[b->n_ks++] = 20;
  if (b->fonts) b->params.instruments = lmm_instruments_new(NULL);
  for (int i = 0; i < OTHERS; i++) {
    if (!b->others && b->only >= 0 && i != b->only) continue;
    must(b, motion_read_csv(&b->ctx, &b->truth[i], path_of(b, "maps", OTHER[i], "notes.csv")));
    Transcription *heard = listen(b, OTHER[i], NULL);
    b->before[i] = onset_f1(b, b->truth[i], heard->motion, NULL, 0);
    printf("%s %.2f\n", OTHER[i], b->before[i]);
    transcription_free(heard);
  }
}

int main(int argc, char **argv) {
  static Bench b = {.ctx = {.threads = 2, .seed = 1}, .others = true, .spread = true, .only = -1};
  b.folder = argc > 1 ? argv[1] : "../shared/eval";
  for (int i = 2; i + 1 < argc; i += 2) take_option(&b, argv[i], argv[i + 1]);
  if (access(path_of(&b, "pairs", PAIR[0].pair, "truth.csv"), R_OK) != 0) {
    printf("skipped: no pairs of scores and recordings at %s\n", b.folder);
    return 0;
  }
  open_bench(&b);
  for (int k = 0; k < b.n_ks; k++) {
    b.gain = b.elsewhere = b.runs = 0;
    for (int pair = 0; pair < PAIRS; pair++) {
      Case c;
      if (b.only >= 0 && pair != b.only) continue;
      open_case(&b, &c, pair);
      run(&b, &c, pair, b.ks[k]);
      close_case(&c);
    }
    printf("after %d bars: onset F1 of the rest %+.2f, elsewhere %+.2f at worst\n", b.ks[k], b.gain / b.runs, b.elsewhere);
  }
  printf("wanted: %+.1f after 5 bars, %+.1f after 20, elsewhere %+.1f at worst\n", 1.5, 4.0, -0.5);
  return 0;
}
