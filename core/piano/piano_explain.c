/* The whole performance is rendered once a stretch; then each note is rendered alone and taken away. A cell
 * counts by the square of the note's share in what is expected there; below a tenth it says nothing and is left
 * out. Its strength is tried at several levels, since a wrong velocity is no evidence against a note, and soft
 * notes, whose hammers come when they like, at several moments. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_explain.h"

#include "core/piano/piano_timing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  STRETCH = 1000,
  MARGIN = 60,
  LOOK = 40 /* frames after the onset */,
  LEAD = 6,
  LATE_STEP = 2, /* frames */
  LATEST = 4,
  LEVELS = 7,
  LEAST_CELLS = 12,
  SUSPECTS = 300, /* in a stretch */
  SKIRT = 2,      /* bins */
};

static const double LEAST_SHARE = 0.1, HOP_S = 0.01, LEVEL_PRICE = 0.4, LATE_PRICE = 0.0375, LATE_MOST = 0.08;
static const float MOST_NATS = 6; /* that one cell may say */
static const float CREST_SHARE = 0.3f, LEAST_RISE = 6, LEAST_EXCESS = 3, LEAST_GAIN = 0.5f;
static const float levels[LEVELS] = {0.03f, 0.1f, 0.3f, 0.6f, 1, 2, 4};

typedef struct {
  PianoSpectrum *all, *one;
  PianoFrames *sum; /* a stretch to which notes can be added */
  PianoFrames *own;    /* a note alone, LOOK + LEAD frames */
  PianoFrames *crests; /* the same without the skirts of its partials, where a neighbour would say as much */
  const PianoModel *model;
  const PianoFrames *heard;
  float *equaliser[PIANO_RESOLUTIONS];
} Court;

static void court_clear(Court *c) {
  piano_spectrum_free(c->all);
  piano_spectrum_free(c->one);
  piano_frames_free(c->own);
  piano_frames_free(c->crests);
  piano_frames_free(c->sum);
  for (int r = 0; r < PIANO_RESOLUTIONS; r++) free(c->equaliser[r]);
}

