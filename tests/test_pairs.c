/* Pairs as a data set: gathered, written, read and written again. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_file.h"
#include "core/base/base_json.h"
#include "core/base/base_rng.h"
#include "core/flow/flow_pairs.h"
#include "core/music/musicxml.h"
#include "tests/check.h"

#include <dirent.h>
#include <unistd.h>

enum { MEASURES = 6, RATE_HZ = 8000, PAGE_WIDTH = 700, PAGE_HEIGHT = 300, BAR_WIDTH = 100 };

/* ---- a piece ---- */

/* Each bar 100 px wide on one page, four quarters to a bar, a tie over the second bar line. */
static Score *make_score(void) {
  Score *score = score_new();
  CHECK(base_array_push(&score->parts, (ScorePart){.id = "P1", .name = "Piano", .staves = 1}));
  CHECK(base_array_push(&score->pages, (ScorePage){PAGE_WIDTH, PAGE_HEIGHT}));
  for (int m = 0; m < MEASURES; m++) {
    ScoreMeasure measure = score_measure();
    measure.length = beat_whole(4);
    measure.box = (ScoreBox){0, 20 + BAR_WIDTH * (float)m, 100, BAR_WIDTH, 40};
    snprintf(measure.number, sizeof measure.number, "%d", m + 1);
    CHECK(base_array_push(&score->measures, measure));
    for (int i = 0; i < 4; i++) {
      ScoreNote note = score_note(score);
      note.measure = m, note.voice = 1, note.type = 2;
      note.onset = beat_whole(i), note.duration = beat_whole(1);
      note.step = (int8_t)((3 * m + 2 * i) % 7), note.octave = 4;
      note.box = (ScoreBox){0, measure.box.x + 10 + 20 * (float)i, 110, 12, 10};
      CHECK(base_array_push(&score->notes, note));
    }
  }
  CHECK(base_array_push(&score->systems, (ScoreSystem){{0, 20, 100, 600, 40}, 0, MEASURES, 10}));
  score_sort(score);
  return score;
}

/* Half a second and a little a quarter, so that no time has few digits; the third note of the second bar is left out. A bass
 * note that nobody wrote follows another one so closely that they become one time. */
static Motion *play(const Score *score) {
  Motion *motion = motion_new();
  for (size_t i = 0; i < score->notes.n; i++) {
    const double at_s = 0.7 + 0.5123456789 * (double)i;
    if (i != 6) CHECK(motion_add(motion, at_s, at_s + 0.4, score_midi(&score->notes.items[i]), 64, 0.87654321F));
  }
  CHECK(motion_add(motion, 0.7 + 0.5123456789 * 9 + 1e-7, 5.9, 36, 64, 1));
  CHECK(base_array_push(&motion->pedals, (MotionPedal){1.23456789, MOTION_SUSTAIN, 90}));
  motion_sort(motion);
  return motion;
}

static const char *make_sound(void) {
  static char path[256];
  BaseRng rng = base_rng(1, 0);
  DspAudio *audio = dsp_audio_new(RATE_HZ * 15, 2, RATE_HZ);
  for (size_t i = 0; i < audio->frames * 2; i++) audio->samples[i] = (float)base_rng_below(&rng, 20000) / 10000 - 1;
  snprintf(path, sizeof path, "%s", check_temporary("sound.wav"));
  CHECK(dsp_audio_write(NULL, audio, path) == BASE_OK);
  dsp_audio_free(audio);
  return path;
}

static const char *make_page(void) {
  static char path[256];
  BaseRng rng = base_rng(2, 0);
  Image *page = image_new(PAGE_WIDTH, PAGE_HEIGHT);
  page->dpi = 300;
  for (int i = 0; i < PAGE_WIDTH * PAGE_HEIGHT; i++) page->pixels[i] = (uint8_t)base_rng_below(&rng, 256);
  snprintf(path, sizeof path, "%s", check_temporary("page.png"));
  CHECK(image_write_png(NULL, page, path) == BASE_OK);
  image_free(page);
  return path;
}

static FlowAligned align(void) {
  FlowAligned made = {.score = make_score(), .heard = calloc(1, sizeof(Transcription))};
  made.heard->motion = play(made.score);
  CHECK(score_unfold(NULL, &made.unfolded, made.score, NULL) == BASE_OK);
  CHECK(alignment_align(NULL, &made.alignment, made.unfolded, made.heard->motion, NULL, NULL) == BASE_OK);
  return made;
}

static void clear(FlowAligned *aligned) {
  alignment_free(aligned->alignment);
  transcription_free(aligned->heard);
  score_unfolded_free(aligned->unfolded);
  score_free(aligned->score);
}

