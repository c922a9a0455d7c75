/* An example is a stretch of a dream moved to another key and said in the words of the book.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_speech.h"

#include <stdio.h>
#include <string.h>

enum { FIELDS = 2 * LANGUAGE_OCTAVES + 1, BOOK_SAMPLE = 100000, BOOK_ROUNDS = 12, LOWEST_MOVE = -6, MOVES = 13 };

/* What examples are drawn from; the field's user. */
typedef struct {
  const LmmSounds *sounds;
  const LanguageBook *book;
  int moments;
  bool validation;
} Drawn;

/* ---- examples ---- */

static size_t draw_dream(const LmmSounds *sounds, BaseRng *rng) {
  size_t number;
  do number = base_rng_below(rng, (uint32_t)sounds->ends.n);
  while (lmm_sounds_validates(number));
  return number;
}

static const LanguageMoment *stretch(size_t *n, const Drawn *drawn, uint64_t index, BaseRng *rng) {
  const LmmSounds *s = drawn->sounds;
  size_t number = drawn->validation ? lmm_sounds_validation(index % lmm_sounds_to_validate(s)) : draw_dream(s, rng);
  size_t begin = number ? s->ends.items[number - 1] : 0, length = s->ends.items[number] - begin;
  size_t room = length > (size_t)drawn->moments ? length - (size_t)drawn->moments : 0;
  size_t at = base_rng_below(rng, (uint32_t)room + 1);
  *n = length - at < (size_t)drawn->moments ? length - at : (size_t)drawn->moments;
  return s->moments.items + begin + at;
}

static BaseStatus draw(BaseContext *ctx, void *user, float *const *places, uint64_t index, BaseRng *rng) {
  (void)ctx;
  const Drawn *drawn = user;
  size_t n = 0;
  const LanguageMoment *moments = stretch(&n, drawn, index, rng);
  const int semitones = drawn->validation ? 0 : LOWEST_MOVE + (int)base_rng_below(rng, MOVES);
  for (size_t t = 0; t < (size_t)drawn->moments; t++) {
    LanguageMoment moment = t < n ? moments[t] : (LanguageMoment){0};
    language_moment_move(&moment, semitones);
    const LanguageWords said = language_book_say(drawn->book, &moment);
    for (int octave = 0; octave < LANGUAGE_OCTAVES; octave++) {
      float word = t < n ? said.word[octave] : -1;
      places[LANGUAGE_OCTAVES + octave][t] = word;
      if (t == 0) places[octave][0] = -1;
      if (t + 1 < (size_t)drawn->moments) places[octave][t + 1] = word;
    }
  }
  return BASE_OK;
}

/* ---- learning ---- */

static LmmSpeechParams with_defaults(LmmSpeechParams p) {
  if (p.words <= 0) p.words = 256;
  if (p.steps <= 0) p.steps = 2000;
  if (p.validate_every <= 0) p.validate_every = 200;
  if (p.batch <= 0) p.batch = 16;
  if (p.moments <= 0) p.moments = 256;
  if (!(p.rate > 0)) p.rate = 3e-3F;
  return p;
}

static void list_fields(LmmField fields[FIELDS], const NnNet *net, const LanguageSoundTensors *t) {
  for (int octave = 0; octave < LANGUAGE_OCTAVES; octave++) {
    fields[octave] = (LmmField){t->before[octave], nn_net_shape(net, t->before[octave])};
    fields[LANGUAGE_OCTAVES + octave] = (LmmField){t->now[octave], nn_net_shape(net, t->now[octave])};
  }
  fields[FIELDS - 1] = (LmmField){t->kind, nn_net_shape(net, t->kind)};
}

static BaseStatus teach(BaseContext *ctx, LmmReport *last, NnNet *net, const LanguageSoundTensors *tensors,
                        const LmmSounds *sounds, const LanguageBook *book, const LmmSpeechParams *p) {
  LmmField fields[FIELDS];
  list_fields(fields, net, tensors);
  Drawn drawn[2] = {{sounds, book, p->moments, false}, {sounds, book, p->moments, true}};
  const LmmSource sources[2] = {{fields, FIELDS, draw, &drawn[0]}, {fields, FIELDS, draw, &drawn[1]}};
  const LmmTrainParams train = {.optim = {.rate = p->rate, .average = 0.99F, .warm_up = p->steps < 1000 ? p->steps / 10 : 100,
                                          .steps = p->steps, .decay = 0.02F},
                                .type = p->type,
                                .validate_every = p->validate_every,
                                .validation_batches = 2,
                                .loaders = 1,
                                .checkpoint = p->checkpoint,
                                .report = p->report,
                                .user = p->user};
  return lmm_train(ctx, last, net, &sources[0], &sources[1], &train);
}

/* ---- the file ---- */

