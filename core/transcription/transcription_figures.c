/* A figure is what sounds within a second and a half of a chord: keys and how far away they are. Two figures are as alike as
 * the cosine between them, when every note is blurred in time, the more the farther it is from the chord, so that the tempo
 * may differ. Chroma before and after the chord choose the places to be compared (the thought of self-similarity: Foote
 * 1999). SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_figures.h"

#include <math.h>
#include <string.h>

enum { CHROMA = 24, LOOKED_AT = 24, BELIEVED = 6, MOST_IN_FIGURE = 256 };

static const double span_s = 1.5, apart_s = 0.04, near_s = 0.09, near_more = 0.06, own_s = 0.12, elsewhere_s = 0.5, farthest_s = 600, reach_s = 1;
static const double blur_s = 0.04, blur_more = 0.06; /* the latter by distance from the chord */
static const double least_alike = 0.6, sharpness = 12, reserve = 0.02;
static const float believed = 0.5F, worth_looking = 0.2F;

typedef struct {
  double at_s;
  size_t note;          /* the first of the chord */
  float chroma[CHROMA]; /* of length 1 */
} Place;

struct TranscriptionFigures {
  const Motion *motion;
  BASE_ARRAY(Place) places;
};

/* ---- figures ---- */

typedef struct {
  int key;
  double away_s, blur2;
  float weight;
} FigureNote;

typedef struct {
  FigureNote notes[MOST_IN_FIGURE]; /* by key */
  size_t n;
} Figure;

/* The first note from `near_note` backwards that is not before `from_s`. */
static size_t first_from(const Motion *motion, size_t near_note, double from_s) {
  size_t i = near_note;
  while (i > 0 && motion->notes.items[i - 1].onset_s >= from_s) i--;
  return i;
}

static void insert(Figure *figure, FigureNote note) {
  size_t i = figure->n++;
  for (; i > 0 && figure->notes[i - 1].key > note.key; i--) figure->notes[i] = figure->notes[i - 1];
  figure->notes[i] = note;
}

/* What is asked about: a stroke of a key so long after a chord. */
typedef struct {
  int midi;
  double later_s;
} Stroke;

/* What is around a chord, but for the stroke that is asked about. */
static void look(Figure *figure, const Motion *motion, const Place *place, Stroke but) {
  figure->n = 0;
  for (size_t i = first_from(motion, place->note, place->at_s - span_s); i < motion->notes.n && figure->n < MOST_IN_FIGURE; i++) {
    const MotionNote *note = &motion->notes.items[i];
    const double away_s = note->onset_s - place->at_s, blur = blur_s + blur_more * fabs(away_s);
    if (away_s > span_s) break;
    if (note->confidence < worth_looking || (note->midi == but.midi && fabs(away_s - but.later_s) < own_s)) continue;
    insert(figure, (FigureNote){note->midi, away_s, blur * blur, note->confidence});
  }
}

static double product(const Figure *a, const Figure *b) {
  double sum = 0;
  for (size_t i = 0, from = 0; i < a->n; i++) {
    const FigureNote *x = &a->notes[i];
    while (from < b->n && b->notes[from].key < x->key) from++;
    for (size_t j = from; j < b->n && b->notes[j].key == x->key; j++) {
      const FigureNote *y = &b->notes[j];
      const double d = x->away_s - y->away_s, blur2 = x->blur2 + y->blur2;
      if (d * d < 12 * blur2) sum += (double)(x->weight * y->weight) * exp(-0.5 * d * d / blur2);
    }
  }
  return sum;
}

static double alike(const Figure *a, double a_length2, const Figure *b) {
  return product(a, b) / sqrt(a_length2 * product(b, b) + 1e-9);
}

/* ---- places ---- */

static void find_chroma(float *chroma, const Motion *motion, size_t near_note, double at_s) {
  float sum = 1e-6F;
  memset(chroma, 0, CHROMA * sizeof *chroma);
  for (size_t i = first_from(motion, near_note, at_s - span_s); i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    if (note->onset_s > at_s + span_s) break;
    if (note->confidence >= worth_looking) chroma[note->midi % 12 + (note->onset_s > at_s + apart_s ? 12 : 0)] += note->confidence;
  }
  for (int i = 0; i < CHROMA; i++) sum += chroma[i] * chroma[i];
  for (int i = 0; i < CHROMA; i++) chroma[i] /= sqrtf(sum);
}

