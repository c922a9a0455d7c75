/* One net over stretches of moments, whose trunk carries its state; behind the end of a stretch words are unknown.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_sound_net.h"

#include "core/base/base_embed.h"
#include "core/nn/nn_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

BASE_EMBEDDED_WEIGHTS(language_audio);

enum { STRETCH = 64 };

struct LanguageSound {
  NnNet *net;
  LanguageSoundTensors tensors;
  LanguageBook book;
};

void language_sound_free(LanguageSound *sound) {
  if (!sound) return;
  nn_net_free(sound->net);
  free(sound);
}

const LanguageBook *language_sound_book(const LanguageSound *sound) {
  return &sound->book;
}

/* ---- files ---- */

static BaseStatus load_own(BaseContext *ctx, NnNet *net, const BasePack *pack) {
  BaseStatus status = BASE_OK;
  for (int i = 0; i < nn_net_parameter_count(net) && status == BASE_OK; i++) {
    const NnParameter *p = nn_net_parameter(net, i);
    char name[LANGUAGE_SOUND_NAME_SIZE];
    uint64_t shape[4] = {0};
    if (!language_sound_tensor(name, shape, p)) continue;
    status = base_pack_floats(ctx, nn_net_values(net) + p->offset, pack, name, p->rank, shape);
  }
  nn_net_changed(net);
  return status;
}

static BaseStatus check_trunk(BaseContext *ctx, const NnNet *net, const BasePack *pack, const char *name) {
  char trunk[BASE_HASH_SIZE];
  const char *wanted = base_pack_text(pack, "trunk");
  language_sound_trunk(trunk, net);
  if (wanted && strcmp(wanted, trunk) == 0) return BASE_OK;
  return base_fail(ctx, BASE_VERSION, "“%s” was learned with another language than this one.", name);
}

static BaseStatus of_pack(BaseContext *ctx, LanguageSound *sound, const LanguageModel *language, const BasePack *pack,
                          const char *name) {
  const char *kind = base_pack_text(pack, "kind");
  if (!kind || strcmp(kind, LANGUAGE_SOUND_KIND) != 0)
    return base_fail(ctx, BASE_BAD_FILE, "“%s” holds weights, but not of a language of sound.", name);
  BaseStatus status = language_book_load(ctx, &sound->book, pack);
  if (status == BASE_OK)
    status = language_sound_net_build(ctx, &sound->tensors, sound->net, language_model_size(language), sound->book.words, 1, STRETCH);
  if (status == BASE_OK) status = language_sound_share(ctx, sound->net, language);
  if (status == BASE_OK) status = check_trunk(ctx, sound->net, pack, name);
  return status == BASE_OK ? load_own(ctx, sound->net, pack) : status;
}

static BaseStatus open_pack(BaseContext *ctx, BasePack **pack, const char *path) {
  if (path) return base_pack_load(ctx, pack, path);
  return base_pack_load_memory(ctx, pack, language_audio_weights, (size_t)(language_audio_weights_end - language_audio_weights),
                               "language-audio.weights");
}

BaseStatus language_sound_load(BaseContext *ctx, LanguageSound **out, const LanguageModel *language, const char *path) {
  BasePack *pack = NULL;
  LanguageSound *sound = calloc(1, sizeof *sound);
  BaseStatus status = sound && (sound->net = nn_net_new(0)) ? BASE_OK : base_fail_memory(ctx);
  if (status == BASE_OK) status = open_pack(ctx, &pack, path);
  if (status == BASE_OK) status = of_pack(ctx, sound, language, pack, path ? path : "language-audio.weights");
  base_pack_free(pack);
  if (status == BASE_OK)
    *out = sound;
  else
    language_sound_free(sound);
  return status;
}

/* ---- reading ---- */

typedef struct {
  const LanguageSound *sound;
  NnRun *run;
} Reader;

