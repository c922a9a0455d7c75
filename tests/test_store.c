/* What was done is on disk: after a kill, a full disk, a read-only folder, a damaged file.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/store.h"
#include "core/base/base_rng.h"
#include "tests/check.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
  Store *store;
  Project *project;
  BaseContext ctx;
} Opened;

static Opened open_at(const char *path) {
  Opened opened = {0};
  CHECK_SAYING(store_open(&opened.ctx, &opened.store, &opened.project, path) == BASE_OK, "%s",
               opened.ctx.sentence);
  return opened;
}

static Opened fresh(const char *path) {
  BaseContext ctx = {0};
  CHECK_SAYING(store_create(&ctx, path) == BASE_OK, "%s", ctx.sentence);
  return open_at(path);
}

static void shut(Opened *opened) {
  store_close(opened->store);
  project_free(opened->project);
}

/* One random edit, undo or redo; anchors keep their order, as the session sees to. */
static void edit(Project *project, BaseRng *rng, int64_t now_us) {
  uint32_t what = base_rng_below(rng, 8);
  if (what == 0) {
    project_undo(project);
  } else if (what == 1) {
    project_redo(project);
  } else if (what == 6) {
    OmrEdit edit = {
        .page = 1, .x_px = 10.5f * (float)base_rng_below(rng, 9), .y_px = 7.25f, .kind = OMR_EDIT_PITCH};
    edit.value = (int16_t)base_rng_below(rng, 60);
    project_edit(project, "pitch", &edit, 1, base_rng_below(rng, 2), now_us);
  } else if (what == 7) {
    OmrEdit place = {.page = 1, .x_px = 10.5f * (float)base_rng_below(rng, 9), .y_px = 7.25f};
    project_unedit(project, "take back", &place, 1, now_us);
  } else {
    int quarter = (int)base_rng_below(rng, 20);
    ProjectMark mark = {.quarter = beat_make(quarter, 2), .time_s = quarter + base_rng_range(rng, 0.1, 0.9)};
    mark.verdict = (uint8_t)base_rng_below(rng, PROJECT_ORDER);
    if (mark.verdict == PROJECT_NOT_PLAYED) mark.time_s = 0;
    if (mark.verdict == PROJECT_EXTRA) mark.midi = 60, mark.quarter = beat_whole(0);
    if (mark.verdict == PROJECT_ORNAMENT) mark.midi = 60;
    if (mark.midi) mark.time_s = 1 + base_rng_below(rng, 3);
    project_do(project, "edit", &mark, 1, base_rng_below(rng, 2), now_us);
  }
}

static void reopening_gives_the_same(void) {
  const char *path = check_temporary("same.triptych");
  Opened opened = fresh(path);
  BaseRng rng = base_rng(1, 0);
  for (int i = 0; i < 200; i++) {
    edit(opened.project, &rng, i * 700000 + 1);
    CHECK(store_write(&opened.ctx, opened.store, opened.project) == BASE_OK);
  }
  project_add_media(opened.project, PROJECT_AUDIO, "/nowhere/a ø.wav", 17);
  opened.project->title = strdup("Étude");
  CHECK(store_write_media(&opened.ctx, opened.store, opened.project) == BASE_OK);
  opened.project->view.start_s = 12.5;
  opened.project->view.selected_quarter = 3.25;
  CHECK(store_write_view(&opened.ctx, opened.store, &opened.project->view) == BASE_OK);
  Opened again = open_at(path);
  CHECK(project_equal(opened.project, again.project));
  CHECK(again.project->media.items[0].missing);
  shut(&again);
  shut(&opened);
  again = open_at(path);
  CHECK(again.project->marks.n > 0 && again.project->edits.n > 0 && again.project->journal.n > 10);
  shut(&again);
}

