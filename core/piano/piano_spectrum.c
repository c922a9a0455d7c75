/* Power is additive: each partial of each note adds (how its sine spreads over the bins) × (its energy in
 * each window). Cells of 5 ms (piano_envelope) are gathered into windows by the square of the analysis
 * window. Equaliser, room and noise follow. Backward walks the same road in the other direction; envelopes
 * are computed again, not stored. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_spectrum.h"

#include "core/piano/piano_envelope.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS_PER_HOP = 2, PAD = 16, MAX_TAPS = 26 };

static const double HIGHEST_HZ = 7600, LOWEST_LN_POWER = -34, LEAST_DURATION_S = 0.01;

/* How cells make windows: frame t is Σ taps[j] cell[2 t + PAD + first + j]. */
typedef struct {
  int first, n;
  float taps[MAX_TAPS];
} Smear;

struct PianoSpectrum {
  PianoFrames *dry, *wet; /* before and after equaliser, room and noise */
  PianoKernel *kernel[PIANO_RESOLUTIONS];
  Smear smear[PIANO_RESOLUTIONS];
  float *noise_gain[PIANO_RESOLUTIONS]; /* power in a bin of white noise of variance 1, by bin */
  size_t cells;
  float *cell, *frame, *row; /* scratch: cells, frames, frames */
};

/* ---- birth ---- */

static double window_energy(double x) { /* ∫ hann² from the window's left edge, x in windows */
  if (x <= 0) return 0;
  if (x >= 1) x = 1;
  return (0.375 * x - sin(2 * M_PI * x) / (4 * M_PI) + sin(4 * M_PI * x) / (32 * M_PI)) / 0.375;
}

static Smear smear_of(int r) {
  double cells = piano_resolution(r)->window / (PIANO_RATE_HZ * PIANO_CELL_S);
  int half = (int)ceil(cells / 2);
  Smear s = {-half, 2 * half, {0}};
  for (int j = 0; j < s.n; j++)
    s.taps[j] =
        (float)(window_energy((j + 1 - half) / cells + 0.5) - window_energy((j - half) / cells + 0.5));
  return s;
}

static float *noise_gain_of(const PianoKernel *kernel, int r) {
  const PianoResolution *res = piano_resolution(r);
  float *gain = calloc((size_t)res->bins, sizeof *gain), weights[PIANO_KERNEL_WIDTH];
  if (!gain) return NULL;
  double step = 2.0;
  for (double hz = res->lowest_hz; hz < 0.5 * PIANO_RATE_HZ; hz += step) {
    int first, n = piano_kernel_row(kernel, hz, &first, weights, NULL);
    for (int i = 0; i < n; i++) gain[first + i] += (float)(4 * step / PIANO_RATE_HZ * weights[i]);
  }
  return gain;
}

BaseStatus piano_spectrum_new(BaseContext *ctx, PianoSpectrum **out, size_t frames) {
  PianoSpectrum *s = calloc(1, sizeof *s);
  if (!s) return base_fail_memory(ctx);
  s->dry = piano_frames_new(frames);
  s->wet = piano_frames_new(frames);
  s->cells = CELLS_PER_HOP * frames + 2 * PAD;
  s->cell = calloc(s->cells, sizeof(float));
  s->frame = calloc(frames + 1, sizeof(float));
  s->row = calloc(frames + 1, sizeof(float));
  int complete = s->dry && s->wet && s->cell && s->frame && s->row;
  for (int r = 0; r < PIANO_RESOLUTIONS; r++) {
    s->kernel[r] = piano_kernel_new(r);
    s->noise_gain[r] = s->kernel[r] ? noise_gain_of(s->kernel[r], r) : NULL;
    s->smear[r] = smear_of(r);
    complete = complete && s->noise_gain[r];
  }
  if (!complete) {
    piano_spectrum_free(s);
    return base_fail_memory(ctx);
  }
  *out = s;
  return BASE_OK;
}

