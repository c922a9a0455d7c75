/* triptych-train: dreams and trains the networks whose weights the program ships.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_cleaner.h"
#include "core/lmm/lmm_hearing.h"
#include "core/lmm/lmm_language.h"
#include "core/lmm/lmm_proof.h"
#include "core/lmm/lmm_speech.h"
#include "core/nn/nn_weights.h"
#include "core/piano/piano_soundfont.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MOST_INPUTS = 64 };

/* What the command line may say; every lesson looks at what concerns it. */
typedef struct {
  const char *weights, *start, *checkpoint, *samples, *cache;
  double rate;
  long steps, count, first, batch, frames, pool, reuse, dreamers, seed, threads, width, layers, heads, every;
  bool f32, validation, tuned, apart;
  const char *inputs[MOST_INPUTS];
  size_t n_inputs;
} Options;

static atomic_bool cancelled;

static void on_interrupt(int number) {
  (void)number;
  atomic_store(&cancelled, true);
}

static int usage(void) {
  fputs(
      "usage: triptych-train hearing -o WEIGHTS [--samples FOLDER] [--steps N] [--batch N] [--frames N] [--pool N]\n"
      "                              [--reuse N] [--dreamers N] [--rate R] [--seed N] [--threads N] [--start WEIGHTS]\n"
      "                              [--checkpoint FILE] [--f32] FOLDER…\n"
      "       triptych-train dreams -o FOLDER [--samples FOLDER] [--count N] [--seed N] FOLDER…\n"
      "       triptych-train sounds -o FILE [--samples FOLDER] [--count N] [--seed N] FOLDER…, for audio\n"
      "       triptych-train audio -o WEIGHTS [--steps N] [--batch N] [--frames N] [--rate R] [--every N] [--seed N]\n"
      "                              [--start LANGUAGE] [--checkpoint FILE] [--f32] [--tuned|--apart] SOUNDS\n"
      "       triptych-train piano -o WEIGHTS [--threads N] SOUNDFONT\n"
      "       triptych-train language -o WEIGHTS [--cache FILE] [--steps N] [--batch N] [--frames N] [--width N] [--layers N]\n"
      "                              [--heads N] [--rate R] [--every N] [--seed N] [--threads N] [--start WEIGHTS]\n"
      "                              [--checkpoint FILE] [--f32] FOLDER…\n"
      "       triptych-train proof -o WEIGHTS [--cache FILE] [--steps N] [--batch N] [--rate R] [--seed N] [--threads N]\n"
      "                              [--checkpoint FILE] [--f32] FOLDER…\n"
      "       triptych-train cleaner -o WEIGHTS [--cache FILE] [--steps N] [--batch N] [--rate R] [--seed N] [--threads N]\n"
      "                              [--checkpoint FILE] [--f32] FOLDER…\n"
      "       triptych-train language-examples -o FILE [--cache FILE] [--first N] [--count N] [--frames N] [--seed N]\n"
      "                              [--validation] FOLDER…, and proof-examples alike: what a training would be shown,\n"
      "                              laid flat for tools/twin.py\n"
      "FOLDER…: MIDI and MusicXML files to dream from, freely usable ones for weights that are to be shipped.\n"
      "--frames: steps of 20 ms an example; of the language, notes.\n"
      "--heads: attention in the place of recurrence; only to compare, such a language does not read.\n"
      "--tuned, --apart: with the trunk of the language tuned, or the same net from nothing; only to compare.\n"
      "--samples: a piano recorded note by note, in files named like D#4v10.mp3.\n"
      "--cache: the pieces of the folders once they are read, so that another training need not read them again.\n",
      stderr);
  return 2;
}

