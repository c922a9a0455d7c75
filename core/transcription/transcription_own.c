/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_own.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOUCHES = 2, SLACK = 2 /* frames by which two ways of counting may differ */ };

static const double loud = 86, soft = 40;                 /* velocities */
static const double restless_s = 0.3, rested_s = 1.0;     /* since the stroke before */
static const float most_s = 0.2F, most_together = 2;      /* no recording has more */
static const float most_weight = 8;
static const uint64_t key_shape[] = {MOTION_KEYS}, touch_shape[] = {TOUCHES}, together_shape[] = {1}, weights_shape[] = {TRANSCRIPTION_CLUES};

double transcription_softness(double velocity) {
  const double missing = fmax(0, loud - fmax(velocity, soft)) / (loud - soft);
  return missing * missing;
}

double transcription_rest(double since_s) {
  return fmin(fmax((since_s - restless_s) / (rested_s - restless_s), 0), 1);
}

double transcription_lag_of(const TranscriptionOwn *own, int key, double velocity, double since_s) {
  const double rest = transcription_rest(since_s);
  return (double)own->key_s[key] +
         transcription_softness(velocity) * (rest * (double)own->rested_s + (1 - rest) * (double)own->restless_s);
}

BaseStatus transcription_own_save(BaseContext *ctx, BasePackWriter *writer, const TranscriptionOwn *own, size_t frames) {
  const float touch[TOUCHES] = {own->rested_s, own->restless_s};
  char text[24];
  snprintf(text, sizeof text, "%zu", frames);
  BaseStatus status = base_pack_add_floats(ctx, writer, "lag.key", BASE_F32, 1, key_shape, own->key_s);
  if (!status) status = base_pack_add_floats(ctx, writer, "lag.touch", BASE_F32, 1, touch_shape, touch);
  if (!status) status = base_pack_add_floats(ctx, writer, "lag.together", BASE_F32, 1, together_shape, &own->together);
  if (!status) status = base_pack_add_floats(ctx, writer, "own.weights", BASE_F32, 1, weights_shape, own->weights);
  return status ? status : base_pack_add_text(ctx, writer, "lag.frames", text);
}

/* A file may hold anything. */
static bool are_sane(const TranscriptionOwn *own, const float touch[TOUCHES]) {
  bool sane = own->together >= 0 && own->together <= most_together;
  for (int key = 0; key < MOTION_KEYS; key++) sane = sane && fabsf(own->key_s[key]) <= most_s;
  for (int i = 0; i < TRANSCRIPTION_CLUES; i++) sane = sane && fabsf(own->weights[i]) <= most_weight;
  for (int i = 0; i < TOUCHES; i++) sane = sane && fabsf(touch[i]) <= most_s;
  return sane;
}

bool transcription_is_of(const BasePack *pack, size_t frames) {
  const char *of = pack ? base_pack_text(pack, "lag.frames") : NULL;
  const long long off = of ? (long long)strtoull(of, NULL, 10) - (long long)frames : 0;
  return of && off >= -SLACK && off <= SLACK;
}

static bool read_floats(float *to, const BasePack *pack, const char *name, const uint64_t *shape) {
  BaseContext quiet = {0};
  return base_pack_floats(&quiet, to, pack, name, 1, shape) == BASE_OK;
}

void transcription_own_load(TranscriptionOwn *own, const BasePack *pack, size_t frames) {
  float touch[TOUCHES];
  *own = (TranscriptionOwn){0};
  if (!transcription_is_of(pack, frames)) return;
  const bool there = read_floats(own->key_s, pack, "lag.key", key_shape) && read_floats(touch, pack, "lag.touch", touch_shape) &&
                     read_floats(&own->together, pack, "lag.together", together_shape);
  if (base_pack_find(pack, "own.weights") && !read_floats(own->weights, pack, "own.weights", weights_shape)) own->weights[0] = NAN;
  if (there && are_sane(own, touch))
    own->rested_s = touch[0], own->restless_s = touch[1];
  else
    *own = (TranscriptionOwn){0};
}
