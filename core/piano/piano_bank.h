/* A learned instrument that can be played: the parametric piano as a soundfont.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/piano/piano_model.h"

/* Writes `model` as a SoundFont 2 file, whole or not at all: every third key at four strengths is rendered by
 * addition (piano_wave) and stands for its neighbours, whose own level and tuning are kept; how loudness
 * grows between the strengths follows the model. `name` is shown by other programs, ASCII, at most 19
 * characters count. The room is left to the synthesiser. About 30 MB and 5 s of CPU. Same model: same bytes.
 */
BaseStatus piano_bank_write(BaseContext *ctx, const PianoModel *model, const char *name, const char *path);