/* False for a word that is no option, or one without its value. */
static bool take_option(Options *o, int *at, int argc, char **argv) {
  const struct {
    const char *name;
    const char **text;
    long *whole;
    double *number;
  } known[] = {{"-o", .text = &o->weights},
               {"--start", .text = &o->start},
               {"--checkpoint", .text = &o->checkpoint},
               {"--steps", .whole = &o->steps},
               {"--batch", .whole = &o->batch},
               {"--frames", .whole = &o->frames},
               {"--pool", .whole = &o->pool},
               {"--reuse", .whole = &o->reuse},
               {"--dreamers", .whole = &o->dreamers},
               {"--seed", .whole = &o->seed},
               {"--threads", .whole = &o->threads},
               {"--samples", .text = &o->samples},
               {"--cache", .text = &o->cache},
               {"--width", .whole = &o->width},
               {"--layers", .whole = &o->layers},
               {"--heads", .whole = &o->heads},
               {"--count", .whole = &o->count},
               {"--first", .whole = &o->first},
               {"--every", .whole = &o->every},
               {"--rate", .number = &o->rate}};
  if (strcmp(argv[*at], "--f32") == 0) return o->f32 = true;
  if (strcmp(argv[*at], "--tuned") == 0) return o->tuned = true;
  if (strcmp(argv[*at], "--apart") == 0) return o->apart = true;
  if (strcmp(argv[*at], "--validation") == 0) return o->validation = true;
  for (size_t i = 0; i < sizeof known / sizeof *known && *at + 1 < argc; i++) {
    if (strcmp(argv[*at], known[i].name) != 0) continue;
    const char *value = argv[++*at];
    if (known[i].text) *known[i].text = value;
    if (known[i].whole) *known[i].whole = atol(value);
    if (known[i].number) *known[i].number = atof(value);
    return true;
  }
  return false;
}

static bool take_options(Options *o, int argc, char **argv) {
  for (int i = 2; i < argc; i++) {
    if (argv[i][0] == '-') {
      if (!take_option(o, &i, argc, argv)) return false;
    } else if (o->n_inputs < MOST_INPUTS) {
      o->inputs[o->n_inputs++] = argv[i];
    }
  }
  return o->weights && o->n_inputs;
}

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash && slash[1] ? slash + 1 : path;
}

static BaseStatus open_library(BaseContext *ctx, LmmLibrary **library, const Options *o) {
  BaseStatus status = lmm_library_open(ctx, library, o->inputs, o->n_inputs);
  if (status == BASE_OK)
    printf("%zu pieces to dream from, %zu to validate on\n", lmm_library_pieces(*library, false),
           lmm_library_pieces(*library, true));
  return status;
}

static void report(void *user, const LmmReport *now) {
  (void)user;
  printf("%7.0f s  step %ld of %ld  loss %.5f  validation %.5f  best %.5f at %ld\n", now->seconds, now->step,
         now->steps, now->training_loss, now->validation_loss, now->best_loss, now->best_step);
  fflush(stdout);
}

/* Every ten seconds a line of what is being done. */
static void show_progress(void *user, double fraction, const char *what) {
  time_t *told = user, now = time(NULL);
  if (now < *told + 10) return;
  *told = now;
  fprintf(stderr, "%5.1f %%  %s\n", 100 * fraction, what);
}

/* ---- hearing: the network ---- */

static BaseStatus train_hearing(BaseContext *ctx, const Options *o) {
  LmmHearingParams params = {.type = o->f32 ? NN_F32 : NN_BF16,
                             .steps = o->steps,
                             .batch = (int)o->batch,
                             .frames = (int)o->frames,
                             .pool = (int)o->pool,
                             .reuse = (int)o->reuse,
                             .dreamers = (int)o->dreamers,
                             .rate = (float)o->rate,
                             .weights = o->weights,
                             .start = o->start,
                             .checkpoint = o->checkpoint,
                             .report = report};
  LmmLibrary *library = NULL;
  LmmInstruments *instruments = lmm_instruments_new(o->samples);
  BaseStatus status = instruments ? open_library(ctx, &library, o) : base_fail_memory(ctx);
  if (status == BASE_OK) status = lmm_hearing_train(ctx, NULL, library, instruments, &params);
  lmm_library_free(library);
  lmm_instruments_free(instruments);
  return status;
}

/* ---- dreams: to listen to, and to measure on ---- */

static BaseStatus write_dream(BaseContext *ctx, const char *folder, long number, const LmmLibrary *library,
                              LmmInstruments *instruments) {
  BaseRng rng = base_rng(ctx->seed, (uint64_t)number);
  Motion *motion = NULL;
  DspAudio *sound = NULL;
  char path[4096];
  BaseStatus status = lmm_dream_motion(ctx, &motion, library, &rng, 30, true);
  if (status == BASE_OK) status = lmm_dream_sound(ctx, &sound, motion, instruments, &rng);
  snprintf(path, sizeof path, "%s/dream-%03ld", folder, number);
  mkdir(path, 0777);
  snprintf(path, sizeof path, "%s/dream-%03ld/audio.flac", folder, number);
  if (status == BASE_OK) status = dsp_audio_write(ctx, sound, path);
  snprintf(path, sizeof path, "%s/dream-%03ld/notes.csv", folder, number);
  if (status == BASE_OK) status = motion_write_csv(ctx, motion, path);
  motion_free(motion);
  dsp_audio_free(sound);
  return status;
}

