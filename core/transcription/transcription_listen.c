/* Two passes over the recording: the first minutes tell the tuning, then activations flow block by block into
 * the decoder. At the end a few silent frames flush it. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_array.h"
#include "core/transcription/transcription.h"
#include "core/transcription/transcription_decoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double stretch_s = 2;
static const float absent_odds = 0.15F,
                   asked_odds = 1.5F; /* of keys that the score never asks for, asks for */
static const double hop_s = (double)TRANSCRIPTION_HOP / TRANSCRIPTION_RATE_HZ;

typedef BASE_ARRAY(uint8_t) Plane; /* frames × keys */

typedef struct {
  BaseContext *ctx;
  const TranscriptionParams *params;
  TranscriptionActivations *activations;
  TranscriptionDecoder *decoder;
  Motion *motion;
  Plane onset, sounding, strength;
  float key_odds[TRANSCRIPTION_KEYS];
  TranscriptionSalience salience;
  size_t told; /* notes that `part` has seen */
  double told_s;
} Listener;

/* Opens the recording anew for each pass. */
typedef struct {
  const char *path; /* null: from memory */
  const DspAudio *audio;
} Source;

static BaseStatus open_source(BaseContext *ctx, DspStream **out, const Source *source) {
  if (source->path) return dsp_stream_open(ctx, out, source->path, TRANSCRIPTION_RATE_HZ);
  return dsp_stream_over(ctx, out, source->audio, TRANSCRIPTION_RATE_HZ);
}

static BaseStatus find_tuning(BaseContext *ctx, double *cents, const Source *source) {
  DspStream *stream = NULL;
  BaseStatus status = open_source(ctx, &stream, source);
  if (!status) status = transcription_tuning(ctx, cents, stream);
  dsp_stream_free(stream);
  return status;
}

/* Keys that the score as played never asks for become unlikely, not impossible; the others a little more
 * likely. */
static void ask_score(float key_odds[TRANSCRIPTION_KEYS], const ScoreUnfolded *hint) {
  for (int k = 0; k < TRANSCRIPTION_KEYS; k++) key_odds[k] = hint->sounds.n ? absent_odds : 1;
  for (size_t i = 0; i < hint->sounds.n; i++) {
    const int key = hint->sounds.items[i].midi - MOTION_LOWEST_KEY;
    if (key >= 0 && key < TRANSCRIPTION_KEYS) key_odds[key] = asked_odds;
  }
}

static BaseStatus listener_init(Listener *l, BaseContext *ctx, DspStream *stream, double cents,
                                const TranscriptionParams *params) {
  *l = (Listener){.ctx = ctx, .params = params};
  if (params->hint) ask_score(l->key_odds, params->hint);
  const TranscriptionDecoderParams decoder = {.salience = &l->salience,
                                              .threshold = params->onset_threshold,
                                              .key_odds = params->hint ? l->key_odds : NULL};
  BaseStatus status = transcription_salience_shipped(ctx, &l->salience);
  if (!status) status = transcription_activations_new(ctx, &l->activations, stream, cents);
  if (status) return status;
  l->decoder = transcription_decoder_new(&decoder);
  l->motion = motion_new();
  return l->decoder && l->motion ? BASE_OK : base_fail_memory(ctx);
}

static void listener_clear(Listener *l) {
  transcription_activations_free(l->activations);
  transcription_decoder_free(l->decoder);
  motion_free(l->motion);
  base_array_clear(&l->onset);
  base_array_clear(&l->sounding);
  base_array_clear(&l->strength);
}

static bool grow(Plane *plane) {
  if (!base_array_reserve(plane, plane->n + TRANSCRIPTION_KEYS)) return false;
  memset(plane->items + plane->n, 0, TRANSCRIPTION_KEYS);
  plane->n += TRANSCRIPTION_KEYS;
  return true;
}

static bool add_evidence_row(Listener *l) {
  if (!grow(&l->onset) || !grow(&l->sounding) || !grow(&l->strength)) return false;
  float sounding[TRANSCRIPTION_KEYS];
  transcription_decoder_sounding(l->decoder, sounding);
  uint8_t *row = l->sounding.items + l->sounding.n - TRANSCRIPTION_KEYS;
  for (int k = 0; k < TRANSCRIPTION_KEYS; k++) row[k] = (uint8_t)(255 * sounding[k] + 0.5F);
  return true;
}

static void mark_onsets(Listener *l, const TranscriptionOnset *onsets, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const size_t at = (size_t)lround(onsets[i].onset_s / hop_s) * TRANSCRIPTION_KEYS + (size_t)onsets[i].key;
    if (at >= l->onset.n) continue;
    l->onset.items[at] = (uint8_t)(255 * onsets[i].probability + 0.5F);
    l->strength.items[at] = onsets[i].velocity;
  }
}

