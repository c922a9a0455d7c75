/* The language: texts there and back, reading in pieces, learning, making up. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_rng.h"
#include "core/language/language_model.h"
#include "core/language/language_prior.h"
#include "core/language/language_proof.h"
#include "core/language/language_sample.h"
#include "core/music/musicxml.h"
#include "core/nn/nn_run.h"
#include "core/nn/nn_weights.h"
#include "tests/check.h"
#include "tests/music_examples.h"

#include <time.h>

/* ---- texts ---- */

static LanguageText text_of(const Motion *motion) {
  LanguageText text = {0};
  CHECK(language_of_motion(NULL, &text, motion, 0, motion->notes.n, 1) == BASE_OK);
  return text;
}

static bool same_texts(const LanguageText *a, const LanguageText *b, int fields) {
  if (a->n != b->n) return false;
  for (size_t i = 0; i < a->n; i++)
    for (int f = 0; f < fields; f++)
      if (a->items[i].field[f] != b->items[i].field[f]) {
        printf("# step %zu field %d: %d and %d\n", i, f, a->items[i].field[f], b->items[i].field[f]);
        return false;
      }
  return true;
}

/* Chords, runs and pedals of any kind. */
static Motion *some_music(uint64_t seed, int chords) {
  Motion *motion = motion_new();
  BaseRng rng = base_rng(seed, 0);
  double at_s = 1;
  for (int i = 0; i < chords; i++) {
    int n = 1 + (int)base_rng_below(&rng, 4), midi = 30 + (int)base_rng_below(&rng, 40);
    for (int k = 0; k < n; k++, midi += 1 + (int)base_rng_below(&rng, 7)) {
      double onset_s = at_s + 0.03 * base_rng_uniform(&rng);
      motion_add(motion, onset_s, onset_s + base_rng_range(&rng, 0.03, 6), midi, 1 + (int)base_rng_below(&rng, 127), 1);
    }
    if (i % 3 == 0) base_array_push(&motion->pedals, (MotionPedal){at_s + 0.01, MOTION_SUSTAIN, i % 2 ? 0 : 127});
    at_s += base_rng_range(&rng, 0.08, 1.5);
  }
  motion_sort(motion);
  return motion;
}

static void bins_hold_their_middle(void) {
  CHECK(language_time_bin(0) == 0 && language_time_bin(0.0149) == 0 && language_time_bin(0.0151) == 1);
  CHECK(language_time_bin(100) == 39 && language_time_bin(7.9) == 39);
  CHECK(language_duration_bin(0.001) == 0 && language_duration_bin(0.031) == 0 && language_duration_bin(60) == 31);
  for (int bin = 0; bin < 32; bin++) CHECK(language_duration_bin(language_bin_duration(bin)) == bin);
  for (int bin = 6; bin < 40; bin++)
    for (int fine = 0; fine < 8; fine++) CHECK(language_time_bin(language_bin_time(bin, fine)) == bin);
}

static void a_chord_is_put_in_order(void) {
  Motion *motion = motion_new();
  motion_add(motion, 2.000, 3, 67, 80, 1);
  motion_add(motion, 2.020, 3, 60, 80, 1);
  motion_add(motion, 2.034, 3, 64, 80, 1);
  motion_add(motion, 2.036, 3, 50, 80, 1); /* beyond 35 ms of the first: another chord */
  LanguageText text = text_of(motion);
  const int pitches[] = {60 - 21, 64 - 21, 67 - 21, 50 - 21};
  CHECK(text.n == 4);
  for (size_t i = 0; i < text.n; i++) CHECK(text.items[i].field[LANGUAGE_PITCH] == pitches[i]);
  CHECK(text.items[1].field[LANGUAGE_TIME] == 0 && text.items[2].field[LANGUAGE_TIME] == 0);
  CHECK(text.items[3].field[LANGUAGE_TIME] == language_time_bin(0.036));
  CHECK(text.items[0].note == motion->notes.items[1].id);
  base_array_clear(&text);
  motion_free(motion);
}