/* Anchors in the second and in the fifth bar. */
static FlowPairs *gather(void) {
  const FlowVerdict said[] = {{beat_whole(5), 3.2617283945, FLOW_SAID_MOVED, 0},
                              {beat_whole(12), 0, FLOW_SAID_NOT_PLAYED, 0},
                              {beat_make(33, 2), 9.15, FLOW_SAID_RIGHT, 0},
                              {beat_whole(0), 2.5, FLOW_SAID_EXTRA, 61}};
  FlowAligned aligned = align();
  const char *page = make_page();
  FlowPairs *set = NULL;
  BaseContext ctx = {0};
  const FlowPairsSource source = {&aligned, said, sizeof said / sizeof *said, make_sound(), &page, 1};
  CHECK_SAYING(flow_pairs_gather(&ctx, &set, &source) == BASE_OK, "%s", ctx.sentence);
  clear(&aligned);
  return set;
}

static void bars_with_anchors_are_gathered(void) {
  FlowPairs *set = gather();
  CHECK(set->pairs.n == 2 && set->said.n == 4);
  const FlowPair *pair = &set->pairs.items[0];
  CHECK(pair->step == 1 && set->pairs.items[1].step == 4);
  CHECK_NEAR(pair->from_s, 0.7 + 4 * 0.5123456789 - 0.05, 0.02);
  CHECK_NEAR(pair->to_s - pair->from_s, 4 * 0.5123456789, 0.04);
  CHECK_NEAR(pair->weight, 0.75, 1e-6);
  CHECK_NEAR(set->pairs.items[1].weight, 1, 1e-6);
  CHECK_NEAR(pair->sound_from_s, pair->from_s - 0.5, 1e-5);
  CHECK_NEAR((double)pair->sound->frames / RATE_HZ, pair->to_s + 0.5 - pair->sound_from_s, 1e-3);
  CHECK(pair->x == 110 && pair->y == 60 && pair->picture->width == 120 && pair->picture->height == 120);
  CHECK(pair->heads.n == 4 && pair->heads.items[1].x == 20 + 120 + 10 - 110 && pair->heads.items[1].y == 50);
  flow_pairs_free(set);
}

/* A measure that is all said to be unplayed says nothing of those notes. */
static void what_was_not_played_weighs_nothing(void) {
  FlowAligned aligned = align();
  const FlowVerdict said[] = {{beat_whole(5), 3.2617, FLOW_SAID_MOVED, 0}, {beat_whole(6), 0, FLOW_SAID_NOT_PLAYED, 0}};
  const FlowPairsSource source = {.aligned = &aligned, .said = said, .n_said = 2};
  FlowPairs *set = NULL;
  CHECK(flow_pairs_gather(NULL, &set, &source) == BASE_OK);
  CHECK_NEAR(set->pairs.items[0].weight, 1, 1e-6);
  CHECK(!set->pairs.items[0].sound && !set->pairs.items[0].picture);
  flow_pairs_free(set);
  BaseContext ctx = {0};
  const FlowPairsSource nothing = {.aligned = &aligned, .said = said + 1, .n_said = 1};
  CHECK(flow_pairs_gather(&ctx, &set, &nothing) == BASE_BAD_INPUT && strstr(ctx.sentence, "anchor"));
  clear(&aligned);
}

/* ---- there and back ---- */

static int count_files(const char *folder) {
  int n = 0;
  DIR *list = opendir(folder);
  for (struct dirent *entry; list && (entry = readdir(list));) n += entry->d_name[0] != '.';
  if (list) closedir(list);
  return n;
}

static void check_same_file(const char *a, const char *b, const char *name) {
  char paths[2][512];
  void *bytes[2] = {NULL, NULL};
  size_t n[2] = {0, 0};
  snprintf(paths[0], sizeof paths[0], "%s/%s", a, name);
  snprintf(paths[1], sizeof paths[1], "%s/%s", b, name);
  for (int i = 0; i < 2; i++) CHECK_SAYING(base_file_read(NULL, &bytes[i], &n[i], paths[i], 0) == BASE_OK, "%s", paths[i]);
  CHECK_SAYING(n[0] == n[1] && n[0] > 0 && memcmp(bytes[0], bytes[1], n[0]) == 0, "%s: %zu and %zu bytes", name, n[0], n[1]);
  for (int i = 0; i < 2; i++) free(bytes[i]);
}

