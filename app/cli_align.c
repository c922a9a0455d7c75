/* triptych-cli align: where each onset of a score sounds in a recording.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

#include "core/flow/flow_evidence.h"
#include "core/flow/flow_pairs.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { OPTION_ANCHORS, OPTION_WEIGH };

static const float needless = 0.5F;

/* Notes that are not written and without which the sound is explained as well. */
static size_t count_needless(const FlowAligned *aligned) {
  const Motion *motion = aligned->heard->motion;
  size_t found = 0;
  for (size_t i = 0; i < aligned->alignment->links.n; i++) {
    const AlignmentLink *link = &aligned->alignment->links.items[i];
    for (size_t k = 0; link->verdict == ALIGNMENT_EXTRA && k < motion->notes.n; k++)
      found += motion->notes.items[k].id == link->note && aligned->sounding[k] < needless;
  }
  return found;
}

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
  if (aligned->sounding) cli_report_number(&out, "notes_not_needed", (double)count_needless(aligned));
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

/* Plays back what was heard, on an instrument learned from it. */
static BaseStatus weigh(CliCall *call, FlowAligned *aligned) {
  const char *audio = call->operands[call->n_operands - 1];
  PianoModel piano;
  BaseStatus status = flow_learn_piano(&call->ctx, &piano, audio, aligned->heard->motion);
  return status == BASE_OK ? flow_weigh(&call->ctx, &aligned->sounding, audio, &piano, aligned->heard->motion) : status;
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
  if (status == BASE_OK && call->values[OPTION_WEIGH]) status = weigh(call, aligned);
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
    .options = {[OPTION_ANCHORS] = {"anchors", "CSV", N_("places that are fixed: score_quarter,time_s")},
                [OPTION_WEIGH] = {"weigh", NULL, N_("play back what was heard: .json tells how likely each note sounds")}},
    .run = run,
};
