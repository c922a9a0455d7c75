/* Pairs of note and place, sorted by note. SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/place-index.h"

#include <math.h>

typedef struct {
  guint32 note;
  guint place;
} Pair;

struct TriPlaceIndex {
  GArray *pairs;
};

static int by_note(gconstpointer a, gconstpointer b) {
  const Pair *p = a, *q = b;
  if (p->note != q->note) return p->note < q->note ? -1 : 1;
  return (p->place > q->place) - (p->place < q->place);
}

TriPlaceIndex *tri_place_index_new(const ScoreUnfolded *unfolded) {
  TriPlaceIndex *self = g_new0(TriPlaceIndex, 1);
  self->pairs = g_array_new(FALSE, FALSE, sizeof(Pair));
  for (guint place = 0; unfolded && place < unfolded->onsets.n; place++) {
    const ScoreOnset *onset = &unfolded->onsets.items[place];
    for (size_t i = onset->first; i < onset->first + onset->n; i++)
      g_array_append_val(self->pairs, ((Pair){unfolded->sounds.items[i].note, place}));
  }
  g_array_sort(self->pairs, by_note);
  return self;
}

void tri_place_index_free(TriPlaceIndex *index) {
  if (!index) return;
  g_array_unref(index->pairs);
  g_free(index);
}

static guint first_of(const TriPlaceIndex *self, guint32 note) {
  guint low = 0, high = self->pairs->len;
  while (low < high) {
    guint middle = (low + high) / 2;
    if (g_array_index(self->pairs, Pair, middle).note < note)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

int tri_place_index_nearest(const TriPlaceIndex *self, guint32 note, const TriPlace *places, guint n,
                            double time_s) {
  int found = -1;
  double nearest = INFINITY;
  for (guint i = first_of(self, note); i < self->pairs->len; i++) {
    const Pair *pair = &g_array_index(self->pairs, Pair, i);
    if (pair->note != note) break;
    if (pair->place >= n) continue;
    double distance = fabs(places[pair->place].time_s - time_s);
    if (distance >= nearest) continue;
    nearest = distance;
    found = (int)pair->place;
  }
  return found;
}

int tri_place_at_time(const TriPlace *places, guint n, double time_s) {
  guint low = 0, high = n;
  while (low < high) {
    guint middle = (low + high) / 2;
    if (places[middle].time_s <= time_s)
      low = middle + 1;
    else
      high = middle;
  }
  return (int)low - 1;
}
