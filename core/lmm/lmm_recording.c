/* The same stream of windows over the network as in transcription_hear.c, over features that are kept because
 * training comes back to them. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_recording.h"

#include "core/lmm/lmm_shelf.h"
#include "core/nn/nn_stream.h"
#include "core/transcription/transcription_again.h"
#include "core/transcription/transcription_hear.h"
#include "core/transcription/transcription_peaks.h"
#include "core/transcription/transcription_together.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = MOTION_KEYS, ROW = FEATURES_BINS * FEATURES_CHANNELS, WINDOW = 500 + 2 * NET_CONTEXT, POLL = 25 };

static const double hop_s = (double)FEATURES_HOP / FEATURES_RATE_HZ;

/* ---- features ---- */

static void quantise(uint8_t *bytes, const float *features, size_t n) {
  for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)(features[i] * LMM_SHELF_LEVELS + 0.5F);
}

static BaseStatus fill(BaseContext *ctx, LmmRecording *to, DspFrames *frames, TranscriptionFeatures *features,
                       double level) {
  float row[ROW];
  const size_t most = to->frames;
  const float *window = NULL;
  for (to->frames = 0; to->frames < most && (window = dsp_frames_next(frames)); to->frames++) {
    if (to->frames % POLL == 0) {
      if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
      base_progress(ctx, (double)to->frames / (double)most, "Listening");
    }
    transcription_features_run(features, row, window, level);
    quantise(to->features + to->frames * ROW, row, ROW);
  }
  return BASE_OK;
}

static BaseStatus read_stream(BaseContext *ctx, LmmRecording *to, DspStream *stream, const TranscriptionEarParams *ear) {
  to->frames = (size_t)ceil(dsp_stream_seconds(stream) / hop_s);
  to->features = malloc(to->frames * ROW + 1);
  DspFrames *frames = dsp_frames_new(stream, FEATURES_WINDOW, FEATURES_HOP);
  TranscriptionFeatures *features = transcription_features_new(ear->tuning_cents);
  BaseStatus status = to->features && frames && features ? fill(ctx, to, frames, features, ear->level)
                                                         : base_fail_memory(ctx);
  dsp_frames_free(frames);
  transcription_features_free(features);
  return status;
}

BaseStatus lmm_recording_load(BaseContext *ctx, LmmRecording *out, const char *path) {
  LmmRecording made = {0};
  TranscriptionEarParams ear = {0};
  DspStream *stream = NULL;
  BaseStatus status = transcription_ear_prepare(ctx, &ear, path);
  if (status == BASE_OK) status = dsp_stream_open(ctx, &stream, path, FEATURES_RATE_HZ);
  if (status == BASE_OK) status = read_stream(ctx, &made, stream, &ear);
  dsp_stream_free(stream);
  if (status == BASE_OK)
    *out = made;
  else
    lmm_recording_clear(&made);
  return status;
}

BaseStatus lmm_recording_of(BaseContext *ctx, LmmRecording *out, const DspAudio *mono) {
  float *features = NULL;
  size_t frames = 0;
  BaseStatus status = transcription_features_all(ctx, &features, &frames, mono, 0);
  if (status != BASE_OK) return status;
  *out = (LmmRecording){malloc(frames * ROW + 1), frames};
  if (out->features) quantise(out->features, features, frames * ROW);
  free(features);
  return out->features ? BASE_OK : base_fail_memory(ctx);
}

void lmm_recording_clear(LmmRecording *recording) {
  free(recording->features);
  *recording = (LmmRecording){0};
}

/* ---- answers ---- */

static uint16_t probability(float logit) {
  return (uint16_t)lrintf(65535 / (1 + expf(-logit)));
}

static float logit(uint16_t probability) {
  const float p = fminf(fmaxf(probability / 65535.0F, 1e-6F), 1 - 1e-6F);
  return logf(p / (1 - p));
}

static void take(void *user, long first, int count, const float *const *outputs) {
  LmmAnswers *to = user;
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++) {
    uint16_t *cells = to->heads[h] + (size_t)first * KEYS;
    for (size_t i = 0; i < (size_t)count * KEYS; i++) cells[i] = probability(outputs[h][i]);
  }
  for (int i = 0; i < count; i++) to->pedal[first + i] = probability(outputs[TRANSCRIPTION_HEADS][i]);
}

static BaseStatus feed(BaseContext *ctx, NnStream *stream, LmmAnswers *to, const LmmRecording *recording) {
  float *rows = malloc((size_t)POLL * ROW * sizeof *rows);
  BaseStatus status = rows ? BASE_OK : base_fail_memory(ctx);
  for (size_t at = 0; status == BASE_OK && at < recording->frames; at += POLL) {
    const size_t n = recording->frames - at < POLL ? recording->frames - at : POLL;
    for (size_t i = 0; i < n * ROW; i++) rows[i] = (float)recording->features[at * ROW + i] / LMM_SHELF_LEVELS;
    base_progress(ctx, (double)at / (double)recording->frames, "Listening");
    status = base_cancelled(ctx) ? base_fail_cancelled(ctx)
                                 : nn_stream_feed(ctx, stream, rows, (int)n, at + n == recording->frames, take, to);
  }
  free(rows);
  return status;
}

