/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_arena.h"
#include "core/base/base_array.h"
#include "core/base/base_file.h"
#include "core/base/base_folder.h"
#include "core/base/base_hash.h"
#include "core/base/base_number.h"
#include "core/base/base_pack.h"
#include "core/base/base_rng.h"
#include "core/base/base_sort.h"
#include "core/base/base_text.h"
#include "tests/check.h"

#include <dirent.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

static void arena_returns_to_its_mark(void) {
  BaseArena *arena = base_arena_new(256);
  char *first = base_arena_take(arena, 10, 1);
  BaseArenaMark mark = base_arena_mark(arena);
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 50; i++) {
      unsigned char *bytes = base_arena_take(arena, (size_t)i * 7, 1);
      CHECK(bytes && (uintptr_t)bytes % 64 == 0);
      for (int k = 0; k < i * 7; k++) CHECK(bytes[k] == 0);
      memset(bytes, 0xAB, (size_t)i * 7);
    }
    base_arena_reset(arena, mark);
  }
  char *after = base_arena_take(arena, 10, 1);
  CHECK(after == first + 64);
  CHECK(base_arena_take(arena, SIZE_MAX / 2, 4) == NULL);
  base_arena_free(arena);
}

static void array_grows_and_refuses_too_much(void) {
  BASE_ARRAY(int) array = {0};
  for (int i = 0; i < 1000; i++) CHECK(base_array_push(&array, i));
  for (int i = 0; i < 1000; i++) CHECK(array.items[i] == i);
  CHECK(!base_array_reserve(&array, SIZE_MAX / 2));
  CHECK(array.n == 1000 && array.items[999] == 999);
  base_array_clear(&array);
  CHECK(array.n == 0 && !array.items);
}

typedef struct {
  int key, place;
} Pair;

static int compare_keys(const void *a, const void *b) {
  return ((const Pair *)a)->key - ((const Pair *)b)->key;
}

static void sort_is_stable_at_every_length(void) {
  BaseRng rng = base_rng(1, 0);
  for (int n = 0; n < 70; n++) {
    Pair pairs[70];
    for (int i = 0; i < n; i++) pairs[i] = (Pair){(int)base_rng_below(&rng, 7), i};
    base_sort(pairs, (size_t)n, sizeof *pairs, compare_keys);
    for (int i = 1; i < n; i++)
      CHECK(pairs[i - 1].key < pairs[i].key ||
            (pairs[i - 1].key == pairs[i].key && pairs[i - 1].place < pairs[i].place));
  }
}

static void random_numbers_repeat_and_are_uniform(void) {
  BaseRng a = base_rng(7, 1), b = base_rng(7, 1), c = base_rng(7, 2);
  int same = 0, counts[5] = {0};
  double sum = 0, squares = 0;
  for (int i = 0; i < 20000; i++) {
    uint64_t bits = base_rng_bits(&a);
    CHECK(bits == base_rng_bits(&b));
    same += bits == base_rng_bits(&c);
    double x = base_rng_normal(&a), u = base_rng_range(&a, -2, 3);
    CHECK(u >= -2 && u < 3);
    sum += x, squares += x * x;
    counts[base_rng_below(&a, 5)]++;
    b = a;
  }
  CHECK(same == 0);
  CHECK_NEAR(sum / 20000, 0, 0.03);
  CHECK_NEAR(squares / 20000, 1, 0.05);
  for (int i = 0; i < 5; i++) CHECK_NEAR(counts[i], 4000, 250);
  CHECK(base_rng_below(&a, 0) == 0);
}

static void text_fields_hold_clean_utf8(void) {
  static const struct {
    const char *raw, *kept;
  } CASES[] = {{"  two \n words\t", "two words"},
               {"caf\xC3\xA9", "caf\xC3\xA9"},
               {"caf\xC3", "caf"},
               {"\xFFx\x01y\xC0\x80", "xy"},
               {"", ""},
               {"♩=92", "♩=92"}};
  char field[16];
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    base_text_set(field, sizeof field, CASES[i].raw, strlen(CASES[i].raw));
    CHECK_TEXT(field, CASES[i].kept);
    CHECK(base_text_valid(field, sizeof field));
  }
  base_text_set(field, 5, "ab\xC3\xA9\xC3\xA9", 6);
  CHECK_TEXT(field, "ab\xC3\xA9");
  CHECK(!base_text_valid(" x", 3));
  CHECK(!base_text_valid("\xC3", 2));
}

