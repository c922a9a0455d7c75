/* triptych-cli play: motion or score to sound. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

#include "core/flow/flow.h"
#include "core/piano/piano.h"

enum { OPTION_SOUNDFONT, OPTION_KEYBOARD };

static void report(const CliCall *call, const Motion *motion, const DspAudio *audio) {
  CliReport out = cli_report_begin(call);
  cli_report_text(&out, "command", "play");
  cli_report_text(&out, "output", call->output);
  cli_report_number(&out, "notes", (double)motion->notes.n);
  cli_report_number(&out, "duration_s", (double)audio->frames / audio->rate_hz);
  cli_report_end(&out);
}

static CliExit run(CliCall *call) {
  if (call->values[OPTION_KEYBOARD])
    return cli_wrong(call, _("--keyboard is not in this version yet: only the synthesiser plays."));
  Motion *motion = NULL;
  DspAudio *audio = NULL;
  PianoRenderParams params = {.synth = {.soundfont = call->values[OPTION_SOUNDFONT]}};
  BaseStatus status = flow_load_motion(&call->ctx, &motion, call->operands[0]);
  if (status == BASE_OK) status = piano_render(&call->ctx, &audio, motion, &params);
  if (status == BASE_OK) status = dsp_audio_write(&call->ctx, audio, call->output);
  if (status == BASE_OK) report(call, motion, audio);
  dsp_audio_free(audio);
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
                [OPTION_KEYBOARD] = {"keyboard", "model",
                                     N_("the differentiable piano (not in this version yet)")}},
    .run = run,
};
