/* Invented textures: what no piece has often enough. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_rng.h"
#include "core/music/motion.h"

/* A motion of about `seconds`: layers of random chords, runs, repeated notes, trills, isolated notes at any
 * velocity over the whole keyboard, and rests. Sorted. */
BaseStatus lmm_texture(BaseContext *ctx, Motion **out, BaseRng *rng, double seconds);
