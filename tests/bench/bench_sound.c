/* Is it meaningful how likely the language finds what is heard?
 *
 * usage: bench_sound [--weights FILE] HEARD AUDIO…
 *
 * Listens to the first minute of each recording, says it in the words of the book and decodes it again: what of the
 * notes that the transcriber heard survives. Then nats a moment of every recording as it is and with its moments changed:
 * in any order, backwards, seconds in any order, the keyboard upside down, and every octave's words in an order of its
 * own, which leaves how often each word comes as it was; and of any words at all. HEARD is a file that keeps what was heard for the next time.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/evaluation/evaluation.h"
#include "core/language/language_sound.h"
#include "core/lmm/lmm_sounds.h"
#include "core/transcription/transcription.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECOND = 16 /* moments */ };

static const double MINUTE_S = 60, MOMENT_S = 0.06;

static void must(BaseStatus status, const BaseContext *ctx) {
  if (status == BASE_OK) return;
  fprintf(stderr, "bench_sound: %s\n", ctx->sentence[0] ? ctx->sentence : base_status_name(status));
  exit(1);
}

/* ---- there and back ---- */

/* Sums over recordings: as moments, and in words. */
typedef struct {
  double onset[2], frame[2];
  size_t n;
} Trip;

static LanguageMoments in_words(const LanguageBook *book, const LanguageMoments *moments) {
  LanguageMoments said = {0};
  if (!base_array_reserve(&said, moments->n + 1)) return said;
  for (; said.n < moments->n; said.n++) {
    const LanguageWords words = language_book_say(book, &moments->items[said.n]);
    said.items[said.n] = language_book_mean(book, &words);
  }
  return said;
}

static void compare(Trip *trip, int which, const Motion *heard, const LanguageMoments *moments) {
  BaseContext ctx = {0};
  Motion *motion = NULL;
  EvaluationNotes score;
  must(language_moments_to_motion(&ctx, &motion, moments, MOMENT_S), &ctx);
  must(evaluation_notes(&ctx, &score, heard, motion, NULL), &ctx);
  trip->onset[which] += score.onset.f1;
  trip->frame[which] += score.frame.f1;
  motion_free(motion);
}

static void there_and_back(Trip *trip, const LanguageBook *book, const Motion *heard, const LanguageMoments *moments) {
  LanguageMoments said = in_words(book, moments);
  compare(trip, 0, heard, moments);
  compare(trip, 1, heard, &said);
  trip->n++;
  base_array_clear(&said);
}

static void listen(LmmSounds *sounds, Trip *trip, const LanguageBook *book, const char *path) {
  BaseContext ctx = {.threads = 1};
  DspAudio *audio = NULL;
  Transcription *heard = NULL;
  const size_t begin = sounds->moments.n;
  must(dsp_audio_load(&ctx, &audio, path, &(DspLoadParams){.channels = 1, .rate_hz = 16000, .to_s = MINUTE_S}), &ctx);
  must(transcription_listen(&ctx, &heard, audio, NULL), &ctx);
  must(language_moments_of(&ctx, &sounds->moments, heard->evidence), &ctx);
  base_array_push(&sounds->ends, sounds->moments.n);
  const LanguageMoments own = {.items = sounds->moments.items + begin, .n = sounds->moments.n - begin};
  there_and_back(trip, book, heard->motion, &own);
  transcription_free(heard);
  dsp_audio_free(audio);
}

static void listen_to_all(LmmSounds *sounds, const LanguageBook *book, const char *keep, char **paths, int n) {
  BaseContext ctx = {0};
  Trip trip = {0};
  for (int i = 0; i < n; i++) listen(sounds, &trip, book, paths[i]);
  must(lmm_sounds_write(&ctx, sounds, keep), &ctx);
  for (int which = 0; which < 2; which++)
    printf("%-10s of the notes heard in %zu recordings: onset F1 %.3f, frame F1 %.3f\n", which ? "in words" : "as moments",
           trip.n, trip.onset[which] / (double)trip.n, trip.frame[which] / (double)trip.n);
}

/* ---- changes ---- */

typedef enum { AS_IT_IS, ANY_ORDER, BACKWARDS, SECONDS, UPSIDE_DOWN, OCTAVES, NOISE, CHANGES } Change;

static const char *const NAMES[CHANGES] = {"as it is", "moments in any order", "backwards", "seconds in any order",
                                           "keyboard upside down", "octaves apart in any order", "any words"};

static void shuffle(size_t *order, size_t n, BaseRng *rng) {
  for (size_t i = 0; i < n; i++) order[i] = i;
  for (size_t i = n; i > 1; i--) {
    size_t k = base_rng_below(rng, (uint32_t)i), last = order[i - 1];
    order[i - 1] = order[k];
    order[k] = last;
  }
}

