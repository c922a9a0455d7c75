/* The pianos that dreams are played on. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_rng.h"
#include "core/dsp/dsp_audio.h"
#include "core/music/motion.h"

/* The pianos of the system's soundfonts, those of `folder` (one instrument recorded note by note, see
 * piano_samples.h; may be null) and the parametric one. What an instrument consists of is loaded when it is first
 * played. Any thread may play. */
typedef struct LmmInstruments LmmInstruments;

/* Null without memory. `folder` is copied. */
LmmInstruments *lmm_instruments_new(const char *folder);
void lmm_instruments_free(LmmInstruments *instruments);

/* Plays `motion` on a drawn instrument, now and then on two at once, well or badly kept: mono sound at 16 kHz, without
 * a room. Without `instruments` (null) all are parametric. Deterministic by rng and the instruments there are. 60 × real
 * time or more. */
BaseStatus lmm_instruments_play(BaseContext *ctx, DspAudio **out, LmmInstruments *instruments, const Motion *motion,
                                BaseRng *rng);
