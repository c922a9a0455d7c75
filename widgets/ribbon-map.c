/* Steps are laid end to end in playing order. Neighbouring measures of one system that are played one after
 * the other share a strip; a new strip starts after a small gap at each system and each jump. Lengths are in
 * staff spaces, and the middles of all systems lie on one line. Each onset stands at the middle of its
 * leftmost note head, or, where no head has a box, at its share of the measure; then positions are made to
 * rise. SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/ribbon-map.h"

#include <math.h>
#include <string.h>

static const double gap_sp = 2.0;  /* between strips */
static const double room_sp = 6.0; /* above and below the staves, at most */
static const double least_room_sp = 2.0;
static const double least_step_sp = 0.05; /* between neighbouring places */
static const double blank_sp_per_quarter = 4.0;
static const double usual_s_per_quarter = 0.6, usual_sp_per_s = 10;

struct TriRibbonMap {
  gatomicrefcount refs;
  GArray *strips, *steps, *heads;
  double *place_x, *place_quarter;
  guint n_places;
  double width_sp, height_sp;
};

typedef struct {
  TriRibbonMap *map;
  const Score *score;
  const ScoreUnfolded *unfolded;
  double usual_space_px;
} Layout;

TriRibbonMap *tri_ribbon_map_ref(TriRibbonMap *map) {
  g_atomic_ref_count_inc(&map->refs);
  return map;
}

void tri_ribbon_map_unref(TriRibbonMap *map) {
  if (!map || !g_atomic_ref_count_dec(&map->refs)) return;
  g_array_unref(map->strips);
  g_array_unref(map->steps);
  g_array_unref(map->heads);
  g_free(map->place_x);
  g_free(map->place_quarter);
  g_free(map);
}

/* ---- strips and steps ---- */

static const ScoreSystem *system_of(const Score *score, int measure) {
  for (size_t i = 0; i < score->systems.n; i++) {
    const ScoreSystem *system = &score->systems.items[i];
    if (measure >= system->first_measure && measure < system->first_measure + system->measures) return system;
  }
  return NULL;
}

/* Room beside a system on its page: half the way to the neighbour, within limits. */
static double room(const Score *score, const ScoreSystem *system, double space_px, gboolean above) {
  double edge = above ? system->box.y : system->box.y + system->box.height, most = room_sp * space_px;
  for (size_t i = 0; i < score->systems.n; i++) {
    const ScoreBox *other = &score->systems.items[i].box;
    if (other->page != system->box.page || other == &system->box) continue;
    double distance = above ? edge - (other->y + other->height) : other->y - edge;
    if (distance > 0) most = MIN(most, distance / 2);
  }
  return MAX(most, least_room_sp * space_px);
}

static double space_of(const Layout *layout, const ScoreSystem *system) {
  return system && system->staff_space_px > 0 ? system->staff_space_px : layout->usual_space_px;
}

static TriRibbonStrip strip_make(const Layout *layout, int step, const ScoreMeasure *measure) {
  int index = layout->unfolded->steps.items[step].measure;
  const ScoreSystem *system = system_of(layout->score, index);
  const ScoreBox *box = system && system->box.width > 0 ? &system->box : &measure->box;
  double space = space_of(layout, system);
  double above = system ? room(layout->score, system, space, TRUE) : least_room_sp * space;
  double below = system ? room(layout->score, system, space, FALSE) : least_room_sp * space;
  gboolean first = system && system->first_measure == index && box->x < measure->box.x;
  TriRibbonStrip strip = {.page = measure->box.page, .first_step = step, .staff_space_px = space};
  strip.page_x = first ? box->x - space : measure->box.x;
  strip.page_y = box->y - above;
  strip.page_height = box->height + above + below;
  strip.page_middle = box->y + box->height / 2;
  strip.page_width = measure->box.x - strip.page_x;
  return strip;
}