/* The child edits, telling after each edit how many are on disk, until it is killed. */
static void edit_until_killed(const char *path, int tell) {
  Store *store;
  Project *project;
  BaseContext ctx = {0};
  if (store_open(&ctx, &store, &project, path) != BASE_OK) _exit(1);
  BaseRng rng = base_rng(99, 0);
  static char blob[600000];
  for (int32_t i = 1;; i++) {
    edit(project, &rng, (int64_t)i * 300000);
    if (store_write(&ctx, store, project) != BASE_OK) _exit(2);
    if (write(tell, &i, sizeof i) != sizeof i) _exit(3);
    if (i % 50 == 0) store_keep(store, "a result", blob, sizeof blob);
  }
}

static int32_t kill_after(const char *path, int milliseconds) {
  int pipes[2];
  CHECK(pipe(pipes) == 0);
  pid_t child = fork();
  if (child == 0) {
    close(pipes[0]);
    edit_until_killed(path, pipes[1]);
  }
  close(pipes[1]);
  usleep((useconds_t)milliseconds * 1000);
  kill(child, SIGKILL);
  int status;
  waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  int32_t told = 0, value;
  while (read(pipes[0], &value, sizeof value) == sizeof value) told = value;
  close(pipes[0]);
  return told;
}

static void killing_at_any_moment_loses_nothing(void) {
  for (int round = 0; round < 12; round++) {
    char name[32];
    snprintf(name, sizeof name, "kill%d.triptych", round);
    const char *path = check_temporary(name);
    BaseContext ctx = {0};
    CHECK(store_create(&ctx, path) == BASE_OK);
    int32_t told = kill_after(path, 30 + 37 * round);
    Opened opened = open_at(path);
    Project *expected = project_new();
    BaseRng rng = base_rng(99, 0);
    for (int32_t i = 1; i <= told; i++) edit(expected, &rng, (int64_t)i * 300000);
    bool same = project_equal(expected, opened.project);
    /* The edit that was under way when the process died may be there as well. */
    edit(expected, &rng, (int64_t)(told + 1) * 300000);
    CHECK_SAYING(same || project_equal(expected, opened.project), "after %d edits", told);
    project_free(expected);
    shut(&opened);
  }
}

static void a_full_disk_keeps_the_edit_and_says_so(void) {
  const char *path = check_temporary("full.triptych");
  Opened opened = fresh(path);
  struct rlimit unlimited, tiny;
  getrlimit(RLIMIT_FSIZE, &unlimited);
  tiny = unlimited;
  tiny.rlim_cur = 32768;
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &tiny);
  BaseStatus status = BASE_OK;
  int edits = 0;
  while (status == BASE_OK && edits < 50) {
    edits++;
    ProjectMark mark = {.quarter = beat_whole(edits), .time_s = edits, .verdict = PROJECT_MOVED};
    CHECK(project_do(opened.project, "move", &mark, 1, false, 5));
    status = store_write(&opened.ctx, opened.store, opened.project);
  }
  CHECK(status == BASE_UNREADABLE && edits > 1);
  CHECK_SAYING(strstr(opened.ctx.sentence, "the disk is full") != NULL, "%s", opened.ctx.sentence);
  CHECK(opened.project->marks.n == (size_t)edits && opened.project->unwritten.n == 1);
  setrlimit(RLIMIT_FSIZE, &unlimited);
  CHECK(store_write(&opened.ctx, opened.store, opened.project) == BASE_OK);
  Opened again = open_at(path);
  CHECK(project_equal(opened.project, again.project) && again.project->marks.n == (size_t)edits);
  shut(&again);
  shut(&opened);
}

/* In a child that is nobody in particular, since root may write anything. */
static int write_as_nobody(const char *path) {
  if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) return 10;
  Store *store = NULL;
  Project *project = NULL;
  BaseContext ctx = {0};
  if (store_open(&ctx, &store, &project, path) != BASE_OK) return 11;
  if (project->marks.n != 1) return 12;
  ProjectMark mark = {.quarter = beat_whole(5), .time_s = 9, .verdict = PROJECT_MOVED};
  project_do(project, "move", &mark, 1, false, 5);
  if (store_write(&ctx, store, project) != BASE_UNREADABLE) return 13;
  if (!strstr(ctx.sentence, "read-only")) return 14;
  return project->marks.n == 2 ? 0 : 15;
}

