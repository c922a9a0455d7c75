/* A recording at another speed, pitch kept. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One file read as stereo at the output's rate, from any instant at any speed. One thread at a time. */
typedef struct PlayerStretch PlayerStretch;

/* Opens a file; errors as dsp_reader_open. */
BaseStatus player_stretch_open(BaseContext *ctx, PlayerStretch **out, const char *path, int32_t rate_hz);
void player_stretch_free(PlayerStretch *stretch);

double player_stretch_duration_s(const PlayerStretch *stretch);

/* Output frame 0 is the instant time_s of the recording; each frame advances it by speed / rate. */
void player_stretch_start(PlayerStretch *stretch, double time_s, double speed);

/* The next `frames` frames; silence beyond the ends. At speed 1 the samples of the file, else Rubber Band's
 * finer engine with its delay taken out, or the faster one where the finer has turned out too slow. */
void player_stretch_read(PlayerStretch *stretch, float *left, float *right, size_t frames);
