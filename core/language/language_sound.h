/* Sound as a sequence of steps: what a transcriber hears, moment by moment, in words that were found by clustering.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/language/language.h"
#include "core/music/evidence.h"

/* A moment is LANGUAGE_HOPS frames of evidence, 60 ms where a frame is 20 ms. Of every octave from A0 on it has one word,
 * the nearest of the book's centres to how surely each of its keys is struck in the moment and sounds during it. The book
 * is the same for all octaves; keys above C8 are silent. */
enum { LANGUAGE_HOPS = 3, LANGUAGE_OCTAVES = 8, LANGUAGE_OCTAVE_KEYS = 12, LANGUAGE_WORD_NUMBERS = 2 * LANGUAGE_OCTAVE_KEYS };

/* Probabilities × 255: that a key goes down, the greatest of the frames, and that it sounds, their mean. */
typedef struct {
  uint8_t struck[MOTION_KEYS], sounding[MOTION_KEYS];
} LanguageMoment;

/* Plain arrays, to be cleared by their owner with base_array_clear. */
typedef BASE_ARRAY(LanguageMoment) LanguageMoments;

/* A moment in words; −1 is unknown. */
typedef struct {
  int16_t word[LANGUAGE_OCTAVES];
} LanguageWords;
typedef BASE_ARRAY(LanguageWords) LanguageSpeech;

/* Appends the moments of what was heard. Without memory: BASE_NO_MEMORY. O(frames). */
BaseStatus language_moments_of(BaseContext *ctx, LanguageMoments *moments, const Evidence *heard);

/* Moves all keys by semitones; those that leave the keyboard are lost. */
void language_moment_move(LanguageMoment *moment, int semitones);

/* Notes that moments tell, for whoever wants to hear or compare them: struck in the middle of a moment where that is likelier
 * than not, sounding until it is not likelier than not. `moment_s` is the length of one. Tempo 1, velocity 64. */
BaseStatus language_moments_to_motion(BaseContext *ctx, Motion **out, const LanguageMoments *moments, double moment_s);

/* ---- the book ---- */

enum { LANGUAGE_MOST_WORDS = 512 };

/* Plain value; word 0 is silence. Numbers: struck × LANGUAGE_STRUCK_WORTH and sounding of the twelve keys, 0 … 1. */
typedef struct {
  int words;
  float centre[LANGUAGE_MOST_WORDS][LANGUAGE_WORD_NUMBERS];
} LanguageBook;

/* k-means (Lloyd 1982) from centres drawn far from each other (Arthur & Vassilvitskii 2007) over at most `most` octaves of
 * the moments that are not silent, half of them with something struck. Deterministic by ctx->seed. BASE_BAD_INPUT when
 * there are fewer than `words` of them. O(most × words × rounds). */
BaseStatus language_book_learn(BaseContext *ctx, LanguageBook *book, const LanguageMoments *moments, int words, size_t most,
                               int rounds);

/* A moment in words and back. */
LanguageWords language_book_say(const LanguageBook *book, const LanguageMoment *moment);
LanguageMoment language_book_mean(const LanguageBook *book, const LanguageWords *words);

/* As the tensor "book" of a file. */
BaseStatus language_book_save(BaseContext *ctx, BasePackWriter *writer, const LanguageBook *book);
BaseStatus language_book_load(BaseContext *ctx, LanguageBook *book, const BasePack *pack);

/* ---- how likely what is heard is: p(A) ---- */

/* Weights of what sounds, on top of a language. Immutable, shareable between threads. 12 MB. */
typedef struct LanguageSound LanguageSound;

/* From a file written by triptych-train audio; `path` null: what is part of the program. The trunk's values are taken from
 * `language`, which may be freed. */
BaseStatus language_sound_load(BaseContext *ctx, LanguageSound **out, const LanguageModel *language, const char *path);
void language_sound_free(LanguageSound *sound); /* null is fine */
const LanguageBook *language_sound_book(const LanguageSound *sound); /* borrowed */

/* `nats`: [n][LANGUAGE_OCTAVES], −ln of the probability of each word given those of lower octaves and all moments before; 0
 * for unknown words. 8,000 moments a second of one core. */
BaseStatus language_sound_read(BaseContext *ctx, float *nats, const LanguageSound *sound, const LanguageWords *speech, size_t n);

/* Nats in a mean, over all octaves of `moments`. */
typedef struct {
  size_t moments;
  double moment_s, nats_per_moment;
} LanguageSoundScore;

/* Of all that was heard of a recording. Evidence without frames gives 0 moments. */
BaseStatus language_sound_score(BaseContext *ctx, LanguageSoundScore *score, const LanguageSound *sound, const Evidence *heard);