static void played_comes_back(void) {
  for (uint64_t seed = 1; seed <= 20; seed++) {
    Motion *motion = some_music(seed, 60), *again = NULL;
    LanguageText text = text_of(motion);
    CHECK(language_to_motion(NULL, &again, &text, motion->notes.items[0].onset_s) == BASE_OK);
    CHECK(again->notes.n == motion->notes.n && motion_validate(NULL, again) == BASE_OK);
    LanguageText second = text_of(again);
    CHECK(same_texts(&text, &second, LANGUAGE_FINE));
    double drift_s = again->notes.items[again->notes.n - 1].onset_s - motion->notes.items[motion->notes.n - 1].onset_s;
    CHECK_SAYING(fabs(drift_s) < 0.15, "%g s", drift_s);
    base_array_clear(&text);
    base_array_clear(&second);
    motion_free(motion);
    motion_free(again);
  }
}

static void tempo_divides_all_times(void) {
  Motion *motion = some_music(3, 30);
  LanguageText plain = {0}, fast = {0};
  for (size_t i = 0; i < motion->notes.n; i++) { /* a factor of exactly the bins' ratio moves each by one */
    motion->notes.items[i].onset_s = (double)i * 0.2;
    motion->notes.items[i].key_up_s = motion->notes.items[i].onset_s + 0.3;
  }
  CHECK(language_of_motion(NULL, &plain, motion, 0, motion->notes.n, 1) == BASE_OK);
  CHECK(language_of_motion(NULL, &fast, motion, 0, motion->notes.n, pow(8 / 0.015, 1.0 / 39)) == BASE_OK);
  for (size_t i = 1; i < plain.n; i++)
    CHECK(fast.items[i].field[LANGUAGE_TIME] == plain.items[i].field[LANGUAGE_TIME] - 1);
  base_array_clear(&plain);
  base_array_clear(&fast);
  motion_free(motion);
}

/* Two staves, ties, a triplet, grace notes, spellings, articulation. */
static Score *some_score(void) {
  Score *score = example_score(3);
  score->parts.items[0].staves = 2;
  for (int i = 0; i < 3; i++) {
    size_t at = example_note(score, i, beat_whole(0), beat_whole(2), 48 + i);
    score->notes.items[at].staff = 1, score->notes.items[at].voice = 5;
    for (int k = 0; k < 3; k++)
      example_note(score, i, beat_make(k, 3), beat_make(1, 3), 61 + 2 * k);
    at = example_note(score, i, beat_whole(1), beat_make(3, 2), 70);
    score->notes.items[at].step = 6, score->notes.items[at].alter = -1, score->notes.items[at].octave = 4;
    score->notes.items[at].ties = SCORE_TIE_START;
    score->notes.items[at].marks = SCORE_ACCENT;
    at = example_note(score, i, beat_whole(3), beat_whole(0), 72);
    score->notes.items[at].grace = true;
    example_note(score, i, beat_whole(3), beat_make(1, 2), 74);
  }
  ScoreSign *key = example_sign(score, SCORE_SIGN_KEY, 0, beat_whole(0));
  key->fifths = -3;
  key->staff = -1;
  ScoreSign *time = example_sign(score, SCORE_SIGN_TIME, 0, beat_whole(0));
  time->beats = 4, time->beat_type = 4, time->staff = -1;
  for (size_t i = 0; i < score->measures.n; i++) score->measures.items[i].length = beat_whole(4);
  score_sort(score);
  return score;
}

static LanguageText written_of(const Score *score) {
  LanguageText text = {0};
  CHECK(language_of_score(NULL, &text, score) == BASE_OK);
  return text;
}

