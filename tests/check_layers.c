/* The house checks itself: reads every #include below core/, widgets/ and app/ and judges the arrow, counts
 * the doors to each outside library, and looks at the manners that a line count can see.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/check.h"

#include <ftw.h>
#include <unistd.h>

/* The house asks for 600 lines, 900 for the window; a tenth over it is too much. */
enum { MOST_FILES = 2000, MOST_LINES = 660, MOST_WINDOW_LINES = 990, PATH_SIZE = 512 };

static char paths[MOST_FILES][PATH_SIZE]; /* from the source root */
static size_t n_paths;
static char root[1024];

static const struct {
  const char *room;
  int layer;
} ROOMS[] = {{"base", 0},       {"image", 1},      {"dsp", 1},           {"nn", 1},
             {"music", 1},      {"omr", 2},        {"transcription", 2}, {"language", 2},
             {"alignment", 2},  {"piano", 2},      {"notation", 2},      {"engraving", 2},
             {"expression", 2}, {"evaluation", 2}, {"lmm", 3},           {"flow", 4}};

/* Each of these is included by at most one file; names end the path of the include. */
static const char *const DOORS[] = {"cblas.h",   "dnnl.h",       "fluidsynth.h",   "portaudio.h",
                                    "sndfile.h", "allheaders.h", "sqlite3.h",      "zip.h",
                                    "soxr.h",    "fftw3.h",      "rubberband-c.h", "poppler.h"};

static bool starts(const char *text, const char *with) {
  return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with) {
  size_t n = strlen(text), m = strlen(with);
  return n >= m && strcmp(text + n - m, with) == 0;
}

/* The room of "core/room/…" and its layer; -1 for a room that the plan does not know. */
static int layer_of(char room[32], const char *path) {
  room[0] = 0;
  if (!starts(path, "core/")) return -1;
  size_t n = strcspn(path + 5, "/");
  snprintf(room, 32, "%.*s", (int)(n < 31 ? n : 31), path + 5);
  for (size_t i = 0; i < sizeof ROOMS / sizeof *ROOMS; i++)
    if (strcmp(ROOMS[i].room, room) == 0) return ROOMS[i].layer;
  return -1;
}

static const char *judge_core(const char *path, const char *include) {
  char from[32], to[32];
  int above = layer_of(from, path), below = layer_of(to, include);
  if (!starts(include, "core/")) return "core/ includes only core/";
  if (above < 0 || below < 0) return "the room is not in the plan";
  if (strcmp(from, to) == 0 || below < above) return NULL;
  return below == above ? "the arrow goes sideways" : "the arrow goes up";
}

/* Null when the file at `path` may include "include" (in quotes), else why not. */
static const char *judge(const char *path, const char *include) {
  if (starts(path, "core/")) return judge_core(path, include);
  if (!starts(path, "widgets/")) return NULL;
  if (starts(include, "app/")) return "the arrow goes up";
  bool values = starts(include, "core/base/") || starts(include, "core/music/");
  return starts(include, "core/") && !values ? "widgets know values only: core/base and core/music" : NULL;
}

/* ---- reading the tree ---- */

static int visit(const char *path, const struct stat *info, int type, struct FTW *where) {
  bool source = type == FTW_F && (ends(path, ".c") || ends(path, ".h"));
  if (!source || n_paths == MOST_FILES) return 0;
  snprintf(paths[n_paths++], PATH_SIZE, "%s", path + strlen(root) + 1);
  return 0;
}

static void find_sources(void) {
  static const char *const FOLDERS[] = {"core", "widgets", "app"};
  if (n_paths) return;
  snprintf(root, sizeof root, "%s", check_data(""));
  *strstr(root, "/tests/data/") = 0;
  for (size_t i = 0; i < 3; i++) {
    char folder[1200];
    snprintf(folder, sizeof folder, "%s/%s", root, FOLDERS[i]);
    nftw(folder, visit, 16, FTW_PHYS);
  }
}

/* Calls `act` for each include of a file, with the closing mark '"' or '>'; returns its number of lines. */
static int each_include(const char *path, void (*act)(const char *path, const char *include, char mark)) {
  char full[2048], line[4096];
  snprintf(full, sizeof full, "%s/%s", root, path);
  FILE *file = fopen(full, "r");
  int lines = 0;
  while (file && fgets(line, sizeof line, file)) {
    char open, include[512];
    lines += strchr(line, '\n') != NULL;
    if (sscanf(line, " # include %c%511[^\">]", &open, include) == 2)
      act(path, include, open == '<' ? '>' : '"');
  }
  if (file) fclose(file);
  return lines;
}