static BaseStatus train_dreams(BaseContext *ctx, const Options *o) {
  LmmLibrary *library = NULL;
  LmmInstruments *instruments = lmm_instruments_new(o->samples);
  BaseStatus status = instruments ? open_library(ctx, &library, o) : base_fail_memory(ctx);
  mkdir(o->weights, 0777);
  for (long i = 0; status == BASE_OK && i < (o->count > 0 ? o->count : 10); i++)
    status = write_dream(ctx, o->weights, i, library, instruments);
  lmm_library_free(library);
  lmm_instruments_free(instruments);
  return status;
}

/* ---- sounds: what is heard in dreams, to learn from what music sounds like ---- */

enum { SOUNDS_KEPT = 10 /* dreams until the file is written again */ };

static BaseStatus train_sounds(BaseContext *ctx, const Options *o) {
  LmmLibrary *library = NULL;
  LmmSounds sounds = {0};
  const size_t count = o->count > 0 ? (size_t)o->count : 400;
  LmmInstruments *instruments = lmm_instruments_new(o->samples);
  BaseStatus status = instruments ? open_library(ctx, &library, o) : base_fail_memory(ctx);
  if (status == BASE_OK && access(o->weights, F_OK) == 0) status = lmm_sounds_read(ctx, &sounds, o->weights);
  while (status == BASE_OK && sounds.ends.n < count) {
    const size_t next = sounds.ends.n + SOUNDS_KEPT < count ? sounds.ends.n + SOUNDS_KEPT : count;
    status = lmm_sounds_dream(ctx, &sounds, library, instruments, next);
    if (status == BASE_OK) status = lmm_sounds_write(ctx, &sounds, o->weights);
  }
  lmm_sounds_clear(&sounds);
  lmm_library_free(library);
  lmm_instruments_free(instruments);
  return status;
}

/* ---- audio: what music sounds like ---- */

static BaseStatus train_audio(BaseContext *ctx, const Options *o) {
  LmmSounds sounds = {0};
  LanguageModel *language = NULL;
  LmmSpeechParams params = {.trunk = o->apart ? LMM_TRUNK_NEW : o->tuned ? LMM_TRUNK_TUNED : LMM_TRUNK_KEPT,
                            .type = o->f32 ? NN_F32 : NN_BF16,
                            .steps = o->steps,
                            .batch = (int)o->batch,
                            .moments = (int)o->frames,
                            .rate = (float)o->rate,
                            .weights = o->weights,
                            .checkpoint = o->checkpoint,
                            .validate_every = o->every,
                            .report = report};
  BaseStatus status = lmm_sounds_read(ctx, &sounds, o->inputs[0]);
  if (status == BASE_OK) status = language_model_load(ctx, &language, o->start);
  params.language = language;
  if (status == BASE_OK) printf("%zu dreams, %zu moments\n", sounds.ends.n, sounds.moments.n);
  if (status == BASE_OK) status = lmm_speech_train(ctx, NULL, &sounds, &params);
  language_model_free(language);
  lmm_sounds_clear(&sounds);
  return status;
}

/* ---- piano: the reference instrument from a soundfont ---- */

static BaseStatus train_piano(BaseContext *ctx, const Options *o) {
  PianoModel model = piano_model_default();
  PianoSoundfontScore score;
  char origin[200];
  BaseStatus status = piano_learn_soundfont(ctx, &model, &score, o->inputs[0]);
  if (status != BASE_OK) return status;
  snprintf(origin, sizeof origin,
           "triptych-train piano %.80s; %.2f dB from it on what was held out (formulas: %.2f)",
           base_name(o->inputs[0]), score.after_db, score.before_db);
  printf("%s\n", origin);
  return piano_model_save(ctx, &model, BASE_F16, origin, o->weights);
}

/* ---- language: what music is like ---- */

/* Scores as they are written and as invented players play them, also through the ears of a transcriber; MIDI files as
 * they were played at a keyboard. */
