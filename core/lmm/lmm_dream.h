/* Dreams: music played on imagined pianos in imagined rooms, with exact labels.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_rng.h"
#include "core/dsp/dsp_audio.h"
#include "core/lmm/lmm_instruments.h"
#include "core/music/motion.h"

/* Scores and performances to dream from: the paths of all MIDI and MusicXML files below some folders, told
 * apart into those to train on and those to validate on by the hash of the piece's path. Immutable, shareable. */
typedef struct LmmLibrary LmmLibrary;

/* Folders that do not exist are BASE_UNREADABLE; files are opened when they are dreamed of. */
BaseStatus lmm_library_open(BaseContext *ctx, LmmLibrary **out, const char *const *folders, size_t n);
void lmm_library_free(LmmLibrary *library);
size_t lmm_library_pieces(const LmmLibrary *library, bool validation);
const char *lmm_library_path(const LmmLibrary *library, bool validation, size_t i); /* borrowed */

/* About `seconds` of music from 0 s on: a stretch of a piece, transposed, at another tempo, played with
 * rubato, asynchrony, dynamics and pedal of its own; or an invented texture (chords, runs, repeated notes,
 * trills, extremes, pedal washes); now and then hardly anything. Pieces that cannot be read are passed over. Deterministic by rng. */
BaseStatus lmm_dream_motion(BaseContext *ctx, Motion **out, const LmmLibrary *library, BaseRng *rng,
                            double seconds, bool validation);

/* Plays `motion` on one of the instruments, out of tune by up to half a semitone, in a drawn room, as mono sound at
 * 16 kHz. Mistuning is by speed, so the motion's times are scaled to what is heard; and they
 * say when keys go down, a little before the sound reaches the microphone. */
BaseStatus lmm_dream_sound(BaseContext *ctx, DspAudio **out, Motion *motion, LmmInstruments *instruments,
                           BaseRng *rng);