static void check_same_notes(const Score *a, const Score *b) {
  CHECK(a->notes.n == b->notes.n);
  for (size_t i = 0; i < a->notes.n && i < b->notes.n; i++) {
    const ScoreNote *x = &a->notes.items[i], *y = &b->notes.items[i];
    CHECK(score_midi(x) == score_midi(y) && x->step == y->step && x->alter == y->alter);
    CHECK(x->measure == y->measure && beat_equal(x->onset, y->onset) && beat_equal(x->duration, y->duration));
    CHECK(x->staff == y->staff && x->ties == y->ties && x->grace == y->grace && x->marks == y->marks);
  }
}

static void check_written_alike(const LanguageText *text, const Score *score) {
  LanguageText second = written_of(score);
  CHECK(same_texts(text, &second, LANGUAGE_FIELDS));
  base_array_clear(&second);
}

static void written_comes_back(void) {
  Score *score = some_score(), *again = NULL;
  LanguageText text = written_of(score);
  CHECK(text.n == score->notes.n + score->measures.n);
  CHECK(language_to_score(NULL, &again, &text) == BASE_OK);
  BaseContext ctx = {0};
  CHECK_SAYING(score_validate(&ctx, again) == BASE_OK, "%s", ctx.sentence);
  check_same_notes(score, again);
  check_written_alike(&text, again);
  base_array_clear(&text);
  score_free(score);
  score_free(again);
}

static void a_file_comes_back(void) {
  Score *score = NULL, *again = NULL;
  CHECK(musicxml_read(NULL, &score, check_data("little.musicxml")) == BASE_OK);
  LanguageText text = written_of(score);
  CHECK(text.n > 8 && language_to_score(NULL, &again, &text) == BASE_OK);
  check_written_alike(&text, again);
  base_array_clear(&text);
  score_free(score);
  score_free(again);
}

/* E flat major up a tone is F major: B flat (the fifth) becomes C, never B sharp. */
static void transposing_spells_in_the_new_key(void) {
  Score *score = some_score(), *moved = NULL;
  LanguageText text = written_of(score), back = written_of(score);
  CHECK(language_transpose(&text, 2) && language_to_score(NULL, &moved, &text) == BASE_OK);
  CHECK(moved->signs.items[0].kind == SCORE_SIGN_KEY && moved->signs.items[0].fifths == -1);
  for (size_t i = 0; i < moved->notes.n; i++) {
    CHECK(score_midi(&moved->notes.items[i]) == score_midi(&score->notes.items[i]) + 2);
    if (score->notes.items[i].step == 6 && score->notes.items[i].alter == -1)
      CHECK(moved->notes.items[i].step == 0 && moved->notes.items[i].alter == 0);
  }
  CHECK(language_transpose(&text, -2) && same_texts(&text, &back, LANGUAGE_FIELDS));
  CHECK(!language_transpose(&text, 80) && same_texts(&text, &back, LANGUAGE_FIELDS));
  base_array_clear(&text);
  base_array_clear(&back);
  score_free(score);
  score_free(moved);
}

/* ---- the model ---- */

static const LanguageSize SMALL = {.width = 24, .layers = 2, .rank = 2};

/* Weights that mean nothing but answer everything. */
static LanguageModel *small_model(uint64_t seed) {
  LanguageModel *model = NULL;
  LanguageTensors tensors;
  BaseContext ctx = {0};
  NnNet *net = nn_net_new(seed);
  CHECK_SAYING(language_net_build(&ctx, &tensors, net, LANGUAGE_WHOLE, SMALL, 1, 4) == BASE_OK, "%s", ctx.sentence);
  for (size_t i = 0; i < nn_net_size(net); i++) nn_net_values(net)[i] *= 2;
  CHECK_SAYING(language_model_of_net(&ctx, &model, net, SMALL) == BASE_OK, "%s", ctx.sentence);
  nn_net_free(net);
  return model;
}

static LanguageReader *reader_of(const LanguageModel *model, LanguageSource source) {
  LanguageReader *reader = NULL;
  BaseContext ctx = {0};
  CHECK_SAYING(language_reader_new(&ctx, &reader, model, (LanguageCode){source, LANGUAGE_CLEAN}) == BASE_OK, "%s",
               ctx.sentence);
  return reader;
}

