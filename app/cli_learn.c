/* triptych-cli learn: the network that hears, calibrated to a recording by a few fixed places.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

#include "app/store.h"
#include "core/base/base_file.h"
#include "core/flow/flow_learn.h"
#include "core/flow/flow_pairs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_SCORE, OPTION_AUDIO, OPTION_ANCHORS, OPTION_WEIGHTS, OPTION_STEPS };
enum { MOST_STEPS = 100000 };

/* What is learned from. Owns all but the texts of the command line. */
typedef struct {
  const char **scores;
  size_t n_scores;
  const char *audio;
  AlignmentAnchor *anchors;
  size_t n_anchors;
  Project *project;
  FlowPairs *pairs; /* instead of all that */
  BasePack *weights;
} Lesson;

static void clear(Lesson *lesson) {
  free(lesson->scores);
  free(lesson->anchors);
  project_free(lesson->project);
  flow_pairs_free(lesson->pairs);
  base_pack_free(lesson->weights);
}

/* ---- where from ---- */

/* The scores of a project: pages before files of notation, as the window takes them. */
static BaseStatus take_media(BaseContext *ctx, Lesson *lesson, const char *path) {
  const Project *project = lesson->project;
  const ProjectMedia *audio = project_media_of(project, PROJECT_AUDIO);
  static const ProjectMediaKind kinds[] = {PROJECT_SCORE, PROJECT_PAGES, PROJECT_MIDI};
  lesson->scores = calloc(project->media.n + 1, sizeof *lesson->scores);
  if (!lesson->scores) return base_fail_memory(ctx);
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds && !lesson->n_scores; k++)
    for (size_t i = 0; i < project->media.n; i++) {
      const ProjectMedia *media = &project->media.items[i];
      if (media->kind == kinds[k] && !media->missing) lesson->scores[lesson->n_scores++] = media->path;
    }
  if (!audio) return base_fail(ctx, BASE_BAD_INPUT, "“%s” has no recording to learn from.", path);
  if (!lesson->n_scores) return base_fail(ctx, BASE_BAD_INPUT, "“%s” has no score to learn from.", path);
  lesson->audio = audio->path;
  return BASE_OK;
}

static BaseStatus open_project(BaseContext *ctx, Lesson *lesson, const char *path) {
  Store *store = NULL;
  BaseStatus status = store_open(ctx, &store, &lesson->project, path);
  store_close(store);
  if (status != BASE_OK) return status;
  lesson->anchors = project_anchors(lesson->project, &lesson->n_anchors);
  return take_media(ctx, lesson, path);
}

static BaseStatus open_files(CliCall *call, Lesson *lesson) {
  lesson->scores = calloc(2, sizeof *lesson->scores);
  if (!lesson->scores) return base_fail_memory(&call->ctx);
  lesson->scores[lesson->n_scores++] = call->values[OPTION_SCORE];
  lesson->audio = call->values[OPTION_AUDIO];
  return flow_load_anchors(&call->ctx, &lesson->anchors, &lesson->n_anchors, call->values[OPTION_ANCHORS]);
}

static BaseStatus open_operand(BaseContext *ctx, Lesson *lesson, const char *path) {
  return flow_is_pairs(path) ? flow_pairs_read(ctx, &lesson->pairs, path) : open_project(ctx, lesson, path);
}

static BaseStatus open_lesson(CliCall *call, Lesson *lesson) {
  const char *weights = call->values[OPTION_WEIGHTS];
  BaseStatus status = call->n_operands ? open_operand(&call->ctx, lesson, call->operands[0]) : open_files(call, lesson);
  if (status == BASE_OK && weights) status = base_pack_load(&call->ctx, &lesson->weights, weights);
  return status;
}

/* ---- where to ---- */

static BaseStatus write_bytes(BaseContext *ctx, const char *path, const void *bytes, size_t n) {
  BaseFileWriter writer;
  BaseStatus status = base_file_begin(ctx, &writer, path);
  if (status != BASE_OK) return status;
  if (fwrite(bytes, 1, n, writer.stream) == n) return base_file_commit(ctx, &writer);
  base_file_abort(&writer);
  return base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be written.", path);
}

static void put_change(CliReport *out, const char *before, const char *after, LmmChange change) {
  cli_report_number(out, before, change.before);
  cli_report_number(out, after, change.after);
}

