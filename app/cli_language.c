/* triptych-cli language: how likely music is, and more of it. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

#include "core/base/base_number.h"
#include "core/flow/flow.h"
#include "core/language/language_proof.h"
#include "core/language/language_sample.h"
#include "core/language/language_sound.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_CONTINUE, OPTION_SECONDS, OPTION_TEMPERATURE, OPTION_NUCLEUS, OPTION_KEY, OPTION_TEMPO, OPTION_BEATS, OPTION_ALONG, OPTION_WEIGHTS, OPTION_WRITTEN };

static const char *const PARTS[LANGUAGE_METRIC_FIELDS] = {"time", "pitch", "duration", "velocity"};

/* The number of an option that was given within [least, most]; else `otherwise`, or false after telling. */
static bool number_of(const CliCall *call, double *out, int option, double otherwise, double least, double most) {
  const char *text = call->values[option];
  char *end = NULL;
  *out = otherwise;
  if (!text) return true;
  *out = base_number_read(text, &end);
  if (end != text && !*end && *out >= least && *out <= most) return true;
  cli_wrong(call, _("--%s wants a number from %g to %g, not “%s”."), call->command->options[option].name, least, most, text);
  return false;
}

/* ---- score ---- */

/* What was scored: motion note by note, recordings moment by moment. */
typedef struct {
  LanguageScore played;
  LanguageSoundScore heard;
} Scores;

static void add(Scores *all, const Scores *one) {
  double n = (double)(all->played.notes + one->played.notes), w = n > 0 ? (double)one->played.notes / n : 0;
  all->played.notes += one->played.notes;
  all->played.nats_per_note += w * (one->played.nats_per_note - all->played.nats_per_note);
  for (int f = 0; f < LANGUAGE_METRIC_FIELDS; f++) all->played.parts[f] += w * (one->played.parts[f] - all->played.parts[f]);
  if (!one->heard.moments) return;
  w = (double)one->heard.moments / (double)(all->heard.moments + one->heard.moments);
  all->heard.moments += one->heard.moments;
  all->heard.moment_s = one->heard.moment_s;
  all->heard.nats_per_moment += w * (one->heard.nats_per_moment - all->heard.nats_per_moment);
}

static void print_score(const CliCall *call, const char *path, const Scores *scores) {
  const LanguageScore *score = &scores->played;
  const LanguageSoundScore *heard = &scores->heard;
  if (call->json) return;
  if (score->notes) {
    printf("%.4f  (", score->nats_per_note);
    for (int f = 0; f < LANGUAGE_METRIC_FIELDS; f++) printf("%s %.4f%s", PARTS[f], score->parts[f], f < 3 ? ", " : ")");
    printf("  %zu  %s\n", score->notes, path);
  }
  if (heard->moments)
    printf(_("%.4f a moment of %.0f ms, %.1f a second  %zu  %s\n"), heard->nats_per_moment, 1e3 * heard->moment_s,
           heard->nats_per_moment / heard->moment_s, heard->moments, path);
}

static void report_score(const CliCall *call, const Scores *scores, size_t files) {
  const LanguageScore *score = &scores->played;
  const LanguageSoundScore *heard = &scores->heard;
  CliReport out = cli_report_begin(call);
  cli_report_text(&out, "command", "language score");
  cli_report_number(&out, "files", (double)files);
  if (score->notes || !heard->moments) {
    cli_report_number(&out, "notes", (double)score->notes);
    cli_report_number(&out, "nats_per_note", score->nats_per_note);
    for (int f = 0; f < LANGUAGE_METRIC_FIELDS; f++) cli_report_number(&out, PARTS[f], score->parts[f]);
  }
  if (heard->moments) {
    cli_report_number(&out, "moments", (double)heard->moments);
    cli_report_number(&out, "nats_per_moment", heard->nats_per_moment);
    cli_report_number(&out, "nats_per_second", heard->nats_per_moment / heard->moment_s);
  }
  cli_report_end(&out);
}

