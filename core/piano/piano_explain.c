/* The whole performance is rendered once a stretch; then each note is rendered alone and taken away. Cells
 * where it is less than a tenth of what is expected say nothing about it and are left out. Its strength is
 * tried at several levels, since a wrong velocity is no evidence against a note. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "core/piano/piano_explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  STRETCH = 1000,
  MARGIN = 60,
  LOOK = 40 /* frames after the onset */,
  LEAD = 2,
  LEVELS = 7,
  LEAST_CELLS = 12
};

static const double LEAST_SHARE = 0.1, HOP_S = 0.01;
static const float MOST_NATS = 6; /* that one cell may say */
static const float levels[LEVELS] = {0.03f, 0.1f, 0.3f, 0.6f, 1, 2, 4};

typedef struct {
  PianoSpectrum *all, *one;
  PianoFrames *own; /* a note alone, LOOK + LEAD frames */
  const PianoModel *model;
  const PianoFrames *heard;
  float *equaliser[PIANO_RESOLUTIONS];
} Court;

static void court_clear(Court *c) {
  piano_spectrum_free(c->all);
  piano_spectrum_free(c->one);
  piano_frames_free(c->own);
  for (int r = 0; r < PIANO_RESOLUTIONS; r++) free(c->equaliser[r]);
}

static BaseStatus court_init(BaseContext *ctx, Court *c, const PianoModel *model, const PianoFrames *heard) {
  *c = (Court){.model = model, .heard = heard, .own = piano_frames_new(LOOK + LEAD)};
  BaseStatus status = piano_spectrum_new(ctx, &c->all, STRETCH + 2 * MARGIN);
  if (status == BASE_OK) status = piano_spectrum_new(ctx, &c->one, LOOK + LEAD);
  for (int r = 0; r < PIANO_RESOLUTIONS; r++) {
    int bins = piano_resolution(r)->bins;
    c->equaliser[r] = malloc((size_t)bins * sizeof(float));
    if (!c->equaliser[r] || !c->own) return base_fail_memory(ctx);
    for (int b = 0; b < bins; b++)
      c->equaliser[r][b] = (float)exp(piano_model_equaliser(model, piano_bin_hz(r, b)));
  }
  return status;
}

/* ln likelihood of a power `x` where `expected` is expected, up to what does not depend on the latter. */
static float likelihood(float x, float expected) {
  return -logf(expected) - x / expected;
}

typedef struct {
  double gain[LEVELS], own, heard;
  size_t cells;
} Trial;

static void try_cell(Trial *trial, float x, float expected, float own) {
  float rest = fmaxf(expected - own, 1e-3f * expected), without = likelihood(x, rest);
  for (int k = 0; k < LEVELS; k++) {
    float gain = likelihood(x, rest + levels[k] * own) - without;
    trial->gain[k] += fmaxf(-MOST_NATS, fminf(MOST_NATS, gain));
  }
  trial->own += fminf(own, x);
  trial->heard += x;
  trial->cells++;
}

/* Compares over the cells that matter; `from` is the first frame of `own` in the stretch `expected` and, with
 * `heard_from`, in the recording. */
static PianoEvidence judge(const Court *c, const PianoFrames *expected, ptrdiff_t from, ptrdiff_t heard_from,
                           bool absent) {
  Trial trial = {0};
  for (int r = 0; r < PIANO_RESOLUTIONS; r++)
    for (int b = 0; b < piano_resolution(r)->bins; b++)
      for (ptrdiff_t t = 0; t < LOOK + LEAD; t++) {
        if (from + t < 0 || from + t >= (ptrdiff_t)expected->frames || heard_from + t < 0 ||
            heard_from + t >= (ptrdiff_t)c->heard->frames)
          continue;
        float own = c->own->power[r][(size_t)b * c->own->frames + (size_t)t] * c->equaliser[r][b];
        float all =
            expected->power[r][(size_t)b * expected->frames + (size_t)(from + t)] + (absent ? own : 0);
        if (own < LEAST_SHARE * all) continue;
        try_cell(&trial, c->heard->power[r][(size_t)b * c->heard->frames + (size_t)(heard_from + t)], all,
                 own);
      }
  PianoEvidence e = PIANO_NO_EVIDENCE;
  if (trial.cells < LEAST_CELLS) return e;
  int best = 0;
  for (int k = 1; k < LEVELS; k++)
    if (trial.gain[k] > trial.gain[best]) best = k;
  e.gain = (float)(trial.gain[best] / (double)trial.cells);
  if (best == 0) e.gain = fminf(e.gain, 0) - 0.01f;
  e.share = (float)(trial.heard > 0 ? trial.own / trial.heard : 0);
  e.level = levels[best];
  return e;
}

static void render_alone(Court *c, const PianoNote *note, double start_s) {
  for (int r = 0; r < PIANO_RESOLUTIONS; r++)
    memset(c->own->power[r], 0, c->own->frames * (size_t)piano_resolution(r)->bins * sizeof(float));
  piano_spectrum_add_note(c->one, c->own, c->model, note, start_s, 1);
}

static PianoEvidence try_note(Court *c, const PianoFrames *expected, const PianoNote *note, double stretch_s,
                              double start_s, bool absent) {
  long first = lround((note->onset_s - start_s) / HOP_S) - LEAD;
  render_alone(c, note, start_s + HOP_S * (double)first);
  return judge(c, expected, (ptrdiff_t)(first - lround((stretch_s - start_s) / HOP_S)), first, absent);
}