static int list_tongues(LmmTongue *tongues, const LmmCorpus *scores, const LmmCorpus *played) {
  const LmmErrors errors = lmm_errors(0.12);
  int n = 0;
  if (scores->pieces.n) {
    tongues[n++] = (LmmTongue){.corpus = scores, .express = true, .code = {LANGUAGE_PLAYED_SCORE, LANGUAGE_CLEAN}, .share = 0.45};
    tongues[n++] = (LmmTongue){.corpus = scores, .express = true, .errors = errors,
                               .code = {LANGUAGE_PLAYED_SCORE, LANGUAGE_HEARD}, .share = 0.05};
    tongues[n++] = (LmmTongue){.corpus = scores, .written = true, .code = {LANGUAGE_WRITTEN, LANGUAGE_CLEAN}, .share = 0.2};
  }
  if (played->pieces.n) {
    tongues[n++] = (LmmTongue){.corpus = played, .code = {LANGUAGE_POPULAR, LANGUAGE_CLEAN}, .share = 0.12};
    tongues[n++] = (LmmTongue){.corpus = played, .errors = errors, .code = {LANGUAGE_POPULAR, LANGUAGE_HEARD}, .share = 0.03};
  }
  return n;
}

static BaseStatus train_tongues(BaseContext *ctx, const Options *o, const LmmTongue *tongues, int n) {
  LmmLanguageParams params = {.size = {.width = (int)o->width, .layers = (int)o->layers, .heads = (int)o->heads},
                              .tongues = tongues,
                              .n_tongues = n,
                              .type = o->f32 ? NN_F32 : NN_BF16,
                              .steps = o->steps,
                              .validate_every = o->every,
                              .batch = (int)o->batch,
                              .notes = (int)o->frames,
                              .rate = (float)o->rate,
                              .weights = o->weights,
                              .checkpoint = o->checkpoint,
                              .origin = "triptych-train language, from scores and MIDI files",
                              .report = report};
  NnNet *net = NULL;
  LanguageTensors tensors;
  BaseStatus status = lmm_language_net(ctx, &net, &tensors, &params);
  if (status == BASE_OK && o->start) status = nn_weights_read(ctx, net, o->start);
  if (status == BASE_OK) status = lmm_language_train(ctx, NULL, net, &tensors, &params);
  nn_net_free(net);
  return status;
}

typedef BaseStatus (*TonguesFn)(BaseContext *ctx, const Options *o, const LmmTongue *tongues, int n);

static BaseStatus with_tongues(BaseContext *ctx, const Options *o, TonguesFn use) {
  LmmCorpus *all = NULL;
  BaseStatus status = lmm_corpus_open(ctx, &all, o->inputs, o->n_inputs, o->cache);
  if (status != BASE_OK) return status;
  LmmCorpus *kinds[2] = {0};
  LmmTongue tongues[LMM_MOST_TONGUES];
  status = lmm_corpus_split(ctx, kinds, all);
  if (status == BASE_OK) {
    printf("%zu scores, %zu performances; %zu notes to learn from\n", kinds[0]->pieces.n, kinds[1]->pieces.n,
           lmm_corpus_notes(kinds[0], LMM_TRAINING) + lmm_corpus_notes(kinds[1], LMM_TRAINING));
    status = use(ctx, o, tongues, list_tongues(tongues, kinds[0], kinds[1]));
  }
  for (int i = 0; i < 2; i++) lmm_corpus_free(kinds[i]);
  return status;
}

static BaseStatus train_language(BaseContext *ctx, const Options *o) {
  return with_tongues(ctx, o, train_tongues);
}

/* ---- examples for a twin of the net elsewhere ---- */

enum { BLOCK = 256 };

/* Draws `count` examples of `size` numbers from `first` on into out. */
typedef struct {
  const LmmTongue *tongues; /* null: of the proof-reader */
  int n_tongues;
  const LmmCorpus *corpus;
  int notes;
  size_t size;
} Shown;

static BaseStatus draw_block(BaseContext *ctx, int16_t *out, const Shown *shown, LmmSide side, uint64_t first, size_t count) {
  return shown->tongues ? lmm_language_examples(ctx, out, shown->tongues, shown->n_tongues, shown->notes, side, first, count)
                        : lmm_proof_examples(ctx, out, shown->corpus, shown->notes, side, first, count);
}

static BaseStatus write_examples(BaseContext *ctx, const Options *o, const Shown *shown) {
  FILE *file = fopen(o->weights, "wb");
  int16_t *block = malloc(BLOCK * shown->size * sizeof *block);
  BaseStatus status = !file ? base_fail(ctx, BASE_UNREADABLE, "“%s” can't be written.", o->weights)
                      : block ? BASE_OK : base_fail_memory(ctx);
  for (long done = 0, now; done < o->count && status == BASE_OK; done += now) {
    now = o->count - done < BLOCK ? o->count - done : BLOCK;
    status = draw_block(ctx, block, shown, o->validation ? LMM_VALIDATION : LMM_TRAINING, (uint64_t)(o->first + done), (size_t)now);
    if (status == BASE_OK && fwrite(block, shown->size * sizeof *block, (size_t)now, file) != (size_t)now)
      status = base_fail(ctx, BASE_UNREADABLE, "“%s” can't be written to its end.", o->weights);
  }
  free(block);
  if (file) fclose(file);
  return status;
}