static BaseStatus add_own(BaseContext *ctx, BasePackWriter *writer, const NnNet *net) {
  BaseStatus status = BASE_OK;
  for (int i = 0; i < nn_net_parameter_count(net) && status == BASE_OK; i++) {
    const NnParameter *p = nn_net_parameter(net, i);
    char name[LANGUAGE_SOUND_NAME_SIZE];
    uint64_t shape[4] = {0};
    if (!language_sound_tensor(name, shape, p)) continue;
    status = base_pack_add_floats(ctx, writer, name, BASE_F16, p->rank, shape, nn_net_values_const(net) + p->offset);
  }
  return status;
}

static BaseStatus write_own(BaseContext *ctx, const NnNet *net, const LanguageBook *book, const LmmReport *last, const char *path) {
  BasePackWriter *writer = base_pack_writer_new();
  char numbers[2][32], trunk[BASE_HASH_SIZE];
  language_sound_trunk(trunk, net);
  snprintf(numbers[0], sizeof numbers[0], "%llu", (unsigned long long)ctx->seed);
  snprintf(numbers[1], sizeof numbers[1], "%.5f", last->best_loss);
  const char *const texts[][2] = {{"kind", LANGUAGE_SOUND_KIND},
                                  {"origin", "triptych-train audio, from dreams as the program hears them"},
                                  {"trunk", trunk},
                                  {"seed", numbers[0]},
                                  {"training.validation_loss", numbers[1]}};
  BaseStatus status = writer ? BASE_OK : base_fail_memory(ctx);
  for (size_t i = 0; i < sizeof texts / sizeof *texts && status == BASE_OK; i++)
    status = base_pack_add_text(ctx, writer, texts[i][0], texts[i][1]);
  if (status == BASE_OK) status = language_book_save(ctx, writer, book);
  if (status == BASE_OK) status = add_own(ctx, writer, net);
  if (status == BASE_OK) status = base_pack_write(ctx, writer, path);
  base_pack_writer_free(writer);
  return status;
}

/* ---- all of it ---- */

static bool take_training(LanguageMoments *moments, const LmmSounds *sounds) {
  bool fine = base_array_reserve(moments, sounds->moments.n + 1);
  for (size_t i = 0, begin = 0; fine && i < sounds->ends.n; begin = sounds->ends.items[i++]) {
    size_t n = sounds->ends.items[i] - begin;
    if (lmm_sounds_validates(i)) continue;
    memcpy(moments->items + moments->n, sounds->moments.items + begin, n * sizeof *moments->items);
    moments->n += n;
  }
  return fine;
}

/* From dreams that are trained on. */
static BaseStatus learn_book(BaseContext *ctx, LanguageBook *book, const LmmSounds *sounds, int words) {
  LanguageMoments moments = {0};
  if (!lmm_sounds_to_validate(sounds)) return base_fail(ctx, BASE_BAD_INPUT, "Ten dreams are needed at least.");
  BaseStatus status = take_training(&moments, sounds) ? BASE_OK : base_fail_memory(ctx);
  if (status == BASE_OK) status = language_book_learn(ctx, book, &moments, words, BOOK_SAMPLE, BOOK_ROUNDS);
  base_array_clear(&moments);
  return status;
}

static BaseStatus make_net(BaseContext *ctx, NnNet *net, LanguageSoundTensors *tensors, const LmmSpeechParams *p) {
  BaseStatus status = language_sound_net_build(ctx, tensors, net, language_model_size(p->language), p->words, p->batch, p->moments);
  if (status == BASE_OK && p->trunk != LMM_TRUNK_NEW) status = language_sound_share(ctx, net, p->language);
  if (status == BASE_OK && p->trunk == LMM_TRUNK_KEPT) {
    nn_net_freeze(net, "*", true);
    nn_net_freeze(net, "sound.*", false);
  }
  return status;
}

BaseStatus lmm_speech_train(BaseContext *ctx, LmmReport *last, const LmmSounds *sounds, const LmmSpeechParams *params) {
  BaseContext nobody = {0};
  LmmSpeechParams p = with_defaults(*params);
  if (!ctx) ctx = &nobody;
  LmmReport own = {0};
  LanguageSoundTensors tensors;
  LanguageBook *book = malloc(sizeof *book);
  NnNet *net = nn_net_new(ctx->seed);
  BaseStatus status = book && net ? learn_book(ctx, book, sounds, p.words) : base_fail_memory(ctx);
  if (status == BASE_OK) status = make_net(ctx, net, &tensors, &p);
  if (status == BASE_OK) {
    status = teach(ctx, &own, net, &tensors, sounds, book, &p);
    BaseContext quiet = {.seed = ctx->seed};
    if ((status == BASE_OK || status == BASE_CANCELLED) && p.weights && own.best_step > 0 && p.trunk == LMM_TRUNK_KEPT) {
      BaseStatus written = write_own(&quiet, net, book, &own, p.weights);
      if (status == BASE_OK) status = base_context_join(ctx, &quiet, written);
    }
  }
  if (last) *last = own;
  nn_net_free(net);
  free(book);
  return status;
}