static void a_read_only_folder_opens_and_says_so(void) {
  char folder[256], path[300], parent[300];
  snprintf(folder, sizeof folder, "%s", check_temporary("locked"));
  snprintf(path, sizeof path, "%s/p.triptych", folder);
  CHECK(mkdir(folder, 0755) == 0);
  Opened opened = fresh(path);
  ProjectMark mark = {.quarter = beat_whole(3), .time_s = 1, .verdict = PROJECT_MOVED};
  project_do(opened.project, "move", &mark, 1, false, 5);
  CHECK(store_write(&opened.ctx, opened.store, opened.project) == BASE_OK);
  shut(&opened);
  snprintf(parent, sizeof parent, "%s/..", folder);
  chmod(parent, 0755);
  chmod(path, 0444);
  chmod(folder, 0555);
  pid_t child = fork();
  if (child == 0) _exit(write_as_nobody(path));
  int status;
  waitpid(child, &status, 0);
  CHECK_SAYING(WIFEXITED(status) && WEXITSTATUS(status) == 0, "exit %d", WEXITSTATUS(status));
  chmod(folder, 0755);
}

static void write_bytes(const char *path, const void *bytes, size_t n) {
  FILE *file = fopen(path, "wb");
  CHECK(file && fwrite(bytes, 1, n, file) == n);
  fclose(file);
}

static size_t read_bytes(const char *path, char *bytes, size_t limit) {
  FILE *file = fopen(path, "rb");
  size_t n = fread(bytes, 1, limit, file);
  fclose(file);
  return n;
}

static BaseStatus try_open(const char *path, BaseContext *ctx) {
  Store *store = NULL;
  Project *project = NULL;
  ctx->sentence[0] = 0;
  BaseStatus status = store_open(ctx, &store, &project, path);
  CHECK((status == BASE_OK) == (store != NULL));
  CHECK((status == BASE_OK) != (ctx->sentence[0] != 0));
  store_close(store);
  project_free(project);
  return status;
}

static void strangers_are_refused_with_a_sentence(void) {
  BaseContext ctx = {0};
  const char *path = check_temporary("text.triptych");
  write_bytes(path,
              "Dear diary, this is no database at all, though it is longer than a hundred bytes by a good "
              "margin, as one can see.",
              110);
  CHECK(try_open(path, &ctx) == BASE_BAD_FILE && strstr(ctx.sentence, "not a Triptych project"));
  write_bytes(path, "", 0);
  CHECK(try_open(path, &ctx) == BASE_BAD_FILE && strstr(ctx.sentence, "empty"));
  CHECK(try_open("/nowhere/at/all", &ctx) == BASE_UNREADABLE);
  CHECK(try_open("/", &ctx) == BASE_UNREADABLE);
}