static void read_all(float *nats, LanguageReader *reader, const LanguageText *text, size_t piece) {
  BaseContext ctx = {0};
  language_reader_restart(reader);
  for (size_t at = 0; at < text->n; at += piece) {
    size_t n = text->n - at < piece ? text->n - at : piece;
    CHECK_SAYING(language_read(&ctx, reader, text->items + at, n, nats + at * LANGUAGE_FIELDS, NULL) == BASE_OK, "%s", ctx.sentence);
  }
}

static void reading_in_pieces_is_reading_at_once(void) {
  LanguageModel *model = small_model(3);
  LanguageReader *reader = reader_of(model, LANGUAGE_KEYBOARD);
  Motion *motion = some_music(4, 90);
  LanguageText text = text_of(motion);
  float *whole = calloc(text.n * LANGUAGE_FIELDS, sizeof *whole), *parts = calloc(text.n * LANGUAGE_FIELDS, sizeof *parts);
  read_all(whole, reader, &text, text.n);
  const size_t pieces[] = {1, 7, 64, 100};
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
    double worst = 0;
    read_all(parts, reader, &text, pieces[i]);
    for (size_t k = 0; k < text.n * LANGUAGE_FIELDS; k++) worst = fmax(worst, fabs((double)whole[k] - (double)parts[k]));
    CHECK_SAYING(worst < 1e-3, "%g in pieces of %zu", worst, pieces[i]);
  }
  free(whole), free(parts);
  base_array_clear(&text);
  motion_free(motion);
  language_reader_free(reader);
  language_model_free(model);
}

/* What the reader says is what the whole net's losses say. */
static void reading_agrees_with_training(void) {
  enum { N = 40 };
  BaseContext ctx = {0};
  LanguageTensors t;
  LanguageModel *model = NULL;
  NnNet *net = nn_net_new(11);
  NnRun *run = NULL;
  Motion *motion = some_music(5, N);
  LanguageText text = text_of(motion);
  CHECK(language_net_build(&ctx, &t, net, LANGUAGE_WHOLE, SMALL, 1, N) == BASE_OK);
  CHECK(nn_run_new(&ctx, &run, net, (NnRunParams){.training = true}) == BASE_OK);
  const NnShape shape = {1, N, 1, 1};
  for (int i = 0; i < N; i++) {
    for (int f = 0; f < LANGUAGE_FIELDS; f++) {
      nn_run_input(run, t.before[f], shape)[i] = i > 0 ? text.items[i - 1].field[f] : -1;
      nn_run_input(run, t.now[f], shape)[i] = text.items[i].field[f];
    }
    for (int f = 0; f < LANGUAGE_EARLIER; f++)
      nn_run_input(run, t.earlier[f], shape)[i] = i > 1 ? text.items[i - 2].field[f] : -1;
    nn_run_input(run, t.source, shape)[i] = LANGUAGE_KEYBOARD;
    nn_run_input(run, t.channel, shape)[i] = LANGUAGE_CLEAN;
  }
  CHECK(nn_run_forward(&ctx, run) == BASE_OK && language_model_of_net(&ctx, &model, net, SMALL) == BASE_OK);
  LanguageReader *reader = reader_of(model, LANGUAGE_KEYBOARD);
  float nats[N * LANGUAGE_FIELDS];
  text.n = N;
  read_all(nats, reader, &text, N);
  for (int f = 0; f < LANGUAGE_METRIC_FIELDS; f++) {
    double mean = 0, outside = 0;
    for (int i = 0; i < N; i++) mean += (double)nats[i * LANGUAGE_FIELDS + f] / N;
    double loss = (double)*nn_run_output(run, t.losses[f]);
    const float *logits = nn_run_output(run, t.logits[f]);
    for (int i = 0; i < N; i++) { /* the loss runs over the ids of written music, too */
      double played = 0, all = 0;
      for (int id = 0; id < language_ids[f]; id++) {
        double e = exp((double)logits[i * language_ids[f] + id]);
        all += e;
        if (id < language_played_ids[f]) played += e;
      }
      outside += log(all / played) / N;
    }
    CHECK_NEAR(mean, loss - outside, 1e-3);
  }
  base_array_clear(&text);
  motion_free(motion);
  language_reader_free(reader);
  language_model_free(model);
  nn_run_free(run);
  nn_net_free(net);
}

