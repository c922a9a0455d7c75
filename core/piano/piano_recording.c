/* Stretches overlap by what a note needs around its onset; each note is judged in the stretch that holds it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_recording.h"

#include "core/piano/piano_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double STRETCH_S = 60, BEFORE_S = 0.5, AFTER_S = 0.5, LEARN_S = 30, LEARN_STEP_S = 5;
static const double LONGEST_SOUND_S = 12;

/* ---- which part to learn from ---- */

static int different_keys(const PianoNote *notes, size_t n, double from_s) {
  bool heard[PIANO_KEYS] = {false};
  size_t from, to;
  int keys = 0;
  piano_notes_between(&from, &to, notes, n, from_s, from_s + LEARN_S);
  for (size_t i = from; i < to; i++)
    if (!heard[notes[i].key]) heard[notes[i].key] = true, keys++;
  return keys;
}

static double richest_part_s(const PianoNote *notes, size_t n, double duration_s) {
  double best_s = 0;
  int most = -1;
  for (double from_s = 0; from_s == 0 || from_s + LEARN_S <= duration_s; from_s += LEARN_STEP_S) {
    int keys = different_keys(notes, n, from_s);
    if (keys > most) most = keys, best_s = from_s;
  }
  return best_s;
}

static BaseStatus duration_of(BaseContext *ctx, double *duration_s, const char *path) {
  DspReader *reader;
  BaseStatus status = dsp_reader_open(ctx, &reader, path);
  if (status != BASE_OK) return status;
  const DspAudioInfo *info = dsp_reader_info(reader);
  *duration_s = (double)info->frames / info->rate_hz;
  dsp_reader_free(reader);
  return BASE_OK;
}

static BaseStatus hear(BaseContext *ctx, PianoFrames **frames, DspAudio **audio, const char *path,
                       double from_s, double to_s) {
  DspLoadParams part = {.rate_hz = PIANO_RATE_HZ, .channels = 1, .from_s = from_s, .to_s = to_s};
  BaseStatus status = dsp_audio_load(ctx, audio, path, &part);
  if (status == BASE_OK) status = piano_frames_analyse(ctx, frames, *audio);
  return status;
}

BaseStatus piano_learn_recording(BaseContext *ctx, PianoModel *model, const char *path,
                                 const PianoNote *notes, size_t n) {
  double duration_s;
  BaseStatus status = duration_of(ctx, &duration_s, path);
  if (status != BASE_OK) return status;
  double from_s = richest_part_s(notes, n, duration_s);
  size_t from, to;
  piano_notes_between(&from, &to, notes, n, from_s - LONGEST_SOUND_S, fmin(from_s + LEARN_S, duration_s));
  if (from == to || !different_keys(notes, n, from_s))
    return base_fail(ctx, BASE_BAD_INPUT, "None of the notes falls into “%s”.", path);
  PianoFrames *frames = NULL;
  DspAudio *audio = NULL;
  PianoModel learned = *model;
  status = hear(ctx, &frames, &audio, path, from_s, from_s + LEARN_S);
  if (status == BASE_OK) status = piano_fit_tuning(ctx, &learned, audio, notes + from, to - from, from_s);
  if (status == BASE_OK)
    status = piano_fit_instrument(ctx, &learned, NULL, frames, notes + from, to - from, from_s, NULL);
  if (status == BASE_OK) *model = learned;
  piano_frames_free(frames);
  dsp_audio_free(audio);
  return status;
}

/* ---- explaining ---- */

typedef struct {
  PianoEvidence *evidence; /* of the notes of one stretch */
  PianoMissing *missing;   /* 2 × room: the strongest so far and those of one stretch */
  size_t found, room;
} Findings;

static int by_gain(const void *a, const void *b) {
  const PianoMissing *x = a, *y = b;
  return (x->gain < y->gain) - (x->gain > y->gain);
}

/* Adds those of the stretch that lie in [low_s, high_s) and keeps the strongest. */
static void merge_missing(Findings *f, size_t fresh, double low_s, double high_s) {
  size_t n = f->found;
  for (size_t i = f->found; i < f->found + fresh; i++)
    if (f->missing[i].onset_s >= low_s && f->missing[i].onset_s < high_s) f->missing[n++] = f->missing[i];
  qsort(f->missing, n, sizeof *f->missing, by_gain);
  f->found = n < f->room ? n : f->room;
}

static BaseStatus explain_stretch(BaseContext *ctx, Findings *f, PianoEvidence *evidence,
                                  const PianoModel *model, const char *path, const PianoNote *notes, size_t n,
                                  double low_s) {
  double high_s = low_s + STRETCH_S, from_s = fmax(0, low_s - BEFORE_S);
  PianoFrames *frames = NULL;
  DspAudio *audio = NULL;
  size_t sounding, from, to, end, fresh = 0;
  piano_notes_between(&sounding, &end, notes, n, from_s - LONGEST_SOUND_S, high_s + AFTER_S);
  piano_notes_between(&from, &to, notes, n, low_s, high_s);
  BaseStatus status = hear(ctx, &frames, &audio, path, from_s, high_s + AFTER_S);
  const PianoNote *near = notes + sounding;
  if (status == BASE_OK)
    status = piano_explain(ctx, f->evidence, model, frames, near, end - sounding, from_s);
  if (status == BASE_OK)
    memcpy(evidence + from, f->evidence + (from - sounding), (to - from) * sizeof *evidence);
  if (status == BASE_OK && f->room)
    status = piano_explain_missing(ctx, f->missing + f->found, &fresh, f->room, model, frames, near,
                                   end - sounding, from_s);
  if (status == BASE_OK && f->room) merge_missing(f, fresh, low_s, high_s);
  piano_frames_free(frames);
  dsp_audio_free(audio);
  return status;
}

BaseStatus piano_explain_recording(BaseContext *ctx, PianoEvidence *evidence, PianoMissing *missing,
                                   size_t *found, size_t room, const PianoModel *model, const char *path,
                                   const PianoNote *notes, size_t n) {
  Findings f = {malloc((n + 1) * sizeof *f.evidence), malloc((2 * room + 1) * sizeof *f.missing), 0, room};
  double duration_s = 0;
  BaseStatus status = f.evidence && f.missing ? duration_of(ctx, &duration_s, path) : base_fail_memory(ctx);
  for (size_t i = 0; i < n; i++) evidence[i] = PIANO_NO_EVIDENCE;
  for (double low_s = 0; low_s < duration_s && status == BASE_OK; low_s += STRETCH_S) {
    BaseContext step = base_context_step(ctx, low_s / duration_s, fmin(1, (low_s + STRETCH_S) / duration_s));
    status = explain_stretch(&step, &f, evidence, model, path, notes, n, low_s);
    if (status != BASE_OK) status = base_context_join(ctx, &step, status);
  }
  if (status == BASE_OK && room) {
    memcpy(missing, f.missing, f.found * sizeof *missing);
    *found = f.found;
  }
  free(f.evidence);
  free(f.missing);
  return status;
}
