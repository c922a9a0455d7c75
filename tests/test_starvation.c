/* Memory that runs out at every point: each scenario is run again and again with the first, second, third …
 * allocation failing, until one run needs no more. Every run must end with success or BASE_NO_MEMORY, leave
 * outputs untouched when it fails, and leak nothing (what the sanitizer build checks).
 * Linked with --wrap for malloc, calloc, realloc and aligned_alloc. SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "core/base/base_arena.h"
#include "core/base/base_pack.h"
#include "core/music/evidence.h"
#include "core/music/midi.h"
#include "tests/check.h"
#include "tests/music_examples.h"

static long allowed = -1; /* allocations until they fail; -1 for ever */
static bool refused;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

static bool granted(void) {
  if (allowed < 0) return true;
  if (allowed > 0) return allowed--, true;
  return refused = true, false;
}

void *__wrap_malloc(size_t size) {
  return granted() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t n, size_t size) {
  return granted() ? __real_calloc(n, size) : NULL;
}

void *__wrap_realloc(void *memory, size_t size) {
  return granted() ? __real_realloc(memory, size) : NULL;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
  return granted() ? __real_aligned_alloc(alignment, size) : NULL;
}

/* Runs `scenario`, true when it succeeded, with 0, 1, 2 … allocations granted. After the first allocation
 * that is refused all others are, too. */
static void starve(bool (*scenario)(void), int at_least) {
  int n = 0;
  for (; n < 20000; n++) {
    refused = false;
    allowed = n;
    bool done = scenario();
    allowed = -1;
    if (!refused) {
      CHECK(done);
      break;
    }
  }
  CHECK_SAYING(n >= at_least, "only %d allocations", n);
}

static bool fill_arena(void) {
  BaseArena *arena = base_arena_new(128);
  if (!arena) return false;
  bool done = true;
  for (int i = 1; done && i < 10; i++) done = base_arena_take(arena, (size_t)i, 100) != NULL;
  base_arena_free(arena);
  return done;
}

static bool fill_array(void) {
  BASE_ARRAY(double) array = {0};
  bool done = true;
  for (int i = 0; done && i < 500; i++) {
    size_t before = array.n;
    done = base_array_push(&array, i);
    CHECK(done || array.n == before);
  }
  for (size_t i = 0; i < array.n; i++) CHECK(array.items[i] == (double)i);
  base_array_clear(&array);
  return done;
}

static const Score *example;

static void make_example(void) {
  Score *score = example_score(4);
  score->measures.items[3].repeat_stop = 2;
  for (int i = 0; i < 16; i++) {
    size_t note = example_note(score, i / 4, beat_whole(3 - i % 4), beat_whole(1), 60 + i);
    if (i % 5 == 0) score->notes.items[note].grace = true, score->notes.items[note].duration = beat_whole(0);
    if (i % 3 == 0) score->notes.items[note].ties = SCORE_TIE_START;
    if (i % 7 == 1) score->notes.items[note].marks = SCORE_TRILL;
  }
  example_sign(score, SCORE_SIGN_PEDAL, 0, beat_whole(0))->edge = SCORE_EDGE_START;
  example_sign(score, SCORE_SIGN_TEMPO, 1, beat_whole(2))->quarters_per_minute = 90;
  base_array_push(&score->slurs, (ScoreSlur){score->notes.items[0].id, score->notes.items[4].id});
  score_sort(score);
  example = score;
}

static bool copy_score(void) {
  Score *copy = score_dup(example);
  bool equal = copy && score_equal(NULL, example, copy) && score_validate(NULL, copy) == BASE_OK;
  score_free(copy);
  return equal;
}

/* Sorting has no way to fail: without memory it is only slower. */
static bool sort_score(void) {
  Score *copy = score_dup(example);
  if (!copy) return false;
  for (size_t i = 0; i < copy->notes.n / 2; i++) {
    ScoreNote swapped = copy->notes.items[i];
    copy->notes.items[i] = copy->notes.items[copy->notes.n - 1 - i];
    copy->notes.items[copy->notes.n - 1 - i] = swapped;
  }
  score_sort(copy);
  for (size_t i = 1; i < copy->notes.n; i++)
    CHECK(score_compare_notes(&copy->notes.items[i - 1], &copy->notes.items[i]) <= 0);
  score_free(copy);
  return true;
}

static bool unfold_and_play(void) {
  ScoreUnfolded *unfolded = NULL;
  Motion *motion = NULL;
  BaseContext ctx = {0};
  BaseStatus status = score_unfold(&ctx, &unfolded, example, NULL);
  CHECK(status == BASE_OK ? unfolded != NULL : status == BASE_NO_MEMORY && !unfolded && ctx.sentence[0]);
  if (status != BASE_OK) return false;
  status = score_play(&ctx, &motion, example, unfolded, NULL);
  CHECK(status == BASE_OK ? motion != NULL : status == BASE_NO_MEMORY && !motion && ctx.sentence[0]);
  score_unfolded_free(unfolded);
  motion_free(motion);
  return status == BASE_OK;
}