static void asking_agrees_with_reading(void) {
  LanguageModel *model = small_model(8);
  LanguageReader *reader = reader_of(model, LANGUAGE_PLAYED_SCORE);
  Motion *motion = some_music(6, 20);
  LanguageText text = text_of(motion);
  float nats[LANGUAGE_FIELDS], probs[LANGUAGE_MOST_IDS];
  for (size_t i = 0; i < text.n; i++) {
    double asked[LANGUAGE_FIELDS], sum = 0;
    for (int f = 0; f < LANGUAGE_FIELDS; f++) {
      CHECK(language_ask(NULL, reader, probs, f, &text.items[i]) == BASE_OK);
      asked[f] = -log((double)probs[text.items[i].field[f]]);
    }
    for (int id = 0; id < language_ids[LANGUAGE_FINE]; id++) sum += (double)probs[id];
    CHECK_NEAR(sum, 1, 1e-5);
    CHECK(language_read(NULL, reader, &text.items[i], 1, nats, NULL) == BASE_OK);
    for (int f = 0; f < LANGUAGE_FIELDS; f++) CHECK_NEAR(asked[f], (double)nats[f], 1e-3);
  }
  base_array_clear(&text);
  motion_free(motion);
  language_reader_free(reader);
  language_model_free(model);
}

static void the_score_is_a_mean(void) {
  LanguageModel *model = small_model(8);
  Motion *motion = some_music(7, 50), *nothing = motion_new();
  LanguageScore score = {0}, none = {0};
  CHECK(language_score(NULL, &score, model, motion, NULL) == BASE_OK && score.notes == motion->notes.n);
  double sum = 0;
  for (int f = 0; f < LANGUAGE_METRIC_FIELDS; f++) sum += score.parts[f];
  CHECK_NEAR(sum, score.nats_per_note, 1e-9);
  CHECK(score.nats_per_note > 4 && score.nats_per_note < 400);
  CHECK(language_score(NULL, &none, model, nothing, NULL) == BASE_OK && none.notes == 0 && none.nats_per_note == 0);
  motion_free(motion);
  motion_free(nothing);
  language_model_free(model);
}

static bool same_motions(const Motion *a, const Motion *b) {
  if (a->notes.n != b->notes.n) return false;
  for (size_t i = 0; i < a->notes.n; i++)
    if (a->notes.items[i].midi != b->notes.items[i].midi || a->notes.items[i].onset_s != b->notes.items[i].onset_s)
      return false;
  return true;
}

static Motion *sample(const LanguageModel *model, uint64_t seed, const Motion *before) {
  Motion *motion = NULL;
  BaseContext ctx = {.seed = seed};
  LanguageSampleParams params = {.seconds = 4, .most_notes = 50, .before = before};
  CHECK_SAYING(language_sample(&ctx, &motion, model, &params) == BASE_OK, "%s", ctx.sentence);
  CHECK(motion_validate(&ctx, motion) == BASE_OK);
  return motion;
}

static void the_seed_decides_a_sample(void) {
  LanguageModel *model = small_model(2);
  Motion *one = sample(model, 5, NULL), *same = sample(model, 5, NULL), *other = sample(model, 6, NULL);
  CHECK(one->notes.n > 0 && same_motions(one, same) && !same_motions(one, other));
  Motion *on = sample(model, 5, one);
  CHECK(on->notes.n > 0 && on->notes.items[0].onset_s >= one->notes.items[one->notes.n - 1].onset_s - 0.035);
  motion_free(one), motion_free(same), motion_free(other), motion_free(on);
  language_model_free(model);
}

