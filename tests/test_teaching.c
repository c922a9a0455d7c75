/* Teaching the language: invented players, a transcriber who errs, corpora, and a tiny net that learns a tune.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_cleaner.h"
#include "core/lmm/lmm_language.h"
#include "core/lmm/lmm_proof.h"
#include "core/music/midi.h"
#include "tests/check.h"

#include <sys/stat.h>

/* A melody over held basses, played by a machine. */
static Motion *tune(int bars, int tonic) {
  static const int degrees[] = {0, 4, 7, 12, 7, 4, 2, 5};
  Motion *motion = motion_new();
  for (int bar = 0; bar < bars; bar++) {
    motion_add(motion, 2 * bar, 2 * bar + 1.9, tonic - 24 + (bar % 2 ? 7 : 0), 60, 1);
    for (int i = 0; i < 8; i++)
      motion_add(motion, 2 * bar + 0.25 * i, 2 * bar + 0.25 * i + 0.24, tonic + degrees[i], 70 + 4 * (i % 2), 1);
  }
  motion_sort(motion);
  return motion;
}

static void players_play_what_is_written(void) {
  for (uint64_t seed = 1; seed <= 30; seed++) {
    Motion *motion = tune(12, 60);
    size_t n = motion->notes.n;
    int before[128] = {0}, after[128] = {0};
    for (size_t i = 0; i < n; i++) before[motion->notes.items[i].midi]++;
    BaseRng rng = base_rng(seed, 0);
    lmm_express(motion, &rng);
    for (size_t i = 0; i < motion->notes.n; i++) after[motion->notes.items[i].midi]++;
    CHECK(motion->notes.n == n && memcmp(before, after, sizeof before) == 0);
    for (size_t i = 0; i < motion->notes.n; i++)
      CHECK(motion->notes.items[i].key_up_s > motion->notes.items[i].onset_s && motion->notes.items[i].velocity >= 6);
    motion_free(motion);
  }
}

static void players_differ(void) {
  double lengths[2], loudness[2] = {0};
  for (uint64_t seed = 1; seed <= 2; seed++) {
    Motion *motion = tune(12, 60);
    BaseRng rng = base_rng(seed, 0);
    lmm_express(motion, &rng);
    lengths[seed - 1] = motion_duration_s(motion);
    for (size_t i = 0; i < motion->notes.n; i++) loudness[seed - 1] += motion->notes.items[i].velocity;
    motion_free(motion);
  }
  CHECK(fabs(lengths[0] - lengths[1]) > 0.2 && fabs(loudness[0] - loudness[1]) > 50);
}

static void errors_are_as_many_as_asked_for(void) {
  size_t all = 0, missed = 0, added = 0;
  const LmmErrors only_missed = {.missed = 0.1}, only_added = {.added = 0.1};
  for (uint64_t seed = 1; seed <= 20; seed++) {
    BaseRng rng = base_rng(seed, 0);
    Motion *less = tune(20, 60), *more = tune(20, 60);
    size_t n = less->notes.n;
    CHECK(lmm_mishear(less, &only_missed, &rng) && lmm_mishear(more, &only_added, &rng));
    all += n, missed += n - less->notes.n, added += more->notes.n - n;
    motion_free(less);
    motion_free(more);
  }
  CHECK_NEAR((double)missed / (double)all, 0.1, 0.02);
  CHECK_NEAR((double)added / (double)all, 0.095, 0.025); /* a few fall onto notes that sound */
  Motion *same = tune(20, 60), *other = tune(20, 60);
  BaseRng rng = base_rng(1, 1);
  const LmmErrors none = {0};
  CHECK(lmm_mishear(other, &none, &rng) && other->notes.n == same->notes.n);
  for (size_t i = 0; i < same->notes.n; i++) CHECK(same->notes.items[i].midi == other->notes.items[i].midi);
  motion_free(same);
  motion_free(other);
}

/* ---- corpora ---- */