/* A net for one long sequence with the values of another. */
static BaseStatus make_net(BaseContext *ctx, NnNet **out, TranscriptionTensors *tensors, const NnNet *values) {
  NnNet *net = nn_net_new(0);
  BaseStatus status = net ? transcription_net_build(ctx, tensors, net, 1, WINDOW, false) : base_fail_memory(ctx);
  if (status == BASE_OK && nn_net_size(net) != nn_net_size(values))
    status = base_fail(ctx, BASE_BAD_INPUT, "these are not the values of a network that hears");
  if (status == BASE_OK) {
    memcpy(nn_net_values(net), nn_net_values_const(values), nn_net_size(net) * sizeof(float));
    nn_net_changed(net);
    *out = net;
  } else {
    nn_net_free(net);
  }
  return status;
}

static BaseStatus make_stream(BaseContext *ctx, NnStream **out, const NnNet *net, const TranscriptionTensors *t) {
  NnVar outputs[TRANSCRIPTION_HEADS + 1];
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++) outputs[h] = t->heads[h];
  outputs[TRANSCRIPTION_HEADS] = t->pedal;
  return nn_stream_new(ctx, out, net, t->features, TRANSCRIPTION_HEADS + 1, outputs,
                       (NnStreamParams){.before = NET_CONTEXT, .after = NET_CONTEXT, .type = NN_F32});
}

static BaseStatus run(BaseContext *ctx, LmmAnswers *made, const NnNet *values, const LmmRecording *recording) {
  TranscriptionTensors tensors;
  NnNet *net = NULL;
  NnStream *stream = NULL;
  BaseStatus status = make_net(ctx, &net, &tensors, values);
  if (status == BASE_OK) status = make_stream(ctx, &stream, net, &tensors);
  if (status == BASE_OK) status = feed(ctx, stream, made, recording);
  nn_stream_free(stream);
  nn_net_free(net);
  return status;
}

BaseStatus lmm_answers_of(BaseContext *ctx, LmmAnswers *out, const NnNet *net, const LmmRecording *recording) {
  LmmAnswers made = {.frames = recording->frames, .pedal = calloc(recording->frames + 1, sizeof(uint16_t))};
  bool fine = made.pedal;
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++)
    fine &= (made.heads[h] = calloc(recording->frames * KEYS + 1, sizeof(uint16_t))) != NULL;
  BaseStatus status = fine ? run(ctx, &made, net, recording) : base_fail_memory(ctx);
  if (status == BASE_OK) status = lmm_answers_decide(ctx, &made, NULL);
  if (status == BASE_OK)
    *out = made;
  else
    lmm_answers_clear(&made);
  return status;
}

/* ---- notes ---- */

/* Evidence of the answers, some frames at a time. */
static bool look(Evidence *evidence, float *pedal, const LmmAnswers *answers, const TranscriptionOwn *own) {
  const size_t row = TRANSCRIPTION_HEADS * KEYS + 1;
  float *block = malloc(POLL * row * sizeof *block);
  TranscriptionPeaks peaks;
  if (!block) return false;
  transcription_peaks_init(&peaks, evidence, pedal, own, 0, (long)answers->frames);
  for (size_t at = 0; at < answers->frames; at += POLL) {
    const size_t n = answers->frames - at < POLL ? answers->frames - at : POLL, cells = n * KEYS;
    float *down = block + TRANSCRIPTION_HEADS * cells;
    TranscriptionAnswers part = {.first = (long)at, .count = (int)n, .pedal = down};
    for (int h = 0; h < TRANSCRIPTION_HEADS; h++) {
      float *head = block + (size_t)h * cells;
      for (size_t i = 0; i < cells; i++) head[i] = logit(answers->heads[h][at * KEYS + i]);
      part.heads[h] = head;
    }
    for (size_t i = 0; i < n; i++) down[i] = logit(answers->pedal[at + i]);
    transcription_peaks_add(&peaks, &part);
  }
  transcription_peaks_end(&peaks);
  free(block);
  return true;
}

/* As transcription_listen does when all is heard. */
static BaseStatus conclude(BaseContext *ctx, Transcription *heard, const float *pedal, const TranscriptionOwn *own) {
  Motion *motion = heard->motion;
  BaseStatus status = transcription_again(ctx, motion, heard->evidence, (MusicPrior){0}, own, 0);
  if (status != BASE_OK) return status;
  const bool fine = transcription_draw_together(motion, own ? (double)own->together : 0);
  motion_number(motion);
  return fine && transcription_pedal_events(motion, pedal, heard->evidence->frames, hop_s) ? BASE_OK : base_fail_memory(ctx);
}

BaseStatus lmm_answers_decide(BaseContext *ctx, LmmAnswers *answers, const TranscriptionOwn *own) {
  float *pedal = calloc(answers->frames + 1, sizeof *pedal);
  Transcription *heard = calloc(1, sizeof *heard);
  if (heard) heard->motion = motion_new(), heard->evidence = evidence_new(answers->frames, hop_s);
  bool fine = pedal && heard && heard->motion && heard->evidence;
  fine = fine && look(heard->evidence, pedal, answers, own);
  BaseStatus status = fine ? conclude(ctx, heard, pedal, own) : base_fail_memory(ctx);
  free(pedal);
  if (status == BASE_OK) {
    transcription_free(answers->heard);
    answers->heard = heard;
  } else {
    transcription_free(heard);
  }
  return status;
}

void lmm_answers_clear(LmmAnswers *answers) {
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++) free(answers->heads[h]);
  free(answers->pedal);
  transcription_free(answers->heard);
  *answers = (LmmAnswers){0};
}
