/* Files in, files out: what a file is, MIDI as a score, anchors, alignment with repeats found, memos,
 * writers. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_file.h"
#include "core/base/base_rng.h"
#include "core/flow/flow.h"
#include "core/flow/flow_carry.h"
#include "core/music/midi.h"
#include "core/music/musicxml.h"
#include "tests/check.h"

#include <sys/stat.h>

static const char *write_bytes(const char *name, const void *bytes, size_t n) {
  const char *path = check_temporary(name);
  FILE *stream = fopen(path, "wb");
  if (n) fwrite(bytes, 1, n, stream);
  fclose(stream);
  return path;
}

static const char *write_text(const char *name, const char *text) {
  return write_bytes(name, text, strlen(text));
}

/* ---- kinds ---- */

static FlowKind kind_of(const char *name, const void *bytes, size_t n) {
  FlowKind kind = FLOW_UNKNOWN;
  flow_kind(NULL, &kind, write_bytes(name, bytes, n));
  return kind;
}

static void content_counts_before_the_ending(void) {
  CHECK(kind_of("a.wav", "\x89PNG\r\n\x1a\nxxxx", 12) == FLOW_PAGES);
  CHECK(kind_of("a.mid", "\xff\xd8\xff\xe0", 4) == FLOW_PAGES);
  CHECK(kind_of("a", "II*\0aaaa", 8) == FLOW_PAGES);
  CHECK(kind_of("a", "%PDF-1.4", 8) == FLOW_PAGES);
  CHECK(kind_of("a.png", "MThd\0\0\0\6", 8) == FLOW_MIDI);
  CHECK(kind_of("a", "RIFFxxxxWAVEfmt ", 16) == FLOW_AUDIO);
  CHECK(kind_of("a", "fLaC\0\0\0\"", 8) == FLOW_AUDIO);
  CHECK(kind_of("a", "OggS", 4) == FLOW_AUDIO);
  CHECK(kind_of("a", "ID3\4", 4) == FLOW_AUDIO);
  CHECK(kind_of("a", "\xff\xfb\x90\x64", 4) == FLOW_AUDIO);
  CHECK(kind_of("a", "PK\3\4", 4) == FLOW_SCORE);
  CHECK(kind_of("a", "\xef\xbb\xbf <?xml version", 17) == FLOW_SCORE);
  CHECK(kind_of("a.png", "onset_s,offset_s\n0.5,1,60\n", 26) == FLOW_NOTES);
  CHECK(kind_of("a", "SQLite format 3", 16) == FLOW_PROJECT);
  CHECK(kind_of("a", "TRIPPACK", 8) == FLOW_WEIGHTS);
  CHECK(kind_of("a.flac", "garbage\1\2", 9) == FLOW_AUDIO);
  CHECK(kind_of("a.PNG", "garbage\1\2", 9) == FLOW_PAGES);
}

static void unknown_files_are_named(void) {
  BaseContext ctx = {0};
  FlowKind kind;
  CHECK(flow_kind(&ctx, &kind, write_bytes("empty.png", "", 0)) == BASE_UNSUPPORTED);
  CHECK(strstr(ctx.sentence, "empty.png") && strstr(ctx.sentence, "empty"));
  CHECK(flow_kind(&ctx, &kind, write_text("letter.txt", "Dear reader")) == BASE_UNSUPPORTED);
  CHECK(strstr(ctx.sentence, "letter.txt"));
  CHECK(flow_kind(&ctx, &kind, "/nowhere/x.png") == BASE_UNREADABLE);
  CHECK(flow_kind(&ctx, &kind, "/tmp") == BASE_UNREADABLE);
  CHECK(strstr(ctx.sentence, "folder"));
}

/* ---- MIDI as a score ---- */

