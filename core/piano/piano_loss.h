/* How far a rendering is from what was heard, with derivatives. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/piano/piano_frames.h"

typedef struct {
  float floor;                    /* power below which differences do not count; 0 means 1e-7 */
  float level[PIANO_RESOLUTIONS]; /* weight of ln power; all four weights 0 means that these are 1 */
  float rise[PIANO_RESOLUTIONS];  /* weight of how ln power rises over `lag` frames; falls count as no rise */
  float bend;                     /* nats beyond which differences of level count linearly; 0 means 1 */
  int lag;                        /* 0 means 3 */
} PianoLossParams;

/* Weighted mean Huber distances over all bins, between frames [0, frames) of `rendered` and
 * [heard_from, heard_from + frames) of `heard`, which must exist; fills `by_power` (may be null) with the
 * derivatives by `rendered`. A rise is softplus(ln p[t + lag] − ln p[t]): attacks speak, constant errors of
 * level do not. About 500 × real time. */
double piano_loss(PianoFrames *by_power, const PianoFrames *rendered, const PianoFrames *heard,
                  size_t heard_from, size_t frames, const PianoLossParams *params);
