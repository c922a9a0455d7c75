/* The differentiable piano on recordings of any length, read from disk a stretch at a time.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/piano/piano_explain.h"

/* Learns the instrument of the recording at `path`, in which `notes` (sorted by onset) were played: `model`,
 * in, is the instrument that the priors are centred on; out, the learned one. Listens to the 30 s in which
 * most different keys sound. BASE_BAD_INPUT when no note falls into the recording. About 12 s of CPU, memory
 * of a minute of sound. */
BaseStatus piano_learn_recording(BaseContext *ctx, PianoModel *model, const char *path,
                                 const PianoNote *notes, size_t n);

/* piano_explain and piano_explain_missing over a whole recording. `evidence` holds n; `missing` holds `room`
 * and receives the `*found` strongest, strongest first (room 0: not looked for, both may be null). Memory is
 * that of a minute of sound. About 20 × real time. */
BaseStatus piano_explain_recording(BaseContext *ctx, PianoEvidence *evidence, PianoMissing *missing,
                                   size_t *found, size_t room, const PianoModel *model, const char *path,
                                   const PianoNote *notes, size_t n);