static void numbers_ignore_the_language(void) {
  const char *before = setlocale(LC_ALL, NULL);
  char saved[64], text[32];
  snprintf(saved, sizeof saved, "%s", before);
  setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is installed the point would be a comma */
  CHECK_NEAR(base_number_read("1.25,3", NULL), 1.25, 0);
  base_number_write(text, sizeof text, 0.5, 4);
  CHECK_TEXT(text, "0.5");
  base_number_write(text, sizeof text, -0.00001, 4);
  CHECK_TEXT(text, "0");
  base_number_write(text, sizeof text, 120, 2);
  CHECK_TEXT(text, "120");
  setlocale(LC_ALL, saved);
}

static size_t files_in(const char *folder) {
  size_t n = 0;
  DIR *open = opendir(folder);
  for (struct dirent *entry; open && (entry = readdir(open));)
    n += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
  if (open) closedir(open);
  return n;
}

static void write_file(const char *path, const char *text) {
  BaseFileWriter writer;
  CHECK(base_file_begin(NULL, &writer, path) == BASE_OK);
  fputs(text, writer.stream);
  CHECK(base_file_commit(NULL, &writer) == BASE_OK);
}

typedef struct {
  char seen[256];
  int n, stop_at; /* 0: never */
} Visited;

static BaseStatus note_visit(BaseContext *ctx, void *user, const char *path, const char *name, bool *taken) {
  Visited *v = user;
  CHECK_TEXT(strrchr(path, '/') + 1, name);
  *taken = strcmp(name, "closed") == 0;
  strcat(strcat(v->seen, name), " ");
  return ++v->n == v->stop_at ? base_fail(ctx, BASE_BAD_INPUT, "Enough.") : BASE_OK;
}

/* top/{a, .hidden, closed/{b}, open/{c, deep/{d}}} */
static void folders_are_walked(void) {
  static const char *const folders[] = {"", "/closed", "/open", "/open/deep"}, *const files[] = {
                                                                                   "/a", "/.hidden",
                                                                                   "/closed/b", "/open/c",
                                                                                   "/open/deep/d"};
  BaseContext ctx = {0};
  char top[600], path[700];
  snprintf(top, sizeof top, "%s", check_temporary("top"));
  for (int i = 0; i < 4; i++) snprintf(path, sizeof path, "%s%s", top, folders[i]), mkdir(path, 0700);
  for (int i = 0; i < 5; i++) snprintf(path, sizeof path, "%s%s", top, files[i]), write_file(path, "x");
  Visited all = {0}, shallow = {0}, stopped = {.stop_at = 2};
  CHECK(base_folder_walk(&ctx, top, 1, note_visit, &all) == BASE_OK);
  CHECK_SAYING(all.n == 5, "%s", all.seen);
  CHECK(strstr(all.seen, "a ") && strstr(all.seen, "closed ") && strstr(all.seen, "open ") &&
        strstr(all.seen, "c ") && strstr(all.seen, "deep "));
  CHECK(base_folder_walk(&ctx, top, 0, note_visit, &shallow) == BASE_OK && shallow.n == 3);
  CHECK(base_folder_walk(&ctx, top, 9, note_visit, &stopped) == BASE_BAD_INPUT && stopped.n == 2);
  atomic_bool cancel = true;
  Visited none = {0};
  CHECK(base_folder_walk(&(BaseContext){.cancel = &cancel}, top, 9, note_visit, &none) == BASE_CANCELLED);
  CHECK(none.n == 0);
  snprintf(path, sizeof path, "%s/nowhere", top);
  CHECK(base_folder_walk(&ctx, path, 9, note_visit, &none) == BASE_UNREADABLE && strstr(ctx.sentence, path));
  for (int i = 4; i >= 0; i--) snprintf(path, sizeof path, "%s%s", top, files[i]), remove(path);
  for (int i = 3; i >= 0; i--) snprintf(path, sizeof path, "%s%s", top, folders[i]), remove(path);
}

