/* Music as it sounds: moments, words for them, and the language's trunk learning to foretell them.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_model.h"
#include "core/lmm/lmm_speech.h"
#include "core/nn/nn_run.h"
#include "tests/check.h"

enum { HOP_MS = 20, MOMENT_MS = HOP_MS * LANGUAGE_HOPS };

static const int TUNE[] = {0, 4, 7, 12, 7, 4, 2, 5};

/* A melody over held basses, as ears without errors hear it: a note every five moments. */
static Evidence *heard_tune(size_t notes, int tonic) {
  Evidence *heard = evidence_new(notes * 15 + 6, 1e-3 * HOP_MS);
  for (size_t i = 0; heard && i < notes; i++) {
    const int keys[2] = {tonic + TUNE[i % 8], tonic - 24 + (i / 8 % 2 ? 7 : 0)};
    for (int voice = 0; voice < (i % 8 ? 1 : 2); voice++) {
      const size_t begin = 15 * i + 2, end = begin + (voice ? 115 : 13);
      heard->onset[begin * MOTION_KEYS + (size_t)keys[voice]] = 250;
      for (size_t t = begin; t < end && t < heard->frames; t++) heard->sounding[t * MOTION_KEYS + (size_t)keys[voice]] = 240;
    }
  }
  return heard;
}

static LanguageMoments moments_of_tune(size_t notes, int tonic) {
  LanguageMoments moments = {0};
  Evidence *heard = heard_tune(notes, tonic);
  CHECK(heard && language_moments_of(NULL, &moments, heard) == BASE_OK);
  evidence_free(heard);
  return moments;
}

static LanguageBook *book_of(const LanguageMoments *moments, int words) {
  BaseContext ctx = {.seed = 3};
  LanguageBook *book = calloc(1, sizeof *book);
  CHECK_SAYING(language_book_learn(&ctx, book, moments, words, 2000, 6) == BASE_OK, "%s", ctx.sentence);
  return book;
}

static bool same_moment(const LanguageMoment *a, const LanguageMoment *b) {
  return memcmp(a, b, sizeof *a) == 0;
}

/* ---- moments ---- */

/* Every note of the tune is one of `motion`, within half a moment, and none is too many. */
static void check_tune(const Motion *motion, size_t notes, int tonic) {
  size_t found = 0;
  for (size_t i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    const double number = (note->onset_s - 0.04) / 0.3, nearest = round(number);
    const size_t at = (size_t)nearest;
    CHECK_SAYING(fabs(number - nearest) * 0.3 <= 0.03, "%.3f s", note->onset_s);
    found += note->midi - MOTION_LOWEST_KEY == tonic + TUNE[at % 8];
  }
  CHECK_SAYING(found == notes && motion->notes.n == notes + (notes + 7) / 8, "%zu of %zu, %zu in all", found, notes,
               motion->notes.n);
}

static void notes_come_back_from_moments(void) {
  LanguageMoments moments = moments_of_tune(40, 40);
  Motion *motion = NULL;
  CHECK(language_moments_to_motion(NULL, &motion, &moments, 1e-3 * MOMENT_MS) == BASE_OK);
  check_tune(motion, 40, 40);
  CHECK_NEAR(motion->notes.items[1].key_up_s - motion->notes.items[1].onset_s, 0.26, 0.061);
  motion_free(motion);
  base_array_clear(&moments);
}

static void a_moment_moves_with_its_keys(void) {
  LanguageMoments low = moments_of_tune(16, 40), high = moments_of_tune(16, 45);
  for (size_t t = 0; t < low.n; t++) {
    language_moment_move(&low.items[t], 5);
    CHECK(same_moment(&low.items[t], &high.items[t]));
  }
  LanguageMoment edge = {.struck = {[86] = 9, [3] = 7}};
  language_moment_move(&edge, 2);
  CHECK(edge.struck[5] == 7 && edge.struck[86] == 0 && edge.struck[87] == 0);
  base_array_clear(&low);
  base_array_clear(&high);
}