static BaseStatus court_init(BaseContext *ctx, Court *c, const PianoModel *model, const PianoFrames *heard) {
  *c = (Court){.model = model, .heard = heard, .own = piano_frames_new(LOOK + LEAD)};
  c->crests = piano_frames_new(LOOK + LEAD);
  c->sum = piano_frames_new(STRETCH + 2 * MARGIN);
  BaseStatus status = piano_spectrum_new(ctx, &c->all, STRETCH + 2 * MARGIN);
  if (status == BASE_OK) status = piano_spectrum_new(ctx, &c->one, LOOK + LEAD);
  for (int r = 0; r < PIANO_RESOLUTIONS; r++) {
    int bins = piano_resolution(r)->bins;
    c->equaliser[r] = malloc((size_t)bins * sizeof(float));
    if (!c->equaliser[r] || !c->own || !c->crests || !c->sum) return base_fail_memory(ctx);
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
  double gain[LEVELS], weight, own, heard;
  size_t cells;
} Trial;

static void try_cell(Trial *trial, float x, float rest, float own) {
  float share = own / (rest + own), weight = share * share, without = likelihood(x, rest);
  for (int k = 0; k < LEVELS; k++) {
    float gain = likelihood(x, rest + levels[k] * own) - without;
    trial->gain[k] += weight * fmaxf(-MOST_NATS, fminf(MOST_NATS, gain));
  }
  trial->weight += weight;
  trial->own += fminf(own, x);
  trial->heard += x;
  trial->cells++;
}

/* Nats a cell at one level; a level far from the given one has to be paid for. */
static double gain_at(const Trial *trial, int k) {
  double ln_level = log((double)levels[k]);
  return trial->gain[k] / trial->weight - LEVEL_PRICE * ln_level * ln_level;
}

static PianoEvidence verdict(const Trial *trial) {
  if (trial->cells < LEAST_CELLS) return PIANO_NO_EVIDENCE;
  int best = 0;
  for (int k = 1; k < LEVELS; k++)
    if (gain_at(trial, k) > gain_at(trial, best)) best = k;
  float gain = (float)gain_at(trial, best);
  return (PianoEvidence){.gain = best == 0 ? fminf(gain, 0) - 0.01f : gain,
                         .share = (float)(trial->heard > 0 ? trial->own / trial->heard : 0),
                         .level = levels[best]};
}

/* The first bin where semitones are further apart than half a bin of the spectrum. */
static int first_telling_bin(int r) {
  double hz = 0.5 * PIANO_RATE_HZ / piano_resolution(r)->window / (exp2(1 / 12.0) - 1);
  return (int)fmax(0, ceil(piano_hz_bin(r, hz)));
}

/* Where the frames of the note alone stand among those that are expected and those that are heard. */
typedef struct {
  const PianoFrames *expected;
  ptrdiff_t from, heard_from;
  bool absent; /* from what is expected */
} Case;

static void try_bin(Trial *trial, const Court *c, const Case *at, int r, int b, ptrdiff_t late) {
  const float *expected = at->expected->power[r] + (size_t)b * at->expected->frames;
  const float *heard = c->heard->power[r] + (size_t)b * c->heard->frames;
  const float *own = c->own->power[r] + (size_t)b * c->own->frames;
  const float *crests = c->crests->power[r] + (size_t)b * c->crests->frames;
  ptrdiff_t first = late > 0 ? late : 0, end = LOOK + LEAD + (late < 0 ? late : 0);
  for (ptrdiff_t t = first; t < end; t++) {
    ptrdiff_t e = at->from + t, h = at->heard_from + t;
    float crest = crests[t - late];
    if (crest <= 0 || e < 0 || e >= (ptrdiff_t)at->expected->frames || h < 0 || h >= (ptrdiff_t)c->heard->frames)
      continue;
    float rest = at->absent ? expected[e] : fmaxf(expected[e] - own[t], 1e-3f * expected[e]);
    if (crest >= (float)LEAST_SHARE * (rest + crest)) try_cell(trial, heard[h], rest, crest);
  }
}

/* Compares over the cells that matter, the note's sound `late` frames after its time. */
static PianoEvidence judge(const Court *c, const Case *at, ptrdiff_t late) {
  Trial trial = {0};
  for (int r = 0; r < PIANO_RESOLUTIONS; r++)
    for (int b = first_telling_bin(r); b < piano_resolution(r)->bins; b++) try_bin(&trial, c, at, r, b, late);
  return verdict(&trial);
}

/* Power of the note alone in a cell; zero on the skirts of its partials. */
static float crest_of(const PianoFrames *own, int r, int b, size_t t) {
  int low = b > SKIRT ? b - SKIRT : 0, last = piano_resolution(r)->bins - 1;
  int high = b + SKIRT < last ? b + SKIRT : last;
  float most = 0, power = own->power[r][(size_t)b * own->frames + t];
  for (int i = low; i <= high; i++) most = fmaxf(most, own->power[r][(size_t)i * own->frames + t]);
  return power < CREST_SHARE * most ? 0 : power;
}

static void render_alone(Court *c, const PianoNote *note, double start_s) {
  for (int r = 0; r < PIANO_RESOLUTIONS; r++)
    memset(c->own->power[r], 0, c->own->frames * (size_t)piano_resolution(r)->bins * sizeof(float));
  piano_spectrum_add_note(c->one, c->own, c->model, note, start_s, 1);
  for (int r = 0; r < PIANO_RESOLUTIONS; r++)
    for (int b = 0; b < piano_resolution(r)->bins; b++)
      for (size_t t = 0, i = (size_t)b * c->own->frames; t < c->own->frames; t++, i++)
        c->crests->power[r][i] = crest_of(c->own, r, b, t) * c->equaliser[r][b];
  for (int r = 0; r < PIANO_RESOLUTIONS; r++)
    for (int b = 0; b < piano_resolution(r)->bins; b++)
      for (size_t t = 0, i = (size_t)b * c->own->frames; t < c->own->frames; t++, i++)
        c->own->power[r][i] *= c->equaliser[r][b];
}

static Case prepare(Court *c, const PianoFrames *expected, const PianoNote *note, double stretch_s, double start_s,
                    bool absent) {
  long first = lround((note->onset_s - start_s) / HOP_S) - LEAD;
  render_alone(c, note, start_s + HOP_S * (double)first);
  return (Case){expected, (ptrdiff_t)(first - lround((stretch_s - start_s) / HOP_S)), first, absent};
}

/* A note that is told, at its time, or as late as its softness makes likely. */
static PianoEvidence try_note(Court *c, const PianoFrames *expected, const PianoNote *note, double stretch_s,
                              double start_s) {
  Case at = prepare(c, expected, note, stretch_s, start_s, false);
  PianoEvidence best = judge(c, &at, 0);
  for (ptrdiff_t late = -LATEST; late <= LATEST; late += LATE_STEP) {
    double price = LATE_PRICE * piano_timing_late_price(HOP_S * (double)late, note->velocity);
    if (!late || price > LATE_MOST) continue;
    PianoEvidence e = judge(c, &at, late);
    e.gain -= (float)price;
    if (e.gain > best.gain) best = e;
  }
  return best;
}

/* A note that nobody told. */
static PianoEvidence try_absent(Court *c, const PianoFrames *expected, const PianoNote *note, double stretch_s,
                                double start_s) {
  Case at = prepare(c, expected, note, stretch_s, start_s, true);
  return judge(c, &at, 0);
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
    for (size_t i = 0; i < n && !base_cancelled(ctx); i++)
      if (notes[i].onset_s >= low && notes[i].onset_s < high)
        evidence[i] = try_note(&c, expected, &notes[i], stretch_s, start_s);
    if (base_cancelled(ctx)) status = base_fail_cancelled(ctx);
    base_progress(ctx, (double)from / (double)heard->frames, "explaining the sound");
  }
  court_clear(&c);
  return status;
}

/* ---- what is missing ---- */

/* How much the first partials of a key rise around frame t, ln power summed over them; zero when little of
 * what is there afterwards is unexpected. */