static void files_appear_whole_or_not_at_all(void) {
  BaseContext ctx = {0};
  const char *path = check_temporary("whole.txt");
  char folder[600];
  snprintf(folder, sizeof folder, "%s", path);
  *strrchr(folder, '/') = 0;
  write_file(path, "old");
  size_t before = files_in(folder);
  BaseFileWriter writer;
  CHECK(base_file_begin(&ctx, &writer, path) == BASE_OK);
  fputs("half of the new", writer.stream);
  base_file_abort(&writer);
  base_file_abort(&writer);
  CHECK(files_in(folder) == before);
  void *bytes;
  size_t n;
  CHECK(base_file_read(&ctx, &bytes, &n, path, 0) == BASE_OK);
  CHECK(n == 3 && strcmp(bytes, "old") == 0);
  free(bytes);
  CHECK(base_file_read(&ctx, &bytes, &n, path, 2) == BASE_UNREADABLE);
  CHECK(base_file_read(&ctx, &bytes, &n, folder, 0) == BASE_UNREADABLE);
  CHECK(base_file_read(&ctx, &bytes, &n, "/nowhere/at/all", 0) == BASE_UNREADABLE);
  CHECK(strstr(ctx.sentence, "/nowhere/at/all") != NULL);
  CHECK(base_file_begin(&ctx, &writer, "/nowhere/at/all") == BASE_UNREADABLE);
  CHECK(base_file_begin(&ctx, &writer, folder) == BASE_UNREADABLE);
}

static void full_disk_is_said_and_devices_survive(void) {
  BaseContext ctx = {0};
  BaseFileWriter writer;
  struct stat found;
  if (stat("/dev/full", &found) != 0) SKIP("there is no /dev/full here");
  CHECK(base_file_begin(&ctx, &writer, "/dev/full") == BASE_OK);
  fputs("something", writer.stream);
  CHECK(base_file_commit(&ctx, &writer) == BASE_UNREADABLE);
  CHECK_SAYING(strstr(ctx.sentence, "disk is full"), "%s", ctx.sentence);
  write_file("/dev/null", "something");
  CHECK(stat("/dev/null", &found) == 0 && S_ISCHR(found.st_mode));
}