/* ---- words ---- */

static void words_tell_notes(void) {
  LanguageMoments moments = moments_of_tune(40, 40);
  LanguageBook *book = book_of(&moments, 48);
  for (size_t t = 0; t < moments.n; t++) {
    const LanguageWords words = language_book_say(book, &moments.items[t]);
    moments.items[t] = language_book_mean(book, &words);
    const LanguageWords again = language_book_say(book, &moments.items[t]);
    CHECK(memcmp(&words, &again, sizeof words) == 0);
  }
  Motion *motion = NULL;
  CHECK(language_moments_to_motion(NULL, &motion, &moments, 1e-3 * MOMENT_MS) == BASE_OK);
  check_tune(motion, 40, 40);
  const LanguageWords silence = language_book_say(book, &(LanguageMoment){0});
  for (int octave = 0; octave < LANGUAGE_OCTAVES; octave++) CHECK(silence.word[octave] == 0);
  motion_free(motion);
  free(book);
  base_array_clear(&moments);
}

static void an_octave_higher_is_the_same_word(void) {
  LanguageMoments low = moments_of_tune(16, 40), high = moments_of_tune(16, 52);
  LanguageBook *book = book_of(&low, 24);
  for (size_t t = 0; t < low.n; t++) {
    const LanguageWords here = language_book_say(book, &low.items[t]), there = language_book_say(book, &high.items[t]);
    for (int octave = 0; octave + 1 < LANGUAGE_OCTAVES; octave++) CHECK(here.word[octave] == there.word[octave + 1]);
  }
  free(book);
  base_array_clear(&low);
  base_array_clear(&high);
}

static void a_book_wants_enough_to_read(void) {
  BaseContext ctx = {0};
  LanguageBook book;
  LanguageMoments silence = {0};
  CHECK(base_array_reserve(&silence, 100));
  for (; silence.n < 100; silence.n++) silence.items[silence.n] = (LanguageMoment){0};
  CHECK(language_book_learn(&ctx, &book, &silence, 16, 1000, 4) == BASE_BAD_INPUT && strstr(ctx.sentence, "16 words"));
  base_array_clear(&silence);
}

/* ---- the net ---- */

static LanguageModel *small_language(void) {
  LanguageTensors tensors;
  LanguageModel *model = NULL;
  const LanguageSize size = {.width = 32, .layers = 2, .rank = 4};
  NnNet *net = nn_net_new(4);
  CHECK(language_net_build(NULL, &tensors, net, LANGUAGE_WHOLE, size, 1, 8) == BASE_OK);
  CHECK(language_model_of_net(NULL, &model, net, size) == BASE_OK);
  nn_net_free(net);
  return model;
}

/* Ten dreams of tunes in several keys. */
static LmmSounds some_sounds(void) {
  LmmSounds sounds = {0};
  for (int i = 0; i < 10; i++) {
    Evidence *heard = heard_tune(24, 36 + i % 5);
    CHECK(language_moments_of(NULL, &sounds.moments, heard) == BASE_OK);
    CHECK(base_array_push(&sounds.ends, sounds.moments.n));
    evidence_free(heard);
  }
  return sounds;
}

static void note_losses(void *user, const LmmReport *now) {
  double *losses = user;
  if (!(losses[0] > 0)) losses[0] = now->validation_loss;
  losses[1] = now->best_loss;
}

static char trained[512];

/* Trains a little, once; first and best validation loss. */
static void train(const LanguageModel *model, double losses[2]) {
  static double once[2];
  BaseContext ctx = {.seed = 2, .threads = 1};
  memcpy(losses, once, sizeof once);
  if (trained[0]) return;
  LmmSounds sounds = some_sounds();
  snprintf(trained, sizeof trained, "%s", check_temporary("sound.weights"));
  const LmmSpeechParams params = {.language = model, .words = 32, .steps = 200, .validate_every = 10, .batch = 4, .moments = 64,
                                  .rate = 1e-2F, .weights = trained, .report = note_losses, .user = losses};
  CHECK_SAYING(lmm_speech_train(&ctx, NULL, &sounds, &params) == BASE_OK, "%s", ctx.sentence);
  memcpy(once, losses, sizeof once);
  lmm_sounds_clear(&sounds);
}

