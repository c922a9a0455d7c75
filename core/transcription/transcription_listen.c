/* The recording's loudness and its tuning by the first minutes come first; then the network hears stretch after stretch
 * in the order that the caller wants them, and its answers become evidence. Notes are decided stretch by stretch for
 * who waits for them, and once more, with second thoughts, over the whole when all is heard. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/dsp/dsp_stft.h"
#include "core/transcription/transcription.h"
#include "core/transcription/transcription_again.h"
#include "core/transcription/transcription_decoder.h"
#include "core/transcription/transcription_hear.h"
#include "core/transcription/transcription_level.h"
#include "core/transcription/transcription_peaks.h"
#include "core/transcription/transcription_together.h"

#include <math.h>
#include <stdlib.h>

enum { STRETCH = 985 /* frames; with what is beside them just two windows of the network */ };

static const double tuning_span_s = 90, least_agreement = 0.08;
static const double hop_s = (double)FEATURES_HOP / FEATURES_RATE_HZ;

/* Opens the recording anew for each of the three passes. */
typedef struct {
  const char *path; /* null: from memory */
  const DspAudio *audio;
} Source;

static BaseStatus open_source(BaseContext *ctx, DspStream **out, const Source *source) {
  if (source->path) return dsp_stream_open(ctx, out, source->path, FEATURES_RATE_HZ);
  return dsp_stream_over(ctx, out, source->audio, FEATURES_RATE_HZ);
}

static BaseStatus find_level(BaseContext *ctx, double *level, const Source *source) {
  if (source->path) return transcription_level_of_file(ctx, level, source->path);
  *level = transcription_level_of_sound(source->audio);
  return BASE_OK;
}

/* Cents from A4 = 440 Hz; 0 when partials do not agree on it. */
static BaseStatus find_tuning(BaseContext *ctx, double *cents, const Source *source) {
  DspStream *stream = NULL;
  double agreement = 0;
  BaseStatus status = open_source(ctx, &stream, source);
  if (!status) status = dsp_tuning(ctx, cents, &agreement, stream, FEATURES_RATE_HZ, tuning_span_s);
  if (agreement < least_agreement) *cents = 0;
  dsp_stream_free(stream);
  return status;
}

static BaseStatus prepare(BaseContext *ctx, TranscriptionEarParams *params, const Source *source) {
  BaseStatus status = find_level(ctx, &params->level, source);
  return status ? status : find_tuning(ctx, &params->tuning_cents, source);
}

BaseStatus transcription_ear_prepare(BaseContext *ctx, TranscriptionEarParams *params, const char *path) {
  return prepare(ctx, params, &(Source){.path = path});
}

/* ---- stretches ---- */

typedef struct {
  BaseContext *ctx;
  const TranscriptionParams *params;
  DspStream *stream;
  TranscriptionEar *ear;
  TranscriptionPeaks peaks;
  TranscriptionOwn own;
  Evidence *evidence; /* of all the frames that the recording claims to have */
  float *pedal;
  bool *done; /* for each stretch */
  long stretches, heard, reached; /* stretches heard; frames of the recording that there really are */
} Listener;

static BaseStatus listener_init(Listener *l) {
  const long frames = (long)ceil(dsp_stream_seconds(l->stream) / hop_s);
  l->stretches = (frames + STRETCH - 1) / STRETCH;
  l->evidence = evidence_new((size_t)frames, hop_s);
  l->pedal = calloc((size_t)frames + 1, sizeof *l->pedal);
  l->done = calloc((size_t)l->stretches + 1, sizeof *l->done);
  transcription_own_load(&l->own, l->params->weights, (size_t)frames);
  return l->evidence && l->pedal && l->done ? BASE_OK : base_fail_memory(l->ctx);
}

static void listener_clear(Listener *l) {
  transcription_ear_free(l->ear);
  dsp_stream_free(l->stream);
  evidence_free(l->evidence);
  free(l->pedal);
  free(l->done);
}

/* The first stretch from what is wanted on that has not been heard, then from the beginning; -1: all have. */
static long next_stretch(const Listener *l) {
  const double wanted_s = l->params->wanted ? l->params->wanted(l->params->user) : 0;
  const long first = (long)fmin(fmax(0, wanted_s / hop_s / STRETCH), (double)l->stretches);
  for (long i = 0; i < l->stretches; i++) {
    const long at = (first + i) % l->stretches;
    if (!l->done[at]) return at;
  }
  return -1;
}

static BaseStatus take(void *user, const TranscriptionAnswers *answers) {
  Listener *l = user;
  transcription_peaks_add(&l->peaks, answers);
  if (answers->first + answers->count > l->reached) l->reached = answers->first + answers->count;
  return BASE_OK;
}

