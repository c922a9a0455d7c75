/* The values behind the views: time axis, scene, peaks, indices, the ribbon's layout, tiles.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/invented_scene.h"
#include "widgets/note-index.h"
#include "widgets/peaks.h"
#include "widgets/place-index.h"
#include "widgets/place-text.h"
#include "widgets/ribbon-map.h"
#include "widgets/tile-cache.h"
#include "widgets/time-ruler.h"

#include <gtk/gtk.h>
#include <locale.h>
#include <math.h>
#include <string.h>

static void count(GObject *object, GParamSpec *spec, gpointer n) {
  ++*(int *)n;
}
static void count_signal(GObject *object, gpointer n) {
  ++*(int *)n;
}

static int watch(gpointer object, const char *signal, int *n) {
  *n = 0;
  return (int)g_signal_connect(object, signal,
                               strstr(signal, "notify") ? G_CALLBACK(count) : G_CALLBACK(count_signal), n);
}

static TriTimeline *minute(int width) {
  TriTimeline *timeline = tri_timeline_new();
  tri_timeline_set_duration(timeline, 60);
  tri_timeline_set_width(timeline, width);
  return timeline;
}

/* ---- timeline ---- */

static void x_and_time_are_inverse(void) {
  TriTimeline *timeline = minute(700);
  tri_timeline_set_scale(timeline, 123.4);
  tri_timeline_set_start(timeline, 7.25);
  for (double x = -50; x < 800; x += 37.7)
    g_assert_cmpfloat_with_epsilon(tri_timeline_x(timeline, tri_timeline_time(timeline, x)), x, 1e-9);
  g_object_unref(timeline);
}

static void zoom_keeps_the_time_under_the_pointer(void) {
  TriTimeline *timeline = minute(700);
  tri_timeline_set_start(timeline, 20);
  for (double x = 100; x <= 600; x += 250)
    for (int i = 0; i < 12; i++) {
      double before_s = tri_timeline_time(timeline, x);
      tri_timeline_zoom(timeline, i % 3 ? 1.19 : 0.8, x);
      g_assert_cmpfloat_with_epsilon(tri_timeline_time(timeline, x), before_s, 1e-9);
    }
  tri_timeline_zoom(timeline, 1e9, 300);
  g_assert_cmpfloat(tri_timeline_get_scale(timeline), ==, 2000);
  tri_timeline_zoom(timeline, 1e-9, 300);
  g_assert_cmpfloat(tri_timeline_get_scale(timeline), ==, 2);
  g_object_unref(timeline);
}

static void notifies_once_per_change(void) {
  static const char *const names[] = {"start",    "scale",    "low-pitch", "pitch-scale",
                                      "duration", "position", "loop-end"};
  static const double values[] = {3, 100, 30, 9, 50, 5, 8};
  TriTimeline *timeline = minute(700);
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    char *signal = g_strconcat("notify::", names[i], NULL);
    int n;
    watch(timeline, signal, &n);
    g_object_set(timeline, names[i], values[i], NULL);
    g_assert_cmpint(n, ==, 1);
    g_object_set(timeline, names[i], values[i], NULL);
    g_assert_cmpint(n, ==, 1);
    g_signal_handlers_disconnect_by_data(timeline, &n);
    g_free(signal);
  }
  tri_timeline_set_start(timeline, NAN);
  tri_timeline_set_scale(timeline, INFINITY * 0);
  tri_timeline_zoom(timeline, NAN, 3);
  g_assert_cmpfloat(tri_timeline_get_start(timeline), ==, 3);
  g_assert_cmpfloat(tri_timeline_get_scale(timeline), ==, 100);
  g_object_unref(timeline);
}