/* What the files are scored with; that for recordings is loaded with the first of them. */
typedef struct {
  const LanguageModel *model;
  LanguageSound *sound;
} Judge;

static BaseStatus score_motion(CliCall *call, LanguageScore *score, const Judge *judge, const char *path) {
  Motion *motion = NULL;
  BaseStatus status = flow_load_motion(&call->ctx, &motion, path);
  if (status == BASE_OK && !motion->notes.n) status = base_fail(&call->ctx, BASE_BAD_INPUT, "“%s” holds no notes.", path);
  if (status == BASE_OK) status = language_score(&call->ctx, score, judge->model, motion, NULL);
  motion_free(motion);
  return status;
}

static BaseStatus score_written(CliCall *call, LanguageScore *score, const Judge *judge, const char *path) {
  Score *written = NULL;
  BaseStatus status = flow_load_score(&call->ctx, &written, &path, 1);
  if (status == BASE_OK) status = language_score_written(&call->ctx, score, judge->model, written);
  if (status == BASE_OK && !score->notes) status = base_fail(&call->ctx, BASE_BAD_INPUT, "“%s” holds no notes.", path);
  score_free(written);
  return status;
}

static BaseStatus score_recording(CliCall *call, LanguageSoundScore *score, Judge *judge, const char *path) {
  Transcription *heard = NULL;
  BaseStatus status = judge->sound ? BASE_OK : language_sound_load(&call->ctx, &judge->sound, judge->model, NULL);
  if (status == BASE_OK) status = flow_listen(&call->ctx, &heard, path, NULL);
  if (status == BASE_OK) status = language_sound_score(&call->ctx, score, judge->sound, heard->evidence);
  transcription_free(heard);
  return status;
}

static BaseStatus score_file(CliCall *call, Scores *scores, Judge *judge, const char *path) {
  FlowKind kind;
  *scores = (Scores){0};
  BaseStatus status = flow_kind(&call->ctx, &kind, path);
  if (status != BASE_OK) return status;
  if (call->values[OPTION_WRITTEN]) return score_written(call, &scores->played, judge, path);
  return kind == FLOW_AUDIO ? score_recording(call, &scores->heard, judge, path)
                            : score_motion(call, &scores->played, judge, path);
}

static BaseStatus score(CliCall *call, const LanguageModel *model) {
  Scores all = {0}, one;
  Judge judge = {.model = model};
  size_t files = call->n_operands - 1;
  BaseStatus status = BASE_OK;
  for (size_t i = 1; i <= files && status == BASE_OK; i++) {
    base_progress(&call->ctx, (double)(i - 1) / (double)files, "Reading music");
    status = score_file(call, &one, &judge, call->operands[i]);
    if (status != BASE_OK) break;
    cli_progress_clear(call);
    print_score(call, call->operands[i], &one);
    add(&all, &one);
  }
  language_sound_free(judge.sound);
  if (status != BASE_OK) return status;
  if (files > 1) print_score(call, _("all together"), &all);
  report_score(call, &all, files);
  return BASE_OK;
}

/* ---- sample ---- */

static bool join(Motion *motion, const Motion *more) {
  for (size_t i = 0; i < more->notes.n; i++) {
    const MotionNote *note = &more->notes.items[i];
    if (!motion_add(motion, note->onset_s, note->key_up_s, note->midi, note->velocity, 1)) return false;
  }
  for (size_t i = 0; i < more->pedals.n; i++)
    if (!base_array_push(&motion->pedals, more->pedals.items[i])) return false;
  motion->beats.n = 0;
  motion_sort(motion);
  return true;
}

