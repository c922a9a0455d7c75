/* triptych-cli listen: a recording to motion. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

#include "core/base/base_number.h"
#include "core/flow/flow.h"

#include <stdlib.h>

enum { OPTION_SCORE, OPTION_WEIGHTS, OPTION_THRESHOLD };

static void report_differences(CliReport *out, const Alignment *alignment) {
  size_t counts[ALIGNMENT_ORNAMENT + 1] = {0};
  for (size_t i = 0; i < alignment->links.n; i++) counts[alignment->links.items[i].verdict]++;
  cli_report_number(out, "as_written", (double)counts[ALIGNMENT_MATCH]);
  cli_report_number(out, "not_played", (double)counts[ALIGNMENT_NOT_PLAYED]);
  cli_report_number(out, "extra", (double)counts[ALIGNMENT_EXTRA]);
}

static void report(const CliCall *call, const FlowAligned *aligned) {
  const Motion *motion = aligned->heard->motion;
  CliReport out = cli_report_begin(call);
  cli_report_text(&out, "command", "listen");
  cli_report_text(&out, "output", call->output);
  cli_report_number(&out, "notes", (double)motion->notes.n);
  cli_report_number(&out, "pedals", (double)motion->pedals.n);
  cli_report_number(&out, "duration_s", motion_duration_s(motion));
  if (aligned->alignment) report_differences(&out, aligned->alignment);
  cli_report_end(&out);
}

/* Without a score only `heard` is there. */
static BaseStatus listen(BaseContext *ctx, FlowAligned **out, const char *path, const char *score,
                         const TranscriptionParams *params) {
  if (score) return flow_listen_with_score(ctx, out, path, score, params);
  FlowAligned *alone = calloc(1, sizeof *alone);
  if (!alone) return base_fail_memory(ctx);
  BaseStatus status = flow_listen(ctx, &alone->heard, path, params);
  if (status == BASE_OK)
    *out = alone;
  else
    flow_aligned_free(alone);
  return status;
}

static BaseStatus check_audio(BaseContext *ctx, const char *path) {
  FlowKind kind;
  BaseStatus status = flow_kind(ctx, &kind, path);
  if (status != BASE_OK || kind == FLOW_AUDIO) return status;
  return base_fail(ctx, BASE_UNSUPPORTED, "“%s” is %s, not a recording.", path, flow_kind_name(kind));
}

static BaseStatus load_weights(BaseContext *ctx, BasePack **weights, const char *path) {
  return path ? base_pack_load(ctx, weights, path) : BASE_OK;
}

/* A probability above 0 and below 1. */
static BaseStatus parse_threshold(BaseContext *ctx, float *threshold, const char *text) {
  if (!text) return BASE_OK;
  char *end = NULL;
  *threshold = (float)base_number_read(text, &end);
  if (end != text && !*end && *threshold > 0 && *threshold < 1) return BASE_OK;
  return base_fail(ctx, BASE_BAD_INPUT, "“%s” is not a probability between 0 and 1.", text);
}

static CliExit run(CliCall *call) {
  BasePack *weights = NULL;
  FlowAligned *aligned = NULL;
  const char *path = call->operands[0], *score = call->values[OPTION_SCORE];
  BaseStatus status = check_audio(&call->ctx, path);
  if (status == BASE_OK) status = load_weights(&call->ctx, &weights, call->values[OPTION_WEIGHTS]);
  TranscriptionParams params = {.weights = weights};
  if (status == BASE_OK) status = parse_threshold(&call->ctx, &params.onset_threshold, call->values[OPTION_THRESHOLD]);
  if (status == BASE_OK) status = listen(&call->ctx, &aligned, path, score, &params);
  if (status == BASE_OK) status = flow_write_heard(&call->ctx, aligned, call->output);
  if (status == BASE_OK) report(call, aligned);
  flow_aligned_free(aligned);
  base_pack_free(weights);
  return cli_end(call, status);
}

const CliCommand cli_listen = {
    .name = "listen",
    .operands = N_("AUDIO"),
    .summary = N_("A recording (WAV, FLAC, MP3, Ogg, Opus) to the motion of keys and pedal"),
    .endings = ".mid .midi .csv .json",
    .least = 1,
    .most = 1,
    .options = {[OPTION_SCORE] = {"score", N_("SCORE"), N_("a score of the piece as a hint")},
                [OPTION_WEIGHTS] = {"weights", N_("WEIGHTS"), N_("a network that triptych-train hearing or learn made")},
                [OPTION_THRESHOLD] = {"threshold", N_("PROBABILITY"), N_("of a note that is worth keeping (0.5)")}},
    .run = run,
};
