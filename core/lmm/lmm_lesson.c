/* Where a score tells nothing, the network's own answers from before are the target (learning without forgetting: Li &
 * Hoiem 2016), mixed with labels as far as these are believed. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_lesson.h"

#include "core/lmm/lmm_dream.h"
#include "core/lmm/lmm_shelf.h"
#include "core/lmm/lmm_train.h"

#include <math.h>

enum {
  KEYS = MOTION_KEYS,
  ROW = FEATURES_BINS * FEATURES_CHANNELS,
  FRAMES = LMM_LESSON_FRAMES,
  FIELDS = TRANSCRIPTION_HEADS + 3,
  RINGS = 8 /* frames that a string surely sounds on */
};

static const float an_onset = 0.3F;

BaseStatus lmm_lesson_net(BaseContext *ctx, NnNet **out, TranscriptionTensors *tensors, int batch) {
  NnNet *net = nn_net_new(0);
  BaseStatus status = net ? transcription_net_build(ctx, tensors, net, batch, FRAMES, true) : base_fail_memory(ctx);
  if (status == BASE_OK) {
    nn_net_freeze(net, "*", true);
    *out = net;
  } else {
    nn_net_free(net);
  }
  return status;
}

/* ---- dreams ---- */

BaseStatus lmm_dream_make(BaseContext *ctx, LmmDream *out, LmmInstruments *instruments, const NnNet *net, uint64_t number,
                          double seconds) {
  BaseRng rng = base_rng(ctx->seed, number);
  LmmLibrary *nothing = NULL;
  DspAudio *sound = NULL;
  *out = (LmmDream){0};
  BaseStatus status = lmm_library_open(ctx, &nothing, NULL, 0);
  if (status == BASE_OK) status = lmm_dream_motion(ctx, &out->motion, nothing, &rng, seconds, false);
  if (status == BASE_OK) status = lmm_dream_sound(ctx, &sound, out->motion, instruments, &rng);
  if (status == BASE_OK) status = lmm_recording_of(ctx, &out->recording, sound);
  if (status == BASE_OK && net) status = lmm_answers_of(ctx, &out->answers, net, &out->recording);
  dsp_audio_free(sound);
  lmm_library_free(nothing);
  return status;
}

void lmm_dream_clear(LmmDream *dream) {
  motion_free(dream->motion);
  lmm_recording_clear(&dream->recording);
  lmm_answers_clear(&dream->answers);
  *dream = (LmmDream){0};
}

/* ---- examples ---- */

/* One example as the net takes it, in the order of fields. */
typedef struct {
  float *features, *heads[TRANSCRIPTION_HEADS], *near_onset, *pedal;
} Example;

/* Sound and the answers of the network so far as its targets. */
static void put_answers(const Example *to, const LmmRecording *recording, const LmmAnswers *answers, size_t start,
                        size_t frames) {
  const size_t cells = frames * KEYS, first = start * KEYS;
  for (size_t i = 0; i < frames * ROW; i++)
    to->features[i] = (float)recording->features[start * ROW + i] / LMM_SHELF_LEVELS;
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++)
    for (size_t i = 0; i < cells; i++) to->heads[h][i] = answers->heads[h][first + i] / 65535.0F;
  for (size_t i = 0; i < cells; i++) to->near_onset[i] = to->heads[HEAD_ONSET][i] > an_onset;
  for (size_t t = 0; t < frames; t++) to->pedal[t] = answers->pedal[start + t] / 65535.0F;
}

/* What has begun goes on for a moment. */
static void let_ring(const Example *to, size_t t, int key, size_t frames) {
  const float onset = to->heads[HEAD_ONSET][t * KEYS + (size_t)key];
  for (size_t i = t; onset > 0.6F && i < t + RINGS && i < frames; i++) {
    float *sounding = &to->heads[HEAD_SOUNDING][i * KEYS + (size_t)key];
    *sounding = fmaxf(*sounding, onset);
  }
}

