/* Does the language know wrong notes? In scores that it never learned from (DATA/lieder, DATA/chopin-first-editions) one
 * note in some forty is made wrong: moved by a step, by an octave, by an accidental, or robbed of its dot, so that what
 * follows it in its voice comes too early. Area under the ROC of the doubts about the planted notes against all notes of
 * untouched bars, and precision among the most doubtful 2 %. Options: --weights FILE --pieces N.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_proof.h"
#include "core/lmm/lmm_corpus.h"
#include "core/lmm/lmm_dream.h"
#include "core/music/musicxml.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KINDS = 4, EVERY = 40, MOST_BARS = 4000 };

static const char *const NAMES[KINDS] = {"step", "octave", "accidental", "dot"};

typedef struct {
  float doubt;
  bool wrong;
} Case;

typedef BASE_ARRAY(Case) Cases;

/* ---- planting ---- */

static bool is_plain(const ScoreNote *note) {
  return note->kind == SCORE_NOTE && !note->cue && !note->grace && !(note->ties & SCORE_TIE_STOP);
}

static bool move_step(ScoreNote *note, BaseRng *rng) {
  int by = base_rng_below(rng, 2) ? 1 : -1, step = note->step + by;
  note->step = (int8_t)((step + 7) % 7);
  note->octave = (int8_t)(note->octave + (step > 6) - (step < 0));
  return true;
}

static bool change_accidental(ScoreNote *note, BaseRng *rng) {
  int alter = note->alter ? 0 : base_rng_below(rng, 2) ? 1 : -1;
  note->alter = (int8_t)alter;
  return true;
}

static bool take_dot(Score *score, size_t at) {
  ScoreNote *note = &score->notes.items[at];
  if (note->dots != 1 || note->chord) return false;
  Beat was = note->duration, is = beat_mul(was, beat_make(2, 3)), lost = beat_sub(was, is);
  for (size_t i = 0; i < score->notes.n; i++) {
    ScoreNote *other = &score->notes.items[i];
    if (other->measure != note->measure || other->part != note->part || other->voice != note->voice) continue;
    int order = beat_compare(other->onset, note->onset);
    if (order == 0 && beat_equal(other->duration, was)) other->duration = is, other->dots = 0;
    if (order > 0) other->onset = beat_sub(other->onset, lost);
  }
  return true;
}

static bool plant(Score *score, size_t at, int kind, BaseRng *rng) {
  ScoreNote *note = &score->notes.items[at];
  if (!is_plain(note)) return false;
  switch (kind) {
  case 0: return move_step(note, rng);
  case 1: return note->octave = (int8_t)(note->octave + (base_rng_below(rng, 2) ? 1 : -1)), true;
  case 2: return change_accidental(note, rng);
  default: return take_dot(score, at);
  }
}

/* ---- judging ---- */

static int find(const uint32_t *ids, size_t n, uint32_t id) {
  for (size_t i = 0; i < n; i++)
    if (ids[i] == id) return (int)i;
  return -1;
}

static void judge(BaseContext *ctx, Cases *cases, const LanguageProof *model, const Score *score, const uint32_t *planted,
                  size_t n_planted, const bool *touched, int kind) {
  LanguageDoubt *doubts = NULL;
  size_t n = 0;
  if (language_doubts(ctx, &doubts, &n, model, score) != BASE_OK) return;
  for (size_t i = 0; i < n; i++) {
    bool wrong = find(planted, n_planted, doubts[i].note) >= 0;
    if (!wrong && doubts[i].measure < MOST_BARS && touched[doubts[i].measure]) continue;
    float doubt = kind == 3 ? doubts[i].rhythm_prob : doubts[i].pitch_prob;
    base_array_push(cases, (Case){doubt, wrong});
  }
  free(doubts);
}

