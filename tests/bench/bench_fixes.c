/* What ten fixes are worth on the rest of a document: a simulated person goes through its bars in the order
 * that the program offers, confirms what is right and puts right what is wrong until ten were wrong; then all
 * other bars are compared with how they were read at first. Options after the folder: --fixes N, --only NAME,
 * --every N (learn after so many fixes), --first-page (go through the first page only, the rest is the other
 * pages), --unsure (the least sure bar first instead of the most worthwhile one), --tell (what is wrong in the
 * end), --kinds (what is wrong in the rest, by the edit that would put it right). SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "core/base/base_file.h"
#include "core/evaluation/evaluation.h"
#include "core/flow/flow.h"
#include "core/music/musicxml.h"
#include "core/omr/omr_learn.h"
#include "tests/bench/fixes_annotator.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { MOST_PAGES = 8, MOST_DOCUMENTS = 64, PATH = 1200 };

typedef struct {
  BaseContext ctx;
  const char *folder, *only, *cache;
  int fixes, every;
  bool kinds, tell, unsure, first_page;
} Bench;

static void must(const Bench *b, BaseStatus status) {
  if (status == BASE_OK) return;
  fprintf(stderr, "%s\n", b->ctx.sentence[0] ? b->ctx.sentence : base_status_name(status));
  exit(1);
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- pages read before ---- */

static void cache_path(char path[PATH], const Bench *b, const char *key) {
  snprintf(path, PATH, "%s/%s", b->cache, key);
  for (char *c = path + strlen(b->cache) + 1; *c; c++)
    if (*c == '/') *c = '-';
}

static void *find(void *user, const char *key, size_t *n) {
  char path[PATH];
  void *bytes = NULL;
  cache_path(path, user, key);
  return base_file_read(NULL, &bytes, n, path, 0) == BASE_OK ? bytes : NULL;
}

static void keep(void *user, const char *key, const void *bytes, size_t n) {
  char path[PATH];
  cache_path(path, user, key);
  FILE *file = fopen(path, "wb");
  if (!file) return;
  fwrite(bytes, 1, n, file);
  fclose(file);
}

/* ---- a document ---- */

typedef struct {
  char name[256];
  OmrPage **pages;
  size_t n;
  Score *truth[MOST_PAGES], *read;
  int32_t *of; /* per measure of `read`: that of its page's truth, -1 none */
  bool *fixed; /* likewise: put right */
  OmrBars *bars;
  OmrTaste learned, *taste; /* null: nothing learned */
} Document;

static void pair_measures(Document *d) {
  size_t measures = d->read->measures.n;
  d->of = malloc((measures + 1) * sizeof *d->of);
  d->fixed = calloc(measures + 1, 1);
  for (size_t i = 0; i < measures; i++) d->of[i] = -1;
  for (size_t p = 0; p < d->n; p++) {
    int32_t *of = fixes_align(d->read, (int)p, d->truth[p]);
    for (size_t i = 0; i < measures; i++)
      if (d->read->measures.items[i].box.page == (int)p) d->of[i] = of[i];
    free(of);
  }
}

static bool open_document(Bench *b, Document *d, const char *name) {
  static char paths[MOST_PAGES][PATH];
  const char *list[MOST_PAGES];
  struct stat info;
  *d = (Document){.bars = omr_bars_new()};
  snprintf(d->name, sizeof d->name, "%s", name);
  for (size_t i = 0; i < MOST_PAGES; i++) {
    snprintf(paths[i], PATH, "%s/scans/%s/p-%zu.png", b->folder, name, i + 1);
    list[i] = paths[i];
    if (stat(paths[i], &info) != 0) break;
    d->n = i + 1;
  }
  if (d->n < 2) return false;
  FlowReadParams params = {.memo = {find, keep, b}};
  size_t n = 0;
  must(b, flow_read(&b->ctx, &d->read, &d->pages, &n, list, d->n, &params));
  for (size_t i = 0; i < d->n; i++) {
    snprintf(paths[i], PATH, "%s/scans/%s/p-%zu.musicxml", b->folder, name, i + 1);
    must(b, musicxml_read(&b->ctx, &d->truth[i], paths[i]));
  }
  pair_measures(d);
  return true;
}

static void close_document(Document *d) {
  flow_pages_free(d->pages, d->n);
  for (size_t i = 0; i < d->n; i++) score_free(d->truth[i]);
  score_free(d->read);
  free(d->of);
  free(d->fixed);
  omr_bars_free(d->bars);
}