static float chroma_product(const float *a, const float *b) {
  float sum = 0;
  for (int i = 0; i < CHROMA; i++) sum += a[i] * b[i];
  return sum;
}

TranscriptionFigures *transcription_figures_new(const Motion *motion) {
  TranscriptionFigures *figures = calloc(1, sizeof *figures);
  if (!figures) return NULL;
  figures->motion = motion;
  double last_s = -1;
  for (size_t i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    if (note->confidence < believed || note->onset_s - last_s <= apart_s) continue;
    Place place = {.at_s = last_s = note->onset_s, .note = i};
    find_chroma(place.chroma, motion, i, place.at_s);
    if (base_array_push(&figures->places, place)) continue;
    transcription_figures_free(figures);
    return NULL;
  }
  return figures;
}

void transcription_figures_free(TranscriptionFigures *figures) {
  if (!figures) return;
  base_array_clear(&figures->places);
  free(figures);
}

/* ---- asking ---- */

/* The best of some, the best first. */
typedef struct {
  size_t place[LOOKED_AT];
  double alike[LOOKED_AT];
  int n, most;
} Best;

static void offer(Best *best, size_t place, double how) {
  if (best->n == best->most && how <= best->alike[best->n - 1]) return;
  int i = best->n < best->most ? best->n++ : best->n - 1;
  for (; i > 0 && best->alike[i - 1] < how; i--) {
    best->alike[i] = best->alike[i - 1];
    best->place[i] = best->place[i - 1];
  }
  best->alike[i] = how;
  best->place[i] = place;
}

static size_t first_place(const TranscriptionFigures *figures, double from_s) {
  size_t low = 0, high = figures->places.n;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (figures->places.items[middle].at_s < from_s) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* The place next to note `at`, which must be another's; null where none is in reach. */
static const Place *anchor_of(const TranscriptionFigures *figures, size_t at) {
  const double at_s = figures->motion->notes.items[at].onset_s;
  const Place *best = NULL;
  double nearest_s = reach_s;
  for (size_t i = first_place(figures, at_s - reach_s); i < figures->places.n && figures->places.items[i].at_s < at_s + reach_s; i++) {
    const Place *place = &figures->places.items[i];
    if (place->note == at || fabs(place->at_s - at_s) >= nearest_s) continue;
    nearest_s = fabs(place->at_s - at_s);
    best = place;
  }
  return best;
}

static void choose(Best *best, const TranscriptionFigures *figures, const Place *anchor) {
  for (size_t i = first_place(figures, anchor->at_s - farthest_s); i < figures->places.n; i++) {
    const Place *place = &figures->places.items[i];
    if (place->at_s > anchor->at_s + farthest_s) break;
    if (fabs(place->at_s - anchor->at_s) >= elsewhere_s) offer(best, i, (double)chroma_product(anchor->chroma, place->chroma));
  }
}

/* The logit of a stroke so long after a place. */
static double stroke_at(const Motion *motion, const Place *place, Stroke stroke) {
  const double at_s = place->at_s + stroke.later_s, near = near_s + near_more * fabs(stroke.later_s);
  double most = 0;
  for (size_t i = first_from(motion, place->note, at_s - near); i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    if (note->onset_s > at_s + near) break;
    if (note->midi == stroke.midi && note->onset_s > at_s - near) most = fmax(most, (double)note->confidence);
  }
  return log((most + 0.02) / (1.02 - most));
}

double transcription_figures_ask(TranscriptionFigures *figures, size_t at) {
  const Motion *motion = figures->motion;
  const MotionNote *note = &motion->notes.items[at];
  const Place *anchor = anchor_of(figures, at);
  if (!anchor) return 0;
  const Stroke stroke = {note->midi, note->onset_s - anchor->at_s};
  Best rough = {.most = LOOKED_AT}, best = {.most = BELIEVED};
  Figure own, other;
  look(&own, motion, anchor, stroke);
  const double length2 = product(&own, &own);
  choose(&rough, figures, anchor);
  for (int i = 0; i < rough.n; i++) {
    look(&other, motion, &figures->places.items[rough.place[i]], stroke);
    const double how = alike(&own, length2, &other);
    if (how > least_alike) offer(&best, rough.place[i], how);
  }
  double sum = 0, weights = reserve;
  for (int i = 0; i < best.n; i++) {
    const double weight = exp(sharpness * (best.alike[i] - 1));
    sum += weight * stroke_at(motion, &figures->places.items[best.place[i]], stroke);
    weights += weight;
  }
  return sum / weights;
}
