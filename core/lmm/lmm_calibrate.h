/* The network that hears, adapted to one recording by what a person has put right. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#pragma once

#include "core/lmm/lmm_instruments.h"
#include "core/lmm/lmm_labels.h"

#include <stdbool.h>

/* A stretch of a recording, in seconds. */
typedef struct {
  double from_s, to_s;
} LmmSpan;

/* One recording and the score that was aligned to it. All borrowed. */
typedef struct {
  const LmmRecording *recording;
  const Motion *expected; /* the score's notes where the alignment puts them, sorted */
  const LmmSpan *trusted; /* where the alignment is known to be right, one span a bar, in order, apart */
  size_t n_trusted;
  /* Where the score's notes are expected, found anew from what is heard by now: a motion as above, the caller's. Null: they
   * stay where they are. Judged is by `expected` in any case. */
  BaseStatus (*expect)(BaseContext *ctx, void *user, Motion **out, const Transcription *heard);
  void *user;
  bool for_others; /* it will not be heard again: only what serves other recordings is of use */
} LmmPair;

/* A zero stands for the value in brackets. */
typedef struct {
  const BasePack *weights;     /* to start from; null: those of the program; borrowed */
  LmmInstruments *instruments; /* pianos to rehearse on; null: modelled ones only; borrowed */
  long steps;                  /* [by the number of bars] */
  float rate;                  /* of learning, at its peak [by the number of bars] */
  float beyond;                /* how far the score is believed outside of trusted spans, 0…1 [0.7; negative: not] */
  int bars;                    /* decides how much may change [n_trusted] */
  int batch;                   /* examples a step [4] */
  int rehearsal;               /* those of them that are dreams [1; negative: none] */
  int dreams, tests;           /* to rehearse with and to judge by, 21 s each [8, 4] */
  int rounds;                  /* labels are found anew after each [1] */
  LmmLabelsParams labels;
} LmmCalibrateParams;

/* A measure before and after. */
typedef struct {
  double before, after;
} LmmChange;

/* What came of it. Shares are F1 of onsets within 50 ms, 0…1. */
typedef struct {
  bool accepted;
  LmmChange trusted; /* agreement with the score in trusted spans that were held out; NAN without */
  LmmChange beyond;  /* the same outside of trusted spans; NAN where nothing was held out */
  LmmChange dreams;  /* as others will be heard, on dreams that were not trained on */
  double share;      /* of the way to what was learned that was gone for this recording */
  double share_elsewhere; /* and for others */
  size_t bars, bars_held_out, labels, unheard;
  size_t free_values; /* how many numbers were allowed to change */
  double seconds;
} LmmCalibration;

/* Adapts the network. `*bytes` become a file of weights (nn_weights.h), freed by the caller with free(), or null when the
 * result is not accepted: it has to agree better with the score where it was not shown it. Other recordings are heard with
 * as much of it as does not lose more than half a point on dreams, which may be nothing; this one with values of its own
 * (transcription_hear.h) and what else it has of its own (transcription_own.h). BASE_BAD_INPUT when nothing is trusted or the score does not fit the recording there. Same
 * inputs, seed and threads: same bytes. Cancelled within 100 ms. */
BaseStatus lmm_calibrate(BaseContext *ctx, LmmCalibration *report, void **bytes, size_t *n, const LmmPair *pair,
                         const LmmCalibrateParams *params);

/* The same kind of file of what the network was before (`weights` null: of the program), for who needs one anyway. */
BaseStatus lmm_calibrate_unchanged(BaseContext *ctx, void **bytes, size_t *n, const BasePack *weights);