/* The measures of one page as a score of their own, without those left out (may be null). */
static Score *page_of(const Score *score, int page, const bool *without) {
  Score *part = score_dup(score);
  int32_t *now = malloc((score->measures.n + 1) * sizeof *now), n = 0;
  for (size_t i = 0; i < score->measures.n; i++) {
    bool wanted = (page < 0 || score->measures.items[i].box.page == page) && !(without && without[i]);
    now[i] = wanted ? n : -1;
    if (wanted) part->measures.items[n++] = score->measures.items[i];
  }
  part->measures.n = (size_t)n;
  size_t kept = 0;
  for (size_t i = 0; i < part->notes.n; i++) {
    ScoreNote note = part->notes.items[i];
    note.measure = note.measure >= 0 && (size_t)note.measure < score->measures.n ? now[note.measure] : -1;
    if (note.measure >= 0) part->notes.items[kept++] = note;
  }
  part->notes.n = kept;
  free(now);
  return part;
}

typedef struct {
  size_t pitch, onset, duration, reference, estimated, right, bars;
} Sum;

/* The measure of `score` that stands where measure `m` of what was read first stands, -1 none. */
static int32_t where(const Document *d, const Score *score, int32_t m) {
  const ScoreBox *box = &d->read->measures.items[m].box;
  for (int32_t i = m; i < (int32_t)score->measures.n + m; i++) {
    int32_t at = i % (int32_t)score->measures.n;
    const ScoreBox *other = &score->measures.items[at].box;
    if (other->page == box->page && fabsf(other->x - box->x) < 2 && fabsf(other->y - box->y) < 2) return at;
  }
  return -1;
}

/* All bars but those that were put right, and with `first_page` but those of the first page. */
static Sum measure(Bench *b, const Document *d, const Score *score) {
  Sum sum = {0};
  bool *without = calloc(score->measures.n + 1, 1);
  for (size_t i = 0; i < d->read->measures.n; i++) {
    int32_t at = d->fixed[i] ? where(d, score, (int32_t)i) : -1;
    if (at >= 0) without[at] = true;
  }
  for (size_t p = b->first_page; p < d->n; p++) {
    bool *true_without = calloc(d->truth[p]->measures.n + 1, 1);
    for (size_t i = 0; i < d->read->measures.n; i++)
      if (d->fixed[i] && d->read->measures.items[i].box.page == (int)p) true_without[d->of[i]] = true;
    EvaluationScore got;
    Score *page = page_of(score, (int)p, without), *truth = page_of(d->truth[p], -1, true_without);
    must(b, evaluation_score(&b->ctx, &got, truth, page));
    score_free(page);
    score_free(truth);
    free(true_without);
    sum.pitch += got.pitch.matched, sum.onset += got.pitch_onset.matched;
    sum.duration += got.pitch_onset_duration.matched;
    sum.reference += got.pitch.reference, sum.estimated += got.pitch.estimated;
    sum.right += got.measures_right, sum.bars += got.measures_reference;
  }
  free(without);
  return sum;
}

static double f1(size_t matched, const Sum *sum) {
  return 200.0 * (double)matched / (double)(sum->reference + sum->estimated);
}

/* ---- the person ---- */

static Score *assemble(Bench *b, Document *d, const OmrEdits *edits, double *ms) {
  OmrPage *pages[MOST_PAGES];
  Score *score = NULL;
  double start = now_ms();
  for (size_t i = 0; i < d->n; i++)
    must(b,
         omr_edit_page(&b->ctx, &pages[i], d->pages[i], (int32_t)i, d->taste, edits->items, edits->n, NULL));
  must(b, omr_assemble(&b->ctx, &score, (const OmrPage *const *)pages, d->n,
                       &(OmrAssembleParams){d->bars, d->taste}));
  if (ms) *ms = now_ms() - start;
  for (size_t i = 0; i < d->n; i++) omr_page_free(pages[i]);
  return score;
}

/* The measure of the first reading that was not looked at and most deserves it now, -1 none. */
static int32_t next_bar(const Bench *b, const Document *d, const Score *now, const bool *seen) {
  float *worth = calloc(now->measures.n + 1, sizeof *worth), most = 0;
  int32_t best = -1;
  if (b->unsure)
    for (size_t i = 0; i < now->measures.n; i++) worth[i] = 1 - now->measures.items[i].confidence;
  else if (!omr_learn_worth(worth, now))
    exit(1);
  for (size_t i = 0; i < d->read->measures.n; i++) {
    if (d->of[i] < 0 || seen[i] || (b->first_page && d->read->measures.items[i].box.page)) continue;
    int32_t at = where(d, now, (int32_t)i);
    if (at >= 0 && worth[at] > most) most = worth[at], best = (int32_t)i;
  }
  free(worth);
  return best;
}