static void zoom_and_pan_notify_once_each(void) {
  TriTimeline *timeline = minute(700);
  int starts, scales, follows;
  tri_timeline_set_start(timeline, 20);
  watch(timeline, "notify::start", &starts);
  watch(timeline, "notify::scale", &scales);
  watch(timeline, "notify::follow", &follows);
  tri_timeline_zoom(timeline, 2, 300);
  g_assert_cmpint(starts, ==, 1);
  g_assert_cmpint(scales, ==, 1);
  g_assert_cmpint(follows, ==, 0);
  tri_timeline_pan(timeline, 50);
  tri_timeline_pan(timeline, 50);
  g_assert_cmpint(starts, ==, 3);
  g_assert_cmpint(follows, ==, 1);
  g_assert_cmpint(tri_timeline_get_follow(timeline), ==, TRI_FOLLOW_OFF);
  g_object_unref(timeline);
}

static void a_fit_waits_for_the_width(void) {
  TriTimeline *timeline = tri_timeline_new();
  tri_timeline_set_duration(timeline, 60);
  tri_timeline_fit(timeline, 10, 20);
  tri_timeline_set_width(timeline, 500);
  g_assert_cmpfloat(tri_timeline_get_scale(timeline), ==, 50);
  g_assert_cmpfloat(tri_timeline_get_start(timeline), ==, 10);
  g_object_unref(timeline);
}

static void follows_by_pages(void) {
  TriTimeline *timeline = minute(800);
  tri_timeline_fit(timeline, 0, 10);
  tri_timeline_advance(timeline, 8.4);
  g_assert_cmpfloat(tri_timeline_get_start(timeline), ==, 0);
  tri_timeline_advance(timeline, 8.6);
  g_assert_cmpfloat_with_epsilon(tri_timeline_x(timeline, 8.6), 80, 1e-9);
  tri_timeline_set_follow(timeline, TRI_FOLLOW_CONTINUOUS);
  tri_timeline_advance(timeline, 30);
  g_assert_cmpfloat_with_epsilon(tri_timeline_x(timeline, 30), 400, 1e-9);
  tri_timeline_set_follow(timeline, TRI_FOLLOW_OFF);
  tri_timeline_advance(timeline, 50);
  g_assert_cmpfloat_with_epsilon(tri_timeline_x(timeline, 30), 400, 1e-9);
  g_object_unref(timeline);
}

static void a_loop_has_an_order(void) {
  TriTimeline *timeline = minute(800);
  double from_s, to_s;
  g_assert_false(tri_timeline_get_loop(timeline, &from_s, &to_s));
  tri_timeline_set_loop(timeline, 9, 4);
  g_assert_true(tri_timeline_get_loop(timeline, &from_s, &to_s));
  g_assert_cmpfloat(from_s, ==, 4);
  g_assert_cmpfloat(to_s, ==, 9);
  g_object_unref(timeline);
}

/* ---- scene ---- */

static void scene_notifies_once(void) {
  TriScene *scene = tri_scene_new();
  TriPlace places[3] = {{0, 1}, {1, 2}, {2, 3}};
  int selections, changes;
  watch(scene, "notify::selected", &selections);
  watch(scene, "places-changed", &changes);
  tri_scene_set_places(scene, places, 3);
  tri_scene_set_selected(scene, 2);
  tri_scene_set_selected(scene, 2);
  g_assert_cmpint(selections, ==, 1);
  tri_scene_set_places(scene, places, 2);
  g_assert_cmpint(tri_scene_get_selected(scene), ==, -1);
  g_assert_cmpint(selections, ==, 2);
  g_assert_cmpint(changes, ==, 2);
  g_object_unref(scene);
}

static void drag_times_must_fit_the_places(void) {
  TriScene *scene = tri_scene_new();
  TriPlace places[2] = {{0, 1}, {1, 2}};
  double times_s[3] = {1, 2.5, 9};
  tri_scene_set_places(scene, places, 2);
  guint64 revision = tri_scene_get_revision(scene, TRI_REVISION_PLACES);
  tri_scene_set_drag(scene, times_s, 3);
  g_assert_null(tri_scene_get_drag(scene));
  tri_scene_set_drag(scene, times_s, 2);
  g_assert_cmpfloat(tri_scene_get_drag(scene)[1], ==, 2.5);
  g_assert_cmpuint(tri_scene_get_revision(scene, TRI_REVISION_PLACES), ==, revision);
  tri_scene_set_drag(scene, NULL, 0);
  g_assert_null(tri_scene_get_drag(scene));
  g_object_unref(scene);
}