/* Words of moments [at, at + known), one later for those that are asked, −1 behind. */
static void place(const Reader *r, const LanguageWords *speech, size_t at, int known) {
  const LanguageSoundTensors *t = &r->sound->tensors;
  const NnShape shape = {1, STRETCH, 1, 1};
  float *kind = nn_run_input(r->run, t->kind, shape);
  for (int i = 0; i < STRETCH; i++) kind[i] = 0;
  for (int octave = 0; octave < LANGUAGE_OCTAVES; octave++) {
    float *before = nn_run_input(r->run, t->before[octave], shape), *now = nn_run_input(r->run, t->now[octave], shape);
    for (int i = 0; i < STRETCH; i++) {
      size_t moment = at + (size_t)i;
      before[i] = i < known && moment > 0 ? speech[moment - 1].word[octave] : -1;
      if (now) now[i] = i < known ? speech[moment].word[octave] : -1;
    }
  }
}

static double nats_of(const float *logits, int words, int word) {
  double top = -INFINITY, sum = 0;
  for (int i = 0; i < words; i++) top = fmax(top, (double)logits[i]);
  for (int i = 0; i < words; i++) sum += exp((double)logits[i] - top);
  return top + log(sum) - (double)logits[word];
}

static BaseStatus read_stretch(BaseContext *ctx, Reader *r, float *nats, const LanguageWords *speech, size_t at, int known) {
  const int words = r->sound->book.words;
  place(r, speech, at, known);
  nn_run_carry(r->run, true, 0, known);
  BaseStatus status = nn_run_forward(ctx, r->run);
  for (int octave = 0; octave < LANGUAGE_OCTAVES && status == BASE_OK; octave++) {
    const float *logits = nn_run_output(r->run, r->sound->tensors.logits[octave]);
    for (int i = 0; i < known; i++) {
      int word = speech[at + (size_t)i].word[octave];
      bool told = word >= 0 && word < words;
      nats[(at + (size_t)i) * LANGUAGE_OCTAVES + (size_t)octave] = told ? (float)nats_of(logits + i * words, words, word) : 0;
    }
  }
  return status;
}

BaseStatus language_sound_read(BaseContext *ctx, float *nats, const LanguageSound *sound, const LanguageWords *speech, size_t n) {
  Reader r = {.sound = sound};
  BaseStatus status = nn_run_new_shared(ctx, &r.run, sound->net, (NnRunParams){.carries = true});
  for (size_t at = 0; at < n && status == BASE_OK; at += STRETCH)
    status = base_cancelled(ctx) ? base_fail_cancelled(ctx)
                                 : read_stretch(ctx, &r, nats, speech, at, n - at < STRETCH ? (int)(n - at) : STRETCH);
  nn_run_free(r.run);
  return status;
}

/* ---- the score ---- */

static BaseStatus speak(BaseContext *ctx, LanguageSpeech *speech, const LanguageBook *book, const Evidence *heard) {
  LanguageMoments moments = {0};
  BaseStatus status = language_moments_of(ctx, &moments, heard);
  if (status == BASE_OK && !base_array_reserve(speech, moments.n + 1)) status = base_fail_memory(ctx);
  for (size_t t = 0; t < moments.n && status == BASE_OK; t++)
    speech->items[speech->n++] = language_book_say(book, &moments.items[t]);
  base_array_clear(&moments);
  return status;
}

BaseStatus language_sound_score(BaseContext *ctx, LanguageSoundScore *score, const LanguageSound *sound, const Evidence *heard) {
  LanguageSpeech speech = {0};
  BaseStatus status = speak(ctx, &speech, &sound->book, heard);
  float *nats = malloc((speech.n * LANGUAGE_OCTAVES + 1) * sizeof *nats);
  if (status == BASE_OK && !nats) status = base_fail_memory(ctx);
  if (status == BASE_OK) status = language_sound_read(ctx, nats, sound, speech.items, speech.n);
  if (status == BASE_OK) {
    double sum = 0;
    for (size_t i = 0; i < speech.n * LANGUAGE_OCTAVES; i++) sum += (double)nats[i];
    *score = (LanguageSoundScore){speech.n, LANGUAGE_HOPS * heard->hop_s, speech.n ? sum / (double)speech.n : 0};
  }
  free(nats);
  base_array_clear(&speech);
  return status;
}