static void the_trunk_learns_without_changing(void) {
  BaseContext ctx = {0};
  double losses[2] = {0};
  BasePack *pack = NULL;
  LanguageModel *model = small_language();
  train(model, losses);
  CHECK_SAYING(losses[1] < 0.3 * losses[0], "%.3f, then %.3f", losses[0], losses[1]);
  CHECK_SAYING(base_pack_load(&ctx, &pack, trained) == BASE_OK, "%s", ctx.sentence);
  for (size_t i = 0; pack && i < base_pack_tensors(pack); i++) {
    const char *name = base_pack_tensor_at(pack, i)->name;
    CHECK_SAYING(strcmp(name, "book") == 0 || strncmp(name, "weights.sound.", 14) == 0, "%s", name);
  }
  base_pack_free(pack);
  language_model_free(model);
}

/* The frames of whole moments in another order. */
static void mix(Evidence *heard) {
  enum { BYTES = LANGUAGE_HOPS * MOTION_KEYS };
  BaseRng rng = base_rng(1, 1);
  for (size_t t = heard->frames / LANGUAGE_HOPS - 1; t > 0; t--) {
    const size_t k = base_rng_below(&rng, (uint32_t)t);
    uint8_t last[BYTES], *planes[2] = {heard->onset, heard->sounding};
    for (int p = 0; p < 2; p++) {
      memcpy(last, planes[p] + t * BYTES, BYTES);
      memcpy(planes[p] + t * BYTES, planes[p] + k * BYTES, BYTES);
      memcpy(planes[p] + k * BYTES, last, BYTES);
    }
  }
}

/* Nats a moment of a tune, and of its moments in any order. */
static void score_tune(LanguageSoundScore *tune, LanguageSoundScore *mixed, const LanguageSound *sound) {
  Evidence *heard = heard_tune(24, 38);
  CHECK(language_sound_score(NULL, tune, sound, heard) == BASE_OK && tune->moments == 122);
  mix(heard);
  CHECK(language_sound_score(NULL, mixed, sound, heard) == BASE_OK);
  evidence_free(heard);
}

/* The score from a file is what training said, and the order of moments matters. */
static void a_tune_is_likelier_than_its_moments(void) {
  BaseContext ctx = {0};
  double losses[2] = {0};
  LanguageModel *model = small_language();
  LanguageSound *sound = NULL;
  LanguageSoundScore tune, mixed;
  train(model, losses);
  CHECK_SAYING(language_sound_load(&ctx, &sound, model, trained) == BASE_OK, "%s", ctx.sentence);
  if (sound) score_tune(&tune, &mixed, sound);
  CHECK_NEAR(tune.moment_s, 1e-3 * MOMENT_MS, 1e-9);
  CHECK_SAYING(tune.nats_per_moment < 1.5 * losses[1] + 0.5 && mixed.nats_per_moment > 1.5 * tune.nats_per_moment,
               "%.3f in training, %.3f read, %.3f mixed", losses[1], tune.nats_per_moment, mixed.nats_per_moment);
  language_sound_free(sound);
  language_model_free(model);
}

static void the_own_weights_know_sound(void) {
  BaseContext ctx = {0};
  LanguageModel *model = NULL;
  LanguageSound *sound = NULL;
  LanguageSoundScore tune = {0}, mixed = {0};
  CHECK(language_model_load(&ctx, &model, NULL) == BASE_OK);
  CHECK_SAYING(language_sound_load(&ctx, &sound, model, NULL) == BASE_OK, "%s", ctx.sentence);
  if (sound) score_tune(&tune, &mixed, sound);
  CHECK_SAYING(tune.nats_per_moment < mixed.nats_per_moment - 1, "%.3f and %.3f nats a moment", tune.nats_per_moment,
               mixed.nats_per_moment);
  language_sound_free(sound);
  language_model_free(model);
}

