/* Does what was heard explain the sound? SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/piano/piano_spectrum.h"

/* What one candidate note does for the explanation of a recording. */
typedef struct {
  float gain;  /* nats a frame-bin by which the sound becomes likelier through this note, over the cells
                * where the note is a good part of what is expected, weighted by the square of that part;
                * negative: better without it */
  float share; /* of those cells' energy that this note accounts for, 0 … 1 */
  float level; /* velocity scale that fits best, 1: as given */
} PianoEvidence;

/* Of a note that is nowhere in the sound. */
#define PIANO_NO_EVIDENCE ((PianoEvidence){-1, 0, 1})

/* Evidence for every note of `notes`, given all the others, under the instrument `model` (Itakura-Saito
 * likelihood: the power of each cell is exponential around what is expected; Févotte 2009). Frame 0 of
 * `heard` is second `start_s`. Works through the recording in stretches; memory is bounded by the stretch.
 * `evidence` holds n. About 30 × real time. */
BaseStatus piano_explain(BaseContext *ctx, PianoEvidence *evidence, const PianoModel *model,
                         const PianoFrames *heard, const PianoNote *notes, size_t n, double start_s);

/* A place where more sounds than the notes account for. */
typedef struct {
  double onset_s;
  int key;
  float gain; /* as above, for a note of middle velocity put there */
} PianoMissing;

/* Places where a missing note would explain what is left over: up to `room` of them, strongest first, written
 * to `missing`; `*found` says how many. Onsets are looked for where the power of the key's partials rises. */
BaseStatus piano_explain_missing(BaseContext *ctx, PianoMissing *missing, size_t *found, size_t room,
                                 const PianoModel *model, const PianoFrames *heard, const PianoNote *notes,
                                 size_t n, double start_s);