static void execute(const char *path, const char *sql) {
  sqlite3 *db = NULL;
  CHECK(sqlite3_open(path, &db) == SQLITE_OK);
  CHECK_SAYING(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
  sqlite3_close(db);
}

static void a_newer_version_is_refused(void) {
  const char *path = check_temporary("newer.triptych");
  Opened opened = fresh(path);
  shut(&opened);
  execute(path, "PRAGMA user_version=7");
  BaseContext ctx = {0};
  CHECK(try_open(path, &ctx) == BASE_VERSION && strstr(ctx.sentence, "newer Triptych"));
}

static void contradictions_are_refused(void) {
  static const char *const lies[] = {
      ("INSERT INTO anchors VALUES(1,1,5.0), (2,1,4.0); "
       "INSERT INTO verdicts VALUES(1,1,0,0,5.0,2,1), (2,1,0,0,4.0,2,1);"),
      "INSERT INTO verdicts VALUES(1,0,0,0,0,3,1);",
      "INSERT INTO verdicts VALUES(1,1,0,0,0,77,1);",
      "INSERT INTO journal VALUES(0,'x',1,0,0,0,x'0102');",
      "INSERT INTO journal VALUES(5,'x',1,0,0,0,zeroblob(80));",
      "INSERT INTO media VALUES(1,1,99,'a','a','',0,0);",
      "DROP TABLE journal;",
      "DROP TABLE view; CREATE VIEW view AS SELECT 'scale' AS key, randomblob(10) AS value;",
  };
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    char name[32];
    snprintf(name, sizeof name, "lie%zu.triptych", i);
    const char *path = check_temporary(name);
    Opened opened = fresh(path);
    shut(&opened);
    execute(path, lies[i]);
    BaseContext ctx = {0};
    CHECK_SAYING(try_open(path, &ctx) == BASE_BAD_FILE, "lie %zu: %s", i, ctx.sentence);
  }
}

/* Every truncation and many flips: an answer or a sentence, never a crash. */
static void damage_never_crashes(void) {
  const char *path = check_temporary("whole.triptych");
  Opened opened = fresh(path);
  BaseRng rng = base_rng(3, 0);
  for (int i = 0; i < 60; i++) edit(opened.project, &rng, i * 2000000);
  store_write(&opened.ctx, opened.store, opened.project);
  store_keep(opened.store, "k", "some bytes", 10);
  shut(&opened);
  static char whole[1 << 20], broken[1 << 20];
  size_t n = read_bytes(path, whole, sizeof whole);
  CHECK(n > 8192);
  const char *bad = check_temporary("bad.triptych");
  BaseContext ctx = {0};
  for (int i = 0; i < 150; i++) {
    memcpy(broken, whole, n);
    size_t keep = n;
    if (i % 3 == 0)
      keep = base_rng_below(&rng, (uint32_t)n);
    else
      for (int k = 0; k < 20; k++) broken[base_rng_below(&rng, (uint32_t)n)] = (char)base_rng_bits(&rng);
    write_bytes(bad, broken, keep);
    try_open(bad, &ctx);
  }
}

static void results_come_back_or_not_at_all(void) {
  const char *path = check_temporary("memo.triptych");
  Opened opened = fresh(path);
  static char big[1000003];
  for (size_t i = 0; i < sizeof big; i++) big[i] = (char)(i * 31 % 251);
  size_t n = 0;
  CHECK(store_find(opened.store, "big", &n) == NULL);
  FlowMemo memo = store_memo(opened.store);
  memo.keep(memo.user, "big", big, sizeof big);
  memo.keep(memo.user, "empty", "", 0);
  char *back = memo.find(memo.user, "big", &n);
  CHECK(back && n == sizeof big && memcmp(back, big, n) == 0);
  free(back);
  memo.keep(memo.user, "big", big, 5);
  back = memo.find(memo.user, "big", &n);
  CHECK(back && n == 5);
  free(back);
  back = memo.find(memo.user, "empty", &n);
  CHECK(back && n == 0);
  free(back);
  shut(&opened);
  execute(path, "DELETE FROM results WHERE key = 'big' AND piece = 0");
  opened = open_at(path);
  CHECK(store_find(opened.store, "big", &n) == NULL);
  shut(&opened);
}

