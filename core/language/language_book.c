/* k-means over octaves of moments. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_sound.h"

#include "core/base/base_rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS = LANGUAGE_WORD_NUMBERS, KEYS = LANGUAGE_OCTAVE_KEYS, HEARD = 24 /* of 255: less is silence */ };

static const float STRUCK_WORTH = 2;

typedef float Word[NUMBERS];

static void word_of(Word word, const LanguageMoment *moment, int octave) {
  for (int i = 0; i < KEYS; i++) {
    int key = octave * KEYS + i;
    bool there = key < MOTION_KEYS;
    word[i] = there ? STRUCK_WORTH * moment->struck[key] / 255.0F : 0;
    word[KEYS + i] = there ? moment->sounding[key] / 255.0F : 0;
  }
}

static float distance(const Word a, const Word b) {
  float sum = 0;
  for (int i = 0; i < NUMBERS; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

static int nearest(const LanguageBook *book, int words, const Word word, float *least) {
  int best = 0;
  *least = INFINITY;
  for (int k = 0; k < words; k++) {
    float d = distance(word, book->centre[k]);
    if (d < *least) *least = d, best = k;
  }
  return best;
}

/* ---- what is learned from ---- */

/* 0 silent, 1 sounding, 2 struck. */
static int kind_of(const LanguageMoment *moment, int octave) {
  int kind = 0;
  for (int key = octave * KEYS; key < (octave + 1) * KEYS && key < MOTION_KEYS; key++) {
    if (moment->struck[key] >= HEARD) return 2;
    if (moment->sounding[key] >= HEARD) kind = 1;
  }
  return kind;
}

/* Up to `most` words of a kind, drawn evenly from all there are (Vitter 1985). */
static size_t draw_kind(Word *words, size_t most, const LanguageMoments *moments, int kind, BaseRng *rng) {
  size_t seen = 0;
  for (size_t t = 0; t < moments->n; t++)
    for (int octave = 0; octave < LANGUAGE_OCTAVES; octave++) {
      if (kind_of(&moments->items[t], octave) != kind) continue;
      size_t at = seen < most ? seen : base_rng_below(rng, (uint32_t)seen + 1);
      seen++;
      if (at < most) word_of(words[at], &moments->items[t], octave);
    }
  return seen < most ? seen : most;
}

/* ---- k-means ---- */

/* Each new centre is drawn by its squared distance from those there are. `far` is room for n. */
static void scatter(LanguageBook *book, const Word *words, float *far, size_t n, BaseRng *rng) {
  for (size_t i = 0; i < n; i++) far[i] = INFINITY;
  for (int k = 1; k < book->words; k++) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
      far[i] = fminf(far[i], distance(words[i], book->centre[k - 1]));
      sum += (double)far[i];
    }
    double at = base_rng_uniform(rng) * sum;
    size_t chosen = 0;
    while (chosen + 1 < n && (at -= (double)far[chosen]) >= 0) chosen++;
    memcpy(book->centre[k], words[chosen], sizeof(Word));
  }
}

/* Every centre but that of silence moves to the mean of what is nearest to it. `sums` and `counts` are zeroed room. */
static void move(LanguageBook *book, const Word *words, size_t n, double (*sums)[NUMBERS], size_t *counts) {
  for (size_t i = 0; i < n; i++) {
    float least;
    int k = nearest(book, book->words, words[i], &least);
    counts[k]++;
    for (int j = 0; j < NUMBERS; j++) sums[k][j] += (double)words[i][j];
  }
  for (int k = 1; k < book->words; k++)
    for (int j = 0; counts[k] && j < NUMBERS; j++) book->centre[k][j] = (float)(sums[k][j] / (double)counts[k]);
}

