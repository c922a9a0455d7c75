/* triptych-cli info: what a file holds. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

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

static BaseStatus tell_pages(BaseContext *ctx, CliReport *out, const char *path) {
  ImageSource *source = NULL;
  Image *image = NULL;
  BaseStatus status = image_source_open(ctx, &source, path);
  if (status == BASE_OK) status = image_source_load(ctx, &image, source, 0, NULL);
  if (status == BASE_OK) {
    fact(out, "pages", _("pages"), (double)image_source_pages(source));
    fact(out, "width_px", _("width, px"), image->width);
    fact(out, "height_px", _("height, px"), image->height);
    if (image->dpi > 0) fact(out, "dpi", _("dots per inch"), (double)image->dpi);
  }
  image_free(image);
  image_source_free(source);
  return status;
}

static BaseStatus tell_score(BaseContext *ctx, CliReport *out, const char *path) {
  Score *score = NULL;
  ScoreUnfolded *unfolded = NULL;
  BaseStatus status = flow_load_score(ctx, &score, &path, 1);
  if (status == BASE_OK) status = score_unfold(ctx, &unfolded, score, NULL);
  if (status == BASE_OK) {
    words(out, "title", _("title"), score->title);
    words(out, "composer", _("composer"), score->composer);
    fact(out, "parts", _("parts"), (double)score->parts.n);
    fact(out, "measures", _("measures"), (double)score->measures.n);
    fact(out, "measures_played", _("measures played"), (double)unfolded->steps.n);
    fact(out, "notes", _("notes"), (double)score->notes.n);
    fact(out, "sounds", _("sounds"), (double)unfolded->sounds.n);
    fact(out, "onsets", _("onsets"), (double)unfolded->onsets.n);
  }
  score_unfolded_free(unfolded);
  score_free(score);
  return status;
}

static BaseStatus tell_motion(BaseContext *ctx, CliReport *out, const char *path) {
  Motion *motion = NULL;
  BaseStatus status = flow_load_motion(ctx, &motion, path);
  if (status == BASE_OK) {
    fact(out, "notes", _("notes"), (double)motion->notes.n);
    fact(out, "pedals", _("pedal changes"), (double)motion->pedals.n);
    fact(out, "duration_s", _("duration, s"), motion_duration_s(motion));
  }
  motion_free(motion);
  return status;
}

static BaseStatus tell_audio(BaseContext *ctx, CliReport *out, const char *path) {
  DspReader *reader = NULL;
  BaseStatus status = dsp_reader_open(ctx, &reader, path);
  if (status == BASE_OK) {
    const DspAudioInfo *info = dsp_reader_info(reader);
    words(out, "format", _("format"), info->format);
    fact(out, "rate_hz", _("rate, Hz"), info->rate_hz);
    fact(out, "channels", _("channels"), info->channels);
    fact(out, "duration_s", _("duration, s"), (double)info->frames / info->rate_hz);
  }
  dsp_reader_free(reader);
  return status;
}

static BaseStatus tell(BaseContext *ctx, CliReport *out, FlowKind kind, const char *path) {
  switch (kind) {
  case FLOW_PAGES:
    return tell_pages(ctx, out, path);
  case FLOW_SCORE:
    return tell_score(ctx, out, path);
  case FLOW_MIDI:
  case FLOW_NOTES:
    return tell_motion(ctx, out, path);
  case FLOW_AUDIO:
    return tell_audio(ctx, out, path);
  default:
    return base_fail(ctx, BASE_UNSUPPORTED, "“%s” is %s.", path, flow_kind_name(kind));
  }
}

static CliExit run(CliCall *call) {
  FlowKind kind;
  const char *path = call->operands[0];
  BaseStatus status = flow_kind(&call->ctx, &kind, path);
  if (status != BASE_OK) return cli_end(call, status);
  CliReport out = cli_report_begin(call);
  words(&out, "file", _("file"), path);
  words(&out, "kind", _("kind"), flow_kind_name(kind));
  status = tell(&call->ctx, &out, kind, path);
  cli_report_end(&out);
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