static void a_copy_carries_its_files(void) {
  const char *media = check_temporary("sound.wav"), *path = check_temporary("original.triptych");
  write_bytes(media, "abc", 3);
  Opened opened = fresh(path);
  ProjectMedia *entry = project_add_media(opened.project, PROJECT_AUDIO, media, 3);
  strcpy(entry->sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  ProjectMark mark = {.quarter = beat_whole(3), .time_s = 1, .verdict = PROJECT_MOVED};
  project_do(opened.project, "move", &mark, 1, false, 5);
  store_write(&opened.ctx, opened.store, opened.project);
  store_write_media(&opened.ctx, opened.store, opened.project);
  const char *copy = check_temporary("copy.triptych");
  CHECK_SAYING(store_copy(&opened.ctx, path, copy, true) == BASE_OK, "%s", opened.ctx.sentence);
  CHECK(store_copy(&opened.ctx, path, path, true) == BASE_BAD_INPUT);
  CHECK(store_copy(&opened.ctx, path, "/nowhere/at/all.triptych", false) == BASE_UNREADABLE);
  shut(&opened);
  Opened again = open_at(copy);
  CHECK(again.project->marks.n == 1 && again.project->media.n == 1 && again.project->media.items[0].embedded);
  CHECK(!again.project->media.items[0].missing);
  shut(&again);
  const char *out = check_temporary("out.wav");
  BaseContext ctx = {0};
  CHECK_SAYING(store_extract(&ctx, copy, 1, out) == BASE_OK, "%s", ctx.sentence);
  char bytes[8];
  CHECK(read_bytes(out, bytes, sizeof bytes) == 3 && memcmp(bytes, "abc", 3) == 0);
  execute(copy, "UPDATE media_bytes SET bytes = x'616264'");
  CHECK(store_extract(&ctx, copy, 1, check_temporary("false.wav")) == BASE_BAD_FILE);
  CHECK(store_extract(&ctx, copy, 2, check_temporary("none.wav")) == BASE_BAD_INPUT);
}

typedef struct {
  int n;
  int64_t revision;
  char origin[32], bytes[8];
} Seen;

static void see(void *user, const StoreWeights *weights) {
  Seen *seen = user;
  seen->n++;
  seen->revision = weights->revision;
  snprintf(seen->origin, sizeof seen->origin, "%s", weights->origin);
  memcpy(seen->bytes, weights->bytes, weights->n < sizeof seen->bytes ? weights->n : sizeof seen->bytes);
}

static void what_was_learned_stays_by_revision(void) {
  const char *path = check_temporary("learned.triptych");
  Opened opened = fresh(path);
  int64_t first = 0, second = 0, other = 0;
  StoreWeights weights = {.engine = "piano", .origin = "one", .stamp_us = 5, .bytes = "abc", .n = 3};
  CHECK(store_add_weights(&opened.ctx, opened.store, &first, &weights) == BASE_OK);
  weights.origin = "two", weights.bytes = "def";
  CHECK(store_add_weights(&opened.ctx, opened.store, &second, &weights) == BASE_OK);
  weights.engine = "ear";
  CHECK(store_add_weights(&opened.ctx, opened.store, &other, &weights) == BASE_OK);
  CHECK(first > 0 && second > first);
  CHECK(store_choice(opened.store, "instrument") == NULL);
  store_keep_choice(opened.store, "instrument", "learned:1");
  store_keep_choice(opened.store, "instrument", "learned:2");
  shut(&opened);
  opened = open_at(path);
  Seen seen = {0};
  CHECK(store_each_weights(&opened.ctx, opened.store, "piano", see, &seen) == BASE_OK);
  CHECK(seen.n == 2 && seen.revision == second && !strcmp(seen.origin, "two") &&
        !memcmp(seen.bytes, "def", 3));
  char *choice = store_choice(opened.store, "instrument");
  CHECK(choice && !strcmp(choice, "learned:2"));
  free(choice);
  shut(&opened);
}

CHECK_MAIN({CASE(reopening_gives_the_same)}, {CASE(killing_at_any_moment_loses_nothing)},
           {CASE(a_full_disk_keeps_the_edit_and_says_so)}, {CASE(a_read_only_folder_opens_and_says_so)},
           {CASE(strangers_are_refused_with_a_sentence)}, {CASE(a_newer_version_is_refused)},
           {CASE(contradictions_are_refused)}, {CASE(damage_never_crashes)},
           {CASE(results_come_back_or_not_at_all)}, {CASE(a_copy_carries_its_files)},
           {CASE(what_was_learned_stays_by_revision)})