static void report_sample(const CliCall *call, const Motion *motion, size_t new_notes) {
  CliReport out = cli_report_begin(call);
  cli_report_text(&out, "command", "language sample");
  cli_report_text(&out, "output", call->output);
  cli_report_number(&out, "notes", (double)motion->notes.n);
  cli_report_number(&out, "new_notes", (double)new_notes);
  cli_report_number(&out, "duration_s", motion_duration_s(motion));
  cli_report_end(&out);
}

static BaseStatus sample(CliCall *call, const LanguageModel *model, LanguageSampleParams *params) {
  Motion *before = NULL, *along = NULL, *made = NULL;
  const char *path = call->values[OPTION_CONTINUE], *beside = call->values[OPTION_ALONG];
  BaseStatus status = path ? flow_load_motion(&call->ctx, &before, path) : BASE_OK;
  if (status == BASE_OK && beside) status = flow_load_motion(&call->ctx, &along, beside);
  params->before = before;
  params->along = along;
  if (status == BASE_OK) status = language_sample(&call->ctx, &made, model, params);
  size_t new_notes = made ? made->notes.n : 0;
  if (status == BASE_OK && before && !join(before, made)) status = base_fail_memory(&call->ctx);
  if (status == BASE_OK && along && !join(before ? before : made, along)) status = base_fail_memory(&call->ctx);
  const Motion *whole = before ? before : made;
  if (status == BASE_OK) status = flow_write_motion(&call->ctx, whole, call->output);
  if (status == BASE_OK) report_sample(call, whole, new_notes);
  motion_free(before);
  motion_free(along);
  motion_free(made);
  return status;
}

/* ---- doubts ---- */

static const float WORTH_TELLING = 0.2f;

static int by_doubt(const void *a, const void *b) {
  const LanguageDoubt *left = a, *right = b;
  float x = fmaxf(left->pitch_prob, left->rhythm_prob), y = fmaxf(right->pitch_prob, right->rhythm_prob);
  return x < y ? 1 : x > y ? -1 : left->note < right->note ? -1 : 1;
}

static void print_doubt(const CliCall *call, const Score *score, const LanguageDoubt *doubt, bool first) {
  const ScoreNote *note = score_find_note(score, doubt->note);
  const char *measure = score->measures.items[doubt->measure].number;
  if (call->json)
    printf("%s{\"note\":%u,\"measure\":%d,\"midi_pitch\":%d,\"pitch_prob\":%.3f,\"rhythm_prob\":%.3f}", first ? "" : ",",
           doubt->note, doubt->measure + 1, score_midi(note), (double)doubt->pitch_prob, (double)doubt->rhythm_prob);
  else
    printf(_("measure %s, pitch %d: wrong pitch %.2f, wrong rhythm %.2f\n"), measure, score_midi(note),
           (double)doubt->pitch_prob, (double)doubt->rhythm_prob);
}

static void print_doubts(const CliCall *call, const Score *score, LanguageDoubt *doubts, size_t n) {
  qsort(doubts, n, sizeof *doubts, by_doubt);
  if (call->json) printf("{\"command\":\"language doubts\",\"notes\":%zu,\"doubts\":[", n);
  for (size_t i = 0; i < n && fmaxf(doubts[i].pitch_prob, doubts[i].rhythm_prob) >= WORTH_TELLING; i++)
    print_doubt(call, score, &doubts[i], i == 0);
  if (call->json) puts("]}");
}

static BaseStatus doubt(CliCall *call, const char *path) {
  Score *score = NULL;
  LanguageProof *proof = NULL;
  LanguageDoubt *doubts = NULL;
  size_t n = 0;
  BaseStatus status = flow_load_score(&call->ctx, &score, &path, 1);
  if (status == BASE_OK) status = language_proof_load(&call->ctx, &proof, call->values[OPTION_WEIGHTS]);
  if (status == BASE_OK) status = language_doubts(&call->ctx, &doubts, &n, proof, score);
  cli_progress_clear(call);
  if (status == BASE_OK) print_doubts(call, score, doubts, n);
  free(doubts);
  language_proof_free(proof);
  score_free(score);
  return status;
}