static void what_is_read_is_written_again(void) {
  static const char *const NAMES[] = {"manifest.json", "score.musicxml", "alignment.match", "alignment.tsv", "bar-2.flac",
                                      "bar-2.png",     "bar-5.flac",     "bar-5.png"};
  FlowPairs *set = gather(), *again = NULL;
  const char *first = check_temporary("one.pairs"), *second = check_temporary("two.pairs");
  BaseContext ctx = {0};
  CHECK_SAYING(flow_pairs_write(&ctx, set, first) == BASE_OK, "%s", ctx.sentence);
  CHECK(flow_is_pairs(first) && !flow_is_pairs(second));
  CHECK_SAYING(flow_pairs_read(&ctx, &again, first) == BASE_OK, "%s", ctx.sentence);
  CHECK_SAYING(flow_pairs_write(&ctx, again, second) == BASE_OK, "%s", ctx.sentence);
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) check_same_file(first, second, NAMES[i]);
  CHECK(count_files(first) == 8 && count_files(second) == 8);
  CHECK(again->pairs.n == set->pairs.n && again->said.n == set->said.n && score_equal(NULL, again->aligned.score, set->aligned.score));
  CHECK(flow_pairs_write(&ctx, set, first) != BASE_OK && strstr(ctx.sentence, "something else"));
  flow_pairs_free(set);
  flow_pairs_free(again);
}

/* Whatever happens to a manifest, it is refused with a sentence or read as a set. */
static void damaged_manifests_are_safe(void) {
  FlowPairs *set = gather();
  char folder[256], path[300];
  void *bytes = NULL;
  size_t n = 0, refused = 0;
  snprintf(folder, sizeof folder, "%s", check_temporary("damaged.pairs"));
  snprintf(path, sizeof path, "%s/manifest.json", folder);
  CHECK(flow_pairs_write(NULL, set, folder) == BASE_OK && base_file_read(NULL, &bytes, &n, path, 0) == BASE_OK);
  flow_pairs_free(set);
  BaseRng rng = base_rng(7, 0);
  for (int round = 0; round < 200; round++) {
    const size_t keep = round % 2 ? n : (size_t)base_rng_below(&rng, (uint32_t)n);
    char *copy = malloc(n);
    memcpy(copy, bytes, n);
    for (int k = 0; k < 3 && round % 2; k++) copy[base_rng_below(&rng, (uint32_t)n)] = (char)base_rng_below(&rng, 256);
    FILE *stream = fopen(path, "wb");
    CHECK(fwrite(copy, 1, keep, stream) == keep);
    fclose(stream);
    free(copy);
    BaseContext ctx = {0};
    FlowPairs *read = NULL;
    const bool fine = flow_pairs_read(&ctx, &read, folder) == BASE_OK;
    refused += !fine;
    CHECK(fine == (read != NULL) && (fine || ctx.sentence[0]));
    flow_pairs_free(read);
  }
  CHECK_SAYING(refused >= 100, "%zu", refused);
  free(bytes);
}

/* ---- JSON ---- */

static BaseJson *parse(const char *text) {
  BaseJson *json = NULL;
  BaseContext ctx = {0};
  if (base_json_read(&ctx, &json, text, strlen(text), "x") != BASE_OK) CHECK(ctx.sentence[0] && !json);
  return json;
}

static void json_is_read(void) {
  BaseJson *json = parse(" {\"a\":[1, -2.5e1,true,null,{}], \"b\\n\" : \"\\u00e4\\ud834\\udd1e\\\"\", \"c\":false}\n");
  CHECK(json && json->n == 3);
  const BaseJson *list = base_json_member(json, "a");
  CHECK(list->kind == BASE_JSON_ARRAY && list->n == 5 && list->first->next->number == -25);
  CHECK_TEXT(base_json_text(json, "b\n", ""), "ä\xF0\x9D\x84\x9E\"");
  CHECK(!base_json_true(json, "c") && base_json_number(json, "nothing", 7) == 7 && !base_json_member(list, "a"));
  base_json_free(json);
}

static void what_is_no_json_is_refused(void) {
  static const char *const BAD[] = {"", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "\"\\x\"", "\"\\u12\"", "\"\\ud834\"", "1 2", "nul",
                                    "[1", "\"a", "\"a\\", "{1:2}", "-", "\"\1\"", "]"};
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) CHECK_SAYING(!parse(BAD[i]), "%s", BAD[i]);
  char deep[4001] = "";
  memset(deep, '[', 4000);
  CHECK(!parse(deep));
}

CHECK_MAIN({CASE(bars_with_anchors_are_gathered)}, {CASE(what_was_not_played_weighs_nothing)},
           {CASE(what_is_read_is_written_again)}, {CASE(damaged_manifests_are_safe)}, {CASE(json_is_read)},
           {CASE(what_is_no_json_is_refused)})
