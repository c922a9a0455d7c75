/* triptych-cli explain: does what was heard explain the sound, note by note?
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

#include "core/flow/flow.h"
#include "core/piano/piano_recording.h"

#include <stdlib.h>

enum { OPTION_WEIGHTS, OPTION_LEARN, MOST_MISSING = 200 };

/* What is found out, and from what. */
typedef struct {
  Motion *motion;
  PianoNotes notes;
  PianoModel model;
  PianoEvidence *evidence;
  PianoMissing missing[MOST_MISSING];
  size_t n_missing;
} Inquiry;

static void print_note(const Inquiry *q, size_t i) {
  const MotionNote *note = &q->motion->notes.items[q->notes.index[i]];
  PianoEvidence e = q->evidence[i];
  printf("%s{\"id\":%u,\"onset_s\":%.4f,\"midi_pitch\":%d,\"velocity\":%d,\"gain\":%.4g,\"share\":%.4g,"
         "\"level\":%.4g}",
         i ? "," : "", note->id, note->onset_s, note->midi, note->velocity, (double)e.gain, (double)e.share,
         (double)e.level);
}

static void print_json(const Inquiry *q) {
  printf("{\"command\":\"explain\",\"tuning_cents\":%.1f,\"notes\":[",
         (double)q->model.values[PIANO_AT_TUNING]);
  for (size_t i = 0; i < q->notes.n; i++) print_note(q, i);
  fputs("],\"missing\":[", stdout);
  for (size_t i = 0; i < q->n_missing; i++)
    printf("%s{\"onset_s\":%.2f,\"midi_pitch\":%d,\"gain\":%.4g}", i ? "," : "", q->missing[i].onset_s,
           q->missing[i].key + MOTION_LOWEST_KEY, (double)q->missing[i].gain);
  puts("]}");
}

static void print_summary(const Inquiry *q) {
  size_t unexplained = 0;
  for (size_t i = 0; i < q->notes.n; i++) unexplained += q->evidence[i].gain <= 0;
  printf(_("%zu notes, %zu without evidence in the sound, %zu places where one seems missing\n"), q->notes.n,
         unexplained, q->n_missing);
}

static BaseStatus load(BaseContext *ctx, Inquiry *q, const char *motion) {
  BaseStatus status = flow_load_motion(ctx, &q->motion, motion);
  if (status == BASE_OK) status = piano_notes_of(ctx, &q->notes, q->motion);
  if (status != BASE_OK) return status;
  q->evidence = malloc((q->notes.n + 1) * sizeof *q->evidence);
  return q->evidence ? BASE_OK : base_fail_memory(ctx);
}

/* The instrument: as given, or learned from the recording. */
static BaseStatus find_instrument(CliCall *call, Inquiry *q, const char *audio) {
  PianoModel grand = piano_model_reference();
  q->model = piano_model_common(&grand);
  if (call->values[OPTION_WEIGHTS])
    return piano_model_load(&call->ctx, &q->model, call->values[OPTION_WEIGHTS]);
  BaseContext step = base_context_step(&call->ctx, 0, 0.5);
  BaseStatus status = piano_learn_recording(&step, &q->model, audio, q->notes.items, q->notes.n);
  if (status != BASE_OK) return base_context_join(&call->ctx, &step, status);
  if (!call->values[OPTION_LEARN]) return BASE_OK;
  return piano_model_save(&call->ctx, &q->model, BASE_F32, "triptych-cli explain",
                          call->values[OPTION_LEARN]);
}

static BaseStatus inquire(CliCall *call, Inquiry *q, const char *audio) {
  BaseStatus status = find_instrument(call, q, audio);
  if (status != BASE_OK) return status;
  BaseContext step = base_context_step(&call->ctx, 0.5, 1);
  status = piano_explain_recording(&step, q->evidence, q->missing, &q->n_missing, MOST_MISSING, &q->model,
                                   audio, q->notes.items, q->notes.n);
  return status == BASE_OK ? BASE_OK : base_context_join(&call->ctx, &step, status);
}

static CliExit run(CliCall *call) {
  if (call->values[OPTION_WEIGHTS] && call->values[OPTION_LEARN])
    return cli_wrong(call, _("--weights and --learn-piano exclude each other."));
  Inquiry *q = calloc(1, sizeof *q);
  if (!q) return cli_end(call, base_fail_memory(&call->ctx));
  BaseStatus status = load(&call->ctx, q, call->operands[1]);
  if (status == BASE_OK) status = inquire(call, q, call->operands[0]);
  cli_progress_clear(call);
  if (status == BASE_OK && call->json) print_json(q);
  if (status == BASE_OK && !call->json) print_summary(q);
  motion_free(q->motion);
  piano_notes_clear(&q->notes);
  free(q->evidence);
  free(q);
  return cli_end(call, status);
}

const CliCommand cli_explain = {
    .name = "explain",
    .operands = N_("AUDIO MOTION"),
    .summary = N_("Evidence in a recording for each note of a motion, and where a note seems missing"),
    .least = 2,
    .most = 2,
    .options = {[OPTION_WEIGHTS] = {"weights", N_("FILE"),
                                    N_("the instrument; without it, it is learned first")},
                [OPTION_LEARN] = {"learn-piano", N_("FILE"), N_("where the learned instrument is kept")}},
    .run = run,
};
