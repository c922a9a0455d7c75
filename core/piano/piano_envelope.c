/* The energy of exponentials in a cell is a difference of their integral at the cell's edges, so onsets and
 * ends may lie anywhere and have exact derivatives. The exponentials at successive edges follow by
 * multiplication. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_envelope.h"

#include <math.h>

enum { TERMS = PIANO_TERMS };

static const double INAUDIBLE = 1e-6;

static void shape(PianoEnvelope *e, const PianoPartialSound *sound, double held_s) {
  double weight[TERMS] = {1 - sound->share, sound->share, -1};
  double tau[TERMS] = {sound->tau1_s, sound->tau2_s, sound->attack_s};
  e->damper_s = sound->damper_s;
  e->held_s = held_s;
  e->power_end = e->integral_end = e->slope_end = 0;
  for (int k = 0; k < TERMS; k++) {
    e->weight[k] = weight[k];
    e->tau[k] = tau[k];
    e->end[k] = exp(-e->held_s / tau[k]);
    e->power_end += weight[k] * e->end[k];
    e->integral_end += weight[k] * tau[k] * (1 - e->end[k]);
    e->slope_end -= weight[k] * e->end[k] / tau[k];
  }
}

bool piano_envelope_init(PianoEnvelope *e, const PianoPartialSound *sound, double onset_cell, double held_s,
                         size_t cells) {
  double slow = sound->tau2_s * log(fmax(sound->share, 1e-9) / INAUDIBLE);
  double longest = fmax(sound->tau1_s * -log(INAUDIBLE), slow);
  double length = fmin(longest, held_s + sound->damper_s * -log(INAUDIBLE));
  double end_cell = onset_cell + length / PIANO_CELL_S + 1;
  if (end_cell <= 0 || onset_cell >= (double)cells) return false;
  shape(e, sound, held_s);
  e->from = onset_cell > 0 ? (size_t)onset_cell : 0;
  e->to = end_cell < (double)cells ? (size_t)end_cell : cells;
  e->first_edge_s = ((double)e->from - onset_cell) * PIANO_CELL_S;
  return e->to > e->from;
}

/* ---- edges ---- */

typedef struct {
  double t, now[TERMS], ratio[TERMS], gone, gone_ratio; /* gone: e^(−(t − held)/damper) once t > held */
} Clock;

static Clock clock_at(const PianoEnvelope *e, double t) {
  Clock c = {
      .t = t, .gone = exp(-(t - e->held_s) / e->damper_s), .gone_ratio = exp(-PIANO_CELL_S / e->damper_s)};
  for (int k = 0; k < TERMS; k++) {
    c.now[k] = exp(-(t > 0 ? t : 0) / e->tau[k]);
    c.ratio[k] = exp(-PIANO_CELL_S / e->tau[k]);
  }
  return c;
}

static void clock_tick(Clock *c, const PianoEnvelope *e) {
  double before = c->t;
  c->t += PIANO_CELL_S;
  if (before < 0) {
    *c = clock_at(e, c->t);
    return;
  }
  for (int k = 0; k < TERMS; k++) c->now[k] *= c->ratio[k];
  c->gone = before < e->held_s ? exp(-(c->t - e->held_s) / e->damper_s) : c->gone * c->gone_ratio;
}

static double integral(const PianoEnvelope *e, const Clock *c) {
  if (c->t <= 0) return 0;
  if (c->t > e->held_s) return e->integral_end + e->power_end * e->damper_s * (1 - c->gone);
  double sum = 0;
  for (int k = 0; k < TERMS; k++) sum += e->weight[k] * e->tau[k] * (1 - c->now[k]);
  return sum;
}

void piano_envelope_forward(float *cell, const PianoEnvelope *e, double power) {
  Clock c = clock_at(e, e->first_edge_s);
  double before = integral(e, &c), scale = power / PIANO_CELL_S;
  for (size_t i = e->from; i < e->to; i++) {
    clock_tick(&c, e);
    double now = integral(e, &c);
    cell[i] = (float)(scale * (now - before));
    before = now;
  }
}

/* Adds q × ∂(integral)/∂(everything) at one edge, where q is what raising the integral there does to the
 * loss. */
static void edge_backward(PianoEnvelopeGradient *d, const PianoEnvelope *e, const Clock *c, double q) {
  if (c->t <= 0) return;
  int ringing = c->t <= e->held_s;
  double t = ringing ? c->t : e->held_s, tail = ringing ? 0 : e->damper_s * (1 - c->gone);
  for (int k = 0; k < TERMS; k++) {
    double tau = e->tau[k], x = ringing ? c->now[k] : e->end[k];
    d->tau[k] += q * e->weight[k] * (1 - x * (1 + t / tau) + x * t / (tau * tau) * tail);
    d->weight[k] += q * (tau * (1 - x) + x * tail);
    if (ringing) d->time += q * e->weight[k] * x;
  }
  if (ringing) return;
  d->time += q * e->power_end * c->gone;
  d->held += q * (1 - c->gone) * (e->power_end + e->slope_end * e->damper_s);
  d->damper += q * e->power_end * (1 - c->gone - c->gone * (c->t - e->held_s) / e->damper_s);
}

PianoEnvelopeGradient piano_envelope_backward(const PianoEnvelope *e, double power, const float *by_cell) {
  double scale = power / PIANO_CELL_S;
  Clock c = clock_at(e, e->first_edge_s);
  PianoEnvelopeGradient d = {{0}};
  for (size_t i = e->from; i <= e->to; i++) {
    double before = i > e->from ? by_cell[i - 1] : 0, after = i < e->to ? by_cell[i] : 0;
    edge_backward(&d, e, &c, scale * (before - after));
    clock_tick(&c, e);
  }
  return d;
}