/* Whether step `step` goes on in the strip of the step before it. */
static gboolean continues(const Layout *layout, int step) {
  const TriRibbonMap *map = layout->map;
  if (step == 0 || map->strips->len == 0) return FALSE;
  int measure = layout->unfolded->steps.items[step].measure;
  int before = layout->unfolded->steps.items[step - 1].measure;
  const TriRibbonStep *last = &g_array_index(map->steps, TriRibbonStep, step - 1);
  const ScoreBox *a = &layout->score->measures.items[before].box,
                 *b = &layout->score->measures.items[measure].box;
  return last->strip >= 0 && measure == before + 1 && a->page == b->page && b->x > a->x &&
         system_of(layout->score, measure) == system_of(layout->score, before);
}

static void add_step(Layout *layout, int index) {
  TriRibbonMap *map = layout->map;
  const ScoreMeasure *measure = &layout->score->measures.items[layout->unfolded->steps.items[index].measure];
  TriRibbonStep step = {.x_sp = map->width_sp, .strip = -1};
  if (measure->box.width <= 0) {
    step.width_sp = blank_sp_per_quarter * MAX(beat_double(measure->length), 0.25);
  } else {
    if (!continues(layout, index)) {
      TriRibbonStrip strip = strip_make(layout, index, measure);
      strip.x_sp = map->width_sp + (map->strips->len ? gap_sp : 0);
      g_array_append_val(map->strips, strip);
    }
    step.strip = (int)map->strips->len - 1;
    TriRibbonStrip *strip = &g_array_index(map->strips, TriRibbonStrip, step.strip);
    step.x_sp = strip->x_sp + (measure->box.x - strip->page_x) / strip->staff_space_px;
    step.width_sp = measure->box.width / strip->staff_space_px;
    strip->page_width = measure->box.x + measure->box.width - strip->page_x;
    strip->width_sp = strip->page_width / strip->staff_space_px;
    strip->n_steps++;
  }
  map->width_sp = MAX(map->width_sp, step.x_sp + step.width_sp);
  g_array_append_val(map->steps, step);
}

static void measure_height(TriRibbonMap *map) {
  for (guint i = 0; i < map->strips->len; i++) {
    const TriRibbonStrip *strip = &g_array_index(map->strips, TriRibbonStrip, i);
    double above = strip->page_middle - strip->page_y, below = strip->page_height - above;
    map->height_sp = MAX(map->height_sp, 2 * MAX(above, below) / strip->staff_space_px);
  }
}

/* ---- heads and places ---- */

static GHashTable *notes_by_id(const Score *score) {
  GHashTable *table = g_hash_table_new(NULL, NULL);
  for (size_t i = 0; i < score->notes.n; i++)
    g_hash_table_insert(table, GUINT_TO_POINTER(score->notes.items[i].id), GSIZE_TO_POINTER(i + 1));
  return table;
}

/* Adds the head of a sound if it has a box on the page of its strip; its middle, or NaN. */
static double add_head(Layout *layout, GHashTable *notes, const ScoreSound *sound, int place) {
  TriRibbonMap *map = layout->map;
  gsize found = GPOINTER_TO_SIZE(g_hash_table_lookup(notes, GUINT_TO_POINTER(sound->note)));
  if (!found || sound->step < 0 || (guint)sound->step >= map->steps->len) return NAN;
  const ScoreBox *box = &layout->score->notes.items[found - 1].box;
  int index = g_array_index(map->steps, TriRibbonStep, sound->step).strip;
  if (index < 0 || box->width <= 0) return NAN;
  const TriRibbonStrip *strip = &g_array_index(map->strips, TriRibbonStrip, index);
  if (box->page != strip->page) return NAN;
  double space = strip->staff_space_px;
  TriRibbonHead head = {.x_sp = strip->x_sp + (box->x - strip->page_x) / space,
                        .y_sp = (box->y - strip->page_middle) / space,
                        .width_sp = box->width / space,
                        .height_sp = box->height / space,
                        .note = sound->note,
                        .note_index = (int)found - 1,
                        .place = place};
  g_array_append_val(map->heads, head);
  return head.x_sp + head.width_sp / 2;
}

