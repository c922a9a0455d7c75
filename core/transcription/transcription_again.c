/* Logits of doubtful onsets become weighted sums of what is known about them. Hands mean the strokes of a chord to be one:
 * what is nearer than a chord is wide is drawn to the mean of its neighbours, in which the loud ones, which sound when they
 * are struck, count for more. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_again.h"

#include "core/transcription/transcription_decoder.h"
#include "core/transcription/transcription_figures.h"

#include <math.h>
#include <string.h>

static const float least = 0.03F, sure = 0.97F, believed = 0.5F;

enum { EAR, FIGURES, OVERTONES, BASE = OVERTONES + 3 };

/* Semitones to strokes whose overtones are easily taken for another. */
static const int below[] = {12, 19, 24};

const double transcription_usual_weights[TRANSCRIPTION_CLUES] = {
    [EAR] = 0.72, [FIGURES] = 0.45, [OVERTONES] = -1.1, [OVERTONES + 1] = -0.5, [OVERTONES + 2] = -0.5, [BASE] = 0.3};
static const double of_prior = 0.25, base_of_prior = 1.1; /* of its nats, and beside them */

static const double together_s = 0.06, drawn = 0.6, louder = 10; /* velocities that make a neighbour count e times as much */

typedef struct {
  BaseContext *ctx;
  Motion *notes; /* all that may be; confidence as heard */
  TranscriptionFigures *figures;
  MusicPrior prior;
  const TranscriptionOwn *own;
  double *onset_s; /* of all notes, drawn together */
  float *prob;
} Again;

static double logit(double p) {
  p = fmin(fmax(p, 0.002), 0.998);
  return log(p / (1 - p));
}

/* Neighbours of note `at` in [*from, *to), itself among them. */
static void find_neighbours(size_t *from, size_t *to, const Motion *motion, size_t at) {
  const MotionNote *notes = motion->notes.items;
  for (*from = at; *from > 0 && notes[*from - 1].onset_s > notes[at].onset_s - together_s;) --*from;
  for (*to = at + 1; *to < motion->notes.n && notes[*to].onset_s < notes[at].onset_s + together_s;) ++*to;
}

static void find_overtones(double *most, const Motion *motion, size_t at) {
  size_t from, to;
  find_neighbours(&from, &to, motion, at);
  for (size_t i = from; i < to; i++)
    for (size_t k = 0; k < sizeof below / sizeof *below; k++)
      if (motion->notes.items[i].midi + below[k] == motion->notes.items[at].midi)
        most[k] = fmax(most[k], (double)motion->notes.items[i].confidence);
}

static bool is_doubtful(const MotionNote *note) {
  return note->confidence >= least && note->confidence <= sure;
}

static void find_clues(double clues[TRANSCRIPTION_CLUES], const Again *a, size_t at) {
  memset(clues, 0, TRANSCRIPTION_CLUES * sizeof *clues);
  clues[EAR] = logit((double)a->notes->notes.items[at].confidence);
  clues[FIGURES] = transcription_figures_ask(a->figures, at);
  find_overtones(clues + OVERTONES, a->notes, at);
  clues[BASE] = 1;
}

/* Weights that were fitted to the recording were fitted, and judged, without anybody's prior. */
static bool has_own_weights(const TranscriptionOwn *own) {
  for (int i = 0; i < TRANSCRIPTION_CLUES; i++)
    if (own->weights[i] != 0) return true;
  return false;
}

static float think(const Again *a, size_t at) {
  const MotionNote *note = &a->notes->notes.items[at];
  if (!is_doubtful(note)) return note->confidence;
  double clues[TRANSCRIPTION_CLUES], odds = 0;
  find_clues(clues, a, at);
  for (int i = 0; i < TRANSCRIPTION_CLUES; i++)
    odds += clues[i] * (transcription_usual_weights[i] + (double)a->own->weights[i]);
  if (a->prior.fn && !has_own_weights(a->own))
    odds += base_of_prior + of_prior * a->prior.fn(a->prior.user, a->notes->notes.items, a->notes->notes.n, at);
  return (float)(1 / (1 + exp(-odds)));
}

static BaseStatus think_all(Again *a) {
  for (size_t i = 0; i < a->notes->notes.n; i++) {
    if (base_cancelled(a->ctx)) return base_fail_cancelled(a->ctx);
    a->prob[i] = think(a, i);
  }
  return BASE_OK;
}

