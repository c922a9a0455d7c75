/* triptych-cli play: motion or score to sound. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

#include "core/flow/flow.h"
#include "core/piano/piano.h"
#include "core/piano/piano_wave.h"

#include <string.h>

enum { OPTION_SOUNDFONT, OPTION_KEYBOARD, OPTION_WEIGHTS };

static void report(const CliCall *call, const Motion *motion, double duration_s) {
  CliReport out = cli_report_begin(call);
  cli_report_text(&out, "command", "play");
  cli_report_text(&out, "output", call->output);
  cli_report_number(&out, "notes", (double)motion->notes.n);
  cli_report_number(&out, "duration_s", duration_s);
  cli_report_end(&out);
}

static BaseStatus perform(CliCall *call, double *duration_s, const Motion *motion) {
  const char *weights = call->values[OPTION_WEIGHTS];
  PianoModel model = piano_model_reference();
  BaseStatus status = weights ? piano_model_load(&call->ctx, &model, weights) : BASE_OK;
  if (status != BASE_OK) return status;
  return piano_wave_file(&call->ctx, duration_s, call->output, &model, motion, NULL);
}

static CliExit run(CliCall *call) {
  const char *keyboard = call->values[OPTION_KEYBOARD], *soundfont = call->values[OPTION_SOUNDFONT];
  bool modelled = keyboard ? strcmp(keyboard, "model") == 0 : call->values[OPTION_WEIGHTS] != NULL;
  if (keyboard && !modelled && strcmp(keyboard, "soundfont") != 0)
    return cli_wrong(call, _("--keyboard is “soundfont” or “model”, not “%s”."), keyboard);
  if (modelled ? soundfont != NULL : call->values[OPTION_WEIGHTS] != NULL)
    return cli_wrong(call, _("--soundfont and --weights belong to different keyboards."));
  Motion *motion = NULL;
  double duration_s = 0;
  PianoRenderParams params = {.synth = {.soundfont = soundfont}};
  BaseStatus status = flow_load_motion(&call->ctx, &motion, call->operands[0]);
  if (status == BASE_OK)
    status = modelled ? perform(call, &duration_s, motion)
                      : piano_render_file(&call->ctx, &duration_s, call->output, motion, &params);
  if (status == BASE_OK) report(call, motion, duration_s);
  motion_free(motion);
  return cli_end(call, status);
}

const CliCommand cli_play = {
    .name = "play",
    .operands = N_("IN"),
    .summary = N_("MIDI, a list of notes or MusicXML to sound"),
    .endings = ".wav .flac",
    .least = 1,
    .most = 1,
    .options = {[OPTION_SOUNDFONT] = {"soundfont", N_("FILE"), N_("the soundfont to play with")},
                [OPTION_KEYBOARD] = {"keyboard", N_("KIND"),
                                     N_("soundfont (the synthesiser), or model: the differentiable piano")},
                [OPTION_WEIGHTS] = {"weights", N_("FILE"),
                                    N_("an instrument that was learned, for the model")}},
    .run = run,
};