/* Labels over the answers, as far as they are believed. */
static void put_labels(const Example *to, const LmmLesson *lesson, size_t start, size_t frames) {
  const LmmLabels *labels = lesson->labels;
  for (size_t t = 0; t < frames; t++) {
    const float trust = lesson->trust[start + t] / 255.0F;
    for (size_t key = 0; trust > 0 && key < KEYS; key++) {
      float *onset = &to->heads[HEAD_ONSET][t * KEYS + key];
      const size_t at = (start + t) * KEYS + key;
      if (labels->known[at]) *onset += trust * (labels->onset[at] / 255.0F - *onset);
      let_ring(to, t, (int)key, frames);
    }
  }
}

/* Half of the examples lie around trusted places, the others anywhere. */
static size_t draw_start(const LmmLesson *lesson, BaseRng *rng) {
  const size_t frames = lesson->recording->frames, last = frames > FRAMES ? frames - FRAMES : 0;
  if (!lesson->n_middles || base_rng_uniform(rng) < 0.5) return base_rng_below(rng, (uint32_t)last + 1);
  const size_t middle = lesson->middles[base_rng_below(rng, (uint32_t)lesson->n_middles)];
  const double start = (double)middle - FRAMES / 2.0 + base_rng_range(rng, -FRAMES / 4.0, FRAMES / 4.0);
  return start < 0 ? 0 : start > (double)last ? last : (size_t)start;
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

static void ask_dream(const Example *to, const LmmLesson *lesson, BaseRng *rng) {
  const LmmDream *dream = &lesson->dreams[base_rng_below(rng, (uint32_t)lesson->n_dreams)];
  const size_t frames = least(dream->recording.frames, FRAMES), room = dream->recording.frames - frames;
  put_answers(to, &dream->recording, &dream->answers, base_rng_below(rng, (uint32_t)room + 1), frames);
}

static void ask_recording(const Example *to, const LmmLesson *lesson, BaseRng *rng) {
  const size_t frames = least(lesson->recording->frames, FRAMES), start = draw_start(lesson, rng);
  put_answers(to, lesson->recording, lesson->answers, start, frames);
  put_labels(to, lesson, start, frames);
}

static BaseStatus draw(BaseContext *ctx, void *user, float *const *places, uint64_t index, BaseRng *rng) {
  const LmmLesson *lesson = user;
  Example to = {.features = places[0], .near_onset = places[FIELDS - 2], .pedal = places[FIELDS - 1]};
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++) to.heads[h] = places[1 + h];
  const bool dream = (int)(index % (uint64_t)lesson->batch) < lesson->rehearsal && lesson->n_dreams;
  (dream ? ask_dream : ask_recording)(&to, lesson, rng);
  return BASE_OK;
}

BaseStatus lmm_lesson_teach(BaseContext *ctx, NnNet *net, const TranscriptionTensors *tensors, const LmmLesson *lesson,
                            const LmmLessonParams *params) {
  LmmField fields[FIELDS] = {{tensors->features, nn_net_shape(net, tensors->features)}};
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++)
    fields[1 + h] = (LmmField){tensors->targets[h], nn_net_shape(net, tensors->targets[h])};
  fields[FIELDS - 2] = (LmmField){tensors->near_onset, nn_net_shape(net, tensors->near_onset)};
  fields[FIELDS - 1] = (LmmField){tensors->pedal_target, nn_net_shape(net, tensors->pedal_target)};
  LmmSource source = {fields, FIELDS, draw, (void *)lesson};
  LmmTrainParams train = {
      .optim = {.rate = params->rate, .average = 0.98F, .warm_up = params->steps / 10, .steps = params->steps, .decay = -1},
      .type = NN_BF16,
      .validate_every = params->steps};
  return lmm_train(ctx, NULL, net, &source, NULL, &train);
}