void piano_spectrum_free(PianoSpectrum *s) {
  if (!s) return;
  piano_frames_free(s->dry);
  piano_frames_free(s->wet);
  for (int r = 0; r < PIANO_RESOLUTIONS; r++) {
    piano_kernel_free(s->kernel[r]);
    free(s->noise_gain[r]);
  }
  free(s->cell);
  free(s->frame);
  free(s->row);
  free(s);
}

/* ---- one source in time ---- */

static double held_s(const PianoNote *note) {
  return fmax(note->end_s - note->onset_s, LEAST_DURATION_S);
}

static bool lay_out(PianoEnvelope *e, const PianoSpectrum *s, const PianoPartialSound *sound,
                    const PianoNote *note, double start_s) {
  double onset_cell = (note->onset_s - start_s) / PIANO_CELL_S + PAD;
  return piano_envelope_init(e, sound, onset_cell, held_s(note), s->cells);
}

/* ---- cells to frames and back ---- */

typedef struct {
  size_t from, to;
} Span;

static Span frames_touched(const Smear *s, const PianoEnvelope *e, size_t frames) {
  ptrdiff_t low = ((ptrdiff_t)e->from - PAD - s->first - s->n + 1) / CELLS_PER_HOP;
  ptrdiff_t high = ((ptrdiff_t)e->to - PAD - s->first) / CELLS_PER_HOP + 1;
  Span span = {low > 0 ? (size_t)low : 0, high > 0 ? (size_t)high : 0};
  if (span.to > frames) span.to = frames;
  if (span.from > span.to) span.from = span.to;
  return span;
}

/* cell[] must be zero around [from, to) as far as the taps reach. */
static void smear_forward(float *frame, const Smear *s, const float *cell, Span span) {
  for (size_t t = span.from; t < span.to; t++) {
    const float *c = cell + CELLS_PER_HOP * t + PAD + (size_t)(ptrdiff_t)s->first;
    float sum = 0;
    for (int j = 0; j < s->n; j++) sum += s->taps[j] * c[j];
    frame[t] = sum;
  }
}

static void smear_backward(float *by_cell, const Smear *s, const float *by_frame, Span span) {
  for (size_t t = span.from; t < span.to; t++) {
    float *c = by_cell + CELLS_PER_HOP * t + PAD + (size_t)(ptrdiff_t)s->first;
    for (int j = 0; j < s->n; j++) c[j] += s->taps[j] * by_frame[t];
  }
}

/* Zeroes the cells that the taps of `span` and the envelope itself can touch. */
static void clear_cells(PianoSpectrum *s, const PianoEnvelope *e) {
  size_t low = e->from > MAX_TAPS + 2 ? e->from - MAX_TAPS - 2 : 0;
  size_t high = e->to + MAX_TAPS + 2 < s->cells ? e->to + MAX_TAPS + 2 : s->cells;
  memset(s->cell + low, 0, (high - low) * sizeof(float));
}

static void add_scaled(float *restrict sum, const float *restrict x, float scale, size_t n) {
  for (size_t i = 0; i < n; i++) sum[i] += scale * x[i];
}

static double dot(const float *restrict a, const float *restrict b, size_t n) {
  float lanes[16] = {0};
  size_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int j = 0; j < 16; j++) lanes[j] += a[i + (size_t)j] * b[i + (size_t)j];
  double sum = 0;
  for (int j = 0; j < 16; j++) sum += lanes[j];
  for (; i < n; i++) sum += a[i] * b[i];
  return sum;
}

/* ---- one source on the picture: an envelope spread over bins ---- */

enum { MOST_BINS = 256 };

/* Where the power of a source goes, by resolution. */
typedef struct {
  int first, n;
  float weights[MOST_BINS];
} Spread;

static float *power_at(const PianoFrames *frames, int r, int bin, size_t frame) {
  return frames->power[r] + (size_t)bin * frames->frames + frame;
}

