/* triptych-cli align: where each onset of a score sounds in a recording.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

#include "core/flow/flow_pairs.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { OPTION_ANCHORS };

static void report(const CliCall *call, const FlowAligned *aligned) {
  size_t matched = 0, extra = 0;
  double sure = 0;
  const Alignment *alignment = aligned->alignment;
  for (size_t i = 0; i < alignment->links.n; i++) {
    matched += alignment->links.items[i].verdict == ALIGNMENT_MATCH;
    extra += alignment->links.items[i].verdict == ALIGNMENT_EXTRA;
  }
  for (size_t i = 0; i < alignment->points.n; i++) sure += alignment->points.items[i].confidence;
  CliReport out = cli_report_begin(call);
  cli_report_text(&out, "command", "align");
  cli_report_text(&out, "output", call->output);
  cli_report_number(&out, "onsets", (double)alignment->points.n);
  cli_report_number(&out, "measures_played", (double)aligned->unfolded->steps.n);
  cli_report_number(&out, "notes_matched", (double)matched);
  cli_report_number(&out, "notes_not_played", (double)(alignment->links.n - matched - extra));
  cli_report_number(&out, "notes_extra", (double)extra);
  cli_report_number(&out, "mean_confidence", sure / (double)alignment->points.n);
  cli_report_end(&out);
}

static bool wants_pairs(const char *path) {
  const size_t n = strlen(path), ending = strlen(".pairs");
  return n > ending && strcasecmp(path + n - ending, ".pairs") == 0;
}

/* The bars with anchors as a data set, with sound, and with pictures where the score was read from pages. */
static BaseStatus write_pairs(CliCall *call, const FlowAligned *aligned, const AlignmentAnchor *anchors, size_t n) {
  FlowVerdict *said = flow_verdicts_of(anchors, n);
  if (!said) return base_fail_memory(&call->ctx);
  const FlowPairsSource source = {.aligned = aligned,
                                  .said = said,
                                  .n_said = n,
                                  .audio_path = call->operands[call->n_operands - 1],
                                  .page_paths = call->operands,
                                  .n_pages = call->n_operands - 1};
  FlowPairs *pairs = NULL;
  BaseStatus status = flow_pairs_gather(&call->ctx, &pairs, &source);
  if (status == BASE_OK) status = flow_pairs_write(&call->ctx, pairs, call->output);
  flow_pairs_free(pairs);
  free(said);
  return status;
}

static CliExit run(CliCall *call) {
  AlignmentAnchor *anchors = NULL;
  size_t n_anchors = 0, n_scores = call->n_operands - 1;
  FlowAligned *aligned = NULL;
  BaseStatus status = BASE_OK;
  if (call->values[OPTION_ANCHORS])
    status = flow_load_anchors(&call->ctx, &anchors, &n_anchors, call->values[OPTION_ANCHORS]);
  if (status == BASE_OK)
    status = flow_align(&call->ctx, &aligned, call->operands, n_scores, call->operands[n_scores], anchors,
                        n_anchors);
  if (status == BASE_OK)
    status = wants_pairs(call->output) ? write_pairs(call, aligned, anchors, n_anchors)
                                       : flow_write_alignment(&call->ctx, aligned, call->output);
  if (status == BASE_OK) report(call, aligned);
  flow_aligned_free(aligned);
  free(anchors);
  return cli_end(call, status);
}

const CliCommand cli_align = {
    .name = "align",
    .operands = N_("SCORE… AUDIO"),
    .summary = N_("Score (pages, MusicXML, MIDI) and recording to a common time"),
    .endings = ".csv .tsv .json .match .parangonada .pairs",
    .least = 2,
    .most = 100000,
    .options = {[OPTION_ANCHORS] = {"anchors", "CSV", N_("places that are fixed: score_quarter,time_s")}},
    .run = run,
};