static Motion *scale(double tempo_s) {
  static const int STEPS[] = {60, 62, 64, 65, 67, 69, 71, 72};
  Motion *motion = motion_new();
  for (int i = 0; i < 8; i++) motion_add(motion, i * tempo_s, (i + 1) * tempo_s, STEPS[i], 70, 1);
  motion_add(motion, 2 * tempo_s, 6 * tempo_s, 48, 60, 1); /* over the bar line */
  for (int i = 0; i <= 8; i++)
    if (!base_array_push(&motion->beats, (MotionBeat){beat_whole(i), i * tempo_s})) abort();
  motion_sort(motion);
  return motion;
}

static void midi_becomes_measures_of_four(void) {
  Motion *motion = scale(0.7);
  const char *path = check_temporary("scale.mid");
  CHECK(midi_write(NULL, motion, path) == BASE_OK);
  motion_free(motion);
  Score *score = NULL;
  BaseContext ctx = {0};
  CHECK(flow_load_score(&ctx, &score, &path, 1) == BASE_OK);
  CHECK_SAYING(score_validate(&ctx, score) == BASE_OK, "%s", ctx.sentence);
  CHECK(score->measures.n == 2 && score->notes.n == 10 && score->parts.items[0].staves == 2);
  ScoreUnfolded *unfolded = NULL;
  CHECK(score_unfold(NULL, &unfolded, score, NULL) == BASE_OK);
  CHECK(unfolded->sounds.n == 9 && unfolded->onsets.n == 8);
  for (size_t i = 0; i < 8; i++) CHECK(beat_equal(unfolded->onsets.items[i].onset, beat_whole((int64_t)i)));
  for (size_t i = 0; i < unfolded->sounds.n; i++)
    if (unfolded->sounds.items[i].midi == 48)
      CHECK(beat_equal(unfolded->sounds.items[i].duration, beat_whole(4)));
  score_unfolded_free(unfolded);
  score_free(score);
}

/* ---- anchors ---- */

static void anchors_are_read(void) {
  AlignmentAnchor *anchors = NULL;
  size_t n = 0;
  BaseContext ctx = {0};
  CHECK(flow_load_anchors(&ctx, &anchors, &n,
                          write_text("a.csv", "score_quarter,time_s\r\n0,1.5\n\n2.3333,3\n")) == BASE_OK);
  CHECK(n == 2 && beat_equal(anchors[0].quarter, beat_whole(0)) && anchors[1].time_s == 3);
  CHECK_NEAR(beat_double(anchors[1].quarter), 2.3333, 1e-4);
  free(anchors);
  CHECK(flow_load_anchors(&ctx, &anchors, &n, write_text("b.csv", "0,1\nnot a line\n")) == BASE_BAD_FILE);
  CHECK(strstr(ctx.sentence, "Line 2"));
}

/* ---- alignment ---- */

enum { MEASURES = 24 };

/* Quarters that walk at random, one part of one staff, no repeat signs. */
static Score *make_score(void) {
  static const int8_t STEP[7] = {0, 1, 2, 3, 4, 5, 6};
  Score *score = score_new();
  BaseRng rng = base_rng(3, 0);
  if (!base_array_push(&score->parts, (ScorePart){.id = "P1", .name = "Piano", .staves = 1})) abort();
  int walk = 35;
  for (int m = 0; m < MEASURES; m++) {
    ScoreMeasure measure = score_measure();
    measure.length = beat_whole(4);
    snprintf(measure.number, sizeof measure.number, "%d", m + 1);
    if (!base_array_push(&score->measures, measure)) abort();
    for (int i = 0; i < 4; i++) {
      walk += (int)base_rng_below(&rng, 9) - 4;
      walk = walk < 25 ? 25 : walk > 45 ? 45 : walk;
      ScoreNote note = score_note(score);
      note.measure = m, note.voice = 1, note.type = 2;
      note.onset = beat_whole(i), note.duration = beat_whole(1);
      note.step = STEP[walk % 7], note.octave = (int8_t)(walk / 7);
      if (!base_array_push(&score->notes, note)) abort();
    }
  }
  score_sort(score);
  return score;
}