/* `frame` null pushes silence that makes no evidence. */
static BaseStatus push(Listener *l, const TranscriptionFrame *frame) {
  static const TranscriptionFrame silence;
  TranscriptionOnset onsets[TRANSCRIPTION_KEYS];
  size_t n = 0;
  if (!transcription_decoder_push(l->decoder, onsets, &n, frame ? frame : &silence))
    return base_fail_memory(l->ctx);
  if (frame && !add_evidence_row(l)) return base_fail_memory(l->ctx);
  mark_onsets(l, onsets, n);
  return BASE_OK;
}

static int by_onset(const void *a, const void *b) {
  const MotionNote *x = a, *y = b;
  if (x->onset_s != y->onset_s) return x->onset_s < y->onset_s ? -1 : 1;
  return x->midi - y->midi;
}

/* Moves the ended notes that start before `until_s` into the motion, in order, and tells the caller. */
static BaseStatus collect(Listener *l, double until_s) {
  TranscriptionNotes *ended = transcription_decoder_notes(l->decoder);
  size_t kept = 0;
  for (size_t i = 0; i < ended->n; i++) {
    MotionNote note = ended->items[i];
    if (note.onset_s >= until_s) {
      ended->items[kept++] = note;
      continue;
    }
    note.id = l->motion->next_id++;
    if (!base_array_push(&l->motion->notes, note)) return base_fail_memory(l->ctx);
  }
  ended->n = kept;
  const size_t n = l->motion->notes.n - l->told;
  MotionNote *fresh = n ? l->motion->notes.items + l->told : NULL;
  if (n) qsort(fresh, n, sizeof *fresh, by_onset);
  if (l->params->part) l->params->part(l->params->user, fresh, n, l->told_s, until_s);
  l->told += n;
  l->told_s = until_s;
  return BASE_OK;
}

static BaseStatus run(Listener *l, const DspStream *stream) {
  TranscriptionFrame frames[TRANSCRIPTION_BLOCK];
  for (size_t n; (n = transcription_activations_next(l->activations, frames));) {
    if (base_cancelled(l->ctx)) return base_fail_cancelled(l->ctx);
    for (size_t i = 0; i < n; i++) {
      const BaseStatus status = push(l, &frames[i]);
      if (status) return status;
    }
    const double settled_s = transcription_decoder_settled_s(l->decoder);
    const BaseStatus status = settled_s >= l->told_s + stretch_s ? collect(l, settled_s) : BASE_OK;
    if (status) return status;
    base_progress(l->ctx, dsp_stream_done(stream), "Listening");
  }
  for (int i = 0; i <= TRANSCRIPTION_DELAY; i++) {
    const BaseStatus status = push(l, NULL);
    if (status) return status;
  }
  if (!transcription_decoder_end(l->decoder)) return base_fail_memory(l->ctx);
  return collect(l, fmax(l->told_s, (double)(l->onset.n / TRANSCRIPTION_KEYS + TRANSCRIPTION_DELAY) * hop_s));
}

/* Turns what the listener gathered into the result. */
static BaseStatus conclude(Listener *l, Transcription **out) {
  Transcription *result = calloc(1, sizeof *result);
  Evidence *evidence = evidence_new(0, hop_s);
  if (!result || !evidence) {
    free(result);
    evidence_free(evidence);
    return base_fail_memory(l->ctx);
  }
  motion_sort(l->motion);
  if (l->onset.n) {
    free(evidence->onset);
    free(evidence->sounding);
    free(evidence->strength);
    *evidence = (Evidence){.frames = l->onset.n / TRANSCRIPTION_KEYS,
                           .hop_s = hop_s,
                           .onset = l->onset.items,
                           .sounding = l->sounding.items,
                           .strength = l->strength.items};
    l->onset.items = l->sounding.items = l->strength.items = NULL;
  }
  *result = (Transcription){.motion = l->motion, .evidence = evidence};
  l->motion = NULL;
  *out = result;
  return BASE_OK;
}

static BaseStatus listen_to(BaseContext *ctx, Transcription **out, const Source *source,
                            const TranscriptionParams *params) {
  static const TranscriptionParams defaults;
  double cents = 0;
  DspStream *stream = NULL;
  Listener listener = {0};
  BaseStatus status = find_tuning(ctx, &cents, source);
  if (!status) status = open_source(ctx, &stream, source);
  if (!status) status = listener_init(&listener, ctx, stream, cents, params ? params : &defaults);
  if (!status) status = run(&listener, stream);
  if (!status) status = conclude(&listener, out);
  listener_clear(&listener);
  dsp_stream_free(stream);
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