static void try_piece(BaseContext *ctx, Cases *cases, const LanguageProof *model, const Score *right, int kind, uint64_t seed) {
  Score *score = score_dup(right);
  static bool touched[MOST_BARS];
  uint32_t planted[1024];
  size_t n = 0;
  BaseRng rng = base_rng(seed, (uint64_t)kind);
  memset(touched, 0, sizeof touched);
  for (size_t at = base_rng_below(&rng, EVERY); score && at < score->notes.n && n < 1024; at++) {
    int32_t measure = score->notes.items[at].measure;
    if (measure >= MOST_BARS || touched[measure] || !plant(score, at, kind, &rng)) continue;
    touched[measure] = true;
    planted[n++] = score->notes.items[at].id;
    at += EVERY / 2 + base_rng_below(&rng, EVERY);
  }
  if (score) score_sort(score), judge(ctx, cases, model, score, planted, n, touched, kind);
  score_free(score);
}

static int by_doubt(const void *a, const void *b) {
  const Case *left = a, *right = b;
  return left->doubt < right->doubt ? 1 : left->doubt > right->doubt ? -1 : 0;
}

static void tell(int kind, Cases *cases) {
  double wrong = 0, right = 0, area = 0, found = 0;
  qsort(cases->items, cases->n, sizeof *cases->items, by_doubt);
  for (size_t i = 0; i < cases->n; i++) {
    if (cases->items[i].wrong) wrong++, found += i < cases->n / 50;
    else right++, area += wrong;
  }
  printf("%-12s %6.0f planted among %7.0f notes: AUC %.3f, precision of the top 2 %% %.3f, recall %.3f\n", NAMES[kind], wrong,
         wrong + right, area / fmax(1, wrong * right), found / fmax(1, (double)(cases->n / 50)), found / fmax(1, wrong));
  fflush(stdout);
}

static void run(BaseContext *ctx, const LanguageProof *model, const LmmLibrary *library, long pieces) {
  Cases cases[KINDS] = {0};
  long done = 0;
  for (int side = 0; side < 2; side++)
    for (size_t i = 0; i < lmm_library_pieces(library, side) && done < pieces; i++) {
      char name[128];
      Score *score = NULL;
      lmm_piece_name(name, sizeof name, lmm_library_path(library, side, i));
      if (lmm_side(name) != LMM_TEST || musicxml_read(ctx, &score, lmm_library_path(library, side, i)) != BASE_OK) continue;
      for (int kind = 0; kind < KINDS; kind++) try_piece(ctx, &cases[kind], model, score, kind, (uint64_t)done);
      score_free(score);
      done++;
    }
  printf("%ld scores\n", done);
  for (int kind = 0; kind < KINDS; kind++) tell(kind, &cases[kind]), base_array_clear(&cases[kind]);
}

int main(int argc, char **argv) {
  const char *data = NULL, *weights = NULL;
  long pieces = 100;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--weights") == 0 && i + 1 < argc) weights = argv[++i];
    else if (strcmp(argv[i], "--pieces") == 0 && i + 1 < argc) pieces = atol(argv[++i]);
    else data = argv[i];
  }
  if (!data) return fputs("usage: bench_doubt [--weights FILE] [--pieces N] DATA\n", stderr), 2;
  char folders[2][1024];
  snprintf(folders[0], sizeof *folders, "%s/lieder", data);
  snprintf(folders[1], sizeof *folders, "%s/chopin-first-editions", data);
  BaseContext ctx = {0};
  LanguageProof *model = NULL;
  LmmLibrary *library = NULL;
  BaseStatus status = language_proof_load(&ctx, &model, weights);
  if (status == BASE_OK) status = lmm_library_open(&ctx, &library, (const char *const[]){folders[0], folders[1]}, 2);
  if (status == BASE_OK) run(&ctx, model, library, pieces);
  else fprintf(stderr, "%s\n", ctx.sentence);
  lmm_library_free(library);
  language_proof_free(model);
  return status != BASE_OK;
}