static BaseStatus cluster(BaseContext *ctx, LanguageBook *book, const Word *words, size_t n, int rounds, BaseRng *rng) {
  float *far = malloc((n + 1) * sizeof *far);
  double(*sums)[NUMBERS] = malloc((size_t)book->words * sizeof *sums);
  size_t *counts = malloc((size_t)book->words * sizeof *counts);
  BaseStatus status = far && sums && counts ? BASE_OK : base_fail_memory(ctx);
  if (status == BASE_OK) scatter(book, words, far, n, rng);
  for (int r = 0; r < rounds && status == BASE_OK; r++) {
    base_progress(ctx, (double)r / rounds, "Finding words for what is heard");
    memset(sums, 0, (size_t)book->words * sizeof *sums);
    memset(counts, 0, (size_t)book->words * sizeof *counts);
    move(book, words, n, sums, counts);
    if (base_cancelled(ctx)) status = base_fail_cancelled(ctx);
  }
  free(far);
  free(sums);
  free(counts);
  return status;
}

BaseStatus language_book_learn(BaseContext *ctx, LanguageBook *book, const LanguageMoments *moments, int words, size_t most,
                               int rounds) {
  BaseRng rng = base_rng(ctx ? ctx->seed : 0, 0);
  *book = (LanguageBook){.words = words < 2 ? 2 : words < LANGUAGE_MOST_WORDS ? words : LANGUAGE_MOST_WORDS};
  Word *drawn = malloc((most + 1) * sizeof *drawn);
  if (!drawn) return base_fail_memory(ctx);
  size_t n = draw_kind(drawn, most / 2, moments, 2, &rng);
  n += draw_kind(drawn + n, most - n, moments, 1, &rng);
  BaseStatus status = n >= (size_t)book->words
                          ? cluster(ctx, book, (const Word *)drawn, n, rounds, &rng)
                          : base_fail(ctx, BASE_BAD_INPUT, "Too little was heard to find %d words in it.", book->words);
  free(drawn);
  return status;
}

/* ---- use ---- */

LanguageWords language_book_say(const LanguageBook *book, const LanguageMoment *moment) {
  LanguageWords said;
  for (int octave = 0; octave < LANGUAGE_OCTAVES; octave++) {
    Word word;
    float least;
    word_of(word, moment, octave);
    said.word[octave] = (int16_t)nearest(book, book->words, word, &least);
  }
  return said;
}

static uint8_t probability(float x) {
  return (uint8_t)(255 * fminf(fmaxf(x, 0), 1) + 0.5F);
}

LanguageMoment language_book_mean(const LanguageBook *book, const LanguageWords *words) {
  LanguageMoment moment = {0};
  for (int key = 0; key < MOTION_KEYS; key++) {
    int word = words->word[key / KEYS];
    if (word < 0 || word >= book->words) continue;
    moment.struck[key] = probability(book->centre[word][key % KEYS] / STRUCK_WORTH);
    moment.sounding[key] = probability(book->centre[word][KEYS + key % KEYS]);
  }
  return moment;
}

/* ---- files ---- */

BaseStatus language_book_save(BaseContext *ctx, BasePackWriter *writer, const LanguageBook *book) {
  const uint64_t shape[2] = {(uint64_t)book->words, NUMBERS};
  return base_pack_add_floats(ctx, writer, "book", BASE_F32, 2, shape, book->centre[0]);
}

BaseStatus language_book_load(BaseContext *ctx, LanguageBook *book, const BasePack *pack) {
  const BaseTensor *tensor = base_pack_find(pack, "book");
  *book = (LanguageBook){0};
  if (!tensor || tensor->rank != 2 || tensor->shape[0] < 2 || tensor->shape[0] > LANGUAGE_MOST_WORDS)
    return base_fail(ctx, BASE_BAD_FILE, "There is no book of words for what is heard in these weights.");
  book->words = (int)tensor->shape[0];
  return base_pack_floats(ctx, book->centre[0], pack, "book", 2, (const uint64_t[]){tensor->shape[0], NUMBERS});
}