static void other_weights_are_told_apart(void) {
  LanguageModel *model = NULL;
  BaseContext ctx = {0};
  char path[512];
  snprintf(path, sizeof path, "%s", check_temporary("other.weights"));
  NnNet *net = nn_net_new(1);
  nn_linear(net, "x", nn_input(net, "in", (NnShape){1, 1, 1, 2}), (NnConv){.channels = 2});
  CHECK(nn_net_finish(&ctx, net) == BASE_OK);
  const char *const origin[][2] = {{"kind", "triptych transcription"}};
  CHECK(nn_weights_write(&ctx, net, path, BASE_F16, origin, 1) == BASE_OK);
  CHECK(language_model_load(&ctx, &model, path) == BASE_BAD_FILE && strstr(ctx.sentence, "not of a language"));
  CHECK(language_model_load(&ctx, &model, "/nowhere/language.weights") == BASE_UNREADABLE && ctx.sentence[0]);
  const char *const rival[][2] = {{"kind", LANGUAGE_KIND}, {"width", "32"}, {"layers", "1"}, {"rank", "4"}, {"heads", "4"}};
  CHECK(nn_weights_write(&ctx, net, path, BASE_F16, rival, 5) == BASE_OK);
  CHECK(language_model_load(&ctx, &model, path) == BASE_UNSUPPORTED && strstr(ctx.sentence, "attention"));
  nn_net_free(net);
}

/* Attention may stand in the place of recurrence, and looks back only, too. */
static void the_rival_looks_back_only(void) {
  BaseContext ctx = {.seed = 1};
  LanguageTensors t;
  NnNet *net = nn_net_new(2);
  NnRun *run = NULL;
  float logits[2][LANGUAGE_MOST_IDS];
  CHECK(language_net_build(&ctx, &t, net, LANGUAGE_WHOLE, (LanguageSize){.width = 32, .layers = 2, .heads = 4}, 1, 16) == BASE_OK);
  CHECK(nn_run_new_shared(&ctx, &run, net, (NnRunParams){0}) == BASE_OK);
  const NnShape ids = {1, 16, 1, 1};
  for (int later = 0; later < 2; later++) {
    NnVar vars[LANGUAGE_FIELDS + LANGUAGE_EARLIER + LANGUAGE_FIELDS + 2];
    memcpy(vars, t.before, sizeof t.before);
    memcpy(vars + LANGUAGE_FIELDS, t.earlier, sizeof t.earlier);
    memcpy(vars + LANGUAGE_FIELDS + LANGUAGE_EARLIER, t.now, sizeof t.now);
    vars[2 * LANGUAGE_FIELDS + LANGUAGE_EARLIER] = t.source;
    vars[2 * LANGUAGE_FIELDS + LANGUAGE_EARLIER + 1] = t.channel;
    for (size_t v = 0; v < sizeof vars / sizeof *vars; v++) {
      float *to = nn_run_input(run, vars[v], ids);
      for (int i = 0; to && i < 16; i++) to[i] = (float)(later && i > 9 ? 2 : (i * 5 + (int)v) % 3);
    }
    CHECK(nn_run_forward(&ctx, run) == BASE_OK);
    memcpy(logits[later], nn_run_output(run, t.logits[LANGUAGE_TIME]) + 9 * LANGUAGE_MOST_IDS, sizeof logits[later]);
  }
  CHECK(memcmp(logits[0], logits[1], sizeof logits[0]) == 0);
  nn_run_free(run);
  nn_net_free(net);
}