static void a_corpus_is_remembered(void) {
  BaseContext ctx = {0};
  char folder[512], file[600], cache[512];
  snprintf(folder, sizeof folder, "%s", check_temporary("pieces"));
  snprintf(cache, sizeof cache, "%s", check_temporary("corpus.pack"));
  mkdir(folder, 0777);
  const char *const names[] = {"001-1-A.mid", "001-1-B.mid", "song.mid"}, *const folders[] = {folder};
  for (int i = 0; i < 3; i++) {
    Motion *motion = tune(4 + i, 60);
    base_array_push(&motion->pedals, (MotionPedal){0.5, MOTION_SUSTAIN, 100});
    snprintf(file, sizeof file, "%s/%s", folder, names[i]);
    CHECK(midi_write(&ctx, motion, file) == BASE_OK);
    motion_free(motion);
  }
  LmmCorpus *read[2] = {0};
  for (int i = 0; i < 2; i++) {
    CHECK_SAYING(lmm_corpus_open(&ctx, &read[i], folders, 1, cache) == BASE_OK, "%s", ctx.sentence);
    snprintf(file, sizeof file, "%s/song.mid", folder); /* from now on only the cache knows the music */
    FILE *emptied = fopen(file, "w");
    CHECK(emptied && fclose(emptied) == 0);
  }
  CHECK(read[0]->pieces.n == 3 && read[1]->pieces.n == 3);
  CHECK(strcmp(read[1]->pieces.items[0].name, read[1]->pieces.items[1].name) == 0); /* editions of one work */
  CHECK(read[1]->pieces.items[0].side == read[1]->pieces.items[1].side);
  for (size_t i = 0; i < read[1]->pieces.n; i++) {
    const Motion *a = read[0]->pieces.items[i].motion, *b = read[1]->pieces.items[i].motion;
    CHECK(a->notes.n == b->notes.n && b->pedals.n == a->pedals.n && !read[1]->pieces.items[i].deadpan);
    for (size_t k = 0; k < a->notes.n; k++) CHECK_NEAR(a->notes.items[k].onset_s, b->notes.items[k].onset_s, 1e-4);
  }
  for (int i = 0; i < 2; i++) lmm_corpus_free(read[i]);
}

static void an_empty_folder_is_told(void) {
  BaseContext ctx = {0};
  LmmCorpus *corpus = NULL;
  char folder[512];
  snprintf(folder, sizeof folder, "%s", check_temporary("nothing"));
  const char *const empty[] = {folder}, *const absent[] = {"/nowhere/at/all"};
  mkdir(folder, 0777);
  CHECK(lmm_corpus_open(&ctx, &corpus, empty, 1, NULL) == BASE_BAD_INPUT && strstr(ctx.sentence, "no piece"));
  CHECK(lmm_corpus_open(&ctx, &corpus, absent, 1, NULL) == BASE_UNREADABLE && strstr(ctx.sentence, "/nowhere/at/all"));
}

/* ---- learning ---- */

static LmmCorpus *tunes(int tonic) {
  LmmCorpus *corpus = calloc(1, sizeof *corpus);
  for (int i = 0; i < 4; i++) {
    CHECK(lmm_corpus_add(NULL, corpus, &(LmmPiece){.name = "tune", .deadpan = true}, tune(8, tonic + i % 2), NULL) == BASE_OK);
    corpus->pieces.items[i].side = i < 2 ? LMM_TRAINING : LMM_VALIDATION;
  }
  return corpus;
}

static double nats_of(const NnNet *net, LanguageSize size, LanguageSource source, int tonic) {
  LanguageModel *model = NULL;
  LanguageScore score = {0};
  Motion *motion = tune(8, tonic);
  CHECK(language_model_of_net(NULL, &model, net, size) == BASE_OK);
  CHECK(language_score(NULL, &score, model, motion, &(LanguageCode){source, LANGUAGE_CLEAN}) == BASE_OK);
  language_model_free(model);
  motion_free(motion);
  return score.nats_per_note;
}

