/* triptych-cli evaluate: an estimate against the truth. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

#include "core/evaluation/evaluation.h"
#include "core/flow/flow.h"

#include <stdio.h>
#include <string.h>

enum { OPTION_SUSTAIN, OPTION_BY_PITCH };

static void share(CliReport *out, const char *name, const EvaluationShare *value) {
  char key[64];
  if (!out->call->json) {
    printf("%-22s P %.4f  R %.4f  F1 %.4f\n", name, value->precision, value->recall, value->f1);
    return;
  }
  snprintf(key, sizeof key, "%s_precision", name);
  cli_report_number(out, key, value->precision);
  snprintf(key, sizeof key, "%s_recall", name);
  cli_report_number(out, key, value->recall);
  snprintf(key, sizeof key, "%s_f1", name);
  cli_report_number(out, key, value->f1);
}

static void number(CliReport *out, const char *name, double value) {
  if (out->call->json)
    cli_report_number(out, name, value);
  else
    printf("%-22s %.6g\n", name, value);
}

static BaseStatus notes(CliCall *call, const char *reference, const char *estimate) {
  Motion *a = NULL, *b = NULL;
  EvaluationNotes result;
  EvaluationNotesParams params = {.sustain = call->values[OPTION_SUSTAIN] != NULL};
  BaseStatus status = flow_load_motion(&call->ctx, &a, reference);
  if (status == BASE_OK) status = flow_load_motion(&call->ctx, &b, estimate);
  if (status == BASE_OK) status = evaluation_notes(&call->ctx, &result, a, b, &params);
  if (status == BASE_OK) {
    CliReport out = cli_report_begin(call);
    share(&out, "onset", &result.onset);
    share(&out, "onset_velocity", &result.onset_velocity);
    share(&out, "onset_offset", &result.onset_offset);
    share(&out, "onset_offset_velocity", &result.onset_offset_velocity);
    share(&out, "frame", &result.frame);
    number(&out, "notes_reference", (double)result.onset.reference);
    number(&out, "notes_estimated", (double)result.onset.estimated);
    number(&out, "deviation_mean_ms", 1000 * result.deviation_mean_s);
    number(&out, "deviation_median_ms", 1000 * result.deviation_median_s);
    number(&out, "deviation_absolute_ms", 1000 * result.deviation_absolute_s);
    cli_report_end(&out);
  }
  motion_free(a);
  motion_free(b);
  return status;
}

static BaseStatus scores(CliCall *call, const char *reference, const char *estimate) {
  Score *a = NULL, *b = NULL;
  EvaluationScore result;
  BaseStatus status = flow_load_score(&call->ctx, &a, &reference, 1);
  if (status == BASE_OK) status = flow_load_score(&call->ctx, &b, &estimate, 1);
  if (status == BASE_OK) status = evaluation_score(&call->ctx, &result, a, b);
  if (status == BASE_OK) {
    CliReport out = cli_report_begin(call);
    share(&out, "pitch", &result.pitch);
    share(&out, "pitch_onset", &result.pitch_onset);
    share(&out, "pitch_onset_duration", &result.pitch_onset_duration);
    number(&out, "measures_reference", (double)result.measures_reference);
    number(&out, "measures_estimated", (double)result.measures_estimated);
    number(&out, "measures_right", (double)result.measures_right);
    cli_report_end(&out);
  }
  score_free(a);
  score_free(b);
  return status;
}

static void report_alignment(const CliCall *call, const EvaluationAlignment *result) {
  CliReport out = cli_report_begin(call);
  number(&out, "n", (double)result->n);
  number(&out, "missed_percent", 100 * result->missed);
  number(&out, "median_ms", 1000 * result->median_s);
  number(&out, "mean_ms", 1000 * result->mean_s);
  number(&out, "p90_ms", 1000 * result->p90_s);
  number(&out, "p99_ms", 1000 * result->p99_s);
  number(&out, "within_25ms_percent", 100 * result->within_25ms);
  number(&out, "within_50ms_percent", 100 * result->within_50ms);
  number(&out, "within_100ms_percent", 100 * result->within_100ms);
  number(&out, "beyond_250ms_percent", 100 * result->beyond_250ms);
  number(&out, "beyond_1s_percent", 100 * result->beyond_1s);
  cli_report_end(&out);
}

static BaseStatus alignments(CliCall *call, const char *reference, const char *estimate) {
  EvaluationOnsets truth = {0}, found = {0}, written = {0};
  EvaluationAlignment result;
  const char *by_pitch = call->values[OPTION_BY_PITCH];
  BaseStatus status = evaluation_read_onsets(&call->ctx, &truth, reference);
  if (status == BASE_OK) status = evaluation_read_onsets(&call->ctx, &found, estimate);
  if (status == BASE_OK && by_pitch) status = evaluation_read_onsets(&call->ctx, &written, by_pitch);
  if (status == BASE_OK)
    status = evaluation_alignment(&call->ctx, &result, &truth, &found, by_pitch ? &written : NULL);
  if (status == BASE_OK) report_alignment(call, &result);
  base_array_clear(&truth);
  base_array_clear(&found);
  base_array_clear(&written);
  return status;
}

static CliExit run(CliCall *call) {
  const char *what = call->operands[0], *reference = call->operands[1], *estimate = call->operands[2];
  if (strcmp(what, "notes") == 0) return cli_end(call, notes(call, reference, estimate));
  if (strcmp(what, "score") == 0) return cli_end(call, scores(call, reference, estimate));
  if (strcmp(what, "alignment") == 0) return cli_end(call, alignments(call, reference, estimate));
  return cli_wrong(call, _("“%s” is not notes, score or alignment."), what);
}

const CliCommand cli_evaluate = {
    .name = "evaluate",
    .operands = N_("notes|score|alignment REF EST"),
    .summary = N_("The field's metrics of an estimate against the truth"),
    .least = 3,
    .most = 3,
    .options = {[OPTION_SUSTAIN] = {"sustain", NULL, N_("notes: sounds end with the pedal, not at key up")},
                [OPTION_BY_PITCH] = {"by-pitch", "CSV",
                                     N_("alignment: score_quarter,midi_pitches of the score")}},
    .run = run,
};