static const char *csv_path, *midi_path;

static bool through_csv(void) {
  Motion *motion = motion_new(), *again = NULL, *copy = NULL;
  BaseStatus status = BASE_NO_MEMORY;
  for (int i = 0; motion && i < 40; i++)
    if (!motion_add(motion, i, i + 1, 60, 80, 1)) motion_free(motion), motion = NULL;
  if (motion) status = motion_write_csv(NULL, motion, csv_path);
  if (status == BASE_OK) status = motion_read_csv(NULL, &again, csv_path);
  CHECK(status == BASE_OK || !again);
  if (status == BASE_OK) copy = motion_dup(again);
  bool done = copy && copy->notes.n == 40;
  motion_free(motion);
  motion_free(again);
  motion_free(copy);
  return done;
}

static bool read_midi(void) {
  Motion *motion = NULL;
  BaseContext ctx = {0};
  BaseStatus status = midi_read(&ctx, &motion, midi_path);
  CHECK(status == BASE_OK ? motion != NULL : !motion && ctx.sentence[0]);
  motion_free(motion);
  return status == BASE_OK;
}

static bool write_midi(void) {
  Motion *motion = motion_new();
  bool done = motion && motion_add(motion, 0, 1, 60, 80, 1) && motion_add(motion, 1, 2, 62, 80, 1) &&
              base_array_push(&motion->beats, (MotionBeat){beat_whole(0), 0.1}) &&
              base_array_push(&motion->beats, (MotionBeat){beat_whole(2), 1.5}) &&
              midi_write(NULL, motion, midi_path) == BASE_OK;
  motion_free(motion);
  return done;
}

static bool make_evidence(void) {
  Evidence *evidence = evidence_new(10, 0.01);
  evidence_free(evidence);
  return evidence != NULL;
}

static bool load_pack(void) {
  static uint8_t bytes[1024];
  static size_t n;
  if (!n) {
    long before = allowed;
    allowed = -1;
    BasePackWriter *writer = base_pack_writer_new();
    void *made = NULL;
    base_pack_add_text(NULL, writer, "a", "b");
    base_pack_add(NULL, writer, "t", BASE_F32, 1, (uint64_t[]){2}, (float[]){1, 2});
    CHECK(base_pack_bytes(NULL, &made, &n, writer) == BASE_OK && n <= sizeof bytes);
    memcpy(bytes, made, n);
    free(made);
    base_pack_writer_free(writer);
    allowed = before;
  }
  BasePack *pack = NULL;
  BaseStatus status = base_pack_load_memory(NULL, &pack, bytes, n, "pack");
  CHECK(status == BASE_OK || (status == BASE_NO_MEMORY && !pack));
  base_pack_free(pack);
  return status == BASE_OK;
}

static void arena_starves(void) {
  starve(fill_arena, 10);
}
static void array_starves(void) {
  starve(fill_array, 8);
}
static void copying_a_score_starves(void) {
  starve(copy_score, 6);
}
static void sorting_a_score_starves(void) {
  starve(sort_score, 5);
}
static void playing_starves(void) {
  starve(unfold_and_play, 15);
}
static void csv_starves(void) {
  starve(through_csv, 8);
}
static void writing_midi_starves(void) {
  starve(write_midi, 6);
}
static void reading_midi_starves(void) {
  CHECK(write_midi());
  starve(read_midi, 5);
}
static void evidence_starves(void) {
  starve(make_evidence, 4);
}
static void pack_starves(void) {
  starve(load_pack, 4);
}

int main(int argc, char **argv) {
  static const CheckCase CASES[] = {{CASE(arena_starves)},           {CASE(array_starves)},
                                    {CASE(copying_a_score_starves)}, {CASE(sorting_a_score_starves)},
                                    {CASE(playing_starves)},         {CASE(csv_starves)},
                                    {CASE(writing_midi_starves)},    {CASE(reading_midi_starves)},
                                    {CASE(evidence_starves)},        {CASE(pack_starves)}};
  make_example();
  csv_path = strdup(check_temporary("starved.csv"));
  midi_path = strdup(check_temporary("starved.mid"));
  int failed = check_main(argc, argv, CASES, sizeof CASES / sizeof *CASES);
  score_free((Score *)(uintptr_t)example);
  free((void *)(uintptr_t)csv_path);
  free((void *)(uintptr_t)midi_path);
  return failed;
}