typedef struct {
  int looked, fixed, stubborn, edits;
  double worst_ms, learned_ms;
} Visit;

static const Score *truth_of(const Document *d, int32_t m) {
  return d->truth[d->read->measures.items[m].box.page];
}

static bool is_right(const Document *d, const Score *now, int32_t m) {
  int32_t at = where(d, now, m);
  return at >= 0 && fixes_same(now, at, truth_of(d, m), d->of[m]);
}

static void learn(Bench *b, Document *d, const OmrEdits *edits, Visit *visit) {
  if (!b->fixes || !edits->n) return;
  double start = (double)clock() / CLOCKS_PER_SEC;
  must(b, omr_learn(&b->ctx, &d->learned, (const OmrPage *const *)d->pages, d->n, edits->items, edits->n));
  visit->learned_ms += 1e3 * ((double)clock() / CLOCKS_PER_SEC - start);
  d->taste = &d->learned;
}

/* Puts a wrong bar right: first what rules it, then its notes. */
static Score *fix_bar(Bench *b, Document *d, OmrEdits *edits, Score *now, int32_t m, Visit *visit) {
  size_t before = edits->n;
  for (int round = 0; round < 4 && !is_right(d, now, m); round++) {
    double ms = 0;
    int32_t at = where(d, now, m);
    if (at < 0) break;
    size_t n = edits->n;
    if (round == 0 && !fixes_of_signs(edits, now, at, truth_of(d, m), d->of[m], NULL)) exit(1);
    if (edits->n == n && !fixes_of_bar(edits, now, at, truth_of(d, m), d->of[m], NULL)) exit(1);
    score_free(now);
    now = assemble(b, d, edits, &ms);
    if (ms > visit->worst_ms) visit->worst_ms = ms;
  }
  visit->edits += (int)(edits->n - before);
  bool stubborn = !is_right(d, now, m);
  visit->stubborn += stubborn;
  if (stubborn && b->kinds && where(d, now, m) >= 0)
    fixes_tell(now, where(d, now, m), truth_of(d, m), d->of[m]);
  d->fixed[m] = true;
  visit->fixed++;
  return now;
}

static Visit put_right(Bench *b, Document *d, OmrEdits *edits) {
  Visit visit = {0};
  bool *seen = calloc(d->read->measures.n + 1, sizeof *seen);
  Score *now = assemble(b, d, edits, NULL);
  for (int32_t m; visit.fixed < b->fixes && (m = next_bar(b, d, now, seen)) >= 0; visit.looked++) {
    seen[m] = true;
    if (is_right(d, now, m)) {
      ScoreBox box = d->read->measures.items[m].box;
      OmrEdit right = {box.page, box.x + 0.5f * box.width, box.y + 0.5f * box.height, OMR_EDIT_RIGHT, 0};
      if (!base_array_push(edits, right)) exit(1);
      continue;
    }
    now = fix_bar(b, d, edits, now, m, &visit);
    if (visit.fixed % b->every) continue;
    learn(b, d, edits, &visit);
    score_free(now);
    now = assemble(b, d, edits, NULL);
  }
  score_free(now);
  free(seen);
  return visit;
}

static void count_kinds(const Document *d, const Score *score, int kinds[OMR_EDITS]) {
  OmrEdits edits = {0};
  for (size_t p = 0; p < d->n; p++) {
    int32_t *of = fixes_align(score, (int)p, d->truth[p]);
    for (size_t i = 0; i < score->measures.n; i++)
      if (of[i] >= 0) fixes_of_bar(&edits, score, (int32_t)i, d->truth[p], of[i], kinds);
    free(of);
  }
  base_array_clear(&edits);
}

/* Both versions of every bar of the rest that is wrong. */
static void tell_rest(const Document *d, const Score *score) {
  for (size_t p = 0; p < d->n; p++) {
    int32_t *of = fixes_align(score, (int)p, d->truth[p]);
    for (size_t i = 0; i < score->measures.n; i++)
      if (of[i] >= 0 && !fixes_same(score, (int32_t)i, d->truth[p], of[i])) {
        printf("    page %zu\n", p + 1);
        fixes_tell(score, (int32_t)i, d->truth[p], of[i]);
      }
    free(of);
  }
}

