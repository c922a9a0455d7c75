/* What the network that hears is taught when it is adapted: one recording, and dreams so that it forgets nothing.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/lmm/lmm_instruments.h"
#include "core/lmm/lmm_labels.h"

enum { LMM_LESSON_FRAMES = 192 };


/* An imagined performance. Cleared by its holder. */
typedef struct {
  Motion *motion; /* what was played */
  LmmRecording recording;
  LmmAnswers answers; /* of the network before it was taught */
} LmmDream;

/* About `seconds` of an invented texture on a piano and in a room drawn by ctx->seed and `number`; without `net` there
 * are no answers. */
BaseStatus lmm_dream_make(BaseContext *ctx, LmmDream *out, LmmInstruments *instruments, const NnNet *net, uint64_t number,
                          double seconds);
void lmm_dream_clear(LmmDream *dream);

/* All borrowed. */
typedef struct {
  const LmmRecording *recording;
  const LmmAnswers *answers; /* of the network so far: the targets where nothing better is known */
  const LmmLabels *labels;
  const uint8_t *trust;      /* one a frame: how far the labels are believed, 255 fully */
  const size_t *middles;     /* frames around which half of the examples are cut */
  size_t n_middles;
  const LmmDream *dreams;    /* with answers, which are to stay as they are */
  size_t n_dreams;
  int batch, rehearsal;      /* examples a step, as many as the net is for; those of them that are dreams */
} LmmLesson;

typedef struct {
  long steps;
  float rate;
} LmmLessonParams;

/* A net of transcription_net_build in training, batch × LMM_LESSON_FRAMES, all of it frozen. */
BaseStatus lmm_lesson_net(BaseContext *ctx, NnNet **out, TranscriptionTensors *tensors, int batch);

/* Teaches what is not frozen. Running statistics are used as they are, so that the net learns as it will be used. The
 * last of averaged weights stay; on failure and when cancelled the net is not to be used. */
BaseStatus lmm_lesson_teach(BaseContext *ctx, NnNet *net, const TranscriptionTensors *tensors, const LmmLesson *lesson,
                            const LmmLessonParams *params);
