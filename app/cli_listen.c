/* triptych-cli listen: a recording to motion. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

#include "core/flow/flow.h"

enum { OPTION_SCORE };

static BaseStatus load_hint(BaseContext *ctx, Score **score, ScoreUnfolded **hint, const char *path) {
  if (!path) return BASE_OK;
  BaseStatus status = flow_load_score(ctx, score, &path, 1);
  if (status == BASE_OK) status = score_unfold(ctx, hint, *score, NULL);
  return status;
}

static void report(const CliCall *call, const Motion *motion) {
  CliReport out = cli_report_begin(call);
  cli_report_text(&out, "command", "listen");
  cli_report_text(&out, "output", call->output);
  cli_report_number(&out, "notes", (double)motion->notes.n);
  cli_report_number(&out, "pedals", (double)motion->pedals.n);
  cli_report_number(&out, "duration_s", motion_duration_s(motion));
  cli_report_end(&out);
}

static BaseStatus check_audio(BaseContext *ctx, const char *path) {
  FlowKind kind;
  BaseStatus status = flow_kind(ctx, &kind, path);
  if (status != BASE_OK || kind == FLOW_AUDIO) return status;
  return base_fail(ctx, BASE_UNSUPPORTED, "“%s” is %s, not a recording.", path, flow_kind_name(kind));
}

static CliExit run(CliCall *call) {
  Score *score = NULL;
  ScoreUnfolded *hint = NULL;
  Transcription *heard = NULL;
  BaseStatus status = check_audio(&call->ctx, call->operands[0]);
  if (status == BASE_OK) status = load_hint(&call->ctx, &score, &hint, call->values[OPTION_SCORE]);
  TranscriptionParams params = {.hint = hint};
  if (status == BASE_OK) status = transcription_listen_file(&call->ctx, &heard, call->operands[0], &params);
  if (status == BASE_OK) status = flow_write_motion(&call->ctx, heard->motion, call->output);
  if (status == BASE_OK) report(call, heard->motion);
  transcription_free(heard);
  score_unfolded_free(hint);
  score_free(score);
  return cli_end(call, status);
}

const CliCommand cli_listen = {
    .name = "listen",
    .operands = N_("AUDIO"),
    .summary = N_("A recording (WAV, FLAC, MP3, Ogg, Opus) to the motion of keys and pedal"),
    .endings = ".mid .midi .csv .json",
    .least = 1,
    .most = 1,
    .options = {[OPTION_SCORE] = {"score", N_("SCORE"), N_("a score of the piece as a hint")}},
    .run = run,
};
