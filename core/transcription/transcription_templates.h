/* What each key looks like on the log-frequency axis. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/dsp/dsp_logbank.h"

#include <stddef.h>
#include <stdint.h>

enum {
  TRANSCRIPTION_KEYS = 88,
  TRANSCRIPTION_STATES = 2, /* struck, sounding on */
  TRANSCRIPTION_TEMPLATES = TRANSCRIPTION_KEYS * TRANSCRIPTION_STATES,
  TRANSCRIPTION_BINS = 294, /* 36 an octave from a third of a semitone below A0 to 7.6 kHz */
};

/* Template i = key × STATES + state is floors[i] at every bin, plus weights[j] at bins[j] for j = start[i] …
 * start[i + 1] - 1; all together about 1. Const after making. */
typedef struct {
  size_t start[TRANSCRIPTION_TEMPLATES + 1];
  uint16_t *bins;
  float *weights;
  float floors[TRANSCRIPTION_TEMPLATES];
} TranscriptionTemplates;

/* Templates as `bank` (of TRANSCRIPTION_BINS bins, tuned to the instrument) would show them after compression
 * by the power `compression`. Owned by the caller. `tuning_cents`: where the instrument, and the bank, stand.
 */
BaseStatus transcription_templates_new(BaseContext *ctx, TranscriptionTemplates **out, const DspLogbank *bank,
                                       double tuning_cents, double compression);
void transcription_templates_free(TranscriptionTemplates *templates);