/* ---- the command ---- */

/* CLI_DONE when what was asked makes sense. */
static CliExit check(const CliCall *call) {
  const char *what = call->operands[0];
  bool samples = strcmp(what, "sample") == 0, doubts = strcmp(what, "doubts") == 0;
  if (!samples && !doubts && strcmp(what, "score") != 0)
    return cli_wrong(call, _("“%s” is not score, sample or doubts."), what);
  if (!samples && call->n_operands < 2) return cli_wrong(call, _("something is missing: %s."), "IN");
  if ((samples && call->n_operands > 1) || (doubts && call->n_operands > 2))
    return cli_wrong(call, _("“%s” is too much."), call->operands[samples ? 1 : 2]);
  if (samples && !call->output) return cli_wrong(call, _("-o OUT is missing: where does the result go?"));
  return CLI_DONE;
}

static bool read_params(const CliCall *call, LanguageSampleParams *params) {
  double key, beats;
  if (!number_of(call, &params->seconds, OPTION_SECONDS, 30, 1, 3600) ||
      !number_of(call, &params->temperature, OPTION_TEMPERATURE, 0, 0.05, 3) ||
      !number_of(call, &params->nucleus, OPTION_NUCLEUS, 0, 0.05, 1) || !number_of(call, &key, OPTION_KEY, NAN, -7, 7) ||
      !number_of(call, &params->tempo, OPTION_TEMPO, 0, 20, 400) || !number_of(call, &beats, OPTION_BEATS, 0, 1, 32))
    return false;
  params->key = isnan(key) ? 0 : (int)key + 8;
  params->beats = (int)beats;
  return true;
}

static CliExit run(CliCall *call) {
  LanguageSampleParams params = {.code = {LANGUAGE_PLAYED_SCORE, LANGUAGE_CLEAN}};
  LanguageModel *model = NULL;
  if (check(call) != CLI_DONE || !read_params(call, &params)) return CLI_USAGE;
  if (strcmp(call->operands[0], "doubts") == 0) return cli_end(call, doubt(call, call->operands[1]));
  BaseStatus status = language_model_load(&call->ctx, &model, call->values[OPTION_WEIGHTS]);
  if (status == BASE_OK)
    status = strcmp(call->operands[0], "score") == 0 ? score(call, model) : sample(call, model, &params);
  language_model_free(model);
  return cli_end(call, status);
}

const CliCommand cli_language = {
    .name = "language",
    .operands = N_("score IN… | sample | doubts SCORE"),
    .summary = N_("How likely music is, in nats per note, more music like it, and notes that look wrong"),
    .endings = ".mid .csv",
    .output_may_be_missing = true,
    .least = 1,
    .most = 100000,
    .options = {[OPTION_CONTINUE] = {"continue", N_("FILE"), N_("sample: the music to go on from")},
                [OPTION_SECONDS] = {"seconds", "S", N_("sample: how much new music (30)")},
                [OPTION_TEMPERATURE] = {"temperature", "T", N_("sample: below 1 safer, above 1 bolder (0.95)")},
                [OPTION_NUCLEUS] = {"nucleus", "P", N_("sample: the share of likeliest choices to draw from (0.95)")},
                [OPTION_KEY] = {"key", "N", N_("sample: stay near a key, by its sharps or, below zero, flats")},
                [OPTION_TEMPO] = {"tempo", "N", N_("sample: keep to so many beats a minute")},
                [OPTION_BEATS] = {"beats", "N", N_("sample: beats in a bar, with --tempo")},
                [OPTION_ALONG] = {"along", N_("FILE"), N_("sample: music to play along with; after --continue, if that is given")},
                [OPTION_WRITTEN] = {"written", NULL, N_("score: how likely scores are as they are written")},
                [OPTION_WEIGHTS] = {"weights", N_("FILE"), N_("another language, from triptych-train")}},
    .run = run,
};
