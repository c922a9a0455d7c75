/* How the power of one source rises and falls, in cells of 5 ms, with derivatives.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/piano/piano_model.h"

#define PIANO_CELL_S 0.005

enum { PIANO_TERMS = 3 }; /* two stages of decay, one of attack */

/* A source of unit power: Σ weight × e^(−t/τ) over the terms until the damper falls, t in seconds from the
 * onset. Plain value. */
typedef struct {
  double weight[PIANO_TERMS], tau[PIANO_TERMS], damper_s;
  double held_s;           /* onset to damper */
  size_t from, to;         /* cells [from, to) in which it sounds */
  double first_edge_s;     /* of cell `from`, from the onset; negative in the onset's own cell */
  double end[PIANO_TERMS]; /* e^(−held/τ) */
  double power_end, integral_end, slope_end; /* p, ∫p and dp/dt at held_s */
} PianoEnvelope;

/* Lays out the envelope of `sound` with its onset at `onset_cell` (fractions and negative values allowed) and
 * its damper `held_s` later, on a row of `cells`. False when it does not sound there. */
bool piano_envelope_init(PianoEnvelope *e, const PianoPartialSound *sound, double onset_cell, double held_s,
                         size_t cells);

/* Mean power in each cell of [from, to), times `power`; other cells are left alone. */
void piano_envelope_forward(float *cell, const PianoEnvelope *e, double power);

/* Derivatives of a loss by an envelope. */
typedef struct {
  double tau[PIANO_TERMS], weight[PIANO_TERMS], damper;
  double time; /* by the time since the onset at every edge: minus the derivative by the onset */
  double held;
} PianoEnvelopeGradient;

/* What `by_cell`, derivatives by the cells of [from, to), means for the envelope. */
PianoEnvelopeGradient piano_envelope_backward(const PianoEnvelope *e, double power, const float *by_cell);