/* The score played with its first eight measures twice, half a second a quarter from second 1 on. */
static Motion *play_with_repeat(const Score *score) {
  Motion *motion = motion_new();
  for (int played = 0; played < MEASURES + 8; played++) {
    int m = played < 8 ? played : played - 8;
    for (int i = 0; i < 4; i++) {
      double at = 1 + 0.5 * (4 * played + i);
      motion_add(motion, at, at + 0.4, score_midi(&score->notes.items[4 * m + i]), 64, 1);
    }
  }
  motion_sort(motion);
  return motion;
}

static char *slurp(const char *path) {
  void *bytes = NULL;
  size_t n = 0;
  CHECK(base_file_read(NULL, &bytes, &n, path, 0) == BASE_OK);
  return bytes;
}

static size_t count(const char *text, const char *word) {
  size_t n = 0;
  for (const char *at = text; (at = strstr(at, word)); at += strlen(word)) n++;
  return n;
}

static void check_files(const FlowAligned *aligned) {
  const char *csv = check_temporary("o.csv"), *tsv = check_temporary("o.tsv"),
             *json = check_temporary("o.json");
  CHECK(flow_write_alignment(NULL, aligned, csv) == BASE_OK);
  CHECK(flow_write_alignment(NULL, aligned, tsv) == BASE_OK);
  CHECK(flow_write_alignment(NULL, aligned, json) == BASE_OK);
  CHECK(flow_write_alignment(NULL, aligned, check_temporary("o.xyz")) == BASE_UNSUPPORTED);
  char *text = slurp(csv);
  CHECK(strncmp(text, "score_quarter,measure,beat,time_s,confidence,anchor,pitches\n0,1,1,1,", 68) == 0);
  CHECK(count(text, "\n") == 1 + 4 * (MEASURES + 8));
  free(text);
  text = slurp(tsv);
  CHECK(strncmp(text, "xml_id\tmidi_id\ttrack\tchannel\tpitch\tonset\n", 41) == 0);
  CHECK(count(text, "\n") == 1 + 4 * (MEASURES + 8) && count(text, "-2\t") == 32);
  free(text);
  text = slurp(json);
  CHECK(count(text, "\"match\"") == 4 * (MEASURES + 8));
  free(text);
}

static void repeats_without_signs_are_found(void) {
  Score *score = make_score();
  Motion *motion = play_with_repeat(score);
  const char *score_path = check_temporary("s.musicxml"), *notes_path = check_temporary("n.csv");
  CHECK(musicxml_write(NULL, score, score_path) == BASE_OK);
  CHECK(motion_write_csv(NULL, motion, notes_path) == BASE_OK);
  FlowAligned *aligned = NULL;
  BaseContext ctx = {0};
  CHECK_SAYING(flow_align(&ctx, &aligned, &score_path, 1, notes_path, NULL, 0) == BASE_OK, "%s",
               ctx.sentence);
  CHECK(aligned->unfolded->steps.n == MEASURES + 8);
  CHECK(aligned->unfolded->steps.items[8].measure == 0);
  for (size_t i = 0; i < aligned->alignment->points.n; i++)
    CHECK_NEAR(aligned->alignment->points.items[i].time_s, 1 + 0.5 * (double)i, 1e-3);
  check_files(aligned);
  flow_aligned_free(aligned);
  motion_free(motion);
  score_free(score);
}

/* What was heard is not what is written; a person may insist on the latter. */
static void an_order_can_be_chosen(void) {
  Score *score = make_score();
  Transcription heard = {.motion = play_with_repeat(score)};
  for (int chosen = 0; chosen < FLOW_ORDERS; chosen++) {
    ScoreUnfolded *unfolded = NULL;
    Alignment *alignment = NULL;
    FlowOrders orders;
    CHECK(flow_align_ordered(NULL, &unfolded, &alignment, &orders, score, &heard, NULL, 0, (FlowOrder)chosen) == BASE_OK);
    CHECK(unfolded->steps.n == (chosen == FLOW_ORDER_HEARD ? MEASURES + 8 : MEASURES));
    CHECK(alignment->points.n == unfolded->onsets.n);
    CHECK(orders.n == 2 && orders.kind[0] == FLOW_ORDER_HEARD && orders.kind[1] == FLOW_ORDER_WRITTEN);
    CHECK_SAYING(strcmp(orders.letters[0], "A A B") == 0 && strcmp(orders.letters[1], "A B") == 0, "%s, %s",
                 orders.letters[0], orders.letters[1]);
    alignment_free(alignment);
    score_unfolded_free(unfolded);
  }
  motion_free(heard.motion);
  score_free(score);
}