static void another_language_is_told(void) {
  BaseContext ctx = {0};
  double losses[2] = {0};
  LanguageTensors tensors;
  LanguageModel *model = small_language(), *other = NULL;
  LanguageSound *sound = NULL;
  train(model, losses);
  NnNet *net = nn_net_new(5);
  CHECK(language_net_build(NULL, &tensors, net, LANGUAGE_WHOLE, language_model_size(model), 1, 8) == BASE_OK);
  CHECK(language_model_of_net(NULL, &other, net, language_model_size(model)) == BASE_OK);
  CHECK(language_sound_load(&ctx, &sound, other, trained) == BASE_VERSION && !sound && strstr(ctx.sentence, "another language"));
  nn_net_free(net);
  language_model_free(model);
  language_model_free(other);
}

/* What comes later changes nothing, and a text longer than a stretch is read as its beginning was. */
static void reading_looks_back_only(void) {
  BaseContext ctx = {0};
  double losses[2] = {0};
  LanguageModel *model = small_language();
  LanguageSound *sound = NULL;
  train(model, losses);
  CHECK(language_sound_load(&ctx, &sound, model, trained) == BASE_OK);
  LanguageMoments moments = moments_of_tune(30, 40);
  LanguageWords *words = calloc(moments.n, sizeof *words);
  float *whole = calloc(moments.n * LANGUAGE_OCTAVES, sizeof *whole), *part = calloc(moments.n * LANGUAGE_OCTAVES, sizeof *part);
  for (size_t t = 0; t < moments.n; t++) words[t] = language_book_say(language_sound_book(sound), &moments.items[t]);
  CHECK(language_sound_read(&ctx, whole, sound, words, moments.n) == BASE_OK);
  for (size_t n = 1; n < moments.n; n += 37) {
    CHECK(language_sound_read(&ctx, part, sound, words, n) == BASE_OK);
    for (size_t i = 0; i < n * LANGUAGE_OCTAVES; i++) CHECK_NEAR(part[i], whole[i], 1e-4);
  }
  free(words), free(whole), free(part);
  base_array_clear(&moments);
  language_sound_free(sound);
  language_model_free(model);
}

static void other_files_are_refused(void) {
  BaseContext ctx = {0};
  LanguageModel *model = small_language();
  LanguageSound *sound = NULL;
  LmmSounds sounds = some_sounds(), back;
  char path[512];
  snprintf(path, sizeof path, "%s", check_temporary("sounds.pack"));
  CHECK(lmm_sounds_write(&ctx, &sounds, path) == BASE_OK && lmm_sounds_read(&ctx, &back, path) == BASE_OK);
  CHECK(back.ends.n == sounds.ends.n && back.moments.n == sounds.moments.n &&
        memcmp(back.moments.items, sounds.moments.items, back.moments.n * sizeof *back.moments.items) == 0);
  CHECK(language_sound_load(&ctx, &sound, model, path) == BASE_BAD_FILE && !sound && strstr(ctx.sentence, "language of sound"));
  lmm_sounds_clear(&sounds);
  lmm_sounds_clear(&back);
  language_model_free(model);
}

CHECK_MAIN({CASE(notes_come_back_from_moments)}, {CASE(a_moment_moves_with_its_keys)}, {CASE(words_tell_notes)},
           {CASE(an_octave_higher_is_the_same_word)}, {CASE(a_book_wants_enough_to_read)},
           {CASE(the_trunk_learns_without_changing)}, {CASE(a_tune_is_likelier_than_its_moments)},
           {CASE(the_own_weights_know_sound)}, {CASE(another_language_is_told)}, {CASE(reading_looks_back_only)}, {CASE(other_files_are_refused)})
