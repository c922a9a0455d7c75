/* triptych-cli read: pages to score. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

#include "core/flow/flow.h"

enum { EDITS, ONLY_EDITS };

static void report(const CliCall *call, const Score *score, OmrPage *const *pages, size_t n_pages,
                   size_t edits, size_t lost) {
  size_t read = 0, notes = 0, doubtful = 0;
  for (size_t i = 0; i < n_pages; i++) read += pages[i] != NULL;
  for (size_t i = 0; i < score->notes.n; i++) notes += score->notes.items[i].kind == SCORE_NOTE;
  for (size_t i = 0; i < score->measures.n; i++) doubtful += score->measures.items[i].doubt[0] != 0;
  CliReport out = cli_report_begin(call);
  cli_report_text(&out, "command", "read");
  cli_report_text(&out, "output", call->output);
  cli_report_number(&out, "pages", (double)n_pages);
  cli_report_number(&out, "pages_read", (double)read);
  cli_report_number(&out, "systems", (double)score->systems.n);
  cli_report_number(&out, "measures", (double)score->measures.n);
  cli_report_number(&out, "measures_doubtful", (double)doubtful);
  cli_report_number(&out, "notes", (double)notes);
  if (call->values[EDITS]) {
    cli_report_number(&out, "edits", (double)edits);
    cli_report_number(&out, "edits_lost", (double)lost);
  }
  cli_report_end(&out);
}

static BaseStatus load_edits(CliCall *call, OmrEdits *edits) {
  return call->values[EDITS] ? omr_edits_load(&call->ctx, edits, call->values[EDITS]) : BASE_OK;
}

static CliExit run(CliCall *call) {
  Score *score = NULL;
  OmrPage **pages = NULL;
  size_t n_pages = 0, lost = 0;
  OmrEdits edits = {0};
  BaseStatus status = load_edits(call, &edits);
  FlowReadParams params = {
      .edits = edits.items, .n_edits = edits.n, .lost = &lost, .learn = !call->values[ONLY_EDITS]};
  if (status == BASE_OK)
    status = flow_read(&call->ctx, &score, &pages, &n_pages, call->operands, call->n_operands, &params);
  if (status == BASE_OK) status = flow_write_score(&call->ctx, score, pages, n_pages, call->output);
  if (status == BASE_OK) report(call, score, pages, n_pages, edits.n, lost);
  base_array_clear(&edits);
  flow_pages_free(pages, n_pages);
  score_free(score);
  return cli_end(call, status);
}

const CliCommand cli_read = {
    .name = "read",
    .operands = N_("PAGE…"),
    .summary = N_("Pages (PNG, JPEG, TIFF, PDF) to a score"),
    .endings = ".musicxml .xml .mxl .mid .csv .json",
    .least = 1,
    .most = 100000,
    .options = {[EDITS] = {"edits", "FILE", N_("what a person put right (JSON), laid over the reading")},
                [ONLY_EDITS] = {"only-edits", NULL, N_("do not read the rest as the edits suggest")}},
    .run = run,
};