static void source_forward(PianoSpectrum *s, PianoFrames *sum, const PianoPartialSound *sound,
                           const Spread *spread, const PianoNote *note, double start_s, double scale) {
  PianoEnvelope e;
  if (!lay_out(&e, s, sound, note, start_s)) return;
  clear_cells(s, &e);
  piano_envelope_forward(s->cell, &e, scale * exp(sound->ln_power));
  for (int r = 0; r < PIANO_RESOLUTIONS; r++) {
    Span span = frames_touched(&s->smear[r], &e, sum->frames);
    smear_forward(s->frame, &s->smear[r], s->cell, span);
    for (int i = 0; i < spread[r].n; i++)
      add_scaled(power_at(sum, r, spread[r].first + i, span.from), s->frame + span.from, spread[r].weights[i],
                 span.to - span.from);
  }
}

/* What a source learns from the picture. */
typedef struct {
  PianoPartialSound by_sound; /* all but the frequency */
  double by_time, by_held;    /* by the time since the onset at every edge, by the time held */
  double along[PIANO_RESOLUTIONS]
              [MOST_BINS]; /* Σ over frames of derivative × envelope, by bin of the spread */
} SourceGradient;

/* Derivatives by the frames of one resolution: fills `along` and turns `frame` from envelope to derivative.
 */
static void spread_backward(double *along, float *frame, const Spread *spread, int r,
                            const PianoFrames *by_dry, Span span) {
  size_t length = span.to - span.from;
  for (int i = 0; i < spread->n; i++)
    along[i] = dot(power_at(by_dry, r, spread->first + i, span.from), frame + span.from, length);
  memset(frame + span.from, 0, length * sizeof(float));
  for (int i = 0; i < spread->n; i++)
    add_scaled(frame + span.from, power_at(by_dry, r, spread->first + i, span.from), spread->weights[i],
               length);
}

/* Zero when the source is outside the picture; `g` is then untouched. */
static int source_backward(SourceGradient *g, PianoSpectrum *s, const PianoFrames *by_dry,
                           const PianoPartialSound *sound, const Spread *spread, const PianoNote *note,
                           double start_s) {
  PianoEnvelope e;
  if (!lay_out(&e, s, sound, note, start_s)) return 0;
  double power = exp(sound->ln_power);
  memset(&g->by_sound, 0, sizeof g->by_sound);
  clear_cells(s, &e);
  piano_envelope_forward(s->cell, &e, power);
  float *frame[PIANO_RESOLUTIONS] = {s->frame, s->row};
  Span span[PIANO_RESOLUTIONS];
  for (int r = 0; r < PIANO_RESOLUTIONS; r++) {
    span[r] = frames_touched(&s->smear[r], &e, by_dry->frames);
    smear_forward(frame[r], &s->smear[r], s->cell, span[r]);
    spread_backward(g->along[r], frame[r], &spread[r], r, by_dry, span[r]);
    for (int i = 0; i < spread[r].n; i++) g->by_sound.ln_power += spread[r].weights[i] * g->along[r][i];
  }
  clear_cells(s, &e);
  for (int r = 0; r < PIANO_RESOLUTIONS; r++) smear_backward(s->cell, &s->smear[r], frame[r], span[r]);
  PianoEnvelopeGradient d = piano_envelope_backward(&e, power, s->cell);
  g->by_sound.tau1_s = d.tau[0];
  g->by_sound.tau2_s = d.tau[1];
  g->by_sound.attack_s = d.tau[2];
  g->by_sound.share = d.weight[1] - d.weight[0];
  g->by_sound.damper_s = d.damper;
  g->by_time = d.time;
  g->by_held = d.held;
  return 1;
}

/* ---- partials ---- */

static int audible(const PianoPartialSound *sound) {
  return sound->frequency_hz < HIGHEST_HZ && sound->ln_power > LOWEST_LN_POWER;
}

static void partial_forward(PianoSpectrum *s, PianoFrames *sum, const PianoPartialSound *sound,
                            const PianoNote *note, double start_s, double scale) {
  Spread spread[PIANO_RESOLUTIONS];
  if (!audible(sound)) return;
  for (int r = 0; r < PIANO_RESOLUTIONS; r++)
    spread[r].n =
        piano_kernel_row(s->kernel[r], sound->frequency_hz, &spread[r].first, spread[r].weights, NULL);
  source_forward(s, sum, sound, spread, note, start_s, scale);
}