/* Two passes of eight measures, then the rest: what is fixed on either pass stays a place of its own; played once, only one
 * of two anchors at the same place of the print can be kept. */
static void anchors_go_with_their_bars(void) {
  Score *score = make_score();
  int32_t order[MEASURES + 8];
  for (int i = 0; i < MEASURES + 8; i++) order[i] = i < 8 ? i : i - 8;
  ScoreUnfolded *once = NULL, *twice = NULL;
  CHECK(score_unfold(NULL, &once, score, NULL) == BASE_OK);
  CHECK(score_unfold(NULL, &twice, score, &(ScoreUnfoldParams){.order = order, .order_n = MEASURES + 8}) == BASE_OK);
  const AlignmentAnchor anchors[] = {{beat_whole(5), 3}, {beat_whole(37), 20}, {beat_whole(70), 40}};
  AlignmentAnchor out[3], back[3];
  bool kept[3];
  CHECK(flow_carry_anchors(NULL, out, kept, anchors, 3, twice, once, NULL) == BASE_OK);
  CHECK((kept[0] != kept[1]) && kept[2] && beat_double(out[2].quarter) == 38 && out[2].time_s == 40);
  CHECK(beat_double(out[kept[0] ? 0 : 1].quarter) == 5);
  CHECK(flow_carry_anchors(NULL, back, kept, anchors, 3, twice, twice, NULL) == BASE_OK);
  for (int i = 0; i < 3; i++) CHECK(kept[i]);
  CHECK(beat_double(back[2].quarter) == 70);
  Alignment at = {0};
  for (size_t i = 0; i < twice->onsets.n; i++)
    CHECK(base_array_push(&at.points, (AlignmentPoint){.onset = i, .quarter = beat_whole((int)i), .time_s = 1 + 0.5 * (double)i}));
  const AlignmentAnchor late = {beat_whole(5), 19.4};
  CHECK(flow_carry_anchors(NULL, out, kept, &late, 1, once, twice, &at) == BASE_OK);
  CHECK(kept[0] && beat_double(out[0].quarter) == 37);
  base_array_clear(&at.points);
  score_unfolded_free(once);
  score_unfolded_free(twice);
  score_free(score);
}

static void anchors_near_an_onset_mean_it(void) {
  Score *score = make_score();
  Motion *motion = play_with_repeat(score);
  const char *score_path = check_temporary("s.musicxml"), *notes_path = check_temporary("n.csv");
  CHECK(musicxml_write(NULL, score, score_path) == BASE_OK);
  CHECK(motion_write_csv(NULL, motion, notes_path) == BASE_OK);
  AlignmentAnchor anchor = {beat_make(5001, 1000), 3.6};
  FlowAligned *aligned = NULL;
  CHECK(flow_align(NULL, &aligned, &score_path, 1, notes_path, &anchor, 1) == BASE_OK);
  CHECK(aligned->alignment->points.items[5].anchor);
  CHECK(aligned->alignment->points.items[5].time_s == 3.6);
  flow_aligned_free(aligned);
  motion_free(motion);
  score_free(score);
}

