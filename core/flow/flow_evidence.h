/* What playing back says about what was heard. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/music/motion.h"
#include "core/piano/piano_model.h"

/* What the recording at `audio_path`, in which `motion` was heard, was played on: learned from the 30 s in which most
 * different keys sound. BASE_BAD_INPUT when no note falls into it. 15 s of CPU, memory of a minute of sound. */
BaseStatus flow_learn_piano(BaseContext *ctx, PianoModel *out, const char *audio_path, const Motion *motion);

/* How likely each note that was heard sounds indeed, where whoever listened is not sure and the score does not ask for it:
 * by its confidence and by what `piano` cannot explain without it. `*sounding`: motion->notes.n, 0 … 1, freed by the caller
 * with free(). Memory of a minute of sound; 100 × real time. */
BaseStatus flow_weigh(BaseContext *ctx, float **sounding, const char *audio_path, const PianoModel *piano, const Motion *motion);