static void partial_backward(PianoSpectrum *s, PianoModel *gradient, PianoNoteGradient *by_note,
                             const PianoFrames *by_dry, const PianoModel *model, int h, const PianoNote *note,
                             double start_s) {
  PianoPartialSound sound = piano_model_partial(model, note->key, h, note->velocity, note->pedal);
  Spread spread[PIANO_RESOLUTIONS];
  float by_hz[PIANO_RESOLUTIONS][PIANO_KERNEL_WIDTH];
  SourceGradient g;
  if (!audible(&sound)) return;
  for (int r = 0; r < PIANO_RESOLUTIONS; r++)
    spread[r].n =
        piano_kernel_row(s->kernel[r], sound.frequency_hz, &spread[r].first, spread[r].weights, by_hz[r]);
  if (!source_backward(&g, s, by_dry, &sound, spread, note, start_s)) return;
  for (int r = 0; r < PIANO_RESOLUTIONS; r++)
    for (int i = 0; i < spread[r].n; i++) g.by_sound.frequency_hz += by_hz[r][i] * g.along[r][i];
  double by_velocity =
      piano_model_partial_backward(gradient, model, note->key, h, note->velocity, note->pedal, &g.by_sound);
  int free_end = note->end_s - note->onset_s > LEAST_DURATION_S;
  by_note->velocity += by_velocity;
  by_note->onset -= g.by_time + (free_end ? g.by_held : 0);
  by_note->end += free_end ? g.by_held : 0;
}

/* ---- values along log frequency ---- */

typedef struct {
  int low;
  float share;
} BandPlace;

static BandPlace place_among(double hz, int nodes) {
  double at =
      (nodes - 1) * log(hz / PIANO_LOWEST_BAND_HZ) / log(PIANO_HIGHEST_BAND_HZ / PIANO_LOWEST_BAND_HZ);
  at = at < 0 ? 0 : at > nodes - 1 ? nodes - 1 : at;
  int low = at >= nodes - 1 ? nodes - 2 : (int)at;
  return (BandPlace){low, (float)(at - low)};
}

static double among(const PianoModel *m, int first, BandPlace p) {
  const float *v = m->values + first + p.low;
  return v[0] + p.share * (v[1] - v[0]);
}

static void among_backward(PianoModel *g, int first, BandPlace p, double d) {
  float *v = g->values + first + p.low;
  v[0] += (float)((1 - p.share) * d);
  v[1] += (float)(p.share * d);
}

/* ---- hammer: one envelope for all bins, which no damper stops ---- */

static PianoNote ringing(const PianoNote *note) {
  PianoNote n = *note;
  n.end_s = note->onset_s + 10;
  return n;
}

static void hammer_spread(Spread *spread, const PianoSpectrum *s, const PianoModel *m) {
  for (int r = 0; r < PIANO_RESOLUTIONS; r++) {
    spread[r].first = 0;
    spread[r].n = piano_resolution(r)->bins;
    for (int b = 0; b < spread[r].n; b++) {
      double shape = among(m, PIANO_AT_HAMMER_SHAPE, place_among(piano_bin_hz(r, b), PIANO_BANDS));
      spread[r].weights[b] = (float)exp(shape) * s->noise_gain[r][b];
    }
  }
}

static void hammer_forward(PianoSpectrum *s, PianoFrames *sum, const PianoModel *m, const PianoNote *note,
                           const Spread *spread, double start_s, double scale) {
  PianoPartialSound sound = piano_model_hammer(m, note->key, note->velocity);
  PianoNote n = ringing(note);
  source_forward(s, sum, &sound, spread, &n, start_s, scale);
}

