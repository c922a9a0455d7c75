/* What ten fixes on the first page of a document are worth on its other pages: a simulated person goes
 * through the bars of the first page from the least sure one, confirms what is right and puts right what is
 * wrong until ten were wrong; then the rest is read again with what can be learned from that. Options after
 * the folder: --fixes N, --only NAME,
 * --kinds (what is wrong in the rest, by the edit that would put it right). SPDX-License-Identifier:
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
  int fixes;
  bool kinds;
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
  OmrBars *bars;
  OmrTaste *taste;
} Document;

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
  return true;
}

static void close_document(Document *d) {
  flow_pages_free(d->pages, d->n);
  for (size_t i = 0; i < d->n; i++) score_free(d->truth[i]);
  score_free(d->read);
  omr_bars_free(d->bars);
}

/* The measures of one page as a score of their own. */
static Score *page_of(const Score *score, int page) {
  Score *part = score_dup(score);
  int32_t first = -1, n = 0;
  for (size_t i = 0; i < score->measures.n; i++)
    if (score->measures.items[i].box.page == page) first = first < 0 ? (int32_t)i : first, n++;
  if (first < 0) first = 0;
  memmove(part->measures.items, part->measures.items + first, (size_t)n * sizeof *part->measures.items);
  part->measures.n = (size_t)n;
  size_t kept = 0;
  for (size_t i = 0; i < part->notes.n; i++) {
    ScoreNote note = part->notes.items[i];
    note.measure -= first;
    if (note.measure >= 0 && note.measure < n) part->notes.items[kept++] = note;
  }
  part->notes.n = kept;
  return part;
}

typedef struct {
  size_t pitch, onset, duration, reference, estimated, right, bars;
} Sum;

static Sum measure(Bench *b, const Document *d, const Score *score, size_t from) {
  Sum sum = {0};
  for (size_t p = from; p < d->n; p++) {
    EvaluationScore got;
    Score *page = page_of(score, (int)p);
    must(b, evaluation_score(&b->ctx, &got, d->truth[p], page));
    score_free(page);
    sum.pitch += got.pitch.matched, sum.onset += got.pitch_onset.matched;
    sum.duration += got.pitch_onset_duration.matched;
    sum.reference += got.pitch.reference, sum.estimated += got.pitch.estimated;
    sum.right += got.measures_right, sum.bars += got.measures_reference;
  }
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

/* The least sure measure of the first page that was not looked at, -1 none. */
static int32_t least_sure(const Score *score, const int32_t *of, const bool *seen) {
  int32_t best = -1;
  for (size_t i = 0; i < score->measures.n && score->measures.items[i].box.page == 0; i++)
    if (of[i] >= 0 && !seen[i] &&
        (best < 0 || score->measures.items[i].confidence < score->measures.items[best].confidence))
      best = (int32_t)i;
  return best;
}

typedef struct {
  int looked, fixed, stubborn, edits;
  double worst_ms;
} Visit;

static Visit put_right(Bench *b, Document *d, OmrEdits *edits) {
  Visit visit = {0};
  int32_t *of = fixes_align(d->read, 0, d->truth[0]);
  bool *seen = calloc(d->read->measures.n + 1, sizeof *seen);
  Score *now = assemble(b, d, edits, NULL);
  for (int32_t m; visit.fixed < b->fixes && (m = least_sure(now, of, seen)) >= 0; visit.looked++) {
    seen[m] = true;
    if (fixes_same(now, m, d->truth[0], of[m])) {
      ScoreBox box = now->measures.items[m].box;
      OmrEdit right = {0, box.x + 0.5f * box.width, box.y + 0.5f * box.height, OMR_EDIT_RIGHT, 0};
      if (!base_array_push(edits, right)) exit(1);
      continue;
    }
    size_t before = edits->n;
    for (int round = 0; round < 3 && !fixes_same(now, m, d->truth[0], of[m]); round++) {
      double ms = 0;
      if (!fixes_of_bar(edits, now, m, d->truth[0], of[m], NULL)) exit(1);
      score_free(now);
      now = assemble(b, d, edits, &ms);
      if (ms > visit.worst_ms) visit.worst_ms = ms;
    }
    visit.edits += (int)(edits->n - before);
    bool stubborn = !fixes_same(now, m, d->truth[0], of[m]);
    visit.stubborn += stubborn;
    if (stubborn && b->kinds) fixes_tell(now, m, d->truth[0], of[m]);
    visit.fixed++;
  }
  score_free(now);
  free(seen);
  free(of);
  return visit;
}

static void count_kinds(const Document *d, const Score *score, int kinds[OMR_EDITS]) {
  OmrEdits edits = {0};
  for (size_t p = 1; p < d->n; p++) {
    int32_t *of = fixes_align(score, (int)p, d->truth[p]);
    for (size_t i = 0; i < score->measures.n; i++)
      if (of[i] >= 0) fixes_of_bar(&edits, score, (int32_t)i, d->truth[p], of[i], kinds);
    free(of);
  }
  base_array_clear(&edits);
}

static void run(Bench *b, const char *name, Sum *before, Sum *after) {
  Document d;
  if (!open_document(b, &d, name)) return;
  OmrEdits edits = {0};
  Sum first = measure(b, &d, d.read, 1);
  Visit visit = put_right(b, &d, &edits);
  OmrTaste taste;
  double learned_ms = 1e3 * (double)clock() / CLOCKS_PER_SEC;
  must(b, omr_learn(&b->ctx, &taste, (const OmrPage *const *)d.pages, d.n, edits.items, edits.n));
  learned_ms = 1e3 * (double)clock() / CLOCKS_PER_SEC - learned_ms;
  d.taste = &taste;
  Score *score = assemble(b, &d, &edits, NULL);
  printf("   learned in %.0f ms:", learned_ms);
  for (int k = 0; k < OMR_TASTES; k++) printf(" %.1f", (double)taste.dearer[k]);
  for (int k = 0; k < OMR_LIKELIER; k++) printf(" %.2f", (double)taste.likelier[k]);
  printf("\n");
  Sum second = measure(b, &d, score, 1);
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
             .fixes = 10};
  for (int i = 3; i < argc; i++) {
    if (strcmp(argv[i], "--kinds") == 0) b.kinds = true;
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