static guchar *no_page(gpointer user, int page, int level, int *width, int *height) {
  return NULL;
}
static void note_destroyed(gpointer user) {
  ++*(int *)user;
}

static void scene_lets_go_of_everything(void) {
  TriScene *scene = tri_scene_new();
  TriTimeline *timeline = tri_timeline_new();
  int destroyed = 0;
  gpointer alive = scene;
  invented_scene_fill(scene, timeline, 8, FALSE);
  tri_scene_set_pages(scene, 2, no_page, &destroyed, note_destroyed);
  g_object_add_weak_pointer(G_OBJECT(scene), &alive);
  g_object_unref(scene);
  g_assert_null(alive);
  g_assert_cmpint(destroyed, ==, 1);
  g_object_unref(timeline);
}

/* ---- peaks ---- */

static float *noise(gsize n) {
  float *samples = g_new(float, n);
  GRand *rand = g_rand_new_with_seed(7);
  for (gsize i = 0; i < n; i++) samples[i] = (float)g_rand_double_range(rand, -1, 1) * (i % 9000 < 400);
  g_rand_free(rand);
  return samples;
}

static void peaks_equal_brute_force(void) {
  enum { N = 200000, RATE = 6400, BLOCK = 64 };
  float *samples = noise(N);
  TriPeaks *peaks = tri_peaks_new(RATE);
  GRand *rand = g_rand_new_with_seed(1);
  for (gsize at = 0; at < N; at += 777) tri_peaks_append(peaks, samples + at, MIN(777, N - at));
  g_assert_cmpfloat_with_epsilon(tri_peaks_duration_s(peaks), (double)N / RATE, 1e-9);
  for (int round = 0; round < 2000; round++) {
    int a = g_rand_int_range(rand, 0, N / BLOCK), b = g_rand_int_range(rand, a + 1, N / BLOCK + 1);
    float least = 1, most = -1, min, max;
    for (int i = a * BLOCK; i < b * BLOCK; i++) least = MIN(least, samples[i]), most = MAX(most, samples[i]);
    tri_peaks_range(peaks, (double)a * BLOCK / RATE, (double)b * BLOCK / RATE, &min, &max);
    g_assert_cmpfloat_with_epsilon(min, least, 1e-4);
    g_assert_cmpfloat_with_epsilon(max, most, 1e-4);
  }
  g_rand_free(rand);
  tri_peaks_unref(peaks);
  g_free(samples);
}

static void peaks_survive_odd_input(void) {
  TriPeaks *peaks = tri_peaks_new(0), *copy;
  float odd[4] = {NAN, INFINITY, -5, 0.25f}, min, max;
  tri_peaks_range(peaks, 0, 10, &min, &max);
  g_assert_cmpfloat(min, ==, 0);
  tri_peaks_append(peaks, odd, 4);
  copy = tri_peaks_copy(peaks);
  tri_peaks_append(peaks, (float[]){1}, 1);
  tri_peaks_range(copy, -5, 1e9, &min, &max);
  g_assert_cmpfloat(min, ==, -1);
  g_assert_cmpfloat_with_epsilon(max, 0.25, 1e-4);
  tri_peaks_range(peaks, -5, 1e9, &min, &max);
  g_assert_cmpfloat(max, ==, 1);
  tri_peaks_unref(peaks);
  tri_peaks_unref(copy);
}

/* ---- indices ---- */

static gboolean add_up(const TriIndexedNote *note, gpointer sum) {
  *(guint64 *)sum += note->note + 1;
  return TRUE;
}