static void hammer_backward(PianoSpectrum *s, PianoModel *gradient, PianoNoteGradient *by_note,
                            const PianoFrames *by_dry, const PianoModel *m, const PianoNote *note,
                            const Spread *spread, double start_s) {
  PianoPartialSound sound = piano_model_hammer(m, note->key, note->velocity);
  PianoNote n = ringing(note);
  SourceGradient g;
  if (!source_backward(&g, s, by_dry, &sound, spread, &n, start_s)) return;
  for (int r = 0; r < PIANO_RESOLUTIONS; r++)
    for (int b = 0; gradient && b < spread[r].n; b++)
      among_backward(gradient, PIANO_AT_HAMMER_SHAPE, place_among(piano_bin_hz(r, b), PIANO_BANDS),
                     spread[r].weights[b] * g.along[r][b]);
  double by_velocity = piano_model_hammer_backward(gradient, m, note->key, note->velocity, &g.by_sound);
  by_note->velocity += by_velocity;
  by_note->onset -= g.by_time;
}

/* ---- equaliser, room, noise ---- */

typedef struct {
  float eq, noise, level, keep;
  BandPlace band, room;
} Finish;

static Finish finish_of(const PianoSpectrum *s, const PianoModel *m, int r, int bin) {
  double hz = piano_bin_hz(r, bin);
  Finish f = {.band = place_among(hz, PIANO_BANDS), .room = place_among(hz, PIANO_ROOMS)};
  f.eq = (float)exp(among(m, PIANO_AT_EQUALISER, f.band));
  f.noise = (float)exp(among(m, PIANO_AT_NOISE, f.band)) * s->noise_gain[r][bin];
  f.level = (float)exp(among(m, PIANO_AT_ROOM_LEVEL, f.room));
  f.keep = (float)exp(-0.01 / exp(among(m, PIANO_AT_ROOM_DECAY, f.room)));
  return f;
}

static void finish_forward(float *wet, const float *dry, const Finish *f, size_t frames) {
  float room = 0;
  for (size_t t = 0; t < frames; t++) {
    float direct = dry[t] * f->eq;
    wet[t] = direct + f->level * room + f->noise;
    room = f->keep * room + (1 - f->keep) * direct;
  }
}

/* Turns `by` from derivatives by wet into derivatives by dry, in place. `room` is scratch, frames long. */
static void finish_backward(float *by, PianoModel *gradient, const PianoModel *m, const float *dry,
                            float *room, const Finish *f, size_t frames) {
  float state = 0;
  for (size_t t = 0; t < frames; t++) {
    room[t] = state;
    state = f->keep * state + (1 - f->keep) * dry[t] * f->eq;
  }
  double by_noise = 0, by_level = 0, by_keep = 0, by_eq = 0;
  float by_state = 0; /* by room[t + 1] */
  for (size_t t = frames; t-- > 0;) {
    float direct = dry[t] * f->eq, by_wet = by[t];
    by_noise += by_wet;
    by_level += by_wet * room[t];
    by_keep += by_state * (room[t] - direct);
    float by_direct = by_wet + (1 - f->keep) * by_state;
    by_state = f->keep * by_state + f->level * by_wet;
    by_eq += by_direct * direct;
    by[t] = by_direct * f->eq;
  }
  if (!gradient) return;
  among_backward(gradient, PIANO_AT_EQUALISER, f->band, by_eq);
  among_backward(gradient, PIANO_AT_NOISE, f->band, by_noise * f->noise);
  among_backward(gradient, PIANO_AT_ROOM_LEVEL, f->room, by_level * f->level);
  double ln_tau = among(m, PIANO_AT_ROOM_DECAY, f->room);
  among_backward(gradient, PIANO_AT_ROOM_DECAY, f->room, by_keep * f->keep * 0.01 / exp(ln_tau));
}

/* ---- the whole picture ---- */

/* The delay that all share moves the picture instead of every note. */
static double heard_start_s(const PianoModel *model, double start_s) {
  return start_s - 0.001 * model->values[PIANO_AT_DELAY];
}

/* The note as the string has it: struck when the hammer arrives. */
static PianoNote struck(const PianoModel *model, const PianoNote *note) {
  PianoNote n = *note;
  n.onset_s += piano_model_way_s(model, note);
  return n;
}