static void wrong_kinds_are_told(void) {
  const char *notes = write_text("n.csv", "0,1,60\n"),
             *score = write_text("s.musicxml", "<?xml version='1.0'?><a/>");
  const char *page = write_bytes("p.png", "\x89PNG\r\n\x1a\nxxxx", 12);
  BaseContext ctx = {0};
  FlowAligned *aligned = NULL;
  Motion *motion = NULL;
  Score *read = NULL;
  CHECK(flow_align(&ctx, &aligned, &score, 1, notes, NULL, 0) != BASE_OK);
  CHECK(strstr(ctx.sentence, "s.musicxml"));
  CHECK(flow_load_score(&ctx, &read, &notes, 1) == BASE_UNSUPPORTED);
  CHECK(strstr(ctx.sentence, "a list of notes"));
  CHECK(flow_load_motion(&ctx, &motion, page) == BASE_UNSUPPORTED);
  CHECK(strstr(ctx.sentence, "pages"));
  CHECK(flow_read(&ctx, &read, NULL, NULL, &notes, 1, NULL) == BASE_UNSUPPORTED);
  CHECK(flow_read(&ctx, &read, NULL, NULL, &page, 1, NULL) != BASE_OK);
  CHECK(!aligned && !motion && !read);
}

/* ---- reading with a memo ---- */

typedef struct {
  char key[8][160];
  void *bytes[8];
  size_t size[8], n, found;
} Shelf;

static void *find(void *user, const char *key, size_t *n) {
  Shelf *shelf = user;
  for (size_t i = 0; i < shelf->n; i++) {
    if (strcmp(shelf->key[i], key) != 0) continue;
    void *copy = malloc(shelf->size[i]);
    memcpy(copy, shelf->bytes[i], *n = shelf->size[i]);
    shelf->found++;
    return copy;
  }
  return NULL;
}

static void keep(void *user, const char *key, const void *bytes, size_t n) {
  Shelf *shelf = user;
  if (shelf->n == 8) return;
  snprintf(shelf->key[shelf->n], sizeof *shelf->key, "%s", key);
  shelf->bytes[shelf->n] = malloc(n);
  memcpy(shelf->bytes[shelf->n], bytes, n);
  shelf->size[shelf->n++] = n;
}

static void count_page(void *user, const OmrPage *const *pages, size_t n, size_t total, const Score *score) {
  size_t *seen = user;
  CHECK(n == *seen + 1 && n <= total && pages[n - 1] && score && score->notes.n > 0);
  ++*seen;
}

static void pages_are_read_once(void) {
  char *paths[] = {strdup(check_data("../../resources/sample/page-1.png")),
                   strdup(check_data("../../resources/sample/page-2.png"))};
  struct stat there;
  if (stat(paths[0], &there) != 0) SKIP("the sample pages are absent");
  Shelf shelf = {.n = 0};
  size_t seen = 0;
  FlowReadParams params = {.memo = {find, keep, &shelf}};
  Score *first = NULL, *second = NULL;
  BaseContext ctx = {0};
  params.page = count_page, params.user = &seen;
  CHECK(flow_read(&ctx, &first, NULL, NULL, (const char *const *)paths, 2, &params) == BASE_OK);
  CHECK(seen == 2 && shelf.n == 2 && shelf.found == 0);
  seen = 0;
  CHECK(flow_read(&ctx, &second, NULL, NULL, (const char *const *)paths, 2, &params) == BASE_OK);
  CHECK(seen == 2 && shelf.n == 2 && shelf.found == 2);
  CHECK_SAYING(score_equal(&ctx, first, second), "%s", ctx.sentence);
  for (size_t i = 0; i < shelf.n; i++) free(shelf.bytes[i]);
  score_free(first);
  score_free(second);
  free(paths[0]);
  free(paths[1]);
}

CHECK_MAIN({CASE(content_counts_before_the_ending)}, {CASE(unknown_files_are_named)},
           {CASE(midi_becomes_measures_of_four)}, {CASE(anchors_are_read)},
           {CASE(repeats_without_signs_are_found)}, {CASE(an_order_can_be_chosen)}, {CASE(anchors_go_with_their_bars)},
           {CASE(anchors_near_an_onset_mean_it)},
           {CASE(wrong_kinds_are_told)}, {CASE(pages_are_read_once)})