/* A tune in two keys is learned by heart; then, by codes and what they switch alone, that another code means other keys. */
static void a_tiny_net_learns_a_tune(void) {
  BaseContext ctx = {.seed = 2, .threads = 1};
  LmmCorpus *corpus = tunes(58), *others = tunes(65);
  LmmTongue tongue = {.corpus = corpus, .code = {LANGUAGE_KEYBOARD, LANGUAGE_CLEAN}, .share = 1};
  LmmLanguageParams params = {.size = {.width = 32, .layers = 2, .rank = 2}, .tongues = &tongue, .n_tongues = 1, .steps = 250,
                              .validate_every = 125, .validation_batches = 1, .batch = 4, .notes = 48, .rate = 1e-2f,
                              .average = 0.9f, .no_transposing = true};
  NnNet *net = NULL;
  LanguageTensors tensors;
  LmmReport last = {0};
  CHECK_SAYING(lmm_language_net(&ctx, &net, &tensors, &params) == BASE_OK, "%s", ctx.sentence);
  CHECK_SAYING(lmm_language_train(&ctx, &last, net, &tensors, &params) == BASE_OK, "%s", ctx.sentence);
  double learned = nats_of(net, params.size, LANGUAGE_KEYBOARD, 58);
  CHECK_SAYING(learned < 1, "%g nats a note", learned);
  CHECK(nats_of(net, params.size, LANGUAGE_KEYBOARD, 71) > learned + 1);
  int table = nn_net_parameter_find(net, "trunk.0.in.weight");
  float before = table >= 0 ? nn_net_values(net)[nn_net_parameter(net, table)->offset] : 0;
  double unknown = nats_of(net, params.size, LANGUAGE_POPULAR, 65);
  tongue.corpus = others;
  tongue.code.source = LANGUAGE_POPULAR;
  params.reach = LMM_OUTPUTS;
  params.steps = 150;
  CHECK(lmm_language_train(&ctx, &last, net, &tensors, &params) == BASE_OK);
  double tuned = nats_of(net, params.size, LANGUAGE_POPULAR, 65);
  CHECK_SAYING(tuned < unknown - 2, "%g after %g", tuned, unknown);
  CHECK(table >= 0 && nn_net_values(net)[nn_net_parameter(net, table)->offset] == before);
  nn_net_free(net);
  lmm_corpus_free(corpus);
  lmm_corpus_free(others);
}

/* ---- proof-reading ---- */

/* Bars of eight eighths in two staves, each note written. */
static LanguageText page(int bars) {
  LanguageText text = {0};
  static const int keys[8] = {39, 43, 46, 51, 46, 43, 41, 44};
  for (int bar = 0; bar < bars; bar++) {
    base_array_push(&text, (LanguageStep){{LANGUAGE_BAR, 95, 88, -1, -1, 10}, 0});
    for (int i = 0; i < 8; i++) {
      if (i == 0) base_array_push(&text, (LanguageStep){{40, 27, 38, 20, 11, 8}, 0});
      base_array_push(&text, (LanguageStep){{(int16_t)(40 + 12 * i), (int16_t)keys[i], 50, 16, 11, 8}, 0});
    }
  }
  return text;
}

static void misreading_marks_what_it_spoils(void) {
  size_t wrong_notes = 0, notes = 0;
  for (uint64_t seed = 1; seed <= 40; seed++) {
    LanguageText right = page(10), text = page(10);
    uint8_t wrong[200];
    BaseRng rng = base_rng(seed, 0);
    lmm_misread(&text, wrong, 0.05, &rng);
    CHECK(text.n <= right.n && text.n > right.n - 10);
    int bars = 0, changed = 0, marked = 0;
    for (size_t i = 0; i < text.n; i++) {
      const LanguageStep *step = &text.items[i];
      bool bar = step->field[LANGUAGE_TIME] == LANGUAGE_BAR;
      bars += bar;
      notes += !bar;
      marked += wrong[i] != 0;
      if (!bar) changed += step->field[LANGUAGE_DURATION] != (step->field[LANGUAGE_VELOCITY] == 20 ? 38 : 50) ||
                           step->field[LANGUAGE_PEDAL] != 11 || wrong[i] & LMM_WRONG_PITCH;
      CHECK(!(bar && wrong[i]));
      if (i && !bar && text.items[i - 1].field[LANGUAGE_TIME] != LANGUAGE_BAR)
        CHECK(step->field[LANGUAGE_TIME] >= text.items[i - 1].field[LANGUAGE_TIME]);
    }
    wrong_notes += (size_t)marked;
    CHECK(bars == 10 && changed == marked);
    base_array_clear(&right);
    base_array_clear(&text);
  }
  CHECK_NEAR((double)wrong_notes / (double)notes, 0.047, 0.015);
  LanguageText right = page(4), same = page(4);
  uint8_t wrong[80];
  BaseRng rng = base_rng(1, 0);
  lmm_misread(&same, wrong, 0, &rng);
  CHECK(same.n == right.n && memcmp(same.items, right.items, right.n * sizeof *right.items) == 0);
  base_array_clear(&right);
  base_array_clear(&same);
}

