/* What a person has put right, as a data set: bars whose score and sound are known to belong together. A folder holds
 *   manifest.json        what is here, and the values that the other files are made of
 *   score.musicxml       the whole score; note ids are the xml ids
 *   alignment.match, .tsv   score and performance note by note (Vienna match; nASAP)
 *   bar-N.flac           the sound of bar number N in playing order, with a margin on either side
 *   bar-N.png            its picture, where the score was read from pages
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/dsp/dsp_audio.h"
#include "core/flow/flow.h"
#include "core/image/image.h"
#include "core/lmm/lmm_calibrate.h"

typedef enum {
  FLOW_SAID_RIGHT,      /* an anchor where the machine had put it */
  FLOW_SAID_MOVED,      /* an anchor where the person put it */
  FLOW_SAID_NOT_PLAYED, /* an onset that is in the score only */
  FLOW_SAID_EXTRA,      /* a key press that is in the recording only */
  FLOW_SAID_ORNAMENT,   /* a key press that belongs to the onset at `quarter` */
  FLOW_SAYINGS,
} FlowSaid;

/* What a person said of one place or one key press. Plain value. */
typedef struct {
  Beat quarter;  /* of the score as played; 0 for FLOW_SAID_EXTRA */
  double time_s; /* 0 for FLOW_SAID_NOT_PLAYED */
  uint8_t said;  /* FlowSaid */
  uint8_t midi;  /* of FLOW_SAID_EXTRA and FLOW_SAID_ORNAMENT, else 0 */
} FlowVerdict;

/* A note head in the picture of its bar, px. */
typedef struct {
  uint32_t note; /* ScoreNote.id */
  int32_t x, y, width, height;
} FlowHead;

/* One trusted bar on one pass. */
typedef struct {
  int32_t step;            /* index into ScoreUnfolded.steps */
  double from_s, to_s;     /* of the recording */
  float weight;            /* 0…1: the share of its notes for which a key press was found, of those that were played */
  double sound_from_s;     /* where `sound` begins */
  DspAudio *sound;         /* null when the pair was made of notes */
  Image *picture;          /* null without pages */
  int32_t page, x, y;      /* where on it the picture was */
  BASE_ARRAY(FlowHead) heads;
} FlowPair;

/* A whole set. Owns everything. Times are multiples of 10 µs. */
typedef struct {
  FlowAligned aligned; /* `heard` has no evidence */
  BASE_ARRAY(FlowPair) pairs; /* by step */
  BASE_ARRAY(FlowVerdict) said;
} FlowPairs;

/* What a set is made of. All borrowed; `pages`: image files, in the order that ScoreBox.page counts; the recording may be
 * null or notes. */
typedef struct {
  const FlowAligned *aligned;
  const FlowVerdict *said; /* at least one anchor */
  size_t n_said;
  const char *audio_path;
  const char *const *page_paths;
  size_t n_pages;
} FlowPairsSource;

/* Gathers the bars with anchors. BASE_BAD_INPUT when there are none. Reads the recording's spans and each page once. */
BaseStatus flow_pairs_gather(BaseContext *ctx, FlowPairs **out, const FlowPairsSource *source);
void flow_pairs_free(FlowPairs *pairs);

/* Anchors as verdicts; freed by the caller with free(), null without memory. */
FlowVerdict *flow_verdicts_of(const AlignmentAnchor *anchors, size_t n);

/* The folder `path`, which must not be there yet, whole or not at all; and back. What was read is written again as the
 * same bytes. BASE_BAD_FILE names what is wrong. */
BaseStatus flow_pairs_write(BaseContext *ctx, const FlowPairs *pairs, const char *path);
BaseStatus flow_pairs_read(BaseContext *ctx, FlowPairs **out, const char *path);

/* True when `path` is a folder with a manifest. */
bool flow_is_pairs(const char *path);

/* Calibrates the network that hears by sets alone, as flow_learn: bars of less than half the weight are not trusted but
 * believed like the rest of a score. BASE_BAD_INPUT when there is no sound. */
BaseStatus flow_learn_pairs(BaseContext *ctx, LmmCalibration *report, void **bytes, size_t *n,
                            const FlowPairs *const *sets, size_t n_sets, const LmmCalibrateParams *params);
