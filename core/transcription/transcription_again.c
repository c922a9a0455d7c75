/* Logits of doubtful onsets become weighted sums of what is known about them. Hands mean the strokes of a chord to be one:
 * what is nearer than a chord is wide is drawn to the mean of its neighbours, in which the loud ones, which sound when they
 * are struck, count for more. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_again.h"

#include "core/transcription/transcription_decoder.h"
#include "core/transcription/transcription_figures.h"

#include <math.h>
#include <string.h>

static const float least = 0.03F, sure = 0.97F, believed = 0.5F;

/* Of the logit that was heard, of what the piece says elsewhere, of the nats of the prior; and where there is none. */
static const double of_ear = 0.72, of_figures = 0.45, of_prior = 0.25, base_with_prior = 1.4, base_alone = 0.3;

/* Strokes whose overtones are easily taken for another: semitones below, and what each takes from the logit. */
static const struct {
  int below;
  double takes;
} OVERTONES[] = {{12, 1.1}, {19, 0.5}, {24, 0.5}};

static const double together_s = 0.06, drawn = 0.6, louder = 10; /* velocities that make a neighbour count e times as much */

typedef struct {
  BaseContext *ctx;
  Motion *notes; /* all that may be; confidence as heard */
  TranscriptionFigures *figures;
  MusicPrior prior;
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

static double overtones(const Motion *motion, size_t at) {
  double most[sizeof OVERTONES / sizeof *OVERTONES] = {0}, sum = 0;
  size_t from, to;
  find_neighbours(&from, &to, motion, at);
  for (size_t i = from; i < to; i++)
    for (size_t k = 0; k < sizeof OVERTONES / sizeof *OVERTONES; k++)
      if (motion->notes.items[i].midi + OVERTONES[k].below == motion->notes.items[at].midi)
        most[k] = fmax(most[k], (double)motion->notes.items[i].confidence);
  for (size_t k = 0; k < sizeof OVERTONES / sizeof *OVERTONES; k++) sum += most[k] * OVERTONES[k].takes;
  return sum;
}

static float think(const Again *a, size_t at) {
  const MotionNote *note = &a->notes->notes.items[at];
  if (note->confidence < least || note->confidence > sure) return note->confidence;
  double odds = of_ear * logit((double)note->confidence) + of_figures * transcription_figures_ask(a->figures, at) -
                overtones(a->notes, at);
  odds += a->prior.fn ? base_with_prior + of_prior * a->prior.fn(a->prior.user, a->notes->notes.items, a->notes->notes.n, at)
                      : base_alone;
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

BaseStatus transcription_again(BaseContext *ctx, Motion *motion, const Evidence *heard, MusicPrior prior, float threshold) {
  Again again = {.ctx = ctx, .notes = motion_new(), .prior = prior};
  const TranscriptionDecoderParams params = {.threshold = least, .to = heard->frames};
  bool fine = again.notes && transcription_decode(again.notes, heard, &params);
  if (fine) {
    again.figures = transcription_figures_new(again.notes);
    again.onset_s = calloc(again.notes->notes.n + 1, sizeof *again.onset_s);
    again.prob = calloc(again.notes->notes.n + 1, sizeof *again.prob);
    fine = again.figures && again.onset_s && again.prob;
  }
  BaseStatus status = fine ? think_all(&again) : base_fail_memory(ctx);
  if (status == BASE_OK) draw_together(&again);
  if (status == BASE_OK) status = decide(motion, heard, &again, threshold);
  transcription_figures_free(again.figures);
  motion_free(again.notes);
  free(again.onset_s);
  free(again.prob);
  return status;
}
