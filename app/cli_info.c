/* triptych-cli info: what a file holds. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

#include "app/store.h"
#include "core/base/base_pack.h"
#include "core/flow/flow.h"

#include <stdio.h>

/* Each fact goes to the report of --json, or to standard output for a person. */
static void fact(CliReport *out, const char *key, const char *label, double value) {
  if (out->call->json)
    cli_report_number(out, key, value);
  else
    printf("  %-18s %.10g\n", label, value);
}

static void words(CliReport *out, const char *key, const char *label, const char *value) {
  if (out->call->json)
    cli_report_text(out, key, value);
  else if (value[0])
    printf("  %-18s %s\n", label, value);
}

/* One word for programs; flow_kind_name is for a person. */
static const char *word_of(FlowKind kind) {
  static const char *const WORDS[] = {"unknown", "pages", "score", "midi", "notes", "audio", "project",
                                      "weights"};
  return WORDS[kind];
}

static CliReport begin(const CliCall *call, FlowKind kind, const char *path) {
  CliReport out = cli_report_begin(call);
  words(&out, "file", _("file"), path);
  words(&out, "kind", _("kind"), call->json ? word_of(kind) : flow_kind_name(kind));
  return out;
}

static BaseStatus tell_pages(BaseContext *ctx, const CliCall *call, FlowKind kind, const char *path) {
  ImageSource *source = NULL;
  Image *image = NULL;
  BaseStatus status = image_source_open(ctx, &source, path);
  if (status == BASE_OK) status = image_source_load(ctx, &image, source, 0, NULL);
  if (status == BASE_OK) {
    CliReport report = begin(call, kind, path), *out = &report;
    fact(out, "pages", _("pages"), (double)image_source_pages(source));
    fact(out, "width_px", _("width, px"), image->width);
    fact(out, "height_px", _("height, px"), image->height);
    if (image->dpi > 0) fact(out, "dpi", _("dots per inch"), (double)image->dpi);
    cli_report_end(out);
  }
  image_free(image);
  image_source_free(source);
  return status;
}

static BaseStatus tell_score(BaseContext *ctx, const CliCall *call, FlowKind kind, const char *path) {
  Score *score = NULL;
  ScoreUnfolded *unfolded = NULL;
  BaseStatus status = flow_load_score(ctx, &score, &path, 1);
  if (status == BASE_OK) status = score_unfold(ctx, &unfolded, score, NULL);
  if (status == BASE_OK) {
    CliReport report = begin(call, kind, path), *out = &report;
    words(out, "title", _("title"), score->title);
    words(out, "composer", _("composer"), score->composer);
    fact(out, "parts", _("parts"), (double)score->parts.n);
    fact(out, "measures", _("measures"), (double)score->measures.n);
    fact(out, "measures_played", _("measures played"), (double)unfolded->steps.n);
    fact(out, "notes", _("notes"), (double)score->notes.n);
    fact(out, "sounds", _("sounds"), (double)unfolded->sounds.n);
    fact(out, "onsets", _("onsets"), (double)unfolded->onsets.n);
    cli_report_end(out);
  }
  score_unfolded_free(unfolded);
  score_free(score);
  return status;
}

static BaseStatus tell_motion(BaseContext *ctx, const CliCall *call, FlowKind kind, const char *path) {
  Motion *motion = NULL;
  BaseStatus status = flow_load_motion(ctx, &motion, path);
  if (status == BASE_OK) {
    CliReport report = begin(call, kind, path), *out = &report;
    fact(out, "notes", _("notes"), (double)motion->notes.n);
    fact(out, "pedals", _("pedal changes"), (double)motion->pedals.n);
    fact(out, "duration_s", _("duration, s"), motion_duration_s(motion));
    cli_report_end(out);
  }
  motion_free(motion);
  return status;
}