static void report(const CliCall *call, const LmmCalibration *r) {
  CliReport out = cli_report_begin(call);
  cli_report_text(&out, "command", "learn");
  cli_report_text(&out, "output", call->output);
  cli_report_number(&out, "accepted", r->accepted);
  cli_report_number(&out, "bars", (double)r->bars);
  cli_report_number(&out, "bars_held_out", (double)r->bars_held_out);
  cli_report_number(&out, "labels", (double)r->labels);
  cli_report_number(&out, "unheard", (double)r->unheard);
  cli_report_number(&out, "free_values", (double)r->free_values);
  put_change(&out, "held_out_bars_before", "held_out_bars_after", r->trusted);
  put_change(&out, "rest_before", "rest_after", r->beyond);
  put_change(&out, "dreams_before", "dreams_after", r->dreams);
  cli_report_number(&out, "seconds", r->seconds);
  cli_report_end(&out);
}

static void say_change(const CliCall *call, const char *what, LmmChange change) {
  if (isfinite(change.before)) fprintf(call->say, "%s %.1f → %.1f\n", what, 100 * change.before, 100 * change.after);
}

/* In words, for a person at the terminal. */
static void say(CliCall *call, const LmmCalibration *r) {
  cli_progress_clear(call);
  if (call->quiet || call->json) return;
  say_change(call, _("Agreement with the score in bars that were kept apart, %:"), r->trusted);
  say_change(call, _("Agreement with the rest of the score that was kept apart, %:"), r->beyond);
  say_change(call, _("On imagined music, %:"), r->dreams);
  if (!r->accepted) fprintf(call->say, "%s\n", _("That is not better: the weights stay as they were."));
}

static CliExit check(CliCall *call) {
  const bool files = call->values[OPTION_SCORE] && call->values[OPTION_AUDIO] && call->values[OPTION_ANCHORS];
  const bool any = call->values[OPTION_SCORE] || call->values[OPTION_AUDIO] || call->values[OPTION_ANCHORS];
  if (call->n_operands ? any : !files)
    return cli_wrong(call, _("learn from a project, or from --score, --audio and --anchors."));
  return CLI_DONE;
}

static BaseStatus parse_steps(BaseContext *ctx, long *steps, const char *text) {
  char *end = NULL;
  if (!text) return BASE_OK;
  *steps = strtol(text, &end, 10);
  if (end != text && !*end && *steps > 0 && *steps <= MOST_STEPS) return BASE_OK;
  return base_fail(ctx, BASE_BAD_INPUT, "“%s” is not a number of steps.", text);
}

static BaseStatus learn(CliCall *call, LmmCalibration *r, void **bytes, size_t *n, const Lesson *lesson,
                        const LmmCalibrateParams *params) {
  const FlowPairs *const sets[] = {lesson->pairs};
  if (lesson->pairs) return flow_learn_pairs(&call->ctx, r, bytes, n, sets, 1, params);
  return flow_learn(&call->ctx, r, bytes, n, lesson->scores, lesson->n_scores, lesson->audio, lesson->anchors,
                    lesson->n_anchors, params);
}

/* The result is there in any case: where nothing was learned, what there was before. */
static CliExit run(CliCall *call) {
  Lesson lesson = {0};
  LmmCalibration r = {0};
  void *bytes = NULL;
  size_t n = 0;
  const CliExit usage = check(call);
  if (usage != CLI_DONE) return usage;
  BaseStatus status = open_lesson(call, &lesson);
  LmmCalibrateParams params = {.weights = lesson.weights};
  if (status == BASE_OK) status = parse_steps(&call->ctx, &params.steps, call->values[OPTION_STEPS]);
  if (status == BASE_OK) status = learn(call, &r, &bytes, &n, &lesson, &params);
  if (status == BASE_OK && !bytes) status = lmm_calibrate_unchanged(&call->ctx, &bytes, &n, lesson.weights);
  if (status == BASE_OK) status = write_bytes(&call->ctx, call->output, bytes, n);
  if (status == BASE_OK) say(call, &r);
  if (status == BASE_OK) report(call, &r);
  free(bytes);
  clear(&lesson);
  return cli_end(call, status);
}

const CliCommand cli_learn = {
    .name = "learn",
    .operands = N_("[PROJECT|PAIRS]"),
    .summary = N_("What a person has put right teaches the network that hears (a project, a folder of pairs, or score, recording and anchors)"),
    .endings = "",
    .least = 0,
    .most = 1,
    .options = {[OPTION_SCORE] = {"score", N_("SCORE"), N_("pages, MusicXML or MIDI")},
                [OPTION_AUDIO] = {"audio", N_("AUDIO"), N_("the recording")},
                [OPTION_ANCHORS] = {"anchors", "CSV", N_("places that are fixed: score_quarter,time_s")},
                [OPTION_WEIGHTS] = {"weights", N_("WEIGHTS"), N_("the network to start from")},
                [OPTION_STEPS] = {"steps", "N", N_("of learning (by the number of bars)")}},
    .run = run,
};