static void judge_include(const char *path, const char *include, char mark) {
  const char *why = mark == '"' ? judge(path, include) : NULL;
  CHECK_SAYING(!why, "%s includes \"%s\": %s", path, include, why ? why : "");
  bool windows = starts(include, "gtk/") || starts(include, "adwaita") || starts(include, "gdk/");
  CHECK_SAYING(!starts(path, "core/") || !windows, "%s includes <%s>: core/ knows no window", path, include);
}

static void arrows_point_down(void) {
  find_sources();
  CHECK_SAYING(n_paths > 20 && n_paths < MOST_FILES, "%zu files", n_paths);
  for (size_t i = 0; i < n_paths; i++) each_include(paths[i], judge_include);
}

static const char *door, *owner;

static void look_for_door(const char *path, const char *include, char mark) {
  const char *slash = strrchr(include, '/');
  if (mark != '>' || strcmp(slash ? slash + 1 : include, door) != 0) return;
  CHECK_SAYING(!owner || owner == path, "%s and %s both include %s", owner, path, door);
  owner = path;
}

static void each_library_has_one_door(void) {
  find_sources();
  for (size_t d = 0; d < sizeof DOORS / sizeof *DOORS; d++) {
    door = DOORS[d];
    owner = NULL;
    for (size_t i = 0; i < n_paths; i++) each_include(paths[i], look_for_door);
  }
}

static void pass_over(const char *path, const char *include, char mark) {}

static void files_are_rooms_not_halls(void) {
  find_sources();
  for (size_t i = 0; i < n_paths; i++) {
    int lines = each_include(paths[i], pass_over),
        most = strstr(paths[i], "window") ? MOST_WINDOW_LINES : MOST_LINES;
    CHECK_SAYING(lines <= most, "%s has %d lines", paths[i], lines);
  }
}

static void names_tell_the_layer(void) {
  find_sources();
  for (size_t i = 0; i < n_paths; i++) {
    bool core = starts(paths[i], "core/");
    CHECK_SAYING(!core || !strchr(paths[i], '-'), "%s: a hyphen in core/", paths[i]);
  }
}

static void every_file_names_its_licence(void) {
  find_sources();
  for (size_t i = 0; i < n_paths; i++) {
    char full[2048], head[1500];
    snprintf(full, sizeof full, "%s/%.511s", root, paths[i]);
    FILE *file = fopen(full, "r");
    size_t n = file ? fread(head, 1, sizeof head - 1, file) : 0;
    if (file) fclose(file);
    head[n] = 0;
    const char *mark = strstr(head, "SPDX-License-Identifier:"); /* the line may be wrapped after it */
    CHECK_SAYING(mark && strstr(mark, "GPL-3.0-or-later"), "%s", paths[i]);
  }
}

static void the_judge_knows_right_from_wrong(void) {
  CHECK(!judge("core/omr/omr.c", "core/image/image.h") && !judge("core/omr/omr.c", "core/omr/omr_staff.h"));
  CHECK(!judge("core/flow/flow.c", "core/lmm/lmm.h") && !judge("app/cli.c", "core/flow/flow.h"));
  CHECK(!judge("widgets/roll-view.c", "core/music/motion.h") &&
        !judge("widgets/roll-view.c", "widgets/scene.h"));
  CHECK(judge("core/base/base_array.c", "core/music/score.h") &&
        judge("core/music/score.c", "core/dsp/dsp.h"));
  CHECK(judge("core/omr/omr.c", "core/transcription/transcription.h") &&
        judge("core/lmm/lmm.c", "core/flow/flow.h"));
  CHECK(judge("core/omr/omr.c", "widgets/scene.h") && judge("core/omr/omr.c", "omr_staff.h"));
  CHECK(judge("core/music/score.c", "core/surprise/surprise.h") && judge("widgets/scene.c", "app/project.h"));
  CHECK(judge("widgets/scene.c", "core/omr/omr.h") && judge("widgets/scene.c", "core/dsp/dsp_audio.h"));
}

CHECK_MAIN({CASE(the_judge_knows_right_from_wrong)}, {CASE(arrows_point_down)},
           {CASE(each_library_has_one_door)}, {CASE(files_are_rooms_not_halls)}, {CASE(names_tell_the_layer)},
           {CASE(every_file_names_its_licence)})