static void hash_is_sha256(void) {
  char text[BASE_HASH_SIZE], again[BASE_HASH_SIZE];
  base_hash_bytes(text, "abc", 3); /* FIPS 180-4, example 1 */
  CHECK_TEXT(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const char *path = check_temporary("hash.txt");
  write_file(path, "abc");
  CHECK(base_hash_file(NULL, again, path) == BASE_OK);
  CHECK_TEXT(again, text);
  CHECK(base_hash_file(NULL, again, "/nowhere") == BASE_UNREADABLE);
}

static void halves_round_trip_exhaustively(void) {
  for (uint32_t bits = 0; bits < 65536; bits++) {
    float half = base_f16_float((uint16_t)bits), brain = base_bf16_float((uint16_t)bits);
    if (isnan(half))
      CHECK(isnan(base_f16_float(base_f16(half))));
    else
      CHECK(base_f16(half) == bits);
    if (isnan(brain))
      CHECK(isnan(base_bf16_float(base_bf16(brain))));
    else
      CHECK(base_bf16(brain) == bits);
  }
  CHECK(base_f16_float(base_f16(1e6f)) == INFINITY);
  CHECK(base_f16_float(base_f16(65519)) == 65504);
  CHECK(base_f16_float(base_f16(1 + 0x1p-11f)) == 1); /* a tie goes to even */
  CHECK(base_f16_float(base_f16(1 + 3 * 0x1p-11f)) == 1 + 0x1p-9f);
  CHECK(base_bf16_float(base_bf16(1 + 0x1p-8f)) == 1);
}

static BasePackWriter *example_pack(void) {
  static const float WEIGHTS[6] = {0.5f, -1, 2, 0.25f, 1024, -3};
  static const uint8_t BYTES[3] = {1, 2, 255};
  static const int32_t ONE = -7;
  BasePackWriter *writer = base_pack_writer_new();
  CHECK(base_pack_add_text(NULL, writer, "origin", "a test") == BASE_OK);
  CHECK(base_pack_add(NULL, writer, "layer/weight", BASE_F32, 2, (uint64_t[]){2, 3}, WEIGHTS) == BASE_OK);
  CHECK(base_pack_add(NULL, writer, "bytes", BASE_U8, 1, (uint64_t[]){3}, BYTES) == BASE_OK);
  CHECK(base_pack_add(NULL, writer, "one", BASE_I32, 0, NULL, &ONE) == BASE_OK);
  CHECK(base_pack_add(NULL, writer, "none", BASE_F32, 1, (uint64_t[]){0}, WEIGHTS) == BASE_OK);
  CHECK(base_pack_add_floats(NULL, writer, "half", BASE_F16, 1, (uint64_t[]){6}, WEIGHTS) == BASE_OK);
  CHECK(base_pack_add_floats(NULL, writer, "brain", BASE_BF16, 1, (uint64_t[]){6}, WEIGHTS) == BASE_OK);
  CHECK(base_pack_add(NULL, writer, "one", BASE_I32, 0, NULL, &ONE) == BASE_BAD_INPUT);
  CHECK(base_pack_add_text(NULL, writer, "origin", "twice") == BASE_BAD_INPUT);
  return writer;
}

static void check_example(const BasePack *pack) {
  BaseContext ctx = {0};
  const BaseTensor *tensor;
  float values[6];
  CHECK_TEXT(base_pack_text(pack, "origin"), "a test");
  CHECK(base_pack_tensors(pack) == 6 && !base_pack_find(pack, "layer"));
  CHECK(base_pack_tensor(&ctx, &tensor, pack, "layer/weight", BASE_F32, 2, (uint64_t[]){2, 3}) == BASE_OK);
  CHECK((uintptr_t)tensor->data % 64 == 0 && ((const float *)tensor->data)[4] == 1024);
  CHECK(base_pack_tensor(&ctx, &tensor, pack, "layer/weight", BASE_F32, 2, (uint64_t[]){3, 2}) ==
        BASE_BAD_FILE);
  CHECK_TEXT(ctx.sentence, "The tensor “layer/weight” should be [3 × 2] and is [2 × 3].");
  CHECK(base_pack_tensor(&ctx, &tensor, pack, "one", BASE_I32, 0, NULL) == BASE_OK);
  CHECK(*(const int32_t *)tensor->data == -7);
  CHECK(base_pack_floats(&ctx, values, pack, "half", 1, (uint64_t[]){6}) == BASE_OK && values[3] == 0.25f);
  CHECK(base_pack_floats(&ctx, values, pack, "brain", 1, (uint64_t[]){6}) == BASE_OK && values[5] == -3);
  CHECK(base_pack_floats(&ctx, values, pack, "bytes", 1, (uint64_t[]){3}) == BASE_BAD_FILE);
  CHECK(base_pack_floats(&ctx, values, pack, "missing", 1, (uint64_t[]){3}) == BASE_BAD_FILE);
}

static void packs_come_back(void) {
  const char *path = check_temporary("example.pack");
  BasePackWriter *writer = example_pack();
  CHECK(base_pack_write(NULL, writer, path) == BASE_OK);
  void *bytes;
  size_t n;
  CHECK(base_pack_bytes(NULL, &bytes, &n, writer) == BASE_OK);
  base_pack_writer_free(writer);
  BasePack *mapped, *copied;
  CHECK(base_pack_load(NULL, &mapped, path) == BASE_OK);
  CHECK(base_pack_load_memory(NULL, &copied, bytes, n, "copy") == BASE_OK);
  check_example(mapped);
  check_example(copied);
  CHECK_TEXT(base_pack_hash(mapped), base_pack_hash(copied));
  base_pack_free(mapped);
  base_pack_free(copied);
  free(bytes);
}

/* Any changed byte breaks the hash; so hostile files are made with a fresh hash as well. */
static void rehash(uint8_t *bytes, size_t n) {
  BaseHash *hash = base_hash_new();
  base_hash_add(hash, bytes, 32);
  base_hash_add(hash, bytes + 64, n - 64);
  base_hash_end(bytes + 32, hash);
}

static void damaged_packs_are_refused(void) {
  BasePackWriter *writer = example_pack();
  void *bytes;
  size_t n;
  CHECK(base_pack_bytes(NULL, &bytes, &n, writer) == BASE_OK);
  base_pack_writer_free(writer);
  uint8_t *copy = malloc(n);
  BaseRng rng = base_rng(3, 0);
  BasePack *pack = NULL;
  uint64_t sum = 0; /* of every byte that a tensor claims */
  for (size_t cut = 0; cut < n; cut += 1 + cut / 50)
    CHECK(base_pack_load_memory(NULL, &pack, bytes, cut, "cut") == BASE_BAD_FILE);
  for (int round = 0; round < 4000; round++) {
    BaseContext ctx = {0};
    memcpy(copy, bytes, n);
    size_t area = round % 4 ? 320 : n;
    for (uint32_t i = base_rng_below(&rng, 3) + 1; i > 0; i--)
      copy[base_rng_below(&rng, (uint32_t)area)] = (uint8_t)base_rng_bits(&rng);
    bool same = memcmp(copy, bytes, n) == 0;
    BaseStatus status = base_pack_load_memory(&ctx, &pack, copy, n, "fuzz");
    if (!same) CHECK(status != BASE_OK && ctx.sentence[0]);
    if (status == BASE_OK) base_pack_free(pack);
    rehash(copy, n);
    status = base_pack_load_memory(&ctx, &pack, copy, n, "fuzz");
    for (size_t i = 0; status == BASE_OK && i < base_pack_tensors(pack); i++) {
      const BaseTensor *tensor = base_pack_tensor_at(pack, i);
      for (size_t k = 0; k < tensor->bytes; k++) sum += ((const uint8_t *)tensor->data)[k];
    }
    if (status == BASE_OK) base_pack_free(pack);
  }
  CHECK(sum > 0);
  free(copy);
  free(bytes);
}

static void a_newer_pack_says_so(void) {
  BasePackWriter *writer = example_pack();
  BaseContext ctx = {0};
  BasePack *pack;
  void *bytes;
  size_t n;
  CHECK(base_pack_bytes(NULL, &bytes, &n, writer) == BASE_OK);
  base_pack_writer_free(writer);
  ((uint8_t *)bytes)[8] = 9;
  rehash(bytes, n);
  CHECK(base_pack_load_memory(&ctx, &pack, bytes, n, "weights.pack") == BASE_VERSION);
  CHECK_TEXT(ctx.sentence, "“weights.pack” is a tensor file of version 9; this program reads version 1.");
  free(bytes);
}

static void progress_maps_into_its_span(void) {
  BaseContext ctx = {.from = 0.2, .to = 0.6}, step = base_context_step(&ctx, 0.5, 1);
  CHECK_NEAR(step.from, 0.4, 1e-12);
  CHECK_NEAR(step.to, 0.6, 1e-12);
  base_fail(&step, BASE_BAD_FILE, "%s", "broken");
  CHECK(base_context_join(&ctx, &step, BASE_BAD_FILE) == BASE_BAD_FILE);
  CHECK_TEXT(ctx.sentence, "broken");
  CHECK(!base_cancelled(NULL) && base_threads(NULL) == 1);
}

static void a_long_sentence_is_cut_between_characters(void) {
  BaseContext ctx = {0};
  char text[1200];
  for (size_t i = 0; i + 2 < sizeof text; i += 2) memcpy(text + i, "é", 2);
  text[sizeof text - 2] = 0;
  for (int shift = 0; shift < 3; shift++) {
    base_fail(&ctx, BASE_BAD_FILE, "%.*s%s", shift, "ab", text);
    CHECK((strlen(ctx.sentence) - (size_t)shift) % 2 == 0);
  }
}

CHECK_MAIN({CASE(arena_returns_to_its_mark)}, {CASE(array_grows_and_refuses_too_much)},
           {CASE(sort_is_stable_at_every_length)}, {CASE(random_numbers_repeat_and_are_uniform)},
           {CASE(text_fields_hold_clean_utf8)}, {CASE(numbers_ignore_the_language)},
           {CASE(files_appear_whole_or_not_at_all)}, {CASE(folders_are_walked)},
           {CASE(full_disk_is_said_and_devices_survive)}, {CASE(hash_is_sha256)},
           {CASE(halves_round_trip_exhaustively)}, {CASE(packs_come_back)}, {CASE(damaged_packs_are_refused)},
           {CASE(a_newer_pack_says_so)}, {CASE(progress_maps_into_its_span)},
           {CASE(a_long_sentence_is_cut_between_characters)})