static void proof_reading_is_learned(void) {
  BaseContext ctx = {.seed = 1, .threads = 1};
  LmmCorpus corpus = {0};
  for (int i = 0; i < 2; i++) {
    LanguageText text = page(40);
    CHECK(lmm_corpus_add(&ctx, &corpus, &(LmmPiece){.name = "page"}, tune(2, 60), &text) == BASE_OK);
    corpus.pieces.items[i].side = i ? LMM_VALIDATION : LMM_TRAINING;
    base_array_clear(&text);
  }
  LmmReport last = {0};
  LmmProofParams params = {.steps = 60, .validate_every = 30, .batch = 4, .notes = 96, .rate = 5e-3f};
  CHECK_SAYING(lmm_proof_train(&ctx, &last, &corpus, &params) == BASE_OK, "%s", ctx.sentence);
  CHECK_SAYING(last.best_loss < 2.2, "%g", last.best_loss); /* knowing nothing but how many are wrong: 2.6 */
  for (size_t i = 0; i < corpus.pieces.n; i++) {
    motion_free(corpus.pieces.items[i].motion);
    base_array_clear(&corpus.pieces.items[i].written);
  }
  base_array_clear(&corpus.pieces);
}

/* ---- cleaning ---- */

/* Notes of a misheard tune that were never played; these have the id 0. */
static size_t foreign_in(const Motion *motion) {
  size_t n = 0;
  for (size_t i = 0; i < motion->notes.n; i++) n += motion->notes.items[i].id == 0;
  return n;
}

/* A little training on one tune takes more foreign notes out of it than others, and keeps most of what was played. */
static void what_was_never_played_is_found(void) {
  BaseContext ctx = {.seed = 1, .threads = 1};
  LmmCorpus corpus = {0};
  LanguageCleaner *cleaner = NULL;
  LanguageCleaned done;
  char path[512];
  snprintf(path, sizeof path, "%s", check_temporary("cleaner.weights"));
  for (int i = 0; i < 2; i++) {
    CHECK(lmm_corpus_add(&ctx, &corpus, &(LmmPiece){.name = "tune"}, tune(24, 60), NULL) == BASE_OK);
    corpus.pieces.items[i].side = i ? LMM_VALIDATION : LMM_TRAINING;
  }
  const LmmCleanerParams params = {.errors = {.added = 0.2}, .steps = 60, .validate_every = 20, .batch = 4, .notes = 96,
                                   .rate = 4e-3F, .weights = path};
  CHECK_SAYING(lmm_cleaner_train(&ctx, NULL, &corpus, &params) == BASE_OK, "%s", ctx.sentence);
  CHECK_SAYING(language_cleaner_load(&ctx, &cleaner, path) == BASE_OK, "%s", ctx.sentence);
  BaseRng rng = base_rng(3, 3);
  Motion *heard = tune(24, 62);
  lmm_express(heard, &rng);
  CHECK(lmm_mishear(heard, &params.errors, &rng));
  const size_t notes = heard->notes.n, foreign = foreign_in(heard);
  if (cleaner) CHECK(language_clean(&ctx, &done, cleaner, heard) == BASE_OK && done.removed == notes - heard->notes.n);
  const size_t found = foreign - foreign_in(heard), lost = notes - foreign - (heard->notes.n - foreign_in(heard));
  CHECK_SAYING(foreign > 20 && 2 * found > foreign && 4 * lost < found, "%zu of %zu found, %zu lost of %zu", found, foreign, lost, notes);
  motion_free(heard);
  language_cleaner_free(cleaner);
  for (size_t i = 0; i < corpus.pieces.n; i++) motion_free(corpus.pieces.items[i].motion);
  base_array_clear(&corpus.pieces);
}

CHECK_MAIN({CASE(players_play_what_is_written)}, {CASE(players_differ)}, {CASE(errors_are_as_many_as_asked_for)},
           {CASE(a_corpus_is_remembered)}, {CASE(an_empty_folder_is_told)}, {CASE(a_tiny_net_learns_a_tune)},
           {CASE(misreading_marks_what_it_spoils)}, {CASE(proof_reading_is_learned)},
           {CASE(what_was_never_played_is_found)})
