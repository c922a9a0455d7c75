/* The weights that are shipped and what is written about them agree. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "core/base/base_hash.h"
#include "core/base/base_pack.h"
#include "tests/check.h"

#include <dirent.h>

enum { MOST = 32, LINE = 512 };

static const char *const KEYS[] = {"version", "sha256", "engine",  "data",
                                   "command", "seed",   "licence", "validation"};
enum { N_KEYS = sizeof KEYS / sizeof *KEYS };

typedef struct {
  char file[LINE], values[N_KEYS][LINE];
} Entry;

static Entry entries[MOST];
static int n_entries;

/* "key: value" of the entry that "file: …" began last; other lines go on or are prose. */
static void take_line(const char *line) {
  const char *colon = strstr(line, ": ");
  if (!colon) return;
  size_t length = (size_t)(colon - line);
  if (length == 4 && strncmp(line, "file", 4) == 0 && n_entries < MOST)
    snprintf(entries[n_entries++].file, LINE, "%s", colon + 2);
  for (int k = 0; n_entries && k < N_KEYS; k++)
    if (strlen(KEYS[k]) == length && strncmp(line, KEYS[k], length) == 0)
      snprintf(entries[n_entries - 1].values[k], LINE, "%s", colon + 2);
}

static const char *path_of(const char *name) {
  static char path[1200];
  snprintf(path, sizeof path, "%s/%.500s", MODELS_DIR, name);
  return path;
}

static void read_manifest(void) {
  char line[LINE];
  n_entries = 0;
  memset(entries, 0, sizeof entries);
  FILE *file = fopen(path_of("MANIFEST"), "r");
  CHECK(file != NULL);
  while (file && fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    take_line(line);
  }
  if (file) fclose(file);
}

static void every_entry_is_complete_and_true(void) {
  read_manifest();
  CHECK(n_entries >= 1);
  for (int i = 0; i < n_entries; i++) {
    for (int k = 0; k < N_KEYS; k++)
      CHECK_SAYING(entries[i].values[k][0], "%s lacks %s", entries[i].file, KEYS[k]);
    char hash[BASE_HASH_SIZE] = "";
    BaseContext ctx = {0};
    CHECK_SAYING(base_hash_file(&ctx, hash, path_of(entries[i].file)) == BASE_OK, "%s", ctx.sentence);
    CHECK_TEXT(entries[i].values[1], hash);
  }
}

static bool is_weights(const char *name) {
  size_t n = strlen(name), m = strlen(".weights");
  return n > m && strcmp(name + n - m, ".weights") == 0;
}

static void every_file_has_one_entry(void) {
  read_manifest();
  DIR *folder = opendir(MODELS_DIR);
  CHECK(folder != NULL);
  for (struct dirent *found; folder && (found = readdir(folder));) {
    int times = 0;
    for (int i = 0; i < n_entries; i++) times += strcmp(entries[i].file, found->d_name) == 0;
    CHECK_SAYING(times == is_weights(found->d_name), "%s is listed %d times", found->d_name, times);
  }
  if (folder) closedir(folder);
}

static void every_file_says_where_it_comes_from(void) {
  read_manifest();
  for (int i = 0; i < n_entries; i++) {
    BasePack *pack = NULL;
    BaseContext ctx = {0};
    CHECK_SAYING(base_pack_load(&ctx, &pack, path_of(entries[i].file)) == BASE_OK, "%s", ctx.sentence);
    CHECK_SAYING(base_pack_text(pack, "kind") && base_pack_text(pack, "origin"), "%s", entries[i].file);
    base_pack_free(pack);
  }
}

CHECK_MAIN({CASE(every_entry_is_complete_and_true)}, {CASE(every_file_has_one_entry)},
           {CASE(every_file_says_where_it_comes_from)})
