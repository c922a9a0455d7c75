/* triptych-cli align: where each onset of a score sounds in a recording.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

#include "core/flow/flow.h"

#include <stdlib.h>

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
  if (status == BASE_OK) status = flow_write_alignment(&call->ctx, aligned, call->output);
  if (status == BASE_OK) report(call, aligned);
  flow_aligned_free(aligned);
  free(anchors);
  return cli_end(call, status);
}

const CliCommand cli_align = {
    .name = "align",
    .operands = N_("SCORE… AUDIO"),
    .summary = N_("Score (pages, MusicXML, MIDI) and recording to a common time"),
    .endings = ".csv .tsv .json .match .parangonada",
    .least = 2,
    .most = 100000,
    .options = {[OPTION_ANCHORS] = {"anchors", "CSV", N_("places that are fixed: score_quarter,time_s")}},
    .run = run,
};