static float rise(const Court *c, const PianoFrames *expected, int key, size_t from, ptrdiff_t t) {
  double risen = 0, excess = 0;
  for (int h = 1; h <= 4; h++) {
    double hz = piano_model_frequency_hz(c->model, key, h);
    int bin = (int)lround(piano_hz_bin(0, hz));
    if (bin < 0 || bin >= piano_resolution(0)->bins) break;
    const float *x = c->heard->power[0] + (size_t)bin * c->heard->frames + from;
    const float *p = expected->power[0] + (size_t)bin * expected->frames + MARGIN;
    risen += log((x[t + 4] + 1e-9) / (x[t - 4] + 1e-9));
    excess += log((x[t + 4] + 1e-9) / (p[t + 4] + 1e-9));
  }
  return excess > LEAST_EXCESS ? (float)risen : 0;
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

static PianoNote unheard(int key, double at_s) {
  return (PianoNote){at_s, at_s + 0.4, 64, key, 0};
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

/* Where sound rises that nobody expects; one note of middle velocity tried at each place by itself. */
static size_t suspect(Court *c, PianoMissing *suspects, const PianoFrames *expected, const PianoNote *notes,
                      size_t n, double stretch_s, double start_s, size_t from) {
  ptrdiff_t end = (ptrdiff_t)(c->heard->frames - from < STRETCH ? c->heard->frames - from : STRETCH) - 6;
  size_t found = 0;
  for (int key = 0; key < PIANO_KEYS; key++)
    for (ptrdiff_t t = from ? 0 : 5; t < end; t++) {
      float now = rise(c, expected, key, from, t);
      if (now < LEAST_RISE || (t > 5 && now < rise(c, expected, key, from, t - 1)) ||
          now < rise(c, expected, key, from, t + 1))
        continue;
      double at_s = start_s + HOP_S * (double)((ptrdiff_t)from + t);
      if (taken(notes, n, key, at_s)) continue;
      PianoNote note = unheard(key, at_s);
      PianoEvidence e = try_absent(c, expected, &note, stretch_s, start_s);
      if (e.gain > LEAST_GAIN) offer(suspects, &found, SUSPECTS, (PianoMissing){at_s, key, e.gain});
      t += 8;
    }
  qsort(suspects, found, sizeof *suspects, by_gain);
  return found;
}

/* Adds the note rendered last, at `level`, to what is expected. */
static void expect_more(const Court *c, ptrdiff_t from, float level) {
  for (int r = 0; r < PIANO_RESOLUTIONS; r++)
    for (int b = 0; b < piano_resolution(r)->bins; b++)
      for (ptrdiff_t t = 0; t < LOOK + LEAD; t++)
        if (from + t >= 0 && from + t < (ptrdiff_t)c->sum->frames)
          c->sum->power[r][(size_t)b * c->sum->frames + (size_t)(from + t)] +=
              level * c->own->power[r][(size_t)b * c->own->frames + (size_t)t];
}

/* Goes through the suspects from the strongest on: each has to explain what those before it left over. */
static void convict(Court *c, PianoMissing *missing, size_t *found, size_t room, const PianoMissing *suspects,
                    size_t n, double stretch_s, double start_s) {
  for (size_t i = 0; i < n; i++) {
    PianoNote note = unheard(suspects[i].key, suspects[i].onset_s);
    PianoEvidence e = try_absent(c, c->sum, &note, stretch_s, start_s);
    if (e.gain < LEAST_GAIN) continue;
    offer(missing, found, room, (PianoMissing){suspects[i].onset_s, suspects[i].key, e.gain});
    expect_more(c, lround((note.onset_s - stretch_s) / HOP_S) - LEAD, e.level);
  }
}

BaseStatus piano_explain_missing(BaseContext *ctx, PianoMissing *missing, size_t *found, size_t room,
                                 const PianoModel *model, const PianoFrames *heard, const PianoNote *notes,
                                 size_t n, double start_s) {
  Court c;
  BaseStatus status = court_init(ctx, &c, model, heard);
  PianoMissing *suspects = malloc(SUSPECTS * sizeof *suspects);
  if (!suspects) status = base_fail_memory(ctx);
  *found = 0;
  for (size_t from = 0; from < heard->frames && status == BASE_OK; from += STRETCH) {
    double stretch_s;
    const PianoFrames *expected = expect(&c, &stretch_s, notes, n, start_s, from);
    size_t suspected = suspect(&c, suspects, expected, notes, n, stretch_s, start_s, from);
    for (int r = 0; r < PIANO_RESOLUTIONS; r++)
      memcpy(c.sum->power[r], expected->power[r],
             expected->frames * (size_t)piano_resolution(r)->bins * sizeof(float));
    convict(&c, missing, found, room, suspects, suspected, stretch_s, start_s);
    if (base_cancelled(ctx)) status = base_fail_cancelled(ctx);
    base_progress(ctx, (double)from / (double)heard->frames, "looking for missing notes");
  }
  qsort(missing, *found, sizeof *missing, by_gain);
  free(suspects);
  court_clear(&c);
  return status;
}