/* The weights of the program find a scale likelier than the same notes in any order. */
static void the_own_weights_know_music(void) {
  LanguageModel *model = NULL;
  BaseContext ctx = {0};
  CHECK_SAYING(language_model_load(&ctx, &model, NULL) == BASE_OK, "%s", ctx.sentence);
  if (!model) return;
  static const int major[] = {0, 2, 4, 5, 7, 9, 11, 12};
  double nats[2];
  for (int shuffled = 0; shuffled < 2; shuffled++) {
    Motion *motion = motion_new();
    for (int i = 0; i < 64; i++) {
      int degree = i % 16 < 8 ? i % 8 : 7 - i % 8, semitones = major[shuffled ? (degree * 5 + i / 8 * 3) % 8 : degree];
      motion_add(motion, 0.25 * i, 0.25 * i + 0.22, 60 + semitones + (shuffled ? 17 * (i % 3) : 0), 64, 1);
    }
    LanguageScore score;
    CHECK(language_score(&ctx, &score, model, motion, NULL) == BASE_OK);
    nats[shuffled] = score.parts[LANGUAGE_PITCH];
    motion_free(motion);
  }
  CHECK_SAYING(nats[0] < nats[1] - 0.7, "%.3f and %.3f nats a pitch", nats[0], nats[1]);
  language_model_free(model);
}

/* ---- the proof-reader ---- */

/* In the sample piece, every ninth note gets an accidental that it does not have, one at a time. */
static void wrong_notes_stand_out(void) {
  BaseContext ctx = {0};
  LanguageProof *proof = NULL;
  Score *score = NULL;
  double spoiled = 0, others = 0;
  int n_spoiled = 0, n_others = 0;
  CHECK_SAYING(language_proof_load(&ctx, &proof, NULL) == BASE_OK, "%s", ctx.sentence);
  CHECK(musicxml_read(&ctx, &score, check_data("../../resources/sample/menuet.musicxml")) == BASE_OK);
  for (size_t at = 4; proof && score && at < score->notes.n; at += 9) {
    LanguageDoubt *doubts = NULL;
    size_t n = 0;
    ScoreNote *note = &score->notes.items[at];
    const int8_t before = note->alter;
    if (note->kind != SCORE_NOTE) continue;
    note->alter = before ? 0 : at % 2 ? 1 : -1;
    CHECK(language_doubts(&ctx, &doubts, &n, proof, score) == BASE_OK && n > 20);
    for (size_t i = 0; i < n; i++) {
      bool wrong = doubts[i].note == note->id;
      CHECK(doubts[i].measure >= 0 && doubts[i].measure < (int)score->measures.n);
      *(wrong ? &spoiled : &others) += (double)doubts[i].pitch_prob;
      (*(wrong ? &n_spoiled : &n_others))++;
    }
    note->alter = before;
    free(doubts);
  }
  spoiled /= fmax(1, n_spoiled), others /= fmax(1, n_others);
  CHECK_SAYING(n_spoiled > 5 && spoiled > 4 * others, "%d wrong notes: %g, others: %g", n_spoiled, spoiled, others);
  score_free(score);
  language_proof_free(proof);
}

/* Of this thread, which other programs do not disturb. */
static double cpu_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void scoring_and_sampling_are_fast(void) {
  BaseContext ctx = {.seed = 5, .threads = 1};
  LanguageModel *model = NULL;
  LanguageScore score = {0};
  Motion *motion = some_music(11, 1500), *made = NULL;
  const LanguageSampleParams params = {.code = {LANGUAGE_PLAYED_SCORE, LANGUAGE_CLEAN}, .seconds = 15};
  CHECK_SAYING(language_model_load(&ctx, &model, NULL) == BASE_OK, "%s", ctx.sentence);
  if (!model) return;
  double start_s = cpu_s();
  CHECK(language_score(&ctx, &score, model, motion, NULL) == BASE_OK);
  const double scored_s = cpu_s() - start_s;
  CHECK_SAYING((double)score.notes >= 2000 * scored_s, "%.0f notes a second", (double)score.notes / scored_s);
  start_s = cpu_s();
  CHECK(language_sample(&ctx, &made, model, &params) == BASE_OK);
  const double made_s = cpu_s() - start_s;
  CHECK_SAYING(made_s <= params.seconds, "%.1f s for %g s", made_s, params.seconds);
  if (made) CHECK_SAYING((double)made->notes.n >= 40 * made_s, "%.0f notes a second", (double)made->notes.n / made_s);
  motion_free(motion);
  motion_free(made);
  language_model_free(model);
}

