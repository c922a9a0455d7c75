/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_lag.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOUCHES = 2, SLACK = 2 /* frames by which two ways of counting may differ */ };

static const double loud = 86, soft = 40;                 /* velocities */
static const double restless_s = 0.3, rested_s = 1.0;     /* since the stroke before */
static const float most_s = 0.2F, most_together = 2;      /* no recording has more */
static const uint64_t key_shape[] = {MOTION_KEYS}, touch_shape[] = {TOUCHES}, together_shape[] = {1};

double transcription_softness(double velocity) {
  const double missing = fmax(0, loud - fmax(velocity, soft)) / (loud - soft);
  return missing * missing;
}

double transcription_rest(double since_s) {
  return fmin(fmax((since_s - restless_s) / (rested_s - restless_s), 0), 1);
}

double transcription_lag_of(const TranscriptionLag *lag, int key, double velocity, double since_s) {
  const double rest = transcription_rest(since_s);
  return (double)lag->key_s[key] +
         transcription_softness(velocity) * (rest * (double)lag->rested_s + (1 - rest) * (double)lag->restless_s);
}

BaseStatus transcription_lag_save(BaseContext *ctx, BasePackWriter *writer, const TranscriptionLag *lag, size_t frames) {
  const float touch[TOUCHES] = {lag->rested_s, lag->restless_s};
  char text[24];
  snprintf(text, sizeof text, "%zu", frames);
  BaseStatus status = base_pack_add_floats(ctx, writer, "lag.key", BASE_F32, 1, key_shape, lag->key_s);
  if (!status) status = base_pack_add_floats(ctx, writer, "lag.touch", BASE_F32, 1, touch_shape, touch);
  if (!status) status = base_pack_add_floats(ctx, writer, "lag.together", BASE_F32, 1, together_shape, &lag->together);
  return status ? status : base_pack_add_text(ctx, writer, "lag.frames", text);
}

/* A file may hold anything. */
static bool are_sane(const TranscriptionLag *lag, const float touch[TOUCHES]) {
  bool sane = lag->together >= 0 && lag->together <= most_together;
  for (int key = 0; key < MOTION_KEYS; key++) sane = sane && fabsf(lag->key_s[key]) <= most_s;
  for (int i = 0; i < TOUCHES; i++) sane = sane && fabsf(touch[i]) <= most_s;
  return sane;
}

void transcription_lag_load(TranscriptionLag *lag, const BasePack *pack, size_t frames) {
  const char *of = pack ? base_pack_text(pack, "lag.frames") : NULL;
  float touch[TOUCHES];
  BaseContext quiet = {0};
  *lag = (TranscriptionLag){0};
  const long long off = of ? (long long)strtoull(of, NULL, 10) - (long long)frames : 0;
  if (!of || off < -SLACK || off > SLACK) return;
  if (base_pack_floats(&quiet, lag->key_s, pack, "lag.key", 1, key_shape) != BASE_OK ||
      base_pack_floats(&quiet, touch, pack, "lag.touch", 1, touch_shape) != BASE_OK ||
      base_pack_floats(&quiet, &lag->together, pack, "lag.together", 1, together_shape) != BASE_OK || !are_sane(lag, touch)) {
    *lag = (TranscriptionLag){0};
    return;
  }
  lag->rested_s = touch[0], lag->restless_s = touch[1];
}
