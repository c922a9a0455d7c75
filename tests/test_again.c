/* Second thoughts about what was heard. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_prior.h"
#include "core/transcription/transcription_again.h"
#include "core/transcription/transcription_figures.h"
#include "tests/check.h"

enum { FIGURES = 6, KEYS_OF_FIGURE = 7, C4 = 60 - MOTION_LOWEST_KEY };

static const int figure[KEYS_OF_FIGURE] = {60, 64, 67, 72, 67, 65, 62};

static void put(Evidence *evidence, double at_s, int midi, double prob, int velocity) {
  evidence_put_onset(evidence, at_s / evidence->hop_s, midi - MOTION_LOWEST_KEY, (uint8_t)lround(255 * prob), (uint8_t)velocity);
}

/* The same figure again and again, each time a little faster; of one the fourth key is as likely as said. */
static Evidence *figures_with(int doubtful, double prob, double others) {
  Evidence *evidence = evidence_new(1500, 0.02);
  for (int i = 0; i < FIGURES; i++)
    for (int k = 0; k < KEYS_OF_FIGURE; k++)
      put(evidence, 0.5 + 4 * i + k * 0.3 * (1 - 0.01 * i), figure[k], k != 3 ? 0.99 : i == doubtful ? prob : others, 70);
  return evidence;
}

static Motion *decide(const Evidence *evidence, MusicPrior prior) {
  Motion *motion = motion_new();
  CHECK(transcription_again(NULL, motion, evidence, prior, NULL, 0) == BASE_OK);
  return motion;
}

static void what_a_figure_has_elsewhere_is_believed(void) {
  for (int doubtful = 0; doubtful < FIGURES; doubtful++) {
    Evidence *evidence = figures_with(doubtful, 0.35, 0.99);
    Motion *motion = decide(evidence, (MusicPrior){0});
    CHECK_SAYING(motion->notes.n == FIGURES * KEYS_OF_FIGURE, "%d: %zu", doubtful, motion->notes.n);
    motion_free(motion);
    evidence_free(evidence);
  }
}

static void what_a_figure_lacks_elsewhere_is_not(void) {
  for (int doubtful = 0; doubtful < FIGURES; doubtful++) {
    Evidence *evidence = figures_with(doubtful, 0.65, 0);
    Motion *motion = decide(evidence, (MusicPrior){0});
    CHECK_SAYING(motion->notes.n == FIGURES * (KEYS_OF_FIGURE - 1), "%d: %zu", doubtful, motion->notes.n);
    motion_free(motion);
    evidence_free(evidence);
  }
}

/* Note number 1 in the middle of other music says nothing. */
static void other_music_says_nothing(void) {
  Motion *motion = motion_new();
  for (int i = 0; i < 40; i++) motion_add(motion, 0.3 * i, 0.3 * i + 0.2, 40 + i, 64, i == 20 ? 0.5F : 1);
  motion_sort(motion);
  TranscriptionFigures *figures = transcription_figures_new(motion);
  CHECK_NEAR(transcription_figures_ask(figures, 20), 0, 1e-9);
  transcription_figures_free(figures);
  motion_free(motion);
}

static void octaves_above_need_more_evidence(void) {
  Evidence *evidence = evidence_new(400, 0.02);
  put(evidence, 2, 48, 0.99, 90);
  put(evidence, 2, 60, 0.6, 40); /* an overtone of the first */
  put(evidence, 6, 60, 0.6, 40); /* alone */
  Motion *motion = decide(evidence, (MusicPrior){0});
  CHECK(motion->notes.n == 2 && motion->notes.items[0].midi == 48 && fabs(motion->notes.items[1].onset_s - 6) < 1e-3);
  motion_free(motion);
  evidence_free(evidence);
}

/* What would be too little is enough where a recording is known to be heard shyly. */
static void a_recording_has_a_measure_of_its_own(void) {
  const TranscriptionOwn own = {.weights[TRANSCRIPTION_CLUES - 1] = 2};
  Evidence *evidence = evidence_new(400, 0.02);
  put(evidence, 2, 60, 0.3, 60);
  for (int i = 0; i < 2; i++) {
    Motion *motion = motion_new();
    CHECK(transcription_again(NULL, motion, evidence, (MusicPrior){0}, i ? &own : NULL, 0) == BASE_OK);
    CHECK(motion->notes.n == (size_t)i);
    motion_free(motion);
  }
  evidence_free(evidence);
}