static void turn_over(LanguageMoment *moment) {
  const LanguageMoment before = *moment;
  for (int key = 0; key < MOTION_KEYS; key++) {
    moment->struck[key] = before.struck[MOTION_KEYS - 1 - key];
    moment->sounding[key] = before.sounding[MOTION_KEYS - 1 - key];
  }
}

/* Where moment t is taken from. */
static size_t source_of(Change change, const size_t *order, const size_t *blocks, size_t t, size_t n) {
  if (change == ANY_ORDER) return order[t];
  if (change == BACKWARDS) return n - 1 - t;
  if (change == SECONDS && t / SECOND < n / SECOND) return blocks[t / SECOND] * SECOND + t % SECOND;
  return t;
}

static void say(LanguageWords *words, const LanguageBook *book, const LanguageMoment *moments, size_t n, Change change) {
  BaseRng rng = base_rng(9, n);
  size_t *order = malloc((n + 1) * sizeof *order), *blocks = malloc((n / SECOND + 1) * sizeof *blocks);
  if (!order || !blocks) abort();
  shuffle(order, n, &rng);
  shuffle(blocks, n / SECOND, &rng);
  for (size_t t = 0; t < n; t++) {
    LanguageMoment moment = moments[source_of(change, order, blocks, t, n)];
    if (change == UPSIDE_DOWN) turn_over(&moment);
    words[t] = language_book_say(book, &moment);
    for (int octave = 0; change == NOISE && octave < LANGUAGE_OCTAVES; octave++)
      words[t].word[octave] = (int16_t)base_rng_below(&rng, (uint32_t)book->words);
  }
  for (int octave = 0; change == OCTAVES && octave < LANGUAGE_OCTAVES; octave++) {
    shuffle(order, n, &rng);
    for (size_t t = n; t > 1; t--) {
      size_t k = order[t - 1] % t;
      int16_t last = words[t - 1].word[octave];
      words[t - 1].word[octave] = words[k].word[octave];
      words[k].word[octave] = last;
    }
  }
  free(order);
  free(blocks);
}

/* Nats a moment. */
static double nats_of(const LanguageSound *sound, const LanguageMoment *moments, size_t n, Change change) {
  BaseContext ctx = {.threads = 1};
  LanguageWords *words = malloc((n + 1) * sizeof *words);
  float *nats = malloc((n * LANGUAGE_OCTAVES + 1) * sizeof *nats);
  if (!words || !nats) abort();
  say(words, language_sound_book(sound), moments, n, change);
  must(language_sound_read(&ctx, nats, sound, words, n), &ctx);
  double sum = 0;
  for (size_t i = 0; i < n * LANGUAGE_OCTAVES; i++) sum += (double)nats[i];
  free(words);
  free(nats);
  return sum / (double)n;
}

static void tell_changes(const LanguageSound *sound, const LmmSounds *sounds) {
  double mean[CHANGES] = {0};
  int likelier[CHANGES] = {0}, n = 0;
  for (size_t i = 0, begin = 0; i < sounds->ends.n; begin = sounds->ends.items[i++]) {
    const size_t length = sounds->ends.items[i] - begin;
    double nats[CHANGES];
    if (length < 4 * SECOND) continue;
    n++;
    for (int c = 0; c < CHANGES; c++) {
      nats[c] = nats_of(sound, sounds->moments.items + begin, length, c);
      mean[c] += nats[c];
      likelier[c] += nats[AS_IT_IS] < nats[c];
    }
  }
  for (int c = 0; c < CHANGES && n; c++) {
    printf("%-28s %.3f nats a moment, %.1f a second", NAMES[c], mean[c] / n, mean[c] / n / MOMENT_S);
    if (c) printf("; less likely than as it is in %d of %d", likelier[c], n);
    putchar('\n');
  }
}

int main(int argc, char **argv) {
  BaseContext ctx = {.threads = 1};
  const char *weights = NULL;
  int at = 1;
  if (argc > 2 && strcmp(argv[1], "--weights") == 0) weights = argv[2], at = 3;
  if (argc < at + 1) {
    fputs("usage: bench_sound [--weights FILE] HEARD AUDIO…\n", stderr);
    return 2;
  }
  LanguageModel *language = NULL;
  LanguageSound *sound = NULL;
  LmmSounds sounds = {0};
  must(language_model_load(&ctx, &language, NULL), &ctx);
  must(language_sound_load(&ctx, &sound, language, weights), &ctx);
  if (access(argv[at], F_OK) == 0)
    must(lmm_sounds_read(&ctx, &sounds, argv[at]), &ctx);
  else
    listen_to_all(&sounds, language_sound_book(sound), argv[at], argv + at + 1, argc - at - 1);
  tell_changes(sound, &sounds);
  lmm_sounds_clear(&sounds);
  language_sound_free(sound);
  language_model_free(language);
  return 0;
}