static void note_index_equals_brute_force(void) {
  Motion *motion = motion_new();
  GRand *rand = g_rand_new_with_seed(3);
  for (int i = 0; i < 1500; i++) {
    double at_s = g_rand_double_range(rand, 0, 100), long_s = i % 50 ? 0.4 : 30;
    g_assert_true(motion_add(motion, at_s, at_s + long_s, 60, 60, 1));
  }
  motion_sort(motion);
  TriNoteIndex *index = tri_note_index_new(motion, NULL);
  for (int round = 0; round < 300; round++) {
    double from_s = g_rand_double_range(rand, -1, 130), to_s = from_s + g_rand_double_range(rand, 0, 5);
    guint64 wanted = 0, found = 0;
    for (size_t i = 0; i < motion->notes.n; i++)
      if (motion->notes.items[i].onset_s < to_s && motion->notes.items[i].key_up_s > from_s) wanted += i + 1;
    tri_note_index_visit(index, from_s, to_s, add_up, &found);
    g_assert_cmpuint(found, ==, wanted);
  }
  tri_note_index_unref(index);
  motion_free(motion);
  g_rand_free(rand);
}

/* ---- the ribbon ---- */

typedef struct {
  TriScene *scene;
  TriTimeline *timeline;
  TriRibbonMap *map;
  const TriPlace *places;
  guint n;
} Ribbon;

static Ribbon ribbon_make(int bars) {
  Ribbon ribbon = {tri_scene_new(), tri_timeline_new()};
  invented_scene_fill(ribbon.scene, ribbon.timeline, bars, TRUE);
  ribbon.map = tri_ribbon_map_new(tri_scene_get_score(ribbon.scene), tri_scene_get_unfolded(ribbon.scene));
  ribbon.places = tri_scene_get_places(ribbon.scene, &ribbon.n);
  return ribbon;
}

static void ribbon_clear(Ribbon *ribbon) {
  tri_ribbon_map_unref(ribbon->map);
  g_object_unref(ribbon->scene);
  g_object_unref(ribbon->timeline);
}

static void ribbon_shows_repeats_in_playing_order(void) {
  Ribbon ribbon = ribbon_make(16);
  guint n_steps, n_strips, n_heads;
  const TriRibbonStep *steps = tri_ribbon_map_steps(ribbon.map, &n_steps);
  const TriRibbonStrip *strips = tri_ribbon_map_strips(ribbon.map, &n_strips);
  tri_ribbon_map_heads(ribbon.map, &n_heads);
  g_assert_cmpuint(n_steps, ==, 20);
  g_assert_cmpuint(n_strips, ==, 5); /* four systems, the first one twice */
  g_assert_cmpuint(n_heads, ==, 100);
  g_assert_cmpfloat(strips[0].page_y, ==, strips[1].page_y);
  g_assert_cmpfloat(strips[1].x_sp, >, strips[0].x_sp + strips[0].width_sp);
  for (guint i = 1; i < n_steps; i++) g_assert_cmpfloat(steps[i].x_sp, >, steps[i - 1].x_sp);
  for (guint i = 0; i < n_steps; i++)
    g_assert_cmpint(tri_ribbon_map_step_at(ribbon.map, steps[i].x_sp + 0.1), ==, (int)i);
  ribbon_clear(&ribbon);
}

