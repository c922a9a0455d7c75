/* Logistic regression by Newton's steps, the usual weights being what is expected before (a Gaussian prior). Each note of the
 * score asks for one onset, the likeliest and nearest.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_doubts.h"

#include "core/transcription/transcription_again.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = TRANSCRIPTION_CLUES, ROUNDS = 20, LEAST = 20 /* doubts that tell something */ };

static const double shy = 2;          /* as if so many onsets had told the usual */
static const double reach_s = 0.1, deviation_s = 0.04;
static const double most_change = 4;  /* of a weight */
static const double most_odds = 30;

/* ---- which of them are asked for ---- */

static void ask_for(bool *asked, const TranscriptionDoubts *doubts, size_t from, const MotionNote *note) {
  ptrdiff_t best = -1;
  double most = -INFINITY;
  for (size_t i = from; i < doubts->n && doubts->items[i].onset_s <= note->onset_s + reach_s; i++) {
    const TranscriptionDoubt *doubt = &doubts->items[i];
    const double away = (doubt->onset_s - note->onset_s) / deviation_s, worth = doubt->clues[0] - 0.5 * away * away;
    if (doubt->midi != note->midi || asked[i] || worth <= most) continue;
    most = worth;
    best = (ptrdiff_t)i;
  }
  if (best >= 0) asked[best] = true;
}

static void ask(bool *asked, const TranscriptionDoubts *doubts, const Motion *expected) {
  size_t from = 0;
  for (size_t i = 0; i < expected->notes.n; i++) {
    const MotionNote *note = &expected->notes.items[i];
    while (from < doubts->n && doubts->items[from].onset_s < note->onset_s - reach_s) from++;
    ask_for(asked, doubts, from, note);
  }
}

/* ---- regression ---- */

typedef struct {
  double gradient[N], curvature[N][N];
} Slope;

static void add(Slope *slope, const double *clues, const double *weights, double asked, double trust) {
  double odds = 0;
  for (int i = 0; i < N; i++) odds += weights[i] * clues[i];
  const double p = 1 / (1 + exp(-fmin(fmax(odds, -most_odds), most_odds)));
  for (int i = 0; i < N; i++) {
    slope->gradient[i] += trust * (asked - p) * clues[i];
    for (int j = 0; j < N; j++) slope->curvature[i][j] += trust * p * (1 - p) * clues[i] * clues[j];
  }
}

/* Solves curvature · step = gradient in place (Cholesky); the prior keeps it positive definite. */
static void solve(Slope *slope) {
  double (*a)[N] = slope->curvature, *b = slope->gradient;
  for (int i = 0; i < N; i++)
    for (int j = 0; j <= i; j++) {
      double sum = a[i][j];
      for (int k = 0; k < j; k++) sum -= a[i][k] * a[j][k];
      a[i][j] = i == j ? sqrt(sum) : sum / a[j][j];
    }
  for (int i = 0; i < N; i++) {
    for (int k = 0; k < i; k++) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  for (int i = N; i-- > 0;) {
    for (int k = i + 1; k < N; k++) b[i] -= a[k][i] * b[k];
    b[i] /= a[i][i];
  }
}

static void regress(double *weights, const TranscriptionDoubts *doubts, const bool *asked, const uint8_t *trust,
                    const Evidence *heard) {
  for (int round = 0; round < ROUNDS; round++) {
    Slope slope = {0};
    for (size_t i = 0; i < doubts->n; i++) {
      const size_t frame = (size_t)fmax(0, doubts->items[i].onset_s / heard->hop_s);
      const double trusted = frame < heard->frames ? trust[frame] / 255.0 : 0;
      if (trusted > 0) add(&slope, doubts->items[i].clues, weights, asked[i], trusted);
    }
    for (int i = 0; i < N; i++) {
      slope.gradient[i] -= shy * (weights[i] - transcription_usual_weights[i]);
      slope.curvature[i][i] += shy;
    }
    solve(&slope);
    for (int i = 0; i < N; i++) weights[i] += slope.gradient[i];
  }
}

BaseStatus lmm_doubts_fit(BaseContext *ctx, TranscriptionOwn *own, const Evidence *heard, const Motion *expected,
                          const uint8_t *trust) {
  TranscriptionDoubts doubts = {0};
  double weights[N];
  memset(own->weights, 0, sizeof own->weights);
  memcpy(weights, transcription_usual_weights, sizeof weights);
  BaseStatus status = transcription_doubts(ctx, &doubts, heard);
  if (status != BASE_OK) return status;
  bool *asked = calloc(doubts.n + 1, sizeof *asked);
  if (asked && doubts.n >= LEAST) {
    ask(asked, &doubts, expected);
    regress(weights, &doubts, asked, trust, heard);
    for (int i = 0; i < N; i++)
      own->weights[i] = (float)fmin(fmax(weights[i] - transcription_usual_weights[i], -most_change), most_change);
  }
  const bool fine = asked;
  free(asked);
  base_array_clear(&doubts);
  return fine ? BASE_OK : base_fail_memory(ctx);
}