static void run(Bench *b, const char *name, Sum *before, Sum *after) {
  Document d;
  if (!open_document(b, &d, name)) return;
  OmrEdits edits = {0};
  Visit visit = put_right(b, &d, &edits);
  learn(b, &d, &edits, &visit);
  Score *score = assemble(b, &d, &edits, NULL);
  printf("   learned in %.0f ms:", visit.learned_ms);
  for (int k = 0; k < OMR_TASTES; k++) printf(" %.1f", (double)d.learned.dearer[k]);
  for (int k = 0; k < OMR_LIKELIER; k++) printf(" %.2f", (double)d.learned.likelier[k]);
  printf("\n");
  Sum first = measure(b, &d, d.read), second = measure(b, &d, score);
  printf("%-24s %zu pages · looked at %2d bars, fixed %2d (%d stubborn) by %3d edits, at most %3.0f ms · "
         "rest: +onset "
         "%.2f → %.2f (%+.2f), pitch %.2f → %.2f, bars right %.1f → %.1f %%\n",
         name, d.n, visit.looked, visit.fixed, visit.stubborn, visit.edits, visit.worst_ms,
         f1(first.onset, &first), f1(second.onset, &second),
         f1(second.onset, &second) - f1(first.onset, &first), f1(first.pitch, &first),
         f1(second.pitch, &second), 100.0 * (double)first.right / (double)first.bars,
         100.0 * (double)second.right / (double)second.bars);
  if (b->kinds) {
    static const char *const names[OMR_EDITS] = {"pitch", "alter", "accidental", "value",   "dots", "tuplet",
                                                 "voice", "staff", "tie",        "nothing", "note", "rest",
                                                 "clef",  "key",   "time",       "right"};
    int kinds[OMR_EDITS] = {0};
    count_kinds(&d, d.read, kinds);
    printf("   wrong in the rest:");
    for (int k = 0; k < OMR_EDITS; k++)
      if (kinds[k]) printf(" %s %d", names[k], kinds[k]);
    printf(" of %zu notes\n", first.reference);
  }
  if (b->tell) tell_rest(&d, score);
  fflush(stdout);
  size_t *to[2] = {(size_t *)before, (size_t *)after}, *from[2] = {(size_t *)&first, (size_t *)&second};
  for (int k = 0; k < 2; k++)
    for (size_t i = 0; i < sizeof(Sum) / sizeof(size_t); i++) to[k][i] += from[k][i];
  score_free(score);
  base_array_clear(&edits);
  close_document(&d);
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv) {
  Bench b = {.folder = argc > 1 ? argv[1] : "../shared/eval",
             .cache = argc > 2 ? argv[2] : "build/fixes",
             .fixes = 10, .every = 5};
  for (int i = 3; i < argc; i++) {
    if (strcmp(argv[i], "--kinds") == 0) b.kinds = true;
    if (strcmp(argv[i], "--unsure") == 0) b.unsure = true;
    if (strcmp(argv[i], "--first-page") == 0) b.first_page = true;
    if (strcmp(argv[i], "--every") == 0 && i + 1 < argc) b.every = atoi(argv[++i]);
    if (strcmp(argv[i], "--tell") == 0) b.tell = true;
    if (strcmp(argv[i], "--fixes") == 0 && i + 1 < argc) b.fixes = atoi(argv[++i]);
    if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) b.only = argv[++i];
  }
  char path[PATH], *names[MOST_DOCUMENTS];
  int n = 0;
  snprintf(path, sizeof path, "%s/scans", b.folder);
  DIR *folder = opendir(path);
  mkdir(b.cache, 0755);
  for (struct dirent *entry; folder && (entry = readdir(folder)) && n < MOST_DOCUMENTS;)
    if (entry->d_name[0] != '.' && (!b.only || strstr(entry->d_name, b.only)))
      names[n++] = strdup(entry->d_name);
  if (folder) closedir(folder);
  qsort(names, (size_t)n, sizeof *names, by_name);
  Sum before = {0}, after = {0};
  for (int i = 0; i < n; i++) run(&b, names[i], &before, &after);
  if (!before.bars) return 0;
  printf(
      "all: +onset F1 on the rest %.2f → %.2f (%+.2f; must +2, aim +5), bars right %.1f → %.1f %%\n",
      f1(before.onset, &before), f1(after.onset, &after), f1(after.onset, &after) - f1(before.onset, &before),
      100.0 * (double)before.right / (double)before.bars, 100.0 * (double)after.right / (double)after.bars);
  for (int i = 0; i < n; i++) free(names[i]);
  return 0;
}