static double share_of_measure(const Layout *layout, const ScoreSound *sound) {
  const ScoreStep *at = &layout->unfolded->steps.items[sound->step];
  const TriRibbonStep *step = &g_array_index(layout->map->steps, TriRibbonStep, sound->step);
  double length = beat_double(layout->score->measures.items[at->measure].length);
  double share = length > 0 ? beat_double(beat_sub(sound->onset, at->start)) / length : 0;
  return step->x_sp + CLAMP(share, 0, 1) * step->width_sp;
}

static void add_place(Layout *layout, GHashTable *notes, guint place) {
  TriRibbonMap *map = layout->map;
  const ScoreOnset *onset = &layout->unfolded->onsets.items[place];
  double main_x = NAN, grace_x = NAN;
  for (size_t i = onset->first; i < onset->first + onset->n; i++) {
    const ScoreSound *sound = &layout->unfolded->sounds.items[i];
    double x = add_head(layout, notes, sound, (int)place);
    double *least = sound->grace ? &grace_x : &main_x;
    if (!(*least <= x)) *least = isnan(x) ? *least : x;
  }
  double x = isnan(main_x) ? grace_x : main_x;
  if (isnan(x) && onset->n) x = share_of_measure(layout, &layout->unfolded->sounds.items[onset->first]);
  double before = place ? map->place_x[place - 1] + least_step_sp : 0;
  map->place_x[place] = x > before ? x : before;
  map->place_quarter[place] = beat_double(onset->onset);
}

static int by_x(gconstpointer a, gconstpointer b) {
  double difference = ((const TriRibbonHead *)a)->x_sp - ((const TriRibbonHead *)b)->x_sp;
  return (difference > 0) - (difference < 0);
}

static double usual_space(const Score *score) {
  for (size_t i = 0; i < score->systems.n; i++)
    if (score->systems.items[i].staff_space_px > 0) return score->systems.items[i].staff_space_px;
  for (size_t i = 0; i < score->measures.n; i++)
    if (score->measures.items[i].box.height > 0) return score->measures.items[i].box.height / 16;
  return 0;
}

TriRibbonMap *tri_ribbon_map_new(const Score *score, const ScoreUnfolded *unfolded) {
  if (!score || !unfolded || !unfolded->steps.n || usual_space(score) <= 0) return NULL;
  TriRibbonMap *map = g_new0(TriRibbonMap, 1);
  Layout layout = {map, score, unfolded, usual_space(score)};
  g_atomic_ref_count_init(&map->refs);
  map->strips = g_array_new(FALSE, FALSE, sizeof(TriRibbonStrip));
  map->steps = g_array_sized_new(FALSE, FALSE, sizeof(TriRibbonStep), (guint)unfolded->steps.n);
  map->heads = g_array_sized_new(FALSE, FALSE, sizeof(TriRibbonHead), (guint)unfolded->sounds.n);
  map->n_places = (guint)unfolded->onsets.n;
  map->place_x = g_new0(double, map->n_places + 1);
  map->place_quarter = g_new0(double, map->n_places + 1);
  for (size_t i = 0; i < unfolded->steps.n; i++) add_step(&layout, (int)i);
  measure_height(map);
  GHashTable *notes = notes_by_id(score);
  for (guint i = 0; i < map->n_places; i++) add_place(&layout, notes, i);
  g_hash_table_unref(notes);
  g_array_sort(map->heads, by_x);
  if (map->strips->len) return map;
  tri_ribbon_map_unref(map);
  return NULL;
}

/* ---- questions ---- */

double tri_ribbon_map_width_sp(const TriRibbonMap *map) {
  return map->width_sp;
}
double tri_ribbon_map_height_sp(const TriRibbonMap *map) {
  return map->height_sp;
}

const TriRibbonStrip *tri_ribbon_map_strips(const TriRibbonMap *map, guint *n) {
  *n = map->strips->len;
  return (const TriRibbonStrip *)(gpointer)map->strips->data;
}

