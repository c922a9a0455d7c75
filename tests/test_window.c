/* What the window computes by itself: bars on the time axis and times typed in. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "app/bars.h"
#include "app/window-inspector.h"
#include "core/music/musicxml.h"
#include "tests/check.h"

static guint read_truth(TriPlace *places, guint room) {
  g_autofree char *text = NULL;
  guint n = 0;
  if (!g_file_get_contents(SAMPLE_DIR "/truth.csv", &text, NULL, NULL)) return 0;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines + 1; *line && **line && n < room; line++)
    if (sscanf(*line, "%lf,%lf", &places[n].quarter, &places[n].time_s) == 2) n++;
  return n;
}

/* The sample's score as played, its true times as places. */
static TriScene *sample_scene(TriPlace *places, guint room) {
  TriScene *scene = tri_scene_new();
  Score *score = NULL;
  ScoreUnfolded *unfolded = NULL;
  BaseContext ctx = {0};
  CHECK(musicxml_read(&ctx, &score, SAMPLE_DIR "/menuet.musicxml") == BASE_OK);
  CHECK(score_unfold(&ctx, &unfolded, score, NULL) == BASE_OK);
  guint n = read_truth(places, room);
  CHECK(n == unfolded->onsets.n - 1); /* one is not struck */
  tri_scene_set_places(scene, places, n);
  tri_scene_set_score(scene, score, unfolded);
  return scene;
}

static void bars_begin_where_their_first_note_sounds(void) {
  TriPlace places[400];
  g_autoptr(TriScene) scene = sample_scene(places, G_N_ELEMENTS(places));
  guint n;
  tri_scene_get_places(scene, &n);
  CHECK(tri_bars_count(scene) == 64);
  for (guint i = 0; i < n; i++) {
    if (fmod(places[i].quarter, 3) != 0) continue;
    int step = (int)(places[i].quarter / 3);
    CHECK_NEAR(tri_bars_start_s(scene, step), places[i].time_s, 1e-9);
    CHECK(tri_bars_at(scene, places[i].time_s + 0.01) == step);
  }
  CHECK(tri_bars_start_s(scene, 64) > places[n - 1].time_s);
}

static void bars_are_numbered_as_printed(void) {
  TriPlace places[400];
  g_autoptr(TriScene) scene = sample_scene(places, G_N_ELEMENTS(places));
  static const struct {
    int step;
    const char *number;
  } WANTED[] = {{0, "1"}, {15, "16"}, {16, "1"}, {32, "17"}, {47, "32"}, {63, "32"}};
  for (gsize i = 0; i < G_N_ELEMENTS(WANTED); i++) {
    g_autofree char *number = tri_bars_number(scene, WANTED[i].step);
    CHECK_TEXT(number, WANTED[i].number);
  }
  CHECK(!tri_bars_number(scene, 64) && !tri_bars_number(scene, -1));
}

static void nothing_has_no_bars(void) {
  g_autoptr(TriScene) scene = tri_scene_new();
  CHECK(tri_bars_count(scene) == 0);
  CHECK(tri_bars_at(scene, 1) == -1);
  CHECK(isnan(tri_bars_start_s(scene, 0)));
  CHECK(isnan(tri_bars_time_s(scene, 0)));
}

static void times_are_read_as_people_write_them(void) {
  static const struct {
    const char *text;
    double time_s;
  } GOOD[] = {{"0:11.480", 11.48}, {"11.48", 11.48}, {"11,48", 11.48},
              {" 1:02 ", 62},      {"0", 0},         {"12:00.001", 720.001}};
  static const char *const BAD[] = {"", "abc", "1:", ":5", "1:x", "-3", "1:2:3", "nan", "inf", "5 s"};
  for (gsize i = 0; i < G_N_ELEMENTS(GOOD); i++)
    CHECK_NEAR(tri_inspector_parse_time(GOOD[i].text), GOOD[i].time_s, 1e-9);
  for (gsize i = 0; i < G_N_ELEMENTS(BAD); i++)
    CHECK_SAYING(isnan(tri_inspector_parse_time(BAD[i])), "%s", BAD[i]);
}

CHECK_MAIN({CASE(bars_begin_where_their_first_note_sounds)}, {CASE(bars_are_numbered_as_printed)},
           {CASE(nothing_has_no_bars)}, {CASE(times_are_read_as_people_write_them)})