static void a_chord_comes_together(void) {
  Evidence *evidence = evidence_new(400, 0.02);
  put(evidence, 2, 48, 0.99, 90);
  put(evidence, 2.04, 64, 0.99, 40); /* soft, so it sounds late */
  put(evidence, 2.2, 67, 0.99, 40);  /* none of the chord's */
  Motion *motion = decide(evidence, (MusicPrior){0});
  const MotionNote *notes = motion->notes.items;
  CHECK(motion->notes.n == 3);
  CHECK_NEAR(notes[0].onset_s, 2, 0.002);
  CHECK_SAYING(notes[1].onset_s > 2 && notes[1].onset_s < 2.02, "%f", notes[1].onset_s);
  CHECK_NEAR(notes[2].onset_s, 2.2, 0.001);
  motion_free(motion);
  evidence_free(evidence);
}

static double like_one(void *user, const MotionNote *notes, size_t n, size_t at) {
  CHECK(at < n && notes[at].confidence > 0.02F && notes[at].confidence < 0.98F);
  return notes[at].midi == *(const int *)user ? 8 : -20;
}

static void the_prior_decides_between_equals(void) {
  for (int liked = 60; liked <= 61; liked++) {
    Evidence *evidence = evidence_new(400, 0.02);
    put(evidence, 1, 50, 0.99, 64);
    put(evidence, 2, 60, 0.5, 64);
    put(evidence, 2, 61, 0.5, 64);
    Motion *motion = decide(evidence, (MusicPrior){like_one, &liked});
    CHECK(motion->notes.n == 2 && motion->notes.items[1].midi == liked);
    motion_free(motion);
    evidence_free(evidence);
  }
}

static void the_evidence_is_left_alone(void) {
  Evidence *evidence = figures_with(2, 0.35, 0.99), *copy = evidence_dup(evidence);
  motion_free(decide(evidence, (MusicPrior){0}));
  CHECK(memcmp(evidence->onset, copy->onset, evidence->frames * MOTION_KEYS) == 0);
  CHECK(memcmp(evidence->shift, copy->shift, evidence->frames * MOTION_KEYS) == 0);
  evidence_free(copy);
  evidence_free(evidence);
}

static void it_stops_when_asked(void) {
  Evidence *evidence = figures_with(2, 0.35, 0.99);
  atomic_bool cancel = true;
  BaseContext ctx = {.cancel = &cancel};
  Motion *motion = motion_new();
  CHECK(transcription_again(&ctx, motion, evidence, (MusicPrior){0}, NULL, 0) == BASE_CANCELLED);
  motion_free(motion);
  evidence_free(evidence);
}

/* A waltz in C; at each place where the third of a chord is looked for, that is more to the language's taste than its neighbour. */
static void the_language_knows_chords(void) {
  LanguageModel *model = NULL;
  LanguagePrior *prior = NULL;
  double better = 0, asked = 0;
  CHECK(language_model_load(NULL, &model, NULL) == BASE_OK && language_prior_new(NULL, &prior, model) == BASE_OK);
  for (int beat = 6; beat < 24; beat++) {
    double nats[2];
    for (int wrong = 0; wrong < 2; wrong++) {
      Motion *motion = motion_new();
      for (int i = 0; i < 30; i++) {
        const int root = i / 3 % 4 == 3 ? 55 : i / 3 % 4 == 2 ? 53 : 48;
        motion_add(motion, 0.5 * i, 0.5 * i + 0.4, i % 3 ? root + 7 : root, 60, 1);
        motion_add(motion, 0.5 * i, 0.5 * i + 0.4, root + 16 + (i == beat ? wrong : 0), 70, i == beat ? 0.5F : 1);
      }
      motion_sort(motion);
      size_t at = 0;
      while (motion->notes.items[at].confidence > 0.9F) at++;
      const MusicPrior music = language_prior(prior);
      nats[wrong] = music.fn(music.user, motion->notes.items, motion->notes.n, at);
      motion_free(motion);
    }
    better += nats[0] > nats[1];
    asked++;
  }
  CHECK_SAYING(better >= 0.8 * asked, "%g of %g", better, asked);
  language_prior_free(prior);
  language_model_free(model);
}

CHECK_MAIN({CASE(what_a_figure_has_elsewhere_is_believed)}, {CASE(what_a_figure_lacks_elsewhere_is_not)},
           {CASE(other_music_says_nothing)}, {CASE(octaves_above_need_more_evidence)}, {CASE(a_recording_has_a_measure_of_its_own)}, {CASE(a_chord_comes_together)},
           {CASE(the_prior_decides_between_equals)}, {CASE(the_evidence_is_left_alone)}, {CASE(it_stops_when_asked)},
           {CASE(the_language_knows_chords)})