const TriRibbonStep *tri_ribbon_map_steps(const TriRibbonMap *map, guint *n) {
  *n = map->steps->len;
  return (const TriRibbonStep *)(gpointer)map->steps->data;
}

const TriRibbonHead *tri_ribbon_map_heads(const TriRibbonMap *map, guint *n) {
  *n = map->heads->len;
  return (const TriRibbonHead *)(gpointer)map->heads->data;
}

double tri_ribbon_map_place_x(const TriRibbonMap *map, guint place) {
  return place < map->n_places ? map->place_x[place] : NAN;
}

int tri_ribbon_map_step_at(const TriRibbonMap *map, double x_sp) {
  guint low = 0, high = map->steps->len;
  while (low < high) {
    guint middle = (low + high) / 2;
    if (g_array_index(map->steps, TriRibbonStep, middle).x_sp <= x_sp)
      low = middle + 1;
    else
      high = middle;
  }
  return low > 0 && x_sp < map->width_sp ? (int)low - 1 : -1;
}

/* Pairs (time, x) of the places; without places, the written time. */
typedef struct {
  const TriRibbonMap *map;
  const TriPlace *places;
  guint n;
} Pairs;

static Pairs pairs_make(const TriRibbonMap *map, const TriPlace *places, guint n) {
  return (Pairs){map, places && n ? places : NULL, places && n ? MIN(n, map->n_places) : map->n_places};
}

static double pair_time(const Pairs *pairs, guint i) {
  return pairs->places ? pairs->places[i].time_s : pairs->map->place_quarter[i] * usual_s_per_quarter;
}

static double pair_value(const Pairs *pairs, guint i, gboolean time) {
  return time ? pair_time(pairs, i) : pairs->map->place_x[i];
}

/* From one side of the pairs to the other, `from_time` says which. */
static double across(const Pairs *pairs, double value, gboolean from_time) {
  guint low = 1, high = pairs->n - 1, last = pairs->n - 1;
  double span_s = pair_time(pairs, last) - pair_time(pairs, 0);
  double sp_per_s =
      span_s > 0 ? (pairs->map->place_x[last] - pairs->map->place_x[0]) / span_s : usual_sp_per_s;
  double slope = from_time ? sp_per_s : 1 / sp_per_s;
  double first = pair_value(pairs, 0, from_time), end = pair_value(pairs, last, from_time);
  if (value <= first) return pair_value(pairs, 0, !from_time) + (value - first) * slope;
  if (value >= end) return pair_value(pairs, last, !from_time) + (value - end) * slope;
  while (low < high) {
    guint middle = (low + high) / 2;
    if (pair_value(pairs, middle, from_time) < value)
      low = middle + 1;
    else
      high = middle;
  }
  double a = pair_value(pairs, low - 1, from_time), b = pair_value(pairs, low, from_time);
  double from = pair_value(pairs, low - 1, !from_time), to = pair_value(pairs, low, !from_time);
  return b > a ? from + (to - from) * (value - a) / (b - a) : to;
}

double tri_ribbon_map_x_at(const TriRibbonMap *map, const TriPlace *places, guint n, double time_s) {
  Pairs pairs = pairs_make(map, places, n);
  return pairs.n ? across(&pairs, time_s, TRUE) : time_s * usual_sp_per_s;
}

double tri_ribbon_map_time_at(const TriRibbonMap *map, const TriPlace *places, guint n, double x_sp) {
  Pairs pairs = pairs_make(map, places, n);
  return pairs.n ? across(&pairs, x_sp, FALSE) : x_sp / usual_sp_per_s;
}

double tri_ribbon_map_sp_per_s(const TriRibbonMap *map, const TriPlace *places, guint n) {
  Pairs pairs = pairs_make(map, places, n);
  if (pairs.n < 2) return usual_sp_per_s;
  double span_s = pair_time(&pairs, pairs.n - 1) - pair_time(&pairs, 0);
  return span_s > 0 ? (map->place_x[pairs.n - 1] - map->place_x[0]) / span_s : usual_sp_per_s;
}
