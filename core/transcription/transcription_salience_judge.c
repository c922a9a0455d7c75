/* The judgement of a candidate onset: a perceptron with two hidden layers. A file keeps its matrices as
 * core/nn does, rows of outputs; here they are rows of inputs, so that the inner loop runs over neighbours.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_embed.h"
#include "core/transcription/transcription_salience.h"

#include <math.h>
#include <string.h>

BASE_EMBEDDED_WEIGHTS(salience);

enum { LARGEST = TRANSCRIPTION_FEATURES * SALIENCE_FIRST };

/* Tensor `name` of `outputs` × `inputs` values, transposed; 1 input for a vector. */
static BaseStatus take(BaseContext *ctx, float *out, const BasePack *pack, const char *name, int outputs,
                       int inputs) {
  float rows[LARGEST];
  const uint64_t shape[] = {(uint64_t)outputs, (uint64_t)inputs};
  const BaseStatus status = base_pack_floats(ctx, rows, pack, name, inputs > 1 ? 2 : 1, shape);
  if (status) return status;
  for (int j = 0; j < outputs; j++)
    for (int i = 0; i < inputs; i++) {
      const float value = rows[j * inputs + i];
      if (!isfinite(value)) return base_fail(ctx, BASE_BAD_FILE, "The weights “%s” are not numbers.", name);
      out[i * outputs + j] = value;
    }
  return BASE_OK;
}

BaseStatus transcription_salience_load(BaseContext *ctx, TranscriptionSalience *salience,
                                       const BasePack *pack) {
  TranscriptionSalience s;
  const struct {
    float *to;
    const char *name;
    int outputs, inputs;
  } tensors[] = {{s.scale, "weights.normal.scale", TRANSCRIPTION_FEATURES, 1},
                 {s.shift, "weights.normal.shift", TRANSCRIPTION_FEATURES, 1},
                 {s.first, "weights.first.weight", SALIENCE_FIRST, TRANSCRIPTION_FEATURES},
                 {s.first_bias, "weights.first.bias", SALIENCE_FIRST, 1},
                 {s.second, "weights.second.weight", SALIENCE_SECOND, SALIENCE_FIRST},
                 {s.second_bias, "weights.second.bias", SALIENCE_SECOND, 1},
                 {s.last, "weights.last.weight", SALIENCE_OUTPUTS, SALIENCE_SECOND},
                 {s.last_bias, "weights.last.bias", SALIENCE_OUTPUTS, 1}};
  for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) {
    const BaseStatus status =
        take(ctx, tensors[i].to, pack, tensors[i].name, tensors[i].outputs, tensors[i].inputs);
    if (status) return status;
  }
  *salience = s;
  return BASE_OK;
}

BaseStatus transcription_salience_shipped(BaseContext *ctx, TranscriptionSalience *salience) {
  BasePack *pack = NULL;
  BaseStatus status = base_pack_load_memory(
      ctx, &pack, salience_weights, (size_t)(salience_weights_end - salience_weights), "salience.weights");
  if (!status) status = transcription_salience_load(ctx, salience, pack);
  base_pack_free(pack);
  return status;
}

static void layer(float *out, int n_out, const float *in, int n_in, const float *weights, const float *bias) {
  memcpy(out, bias, (size_t)n_out * sizeof *out);
  for (int i = 0; i < n_in; i++)
    for (int j = 0; j < n_out; j++) out[j] += in[i] * weights[i * n_out + j];
}

static void rectify(float *values, int n) {
  for (int i = 0; i < n; i++) values[i] = fmaxf(0, values[i]);
}

TranscriptionJudgement transcription_salience_judge(const TranscriptionSalience *s,
                                                    const float features[TRANSCRIPTION_FEATURES]) {
  float normal[TRANSCRIPTION_FEATURES], a[SALIENCE_FIRST], b[SALIENCE_SECOND], out[SALIENCE_OUTPUTS];
  for (int i = 0; i < TRANSCRIPTION_FEATURES; i++) normal[i] = features[i] * s->scale[i] + s->shift[i];
  layer(a, SALIENCE_FIRST, normal, TRANSCRIPTION_FEATURES, s->first, s->first_bias);
  rectify(a, SALIENCE_FIRST);
  layer(b, SALIENCE_SECOND, a, SALIENCE_FIRST, s->second, s->second_bias);
  rectify(b, SALIENCE_SECOND);
  layer(out, SALIENCE_OUTPUTS, b, SALIENCE_SECOND, s->last, s->last_bias);
  return (TranscriptionJudgement){.logit = out[0],
                                  .velocity = SALIENCE_VELOCITY_CENTRE + SALIENCE_VELOCITY_UNIT * out[1],
                                  .later_s = SALIENCE_LATER_UNIT_S * out[2]};
}