static void add_partials(PianoSpectrum *s, PianoFrames *sum, const PianoModel *model, const PianoNote *note,
                         double start_s, double scale) {
  for (int h = 1; h <= PIANO_PARTIALS; h++) {
    PianoPartialSound sound = piano_model_partial(model, note->key, h, note->velocity, note->pedal);
    if (sound.frequency_hz >= HIGHEST_HZ) break;
    partial_forward(s, sum, &sound, note, start_s, scale);
  }
}

void piano_spectrum_add_note(PianoSpectrum *s, PianoFrames *sum, const PianoModel *model,
                             const PianoNote *note, double start_s, double scale) {
  Spread spread[PIANO_RESOLUTIONS];
  start_s = heard_start_s(model, start_s);
  hammer_spread(spread, s, model);
  PianoNote n = struck(model, note);
  add_partials(s, sum, model, &n, start_s, scale);
  hammer_forward(s, sum, model, &n, spread, start_s, scale);
}

const PianoFrames *piano_spectrum_forward(PianoSpectrum *s, const PianoModel *model, const PianoNote *notes,
                                          size_t n, double start_s) {
  size_t frames = s->dry->frames;
  Spread spread[PIANO_RESOLUTIONS];
  start_s = heard_start_s(model, start_s);
  hammer_spread(spread, s, model);
  for (int r = 0; r < PIANO_RESOLUTIONS; r++)
    memset(s->dry->power[r], 0, frames * (size_t)piano_resolution(r)->bins * sizeof(float));
  for (size_t i = 0; i < n; i++) {
    PianoNote note = struck(model, &notes[i]);
    add_partials(s, s->dry, model, &note, start_s, 1);
    hammer_forward(s, s->dry, model, &note, spread, start_s, 1);
  }
  for (int r = 0; r < PIANO_RESOLUTIONS; r++)
    for (int b = 0; b < piano_resolution(r)->bins; b++) {
      Finish f = finish_of(s, model, r, b);
      finish_forward(s->wet->power[r] + (size_t)b * frames, s->dry->power[r] + (size_t)b * frames, &f,
                     frames);
    }
  return s->wet;
}

void piano_spectrum_backward(PianoSpectrum *s, PianoModel *gradient, PianoNoteGradient *by_note,
                             PianoFrames *by_power, const PianoModel *model, const PianoNote *notes, size_t n,
                             double start_s) {
  size_t frames = s->dry->frames;
  Spread spread[PIANO_RESOLUTIONS];
  start_s = heard_start_s(model, start_s);
  hammer_spread(spread, s, model);
  for (int r = 0; r < PIANO_RESOLUTIONS; r++)
    for (int b = 0; b < piano_resolution(r)->bins; b++) {
      Finish f = finish_of(s, model, r, b);
      finish_backward(by_power->power[r] + (size_t)b * frames, gradient, model,
                      s->dry->power[r] + (size_t)b * frames, s->row, &f, frames);
    }
  for (size_t i = 0; i < n; i++) {
    PianoNoteGradient note_gradient = {0};
    PianoNote note = struck(model, &notes[i]);
    for (int h = 1; h <= PIANO_PARTIALS; h++) {
      if (piano_model_frequency_hz(model, note.key, h) >= HIGHEST_HZ) break;
      partial_backward(s, gradient, &note_gradient, by_power, model, h, &note, start_s);
    }
    hammer_backward(s, gradient, &note_gradient, by_power, model, &note, spread, start_s);
    note_gradient.velocity += piano_model_way_backward(gradient, model, &notes[i], note_gradient.onset);
    if (gradient)
      gradient->values[PIANO_AT_DELAY] += (float)(0.001 * (note_gradient.onset + note_gradient.end));
    if (!by_note) continue;
    by_note[i].onset += note_gradient.onset;
    by_note[i].end += note_gradient.end;
    by_note[i].velocity += note_gradient.velocity;
  }
}