static BaseStatus write_tongues(BaseContext *ctx, const Options *o, const LmmTongue *tongues, int n) {
  int notes = o->frames > 0 ? (int)o->frames : 256;
  return write_examples(ctx, o, &(Shown){.tongues = tongues, .n_tongues = n, .notes = notes, .size = lmm_example_size(notes)});
}

static BaseStatus write_language_examples(BaseContext *ctx, const Options *o) {
  return with_tongues(ctx, o, write_tongues);
}

static BaseStatus write_proof_examples(BaseContext *ctx, const Options *o) {
  LmmCorpus *corpus = NULL;
  int notes = o->frames > 0 ? (int)o->frames : 512;
  BaseStatus status = lmm_corpus_open(ctx, &corpus, o->inputs, o->n_inputs, o->cache);
  if (status == BASE_OK)
    status = write_examples(ctx, o, &(Shown){.corpus = corpus, .notes = notes, .size = (size_t)notes * (LANGUAGE_FIELDS + 1)});
  lmm_corpus_free(corpus);
  return status;
}

/* ---- proof: who finds wrong notes ---- */

static BaseStatus train_proof(BaseContext *ctx, const Options *o) {
  LmmCorpus *corpus = NULL;
  LmmProofParams params = {.steps = o->steps,
                           .batch = (int)o->batch,
                           .rate = (float)o->rate,
                           .type = o->f32 ? NN_F32 : NN_BF16,
                           .weights = o->weights,
                           .checkpoint = o->checkpoint,
                           .report = report};
  BaseStatus status = lmm_corpus_open(ctx, &corpus, o->inputs, o->n_inputs, o->cache);
  if (status == BASE_OK) status = lmm_proof_train(ctx, NULL, corpus, &params);
  lmm_corpus_free(corpus);
  return status;
}

/* ---- cleaner: what of a recording was never played ---- */

static BaseStatus train_cleaner(BaseContext *ctx, const Options *o) {
  LmmCorpus *kinds[2] = {0}, *corpus = NULL;
  const LmmCleanerParams params = {.steps = o->steps,
                                   .batch = (int)o->batch,
                                   .notes = (int)o->frames,
                                   .rate = (float)o->rate,
                                   .validate_every = o->every,
                                   .type = o->f32 ? NN_F32 : NN_BF16,
                                   .weights = o->weights,
                                   .checkpoint = o->checkpoint,
                                   .report = report};
  BaseStatus status = lmm_corpus_open(ctx, &corpus, o->inputs, o->n_inputs, o->cache);
  if (status == BASE_OK) status = lmm_corpus_split(ctx, kinds, corpus);
  if (status == BASE_OK) status = lmm_cleaner_train(ctx, NULL, kinds[0], &params);
  for (int k = 0; k < 2; k++) lmm_corpus_free(kinds[k]);
  return status;
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    BaseStatus (*train)(BaseContext *ctx, const Options *o);
  } lessons[] = {{"hearing", train_hearing}, {"dreams", train_dreams}, {"sounds", train_sounds}, {"audio", train_audio}, {"piano", train_piano}, {"language", train_language},
                 {"language-examples", write_language_examples}, {"proof", train_proof}, {"cleaner", train_cleaner}, {"proof-examples", write_proof_examples}};
  Options options = {.seed = 1, .threads = 2};
  if (argc < 3 || !take_options(&options, argc, argv)) return usage();
  for (size_t i = 0; i < sizeof lessons / sizeof *lessons; i++) {
    if (strcmp(argv[1], lessons[i].name) != 0) continue;
    signal(SIGINT, on_interrupt);
    time_t told = time(NULL);
    BaseContext ctx = {.progress = show_progress, .user = &told, .cancel = &cancelled, .threads = (int)options.threads, .seed = (uint64_t)options.seed};
    BaseStatus status = lessons[i].train(&ctx, &options);
    if (status != BASE_OK) fprintf(stderr, "%s\n", ctx.sentence);
    return status == BASE_OK ? 0 : status == BASE_CANCELLED ? 3 : 1;
  }
  return usage();
}