static void draw_together(Again *a) {
  for (size_t at = 0; at < a->notes->notes.n; at++) {
    const MotionNote *notes = a->notes->notes.items, *note = &notes[at];
    double sum = 0, weights = 0;
    size_t from, to;
    find_neighbours(&from, &to, a->notes, at);
    for (size_t i = from; i < to; i++) {
      if (i != at && a->prob[i] < believed) continue;
      const double weight = exp((notes[i].velocity - note->velocity) / louder);
      sum += weight * (notes[i].onset_s - note->onset_s);
      weights += weight;
    }
    a->onset_s[at] = note->onset_s + drawn * sum / weights;
  }
}

static void write(Evidence *evidence, const Again *a) {
  for (size_t i = 0; i < a->notes->notes.n; i++) {
    const MotionNote *note = &a->notes->notes.items[i];
    evidence_put_onset(evidence, fmax(0, a->onset_s[i] / evidence->hop_s), note->midi - MOTION_LOWEST_KEY,
                       (uint8_t)lrintf(255 * a->prob[i]), note->velocity);
  }
}

/* Decides by other onsets, and what else was heard. */
static BaseStatus decide(Motion *motion, const Evidence *heard, const Again *a, float threshold) {
  Evidence *seen = evidence_new(heard->frames, heard->hop_s);
  if (!seen) return base_fail_memory(a->ctx);
  write(seen, a);
  Evidence all = *seen;
  all.sounding = heard->sounding;
  all.release = heard->release;
  const TranscriptionDecoderParams params = {.threshold = threshold, .to = all.frames};
  BaseStatus status = transcription_decode(motion, &all, &params) ? BASE_OK : base_fail_memory(a->ctx);
  evidence_free(seen);
  return status;
}

/* Everything that may have been played. */
static BaseStatus open_thoughts(Again *a, const Evidence *heard) {
  const TranscriptionDecoderParams params = {.threshold = least, .to = heard->frames};
  a->notes = motion_new();
  if (!a->notes || !transcription_decode(a->notes, heard, &params)) return base_fail_memory(a->ctx);
  a->figures = transcription_figures_new(a->notes);
  a->onset_s = calloc(a->notes->notes.n + 1, sizeof *a->onset_s);
  a->prob = calloc(a->notes->notes.n + 1, sizeof *a->prob);
  return a->figures && a->onset_s && a->prob ? BASE_OK : base_fail_memory(a->ctx);
}

static void close_thoughts(Again *a) {
  transcription_figures_free(a->figures);
  motion_free(a->notes);
  free(a->onset_s);
  free(a->prob);
}

BaseStatus transcription_again(BaseContext *ctx, Motion *motion, const Evidence *heard, MusicPrior prior,
                               const TranscriptionOwn *own, float threshold) {
  static const TranscriptionOwn usual;
  Again again = {.ctx = ctx, .prior = prior, .own = own ? own : &usual};
  BaseStatus status = open_thoughts(&again, heard);
  if (status == BASE_OK) status = think_all(&again);
  if (status == BASE_OK) draw_together(&again);
  if (status == BASE_OK) status = decide(motion, heard, &again, threshold);
  close_thoughts(&again);
  return status;
}

static BaseStatus gather(TranscriptionDoubts *out, const Again *a) {
  for (size_t i = 0; i < a->notes->notes.n; i++) {
    const MotionNote *note = &a->notes->notes.items[i];
    TranscriptionDoubt doubt = {.onset_s = note->onset_s, .midi = note->midi};
    if (base_cancelled(a->ctx)) return base_fail_cancelled(a->ctx);
    if (!is_doubtful(note)) continue;
    find_clues(doubt.clues, a, i);
    if (!base_array_push(out, doubt)) return base_fail_memory(a->ctx);
  }
  return BASE_OK;
}

BaseStatus transcription_doubts(BaseContext *ctx, TranscriptionDoubts *out, const Evidence *heard) {
  Again again = {.ctx = ctx};
  TranscriptionDoubts doubts = {0};
  BaseStatus status = open_thoughts(&again, heard);
  if (status == BASE_OK) status = gather(&doubts, &again);
  close_thoughts(&again);
  if (status == BASE_OK)
    *out = doubts;
  else
    base_array_clear(&doubts);
  return status;
}
