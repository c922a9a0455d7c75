/* Windows of some seconds with enough context on both sides that none of the answers depends on where they are cut.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_hear.h"

#include "core/base/base_embed.h"
#include "core/nn/nn_stream.h"
#include "core/nn/nn_weights.h"

#include "core/transcription/transcription_own.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEP = 500, WINDOW = STEP + 2 * NET_CONTEXT, ROW = FEATURES_BINS * FEATURES_CHANNELS, POLL = 25 };

BASE_EMBEDDED_WEIGHTS(hearing);

static const char OWN[] = "own.values";

struct TranscriptionEar {
  double level;
  TranscriptionTensors tensors;
  NnNet *net;
  NnStream *network;
  TranscriptionFeatures *features;
};

static BaseStatus load_shipped(BaseContext *ctx, NnNet *net) {
  BasePack *shipped = NULL;
  BaseStatus status = base_pack_load_memory(ctx, &shipped, hearing_weights,
                                            (size_t)(hearing_weights_end - hearing_weights), "hearing.weights");
  if (status == BASE_OK) status = nn_weights_load(ctx, net, shipped);
  base_pack_free(shipped);
  return status;
}

static bool are_finite(const float *values, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!isfinite(values[i])) return false;
  return true;
}

/* Over the values for all recordings. */
static BaseStatus load_own(BaseContext *ctx, NnNet *net, const BasePack *weights) {
  const uint64_t n = nn_net_size(net);
  float *values = malloc((n + 1) * sizeof *values);
  BaseStatus status = values ? base_pack_floats(ctx, values, weights, OWN, 1, &n) : base_fail_memory(ctx);
  if (status == BASE_OK && !are_finite(values, n))
    status = base_fail(ctx, BASE_BAD_FILE, "the tensor \"%s\" holds a value that is not a finite number", OWN);
  if (status == BASE_OK) {
    memcpy(nn_net_values(net), values, n * sizeof *values);
    nn_net_changed(net);
  }
  free(values);
  return status;
}

BaseStatus transcription_weights_load(BaseContext *ctx, NnNet *net, const BasePack *weights, size_t frames) {
  if (!weights) return load_shipped(ctx, net);
  const bool own = frames && transcription_is_of(weights, frames) && base_pack_find(weights, OWN);
  BaseStatus status = nn_weights_load(ctx, net, weights);
  return status == BASE_OK && own ? load_own(ctx, net, weights) : status;
}

BaseStatus transcription_values_save(BaseContext *ctx, BasePackWriter *writer, const float *values, size_t n) {
  const uint64_t shape[] = {n};
  return base_pack_add_floats(ctx, writer, OWN, BASE_F16, 1, shape, values);
}

static BaseStatus prepare(BaseContext *ctx, TranscriptionEar *ear, const TranscriptionEarParams *params) {
  BaseStatus status = transcription_net_build(ctx, &ear->tensors, ear->net, 1, WINDOW, false);
  if (status == BASE_OK) status = transcription_weights_load(ctx, ear->net, params->weights, params->frames);
  if (status != BASE_OK) return status;
  NnVar outputs[TRANSCRIPTION_HEADS + 1];
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++) outputs[h] = ear->tensors.heads[h];
  outputs[TRANSCRIPTION_HEADS] = ear->tensors.pedal;
  return nn_stream_new(ctx, &ear->network, ear->net, ear->tensors.features, TRANSCRIPTION_HEADS + 1, outputs,
                       (NnStreamParams){.before = NET_CONTEXT, .after = NET_CONTEXT, .type = NN_F32});
}

BaseStatus transcription_ear_new(BaseContext *ctx, TranscriptionEar **out, const TranscriptionEarParams *params) {
  TranscriptionEar *ear = calloc(1, sizeof *ear);
  if (!ear) return base_fail_memory(ctx);
  ear->level = params->level;
  ear->net = nn_net_new(0);
  ear->features = transcription_features_new(params->tuning_cents);
  BaseStatus status = ear->net && ear->features ? prepare(ctx, ear, params) : base_fail_memory(ctx);
  if (status == BASE_OK)
    *out = ear;
  else
    transcription_ear_free(ear);
  return status;
}

void transcription_ear_free(TranscriptionEar *ear) {
  if (!ear) return;
  nn_stream_free(ear->network);
  nn_net_free(ear->net);
  transcription_features_free(ear->features);
  free(ear);
}

/* Between the network's stream, which counts frames from where it began, and the taker. */
typedef struct {
  long origin;
  TranscriptionTaker taker;
  BaseStatus status;
} Relay;

static void hand_on(void *user, long first, int count, const float *const *outputs) {
  Relay *relay = user;
  TranscriptionAnswers answers = {
      .first = relay->origin + first, .count = count, .pedal = outputs[TRANSCRIPTION_HEADS]};
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++) answers.heads[h] = outputs[h];
  if (relay->status == BASE_OK) relay->status = relay->taker.take(relay->taker.user, &answers);
}

static BaseStatus run(BaseContext *ctx, TranscriptionEar *ear, DspFrames *frames, long count, Relay *relay) {
  float row[ROW] = {0};
  BaseStatus status = BASE_OK;
  const float *window = NULL;
  for (long t = 0; t < count && status == BASE_OK && (window = dsp_frames_next(frames)); t++) {
    transcription_features_run(ear->features, row, window, ear->level);
    status = nn_stream_feed(ctx, ear->network, row, 1, false, hand_on, relay);
    if (status == BASE_OK) status = relay->status;
    if (t % POLL) continue;
    if (status == BASE_OK && base_cancelled(ctx)) status = base_fail_cancelled(ctx);
    base_progress(ctx, (double)t / (double)count, "Listening");
  }
  const BaseStatus rest = nn_stream_feed(ctx, ear->network, row, 0, status == BASE_OK, hand_on, relay);
  return status != BASE_OK ? status : rest != BASE_OK ? rest : relay->status;
}

BaseStatus transcription_ear_hear(BaseContext *ctx, TranscriptionEar *ear, DspStream *stream, long from, long to,
                                  TranscriptionTaker taker) {
  const long origin = from > EAR_LEAD ? from - EAR_LEAD : 0;
  Relay relay = {.origin = origin, .taker = taker};
  DspFrames *frames = dsp_frames_new(stream, FEATURES_WINDOW, FEATURES_HOP);
  if (!frames) return base_fail_memory(ctx);
  const BaseStatus status = run(ctx, ear, frames, to + EAR_LEAD - origin, &relay);
  dsp_frames_free(frames);
  return status;
}