static void nothing_is_doubted_in_an_empty_score(void) {
  BaseContext ctx = {0};
  LanguageProof *proof = NULL;
  LanguageDoubt *doubts = NULL;
  size_t n = 7;
  Score *score = score_new();
  CHECK_SAYING(language_proof_load(&ctx, &proof, NULL) == BASE_OK, "%s", ctx.sentence);
  if (proof) CHECK(language_doubts(&ctx, &doubts, &n, proof, score) == BASE_OK && n == 0);
  free(doubts);
  score_free(score);
  language_proof_free(proof);
}

/* Broken chords of C major, one note of the third bar another one when `midi` is one. */
static Score *broken_chords(int midi) {
  static const int chords[4][4] = {{60, 64, 67, 64}, {60, 65, 69, 65}, {59, 62, 67, 62}, {60, 64, 67, 72}};
  Score *score = example_score(4);
  for (int bar = 0; bar < 4; bar++)
    for (int k = 0; k < 4; k++)
      example_note(score, bar, beat_whole(k), beat_whole(1), midi && bar == 2 && k == 2 ? midi : chords[bar][k]);
  for (size_t i = 0; i < score->measures.n; i++) score->measures.items[i].length = beat_whole(4);
  score_sort(score);
  return score;
}

static void bars_with_a_wrong_note_surprise(void) {
  BaseContext ctx = {0};
  LanguageModel *model = NULL;
  LanguageScorePrior *prior = NULL;
  Score *right = broken_chords(0), *wrong = broken_chords(66);
  float odd_right[4], odd_wrong[4];
  CHECK_SAYING(language_model_load(&ctx, &model, NULL) == BASE_OK, "%s", ctx.sentence);
  CHECK(language_score_prior_new(&ctx, &prior, model) == BASE_OK);
  ScorePrior ask = language_score_prior(prior);
  double usual = ask.fn(ask.user, right, 2, 4), surprise = ask.fn(ask.user, wrong, 2, 4);
  CHECK_SAYING(usual > 0 && surprise > usual + 2, "%g and %g nats", usual, surprise);
  CHECK(ask.fn(ask.user, right, 2, 4) == usual);
  CHECK_NEAR(ask.fn(ask.user, wrong, 0, 2), ask.fn(ask.user, right, 0, 2), 1e-6); /* it looks back only */
  CHECK(ask.odd(ask.user, odd_right, right) && ask.odd(ask.user, odd_wrong, wrong));
  CHECK(odd_wrong[2] > odd_right[2] + 1 && odd_wrong[1] == odd_right[1]);
  score_free(right);
  score_free(wrong);
  language_score_prior_free(prior);
  language_model_free(model);
}

CHECK_MAIN({CASE(bins_hold_their_middle)}, {CASE(a_chord_is_put_in_order)}, {CASE(played_comes_back)},
           {CASE(tempo_divides_all_times)}, {CASE(written_comes_back)}, {CASE(a_file_comes_back)},
           {CASE(transposing_spells_in_the_new_key)}, {CASE(reading_in_pieces_is_reading_at_once)},
           {CASE(reading_agrees_with_training)}, {CASE(asking_agrees_with_reading)}, {CASE(the_score_is_a_mean)},
           {CASE(the_seed_decides_a_sample)}, {CASE(other_weights_are_told_apart)}, {CASE(the_rival_looks_back_only)}, {CASE(the_own_weights_know_music)},
           {CASE(wrong_notes_stand_out)}, {CASE(bars_with_a_wrong_note_surprise)}, {CASE(nothing_is_doubted_in_an_empty_score)}, {CASE(scoring_and_sampling_are_fast)})