static void ribbon_places_stand_on_their_heads(void) {
  Ribbon ribbon = ribbon_make(16);
  guint n;
  const TriRibbonHead *heads = tri_ribbon_map_heads(ribbon.map, &n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpfloat_with_epsilon(tri_ribbon_map_place_x(ribbon.map, heads[i].place),
                                   heads[i].x_sp + heads[i].width_sp / 2, 1e-4);
  for (guint i = 1; i < ribbon.n; i++)
    g_assert_cmpfloat(tri_ribbon_map_place_x(ribbon.map, i), >, tri_ribbon_map_place_x(ribbon.map, i - 1));
  ribbon_clear(&ribbon);
}

static void ribbon_and_time_are_inverse(void) {
  Ribbon ribbon = ribbon_make(16);
  for (double time_s = -3; time_s < 60; time_s += 0.37) {
    double x = tri_ribbon_map_x_at(ribbon.map, ribbon.places, ribbon.n, time_s);
    g_assert_cmpfloat_with_epsilon(tri_ribbon_map_time_at(ribbon.map, ribbon.places, ribbon.n, x), time_s,
                                   1e-6);
  }
  for (guint i = 0; i < ribbon.n; i++)
    g_assert_cmpfloat_with_epsilon(
        tri_ribbon_map_x_at(ribbon.map, ribbon.places, ribbon.n, ribbon.places[i].time_s),
        tri_ribbon_map_place_x(ribbon.map, i), 1e-6);
  g_assert_true(isfinite(tri_ribbon_map_x_at(ribbon.map, NULL, 0, 5)));
  ribbon_clear(&ribbon);
}

static void no_boxes_no_ribbon(void) {
  g_assert_null(tri_ribbon_map_new(NULL, NULL));
  Score *score = score_new();
  ScoreMeasure measure = score_measure();
  ScoreUnfolded *unfolded = NULL;
  measure.length = beat_whole(4);
  g_assert_true(base_array_push(&score->measures, measure));
  g_assert_cmpint(score_unfold(NULL, &unfolded, score, NULL), ==, BASE_OK);
  g_assert_null(tri_ribbon_map_new(score, unfolded));
  score_unfolded_free(unfolded);
  score_free(score);
}

static void a_note_finds_the_pass_that_sounds(void) {
  Ribbon ribbon = ribbon_make(16);
  const ScoreUnfolded *unfolded = tri_scene_get_unfolded(ribbon.scene);
  TriPlaceIndex *index = tri_place_index_new(unfolded);
  guint32 note = unfolded->sounds.items[unfolded->onsets.items[1].first].note;
  g_assert_cmpint(tri_place_index_nearest(index, note, ribbon.places, ribbon.n, 0), ==, 1);
  g_assert_cmpint(tri_place_index_nearest(index, note, ribbon.places, ribbon.n, 1e6), ==, 17);
  g_assert_cmpint(tri_place_index_nearest(index, 999999, ribbon.places, ribbon.n, 0), ==, -1);
  g_assert_cmpint(tri_place_at_time(ribbon.places, ribbon.n, ribbon.places[5].time_s), ==, 5);
  g_assert_cmpint(tri_place_at_time(ribbon.places, ribbon.n, -1), ==, -1);
  tri_place_index_free(index);
  ribbon_clear(&ribbon);
}

/* ---- words ---- */

static void assert_text(char *found, const char *wanted) {
  g_assert_cmpstr(found, ==, wanted);
  g_free(found);
}

static void times_in_words(void) {
  assert_text(tri_time_text(11.48, 3), "0:11.480");
  assert_text(tri_time_text(59.9996, 3), "1:00.000");
  assert_text(tri_time_text(3725, 0), "62:05");
  assert_text(tri_time_text(-0.0001, 2), "0:00.00");
  g_assert_cmpfloat(tri_time_ruler_step(0.3), ==, 0.5);
  g_assert_cmpfloat(tri_time_ruler_step(1e9), ==, 3600);
}

static void places_in_words(void) {
  Ribbon ribbon = ribbon_make(16);
  char *text = tri_place_text(ribbon.scene, 18); /* second pass, bar 1, beat 3 */
  g_assert_true(g_str_has_prefix(text, "Bar 1, beat 3, "));
  g_assert_nonnull(strstr(text, ", doubtful, 0:09.6"));
  g_free(text);
  g_assert_null(tri_place_text(ribbon.scene, -1));
  assert_text(tri_note_text(3, 1, 5), "F♯5");
  ribbon_clear(&ribbon);
}

/* ---- tiles ---- */

static void paint_slowly(cairo_t *cr, const TriTileKey *key, gpointer value, GCancellable *cancel) {
  g_usleep(1000);
  cairo_paint(cr);
}

static gpointer take(gpointer n) {
  g_atomic_int_inc((int *)n);
  return n;
}

static void give(gpointer n) {
  g_atomic_int_add((int *)n, -1);
}

static TriTileKey key_of(int index) {
  TriTileKey key;
  memset(&key, 0, sizeof key);
  key.index = index;
  key.width = 64;
  key.height = 64;
  return key;
}

static GdkTexture *ask(TriTileCache *cache, int index, int *held) {
  TriTileKey key = key_of(index);
  return tri_tile_cache_get(cache, &key, paint_slowly, held, take, give);
}

static void tiles_come_once_and_stay_within_bounds(void) {
  TriTileCache *cache = tri_tile_cache_new(10 * 64 * 64 * 3, 1);
  int held = 0;
  for (int i = 0; i < 30; i++) g_assert_null(ask(cache, i, &held));
  for (int i = 0; i < 30; i++) g_assert_null(ask(cache, i, &held));
  g_assert_cmpuint(tri_tile_cache_get_pending(cache), ==, 30);
  tri_tile_cache_finish(cache);
  g_assert_cmpint(held, ==, 0);
  g_assert_cmpuint(tri_tile_cache_get_bytes(cache), ==, 10 * 64 * 64 * 3);
  g_assert_nonnull(ask(cache, 29, &held));
  g_assert_null(tri_tile_cache_peek(cache, &(TriTileKey){0}));
  g_object_unref(cache);
}

typedef struct {
  TriTileCache *cache;
  gsize bytes;
  int calls;
} Delivery;

static void ready(TriTileCache *cache, Delivery *delivery) {
  gsize now = tri_tile_cache_get_bytes(cache);
  g_assert_cmpuint(now - delivery->bytes, <=, 2 * 64 * 64 * 3);
  delivery->bytes = now;
  delivery->calls++;
}

static void two_textures_a_frame(void) {
  TriTileCache *cache = tri_tile_cache_new(0, 2);
  Delivery delivery = {cache};
  int held = 0;
  g_signal_connect(cache, "ready", G_CALLBACK(ready), &delivery);
  for (int i = 0; i < 12; i++) ask(cache, i, &held);
  g_usleep(50000);
  while (tri_tile_cache_get_pending(cache)) g_main_context_iteration(NULL, TRUE);
  g_assert_cmpint(delivery.calls, >=, 6);
  g_object_unref(cache);
}

static void what_scrolled_away_is_forgotten(void) {
  TriTileCache *cache = tri_tile_cache_new(0, 1);
  int held = 0;
  for (int i = 0; i < 50; i++) ask(cache, i, &held);
  tri_tile_cache_begin(cache, 0);
  ask(cache, 7, &held);
  tri_tile_cache_begin(cache, 0);
  g_assert_cmpuint(tri_tile_cache_get_pending(cache), <, 20);
  tri_tile_cache_finish(cache);
  g_assert_nonnull(ask(cache, 7, &held));
  g_object_unref(cache);
}

static void a_cache_can_go_in_the_middle(void) {
  int held = 0;
  for (int round = 0; round < 20; round++) {
    TriTileCache *cache = tri_tile_cache_new(0, 2);
    for (int i = 0; i < 20; i++) ask(cache, i, &held);
    g_usleep(500 * round);
    g_object_unref(cache);
    g_assert_cmpint(held, ==, 0);
  }
}

#define CASE(function)                                                                                       \
  { "/widgets/values/" #function, function }

int main(int argc, char **argv) {
  static const struct {
    const char *path;
    GTestFunc run;
  } cases[] = {CASE(x_and_time_are_inverse),
               CASE(zoom_keeps_the_time_under_the_pointer),
               CASE(notifies_once_per_change),
               CASE(zoom_and_pan_notify_once_each),
               CASE(a_fit_waits_for_the_width),
               CASE(follows_by_pages),
               CASE(a_loop_has_an_order),
               CASE(scene_notifies_once),
               CASE(drag_times_must_fit_the_places),
               CASE(scene_lets_go_of_everything),
               CASE(peaks_equal_brute_force),
               CASE(peaks_survive_odd_input),
               CASE(note_index_equals_brute_force),
               CASE(ribbon_shows_repeats_in_playing_order),
               CASE(ribbon_places_stand_on_their_heads),
               CASE(ribbon_and_time_are_inverse),
               CASE(no_boxes_no_ribbon),
               CASE(a_note_finds_the_pass_that_sounds),
               CASE(times_in_words),
               CASE(places_in_words),
               CASE(tiles_come_once_and_stay_within_bounds),
               CASE(two_textures_a_frame),
               CASE(what_scrolled_away_is_forgotten),
               CASE(a_cache_can_go_in_the_middle)};
  gtk_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) g_test_add_func(cases[i].path, cases[i].run);
  return g_test_run();
}