static BaseStatus tell_audio(BaseContext *ctx, const CliCall *call, FlowKind kind, const char *path) {
  DspReader *reader = NULL;
  BaseStatus status = dsp_reader_open(ctx, &reader, path);
  if (status == BASE_OK) {
    CliReport report = begin(call, kind, path), *out = &report;
    const DspAudioInfo *info = dsp_reader_info(reader);
    words(out, "format", _("format"), info->format);
    fact(out, "rate_hz", _("rate, Hz"), info->rate_hz);
    fact(out, "channels", _("channels"), info->channels);
    fact(out, "duration_s", _("duration, s"), (double)info->frames / info->rate_hz);
    cli_report_end(out);
  }
  dsp_reader_free(reader);
  return status;
}

static BaseStatus tell_weights(BaseContext *ctx, const CliCall *call, FlowKind kind, const char *path) {
  BasePack *pack = NULL;
  BaseStatus status = base_pack_load(ctx, &pack, path);
  if (status != BASE_OK) return status;
  CliReport report = begin(call, kind, path), *out = &report;
  double values = 0;
  for (size_t i = 0; i < base_pack_tensors(pack); i++) {
    const BaseTensor *tensor = base_pack_tensor_at(pack, i);
    values += (double)(tensor->bytes / base_type_size(tensor->type));
  }
  fact(out, "tensors", _("tensors"), (double)base_pack_tensors(pack));
  fact(out, "values", _("values"), values);
  words(out, "sha256", "SHA-256", base_pack_hash(pack));
  for (size_t i = 0; i < base_pack_texts(pack); i++) {
    char key[80];
    snprintf(key, sizeof key, "text_%s", base_pack_text_key(pack, i));
    words(out, key, base_pack_text_key(pack, i), base_pack_text_at(pack, i));
  }
  cli_report_end(out);
  base_pack_free(pack);
  return BASE_OK;
}

static BaseStatus tell_project(BaseContext *ctx, const CliCall *call, FlowKind kind, const char *path) {
  Store *store = NULL;
  Project *project = NULL;
  int64_t results = 0, bytes = 0;
  BaseStatus status = store_open(ctx, &store, &project, path);
  if (status == BASE_OK) status = store_results(ctx, store, &results, &bytes);
  if (status == BASE_OK) {
    CliReport report = begin(call, kind, path), *out = &report;
    size_t anchors = 0;
    for (size_t i = 0; i < project->marks.n; i++) anchors += project_is_anchor(&project->marks.items[i]);
    words(out, "title", _("title"), project->title ? project->title : "");
    fact(out, "media", _("media"), (double)project->media.n);
    fact(out, "marks", _("marks"), (double)project->marks.n);
    fact(out, "anchors", _("anchors"), (double)anchors);
    fact(out, "steps", _("steps to undo"), (double)project->cursor);
    fact(out, "results", _("results kept"), (double)results);
    fact(out, "result_bytes", _("their bytes"), (double)bytes);
    cli_report_end(out);
  }
  project_free(project);
  store_close(store);
  return status;
}

static BaseStatus tell(CliCall *call, FlowKind kind, const char *path) {
  switch (kind) {
  case FLOW_PAGES:
    return tell_pages(&call->ctx, call, kind, path);
  case FLOW_SCORE:
    return tell_score(&call->ctx, call, kind, path);
  case FLOW_MIDI:
  case FLOW_NOTES:
    return tell_motion(&call->ctx, call, kind, path);
  case FLOW_AUDIO:
    return tell_audio(&call->ctx, call, kind, path);
  case FLOW_PROJECT:
    return tell_project(&call->ctx, call, kind, path);
  case FLOW_WEIGHTS:
    return tell_weights(&call->ctx, call, kind, path);
  default:
    return base_fail(&call->ctx, BASE_UNSUPPORTED, "“%s” is nothing that Triptych knows.", path);
  }
}

static CliExit run(CliCall *call) {
  FlowKind kind;
  BaseStatus status = flow_kind(&call->ctx, &kind, call->operands[0]);
  if (status == BASE_OK) status = tell(call, kind, call->operands[0]);
  return cli_end(call, status);
}

const CliCommand cli_info = {
    .name = "info",
    .operands = N_("FILE"),
    .summary = N_("What a file holds"),
    .least = 1,
    .most = 1,
    .run = run,
};
