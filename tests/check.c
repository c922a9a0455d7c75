/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/check.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

int check_failures;
const char *check_skip_reason;
static char temporary_folder[256];

void check_report(const char *file, int line, const char *condition) {
  check_failures++;
  if (check_failures < 20) printf("# %s:%d: not true: %s\n", file, line, condition);
}

static bool wanted(int argc, char **argv, const char *name) {
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], name) == 0) return true;
  return argc < 2;
}

static void remove_temporary_folder(void) {
  DIR *folder = temporary_folder[0] ? opendir(temporary_folder) : NULL;
  if (!folder) return;
  for (struct dirent *entry; (entry = readdir(folder));) {
    char path[600];
    snprintf(path, sizeof path, "%s/%s", temporary_folder, entry->d_name);
    unlink(path);
  }
  closedir(folder);
  rmdir(temporary_folder);
}

int check_main(int argc, char **argv, const CheckCase *cases, size_t n) {
  int failed = 0;
  size_t ran = 0;
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (size_t i = 0; i < n; i++) {
    if (!wanted(argc, argv, cases[i].name)) continue;
    check_failures = 0;
    check_skip_reason = NULL;
    cases[i].run();
    failed += check_failures > 0;
    printf("%s %zu - %s", check_failures ? "not ok" : "ok", ++ran, cases[i].name);
    printf(check_skip_reason && !check_failures ? " # SKIP %s\n" : "\n", check_skip_reason);
  }
  printf("1..%zu\n", ran);
  remove_temporary_folder();
  return failed > 0;
}

const char *check_shared(void) {
  const char *named = getenv("TRIPTYCH_SHARED");
  const char *folder = named ? named : TESTS_SOURCE_DIR "/../../shared";
  struct stat found;
  return stat(folder, &found) == 0 ? folder : NULL;
}

const char *check_data(const char *name) {
  static char path[1024];
  snprintf(path, sizeof path, "%s/data/%s", TESTS_SOURCE_DIR, name);
  return path;
}

const char *check_temporary(const char *name) {
  static char paths[8][600];
  static int next;
  if (!temporary_folder[0]) {
    snprintf(temporary_folder, sizeof temporary_folder, "/tmp/triptych-test-XXXXXX");
    if (!mkdtemp(temporary_folder)) abort();
  }
  char *path = paths[next++ % 8];
  snprintf(path, sizeof paths[0], "%s/%s", temporary_folder, name);
  return path;
}