/* The performance as expected from `from` − MARGIN on; `*stretch_s` receives the time of its first frame. */
static const PianoFrames *expect(Court *c, double *stretch_s, const PianoNote *notes, size_t n,
                                 double start_s, size_t from) {
  *stretch_s = start_s + HOP_S * ((double)from - MARGIN);
  size_t a = 0, b = n;
  while (a < n && notes[a].onset_s < *stretch_s - 12) a++;
  while (b > a && notes[b - 1].onset_s > *stretch_s + HOP_S * (STRETCH + 2 * MARGIN) + 0.1) b--;
  return piano_spectrum_forward(c->all, c->model, notes + a, b - a, *stretch_s);
}

BaseStatus piano_explain(BaseContext *ctx, PianoEvidence *evidence, const PianoModel *model,
                         const PianoFrames *heard, const PianoNote *notes, size_t n, double start_s) {
  Court c;
  BaseStatus status = court_init(ctx, &c, model, heard);
  for (size_t i = 0; i < n; i++) evidence[i] = PIANO_NO_EVIDENCE;
  for (size_t from = 0; from < heard->frames && status == BASE_OK; from += STRETCH) {
    double stretch_s, low = start_s + HOP_S * (double)from, high = low + HOP_S * STRETCH;
    const PianoFrames *expected = expect(&c, &stretch_s, notes, n, start_s, from);
    for (size_t i = 0; i < n; i++)
      if (notes[i].onset_s >= low && notes[i].onset_s < high)
        evidence[i] = try_note(&c, expected, &notes[i], stretch_s, start_s, false);
    if (base_cancelled(ctx)) status = base_fail_cancelled(ctx);
    base_progress(ctx, (double)from / (double)heard->frames, "explaining the sound");
  }
  court_clear(&c);
  return status;
}

/* ---- what is missing ---- */

/* Rise of what is heard beyond what is expected around a key's first partials. */
static float rise(const Court *c, const PianoFrames *expected, int key, size_t from, ptrdiff_t t,
                  ptrdiff_t offset) {
  double now = 0, before = 0;
  for (int h = 1; h <= 4; h++) {
    double hz = piano_model_frequency_hz(c->model, key, h);
    int bin = (int)lround(piano_hz_bin(0, hz));
    if (bin < 0 || bin >= piano_resolution(0)->bins) break;
    const float *x = c->heard->power[0] + (size_t)bin * c->heard->frames + from;
    const float *p = expected->power[0] + (size_t)bin * expected->frames + (size_t)offset;
    now += log((x[t + 4] + 1e-9) / (p[t + 4] + 1e-9));
    before += log((x[t - 4] + 1e-9) / (p[t - 4] + 1e-9));
  }
  return (float)(now - before);
}

static int by_gain(const void *a, const void *b) {
  const PianoMissing *x = a, *y = b;
  return (x->gain < y->gain) - (x->gain > y->gain);
}

static bool taken(const PianoNote *notes, size_t n, int key, double at_s) {
  for (size_t i = 0; i < n; i++)
    if (notes[i].key == key && fabs(notes[i].onset_s - at_s) < 0.08) return true;
  return false;
}

/* Puts a place into the list, which stays the `room` strongest once full. */
static void offer(PianoMissing *missing, size_t *found, size_t room, PianoMissing place) {
  if (*found < room) {
    missing[(*found)++] = place;
    return;
  }
  size_t weakest = 0;
  for (size_t i = 1; i < room; i++)
    if (missing[i].gain < missing[weakest].gain) weakest = i;
  if (room && place.gain > missing[weakest].gain) missing[weakest] = place;
}

BaseStatus piano_explain_missing(BaseContext *ctx, PianoMissing *missing, size_t *found, size_t room,
                                 const PianoModel *model, const PianoFrames *heard, const PianoNote *notes,
                                 size_t n, double start_s) {
  Court c;
  BaseStatus status = court_init(ctx, &c, model, heard);
  *found = 0;
  for (size_t from = 0; from < heard->frames && status == BASE_OK; from += STRETCH) {
    double stretch_s;
    const PianoFrames *expected = expect(&c, &stretch_s, notes, n, start_s, from);
    ptrdiff_t end = (ptrdiff_t)(heard->frames - from < STRETCH ? heard->frames - from : STRETCH) - 5;
    for (int key = 0; key < PIANO_KEYS; key++)
      for (ptrdiff_t t = from ? 0 : 5; t < end; t++) {
        float now = rise(&c, expected, key, from, t, MARGIN);
        if (now < 6 || now < rise(&c, expected, key, from, t > 5 ? t - 1 : t, MARGIN)) continue;
        double at_s = start_s + HOP_S * (double)((ptrdiff_t)from + t);
        if (taken(notes, n, key, at_s)) continue;
        PianoNote note = {at_s, at_s + 0.4, 64, key, 0};
        PianoEvidence e = try_note(&c, expected, &note, stretch_s, start_s, true);
        if (e.gain > 0) offer(missing, found, room, (PianoMissing){at_s, key, e.gain});
        t += 8;
      }
    if (base_cancelled(ctx)) status = base_fail_cancelled(ctx);
    base_progress(ctx, (double)from / (double)heard->frames, "looking for missing notes");
  }
  qsort(missing, *found, sizeof *missing, by_gain);
  court_clear(&c);
  return status;
}
