/* Everything that was heard is played back on the differentiable piano; a note is weighed by how much likelier the sound
 * becomes through it. A logistic curve makes a chance of that and of the confidence it was heard with. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "core/flow/flow_evidence.h"

#include "core/piano/piano_recording.h"

#include <math.h>
#include <stdlib.h>

/* Fitted to notes that were heard and are not written, of four recordings; nats a cell beyond the bounds say no more. */
static const double AT_NOTHING = -3.25, BY_GAIN = 3.07, BY_CONFIDENCE = 1.22, LEAST_GAIN = -2, MOST_GAIN = 2.5;

BaseStatus flow_learn_piano(BaseContext *ctx, PianoModel *out, const char *audio_path, const Motion *motion) {
  PianoNotes notes = {0};
  const PianoModel grand = piano_model_reference();
  PianoModel learned = piano_model_common(&grand);
  BaseStatus status = piano_notes_of(ctx, &notes, motion);
  if (status == BASE_OK) status = piano_learn_recording(ctx, &learned, audio_path, notes.items, notes.n);
  piano_notes_clear(&notes);
  if (status == BASE_OK) *out = learned;
  return status;
}

static float chance(double confidence, PianoEvidence evidence) {
  const double known = fmin(fmax(confidence, 0.001), 0.999), gain = fmin(fmax((double)evidence.gain, LEAST_GAIN), MOST_GAIN);
  const double odds = AT_NOTHING + BY_GAIN * gain + BY_CONFIDENCE * log(known / (1 - known));
  return (float)(1 / (1 + exp(-odds)));
}

BaseStatus flow_weigh(BaseContext *ctx, float **sounding, const char *audio_path, const PianoModel *piano, const Motion *motion) {
  PianoNotes notes = {0};
  float *chances = malloc((motion->notes.n + 1) * sizeof *chances);
  PianoEvidence *evidence = malloc((motion->notes.n + 1) * sizeof *evidence);
  BaseStatus status = chances && evidence ? piano_notes_of(ctx, &notes, motion) : base_fail_memory(ctx);
  if (status == BASE_OK)
    status = piano_explain_recording(ctx, evidence, NULL, NULL, 0, piano, audio_path, notes.items, notes.n);
  for (size_t i = 0; status == BASE_OK && i < motion->notes.n; i++) chances[i] = motion->notes.items[i].confidence;
  for (size_t i = 0; status == BASE_OK && i < notes.n; i++)
    chances[notes.index[i]] = chance((double)motion->notes.items[notes.index[i]].confidence, evidence[i]);
  piano_notes_clear(&notes);
  free(evidence);
  if (status == BASE_OK)
    *sounding = chances;
  else
    free(chances);
  return status;
}