static BaseStatus hear(Listener *l, long from, long to) {
  const long origin = from > EAR_LEAD ? from - EAR_LEAD : 0;
  const bool fresh = l->heard == 0 && origin == 0;
  BaseContext step = base_context_step(l->ctx, (double)l->heard / (double)l->stretches,
                                       (double)(l->heard + 1) / (double)l->stretches);
  BaseStatus status = fresh ? BASE_OK : dsp_stream_seek(&step, l->stream, (int64_t)origin * FEATURES_HOP);
  transcription_peaks_init(&l->peaks, l->evidence, l->pedal, &l->own, from, to);
  if (!status) status = transcription_ear_hear(&step, l->ear, l->stream, from, to, (TranscriptionTaker){take, l});
  if (!status) transcription_peaks_end(&l->peaks);
  return base_context_join(l->ctx, &step, status);
}

/* ---- notes ---- */

/* The notes that start in [from, to), their ends as far as is known, into an empty motion, numbered in order. */
static BaseStatus decode(BaseContext *ctx, Motion *motion, const Listener *l, size_t from, size_t to) {
  const TranscriptionDecoderParams params = {.threshold = l->params->onset_threshold, .from = from, .to = to};
  if (!transcription_decode(motion, l->evidence, &params)) return base_fail_memory(ctx);
  motion_number(motion);
  return BASE_OK;
}

static BaseStatus tell(const Listener *l, long from, long to) {
  if (!l->params->part) return BASE_OK;
  Motion *motion = motion_new();
  BaseStatus status = motion ? decode(l->ctx, motion, l, (size_t)from, (size_t)to) : base_fail_memory(l->ctx);
  if (!status)
    l->params->part(l->params->user, motion->notes.items, motion->notes.n, (double)from * hop_s, (double)to * hop_s);
  motion_free(motion);
  return status;
}

static BaseStatus hear_all(Listener *l) {
  BaseStatus status = BASE_OK;
  for (long at; status == BASE_OK && (at = next_stretch(l)) >= 0; l->heard++) {
    const long from = at * STRETCH, frames = (long)l->evidence->frames, to = from + STRETCH < frames ? from + STRETCH : frames;
    status = hear(l, from, to);
    if (!status) status = tell(l, from, to);
    l->done[at] = true;
  }
  return status;
}

/* Turns what the listener gathered into the result. */
static BaseStatus conclude(Listener *l, Transcription **out) {
  Transcription *result = calloc(1, sizeof *result);
  Motion *motion = motion_new();
  if ((size_t)l->reached < l->evidence->frames) l->evidence->frames = (size_t)l->reached;
  const size_t frames = l->evidence->frames;
  BaseStatus status = result && motion ? transcription_again(l->ctx, motion, l->evidence, l->params->prior, &l->own, l->params->onset_threshold)
                                       : base_fail_memory(l->ctx);
  if (!status && !transcription_draw_together(motion, (double)l->own.together)) status = base_fail_memory(l->ctx);
  if (!status) motion_number(motion);
  if (!status && !transcription_pedal_events(motion, l->pedal, frames, hop_s)) status = base_fail_memory(l->ctx);
  if (status) {
    free(result);
    motion_free(motion);
    return status;
  }
  *result = (Transcription){.motion = motion, .evidence = l->evidence};
  l->evidence = NULL;
  *out = result;
  return BASE_OK;
}

static BaseStatus listen_to(BaseContext *ctx, Transcription **out, const Source *source,
                            const TranscriptionParams *params) {
  static const TranscriptionParams defaults;
  BaseContext nobody = {0};
  Listener l = {.ctx = ctx ? ctx : &nobody, .params = params ? params : &defaults};
  TranscriptionEarParams ear = {.weights = l.params->weights};
  BaseStatus status = prepare(l.ctx, &ear, source);
  if (!status) status = open_source(l.ctx, &l.stream, source);
  if (!status) status = listener_init(&l);
  if (!status) ear.frames = l.evidence->frames;
  if (!status) status = transcription_ear_new(l.ctx, &l.ear, &ear);
  if (!status) status = hear_all(&l);
  if (!status) status = conclude(&l, out);
  listener_clear(&l);
  return status;
}

BaseStatus transcription_listen_file(BaseContext *ctx, Transcription **out, const char *path,
                                     const TranscriptionParams *params) {
  return listen_to(ctx, out, &(Source){.path = path}, params);
}

BaseStatus transcription_listen(BaseContext *ctx, Transcription **out, const DspAudio *audio,
                                const TranscriptionParams *params) {
  return listen_to(ctx, out, &(Source){.audio = audio}, params);
}

void transcription_free(Transcription *transcription) {
  if (!transcription) return;
  motion_free(transcription->motion);
  evidence_free(transcription->evidence);
  free(transcription);
}
